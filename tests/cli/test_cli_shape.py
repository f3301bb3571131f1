"""What holds for every command: help with an example, one JSON object, exit codes, one line for an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from running import Ran, Run

import prover.cli
from prover.cli import main
from prover.cli.commands import GROUPS, application


def paths(command: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command and group below `command`."""
    below = getattr(command, "commands", {})
    return [path] + [found for name, inner in below.items() for found in paths(inner, (*path, name))]


COMMANDS = paths(typer.main.get_command(application()))

# Each in a copy of the finished quick start, with the exit code that it ends with there.
SUCCESSES = [
    ("init", 0),
    ("keys new holder --out secrets/second.json", 0),
    ("keys show secrets/attestor.json", 0),
    ("setup", 0),
    ("market build", 0),
    ("market show", 0),
    ("market verify", 0),
    ("market diff market.json market.json", 0),
    ("sign market.json", 0),
    ("import response.json", 0),
    ("check", 0),
    ("check --floor 99999999", 1),
    ("sign account.json", 0),
    ("policy new", 0),
    ("policy challenge", 0),
    ("prove", 0),
    ("verify", 0),
    ("verify --now 1", 1),
    ("inspect bundle.json", 0),
    ("evm export", 0),
    ("evm calldata", 0),
]

ERRORS = [
    ("keys new landlord", 2),
    ("keys new holder", 2),
    ("keys show absent.json", 2),
    ("market build absent.json", 2),
    ("market build --level some", 2),
    ("market build --layout s1", 2),
    ("market build --band wide", 1),
    ("sign absent.json", 2),
    ("sign", 2),
    ("sign policy.json", 1),
    ("import absent.json", 2),
    ("check absent.json", 2),
    ("check --floor -1", 2),
    ("check --ratio 1.01", 1),
    ("check --nothing", 2),
    ("policy new --size 9-9", 2),
    ("policy new --coverage everything", 1),
    ("policy challenge absent.json", 2),
    ("prove --backend abacus", 2),
    ("prove --size 9-9", 2),
    ("prove --keys absent", 2),
    ("verify absent.json", 2),
    ("verify --now soon", 2),
    ("inspect response.json", 1),
    ("setup --size 9-9", 2),
    ("setup --finish x.zkey", 2),
    ("evm export --key absent", 2),
    ("evm export --name 9", 2),
    ("nonsense", 2),
]


def test_each_group_has_exactly_the_commands_that_it_is_imported_for() -> None:
    assert {path[0] for path in COMMANDS if path} == {word for words in GROUPS.values() for word in words}
    for words in GROUPS.values():
        for word in words:
            alone = {path[0] for path in paths(typer.main.get_command(application(word))) if path}
            assert alone == set(words), word
    loaded = (
        "import sys; from prover.cli import main; main(['inspect', 'absent.json']); "
        "sys.exit('prover.cli.evm' in sys.modules or 'prover.cli.market' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", loaded], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_has_an_example(path: tuple[str, ...], run: Run) -> None:
    shown = run(*path, "--help")
    assert shown.code == 0
    assert "Usage:" in shown.out
    assert "Example: zksolvency " in shown.out.replace("\n", " ")


@pytest.mark.parametrize("command", ["doctor", "check", "prove"])
def test_the_example_is_of_the_command_itself(command: str, run: Run) -> None:
    assert f"Example: zksolvency {command}" in run(command, "--help").out


@pytest.mark.parametrize(("line", "code"), SUCCESSES, ids=[line for line, _ in SUCCESSES])
def test_json_is_one_object(line: str, code: int, folder: Path, run: Run) -> None:
    ran = run(*line.split(), "--json")
    assert ran.code == code, ran.all
    assert "error" not in ran.json
    assert ran.err == ""


def test_doctor_json(run: Run) -> None:
    ran = run("doctor", "--json")
    assert ran.code == (0 if ran.json["ready"] else 3)
    assert {"python", "node", "snarkjs"} <= {finding["name"] for finding in ran.json["findings"]}


@pytest.mark.parametrize(("line", "code"), ERRORS, ids=[line for line, _ in ERRORS])
def test_an_error_is_one_json_object(line: str, code: int, folder: Path, run: Run) -> None:
    ran = run(*line.split(), "--json")
    assert ran.code == code, ran.all
    assert ran.json["exit_code"] == code
    assert ran.json["error"]["message"]
    assert ran.err == ""


@pytest.mark.parametrize(("line", "code"), ERRORS, ids=[line for line, _ in ERRORS])
def test_an_error_is_one_line_on_stderr(line: str, code: int, folder: Path, run: Run) -> None:
    ran = run(*line.split())
    assert (ran.code, ran.out) == (code, "")
    *stages, last = ran.err.splitlines()
    assert last.startswith("error: ")
    assert all(line.startswith("  ") and line.endswith(" s") for line in stages)
    assert "Traceback" not in ran.err


def test_no_command_shows_the_help(run: Run) -> None:
    for group in ((), ("keys",), ("evm",)):
        ran = run(*group)
        assert (ran.code, ran.err) == (2, "")
        assert "Usage:" in ran.out


@pytest.mark.parametrize("name", ["x" * 300, "two\nlines", "\x1b[2J"])
def test_a_name_that_no_file_can_hold(name: str, folder: Path, run: Run) -> None:
    ran = run("keys", "new", "holder", "--out", "made.json", "--name", name)
    assert ran.code == 2
    assert "name" in ran.err
    assert not Path("made.json").exists()


@pytest.mark.parametrize(
    "option", ["--valid-until=1", "--valid-until=99999999999999", "--as-of=-1", "--holder=x", "--holder=0x1"]
)
def test_an_attestor_cannot_state_nonsense(option: str, folder: Path, run: Run) -> None:
    before = Path("statement.json").read_bytes()
    ran = run("sign", "account.json", option)
    assert ran.code in (1, 2)
    assert "internal" not in ran.err
    assert Path("statement.json").read_bytes() == before


def test_nothing_in_a_file_moves_the_cursor(folder: Path, run: Run) -> None:
    """Names come from others: no escape sequence and no markup of theirs reaches the terminal."""
    hostile = "[red]\x1b[2J\u202e\x9b"
    Path("bundle.json").write_text(json.dumps({"schema": "zksolvency/bundle/1", hostile: 1}))
    for line in (("inspect",), ("verify",)):
        ran = run(*line)
        assert ran.code == 1
        assert "[red]?[2J??" in ran.all
    Path("bundle.json").write_text(json.dumps({"schema": hostile}))
    assert "\x1b" not in run("inspect").all


def test_a_path_is_no_markup(folder: Path, run: Run) -> None:
    assert "[bold]x[/]" in run("keys", "new", "holder", "--out", "[bold]x[/]").out
    assert Path("[bold]x[/]").exists()


def test_what_nobody_foresaw_is_no_traceback(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("5604.484055")

    monkeypatch.setattr(prover.cli.proof, "make_proof", broken)
    for arguments in ((), ("--json",)):
        ran = run("prove", *arguments)
        assert ran.code == 3
        assert "RuntimeError" in ran.all
        assert "5604" not in ran.all
        assert "Traceback" not in ran.all


def test_an_interrupt_is_said(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(prover.cli.proof, "make_proof", interrupted)
    ran = run("prove")
    assert ran.code == 2
    assert "interrupted" in ran.err


def test_a_pipe_that_closes_is_no_traceback_and_no_verdict(folder: Path, root: Path) -> None:
    """As in `zksolvency verify | head -1`: what nobody read to its end does not end with 0."""
    started = subprocess.Popen(
        [sys.executable, "-m", "prover.cli", "verify"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None and started.stderr is not None
    started.stdout.close()
    said = started.stderr.read()
    assert (started.wait(), said) == (1, "")


def test_main_gives_the_exit_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert "PASSES" in capsys.readouterr().out


def test_text_and_json_agree(folder: Path, run: Run) -> None:
    text, as_json = run("verify"), run("verify", "--json")
    assert isinstance(text, Ran)
    for check in as_json.json["checks"]:
        assert check["name"] in text.out
    assert as_json.json["verdict"] in text.out
    for sentence in as_json.json["not_proven"]:
        assert sentence in text.out
