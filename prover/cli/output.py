"""How commands speak: results on stdout (text or one JSON object), progress and errors on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from verifier.errors import FormatError, ZkSolvencyError

__all__ = ["Stages", "emit", "emit_error", "out", "printable", "progress", "say", "table"]

_WIDE = 160
"""Columns when the output is not a terminal: a pipe has no edge to wrap at."""

# No markup: names and paths come from files of others and are shown as they are.
out = Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)
progress = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def emit(result: dict[str, Any], text: Callable[[], None], *, as_json: bool) -> None:
    """Print `result` as one JSON object, or let `text` print it for people."""
    if as_json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    else:
        text()


def emit_error(error: ZkSolvencyError, *, as_json: bool) -> None:
    """Say what went wrong, in one line for people or as a JSON object for programs."""
    if as_json:
        body: dict[str, Any] = {"kind": type(error).__name__, "message": str(error)}
        if isinstance(error, FormatError):
            body |= {
                "source": error.source,
                "field": error.field,
                "problem": error.problem,
                "mend": error.mend,
            }
        sys.stdout.write(json.dumps({"error": body, "exit_code": error.exit_code}, indent=2) + "\n")
    else:
        progress.print(Text.assemble(("error:", "bold red"), f" {printable(str(error))}"))


def table(
    title: str, columns: list[str], rows: list[list[str]], *, right: frozenset[int] = frozenset()
) -> None:
    """Print a table; the columns whose positions are in `right` are numbers."""
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for position, name in enumerate(columns):
        made.add_column(name, justify="right" if position in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(printable(cell) for cell in row))
    out.print(made)


def say(line: str = "", style: str | None = None) -> None:
    """Print lines of a result for people."""
    out.print(printable(line), style=style)


def printable(text: str) -> str:
    """Text without what moves a cursor or hides other text: it may come from a hostile file."""
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in text)


class Stages:
    """Stage timings of one command: said on stderr as they end, and returned with the result."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage."""
        start = time.perf_counter()
        yield
        self.add(name, time.perf_counter() - start)

    def add(self, name: str, seconds: float) -> None:
        """Record a stage that something else has timed."""
        self.seconds[name] = round(seconds, 3)
        if not self.quiet:
            progress.print(f"  {name:<28} {seconds:8.2f} s", style="dim")
