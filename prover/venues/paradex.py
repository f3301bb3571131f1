"""Paradex: margin of perpetual options position by position, and portfolio margin, in plain floats.

Sources: docs.paradex.trade, "Margin requirements" of perpetual options (documentation/perpetual-options) and
"Portfolio margin" (risk/portfolio-margin): 24 scenarios of spot and volatility with weights, a minimum on net
and hedged delta, and a fee provision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .black import black76, black_delta, power_of_days

__all__ = [
    "PORTFOLIO",
    "DeltaRisk",
    "Held",
    "OptionRates",
    "PortfolioRates",
    "delta_risk",
    "option_margin",
    "portfolio_margin",
    "scan_losses",
]

Level = Literal["initial", "maintenance"]


@dataclass(frozen=True)
class OptionRates:
    """Rates of cross margin for options, of one level.

    Attributes
    ----------
    premium
        Share of the option's mark that a long is charged at most.
    long
        Share of spot that a long is charged at most.
    in_the_money, out_of_the_money
        Shares of spot that a short is charged: the first less what it is out of the money, at least the
        second.
    put_cap
        Share of the strike that a short put is charged at most.
    """

    premium: float
    long: float
    in_the_money: float
    out_of_the_money: float
    put_cap: float


def option_margin(
    rates: OptionRates,
    *,
    long: bool,
    call: bool,
    spot: float,
    strike: float | None = None,
    mark: float | None = None,
) -> float:
    """Margin of one option, quote units.

    Parameters
    ----------
    long
        Held long; its margin needs no strike. A short's needs no mark.
    call, spot, strike, mark
        The option and its prices.

    Raises
    ------
    ValueError
        When the price that the side needs is missing.
    """
    if long:
        if mark is None:
            raise ValueError("a long option needs its mark")
        return min(rates.premium * mark, rates.long * spot)
    if strike is None:
        raise ValueError("a short option needs its strike")
    out = max(0.0, strike - spot if call else spot - strike)
    due = max(rates.in_the_money * spot - out, rates.out_of_the_money * spot)
    return due if call else min(due, rates.put_cap * strike)


@dataclass(frozen=True)
class PortfolioRates:
    """Rates of portfolio margin.

    Attributes
    ----------
    scenarios
        Spot move, volatility shock and weight of each, as fractions.
    net_delta, hedged_delta
        Charged on the absolute net delta and on the hedged delta, shares of spot.
    maintenance
        Share of the initial requirement (fees apart) that maintenance asks for.
    short_power, long_power, split_days, floor_days
        The volatility shock is enlarged by (30 / max(floor, days))^power; the short power below `split_days`.
    """

    scenarios: tuple[tuple[float, float, float], ...]
    net_delta: float = 0.02
    hedged_delta: float = 0.01
    maintenance: float = 0.5
    short_power: float = 0.30
    long_power: float = 0.13
    split_days: float = 30.0
    floor_days: float = 1.0

    def volatility(self, volatility: float, shock: float, days: float) -> float:
        """A volatility after a shock."""
        power = self.short_power if days < self.split_days else self.long_power
        return max(0.0, volatility * (1 + shock * power_of_days(days, self.floor_days, power)))


_UP, _DOWN = 0.40, -0.22
_USUAL = [
    (0.16, _UP),
    *((0.04 * step, shock) for step in range(3, -4, -1) for shock in (_UP, _DOWN)),
    (-0.16, _UP),
]
_EXTENDED = [
    (-0.66, 0.24),
    (-0.33, 0.48),
    (0.5, 0.32),
    (1.0, 0.16),
    (2.0, 0.08),
    (3.0, 0.0533),
    (4.0, 0.04),
    (5.0, 0.032),
]

PORTFOLIO = PortfolioRates(
    (*((move, shock, 1.0) for move, shock in _USUAL), *((move, _UP, weight) for move, weight in _EXTENDED))
)
"""The rates as the page states them."""


@dataclass(frozen=True)
class Held:
    """A position of a portfolio.

    Attributes
    ----------
    size
        Signed, units of the underlying.
    forward
        Price of the perpetual, future, or the option's forward, quote units a unit.
    strike, volatility, days, call
        Of an option; a strike of None is a perpetual or future.
    fee
        Fee provision a unit, quote units.
    """

    size: float
    forward: float
    strike: float | None = None
    volatility: float = 0.0
    days: float = 0.0
    call: bool = True
    fee: float = 0.0

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


def scan_losses(book: Sequence[Held], rates: PortfolioRates = PORTFOLIO) -> tuple[float, ...]:
    """The book's weighted loss in each scenario (negative is a gain)."""
    losses = []
    for move, shock, weight in rates.scenarios:
        profit = 0.0
        for held in book:
            moved = rates.volatility(held.volatility, shock, held.days)
            now = held.value(held.forward, held.volatility)
            profit += held.size * (held.value(held.forward * (1 + move), moved) - now)
        losses.append(-weight * profit)
    return tuple(losses)


@dataclass(frozen=True)
class DeltaRisk:
    """Net, gross and hedged delta, and what they are charged."""

    net: float
    gross: float
    hedged: float
    risk: float


def delta_risk(
    deltas: Sequence[tuple[float, float]], spot: float, *, net_rate: float = 0.02, hedged_rate: float = 0.01
) -> DeltaRisk:
    """The minimum delta requirement.

    Parameters
    ----------
    deltas
        Signed size and delta of one unit, for each position.
    spot
        Quote units a unit.
    net_rate, hedged_rate
        Shares of spot.
    """
    net = sum(size * delta for size, delta in deltas)
    gross = sum(abs(size * delta) for size, delta in deltas)
    hedged = (gross - abs(net)) / 2
    return DeltaRisk(net, gross, hedged, (net_rate * abs(net) + hedged_rate * hedged) * spot)


def portfolio_margin(
    book: Sequence[Held], spot: float, level: Level = "initial", rates: PortfolioRates = PORTFOLIO
) -> float:
    """Portfolio margin of one underlying, quote units: the larger of scan and minimum delta, and the fees."""
    scan = max(0.0, *scan_losses(book, rates)) if book else 0.0
    minimum = delta_risk(
        [(held.size, held.delta) for held in book],
        spot,
        net_rate=rates.net_delta,
        hedged_rate=rates.hedged_delta,
    ).risk
    share = rates.maintenance if level == "maintenance" else 1.0
    return share * max(scan, minimum) + sum(abs(held.size) * held.fee for held in book)
