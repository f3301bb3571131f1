"""Drift v2's margin in the chain's integers, division by division.

Units: quote and prices 1e-6, base 1e-9, weights and margin ratios 1e-4, imf factors 1e-6.
Source: drift-labs/protocol-v2, programs/drift/src/math/margin.rs and state: facts only.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

__all__ = [
    "OPEN_ORDER",
    "PROFIT_CAP",
    "WEIGHT",
    "Perp",
    "Spot",
    "asset_weight",
    "liability_weight",
    "perp_margin",
    "scaled_weight",
    "spot_margin",
]

WEIGHT = 10**4
OPEN_ORDER = 10**4
"""Requirement of an open order: 0.01 quote units."""

PROFIT_CAP = 100 * 10**6
"""Most of an open profit that counts for initial margin: 100 quote units a position."""

_IMF = 10**6
_BASE = 10**9
_PRICE = 10**6


def asset_weight(size: int, imf: int, weight: int) -> int:
    """Weight of a deposit of `size` (1e-9 tokens): min(weight, 1.1 / (1 + imf·√size)), cut off."""
    if imf == 0:
        return weight
    numerator = _IMF + _IMF // 10
    return min(weight, numerator * WEIGHT // (_IMF + isqrt(size * 10 + 1) * imf // 100_000))


def liability_weight(size: int, imf: int, weight: int) -> int:
    """Weight of a debt, or ratio of a perpetual: max(weight, 0.8·weight + imf·√size), terms cut off."""
    if imf == 0:
        return weight
    premium = isqrt(size * 10 + 1) * imf // (100_000 * _IMF // WEIGHT)
    return max(weight, weight - weight // 5 + premium)


def scaled_weight(deposit_value: int, start: int, weight: int) -> int:
    """Initial weight once a market's deposits exceed `start` (both 1e-6 quote; 0 is never), cut off."""
    if start == 0 or deposit_value < start:
        return weight
    return weight * start // deposit_value


@dataclass(frozen=True)
class Perp:
    """A perpetual position.

    Attributes
    ----------
    base, quote
        Signed size and what it cost, negated.
    price
        The oracle's.
    ratio, imf
        Margin ratio of a small position at the level, and the market's factor.
    profit_weight, profit_imf
        Weight of an open profit at the level, and its factor.
    prediction
        Whether it is a prediction market's, where a short risks what is left of 1.
    custom_ratio
        The holder's own least ratio.
    """

    base: int
    quote: int
    price: int
    ratio: int
    imf: int = 0
    profit_weight: int = WEIGHT
    profit_imf: int = 0
    prediction: bool = False
    custom_ratio: int = 0


def perp_margin(position: Perp, *, initial: bool) -> tuple[int, int, int]:
    """(requirement, counted profit, profit) of a perpetual, 1e-6 quote."""
    at_risk = _PRICE - position.price if position.prediction and position.base < 0 else position.price
    ratio = liability_weight(abs(position.base), position.imf, position.ratio)
    due = abs(position.base) * at_risk // _BASE * max(ratio, position.custom_ratio) // WEIGHT
    profit = _cut(position.base * position.price, _BASE) + position.quote
    counted = profit
    if profit > 0:
        weight = position.profit_weight
        if initial:
            weight = asset_weight(profit * 1000, position.profit_imf, weight)
        counted = profit * weight // WEIGHT
    if initial:
        counted = min(counted, PROFIT_CAP)
    return due, counted, profit


@dataclass(frozen=True)
class Spot:
    """A token held or owed, its weights at the level, and open orders in it.

    Attributes
    ----------
    tokens, bids, asks
        1e-9 tokens; asks negative.
    price
        1e-6 quote.
    asset, liability
        Weights at the level.
    custom_ratio
        The holder's own least ratio.
    """

    tokens: int
    price: int
    asset: int
    liability: int
    bids: int = 0
    asks: int = 0
    custom_ratio: int = 0


def spot_margin(position: Spot) -> tuple[int, int]:
    """(collateral, requirement) of a token at the side of its orders that leaves less, 1e-6 quote."""
    sides = [_filled(position, orders) for orders in (position.asks, position.bids)]
    return min(sides, key=lambda side: side[0] - side[1])


def _filled(position: Spot, orders: int) -> tuple[int, int]:
    value = _cut((position.tokens + orders) * position.price, _BASE)
    spent = -_cut(orders * position.price, _BASE)
    collateral = due = 0
    if value > 0:
        collateral += value * min(position.asset, WEIGHT - position.custom_ratio) // WEIGHT
    else:
        due += -value * max(position.liability, WEIGHT + position.custom_ratio) // WEIGHT
    if spent > 0:
        collateral += spent
    return collateral, due + max(0, -spent)


def _cut(value: int, unit: int) -> int:
    """Division that cuts off towards zero, as on chain."""
    return value // unit if value >= 0 else -(-value // unit)
