"""What the table of Derive's standard manager is built from: prices, bands, confidences, rules; decimals."""

from __future__ import annotations

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

__all__ = [
    "StandardExpiry",
    "StandardInput",
    "StandardMarket",
    "StandardOption",
    "StandardPerp",
    "StandardRules",
]

_MAX_MARKETS = 256
_MAX_EXPIRIES = 64


class StandardRules(Member):
    """One market's margin parameters, as shares and scales, by the names of `prover.venues.derive_standard`.

    Attributes
    ----------
    max_spot, min_spot, maintenance_call, maintenance_put, maintenance_put_mark
        Shares of the spot (the last: of the mark) for a short option on its own.
    unpaired_initial, unpaired_maintenance
        Forwards for a net short call.
    offset
        Scale of the maintenance margin under a put's initial margin.
    perp_initial, perp_maintenance
        Shares of the perpetual's notional.
    base_factor, base_initial_scale
        What the base asset counts for, and the scale of that for the initial level.
    option_threshold, perp_threshold, base_threshold, contingency_factor
        Oracle contingency: 0 switches a threshold off.
    """

    max_spot: DecimalText
    min_spot: DecimalText
    maintenance_call: DecimalText
    maintenance_put: DecimalText
    maintenance_put_mark: DecimalText
    unpaired_initial: DecimalText
    unpaired_maintenance: DecimalText
    offset: DecimalText
    perp_initial: DecimalText
    perp_maintenance: DecimalText
    base_factor: DecimalText
    base_initial_scale: DecimalText
    option_threshold: DecimalText
    perp_threshold: DecimalText
    base_threshold: DecimalText
    contingency_factor: DecimalText

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        for name in type(self).model_fields:
            if parse_decimal(getattr(self, name)) < 0:
                raise rule_error("is negative", field=name, mend="No rule pays its holder")
        for name in ("unpaired_initial", "unpaired_maintenance", "offset"):
            if parse_decimal(getattr(self, name)) < 1:
                raise rule_error("is below 1", field=name, mend="The venue's own contract refuses that too")
        return self


class StandardPerp(Member):
    """The perpetual of a market: its own price, and that oracle's confidence (0 to 1)."""

    price: PositiveText
    confidence: DecimalText
    band: DecimalText | None = None


class StandardOption(Member):
    """One listed option; `volatility` a year, in ones."""

    strike: PositiveText
    option_type: Literal["call", "put"]
    volatility: DecimalText


class StandardExpiry(Member):
    """One expiry.

    Attributes
    ----------
    expiry
        Seconds since 1970.
    forward, band
        Quote units a unit, and its relative half-width (the input's when left out).
    confidence
        The least of the forward's and of the volatilities' of this expiry.
    volatility_band
        By how much all its volatilities may move, relative; 0, and named as frozen, when left out.
    options
        What is listed.
    """

    expiry: Time
    forward: PositiveText
    confidence: DecimalText
    band: DecimalText | None = None
    volatility_band: DecimalText | None = None
    options: Annotated[tuple[StandardOption, ...], entries(least=1, most=MAX_INSTRUMENTS)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        seen = set()
        for option in self.options:
            key = (parse_decimal(option.strike), option.option_type)
            if key in seen:
                raise rule_error(f"list {option.strike} {option.option_type} twice", field="options")
            seen.add(key)
        return self


class StandardMarket(Member):
    """One underlying.

    Attributes
    ----------
    name
        Such as ``ETH``.
    spot, band, spot_confidence
        The index price, its relative half-width, and its confidence.
    lot
        Units a lot; chosen from the spot when left out.
    rules
        Margin parameters.
    perp, base
        Whether and how a perpetual, and the base asset as collateral, are listed.
    expiries
        Expiries of listed options.
    """

    name: Text
    spot: PositiveText
    spot_confidence: DecimalText
    rules: StandardRules
    band: DecimalText | None = None
    lot: PositiveText | None = None
    perp: StandardPerp | None = None
    base: bool | None = None
    expiries: Annotated[tuple[StandardExpiry, ...], entries(most=_MAX_EXPIRIES)] = ()

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len({each.expiry for each in self.expiries}) != len(self.expiries):
            raise rule_error("list one twice", field="expiries", mend="Put its options together")
        return self


class StandardInput(Document):
    """``zksolvency/derive-standard-input/1``.

    Attributes
    ----------
    name, venue, quote, period
        As in the universe.
    epoch, time, valid_until
        As in the snapshot.
    band
        Relative half-width of every price that states none of its own.
    stable, stable_band
        The settlement stablecoin's price in dollars, and its relative half-width (0 when left out).
    depeg_threshold, depeg_factor
        Below which price, and how, a depeg is charged.
    markets
        In the order of the universe.
    """

    SCHEMA: ClassVar[str] = "zksolvency/derive-standard-input/1"

    name: Text
    venue: Text
    quote: Text
    period: Text
    epoch: Epoch
    time: Time
    valid_until: Time
    band: DecimalText
    stable: PositiveText
    depeg_threshold: DecimalText
    depeg_factor: DecimalText
    markets: Annotated[tuple[StandardMarket, ...], entries(least=1, most=_MAX_MARKETS)]
    stable_band: DecimalText | None = None

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len({each.name for each in self.markets}) != len(self.markets):
            raise rule_error("list one twice", field="markets", mend="Keep one")
        return self
