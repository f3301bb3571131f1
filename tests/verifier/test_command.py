"""`python -m verifier`: exit codes, defaults, and never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from samples import NOW, bundle, challenge, policy, write_keys

from verifier.__main__ import default_challenge, default_keys, main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_keys(tmp_path / "keys")
    (tmp_path / "bundle.json").write_text(json.dumps(bundle()))
    policy().save(tmp_path / "policy.json")
    challenge().save(tmp_path / "challenge.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZKSOLVENCY_KEYS", raising=False)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["--now", str(NOW), *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_no_flags_are_needed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys)
    assert (code, err) == (0, "")
    assert "VALID (development key)" in out
    assert out.count("pass  ") == 24


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--json")
    assert code == 0
    assert json.loads(out)["valid"] is True


def test_not_valid_is_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--now", str(NOW + 10_000))
    assert code == 1
    assert "FAIL  not expired" in out
    assert "NOT VALID" in out


def test_malformed_is_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bundle.json").write_text("{")
    code, out, _ = run(capsys)
    assert code == 1
    assert "FAIL  bundle well-formed" in out


def test_a_malformed_policy_is_one_and_says_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "policy.json").write_text('{"schema": "zksolvency/policy/1"}')
    code, out, err = run(capsys)
    assert (code, out) == (1, "")
    assert err.startswith("error: policy.json: name: is missing")


@pytest.mark.parametrize("arguments", [["absent.json"], ["--policy", "absent.json"], ["--keys", "absent"]])
def test_what_cannot_be_read_is_two(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert "cannot be read" in err


def test_a_bad_argument_is_two(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--now", "yesterday"])
    assert caught.value.code == 2
    capsys.readouterr()


def test_the_environment_is_three(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "seen.sqlite").write_text("no database " * 100)
    code, _, err = run(capsys, "--replay", "seen.sqlite")
    assert code == 3
    assert "replay store" in err


def test_what_nobody_foresaw_is_no_traceback(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a detail that is nobody's business")

    monkeypatch.setattr("verifier.__main__.verify", broken)
    code, out, err = run(capsys)
    assert (code, out, err) == (3, "", "error: the verifier itself failed (RuntimeError)\n")


def test_replay(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--replay", "seen.sqlite")[0] == 0
    code, out, _ = run(capsys, "--replay", "seen.sqlite")
    assert code == 1
    assert "FAIL  not replayed" in out


def test_prices(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prices = {"schema": "zksolvency/prices/1", "time": NOW, "prices": {"BTC-mark": "1", "ETH-mark": "3000"}}
    (folder / "prices.json").write_text(json.dumps(prices))
    code, out, _ = run(capsys, "--prices", "prices.json")
    assert code == 1
    assert "BTC-mark is at 1, outside" in out


def test_where_keys_and_challenge_are_looked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_keys(folder / "policy.json") == folder / "keys"
    assert default_keys(folder / "elsewhere" / "policy.json") == Path("keys")
    (folder / "build" / "keys").mkdir(parents=True)
    assert default_keys(folder / "elsewhere" / "policy.json") == Path("build/keys")
    monkeypatch.setenv("ZKSOLVENCY_KEYS", "/somewhere")
    assert default_keys(folder / "policy.json") == Path("/somewhere")
    assert default_challenge(folder / "policy.json") == folder / "challenge.json"
    assert default_challenge(folder / "elsewhere" / "policy.json") is None


def test_the_module_runs_without_the_prover(folder: Path, root: Path) -> None:
    """As a stranger would: a fresh interpreter in which `prover` cannot be imported."""
    script = "import sys; sys.modules['prover'] = None; from verifier.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", script, "--now", str(NOW), "--json"],
        cwd=folder,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["verdict"] == "VALID (development key)"
