"""What a node's `corner` says: at which end of its band each feed of a group stands.

One word puts every feed there: ``low``, ``high``, ``mark`` (the snapshot's price), or a fraction such as
``3/11``, that part of the way from low to high. Where an underlying has several feeds that move, each is
named by its kind: ``index:low volatility:high``, sorted by kind; one that is not named stands at its mark.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from math import gcd

from .errors import FormatError

__all__ = ["CORNER_PATTERN", "corner_valid", "end_of", "price_at"]

_MOST_STEPS = 255
_END = r"(?:low|high|mark|[1-9][0-9]{0,2}/[1-9][0-9]{0,2})"
_TOKEN = rf"[a-z]{{1,20}}:{_END}"

CORNER_PATTERN = rf"^(?:{_END}|{_TOKEN}(?: {_TOKEN}){{0,7}})$"
"""Regular expression of every corner; `corner_valid` looks at what it cannot say."""

_CORNER = re.compile(CORNER_PATTERN, re.ASCII)


def corner_valid(corner: str) -> str:
    """The corner itself, if it is written in the one way that means it.

    Raises
    ------
    FormatError
        When it has the wrong form, names a kind twice or out of order, or a fraction is not in lowest terms.
    """
    if not _CORNER.fullmatch(corner):
        raise FormatError("corner", "has the wrong form", value=corner, mend='Such as "low" or "index:low"')
    tokens = [token.rpartition(":") for token in corner.split(" ")]
    for (before, _, _), (after, _, _) in pairwise(tokens):
        if after <= before:
            raise FormatError("corner", "names kinds out of order", value=corner, mend="Sort them, each once")
    for _, _, end in tokens:
        if "/" in end:
            part, steps = (int(number) for number in end.split("/"))
            if not part < steps <= _MOST_STEPS or gcd(part, steps) != 1:
                raise FormatError(
                    "corner",
                    "has a fraction that is not in lowest terms between 0 and 1",
                    value=corner,
                    mend=f"Its denominator may be {_MOST_STEPS}; the ends are low and high",
                )
    return corner


def end_of(corner: str, kind: str) -> str:
    """Where a feed of this kind stands: ``low``, ``high``, ``mark`` or a fraction of the band."""
    if ":" not in corner:
        return corner
    ends = dict(token.split(":") for token in corner.split(" "))
    return ends.get(kind, "mark")


def price_at(end: str, low: Fraction, price: Fraction, high: Fraction) -> Fraction:
    """The exact price of a feed that stands at `end` of its band."""
    named = {"low": low, "mark": price, "high": high}
    return named[end] if end in named else low + (high - low) * Fraction(end)
