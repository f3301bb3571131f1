"""Which proofs a verifier has accepted already, so that none is accepted twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from .errors import EnvironmentFault

__all__ = ["ReplayStore"]

_TIMEOUT = 10.0
_TABLE = """
CREATE TABLE IF NOT EXISTS accepted (
    context TEXT NOT NULL,
    nullifier TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    as_of INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    PRIMARY KEY (context, nullifier)
)
"""


class ReplayStore:
    """An SQLite file of accepted (context, nullifier) pairs.

    The key is what the statement says, never the proof's bytes: a Groth16 proof can be rewritten by anybody.

    Parameters
    ----------
    path
        The file, made when missing; ``":memory:"`` for one that lasts as long as the object.

    Raises
    ------
    EnvironmentFault
        When the file cannot be opened or is no such store.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        try:
            if self._path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._path, timeout=_TIMEOUT, isolation_level=None)
            with self._transaction():
                self._database.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise self._fault(error) from None

    def seen(self, context: int, nullifier: int, epoch: int, as_of: int, *, renewable: bool) -> bool:
        """Whether accepting this statement would accept a proof again.

        Parameters
        ----------
        context, nullifier
            Of the statement.
        epoch, as_of
            Of the snapshot and the statement.
        renewable
            In a standing context a newer (epoch, as_of) replaces the older one; after a fresh challenge
            nothing does.
        """
        try:
            return self._blocks(context, nullifier, epoch, as_of, renewable)
        except sqlite3.Error as error:
            raise self._fault(error) from None

    def record(
        self, context: int, nullifier: int, epoch: int, as_of: int, *, renewable: bool, now: int
    ) -> bool:
        """Record an accepted statement; False, and nothing changed, when it was `seen` before.

        Looking and writing are one transaction, so two verifiers that share a store accept a proof once.
        """
        try:
            with self._transaction():
                if self._blocks(context, nullifier, epoch, as_of, renewable):
                    return False
                self._database.execute(
                    "INSERT OR REPLACE INTO accepted VALUES (?, ?, ?, ?, ?)",
                    (str(context), str(nullifier), epoch, as_of, now),
                )
                return True
        except sqlite3.Error as error:
            raise self._fault(error) from None

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _blocks(self, context: int, nullifier: int, epoch: int, as_of: int, renewable: bool) -> bool:
        found = self._database.execute(
            "SELECT epoch, as_of FROM accepted WHERE context = ? AND nullifier = ?",
            (str(context), str(nullifier)),
        ).fetchone()
        return found is not None and not (renewable and (epoch, as_of) > (found[0], found[1]))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _fault(self, error: Exception) -> EnvironmentFault:
        return EnvironmentFault(f"{self._path}: the replay store cannot be used ({error})")
