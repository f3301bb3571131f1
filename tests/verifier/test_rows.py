"""Rows: the leaf's chain of hashes, the tree, and which rows nobody may sign."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import row

from verifier.circuits import layout, layouts, tag
from verifier.errors import FormatError
from verifier.field import R
from verifier.merkle import tree_root
from verifier.poseidon import poseidon
from verifier.rows import Bracket, Row, columns, leaf_hash, row_valid, rows_root

SMALL, LARGE = layout("s2-k4-d5"), layout("s24-k2-d5")
FIRST, SECOND = row().brackets[:2]


def test_columns_are_in_the_layouts_order() -> None:
    made = Row(
        1, 2, (3, 4), 5, 6, (Bracket(7, 8, 9), Bracket(10, 11, 12), Bracket(13, 14, 15), Bracket(16, 17, 18))
    )
    assert columns(made) == list(range(1, 19))
    assert len(SMALL.columns) == 18
    assert SMALL.columns[:4] == ("group", "mark", "node_0", "node_1")


def test_the_leaf_is_a_chain_of_even_chunks() -> None:
    numbers = [number % R for number in columns(row())]
    expected = poseidon([poseidon([tag("leaf"), *numbers[:9]]), *numbers[9:]])
    assert leaf_hash(row(), SMALL) == expected
    large = Row(1, -2, tuple(range(-12, 12)), 5, 6, (Bracket(7, -8, 9), Bracket(7, 8, 10)))
    numbers = [number % R for number in columns(large)]
    first = poseidon([tag("leaf"), *numbers[:12]])
    assert leaf_hash(large, LARGE) == poseidon([poseidon([first, *numbers[12:23]]), *numbers[23:]])


@given(st.integers(0, 17))
def test_each_column_changes_the_leaf(place: int) -> None:
    numbers = columns(row())
    numbers[place] += 1
    brackets = tuple(Bracket(*numbers[6 + 3 * k : 9 + 3 * k]) for k in range(4))
    changed = Row(numbers[0], numbers[1], tuple(numbers[2:4]), numbers[4], numbers[5], brackets)
    assert leaf_hash(changed, SMALL) != leaf_hash(row(), SMALL)


@pytest.mark.parametrize("name", list(layouts()))
def test_no_layout_uses_a_reserved_arity(name: str) -> None:
    shape = layout(name)
    blank = Row(1, 0, (0,) * shape.nodes, 0, 0, (Bracket(0, 0, 1),) * shape.brackets)
    assert leaf_hash(blank, shape) != 0


def test_the_root_puts_each_leaf_at_its_index() -> None:
    leaf = leaf_hash(row(), SMALL)
    assert rows_root({5: row()}, SMALL) == tree_root({5: leaf}, SMALL.depth)
    assert rows_root({5: row()}, SMALL) != rows_root({6: row()}, SMALL)
    with pytest.raises(FormatError, match="index"):
        rows_root({1024: row()}, SMALL)


def test_the_shape_is_the_layouts() -> None:
    for changed in (replace(row(), nodes=(0,)), replace(row(), brackets=row().brackets[:3])):
        with pytest.raises(FormatError, match="layout s2-k4-d5"):
            row_valid(changed, SMALL)
        with pytest.raises(FormatError, match="layout s2-k4-d5"):
            leaf_hash(changed, SMALL)


VALUE, DEDUCTION, SIZE = 1 << 63, 1 << 127, 1 << 64


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [
        ("group", 1, 0),
        ("group", 65536, 65537),
        ("mark", VALUE - 1, VALUE),
        ("mark", 1 - VALUE, -VALUE),
        ("addon_long", 0, -1),
        ("addon_long", VALUE - 1, VALUE),
        ("addon_short", 0, -1),
        ("addon_short", VALUE - 1, VALUE),
    ],
)
def test_widths(field: str, inside: int, outside: int) -> None:
    row_valid(replace(row(), **{field: inside}), SMALL)
    with pytest.raises(FormatError, match=f"{field}: is out of range"):
        row_valid(replace(row(), **{field: outside}), SMALL)


def test_widths_of_nodes() -> None:
    row_valid(replace(row(), nodes=(VALUE - 1, 1 - VALUE)), SMALL)
    for nodes in ((VALUE, 0), (0, -VALUE)):
        with pytest.raises(FormatError, match="nodes"):
            row_valid(replace(row(), nodes=nodes), SMALL)


def padded(*brackets: Bracket) -> Row:
    return replace(row(), brackets=(*brackets, *[brackets[-1]] * (4 - len(brackets))))


@pytest.mark.parametrize(
    ("bracket", "field"),
    [
        (Bracket(-1, 0, 10), "rate"),
        (Bracket(VALUE, 0, 10), "rate"),
        (Bracket(0, -DEDUCTION, 10), "deduction"),
        (Bracket(0, 0, 0), "upper"),
        (Bracket(0, 0, SIZE), "upper"),
    ],
)
def test_widths_of_brackets(bracket: Bracket, field: str) -> None:
    with pytest.raises(FormatError, match=rf"brackets\[0\]\.{field}: is out of range"):
        row_valid(padded(bracket), SMALL)


def test_uppers_ascend() -> None:
    with pytest.raises(FormatError, match=r"brackets\[1\]\.upper: does not ascend"):
        row_valid(padded(replace(FIRST, upper=10), replace(FIRST, upper=9)), SMALL)


def test_a_bracket_that_pays_its_holder_is_refused() -> None:
    """At both bounds: a deduction that is covered at the upper one still mints below it."""
    ten = Bracket(10, 0, 100)
    row_valid(padded(ten, Bracket(20, 2000, 1000)), SMALL)
    with pytest.raises(FormatError, match=r"brackets\[1\]\.deduction: makes the charge negative at size 100"):
        row_valid(padded(ten, Bracket(20, 2001, 1000)), SMALL)
    with pytest.raises(FormatError, match=r"brackets\[0\]\.deduction: makes the charge negative at size 0"):
        row_valid(padded(Bracket(10, 1, 100)), SMALL)


def test_a_fixed_charge_is_a_negative_deduction() -> None:
    row_valid(padded(Bracket(10, -500, 100)), SMALL)


@pytest.mark.parametrize("change", [{"rate": 0}, {"deduction": 0}, {"rate": 0, "deduction": 0}])
def test_padding_that_is_no_copy_is_refused(change: dict[str, int]) -> None:
    """A padding bracket that charges nothing would be chosen by every prover."""
    brackets = (FIRST, SECOND, SECOND, replace(SECOND, **change))
    with pytest.raises(FormatError, match="no copy of the last"):
        row_valid(replace(row(), brackets=brackets), SMALL)


def test_padding_is_at_the_end() -> None:
    with pytest.raises(FormatError, match="does not ascend"):
        row_valid(replace(row(), brackets=(FIRST, FIRST, SECOND, SECOND)), SMALL)
