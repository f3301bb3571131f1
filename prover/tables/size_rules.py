"""Rates and weights that depend on the size itself, and the polygon that carries them in a table.

A table's brackets are linear in size, so a curve is bounded from above by chords between preferred numbers,
ten a decade: at most 1.6 % above a charge that grows with the square of the size, less for a slower one. At
the preferred sizes the charge is exact. Sources of the rules: docs/margin.md, section "Venues".
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isqrt

from verifier.errors import FormatError

from .charges import Charge, chords

__all__ = [
    "PREFERRED",
    "drift_asset_weight",
    "drift_liability_weight",
    "drift_scaled_weight",
    "preferred_sizes",
    "size_curve",
    "synthetix_initial",
]

PREFERRED = tuple(Fraction(text) for text in ("1", "1.25", "1.6", "2", "2.5", "3.15", "4", "5", "6.3", "8"))
"""Ten sizes a decade, each about a quarter above the last."""

_IMF = 10**6
_WEIGHT = 10**4
_BASE = 10**9


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


def size_curve(charge: Callable[[Fraction], Fraction], price: Fraction, sizes: list[Fraction]) -> Charge:
    """The polygon, by notional at `price`, above a convex `charge` of the size.

    Parameters
    ----------
    charge
        Quote units by size in units of the underlying, at that price; convex, never falling, 0 at 0.
    price
        Quote units a unit.
    sizes
        Where the polygon touches the curve; the last is the position limit.

    Raises
    ------
    FormatError
        When the charge is not convex at these sizes, or falls.
    """
    points = [(Fraction(0), Fraction(0))]
    points += [(size * price, charge(size)) for size in sizes]
    return chords(points).rising()


def synthetix_initial(
    size: Fraction, price: Fraction, *, skew_scale: Fraction, fraction: Fraction, minimum: Fraction
) -> Fraction:
    """Synthetix v3: size · price · (size / skew scale · initial margin fraction + minimum ratio)."""
    return abs(size) * price * (abs(size) / skew_scale * fraction + minimum)


def drift_asset_weight(size: int, imf: int, weight: int) -> int:
    """Drift v2: an asset's weight, lowered for a large deposit; integers as on chain.

    Parameters
    ----------
    size
        Units of 1e-9.
    imf
        Initial margin fraction factor, 1e-6.
    weight
        Weight of a small deposit, 1e-4.

    Returns
    -------
    int
        min(weight, 1.1 / (1 + imf·√size)), 1e-4, rounded down.
    """
    if imf == 0:
        return weight
    numerator = _IMF + _IMF // 10
    return min(weight, numerator * _WEIGHT // (_IMF + _premium_root(size) * imf // 100_000))


def drift_liability_weight(size: int, imf: int, weight: int) -> int:
    """Drift v2: a liability's weight, or a perpetual's margin ratio, raised for a large size; as on chain.

    Returns
    -------
    int
        max(weight, 0.8·weight + imf·√size), 1e-4, rounded down term by term.
    """
    if imf == 0:
        return weight
    base = weight - weight // 5
    return max(weight, base + _premium_root(size) * imf // (100_000 * _IMF // _WEIGHT))


def _premium_root(size: int) -> int:
    return isqrt(size * 10 + 1)


def drift_scaled_weight(deposits: Fraction, start: Fraction, weight: int) -> int:
    """Drift v2: an initial asset weight once a market's public deposits exceed a start value, 1e-4.

    Parameters
    ----------
    deposits, start
        Quote units; a start of 0 means no scaling.
    weight
        1e-4.
    """
    if deposits < 0 or start < 0:
        raise FormatError("deposits", "is negative")
    if start == 0 or deposits <= start:
        return weight
    return int(weight * start / deposits)
