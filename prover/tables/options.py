"""Options, futures, perpetuals and collateral under a stress grid, over a box of prices, vols and time.

`build_options` makes a universe and a snapshot from an `OptionsInput`, which the snapshot's model carries
whole: `prover.tables.rebuild` makes the same rows from the snapshot alone. docs/options.md has the
theorem and its proof.
"""

from __future__ import annotations

from fractions import Fraction

from verifier.circuits import Layout
from verifier.circuits import layout as layout_named
from verifier.errors import FormatError
from verifier.market import Feed, Level, Model, RowEntry, Snapshot, snapshot_valid
from verifier.numbers import int_to_text, parse_decimal
from verifier.rows import Row
from verifier.universe import Instrument, Universe

from .lots import choose_lot, on_grid
from .option_inputs import SPOT_KINDS, OptionFeedInput, OptionInstrument, OptionsInput, OptionsParameters
from .option_market import OptionMarket
from .option_nodes import node_labels
from .option_rows import OptionRows

__all__ = [
    "MODEL",
    "VERSION",
    "build_options",
    "frozen_by",
    "is_listed",
    "parameters_of",
    "snapshot_feeds",
    "universe_of",
]

MODEL = "options"
"""Name of the model in a snapshot."""

VERSION = 1


def build_options(
    market: OptionsInput, level: Level, layout: Layout | str, universe: Universe | None = None
) -> tuple[Universe, Snapshot]:
    """Build the universe and the unsigned snapshot of one margin level.

    Parameters
    ----------
    market
        Prices, bands, scenarios and instruments.
    level
        ``maintenance`` or ``initial``.
    layout
        The table's shape, or its name in circuits.json: ``s24-k2-d5`` or ``s64-k1-d5-csi``.
    universe
        The universe of earlier snapshots, whose order and lots are kept; new instruments go to its end.

    Returns
    -------
    tuple
        The universe and the snapshot, whose model carries the input.

    Raises
    ------
    FormatError
        When the input breaks a rule or does not fit the layout.
    """
    shape = layout_named(layout) if isinstance(layout, str) else layout
    feeds = snapshot_feeds(market)
    listed = universe_of(market, feeds, universe)
    parameters = parameters_of(market, level)
    nodes = node_labels(feeds, parameters, shape.nodes)
    table = OptionRows(OptionMarket(feeds, market.time, market.valid_until, parameters), nodes, shape)
    rows = {}
    for index, (given, instrument) in enumerate(zip(market.instruments, listed.instruments, strict=True)):
        if is_listed(given, market):
            rows[index] = _row(table, listed, instrument)
    snapshot = Snapshot(
        universe=listed,
        layout=shape.name,
        level=level,
        epoch=market.epoch,
        time=market.time,
        valid_until=market.valid_until,
        feeds=feeds,
        frozen=frozen_by(market),
        nodes=nodes,
        rows=tuple(RowEntry.of(index, row, shape) for index, row in rows.items()),
        model=Model(name=MODEL, version=VERSION, parameters={"input": market.to_json()}),
    )
    snapshot_valid(snapshot)
    return listed, snapshot


def _row(table: OptionRows, universe: Universe, instrument: Instrument) -> Row:
    try:
        return table.row(instrument, universe.underlying_id(instrument.underlying))
    except FormatError as error:
        raise error.within("", prefix=instrument.id) from None


def snapshot_feeds(market: OptionsInput) -> tuple[Feed, ...]:
    """The feeds of a snapshot, bands as exact decimals."""
    return tuple(_feed(each) for each in market.feeds)


def _feed(given: OptionFeedInput) -> Feed:
    """The snapshot's feed: the band's ends as exact decimals."""
    low = high = given.price
    if given.low is not None and given.high is not None:
        low, high = given.low, given.high
    elif given.band is not None:
        width = parse_decimal(given.band, "band")
        if not 0 <= width < 1:
            raise FormatError("band", "is no relative half-width", value=given.band, mend="Such as 0.02")
        price = parse_decimal(given.price)
        places = sum(len(text.partition(".")[2]) for text in (given.price, given.band))
        ends = sorted(price * factor * 10**places for factor in (1 - width, 1 + width))
        low, high = (int_to_text(end.numerator, places) for end in ends)
    return Feed(
        id=given.id, kind=given.kind, underlying=given.underlying, price=given.price, low=low, high=high
    )


def parameters_of(market: OptionsInput, level: Level) -> OptionsParameters:
    """What rows of one level need beside feeds, window and universe; FormatError without that level."""
    if level not in market.levels:
        raise FormatError("levels", f"has no {level}", mend="Add what that level asks")

    def stated(name: str) -> dict[str, str]:
        return {
            each.id: getattr(each, name)
            for each in market.instruments
            if getattr(each, name) is not None and not each.retired
        }

    return OptionsParameters(
        expiries=market.expiries,
        grid=market.grid,
        terms=market.levels[level],
        knots=market.knots,
        volatility_knots=market.volatility_knots,
        unstressed=market.unstressed,
        volatilities=stated("volatility"),
        weights=stated("weight"),
        bases=stated("basis"),
        limits=stated("limit"),
    )


def is_listed(given: OptionInstrument, market: OptionsInput) -> bool:
    """Whether an instrument gets a row; one that expires inside the window is refused."""
    if given.retired or (given.expiry is not None and given.expiry <= market.time):
        return False
    if given.expiry is not None and given.expiry <= market.valid_until:
        raise FormatError(
            "valid_until",
            f"is not before {given.id} expires",
            value=market.valid_until,
            mend=f"End the window before {given.expiry}",
        )
    return True


def universe_of(market: OptionsInput, feeds: tuple[Feed, ...], earlier: Universe | None) -> Universe:
    """The universe that an input lists; it must continue `earlier`, whose lots are kept."""
    spots = {feed.underlying: feed for feed in feeds if feed.kind in SPOT_KINDS}
    known = earlier.instruments if earlier is not None else ()
    if len(known) > len(market.instruments):
        raise FormatError(
            "instruments", "leave out some of the universe", mend="Mark them as retired; never drop one"
        )
    instruments = []
    for place, given in enumerate(market.instruments):
        if given.underlying not in spots:
            raise FormatError(f"instruments[{place}].underlying", "has no feed", value=given.underlying)
        kept = known[place] if place < len(known) else None
        instrument = Instrument(
            id=given.id,
            kind=given.kind,
            underlying=given.underlying,
            lot=_lot(given, kept, spots[given.underlying].low),
            expiry=given.expiry,
            strike=given.strike,
            option_type=given.option_type,
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
        underlyings=tuple(spots),
        instruments=tuple(instruments),
    )
    if earlier is not None:
        for name in ("name", "venue", "quote", "period"):
            if getattr(earlier, name) != getattr(built, name):
                raise FormatError(
                    name, f"is not the universe's {getattr(earlier, name)}", value=getattr(built, name)
                )
        if built.underlyings[: len(earlier.underlyings)] != earlier.underlyings:
            raise FormatError(
                "feeds", "are not in the universe's order", mend="Keep its underlyings first and in order"
            )
    return built


def _lot(given: OptionInstrument, kept: Instrument | None, low: str) -> str:
    """The stated lot, the universe's, or the smallest good one; an option's is its underlying's."""
    if given.lot is not None:
        lot = given.lot
    elif kept is not None:
        lot = kept.lot
    else:
        lot = choose_lot(low, given.size_step)
    if parse_decimal(lot) * parse_decimal(low) < 1:
        raise FormatError(
            f"{given.id}.lot",
            "is worth less than one quote unit at the band's low end",
            value=lot,
            mend=f"Use {choose_lot(low, given.size_step)}",
        )
    if given.size_step is not None and not on_grid(given.size_step, Fraction(parse_decimal(lot))):
        raise FormatError(
            f"{given.id}.size_step",
            f"is finer than 8 decimal places of the lot {lot}",
            value=given.size_step,
            mend=f"Use the lot {choose_lot(low, given.size_step)}",
        )
    return lot


def frozen_by(market: OptionsInput) -> tuple[str, ...]:
    """What moves an account's value, or its requirement, inside the window without band or charge."""
    kinds = {given.kind for given in market.instruments if not given.retired}
    words = ["the venue's margin rules"]
    if "option" in kinds:
        words.append("smiles: volatilities of one expiry move alike")
        words.append("interest rates: premiums are not discounted")
    if "perpetual" in kinds:
        words.append("funding of perpetuals after time")
    if kinds & {"deposit", "borrow"}:
        words.append("interest on deposits and borrows after time")
    return (*market.frozen, *(word for word in words if word not in market.frozen))
