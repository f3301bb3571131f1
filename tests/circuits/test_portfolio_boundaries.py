"""Boundary tables of what a portfolio margin adds, hand-made witnesses against the constraints."""

from __future__ import annotations

from typing import Any

import pytest

from tests.circuits.mains import MAINS
from tests.circuits.solving import Attempt, Solver, attempt
from tests.circuits.templates import build
from verifier.circuits import instances
from verifier.field import R, from_field, to_field

HALF = (R - 1) // 2
SIZE, VALUE = 2**64 - 1, 2**63 - 1


def tried(main: str, **values: Any) -> Attempt:
    return attempt(build(MAINS[main].source), values)


def accepts(main: str, **values: Any) -> bool:
    return tried(main, **values).accepted


def test_one_choice_or_none() -> None:
    for choice in ([0, 0, 0], [1, 0, 0], [0, 0, 1]):
        found = tried("AtMostOne", active=1, choice=choice)
        assert found.accepted
        assert found.value("some") == sum(choice)
        assert accepts("AtMostOne", active=0, choice=choice) is (sum(choice) == 0)
    half = pow(2, -1, R)
    for choice in ([1, 1, 0], [1, 1, 1], [2, R - 1, 0], [2, 0, 0], [half, half, 0], [R - 1, 1, 0]):
        assert not accepts("AtMostOne", active=1, choice=choice)
        assert not accepts("AtMostOne", active=0, choice=choice)


@pytest.mark.parametrize("negative", [0, 1])
def test_a_side_is_charged_at_the_ends_of_its_width(negative: int) -> None:
    for long, short in ((0, VALUE), (VALUE, 0), (VALUE, VALUE)):
        for magnitude in (0, 1, SIZE):
            found = tried("SideCharge", magnitude=magnitude, negative=negative, long=long, short=short)
            assert found.accepted
            assert found.value("charge") == magnitude * (short if negative else long) < 2**127


def test_charges_are_those_of_each_group() -> None:
    found = tried(
        "GroupCharges", magnitude=[SIZE, 3], negative=[1, 0], choice=[[0, 1], [0, 1]], long=[5, 7],
        short=[VALUE, 9],
    )  # fmt: skip
    assert found.accepted
    assert [found.value(f"charges[{g}]") for g in range(2)] == [0, SIZE * VALUE + 21]
    empty = tried(
        "GroupCharges", magnitude=[0, 3], negative=[0, 0], choice=[[0, 0], [0, 0]], long=[5, 7],
        short=[R - 1, R - 1],
    )  # fmt: skip
    assert [empty.value(f"charges[{g}]") for g in range(2)] == [0, 0]


def test_a_charge_counts_at_the_last_two_nodes_of_three() -> None:
    """At each node the least loss passes and one less fails, whichever node decides."""
    charge = 10**30
    for profits in ([-(10**29), 0, 0], [-(10**31), 0, 0], [0, -5, 0], [0, 0, -5], [0, charge, charge + 1]):
        left = [profits[0], profits[1] - charge, profits[2] - charge]
        least = max(0, *(-profit for profit in left))
        values = {"profits": [[to_field(x) for x in profits], [0, 0, 0]], "charges": [charge, 0]}
        for loss, good in {least: True, least + 1: True, least - 1: False}.items():
            assert accepts("ChargedLosses", **values, losses=[loss % R, 0]) is good, (profits, loss)


def test_charged_losses_at_the_ends_of_their_widths() -> None:
    """w = 128 for two slots: a loss of 129 bits, under profits and charges as large as they can be."""
    most = 2 * SIZE * VALUE
    values = {"profits": [[to_field(-most)] * 3, [0] * 3], "charges": [most, 0]}
    table = {2 * most: True, 2 * most - 1: False, 2**129 - 1: True, 2**129: False, R - 1: False}
    table |= {HALF: False, HALF + 1: False, R - 2 * most: False}
    for loss, good in table.items():
        assert accepts("ChargedLosses", **values, losses=[loss, 0]) is good, loss
    gains = {"profits": [[most] * 3, [0] * 3], "charges": [0, 0]}
    assert accepts("ChargedLosses", **gains, losses=[2**129 - 1, 0])
    assert not accepts("ChargedLosses", **gains, losses=[R - 1, 0])


def test_a_subgroup_is_the_one_picked_or_none() -> None:
    names = [3, 65536, 0]
    for choice, subgroup in {(1, 0, 0): 3, (0, 1, 0): 65536, (0, 0, 1): 0, (0, 0, 0): 0}.items():
        found = tried("SubgroupChoice", used=1, choice=list(choice), subgroups=names)
        assert found.accepted
        assert found.value("subgroup") == subgroup
        wrong = {"used": 1, "choice": list(choice), "subgroups": names, "subgroup": subgroup + 1}
        assert not accepts("SubgroupChoice", **wrong)
    assert not accepts("SubgroupChoice", used=0, choice=[1, 0, 0], subgroups=names)


def test_each_subgroup_s_loss_stands_alone() -> None:
    values: dict[str, Any] = {
        "size": [SIZE, R - 2], "subnodes": [[to_field(-VALUE), 0], [0, 5]], "choice": [[1, 0], [0, 1]],
    }  # fmt: skip
    worst = SIZE * VALUE
    table = {(worst, 10): True, (worst - 1, 10): False, (worst, 9): False, (worst + 1, R - 1): False}
    table |= {(2**128 - 1, 10): True, (2**128, 10): False, (worst + 10, 0): False}
    for losses, good in table.items():
        found = tried("SubgroupLoss", **values, losses=list(losses))
        assert found.accepted is good, losses
        if good:
            assert found.value("total") == sum(losses)


def test_names_ascend() -> None:
    last = 2**17
    table = {
        (0, 1, 2): True,
        (5, 6, 5 + 1 + last): True,
        (5, 6, 6 + 1 + last): False,
        (1, 2, 2): False,
        (2, 2, 3): False,
        (3, 2, 1): False,
        (1, 3, 2): False,
        (R - 1, 0, 1): True,  # no id of a row, and still three different names
        (R - 2, R - 1, R - 2): False,
        (0, HALF, HALF + 1): False,
    }
    for ids, good in table.items():
        assert accepts("AssertAscending", ids=list(ids)) is good, ids


def test_no_instance_can_come_round_to_a_name_again() -> None:
    for one in instances().values():
        assert one.groups * (1 << 17) < R // 2


def test_either_or_pays_one_of_both() -> None:
    for choice in ([0, 0], [0, 1], [1, 0], [1, 1]):
        values = {"scan": [100, 7], "isolated": [60, 2**128], "choice": choice}
        found = tried("EitherOr", **values)
        assert found.accepted
        assert found.value("total") == (60 if choice[0] else 100) + (2**128 if choice[1] else 7)
    for bit in (2, R - 1, HALF, HALF + 1):
        assert not accepts("EitherOr", scan=[100, 7], isolated=[60, 1], choice=[bit, 0])


EDGES = (0, 1, -1, 5, -5, 2**62, -(2**62), 2**63 - 1, 1 - 2**63)


def test_the_worse_of_two_whatever_their_signs() -> None:
    """64 bits for the difference; either bit where both are the same."""
    built = build(MAINS["WorseOf"].source)
    solver = Solver(built)
    for own in EDGES:
        for other in EDGES:
            for bit in (0, 1):
                values = {"own": to_field(own), "other": to_field(other), "take_other": bit}
                found = attempt(built, values, solver)
                fair = other <= own if bit else own <= other
                assert found.accepted is fair, (own, other, bit)
                if fair:
                    assert from_field(found.value("worse")) == min(own, other)


def test_the_worse_of_two_that_are_too_far_apart() -> None:
    built = build(MAINS["WorseOf"].source)
    solver = Solver(built)
    for apart, good in {2**64 - 1: True, 2**64: False, HALF: False}.items():
        for bit in (0, 1):
            own, other = (apart, 0) if bit else (0, apart)
            values = {"own": own, "other": other, "take_other": bit}
            assert attempt(built, values, solver).accepted is good
    for bit in (2, R - 1, HALF, HALF + 1):
        for own, other in ((5, 9), (9, 5), (5, 5)):
            values = {"own": own, "other": other, "take_other": bit}
            assert not attempt(built, values, solver).accepted


def test_cells_are_of_their_positions_groups_and_subgroups() -> None:
    good: dict[str, Any] = {
        "used": [1, 1], "group": [7, 8], "subgroup": [3, 4], "groups": [7, 8], "cell_subgroup": [3, 4],
        "cell_group_choice": [[1, 0], [0, 1]], "cell_choice": [[1, 0], [0, 1]],
    }  # fmt: skip
    assert accepts("CellChoice", **good)
    bad: list[dict[str, Any]] = [
        {"cell_choice": [[0, 1], [1, 0]]},
        {"cell_choice": [[0, 0], [0, 1]]},
        {"cell_choice": [[1, 0], [0, 0]]},
        {"cell_choice": [[1, 1], [0, 1]]},
        {"cell_subgroup": [3, 3]},
        {"cell_group_choice": [[0, 1], [0, 1]]},
        {"cell_group_choice": [[1, 1], [0, 1]]},
        {"cell_group_choice": [[0, 0], [0, 1]]},
        {"cell_group_choice": [[2, R - 1], [0, 1]]},
        {"groups": [8, 7]},
        {"subgroup": [0, 4]},
        {"used": [1, 0]},
    ]
    for change in bad:
        assert not accepts("CellChoice", **{**good, **change}), change
    assert accepts("CellChoice", **{**good, "subgroup": [0, 4], "cell_choice": [[0, 0], [0, 1]]})
    assert accepts("CellChoice", **{**good, "used": [1, 0], "group": [7, 0], "subgroup": [3, 0],
                                    "cell_choice": [[1, 0], [0, 0]]})  # fmt: skip
    # A cell for rows of no subgroup is allowed: the worse of two sums is at most the plain one.
    assert accepts("CellChoice", **{**good, "subgroup": [0, 4], "cell_subgroup": [0, 4]})


def test_discounted_profits_at_the_ends_of_their_widths() -> None:
    """Every position at its largest, in one cell: w = 129 for three slots, and the difference needs 130."""
    values: dict[str, Any] = {
        "size": [SIZE] * 3, "nodes": [[VALUE, to_field(-VALUE)]] * 3,
        "alternatives": [[to_field(-VALUE), VALUE]] * 3, "choice": [[1, 0]] * 3, "in_cell": [[1, 0]] * 3,
        "in_group": [[1, 0], [0, 1]],
    }  # fmt: skip
    found = tried("DiscountedProfits", **values, take_alternative=[[1, 0], [0, 0]])
    assert found.accepted
    assert [from_field(found.value(f"profits[0][{s}]")) for s in range(2)] == [-3 * SIZE * VALUE] * 2
    assert [found.value(f"profits[1][{s}]") for s in range(2)] == [0, 0]
    for bits in ([0, 0], [1, 1], [0, 1]):
        assert not accepts("DiscountedProfits", **values, take_alternative=[bits, [0, 0]])


def test_discounted_profits_count_each_position_once() -> None:
    values: dict[str, Any] = {
        "size": [1, 1, R - 1], "nodes": [[10, 10], [-7, 3], [100, 100]],
        "alternatives": [[4, 12], [-9, 1], [1, 1]],
        "choice": [[1, 0], [1, 0], [0, 1]], "in_cell": [[1, 0], [1, 0], [0, 0]],
        "in_group": [[1, 0], [0, 1]], "take_alternative": [[1, 0], [0, 0]],
    }  # fmt: skip
    values["nodes"] = [[to_field(x) for x in row] for row in values["nodes"]]
    values["alternatives"] = [[to_field(x) for x in row] for row in values["alternatives"]]
    found = tried("DiscountedProfits", **values)
    assert found.accepted
    assert [from_field(found.value(f"profits[0][{s}]")) for s in range(2)] == [-5, 13]
    assert [from_field(found.value(f"profits[1][{s}]")) for s in range(2)] == [-100, -100]
