"""From exact rules to the integers of a row: every rounding goes against the account.

=====================  ============================================================================
unit value, node       to nearest: each is off by at most half a unit a lot
addon                  up, plus one unit a lot on both sides: pays for the two halves above
rate                   up
bracket bound          down (a bound of a jump: to the last size that is strictly below it)
deduction              by recurrence where the charge is continuous and convex, else down
=====================  ============================================================================
"""

from __future__ import annotations

from fractions import Fraction

from verifier.circuits import scale, width
from verifier.errors import FormatError
from verifier.numbers import round_down, round_nearest, round_up
from verifier.rows import Bracket

from .charges import Charge

__all__ = ["LARGEST_SIZE", "PROHIBITIVE", "addon", "brackets", "unit_value"]

LARGEST_SIZE = (1 << width("size")) - 1
"""Bound of the last bracket when the venue has no position limit."""

PROHIBITIVE = (1 << width("value")) - 1
"""Addon on the side of a row that nobody may hold: 9.2e12 quote units a lot."""

_UNIT = 10 ** scale("value")
_LOTS = 10 ** scale("size")
_MONEY = _UNIT * _LOTS


def unit_value(amount: Fraction) -> int:
    """Quote units a lot to 1e-6, nearest."""
    return round_nearest(amount * _UNIT)


def addon(amount: Fraction) -> int:
    """Quote units a lot to 1e-6, up, plus the one unit that pays for rounding marks and nodes."""
    return round_up(amount * _UNIT) + 1


def brackets(charge: Charge, lot_value: Fraction, count: int) -> tuple[Bracket, ...]:
    """Brackets in size units that are nowhere below `charge` at any price of the band.

    Parameters
    ----------
    charge
        In quote units by notional, at most `count` pieces.
    lot_value
        What one lot is worth at the highest price of the band.
    count
        Brackets wanted; the last is repeated to fill them up.

    Raises
    ------
    FormatError
        When a number does not fit the table, or the position limit is below the smallest size.
    """
    if len(charge.pieces) > count:
        raise FormatError("tiers", f"are {len(charge.pieces)}, the layout has {count} brackets")
    made: list[Bracket] = []
    lower = 0
    before: Bracket | None = None
    for place, piece in enumerate(charge.pieces):
        rate = round_up(piece.rate * lot_value * _UNIT)
        if before is not None and _smooth(charge, place):
            # Marginal rates go up and bounds down, so the polygon stays above, and is whole at its corners.
            deduction = before.deduction + before.upper * (rate - before.rate)
        else:
            deduction = round_down(piece.deduction * _MONEY)
        upper = _upper(charge, place, lot_value)
        before = None
        if upper > lower:
            before = Bracket(rate, deduction, upper)
            made.append(before)
            lower = upper
        if upper == LARGEST_SIZE:
            break
    if not made:
        raise FormatError("tiers", "leave no size below the position limit", mend="Use a smaller lot")
    return (*made, *([made[-1]] * (count - len(made))))


def _smooth(charge: Charge, place: int) -> bool:
    """Whether the charge is continuous and convex where piece `place` starts."""
    before, after = charge.pieces[place - 1 : place + 1]
    return before.at(after.start) == after.at(after.start) and after.rate >= before.rate


def _upper(charge: Charge, place: int, lot_value: Fraction) -> int:
    bound = charge.end(place)
    if bound is None:
        return LARGEST_SIZE
    exact = bound / lot_value * _LOTS
    upper = round_down(exact)
    if place + 1 < len(charge.pieces) and upper == exact:
        before, after = charge.pieces[place : place + 2]
        if before.at(bound) != after.at(bound):
            # At a jump the bound is the upper tier's; a shared bound would let the cheaper one be picked.
            upper -= 1
    return min(upper, LARGEST_SIZE)
