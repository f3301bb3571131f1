"""Rows of a snapshot have the members of their layout's extensions, all of them and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from samples import edited, row, unsigned_snapshot

from verifier.circuits import Layout, layout
from verifier.errors import FormatError
from verifier.market import Node, RowEntry, Snapshot, market_root, snapshot_valid
from verifier.rows import Row

CHARGED, DISCOUNTED = layout("s64-k1-d5-csi"), layout("s36-k1-d5-sao")


def extended(group: int, shape: Layout) -> Row:
    plain = row(group, 3_000_000_000)
    further: dict[str, Any] = {"subgroup": group, "subnodes": (5, -6)}
    if shape is CHARGED:
        further |= {"charge_long": 1, "charge_short": 2, "isolated_long": 8, "isolated_short": 4}
    else:
        further |= {"alternatives": (-7,) * shape.nodes}
    return replace(plain, nodes=(-8,) * shape.nodes, brackets=plain.brackets[:1], **further)


def made(shape: Layout) -> Snapshot:
    """A snapshot with two rows of that layout."""
    stresses = [Node(corner="low", stress=f"{s}") for s in range(shape.nodes - 2)]
    still = [Node(corner="low", stress="none"), Node(corner="high", stress="none")]
    changes = {
        "layout": shape.name,
        "nodes": (*stresses, *still),
        "rows": tuple(RowEntry.of(index, extended(index + 1, shape), shape) for index in (0, 1)),
    }
    return unsigned_snapshot().model_copy(update=changes)


@pytest.mark.parametrize("shape", [CHARGED, DISCOUNTED])
def test_rows_come_back_from_a_file_as_they_were(shape: Layout) -> None:
    snapshot = Snapshot.parse(made(shape).to_json())
    snapshot_valid(snapshot)
    assert snapshot.row_map() == {index: extended(index + 1, shape) for index in (0, 1)}
    assert market_root(snapshot) == market_root(made(shape))


@pytest.mark.parametrize(("side", "sign"), [("long", -1), ("short", 1)])
def test_position_by_position_a_unit_still_pays_for_the_whole_envelope(side: str, sign: int) -> None:
    """A group that chose so has no scan: what a corner takes from a unit must be in the row's own columns."""
    snapshot = made(CHARGED)
    still = len(snapshot.nodes) - 1

    def changed(isolated: int, addon: int, node: int, place: int) -> Snapshot:
        content = snapshot.to_json()
        entry = content["rows"][1]
        entry["nodes"] = ["0"] * CHARGED.nodes
        entry["nodes"][place] = str(node)
        entry |= {f"isolated_{side}": str(isolated), f"addon_{side}": str(addon)}
        return Snapshot.parse(content)

    snapshot_valid(changed(6, 4, sign * 10, still))
    snapshot_valid(changed(0, 10, sign * 10, still))
    snapshot_valid(changed(0, 0, -sign * 4, still))
    # The scan's other stresses are the venue's own choice to leave out.
    snapshot_valid(changed(0, 0, sign * 10, 0))
    for isolated, addon, place in ((5, 4, still), (0, 0, still), (6, 3, still - 1)):
        with pytest.raises(FormatError, match=rf"rows\[1\]\.isolated_{side}: does not cover") as refused:
            snapshot_valid(changed(isolated, addon, sign * 10, place))
        assert f"At least {10 - addon} " in str(refused.value)


def test_a_plain_row_has_no_new_members() -> None:
    assert sorted(RowEntry.of(0, row()).to_json()) == [
        "addon_long", "addon_short", "brackets", "group", "index", "mark", "nodes",
    ]  # fmt: skip


MEMBERS = {
    CHARGED: ("charge_long", "charge_short", "subgroup", "subnodes", "isolated_long", "isolated_short"),
    DISCOUNTED: ("subgroup", "subnodes", "alternatives"),
}


@pytest.mark.parametrize(("shape", "name"), [(shape, name) for shape in MEMBERS for name in MEMBERS[shape]])
def test_each_member_must_be_there(shape: Layout, name: str) -> None:
    changed = Snapshot.parse(edited(made(shape).to_json(), f"rows.1.{name}", ...))
    with pytest.raises(FormatError, match=r"rows\[1\]\.\w+: is missing"):
        snapshot_valid(changed)


@pytest.mark.parametrize(("shape", "name"), [(shape, name) for shape in MEMBERS for name in MEMBERS[shape]])
def test_each_member_changes_the_root_and_the_hash(shape: Layout, name: str) -> None:
    content = made(shape).to_json()
    value = content["rows"][1][name]
    other = ["9", *value[1:]] if isinstance(value, list) else "9"
    changed = Snapshot.parse(edited(content, f"rows.1.{name}", other))
    assert market_root(changed) != market_root(made(shape))
    assert changed.hash != made(shape).hash


@pytest.mark.parametrize("name", ["charge_long", "subgroup", "isolated_short"])
def test_a_member_alone_is_refused(name: str) -> None:
    plain = unsigned_snapshot().to_json()
    with pytest.raises(FormatError, match=r"rows\[0\]\.\w+: is missing. Add it beside"):
        snapshot_valid(Snapshot.parse(edited(plain, f"rows.0.{name}", "1")))


def test_members_of_another_layout_are_refused() -> None:
    plain = unsigned_snapshot().to_json()
    for name, value in (("charge_long", "0"), ("charge_short", "0")):
        plain["rows"][0][name] = value
    with pytest.raises(
        FormatError, match=r"rows\[0\]\.charge_long: has no column. The layout s2-k4-d5 has no"
    ):
        snapshot_valid(Snapshot.parse(plain))


def test_an_entry_that_would_drop_a_charge_is_not_made() -> None:
    for shape in (None, layout("s2-k4-d5"), DISCOUNTED):
        with pytest.raises(FormatError, match="charge_long: has no column"):
            RowEntry.of(0, extended(1, CHARGED), shape)


@pytest.mark.parametrize("name", ["subnodes", "alternatives"])
def test_an_aggregate_line_is_worth_nothing_in_any_column(name: str) -> None:
    content = made(DISCOUNTED).to_json()
    content["universe"]["instruments"][1]["kind"] = "aggregate"
    blank = {"mark": "0", "nodes": ["0"] * 36, "subnodes": ["0", "0"], "alternatives": ["0"] * 36}
    content["rows"][1] |= blank
    snapshot_valid(Snapshot.parse(content))
    with pytest.raises(FormatError, match="aggregate line"):
        snapshot_valid(Snapshot.parse(edited(content, f"rows.1.{name}.0", "1")))
