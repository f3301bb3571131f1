"""The builder's input: prices, bands and a venue's margin rules, as decimals, before any rounding."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import model_validator

from verifier.market import Level
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
    "CollateralTier",
    "DepositScaling",
    "FeedInput",
    "InstrumentInput",
    "MarketInput",
    "OpenInterest",
    "RootCurve",
    "SkewCurve",
    "Tier",
    "TierTable",
]

_MAX_TIERS = 64


class FeedInput(Member):
    """One public price and its band; the feeds, in order, are the universe's underlyings.

    Attributes
    ----------
    id, kind
        The feed's name in files of live prices, and what it measures.
    underlying
        The thing that is priced. A mark and an index of one coin are two underlyings (``BTC``,
        ``BTC.index``), and so are two expiries: a margin group nets only what moves with one same price.
    price
        Quote units a unit of the underlying.
    band
        Relative half-width, such as ``0.05``; the input's ``band`` when left out.
    low, high
        The band's ends themselves, instead of ``band``; both or none.
    """

    id: Text
    kind: Literal["index", "mark", "forward", "collateral", "stablecoin"]
    underlying: Text
    price: PositiveText
    band: DecimalText | None = None
    low: PositiveText | None = None
    high: PositiveText | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise rule_error("needs both ends", field="low", mend="Give low and high, or neither")
        if self.low is not None and self.band is not None:
            raise rule_error("is given beside low and high", field="band", mend="Give one of the two")
        return self


class Tier(Member):
    """One margin tier: from a notional on, what is charged.

    Attributes
    ----------
    notional_floor
        Quote units from which the tier applies; the first is 0.
    initial_rate, max_leverage
        Initial margin as a share of notional, directly or as 1 / leverage; one of them where the initial
        level is to be built.
    maintenance_rate, maintenance_fraction
        Maintenance margin as a share of notional, or as a share of the initial rate.
    maintenance_deduction
        What the venue states as the tier's deduction; checked against the exact recurrence, never used.
    """

    notional_floor: DecimalText
    initial_rate: DecimalText | None = None
    max_leverage: PositiveText | None = None
    maintenance_rate: DecimalText | None = None
    maintenance_fraction: DecimalText | None = None
    maintenance_deduction: DecimalText | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        for first, second in (("initial_rate", "max_leverage"), ("maintenance_rate", "maintenance_fraction")):
            if getattr(self, first) is not None and getattr(self, second) is not None:
                raise rule_error(f"is given beside {first}", field=second, mend="Give one of the two")
        return self


class CollateralTier(Member):
    """From a value on, the share of a deposit that counts as equity.

    Attributes
    ----------
    value_floor
        Quote units of the deposit's full value from which this share applies, to the part above it.
    maintenance_weight, initial_weight
        From 0 to 1, not rising from tier to tier.
    """

    value_floor: DecimalText
    maintenance_weight: DecimalText | None = None
    initial_weight: DecimalText | None = None


class OpenInterest(Member):
    """dYdX's scaling of the initial margin by public open interest.

    Attributes
    ----------
    amount
        Units of the underlying that are open.
    lower_cap, upper_cap
        Quote units of open notional between which the initial rate rises linearly to 1.
    """

    amount: DecimalText
    lower_cap: DecimalText
    upper_cap: DecimalText


class SkewCurve(Member):
    """Synthetix v3's initial margin: a rate that grows with the size, size / scale · fraction + minimum.

    Attributes
    ----------
    scale
        The market's skew scale, units of the underlying.
    fraction, minimum_ratio
        Of the rate.
    maintenance_share
        Maintenance margin as a share of the initial one.
    per_position
        Quote units that any position is charged besides, at both levels.
    largest_size
        Where the table ends, units of the underlying: a curve needs a last chord.
    """

    scale: PositiveText
    fraction: DecimalText
    minimum_ratio: DecimalText
    maintenance_share: DecimalText
    per_position: DecimalText | None = None
    largest_size: PositiveText


class RootCurve(Member):
    """Drift v2's size premium: rates that change with the square root of the size.

    A perpetual's margin ratio and a borrow's weight w become max(w, 0.8·w + factor·√size); a deposit's weight
    becomes min(w, 1.1 / (1 + factor·√size)). w is the one tier's.

    Attributes
    ----------
    factor
        The market's imf factor, up to six decimals.
    largest_size
        Where the table ends, units of the underlying.
    """

    factor: DecimalText
    largest_size: PositiveText


class DepositScaling(Member):
    """Drift v2's initial asset weight, lowered once a market's public deposits exceed a value.

    Attributes
    ----------
    amount
        Units of the underlying that all accounts have deposited.
    start
        Quote units from which the weight falls as start / deposits.
    """

    amount: DecimalText
    start: PositiveText


Tiers = Annotated[tuple[Tier, ...], entries(least=1, most=_MAX_TIERS)]


class InstrumentInput(Member):
    """One instrument and its rules.

    Attributes
    ----------
    id, kind, underlying, expiry, retired
        As in the universe.
    feed
        Id of the feed that values it; must be its underlying's own.
    lot
        Units of the underlying a lot; chosen by `choose_lot` when left out.
    size_step
        The venue's smallest change of a size, checked against the lot's grid.
    tiers, tier_table
        Margin tiers (of a borrow: what is charged above the debt itself), or the name of a shared table. Legs
        whose tiers are charged on an aggregate line have none.
    collateral
        Of a deposit: its weights.
    notional_cap
        Largest notional that the venue allows, or that the table should reach: tiers above it fall away, so
        fewer have to be merged.
    minimum_charge
        Least charge of any position of this instrument, quote units.
    carry_rate
        Share of notional charged for what accrues inside the window (funding, interest).
    open_interest
        See `OpenInterest`.
    skew, root, deposits
        See `SkewCurve` (instead of tiers), `RootCurve` and `DepositScaling`.
    prediction
        A price that settles at 0 or 1: a short is charged on what is left of 1, with one flat tier.
    """

    id: Text
    kind: Literal["perpetual", "future", "deposit", "borrow", "aggregate"]
    underlying: Text
    feed: Text | None = None
    lot: PositiveText | None = None
    size_step: PositiveText | None = None
    expiry: Time | None = None
    retired: bool | None = None
    tiers: Tiers | None = None
    tier_table: Text | None = None
    collateral: Annotated[tuple[CollateralTier, ...], entries(least=1, most=_MAX_TIERS)] | None = None
    notional_cap: PositiveText | None = None
    minimum_charge: PositiveText | None = None
    carry_rate: DecimalText | None = None
    open_interest: OpenInterest | None = None
    skew: SkewCurve | None = None
    root: RootCurve | None = None
    deposits: DepositScaling | None = None
    prediction: Literal[True] | None = None

    @model_validator(mode="after")
    def _curves(self) -> Self:
        if self.skew is not None and (self.kind not in ("perpetual", "future") or self._tiered):
            raise rule_error(
                "is out of place", field="skew", mend="A perpetual or future has it instead of tiers"
            )
        if self.root is not None:
            single = self.collateral if self.kind == "deposit" else self.tiers
            if self.kind == "aggregate" or single is None or len(single) != 1:
                raise rule_error(
                    "needs one tier", field="root", mend="Its weight is the one that √size changes"
                )
        curve = self.skew or self.root
        if curve is not None and (self.notional_cap or self.minimum_charge or self.open_interest):
            raise rule_error(
                "is given beside a curve",
                field="notional_cap" if self.notional_cap else "minimum_charge",
                mend="A curve ends at its largest_size and has no other charge",
            )
        if self.prediction and (curve or self.kind != "perpetual" or len(self.tiers or ()) != 1):
            raise rule_error("needs one flat tier", field="prediction", mend="Of a perpetual with no curve")
        if self.deposits is not None and self.kind != "deposit":
            raise rule_error("are out of place", field="deposits", mend="Only a deposit's weight is scaled")
        return self

    @property
    def _tiered(self) -> bool:
        return self.tiers is not None or self.tier_table is not None

    @model_validator(mode="after")
    def _shape(self) -> Self:
        deposit = self.kind == "deposit"
        if (self.collateral is not None) != deposit:
            mend = "A deposit needs weights" if deposit else "Only a deposit has weights"
            raise rule_error("is missing" if deposit else "is out of place", field="collateral", mend=mend)
        if self.tiers is not None and self.tier_table is not None:
            raise rule_error("is given beside tiers", field="tier_table", mend="Give one of the two")
        if deposit and (self.tiers is not None or self.tier_table is not None):
            raise rule_error("are out of place", field="tiers", mend="A deposit has weights, a borrow tiers")
        if self.carry_rate is not None and parse_decimal(self.carry_rate) < 0:
            raise rule_error("is negative", field="carry_rate", mend="Income inside the window never counts")
        return self


class TierTable(Member):
    """Tiers that several instruments share."""

    name: Text
    tiers: Tiers


class MarketInput(Document):
    """``zksolvency/market-input/1``: what a market snapshot is built from.

    Attributes
    ----------
    name, venue, quote, period
        Of the universe.
    epoch, time, valid_until
        Of the snapshot.
    band
        Relative half-width of every feed that has none of its own.
    feeds
        Their order is the order of the universe's underlyings: append only.
    tier_tables
        Shared tiers.
    maintenance_tiers, initial_tiers
        ``marginal``: each part of the notional at its own tier's rate; ``whole``: all of it at the rate of
        the tier that it reaches. Maintenance is marginal and initial whole unless stated.
    instruments
        Their order is the universe's: append only.
    frozen
        What moves an account's value and has neither band nor charge, in words; the builder adds what it
        knows.
    """

    SCHEMA: ClassVar[str] = "zksolvency/market-input/1"

    name: Text
    venue: Text
    quote: Text
    period: Text
    epoch: Epoch
    time: Time
    valid_until: Time
    band: DecimalText
    feeds: Annotated[tuple[FeedInput, ...], entries(least=1, most=MAX_INSTRUMENTS)]
    tier_tables: Annotated[tuple[TierTable, ...], entries(most=MAX_INSTRUMENTS)] = ()
    maintenance_tiers: Literal["marginal", "whole"] = "marginal"
    initial_tiers: Literal["marginal", "whole"] = "whole"
    instruments: Annotated[tuple[InstrumentInput, ...], entries(least=1, most=MAX_INSTRUMENTS)]
    frozen: Annotated[tuple[Text, ...], entries(most=200)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.time > self.valid_until:
            raise rule_error("is before time", field="valid_until", mend="time ≤ valid_until")
        feeds: dict[str, str] = {}
        for place, feed in enumerate(self.feeds):
            if feed.underlying in feeds:
                raise rule_error(
                    f"{feed.underlying} has two feeds",
                    field=f"feeds[{place}].underlying",
                    mend=f"Two prices are two underlyings: call this one {feed.underlying}.{feed.kind}",
                )
            if feed.id in feeds.values():
                raise rule_error(f"{feed.id} is listed twice", field=f"feeds[{place}].id", mend="Keep one")
            feeds[feed.underlying] = feed.id
        tables = [each.name for each in self.tier_tables]
        if len(set(tables)) != len(tables):
            raise rule_error("name a table twice", field="tier_tables", mend="Keep one")
        for place, instrument in enumerate(self.instruments):
            self._refers(f"instruments[{place}]", instrument, feeds, tables)
        return self

    def _refers(
        self, field: str, instrument: InstrumentInput, feeds: dict[str, str], tables: list[str]
    ) -> None:
        own = feeds.get(instrument.underlying)
        if own is None:
            raise rule_error(
                f"{instrument.underlying!r} has no feed", field=f"{field}.underlying", mend="Add it to feeds"
            )
        if instrument.feed is not None and instrument.feed != own:
            raise rule_error(
                f"is not the feed of {instrument.underlying}",
                field=f"{field}.feed",
                mend="Instruments of one underlying share its feed: a group at two common edges would let a "
                "long/short pair drift free. Give this one an underlying of its own",
            )
        if instrument.tier_table is not None and instrument.tier_table not in tables:
            raise rule_error(
                f"{instrument.tier_table!r} is unknown",
                field=f"{field}.tier_table",
                mend="Add it to tier_tables",
            )
        tiered = instrument.tiers is not None or instrument.tier_table is not None
        charged = tiered or instrument.skew is not None or instrument.kind == "deposit" or instrument.retired
        if not charged and not self._summed(instrument):
            raise rule_error(
                f"{instrument.id} has no tiers", field=f"{field}.tiers", mend="Add them, or an aggregate line"
            )

    def _summed(self, instrument: InstrumentInput) -> bool:
        """Whether tiers of this leg are charged on an aggregate line that has a row."""
        return instrument.kind in ("perpetual", "future") and any(
            (other.kind, other.underlying) == ("aggregate", instrument.underlying)
            and not other.retired
            and other.expiry is None
            for other in self.instruments
        )

    def tiers_of(self, instrument: InstrumentInput) -> tuple[Tier, ...]:
        """The tiers of an instrument, looked up; empty for deposits and for legs of an aggregate line."""
        if instrument.tier_table is not None:
            return next(each.tiers for each in self.tier_tables if each.name == instrument.tier_table)
        return instrument.tiers or ()

    def way(self, level: Level) -> Literal["marginal", "whole"]:
        """How tiers are charged at a level."""
        return self.maintenance_tiers if level == "maintenance" else self.initial_tiers
