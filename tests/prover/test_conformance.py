"""The comparison itself: verdicts, counts, exit codes, and files that are not what they should be."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from vector_files import vector

import prover.conformance as package
from prover.cli import main
from prover.conformance import CaseResult, Figure, run_document, summarise, venue_of, venues
from verifier.errors import UsageError

F = Fraction
BRACKETS = ("binance_brackets", "drift_v2", "dydx_v4", "gmx_v2", "hyperliquid_docs", "synthetix_v3")


@pytest.mark.parametrize(
    ("figure", "exact", "verdict"),
    [
        (Figure("IM", 100, 100.00000001, 100), True, "exact"),
        (Figure("IM", 100, 100.01, 100), False, "exact"),
        (Figure("IM", 100, 100, 101), True, "conservative"),
        (Figure("IM", 100, 100, 99), True, "undercharged"),
        (Figure("IM", 100, 100, 99, tolerance=1), True, "exact"),
        (Figure("IM", 100, 100, F(989, 10), tolerance=1), True, "undercharged"),
        (Figure("value", 100, 100, 99, kind="value"), True, "conservative"),
        (Figure("value", -100, -100, -99, kind="value"), True, "undercharged"),
        (Figure("passes", False, False, True, kind="passes"), True, "undercharged"),
        (Figure("passes", True, True, False, kind="passes"), True, "conservative"),
        (Figure("passes", True, False, True, kind="passes"), False, "exact"),
        (Figure("IM", 100, None, 100), False, "exact"),
        (Figure("IM", 100, 100, None, unsupported="too large"), True, "unsupported"),
        # A file that truncates: the table is held against the engine's unrounded figure.
        (Figure("IM", 100, 100.7, 100.5, file_tolerance=1), True, "undercharged"),
        (Figure("IM", 100, 101.7, 100.5, file_tolerance=1), False, "conservative"),
        (Figure("IM", 100, float("nan"), 100), False, "exact"),
        (Figure("IM", 100, True, 100), False, "exact"),
    ],
)
def test_a_figure(figure: Figure, exact: bool, verdict: str) -> None:
    assert figure.engine_exact is exact
    assert figure.verdict == verdict


def test_every_case_counts_once_at_its_worst() -> None:
    good = Figure("a", 100, 100, 100)
    over = Figure("b", 100, 100, 104)
    under = Figure("c", 100, 100, 90)
    not_carried = Figure("d", 100, 100, None, unsupported="why")
    cases = [
        CaseResult("exact", (good,)),
        CaseResult("above", (good, over)),
        CaseResult("not carried", (good, over, not_carried)),
        CaseResult("below", (under, not_carried)),
    ]
    found = summarise(cases)
    assert (found.cases, found.engine_exact) == (4, 4)
    assert (found.table_exact, found.table_conservative, found.undercharged, found.unsupported) == (
        1,
        1,
        1,
        1,
    )
    # The case below is charged too little by one figure; what it is charged too much is 0.
    assert found.overcharge_mean == pytest.approx((0 + 0.02 + 0) / 3)
    assert found.overcharge_p95 == pytest.approx(0.02)
    assert not found.holds
    assert summarise(cases[:3]).holds


def test_a_small_figure_does_not_blow_an_overcharge_up() -> None:
    assert Figure("IM", 0, 0, F(1, 2)).overcharge == 0.5
    assert Figure("IM", F(1, 10**6), 0, F(1, 2)).overcharge == pytest.approx(0.5, abs=1e-5)


def test_every_module_of_the_package_is_registered() -> None:
    folder = Path(package.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "model", "table"}
    named = {name for name in modules if "def recognises(" in (folder / f"{name}.py").read_text()}
    assert named == set(package.VENUES)
    assert len({venue.NAME for venue in venues()}) == len(package.VENUES)


LOOKUP = {"pair": "A/B", "notional": 1000, "mm_rate": 0.1, "cum": 50.0, "expected_mm": 50}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "no file of figures"),
        ({"cases": [1, None]}, "no file of figures"),
        ({"brackets": "x"}, "no file of figures"),
        ({"lookups": [LOOKUP, {**LOOKUP, "notional": "1"}]}, "case 2"),
        ({"lookups": [{"cum": 1}]}, "case 1"),
        ({"lookups": [{**LOOKUP, "cum": True}]}, "case 1"),
        ({"cases": [{"min_collateral_factor": 0.01}]}, "case 1"),
        ({"decision": [{"NC": 1}]}, "case 1"),
        ({"single_position": [{"position": {"quantums": 1}}]}, "case 1"),
        ({"tiers": {"A": [{"max_leverage": 0, "lower": 0}]}}, "case 1"),
    ],
)
def test_what_is_no_file_of_figures(document: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run_document(document, "file.json")


def test_a_file_is_known_by_its_content() -> None:
    found = venue_of({"lookups": [LOOKUP]})
    assert found is not None
    assert found.NAME == "Binance brackets"


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, below = tmp_path / "any name.json", tmp_path / "wrong.json"
    good.write_text(json.dumps({"lookups": [LOOKUP]}))
    below.write_text(json.dumps({"lookups": [{**LOOKUP, "expected_mm": 60}]}))
    assert main(["conformance", str(good), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry == {
        "file": str(good),
        "cases": 1,
        "engine_exact": 1,
        "table_exact": 1,
        "table_conservative": 0,
        "undercharged": 0,
        "unsupported": 0,
        "overcharge_mean": pytest.approx(0, abs=1e-6),
        "overcharge_p95": pytest.approx(0, abs=1e-6),
    }
    assert main(["conformance", str(good), str(below)]) == 1
    shown = capsys.readouterr().out
    assert "the rules give 50, the file 60" in shown
    assert "wrong.json: lookup A/B 1000: MM" in shown


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"[" * 100_000, b'{"a": NaN'])
def test_a_file_that_cannot_be_read(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other files of the same run are still told."""
    bad, good = tmp_path / "bad.json", tmp_path / "good.json"
    bad.write_bytes(content)
    good.write_text(json.dumps({"lookups": [LOOKUP]}))
    assert main(["conformance", str(bad), str(good), "--json"]) == 2
    first, second = json.loads(capsys.readouterr().out)
    assert str(bad) in first["error"]
    assert second["engine_exact"] == 1
    assert main(["conformance", str(tmp_path / "missing.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err


# --- hostile files ---

ODD: tuple[Any, ...] = (None, "x", "1", -1, 0, 0.5, True, [], {}, 1e308, -1e308, 10**9, -(10**9), 10**40)
ODD += (float("nan"), float("inf"), 1e-300)


@pytest.mark.parametrize("name", BRACKETS)
def test_a_file_with_one_odd_value_ends_in_a_result_or_one_line(name: str) -> None:
    """Never in another error than the command's own, and never in a run without end."""
    random_ = random.Random(name)
    document = vector(f"margin/{name}.json")
    for part, value in document.items():
        if isinstance(value, list) and part != "btcusdt_2021":
            document[part] = random_.sample(value, min(2, len(value)))
    places = list(_places(document))
    refused = 0
    for _ in range(25):
        copy = json.loads(json.dumps(document))
        *path, last = random_.choice(places)
        inside = copy
        for key in path:
            inside = inside[key]
        if isinstance(inside, dict) and random_.random() < 0.3:
            del inside[last]
        else:
            inside[last] = random_.choice(ODD)
        try:
            run_document(copy, name)
        except UsageError as error:
            refused += 1
            assert name in str(error)
    assert 0 < refused < 25


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield (*path, key)
        yield from _places(each, (*path, key))
