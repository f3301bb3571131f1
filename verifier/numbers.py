"""Decimal text to exact integers and back. No binary float passes through here.

Grammar of a decimal: ``-?(0|[1-9][0-9]*)(\\.[0-9]+)?``, at most 60 characters, and never a negative zero.
"""

from __future__ import annotations

import re
from fractions import Fraction

from .circuits import scale, width
from .errors import FormatError

__all__ = [
    "MAX_DECIMAL",
    "cash_to_int",
    "int_to_text",
    "lots",
    "lots_to_size",
    "parse_decimal",
    "parse_integer",
    "round_down",
    "round_nearest",
    "round_up",
    "scaled",
]

MAX_DECIMAL = 60
"""Longest decimal text."""

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_INTEGER = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
_MAX_INTEGER = 100


def parse_decimal(text: object, field: str = "number", *, private: bool = False) -> Fraction:
    """The exact value of a decimal text.

    Raises
    ------
    FormatError
        When `text` is not such a text; the value is not shown when `private`.
    """
    problem = _decimal_problem(text)
    if problem:
        raise FormatError(
            field,
            problem,
            value=None if private else text,
            mend='Write it as plain decimal text such as "-12.5": no exponent, no leading zero, no plus sign',
        )
    return Fraction(str(text))


def _decimal_problem(text: object) -> str:
    if not isinstance(text, str):
        return "is not decimal text"
    if len(text) > MAX_DECIMAL:
        return f"is longer than {MAX_DECIMAL} characters"
    if not _DECIMAL.fullmatch(text):
        return "is not a decimal number"
    if text.startswith("-") and not text.strip("-0."):
        return "is a negative zero"
    return ""


def parse_integer(text: object, field: str = "number", *, low: int, high: int, private: bool = False) -> int:
    """The value of a canonical whole number written as text, from `low` to `high` inclusive.

    Raises
    ------
    FormatError
        When `text` is not canonical (``"01"``, ``"-0"``, ``"1.0"``, ``"0x1"``) or is out of range.
    """
    shown = None if private else text
    if not isinstance(text, str) or len(text) > _MAX_INTEGER or not _INTEGER.fullmatch(text):
        raise FormatError(field, "is not a whole number written as text", value=shown, mend='Write "123"')
    value = int(text)
    if not low <= value <= high:
        raise FormatError(field, "is out of range", value=shown, mend=f"It must be from {low} to {high}")
    return value


def scaled(text: object, places: int, field: str = "number", *, private: bool = False) -> int:
    """`text` times 10^`places`, exactly.

    Raises
    ------
    FormatError
        When it is no decimal, or has more significant decimal places than that (never rounded).
    """
    value = parse_decimal(text, field, private=private) * Fraction(10**places)
    if value.denominator != 1:
        raise FormatError(
            field,
            f"has more than {places} decimal places",
            value=None if private else text,
            mend="It is refused, not rounded: state it on that grid",
        )
    return value.numerator


def int_to_text(value: int, places: int) -> str:
    """`value` / 10^`places` as the shortest decimal text; the inverse of `scaled`."""
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), 10**places)
    digits = str(part).rjust(places, "0").rstrip("0") if part else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def cash_to_int(text: object, field: str = "cash", *, private: bool = True) -> int:
    """Cash in quote units to the cash scale (1e-14); its magnitude is below 2^120."""
    value = scaled(text, scale("cash"), field, private=private)
    if abs(value) >= 1 << width("cash"):
        raise FormatError(field, "is too large", mend=f"Its size must be below 2^{width('cash')} / 10^14")
    return value


def lots(size: object, lot: str, field: str = "size", *, private: bool = True) -> int:
    """A signed size in units of the underlying as an integer in units of 1e-8 lot: size / lot · 10^8.

    Parameters
    ----------
    size
        Decimal text, units of the underlying, negative when short or borrowed.
    lot
        Decimal text, units of the underlying that one lot stands for.
    field
        What to call the size in an error.
    private
        Whether the error must not show the size.

    Raises
    ------
    FormatError
        When the size is not on the grid of 1e-8 lot, or does not fit 64 bits and a sign.
    """
    ratio = (
        parse_decimal(size, field, private=private)
        / parse_decimal(lot, "lot")
        * Fraction(10 ** scale("size"))
    )
    shown = None if private else size
    if ratio.denominator != 1:
        raise FormatError(
            field,
            f"is not a multiple of {scale('size')} decimal places of the lot {lot}",
            value=shown,
            mend="Sizes off the grid are refused, not rounded",
        )
    if abs(ratio.numerator) >= 1 << width("size"):
        raise FormatError(
            field, f"does not fit {width('size')} bits in lots of {lot}", value=shown, mend="Use a larger lot"
        )
    return ratio.numerator


def lots_to_size(quantity: int, lot: str) -> str:
    """The inverse of `lots`: decimal text in units of the underlying."""
    value = Fraction(quantity) * parse_decimal(lot, "lot")
    places = scale("size") + len(lot.partition(".")[2])
    return int_to_text((value * 10 ** (places - scale("size"))).numerator, places)


def round_nearest(value: Fraction) -> int:
    """To the nearest whole number, halves to the even one."""
    return round(value)


def round_up(value: Fraction) -> int:
    """To the next whole number above (towards plus infinity)."""
    return -((-value.numerator) // value.denominator)


def round_down(value: Fraction) -> int:
    """To the next whole number below (towards minus infinity)."""
    return value.numerator // value.denominator
