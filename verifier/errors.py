"""The errors that a user of `verifier` or `prover` can meet.

Every error is a `ZkSolvencyError` and carries the exit code that a command ends with:

=============================  ====  ==================================================
class                          exit  meaning
=============================  ====  ==================================================
`InvalidError`                    1  a proof, bundle or signature does not hold
`InsolventError`                  1  the account does not satisfy the claim
`FormatError`                     1  a file's content is malformed (names field, value, mend)
`UsageError`                      2  bad arguments, or a file that cannot be read
`EnvironmentFault`                3  something on this machine is missing, too old or full
=============================  ====  ==================================================

Messages never contain a private value: a field marked private is named, not shown.
"""

from __future__ import annotations

__all__ = [
    "EnvironmentFault",
    "FormatError",
    "InsolventError",
    "InvalidError",
    "UsageError",
    "ZkSolvencyError",
]

_SHOWN = 120


class ZkSolvencyError(Exception):
    """Base of every error that this project raises on purpose."""

    exit_code: int = 1


class InvalidError(ZkSolvencyError):
    """A proof, a signature or a binding between files does not hold."""


class InsolventError(ZkSolvencyError):
    """The account does not satisfy the claim, so there is nothing to prove."""


class FormatError(ZkSolvencyError):
    """A file's content is malformed.

    Parameters
    ----------
    field
        Dotted path of the field inside the file, such as ``positions[2].size``.
    problem
        What is wrong, in a few words.
    value
        The offending value; leave it out for a private one.
    mend
        What to do about it.
    source
        The file's name, when it is known.
    """

    def __init__(
        self, field: str, problem: str, *, value: object = None, mend: str = "", source: str = ""
    ) -> None:
        self.field = field
        self.problem = problem
        self.value = value
        self.mend = mend
        self.source = source
        super().__init__(self._text())

    def _text(self) -> str:
        where = f"{self.source}: {self.field}" if self.source else self.field
        text = f"{where}: {self.problem}"
        if self.value is not None:
            shown = repr(self.value)
            text += f" (got {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'})"
        return f"{text}. {self.mend}" if self.mend else text

    def within(self, source: str, prefix: str = "") -> FormatError:
        """The same error, told with the file it came from and the path above the field."""
        field = f"{prefix}.{self.field}" if prefix else self.field
        return FormatError(
            field, self.problem, value=self.value, mend=self.mend, source=source or self.source
        )


class UsageError(ZkSolvencyError):
    """Bad arguments, or a file that cannot be read."""

    exit_code = 2


class EnvironmentFault(ZkSolvencyError):
    """Something on this machine is missing, too old, or full."""

    exit_code = 3
