"""The statement: a proof's public signals, named and typed, and the encodings of its terms."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field

from .canonical import canonical_bytes, keccak256
from .circuits import packing, table, text_tag
from .errors import FormatError, InvalidError
from .market import Level, level_number
from .models import FieldText, IntText, Member, Time
from .numbers import int_to_text, parse_decimal
from .packing import pack, unpack

__all__ = [
    "MAX_FLOOR",
    "Coverage",
    "Statement",
    "Terms",
    "coverage_number",
    "ratio_fraction",
    "ratio_from_text",
    "ratio_to_text",
    "subject_number",
]

Coverage = Literal["account", "owner"]

_BITS = {field.name: field.bits for field in packing("terms")}
MAX_FLOOR = (1 << _BITS["floor"]) - 1
"""Largest floor, in whole quote units."""

_STEPS = 20
_MAX_RATIO = (1 << _BITS["ratio"]) - 1
_ADDRESS = re.compile(r"eip155:[1-9][0-9]{0,31}:0x([0-9a-fA-F]{40})", re.ASCII)


def coverage_number(coverage: str) -> int:
    """1 for one account, 2 for all of this owner at this venue."""
    return int(table()["coverages"][coverage])


def subject_number(subject: str) -> int:
    """A subject as 160 bits: the address of a CAIP-10 ``eip155`` account, or a hash of any other text.

    Another text is keccak256(tag ‖ canonical JSON) >> 96, so a name never collides with an address.
    """
    address = _ADDRESS.fullmatch(subject)
    if address:
        return int(address.group(1), 16)
    digest = keccak256(text_tag("subject").encode() + canonical_bytes(subject))
    return int.from_bytes(digest, "big") >> (256 - _BITS["subject"])


def ratio_fraction(k: int) -> Fraction:
    """The requirement ratio (20 + k) / 20."""
    return Fraction(_STEPS + k, _STEPS)


def ratio_to_text(k: int) -> str:
    """The ratio as decimal text: 5 is ``1.25``."""
    return int_to_text((_STEPS + k) * (100 // _STEPS), 2)


def ratio_from_text(text: str, field: str = "ratio") -> int:
    """k of a ratio such as ``1.25``.

    Raises
    ------
    FormatError
        When it is no multiple of 0.05 from 1 to 13.75.
    """
    k = parse_decimal(text, field) * _STEPS - _STEPS
    if k.denominator != 1 or not 0 <= k <= _MAX_RATIO:
        raise FormatError(
            field,
            "is not a ratio that can be proven",
            value=text,
            mend=f"It must be a multiple of 0.05 from 1 to {ratio_to_text(_MAX_RATIO)}",
        )
    return k.numerator


class Terms(Member):
    """What is claimed, of whom, and when.

    Attributes
    ----------
    version
        Of the terms' packing and meaning.
    level, coverage
        The margin level, and whether one account or all of an owner's at the venue.
    as_of
        Seconds since 1970: when the account was as the attestor signed it.
    subject
        160 bits; see `subject_number`.
    floor
        Whole quote units that are left after the requirement.
    ratio
        k: equity is at least (20 + k)/20 of the requirement, plus the floor.
    """

    version: Annotated[int, Field(ge=0, lt=1 << _BITS["version"])]
    level: Level
    coverage: Coverage
    as_of: Time
    subject: Annotated[int, IntText(0, (1 << _BITS["subject"]) - 1)]
    floor: Annotated[int, IntText(0, MAX_FLOOR)]
    ratio: Annotated[int, Field(ge=0, le=_MAX_RATIO)]

    def pack(self) -> int:
        """The terms as the one public signal."""
        return pack(
            "terms",
            {
                "version": self.version,
                "level": level_number(self.level),
                "coverage": coverage_number(self.coverage),
                "as_of": self.as_of,
                "subject": self.subject,
                "floor": self.floor,
                "ratio": self.ratio,
            },
        )

    @classmethod
    def unpack(cls, packed: int) -> Self:
        """The terms of a public signal; FormatError when level or coverage is invalid."""
        fields = unpack("terms", packed)
        levels = {number: name for name, number in table()["levels"].items()}
        coverages = {number: name for name, number in table()["coverages"].items()}
        for name, known in (("level", levels), ("coverage", coverages)):
            if fields[name] not in known:
                raise FormatError(f"terms.{name}", "is not valid", value=fields[name])
        named = {"level": levels[fields["level"]], "coverage": coverages[fields["coverage"]]}
        return cls.model_validate({**fields, **named})


class Statement(Member):
    """The public signals of a proof by name; `mandate` is there exactly when it claims that one is kept."""

    market_root: FieldText
    attestor: FieldText
    terms: Terms
    nullifier: FieldText
    context: FieldText
    mandate: FieldText | None = None

    def signals(self, order: tuple[str, ...]) -> list[int]:
        """The public signals in a circuit's order (`Instance.public`).

        Raises
        ------
        InvalidError
            When the statement has a mandate that the circuit has not, or the other way round.
        """
        if ("mandate" in order) != (self.mandate is not None):
            raise InvalidError("the statement names a mandate exactly when its circuit claims one")
        values = {
            "market_root": self.market_root,
            "attestor": self.attestor,
            "terms": self.terms.pack(),
            "nullifier": self.nullifier,
            "context": self.context,
            **({} if self.mandate is None else {"mandate": self.mandate}),
        }
        return [values[name] for name in order]
