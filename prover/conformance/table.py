"""A venue's case as a market of its own: built by `prover.tables`, evaluated by the exact integer engine.

Prices have no band, so a row is the venue's rule at one price, and as many brackets as the rule has pieces.
The rounding bound of a position of q (1e-8 lot) is 2·|q| + 1 units of 1e-14 quote (the rate, and the unit
that pays for mark and node), half a unit a lot in its value, and what 1e-8 lot is worth, at the steepest
rate, for bounds that round down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prover.engine import evaluate
from prover.tables.build import build_rows, build_universe
from prover.tables.inputs import MarketInput
from prover.tables.lots import choose_lot, on_grid
from prover.tables.rates import charge_of
from verifier.circuits import Layout, scale, width
from verifier.errors import FormatError
from verifier.market import Level
from verifier.numbers import parse_decimal

__all__ = ["Carried", "carry", "decimal", "point_market", "rates"]

_MONEY = 10 ** (scale("value") + scale("size"))
_LOTS = 10 ** scale("size")
_TIME = 1_700_000_000
_VENUE = "venue:"


@dataclass(frozen=True)
class Carried:
    """What the table makes of a book, quote units.

    Attributes
    ----------
    equity, requirement, passes
        As the engine reports.
    tolerance
        Rounding bound of requirement and equity together.
    """

    equity: Fraction
    requirement: Fraction
    passes: bool
    tolerance: Fraction


def decimal(value: Fraction) -> str:
    """Exact decimal text.

    Raises
    ------
    FormatError
        When it has none, or one that no file may hold.
    """
    places, rest = 0, value.denominator
    for factor in (2, 5):
        power = 0
        while rest % factor == 0:
            rest //= factor
            power += 1
        places = max(places, power)
    if rest != 1:
        raise FormatError("number", "has no exact decimal", value=str(value))
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if value < 0 else text


def rates(initial: Fraction, maintenance: Fraction) -> list[dict[str, str]]:
    """One tier of two flat rates."""
    return [
        {
            "notional_floor": "0",
            "initial_rate": decimal(initial),
            "maintenance_rate": decimal(maintenance),
        }
    ]


def point_market(
    prices: Mapping[str, Fraction],
    instruments: Sequence[Mapping[str, Any]],
    holdings: Mapping[str, Fraction] | None = None,
    **more: Any,
) -> MarketInput:
    """A market without bands; an instrument's id is its name, its lot fits the size that `holdings` names."""
    given = []
    for each in instruments:
        name = each.get("id", each["underlying"])
        made = {**each, "id": _VENUE + name}
        if "lot" not in made:
            made["lot"] = _lot(prices[made["underlying"]], (holdings or {}).get(name))
        given.append(made)
    return MarketInput.parse(
        {
            "schema": MarketInput.SCHEMA,
            "name": "conformance",
            "venue": "venue",
            "quote": "USD",
            "period": "1",
            "epoch": 1,
            "time": _TIME,
            "valid_until": _TIME,
            "band": "0",
            "feeds": [
                {"id": name, "kind": "mark", "underlying": name, "price": decimal(price)}
                for name, price in prices.items()
            ],
            "instruments": given,
            **more,
        }
    )


def carry(
    market: MarketInput, level: Level, holdings: Mapping[str, Fraction], cash: Fraction = Fraction(0)
) -> Carried:
    """Evaluate a book (signed units by instrument) over the market's rows.

    Raises
    ------
    FormatError
        When the table cannot carry it: a number that does not fit a row, a size off the grid or too large.
    """
    prices = {feed.underlying: parse_decimal(feed.price) for feed in market.feeds}
    pieces = [charge_of(market, each, level, prices[each.underlying]).pieces for each in market.instruments]
    layout = Layout(name="conformance", nodes=2, brackets=max(map(len, pieces)), depth=5, version=1)
    universe = build_universe(market)
    rows = build_rows(market, level, layout, universe)
    book, slack = [], Fraction(1, _MONEY)
    for index, instrument in enumerate(universe.instruments):
        size = holdings.get(instrument.id.removeprefix(_VENUE), Fraction(0))
        if size:
            lot = parse_decimal(instrument.lot)
            scaled = size / lot * _LOTS
            if scaled.denominator != 1:
                raise FormatError("size", "is finer than 1e-8 lot", value=decimal(size))
            if abs(scaled.numerator) >= 1 << width("size"):
                raise FormatError(
                    "size", "has more than 64 bits of 1e-8 lot at the largest lot of a 63-bit row"
                )
            book.append((index, scaled.numerator))
            slack += Fraction(3 * abs(scaled.numerator) + 1, _MONEY)
            steepest = 1 + max(piece.rate for piece in pieces[index])
            slack += steepest * prices[instrument.underlying] * lot / _LOTS
    money = cash * _MONEY
    report = evaluate(book, money.numerator // money.denominator, rows)
    return Carried(
        equity=Fraction(report.equity, _MONEY),
        requirement=Fraction(report.requirement, _MONEY),
        passes=report.passes,
        tolerance=slack,
    )


def _lot(price: Fraction, size: Fraction | None) -> str:
    """The usual lot, smaller where the held size asks for it."""
    lot = choose_lot(decimal(price))
    if size and not on_grid(decimal(abs(size)), parse_decimal(lot)):
        return choose_lot(decimal(price), decimal(abs(size)))
    return lot
