"""Synthetix v3 perpetuals: margin that grows with the position's share of the market's skew scale.

Source: Synthetixio/synthetix-v3, markets/perps-market (initial margin ratio, available margin): facts only.
"""

from __future__ import annotations

from fractions import Fraction

__all__ = ["initial", "profit"]


def initial(
    size: Fraction, price: Fraction, *, skew_scale: Fraction, fraction: Fraction, minimum: Fraction
) -> Fraction:
    """Initial margin, quote units: notional · (|size| / skew scale · fraction + minimum ratio)."""
    ratio = abs(size) / skew_scale * fraction + minimum
    return abs(size) * price * ratio


def profit(size: Fraction, price: Fraction, fill: Fraction) -> Fraction:
    """What an open position has gained since its fill, quote units."""
    return size * (price - fill)
