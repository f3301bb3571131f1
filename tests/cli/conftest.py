"""Commands in process, in a copy of the folder in which the quick start has been run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Ran, Run

from prover.cli import main


@pytest.fixture
def folder(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished quick start, as the current directory."""
    copy = tmp_path / "work"
    shutil.copytree(finished, copy)
    monkeypatch.chdir(copy)
    monkeypatch.delenv("ZKSOLVENCY_KEYS", raising=False)
    monkeypatch.delenv("ZKSOLVENCY_PASSPHRASE", raising=False)
    return copy


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `zksolvency` with arguments; its exit code and what it printed."""

    def command(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return command


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let every write from now on fail as on a full disk."""
    import errno
    import os

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    return lambda: monkeypatch.setattr(os, "fsync", refuse)
