"""Prices of several sources put into a builder's input."""

from __future__ import annotations

from typing import Any

from verifier.errors import FormatError

from .aggregate import prices_from_sources
from .document import PriceSources

__all__ = ["priced"]

_BANDS = ("band", "low", "high")


def priced(given: dict[str, Any], document: PriceSources) -> dict[str, Any]:
    """A builder's input (any with ``feeds`` and ``time``) with the prices that sources agree on, as of then.

    A band given with the sources replaces the feed's; feeds that the sources do not have stay.

    Raises
    ------
    FormatError
        Where the sources disagree, or the input has no such feed: then nothing can be built.
    """
    feeds = given.get("feeds")
    if not isinstance(feeds, list):
        raise FormatError("feeds", "are no list", mend="Sources put prices into a builder's feeds")
    made = [dict(feed) if isinstance(feed, dict) else feed for feed in feeds]
    listed = {feed.get("id"): feed for feed in made if isinstance(feed, dict)}
    for new in prices_from_sources(document):
        feed = listed.get(new.id)
        if feed is None:
            raise FormatError("feeds", f"have no {new.id}", mend="Add the feed there first")
        stated = (feed.get("kind"), feed.get("underlying"))
        if stated != (new.kind, new.underlying):
            raise FormatError(
                f"feeds ({new.id})",
                f"is {stated[0]} of {stated[1]} there and {new.kind} of {new.underlying} in the sources",
                mend="Give both the same kind and underlying",
            )
        body = new.to_json()
        if any(name in body for name in _BANDS):
            for name in _BANDS:
                feed.pop(name, None)
        feed.update(body)
    return {**given, "feeds": made, "time": document.time}
