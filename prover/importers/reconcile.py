"""Our figures beside the venue's own: does this margin model see the account as the venue does?

Everything of ours comes from the exact engine on integer rows. The rows are moved to the venue's own
marks, with no band, so that what is left of a difference is the model's. With the market input at hand they
are built anew, for both margin levels; else a snapshot's rows are moved, for the level that it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from verifier.circuits import scale
from verifier.errors import FormatError
from verifier.market import Level, Snapshot
from verifier.numbers import int_to_text, round_up
from verifier.universe import Universe

from ..accounts import Account
from ..engine import MarginReport, evaluate, margin
from ..resolve import resolve
from ..tables import MarketInput, build_market, merged_tiers
from ..tables.venue_rules import venue_margin
from .account import Placed
from .marks import input_at_marks, rows_at_marks
from .model import Check, Reading, tolerance
from .raw import decimal_text

__all__ = ["Reconciliation", "reconcile"]

_MONEY = 10 ** scale("cash")
_ROUNDING = Fraction(4, 10 ** scale("value"))
"""A row's mark, rate and addon are each off by at most a unit a lot, the addon by two."""

_SHOWN = 6
_EXACT = 18
_LEVERAGE = "ours is at the venue's maximum leverage; venues print it at the leverage the user chose"
_OLD_TIERS = "the market input's tiers may not be those of the response's time"
_MERGED = "the table has room for fewer tiers than the venue, so they are merged from above"
_ALONE = "the response against itself"
_BASIS = "at the venue's marks"


@dataclass(frozen=True)
class Reconciliation:
    """Two columns of figures.

    Attributes
    ----------
    lines
        Ours and the venue's, with the difference.
    basis
        At which marks ours are.
    quote
        The currency.
    notes
        What could not be compared, and why.
    """

    lines: tuple[Check, ...]
    basis: str
    quote: str
    notes: tuple[str, ...] = ()

    @property
    def coherent(self) -> bool:
        """Whether no two figures that must agree differ."""
        return not any(line.decisive and line.agrees is False for line in self.lines)

    @property
    def compared(self) -> int:
        """How many pairs of figures there were to compare."""
        return sum(line.agrees is not None for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; figures are decimal text in quote units."""
        return {
            "coherent": self.coherent,
            "basis": self.basis,
            "quote": self.quote,
            "lines": [
                {
                    "name": line.name,
                    "ours": _text(line.ours, _EXACT),
                    "venue": _text(line.theirs, _EXACT),
                    "difference": _text(line.difference, _EXACT),
                    "verdict": verdict(line),
                    "note": line.note,
                }
                for line in self.lines
            ],
            "notes": list(self.notes),
        }

    def table(self) -> tuple[str, list[str], list[list[str]]]:
        """(title, column names, rows of text) for people; figures to the sixth decimal."""
        rows = [
            [
                line.name,
                _text(line.ours, _SHOWN) or "-",
                _text(line.theirs, _SHOWN) or "-",
                _text(line.difference, _SHOWN) or "-",
                verdict(line),
            ]
            for line in self.lines
        ]
        return f"Ours and the venue's ({self.basis})", ["", "ours", "venue", "difference", ""], rows

    def remarks(self) -> list[str]:
        """Everything to be said below the table, each once."""
        told = [f"{line.name}: {line.note}" for line in self.lines if line.note and line.agrees is False]
        return list(dict.fromkeys([*told, *self.notes]))


def verdict(line: Check) -> str:
    """One or two words on a line."""
    if line.agrees is None:
        return "not compared"
    if line.agrees:
        return "agrees"
    return "DIFFERS" if line.decisive else "differs, see note"


def _text(value: Fraction | None, places: int) -> str | None:
    return None if value is None else decimal_text(value, places)


def reconcile(
    reading: Reading,
    *,
    account: Account | None = None,
    placed: Placed | None = None,
    market: MarketInput | None = None,
    snapshot: Snapshot | None = None,
    universe: Universe | None = None,
    layout: str = "s2-k4-d5",
) -> Reconciliation:
    """Compare an imported account with the venue's own figures.

    Parameters
    ----------
    reading
        The response.
    account, placed
        What became of it in `universe`; without them only the response is held against itself. The cash of an
        account whose reading has none is not looked at.
    market
        The venue's tiers: rows are built from it at the venue's marks.
    snapshot
        Used instead when there is no `market`.
    universe
        Of `account`; its order and lots are kept.
    layout
        Name of the table's shape.
    """
    quote = universe.quote if universe is not None else "quote"
    if account is None or placed is None:
        return Reconciliation(reading.checks, _ALONE, quote, _silent(reading))
    if market is not None:
        here = input_at_marks(market, placed)
        lines, notes = _at_venue_marks(reading, account, placed, here, universe, layout)
    elif snapshot is not None:
        lines, notes = _at_snapshot(reading, account, placed, snapshot)
    else:
        return Reconciliation(reading.checks, _ALONE, quote, _silent(reading))
    return Reconciliation((*lines, *reading.checks), _BASIS, quote, (*notes, *_silent(reading)))


def _silent(reading: Reading) -> tuple[str, ...]:
    stated = reading.reported
    return tuple(
        f"the venue's response states no {name}"
        for name, value in (("equity", stated.equity), ("maintenance margin", stated.maintenance))
        if value is None
    )


def _at_venue_marks(
    reading: Reading,
    account: Account,
    placed: Placed,
    market: MarketInput,
    universe: Universe | None,
    layout: str,
) -> tuple[list[Check], list[str]]:
    stated = reading.reported
    report, snapshot = _margin(account, market, "maintenance", universe, layout)
    slack = _slack(report)
    equity = None if reading.cash is None else _money(report.equity)
    lines = [Check("equity", equity, stated.equity, tolerance(stated.equity or Fraction(0)) + slack)]
    notes = _merges(market, placed, layout)
    allowed = tolerance(stated.maintenance or Fraction(0)) + slack
    charged = _money(report.requirement)
    exact = _exact_charge(market, "maintenance", placed, layout)
    ours = charged if exact is None else exact
    lines.append(Check("maintenance margin", ours, stated.maintenance, allowed, _OLD_TIERS))
    if exact is not None:
        name = "maintenance margin as the table charges it"
        lines.append(Check(name, charged, stated.maintenance, allowed, _MERGED, decisive=False))
    lines += _positions(report, placed, snapshot.universe, slack)
    try:
        initial, _ = _margin(account, market, "initial", universe, layout)
        exact = _exact_charge(market, "initial", placed, layout)
    except FormatError:
        return lines, [*notes, "the market input has no initial margin for these sizes, so none is compared"]
    ours = _money(initial.requirement) if exact is None else exact
    allowed = tolerance(stated.initial or Fraction(0)) + slack
    lines.append(Check("initial margin", ours, stated.initial, allowed, _LEVERAGE, decisive=False))
    if stated.initial is not None:
        notes.append(f"initial margin: {_LEVERAGE}")
    return lines, notes


def _exact_charge(market: MarketInput, level: Level, placed: Placed, layout: str) -> Fraction | None:
    """The venue's own charge, where the table's is another because tiers of something held were merged."""
    sizes = {instrument.id: size for instrument, size in placed.lines()}
    if not any(each.instrument in sizes for each in merged_tiers(market, level, layout)):
        return None
    return venue_margin(market, level, sizes, Fraction(0)).requirement


def _merges(market: MarketInput, placed: Placed, layout: str) -> list[str]:
    held = {instrument.id for instrument, _ in placed.lines()}
    return [
        f"{each.instrument}: tiers were merged from above, at most "
        f"{int_to_text(round_up(each.overcharge * 10_000), 2)} % over the venue's charge"
        for each in merged_tiers(market, "maintenance", layout)
        if each.instrument in held
    ]


def _margin(
    account: Account, market: MarketInput, level: Level, universe: Universe | None, layout: str
) -> tuple[MarginReport, Snapshot]:
    _, snapshot = build_market(market, level, layout, universe)
    return margin(account, snapshot), snapshot


def _positions(report: MarginReport, placed: Placed, universe: Universe, slack: Fraction) -> Iterator[Check]:
    """Notional, and maintenance margin where the venue prints it, of every position."""
    parts = {part.instrument: part for part in report.positions}
    for instrument, position in placed.positions:
        part = parts[instrument.id]
        allowed = tolerance(position.notional or Fraction(0)) + slack
        yield Check(f"notional of {instrument.id}", abs(_money(part.value)), position.notional, allowed)
        if any(
            each.kind == "aggregate" and each.underlying == instrument.underlying
            for each in universe.instruments
        ):
            continue
        charge = _money(part.addon + part.bracket_charge)
        name = f"maintenance margin of {instrument.id}"
        yield Check(name, charge, position.maintenance, allowed, decisive=False)


def _at_snapshot(
    reading: Reading, account: Account, placed: Placed, snapshot: Snapshot
) -> tuple[list[Check], list[str]]:
    held = resolve(account, snapshot)
    report = _named(evaluate(held.positions, held.cash, rows_at_marks(snapshot, placed)), snapshot.universe)
    slack = _slack(report)
    stated = reading.reported
    equity = None if reading.cash is None else _money(report.equity)
    lines = [Check("equity", equity, stated.equity, tolerance(stated.equity or Fraction(0)) + slack)]
    charged = _money(report.requirement)
    if snapshot.level == "initial":
        allowed = tolerance(stated.initial or Fraction(0)) + slack
        lines.append(Check("initial margin", charged, stated.initial, allowed, _LEVERAGE, decisive=False))
        return lines, [f"initial margin: {_LEVERAGE}"]
    allowed = tolerance(stated.maintenance or Fraction(0)) + slack
    # Charging more than the venue is what merged tiers do; charging less is never right.
    less = stated.maintenance is not None and charged < stated.maintenance
    note = _OLD_TIERS if less else f"{_MERGED}; or {_OLD_TIERS}"
    lines.append(Check("maintenance margin", charged, stated.maintenance, allowed, note, decisive=less))
    lines += _positions(report, placed, snapshot.universe, slack)
    notes = (
        [f"initial margin is not in the snapshot; besides, {_LEVERAGE}"] if stated.initial is not None else []
    )
    return lines, notes


def _named(report: MarginReport, universe: Universe) -> MarginReport:
    names = [replace(part, instrument=universe.instruments[part.index].id) for part in report.positions]
    return replace(report, positions=tuple(names))


def _slack(report: MarginReport) -> Fraction:
    """How much the rounding of rows may add up to."""
    lots = sum(abs(part.size) for part in report.positions)
    return Fraction(lots, 10 ** scale("size")) * _ROUNDING


def _money(amount: int) -> Fraction:
    return Fraction(amount, _MONEY)
