"""Programs that are run: their limits, their ends, and what nobody else may see."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from prover.toolchain import process
from prover.toolchain.process import node, run
from verifier.errors import EnvironmentFault


def python(code: str, tmp_path: Path, **options: object) -> process.Output:
    return run([sys.executable, "-c", code], cwd=tmp_path, what="trying", **{"limit": 20, **options})  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_output_is_captured_and_lines_are_told(tmp_path: Path) -> None:
    lines: list[str] = []
    output = python(
        "import sys; print('a'); print('b'); sys.stderr.write('c')", tmp_path, on_line=lines.append
    )
    assert (output.stdout, output.stderr, output.code, lines) == ("a\nb\n", "c", 0, ["a", "b"])


def test_a_failing_program_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(
        EnvironmentFault, match=r"trying: failed \(exit code 3\)\. Mend it\n(.|\n)*the reason"
    ):
        python("import sys; sys.stderr.write('the reason'); sys.exit(3)", tmp_path, mend="Mend it")


def test_a_missing_program_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="no-such-program does not run"):
        run(["no-such-program"], cwd=tmp_path, limit=5, what="trying")


def test_the_time_limit_ends_the_program_and_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "open('child', 'w').write(str(child.pid)); time.sleep(60)"
    )
    started = time.monotonic()
    with pytest.raises(EnvironmentFault, match="took longer than 2 s and was ended"):
        python(code, tmp_path, limit=2)
    assert time.monotonic() - started < 15
    child = int((tmp_path / "child").read_text())
    for _ in range(50):
        if not alive(child):
            break
        time.sleep(0.1)
    assert not alive(child)


def test_a_child_left_behind_is_ended_when_the_program_ends(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL);"
        "open('child', 'w').write(str(child.pid))"
    )
    python(code, tmp_path)
    child = int((tmp_path / "child").read_text())
    for _ in range(50):
        if not alive(child):
            break
        time.sleep(0.1)
    assert not alive(child)


def test_a_talkative_program_neither_blocks_nor_fills_memory(tmp_path: Path) -> None:
    output = python("print('x' * 99 + '\\n' + ('y' * 99 + '\\n') * 50_000, end='')", tmp_path)
    assert output.code == 0
    assert len(output.stdout) <= 1 << 20
    assert output.stdout.endswith("y\n")
    assert "x" not in output.stdout


def test_private_input_goes_through_a_pipe(tmp_path: Path) -> None:
    code = "import sys; print(sys.stdin.read()[::-1], len(sys.argv))"
    assert python(code, tmp_path, private_input=b"secret").stdout == "terces 1\n"
    large = bytes(5_000_000)
    assert (
        python("import sys; print(len(sys.stdin.buffer.read()))", tmp_path, private_input=large).stdout
        == "5000000\n"
    )
    # One that does not read it is not waited for.
    assert python("pass", tmp_path, private_input=large).code == 0


@pytest.fixture
def forget_node() -> object:
    node.cache_clear()
    yield None
    node.cache_clear()


@pytest.mark.usefixtures("forget_node")
def test_missing_node_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFault, match=r"Node is not installed.*https://nodejs\.org"):
        node()
    with pytest.raises(EnvironmentFault, match="npm is not installed"):
        process.npm()


@pytest.mark.usefixtures("forget_node")
def test_old_node_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "node"
    fake.write_text("#!/bin/sh\necho v18.20.1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(EnvironmentFault, match=r"Node v18\.20\.1 is too old"):
        node()


def test_the_passphrase_is_not_handed_to_other_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZKSOLVENCY_PASSPHRASE", "a secret")
    monkeypatch.setenv("ZKSOLVENCY_HOME", "a place")
    code = "import os; print(sorted(name for name in os.environ if name.startswith('ZKSOLVENCY_')))"
    assert "PASSPHRASE" not in python(code, tmp_path).stdout
    assert "ZKSOLVENCY_HOME" in python(code, tmp_path).stdout
