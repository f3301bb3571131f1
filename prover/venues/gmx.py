"""GMX v2: whether a position's remaining collateral is below what keeps it open.

Source: gmx-io/gmx-synthetics, liquidation tests of a market without fees, price impact or borrowing (facts).
"""

from __future__ import annotations

from fractions import Fraction

__all__ = ["MINIMUM_USD", "least_collateral", "liquidatable", "remaining"]

MINIMUM_USD = Fraction(1)
"""The market's least collateral of any position."""


def remaining(
    *,
    collateral: Fraction,
    collateral_price: Fraction,
    size_usd: Fraction,
    entry: Fraction,
    price: Fraction,
    is_long: bool,
) -> Fraction:
    """Collateral and profit, quote units; the size is fixed in tokens at the entry price."""
    tokens = size_usd / entry
    gained = tokens * price - size_usd
    return collateral * collateral_price + (gained if is_long else -gained)


def least_collateral(size_usd: Fraction, factor: Fraction) -> Fraction:
    """The larger of the market's minimum and a share of the size at entry."""
    return max(MINIMUM_USD, size_usd * factor)


def liquidatable(left: Fraction, least: Fraction) -> bool:
    """Whether a position is closed: nothing left, or less than the least collateral."""
    return left <= 0 or left < least
