"""Slither finds what was reviewed, and the symbolic checks hold; both with the tools of `make analyse`."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from prover.evm import analyse
from verifier.errors import EnvironmentFault, InvalidError


def installed(tool: str) -> None:
    if not (analyse.TOOLS / tool).is_file():
        pytest.skip(f"skipped: {tool} is not installed (make analyse)")


def baseline() -> dict[str, Any]:
    return tomllib.loads(analyse.BASELINE.read_text())


def accepted() -> list[tuple[str, str]]:
    return [(entry["check"], place) for entry in baseline()["accepted"] for place in entry["where"]]


def test_the_baseline_accepts_exactly_what_it_lists() -> None:
    analyse.compare(accepted(), baseline())
    with pytest.raises(InvalidError, match=r"new: reentrancy-eth in CreditLine\.draw"):
        analyse.compare([*accepted(), ("reentrancy-eth", "CreditLine.draw")], baseline())
    # What is accepted of one function is not accepted of another.
    with pytest.raises(InvalidError, match=r"new: low-level-calls in CreditLine\.draw"):
        analyse.compare([*accepted(), ("low-level-calls", "CreditLine.draw")], baseline())
    with pytest.raises(InvalidError, match="no longer found: shadowing-state"):
        analyse.compare(accepted()[1:], baseline())
    silent = baseline()
    silent["accepted"][0]["reason"] = ""
    with pytest.raises(InvalidError, match="without a reason: shadowing-state"):
        analyse.compare(accepted(), silent)


def test_where_a_finding_is() -> None:
    contract = {"type": "contract", "name": "Line"}
    function = {"type": "function", "name": "draw", "type_specific_fields": {"parent": contract}}
    element = {"type": "node", "name": "x", "type_specific_fields": {"parent": function}}
    report = {
        "results": {"detectors": [{"check": "a", "elements": [element]}, {"check": "b", "elements": []}]}
    }
    assert analyse.found_by_slither(report) == [("a", "Line.draw.x"), ("b", "?")]


def test_missing_tools_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(analyse, "TOOLS", tmp_path)
    with pytest.raises(EnvironmentFault, match="make analyse"):
        analyse.slither()


@pytest.mark.slow
def test_slither_finds_nothing_new() -> None:
    installed("slither")
    assert analyse.slither()


@pytest.mark.long
def test_symbolic_checks() -> None:
    installed("halmos")
    analyse.symbolic()
