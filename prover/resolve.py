"""What an account holds, row by row of a market snapshot: the step between files and the integer engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verifier.errors import FormatError
from verifier.market import Snapshot
from verifier.numbers import cash_to_int
from verifier.universe import Instrument

from .accounts import Account, AccountStatement, quantities

__all__ = ["Resolved", "resolve"]

_LEGS = ("perpetual", "future", "option")


@dataclass(frozen=True)
class Resolved:
    """Positions as integers.

    Attributes
    ----------
    cash
        1e-14 quote.
    positions
        (row index, signed size in 1e-8 lot) by increasing index.
    instruments
        The instrument of each position.
    sizes
        The size text of each position.
    """

    cash: int
    positions: tuple[tuple[int, int], ...]
    instruments: tuple[Instrument, ...]
    sizes: tuple[str, ...]


def resolve(account: Account | AccountStatement, snapshot: Snapshot) -> Resolved:
    """Find every position's row and put its size on the row's grid.

    Raises
    ------
    FormatError
        When the universe or venue differs, an instrument is unknown, held twice, retired, expired or without
        a row, a size is off the grid or on the wrong side, or legs lack their aggregate line. Names the
        instrument, never a size.
    """
    universe = snapshot.universe
    if account.venue != universe.venue:
        raise FormatError("venue", f"is {account.venue}, the market's is {universe.venue}")
    if account.universe != universe.hash:
        raise FormatError(
            "universe", "is not the market snapshot's", mend="Use a snapshot of the account's own universe"
        )
    positions = quantities(account.positions, universe, valid_until=snapshot.valid_until)
    instruments = tuple(universe.instruments[index] for index, _ in positions)
    listed = {entry.index for entry in snapshot.rows}
    for instrument, (index, size) in zip(instruments, positions, strict=True):
        if index not in listed:
            raise FormatError("positions", f"holds {instrument.id}, which has no row in the snapshot")
        _side(instrument, size)
    _aggregated(instruments, snapshot)
    texts = {position.instrument: position.size for position in account.positions}
    return Resolved(
        cash=cash_to_int(account.cash),
        positions=tuple(positions),
        instruments=instruments,
        sizes=tuple(texts[instrument.id] for instrument in instruments),
    )


def _side(instrument: Instrument, size: int) -> None:
    wrong = {"deposit": size < 0, "borrow": size > 0}
    if wrong.get(instrument.kind, False):
        raise FormatError(
            "positions",
            f"is on the wrong side of {instrument.id}",
            mend="A deposit is positive and a borrow negative; each has its own line",
        )


def _aggregated(instruments: Sequence[Instrument], snapshot: Snapshot) -> None:
    """Legs whose tiers are charged on their sum must come with the line that carries the sum."""
    summed = {each.underlying: each for each in snapshot.universe.instruments if each.kind == "aggregate"}
    held = {each.id for each in instruments}
    for leg in instruments:
        line = summed.get(leg.underlying)
        if leg.kind in _LEGS and line is not None and line.id not in held:
            raise FormatError(
                "positions",
                f"lacks {line.id}, on which the tiers of {leg.underlying} are charged",
                mend="The attestor states the sum of the legs on that line",
            )
