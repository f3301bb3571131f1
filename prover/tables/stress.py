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
from functools import cached_property

from verifier.errors import FormatError

from ..pricing.machine import Mpfr, exact, machine, number
from ..pricing.normal import cumulative
from ..pricing.pinned import black76_grid, d_terms

__all__ = [
    "Asset",
    "Plan",
    "Stress",
    "StressGrid",
    "Valuation",
    "delta",
    "to_units",
    "unstressed",
    "valuations",
]

_ZERO = Fraction(0)
_HALF = Fraction(1, 2)
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

    def __post_init__(self) -> None:
        """Above one half, a shocked deviation could fall as time to expiry grows; bounds rely on its rise."""
        if not (0 <= self.short_power <= _HALF and 0 <= self.long_power <= _HALF):
            raise FormatError("short_power", "or long_power is not from 0 to 0.5")

    def scaled(self, share: Fraction) -> StressGrid:
        """The grid with every factor times `share`: another level of the same venue."""
        return replace(
            self, stresses=tuple(replace(each, factor=each.factor * share) for each in self.stresses)
        )

    @cached_property
    def plan(self) -> Plan:
        """What all rows of this grid share, worked out once."""
        return Plan.of(self)


@dataclass(frozen=True, eq=False)
class Plan:
    """A grid's numbers in pinned arithmetic, and in which batches options are priced.

    Attributes
    ----------
    grid
        Whose.
    moves
        Distinct moves of the forward: (1 + move, shift).
    shocks
        Distinct shocks of the volatility: (relative, absolute, at least).
    places
        For each stress, its move and its shock.
    batches
        Moves and shocks that are all wanted with each other.
    factors
        For each stress (1 − factor, factor).
    scales
        Shocks enlarged for an expiry, by years.
    """

    grid: StressGrid
    moves: tuple[tuple[Mpfr, Mpfr], ...]
    shocks: tuple[tuple[Mpfr, Mpfr, Mpfr], ...]
    places: tuple[tuple[int, int], ...]
    batches: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    factors: tuple[tuple[Mpfr, Mpfr], ...]
    scales: dict[Fraction, tuple[Mpfr, ...]]

    @classmethod
    def of(cls, grid: StressGrid) -> Plan:
        """The plan of a grid."""
        moves: dict[tuple[Fraction, Fraction], int] = {}
        shocks: dict[tuple[Fraction, Fraction, Fraction], int] = {}
        places = []
        for each in grid.stresses:
            shock = (each.shock, each.volatility_shift, each.least)
            places.append(
                (
                    moves.setdefault((each.move, each.shift), len(moves)),
                    shocks.setdefault(shock, len(shocks)),
                )
            )
        wanted: dict[int, set[int]] = {}
        for move, shock_place in places:
            wanted.setdefault(move, set()).add(shock_place)
        batches: dict[tuple[int, ...], list[int]] = {}
        for move, of_move in wanted.items():
            batches.setdefault(tuple(sorted(of_move)), []).append(move)
        return cls(
            grid,
            tuple((number(1 + move), number(shift)) for move, shift in moves),
            tuple((number(a), number(b), number(c)) for a, b, c in shocks),
            tuple(places),
            tuple((tuple(at), with_shocks) for with_shocks, at in batches.items()),
            tuple((number(1 - each.factor), number(each.factor)) for each in grid.stresses),
            {},
        )

    def forwards(self, price: Mpfr) -> list[Mpfr]:
        """The forward under each distinct move."""
        context = machine().context
        return [context.fma(price, ratio, shift) for ratio, shift in self.moves]

    def volatilities(self, volatility: Mpfr, years: Fraction) -> list[Mpfr]:
        """The volatility under each distinct shock, a year; 0 or more."""
        context = machine().context
        found = []
        for (_, shift, least), scale in zip(self.shocks, self._scales(years), strict=True):
            shocked = context.fma(volatility, scale, volatility)
            found.append(max(context.add(shocked, shift), least))
        return found

    def _scales(self, years: Fraction) -> tuple[Mpfr, ...]:
        if years not in self.scales:
            days = years * _YEAR
            grid = self.grid
            power = grid.short_power if days < grid.split_days else grid.long_power
            enlarged = _power(Fraction(30) / max(grid.floor_days, days), power) if power else number(1)
            self.scales[years] = tuple(machine().context.mul(shock, enlarged) for shock, _, _ in self.shocks)
        return self.scales[years]


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


def _power(base: Fraction, power: Fraction) -> Mpfr:
    """base^power through logarithm and exponential, each correctly rounded."""
    context = machine().context
    return context.exp(context.mul(number(power), context.log(number(base))))


def valuations(asset: Asset, grid: StressGrid, prices: Sequence[Fraction]) -> list[Valuation]:
    """What a unit is worth at each price, with no stress and under each stress from there.

    Raises
    ------
    FormatError
        When a stress takes an option's forward to zero or below: Black-76 has no such price.
    """
    plan = grid.plan
    at = [number(price) for price in prices]
    moved = [plan.forwards(price) for price in at]
    if asset.strike is None:
        return [
            Valuation(price, tuple(forwards[move] for move, _ in plan.places))
            for price, forwards in zip(at, moved, strict=True)
        ]
    if any(not forward > 0 for forwards in moved for forward in forwards):
        raise FormatError(
            "price_range",
            "takes the forward of an option to zero or below",
            mend="Narrow the range, or list the contract's risk array instead",
        )
    volatility, strike = number(asset.volatility), number(asset.strike)
    stressed = plan.volatilities(volatility, asset.years) if plan.places else []
    time = number(max(_ZERO, asset.years - grid.lookahead))
    found: list[dict[tuple[int, int], Mpfr]] = [{} for _ in prices]
    # One logarithm a price: in a batch every price is taken with every volatility.
    for moves, shocks in plan.batches:
        forwards = [forwards[move] for forwards in moved for move in moves]
        values = iter(black76_grid(forwards, [stressed[shock] for shock in shocks], strike, time, asset.call))
        for at_price in found:
            for move in moves:
                at_price.update(
                    ((move, shock), value) for shock, value in zip(shocks, next(values), strict=True)
                )
    still = unstressed(asset, prices)
    return [
        Valuation(value, tuple(at_price[place] for place in plan.places))
        for value, at_price in zip(still, found, strict=True)
    ]


def unstressed(asset: Asset, prices: Sequence[Fraction]) -> list[Mpfr]:
    """What a unit is worth at each price."""
    if asset.strike is None:
        return [number(price) for price in prices]
    return [
        value for (value,) in black76_grid(prices, [asset.volatility], asset.strike, asset.years, asset.call)
    ]


def delta(asset: Asset, price: Fraction, volatility: Fraction) -> Fraction:
    """What a unit gains for one quote unit of its forward: exactly the pinned number, 1 for a linear one."""
    if asset.strike is None:
        return Fraction(1)
    if not asset.years or not volatility:
        inside = price > asset.strike if asset.call else price < asset.strike
        return Fraction(int(inside) * (1 if asset.call else -1))
    d1, _ = d_terms(price, asset.strike, volatility, asset.years)
    context = machine().context
    return exact(cumulative(d1) if asset.call else context.minus(cumulative(context.minus(d1))))


def to_units(values: Sequence[Mpfr]) -> list[int]:
    """Each to the nearest whole number; halves up."""
    rounded = []
    for value in values:
        top, bottom = value.as_integer_ratio()
        rounded.append(int((2 * top + bottom) // (2 * bottom)))
    return rounded
