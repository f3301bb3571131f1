"""The exact engine of mandates: what an account's Greeks, leverage and concentration are, in integers.

It counts as the circuit does. A table's numbers may each be less than one unit off, so a position of |size|
(in hundred-millionths of a lot) is off by less than |size| in every sum: that allowance is conceded to every
limit, and whatever passes here holds of the exact numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from verifier.circuits import GREEKS, scale
from verifier.errors import FormatError
from verifier.mandate import Mandate, check_universe
from verifier.market import Snapshot
from verifier.rows import Row

from .accounts import Account, AccountStatement
from .resolve import resolve

__all__ = ["GroupUse", "MandateReport", "evaluate_mandate", "keeps"]

_ONE = 10 ** scale("cash")


@dataclass(frozen=True)
class GroupUse:
    """What one underlying's positions add up to, 1e-14 quote.

    Attributes
    ----------
    net
        In the order of `GREEKS`, signed.
    gross
        Notional of long and short alike.
    allowance
        What rounding may be off by.
    """

    net: tuple[int, ...]
    gross: int
    allowance: int


@dataclass(frozen=True)
class MandateReport:
    """How an account stands to a mandate.

    Attributes
    ----------
    equity
        Cash and positions at the marks, 1e-14 quote.
    least_equity
        The same less the allowance.
    groups
        What is held by underlying.
    slack
        What is left of each limit by its name; negative where it is exceeded. Names are ``floor``,
        ``leverage``, ``concentration of 3`` and ``delta of 3``, by the id of the underlying. Units: floor and
        Greeks 1e-14 quote, leverage a hundredth of that, concentration a ten-thousandth.
    outside
        Ids of underlyings that are held and that the mandate does not name.
    """

    equity: int
    least_equity: int
    groups: Mapping[int, GroupUse]
    slack: Mapping[str, int]
    outside: tuple[int, ...]

    @property
    def passes(self) -> bool:
        """Whether every limit is kept."""
        return not self.outside and all(left >= 0 for left in self.slack.values())

    @property
    def broken(self) -> tuple[str, ...]:
        """Names of the limits that are exceeded."""
        return tuple(name for name, left in self.slack.items() if left < 0)


def evaluate_mandate(
    positions: Sequence[tuple[int, int]],
    cash: int,
    rows: Mapping[int, Row],
    limits: Sequence[tuple[int, Sequence[int]]],
    leverage: int,
    share: int,
    floor: int = 0,
) -> MandateReport:
    """Sum an account's Greeks and compare them with limits.

    Parameters
    ----------
    positions
        (row index, signed size in 1e-8 lot).
    cash
        1e-14 quote.
    rows
        Of a table of Greeks.
    limits
        (id, limits in the order of `GREEKS`) of every underlying that may be held, whole quote units.
    leverage
        Hundredths.
    share
        Hundredths of a per cent.
    floor
        Least equity, whole quote units.
    """
    held: dict[int, list[tuple[int, Row]]] = {group: [] for group, _ in limits}
    for index, size in positions:
        held.setdefault(rows[index].group, []).append((size, rows[index]))
    groups = {group: _use(parts) for group, parts in held.items()}
    equity = cash + sum(size * rows[index].mark for index, size in positions)
    allowance = sum(each.allowance for each in groups.values())
    gross = sum(each.gross for each in groups.values())
    least = equity - allowance
    slack = {"floor": least - floor * _ONE, "leverage": leverage * least - 100 * gross}
    for group, bounds in limits:
        use = groups[group]
        slack[f"concentration of {group}"] = share * (gross - allowance + use.allowance) - 10_000 * use.gross
        for name, bound, net in zip(GREEKS, bounds, use.net, strict=True):
            slack[f"{name} of {group}"] = bound * _ONE - use.allowance - abs(net)
    named = {group for group, _ in limits}
    outside = tuple(sorted(group for group in groups if group not in named))
    return MandateReport(equity, least, groups, slack, outside)


def _use(parts: Sequence[tuple[int, Row]]) -> GroupUse:
    return GroupUse(
        net=tuple(sum(size * row.nodes[place] for size, row in parts) for place in range(len(GREEKS))),
        gross=sum(abs(size) * (row.addon_long if size > 0 else row.addon_short) for size, row in parts),
        allowance=sum(abs(size) for size, _ in parts),
    )


def keeps(
    account: Account | AccountStatement, snapshot: Snapshot, mandate: Mandate, floor: int = 0
) -> MandateReport:
    """Compare an account by name with a mandate, at a snapshot of Greeks.

    Raises
    ------
    FormatError
        When the snapshot is no table of Greeks, the mandate is of another universe, or an instrument does not
        resolve; names no size.
    """
    if snapshot.shape.kind != "greeks":
        raise FormatError(
            "layout",
            "is no table of Greeks",
            value=snapshot.layout,
            mend="Build one: zksolvency mandate table",
        )
    check_universe(mandate, snapshot.universe)
    found = resolve(account, snapshot)
    limits = [(each.group, each.greeks) for each in mandate.underlyings]
    return evaluate_mandate(
        found.positions, found.cash, snapshot.row_map(), limits, mandate.leverage_hundredths, mandate.share,
        floor,
    )  # fmt: skip
