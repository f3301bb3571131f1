"""Deribit's portfolio margin of one currency pair, in plain floats.

A matrix of nine prices, evenly spaced over plus and minus the price range, with the volatility up,
unchanged and down; an extended table of far moves with the volatility up, weighted by range / move and
dampened; a roll shock on each expiry's net delta; a delta shock on a net delta above a threshold.
Maintenance is a share of initial. Sources: support.deribit.com, "Portfolio Margin" (the components and the
extended moves), and the parameters that docs.deribit.com's private/pme/simulate returns (price_range,
volatility_range_up and _down, the two vega powers, min_volatility_for_shock_up, extended_table_factor,
extended_dampener, annualised_move_risk, min_annualised_move, max_delta_shock,
delta_total_liq_shock_threshold, mm_factor).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import expm1
from typing import Literal

from .black import black76, black_delta, power_of_days

__all__ = ["Held", "Margin", "Rates", "matrix", "portfolio_margin", "roll_shock"]

Level = Literal["initial", "maintenance"]
Settlement = Literal["linear", "coin"]
Shock = Literal["down", "same", "up"]

EXTENDED = (-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
"""Moves of the extended table."""


@dataclass(frozen=True)
class Rates:
    """Parameters of a currency pair; the defaults are those of the documentation's BTC example.

    Attributes
    ----------
    price_range
        Largest move of the matrix.
    buckets
        Prices on each side of the present one.
    volatility_up, volatility_down
        Relative shocks at 30 days.
    short_power, long_power
        Powers of 30 / days, below 30 days and from 30 days on.
    least_up_volatility
        A volatility that is shocked up is at least this.
    extended, extended_factor, dampener
        Moves of the extended table, their common factor, and quote units that a loss there is lessened by for
        each price range beyond the first.
    annual_move, least_move
        The roll shock: exp(annual · years) − 1, at least `least_move`, of an expiry's net delta.
    delta_threshold, delta_shock
        From which net delta in quote units the delta shock may apply, and its largest share.
    maintenance
        Share of the initial requirement.
    settlement
        ``linear`` (in the quote currency) or ``coin``: losses are counted in coins at the shocked price.
    """

    price_range: float = 0.16
    buckets: int = 4
    volatility_up: float = 0.5
    volatility_down: float = 0.25
    short_power: float = 0.3
    long_power: float = 0.13
    least_up_volatility: float = 0.5
    extended: tuple[float, ...] = EXTENDED
    extended_factor: float = 1.0
    dampener: float = 0.0
    annual_move: float = 0.075
    least_move: float = 0.01
    delta_threshold: float = 20_000_000.0
    delta_shock: float = 0.1
    maintenance: float = 0.8
    settlement: Settlement = "linear"

    def volatility(self, volatility: float, shock: Shock, days: float) -> float:
        """A volatility after a shock."""
        if shock == "same":
            return volatility
        enlarged = power_of_days(days, 1.0, self.short_power if days < 30 else self.long_power)
        if shock == "down":
            return max(0.0, volatility * (1 - self.volatility_down * enlarged))
        return max(volatility * (1 + self.volatility_up * enlarged), self.least_up_volatility)


@dataclass(frozen=True)
class Held:
    """A position; units as in `prover.venues.paradex.Held`. `expiry` names the forward it hangs on."""

    size: float
    forward: float
    strike: float | None = None
    volatility: float = 0.0
    days: float = 0.0
    call: bool = True
    expiry: str = "perpetual"

    @property
    def delta(self) -> float:
        """Of one unit."""
        if self.strike is None:
            return 1.0
        return black_delta(self.forward, self.strike, self.volatility, self.days / 365, self.call)

    def value(self, forward: float, volatility: float) -> float:
        """Of one unit, quote units."""
        if self.strike is None:
            return forward
        return black76(forward, self.strike, volatility, self.days / 365, self.call)


def matrix(book: Sequence[Held], rates: Rates) -> Mapping[tuple[float, Shock], float]:
    """The book's counted profit, quote units at today's price, by move and volatility shock."""
    steps = range(-rates.buckets, rates.buckets + 1)
    found: dict[tuple[float, Shock], float] = {}
    for step in steps:
        move = rates.price_range * step / rates.buckets
        for shock in ("up", "same", "down"):
            found[move, shock] = _profit(book, rates, move, shock) / _coin(rates, move)
    for move in rates.extended:
        profit = _profit(book, rates, move, "up") * rates.extended_factor * rates.price_range / abs(move)
        clipped = max(-rates.price_range, min(rates.price_range, move))
        ranges = max(abs(move) / rates.price_range, 1.0) - 1.0
        counted = profit / _coin(rates, clipped)
        relief = min(abs(counted), ranges * rates.dampener)
        found[move, "up"] = counted + relief if counted < 0 else counted - relief
    return found


def _coin(rates: Rates, move: float) -> float:
    """What turns quote units at a shocked price into coins, and those into quote units at today's."""
    return 1 + move if rates.settlement == "coin" else 1.0


def _profit(book: Sequence[Held], rates: Rates, move: float, shock: Shock) -> float:
    total = 0.0
    for held in book:
        moved = rates.volatility(held.volatility, shock, held.days)
        now = held.value(held.forward, held.volatility)
        total += held.size * (held.value(held.forward * (1 + move), moved) - now)
    return total


def roll_shock(book: Sequence[Held], spot: float, rates: Rates) -> float:
    """The forwards of different expiries move apart: each expiry's absolute net delta at its own rate."""
    net: dict[str, tuple[float, float]] = {}
    for held in book:
        delta, _ = net.get(held.expiry, (0.0, 0.0))
        net[held.expiry] = (delta + held.size * held.delta, held.days)
    return sum(
        abs(delta) * spot * max(rates.least_move, expm1(rates.annual_move * days / 365))
        for delta, days in net.values()
    )


@dataclass(frozen=True)
class Margin:
    """A pair's margin and its parts, quote units.

    Attributes
    ----------
    worst, roll, delta
        Scan loss, roll shock and delta shock, before the level's share.
    applies
        Whether the net delta is above the delta shock's threshold.
    requirement
        Their sum, at the level.
    """

    worst: float
    roll: float
    delta: float
    applies: bool
    requirement: float


def portfolio_margin(
    book: Sequence[Held], spot: float, level: Level = "initial", rates: Rates | None = None
) -> Margin:
    """Portfolio margin of one pair.

    The delta shock is taken at its largest share once the net delta is above the threshold: the venue's
    documents state its threshold and its maximum, not how it grows between them.
    """
    rates = rates or Rates()
    worst = max(0.0, *(-profit for profit in matrix(book, rates).values()))
    roll = roll_shock(book, spot, rates)
    net = abs(sum(held.size * held.delta for held in book)) * spot
    applies = net > rates.delta_threshold
    shock = net * rates.delta_shock if applies else 0.0
    share = rates.maintenance if level == "maintenance" else 1.0
    return Margin(worst, roll, shock, applies, share * (worst + roll + shock))
