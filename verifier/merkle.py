"""Quaternary Merkle trees of Poseidon hashes, mostly empty.

A node is Poseidon(4 children), untagged: leaves are tagged hashes of another arity. An empty leaf is the
constant 0. A leaf's index is written in base 4; its least significant digit is its place among its
three nearest siblings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from .errors import FormatError
from .field import R
from .poseidon import poseidon

__all__ = ["ARITY", "EMPTY", "Siblings", "Tree", "path", "root_of", "tree_root"]

ARITY = 4
EMPTY = 0
_MAX_DEPTH = 32

Siblings = tuple[int, int, int]
"""The three other children of a node's parent, in order."""


class Tree:
    """All nodes of a tree that are not those of an empty one.

    Parameters
    ----------
    leaves
        Leaf hash by index; absent ones are empty.
    depth
        Levels above the leaves: there is room for 4^depth.

    Raises
    ------
    FormatError
        When an index does not fit the depth or a leaf is no field element.
    """

    def __init__(self, leaves: Mapping[int, int], depth: int) -> None:
        _check(depth, leaves)
        self.depth = depth
        self._levels = [{index: leaf for index, leaf in leaves.items() if leaf != EMPTY}]
        for height in range(depth):
            below = self._levels[-1]
            self._levels.append(
                {
                    parent: poseidon([self._node(height, ARITY * parent + i) for i in range(ARITY)])
                    for parent in sorted({index // ARITY for index in below})
                }
            )

    def _node(self, height: int, index: int) -> int:
        return self._levels[height].get(index, _empty(height))

    @property
    def root(self) -> int:
        """The root, a field element."""
        return self._node(self.depth, 0)

    def path(self, index: int) -> list[Siblings]:
        """The siblings on the way from leaf `index` to the root, lowest first; the leaf may be empty."""
        _check(self.depth, {index: EMPTY})
        found = []
        for height in range(self.depth):
            first = index - index % ARITY
            a, b, c = (self._node(height, i) for i in range(first, first + ARITY) if i != index)
            found.append((a, b, c))
            index //= ARITY
        return found


def tree_root(leaves: Mapping[int, int], depth: int) -> int:
    """The root of the tree with these leaves; FormatError as for `Tree`."""
    return Tree(leaves, depth).root


def path(leaves: Mapping[int, int], depth: int, index: int) -> list[Siblings]:
    """One leaf's path; build a `Tree` once when several are wanted."""
    return Tree(leaves, depth).path(index)


def root_of(leaf: int, index: int, siblings: Sequence[Siblings]) -> int:
    """The root that a leaf, its index and its path lead to.

    Raises
    ------
    FormatError
        When the index does not fit the path's length, or a number is no field element.
    """
    _check(len(siblings), {index: leaf})
    node = leaf
    for level in siblings:
        if len(level) != ARITY - 1:
            raise FormatError("siblings", f"must come in {ARITY - 1} a level", value=len(level))
        place = index % ARITY
        node = poseidon([*level[:place], node, *level[place:]])
        index //= ARITY
    return node


@cache
def _empty(height: int) -> int:
    """The root of an empty tree."""
    return EMPTY if height == 0 else poseidon([_empty(height - 1)] * ARITY)


def _check(depth: int, leaves: Mapping[int, int]) -> None:
    if not 0 <= depth <= _MAX_DEPTH:
        raise FormatError("depth", f"must be 0 to {_MAX_DEPTH}", value=depth)
    room = ARITY**depth
    for index, leaf in leaves.items():
        if not 0 <= index < room:
            raise FormatError("index", f"must be 0 to {room - 1}", value=index)
        if not 0 <= leaf < R:
            raise FormatError("leaf", "is not from 0 to r − 1")
