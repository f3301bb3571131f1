"""Read a venue's response: exact numbers, the file's hash, and errors that say where.

Venues' files are not ours, so unknown members are fine here; but what is read must be what it says. Numbers
become exact fractions, whether the venue wrote them as text or as JSON numbers, and a valid figure is never
shown in an error: only what could not be read is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

from verifier.canonical import MAX_BYTES, refuse_depth
from verifier.errors import FormatError, UsageError

__all__ = ["At", "RawFile", "decimal_text", "parse_response", "read_file"]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_LONGEST = 80
_MAGNITUDE = 40
"""Powers of ten beyond which no price, size or balance is honest."""


@dataclass(frozen=True)
class RawFile:
    """One file as it was on disk.

    Attributes
    ----------
    name
        What to call it in messages.
    sha256
        Hex digest of its bytes.
    content
        The parsed JSON; fractional numbers are `Decimal`, so no digit is lost.
    """

    name: str
    sha256: str
    content: Any


def read_file(path: str | Path) -> RawFile:
    """Read and parse one response.

    Raises
    ------
    UsageError
        When the file cannot be read.
    FormatError
        When it is not JSON, names a member twice, or is larger than any honest response.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from None
    return parse_response(data, name=str(path))


def parse_response(data: bytes, *, name: str = "response") -> RawFile:
    """Parse the bytes of one response; see `read_file`."""
    if len(data) > MAX_BYTES:
        raise FormatError("file", f"is larger than {MAX_BYTES} bytes", source=name)
    try:
        text = data.decode("utf-8-sig")
        refuse_depth(text, name)
        content = json.loads(
            text,
            parse_float=Decimal,
            parse_int=_integer,
            parse_constant=_no_constant,
            object_pairs_hook=_unique,
        )
    except FormatError as error:
        raise error.within(name) from None
    except UnicodeDecodeError as error:
        raise FormatError("file", f"is not UTF-8 (byte {error.start})", source=name) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        mend = "Save the response body as the venue sent it"
        raise FormatError("file", f"is not JSON: {error.msg} at {where}", mend=mend, source=name) from None
    return RawFile(name=name, sha256=hashlib.sha256(data).hexdigest(), content=content)


def _integer(text: str) -> int:
    if len(text) > _LONGEST:
        raise FormatError("number", f"is longer than {_LONGEST} digits", value=text)
    return int(text)


def _no_constant(text: str) -> NoReturn:
    raise FormatError("number", "is not a number", value=text, mend="Save the response again")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise FormatError(key[:_LONGEST], "appears twice in one object", mend="Keep one")
        found[key] = value
    return found


@dataclass(frozen=True)
class At:
    """A value inside a response, and where it is.

    Attributes
    ----------
    value
        The parsed JSON value.
    path
        Dotted path from the top of the file.
    file
        Name of the file.
    """

    value: Any
    path: str
    file: str

    @classmethod
    def top(cls, raw: RawFile) -> At:
        """The whole of a file."""
        return cls(raw.content, "", raw.name)

    def error(self, problem: str, *, mend: str = "", show: bool = False) -> FormatError:
        """An error about this value; `show` it only when it is no private figure."""
        value = self.value if show else None
        return FormatError(self.path or "file", problem, value=value, mend=mend, source=self.file)

    def has(self, *keys: str) -> bool:
        """Whether this is an object with all of `keys`."""
        return isinstance(self.value, dict) and all(key in self.value for key in keys)

    def _child(self, key: str) -> At:
        shown = key if len(key) <= _LONGEST else key[:_LONGEST] + "…"
        return At(self.value[key], f"{self.path}.{shown}" if self.path else shown, self.file)

    def get(self, *keys: str) -> At | None:
        """The first of `keys` that is there and not null or empty text; None when none is."""
        if not isinstance(self.value, dict):
            return None
        for key in keys:
            if self.value.get(key) not in (None, ""):
                return self._child(key)
        return None

    def need(self, *keys: str) -> At:
        """As `get`; FormatError when none of `keys` is there."""
        if not isinstance(self.value, dict):
            raise self.error("must be an object", show=True)
        found = self.get(*keys)
        if found is None:
            path = f"{self.path}.{keys[0]}" if self.path else keys[0]
            others = f" (or {', '.join(keys[1:])})" if keys[1:] else ""
            mend = f"The venue's response has it{others}; save the whole response"
            raise FormatError(path, "is missing", mend=mend, source=self.file)
        return found

    def items(self) -> Iterator[At]:
        """The entries of a list; FormatError when this is none."""
        if not isinstance(self.value, list):
            raise self.error("must be a list", mend="Save the whole response")
        for position, inner in enumerate(self.value):
            yield At(inner, f"{self.path}[{position}]", self.file)

    def members(self) -> Iterator[At]:
        """The values of an object, in the file's order; FormatError when this is none."""
        if not isinstance(self.value, dict):
            raise self.error("must be an object", show=True)
        for key in self.value:
            yield self._child(key)

    def text(self) -> str:
        """Text; FormatError when this is anything else, or is longer than a name can be."""
        if not isinstance(self.value, str) or len(self.value) > _LONGEST:
            raise self.error("must be short text", show=True)
        if not self.value.isprintable():
            raise self.error("contains control characters", show=True)
        return self.value

    def boolean(self) -> bool:
        """true or false, also as text (ccxt's recordings write it so)."""
        if isinstance(self.value, bool):
            return self.value
        if self.value in ("true", "false"):
            return bool(self.value == "true")
        raise self.error("must be true or false", show=True)

    @property
    def is_float(self) -> bool:
        """Whether this is a JSON number with a fraction, which may once have been a binary float."""
        return isinstance(self.value, Decimal)

    def number(self) -> Fraction:
        """The exact value of decimal text or of a JSON number.

        Raises
        ------
        FormatError
            When it is neither, or beyond 10^±40.
        """
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise self.error("is not a number", show=True)
        text = str(value)
        if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
            raise self.error("is not a decimal number", mend="Save the response again", show=True)
        decimal = Decimal(text)
        if decimal and not -_MAGNITUDE <= decimal.adjusted() <= _MAGNITUDE:
            raise self.error("is beyond any honest figure", mend=f"At most 10^{_MAGNITUDE}", show=True)
        return Fraction(decimal)

    def maybe_number(self) -> Fraction | None:
        """As `number`, but None when this is not one."""
        try:
            return self.number()
        except FormatError:
            return None

    def integer(self) -> int:
        """A whole number; FormatError otherwise."""
        found = self.number()
        if found.denominator != 1:
            raise self.error("is not a whole number", show=True)
        return found.numerator

    def seconds(self) -> int:
        """A time in milliseconds since 1970 as whole seconds, rounded down.

        Raises
        ------
        FormatError
            When it is before 2001 or after 2286: then it is not in milliseconds.
        """
        millis = self.integer()
        if not 10**12 <= millis < 10**13:
            raise self.error("is not a time in milliseconds since 1970", show=True)
        return millis // 1000


def decimal_text(value: Fraction, places: int | None = None) -> str:
    """Shortest decimal text of `value`.

    Parameters
    ----------
    value
        With `places` None its denominator must divide a power of ten.
    places
        Round to so many decimal places, halves to even: for showing only.

    Raises
    ------
    ValueError
        When `places` is None and the value has no finite decimal form.
    """
    if places is None:
        places = _places(value)
    whole = round(value * 10**places)
    sign = "-" if whole < 0 else ""
    left, right = divmod(abs(whole), 10**places)
    digits = str(right).rjust(places, "0").rstrip("0") if right else ""
    return f"{sign}{left}.{digits}" if digits else f"{sign}{left}"


def _places(value: Fraction) -> int:
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        raise ValueError("has no finite decimal form")
    return max(twos, fives)
