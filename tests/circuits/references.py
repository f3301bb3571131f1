"""Independent references for what the templates compute, from the design's formulas and `verifier`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from verifier.circuits import Layout
from verifier.field import from_field
from verifier.merkle import root_of
from verifier.rows import Bracket, Row, leaf_hash

SMALL = Layout(name="s2-k2-d2", nodes=2, brackets=2, depth=2, version=1)
"""A layout of 16 rows for reduced instances."""

CHARGED = Layout("s4-k1-d2-csi", 4, 1, 2, 1, ("charges", "subgroups", "isolated"))
ONE_SIDED = Layout("s5-k1-d2-sao", 5, 1, 2, 1, ("subgroups", "alternatives", "one_sided"))
"""The same with the extensions of a portfolio margin."""


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


def extended_leaf(values: Mapping[str, Any]) -> int:
    """The leaf of a row with the columns of `CHARGED`'s extensions, given in their order."""
    charge_long, charge_short, subgroup, first, second, isolated_long, isolated_short = values["further"]
    row = replace(
        row_of(values),
        charge_long=charge_long,
        charge_short=charge_short,
        subgroup=subgroup,
        subnodes=(from_field(first), from_field(second)),
        isolated_long=isolated_long,
        isolated_short=isolated_short,
    )
    return leaf_hash(row, replace(SMALL, extensions=CHARGED.extensions))


def merkle_root(leaf: int, index: int, siblings: Sequence[Sequence[int]]) -> int:
    """The root above a leaf."""
    return root_of(leaf, index, [(level[0], level[1], level[2]) for level in siblings])


__all__ = ["CHARGED", "ONE_SIDED", "SMALL", "extended_leaf", "merkle_root", "row_leaf", "row_of"]
