"""Opyn's vaults as a table; rules and source: `prover.venues.opyn`. A vault is an account.

* **Spread vaults**: an option is worth nothing by itself, and its nodes are what it pays at expiry at every
  listed strike and at the end beyond them: price 0 for puts; for calls, whose payoff is counted in the
  underlying (1 − K/S, a straight line of 1/S between strikes), a price without end. The largest loss of any
  vault is at one of these, so this is the venue's rule exactly, with no feed and no band.
* **Naked vaults**: a charge on the short side at the worst edge of the spot's band, and at the largest upper
  bound of the times to expiry inside the window. The long side is closed: the venue refuses such vaults.

A unit a lot pays for rounding only where a number was rounded: strikes and amounts on the grid are exact to
the last digit. One group an expiry. A layout with either-or has both sides of it closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from verifier.circuits import Layout, scale
from verifier.circuits import layout as layout_named
from verifier.errors import FormatError
from verifier.market import Feed, Level, Model, Node, RowEntry, Snapshot, snapshot_valid
from verifier.numbers import parse_decimal, round_nearest, round_up
from verifier.rows import Bracket, Row, row_valid
from verifier.universe import Universe

from .envelope import Band, feed_band
from .expiries import expiry_name
from .inputs import FeedInput
from .lots import choose_lot
from .opyn_inputs import OpynInput, OpynNaked, OpynSeries
from .rounding import LARGEST_SIZE, PROHIBITIVE
from .strike_nodes import payoff

__all__ = [
    "MODEL",
    "OpynInput",
    "OpynTable",
    "build_opyn",
    "opyn_table",
    "opyn_universe",
    "series_id",
    "settled_row",
]

MODEL = "opyn"
"""The model's name in a snapshot."""

_VERSION = 1
_UNIT: int = 10 ** scale("value")
_ZERO = Fraction(0)
_STILL = "none"
_FIXED = 2
"""Nodes beside strikes: no move, and the end beyond the strikes."""

_SPREAD_LOT = "1"
"""What a call is worth at most, in its collateral: the price that its lot is chosen by."""


@dataclass(frozen=True)
class OpynTable:
    """Rows by index in the universe, and what each column of nodes stands for."""

    rows: Mapping[int, Row]
    nodes: tuple[Node, ...]


def series_id(given: OpynInput, series: OpynSeries) -> str:
    """A series' instrument id, such as ``opyn:WETH-20261225-1500-P``."""
    kind = "C" if given.option_type == "call" else "P"
    return f"{given.venue}:{expiry_name(given.underlying, series.expiry)}-{series.strike}-{kind}"


def _group(given: OpynInput, series: OpynSeries) -> str:
    """The margin group: an expiry's options offset each other in a spread; naked ones hang on the spot."""
    return expiry_name(given.underlying, series.expiry) if given.naked is None else given.underlying


def opyn_universe(given: OpynInput, earlier: Universe | None = None) -> Universe:
    """The universe of an input; what `earlier` lists keeps its place and lot.

    Raises
    ------
    FormatError
        When a name is no valid id, a series is listed twice, or is not what `earlier` says.
    """
    instruments = {each.id: each.to_json() for each in earlier.instruments} if earlier else {}
    underlyings = list(earlier.underlyings) if earlier else []
    seen: set[str] = set()
    for series in given.series:
        name, group = series_id(given, series), _group(given, series)
        if name in seen:
            raise FormatError("series", "list one twice", value=name, mend="Keep one")
        seen.add(name)
        kept = instruments.get(name)
        made = {
            "id": name,
            "kind": "option",
            "underlying": group,
            "lot": kept["lot"] if kept else given.lot or _lot(given),
            "expiry": series.expiry,
            "strike": series.strike,
            "option_type": given.option_type,
        }
        if kept is not None and kept != made:
            raise FormatError(name, "is another instrument in the universe", mend="Keep its specification")
        instruments[name] = made
        if group not in underlyings:
            underlyings.append(group)
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


def _lot(given: OpynInput) -> str:
    if given.option_type == "call":
        return choose_lot(_SPREAD_LOT)
    return choose_lot(min((each.strike for each in given.series), key=parse_decimal))


def opyn_table(given: OpynInput, layout: Layout, universe: Universe) -> OpynTable:
    """The rows; Opyn has one level.

    Parameters
    ----------
    given
        Series and parameters.
    layout
        Of any shape; a layout of few nodes carries few strikes an expiry.
    universe
        From `opyn_universe`.

    Raises
    ------
    FormatError
        When an expiry is inside the window, has more strikes than the layout has nodes for or no upper
        bound, or a number does not fit a row.
    """
    listed: dict[str, list[OpynSeries]] = {}
    for series in given.series:
        if series.expiry <= given.time:
            continue
        if series.expiry <= given.valid_until:
            raise FormatError(
                "valid_until",
                f"is not before {series_id(given, series)} expires",
                value=given.valid_until,
                mend=f"End the window before {series.expiry}",
            )
        listed.setdefault(_group(given, series), []).append(series)
    strikes = {name: sorted({parse_decimal(one.strike) for one in each}) for name, each in listed.items()}
    most = 0 if given.naked is not None else max(map(len, strikes.values()), default=0)
    nodes = _nodes(given, most, layout)
    rows = {}
    for name, group in listed.items():
        for series in group:
            index = universe.index_of(series_id(given, series))
            lot = parse_decimal(universe.instruments[index].lot)
            if given.naked is not None:
                columns = _naked(given, given.naked, series, lot, layout)
            else:
                columns = _spread(given, series, strikes[name], lot, layout)
            rows[index] = _row(universe.underlying_id(name), layout, *columns)
            try:
                row_valid(rows[index], layout)
            except FormatError as error:
                raise error.within("", prefix=universe.instruments[index].id) from None
    return OpynTable(dict(sorted(rows.items())), nodes)


def _nodes(given: OpynInput, strikes: int, layout: Layout) -> tuple[Node, ...]:
    if given.naked is not None:
        corners = ("low", "high") if _spot(given, given.naked).moves else ("mark",)
        labels = [Node(corner=corner, stress=_STILL) for corner in corners]
    else:
        end = "price without end" if given.option_type == "call" else "price 0"
        names = (_STILL, end, *(f"strike {place + 1}" for place in range(strikes)))
        labels = [Node(corner="mark", stress=name) for name in names]
    if len(labels) > layout.nodes:
        raise FormatError(
            "layout",
            f"has {layout.nodes} nodes, {strikes} strikes of an expiry ask for {len(labels)}",
            mend="Use a layout with more nodes, or list fewer strikes",
        )
    return (*labels, *([labels[0]] * (layout.nodes - len(labels))))


_Columns = tuple[int, tuple[int, ...], int, int]
"""Mark, nodes, addon long, addon short."""


def _spread(
    given: OpynInput, series: OpynSeries, strikes: list[Fraction], lot: Fraction, layout: Layout
) -> _Columns:
    strike, call = parse_decimal(series.strike), given.option_type == "call"
    paid = [payoff(strike, call, price) / (price if call else 1) for price in strikes]
    # At the end beyond the strikes a call is worth the whole underlying.
    exact = [each * lot * _UNIT for each in (_ZERO, Fraction(1) if call else strike, *paid)]
    units = [round_nearest(each) for each in exact]
    side = int(any(each != unit for each, unit in zip(exact, units, strict=True)))
    return 0, (*units, *([0] * (layout.nodes - len(units)))), side, side


def _naked(given: OpynInput, naked: OpynNaked, series: OpynSeries, lot: Fraction, layout: Layout) -> _Columns:
    strike, shock = parse_decimal(series.strike), parse_decimal(naked.shock)
    bound, band = _bound(given, naked, series), Band.of(_spot(given, naked))

    def charge(spot: Fraction) -> Fraction:
        # A put in the strike asset; a call in the underlying is the same with 1 for K and s·K/S for s·S.
        whole, floor = (
            (Fraction(1), strike * shock / spot) if given.option_type == "call" else (strike, shock * spot)
        )
        return bound * min(whole, floor) + max(whole - floor, _ZERO)

    # It moves one way with the spot up to the strike's own place and not at all beyond: ends are the worst.
    worst = max(charge(band.low), charge(band.high))
    return 0, (0,) * layout.nodes, PROHIBITIVE, round_up(worst * lot * _UNIT)


def _bound(given: OpynInput, naked: OpynNaked, series: OpynSeries) -> Fraction:
    """The largest upper bound of the times to expiry inside the window."""
    longest, shortest = series.expiry - given.time, series.expiry - given.valid_until
    times = [each.seconds for each in naked.bounds]
    first = next((place for place, time in enumerate(times) if time >= shortest), len(times))
    last = next((place for place, time in enumerate(times) if time >= longest), None)
    if last is None:
        raise FormatError(
            "naked.bounds",
            f"have none for {longest} seconds",
            value=series_id(given, series),
            mend="The venue refuses such a vault too",
        )
    return max(parse_decimal(each.bound) for each in naked.bounds[first : last + 1])


def _spot(given: OpynInput, naked: OpynNaked) -> Feed:
    name = given.underlying
    return feed_band(
        FeedInput(id=f"{name} index", kind="index", underlying=name, price=naked.spot), naked.band
    )


def settled_row(given: OpynInput, series: OpynSeries, spot: Fraction, layout: Layout, group: int) -> Row:
    """A row of an expired series: it is worth what it pays, whatever comes; nothing is charged.

    Snapshots list no such row, since an expired vault is cash; this is what that cash follows from.

    Parameters
    ----------
    spot
        The settlement price.
    group
        Id of the expiry.
    """
    call = given.option_type == "call"
    lot = parse_decimal(given.lot or _lot(given))
    paid = payoff(parse_decimal(series.strike), call, spot) / (spot if call else 1) * lot * _UNIT
    mark = round_nearest(paid)
    side = int(mark != paid)
    return _row(group, layout, mark, (0,) * layout.nodes, side, side)


def _row(
    group: int, layout: Layout, mark: int, nodes: tuple[int, ...], addon_long: int, addon_short: int
) -> Row:
    return Row(
        group=group,
        mark=mark,
        nodes=nodes,
        addon_long=addon_long,
        addon_short=addon_short,
        brackets=(Bracket(0, 0, LARGEST_SIZE),) * layout.brackets,
        alternatives=nodes if "alternatives" in layout.extensions else (),
    )


def build_opyn(
    given: OpynInput, level: Level, layout: Layout | str, universe: Universe | None = None
) -> tuple[Universe, Snapshot]:
    """The universe and the unsigned snapshot.

    Parameters
    ----------
    given
        Series and parameters.
    level
        ``maintenance`` or ``initial``: the same rows, since the venue has one requirement.
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
    listed = opyn_universe(given, universe)
    table = opyn_table(given, shape, listed)
    # No price moves a spread's requirement, so its groups have no feed; a naked vault's is the spot.
    groups = dict.fromkeys(listed.instruments[index].underlying for index in table.rows)
    frozen = tuple(groups) if given.naked is None else ()
    snapshot = Snapshot(
        universe=listed,
        layout=shape.name,
        level=level,
        epoch=given.epoch,
        time=given.time,
        valid_until=given.valid_until,
        feeds=() if given.naked is None else (_spot(given, given.naked),),
        frozen=("the venue's margin rules", *frozen),
        nodes=table.nodes,
        rows=tuple(RowEntry.of(index, row, shape) for index, row in table.rows.items()),
        model=Model(name=MODEL, version=_VERSION, parameters={"input": given.to_json()}),
    )
    snapshot_valid(snapshot)
    return listed, snapshot
