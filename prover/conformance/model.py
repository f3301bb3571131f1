"""What a conformance run compares: a venue's published figure, our engine of that venue, and our table.

Every case of a file is computed twice: by the venue's rules in plain arithmetic (must equal the file) and
through integer rows and the exact margin engine (must be equal within rounding, or against the account).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isfinite
from typing import Any, Literal, Protocol

from verifier.errors import FormatError

__all__ = [
    "RELATIVE",
    "Amount",
    "CaseResult",
    "Figure",
    "Kind",
    "Summary",
    "Venue",
    "Verdict",
    "integer",
    "number",
    "summarise",
]

RELATIVE = Fraction(1, 10**9)
"""Share by which two figures may differ and still be equal: binary floats in files and engines."""

_PERCENTILE = Fraction(95, 100)
_LARGEST = 10**60
_MOST = Fraction(10**12)  # an overcharge beyond that is told as that

Amount = float | Fraction
"""A figure in the file's own unit; an int is one too."""

Kind = Literal["requirement", "value", "passes"]
"""Which way is against the account.

``requirement``: more of it is. ``value``: what an account is worth or has left, less of it is. ``passes``:
a verdict that is true when the account is solvent; false is.
"""

Verdict = Literal["exact", "conservative", "undercharged", "unsupported"]


@dataclass(frozen=True)
class Figure:
    """One figure of a case, three times.

    Attributes
    ----------
    name
        What it is, such as ``IM``.
    expected
        The file's figure.
    engine
        The venue's rules in plain arithmetic; None when that engine has no such figure (then the case is not
        exact).
    table
        Through integer rows and `prover.engine.evaluate`; None when the table has no such figure.
    tolerance
        Rounding bound of the table, absolute, in the figure's unit.
    unsupported
        Why no table carries the figure.
    kind
        Which way is against the account.
    file_tolerance
        How far the file itself rounds or truncates, absolute, as it states.
    """

    name: str
    expected: Amount | bool
    engine: Amount | bool | None
    table: Amount | bool | None
    tolerance: Amount = 0
    unsupported: str | None = None
    kind: Kind = "requirement"
    file_tolerance: Amount = 0

    def __post_init__(self) -> None:
        """Refuse what the file states as a figure and is none."""
        stated = self.expected
        if not isinstance(stated, int | float | Fraction) or not _finite(stated):
            raise FormatError(self.name, "is no figure", value=stated)

    @property
    def engine_exact(self) -> bool:
        """Whether the venue's rules give the file's figure."""
        if self.engine is None:
            return False
        if isinstance(self.expected, bool) or isinstance(self.engine, bool):
            return self.engine is self.expected
        return _near(self.engine, self.expected, self.file_tolerance)

    @property
    def verdict(self) -> Verdict | None:
        """How the table's figure compares; None when there is none and no reason either."""
        if self.unsupported is not None:
            return "unsupported"
        if self.table is None:
            return None
        over = self._over()
        if over == 0:
            return "exact"
        return "conservative" if over > 0 else "undercharged"

    @property
    def overcharge(self) -> float | None:
        """By how much the table asks for more, relative to the figure (or to 1 where that is smaller).

        None unless this is a requirement that the table carries.
        """
        if self.kind != "requirement" or self.table is None or self.unsupported is not None:
            return None
        reference = Fraction(self._reference())
        over = (Fraction(self.table) - reference) / max(abs(reference), Fraction(1))
        return float(min(max(over, Fraction(0)), _MOST))

    def _reference(self) -> Amount | bool:
        """The file's figure; where the file rounds, the engine's unrounded one, if it agrees."""
        if self.file_tolerance and self.engine is not None and self.engine_exact:
            return self.engine
        return self.expected

    def _over(self) -> int:
        """1 when the table is against the account, −1 when it is for it, 0 within the rounding bound."""
        reference = self._reference()
        if self.table is None or isinstance(reference, bool) or isinstance(self.table, bool):
            return int(reference is True) - int(self.table is True)
        if _near(self.table, reference, self.tolerance):
            return 0
        higher = Fraction(self.table) > Fraction(reference)
        return 1 if higher == (self.kind == "requirement") else -1


@dataclass(frozen=True)
class CaseResult:
    """One case of a file: its name and its figures."""

    name: str
    figures: tuple[Figure, ...]

    @property
    def engine_exact(self) -> bool:
        """Whether every figure of the venue's engine is the file's."""
        return all(figure.engine_exact for figure in self.figures)

    @property
    def verdict(self) -> Verdict:
        """The worst of its figures: undercharged, else unsupported, else conservative, else exact."""
        found = {figure.verdict for figure in self.figures}
        worst: tuple[Verdict, ...] = ("undercharged", "unsupported", "conservative")
        return next((each for each in worst if each in found), "exact")

    @property
    def overcharge(self) -> float | None:
        """Mean over its requirements; None when it has none, or is not carried."""
        if self.verdict == "unsupported":
            return None
        found = [each.overcharge for each in self.figures if each.overcharge is not None]
        return sum(found) / len(found) if found else None


@dataclass(frozen=True)
class Summary:
    """A file's result.

    Attributes
    ----------
    cases
        How many; each is one of exact, conservative, undercharged or unsupported through the table.
    engine_exact
        Cases whose every figure the venue's engine gives.
    overcharge_mean, overcharge_p95
        Relative over-requirement over the cases that the table carries and that state a requirement; the
        95th percentile by nearest rank. None when there is no such case.
    """

    cases: int
    engine_exact: int
    table_exact: int
    table_conservative: int
    undercharged: int
    unsupported: int
    overcharge_mean: float | None
    overcharge_p95: float | None

    @property
    def holds(self) -> bool:
        """Whether nothing is undercharged and every engine figure is the file's."""
        return self.undercharged == 0 and self.engine_exact == self.cases


class Venue(Protocol):
    """A module of this package: how one kind of file is recognised and run."""

    NAME: str

    def recognises(self, document: Mapping[str, Any]) -> bool:
        """Whether a file is of this kind, by its shape and source."""

    def run(self, document: Mapping[str, Any]) -> Iterator[CaseResult]:
        """Every case of the file, in its order."""


def summarise(results: list[CaseResult]) -> Summary:
    """Count a file's cases."""
    verdicts = [each.verdict for each in results]
    over = sorted(each.overcharge for each in results if each.overcharge is not None)
    return Summary(
        cases=len(results),
        engine_exact=sum(each.engine_exact for each in results),
        table_exact=verdicts.count("exact"),
        table_conservative=verdicts.count("conservative"),
        undercharged=verdicts.count("undercharged"),
        unsupported=verdicts.count("unsupported"),
        overcharge_mean=sum(over) / len(over) if over else None,
        overcharge_p95=over[ceil(_PERCENTILE * len(over)) - 1] if over else None,
    )


def number(value: object, field: str = "") -> Fraction:
    """A JSON number as its decimal text says (files hold short decimals as binary floats).

    Raises
    ------
    FormatError
        For anything but a finite number of a magnitude up to 1e60.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        raise FormatError(field or "number", "is no number", value=value)
    if abs(value) > _LARGEST:
        raise FormatError(field or "number", "is beyond any amount", value=value)
    return Fraction(str(value))


def integer(value: object, field: str = "", most: int = _LARGEST) -> int:
    """A JSON whole number of a magnitude up to `most`.

    Raises
    ------
    FormatError
        For anything else: a file of a chain's integers has no other.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > most:
        raise FormatError(field or "number", "is no whole number in range", value=value)
    return value


def _finite(value: Amount | bool) -> bool:
    return not isinstance(value, float) or isfinite(value)


def _near(found: Amount, wanted: Amount, slack: Amount) -> bool:
    """Whether two figures are equal within `slack` and what binary floats lose."""
    if not (_finite(found) and _finite(wanted)):
        return False
    exact = Fraction(wanted)
    return abs(Fraction(found) - exact) <= Fraction(slack) + abs(exact) * RELATIVE
