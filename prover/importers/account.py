"""From a venue's terms to ours: instruments by name, sizes and cash on their grids, no silent rounding."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.circuits import scale
from verifier.errors import FormatError
from verifier.numbers import int_to_text, round_down
from verifier.universe import Instrument, Universe

from ..accounts import Account, quantities
from .model import Holding, Reading
from .model import Position as Open
from .raw import RawFile, decimal_text

__all__ = ["Placed", "place", "source_hash", "to_account"]

_CONTRACTS = ("perpetual", "future", "option")
_MAX_TEXT = 200
_SMALLEST_MARK = Fraction(1, 10**12)


@dataclass(frozen=True)
class Placed:
    """A reading's lines in a universe.

    Attributes
    ----------
    positions
        (instrument, open position) for every contract.
    holdings
        (instrument, balance) for every collateral that the universe lists.
    aggregates
        (instrument, size) of lines that sum the legs of one underlying.
    left_out
        Collateral that the universe does not list, in words.
    """

    positions: tuple[tuple[Instrument, Open], ...]
    holdings: tuple[tuple[Instrument, Holding], ...]
    aggregates: tuple[tuple[Instrument, Fraction], ...]
    left_out: tuple[str, ...]

    def lines(self) -> list[tuple[Instrument, Fraction]]:
        """(instrument, signed size) of everything held."""
        return [
            *((instrument, position.size) for instrument, position in self.positions),
            *((instrument, holding.amount) for instrument, holding in self.holdings),
            *self.aggregates,
        ]


def place(reading: Reading, universe: Universe) -> Placed:
    """Find every line's instrument.

    Raises
    ------
    FormatError
        When the venue is another one, an instrument is unknown, ambiguous or retired, or a debt has no line.
    """
    if reading.venue.lower() != universe.venue.lower():
        mend = "Give the market of the account's own venue"
        raise FormatError("venue", f"is {reading.venue}, the market's is {universe.venue}", mend=mend)
    positions = tuple((_contract(position, universe), position) for position in reading.positions)
    seen: set[str] = set()
    for instrument, position in positions:
        if position.mark is not None and position.mark < _SMALLEST_MARK:
            file, field = position.where
            raise FormatError(field, "has no price above zero", mend="Save the response again", source=file)
        if instrument.id in seen:
            file, field = position.where
            raise FormatError(
                field, f"is a second position in {instrument.id}", mend="Save it again", source=file
            )
        seen.add(instrument.id)
    holdings: list[tuple[Instrument, Holding]] = []
    left_out: list[str] = []
    for holding in reading.holdings:
        found = _collateral(holding, universe)
        if found is None:
            left_out.append(f"collateral in {holding.asset[:40]}: the universe does not list it")
        else:
            holdings.append((found, holding))
    return Placed(positions, tuple(holdings), _aggregates(positions, universe), tuple(left_out))


def _contract(position: Open, universe: Universe) -> Instrument:
    listed = {each.id.partition(":")[2]: each for each in universe.instruments if each.kind in _CONTRACTS}
    file, field = position.where
    if position.symbol in listed:
        return listed[position.symbol]
    found = [listed[name] for name in position.aliases if name in listed]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(each.id for each in found)
        raise FormatError(field, f"{position.symbol} could be any of {names}", mend="Rename one", source=file)
    raise FormatError(
        field,
        f"{position.symbol} is not in the universe {universe.name}",
        mend=f"Add {universe.venue}:{position.symbol} to the market input, or use a market that lists it",
        source=file,
    )


def _collateral(holding: Holding, universe: Universe) -> Instrument | None:
    kind = "deposit" if holding.amount > 0 else "borrow"
    listed = [each for each in universe.instruments if each.kind == kind]
    names = {f"{universe.venue}:{holding.asset}", f"{universe.venue}:{holding.asset}:{kind}"}
    found = [each for each in listed if each.id in names] or [
        each for each in listed if each.underlying == holding.asset
    ]
    if len(found) > 1:
        file, field = holding.where
        raise FormatError(
            field, f"{holding.asset} has several lines in the universe", mend="Keep one", source=file
        )
    if not found and holding.amount < 0:
        file, field = holding.where
        mend = "Add a borrow line to the market: a debt cannot be left out"
        raise FormatError(field, f"is a debt in {holding.asset}, not in the universe", mend=mend, source=file)
    return found[0] if found else None


def _aggregates(
    positions: Sequence[tuple[Instrument, Open]], universe: Universe
) -> tuple[tuple[Instrument, Fraction], ...]:
    """The gross size of an underlying's legs, never less than the net, on the line that charges the sum."""
    made = []
    for line in universe.instruments:
        if line.kind != "aggregate":
            continue
        legs = [abs(held.size) for instrument, held in positions if instrument.underlying == line.underlying]
        if legs:
            made.append((line, sum(legs, Fraction(0))))
    return tuple(made)


def to_account(
    reading: Reading, placed: Placed, universe: Universe, files: Sequence[RawFile]
) -> tuple[Account, tuple[str, ...]]:
    """(account, notes on rounding); cash is rounded down to 1e-14, and then a note says so.

    A reading without cash or time makes a draft with zeros there: good for reconciling positions only.

    Raises
    ------
    FormatError
        When a figure does not fit the format, or a size is off its instrument's grid.
    """
    places = scale("cash")
    exact = (reading.cash or Fraction(0)) * 10**places
    cash = round_down(exact)
    notes = () if cash == exact else (f"cash is rounded down to {places} decimal places",)
    left_out = [text[:_MAX_TEXT] for text in (*reading.exclusions, *placed.left_out)]
    # Parsed like a file, so that every rule of the format holds, with this project's errors.
    parsed = Account.parse(
        {
            "schema": Account.SCHEMA,
            "venue": universe.venue,
            "universe": str(universe.hash),
            "as_of": reading.as_of or 0,
            "cash": int_to_text(cash, places),
            "positions": [
                {"instrument": each.id, "size": decimal_text(size)} for each, size in placed.lines()
            ],
            "source": {"format": reading.format, "sha256": source_hash(files)}
            | ({"exclusions": left_out} if left_out else {}),
        },
        source=files[0].name,
    )
    quantities(parsed.positions, universe)
    return parsed, notes


def source_hash(files: Sequence[RawFile]) -> str:
    """SHA-256 of the file's bytes; of several files, of their digests one after the other, as given."""
    if len(files) == 1:
        return files[0].sha256
    return hashlib.sha256(b"".join(bytes.fromhex(file.sha256) for file in files)).hexdigest()
