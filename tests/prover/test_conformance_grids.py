"""SPAN's and Paradex's files: the published ones, others of the same shape, and ones that are wrong."""

from __future__ import annotations

import copy
import random
from fractions import Fraction
from typing import Any

import pytest
from vector_files import vector

from prover.conformance import FileResult, run_document
from verifier.errors import UsageError

F = Fraction
PERCENT = F(1, 100)


@pytest.mark.parametrize("name", ["span_mcmillan", "paradex_docs"])
def test_the_published_figures_are_exact(name: str) -> None:
    document = vector(f"margin/{name}.json")
    found = run_document(document, name).summary
    assert found.cases == found.engine_exact == found.table_exact > 0
    assert found.holds


def span_file(rng: random.Random, cases: int) -> dict[str, Any]:
    """Three instruments of random arrays, and books whose figures are worked out here in fractions."""
    names = ["future_dec", "call_410", "put_395"]
    arrays = {name: [rng.randint(-90000, 90000) / 10 for _ in range(16)] for name in names}
    made = []
    for place in range(cases):
        sizes = {name.partition("_")[0]: rng.randint(-40, 40) / rng.choice((1, 2, 4)) for name in names}
        profits = [
            sum(F(str(sizes[name.partition("_")[0]])) * F(str(arrays[name][at])) for name in names)
            for at in range(16)
        ]
        made.append(
            {
                "name": f"case {place}",
                **sizes,
                "expected_scan_risk": float(max(0, *(-each for each in profits))),
                "expected_scenarios": [float(each) for each in profits],
            }
        )
    return {"scenarios": [[0, 0, 1]] * 16, "risk_array": arrays, "cases": made}


def paradex_file(rng: random.Random, cases: int) -> dict[str, Any]:
    """Random rates and options, and their margins worked out here in fractions."""
    rates = {name: [rng.randint(2, 40) / 100, rng.randint(1, 20) / 100] for name in ("long", "itm", "otm")}
    rates |= {"prem": [1, rng.randint(1, 100) / 100], "cap": [rng.randint(5, 60) / 100, 0.25]}
    made = []
    for _ in range(cases):
        side, kind = rng.choice((1, -1)), rng.choice("CP")
        spot, strike, mark = (F(rng.randint(1, 40000), 100) for _ in range(3))
        expected = {}
        for place, name in enumerate(("IMR", "MMR")):
            of = {rate: F(str(values[place])) for rate, values in rates.items()}
            if side > 0:
                due = min(of["prem"] * mark, of["long"] * spot)
            else:
                out = max(F(0), strike - spot if kind == "C" else spot - strike)
                due = max(of["itm"] * spot - out, of["otm"] * spot)
                due = due if kind == "C" else min(due, of["cap"] * strike)
            expected[name] = float(due)
        unknown = rng.random() < 0.5
        made.append(
            {
                "side": side,
                "type": kind,
                "spot": float(spot),
                "strike": None if side > 0 and unknown else float(strike),
                "mark": None if side < 0 and unknown else float(mark),
                "expected": expected,
            }
        )
    net_rate, hedged_rate = rng.randint(1, 6), rng.randint(1, 3)
    perpetual, quantity, delta, spot = 2.5, -rng.randint(1, 90) / 4, rng.randint(1, 99) / 100, 61250.5
    net = F(str(perpetual)) + F(str(quantity)) * F(str(delta))
    gross = F(str(perpetual)) - F(str(quantity)) * F(str(delta))
    hedged = (gross - abs(net)) / 2
    risk = (net_rate * PERCENT * abs(net) + hedged_rate * PERCENT * hedged) * F(str(spot))
    return {
        "params": rates,
        "option_cases": made,
        "portfolio_margin": {"min_delta": f"({net_rate}%*|net delta| + {hedged_rate}%*hedged delta)*spot"},
        "min_delta_example": {
            "perp_delta": perpetual,
            "call_qty": quantity,
            "call_delta": delta,
            "spot": spot,
            "net_delta": float(net),
            "gross_delta": float(gross),
            "hedged_delta": float(hedged),
            "min_delta_risk_derived": float(risk),
        },
    }


@pytest.mark.parametrize("make", [span_file, paradex_file])
@pytest.mark.parametrize("seed", range(4))
def test_other_cases_of_the_same_shape_are_exact(make: Any, seed: int) -> None:
    found = run_document(make(random.Random(seed), 25), "made").summary
    assert found.cases == found.engine_exact
    assert found.undercharged == found.unsupported == 0
    # Hedged delta that costs more than twice net delta is bounded, so one case may be above.
    assert found.table_exact >= found.cases - 1


def spoiled(document: dict[str, Any]) -> FileResult:
    return run_document(document, "made")


def test_a_figure_that_is_higher_than_the_rule_is_an_undercharge() -> None:
    document = span_file(random.Random(9), 3)
    document["cases"][1]["expected_scan_risk"] += 5
    summary = spoiled(document).summary
    assert (summary.undercharged, summary.engine_exact) == (1, 2)
    options = paradex_file(random.Random(9), 3)
    options["option_cases"][2]["expected"]["MMR"] += 1
    summary = spoiled(options).summary
    assert (summary.undercharged, summary.engine_exact) == (1, 3)


def test_a_figure_without_a_rule_is_said() -> None:
    document = span_file(random.Random(2), 1)
    document["cases"][0]["expected_intercommodity_credit"] = 12
    summary = spoiled(document).summary
    assert (summary.unsupported, summary.engine_exact) == (1, 0)


@pytest.mark.parametrize(
    ("make", "path", "value", "match"),
    [
        (span_file, ("cases", 0, "swap"), 3, "risk array"),
        (span_file, ("risk_array", "future_dec"), [1, 2], "scenarios"),
        (span_file, ("risk_array", "future_jan"), [0] * 16, "risk array"),
        (span_file, ("cases", 0, "future"), 1e-9, "1e-8"),
        (paradex_file, ("option_cases", 0, "type"), "X", "type"),
        (paradex_file, ("option_cases", 0, "spot"), None, "spot"),
        (paradex_file, ("option_cases", 0, "side"), 2, "side"),
    ],
)
def test_files_that_are_wrong_are_told_in_one_line(
    make: Any, path: tuple[Any, ...], value: Any, match: str
) -> None:
    document = copy.deepcopy(make(random.Random(1), 2))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(UsageError, match=match):
        spoiled(document)
