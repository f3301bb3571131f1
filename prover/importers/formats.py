"""Which importer reads what: recognised by the response's own members, or named by the caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from verifier.errors import UsageError

from . import binance, ccxt, dydx, hyperliquid
from .model import Context, Reading
from .raw import At, RawFile

__all__ = ["FORMATS", "Format", "detect", "parts_of", "read_files"]


class Format(NamedTuple):
    """One importer.

    Attributes
    ----------
    name
        What `format` calls it.
    claims
        Whether a part of a response is its own.
    read
        Parts to a reading.
    """

    name: str
    claims: Callable[[At], bool]
    read: Callable[[Sequence[At], Context], Reading]


# ccxt is last: its structures carry the venue's own under `info`.
FORMATS: dict[str, Format] = {
    module.FORMAT: Format(module.FORMAT, module.claims, module.read)
    for module in (hyperliquid, binance, dydx, ccxt)
}

_WRAPPERS = ("response", "ccxt_unified")
"""Members under which tools keep the response beside words about where it is from."""


def parts_of(raw: RawFile) -> list[At]:
    """The candidates for a response inside a file: the whole file, or what a wrapper holds, in that order."""
    top = At.top(raw)
    if isinstance(raw.content, dict):
        wrapped = [found for name in _WRAPPERS if (found := top.get(name)) is not None]
        if wrapped:
            return wrapped
    return [top]


def detect(content: Any) -> str | None:
    """The name of the format that `content` (parsed JSON) is in; None when it is none of them."""
    found = _recognise(RawFile("response", "", content), None)
    return None if found is None else found[0].name


def _recognise(raw: RawFile, wanted: str | None) -> tuple[Format, At] | None:
    for part in parts_of(raw):
        for format_ in FORMATS.values():
            if (wanted is None or format_.name == wanted) and format_.claims(part):
                return format_, part
    return None


def read_files(files: Sequence[RawFile], context: Context, format: str | None = None) -> Reading:
    """Read one account from one or several responses.

    Parameters
    ----------
    files
        Of one account at one instant, all in one format.
    context
        What the market says: venue and quote.
    format
        A name in `FORMATS`; recognised when left out.

    Raises
    ------
    UsageError
        When `format` is unknown, a file is in no known format, or files are in different ones.
    FormatError
        When a response is malformed or cannot be imported soundly.
    """
    known = ", ".join(FORMATS)
    if format is not None and format not in FORMATS:
        raise UsageError(f"there is no importer called {format!r}: it is one of {known}")
    if not files:
        raise UsageError("no file to import: give the venue's account response")
    found = []
    for raw in files:
        recognised = _recognise(raw, format)
        if recognised is None:
            wanted = (
                f"is not in the format {format}" if format else f"is in none of the known formats ({known})"
            )
            raise UsageError(f"{raw.name}: {wanted}. See docs/import.md for which responses to save")
        found.append(recognised)
    # An account without positions answers with an empty list, which says nothing about its format.
    telling = [(format_, part) for format_, part in found if part.value != []]
    found = telling or found
    names = {format_.name for format_, _ in found}
    if len(names) > 1:
        raise UsageError(
            f"the files are in different formats ({', '.join(sorted(names))}): import one account at a time"
        )
    return found[0][0].read([part for _, part in found], context)
