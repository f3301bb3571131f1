"""Hyperliquid's margin tiers (each tier at its middle and bound) and its portfolio margin example.

The file's rates and deductions follow from maximum leverages by the documented recurrence, in binary floats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from prover.venues.tiers import maintenance, rate_at_leverage
from verifier.errors import FormatError

from .model import CaseResult, Figure, number
from .table import carry, decimal, point_market

__all__ = ["NAME", "recognises", "run"]

NAME = "Hyperliquid margin tiers"

_BEYOND = 10**6  # how far the last tier is looked at, quote units above twice its floor
_PRICE = Fraction(1)


def recognises(document: Mapping[str, Any]) -> bool:
    """Tiers by coin with ``max_leverage`` and ``deduction``, or the portfolio margin example."""
    tiers = document.get("tiers")
    if isinstance(tiers, Mapping):
        return any("max_leverage" in each for coin in tiers.values() for each in coin)
    return "hyperliquid_pm_example" in document


def run(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """Every tier of every coin, then the example."""
    for coin, tiers in document.get("tiers", {}).items():
        yield from _tiers(coin, tiers)
    if "hyperliquid_pm_example" in document:
        yield _example(document["hyperliquid_pm_example"])


def _tiers(coin: str, tiers: Sequence[Mapping[str, Any]]) -> Iterator[CaseResult]:
    pairs = [
        (number(each["lower"], "lower"), rate_at_leverage(number(each["max_leverage"], "max_leverage")))
        for each in tiers
    ]
    for place, each in enumerate(tiers):
        lower, rate = pairs[place]
        stated, deduction = number(each["mm_rate"], "mm_rate"), number(each["deduction"], "deduction")
        upper = pairs[place + 1][0] if place + 1 < len(pairs) else 2 * lower + _BEYOND
        by_rule = lower * rate - maintenance(lower, pairs)
        figures = [Figure("rate", stated, rate, None), Figure("deduction", deduction, by_rule, None)]
        for where, at in (("inside", (lower + upper) / 2), ("upper bound", upper)):
            engine = maintenance(at, pairs)
            figures.append(_charge(f"MM {where}", at, at * stated - deduction, engine, tiers))
        yield CaseResult(f"{coin} tier {place + 1}", tuple(figures))


def _charge(
    name: str, notional: Fraction, expected: Fraction, engine: Fraction, tiers: Sequence[Mapping[str, Any]]
) -> Figure:
    given = [
        {
            "notional_floor": decimal(number(each["lower"])),
            "max_leverage": decimal(number(each["max_leverage"])),
            "maintenance_fraction": "0.5",
        }
        for each in tiers
    ]
    held = {"X": -notional}
    try:
        market = point_market({"X": _PRICE}, [{"kind": "perpetual", "underlying": "X", "tiers": given}], held)
        found = carry(market, "maintenance", held)
    except FormatError as error:
        return Figure(name, expected, engine, None, unsupported=f"{error.field} {error.problem}")
    return Figure(name, expected, engine, found.requirement, found.tolerance)


def _example(case: Mapping[str, Any]) -> CaseResult:
    """What a deposit's value lets its holder borrow: value · loan to value."""
    amount, price, share = (number(case[name], name) for name in ("collateral", "price", "ltv"))
    weight = {"value_floor": "0", "maintenance_weight": decimal(share), "initial_weight": decimal(share)}
    deposit = {"kind": "deposit", "underlying": "X", "collateral": [weight]}
    market = point_market({"X": price}, [deposit], {"X": amount})
    found = carry(market, "maintenance", {"X": amount})
    figure = Figure(
        "borrowable",
        number(case["borrowable"]),
        amount * price * share,
        found.equity - found.requirement,
        found.tolerance,
        kind="value",
    )
    return CaseResult("portfolio margin borrowing", (figure,))
