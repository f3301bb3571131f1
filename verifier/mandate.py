"""The mandate: limits on what an account may hold, which a proof is bound to by their hash.

A Greek is cash, and a derivative at the marks: delta for a move of the underlying by 1 %, gamma twice what
such a move gains beyond delta (Γ·(1 % of the price)²), vega for one point of volatility (0.01), theta for
one day. Limits are on each underlying's net, either sign.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, model_validator

from .circuits import GREEKS, Instance, mandate_width, tag
from .errors import FormatError
from .models import DecimalText, Document, FieldText, IntText, Member, Text, checked, entries, rule_error
from .numbers import parse_decimal
from .poseidon import poseidon
from .rows import chunks
from .universe import Universe

__all__ = ["UNLIMITED", "Limits", "Mandate", "check_universe", "mandate_fields", "mandate_hash"]

UNLIMITED = (1 << mandate_width("limit")) - 1
"""The widest limit: no account can have a Greek beyond it."""

_HUNDRED = 100
_WHOLE = 10_000
_MOST_LEVERAGE = (1 << mandate_width("leverage")) - 1
_MOST_UNDERLYINGS = 256
_LAST_GROUP = 1 << 16


def _hundredths(value: Fraction, most: int, field: str, mend: str, unit: int = _HUNDRED) -> int:
    scaled = value * unit
    if scaled.denominator != 1 or not 1 <= scaled <= most:
        raise FormatError(field, "cannot be proven", mend=mend)
    return scaled.numerator


def _leverage(text: str) -> int:
    mend = f"It must be a multiple of 0.01 from 0.01 to {_MOST_LEVERAGE // _HUNDRED}"
    return _hundredths(parse_decimal(text, "leverage"), _MOST_LEVERAGE, "leverage", mend)


def _share(text: str) -> int:
    mend = "It must be a multiple of 0.0001 from 0.0001 to 1"
    return _hundredths(parse_decimal(text, "concentration"), _WHOLE, "concentration", mend, _WHOLE)


def _leverage_text(text: str) -> str:
    _leverage(text)
    return text


def _share_text(text: str) -> str:
    _share(text)
    return text


Limit = Annotated[int, IntText(0, UNLIMITED - 1)]


class Limits(Member):
    """What one underlying's positions may add up to; a Greek that is left out has no limit.

    Attributes
    ----------
    group
        The underlying's id in the universe, from 1.
    underlying
        Its name there.
    delta, gamma
        Cash for a move of 1 %, and twice what such a move gains beyond that; whole quote units.
    vega, theta
        Cash for a point of volatility, and for a day.
    """

    group: Annotated[int, IntText(1, _LAST_GROUP)]
    underlying: Text
    delta: Limit | None = None
    gamma: Limit | None = None
    vega: Limit | None = None
    theta: Limit | None = None

    @property
    def greeks(self) -> tuple[int, ...]:
        """The four limits in the order of `GREEKS`, `UNLIMITED` where there is none."""
        given = (getattr(self, name) for name in GREEKS)
        return tuple(UNLIMITED if limit is None else limit for limit in given)


class Mandate(Document):
    """``zksolvency/mandate/1``: what a fund has promised to keep to.

    Attributes
    ----------
    name
        What it is called; not part of its hash.
    universe
        Hash of the universe that ids are of.
    underlyings
        Every underlying that may be held, by strictly increasing id; nothing else may be.
    leverage
        Most gross notional for one quote unit of equity, decimal text in hundredths.
    concentration
        Most of all gross notional that one underlying may have, decimal text: ``0.4`` is 40 %.
    """

    SCHEMA: ClassVar[str] = "zksolvency/mandate/1"

    name: Text
    universe: FieldText
    underlyings: Annotated[tuple[Limits, ...], entries(least=1, most=_MOST_UNDERLYINGS)]
    leverage: Annotated[DecimalText, AfterValidator(checked(_leverage_text))]
    concentration: Annotated[DecimalText, AfterValidator(checked(_share_text))]

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        ids = [each.group for each in self.underlyings]
        if any(a >= b for a, b in pairwise(ids)):
            raise rule_error("do not ascend by group", field="underlyings", mend="Sort them; name each once")
        return self

    @property
    def leverage_hundredths(self) -> int:
        """The leverage as the circuit has it."""
        return _leverage(self.leverage)

    @property
    def share(self) -> int:
        """The concentration in hundredths of a per cent."""
        return _share(self.concentration)

    def listed(self, room: int) -> list[tuple[int, tuple[int, ...]]]:
        """Id and limits of exactly `room` underlyings.

        Those beyond the mandate's own follow the last by one each and have limits of 0, which every position
        exceeds.

        Raises
        ------
        FormatError
            When the mandate names more.
        """
        if len(self.underlyings) > room:
            raise FormatError(
                "underlyings", f"are {len(self.underlyings)}", mend=f"The circuit has room for {room}"
            )
        own = [(each.group, each.greeks) for each in self.underlyings]
        after = self.underlyings[-1].group + 1
        return own + [(after + place, (0,) * len(GREEKS)) for place in range(room - len(own))]


def mandate_fields(mandate: Mandate, room: int) -> list[int]:
    """What the hash is of: universe, id and limits of each underlying, leverage, share."""
    numbers = [mandate.universe]
    for group, limits in mandate.listed(room):
        numbers += (group, *limits)
    return [*numbers, mandate.leverage_hundredths, mandate.share]


def mandate_hash(mandate: Mandate, instance: Instance) -> int:
    """The public signal `mandate` of a circuit instance that claims mandates.

    Raises
    ------
    FormatError
        When the mandate names more underlyings than the circuit has room for.
    """
    hashed = tag("mandate")
    for chunk in chunks(mandate_fields(mandate, instance.groups)):
        hashed = poseidon([hashed, *chunk])
    return hashed


def check_universe(mandate: Mandate, universe: Universe) -> None:
    """Whether ids and names are the universe's.

    Raises
    ------
    FormatError
        When the mandate is of another universe, or calls an underlying by another id.
    """
    if mandate.universe != universe.hash:
        raise FormatError(
            "universe", "is not the market snapshot's", mend="Write a mandate for this universe"
        )
    for place, each in enumerate(mandate.underlyings):
        if each.group != universe.underlying_id(each.underlying):
            raise FormatError(
                f"underlyings[{place}].group", f"is not the id of {each.underlying}",
                mend=f"It must be {universe.underlying_id(each.underlying)}",
            )  # fmt: skip
