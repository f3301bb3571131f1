"""Signed integers and decimal text as field elements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.errors import FormatError
from verifier.field import R, from_field, inverse, parse_element, to_field


@given(st.integers(min_value=-(R // 2), max_value=R // 2))
def test_signed_numbers_survive_the_round_trip(x: int) -> None:
    element = to_field(x)
    assert 0 <= element < R
    assert element == x % R
    assert from_field(element) == x


@pytest.mark.parametrize("x", [R // 2 + 1, -(R // 2) - 1, R, -R])
def test_numbers_that_would_share_an_element_are_refused(x: int) -> None:
    with pytest.raises(FormatError):
        to_field(x)


@pytest.mark.parametrize("x", [-1, R, R + 1])
def test_only_elements_are_read_back(x: int) -> None:
    with pytest.raises(FormatError):
        from_field(x)


@given(st.integers(min_value=1, max_value=R - 1))
def test_inverse(x: int) -> None:
    assert x * inverse(x) % R == 1


def test_zero_has_no_inverse() -> None:
    with pytest.raises(FormatError):
        inverse(R)


@given(st.integers(min_value=0, max_value=R - 1))
def test_canonical_text_is_read(x: int) -> None:
    assert parse_element(str(x), "x") == x


WORDS = ["", "-0", "-1", "+1", "00", "01", " 1", "1 ", "1_0", "0x1", "1.0", "1e3", "٣", "²", str(R), "9" * 79]
OTHERS = [1, 1.0, True, None, ["1"], {"1": 1}, b"1"]


@pytest.mark.parametrize("text", [*WORDS, pytest.param("9" * 1_000_000, id="a million digits"), *OTHERS])
def test_anything_else_is_refused_by_name(text: object) -> None:
    with pytest.raises(FormatError, match="x: "):
        parse_element(text, "x")
