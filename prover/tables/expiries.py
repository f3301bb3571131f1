"""What an expiry is called: options of two expiries never share a margin group."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["expiry_name"]

_DAY = 86_400
_EIGHT = 8 * 3_600


def expiry_name(underlying: str, expiry: int) -> str:
    """Such as ``ETH-20261225``; one that is not at 08:00 UTC has its time in its name."""
    moment = datetime.fromtimestamp(expiry, UTC)
    if (expiry - _EIGHT) % _DAY == 0:
        return f"{underlying}-{moment:%Y%m%d}"
    return f"{underlying}-{moment:%Y%m%dT%H%M%S}"
