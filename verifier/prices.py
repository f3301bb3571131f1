"""Live prices, and whether they are still inside a snapshot's envelope."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .errors import InvalidError
from .market import Snapshot
from .models import DecimalText, Document, Text, Time
from .numbers import parse_decimal

__all__ = ["MAX_PRICE_AGE", "Prices", "check_prices"]

MAX_PRICE_AGE = 300
"""Seconds after which a price is not live any more."""

_MAX_PRICES = 65536


class Prices(Document):
    """``zksolvency/prices/1``: the verifier's own view of the market, by feed id."""

    SCHEMA: ClassVar[str] = "zksolvency/prices/1"

    time: Time
    prices: Annotated[dict[Text, DecimalText], Field(max_length=_MAX_PRICES)]


def check_prices(prices: Prices, snapshot: Snapshot, now: int, skew: int = 0) -> None:
    """Check that `prices` are fresh and that each feed of `snapshot` is inside its band.

    Parameters
    ----------
    now
        Seconds since 1970.
    skew
        Seconds by which another clock may run ahead.

    Raises
    ------
    InvalidError
        When they are too old, of the future, miss a feed, or are outside a band.
    """
    if prices.time > now + skew:
        raise InvalidError(f"prices are of the future (time {prices.time}, now {now})")
    if now - prices.time > MAX_PRICE_AGE:
        raise InvalidError(
            f"prices are {now - prices.time} seconds old; at most {MAX_PRICE_AGE} are accepted"
        )
    for feed in snapshot.feeds:
        text = prices.prices.get(feed.id)
        if text is None:
            raise InvalidError(f"there is no live price of {feed.id}")
        if not parse_decimal(feed.low) <= parse_decimal(text) <= parse_decimal(feed.high):
            raise InvalidError(f"{feed.id} is at {text}, outside the envelope {feed.low} to {feed.high}")
