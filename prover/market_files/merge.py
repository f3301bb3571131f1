"""One JSON object and any number of tables, put together as the bracket builder's input.

The JSON file may be whole, or lack the lists that tables bring. A table is known by its columns:

===========  ===============================  ==========================================================
table        has the columns                  becomes
===========  ===============================  ==========================================================
feeds        id, kind, underlying, price      `feeds`, in the table's order
instruments  id, kind, underlying             `instruments`, in the table's order; ``open_interest.amount``
                                              and the like are columns of nested members
tiers        notional_floor and one of        `tiers` of that instrument, or a shared table of `tier_tables`
             instrument, table
collateral   instrument, value_floor          `collateral` of that instrument
===========  ===============================  ==========================================================

A JSON file of prices from several sources (`prover.sources`) goes beside any builder's input: its prices, as
far as the sources agree, replace those of the feeds of the same ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prover.sources import PriceSources, priced
from prover.tables.inputs import MarketInput
from verifier.canonical import load_json
from verifier.errors import FormatError, UsageError

from .tables import TABLES, read_table

__all__ = ["Overrides", "read_inputs"]


@dataclass(frozen=True)
class Overrides:
    """Members that a command line sets.

    Attributes
    ----------
    epoch, time
        Of the snapshot.
    valid_for
        Seconds after `time`.
    band
        The default half-width; feeds that state their own ends keep them.
    """

    epoch: int | None = None
    time: int | None = None
    valid_for: int | None = None
    band: str | None = None

    def applied(self, given: dict[str, Any]) -> dict[str, Any]:
        """The input with these members set."""
        made = dict(given)
        for name in ("epoch", "time"):
            if getattr(self, name) is not None:
                made[name] = getattr(self, name)
        if self.valid_for is not None:
            if not isinstance(made.get("time"), int):
                raise UsageError("--valid-for: needs a time; give --time, or time in the input")
            made["valid_until"] = made["time"] + self.valid_for
        if self.band is not None:
            made["band"] = self.band
            feeds = made.get("feeds")
            if isinstance(feeds, list):
                made["feeds"] = [
                    {name: value for name, value in feed.items() if name != "band"}
                    if isinstance(feed, dict)
                    else feed
                    for feed in feeds
                ]
        return made


def read_inputs(paths: Sequence[Path]) -> dict[str, Any]:
    """The members that the files state together, not yet checked as an input.

    Raises
    ------
    UsageError
        When a file cannot be read, there is not one JSON file, or tables come with another builder's input.
    FormatError
        When a table is none of the four, states what the JSON file states, or names an unknown instrument.
    """
    loaded = {path: load_json(path) for path in paths if path.suffix not in TABLES}
    texts = [path for path, made in loaded.items() if not _of_sources(made)]
    if len(texts) != 1:
        raise UsageError(
            f"{len(texts)} JSON files were given; it takes one, with name, venue, quote, period, epoch, "
            "time, valid_until and band, beside any number of .csv and .parquet tables"
        )
    given = loaded[texts[0]]
    if not isinstance(given, dict):
        raise FormatError("file", "is no JSON object", source=str(texts[0]))
    tables = [path for path in paths if path.suffix in TABLES]
    if tables and given.get("schema") != MarketInput.SCHEMA:
        raise FormatError(
            "schema",
            "takes no tables",
            value=given.get("schema"),
            mend=MarketInput.SCHEMA,
            source=str(texts[0]),
        )
    merger = _Merger(given)
    # Tiers name instruments, so they come after them, whatever the order of the arguments.
    found = [(path, read_table(path)) for path in tables]
    for kinds in (("feeds", "instruments"), ("tiers", "collateral")):
        for path, rows in found:
            kind = _kind(rows, path)
            if kind in kinds:
                try:
                    merger.add(kind, rows)
                except FormatError as error:
                    raise error.within(str(path)) from None
    merged = merger.given
    for path, made in loaded.items():
        if path not in texts:
            merged = _priced(merged, made, path)
    return merged


def _of_sources(made: Any) -> bool:
    return isinstance(made, dict) and made.get("schema") == PriceSources.SCHEMA


def _priced(merged: dict[str, Any], made: Any, path: Path) -> dict[str, Any]:
    """Prices that several sources agree on, or the circuit breaker's refusal."""
    document = PriceSources.parse(made, str(path))
    try:
        return priced(merged, document)
    except FormatError as error:
        raise error.within(str(path)) from None


def _kind(rows: list[dict[str, Any]], path: Path) -> str:
    names = {name for row in rows for name in row}
    if "value_floor" in names and "instrument" in names:
        return "collateral"
    if "notional_floor" in names and names & {"instrument", "table"}:
        return "tiers"
    if {"id", "kind", "underlying"} <= names:
        return "feeds" if "price" in names else "instruments"
    raise FormatError(
        "header",
        "is of no table that an input has",
        mend="Feeds, instruments, tiers or collateral; see docs/market.md",
        source=str(path),
    )


class _Merger:
    """Tables going into an input's lists."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = dict(given)
        self.filled: set[str] = set()

    def add(self, kind: str, rows: list[dict[str, Any]]) -> None:
        """Take one table in."""
        if kind in ("feeds", "instruments"):
            if kind in self.given:
                raise FormatError(
                    kind, "are given twice", mend="Leave them out of the JSON file or the tables"
                )
            self.given[kind] = [
                {key: value for key, value in row.items() if value is not None} for row in rows
            ]
            return
        for place, row in enumerate(rows):
            self._tier(
                kind, {key: each for key, each in row.items() if each is not None}, f"line {place + 2}"
            )

    def _tier(self, kind: str, row: dict[str, Any], field: str) -> None:
        table = row.pop("table", None)
        name = row.pop("instrument", None)
        if (table is None) == (name is None):
            raise FormatError(
                field, "names an instrument and a table, or neither", mend="Name one of the two"
            )
        if table is not None:
            tables = self.given.setdefault("tier_tables", [])
            entry = next((each for each in tables if each.get("name") == table), None)
            if entry is None:
                entry = {"name": table, "tiers": []}
                tables.append(entry)
            entry["tiers"].append(row)
            return
        instruments = self.given.get("instruments")
        known = instruments if isinstance(instruments, list) else []
        entry = next((each for each in known if isinstance(each, dict) and each.get("id") == name), None)
        if entry is None:
            raise FormatError(f"{field}.instrument", "is unknown", value=name, mend="List it in instruments")
        if kind in entry and f"{kind} {name}" not in self.filled:
            raise FormatError(
                f"{field}.instrument", f"has {kind} already", value=name, mend="Keep one of the two"
            )
        self.filled.add(f"{kind} {name}")
        entry.setdefault(kind, []).append(row)
