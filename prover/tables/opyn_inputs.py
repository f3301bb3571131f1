"""What a table of Opyn's vaults is built from: listed series, and a product's parameters for naked ones."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import model_validator

from verifier.models import (
    DecimalText,
    Document,
    Epoch,
    Member,
    PositiveText,
    Text,
    Time,
    entries,
    rule_error,
)
from verifier.numbers import parse_decimal
from verifier.universe import MAX_INSTRUMENTS

__all__ = ["OpynBound", "OpynInput", "OpynNaked", "OpynSeries"]

_MAX_BOUNDS = 256


class OpynSeries(Member):
    """One oToken series."""

    expiry: Time
    strike: PositiveText


class OpynBound(Member):
    """Upper bound of an option's price, as a share, for this many seconds to expiry and fewer."""

    seconds: Time
    bound: DecimalText


class OpynNaked(Member):
    """Parameters of naked margin.

    Attributes
    ----------
    spot, band
        The underlying in the strike asset, and its relative half-width.
    shock
        The product's spot shock.
    bounds
        By time to expiry, ascending.
    """

    spot: PositiveText
    band: DecimalText
    shock: DecimalText
    bounds: Annotated[tuple[OpynBound, ...], entries(least=1, most=_MAX_BOUNDS)]

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        times = [each.seconds for each in self.bounds]
        if times != sorted(set(times)):
            raise rule_error("do not ascend", field="bounds", mend="Sort them by seconds; keep one each")
        for name in ("shock", "band"):
            if parse_decimal(getattr(self, name)) < 0:
                raise rule_error("is negative", field=name)
        if any(parse_decimal(each.bound) < 0 for each in self.bounds):
            raise rule_error("has a negative one", field="bounds")
        return self


class OpynInput(Document):
    """``zksolvency/opyn-input/1``: one underlying's puts, or its calls.

    Attributes
    ----------
    name, venue, period
        As in the universe.
    quote
        The collateral asset: the strike asset for puts, the underlying for calls.
    epoch, time, valid_until
        As in the snapshot.
    underlying
        Such as ``WETH``.
    option_type
        Of all series here.
    lot
        Options a lot; chosen when left out.
    series
        What is listed.
    naked
        For naked vaults; spreads when left out.
    """

    SCHEMA: ClassVar[str] = "zksolvency/opyn-input/1"

    name: Text
    venue: Text
    quote: Text
    period: Text
    epoch: Epoch
    time: Time
    valid_until: Time
    underlying: Text
    option_type: Literal["call", "put"]
    series: Annotated[tuple[OpynSeries, ...], entries(least=1, most=MAX_INSTRUMENTS)]
    lot: PositiveText | None = None
    naked: OpynNaked | None = None
