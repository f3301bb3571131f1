"""Tables of Greeks: what a lot gains or loses in cash when the market moves a little, for mandates.

Per lot, signed, quote units:

==========  ==================================================================================================
delta       for a move of the underlying by 1 %, spot and forwards together
gamma       Γ·(1 % of the price)²: half of it is what such a move gains beyond delta; 0 for what is linear
vega        for one point (0.01) of the instrument's own volatility
theta       for one day of 365
notional    of the underlying, at the forward's or the perpetual's price; rounded up, for gross sums
==========  ==================================================================================================

They are those at the snapshot's own prices, by Black-76: the bands of feeds are carried along so that a
verifier can tell when prices have left them, and no Greek is taken anywhere else in a band. Everything is
computed by `prover.pricing.pinned`, so anyone recomputes the same integers. A deposit counts in full: its
weight is a rule of margin. Columns are rounded to nearest (the notional up), each less than one unit off;
mandates concede that.
"""

from __future__ import annotations

from fractions import Fraction

from verifier.circuits import GREEKS, Layout
from verifier.circuits import layout as layout_named
from verifier.errors import FormatError
from verifier.market import Level, Model, Node, RowEntry, Snapshot, snapshot_valid
from verifier.numbers import parse_decimal, round_up
from verifier.rows import Bracket, Row, row_valid
from verifier.universe import Instrument, Universe

from ..pricing.pinned import black76_greeks, exact, number
from .option_inputs import OptionsInput
from .option_market import OptionMarket
from .options import frozen_by, is_listed, parameters_of, snapshot_feeds, universe_of
from .rounding import LARGEST_SIZE, unit_value

__all__ = ["LAYOUT", "MODEL", "build_greeks", "greek_row"]

MODEL = "greeks"
"""Name of the model in a snapshot."""

LAYOUT = "g4-k1-d5"
"""The only layout of Greeks."""

_VERSION = 1
_UNIT = 10**6
_MOVE = Fraction(1, 100)
_DAY = Fraction(1, 365)


def build_greeks(
    market: OptionsInput, level: Level, layout: Layout | str = LAYOUT, universe: Universe | None = None
) -> tuple[Universe, Snapshot]:
    """Build the universe and the unsigned snapshot of Greeks of an options market.

    Parameters
    ----------
    market
        The input that a margin table is built from; its scenarios and charges are not used here.
    level
        Goes into the header, as a claim names one; the numbers are the same for both.
    layout
        A shape of kind ``greeks``, or its name.
    universe
        The universe of earlier snapshots, whose order and lots are kept.

    Returns
    -------
    tuple
        The universe, the same that `build_options` gives, and the snapshot, whose model carries the input.

    Raises
    ------
    FormatError
        When the input breaks a rule, or the layout is no table of Greeks.
    """
    shape = layout_named(layout) if isinstance(layout, str) else layout
    if shape.kind != "greeks":
        raise FormatError("layout", "is no table of Greeks", value=shape.name, mend=f"Use {LAYOUT}")
    feeds = snapshot_feeds(market)
    listed = universe_of(market, feeds, universe)
    box = OptionMarket(feeds, market.time, market.valid_until, parameters_of(market, level))
    rows = {}
    for index, (given, instrument) in enumerate(zip(market.instruments, listed.instruments, strict=True)):
        if is_listed(given, market):
            try:
                row = greek_row(box, instrument, listed.underlying_id(instrument.underlying))
                row_valid(row, shape)
            except FormatError as error:
                raise error.within("", prefix=instrument.id) from None
            rows[index] = row
    snapshot = Snapshot(
        universe=listed,
        layout=shape.name,
        level=level,
        epoch=market.epoch,
        time=market.time,
        valid_until=market.valid_until,
        feeds=feeds,
        frozen=frozen_by(market),
        nodes=tuple(Node(corner="mark", stress=each) for each in GREEKS),
        rows=tuple(RowEntry.of(index, row, shape) for index, row in rows.items()),
        model=Model(name=MODEL, version=_VERSION, parameters={"input": market.to_json()}),
    )
    snapshot_valid(snapshot)
    return listed, snapshot


def greek_row(market: OptionMarket, instrument: Instrument, group: int) -> Row:
    """The row of an instrument: Greeks in place of nodes, notionals in place of addons.

    Raises
    ------
    FormatError
        When a parameter is missing or a number does not fit.
    """
    underlying = market.underlyings.get(instrument.underlying)
    if underlying is None:
        raise FormatError("underlying", "has no feed", value=instrument.underlying)
    lot = parse_decimal(instrument.lot)
    expiry = None
    if instrument.kind in ("option", "future"):
        expiry = market.expiries.get((instrument.underlying, instrument.expiry or 0))
        if expiry is None:
            raise FormatError("expiries", "have none for it", value=instrument.expiry, mend="Add it")
        basis = expiry.basis
    elif instrument.kind == "aggregate":
        raise FormatError("kind", "is an aggregate line", mend="A table of Greeks has none")
    else:
        basis = market.basis("bases", market.parameters.bases.get(instrument.id), instrument.underlying)
    price = underlying.spot.price * basis.price
    if instrument.kind == "option" and expiry is not None:
        worth, *greeks = _option(market, instrument, price, expiry.years)
    else:
        worth, greeks = price, [price * _MOVE, Fraction(0), Fraction(0), Fraction(0)]
    notional = round_up(price * lot * _UNIT)
    return Row(
        group=group,
        mark=unit_value(worth * lot),
        nodes=tuple(unit_value(each * lot) for each in greeks),
        # The same on both sides of a deposit or a borrow, too: a prohibitive one would be gross notional, and
        # dilute the concentration of another underlying.
        addon_long=notional,
        addon_short=notional,
        brackets=(Bracket(0, 0, LARGEST_SIZE),),
    )


def _option(
    market: OptionMarket, instrument: Instrument, forward: Fraction, years: Fraction
) -> tuple[Fraction, ...]:
    """Worth and the four cash Greeks of one unit."""
    volatility = market.parameters.volatilities.get(instrument.id)
    if volatility is None:
        raise FormatError("volatilities", "have none for it", value=instrument.id, mend="Add it")
    found = black76_greeks(
        number(forward),
        number(parse_decimal(instrument.strike or "")),
        number(parse_decimal(volatility)),
        number(years),
        instrument.option_type == "call",
    )
    move = forward * _MOVE
    return (
        exact(found.price),
        exact(found.delta) * move,
        exact(found.gamma) * move * move,
        exact(found.vega) * _MOVE,
        exact(found.theta) * _DAY,
    )
