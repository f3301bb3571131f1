"""Rows: the leaf's chain of hashes, the tree, and which rows nobody may sign."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import row

from verifier.circuits import Layout, layout, layouts, tag
from verifier.errors import FormatError
from verifier.field import R
from verifier.merkle import tree_root
from verifier.poseidon import poseidon
from verifier.rows import FIELDS, Bracket, Row, columns, leaf_hash, row_valid, rows_root

SMALL, LARGE = layout("s2-k4-d5"), layout("s24-k2-d5")
CHARGED, DISCOUNTED = layout("s64-k1-d5-csi"), layout("s36-k1-d5-sao")
FIRST, SECOND = row().brackets[:2]


def blank(shape: Layout) -> Row:
    """A row that charges nothing, in any layout."""
    alternatives = (0,) * shape.nodes if "alternatives" in shape.extensions else ()
    brackets = (Bracket(0, 0, 1),) * shape.brackets
    return Row(1, 0, (0,) * shape.nodes, 0, 0, brackets, alternatives=alternatives)


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
    assert leaf_hash(blank(shape), shape) != 0


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


FULL = Row(
    1, 2, tuple(range(3, 67)), 67, 68, (Bracket(69, 0, 71),),
    charge_long=72, charge_short=73, subgroup=74, subnodes=(75, 76), isolated_long=77, isolated_short=78,
)  # fmt: skip
OTHER = Row(
    1, 2, tuple(range(3, 39)), 39, 40, (Bracket(41, 0, 43),),
    subgroup=44, subnodes=(45, 46), alternatives=tuple(range(47, 83)),
)  # fmt: skip


@pytest.mark.parametrize(("made", "shape"), [(FULL, CHARGED), (OTHER, DISCOUNTED)])
def test_columns_of_extensions_follow_the_brackets(made: Row, shape: Layout) -> None:
    numbers = columns(made, shape.extensions)
    count = len(shape.columns)
    wanted = list(range(1, count + 1))
    wanted[shape.columns.index("deduction_0")] = 0
    assert numbers == wanted
    row_valid(made, shape)
    six, longer = divmod(count, 6)
    hashed, start = tag("leaf"), 0
    for place in range(6):
        size = six + (place < longer)
        hashed = poseidon([hashed, *numbers[start : start + size]])
        start += size
    assert start == count
    assert leaf_hash(made, shape) == hashed


@pytest.mark.parametrize(("made", "shape"), [(FULL, CHARGED), (OTHER, DISCOUNTED)])
def test_each_attribute_of_an_extension_changes_the_leaf(made: Row, shape: Layout) -> None:
    leaf = leaf_hash(made, shape)
    for extension in shape.extensions:
        for name in FIELDS[extension]:
            value = getattr(made, name)
            for place in range(len(value)) if isinstance(value, tuple) else [None]:
                changed = value + 1 if place is None else (*value[:place], -1, *value[place + 1 :])
                assert leaf_hash(replace(made, **{name: changed}), shape) != leaf


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [
        ("charge_long", 0, -1),
        ("charge_short", VALUE - 1, VALUE),
        ("isolated_long", VALUE - 1, VALUE),
        ("isolated_short", 0, -1),
        ("subgroup", 65536, 65537),
        ("subgroup", 1, -1),
    ],
)
def test_widths_of_extensions(field: str, inside: int, outside: int) -> None:
    row_valid(replace(FULL, **{field: inside}), CHARGED)
    with pytest.raises(FormatError, match=f"{field}: is out of range"):
        row_valid(replace(FULL, **{field: outside}), CHARGED)


def test_widths_of_profits_of_extensions() -> None:
    row_valid(replace(FULL, subnodes=(VALUE - 1, 1 - VALUE)), CHARGED)
    for subnodes in ((VALUE, 0), (0, -VALUE)):
        with pytest.raises(FormatError, match=r"subnodes\[[01]\]: is out of range"):
            row_valid(replace(FULL, subnodes=subnodes), CHARGED)
    for edge in (VALUE, -VALUE):
        with pytest.raises(FormatError, match=r"alternatives\[35\]: is out of range"):
            row_valid(replace(OTHER, alternatives=(*OTHER.alternatives[:35], edge)), DISCOUNTED)


def test_a_row_in_no_subgroup_has_no_subnodes() -> None:
    row_valid(replace(FULL, subgroup=0, subnodes=(0, 0)), CHARGED)
    with pytest.raises(FormatError, match="subnodes: are those of no subgroup"):
        row_valid(replace(FULL, subgroup=0), CHARGED)


def test_what_a_layout_has_no_column_for_is_refused_rather_than_dropped() -> None:
    for extension, names in FIELDS.items():
        if extension in DISCOUNTED.extensions:
            continue
        for name in names:
            with pytest.raises(FormatError, match=f"{name}: has no column"):
                leaf_hash(replace(OTHER, **{name: 1}), DISCOUNTED)
    with pytest.raises(FormatError, match="alternatives: has 36 entries"):
        row_valid(replace(FULL, alternatives=OTHER.alternatives), CHARGED)
    with pytest.raises(FormatError, match="subgroup: has no column"):
        row_valid(replace(row(), subgroup=1), SMALL)
