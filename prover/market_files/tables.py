"""CSV and Parquet tables as rows of plain JSON values: decimals as text, whole numbers, truths.

A binary float of a Parquet file becomes its shortest decimal text; not-a-number and infinities are refused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from prover.extras import require
from verifier.errors import FormatError, UsageError

__all__ = ["TABLES", "read_table"]

TABLES = (".csv", ".parquet")

_MAX_BYTES = 32 * 1024 * 1024
_MAX_ROWS = 65_536
_MAX_COLUMNS = 64
_WHOLE = ("expiry",)
_TRUTHS = ("retired", "prediction")


def read_table(path: Path) -> list[dict[str, Any]]:
    """The rows of a table; an empty cell is an absent member, a dotted column a nested one.

    Raises
    ------
    UsageError
        When the file cannot be read.
    FormatError
        When it is no table, or a cell is no value of its column; names line and column.
    EnvironmentFault
        For Parquet without pyarrow.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from None
    if len(data) > _MAX_BYTES:
        raise FormatError("file", f"is larger than {_MAX_BYTES} bytes", source=str(path))
    try:
        rows = _csv(data) if path.suffix == ".csv" else _parquet(data)
        return [_nested(row, place) for place, row in enumerate(rows)]
    except FormatError as error:
        raise error.within(str(path)) from None


def _csv(data: bytes) -> list[dict[str, Any]]:
    try:
        text = data.decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise FormatError("file", f"is not UTF-8 (byte {error.start})") from None
    except csv.Error as error:
        raise FormatError("file", f"is not CSV ({error})") from None
    header, *body = [line for line in lines if line] or [[]]
    _columns(header)
    _rows(len(body))
    for place, line in enumerate(body):
        if len(line) != len(header):
            raise FormatError(
                f"line {place + 2}", f"has {len(line)} cells", mend=f"The header has {len(header)}"
            )
    return [dict(zip(header, line, strict=True)) for line in body]


def _parquet(data: bytes) -> list[dict[str, Any]]:
    parquet, arrow = require("pyarrow.parquet"), require("pyarrow")
    try:
        file = parquet.ParquetFile(arrow.BufferReader(data))
        _rows(file.metadata.num_rows)
        _columns(list(file.schema_arrow.names))
        rows: list[dict[str, Any]] = file.read().to_pylist()
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise FormatError("file", f"is not Parquet ({str(error).splitlines()[0][:80]})") from None
    return rows


def _columns(header: list[str]) -> None:
    if not header or len(header) > _MAX_COLUMNS:
        raise FormatError("header", f"has {len(header)} columns", mend=f"From 1 to {_MAX_COLUMNS}")
    for name in header:
        if header.count(name) > 1 or not name.strip():
            raise FormatError("header", "names a column twice, or not at all", value=name)


def _rows(count: int) -> None:
    if count > _MAX_ROWS:
        raise FormatError("file", f"has more than {_MAX_ROWS} rows")


def _nested(row: Mapping[str, Any], place: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column, cell in row.items():
        if cell is None or cell == "":
            continue
        *path, name = column.split(".")
        inside = found
        for key in path:
            inside = inside.setdefault(key, {})
            if not isinstance(inside, dict):
                raise FormatError(f"header.{column}", "is below a column that has a value itself")
        try:
            inside[name] = _value(name, cell)
        except (ValueError, KeyError, ArithmeticError):
            raise FormatError(f"line {place + 2}.{column}", "is no such value", value=str(cell)) from None
    return found


def _value(name: str, cell: Any) -> Any:
    """Text, a whole number or a truth, as the input's member of that name asks for."""
    if name in _WHOLE:
        return int(cell.timestamp()) if isinstance(cell, datetime) else int(str(cell))
    if name in _TRUTHS:
        # A member that is only ever true: false is absence, which the caller's row keeps as None.
        return {"true": True, "false": None, "1": True, "0": None}[str(cell).lower()]
    if isinstance(cell, bool) or not isinstance(cell, str | int | float | Decimal):
        raise ValueError
    if isinstance(cell, str):
        return cell
    # A float's repr is its shortest decimal; a decimal keeps its digits.
    return _plain(Decimal(repr(cell)) if isinstance(cell, float) else Decimal(cell))


def _plain(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
