"""Quaternary trees: against the definition written out, and what paths bind."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.errors import FormatError
from verifier.field import R
from verifier.merkle import Tree, path, root_of, tree_root
from verifier.poseidon import poseidon

LEAVES = st.dictionaries(
    st.integers(min_value=0, max_value=63), st.integers(min_value=0, max_value=R - 1), max_size=12
)


def plain_root(leaves: dict[int, int], depth: int) -> int:
    """Every node of the tree, with no thought of what is empty."""
    level = [leaves.get(index, 0) for index in range(4**depth)]
    while len(level) > 1:
        level = [poseidon(level[i : i + 4]) for i in range(0, len(level), 4)]
    return level[0]


@settings(max_examples=20, deadline=None)
@given(LEAVES)
def test_sparse_tree_equals_the_full_one(leaves: dict[int, int]) -> None:
    assert tree_root(leaves, 3) == plain_root(leaves, 3)


@settings(max_examples=20, deadline=None)
@given(LEAVES, st.integers(min_value=0, max_value=63))
def test_every_path_leads_to_the_root(leaves: dict[int, int], index: int) -> None:
    tree = Tree(leaves, 3)
    siblings = tree.path(index)
    assert siblings == path(leaves, 3, index)
    leaf = leaves.get(index, 0)
    assert root_of(leaf, index, siblings) == tree.root
    assert root_of((leaf + 1) % R, index, siblings) != tree.root
    other = (index + 1) % 64
    # A path opens at another place only what is really there: two neighbours may be equal.
    assert root_of(leaf, other, siblings) != tree.root or leaves.get(other, 0) == leaf


def test_siblings_keep_their_order() -> None:
    """A parent binds its children's places, not their sum or set."""
    siblings = path({0: 1, 1: 2, 2: 3, 3: 4}, 1, 1)
    assert siblings == [(1, 3, 4)]
    assert root_of(2, 1, siblings) == poseidon([1, 2, 3, 4])
    assert root_of(2, 1, [(3, 1, 4)]) != poseidon([1, 2, 3, 4])


def test_least_significant_digit_is_the_lowest_level() -> None:
    inner = poseidon([0, 0, 9, 0])
    empty = poseidon([0, 0, 0, 0])
    assert tree_root({6: 9}, 2) == poseidon([empty, inner, empty, empty])


def test_empty_tree_and_depth_zero() -> None:
    assert tree_root({}, 2) == plain_root({}, 2)
    assert tree_root({3: 0}, 2) == tree_root({}, 2)
    assert tree_root({0: 7}, 0) == 7
    assert root_of(7, 0, []) == 7


@pytest.mark.parametrize(
    ("leaves", "depth"), [({4: 1}, 1), ({-1: 1}, 1), ({0: R}, 1), ({0: -1}, 1), ({}, -1), ({}, 33)]
)
def test_what_does_not_fit_is_refused(leaves: dict[int, int], depth: int) -> None:
    with pytest.raises(FormatError):
        Tree(leaves, depth)


def test_bad_paths_are_refused() -> None:
    with pytest.raises(FormatError, match="index"):
        root_of(1, 4, [(0, 0, 0)])
    with pytest.raises(FormatError, match="siblings"):
        root_of(1, 0, [(0, 0)])  # type: ignore[list-item]
    with pytest.raises(FormatError, match="input"):
        root_of(1, 0, [(0, 0, R)])
    with pytest.raises(FormatError, match="index"):
        path({}, 1, 4)
