"""What an options table is made from, looked up: bands, knots, stresses and expiries as exact numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from verifier.corners import price_at
from verifier.errors import FormatError
from verifier.market import Feed
from verifier.numbers import parse_decimal

from ..pricing.machine import Mpfr, machine, number
from ..pricing.pinned import years_between
from .envelope import Band
from .option_inputs import SPOT_KINDS, ExpiryInput, OptionsParameters, ScenarioInput
from .option_nodes import knot_ends

__all__ = ["Expiry", "OptionMarket", "Scenario", "Underlying"]

_DAYS = 365
_SPLIT = 30


@dataclass(frozen=True)
class Scenario:
    """A stress in exact numbers; the first of a market's is the zero stress.

    Attributes
    ----------
    name
        Of its nodes.
    move, shock, volatility_shift, least
        As in the input.
    factor
        Part of the loss that counts at the snapshot's level.
    """

    name: str
    move: Fraction
    shock: Fraction
    volatility_shift: Fraction
    least: Fraction
    factor: Fraction

    @classmethod
    def of(cls, stress: ScenarioInput, level: Fraction) -> Scenario:
        """The stress at a level's factor."""
        return cls(
            stress.name,
            parse_decimal(stress.move),
            parse_decimal(stress.shock),
            parse_decimal(stress.volatility_shift),
            parse_decimal(stress.least),
            parse_decimal(stress.factor) * level,
        )


@dataclass(frozen=True)
class Underlying:
    """One margin group: its spot, its volatility level, and where nodes stand.

    Attributes
    ----------
    name
        Of the underlying.
    spot, level
        Bands; `level` is None without a volatility feed.
    spot_kind
        Which kind of feed the spot is.
    spot_ends, level_ends
        Names of the knots; one, ``mark``, where the feed does not move.
    stressed
        Whether the scenarios move it.
    """

    name: str
    spot: Band
    level: Band | None
    spot_kind: str
    spot_ends: tuple[str, ...]
    level_ends: tuple[str, ...]
    stressed: bool

    @cached_property
    def spots(self) -> tuple[Fraction, ...]:
        """Prices of the knots, rising."""
        return tuple(price_at(end, self.spot.low, self.spot.price, self.spot.high) for end in self.spot_ends)

    @cached_property
    def shifts(self) -> tuple[Fraction, ...]:
        """Points that the volatility level is above its mark at its knots, rising."""
        if self.level is None:
            return (Fraction(0),)
        band = self.level
        return tuple(price_at(end, band.low, band.price, band.high) - band.price for end in self.level_ends)


@dataclass(frozen=True)
class Expiry:
    """One expiry: forwards over the spot, volatilities over the level, time left.

    Attributes
    ----------
    basis
        Forward over spot.
    spread_low, spread_high
        Points that this expiry's volatilities may move beside the level.
    weight
        Points for one point of the level.
    years, years_left
        To expiry, from the snapshot's time and from the end of its window.
    """

    basis: Band
    spread_low: Fraction
    spread_high: Fraction
    weight: Fraction
    years: Fraction
    years_left: Fraction


_ZERO, _UNIT = Fraction(0), Fraction(1)
_ONE = Band(_UNIT, _UNIT, _UNIT)


class OptionMarket:
    """A snapshot's feeds, window and parameters by name.

    Raises
    ------
    FormatError
        When a feed, an underlying or an expiry is missing, or a feed has the wrong kind.
    """

    def __init__(
        self, feeds: Sequence[Feed], time: int, valid_until: int, parameters: OptionsParameters
    ) -> None:
        self.feeds = {feed.id: feed for feed in feeds}
        self.time, self.valid_until, self.parameters = time, valid_until, parameters
        level = parse_decimal(parameters.terms.factor)
        still = Scenario("none", _ZERO, _ZERO, _ZERO, _ZERO, Fraction(1))
        self.scenarios = (still, *(Scenario.of(stress, level) for stress in parameters.grid.stresses))
        self.underlyings = {
            name: self._underlying(name, feeds) for name in dict.fromkeys(feed.underlying for feed in feeds)
        }
        for name in parameters.unstressed:
            if name not in self.underlyings:
                raise FormatError("unstressed", "names an underlying without a feed", value=name)
        self.expiries: dict[tuple[str, int], Expiry] = {}
        for place, given in enumerate(parameters.expiries):
            key = (given.underlying, given.expiry)
            if key in self.expiries:
                raise FormatError(f"expiries[{place}]", "is listed twice", value=given.expiry)
            self.expiries[key] = self._expiry(f"expiries[{place}]", given)

    def _underlying(self, name: str, feeds: Sequence[Feed]) -> Underlying:
        spots = [feed for feed in feeds if feed.underlying == name and feed.kind in SPOT_KINDS]
        levels = [feed for feed in feeds if feed.underlying == name and feed.kind == "volatility"]
        if len(spots) != 1 or len(levels) > 1:
            raise FormatError(
                "feeds", f"of {name} are not one spot and at most one volatility", mend="Add or drop one"
            )
        level = levels[0] if levels else None
        moves = level is not None and level.moves
        return Underlying(
            name=name,
            spot=Band.of(spots[0]),
            level=Band.of(level) if level is not None else None,
            spot_kind=spots[0].kind,
            spot_ends=knot_ends(self.parameters.knots) if spots[0].moves else ("mark",),
            level_ends=knot_ends(self.parameters.volatility_knots) if moves else ("mark",),
            stressed=name not in self.parameters.unstressed,
        )

    def _expiry(self, field: str, given: ExpiryInput) -> Expiry:
        if given.underlying not in self.underlyings:
            raise FormatError(f"{field}.underlying", "has no feed", value=given.underlying)
        spread = Band(Fraction(0), Fraction(0), Fraction(0))
        if given.spread is not None:
            spread = self.leg(f"{field}.spread", given.spread, "spread", given.underlying)
        return Expiry(
            basis=self.basis(f"{field}.basis", given.basis, given.underlying),
            spread_low=spread.low - spread.price,
            spread_high=spread.high - spread.price,
            weight=parse_decimal(given.weight),
            years=years_between(self.time, given.expiry),
            years_left=years_between(self.valid_until, given.expiry),
        )

    def basis(self, field: str, feed: str | None, underlying: str) -> Band:
        """The band of a basis feed, or 1 without one."""
        return _ONE if feed is None else self.leg(field, feed, "basis", underlying)

    def leg(self, field: str, feed: str, kind: str, underlying: str) -> Band:
        """The band of a feed that is charged leg by leg."""
        found = self.feeds.get(feed)
        if found is None or (found.kind, found.underlying) != (kind, underlying):
            raise FormatError(field, f"is no {kind} feed of {underlying}", value=feed)
        return Band.of(found)

    def enlarged(self, years: Fraction) -> Mpfr:
        """By how much a volatility shock is enlarged with so much time left: (30 / days)^power."""
        grid = self.parameters.grid
        days = max(parse_decimal(grid.floor_days), years * _DAYS)
        power = parse_decimal(grid.short_power if days < _SPLIT else grid.long_power)
        if not power:
            return number(1)
        ctx = machine().context
        return ctx.exp(ctx.mul(number(power), ctx.log(number(Fraction(_SPLIT) / days))))
