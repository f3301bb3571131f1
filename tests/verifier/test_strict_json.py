"""Text that other parsers take and this one does not, before any schema looks at it."""

from __future__ import annotations

import pytest

from verifier.canonical import canonical_bytes, object_hash, parse_json
from verifier.errors import FormatError
from verifier.parameters import parameters_valid

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
    "half a pair as a value": '{"a":"\\ud800"}',
    "half a pair in a list": '{"a":[1,["b\\udfff"]]}',
    "half a pair as a name": '{"\\ud800":1}',
    "half a pair as a name twice": '{"\\ud800":1,"\\ud800":1}',
    "halves in the wrong order": '{"a":"\\udc00\\ud800"}',
    "half a pair that is no escape": '{"a":"\ud800"}',
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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"model":{"parameters":{"x":["\\ud800"]}}}', r"^model\.parameters\.x\[0\]: has half"),
        ('{"model":{"parameters":{"x":[{"y":"\\udc00"}]}}}', r"^model\.parameters\.x\[0\]\.y: has half"),
        ('{"model":[{"\\ud801":"1"}]}', r"^\\ud801: has half"),
    ],
)
def test_half_a_pair_is_named_in_letters_that_can_be_shown(text: str, name: str) -> None:
    with pytest.raises(FormatError, match=name) as refused:
        parse_json(text)
    assert str(refused.value).isascii()


def test_a_whole_pair_is_one_character() -> None:
    assert parse_json('{"\\ud83d\\ude00":"\\ud83d\\ude00"}') == {"\U0001f600": "\U0001f600"}


# Written as UTF-8 with what stands in for no character, all of these are the same bytes.
ALIKE = ("\ud800", "\ud801", "\udfff", "\ufffd\ufffd\ufffd")


def test_different_objects_have_different_hashes_or_none() -> None:
    hashes = []
    for text in ALIKE:
        for value in ({text: "1"}, {"a": text}, ["1", [text]]):
            try:
                hashes.append(object_hash("test", value))
            except FormatError as error:
                assert "half of a surrogate pair" in str(error)
    assert len(hashes) == len(set(hashes)) == 3


def test_parameters_with_half_a_pair_are_refused_by_name() -> None:
    for text in ALIKE[:3]:
        shown = text.encode("ascii", "backslashreplace").decode()
        for value, name in (
            ({text: "1"}, f"parameters.{shown}"),
            ({"a": {"b": [text]}}, "parameters.a.b[0]"),
        ):
            with pytest.raises(FormatError) as refused:
                parameters_valid(value)
            assert refused.value.field == name
    assert parameters_valid({ALIKE[3]: "1"}) == {ALIKE[3]: "1"}
