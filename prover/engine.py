"""The one exact margin engine: public rows times private positions, in integers.

Circuits, tables and reports are tested against it. It picks what an optimal prover may pick: for every group
the smallest loss that satisfies all nodes, for every position the cheapest bracket whose bounds hold.

Scales: sizes 1e-8 lot, unit values and rates 1e-6 quote a lot, money 1e-14 quote (their product).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from verifier.circuits import packing, scale, width
from verifier.errors import FormatError
from verifier.market import Snapshot
from verifier.rows import Bracket, Row
from verifier.statement import MAX_FLOOR

from .accounts import Account, AccountStatement
from .resolve import resolve

__all__ = [
    "RATIO_DENOMINATOR",
    "MarginReport",
    "PositionMargin",
    "Requirement",
    "evaluate",
    "margin",
]

RATIO_DENOMINATOR = 20
"""A required ratio is (20 + k) / 20."""

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
        ``addon`` plus all ``losses``, before ratio and floor.
    addon
        Linear charges and bracket charges of all positions.
    losses
        Smallest admissible loss of every group that has a position, by group id.
    binding_node
        The node that sets a group's loss (the first when several do); None when no node loses.
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

    Raises
    ------
    FormatError
        For an unlisted index, indexes out of order or repeated, a size of zero or beyond 64 bits, a size
        above the position limit (the last bracket's bound), or cash, ratio or floor out of range.
    """
    _within("ratio", ratio, 0, _MAX_RATIO)
    _within("floor", floor, 0, MAX_FLOOR)
    if abs(cash) >= 1 << width("cash"):
        raise FormatError("cash", "is too large", mend=f"Its magnitude must be below 2^{width('cash')}")
    parts = []
    previous = -1
    for place, (index, size) in enumerate(positions):
        field = f"positions[{place}]"
        if index <= previous:
            raise FormatError(field, "is out of order or held twice", mend="One line an instrument, by index")
        previous = index
        if index not in rows:
            raise FormatError(field, "has no row in the market snapshot", value=index)
        parts.append(_position(field, index, size, rows[index]))
    return _report(tuple(parts), cash, ratio, floor)


def _position(field: str, index: int, size: int, row: Row) -> PositionMargin:
    magnitude = abs(size)
    if not 1 <= magnitude < 1 << width("size"):
        problem = "is zero" if size == 0 else "is too large"
        raise FormatError(
            f"{field}.size", problem, mend=f"Its magnitude must be from 1 to 2^{width('size')} − 1"
        )
    bracket, charge = _cheapest(field, magnitude, row.brackets)
    return PositionMargin(
        index=index,
        size=size,
        group=row.group,
        value=size * row.mark,
        nodes=tuple(size * node for node in row.nodes),
        addon=magnitude * (row.addon_long if size > 0 else row.addon_short),
        bracket=bracket,
        bracket_charge=charge,
    )


def _cheapest(field: str, magnitude: int, brackets: Sequence[Bracket]) -> tuple[int, int]:
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
            f"{field}.size",
            "is above the position limit",
            mend="The market snapshot has no tier for this size",
        )
    return best


def _report(parts: tuple[PositionMargin, ...], cash: int, ratio: int, floor: int) -> MarginReport:
    equity = cash + sum(part.value for part in parts)
    addon = sum(part.addon + part.bracket_charge for part in parts)
    losses: dict[int, int] = {}
    binding: dict[int, int | None] = {}
    for group in sorted({part.group for part in parts}):
        profits = [sum(at) for at in zip(*(p.nodes for p in parts if p.group == group), strict=True)]
        worst = min(profits, default=0)
        losses[group] = max(0, -worst)
        binding[group] = profits.index(worst) if worst < 0 else None
    requirement = addon + sum(losses.values())
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
    )


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
    held = resolve(account, snapshot)
    report = evaluate(
        held.positions,
        held.cash,
        snapshot.row_map(),
        ratio=claim.ratio if claim else 0,
        floor=claim.floor if claim else 0,
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
