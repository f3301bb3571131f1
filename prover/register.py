"""The attestor's register of holders: one holder per account, once and for all.

A holder's nullifier is the same for every proof in one context; if an attestor let an account change its
holder at will, one account could show itself to a verifier as many. So the first signature registers the
holder of (venue, subject), and a later one with another holder is refused. Subjects are compared as the
number that a proof shows: an address has many spellings. The register also counts each account's statements.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, ClassVar

from verifier.errors import InvalidError
from verifier.models import Document, Epoch, FieldText, Member, Text, entries
from verifier.statement import subject_number

__all__ = ["HolderRegister", "Registration"]


class Registration(Member):
    """One account: who its holder is, and the sequence number of its latest statement."""

    venue: Text
    subject: Text
    holder: FieldText
    sequence: Epoch


class HolderRegister(Document):
    """All accounts that an attestor has signed."""

    SCHEMA: ClassVar[str] = "zksolvency/holder-register/1"
    PRIVATE: ClassVar[bool] = True

    registrations: Annotated[tuple[Registration, ...], entries(most=1_000_000)] = ()

    @staticmethod
    @contextmanager
    def locked(path: Path) -> Iterator[None]:
        """Keep others from registering between reading and writing: two holders could both be the first."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    @classmethod
    def open(cls, path: Path) -> HolderRegister:
        """The register in `path`, or an empty one when there is no such file yet."""
        return cls.load(path) if path.exists() else cls()

    def next(self, venue: str, subject: str, holder: int) -> tuple[HolderRegister, int]:
        """The register after one more statement of this account, and that statement's sequence number.

        Raises
        ------
        InvalidError
            When the account is registered to another holder.
        """
        others: list[Registration] = []
        number = 1
        whose = subject_number(subject)
        for entry in self.registrations:
            if (entry.venue, subject_number(entry.subject)) != (venue, whose):
                others.append(entry)
                continue
            if entry.holder != holder:
                raise InvalidError(
                    f"{subject} at {venue} is registered to another holder. One account has one holder; "
                    "use the key that it was registered with"
                )
            number = entry.sequence + 1
        registration = Registration(venue=venue, subject=subject, holder=holder, sequence=number)
        return HolderRegister(registrations=(*others, registration)), number
