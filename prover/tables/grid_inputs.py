"""What a table of stress grids is built from: prices, bands and a venue's parameters as decimals."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

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
from verifier.universe import MAX_INSTRUMENTS

__all__ = [
    "CrossParameters",
    "CrossRates",
    "DeribitParameters",
    "GridInput",
    "GridInstrument",
    "GridUnderlying",
    "Method",
    "ParadexParameters",
    "Scenario",
    "SpanParameters",
]

Method = Literal["span", "paradex", "deribit"]

_MAX_SCENARIOS = 255


class SpanParameters(Member):
    """A combined commodity's daily parameters; `prover.tables.span.SpanRules` says what they mean.

    Attributes
    ----------
    price_range
        Quote units a unit of the underlying. With `volatility_range` it may be left out where every
        instrument has its risk array.
    multiplier
        Units of the underlying a contract; `spread_rate` and `minimum` are quote units a contract.
    lookahead_days
        Whole days that pass before an option is valued again.
    credits
        Inter-commodity credits: any makes the builder refuse, by name.
    """

    price_range: DecimalText = "0"
    volatility_range: DecimalText = "0"
    extreme: Literal["double", "triple"] = "double"
    lookahead_days: Annotated[int, Field(ge=0, le=30)] = 0
    multiplier: PositiveText = "1"
    spread_rate: DecimalText = "0"
    minimum: DecimalText = "0"
    initial_share: DecimalText = "1"
    credits: Annotated[tuple[Text, ...], entries(most=64)] = ()


class Scenario(Member):
    """A spot move, a relative volatility shock and a weight."""

    move: DecimalText
    shock: DecimalText
    weight: DecimalText


class CrossRates(Member):
    """Cross margin rates of one level: shares as `prover.venues.paradex.OptionRates` has them.

    Attributes
    ----------
    perpetual
        Share of the notional that a perpetual or future is charged.
    """

    premium: DecimalText
    long: DecimalText
    in_the_money: DecimalText
    out_of_the_money: DecimalText
    put_cap: DecimalText
    perpetual: DecimalText


class CrossParameters(Member):
    """Cross margin: every position is charged on its own."""

    initial: CrossRates
    maintenance: CrossRates


class ParadexParameters(Member):
    """Portfolio margin's parameters, the venue's published ones where left out; or cross margin's.

    Attributes
    ----------
    cross
        Rates of cross margin: then there are no scenarios, and the other members are left out.
    """

    cross: CrossParameters | None = None

    scenarios: Annotated[tuple[Scenario, ...], entries(least=1, most=_MAX_SCENARIOS)] | None = None
    net_delta: DecimalText | None = None
    hedged_delta: DecimalText | None = None
    maintenance: DecimalText | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        others = (self.scenarios, self.net_delta, self.hedged_delta, self.maintenance)
        if self.cross is not None and any(each is not None for each in others):
            raise rule_error("is given beside portfolio margin's", field="cross", mend="Give one of the two")
        return self


class DeribitParameters(Member):
    """A currency pair's parameters; those of the documentation's example where left out."""

    price_range: DecimalText | None = None
    volatility_up: DecimalText | None = None
    volatility_down: DecimalText | None = None
    short_power: DecimalText | None = None
    long_power: DecimalText | None = None
    least_up_volatility: DecimalText | None = None
    extended_factor: DecimalText | None = None
    annual_move: DecimalText | None = None
    least_move: DecimalText | None = None
    delta_threshold: DecimalText | None = None
    delta_shock: DecimalText | None = None
    maintenance: DecimalText | None = None
    buckets: Annotated[int, Field(ge=1, le=64)] | None = None
    extended: Annotated[tuple[DecimalText, ...], entries(most=64)] | None = None
    settlement: Literal["linear", "coin"] = "linear"
    lines: Annotated[int, Field(ge=0, le=33)] = 0
    unchanged: Literal["nodes", "charged"] = "nodes"


class GridUnderlying(Member):
    """One underlying: the one price that all its instruments move with, and its parameters.

    Attributes
    ----------
    underlying
        Its name.
    feed, kind
        Id and kind of its price in files of live prices.
    price
        Quote units a unit.
    band
        Relative half-width; no move when left out.
    volatility_feed, volatility_band
        Id of the feed of how far an implied volatility has moved since the snapshot, and the furthest
        that it may, a year in ones (0.01 is a point); both or none.
    span, paradex, deribit
        Parameters of the input's method.
    """

    underlying: Text
    feed: Text
    kind: Literal["index", "mark", "forward"]
    price: PositiveText
    band: DecimalText | None = None
    volatility_feed: Text | None = None
    volatility_band: PositiveText | None = None
    span: SpanParameters | None = None
    paradex: ParadexParameters | None = None
    deribit: DeribitParameters | None = None

    @model_validator(mode="after")
    def _volatility(self) -> Self:
        if (self.volatility_feed is None) != (self.volatility_band is None):
            raise rule_error(
                "needs both", field="volatility_feed", mend="Give its feed and its band, or none"
            )
        return self


class GridInstrument(Member):
    """One instrument.

    Attributes
    ----------
    id, kind, underlying, expiry, strike, option_type, retired
        As in the universe.
    lot, size_step
        As for linear instruments.
    price
        Of a perpetual, a future or an option's forward; it moves in proportion to the underlying's feed,
        whose price it is when left out.
    volatility
        Of an option, a year in ones.
    value
        Of an option that has a risk array: what a unit is worth.
    delta
        SPAN's composite delta of a contract; Black-76's when left out.
    array
        SPAN's risk array: what one long contract gains (or, negative, loses) in each of the sixteen
        scenarios, quote units, factors included. In place of pricing; the underlying then has no band.
    fee, funding
        Paradex's provisions: quote units a unit; funding is what a long is expected to pay.
    """

    id: Text
    kind: Literal["perpetual", "future", "option"]
    underlying: Text
    lot: PositiveText | None = None
    size_step: PositiveText | None = None
    expiry: Time | None = None
    strike: PositiveText | None = None
    option_type: Literal["call", "put"] | None = None
    price: PositiveText | None = None
    volatility: PositiveText | None = None
    value: DecimalText | None = None
    delta: DecimalText | None = None
    array: Annotated[tuple[DecimalText, ...], entries(least=16, most=16)] | None = None
    fee: DecimalText = "0"
    funding: DecimalText = "0"
    retired: bool | None = None

    @model_validator(mode="after")
    def _shape(self) -> Self:
        option = self.kind == "option"
        wanted = {
            "strike": option,
            "option_type": option,
            "volatility": option and self.array is None,
            "value": option and self.array is not None,
            "expiry": self.kind != "perpetual",
        }
        for name, needed in wanted.items():
            if (getattr(self, name) is not None) != needed:
                problem = "is missing" if needed else "is out of place"
                raise rule_error(problem, field=name, mend=f"It is {self.kind} {self.id}")
        return self


class GridInput(Document):
    """``zksolvency/grid-input/1``: what a snapshot of a stress grid is made from.

    Attributes
    ----------
    method
        Whose rules: ``span``, ``paradex`` or ``deribit``.
    name, venue, quote, period
        Of the universe.
    epoch, time, valid_until
        Of the snapshot.
    underlyings, instruments
        In the universe's order: append only.
    frozen
        What else moves an account's value without a band, in words; the builder adds what it knows.
    """

    SCHEMA: ClassVar[str] = "zksolvency/grid-input/1"

    method: Method
    name: Text
    venue: Text
    quote: Text
    period: Text
    epoch: Epoch
    time: Time
    valid_until: Time
    underlyings: Annotated[tuple[GridUnderlying, ...], entries(least=1, most=256)]
    instruments: Annotated[tuple[GridInstrument, ...], entries(least=1, most=MAX_INSTRUMENTS)]
    frozen: Annotated[tuple[Text, ...], entries(most=200)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [each.underlying for each in self.underlyings]
        for place, each in enumerate(self.underlyings):
            for method in ("span", "paradex", "deribit"):
                if getattr(each, method) is not None and method != self.method:
                    raise rule_error(
                        f"is {method}'s", field=f"underlyings[{place}].{method}", mend=f"Use {self.method}"
                    )
            if each.underlying in names[:place]:
                raise rule_error("is listed twice", field=f"underlyings[{place}].underlying", mend="Keep one")
        for place, instrument in enumerate(self.instruments):
            if instrument.underlying not in names:
                raise rule_error(
                    "is not listed", field=f"instruments[{place}].underlying", mend="Add it to underlyings"
                )
            if instrument.array is not None and self.method != "span":
                raise rule_error(
                    "is out of place", field=f"instruments[{place}].array", mend="Only SPAN has arrays"
                )
        return self
