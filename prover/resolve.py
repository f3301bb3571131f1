"""What an account holds, row by row of a market snapshot: the step between files and the integer engine."""

from __future__ import annotations

from dataclasses import dataclass

from verifier.errors import FormatError
from verifier.market import Snapshot
from verifier.numbers import cash_to_int
from verifier.universe import Instrument

from .accounts import Account, AccountStatement, check_lines, quantities

__all__ = ["Resolved", "resolve"]


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
        a row, a size is off the grid or on the wrong side, or legs lack their aggregate line or are more than
        it states. Names the instrument, never a size.
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
    for instrument, (index, _) in zip(instruments, positions, strict=True):
        if index not in listed:
            raise FormatError("positions", f"holds {instrument.id}, which has no row in the snapshot")
    check_lines(positions, universe)
    texts = {position.instrument: position.size for position in account.positions}
    return Resolved(
        cash=cash_to_int(account.cash),
        positions=tuple(positions),
        instruments=instruments,
        sizes=tuple(texts[instrument.id] for instrument in instruments),
    )
