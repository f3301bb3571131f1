"""Venues' own account responses become accounts of this project, and are held against the venue's figures.

`import_account` is the one entry: files in, an account and a reconciliation out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from verifier.errors import UsageError
from verifier.market import Snapshot
from verifier.universe import Universe

from ..accounts import Account
from ..tables import MarketInput, build_market
from .account import place, to_account
from .formats import FORMATS, detect, read_files
from .model import Context, Reading, Reported
from .raw import RawFile, decimal_text, read_file
from .reconcile import Reconciliation, reconcile

__all__ = ["FORMATS", "ImportResult", "Reconciliation", "detect", "import_account", "import_files"]

_LAYOUT = "s2-k4-d5"


@dataclass(frozen=True)
class ImportResult:
    """What became of a response.

    Attributes
    ----------
    account
        The account; None when something that an account needs is missing.
    missing
        What that is, in words with the mend; empty when there is an account.
    reading
        The response in the venue's own terms.
    reconciliation
        Our figures beside the venue's.
    notes
        How figures were read.
    exclusions
        What is part of the venue's account and is not in ours.
    """

    account: Account | None
    missing: tuple[str, ...]
    reading: Reading
    reconciliation: Reconciliation
    notes: tuple[str, ...]
    exclusions: tuple[str, ...]

    @property
    def reported(self) -> Reported:
        """The venue's own totals."""
        return self.reading.reported

    @property
    def coherent(self) -> bool:
        """Whether no two figures that must agree differ."""
        return self.reconciliation.coherent

    def need_account(self) -> Account:
        """The account; UsageError when there is none, with what is missing and the mend."""
        if self.account is None:
            raise UsageError(f"no account can be made of this: it lacks {'; and '.join(self.missing)}")
        return self.account

    def remarks(self) -> list[str]:
        """Everything to be said below the tables: how it was read, what is left out, what differs and why."""
        return [
            *self.notes,
            *(f"left out: {text}" for text in self.exclusions),
            *self.reconciliation.remarks(),
            *(f"missing: {text}" for text in self.missing),
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, private: sizes and balances are in it."""
        return {
            "format": self.reading.format,
            "venue": self.reading.venue,
            "account": None if self.account is None else self.account.to_json(),
            "missing": list(self.missing),
            "coherent": self.coherent,
            "reconciliation": self.reconciliation.to_json(),
            "notes": list(self.notes),
            "exclusions": list(self.exclusions),
        }

    def tables(self) -> list[tuple[str, list[str], list[list[str]]]]:
        """(title, column names, rows of text): the positions, then the two columns of figures."""
        held = [
            [
                position.symbol,
                decimal_text(position.size),
                "-" if position.mark is None else decimal_text(position.mark, 6),
                "-" if position.notional is None else decimal_text(position.notional, 2),
            ]
            for position in self.reading.positions
        ]
        held += [[each.asset, decimal_text(each.amount), "-", "-"] for each in self.reading.holdings]
        return [("Positions", ["instrument", "size", "mark", "notional"], held), self.reconciliation.table()]


def import_account(
    paths: Sequence[str | Path],
    *,
    format: str | None = None,
    market: MarketInput | None = None,
    snapshot: Snapshot | None = None,
    universe: Universe | None = None,
    as_of: int | None = None,
) -> ImportResult:
    """Import one account from a venue's responses and reconcile it.

    Parameters
    ----------
    paths
        Files with responses of one account, saved at one instant.
    format
        A name in `FORMATS`; recognised when left out.
    market
        The venue's tiers, for reconciling at the venue's own marks.
    snapshot
        The market snapshot that the account will be proven against; its universe is used.
    universe
        In which instruments are named, when there is no snapshot.
    as_of
        Seconds since 1970 of the account's state; instead of the response's own time.

    Raises
    ------
    UsageError
        When a file cannot be read or is in no known format.
    FormatError
        When a response is malformed or cannot be imported soundly, or an instrument is unknown; names the
        file, the field and the mend.
    """
    files = [read_file(path) for path in paths]
    return import_files(
        files, format=format, market=market, snapshot=snapshot, universe=universe, as_of=as_of
    )


def import_files(
    files: Sequence[RawFile],
    *,
    format: str | None = None,
    market: MarketInput | None = None,
    snapshot: Snapshot | None = None,
    universe: Universe | None = None,
    as_of: int | None = None,
) -> ImportResult:
    """As `import_account`, from files that have been read."""
    layout = _LAYOUT if snapshot is None else snapshot.layout
    if universe is None and snapshot is not None:
        universe = snapshot.universe
    if universe is None and market is not None:
        universe, _ = build_market(market, "maintenance", layout)
    context = Context() if universe is None else Context(universe.venue, universe.quote)
    reading = read_files(files, context, format)
    notes = list(reading.notes)
    if as_of is not None:
        if reading.as_of not in (None, as_of):
            notes.append(f"as_of is given as {as_of}; the response says {reading.as_of}")
        reading = replace(reading, as_of=as_of)

    missing = _missing(reading, universe)
    draft, placed = None, None
    exclusions = list(reading.exclusions)
    if universe is not None:
        placed = place(reading, universe)
        exclusions += placed.left_out
        notes += [
            f"{line.id} carries the gross size of its underlying's legs" for line, _ in placed.aggregates
        ]
        draft, rounding = to_account(reading, placed, universe, files)
        notes += rounding
    result = reconcile(
        reading,
        account=draft,
        placed=placed,
        market=market,
        snapshot=snapshot,
        universe=universe,
        layout=layout,
    )
    account = None if missing else draft
    return ImportResult(account, missing, reading, result, tuple(notes), tuple(exclusions))


def _missing(reading: Reading, universe: Universe | None) -> tuple[str, ...]:
    found = []
    if universe is None:
        found.append("a market: its universe names the instruments (--market)")
    if reading.cash is None:
        found.append("a balance: give the balance response together with the positions")
    if reading.as_of is None:
        found.append("a time: the response has none, say when it was saved (--as-of, seconds since 1970)")
    return tuple(found)
