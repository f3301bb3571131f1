"""From prices and tiers to a universe and an unsigned market snapshot of linear instruments."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from verifier.circuits import Layout
from verifier.circuits import layout as layout_named
from verifier.errors import FormatError
from verifier.market import Level, RowEntry, Snapshot, snapshot_valid
from verifier.numbers import parse_decimal
from verifier.rows import Row, row_valid
from verifier.universe import Instrument, Universe

from .bracket_model import bracket_model
from .charges import merge
from .envelope import Band, check_linear, corner_nodes, feed_band
from .inputs import InstrumentInput, MarketInput
from .lots import SMALLEST_LOT, choose_lot, on_grid
from .rates import charge_of, tier_rate, weights
from .rebuild import compare
from .rounding import PROHIBITIVE, addon, brackets, unit_value

__all__ = [
    "MergedTiers",
    "build_market",
    "build_rows",
    "build_universe",
    "check_rebuilt",
    "linear_row",
    "merged_tiers",
]


@dataclass(frozen=True)
class MergedTiers:
    """Tiers of an instrument that the layout had no room for.

    Attributes
    ----------
    instrument
        Its id.
    tiers
        The tiers (from 1) that each bracket stands for; a cut inside a tier puts it into two.
    overcharge
        Worst relative excess over the venue's own charge (over the value, for a deposit).
    """

    instrument: str
    tiers: tuple[tuple[int, ...], ...]
    overcharge: Fraction


def build_market(
    market: MarketInput, level: Level, layout: Layout | str, universe: Universe | None = None
) -> tuple[Universe, Snapshot]:
    """Build the universe and the unsigned snapshot of one margin level.

    Parameters
    ----------
    market
        Prices, bands and rules.
    level
        ``maintenance`` or ``initial``.
    layout
        The table's shape, or its name in circuits.json.
    universe
        The universe of earlier snapshots, whose order and lots are kept; new instruments go to its end.

    Returns
    -------
    tuple
        The universe and the snapshot; the snapshot passes `snapshot_valid` and `check_linear`.

    Raises
    ------
    FormatError
        When the input breaks a rule, or asks for something that a linear table cannot carry.
    """
    shape = layout_named(layout) if isinstance(layout, str) else layout
    listed = build_universe(market, universe)
    feeds = tuple(feed_band(feed, market.band) for feed in market.feeds)
    rows = build_rows(market, level, shape, listed)
    snapshot = Snapshot(
        universe=listed,
        layout=shape.name,
        level=level,
        epoch=market.epoch,
        time=market.time,
        valid_until=market.valid_until,
        feeds=feeds,
        frozen=_frozen(market, level),
        nodes=corner_nodes(shape.nodes),
        rows=tuple(RowEntry.of(index, row, shape) for index, row in rows.items()),
        model=bracket_model(market),
    )
    snapshot_valid(snapshot)
    check_linear(snapshot)
    return listed, snapshot


def build_rows(market: MarketInput, level: Level, layout: Layout, universe: Universe) -> dict[int, Row]:
    """The rows alone, for a layout of any number of nodes and brackets; see `build_market`."""
    bands = {feed.underlying: Band.of(feed_band(feed, market.band)) for feed in market.feeds}
    rows = {}
    for index, (given, instrument) in enumerate(zip(market.instruments, universe.instruments, strict=True)):
        if _listed(given, market):
            try:
                rows[index] = linear_row(
                    market, given, instrument, bands[given.underlying], level, layout, universe
                )
                row_valid(rows[index], layout)
            except FormatError as error:
                raise error.within("", prefix=given.id) from None
    return rows


def linear_row(
    market: MarketInput,
    given: InstrumentInput,
    instrument: Instrument,
    band: Band,
    level: Level,
    layout: Layout,
    universe: Universe,
) -> Row:
    """One instrument's row: two corners with no stress, charges at the worst edge of the band.

    A position of fixed size has its largest notional at the highest price, and a charge never falls with the
    notional, so the highest price is the worst edge of every bracket and addon.
    """
    lot = parse_decimal(instrument.lot)
    share = Fraction(0) if given.kind == "aggregate" else Fraction(1)
    if given.kind == "deposit":
        # A weight may fall with the price (public deposits), so the highest price's counts.
        share = weights(given, level, band.high)[0][1]
    charge = merge(charge_of(market, given, level, band.high), layout.brackets).charge
    carry = parse_decimal(given.carry_rate) if given.carry_rate is not None else Fraction(0)
    long, short = (carry * band.high * lot,) * 2
    if given.prediction:
        # What is left of 1 is largest at the lowest price.
        rate = tier_rate(given, market.tiers_of(given)[0], level, band.high)
        long += rate * band.high * lot
        short += rate * max(Fraction(0), 1 - band.low) * lot
    return Row(
        group=universe.underlying_id(instrument.underlying),
        mark=unit_value(share * band.price * lot),
        nodes=tuple(
            unit_value(share * (band.corner(node.corner) - band.price) * lot)
            for node in corner_nodes(layout.nodes)
        ),
        addon_long=PROHIBITIVE if given.kind == "borrow" else addon(long),
        addon_short=PROHIBITIVE if given.kind == "deposit" else addon(short),
        brackets=brackets(charge, band.high * lot, layout.brackets),
    )


def merged_tiers(market: MarketInput, level: Level, layout: Layout | str) -> list[MergedTiers]:
    """Which instruments have more tiers than the layout has brackets, how they merge, and what that costs."""
    shape = layout_named(layout) if isinstance(layout, str) else layout
    bands = {feed.underlying: Band.of(feed_band(feed, market.band)) for feed in market.feeds}
    found = []
    for given in market.instruments:
        if _listed(given, market):
            charge = charge_of(market, given, level, bands[given.underlying].high)
            if len(charge.pieces) > shape.brackets:
                merged = merge(charge, shape.brackets)
                found.append(MergedTiers(given.id, merged.tiers, merged.overcharge))
    return found


def check_rebuilt(market: MarketInput, snapshot: Snapshot) -> None:
    """Rebuild a snapshot from its input and compare.

    Raises
    ------
    FormatError
        Names the first member, and the row, in which the two differ.
    """
    _, wanted = build_market(market, snapshot.level, snapshot.shape, snapshot.universe)
    compare(snapshot, wanted)


def _listed(given: InstrumentInput, market: MarketInput) -> bool:
    """Whether an instrument gets a row; one that expires inside the window is refused."""
    if given.retired:
        return False
    if given.expiry is not None and market.time < given.expiry <= market.valid_until:
        raise FormatError(
            "valid_until",
            f"is not before {given.id} expires",
            value=market.valid_until,
            mend=f"End the window before {given.expiry}",
        )
    return given.expiry is None or given.expiry > market.time


def build_universe(market: MarketInput, earlier: Universe | None = None) -> Universe:
    """The universe that an input lists; it must continue `earlier`, whose lots are kept."""
    known = earlier.instruments if earlier is not None else ()
    if len(known) > len(market.instruments):
        raise FormatError(
            "instruments", "leave out some of the universe", mend="Mark them as retired; never drop one"
        )
    lowest = {feed.underlying: feed_band(feed, market.band).low for feed in market.feeds}
    instruments = []
    for place, given in enumerate(market.instruments):
        kept = known[place] if place < len(known) else None
        lot = _lot(given, kept, lowest[given.underlying])
        instrument = Instrument(
            id=given.id,
            kind=given.kind,
            underlying=given.underlying,
            lot=lot,
            expiry=given.expiry,
            retired=given.retired,
        )
        if kept is not None and instrument.model_copy(update={"retired": kept.retired}) != kept:
            raise FormatError(
                f"instruments[{place}]",
                f"is not the universe's {kept.id}",
                value=given.id,
                mend="A universe only grows at its end; start a new listing period for anything else",
            )
        instruments.append(instrument)
    built = Universe(
        name=market.name,
        venue=market.venue,
        quote=market.quote,
        period=market.period,
        underlyings=tuple(feed.underlying for feed in market.feeds),
        instruments=tuple(instruments),
    )
    if earlier is not None:
        _grown(earlier, built)
    return built


def _grown(earlier: Universe, built: Universe) -> None:
    """A universe keeps its name and what it lists; only its ends grow."""
    for name in ("name", "venue", "quote", "period"):
        if getattr(earlier, name) != getattr(built, name):
            raise FormatError(
                name, f"is not the universe's {getattr(earlier, name)}", value=getattr(built, name)
            )
    if built.underlyings[: len(earlier.underlyings)] != earlier.underlyings:
        raise FormatError(
            "feeds", "are not in the universe's order", mend="Keep its underlyings first and in order"
        )


def _lot(given: InstrumentInput, kept: Instrument | None, low: str) -> str:
    if given.lot is None and kept is None:
        return choose_lot(low, given.size_step)
    lot = given.lot if given.lot is not None else kept.lot if kept is not None else "1"
    if parse_decimal(lot) * parse_decimal(low) < SMALLEST_LOT and kept is None:
        raise FormatError(
            f"{given.id}.lot",
            "is worth less than one quote unit at the band's low end",
            value=lot,
            mend=f"Use {choose_lot(low, given.size_step)}",
        )
    if given.size_step is not None and not on_grid(given.size_step, parse_decimal(lot)):
        raise FormatError(
            f"{given.id}.size_step",
            f"is finer than 8 decimal places of the lot {lot}",
            value=given.size_step,
            mend=f"Use the lot {choose_lot(low, given.size_step)}",
        )
    return lot


def _frozen(market: MarketInput, level: Level) -> tuple[str, ...]:
    """What moves an account's value, or its requirement, inside the window without band or charge."""
    rows = [given for given in market.instruments if not given.retired]
    open_ended = {given.kind for given in rows if given.carry_rate is None}
    words = ["the venue's margin rules"]
    if "perpetual" in open_ended:
        words.append("funding of perpetuals after time")
    if open_ended & {"deposit", "borrow"}:
        words.append("interest on deposits and borrows after time")
    if level == "initial" and any(given.open_interest is not None for given in rows):
        words.append("open interest")
    return (*market.frozen, *(word for word in words if word not in market.frozen))
