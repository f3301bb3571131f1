"""One thing that was checked about a deployment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from verifier.errors import InvalidError

__all__ = ["Finding", "attempt"]


@dataclass(frozen=True)
class Finding:
    """One thing that was checked about a deployment."""

    name: str
    passed: bool
    detail: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def attempt(name: str, check: Callable[[], object]) -> Finding:
    """The finding of a check: what it returns is the detail, and an InvalidError is why it fails."""
    try:
        return Finding(name, True, str(check()))
    except InvalidError as error:
        return Finding(name, False, str(error))
