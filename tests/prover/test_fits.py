"""Which circuit an account fits: positions, underlyings, and what a layout's extensions group them by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prover.engine import MarginReport, evaluate
from prover.witness import fits, room
from verifier.circuits import Instance, instance
from verifier.rows import Bracket, Row

WIDE, DISCOUNTED = instance("32-64"), instance("32-36s")


def held(of: Instance, places: list[tuple[int, int]]) -> MarginReport:
    """One position for each (group, subgroup)."""
    alternatives = (0,) * of.nodes if of.cells else ()
    rows = {
        index: Row(
            group,
            0,
            (0,) * of.nodes,
            0,
            0,
            (Bracket(0, 0, 10),),
            subgroup=subgroup,
            alternatives=alternatives,
        )
        for index, (group, subgroup) in enumerate(places)
    }
    return evaluate([(index, 1) for index in rows], 0, rows, layout=of.layout)


@pytest.mark.parametrize("of", [WIDE, DISCOUNTED], ids=lambda each: each.size)
def test_each_kind_of_room_ends(of: Instance) -> None:
    assert fits(held(of, []), of)
    assert fits(held(of, [(1, 0)] * of.slots), of)
    assert not fits(held(of, [(1, 0)] * (of.slots + 1)), of)
    assert fits(held(of, [(group, 0) for group in range(1, of.groups + 1)]), of)
    assert not fits(held(of, [(group, 0) for group in range(1, of.groups + 2)]), of)
    assert fits(held(of, [(1, subgroup) for subgroup in range(of.subgroups + 1)]), of)
    assert not fits(held(of, [(1, subgroup) for subgroup in range(1, of.subgroups + 2)]), of)


def test_cells_are_pairs_of_a_group_and_a_subgroup() -> None:
    """One subgroup in two groups is one subgroup and two cells."""
    pairs = [(group, subgroup) for group in (1, 2) for subgroup in range(1, 6)]
    assert fits(held(DISCOUNTED, pairs[:8]), DISCOUNTED)
    assert len(held(DISCOUNTED, pairs).sub_losses) == 5
    assert not fits(held(DISCOUNTED, pairs), DISCOUNTED)
    assert fits(held(WIDE, pairs), WIDE)


def test_room_is_said_in_words() -> None:
    assert room(instance("8-2")) == "8 positions in 8 underlyings"
    assert room(WIDE) == "32 positions in 4 underlyings and 16 subgroups"
    assert room(DISCOUNTED) == (
        "32 positions in 2 underlyings and 8 subgroups, 8 pairs of an underlying and a subgroup"
    )


def test_parameters_are_those_of_the_template() -> None:
    assert list(instance("14-24").parameters.values()) == [14, 24, 2, 2, 5]
    assert list(WIDE.parameters.values()) == [32, 64, 4, 1, 5, 16]
    assert list(DISCOUNTED.parameters.values()) == [32, 36, 2, 1, 5, 8, 8]
    assert replace(WIDE, subgroups=0).parameters.keys() == instance("14-24").parameters.keys()
