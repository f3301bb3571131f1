"""SPAN: scan risk and every scenario of portfolios over published risk arrays.

A file has ``risk_array`` (profit or loss of one long contract in each of the sixteen scenarios, factors
included, by instrument) and cases with signed contracts by instrument (or by the part of its name before
``_``). Figures: ``scan_risk``, the requirement, and each scenario's profit where a case states it. The
table is a row an instrument from its array, one contract a lot, without a band, on the plain layout of 24
nodes; a case's requirement is what the exact engine asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from verifier.circuits import layout, scale
from verifier.errors import FormatError
from verifier.rows import Row

from ..engine import evaluate
from ..tables.grid import Beside
from ..tables.span import array_row
from ..venues.span import margin, scan
from .model import CaseResult, Figure, number

__all__ = ["NAME", "recognises", "run"]

NAME = "span"
_LAYOUT = "s24-k2-d5"
_UNIT = Fraction(1, 10 ** scale("value"))
_EXPECTED = "expected_"


def recognises(document: Mapping[str, Any]) -> bool:
    """A file with scenarios, risk arrays and cases."""
    arrays = document.get("risk_array")
    return "scenarios" in document and isinstance(arrays, dict) and "cases" in document


def run(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """Every case of the file, in its order."""
    arrays = {
        name: [number(value, name) for value in array] for name, array in document["risk_array"].items()
    }
    count = len(document["scenarios"])
    for name, array in arrays.items():
        if len(array) != count:
            raise FormatError(f"risk_array.{name}", f"has {len(array)} of {count} scenarios")
    shape = layout(_LAYOUT)
    rows = {
        place: array_row(array, price=Fraction(0), layout=shape, group=1, beside=Beside())
        for place, array in enumerate(arrays.values())
    }
    for case in document["cases"]:
        yield _case(case, arrays, rows)


def _case(
    case: Mapping[str, Any], arrays: Mapping[str, Sequence[Fraction]], rows: Mapping[int, Row]
) -> CaseResult:
    sizes = {
        _instrument(name, arrays): number(value, name)
        for name, value in case.items()
        if name != "name" and not name.startswith(_EXPECTED)
    }
    held = {name: size for name, size in sizes.items() if size}
    known = {"expected_scan_risk", "expected_scenarios"}
    stray = [name for name in case if name.startswith(_EXPECTED) and name not in known]
    floats = {name: [float(value) for value in array] for name, array in arrays.items()}
    book = {name: float(size) for name, size in held.items()}
    places = {name: place for place, name in enumerate(arrays)}
    positions = sorted((places[name], _size(size)) for name, size in held.items())
    report = evaluate(positions, 0, rows, layout=layout(_LAYOUT))
    money = 10 ** scale("cash")
    # A mark and a node to the nearest unit, and the addon that pays for both, a contract.
    tolerance = 2 * _UNIT * sum((abs(size) for size in held.values()), Fraction(0))
    figures = [
        Figure(
            "scan_risk",
            number(case["expected_scan_risk"], "expected_scan_risk"),
            margin(book, floats).requirement if book else 0.0,
            Fraction(report.requirement, money),
            tolerance,
        )
    ]
    profits = scan(book, floats)
    for place, expected in enumerate(case.get("expected_scenarios", ())):
        total = sum(part.nodes[1 + place] for part in report.positions)
        figures.append(
            Figure(
                f"scenario {place + 1}",
                number(expected, f"expected_scenarios[{place}]"),
                profits[place],
                Fraction(total, money),
                tolerance,
                kind="value",
            )
        )
    figures += [
        Figure(name, number(case[name], name), None, None, unsupported="no rule of this file's kind")
        for name in stray
    ]
    return CaseResult(str(case.get("name", "")), tuple(figures))


def _instrument(name: str, arrays: Mapping[str, object]) -> str:
    """The array that a case's member means: its own name, or the one that starts with it (``call_410``)."""
    found = [name] if name in arrays else [each for each in arrays if each.startswith(f"{name}_")]
    if len(found) != 1:
        raise FormatError("cases", f"hold {name}, which has not one risk array")
    return found[0]


def _size(contracts: Fraction) -> int:
    size = contracts * int(10 ** scale("size"))
    if size.denominator != 1:
        raise FormatError("cases", "hold a size finer than 1e-8", value=str(contracts))
    return size.numerator
