"""The one exact margin engine: public rows times private positions, in integers.

Circuits, tables and reports are tested against it. It picks what an optimal prover may pick: for every group
the smallest loss that satisfies all nodes, for every position the cheapest bracket whose bounds hold.

A layout's extensions: ``charges`` on gross size at a group's last two nodes; ``subgroups`` with a loss of
their own; ``isolated`` charges, which a group may pay in place of its scenario loss; ``alternatives``, which
replace the profit of a group's positions of one subgroup at a node where they are worse. So an alternative
of 0 makes a node count losses only, and one of minus the node makes it count a profit as the same loss;
``one_sided``, by which the last three nodes do so with what the alternatives leave.

Scales: sizes 1e-8 lot, unit values and rates 1e-6 quote a lot, money 1e-14 quote (their product).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from verifier.circuits import ONE_SIDED_NODES, SUBNODES, Layout, packing, scale, width
from verifier.errors import FormatError
from verifier.market import Snapshot
from verifier.rows import Bracket, Row, undeclared
from verifier.statement import MAX_FLOOR

from .accounts import Account, AccountStatement
from .resolve import resolve

__all__ = [
    "CHARGED_NODES",
    "RATIO_DENOMINATOR",
    "MarginReport",
    "PositionMargin",
    "Requirement",
    "evaluate",
    "margin",
]

RATIO_DENOMINATOR = 20
"""A required ratio is (20 + k) / 20."""

CHARGED_NODES = 2
"""At how many nodes, the last ones, a group's charge on gross size adds to its loss."""

_MAX_RATIO = (1 << {field.name: field.bits for field in packing("terms")}["ratio"]) - 1


@dataclass(frozen=True)
class PositionMargin:
    """What one position adds; money in 1e-14 quote.

    Attributes
    ----------
    index
        Row index of the instrument.
    size
        Signed size, 1e-8 lot.
    group
        Id of the underlying whose loss it belongs to.
    value
        Size times mark: its part of equity, negative for a short or a debt.
    nodes
        Profit (positive) or loss (negative) at each scenario node.
    addon
        Linear charge for the side held.
    bracket
        Which bracket was picked, from 0.
    bracket_charge
        What that bracket charges.
    charge, isolated
        Extensions: what it adds to its group's charge on gross size, and to the group's isolated charge.
    subgroup, subnodes
        Extension: the subgroup's id (0 for none), and profit or loss at each of its nodes.
    alternatives
        Extension: profit or loss at each scenario node where the subgroup's alternative counts.
    instrument, underlying, size_text
        Names, filled in by `margin`.
    """

    index: int
    size: int
    group: int
    value: int
    nodes: tuple[int, ...]
    addon: int
    bracket: int
    bracket_charge: int
    charge: int = 0
    isolated: int = 0
    subgroup: int = 0
    subnodes: tuple[int, ...] = ()
    alternatives: tuple[int, ...] = ()
    instrument: str = ""
    underlying: str = ""
    size_text: str = ""


@dataclass(frozen=True)
class MarginReport:
    """Whether an account satisfies a claim, and what decided it; money in 1e-14 quote.

    Attributes
    ----------
    passes
        Whether ``slack`` is not negative.
    equity
        Cash plus the value of every position.
    requirement
        ``addon`` plus all ``losses`` and ``sub_losses``, before ratio and floor.
    addon
        Linear charges and bracket charges of all positions.
    losses
        Smallest admissible loss of every group that has a position, by group id.
    binding_node
        The node that sets a group's loss (the first when several do); None when no node loses, or when the
        group pays its isolated charge.
    excess
        Equity minus requirement.
    slack
        20·equity − (20 + k)·requirement − 20·floor·1e14: what the circuit proves not to be negative.
    cash
        The account's cash.
    ratio, floor
        The claim: k, and whole quote units.
    positions
        Contributions, by increasing index.
    groups, nodes
        Names of groups by id, and of nodes by position, filled in by `margin`.
    quote, level
        The currency and ``maintenance`` or ``initial``, filled in by `margin`.
    sub_losses
        Extension ``subgroups``: smallest admissible loss of every subgroup that has a position, by its id.
    charges
        Extension ``charges``: each group's charge on gross size, which its last two nodes include.
    scan_losses, isolated
        Extension ``isolated``: what each group's nodes ask, and what its isolated charge would be.
    is_isolated
        Extension ``isolated``: the groups whose loss is the isolated charge, since it is the smaller.
    alternative_taken
        Extension ``alternatives``: by (group, subgroup), at which nodes the alternatives are the worse.
    turned
        Extension ``one_sided``: by (group, subgroup), at which of the last nodes its gain counts against it.
    """

    passes: bool
    equity: int
    requirement: int
    addon: int
    losses: Mapping[int, int]
    binding_node: Mapping[int, int | None]
    excess: int
    slack: int
    cash: int
    ratio: int
    floor: int
    positions: tuple[PositionMargin, ...]
    groups: Mapping[int, str]
    nodes: tuple[str, ...] = ()
    quote: str = ""
    level: str = ""
    sub_losses: Mapping[int, int] = field(default_factory=dict)
    charges: Mapping[int, int] = field(default_factory=dict)
    scan_losses: Mapping[int, int] = field(default_factory=dict)
    isolated: Mapping[int, int] = field(default_factory=dict)
    is_isolated: frozenset[int] = frozenset()
    alternative_taken: Mapping[tuple[int, int], tuple[bool, ...]] = field(default_factory=dict)
    turned: Mapping[tuple[int, int], tuple[bool, ...]] = field(default_factory=dict)

    def profit_at(self, part: PositionMargin, node: int) -> int:
        """What a position gains (negative: loses) at a node.

        With the alternative where that counts, and as nothing or as a loss where its subgroup's gain does.
        """
        taken = self.alternative_taken.get((part.group, part.subgroup))
        profit = part.alternatives[node] if taken is not None and taken[node] else part.nodes[node]
        place = node - (len(part.nodes) - ONE_SIDED_NODES)
        turned = self.turned.get((part.group, part.subgroup))
        if turned is None or place < 0 or not turned[place]:
            return profit
        return -profit if place else 0

    @property
    def missing(self) -> int:
        """Cash that would have to be added for the claim to hold, rounded up; 0 when it holds."""
        return max(0, -(self.slack // RATIO_DENOMINATOR))


class Requirement(Protocol):
    """The part of a claim that the engine looks at."""

    @property
    def ratio(self) -> int:
        """k of the required ratio (20 + k) / 20."""

    @property
    def floor(self) -> int:
        """Whole quote units that must be left."""


def evaluate(
    positions: Sequence[tuple[int, int]],
    cash: int,
    rows: Mapping[int, Row],
    ratio: int = 0,
    floor: int = 0,
    layout: Layout | None = None,
) -> MarginReport:
    """Evaluate a claim over integer positions and rows.

    Parameters
    ----------
    positions
        (row index, signed size in 1e-8 lot), strictly increasing indexes, no zero size.
    cash
        1e-14 quote, magnitude below 2^120.
    rows
        Row of every index that `positions` names; all with the same number of nodes.
    ratio
        k of the required ratio (20 + k) / 20, from 0 to 255.
    floor
        Whole quote units, from 0 to 2^38 − 1.
    layout
        Whose extensions are live; none when left out.

    Raises
    ------
    FormatError
        For an unlisted index, a row that sets what no live extension charges, indexes out of order or
        repeated, a size of zero or beyond 64 bits, a size above the position limit (the last bracket's
        bound), or cash, ratio or floor out of range.
    """
    _within("ratio", ratio, 0, _MAX_RATIO)
    _within("floor", floor, 0, MAX_FLOOR)
    if abs(cash) >= 1 << width("cash"):
        raise FormatError("cash", "is too large", mend=f"Its magnitude must be below 2^{width('cash')}")
    extensions = layout.extensions if layout else ()
    parts = []
    previous = -1
    for place, (index, size) in enumerate(positions):
        where = f"positions[{place}]"
        if index <= previous:
            raise FormatError(where, "is out of order or held twice", mend="One line an instrument, by index")
        previous = index
        if index not in rows:
            raise FormatError(where, "has no row in the market snapshot", value=index)
        stray = undeclared(rows[index], extensions)
        if stray is not None:
            raise FormatError(where, f"has a {stray}, which this layout does not charge", value=index)
        if "alternatives" in extensions and len(rows[index].alternatives) != len(rows[index].nodes):
            raise FormatError(where, "has not one alternative a node", value=index)
        parts.append(_position(where, index, size, rows[index]))
    return _report(tuple(parts), cash, ratio, floor, extensions)


def _position(where: str, index: int, size: int, row: Row) -> PositionMargin:
    magnitude = abs(size)
    if not 1 <= magnitude < 1 << width("size"):
        problem = "is zero" if size == 0 else "is too large"
        raise FormatError(
            f"{where}.size", problem, mend=f"Its magnitude must be from 1 to 2^{width('size')} − 1"
        )
    bracket, charge = _cheapest(where, magnitude, row.brackets)
    return PositionMargin(
        index=index,
        size=size,
        group=row.group,
        value=size * row.mark,
        nodes=tuple(size * node for node in row.nodes),
        addon=magnitude * (row.addon_long if size > 0 else row.addon_short),
        bracket=bracket,
        bracket_charge=charge,
        charge=magnitude * (row.charge_long if size > 0 else row.charge_short),
        isolated=magnitude * (row.isolated_long if size > 0 else row.isolated_short),
        subgroup=row.subgroup,
        subnodes=tuple(size * node for node in row.subnodes),
        alternatives=tuple(size * node for node in row.alternatives),
    )


def _cheapest(where: str, magnitude: int, brackets: Sequence[Bracket]) -> tuple[int, int]:
    """The admissible bracket with the smallest charge; at a shared bound two are admissible."""
    best: tuple[int, int] | None = None
    lower = 0
    for place, bracket in enumerate(brackets):
        if lower <= magnitude <= bracket.upper:
            charge = magnitude * bracket.rate - bracket.deduction
            if best is None or charge < best[1]:
                best = (place, charge)
        lower = bracket.upper
    if best is None:
        raise FormatError(
            f"{where}.size",
            "is above the position limit",
            mend="The market snapshot has no tier for this size",
        )
    return best


def _report(
    parts: tuple[PositionMargin, ...], cash: int, ratio: int, floor: int, extensions: tuple[str, ...]
) -> MarginReport:
    equity = cash + sum(part.value for part in parts)
    addon = sum(part.addon + part.bracket_charge for part in parts)
    groups = sorted({part.group for part in parts})
    taken = _alternatives(parts) if "alternatives" in extensions else {}
    turned = _gains(parts, taken) if "one_sided" in extensions else {}
    charges = _sums(parts, groups, "charge") if "charges" in extensions else {}
    isolated = _sums(parts, groups, "isolated") if "isolated" in extensions else {}
    scans: dict[int, int] = {}
    losses: dict[int, int] = {}
    binding: dict[int, int | None] = {}
    for group in groups:
        profits = _profits([part for part in parts if part.group == group], taken)
        for (owner, _), gains in turned.items():
            if owner == group:
                _take_one_side(profits, gains)
        for node in range(len(profits) - CHARGED_NODES, len(profits)) if group in charges else ():
            profits[node] -= charges[group]
        worst = min(profits, default=0)
        scans[group] = losses[group] = max(0, -worst)
        binding[group] = profits.index(worst) if worst < 0 else None
        if group in isolated and isolated[group] < scans[group]:
            losses[group], binding[group] = isolated[group], None
    sub_losses = _sub_losses(parts) if "subgroups" in extensions else {}
    requirement = addon + sum(losses.values()) + sum(sub_losses.values())
    slack = (
        RATIO_DENOMINATOR * equity
        - (RATIO_DENOMINATOR + ratio) * requirement
        - RATIO_DENOMINATOR * floor * 10 ** scale("cash")
    )
    return MarginReport(
        passes=slack >= 0,
        equity=equity,
        requirement=requirement,
        addon=addon,
        losses=losses,
        binding_node=binding,
        excess=equity - requirement,
        slack=slack,
        cash=cash,
        ratio=ratio,
        floor=floor,
        positions=parts,
        groups={group: str(group) for group in losses},
        sub_losses=sub_losses,
        charges=charges,
        scan_losses=scans if isolated else {},
        isolated=isolated,
        is_isolated=frozenset(group for group in isolated if isolated[group] < scans[group]),
        alternative_taken=taken,
        turned={key: tuple(gain > 0 for gain in gains) for key, gains in turned.items()},
    )


def _sums(parts: Sequence[PositionMargin], groups: Sequence[int], name: str) -> dict[int, int]:
    return {group: sum(getattr(part, name) for part in parts if part.group == group) for group in groups}


def _profits(parts: Sequence[PositionMargin], taken: Mapping[tuple[int, int], tuple[bool, ...]]) -> list[int]:
    """Profit of positions of one group at each node, with alternatives where they are taken."""
    chosen = []
    for part in parts:
        instead = taken.get((part.group, part.subgroup), (False,) * len(part.nodes))
        columns = zip(part.nodes, part.alternatives or part.nodes, instead, strict=True)
        chosen.append([other if is_taken else own for own, other, is_taken in columns])
    return [sum(at) for at in zip(*chosen, strict=True)]


def _gains(
    parts: Sequence[PositionMargin], taken: Mapping[tuple[int, int], tuple[bool, ...]]
) -> dict[tuple[int, int], tuple[int, ...]]:
    """By (group, subgroup), what its positions together gain at each one-sided node; 0 where they lose."""
    found = {}
    for key in taken:
        own = _profits([part for part in parts if (part.group, part.subgroup) == key], taken)
        found[key] = tuple(max(0, profit) for profit in own[-ONE_SIDED_NODES:])
    return found


def _take_one_side(profits: list[int], gains: Sequence[int]) -> None:
    """Turn a group's profits at the last nodes: what a subgroup gains there counts as nothing at the first of
    them, and as a loss at the others. Positions of no subgroup count as everywhere."""
    first = len(profits) - ONE_SIDED_NODES
    for place, gain in enumerate(gains):
        profits[first + place] -= gain if place == 0 else 2 * gain


def _alternatives(parts: Sequence[PositionMargin]) -> dict[tuple[int, int], tuple[bool, ...]]:
    """By (group, subgroup), at which nodes its positions together are worse off by their alternatives."""
    found = {}
    for key in sorted({(part.group, part.subgroup) for part in parts if part.subgroup}):
        held = [part for part in parts if (part.group, part.subgroup) == key]
        own = [sum(at) for at in zip(*(part.nodes for part in held), strict=True)]
        other = [sum(at) for at in zip(*(part.alternatives for part in held), strict=True)]
        found[key] = tuple(theirs < ours for ours, theirs in zip(own, other, strict=True))
    return found


def _sub_losses(parts: Sequence[PositionMargin]) -> dict[int, int]:
    """Smallest admissible loss of each subgroup; its positions may be of several groups."""
    found = {}
    for subgroup in sorted({part.subgroup for part in parts if part.subgroup}):
        held = [part.subnodes for part in parts if part.subgroup == subgroup]
        found[subgroup] = max(0, *(-sum(profits[node] for profits in held) for node in range(SUBNODES)))
    return found


def margin(
    account: Account | AccountStatement, snapshot: Snapshot, claim: Requirement | None = None
) -> MarginReport:
    """Evaluate an account by name against a market snapshot.

    Parameters
    ----------
    account
        An imported account or an account statement.
    snapshot
        The market; its universe must be the account's.
    claim
        Ratio and floor; ratio 1 and floor 0 when left out.

    Raises
    ------
    FormatError
        When the universe or venue differs, an instrument is unknown, held twice, retired, expired or without
        a row, a size is off the lot's grid, zero, above the position limit or on the wrong side of a deposit
        or borrow row, or legs are held without the aggregate line that their tiers are charged on.
    """
    if snapshot.shape.kind != "margin":
        raise FormatError(
            "layout", "is a table of Greeks", value=snapshot.layout, mend="Name a snapshot of margins"
        )
    held = resolve(account, snapshot)
    report = evaluate(
        held.positions,
        held.cash,
        snapshot.row_map(),
        ratio=claim.ratio if claim else 0,
        floor=claim.floor if claim else 0,
        layout=snapshot.shape,
    )
    universe = snapshot.universe
    named = tuple(
        replace(part, instrument=instrument.id, underlying=instrument.underlying, size_text=size)
        for part, instrument, size in zip(report.positions, held.instruments, held.sizes, strict=True)
    )
    return replace(
        report,
        positions=named,
        groups={group: universe.underlyings[group - 1] for group in report.losses},
        nodes=tuple(
            node.corner if node.stress == "none" else f"{node.corner}, {node.stress}"
            for node in snapshot.nodes
        ),
        quote=universe.quote,
        level=snapshot.level,
    )


def _within(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise FormatError(field, "is out of range", value=value, mend=f"It must be from {low} to {high}")
