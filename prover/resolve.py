"""From names and decimals to the integers of a market table: what an account holds, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from verifier.errors import FormatError
from verifier.market import Snapshot
from verifier.numbers import cash_to_int, lots
from verifier.universe import Instrument

__all__ = ["Holding", "Holdings", "Resolved", "resolve"]

_LEGS = ("perpetual", "future", "option")


class Holding(Protocol):
    """One position by name."""

    @property
    def instrument(self) -> str:
        """``venue:SYMBOL``."""

    @property
    def size(self) -> str:
        """Signed decimal text, units of the underlying."""


class Holdings(Protocol):
    """An imported account or an account statement: what the engine needs of it."""

    @property
    def venue(self) -> str:
        """The venue's name."""

    @property
    def universe(self) -> int:
        """Hash of the universe that its instruments belong to."""

    @property
    def cash(self) -> str:
        """Cash as decimal text, quote units."""

    @property
    def positions(self) -> Sequence[Holding]:
        """What it holds, in any order."""


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


def resolve(account: Holdings, snapshot: Snapshot) -> Resolved:
    """Find every position's row and put its size on the row's grid.

    Raises
    ------
    FormatError
        When the universe or venue differs, an instrument is unknown, held twice, retired, expired or without
        a row, a size is zero or off the grid or on the wrong side, or legs lack their aggregate line. Names
        the instrument, never a size.
    """
    universe = snapshot.universe
    if account.venue != universe.venue:
        raise FormatError("venue", f"is {account.venue}, the market's is {universe.venue}")
    if account.universe != universe.hash:
        raise FormatError(
            "universe", "is not the market snapshot's", mend="Use a snapshot of the account's own universe"
        )
    listed = {entry.index for entry in snapshot.rows}
    found: dict[int, tuple[int, str]] = {}
    for place, holding in enumerate(account.positions):
        field = f"positions[{place}]"
        index = universe.index_of(holding.instrument, f"{field}.instrument")
        instrument = universe.instruments[index]
        if index in found:
            raise FormatError(field, f"holds {instrument.id} twice", mend="Add its lines up to one")
        _tradable(field, instrument, snapshot, index in listed)
        size = lots(holding.size, instrument.lot, f"{field}.size of {instrument.id}")
        _side(field, instrument, size)
        found[index] = (size, holding.size)
    order = sorted(found)
    instruments = tuple(universe.instruments[index] for index in order)
    _aggregated(instruments, snapshot)
    return Resolved(
        cash=cash_to_int(account.cash),
        positions=tuple((index, found[index][0]) for index in order),
        instruments=instruments,
        sizes=tuple(found[index][1] for index in order),
    )


def _tradable(field: str, instrument: Instrument, snapshot: Snapshot, listed: bool) -> None:
    if instrument.retired:
        raise FormatError(field, f"holds {instrument.id}, which is retired", mend="It is listed no more")
    if instrument.expiry is not None and instrument.expiry <= snapshot.valid_until:
        raise FormatError(
            field,
            f"holds {instrument.id}, which has expired when the snapshot does",
            mend="Settle it into cash, or use a snapshot that ends before the expiry",
        )
    if not listed:
        raise FormatError(field, f"holds {instrument.id}, which has no row in the snapshot")


def _side(field: str, instrument: Instrument, size: int) -> None:
    if size == 0:
        raise FormatError(field, f"holds nothing of {instrument.id}", mend="Leave the line out")
    wrong = {"deposit": size < 0, "borrow": size > 0}
    if wrong.get(instrument.kind, False):
        raise FormatError(
            field,
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
