"""Price history: bars of one length, from a document or a CSV file."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from verifier.errors import FormatError, UsageError
from verifier.models import Document, Member, PositiveText, Text, Time, entries, rule_error
from verifier.numbers import parse_decimal, parse_integer

__all__ = ["Bar", "History", "history_from_csv"]

_MAX_BARS = 20_000
_COLUMNS = ("time", "open", "high", "low", "close")


class Bar(Member):
    """What happened in one period.

    Attributes
    ----------
    time
        Its end, seconds since 1970.
    close
        Quote units a unit of the underlying.
    open, high, low
        Likewise; all three or none.
    """

    time: Time
    close: PositiveText
    open: PositiveText | None = None
    high: PositiveText | None = None
    low: PositiveText | None = None

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if len({each is None for each in (self.open, self.high, self.low)}) != 1:
            raise rule_error(
                "is given in part", field="open", mend="Give open, high and low, or none of them"
            )
        if self.open is not None and self.high is not None and self.low is not None:
            ends = sorted((parse_decimal(self.open), parse_decimal(self.close)))
            if not parse_decimal(self.low) <= ends[0] <= ends[1] <= parse_decimal(self.high):
                raise rule_error(
                    "do not contain open and close", field="low and high", mend="low ≤ open, close ≤ high"
                )
        return self


class History(Document):
    """``zksolvency/price-history/1``: bars of one underlying without a gap.

    Attributes
    ----------
    underlying
        What is priced.
    period
        Seconds from one bar to the next, such as 86400.
    bars
        Oldest first.
    """

    SCHEMA: ClassVar[str] = "zksolvency/price-history/1"

    underlying: Text
    period: Annotated[int, Field(ge=1, lt=1 << 32)]
    bars: Annotated[tuple[Bar, ...], entries(least=3, most=_MAX_BARS)]

    @model_validator(mode="after")
    def _even(self) -> Self:
        for place in range(1, len(self.bars)):
            step = self.bars[place].time - self.bars[place - 1].time
            if step != self.period:
                raise rule_error(
                    f"is {step} seconds after the bar before it, not {self.period}",
                    field=f"bars[{place}].time",
                    mend="Sort the bars, fill the gap from another source, or start after it",
                )
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical document, hex: what published parameters name their history by."""
        return sha256(self.canonical()).hexdigest()

    def until(self, time: int) -> Self:
        """The bars that had ended at `time`."""
        kept = tuple(bar for bar in self.bars if bar.time <= time)
        return self.parse({**self.to_json(), "bars": [bar.to_json() for bar in kept]})


def history_from_csv(path: Path, underlying: str) -> History:
    """Bars of a CSV file with the header ``time,open,high,low,close`` or ``time,close``.

    `time` is in seconds since 1970 or a date such as ``2026-11-20``; numbers are decimal text. The period is
    the distance of the first two bars.

    Raises
    ------
    FormatError
        Names the line.
    UsageError
        When the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as text ({error})") from None
    reader = csv.DictReader(StringIO(text))
    names = tuple(reader.fieldnames or ())
    if set(names) not in ({"time", "close"}, set(_COLUMNS)) or len(names) != len(set(names)):
        raise FormatError(
            "line 1",
            "is not the header",
            value=",".join(names),
            mend="time,open,high,low,close",
            source=str(path),
        )
    bars: list[dict[str, str | int]] = []
    times: list[int] = []
    for line, record in enumerate(reader, start=2):
        if None in record or None in record.values():
            raise FormatError(f"line {line}", "has not as many fields as the header", source=str(path))
        times.append(_time(record["time"], line, path))
        bars.append({**record, "time": times[-1]})
    period = times[1] - times[0] if len(times) > 1 else 1
    body = {"schema": History.SCHEMA, "underlying": underlying, "period": max(1, period), "bars": bars}
    return History.parse(body, source=str(path))


def _time(text: str, line: int, path: Path) -> int:
    if text.isascii() and text.isdigit():
        return parse_integer(text, f"line {line}", low=0, high=(1 << 34) - 1)
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise FormatError(
            f"line {line}",
            "has no time",
            value=text,
            mend="Seconds since 1970, or 2026-11-20",
            source=str(path),
        ) from None
