"""Margin figures that venues publish, reproduced by their rules and by our tables: one command, one table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from verifier.canonical import refuse_depth
from verifier.errors import FormatError, UsageError

from .model import CaseResult, Figure, Summary, Venue, number, summarise

__all__ = [
    "VENUES",
    "CaseResult",
    "Figure",
    "FileResult",
    "Summary",
    "load_vectors",
    "number",
    "run_document",
    "run_file",
    "summarise",
    "venue_of",
    "venues",
]

VENUES: tuple[str, ...] = (
    "binance_brackets",
    "derive_portfolio",
    "derive_standard",
    "drift_v2",
    "dydx_v4",
    "gmx_v2",
    "hyperliquid_docs",
    "opyn_gamma",
    "paradex",
    "span",
    "synthetix_v3",
)
"""Modules of this package, one a kind of file; each file is recognised by exactly one."""

_MAX_BYTES = 64 * 1024 * 1024

# What Python raises when a member is missing or of another type: the file's fault, told in one line.
_MALFORMED = (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError)


@dataclass(frozen=True)
class FileResult:
    """One file's cases.

    Attributes
    ----------
    file
        The path as it was given.
    venue
        Which module recognised it.
    cases, summary
        The results.
    """

    file: str
    venue: str
    cases: tuple[CaseResult, ...]
    summary: Summary


def venues() -> Iterator[Venue]:
    """The registered modules."""
    for name in VENUES:
        yield cast(Venue, import_module(f"{__name__}.{name}"))


def venue_of(document: Mapping[str, Any]) -> Venue | None:
    """The module that recognises a file; a malformed one is recognised by none."""
    for venue in venues():
        try:
            if venue.recognises(document):
                return venue
        except _MALFORMED:
            continue
    return None


def load_vectors(path: str | Path) -> Mapping[str, Any]:
    """Read a file of a venue's figures: JSON with plain numbers.

    Raises
    ------
    UsageError
        When it cannot be read, or is no JSON object.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise UsageError(f"{path}: is larger than {_MAX_BYTES} bytes")
        text = data.decode("utf-8")
        refuse_depth(text, str(path))
        document = json.loads(text)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from None
    except FormatError as error:
        raise UsageError(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is not JSON ({error})") from None
    if not isinstance(document, dict):
        raise UsageError(f"{path}: is no JSON object, so no file of a venue's figures")
    return document


def run_document(document: Mapping[str, Any], source: str) -> FileResult:
    """Compute every case of a parsed file.

    Raises
    ------
    UsageError
        When no module recognises it, it holds no case, or a case is malformed.
    """
    venue = venue_of(document)
    if venue is None:
        raise UsageError(f"{source}: is no file of figures that this command knows ({', '.join(VENUES)})")
    cases: list[CaseResult] = []
    try:
        for case in venue.run(document):
            cases.append(case)
        summary = summarise(cases)
    except FormatError as error:
        raise UsageError(f"{source}: case {len(cases) + 1}: {error}") from None
    except _MALFORMED as error:
        what = f"{type(error).__name__}: {error}"
        raise UsageError(f"{source}: case {len(cases) + 1} is no case of {venue.NAME} ({what})") from None
    if not cases:
        raise UsageError(f"{source}: holds no case")
    return FileResult(source, venue.NAME, tuple(cases), summary)


def run_file(path: str | Path) -> FileResult:
    """Read a file and compute every case; see `load_vectors` and `run_document`."""
    return run_document(load_vectors(path), str(path))
