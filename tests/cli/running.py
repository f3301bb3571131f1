"""What a command printed, and short ways to edit a folder's files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samples import edited


@dataclass(frozen=True)
class Ran:
    """One command's exit code and output."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Everything that it printed."""
        return self.out + self.err

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout; fails when there is anything else."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    def failed(self) -> list[str]:
        """Names of the checks that failed, of `verify --json`."""
        return [check["name"] for check in self.json["checks"] if check["result"] == "fail"]


Run = Callable[..., Ran]


def read(path: str | Path) -> Any:
    """A JSON file."""
    return json.loads(Path(path).read_text())


def edit(path: str | Path, member: str, value: Any, target: str | Path | None = None) -> None:
    """Set one member of a JSON file by its dotted path; `...` removes it."""
    Path(target or path).write_text(json.dumps(edited(read(path), member, value)))


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its path in it, without the empty ones that keep two commands apart."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
