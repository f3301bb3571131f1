"""A verification's result as plain text lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from .result import VerificationResult
from .statement import ratio_to_text

__all__ = ["lines", "text"]

_MARKS = {True: "pass", False: "FAIL", None: "skip"}


def lines(result: VerificationResult) -> Iterator[str]:
    """Each check, the verdict, what was shown, and what the proof does not say."""
    width = max(len(check.name) for check in result.checks)
    for check in result.checks:
        yield _safe(f"{_MARKS[check.passed]}  {check.name:<{width}}  {check.detail}".rstrip())
    yield ""
    yield result.verdict
    if not result.valid or result.statement is None:
        return
    terms = result.statement.terms
    yield ""
    yield "What the proof says:"
    if result.statement.mandate is not None:
        yield (
            f"  - as of {_moment(terms.as_of)}, every limit of the mandate 0x{result.statement.mandate:064x} "
            f"was kept, and equity was at least {terms.floor}"
        )
    else:
        yield (
            f"  - as of {_moment(terms.as_of)}, equity was at least {ratio_to_text(terms.ratio)} times the "
            f"{terms.level} margin plus {terms.floor}"
        )
    yield f"  - subject 0x{terms.subject:040x}, coverage: {terms.coverage}"
    if result.expires is not None:
        yield f"  - it expires at {_moment(result.expires)}"
    yield ""
    yield "What it does not say:"
    for sentence in result.not_proven:
        yield _safe(f"  - {sentence}")


def text(result: VerificationResult) -> str:
    """`lines` as one text."""
    return "\n".join(lines(result)) + "\n"


def _moment(seconds: int) -> str:
    """Seconds since 1970 as UTC; 34 bits reach the year 2514."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _safe(line: str) -> str:
    """Names come from files of others: nothing that moves a cursor or hides text reaches a terminal."""
    return "".join(character if character.isprintable() else "?" for character in line)
