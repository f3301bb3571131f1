"""A smaller market out of a builder's input, such as one whose feeds a contract can check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from verifier.errors import UsageError

__all__ = ["only_underlyings"]


def only_underlyings(given: dict[str, Any], wanted: Sequence[str]) -> dict[str, Any]:
    """The input with the feeds, instruments and tiers of these underlyings alone, in the input's order.

    Parameters
    ----------
    given
        A builder's input, not yet checked.
    wanted
        Underlyings to keep; all of them when empty.

    Raises
    ------
    UsageError
        When one is named that the input has no feed of, or the input has no list of feeds.
    """
    if not wanted:
        return given
    feeds, instruments = given.get("feeds"), given.get("instruments")
    if not isinstance(feeds, list) or not isinstance(instruments, list):
        raise UsageError("--underlying: the input has no feeds and instruments to choose from")
    known = [_member(feed, "underlying") for feed in feeds]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        listed = ", ".join(str(name) for name in known)
        raise UsageError(f"--underlying {unknown[0][:60]}: has no feed; there are {listed}")
    kept = [each for each in instruments if _member(each, "underlying") in wanted]
    made = {
        **given,
        "feeds": [feed for feed in feeds if _member(feed, "underlying") in wanted],
        "instruments": kept,
    }
    used = {_member(each, "tier_table") for each in kept}
    if isinstance(given.get("tier_tables"), list):
        made["tier_tables"] = [each for each in given["tier_tables"] if _member(each, "name") in used]
    return made


def _member(entry: Any, name: str) -> Any:
    """A member of what should be an object; whether it is one is for the input's own check."""
    return entry.get(name) if isinstance(entry, dict) else None
