"""Decimal text to exact integers: the grammar, the grid, and rounding."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.errors import FormatError
from verifier.numbers import (
    cash_to_int,
    int_to_text,
    lots,
    lots_to_size,
    parse_decimal,
    parse_integer,
    round_down,
    round_nearest,
    round_up,
    scaled,
)

REFUSED = [
    "", " 1", "1 ", "+1", "-0", "-0.0", "-0.000", "01", "00", "1.", ".5", "1e77", "1E5", "0x10", "1_000",
    "1,5", "NaN", "Infinity", "-", "--1", "1\n", "١", "1.٥", "1" * 61, 1, 1.5, None, True, b"1", ["1"],
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_decimal(text: object) -> None:
    with pytest.raises(FormatError, match="amount"):
        parse_decimal(text, "amount")


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-1.5", Fraction(-3, 2)), ("10", 10), ("0.10", Fraction(1, 10)), ("0.0", 0)],
)
def test_decimals(text: str, value: Fraction) -> None:
    assert parse_decimal(text) == value


@pytest.mark.parametrize("text", ["", "01", "-0", "1.0", "0x1", " 1", "+1", "1e3", "1" * 200, 5, None, "٣"])
def test_what_is_no_whole_number(text: object) -> None:
    with pytest.raises(FormatError):
        parse_integer(text, low=-10, high=10**80)


def test_the_range_of_a_whole_number() -> None:
    assert parse_integer("-10", low=-10, high=10) == -10
    assert parse_integer("10", low=-10, high=10) == 10
    for text in ("-11", "11"):
        with pytest.raises(FormatError, match="-10 to 10"):
            parse_integer(text, low=-10, high=10)


@given(st.integers(-(10**40), 10**40), st.integers(0, 18))
def test_there_and_back(value: int, places: int) -> None:
    assert scaled(int_to_text(value, places), places) == value


@pytest.mark.parametrize(("value", "text"), [(-1, "-0.01"), (0, "0"), (-250, "-2.5"), (1, "0.01")])
def test_the_shortest_text(value: int, text: str) -> None:
    assert int_to_text(value, 2) == text


def test_more_places_than_the_grid_are_refused_not_rounded() -> None:
    assert scaled("1.10", 1) == 11
    with pytest.raises(FormatError, match="more than 1 decimal"):
        scaled("1.11", 1)


def test_cash_at_the_edge_of_its_width() -> None:
    largest = (1 << 120) - 1
    assert cash_to_int(int_to_text(largest, 14)) == largest
    assert cash_to_int(int_to_text(-largest, 14)) == -largest
    for beyond in (largest + 1, -largest - 1):
        with pytest.raises(FormatError, match="too large"):
            cash_to_int(int_to_text(beyond, 14))


def test_lots_at_the_edge_of_their_width() -> None:
    largest = (1 << 64) - 1
    assert lots(lots_to_size(largest, "0.01"), "0.01") == largest
    assert lots(lots_to_size(-largest, "1000"), "1000") == -largest
    for beyond in (largest + 1, -largest - 1):
        with pytest.raises(FormatError, match="64 bits"):
            lots(lots_to_size(beyond, "0.01"), "0.01")


def test_a_size_off_the_grid_is_refused_without_showing_it() -> None:
    assert lots("0.0000000001", "0.01") == 1
    assert lots("1", "3.2") == 31_250_000
    with pytest.raises(FormatError, match="not a multiple") as caught:
        lots("0.00000000017", "0.01", "size of X")
    assert "17" not in str(caught.value)
    with pytest.raises(FormatError, match="not a multiple"):
        lots("1", "3")


@given(st.integers(-(2**63), 2**63), st.sampled_from(["1", "0.01", "1000000", "2.5", "0.0003"]))
def test_sizes_there_and_back(quantity: int, lot: str) -> None:
    assert lots(lots_to_size(quantity, lot), lot) == quantity


@given(st.fractions())
def test_rounding(value: Fraction) -> None:
    assert round_down(value) <= value <= round_up(value)
    assert round_up(value) - round_down(value) == (value.denominator != 1)
    assert abs(round_nearest(value) - value) <= Fraction(1, 2)


def test_halves_go_to_the_even() -> None:
    assert [round_nearest(Fraction(n, 2)) for n in (-3, -1, 1, 3, 5)] == [-2, 0, 0, 2, 2]
