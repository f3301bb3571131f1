"""Which prices at expiry a table has nodes for: what options pay bends at strikes and nowhere else.

A book of options of one expiry pays a broken line of the underlying's price that bends at strikes only. Its
worst value between two prices is at one of them or at a strike between them, so a node at every strike, and
one at price 0, is exact. With fewer nodes than strikes the line through the nodes stands in: a short option
is then charged from above by itself, and a long one is charged how far that line is over what it pays.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from fractions import Fraction

from verifier.errors import FormatError

__all__ = ["choose_strikes", "payoff", "strike_gap"]

_ZERO = Fraction(0)
_LEAST = 2
"""Nodes for strikes: the lowest and the highest."""


def payoff(strike: Fraction, call: bool, price: Fraction) -> Fraction:
    """What one unit pays at expiry when the underlying is at `price`."""
    return max(_ZERO, price - strike if call else strike - price)


def choose_strikes(strikes: Iterable[Fraction], room: int) -> tuple[Fraction, ...]:
    """Every strike if there is room, else those that leave the least worst gap (the top one among them).

    Parameters
    ----------
    strikes
        Of one expiry, above 0, in any order.
    room
        How many nodes there are for strikes; price 0 has one of its own.

    Returns
    -------
    tuple
        Ascending; the highest strike is always among them, since a line ends nowhere above it.

    Raises
    ------
    FormatError
        When there is no room for two.
    """
    listed = sorted(set(strikes))
    if len(listed) <= room:
        return tuple(listed)
    if room < _LEAST:
        raise FormatError(
            "layout", f"has room for {room} strikes of {len(listed)}", mend="Use a layout with more nodes"
        )
    # The worst gap of the best choice is the gap of some strike between two others, or the price 0.
    ends = [_ZERO, *listed]
    gaps = sorted(
        {
            _gap(low, strike, high)
            for place, strike in enumerate(listed)
            for low in ends[: place + 1]
            for high in listed[place + 1 :]
        }
    )
    bottom, top = 0, len(gaps) - 1
    while bottom < top:
        middle = (bottom + top) // 2
        if len(_reach(listed, gaps[middle])) <= room:
            top = middle
        else:
            bottom = middle + 1
    return tuple(_reach(listed, gaps[bottom]))


def _reach(listed: list[Fraction], worst: Fraction) -> list[Fraction]:
    """The fewest nodes whose gaps are all at most `worst`: from each node as far up as that allows."""
    chosen: list[Fraction] = []
    low, place = _ZERO, 0
    while place < len(listed):
        furthest = place
        for far in range(place + 1, len(listed)):
            if any(_gap(low, strike, listed[far]) > worst for strike in listed[place:far]):
                break
            furthest = far
        chosen.append(listed[furthest])
        low, place = listed[furthest], furthest + 1
    return chosen


def strike_gap(strike: Fraction, chosen: tuple[Fraction, ...]) -> Fraction:
    """How far the line through the nodes is over what an option of this strike pays, at worst.

    Raises
    ------
    FormatError
        When the strike is above the highest node.
    """
    place = bisect_left(chosen, strike)
    if place == len(chosen):
        raise FormatError("strike", "is above the highest node", value=str(strike))
    if chosen[place] == strike:
        return _ZERO
    return _gap(chosen[place - 1] if place else _ZERO, strike, chosen[place])


def _gap(low: Fraction, strike: Fraction, high: Fraction) -> Fraction:
    """The line from `low` to `high` over the bend at `strike` between them; the same for calls and puts."""
    return (strike - low) * (high - strike) / (high - low)
