"""Strict JSON in, canonical JSON out, and the hash of a public object.

Files are untrusted: duplicate keys, numbers that are not plain integers, unpaired surrogates, depth and
size beyond any honest file are refused before anything looks at the content. Canonical form is RFC 8785.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import rfc8785
from eth_hash.auto import keccak

from .errors import FormatError, UsageError

__all__ = [
    "MAX_BYTES",
    "canonical_bytes",
    "keccak256",
    "load_json",
    "object_hash",
    "parse_json",
    "refuse_depth",
    "refuse_surrogates",
]

MAX_BYTES = 32 * 1024 * 1024
"""Largest file that is read: a snapshot of 1,024 rows and 24 nodes is below 2 MB."""

_MAX_DEPTH = 32
_MAX_VALUES = 1 << 20  # a snapshot of 1,024 rows and 24 nodes has about 60,000
_MAX_DIGITS = 20
_SHOWN_PATH = 200


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it (not SHA3-256)."""
    return keccak(data)


def canonical_bytes(value: Any) -> bytes:
    """RFC 8785 canonical JSON of `value` (no binary floats, no unpaired surrogates: they are refused)."""
    _refuse_floats(value)
    refuse_surrogates(value)
    return rfc8785.dumps(value)


def object_hash(text_tag: str, value: Any) -> int:
    """keccak256(tag ‖ canonical JSON) >> 8: a public object as a field element of 248 bits."""
    return int.from_bytes(keccak256(text_tag.encode() + canonical_bytes(value)), "big") >> 8


def load_json(path: str | Path) -> Any:
    """Read and strictly parse a JSON file.

    Raises
    ------
    UsageError
        When the file cannot be read.
    FormatError
        When its content is not strict JSON.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from None
    return parse_json(data, source=str(path))


def parse_json(data: bytes | str, *, source: str = "") -> Any:
    """Strictly parse JSON text: see the module's text for what is refused."""
    if len(data) > MAX_BYTES:
        raise FormatError("file", f"is larger than {MAX_BYTES} bytes", source=source)
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        refuse_depth(text, source)
        value = json.loads(
            text,
            object_pairs_hook=_unique_object,
            parse_float=_refuse_number,
            parse_int=_short_integer,
            parse_constant=_refuse_number,
        )
        refuse_surrogates(value)
        return value
    except FormatError as error:
        raise error.within(source) from None
    except UnicodeDecodeError as error:
        raise FormatError("file", f"is not UTF-8 (byte {error.start})", source=source) from None
    except json.JSONDecodeError as error:
        raise FormatError(
            "file", f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}", source=source
        ) from None


def refuse_depth(text: str, source: str) -> None:
    """Bound nesting and number of values before the parser sees them.

    It is recursive, so that deep nesting would end the process; and a value of two bytes costs it a hundred.
    """
    depth = values = 0
    inside_string = escaped = False
    for character in text:
        if inside_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside_string = False
        elif character == '"':
            inside_string = True
        elif character == ",":
            values += 1
            if values > _MAX_VALUES:
                raise FormatError("file", f"has more than {_MAX_VALUES} values", source=source)
        elif character in "[{":
            depth += 1
            values += 1
            if depth > _MAX_DEPTH:
                raise FormatError("file", f"is nested deeper than {_MAX_DEPTH}", source=source)
        elif character in "]}":
            depth -= 1


def _unique_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        _refuse_half(key, key)
        if key in found:
            raise FormatError(key, "appears twice in one object", mend="Keep one")
        found[key] = value
    return found


def _refuse_number(text: str) -> NoReturn:
    raise FormatError("number", "is not a plain integer", value=text, mend='Write decimals as text: "1.5"')


def _short_integer(text: str) -> int:
    if text == "-0" or len(text) > _MAX_DIGITS:
        _refuse_number(text)
    return int(text)


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise FormatError("number", "is a binary float", value=value, mend='Write decimals as text: "1.5"')
    if isinstance(value, dict):
        for inner in value.values():
            _refuse_floats(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_floats(inner)


def refuse_surrogates(value: Any, path: str = "") -> None:
    """Refuse text with half of a surrogate pair, which UTF-8 has no bytes for.

    Canonical JSON would write them all alike: different objects would have one hash.

    Parameters
    ----------
    value
        Anything that JSON can say.
    path
        Where it stands, for the message.

    Raises
    ------
    FormatError
        Names the member: that whose text it is, or whose name it is, with the half written as an escape.
    """
    if isinstance(value, str):
        _refuse_half(value, path or "text")
    elif isinstance(value, dict):
        for key, inner in value.items():
            below = f"{path}.{key}" if path else str(key)
            _refuse_half(below, below)
            refuse_surrogates(inner, below)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            if not isinstance(inner, str) or not inner.isascii():
                refuse_surrogates(inner, f"{path}[{place}]")


def _refuse_half(text: str, path: str) -> None:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        name = path.encode("ascii", "backslashreplace").decode("ascii")
        raise FormatError(
            name[:_SHOWN_PATH], "has half of a surrogate pair", mend="Write the whole character, or none"
        )
