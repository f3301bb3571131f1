"""Rows of a stress grid: nodes with factors at every corner, and what a venue charges beside its scenarios.

A band of prices has two corners, and every row holds over all of it: what a position may lose between its
nodes, and what a volatility and the time to expiry may do inside the window, is bounded in
`prover.tables.gaps` and charged in the addons.

Charges beside the scenarios go into a layout's extensions. A layout without them still never charges less:
what would be charged on gross size at the last two nodes is charged always, and a subgroup's loss is charged
line by line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.circuits import ONE_SIDED_NODES, Layout
from verifier.errors import FormatError
from verifier.numbers import round_down, round_up
from verifier.rows import Bracket, Row, row_valid

from ..pricing.machine import Mpfr, machine, number
from .gaps import STAYS, Band, Drift, gaps
from .rounding import LARGEST_SIZE, PROHIBITIVE
from .stress import Asset, StressGrid, to_units, unstressed, valuations

__all__ = ["STILL", "Beside", "GridNode", "fill_row", "grid_nodes", "grid_row", "node_room"]

STILL = "none"
"""What a snapshot calls the zero stress."""

_ZERO = Fraction(0)
_UNIT = 10**6
_CHARGED = 2


@dataclass(frozen=True)
class GridNode:
    """A node's label: the corner, and the stress from there."""

    corner: str
    stress: str


@dataclass(frozen=True)
class Beside:
    """What a venue charges on a row beside its scenarios, quote units a lot.

    Attributes
    ----------
    addon_long, addon_short
        Always.
    gross_long, gross_short
        On gross size, as an alternative to the scan (a group's loss is the larger of the two).
    tilt
        Added to that alternative: its amount at one sign of the group's sum, minus it at the other.
    subgroup, subnode
        A second group, and a unit's amount in it: the absolute value of the group's sum is charged.
    slopes
        Added to each stress's node; a builder that uses them shows why nothing is undercharged.
    largest
        Lots that may be held at most; None for no limit.
    """

    addon_long: Fraction = _ZERO
    addon_short: Fraction = _ZERO
    gross_long: Fraction = _ZERO
    gross_short: Fraction = _ZERO
    tilt: Fraction = _ZERO
    subgroup: int = 0
    subnode: Fraction = _ZERO
    slopes: tuple[Fraction, ...] = ()
    largest: Fraction | None = None


def _idle(layout: Layout) -> int:
    """Nodes that a grid leaves at 0: where a gain counts against a subgroup it would charge too much."""
    return ONE_SIDED_NODES if "one_sided" in layout.extensions else 0


def node_room(stresses: int, corners: int, layout: Layout, *, charged: bool) -> int:
    """Nodes that a layout has left over for a grid; below 0 when it does not fit.

    One-sided nodes are none of a grid's.

    Parameters
    ----------
    stresses
        Of the grid; the zero stress comes on top, at every corner.
    corners
        1 without a band, 2 with one.
    charged
        Whether a charge on gross size takes two nodes more.
    """
    return layout.nodes - _idle(layout) - corners * (stresses + 1) - (_CHARGED if charged else 0)


def grid_nodes(
    grid: StressGrid, corners: Sequence[str], layout: Layout, *, charged: str | None = None
) -> tuple[GridNode, ...]:
    """Labels of a layout's nodes: corners by stresses, then copies of the zero stress, then the charged
    nodes, then one-sided ones, which stand at the mark.

    Parameters
    ----------
    grid
        The scenarios.
    corners
        Names of the corners.
    layout
        The table's shape.
    charged
        What the last two nodes stand for, when the venue charges gross size.

    Raises
    ------
    FormatError
        When the grid does not fit the layout.
    """
    room = node_room(len(grid.stresses), len(corners), layout, charged=charged is not None)
    if room < 0:
        raise FormatError(
            "layout",
            f"has {layout.nodes - _idle(layout)} nodes for stresses, the {grid.name} grid asks for "
            f"{layout.nodes - _idle(layout) - room}",
            mend="Use a layout with more nodes, or no band",
        )
    names = [GridNode(corner, STILL) for corner in corners]
    names += [GridNode(corner, stress.name) for corner in corners for stress in grid.stresses]
    names += [GridNode(corners[place % len(corners)], STILL) for place in range(room)]
    if charged is not None:
        names += [GridNode(corners[0], charged), GridNode(corners[-1], charged)]
    names += [GridNode("mark", STILL)] * _idle(layout)
    return tuple(names)


def grid_row(
    asset: Asset,
    band: Band,
    grid: StressGrid,
    layout: Layout,
    *,
    group: int,
    lot: Fraction,
    beside: Beside | None = None,
    charged: bool = False,
    drift: Drift = STAYS,
    bounded: StressGrid | None = None,
) -> Row:
    """One instrument's row.

    Parameters
    ----------
    asset
        Its specification; `asset.price` is the band's.
    band
        Its forward's prices.
    grid
        The scenarios, with the level's share in their factors.
    layout
        The table's shape.
    group
        Id of the underlying.
    lot
        Units a lot.
    beside
        Further charges.
    charged
        Whether the last two nodes are those of a charge on gross size (the same for every row of a table).
    drift
        What volatility and time may do inside the window.
    bounded
        The grid with the stresses that have no node of their own, where `beside` has what that costs.

    Raises
    ------
    FormatError
        When the grid does not fit the layout, or a number the row.
    """
    beside = beside or Beside()
    corners = [price for _, price in band.corners]
    if node_room(len(grid.stresses), len(corners), layout, charged=charged) < 0:
        grid_nodes(grid, [name for name, _ in band.corners], layout, charged="charge" if charged else None)
    at = valuations(asset, grid, corners)
    base = unstressed(asset, [band.price])[0] if len(at) > 1 else at[0].still
    with machine().arithmetic():
        scale = number(lot * _UNIT)
        still = [scale * (each.still - base) for each in at]
        nodes: list[Mpfr] = list(still)
        for own, each in zip(still, at, strict=True):
            nodes += [
                rest * own + part * (scale * (value - base))
                for value, (rest, part) in zip(each.stressed, grid.plan.factors, strict=True)
            ]
        if beside.slopes:
            slopes = [
                *([number(0)] * len(at)),
                *([number(slope * _UNIT) for slope in beside.slopes] * len(at)),
            ]
            nodes = [node + slope for node, slope in zip(nodes, slopes, strict=True)]
        if charged:
            tilt = number(beside.tilt * _UNIT)
            nodes += [still[0] - tilt, still[-1] + tilt]
        mark, *units = to_units([scale * base, *nodes])
    long, short = gaps(asset, band, bounded or grid, drift)
    if long or short:
        beside = replace(
            beside, addon_long=beside.addon_long + long * lot, addon_short=beside.addon_short + short * lot
        )
    return fill_row(mark, units, len(at), layout, group=group, beside=beside, charged=charged)


def fill_row(
    mark: int,
    nodes: Sequence[int],
    corners: int,
    layout: Layout,
    *,
    group: int,
    beside: Beside,
    charged: bool,
) -> Row:
    """A row of a layout from rounded numbers: padded, with its charges in the columns that the layout has.

    Parameters
    ----------
    mark, nodes
        1e-6 quote a lot: the zero stress at each corner first, the charged nodes last.
    corners
        How many of the first nodes are zero stresses; copies of these fill the layout.
    layout, group, beside, charged
        As for `grid_row`.

    Raises
    ------
    FormatError
        When the nodes do not fit the layout, or a number the row.
    """
    idle = _idle(layout)
    room = layout.nodes - idle - len(nodes)
    if room < 0:
        raise FormatError(
            "layout", f"has {layout.nodes - idle} nodes for stresses, the grid asks for {len(nodes)}"
        )
    split = len(nodes) - (_CHARGED if charged else 0)
    padding = [nodes[place % corners] for place in range(room)]
    row = Row(
        group=group,
        mark=mark,
        nodes=(*nodes[:split], *padding, *nodes[split:], *([0] * idle)),
        addon_long=_up(beside.addon_long) + 1,
        addon_short=_up(beside.addon_short) + 1,
        brackets=_limit(beside.largest, layout.brackets),
    )
    row = _extended(row, beside, layout)
    row_valid(row, layout)
    return row


def _up(amount: Fraction) -> int:
    return round_up(amount * _UNIT)


def _limit(largest: Fraction | None, count: int) -> tuple[Bracket, ...]:
    upper = LARGEST_SIZE if largest is None else min(LARGEST_SIZE, round_down(largest * 10**8))
    if upper < 1:
        raise FormatError("limit", "leaves no size that could be held", mend="Use a smaller lot")
    return (Bracket(0, 0, upper),) * count


def _extended(row: Row, beside: Beside, layout: Layout) -> Row:
    """Fill the extensions' columns; what has none is charged line by line."""
    live = layout.extensions
    more: dict[str, object] = {}
    long, short = row.addon_long, row.addon_short
    gross_long, gross_short = _up(beside.gross_long), _up(beside.gross_short)
    if "charges" in live:
        more |= {"charge_long": gross_long, "charge_short": gross_short}
    else:
        long, short = long + gross_long, short + gross_short
    if "subgroups" in live:
        more["subgroup"] = beside.subgroup
        if beside.subgroup and beside.subnode:
            (node,) = to_units([number(beside.subnode * _UNIT)])
            more["subnodes"] = (node, -node)
            # The subnode's half unit is paid for as well.
            long, short = long + 1, short + 1
    else:
        each = _up(abs(beside.subnode))
        long, short = long + each, short + each
    if "isolated" in live:
        more |= {"isolated_long": PROHIBITIVE, "isolated_short": PROHIBITIVE}
    if "alternatives" in live:
        more["alternatives"] = row.nodes
    return Row(row.group, row.mark, row.nodes, long, short, row.brackets, **more)  # type: ignore[arg-type]
