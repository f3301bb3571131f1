"""What a table of Derive's portfolio manager is built from, in exact fractions.

Money in quote units, volatilities and rates a year, times in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from verifier.errors import FormatError

__all__ = [
    "SKEWS",
    "PortfolioCollateral",
    "PortfolioExpiry",
    "PortfolioMarket",
    "PortfolioOption",
    "PortfolioScenario",
]

SKEWS = ("LINEAR", "ABS")
"""Volatility shocks by strike; they count an expiry's move as a loss whichever its sign."""

_SHOCKS = ("Up", "Down", "None", *SKEWS)
_ONE = Fraction(1)


@dataclass(frozen=True)
class PortfolioScenario:
    """One scenario.

    Attributes
    ----------
    spot
        What the spot is multiplied by.
    volatility
        ``Up``, ``Down``, ``None``, ``LINEAR`` or ``ABS``.
    dampening
        What the move is multiplied by; may be 0, or above 1.
    """

    spot: Fraction
    volatility: str
    dampening: Fraction

    def __post_init__(self) -> None:
        """Refuse what is no scenario of the manager."""
        if self.volatility not in _SHOCKS:
            raise FormatError("scenarios", "has no such volatility shock", value=self.volatility)
        if self.spot < 0 or self.dampening < 0:
            raise FormatError("scenarios", "has a factor below zero", value=str(self))

    @property
    def is_skew(self) -> bool:
        """Whether it shocks volatilities by strike."""
        return self.volatility in SKEWS


@dataclass(frozen=True)
class PortfolioExpiry:
    """An expiry's feeds: its forward, its rate, and the least confidence of its feeds."""

    seconds: int
    forward: Fraction
    rate: Fraction
    confidence: Fraction = _ONE


@dataclass(frozen=True)
class PortfolioOption:
    """A listed option: its expiry (by seconds left), strike, side and mark volatility."""

    seconds: int
    strike: Fraction
    call: bool
    volatility: Fraction


@dataclass(frozen=True)
class PortfolioCollateral:
    """A listed collateral; `price` in dollars, so a unit is worth ``price / stable`` quote units.

    A lot is chosen by the price where `lot` is None.
    """

    price: Fraction
    risk_cancelling: bool
    initial_haircut: Fraction
    maintenance_haircut: Fraction
    confidence: Fraction = _ONE
    lot: Fraction | None = None


@dataclass(frozen=True)
class PortfolioMarket:
    """Everything public that the manager looks at.

    Attributes
    ----------
    perpetual_price
        None when no perpetual is listed.
    expiries
        Each with one number of seconds.
    parameters
        By group (``SkewShock``, ``VolShock``, ``Margin``, ``BasisContingency``, ``OtherContingency``) and
        name, as published.
    lot
        Units of the underlying that values of options and perpetuals are for; chosen by the spot when None.
    """

    spot: Fraction
    stable: Fraction
    scenarios: tuple[PortfolioScenario, ...]
    parameters: Mapping[str, Mapping[str, Fraction]]
    spot_confidence: Fraction = _ONE
    perpetual_price: Fraction | None = None
    perpetual_confidence: Fraction = _ONE
    expiries: tuple[PortfolioExpiry, ...] = ()
    options: tuple[PortfolioOption, ...] = ()
    collaterals: tuple[PortfolioCollateral, ...] = ()
    lot: Fraction | None = None

    def __post_init__(self) -> None:
        """Refuse options of an expiry that has no feeds, and prices that are none."""
        listed = [each.seconds for each in self.expiries]
        if len(set(listed)) < len(listed):
            raise FormatError("expiries", "names one twice")
        for option in self.options:
            if option.seconds not in listed:
                raise FormatError("options", "has an expiry without feeds", value=option.seconds)
        if self.spot <= 0 or self.stable <= 0:
            raise FormatError("spot", "or the stablecoin's price is not above zero")
