"""What is listed for Derive's standard manager: instruments, their universe, and the feeds of prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from verifier.errors import FormatError
from verifier.market import Feed
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
from .inputs import FeedInput
from .lots import choose_lot

__all__ = [
    "Line",
    "OptionLine",
    "PerpLine",
    "expiry_name",
    "forward_feed",
    "index_feed",
    "level_feed",
    "listed_lines",
    "option_id",
    "perp_feed",
    "stable_feed",
    "standard_feeds",
    "standard_universe",
]

_DAY = 86_400
_EIGHT = 8 * 3_600


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


def expiry_name(market: str, expiry: int) -> str:
    """The margin group of an expiry, such as ``ETH-20261225``."""
    moment = datetime.fromtimestamp(expiry, UTC)
    # Expiries are at 08:00; any other moment is part of the name.
    return (
        f"{market}-{moment:%Y%m%d}" if (expiry - _EIGHT) % _DAY == 0 else f"{market}-{moment:%Y%m%dT%H%M%S}"
    )


def listed_lines(given: StandardInput) -> list[Line]:
    """Every instrument with a row, markets and expiries in their order; what has expired has none.

    Raises
    ------
    FormatError
        When an expiry is inside the window.
    """
    found: list[Line] = []
    for market in given.markets:
        if market.perp is not None:
            name = f"{given.venue}:{market.name}-PERP"
            found.append(PerpLine(name, "perpetual", market.name, market, market.perp))
        if market.base:
            found.append(Line(f"{given.venue}:{market.name}", "deposit", market.name, market))
        for expiry in market.expiries:
            if expiry.expiry > given.time:
                found += _options(given, market, expiry)
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
    return choose_lot(index_feed(given, market).low)


def _feed(name: str, kind: str, underlying: str, price: str, band: str) -> Feed:
    made = feed_band(FeedInput(id=name, kind="index", underlying=underlying, price=price), band)
    return made.model_copy(update={"kind": kind})


def index_feed(given: StandardInput, market: StandardMarket) -> Feed:
    """A market's spot."""
    return _feed(f"{market.name} index", "index", market.name, market.spot, market.band or given.band)


def perp_feed(given: StandardInput, line: PerpLine) -> Feed:
    """A perpetual's own price."""
    name = line.market.name
    return _feed(f"{name}-PERP mark", "mark", name, line.perp.price, line.perp.band or given.band)


def forward_feed(given: StandardInput, market: StandardMarket, expiry: StandardExpiry) -> Feed:
    """An expiry's forward."""
    name = expiry_name(market.name, expiry.expiry)
    return _feed(f"{name} forward", "forward", name, expiry.forward, expiry.band or given.band)


def level_feed(market: StandardMarket, expiry: StandardExpiry) -> Feed:
    """The level of an expiry's volatilities, 1 at the snapshot: all of them move with it."""
    name = expiry_name(market.name, expiry.expiry)
    return _feed(f"{name} volatility level", "volatility", name, "1", expiry.volatility_band or "0")


def stable_feed(given: StandardInput) -> Feed:
    """The settlement stablecoin in dollars; no margin group, but a feed needs an underlying."""
    return _feed(f"{given.quote} price", "stablecoin", given.quote, given.stable, given.stable_band or "0")


def standard_feeds(given: StandardInput) -> tuple[Feed, ...]:
    """Every feed of an input. A level of volatilities is among them when it has a band."""
    found = []
    for market in given.markets:
        found.append(index_feed(given, market))
        if market.perp is not None:
            found.append(perp_feed(given, PerpLine("", "perpetual", market.name, market, market.perp)))
        for expiry in market.expiries:
            if expiry.expiry > given.time:
                found.append(forward_feed(given, market, expiry))
                if expiry.volatility_band is not None:
                    found.append(level_feed(market, expiry))
    return (*found, stable_feed(given))
