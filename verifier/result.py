"""What a verification found: every check by name, the verdict, and what the proof does not say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .statement import Statement, ratio_to_text

__all__ = ["Check", "VerificationResult"]


@dataclass(frozen=True)
class Check:
    """One rule.

    Attributes
    ----------
    name
        Short and stable.
    passed
        None when it was skipped.
    detail
        One line for people.
    """

    name: str
    passed: bool | None
    detail: str


@dataclass(frozen=True)
class VerificationResult:
    """The outcome of `verify`.

    Attributes
    ----------
    valid
        Whether no check failed.
    verdict
        ``VALID`` or ``NOT VALID``, with ``self-declared`` and ``development key`` where they apply.
    checks
        Every check in the order in which they ran.
    statement
        What was proven; None when the bundle could not be read. Trust it only when `valid`.
    attestor
        The attestor's name in the policy; None when the account is self-declared.
    self_declared
        Whether the account was signed by nobody whom the policy names.
    expires
        Seconds since 1970 after which the proof says nothing any more.
    not_proven
        Plain sentences.
    """

    valid: bool
    verdict: str
    checks: tuple[Check, ...]
    statement: Statement | None = None
    attestor: str | None = None
    self_declared: bool = False
    expires: int | None = None
    not_proven: tuple[str, ...] = field(default=())

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.passed is False)

    def check(self, name: str) -> Check:
        """The check of that name; KeyError when there is none."""
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        return {
            "valid": self.valid,
            "verdict": self.verdict,
            "checks": [
                {
                    "name": check.name,
                    "result": {True: "pass", False: "fail", None: "skipped"}[check.passed],
                    "detail": check.detail,
                }
                for check in self.checks
            ],
            "statement": None if self.statement is None else self.statement.to_json(),
            "ratio": None if self.statement is None else ratio_to_text(self.statement.terms.ratio),
            "attestor": self.attestor,
            "self_declared": self.self_declared,
            "expires": self.expires,
            "not_proven": list(self.not_proven),
        }
