"""A market's rules at the venue's own marks, with no band: a difference that is left is the model's."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from verifier.circuits import scale, width
from verifier.market import Snapshot
from verifier.numbers import parse_decimal, round_down, round_nearest, round_up
from verifier.rows import Bracket, Row

from ..tables import MarketInput
from .account import Placed
from .raw import decimal_text

__all__ = ["input_at_marks", "rows_at_marks", "venue_marks"]

_PLACES = 18
_UNIT = 10 ** scale("value")
_LARGEST = (1 << width("size")) - 1


def venue_marks(placed: Placed) -> dict[str, Fraction]:
    """The venue's mark of every underlying of which a contract is held."""
    marks: dict[str, Fraction] = {}
    for instrument, position in placed.positions:
        if position.mark is not None:
            marks.setdefault(instrument.underlying, position.mark)
    return marks


def input_at_marks(market: MarketInput, placed: Placed) -> MarketInput:
    """The same rules at the venue's marks, with no band, and no charge for what accrues later."""
    marks = venue_marks(placed)
    feeds = []
    for feed in market.feeds:
        change: dict[str, Any] = {"band": "0", "low": None, "high": None}
        if feed.underlying in marks:
            change["price"] = decimal_text(marks[feed.underlying], _PLACES)
        feeds.append(feed.model_copy(update=change))
    instruments = [each.model_copy(update={"carry_rate": None}) for each in market.instruments]
    return market.model_copy(update={"feeds": tuple(feeds), "instruments": tuple(instruments)})


def rows_at_marks(snapshot: Snapshot, placed: Placed) -> dict[int, Row]:
    """A snapshot's rows moved to the venue's marks.

    A row's brackets charge by notional at the highest price of the band; at another price p the same charge
    is reached at size · high / p. So rates shrink by p / high, bounds grow by as much, deductions stay.
    Addons, which hold rounding and what accrues later, and node values, which are the band's, are left out.
    """
    marks = venue_marks(placed)
    feeds = {feed.underlying: feed for feed in snapshot.feeds}
    rows = {}
    for index, row in snapshot.row_map().items():
        instrument = snapshot.universe.instruments[index]
        feed = feeds.get(instrument.underlying)
        if feed is None:
            rows[index] = row
            continue
        price, high = parse_decimal(feed.price), parse_decimal(feed.high)
        mark = marks.get(instrument.underlying, price)
        brackets = tuple(
            Bracket(
                rate=round_up(each.rate * mark / high),
                deduction=each.deduction,
                upper=each.upper
                if each.upper == _LARGEST
                else min(_LARGEST, _down(each.upper * high / mark)),
            )
            for each in row.brackets
        )
        rows[index] = Row(
            group=row.group,
            mark=_moved(row.mark, price, mark, parse_decimal(instrument.lot)),
            nodes=(0,) * len(row.nodes),
            addon_long=0,
            addon_short=0,
            brackets=brackets,
        )
    return rows


def _down(bound: Fraction) -> int:
    """A bracket's bound; never 0, which is no size."""
    return max(1, round_down(bound))


def _moved(value: int, price: Fraction, mark: Fraction, lot: Fraction) -> int:
    """A unit value at another price; a whole one anew, so that no rounding is scaled."""
    if value == round_nearest(price * lot * _UNIT):
        return round_nearest(mark * lot * _UNIT)
    return round_nearest(value * mark / price)
