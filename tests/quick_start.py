"""Run the commands that a page of the documentation shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from prover.cli import main as zksolvency
from verifier.__main__ import main as verifier_main

_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.M | re.S)


def blocks(page: Path) -> list[tuple[str, str]]:
    """The runnable blocks of a page: their language and text."""
    return _BLOCK.findall(page.read_text())


def run_all(page: Path, folder: Path) -> None:
    """Run a page's blocks in `folder`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for language, text in blocks(page):
            if language == "python":
                exec(compile(text, str(page), "exec"), {"__name__": "example"})
                continue
            for line in filter(None, (line.strip() for line in text.splitlines())):
                run_line(line, page)


def run_line(line: str, page: Path) -> None:
    """Run one command line; `# exit N` at its end tells the expected exit code."""
    command, _, remark = line.partition("#")
    expected = int(remark.split()[1]) if remark.strip().startswith("exit ") else 0
    words = shlex.split(command)
    if words[:3] == ["python", "-m", "verifier"]:
        code = verifier_main(words[3:])
    elif words[0] == "zksolvency":
        code = zksolvency(words[1:])
    else:
        pytest.fail(f"{page.name}: a command that no test can run: {line}")
    assert code == expected, f"{page.name}: `{line}` ended with {code}, not {expected}"
