"""Independent references for what the templates compute, from the design's formulas and `verifier`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from verifier.circuits import Layout
from verifier.field import from_field
from verifier.merkle import root_of
from verifier.rows import Bracket, Row, leaf_hash

SMALL = Layout(name="s2-k2-d2", nodes=2, brackets=2, depth=2, version=1)
"""A layout of 16 rows for reduced instances."""


def row_of(values: Mapping[str, Any]) -> Row:
    """A row from a template's inputs."""
    brackets = zip(values["rate"], values["deduction"], values["upper"], strict=True)
    return Row(
        group=values["group"],
        mark=from_field(values["mark"]),
        nodes=tuple(from_field(node) for node in values["nodes"]),
        addon_long=values["addon_long"],
        addon_short=values["addon_short"],
        brackets=tuple(Bracket(rate, from_field(deduction), upper) for rate, deduction, upper in brackets),
    )


def row_leaf(values: Mapping[str, Any]) -> int:
    """The leaf of a row in template form; the tag is `verifier`'s."""
    return leaf_hash(row_of(values), SMALL)


def merkle_root(leaf: int, index: int, siblings: Sequence[Sequence[int]]) -> int:
    """The root above a leaf."""
    return root_of(leaf, index, [(level[0], level[1], level[2]) for level in siblings])


__all__ = ["SMALL", "merkle_root", "row_leaf", "row_of"]
