"""The scalar field of BN254: what circuits compute in.

Source: EIP-197 gives the order of the curve's groups; circom and snarkjs use it as their field.
"""

from __future__ import annotations

from .errors import FormatError

__all__ = ["R", "from_field", "inverse", "parse_decimal", "parse_element", "to_field"]

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""Order of BN254's groups, a prime of 254 bits."""

_HALF = R // 2
_MAX_DIGITS = 78  # 2^256 has 78 decimal digits: nothing longer is ever converted


def to_field(x: int) -> int:
    """A signed integer as a field element: a negative x becomes r − |x|.

    Parameters
    ----------
    x
        From −(r − 1)/2 to (r − 1)/2.

    Raises
    ------
    FormatError
        When x is outside that range, where two integers would share one element.
    """
    if not -_HALF <= x <= _HALF:
        raise FormatError("number", "does not fit the field", mend="Its magnitude must be at most (r − 1)/2")
    return x if x >= 0 else R + x


def from_field(x: int) -> int:
    """The signed integer of least magnitude that a field element stands for."""
    if not 0 <= x < R:
        raise FormatError("field element", "is not from 0 to r − 1")
    return x if x <= _HALF else x - R


def inverse(x: int) -> int:
    """1/x in the field; FormatError for 0."""
    if x % R == 0:
        raise FormatError("field element", "is zero, which has no inverse")
    return pow(x, -1, R)


def parse_decimal(text: object, field: str, modulus: int) -> int:
    """Read canonical decimal text: digits only, no sign, no leading zero, below `modulus`.

    Parameters
    ----------
    text
        What stands in the file; anything but such a string is refused.
    field
        The field's name, for the error.
    modulus
        Values must be below it, so that no value has two spellings.

    Raises
    ------
    FormatError
        When the text is anything else.
    """
    if not isinstance(text, str):
        raise FormatError(field, "is not decimal text", value=_short(text), mend='Write "123"')
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        raise FormatError(field, "is not decimal text", value=_short(text), mend='Write "123"')
    if text[0] == "0" and text != "0":
        raise FormatError(field, "has a leading zero", value=_short(text), mend="Leave it out")
    value = int(text)
    if value >= modulus:
        raise FormatError(field, "is not below the modulus", value=_short(text), mend="Reduce it")
    return value


def parse_element(text: object, field: str) -> int:
    """Read canonical decimal text below r: see `parse_decimal`."""
    return parse_decimal(text, field, R)


def _short(value: object) -> str:
    """Enough of a hostile value to recognise it by, without printing or copying all of it."""
    return value[:40] if isinstance(value, str) else type(value).__name__
