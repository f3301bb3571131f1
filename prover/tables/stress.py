"""Stress grids: a venue's scenarios of price and volatility, each with its own factor, as exact numbers.

A grid says what happens to a forward and to a volatility; what an option is worth there is pinned arithmetic
(`prover.pricing.pinned`). A venue that counts the part f of the loss under stress s asks, at the prices b,
for E(b) − f·(V(b) − V(b, s)) ≥ 0. So a node's unit value is (1 − f)·pnl(b) + f·pnl(b, s), with pnl counted
from the mark; and every b has a node with no stress, since scan losses are floored at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

from verifier.errors import FormatError

from ..extras import require
from ..pricing.pinned import PRECISION, Mpfr, black76_greeks, black76_grid, number

__all__ = ["Asset", "Stress", "StressGrid", "Valuation", "context", "delta", "to_units", "valuation"]

_ZERO = Fraction(0)
_YEAR = 365


@dataclass(frozen=True)
class Stress:
    """One scenario.

    Attributes
    ----------
    name
        What the node is called.
    move
        Relative move of the forward.
    shift
        Absolute move of the forward, quote units a unit (SPAN's ranges are).
    shock
        Relative shock of the volatility at 30 days; the grid's powers enlarge it for other expiries.
    volatility_shift
        Absolute move of the volatility, a year.
    least
        The volatility is at least this afterwards.
    factor
        Part of the loss that counts.
    """

    name: str
    move: Fraction = _ZERO
    shift: Fraction = _ZERO
    shock: Fraction = _ZERO
    volatility_shift: Fraction = _ZERO
    least: Fraction = _ZERO
    factor: Fraction = Fraction(1)

    def forward(self, price: Fraction) -> Fraction:
        """A forward under this stress."""
        return price * (1 + self.move) + self.shift


@dataclass(frozen=True)
class StressGrid:
    """A venue's scenarios; the zero stress is not listed, every table has it.

    Attributes
    ----------
    name
        ``span``, ``paradex``, ``deribit``.
    stresses
        In the venue's order.
    short_power, long_power, split_days, floor_days
        A volatility shock is enlarged by (30 / max(floor, days))^power, with the short power below
        `split_days`.
    lookahead
        Years that pass before a stressed option is valued.
    """

    name: str
    stresses: tuple[Stress, ...]
    short_power: Fraction = _ZERO
    long_power: Fraction = _ZERO
    split_days: Fraction = Fraction(30)
    floor_days: Fraction = Fraction(1)
    lookahead: Fraction = _ZERO

    def scaled(self, share: Fraction) -> StressGrid:
        """The grid with every factor times `share`: another level of the same venue."""
        return replace(
            self, stresses=tuple(replace(each, factor=each.factor * share) for each in self.stresses)
        )

    def volatility(self, volatility: Fraction, years: Fraction, stress: Stress) -> Mpfr:
        """A volatility under a stress, a year; 0 or more."""
        ctx = context()
        days = years * _YEAR
        power = self.short_power if days < self.split_days else self.long_power
        shocked = number(volatility)
        if stress.shock:
            scale = number(stress.shock)
            if power:
                scale = ctx.mul(scale, _power(Fraction(30) / max(self.floor_days, days), power))
            shocked = ctx.mul(shocked, ctx.add(number(1), scale))
        if stress.volatility_shift:
            shocked = ctx.add(shocked, number(stress.volatility_shift))
        least = number(stress.least)
        return max(shocked, least)


@dataclass(frozen=True)
class Asset:
    """What a row is of, in exact numbers.

    Attributes
    ----------
    price
        Of the perpetual or future, or the option's forward, quote units a unit.
    strike, volatility, years, call
        Of an option; a strike of None is linear.
    """

    price: Fraction
    strike: Fraction | None = None
    volatility: Fraction = _ZERO
    years: Fraction = _ZERO
    call: bool = True


@dataclass(frozen=True)
class Valuation:
    """Quote units a unit, at one corner: with no stress, and under each stress of a grid."""

    still: Mpfr
    stressed: tuple[Mpfr, ...]


@cache
def context() -> Any:
    """This package's own MPFR context, of the pinned precision; the process's is neither read nor changed."""
    gmpy2 = require("gmpy2")
    return gmpy2.context(precision=PRECISION, round=gmpy2.RoundToNearest)


@cache
def _power(base: Fraction, power: Fraction) -> Mpfr:
    """base^power through logarithm and exponential, each correctly rounded."""
    ctx = context()
    return ctx.exp(ctx.mul(number(power), ctx.log(number(base))))


def valuation(asset: Asset, grid: StressGrid, price: Fraction, volatility: Fraction) -> Valuation:
    """What a unit is worth at one corner's price and volatility, and under each stress from there.

    Raises
    ------
    FormatError
        When a stress takes an option's forward to zero or below: Black-76 has no such price.
    """
    if asset.strike is None:
        return Valuation(number(price), tuple(number(each.forward(price)) for each in grid.stresses))
    forwards = [each.forward(price) for each in grid.stresses]
    if any(forward <= 0 for forward in forwards):
        raise FormatError(
            "price_range",
            "takes the forward of an option to zero or below",
            mend="Narrow the range, or list the contract's risk array instead",
        )
    years = max(_ZERO, asset.years - grid.lookahead)
    strike, time = number(asset.strike), number(years)
    # One logarithm a price: all volatilities that are wanted at a price are taken together.
    wanted: dict[Fraction, dict[tuple[Fraction, ...], Mpfr]] = {}
    for stress, forward in zip(grid.stresses, forwards, strict=True):
        at_price = wanted.setdefault(forward, {})
        key = (stress.shock, stress.volatility_shift, stress.least)
        if key not in at_price:
            at_price[key] = grid.volatility(volatility, asset.years, stress)
    found: dict[tuple[Fraction, tuple[Fraction, ...]], Mpfr] = {}
    for forward, volatilities in wanted.items():
        (values,) = black76_grid([forward], list(volatilities.values()), strike, time, asset.call)
        found.update(((forward, key), value) for key, value in zip(volatilities, values, strict=True))
    ((still,),) = black76_grid([price], [volatility], strike, asset.years, asset.call)
    return Valuation(
        still,
        tuple(
            found[forward, (stress.shock, stress.volatility_shift, stress.least)]
            for stress, forward in zip(grid.stresses, forwards, strict=True)
        ),
    )


def delta(asset: Asset, price: Fraction, volatility: Fraction) -> Fraction:
    """What a unit gains for one quote unit of its forward: exactly the pinned number, 1 for a linear one."""
    if asset.strike is None:
        return Fraction(1)
    if not asset.years or not volatility:
        inside = price > asset.strike if asset.call else price < asset.strike
        return Fraction(int(inside) * (1 if asset.call else -1))
    found = black76_greeks(price, asset.strike, volatility, asset.years, asset.call).delta
    top, bottom = found.as_integer_ratio()
    return Fraction(int(top), int(bottom))


def to_units(values: Sequence[Mpfr]) -> list[int]:
    """Each to the nearest whole number; halves up."""
    rounded = []
    for value in values:
        top, bottom = value.as_integer_ratio()
        rounded.append(int((2 * top + bottom) // (2 * bottom)))
    return rounded
