"""What is listed for Derive's standard manager: instruments, their universe, and the feeds of prices."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from verifier.errors import FormatError
from verifier.market import Feed, FeedKind
from verifier.numbers import parse_decimal
from verifier.universe import Universe

from .derive_standard_inputs import (
    StandardExpiry,
    StandardInput,
    StandardMarket,
    StandardOption,
    StandardPerp,
)
from .envelope import feed_band
from .expiries import expiry_name
from .inputs import FeedInput
from .lots import choose_lot

__all__ = [
    "Line",
    "OptionLine",
    "PerpLine",
    "feed_id",
    "listed_lines",
    "option_id",
    "standard_feeds",
    "standard_universe",
]

_FEEDS: dict[FeedKind, str] = {
    "index": " index",
    "mark": "-PERP mark",
    "forward": " forward",
    "volatility": " volatility level",
    "stablecoin": " price",
}


@dataclass(frozen=True)
class Line:
    """One instrument: its id, kind, margin group and market. As it is, the base asset."""

    id: str
    kind: str
    underlying: str
    market: StandardMarket


@dataclass(frozen=True)
class PerpLine(Line):
    """A perpetual."""

    perp: StandardPerp


@dataclass(frozen=True)
class OptionLine(Line):
    """An option of an expiry."""

    expiry: StandardExpiry
    option: StandardOption

    @property
    def strike(self) -> Fraction:
        """Quote units a unit."""
        return parse_decimal(self.option.strike)

    @property
    def call(self) -> bool:
        """A call, else a put."""
        return self.option.option_type == "call"

    @property
    def volatility(self) -> Fraction:
        """A year, in ones."""
        return parse_decimal(self.option.volatility)


def option_id(venue: str, market: str, expiry: int, strike: str, call: bool) -> str:
    """An option's instrument id, such as ``derive:ETH-20261225-1500-C``."""
    return f"{venue}:{expiry_name(market, expiry)}-{strike}-{'C' if call else 'P'}"


def listed_lines(given: StandardInput) -> list[Line]:
    """Every instrument with a row, markets and expiries in their order; what has expired has none.

    Raises
    ------
    FormatError
        When an expiry is inside the window, or has the name of a market: their rows would offset each other.
    """
    found: list[Line] = []
    names = {market.name for market in given.markets}
    for market in given.markets:
        if market.perp is not None:
            name = f"{given.venue}:{market.name}-PERP"
            found.append(PerpLine(name, "perpetual", market.name, market, market.perp))
        if market.base:
            found.append(Line(f"{given.venue}:{market.name}", "deposit", market.name, market))
        for expiry in market.expiries:
            if expiry.expiry > given.time:
                found += _options(given, market, expiry)
                if found[-1].underlying in names:
                    raise FormatError(
                        "markets", "have the name of an expiry", value=found[-1].underlying, mend="Rename it"
                    )
    return found


def _options(given: StandardInput, market: StandardMarket, expiry: StandardExpiry) -> list[Line]:
    group = expiry_name(market.name, expiry.expiry)
    if expiry.expiry <= given.valid_until:
        raise FormatError(
            "valid_until",
            f"is not before {group} expires",
            value=given.valid_until,
            mend=f"End the window before {expiry.expiry}",
        )
    found: list[Line] = []
    for option in expiry.options:
        name = option_id(given.venue, market.name, expiry.expiry, option.strike, option.option_type == "call")
        found.append(OptionLine(name, "option", group, market, expiry, option))
    return found


def standard_universe(given: StandardInput, earlier: Universe | None = None) -> Universe:
    """The universe of an input; what `earlier` lists keeps its place and lot, the rest goes to the end.

    Raises
    ------
    FormatError
        When a name is no valid id, or an instrument is not what `earlier` says.
    """
    instruments = {each.id: each.to_json() for each in earlier.instruments} if earlier else {}
    underlyings = list(earlier.underlyings) if earlier else []
    for line in listed_lines(given):
        made: dict[str, object] = {"id": line.id, "kind": line.kind, "underlying": line.underlying}
        kept = instruments.get(line.id)
        made["lot"] = kept["lot"] if kept else line.market.lot or _lot(given, line.market)
        if isinstance(line, OptionLine):
            made |= {
                "expiry": line.expiry.expiry,
                "strike": line.option.strike,
                "option_type": line.option.option_type,
            }
        if kept is not None and kept != made:
            raise FormatError(line.id, "is another instrument in the universe", mend="Keep its specification")
        instruments[line.id] = made
        if line.underlying not in underlyings:
            underlyings.append(line.underlying)
    # The stablecoin is no margin group, but its price has a band, and a feed needs an underlying.
    for name in (*(market.name for market in given.markets), given.quote):
        if name not in underlyings:
            underlyings.append(name)
    return Universe.parse(
        {
            "schema": Universe.SCHEMA,
            "name": given.name,
            "venue": given.venue,
            "quote": given.quote,
            "period": given.period,
            "underlyings": underlyings,
            "instruments": list(instruments.values()),
        }
    )


def _lot(given: StandardInput, market: StandardMarket) -> str:
    return choose_lot(_feed("index", market.name, market.name, market.spot, market.band or given.band).low)


def feed_id(kind: FeedKind, name: str) -> str:
    """A feed's name: of a market, of an expiry, or of the stablecoin."""
    return f"{name}{_FEEDS[kind]}"


def _feed(kind: FeedKind, name: str, underlying: str, price: str, band: str) -> Feed:
    made = feed_band(
        FeedInput(id=feed_id(kind, name), kind="index", underlying=underlying, price=price), band
    )
    return made.model_copy(update={"kind": kind})


def standard_feeds(given: StandardInput) -> tuple[Feed, ...]:
    """Every feed of an input; a level of volatilities, 1 at the snapshot, when it has a band."""
    found = []
    for market in given.markets:
        name = market.name
        found.append(_feed("index", name, name, market.spot, market.band or given.band))
        if market.perp is not None:
            perp = market.perp
            found.append(_feed("mark", name, name, perp.price, perp.band or given.band))
        for expiry in market.expiries:
            if expiry.expiry > given.time:
                group = expiry_name(name, expiry.expiry)
                found.append(_feed("forward", group, group, expiry.forward, expiry.band or given.band))
                if expiry.volatility_band is not None:
                    found.append(_feed("volatility", group, group, "1", expiry.volatility_band))
    return (*found, _feed("stablecoin", given.quote, given.quote, given.stable, given.stable_band or "0"))
