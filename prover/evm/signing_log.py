"""What a publisher has signed for oracles, so that it never signs two stories about one epoch.

The oracle contract halts a universe on proof of such two (`reportEquivocation`), whoever brings it. As
validators do (EIP-3076), a publisher therefore remembers the newest epoch of each series beside its key and
signs none before it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from verifier.errors import EnvironmentFault, InvalidError

from .snapshot import ChainSnapshot

__all__ = ["admit", "signing_log"]

_TIMEOUT = 10.0
_TABLE = """
CREATE TABLE IF NOT EXISTS signed (
    series TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    content TEXT NOT NULL
)
"""


def signing_log(key: Path, address: str) -> Path:
    """Where the log of an address is: beside its key's file, whatever name or link the file is reached by."""
    return key.resolve().with_name(f"{address}.signed.sqlite")


def admit(log: Path, snapshot: ChainSnapshot) -> None:
    """Write down that a snapshot is going to be signed; before it is, so that no crash forgets it.

    Parameters
    ----------
    log
        An SQLite file, made when missing.
    snapshot
        What is to be signed.

    Raises
    ------
    InvalidError
        When another snapshot of the same chain, oracle, universe, layout, level and epoch was signed, or one
        of a newer epoch.
    EnvironmentFault
        When the file cannot be used.
    """
    part = snapshot.snapshot
    series = f"{snapshot.chain} {snapshot.oracle} {part.universe} {part.layout} {part.level}"
    content = hashlib.sha256(snapshot.model_copy(update={"signatures": ()}).canonical()).hexdigest()
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        # Leaving the inner block commits, or rolls back after an error.
        with (
            closing(sqlite3.connect(log, timeout=_TIMEOUT, isolation_level="IMMEDIATE")) as database,
            database,
        ):
            database.execute(_TABLE)
            database.execute("INSERT OR IGNORE INTO signed VALUES (?, -1, '')", (series,))
            row = database.execute("SELECT epoch, content FROM signed WHERE series = ?", (series,)).fetchone()
            if row[0] > part.epoch or (row[0] == part.epoch and row[1] != content):
                what = "a newer epoch" if row[0] > part.epoch else "another snapshot"
                raise InvalidError(
                    f"{what} was signed already (epoch {row[0]}, {log}), and two stories about one epoch"
                    f" would halt the universe. Publish a snapshot of epoch {row[0] + 1}"
                )
            database.execute(
                "UPDATE signed SET epoch = ?, content = ? WHERE series = ?", (part.epoch, content, series)
            )
    except (OSError, sqlite3.Error) as error:
        raise EnvironmentFault(f"{log}: cannot be used ({error})") from None
