"""Binance USD-M brackets: tier tables, single look-ups and liquidation prices.

A case is a tier (at its middle and at its upper bound, and its cum by recurrence), a look-up, or a
liquidation: the price itself by the rules alone, and what equity leaves above maintenance at that price
through both. A look-up of a pair whose table is not in the file is its one line, max(0, notional·rate −
cum).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from prover.venues.tiers import liquidation_price, maintenance
from verifier.errors import FormatError

from .model import CaseResult, Figure, number
from .table import carry, decimal, point_market

__all__ = ["NAME", "recognises", "run"]

NAME = "Binance brackets"

_CENT = Fraction(1, 100)
_BEYOND = 1000  # how far the last tier is looked at, quote units above three times its floor


def recognises(document: Mapping[str, Any]) -> bool:
    """Bracket tables with ``mm_rate``, or look-ups and liquidation prices with ``cum``."""
    tables = [*document.get("brackets", {}).values(), document.get("btcusdt_2021", ())]
    single = [*document.get("lookups", ()), *document.get("liquidation_price", ())]
    return any("mm_rate" in tier for tiers in tables for tier in tiers) or any(
        "cum" in each for each in single
    )


def run(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """Tiers, then look-ups, then liquidations."""
    tables = {**document.get("brackets", {})}
    if "btcusdt_2021" in document:
        tables["BTC/USDT 2021"] = document["btcusdt_2021"]
    for pair, tiers in tables.items():
        yield from _tiers(pair, tiers)
    for each in document.get("lookups", ()):
        yield _lookup(each, tables.get(each["pair"]))
    for each in document.get("liquidation_price", ()):
        yield _liquidation(each)


def _cum(tier: Mapping[str, Any]) -> Fraction:
    return number(tier["cum"] if "cum" in tier else tier["cum_derived"], "cum")


def _pairs(tiers: Sequence[Mapping[str, Any]]) -> list[tuple[Fraction, Fraction]]:
    return [(number(tier["lower"], "lower"), number(tier["mm_rate"], "mm_rate")) for tier in tiers]


def _tiers(pair: str, tiers: Sequence[Mapping[str, Any]]) -> Iterator[CaseResult]:
    pairs = _pairs(tiers)
    for place, tier in enumerate(tiers):
        (lower, rate), cum = pairs[place], _cum(tier)
        upper = pairs[place + 1][0] if place + 1 < len(pairs) else 3 * lower + _BEYOND
        by_rule = lower * rate - maintenance(lower, pairs)
        figures = [Figure("cum", cum, by_rule, None)]
        for where, at in (("inside", (lower + upper) / 2), ("upper bound", upper)):
            figures.append(_charge(f"MM {where}", at, at * rate - cum, maintenance(at, pairs), tiers))
        yield CaseResult(f"{pair} tier {place + 1}", tuple(figures))


def _lookup(case: Mapping[str, Any], tiers: Sequence[Mapping[str, Any]] | None) -> CaseResult:
    notional, rate, cum = (number(case[name], name) for name in ("notional", "mm_rate", "cum"))
    expected = number(case["expected_mm"]) if "expected_mm" in case else notional * rate - cum
    engine = maintenance(notional, _pairs(tiers)) if tiers else max(Fraction(0), notional * rate - cum)
    figure = _charge("MM", notional, expected, engine, tiers or _line(rate, cum))
    return CaseResult(f"lookup {case['pair']} {case['notional']}", (figure,))


def _line(rate: Fraction, cum: Fraction) -> list[dict[str, Any]]:
    """A (rate, cum) pair without its table, as tiers whose recurrence gives that cum."""
    if cum == 0 or rate == 0:
        return [{"lower": 0, "mm_rate": float(rate)}]
    return [{"lower": 0, "mm_rate": 0}, {"floor": cum / rate, "mm_rate": float(rate)}]


def _charge(
    name: str, notional: Fraction, expected: Fraction, engine: Fraction, tiers: Sequence[Mapping[str, Any]]
) -> Figure:
    try:
        table, slack = _carried(notional, tiers)
    except FormatError as error:
        return Figure(name, expected, engine, None, unsupported=f"{error.field} {error.problem}")
    return Figure(name, expected, engine, table, slack)


def _carried(notional: Fraction, tiers: Sequence[Mapping[str, Any]]) -> tuple[Fraction, Fraction]:
    """(requirement, rounding bound) of a notional at the price 1."""
    given, slack = [], Fraction(0)
    for tier in tiers:
        floor, rate = tier.get("floor"), number(tier["mm_rate"])
        if floor is None:
            floor = number(tier["lower"])
        elif isinstance(floor, Fraction):
            # A bound that is no decimal goes down to one: the charge may only rise, by the rate on the rest.
            cut = Fraction(floor.numerator * 10**12 // floor.denominator, 10**12)
            floor, slack = cut, slack + (floor - cut) * rate
        made = {"notional_floor": decimal(floor), "maintenance_rate": decimal(rate)}
        if "cum" in tier or "cum_derived" in tier:
            made["maintenance_deduction"] = decimal(_cum(tier))
        given.append(made)
    held = {"X": notional}
    market = point_market({"X": Fraction(1)}, [_perpetual(given)], held)
    found = carry(market, "maintenance", held)
    return found.requirement, found.tolerance + slack


def _perpetual(tiers: list[dict[str, str]]) -> dict[str, Any]:
    return {"kind": "perpetual", "underlying": "X", "tiers": tiers}


def _liquidation(case: Mapping[str, Any]) -> CaseResult:
    sign = 1 if case["side"] == "long" else -1
    held, entry = sign * number(case["size"]), number(case["entry"])
    wallet, others = number(case["wallet_balance"]), number(case["other_mm"])
    profit, price = number(case["other_upnl"]), number(case["expected_liq_price"])
    rate, cum = number(case["mm_rate"]), number(case["cum"])
    engine = liquidation_price(
        wallet=wallet,
        other_maintenance=others,
        other_profit=profit,
        size=held,
        entry=entry,
        rate=rate,
        cum=cum,
    )
    # Prices and rests are stated to the cent.
    figures = [Figure("price", price, engine, None, file_tolerance=_CENT / 2)]
    notional = abs(held) * price
    equity = wallet + profit + held * (price - entry)
    rest = equity - others - max(Fraction(0), notional * rate - cum)
    if "equity_minus_mm_at_liq" in case:
        due = _charge("MM", notional, notional * rate - cum, notional * rate - cum, _line(rate, cum))
        table = None if due.table is None else equity - others - Fraction(due.table)
        figures.append(
            Figure(
                "equity less MM at the price",
                number(case["equity_minus_mm_at_liq"]),
                rest,
                table,
                due.tolerance,
                due.unsupported,
                "value",
                _CENT / 2 + _CENT / 1000,
            )
        )
    return CaseResult(f"liquidation {case.get('mode', '')} {case['side']} at {price}", tuple(figures))
