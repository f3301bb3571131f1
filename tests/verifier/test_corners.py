"""Corners of several feeds, and a snapshot's public model."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from samples import PUBLISHER, edited, snapshot, unsigned_snapshot

from verifier.canonical import canonical_bytes
from verifier.corners import corner_valid, end_of, price_at
from verifier.errors import FormatError
from verifier.market import Model, Node, Snapshot, market_root, signers, snapshot_valid

SAMPLE = unsigned_snapshot().to_json()
FOUR = [
    {"corner": f"index:{first} volatility:{second}", "stress": "none"}
    for first in ("low", "high")
    for second in ("low", "high")
]
MOVING = [
    {"id": "i", "kind": "index", "underlying": "BTC", "price": "60000", "low": "59000", "high": "61000"},
    {"id": "v", "kind": "volatility", "underlying": "BTC", "price": "0.5", "low": "0.4", "high": "0.6"},
    {"id": "e", "kind": "index", "underlying": "ETH", "price": "3000", "low": "2900", "high": "3100"},
]


def _wide(nodes: list[dict[str, str]], feeds: list[dict[str, str]] | None = None) -> Snapshot:
    """The sample in the layout of 24 nodes, the last of `nodes` repeated to fill it."""
    nodes = nodes + [nodes[-1]] * (24 - len(nodes))
    made = edited(edited(SAMPLE, "nodes", nodes), "layout", "s24-k2-d5")
    for entry in made["rows"]:
        entry["nodes"], entry["brackets"] = ["0"] * 24, entry["brackets"][:2]
    return Snapshot.parse(edited(made, "feeds", MOVING if feeds is None else feeds))


@pytest.mark.parametrize(
    "corner", ["low", "high", "mark", "3/11", "1/2", "index:low", "index:low volatility:high", "index:2/5"]
)
def test_a_corner_is_written_in_one_way(corner: str) -> None:
    assert corner_valid(corner) == corner
    assert Node(corner=corner, stress="none").corner == corner


@pytest.mark.parametrize(
    "corner",
    [
        "", "middle", "low high", "volatility:low index:low", "index:low index:low", "index:low  mark:low",
        "index:", "2/4", "0/3", "3/3", "4/3", "1/256", "01/3", "Index:low", "index:low ", "low\n",
    ],
)  # fmt: skip
def test_other_corners_are_refused(corner: str) -> None:
    with pytest.raises(FormatError):
        corner_valid(corner)
    with pytest.raises(FormatError, match=r"nodes\[0\].corner"):
        Snapshot.parse(edited(SAMPLE, "nodes.0.corner", corner))


def test_where_a_feed_stands() -> None:
    assert end_of("3/11", "index") == "3/11"
    assert end_of("index:low volatility:1/3", "volatility") == "1/3"
    assert end_of("index:low volatility:1/3", "stablecoin") == "mark"
    ends = ("low", "mark", "high", "1/4")
    assert [price_at(end, Fraction(8), Fraction(10), Fraction(16)) for end in ends] == [8, 10, 16, 10]


def test_all_corners_of_two_moving_feeds_are_enough() -> None:
    snapshot_valid(_wide(FOUR))


@pytest.mark.parametrize("left_out", range(4))
def test_each_corner_of_two_feeds_needs_the_zero_stress(left_out: int) -> None:
    rest = [node for place, node in enumerate(FOUR) if place != left_out]
    with pytest.raises(FormatError, match="corners of BTC"):
        snapshot_valid(_wide(rest))
    stressed = [*rest, {**FOUR[left_out], "stress": "crash"}]
    with pytest.raises(FormatError, match="lacks the zero stress"):
        snapshot_valid(_wide(stressed))


def test_a_single_feed_of_another_kind_needs_its_ends_too() -> None:
    stable = {**MOVING[2], "kind": "stablecoin"}
    with pytest.raises(FormatError, match="corners of ETH, which has 1 moving"):
        snapshot_valid(_wide(FOUR, [*MOVING[:2], stable]))


def test_two_moving_feeds_of_one_kind_never_have_all_corners() -> None:
    twin = {**MOVING[0], "id": "i2"}
    with pytest.raises(FormatError, match="corners of BTC, which has 3"):
        snapshot_valid(_wide(FOUR, [*MOVING, twin]))


def test_a_basis_and_a_spread_need_no_corner() -> None:
    """They are charged leg by leg."""
    basis = {**MOVING[0], "id": "b", "kind": "basis", "price": "1.01", "low": "1.009", "high": "1.011"}
    spread = {**basis, "id": "s", "kind": "spread", "price": "0", "low": "-0.01", "high": "0.01"}
    snapshot_valid(_wide(FOUR, [*MOVING, basis, spread]))


MODEL = {"name": "options", "version": 1, "parameters": {"grid": ["low", 3, True, {"factor": "1.2"}]}}


def test_a_snapshot_without_a_model_has_the_bytes_it_always_had() -> None:
    assert "model" not in SAMPLE
    assert b"model" not in canonical_bytes(SAMPLE)


def test_a_model_is_under_the_signature_and_not_in_the_root() -> None:
    made = Snapshot.parse(edited(snapshot().to_json(), "model", MODEL))
    assert made.to_json()["model"] == MODEL
    assert made.hash != snapshot().hash
    assert market_root(made) == market_root(snapshot())
    assert signers(made, [PUBLISHER.public_key]) == []


def _nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.5,
        1 << 53,
        "x" * 201,
        "a\nb",
        _nested(12),
        {"k" * 201: 1},
        ["x"] * (1 << 16),
    ],
)
def test_parameters_are_bounded(value: Any) -> None:
    with pytest.raises(FormatError, match=r"model.*parameters"):
        Snapshot.parse(edited(SAMPLE, "model", {**MODEL, "parameters": {"a": value}}))


def test_a_model_has_a_plain_name() -> None:
    for change in ({"name": "Options!"}, {"version": 0}, {"more": 1}):
        with pytest.raises(FormatError, match="model"):
            Snapshot.parse(edited(SAMPLE, "model", {**MODEL, **change}))


def test_tuples_of_python_are_lists_of_the_file() -> None:
    assert Model(name="m", version=1, parameters={"a": ("1", 2)}).to_json()["parameters"] == {"a": ["1", 2]}
