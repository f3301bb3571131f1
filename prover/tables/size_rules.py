"""Rates and weights that depend on the size itself, and the polygons that carry them in a table.

A table's brackets are linear in size, so a curve is bounded from above by chords between preferred numbers,
ten a decade: at most 1.6 % above a charge that grows with the square of the size, less for a slower one. At
the preferred sizes the charge is exact (of a root: to 1e-4 of the notional, since the chain rounds weights).
Sources of the rules: docs/margin.md, section "Venues".
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isqrt

from verifier.errors import FormatError
from verifier.market import Level
from verifier.numbers import parse_decimal, round_up

from .charges import Charge, chords, marginal
from .inputs import RootCurve, SkewCurve

__all__ = [
    "PREFERRED",
    "preferred_sizes",
    "root_discount",
    "root_premium",
    "size_curve",
    "skew_charge",
]

PREFERRED = tuple(Fraction(text) for text in ("1", "1.25", "1.6", "2", "2.5", "3.15", "4", "5", "6.3", "8"))
"""Ten sizes a decade, each about a quarter above the last."""

_UNIT = Fraction(1, 10**4)  # of a weight on chain
_DECADES = 14
_ROOT_DIGITS = 10**9
_APART = Fraction(21, 20)


def preferred_sizes(low: Fraction, high: Fraction) -> list[Fraction]:
    """The preferred numbers from `low` (a power of ten) to the first one at or above `high`."""
    sizes: list[Fraction] = []
    decade = low
    while not sizes or sizes[-1] < high:
        for factor in PREFERRED:
            sizes.append(decade * factor)
            if sizes[-1] >= high:
                break
        decade *= 10
    return sizes


def size_curve(
    charge: Callable[[Fraction], Fraction], price: Fraction, sizes: list[Fraction], start: Fraction
) -> Charge:
    """The polygon, by notional at `price`, above a convex `charge` of the size.

    Parameters
    ----------
    charge
        Quote units by size in units of the underlying, at that price; convex, never falling.
    price
        Quote units a unit.
    sizes
        Where the polygon touches the curve; the last is the position limit.
    start
        What a position of no size is charged.

    Raises
    ------
    FormatError
        When the charge is not convex at these sizes, or falls.
    """
    points = [(Fraction(0), start)]
    points += [(size * price, charge(size)) for size in sizes]
    return chords(points).rising()


def skew_charge(curve: SkewCurve, level: Level, price: Fraction) -> Charge:
    """Synthetix v3: size · price · (size / scale · fraction + minimum), a share of it for maintenance.

    Below a thousandth of the size where the two parts of the rate are equal, one chord is within 0.1 %.
    """
    scale, fraction = parse_decimal(curve.scale), parse_decimal(curve.fraction)
    least, largest = parse_decimal(curve.minimum_ratio), parse_decimal(curve.largest_size)
    share = parse_decimal(curve.maintenance_share) if level == "maintenance" else Fraction(1)
    fixed = parse_decimal(curve.per_position) if curve.per_position is not None else Fraction(0)
    if min(fraction, least, share, fixed) < 0:
        raise FormatError("skew", "has a negative number")
    equal = least * scale / fraction if fraction else largest

    def charge(size: Fraction) -> Fraction:
        return share * size * price * (size / scale * fraction + least) + fixed

    return size_curve(charge, price, _sizes(equal / 1000, largest), fixed)


def root_premium(curve: RootCurve, rate: Fraction, price: Fraction, *, debt: bool) -> Charge:
    """Drift v2: a margin ratio, or a debt's weight above 1, raised for a large size.

    Parameters
    ----------
    rate
        The ratio of a small position, or what a small debt is charged above itself.
    price
        Quote units a unit.
    debt
        Whether the weight that √size raises is 1 + `rate`. A weight below 1 counts as 1: a debt is negative
        equity in full.

    Raises
    ------
    FormatError
        When the weight itself is negative.
    """
    whole = Fraction(1) if debt else Fraction(0)
    factor, largest = _factor(curve), parse_decimal(curve.largest_size)
    weight = round_up((whole + rate) / _UNIT)
    if weight < 0:
        raise FormatError("tiers", "have a negative weight", value=str(whole + rate))
    base = weight - weight // 5
    least = max(rate, Fraction(0))

    def premium(size: Fraction) -> Fraction:
        return max(least, (base + _units(size, factor)) * _UNIT - whole)

    # Where the root begins to charge more than the least.
    kink = _size_of(Fraction(weight - base) if rate >= 0 else whole / _UNIT - base, factor)
    return _from_kink(least, lambda size: size * price * premium(size), price, kink, largest)


def root_discount(curve: RootCurve, weight: Fraction, price: Fraction) -> Charge:
    """Drift v2: what √size takes off a deposit's weight, min(weight, 1.1 / (1 + factor·√size)).

    The chain rounds the lower weight down, so one unit of 1e-4 is charged from the first token on.
    """
    factor, largest = _factor(curve), parse_decimal(curve.largest_size)
    top = Fraction(11, 10)
    if weight <= 0 or not factor:
        return marginal([(Fraction(0), Fraction(0))], largest * price)

    def taken(size: Fraction) -> Fraction:
        return weight - top / (1 + _units(size, factor) * _UNIT) + _UNIT

    kink = _size_of(max(Fraction(0), top / weight - 1) / _UNIT, factor)
    return _from_kink(_UNIT, lambda size: size * price * max(_UNIT, taken(size)), price, kink, largest)


def _from_kink(
    rate: Fraction,
    charge: Callable[[Fraction], Fraction],
    price: Fraction,
    kink: Fraction | None,
    largest: Fraction,
) -> Charge:
    """A flat rate up to the size where the root begins to bite, chords from there."""
    if kink is None or kink >= largest:
        return marginal([(Fraction(0), rate)], largest * price)
    # A point just after the kink would make a chord of nothing but rounding.
    sizes = [size for size in _sizes(kink, largest) if size > kink * _APART or size == largest]
    points = [(Fraction(0), Fraction(0))]
    if kink:
        points.append((kink * price, kink * price * rate))
    points += [(size * price, charge(size)) for size in sizes]
    return chords(points).rising()


def _sizes(low: Fraction, largest: Fraction) -> list[Fraction]:
    """Preferred sizes from the power of ten at or below `low`, at most fourteen decades, up to `largest`."""
    decade = Fraction(1)
    floor = max(low, largest / 10**_DECADES)
    while decade > floor:
        decade /= 10
    while decade * 10 <= floor:
        decade *= 10
    sizes = [size for size in preferred_sizes(decade, largest) if size < largest]
    return [*sizes, largest]


def _factor(curve: RootCurve) -> Fraction:
    factor = parse_decimal(curve.factor)
    if factor < 0:
        raise FormatError("root.factor", "is negative", value=curve.factor)
    return factor


def _units(size: Fraction, factor: Fraction) -> Fraction:
    """factor·√(size + 1e-10) in units of 1e-4 of a weight, from above: as on chain before its rounding."""
    shifted = size + Fraction(1, 10**10)
    root = Fraction(isqrt(round_up(shifted * _ROOT_DIGITS**2)) + 1, _ROOT_DIGITS)
    return factor * root / _UNIT


def _size_of(units: Fraction, factor: Fraction) -> Fraction | None:
    """The size whose root is worth `units` of 1e-4; None when no size is."""
    if not factor:
        return None
    return max(Fraction(0), (units * _UNIT / factor) ** 2 - Fraction(1, 10**10))
