"""The universe: the ordered list of instruments in which an index means one contract and nothing else."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from .canonical import object_hash
from .circuits import layouts, text_tag
from .errors import FormatError
from .models import DecimalText, Document, Member, PositiveText, Text, Time, entries, rule_error

__all__ = ["MAX_INSTRUMENTS", "Instrument", "Kind", "Universe", "venue_hash"]

MAX_INSTRUMENTS = max(layout.capacity for layout in layouts().values())
"""Rows that the largest market tree has room for."""

_MAX_UNDERLYINGS = 1 << 16

Kind = Literal["perpetual", "future", "option", "deposit", "borrow", "aggregate"]


class Instrument(Member):
    """One line of the universe; its index is its position, from 0.

    Attributes
    ----------
    id
        ``venue:SYMBOL``.
    kind
        ``perpetual``, ``future``, ``option``, ``deposit``, ``borrow``, or ``aggregate`` (a line that sums
        the legs of one underlying so that tiers can be charged on the sum).
    underlying
        One of the universe's underlyings; the row's margin group.
    lot
        Units of the underlying that unit values are quoted for.
    expiry, strike, option_type
        Of dated contracts and options; seconds since 1970, and quote units.
    retired
        Listed no more; its index is never used again.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}:[!-~]{1,128}$")]
    kind: Kind
    underlying: Text
    lot: PositiveText
    expiry: Time | None = None
    strike: DecimalText | None = None
    option_type: Literal["call", "put"] | None = None
    retired: bool | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind in ("future", "option") and self.expiry is None:
            raise rule_error("is missing", field="expiry", mend=f"A {self.kind} needs one")
        option = self.kind == "option"
        for name in ("strike", "option_type"):
            if (getattr(self, name) is not None) != option:
                mend = "An option needs one" if option else "Only an option has one"
                raise rule_error("is missing" if option else "is out of place", field=name, mend=mend)
        return self


class Universe(Document):
    """``zksolvency/universe/1``: contract specifications in a fixed order.

    Attributes
    ----------
    name, venue, quote, period
        What it is called, whose contracts these are, the currency of values, and the listing period.
    underlyings
        An underlying's id is its position plus one.
    instruments
        An instrument's index is its position.
    """

    SCHEMA: ClassVar[str] = "zksolvency/universe/1"

    name: Text
    venue: Text
    quote: Text
    period: Text
    underlyings: Annotated[tuple[Text, ...], entries(least=1, most=_MAX_UNDERLYINGS)]
    instruments: Annotated[tuple[Instrument, ...], entries(least=1, most=MAX_INSTRUMENTS)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        known = set(self.underlyings)
        if len(known) != len(self.underlyings):
            raise rule_error("names an underlying twice", field="underlyings", mend="Keep one")
        seen: set[str] = set()
        for position, instrument in enumerate(self.instruments):
            if instrument.id in seen:
                raise rule_error(
                    f"{instrument.id} is listed twice", field=f"instruments[{position}].id", mend="Keep one"
                )
            seen.add(instrument.id)
            if instrument.underlying not in known:
                raise rule_error(
                    f"{instrument.underlying!r} is not in underlyings",
                    field=f"instruments[{position}].underlying",
                    mend="Add it at the end of underlyings",
                )
        return self

    @property
    def hash(self) -> int:
        """The universe's id in every hash that binds it."""
        return object_hash(text_tag("universe"), self.to_json())

    def underlying_id(self, underlying: str) -> int:
        """The margin group of an underlying; FormatError when it is unknown."""
        try:
            return self.underlyings.index(underlying) + 1
        except ValueError:
            raise FormatError("underlying", "is not in the universe", value=underlying) from None

    def index_of(self, instrument: str, field: str = "instrument") -> int:
        """The index of an instrument by its id; FormatError when it is unknown."""
        index = self.indexes().get(instrument)
        if index is None:
            raise FormatError(
                field,
                f"is not in the universe {self.name}",
                value=instrument,
                mend="Check the symbol's spelling",
            )
        return index

    def indexes(self) -> dict[str, int]:
        """Index of every instrument by its id."""
        return {instrument.id: position for position, instrument in enumerate(self.instruments)}


def venue_hash(venue: str) -> int:
    """A venue's name as a field element."""
    return object_hash(text_tag("venue"), venue)
