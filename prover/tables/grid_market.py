"""From prices and a venue's parameters to a universe and an unsigned snapshot of a stress grid, and back.

A snapshot names its builder, `span`, `paradex` or `deribit`, and carries the whole input: anyone rebuilds
its integer rows from the snapshot alone. Every instrument moves in proportion to its underlying's one feed;
what its volatility (within its band) and the time may do inside the window is charged in its addons. Bases
of forwards do not move, and are named as frozen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from verifier.circuits import Layout
from verifier.circuits import layout as layout_named
from verifier.errors import FormatError
from verifier.market import Feed, Level, Model, Node, RowEntry, Snapshot, snapshot_valid
from verifier.numbers import int_to_text, parse_decimal
from verifier.rows import Row
from verifier.universe import Instrument, Universe

from ..pricing.pinned import years_between
from .deribit import DeribitRules, deribit_beside, deribit_grid, lines_cover
from .gaps import Band, Drift
from .grid import grid_nodes, grid_row
from .grid_inputs import GridInput, GridInstrument, GridUnderlying
from .lots import choose_lot, on_grid
from .paradex import (
    MINIMUM_DELTA,
    ParadexOptionRates,
    ParadexRules,
    paradex_beside,
    paradex_cross,
    paradex_grid,
)
from .span import MINIMUM, SpanRules, array_row, span_beside, span_grid
from .stress import Asset, StressGrid, delta

__all__ = ["METHODS", "build_grid", "check_grid", "grid_rows", "grid_universe"]

METHODS = ("span", "paradex", "deribit")
"""Names of the models that this builder makes and rebuilds."""

_VERSION = 1
Rules = SpanRules | ParadexRules | ParadexOptionRates | DeribitRules
"""What a venue charges, by method."""

_CHARGED = {"span": MINIMUM, "paradex": MINIMUM_DELTA, "deribit": None}


@dataclass(frozen=True)
class _Group:
    """An underlying with everything that its rows share."""

    place: int
    given: GridUnderlying
    width: Fraction
    rules: Rules
    grid: StressGrid
    bounded: StressGrid

    @property
    def highest(self) -> Fraction:
        """The band's highest price."""
        return parse_decimal(self.given.price) * (1 + self.width)

    @property
    def volatility(self) -> Fraction:
        """The furthest that an implied volatility may move, a year in ones."""
        return parse_decimal(self.given.volatility_band) if self.given.volatility_band else Fraction(0)

    def band(self, price: Fraction) -> Band:
        """Prices of what moves in proportion to the feed."""
        return Band.around(price, self.width) if self.width else Band.still(price)


def build_grid(
    given: GridInput, level: Level, layout: Layout | str, universe: Universe | None = None
) -> tuple[Universe, Snapshot]:
    """The universe and the unsigned snapshot of one margin level.

    Parameters
    ----------
    given
        Prices, bands and parameters.
    level
        ``maintenance`` or ``initial``.
    layout
        The table's shape, or its name in circuits.json.
    universe
        That of earlier snapshots, whose order and lots are kept.

    Raises
    ------
    FormatError
        When the input breaks a rule, or the layout cannot carry it.
    """
    shape = layout_named(layout) if isinstance(layout, str) else layout
    listed = grid_universe(given, universe)
    groups = _groups(given, level)
    first = next(iter(groups.values()))
    charged = _charged(given)
    corners = [name for name, _ in first.band(Fraction(1)).corners]
    nodes = grid_nodes(first.grid, corners, shape, charged=charged)
    rows = grid_rows(given, level, shape, listed)
    snapshot = Snapshot(
        universe=listed,
        layout=shape.name,
        level=level,
        epoch=given.epoch,
        time=given.time,
        valid_until=given.valid_until,
        feeds=tuple(feed for each in given.underlyings for feed in _feeds(each)),
        frozen=_frozen(given),
        nodes=tuple(Node(corner=each.corner, stress=each.stress) for each in nodes),
        rows=tuple(RowEntry.of(index, row, shape) for index, row in rows.items()),
        model=Model(name=given.method, version=_VERSION, parameters={"input": given.to_json()}),
    )
    snapshot_valid(snapshot)
    return listed, snapshot


def check_grid(snapshot: Snapshot) -> None:
    """Rebuild a snapshot from its own model and compare every member.

    Raises
    ------
    FormatError
        When its model is another one, or names the first member in which the two differ.
    """
    model = snapshot.model
    if model is None or model.name not in METHODS or model.version != _VERSION:
        raise FormatError(
            "model", f"is none of {', '.join(METHODS)}, version {_VERSION}", mend="Ask for its own builder"
        )
    given = GridInput.parse(model.parameters.get("input"), source="model.parameters.input")
    _, wanted = build_grid(given, snapshot.level, snapshot.shape, snapshot.universe)
    for name in Snapshot.model_fields:
        if name != "signatures" and getattr(snapshot, name) != getattr(wanted, name):
            raise FormatError(name, "is not what the model gives", mend="Build the snapshot again")


def grid_rows(given: GridInput, level: Level, layout: Layout, universe: Universe) -> dict[int, Row]:
    """The rows alone, by index; see `build_grid`."""
    groups = _groups(given, level)
    for group in groups.values():
        if isinstance(group.rules, DeribitRules):
            try:
                lines_cover(group.rules, layout)
            except FormatError as error:
                raise error.within("", prefix=f"underlyings[{group.place}]") from None
    expiries = _expiries(given)
    charged = _charged(given) is not None
    rows = {}
    for index, (line, listed) in enumerate(zip(given.instruments, universe.instruments, strict=True)):
        if not _live(line, given):
            continue
        try:
            rows[index] = _row(given, line, listed, groups[line.underlying], level, layout, expiries, charged)
        except FormatError as error:
            raise error.within("", prefix=line.id) from None
    return rows


def _row(
    given: GridInput,
    line: GridInstrument,
    listed: Instrument,
    group: _Group,
    level: Level,
    layout: Layout,
    expiries: Mapping[tuple[str, int | None], int],
    charged: bool,
) -> Row:
    lot = parse_decimal(listed.lot)
    price = parse_decimal(line.price if line.price is not None else group.given.price)
    option = line.kind == "option"
    years = years_between(given.time, line.expiry) if line.expiry is not None else Fraction(0)
    asset = Asset(
        price,
        strike=parse_decimal(line.strike) if line.strike is not None else None,
        volatility=parse_decimal(line.volatility) if line.volatility is not None else Fraction(0),
        years=years,
        call=line.option_type != "put",
    )
    band = group.band(price)
    drift = Drift(group.volatility, years_between(given.time, given.valid_until))
    subgroup = expiries[line.underlying, line.expiry]
    rules = group.rules
    if isinstance(rules, SpanRules):
        terms = group.given.span
        contracts = lot / parse_decimal(terms.multiplier if terms else "1")
        beside = span_beside(
            rules, level, month=subgroup, delta=_delta(line, asset), contracts=contracts, option=option
        )
        if line.array is not None:
            if group.width or group.volatility:
                raise FormatError("array", "does not move with a band", mend="Leave the bands out")
            return array_row(
                [parse_decimal(value) * contracts for value in line.array],
                price=parse_decimal(line.value) * lot if line.value is not None else price * lot,
                layout=layout,
                group=group.place + 1,
                beside=beside,
                share=rules.share(level),
                charged=charged,
            )
    elif isinstance(rules, ParadexOptionRates):
        beside = paradex_cross(
            rules,
            asset,
            band,
            spot=group.band(parse_decimal(group.given.price)),
            lot=lot,
            fee=parse_decimal(line.fee),
            drift=drift,
        )
    elif isinstance(rules, ParadexRules):
        beside = paradex_beside(
            rules,
            level,
            asset,
            band,
            spot=group.highest,
            lot=lot,
            fee=parse_decimal(line.fee),
            funding=parse_decimal(line.funding),
            drift=drift,
        )
    else:
        beside = deribit_beside(
            rules,
            level,
            asset,
            band,
            spot=group.highest,
            lot=lot,
            expiry=subgroup,
            years=years,
            drift=drift,
        )
    return grid_row(
        asset,
        band,
        group.grid,
        layout,
        group=group.place + 1,
        lot=lot,
        beside=beside,
        charged=charged,
        drift=drift,
        bounded=group.bounded,
    )


def _delta(line: GridInstrument, asset: Asset) -> Fraction:
    if line.delta is not None:
        return parse_decimal(line.delta)
    if line.array is not None and line.kind == "option":
        raise FormatError("delta", "is missing", mend="A risk array comes with a composite delta")
    # Rounded, since a clearing house's own is: what it is, the spread charge is exact about.
    return Fraction(round(delta(asset, asset.price, asset.volatility) * 10**6), 10**6)


def _groups(given: GridInput, level: Level) -> dict[str, _Group]:
    groups = {}
    for place, each in enumerate(given.underlyings):
        width = parse_decimal(each.band) if each.band is not None else Fraction(0)
        if not 0 <= width < 1:
            raise FormatError(
                f"underlyings[{place}].band",
                "is no relative half-width",
                value=each.band,
                mend="Such as 0.02",
            )
        rules: Rules
        try:
            if given.method == "span":
                rules = _span(each)
                grid = bounded = span_grid(rules, level)
            elif given.method == "paradex":
                rules = _paradex(each, level)
                if isinstance(rules, ParadexRules):
                    grid = bounded = paradex_grid(rules, level)
                else:
                    grid = bounded = StressGrid("paradex", ())
            else:
                rules = _deribit(each)
                grid, bounded = deribit_grid(rules, level), deribit_grid(rules, level, whole=True)
        except FormatError as error:
            raise error.within("", prefix=f"underlyings[{place}]") from None
        groups[each.underlying] = _Group(place, each, width, rules, grid, bounded)
    for before, after in pairwise(groups.values()):
        if [each.name for each in before.grid.stresses] != [each.name for each in after.grid.stresses]:
            raise FormatError(
                f"underlyings[{after.place}].{given.method}",
                "has other scenarios than the one before",
                mend="A table's nodes are the same for all of its rows: build one table for each",
            )
        if bool(before.width) != bool(after.width):
            raise FormatError(
                f"underlyings[{after.place}].band", "is there for some", mend="Give all a band, or none"
            )
    return groups


def _span(each: GridUnderlying) -> SpanRules:
    if each.span is None:
        raise FormatError("span", "is missing", mend="SPAN's ranges are the clearing house's")
    return SpanRules(
        price_range=parse_decimal(each.span.price_range),
        volatility_range=parse_decimal(each.span.volatility_range),
        extreme=each.span.extreme,
        lookahead=Fraction(each.span.lookahead_days, 365),
        spread_rate=parse_decimal(each.span.spread_rate),
        minimum=parse_decimal(each.span.minimum),
        initial_share=parse_decimal(each.span.initial_share),
        credits=each.span.credits,
    )


def _paradex(each: GridUnderlying, level: Level) -> ParadexRules | ParadexOptionRates:
    terms = each.paradex
    if terms is not None and terms.cross is not None:
        rates = getattr(terms.cross, level)
        return ParadexOptionRates(**_decimals(rates, tuple(type(rates).model_fields)))
    made: dict[str, Any] = _decimals(terms, ("net_delta", "hedged_delta", "maintenance"))
    if terms is not None and terms.scenarios is not None:
        made["scenarios"] = tuple(
            (parse_decimal(one.move), parse_decimal(one.shock), parse_decimal(one.weight))
            for one in terms.scenarios
        )
    return ParadexRules(**made)


def _deribit(each: GridUnderlying) -> DeribitRules:
    terms = each.deribit
    if terms is None:
        return DeribitRules()
    plain = ("buckets", "extended", "settlement", "lines", "unchanged")
    made: dict[str, Any] = _decimals(terms, tuple(set(type(terms).model_fields) - set(plain)))
    made |= {"settlement": terms.settlement, "lines": terms.lines, "unchanged": terms.unchanged}
    if terms.buckets is not None:
        made["buckets"] = terms.buckets
    if terms.extended is not None:
        made["extended"] = tuple(parse_decimal(move) for move in terms.extended)
    return DeribitRules(**made)


def _decimals(terms: object, names: tuple[str, ...]) -> dict[str, Fraction]:
    found = {name: getattr(terms, name, None) for name in names}
    return {name: parse_decimal(text) for name, text in found.items() if text is not None}


def _charged(given: GridInput) -> str | None:
    """What the last two nodes stand for; SPAN without a short option minimum has no such nodes."""
    if given.method == "span" and not any(
        each.span is not None and parse_decimal(each.span.minimum) for each in given.underlyings
    ):
        return None
    if any(each.paradex is not None and each.paradex.cross is not None for each in given.underlyings):
        return None
    return _CHARGED[given.method]


def _expiries(given: GridInput) -> dict[tuple[str, int | None], int]:
    """Ids of months and expiries, from 1, in the order in which instruments first name them."""
    found: dict[tuple[str, int | None], int] = {}
    for line in given.instruments:
        found.setdefault((line.underlying, line.expiry), len(found) + 1)
    return found


def _live(line: GridInstrument, given: GridInput) -> bool:
    if line.retired or (line.expiry is not None and line.expiry <= given.time):
        return False
    if line.expiry is not None and line.expiry <= given.valid_until:
        raise FormatError(
            "valid_until",
            f"is not before {line.id} expires",
            value=given.valid_until,
            mend=f"End the window before {line.expiry}",
        )
    return True


def _feeds(each: GridUnderlying) -> Iterator[Feed]:
    price, width = parse_decimal(each.price), parse_decimal(each.band or "0")
    places = sum(len(text.partition(".")[2]) for text in (each.price, each.band or ""))
    low, high = (
        int_to_text((price * factor * 10**places).numerator, places) for factor in (1 - width, 1 + width)
    )
    yield Feed(id=each.feed, kind=each.kind, underlying=each.underlying, price=each.price, low=low, high=high)
    if each.volatility_feed is not None and each.volatility_band is not None:
        yield Feed(
            id=each.volatility_feed,
            kind="spread",
            underlying=each.underlying,
            price="0",
            low=f"-{each.volatility_band}",
            high=each.volatility_band,
        )


def _frozen(given: GridInput) -> tuple[str, ...]:
    words = ["the venue's margin rules", "ratios of forwards and perpetuals to their feed"]
    fixed = {each.underlying for each in given.underlyings if each.volatility_band is None}
    if any(line.kind == "option" and line.underlying in fixed for line in given.instruments):
        words.append("implied volatilities")
    if any(line.array is not None for line in given.instruments):
        words.append("published risk arrays")
    if any(line.kind == "perpetual" for line in given.instruments):
        words.append("funding of perpetuals after time")
    if given.method == "span":
        words.append("the clearing house's composite deltas and scan ranges")
    return (*given.frozen, *(word for word in words if word not in given.frozen))


def grid_universe(given: GridInput, earlier: Universe | None = None) -> Universe:
    """The universe that an input lists; it must continue `earlier`, whose lots are kept.

    Raises
    ------
    FormatError
        When it does not, or a lot is too coarse for a size step.
    """
    known = earlier.instruments if earlier is not None else ()
    if len(known) > len(given.instruments):
        raise FormatError("instruments", "leave out some of the universe", mend="Mark them as retired")
    prices = {each.underlying: each.price for each in given.underlyings}
    listed = []
    for place, line in enumerate(given.instruments):
        kept = known[place] if place < len(known) else None
        lot = line.lot or (
            kept.lot if kept is not None else choose_lot(prices[line.underlying], line.size_step)
        )
        if line.size_step is not None and not on_grid(line.size_step, parse_decimal(lot)):
            raise FormatError(
                f"instruments[{place}].size_step",
                f"is finer than 8 decimal places of the lot {lot}",
                value=line.size_step,
            )
        instrument = Instrument(
            id=line.id,
            kind=line.kind,
            underlying=line.underlying,
            lot=lot,
            expiry=line.expiry,
            strike=line.strike,
            option_type=line.option_type,
            retired=line.retired,
        )
        if kept is not None and instrument.model_copy(update={"retired": kept.retired}) != kept:
            raise FormatError(
                f"instruments[{place}]",
                f"is not the universe's {kept.id}",
                value=line.id,
                mend="A universe only grows at its end; start a new listing period for anything else",
            )
        listed.append(instrument)
    built = Universe(
        name=given.name,
        venue=given.venue,
        quote=given.quote,
        period=given.period,
        underlyings=tuple(each.underlying for each in given.underlyings),
        instruments=tuple(listed),
    )
    if earlier is not None:
        for name in ("name", "venue", "quote", "period"):
            if getattr(earlier, name) != getattr(built, name):
                raise FormatError(name, "is not the universe's", value=getattr(built, name))
        if built.underlyings[: len(earlier.underlyings)] != earlier.underlyings:
            raise FormatError("underlyings", "are not in the universe's order", mend="Append only")
    return built
