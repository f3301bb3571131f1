"""Tiered maintenance as Binance and Hyperliquid state it: each part of a notional at its own tier's rate.

Sources: Binance support article 360033162192 (maintenance = notional·rate − cum); Hyperliquid docs, margin
tiers.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

__all__ = ["liquidation_price", "maintenance", "rate_at_leverage"]


def maintenance(notional: Fraction, tiers: Sequence[tuple[Fraction, Fraction]]) -> Fraction:
    """Sum over tiers of (part of the notional inside) · rate.

    Parameters
    ----------
    notional
        Quote units, not negative.
    tiers
        (floor, rate) by increasing floor, the first from 0.
    """
    due = Fraction(0)
    for place, (floor, rate) in enumerate(tiers):
        ceiling = tiers[place + 1][0] if place + 1 < len(tiers) else notional
        due += max(Fraction(0), min(notional, ceiling) - floor) * rate
    return due


def rate_at_leverage(leverage: Fraction) -> Fraction:
    """Hyperliquid: half the initial rate at the tier's maximum leverage."""
    return 1 / leverage / 2


def liquidation_price(
    *,
    wallet: Fraction,
    other_maintenance: Fraction,
    other_profit: Fraction,
    size: Fraction,
    entry: Fraction,
    rate: Fraction,
    cum: Fraction,
) -> Fraction:
    """Binance: the price at which equity is the maintenance of all positions.

    wallet − others' maintenance + others' profit + size·(price − entry) = |size|·price·rate − cum.

    Parameters
    ----------
    wallet, other_maintenance, other_profit, cum
        Quote units.
    size
        Signed units of the underlying.
    entry
        Quote units a unit.
    rate
        Of the tier at liquidation.
    """
    return (wallet - other_maintenance + other_profit + cum - size * entry) / (abs(size) * rate - size)
