"""SPAN's margin of one combined commodity, as its clearing houses describe it, in plain floats.

Sixteen scenarios: the price unchanged, up and down by a third, two thirds and all of the price scan range,
each with the volatility up and down; and two extreme moves, of which only a part is considered. A
portfolio's scan risk is its largest loss, never below 0. Offsetting months are charged per spread, short
options have a minimum. Sources: CME, "SPAN" (methodology overview); the SPAN margin system papers of CBOT
(1991) and of the Athens clearing house (2015), sections scanning risk, inter-month spread charge, short
option minimum; McMillan, "Options as a Strategic Investment", chapter 34.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .black import black76

__all__ = [
    "EXTREMES",
    "Contract",
    "Margin",
    "Scenario",
    "margin",
    "risk_array",
    "scan",
    "scenarios",
    "short_option_minimum",
    "spread_charge",
]

Extreme = Literal["double", "triple"]

EXTREMES: Mapping[Extreme, tuple[float, float]] = {"double": (2.0, 0.35), "triple": (3.0, 0.33)}
"""An extreme move in price scan ranges, and the part of its loss that is considered."""


@dataclass(frozen=True)
class Scenario:
    """One of the sixteen.

    Attributes
    ----------
    price, volatility
        Moves in scan ranges.
    factor
        Part of the profit or loss that is considered.
    """

    price: float
    volatility: float
    factor: float


def scenarios(extreme: Extreme = "double") -> tuple[Scenario, ...]:
    """The sixteen scenarios in the order of a risk array."""
    steps = (0.0, 1 / 3, -1 / 3, 2 / 3, -2 / 3, 1.0, -1.0)
    usual = [Scenario(step, side, 1.0) for step in steps for side in (1.0, -1.0)]
    move, factor = EXTREMES[extreme]
    return (*usual, Scenario(move, 0.0, factor), Scenario(-move, 0.0, factor))


@dataclass(frozen=True)
class Contract:
    """A future, or an option on a future.

    Attributes
    ----------
    price
        Of the future, quote units a unit.
    multiplier
        Units a contract.
    price_range
        Price scan range, quote units a unit.
    volatility_range
        Volatility scan range, a year (0.02 is two points).
    strike, volatility, years, call
        Of an option; a strike of None is a future.
    lookahead
        Years that pass before an option is valued again (SPAN looks about a day ahead).
    """

    price: float
    multiplier: float
    price_range: float
    volatility_range: float = 0.0
    strike: float | None = None
    volatility: float = 0.0
    years: float = 0.0
    call: bool = True
    lookahead: float = 0.0

    def value(self, price: float, volatility: float, passed: float = 0.0) -> float:
        """Quote units a contract when the future is at `price`."""
        if self.strike is None:
            return self.multiplier * price
        years = max(0.0, self.years - passed)
        return self.multiplier * black76(price, self.strike, max(volatility, 0.0), years, self.call)


def risk_array(contract: Contract, extreme: Extreme = "double") -> tuple[float, ...]:
    """Profit (positive) or loss of one long contract in each scenario, the factor included.

    Raises
    ------
    ValueError
        When a scenario takes an option's future to zero or below, where Black-76 has no value.
    """
    start = contract.value(contract.price, contract.volatility)
    return tuple(
        each.factor
        * (
            contract.value(
                contract.price + each.price * contract.price_range,
                contract.volatility + each.volatility * contract.volatility_range,
                contract.lookahead,
            )
            - start
        )
        for each in scenarios(extreme)
    )


def scan(positions: Mapping[str, float], arrays: Mapping[str, Sequence[float]]) -> tuple[float, ...]:
    """The portfolio's profit or loss in each scenario.

    Parameters
    ----------
    positions
        Signed contracts by name.
    arrays
        Profit or loss of one long contract in each scenario, by name.
    """
    count = len(next(iter(arrays.values())))
    held = [(size, arrays[name]) for name, size in positions.items()]
    return tuple(sum(size * array[place] for size, array in held) for place in range(count))


def spread_charge(deltas: Mapping[str, float], rate: float) -> float:
    """Inter-month charge: the rate on every spread that long and short months' deltas form.

    Parameters
    ----------
    deltas
        Net delta by month, in futures.
    rate
        Quote units a spread.
    """
    long = sum(delta for delta in deltas.values() if delta > 0)
    short = -sum(delta for delta in deltas.values() if delta < 0)
    return rate * min(long, short)


def short_option_minimum(positions: Mapping[str, float], minimums: Mapping[str, float]) -> float:
    """The minimum on every short option, whatever offsets it; `minimums` by name, quote units a contract."""
    return sum(-size * minimums.get(name, 0.0) for name, size in positions.items() if size < 0)


@dataclass(frozen=True)
class Margin:
    """A commodity's scan risk, spread charge and short option minimum, quote units."""

    scan_risk: float
    spreads: float
    minimum: float

    @property
    def requirement(self) -> float:
        """max(scan risk + spread charge, short option minimum)."""
        return max(self.scan_risk + self.spreads, self.minimum)


def margin(
    positions: Mapping[str, float],
    arrays: Mapping[str, Sequence[float]],
    *,
    months: Mapping[str, tuple[str, float]] | None = None,
    spread_rate: float = 0.0,
    minimums: Mapping[str, float] | None = None,
) -> Margin:
    """Margin of one combined commodity.

    Parameters
    ----------
    positions, arrays
        As for `scan`.
    months
        Contract month and composite delta of one long contract, by name.
    spread_rate
        Quote units a spread.
    minimums
        Short option minimum by name.
    """
    net: dict[str, float] = {}
    for name, (month, delta) in (months or {}).items():
        net[month] = net.get(month, 0.0) + positions.get(name, 0.0) * delta
    return Margin(
        scan_risk=max(0.0, *(-each for each in scan(positions, arrays))),
        spreads=spread_charge(net, spread_rate),
        minimum=short_option_minimum(positions, minimums or {}),
    )
