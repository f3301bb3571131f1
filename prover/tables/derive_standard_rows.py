"""Rows of Derive's standard manager; `prover.tables.derive_standard` says what they carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.circuits import Layout, scale
from verifier.corners import end_of
from verifier.errors import FormatError
from verifier.market import FeedKind, Level, Node
from verifier.numbers import parse_decimal, round_nearest, round_up
from verifier.rows import Bracket, Row, row_valid
from verifier.universe import Universe

from ..pricing.pinned import black76, exact, years_between
from .derive_standard_inputs import StandardInput
from .derive_standard_listing import Line, OptionLine, PerpLine, feed_id, listed_lines, standard_feeds
from .envelope import Band
from .rounding import LARGEST_SIZE, PROHIBITIVE, addon
from .strike_nodes import choose_strikes, payoff, strike_gap

__all__ = ["StandardTable", "node_labels", "standard_table", "strike_room"]

_UNIT: int = 10 ** scale("value")
_ZERO = Fraction(0)
_STILL = "none"
_UNMOVED = Band(Fraction(1), Fraction(1), Fraction(1))
_AT_LEAST = "a payoff of nothing"
_NET_SHORT = "net short calls"
_CORNERS = tuple(
    f"forward:{first} index:{first} mark:{second} stablecoin:{first} volatility:{second}"
    for first in ("low", "high")
    for second in ("low", "high")
)
"""All ends of a group's feeds, whether they are index and mark, or forward and volatility."""


@dataclass(frozen=True)
class StandardTable:
    """Rows, and what they bound from above.

    Attributes
    ----------
    rows
        By index in the universe.
    nodes
        What each column of nodes stands for.
    gaps
        Quote units that a long unit is charged too much when its expiry is charged by maximal loss, for
        options whose strike has no node of its own, by instrument.
    """

    rows: Mapping[int, Row]
    nodes: tuple[Node, ...]
    gaps: Mapping[str, Fraction]


def strike_room(layout: Layout, *, moving: bool) -> int:
    """Nodes that a layout has for the strikes of an expiry; below 0 when not even the fixed ones fit."""
    corners = 1 + len(_CORNERS) * moving
    return (layout.nodes - corners) // 2 - 2


def node_labels(strikes: int, layout: Layout, *, moving: bool) -> tuple[Node, ...]:
    """What each node stands for: corners, then prices at expiry twice, then copies of the first."""
    prices = _names(strikes)
    labels = [Node(corner="mark", stress=_STILL)]
    labels += [Node(corner=corner, stress=_STILL) for corner in _CORNERS if moving]
    labels += [Node(corner="mark", stress=name) for name in prices]
    labels += [Node(corner="mark", stress=_paired(name)) for name in prices]
    return (*labels, *([labels[0]] * (layout.nodes - len(labels))))


def standard_table(given: StandardInput, level: Level, layout: Layout, universe: Universe) -> StandardTable:
    """The rows of one level.

    Parameters
    ----------
    given
        Prices, bands and rules.
    level
        ``maintenance`` or ``initial``.
    layout
        Of any number of nodes and one bracket or more, with the extension ``isolated``.
    universe
        From `standard_universe`.

    Raises
    ------
    FormatError
        When the layout has no either-or or no room for two strikes, or a number does not fit a row.
    """
    if "isolated" not in layout.extensions:
        raise FormatError(
            "layout", "has no extension 'isolated'", value=layout.name, mend="Such as s64-k1-d5-csi"
        )
    feeds = standard_feeds(given)
    bands = {feed.id: Band.of(feed) for feed in feeds}
    moving = any(feed.has_corners for feed in feeds)
    lines = listed_lines(given)
    strikes: dict[str, set[Fraction]] = {}
    for line in lines:
        if isinstance(line, OptionLine):
            strikes.setdefault(line.underlying, set()).add(line.strike)
    room = strike_room(layout, moving=moving)
    chosen = {name: choose_strikes(listed, room) for name, listed in strikes.items()}
    nodes = node_labels(max(map(len, chosen.values()), default=0), layout, moving=moving)
    rows, gaps = {}, {}
    for line in lines:
        index = universe.index_of(line.id)
        made = _Maker(given, bands, line, level, universe.instruments[index].lot)
        if isinstance(line, OptionLine):
            columns = made.option(line, chosen[line.underlying], nodes)
            gap = strike_gap(line.strike, chosen[line.underlying])
            if gap:
                gaps[line.id] = gap
        elif isinstance(line, PerpLine):
            columns = made.perpetual(line, nodes)
        else:
            columns = made.base(nodes)
        rows[index] = Row(
            group=universe.underlying_id(line.underlying),
            mark=columns.mark,
            nodes=tuple(columns.nodes),
            addon_long=columns.addons[0],
            addon_short=columns.addons[1],
            brackets=(Bracket(0, 0, LARGEST_SIZE),) * layout.brackets,
            isolated_long=columns.isolated[0],
            isolated_short=columns.isolated[1],
        )
        try:
            row_valid(rows[index], layout)
        except FormatError as error:
            raise error.within("", prefix=line.id) from None
    return StandardTable(dict(sorted(rows.items())), nodes, gaps)


@dataclass(frozen=True)
class _Columns:
    """A row's numbers, 1e-6 quote a lot; pairs are (long, short)."""

    mark: int
    nodes: Sequence[int]
    addons: tuple[int, int]
    isolated: tuple[int, int] = (PROHIBITIVE, PROHIBITIVE)


class _Maker:
    """The numbers of one instrument, prices at their worst edges."""

    def __init__(
        self, given: StandardInput, bands: Mapping[str, Band], line: Line, level: Level, lot: str
    ) -> None:
        self.given, self.bands, self.market = given, bands, line.market
        self.initial = level == "initial"
        self.lot = parse_decimal(lot)
        self.spot = self.band("index", line.market.name)

    def band(self, kind: FeedKind, name: str) -> Band:
        """A feed's band; a level of volatilities without one stays at 1."""
        return self.bands.get(feed_id(kind, name), _UNMOVED)

    def rule(self, name: str) -> Fraction:
        return parse_decimal(getattr(self.market.rules, name))

    def scaled(self, amount: Fraction) -> Fraction:
        """Quote units a unit to the row's own unit."""
        return amount * self.lot * _UNIT

    def contingency(self, kind: str, *confidences: str) -> Fraction:
        """Quote units a unit that oracle contingency charges, at the highest spot."""
        if not self.initial:
            return _ZERO
        least = min(parse_decimal(each) for each in (self.market.spot_confidence, *confidences))
        threshold = self.rule(f"{kind}_threshold")
        if not threshold or least >= threshold:
            return _ZERO
        return (1 - least) * self.rule("contingency_factor") * self.spot.high

    def depeg(self) -> Fraction:
        """Quote units a unit that a depeg charges, at the lowest stablecoin and the highest spot."""
        missing = parse_decimal(self.given.depeg_threshold) - self.band("stablecoin", self.given.quote).low
        if not self.initial or missing <= 0:
            return _ZERO
        return missing * parse_decimal(self.given.depeg_factor) * self.spot.high

    def linear(
        self, band: Band, share: Fraction, kind: str, nodes: tuple[Node, ...]
    ) -> tuple[int, list[int]]:
        """Mark and moves of what is worth `share` of a price; no strike stands for anything here."""
        moves = [
            band.corner(end_of(node.corner, kind)) - band.price if node.stress == _STILL else _ZERO
            for node in nodes
        ]
        return (
            round_nearest(self.scaled(share * band.price)),
            [round_nearest(self.scaled(share * move)) for move in moves],
        )

    def perpetual(self, line: PerpLine, nodes: tuple[Node, ...]) -> _Columns:
        band = self.band("mark", self.market.name)
        rate = self.rule("perp_initial" if self.initial else "perp_maintenance")
        charge = rate * band.high + self.contingency("perp", line.perp.confidence) + self.depeg()
        mark, moves = self.linear(band, Fraction(1), "mark", nodes)
        side = addon(charge * self.lot)
        return _Columns(mark, moves, (side, side))

    def base(self, nodes: tuple[Node, ...]) -> _Columns:
        share = self.rule("base_factor")
        if self.initial:
            share *= self.rule("base_initial_scale")
        # What counts for nothing is not penalised either.
        charge = self.contingency("base") if share else _ZERO
        mark, moves = self.linear(self.spot, share, "index", nodes)
        return _Columns(mark, moves, (addon(charge * self.lot), PROHIBITIVE))

    def option(self, line: OptionLine, chosen: tuple[Fraction, ...], nodes: tuple[Node, ...]) -> _Columns:
        forward = self.band("forward", line.underlying)
        level = self.band("volatility", line.underlying)
        years = years_between(self.given.time, line.expiry.expiry)

        def worth(price: Fraction, shift: Fraction) -> Fraction:
            return exact(black76(price, line.strike, line.volatility * shift, years, line.call))

        mark = round_nearest(self.scaled(worth(forward.price, level.price)))
        paid = self.paid(line, chosen, forward.high)
        moves = []
        for node in nodes:
            if node.stress == _STILL:
                end = worth(
                    forward.corner(end_of(node.corner, "forward")),
                    level.corner(end_of(node.corner, "volatility")),
                )
                moves.append(round_nearest(self.scaled(end)) - mark)
            else:
                # A strike that only another expiry has says nothing here.
                moves.append(
                    round_nearest(self.scaled(paid[node.stress])) - mark if node.stress in paid else 0
                )
        alone = self.isolated(line, worth(forward.high if line.call else forward.low, level.high))
        gap = strike_gap(line.strike, chosen)
        short = self.contingency("option", line.expiry.confidence) + self.depeg()
        return _Columns(
            mark,
            moves,
            (addon(gap * self.lot), addon(short * self.lot)),
            # The gap is in the addon, whichever of the two ways the group is charged.
            (max(0, mark - round_up(self.scaled(gap))), round_up(self.scaled(alone)) - mark),
        )

    def paid(self, line: OptionLine, chosen: tuple[Fraction, ...], forward: Fraction) -> dict[str, Fraction]:
        """What a unit counts for at expiry, by the node's name; quote units."""
        unpaired = self.rule("unpaired_initial" if self.initial else "unpaired_maintenance") * forward
        ends = [_ZERO, *(payoff(line.strike, line.call, price) for price in (_ZERO, *chosen))]
        found = {}
        for name, each in zip(_names(len(chosen)), ends, strict=True):
            found[name] = each
            found[_paired(name)] = each + unpaired if line.call else each
        return found

    def isolated(self, line: OptionLine, mark: Fraction) -> Fraction:
        """What one short unit costs on its own, its worst mark included, at the worst spot of the band."""
        rule, strike, spot = self.rule, line.strike, self.spot
        if line.call:
            if not self.initial:
                return mark + rule("maintenance_call") * spot.high
            return mark + self.initial_share(spot.high, max(_ZERO, strike - spot.high))
        maintenance = mark + max(rule("maintenance_put") * spot.high, rule("maintenance_put_mark") * mark)
        if not self.initial:
            return maintenance
        # Below the strike a put's share rises with the spot, above it the distance may eat it up again.
        spots = {spot.low, spot.high, min(max(strike, spot.low), spot.high)}
        share = max(self.initial_share(each, max(_ZERO, each - strike)) for each in spots)
        return max(mark + share, maintenance * rule("offset"))

    def initial_share(self, spot: Fraction, distance: Fraction) -> Fraction:
        """Initial share of the spot, quote units a unit, of an option `distance` out of the money."""
        return max(self.rule("max_spot") * spot - distance, self.rule("min_spot") * spot)


def _names(strikes: int) -> tuple[str, ...]:
    return (_AT_LEAST, "price 0", *(f"strike {place + 1}" for place in range(strikes)))


def _paired(name: str) -> str:
    return f"{name}, {_NET_SHORT}"
