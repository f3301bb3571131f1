"""Lighter: flat fractions of notional by market, summed over positions.

Source: Lighter's API, `orderBookDetails`: min_initial_margin_fraction and maintenance_margin_fraction, basis
points.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

__all__ = ["BASIS_POINTS", "margin"]

BASIS_POINTS = 10**4


def margin(positions: Iterable[tuple[Fraction, Fraction, int]]) -> Fraction:
    """Σ |size| · price · fraction over (size, price, fraction in basis points), quote units."""
    return sum(
        (abs(size) * price * Fraction(fraction, BASIS_POINTS) for size, price, fraction in positions),
        Fraction(0),
    )
