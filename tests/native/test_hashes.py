"""Native Poseidon and trees against the Python verifier's."""

from __future__ import annotations

import json
import random
import resource
from enum import IntEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.native.reference import R
from verifier.circuits import layouts, tag
from verifier.merkle import path, tree_root
from verifier.poseidon import poseidon
from verifier.rows import Bracket, Row, columns, leaf_hash


def test_every_arity(native: ModuleType) -> None:
    rng = random.Random(2)
    lists = [
        [rng.choice([0, 1, R - 1, rng.randrange(R)]) for _ in range(n)] for n in range(1, 17) for _ in "ab"
    ]
    expected = [poseidon(inputs) for inputs in lists]
    assert [native.poseidon(inputs) for inputs in lists] == expected
    assert native.poseidon_batch(lists) == expected
    packed = [b"".join(value.to_bytes(32, "little") for value in inputs) for inputs in lists]
    assert native.poseidon_batch(packed) == expected


def test_inputs_outside_the_field(native: ModuleType) -> None:
    number = IntEnum("Number", {"N": 1}).N
    bad: Any
    for bad in (
        [],
        [0] * 17,
        [R],
        [-1],
        [1 << 300],
        [True],
        [number],
        ["1"],
        b"\0" * 31,
        b"\xff" * 32,
        bytearray(5),
    ):
        with pytest.raises(native.NativeFormatError):
            native.poseidon(bad)


@pytest.mark.parametrize(("arity", "depth"), [(4, 0), (4, 3), (2, 6)])
def test_trees(native: ModuleType, arity: int, depth: int) -> None:
    rng = random.Random(depth)
    leaves = [rng.randrange(R) for _ in range(rng.randint(1, arity**depth))]
    tree = native.MerkleTree(leaves, depth, arity)
    for _ in range(2):
        for index in {0, len(leaves) - 1, arity**depth - 1}:
            node, place = tree.leaf(index), index
            for siblings in tree.path(index):
                children = list(siblings)
                children.insert(place % arity, node)
                node, place = poseidon(children), place // arity
            assert node == tree.root
        tree.update({0: 17, arity**depth - 1: 19})
        assert tree.leaf(arity**depth - 1) == 19
    with pytest.raises(native.NativeFormatError):
        tree.path(arity**depth)


def test_a_last_leaf_costs_no_level(native: ModuleType) -> None:
    tree = native.MerkleTree([], 16)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for index in (4**16 - 1, 4**15, 1 << 20):
        tree.update({index: 1 + index})
    assert tree.leaf(4**15) == 1 + 4**15 and tree.leaf(4**15 + 1) == 0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    assert tree.root == tree_root({index: 1 + index for index in (4**16 - 1, 4**15, 1 << 20)}, 16)


def test_changes_that_change_while_they_are_read(native: ModuleType) -> None:
    changes: dict[Any, int] = {}

    class Index:
        def __index__(self) -> int:
            changes.clear()
            return 2

    changes.update({Index(): 5, 3: 7})
    tree = native.MerkleTree([], 2)
    tree.update(changes)
    assert (tree.leaf(2), tree.leaf(3)) == (5, 7)


def test_trees_of_the_verifier(native: ModuleType) -> None:
    rng = random.Random(8)
    leaves = {index: rng.randrange(1, R) for index in rng.sample(range(1024), 20)}
    tree = native.MerkleTree([], 5)
    tree.update(leaves)
    assert tree.root == tree_root(leaves, 5)
    for index in [*list(leaves)[:3], 1023]:
        assert tree.path(index) == path(leaves, 5, index)


def test_vectors(native: ModuleType, vectors: Path) -> None:
    published = json.loads((vectors / "poseidon_bn254.json").read_text())
    cases = [case for case in published["vectors"] if case["initState"] == "0"]
    assert cases
    for case in cases:
        assert native.poseidon([int(value) for value in case["inputs"]]) == int(case["outputs"][0])
    for case in published["reject"]:
        with pytest.raises(native.NativeFormatError):
            native.poseidon([int(value) for value in case["inputs"]])


def test_lists_are_the_rows_hash(native: ModuleType) -> None:
    rng = random.Random(4)
    for shape in layouts().values():
        row = Row(
            group=3,
            mark=rng.randrange(1, 1 << 40),
            nodes=tuple(-rng.randrange(1 << 30) if i else 0 for i in range(shape.nodes)),
            addon_long=5,
            addon_short=6,
            brackets=tuple(Bracket(7 + i, 0, 100 + i) for i in range(shape.brackets)),
            alternatives=(-3,) * shape.nodes if "alternatives" in shape.extensions else (),
        )
        numbers = [number % R for number in columns(row, shape.extensions)]
        assert len(numbers) == len(shape.columns)
        assert native.poseidon_list(tag("leaf"), numbers) == leaf_hash(row, shape)
