"""Binary numbers of 113 bits whose every operation has one right answer on every machine.

Sums, products, quotients, roots, logarithms and exponentials are MPFR's: correctly rounded, to nearest,
halves to even. So a result is fixed by the sequence of operations that leads to it, not by a processor or by
a library's version. The context is this module's own; the caller's is neither read nor changed.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache, lru_cache
from typing import Any, TypeAlias

from verifier.errors import FormatError
from verifier.numbers import parse_decimal, round_nearest

from ..extras import require

__all__ = ["PRECISION", "Machine", "Mpfr", "Number", "exact", "machine", "nearest", "number"]

PRECISION = 113
"""Bits of every number: the significand of IEEE 754's quadruple precision."""

Mpfr: TypeAlias = Any
"""A `gmpy2.mpfr` of `PRECISION` bits (gmpy2 carries no types)."""

Number: TypeAlias = str | int | Fraction | Mpfr
"""Decimal text, a whole number, a fraction or an `Mpfr`. Never a float."""


class Machine:
    """The context and the constants; one for the process."""

    def __init__(self) -> None:
        self.gmpy2 = require("gmpy2")
        self.context = self.gmpy2.context(precision=PRECISION, round=self.gmpy2.RoundToNearest)
        whole = self.whole
        self.zero, self.half, self.one = whole(0), self.context.div(whole(1), whole(2)), whole(1)
        self.sixteen = whole(16)
        twice_pi = self.context.mul(whole(2), self.context.const_pi())
        self.density_at_zero = self.context.div(self.one, self.context.sqrt(twice_pi))

    def arithmetic(self) -> Any:
        """A context manager in whose block + − · / and gmpy2's functions round like `context`."""
        return self.gmpy2.context(self.context)

    def whole(self, value: int) -> Mpfr:
        """A whole number."""
        return self.gmpy2.mpfr(value, PRECISION, self.context)

    def rounded(self, value: Fraction) -> Mpfr:
        """An exact quotient of whole numbers, rounded once."""
        return self.gmpy2.mpfr(self.gmpy2.mpq(value), PRECISION, self.context)


@cache
def machine() -> Machine:
    """The one machine; EnvironmentFault without gmpy2."""
    return Machine()


@lru_cache(maxsize=8192)
def _of_text(text: str, field: str) -> Mpfr:
    # A market names the same few thousand forwards, strikes and volatilities again and again.
    return machine().rounded(parse_decimal(text, field))


def number(value: Number, field: str = "number") -> Mpfr:
    """`value` rounded once to `PRECISION` bits.

    Raises
    ------
    FormatError
        When text is no decimal, or the number is not finite.
    TypeError
        For a float: its decimal text is not known.
    """
    if isinstance(value, str):
        return _of_text(value, field)
    if isinstance(value, Fraction):
        return machine().rounded(value)
    if isinstance(value, int):
        return machine().whole(value)
    if not isinstance(value, machine().gmpy2.mpfr):
        raise TypeError(f"{field} must be decimal text, a whole number, a fraction or an mpfr")
    if not machine().gmpy2.is_finite(value):
        raise FormatError(field, "is not a finite number", mend="Narrow the inputs")
    return machine().context.plus(value)


def exact(value: Mpfr) -> Fraction:
    """The very value of an `Mpfr`, for exact arithmetic from there on."""
    top, bottom = value.as_integer_ratio()
    return Fraction(int(top), int(bottom))


def nearest(value: Mpfr, places: int) -> int:
    """`value` times 10^`places`, exactly, to the nearest whole number (halves to the even one)."""
    return round_nearest(exact(value) * 10**places)
