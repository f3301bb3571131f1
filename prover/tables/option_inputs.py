"""The options builder's input; a snapshot's model carries the whole of it, so anyone can rebuild rows."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from verifier.market import FeedKind
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

from ..risk.parameters import RiskParameters

__all__ = [
    "SPOT_KINDS",
    "ChargeRates",
    "ExpiryInput",
    "OptionFeedInput",
    "OptionInstrument",
    "OptionsInput",
    "OptionsParameters",
    "ScenarioGrid",
    "ScenarioInput",
    "Terms",
]

SPOT_KINDS = ("index", "mark", "forward", "collateral", "stablecoin")
"""Kinds of the one feed that prices an underlying."""

_MAX_STRESSES = 255


class OptionFeedInput(Member):
    """A public number and its band.

    Attributes
    ----------
    id, kind, underlying
        As in a snapshot. An underlying has one feed of a spot kind, at most one ``volatility`` (the level
        that all its volatilities move with), and a ``basis`` or ``spread`` for each expiry or perpetual that
        names one.
    price
        Quote units; a year in ones for a volatility or a spread; a ratio to the spot for a basis.
    band
        Relative half-width. Or
    low, high
        the band's ends; both or none. With none of the three the feed does not move.
    """

    id: Text
    kind: FeedKind
    underlying: Text
    price: DecimalText
    band: DecimalText | None = None
    low: DecimalText | None = None
    high: DecimalText | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise rule_error("needs both ends", field="low", mend="Give low and high, or neither")
        if self.low is not None and self.band is not None:
            raise rule_error("is given beside low and high", field="band", mend="Give one of the two")
        return self


class ScenarioInput(Member):
    """One scenario; the zero stress is never listed, every table has it.

    Attributes
    ----------
    name
        What its nodes are called.
    move
        Relative move of the spot, above −1.
    shock
        Relative shock of volatilities; the grid's powers enlarge it by expiry.
    volatility_shift
        Absolute move of volatilities, a year in ones.
    least
        Volatilities are at least this afterwards.
    factor
        Part of the loss that counts, before the level's factor; 0 or more.
    """

    name: Text
    move: DecimalText = "0"
    shock: DecimalText = "0"
    volatility_shift: DecimalText = "0"
    least: DecimalText = "0"
    factor: DecimalText = "1"

    @model_validator(mode="after")
    def _within(self) -> Self:
        for name, least in (("move", -1), ("shock", -1)):
            if parse_decimal(getattr(self, name)) <= least:
                raise rule_error("takes everything", field=name, mend="It must be above -1")
        for name in ("least", "factor"):
            if parse_decimal(getattr(self, name)) < 0:
                raise rule_error("is negative", field=name, mend="It must be 0 or more")
        if self.name == "none":
            raise rule_error("is the zero stress's", field="name", mend="It is there without being listed")
        return self


class ScenarioGrid(Member):
    """The scenarios.

    Attributes
    ----------
    stresses
        Each at every corner of the bands.
    short_power, long_power
        A volatility shock is enlarged by (30 / days)^power: the short power below 30 days to expiry.
    floor_days
        Days to expiry count as at least this many there.
    """

    stresses: Annotated[tuple[ScenarioInput, ...], entries(most=_MAX_STRESSES)] = ()
    short_power: DecimalText = "0"
    long_power: DecimalText = "0"
    floor_days: PositiveText = "1"

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [stress.name for stress in self.stresses]
        if len(set(names)) != len(names):
            raise rule_error("name a stress twice", field="stresses", mend="Keep one")
        if any(parse_decimal(power) < 0 for power in (self.short_power, self.long_power)):
            raise rule_error("is negative", field="short_power", mend="It must be 0 or more")
        return self


class ChargeRates(Member):
    """Charged beside the scan, as shares of the spot's highest price, for each unit held.

    Attributes
    ----------
    option_long, option_short
        Of options.
    linear
        Of perpetuals and futures, on both sides.
    """

    option_long: DecimalText = "0"
    option_short: DecimalText = "0"
    linear: DecimalText = "0"

    @model_validator(mode="after")
    def _not_negative(self) -> Self:
        for name in type(self).model_fields:
            if parse_decimal(getattr(self, name)) < 0:
                raise rule_error("is negative", field=name, mend="It must be 0 or more")
        return self


class Terms(Member):
    """What a margin level asks: a factor on every stress's own, and charges."""

    factor: DecimalText
    charges: ChargeRates = ChargeRates()

    @model_validator(mode="after")
    def _not_negative(self) -> Self:
        if parse_decimal(self.factor) < 0:
            raise rule_error("is negative", field="factor", mend="It must be 0 or more")
        return self


class ExpiryInput(Member):
    """One expiry of one underlying.

    Attributes
    ----------
    underlying, expiry
        Which.
    basis
        Id of the feed whose price, times the spot, is the forward; the spot itself when left out.
    spread
        Id of the feed of what this expiry's volatilities move beside the common level.
    weight
        How many points they move for one point of the common level.
    """

    underlying: Text
    expiry: Time
    basis: Text | None = None
    spread: Text | None = None
    weight: DecimalText = "1"

    @model_validator(mode="after")
    def _not_negative(self) -> Self:
        if parse_decimal(self.weight) < 0:
            raise rule_error("is negative", field="weight", mend="It must be 0 or more")
        return self


class OptionInstrument(Member):
    """One instrument.

    Attributes
    ----------
    id, kind, underlying, expiry, strike, option_type, retired
        As in the universe.
    lot, size_step
        As for linear instruments.
    volatility
        Of an option, at the volatility feed's price: a year in ones.
    basis
        Of a perpetual: id of the feed whose price, times the spot, is its mark.
    weight
        Of a deposit: the share of its value that counts, from 0 to 1.
    limit
        Largest size in units of the underlying.
    """

    id: Text
    kind: Literal["perpetual", "future", "option", "deposit", "borrow"]
    underlying: Text
    lot: PositiveText | None = None
    size_step: PositiveText | None = None
    expiry: Time | None = None
    strike: PositiveText | None = None
    option_type: Literal["call", "put"] | None = None
    volatility: PositiveText | None = None
    basis: Text | None = None
    weight: DecimalText | None = None
    limit: PositiveText | None = None
    retired: bool | None = None

    @model_validator(mode="after")
    def _shape(self) -> Self:
        wanted = {
            "strike": self.kind == "option",
            "option_type": self.kind == "option",
            "volatility": self.kind == "option",
            "expiry": self.kind in ("option", "future"),
            "weight": self.kind == "deposit",
        }
        for name, needed in wanted.items():
            if (getattr(self, name) is not None) != needed:
                problem = "is missing" if needed else "is out of place"
                raise rule_error(problem, field=name, mend=f"It is {self.kind} {self.id}")
        if self.basis is not None and self.kind != "perpetual":
            raise rule_error("is out of place", field="basis", mend="An expiry names its own")
        if self.weight is not None and not 0 <= parse_decimal(self.weight) <= 1:
            raise rule_error("is no share", field="weight", mend="It must be from 0 to 1")
        return self


Knots = Annotated[int, Field(ge=2, le=128)]


class OptionsInput(Document):
    """``zksolvency/options-input/1``: what a snapshot of options, futures, perpetuals and collateral is from.

    Attributes
    ----------
    name, venue, quote, period
        Of the universe.
    epoch, time, valid_until
        Of the snapshot.
    feeds
        Spot feeds in the order of the universe's underlyings: append only. Others anywhere.
    expiries
        One for each expiry that an instrument has.
    grid
        The scenarios.
    levels
        What ``maintenance`` and ``initial`` ask.
    knots
        At how many prices of its band each spot feed has nodes, ends included.
    volatility_knots
        The same for each volatility feed.
    unstressed
        Underlyings that the scenarios leave alone, such as a stablecoin.
    instruments
        Their order is the universe's: append only.
    frozen
        What moves an account's value and has neither band nor charge, in words; the builder adds what it
        knows.
    risk
        Ranges from price history that the stresses must reach, so that anyone recomputes why they are as wide
        as they are: see `prover.risk.parameters`.
    """

    SCHEMA: ClassVar[str] = "zksolvency/options-input/1"

    name: Text
    venue: Text
    quote: Text
    period: Text
    epoch: Epoch
    time: Time
    valid_until: Time
    feeds: Annotated[tuple[OptionFeedInput, ...], entries(least=1, most=MAX_INSTRUMENTS)]
    expiries: Annotated[tuple[ExpiryInput, ...], entries(most=256)] = ()
    grid: ScenarioGrid = ScenarioGrid()
    levels: dict[Literal["maintenance", "initial"], Terms]
    knots: Knots = 2
    volatility_knots: Knots = 2
    unstressed: Annotated[tuple[Text, ...], entries(most=256)] = ()
    instruments: Annotated[tuple[OptionInstrument, ...], entries(least=1, most=MAX_INSTRUMENTS)]
    frozen: Annotated[tuple[Text, ...], entries(most=200)] = ()
    risk: Annotated[tuple[RiskParameters, ...], entries(least=1, most=256)] | None = None

    @model_validator(mode="after")
    def _reaches_risk(self) -> Self:
        """A published range is for stressing by: a stress that counts in full goes that far, either way."""
        moves = [parse_decimal(each.move) for each in self.grid.stresses if parse_decimal(each.factor) >= 1]
        most, least = max(moves, default=Fraction(0)), min(moves, default=Fraction(0))
        stressed = {feed.underlying for feed in self.feeds} - set(self.unstressed)
        for place, each in enumerate(self.risk or ()):
            up = parse_decimal(each.range)
            down = up / (1 + up)
            if each.underlying not in stressed:
                raise rule_error(
                    "is not an underlying that the scenarios move",
                    field=f"risk[{place}].underlying",
                    mend="Add its feed, or leave its range out",
                )
            if each.time > self.time:
                raise rule_error("is after time", field=f"risk[{place}].time", mend="Use known history")
            if most < up or -least < down:
                raise rule_error(
                    f"asks for moves from {-float(down):.6f} to {float(up):.6f}, and the stresses go from "
                    f"{float(least):.6f} to {float(most):.6f}",
                    field=f"risk[{place}].range",
                    mend="Add stresses that go that far and count in full",
                )
        return self


class OptionsParameters(Member):
    """What rows of one level need beside feeds, window and universe.

    Attributes
    ----------
    expiries, grid, terms, knots, volatility_knots, unstressed
        As in the input; `terms` are those of the level.
    volatilities, weights, bases, limits
        By instrument id.
    """

    expiries: Annotated[tuple[ExpiryInput, ...], entries(most=256)]
    grid: ScenarioGrid
    terms: Terms
    knots: Knots
    volatility_knots: Knots
    unstressed: Annotated[tuple[Text, ...], entries(most=256)]
    volatilities: dict[str, PositiveText]
    weights: dict[str, DecimalText]
    bases: dict[str, Text]
    limits: dict[str, PositiveText]
