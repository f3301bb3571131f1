"""The file that a table of Derive's portfolio manager is built from; decimals are text."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, ClassVar, Literal, Self

from pydantic import model_validator

from verifier.models import (
    DecimalText,
    Document,
    Epoch,
    Member,
    PositiveText,
    Text,
    Time,
    entries,
    rule_error,
)
from verifier.numbers import parse_decimal
from verifier.universe import MAX_INSTRUMENTS

from .derive_portfolio_inputs import (
    PortfolioCollateral,
    PortfolioExpiry,
    PortfolioMarket,
    PortfolioOption,
    PortfolioScenario,
)

__all__ = ["PortfolioInput"]

_MAX_SCENARIOS = 40
"""As many as the venue's own contract takes."""

_MAX_EXPIRIES = 30
_SIGNED = ("LINEAR_CBASE", "ABS_CBASE", "VOL_PARAM_SCALE")


class _Group(Member):
    """Parameters under the names that the venue publishes them by."""

    @model_validator(mode="after")
    def _not_negative(self) -> Self:
        for name in type(self).model_fields:
            if name not in _SIGNED and parse_decimal(getattr(self, name)) < 0:
                raise rule_error("is negative", field=name, mend="The venue's contract refuses that too")
        return self

    def numbers(self) -> dict[str, Fraction]:
        """Exact values by name."""
        return {name: parse_decimal(getattr(self, name)) for name in type(self).model_fields}


class SkewShock(_Group):
    """How far the wings of the volatilities move."""

    LINEAR_SCALE_CAP: DecimalText
    LINEAR_CBASE: DecimalText
    ABS_SCALE_CAP: DecimalText
    ABS_CBASE: DecimalText
    MIN_K_STAR: PositiveText
    MIN_WIDTH_SCALE: DecimalText
    VOL_PARAM_STATIC: DecimalText
    VOL_PARAM_SCALE: DecimalText


class VolShock(_Group):
    """How far volatilities move up and down at thirty days, and elsewhere."""

    VOLRANGEUP: DecimalText
    VOLRANGEDOWN: DecimalText
    SHORTTERMPOWER: DecimalText
    LONGTERMPOWER: DecimalText
    DTE_FLOOR: DecimalText
    MIN_VOL_EVAL_SHOCKED: DecimalText


class MarginFactors(_Group):
    """Loss factors of the levels, and static discounts."""

    MM_LOSS_FACTOR: DecimalText
    IM_LOSS_FACTOR: DecimalText
    SHORT_RATE_MULTSCALE: DecimalText
    LONG_RATE_MULTSCALE: DecimalText
    SHORT_RATE_ADDSCALE: DecimalText
    LONG_RATE_ADDSCALE: DecimalText
    BASE_STATIC_DISCOUNT: DecimalText
    BASE_STATIC_DISCOUNT_NEG: DecimalText


class BasisContingency(_Group):
    """Two spot shocks, and what an expiry's loss at them is multiplied by."""

    SCENARIO_SPOT_UP: PositiveText
    SCENARIO_SPOT_DOWN: PositiveText
    BASIS_CONT_ADD_FACTOR: DecimalText
    BASIS_CONT_MULT_FACTOR: DecimalText


class OtherContingency(_Group):
    """Stablecoin, confidences, perpetuals, naked shorts."""

    PEG_LOSS_THRESHOLD: DecimalText
    PEG_LOSS_FACTOR: DecimalText
    CONF_THRESHOLD: DecimalText
    CONF_MARGIN: DecimalText
    MM_PERP_PERCENT: DecimalText
    IM_PERP_PERCENT: DecimalText
    MM_OPTION_PERCENT: DecimalText
    IM_OPTION_PERCENT: DecimalText


class PortfolioParameters(Member):
    """All of the manager's parameters."""

    SkewShock: SkewShock
    VolShock: VolShock
    Margin: MarginFactors
    BasisContingency: BasisContingency
    OtherContingency: OtherContingency


class ScenarioEntry(Member):
    """A spot factor, a volatility shock and a dampening."""

    spot: PositiveText
    volatility: Literal["Up", "Down", "None", "LINEAR", "ABS"]
    dampening: DecimalText


class PerpetualEntry(Member):
    """The perpetual: its price and that feed's confidence (0 to 1)."""

    price: PositiveText
    confidence: DecimalText


class OptionEntry(Member):
    """One listed option; `volatility` a year, in ones."""

    strike: PositiveText
    option_type: Literal["call", "put"]
    volatility: DecimalText


class ExpiryEntry(Member):
    """One expiry: `confidence` is the least of its forward's, its rate's and its volatilities'."""

    expiry: Time
    forward: PositiveText
    rate: DecimalText
    confidence: DecimalText
    options: Annotated[tuple[OptionEntry, ...], entries(least=1, most=MAX_INSTRUMENTS)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        listed = [(parse_decimal(each.strike), each.option_type) for each in self.options]
        if len(set(listed)) < len(listed):
            raise rule_error("list one twice", field="options", mend="Keep one")
        return self


class CollateralEntry(Member):
    """One collateral: `price` in dollars; haircuts are shares, and the initial level charges both."""

    name: Text
    price: PositiveText
    confidence: DecimalText
    risk_cancelling: bool
    initial_haircut: DecimalText
    maintenance_haircut: DecimalText


class PortfolioInput(Document):
    """``zksolvency/derive-portfolio-input/1``: one underlying's market.

    Attributes
    ----------
    name, venue, quote, period
        As in the universe.
    epoch, time, valid_until
        As in the snapshot.
    underlying, spot, spot_confidence
        What everything is margined against, its index price and that feed's confidence.
    stable
        The settlement stablecoin's price in dollars.
    parameters, scenarios
        The manager's, by its own names.
    perpetual, expiries, collaterals
        What is listed.
    """

    SCHEMA: ClassVar[str] = "zksolvency/derive-portfolio-input/1"

    name: Text
    venue: Text
    quote: Text
    period: Text
    epoch: Epoch
    time: Time
    valid_until: Time
    underlying: Text
    spot: PositiveText
    spot_confidence: DecimalText
    stable: PositiveText
    parameters: PortfolioParameters
    scenarios: Annotated[tuple[ScenarioEntry, ...], entries(least=1, most=_MAX_SCENARIOS)]
    perpetual: PerpetualEntry | None = None
    expiries: Annotated[tuple[ExpiryEntry, ...], entries(most=_MAX_EXPIRIES)] = ()
    collaterals: Annotated[tuple[CollateralEntry, ...], entries(most=MAX_INSTRUMENTS)] = ()

    @model_validator(mode="after")
    def _once(self) -> Self:
        for field, listed in (
            ("expiries", [each.expiry for each in self.expiries]),
            ("collaterals", [each.name for each in self.collaterals]),
        ):
            if len(set(listed)) < len(listed):
                raise rule_error("list one twice", field=field, mend="Keep one")
        return self

    @property
    def live(self) -> tuple[ExpiryEntry, ...]:
        """Expiries that are still to come."""
        return tuple(each for each in self.expiries if each.expiry > self.time)

    def market(self) -> PortfolioMarket:
        """The same in exact fractions, with seconds left for dates."""
        number = parse_decimal
        expiries, options = [], []
        for each in self.live:
            left = each.expiry - self.time
            confidence = number(each.confidence)
            expiries.append(PortfolioExpiry(left, number(each.forward), number(each.rate), confidence))
            for option in each.options:
                call = option.option_type == "call"
                options.append(PortfolioOption(left, number(option.strike), call, number(option.volatility)))
        perpetual = self.perpetual
        return PortfolioMarket(
            spot=number(self.spot),
            stable=number(self.stable),
            scenarios=tuple(
                PortfolioScenario(number(each.spot), each.volatility, number(each.dampening))
                for each in self.scenarios
            ),
            parameters={
                name: getattr(self.parameters, name).numbers() for name in type(self.parameters).model_fields
            },
            spot_confidence=number(self.spot_confidence),
            perpetual_price=number(perpetual.price) if perpetual else None,
            perpetual_confidence=number(perpetual.confidence) if perpetual else Fraction(1),
            expiries=tuple(expiries),
            options=tuple(options),
            collaterals=tuple(
                PortfolioCollateral(
                    price=number(each.price),
                    risk_cancelling=each.risk_cancelling,
                    initial_haircut=number(each.initial_haircut),
                    maintenance_haircut=number(each.maintenance_haircut),
                    confidence=number(each.confidence),
                )
                for each in self.collaterals
            ),
        )
