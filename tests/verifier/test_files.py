"""A crash, a full disk or a kill during a write leaves the old file, whole, and nothing beside it."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from verifier.errors import EnvironmentFault
from verifier.files import write_atomic, write_json


def test_a_private_file_is_the_owners_alone(tmp_path: Path) -> None:
    write_atomic(tmp_path / "secret", b"x", private=True)
    write_json(tmp_path / "public.json", {"a": "é"})
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert (tmp_path / "public.json").read_text(encoding="utf-8") == '{\n  "a": "é"\n}\n'


def test_a_private_file_stays_private_when_replaced(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_atomic(path, "new", private=True)
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)


@pytest.mark.parametrize("function", ["fsync", "fdopen"])
def test_a_full_disk_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    path = tmp_path / "file.json"
    write_atomic(path, "old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, function, full)
    with pytest.raises(EnvironmentFault, match="No space left"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.json"]


def test_a_write_that_the_system_cuts_short_leaves_the_old_file(tmp_path: Path) -> None:
    """A real failure half way through: the process may not write files beyond 64 KiB."""
    path = tmp_path / "file.json"
    write_atomic(path, "old")
    script = textwrap.dedent(
        """
        import resource, signal, sys
        from verifier import EnvironmentFault, files
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
        try:
            files.write_atomic(sys.argv[1], "new" * 100_000)
        except EnvironmentFault as error:
            sys.exit(error.exit_code)
        """
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=root, check=False)
    assert done.returncode == 3
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.json"]


def test_a_folder_that_is_a_file_is_an_environment_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        write_atomic(tmp_path / "file" / "below", "x")


def test_a_kill_during_the_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_atomic(path, "old")
    script = textwrap.dedent(
        """
        import os, signal, sys
        from verifier import files
        os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
        files.write_atomic(sys.argv[1], "new" * 100_000)
        """
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=root, check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_text_that_is_no_json_is_never_half_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []
