"""Universe and snapshot of a market under Derive's portfolio manager; rows as `derive_portfolio` makes them.

Everything is of one margin group, the underlying's. Nothing has a band: a proof over such a snapshot holds
at its prices, and what it froze is named. Naked shorts are charged to every short option, since no line
states them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from verifier.circuits import Layout
from verifier.circuits import layout as layout_named
from verifier.errors import FormatError
from verifier.market import Feed, FeedKind, Level, Model, Node, RowEntry, Snapshot, snapshot_valid
from verifier.numbers import parse_decimal
from verifier.universe import Universe

from .derive_portfolio import portfolio_table
from .derive_portfolio_document import PortfolioInput
from .derive_standard_listing import option_id
from .lots import choose_lot

__all__ = ["MODEL", "build_portfolio", "portfolio_universe"]

MODEL = "derive-portfolio"
"""The model's name in a snapshot."""

_VERSION = 1
_FROZEN = (
    "the venue's margin rules",
    "confidences of oracles",
    "implied volatilities",
    "interest rates and time to expiry after time",
    "interest on cash after time",
)


def build_portfolio(
    given: PortfolioInput, level: Level, layout: Layout | str, universe: Universe | None = None
) -> tuple[Universe, Snapshot]:
    """The universe and the unsigned snapshot of one margin level.

    Parameters
    ----------
    given
        Prices, parameters and what is listed.
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
    listed = portfolio_universe(given, universe)
    lines = _lines(given)
    lots = [parse_decimal(listed.instruments[listed.index_of(line["id"])].lot) for line in lines]
    market = given.market()
    spread = iter(lots)
    if given.perpetual is not None:
        # The perpetual and the options are of one underlying, so of one lot.
        market = replace(market, lot=next(spread))
    collaterals = tuple(replace(each, lot=next(spread)) for each in market.collaterals)
    market = replace(market, collaterals=collaterals)
    rest = set(spread)
    if len(rest | ({market.lot} - {None})) > 1:
        raise FormatError("universe", "has options of different lots", mend="Keep one lot for an underlying")
    table = portfolio_table(
        replace(market, lot=rest.pop() if rest else market.lot), level, shape, naked_line=False
    )
    indexes = [listed.index_of(line["id"]) for line in lines]
    rows = sorted(zip(indexes, table.rows.values(), strict=True), key=lambda each: each[0])
    group = listed.underlying_id(given.underlying)
    snapshot = Snapshot(
        universe=listed,
        layout=shape.name,
        level=level,
        epoch=given.epoch,
        time=given.time,
        valid_until=given.valid_until,
        feeds=_feeds(given),
        frozen=(*_FROZEN, *(["funding of perpetuals after time"] if given.perpetual else [])),
        nodes=tuple(Node(corner="mark", stress=label) for label in table.nodes),
        rows=tuple(RowEntry.of(index, replace(row, group=group), shape) for index, row in rows),
        model=Model(name=MODEL, version=_VERSION, parameters={"input": given.to_json()}),
    )
    snapshot_valid(snapshot)
    return listed, snapshot


def _lines(given: PortfolioInput) -> list[dict[str, Any]]:
    """Every instrument that gets a row, in the table's order, without its lot."""
    made: list[dict[str, Any]] = []
    if given.perpetual is not None:
        made.append({"id": f"{given.venue}:{given.underlying}-PERP", "kind": "perpetual"})
    made += [{"id": f"{given.venue}:{each.name}", "kind": "deposit"} for each in given.collaterals]
    for expiry in given.live:
        if expiry.expiry <= given.valid_until:
            raise FormatError(
                "valid_until",
                "is not before an expiry",
                value=given.valid_until,
                mend=f"End the window before {expiry.expiry}",
            )
        for option in expiry.options:
            call = option.option_type == "call"
            made.append(
                {
                    "id": option_id(given.venue, given.underlying, expiry.expiry, option.strike, call),
                    "kind": "option",
                    "expiry": expiry.expiry,
                    "strike": option.strike,
                    "option_type": option.option_type,
                }
            )
    return [{**line, "underlying": given.underlying} for line in made]


def portfolio_universe(given: PortfolioInput, earlier: Universe | None = None) -> Universe:
    """The universe of an input; what `earlier` lists keeps its place and lot, the rest goes to the end.

    Raises
    ------
    FormatError
        When a name is no valid id, or an instrument is not what `earlier` says.
    """
    instruments = {each.id: each.to_json() for each in earlier.instruments} if earlier else {}
    underlyings = list(earlier.underlyings) if earlier else []
    prices = {f"{given.venue}:{each.name}": each.price for each in given.collaterals}
    for line in _lines(given):
        kept = instruments.get(line["id"])
        lot = kept["lot"] if kept else choose_lot(prices.get(line["id"], given.spot))
        made = {**line, "lot": lot}
        if kept is not None and kept != made:
            raise FormatError(line["id"], "is another instrument in the universe", mend="Keep its terms")
        instruments[line["id"]] = made
    # The stablecoin is no margin group, but a feed needs an underlying.
    underlyings += [name for name in (given.underlying, given.quote) if name not in underlyings]
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


def _feeds(given: PortfolioInput) -> tuple[Feed, ...]:
    name = given.underlying
    found = [_feed(f"{name} index", "index", name, given.spot)]
    if given.perpetual is not None:
        found.append(_feed(f"{name} mark", "mark", name, given.perpetual.price))
    found += [_feed(f"{name} forward {each.expiry}", "forward", name, each.forward) for each in given.live]
    found += [_feed(f"{each.name} price", "collateral", name, each.price) for each in given.collaterals]
    return (*found, _feed(f"{given.quote} price", "stablecoin", given.quote, given.stable))


def _feed(name: str, kind: FeedKind, underlying: str, price: str) -> Feed:
    return Feed(id=name, kind=kind, underlying=underlying, price=price, low=price, high=price)
