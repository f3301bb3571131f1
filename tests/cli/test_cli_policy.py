"""A lender knows attestors and publishers by their public numbers, not by their key files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from prover.cli import main
from verifier.policy import Policy


def public(kind: str, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    capsys.readouterr()
    assert main(["keys", "show", f"secrets/{kind}.json", "--json"]) == 0
    shown: dict[str, str] = json.loads(capsys.readouterr().out)["public"]
    return shown


def test_a_policy_from_public_numbers(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "lender"
    shutil.copytree(finished, folder)
    monkeypatch.chdir(folder)
    attestor, key = public("attestor", capsys)["attestor"], public("publisher", capsys)["public_key"]
    shutil.rmtree("secrets")
    names = ["--attestor", f"a venue={attestor}", "--publisher", f"a source={key}"]
    assert main(["policy", "new", *names, "--out", "theirs.json"]) == 0
    made = Policy.load("theirs.json")
    assert [(each.name, str(each.attestor)) for each in made.attestors] == [("a venue", attestor)]
    assert [(each.name, each.public_key) for each in made.publishers] == [("a source", key)]
    capsys.readouterr()
    assert main(["policy", "new", "--attestor", "a venue=12x", "--publisher", f"p={key}"]) == 1
    assert "attestors[0].attestor" in capsys.readouterr().err
    assert main(["policy", "new", "--attestor", "nobody.json"]) == 2
    assert "NAME=NUMBER" in capsys.readouterr().err
