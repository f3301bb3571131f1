"""`zksolvency conformance`: venues' published margin figures against our engines and tables."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from prover.conformance import FileResult, run_file
from prover.conformance.model import Amount
from verifier.errors import UsageError

from .options import Json
from .output import emit_error, say, table

__all__ = ["register"]

_COLUMNS = ("file", "cases", "engine exact", "exact", "above", "below", "not carried", "mean over", "p95")
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(conformance)


def conformance(
    files: Annotated[list[Path], typer.Argument(help="Files of venues' figures, recognised by content.")],
    json_: Json = False,
) -> None:
    """Compute venues' published margin cases by their own rules and through a table, and compare.

    Exit code 0 when no case is charged less than the venue's figure and every figure of the venue's own rules
    is the file's; 1 otherwise; 2 when a file cannot be read or is not known.

    Example: zksolvency conformance binance_brackets.json dydx_v4.json --json
    """
    results: list[FileResult] = []
    entries: list[dict[str, Any]] = []
    failed: list[UsageError] = []
    for path in files:
        try:
            result = run_file(path)
        except UsageError as error:
            failed.append(error)
            entries.append({"file": str(path), "error": str(error)})
            continue
        results.append(result)
        entries.append({"file": str(path), **asdict(result.summary)})
    if json_:
        sys.stdout.write(json.dumps(entries, indent=2) + "\n")
    else:
        _show(results)
        for each in failed:
            emit_error(each, as_json=False)
    if failed:
        raise typer.Exit(UsageError.exit_code)
    if not all(result.summary.holds for result in results):
        raise typer.Exit(1)


def _show(results: list[FileResult]) -> None:
    if not results:
        return
    rows = []
    for result in results:
        found = result.summary
        counts = (
            found.cases,
            found.engine_exact,
            found.table_exact,
            found.table_conservative,
            found.undercharged,
            found.unsupported,
        )
        shares = (_percent(found.overcharge_mean), _percent(found.overcharge_p95))
        rows.append([Path(result.file).name, *(str(count) for count in counts), *shares])
    table("", list(_COLUMNS), rows, right=frozenset(range(1, len(_COLUMNS))))
    for result in results:
        _explain(result)


def _text(amount: Amount | bool | None) -> str:
    return str(amount) if isinstance(amount, bool) or amount is None else f"{float(amount):.12g}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.3%}"


def _explain(result: FileResult) -> None:
    """What is wrong or left out, one line a figure."""
    lines = []
    for case in result.cases:
        for figure in case.figures:
            where = f"{Path(result.file).name}: {case.name}: {figure.name}"
            if figure.unsupported is not None:
                lines.append(f"{where}: not carried by the table: {figure.unsupported}")
            if not figure.engine_exact:
                lines.append(
                    f"{where}: the rules give {_text(figure.engine)}, the file {_text(figure.expected)}"
                )
            if figure.verdict == "undercharged":
                lines.append(
                    f"{where}: the table has {_text(figure.table)}, the file {_text(figure.expected)}"
                )
    for line in lines[:_SHOWN]:
        say(line)
    if len(lines) > _SHOWN:
        say(f"and {len(lines) - _SHOWN} more")
