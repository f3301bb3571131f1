"""A full disk, a limit of the system, a kill during a write: the old file is whole, nothing is left over."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import Run, content, read

WRITERS = [
    "init --demo",
    "keys new holder --out new.json",
    "market build",
    "sign market.json",
    "import",
    "sign account.json",
    "policy new",
    "policy challenge",
    "prove",
    "evm export",
]

PRIVATE = ["response.json", "account.json", "statement.json", "secrets/holders.json"]


@pytest.mark.parametrize("line", WRITERS)
def test_a_full_disk(line: str, folder: Path, run: Run, full_disk: Callable[[], None]) -> None:
    before = content(folder)
    full_disk()
    ran = run(*line.split())
    assert ran.code == 3
    assert "cannot be written (No space left on device)" in ran.err
    assert content(folder) == before


@pytest.mark.parametrize("line", ["prove", "import", "sign account.json"])
def test_a_full_disk_in_json(line: str, folder: Path, run: Run, full_disk: Callable[[], None]) -> None:
    """Nothing is printed before the file is there: one object, and it is the error."""
    full_disk()
    ran = run(*line.split(), "--json")
    assert (ran.code, ran.json["exit_code"], ran.err) == (3, 3, "")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 KiB, where this machine lets us mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("skipped: no file system can be mounted here")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("skipped: no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full(folder: Path, small_disk: Path, run: Run) -> None:
    target = small_disk / "account.json"
    assert run("import", "--out", target).code == 0
    old = target.read_bytes()
    with pytest.raises(OSError, match="No space"), (small_disk / "ballast").open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))
    ran = run("import", "--out", target)
    assert ran.code == 3
    assert "No space left" in ran.err
    assert target.read_bytes() == old
    assert sorted(path.name for path in small_disk.iterdir()) == ["account.json", "ballast"]


def in_a_process(folder: Path, root: Path, before: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, after `before` has changed something there."""
    script = (
        textwrap.dedent(before) + "\nimport sys\nfrom prover.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_limit_on_the_size_of_files(folder: Path, root: Path) -> None:
    limited = """
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        """
    before = content(folder)
    done = in_a_process(folder, root, limited, "sign", "market.json")
    assert done.returncode == 3
    assert "market.json: cannot be written (File too large)" in done.stderr
    assert content(folder) == before


@pytest.mark.parametrize("line", ["sign account.json", "sign market.json", "prove"])
def test_a_kill_during_the_write(line: str, folder: Path, root: Path) -> None:
    """Killed when all is written but not yet in place, at the last file of the command."""
    killed = f"""
        import os, signal
        from verifier import files
        real = os.fsync
        def fsync(handle):
            if os.readlink(f"/proc/self/fd/{{handle}}").rpartition("/")[2].startswith({_target(line)!r}):
                os.kill(os.getpid(), signal.SIGKILL)
            real(handle)
        os.fsync = fsync
        """
    before = content(folder)
    done = in_a_process(folder, root, killed, *line.split())
    assert done.returncode == -signal.SIGKILL
    after = content(folder)
    target = {"prove": "bundle.json", "sign account.json": "statement.json"}.get(line, "market.json")
    assert after[target] == before[target]
    assert read(folder / target)["schema"]


def _target(line: str) -> str:
    return {"prove": ".bundle.json", "sign account.json": ".statement.json"}.get(line, ".market.json")


# -- Modes


def test_private_files_are_the_owners_alone(folder: Path, run: Run) -> None:
    for name in [*PRIVATE, *(f"secrets/{kind}.json" for kind in ("holder", "attestor", "publisher"))]:
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    for name in ("market.json", "policy.json", "challenge.json", "bundle.json", "universe.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o644, name


def test_private_files_stay_private_when_written_again(folder: Path, run: Run) -> None:
    previous = os.umask(0)
    try:
        for name in ("account.json", "statement.json"):
            (folder / name).chmod(0o666)
        assert run("import").code == 0
        assert run("sign", "account.json").code == 0
        assert run("keys", "new", "holder", "--out", "elsewhere/key.json").code == 0
    finally:
        os.umask(previous)
    for name in ("account.json", "statement.json", "elsewhere/key.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


def test_a_key_is_never_overwritten(folder: Path, run: Run) -> None:
    before = content(folder)
    assert run("keys", "new", "holder").code == 2
    assert run("init").code == 0
    assert content(folder) == before


# -- The same again


def test_the_same_input_gives_the_same_market(folder: Path, run: Run) -> None:
    for place in ("a", "b"):
        made = ("--out", f"{place}/market.json", "--universe", f"{place}/universe.json")
        assert run("market", "build", *made).code == 0
        assert run("sign", f"{place}/market.json").code == 0
    assert content(folder / "a") == content(folder / "b")
    assert (folder / "a" / "market.json").read_bytes() == (folder / "market.json").read_bytes()


def test_signing_twice_is_signing_once(folder: Path, run: Run) -> None:
    before = (folder / "market.json").read_bytes()
    assert run("sign", "market.json").code == 0
    assert (folder / "market.json").read_bytes() == before


def test_importing_twice_gives_the_same_account(folder: Path, run: Run) -> None:
    before = (folder / "account.json").read_bytes()
    assert run("import").code == 0
    assert (folder / "account.json").read_bytes() == before


def test_two_statements_of_one_account_hide_that_they_are(folder: Path, run: Run) -> None:
    first = read("statement.json")
    assert run("sign", "account.json").code == 0
    second = read("statement.json")
    assert first["salt"] != second["salt"]
    assert second["sequence"] == first["sequence"] + 1
