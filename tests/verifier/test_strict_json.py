"""Text that other parsers take and this one does not, before any schema looks at it."""

from __future__ import annotations

import pytest

from verifier.canonical import canonical_bytes, parse_json
from verifier.errors import FormatError

REFUSED = {
    "a float": '{"a":1.5}',
    "a float without a fraction": '{"a":1.0}',
    "an exponent": '{"a":1e77}',
    "a huge exponent": '{"a":1e999999999}',
    "negative zero": '{"a":-0}',
    "not a number": '{"a":NaN}',
    "infinity": '{"a":-Infinity}',
    "a long integer": '{"a":' + "9" * 21 + "}",
    "a member twice": '{"a":1,"a":1}',
    "a member twice, spelt otherwise": '{"a":1,"\\u0061":2}',
    "too deep": "[" * 33 + "]" * 33,
    "text after the end": "{} {}",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_json(text)


def test_read() -> None:
    assert parse_json('{"a":[1,"1e77",-2,true,null],"b":{"a":0}}') == {
        "a": [1, "1e77", -2, True, None],
        "b": {"a": 0},
    }
    assert parse_json("[" * 32 + "]" * 32)


def test_a_float_is_never_hashed() -> None:
    for value in ({"a": 1.5}, [1.0], {"a": {"b": [float("nan")]}}):
        with pytest.raises(FormatError):
            canonical_bytes(value)
