"""The exact engine with a layout's extensions: known figures, the optimum, splits, refusals."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.check import margin_dict, margin_tables
from prover.engine import CHARGED_NODES, MarginReport, evaluate
from verifier.circuits import EXTENSIONS, ONE_SIDED_NODES, SUBNODES, Layout, layout
from verifier.errors import FormatError
from verifier.rows import Bracket, Row

NODES = 4
LOT = 10**8
CASH = 10**14
FREE = Bracket(0, 0, 2**64 - 1)
PROHIBITIVE = 2**63 - 1


def shape(*extensions: str) -> Layout:
    return Layout("test", NODES, 1, 2, 1, extensions)


def line(group: int = 1, nodes: tuple[int, ...] = (0,) * NODES, **further: int | tuple[int, ...]) -> Row:
    return replace(Row(group, 0, nodes, 0, 0, (FREE,)), **further)  # type: ignore[arg-type]


def quotes(*amounts: float) -> tuple[int, ...]:
    return tuple(round(amount * 10**6) for amount in amounts)


def test_a_charge_on_gross_size_counts_at_the_last_two_nodes_only() -> None:
    """A straddle's legs net at every node, but each short leg adds its own minimum."""
    rows = {
        0: line(nodes=quotes(3, 3, 0, 0), charge_short=quotes(2)[0]),
        1: line(nodes=quotes(-3, -1, 0, 0), charge_short=quotes(5)[0], charge_long=quotes(1)[0]),
    }
    report = evaluate([(0, -LOT), (1, -2 * LOT)], 0, rows, layout=shape("charges"))
    assert report.charges == {1: 12 * CASH}
    assert (report.losses, report.binding_node) == ({1: 12 * CASH}, {1: 2})
    deeper = {**rows, 0: line(nodes=quotes(30, 3, 0, 0), charge_short=quotes(2)[0])}
    report = evaluate([(0, -LOT), (1, -2 * LOT)], 0, deeper, layout=shape("charges"))
    assert (report.losses, report.binding_node) == ({1: 24 * CASH}, {1: 0})
    report = evaluate([(1, LOT)], 0, rows, layout=shape("charges"))
    assert report.losses == {1: 3 * CASH}


def test_a_subgroup_has_a_loss_of_its_own_over_groups() -> None:
    """Naked shorts of one strike, whatever else nets; a position in no subgroup has none."""
    rows = {
        0: line(1, subgroup=7, subnodes=quotes(1, -2)),
        1: line(2, subgroup=7, subnodes=quotes(-3, 1)),
        2: line(2, subgroup=9, subnodes=quotes(5, 5)),
        3: line(2),
    }
    report = evaluate([(each, LOT) for each in range(4)], 0, rows, layout=shape("subgroups"))
    assert report.sub_losses == {7: 2 * CASH, 9: 0}
    assert report.requirement == 2 * CASH


def test_a_group_pays_its_isolated_charge_where_that_is_less() -> None:
    rows = {
        0: line(1, quotes(-5, 1, 0, 0), isolated_long=quotes(3)[0], isolated_short=PROHIBITIVE),
        1: line(2, quotes(-5, 1, 0, 0), isolated_long=quotes(6)[0]),
        2: line(3, quotes(-5, 1, 0, 0), isolated_long=PROHIBITIVE, isolated_short=PROHIBITIVE),
    }
    report = evaluate([(0, LOT), (1, LOT), (2, LOT)], 0, rows, layout=shape("isolated"))
    assert report.losses == {1: 3 * CASH, 2: 5 * CASH, 3: 5 * CASH}
    assert report.is_isolated == {1}
    assert report.binding_node == {1: None, 2: 0, 3: 0}
    assert (report.scan_losses[1], report.isolated[2]) == (5 * CASH, 6 * CASH)


def test_either_or_is_for_the_whole_group() -> None:
    """Cheap one by one and cheap together must not be mixed: the group is charged 11, not 1 + 1."""
    rows = {
        0: line(1, quotes(-10, 0, 0, 0), isolated_long=quotes(1)[0]),
        1: line(1, quotes(-1, 0, 0, 0), isolated_long=quotes(10)[0]),
    }
    report = evaluate([(0, LOT), (1, LOT)], 0, rows, layout=shape("isolated"))
    assert report.losses == {1: 11 * CASH}


@pytest.mark.parametrize(
    ("own", "other", "profit"),
    [(5, 3, 3), (5, 9, 5), (-5, -3, -5), (-5, -9, -9), (5, -1, -1), (-1, 5, -1), (4, 4, 4), (0, 0, 0)],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_worse_of_node_and_alternative_at_every_sign(
    own: int, other: int, profit: int, sign: int
) -> None:
    """Of a short position both signs turn, and the worse is the other."""
    rows = {0: line(1, quotes(own, 0, 0, 0), subgroup=3, alternatives=quotes(other, 0, 0, 0))}
    report = evaluate([(0, sign * LOT)], 0, rows, layout=shape("subgroups", "alternatives"))
    wanted = profit if sign > 0 else -max(own, other)
    assert report.losses == {1: max(0, -wanted) * CASH}
    assert report.alternative_taken[1, 3][0] == (sign * other < sign * own)
    assert report.profit_at(report.positions[0], 0) == wanted * CASH


def test_the_worse_is_of_the_subgroups_sum_and_others_are_plain() -> None:
    rows = {
        0: line(1, quotes(5, 0, 0, 0), subgroup=3, alternatives=quotes(2, 0, 0, 0)),
        1: line(1, quotes(-4, 0, 0, 0), subgroup=3, alternatives=quotes(-1, 0, 0, 0)),
        2: line(1, quotes(-7, 0, 0, 0), alternatives=quotes(-99, 0, 0, 0)),
        3: line(1, quotes(3, 0, 0, 0), subgroup=4, alternatives=quotes(1, 0, 0, 0)),
    }
    live = shape("subgroups", "alternatives")
    report = evaluate([(each, LOT) for each in range(4)], 0, rows, layout=live)
    assert report.losses == {1: 5 * CASH}
    assert report.alternative_taken[1, 4] == (True, False, False, False)
    elsewhere = {**rows, 1: replace(rows[1], group=2)}
    report = evaluate([(each, LOT) for each in range(4)], 0, elsewhere, layout=live)
    assert report.losses == {1: 4 * CASH, 2: 4 * CASH}


unit = st.integers(-(2**30), 2**30)
cost = st.integers(0, 2**30)


@st.composite
def books(draw: st.DrawFn) -> tuple[list[tuple[int, int]], dict[int, Row], Layout]:
    extensions = draw(st.sets(st.sampled_from(EXTENSIONS)))
    extensions |= {"alternatives"} if "one_sided" in extensions else set()
    extensions |= {"subgroups"} if "alternatives" in extensions else set()
    live = shape(*(each for each in EXTENSIONS if each in extensions))
    nodes = st.tuples(*[unit] * NODES)
    rows, positions = {}, []
    for index in range(draw(st.integers(0, 5))):
        subgroup = draw(st.integers(0, 2)) if "subgroups" in extensions else 0
        apart = {}
        if "isolated" in extensions:
            apart = {
                "isolated_long": draw(st.one_of(cost, st.just(PROHIBITIVE))),
                "isolated_short": draw(cost),
            }
        rows[index] = Row(
            draw(st.integers(1, 2)),
            draw(unit),
            draw(nodes),
            draw(cost),
            draw(cost),
            (FREE,),
            charge_long=draw(cost) if "charges" in extensions else 0,
            charge_short=draw(cost) if "charges" in extensions else 0,
            subgroup=subgroup,
            subnodes=draw(st.tuples(unit, unit)) if subgroup else (0, 0),
            **apart,
            alternatives=draw(nodes) if "alternatives" in extensions else (),
        )
        positions.append((index, draw(st.integers(1, 2**40)) * draw(st.sampled_from([1, -1]))))
    return positions, rows, live


def least(holds: list[int]) -> int:
    """The least number that is not negative and not below any of these."""
    return max([0, *holds])


def reading(positions: list[tuple[int, int]], rows: dict[int, Row], live: Layout) -> int:
    """The requirement by the rules once more, position by position and from the requirement's side."""
    has = set(live.extensions)
    total = 0
    for index, size in positions:
        total += abs(size) * (rows[index].addon_long if size > 0 else rows[index].addon_short)
    for group in {rows[index].group for index, _ in positions}:
        inside = [(size, rows[index]) for index, size in positions if rows[index].group == group]
        needed = []
        for s in range(NODES):
            loss = 0
            subgroups = {row.subgroup for _, row in inside} if "alternatives" in has else {0}
            for subgroup in subgroups:
                members = [(q, r) for q, r in inside if "alternatives" not in has or r.subgroup == subgroup]
                plain = -sum(q * r.nodes[s] for q, r in members)
                worse = plain
                if subgroup:
                    worse = max(plain, -sum(q * r.alternatives[s] for q, r in members))
                    if "one_sided" in has and s >= NODES - ONE_SIDED_NODES:
                        worse = max(worse, 0) if s == NODES - ONE_SIDED_NODES else abs(worse)
                loss += worse
            if "charges" in has and s >= NODES - CHARGED_NODES:
                loss += sum(max(q, 0) * r.charge_long + max(-q, 0) * r.charge_short for q, r in inside)
            needed.append(loss)
        scan = least(needed)
        apart = sum(max(q, 0) * r.isolated_long + max(-q, 0) * r.isolated_short for q, r in inside)
        total += min(scan, apart) if "isolated" in has else scan
    for subgroup in {rows[index].subgroup for index, _ in positions} - {0}:
        members = [(q, rows[i]) for i, q in positions if rows[i].subgroup == subgroup]
        total += least([-sum(q * r.subnodes[t] for q, r in members) for t in range(SUBNODES)])
    return total


@given(books())
def test_the_requirement_is_that_of_the_rules(
    book: tuple[list[tuple[int, int]], dict[int, Row], Layout],
) -> None:
    positions, rows, live = book
    report = evaluate(positions, 0, rows, layout=live)
    assert report.requirement == reading(positions, rows, live)
    assert report.requirement == report.addon + sum(report.losses.values()) + sum(report.sub_losses.values())


@given(books(), st.data())
def test_splitting_never_helps_where_names_may_repeat(
    book: tuple[list[tuple[int, int]], dict[int, Row], Layout], data: st.DataObject
) -> None:
    """A group or subgroup named twice, with its positions between: the sum of both is never less.

    Except for either-or, where each half would take its own cheaper way, and for one-sided nodes, where one
    half's gain would pay the other's loss; so nothing is named twice there.
    """
    positions, rows, live = book
    without = shape(*(each for each in live.extensions if each not in ("isolated", "one_sided")))
    plain = {
        index: replace(row, isolated_long=PROHIBITIVE, isolated_short=PROHIBITIVE)
        for index, row in rows.items()
    }
    whole = evaluate(positions, 0, plain, layout=without).requirement
    column = data.draw(st.sampled_from(["group", "subgroup"]))
    apart = dict(plain)
    for index in plain:
        if getattr(plain[index], column) == 1 and data.draw(st.booleans()):
            apart[index] = replace(plain[index], **{column: 99})
    assert evaluate(positions, 0, apart, layout=without).requirement >= whole


def test_one_sided_cells_would_be_cheaper_in_halves() -> None:
    """Why cells must differ there: together a gain of 9 counts as a loss of 9, each half alone as nothing."""
    live = shape("subgroups", "alternatives", "one_sided")
    rows = {
        0: line(1, quotes(0, 0, 0, 0), subgroup=3, alternatives=quotes(0, 0, 0, 9)),
        1: line(1, quotes(0, 0, 0, 9), subgroup=3, alternatives=quotes(0, 0, 0, 0)),
    }
    together = evaluate([(0, LOT), (1, LOT)], 0, rows, layout=live)
    halves = {**rows, 1: replace(rows[1], subgroup=4)}
    assert together.losses == {1: 9 * CASH}
    assert evaluate([(0, LOT), (1, LOT)], 0, halves, layout=live).losses == {1: 0}


def test_reports_name_what_an_extension_charged() -> None:
    rows = {
        0: line(
            1, quotes(-5, 1, 0, 0), charge_long=quotes(1)[0], subgroup=4, subnodes=quotes(-1, 0),
            isolated_long=quotes(2)[0],
        )
    }  # fmt: skip
    report: MarginReport = evaluate([(0, LOT)], 0, rows, layout=shape("charges", "subgroups", "isolated"))
    found = margin_dict(report)
    assert found["groups"] == [
        {
            "underlying": "1", "loss": "2", "binding_node": None, "charge": "1", "scan_loss": "5",
            "isolated_charge": "2", "pays": "isolated charge",
        }
    ]  # fmt: skip
    assert found["subgroups"] == [{"subgroup": 4, "loss": "1"}]
    groups = margin_tables(report)[1][2]
    assert [each[0] for each in groups] == ["1", "subgroup 4"]
    assert groups[0][2] == "isolated charge"


@pytest.mark.parametrize(
    ("further", "name"),
    [
        ({"charge_short": 1}, "charge_short"),
        ({"subgroup": 1}, "subgroup"),
        ({"subnodes": (1, 0)}, "subnodes"),
        ({"isolated_long": 1}, "isolated_long"),
        ({"alternatives": (1,) * NODES}, "alternatives"),
    ],
)
def test_a_rule_that_is_not_live_is_refused_rather_than_dropped(
    further: dict[str, int | tuple[int, ...]], name: str
) -> None:
    live = {"charge_short": "charges", "subgroup": "subgroups", "subnodes": "subgroups"}.get(name, name[:8])
    others = [each for each in EXTENSIONS if not each.startswith(live)]
    plain = [each for each in others if each not in ("alternatives", "one_sided")]
    for chosen in (None, shape(), shape(*plain)):
        with pytest.raises(FormatError, match=name):
            evaluate([(0, LOT)], 0, {0: line(**further)}, layout=chosen)


def test_alternatives_are_one_a_node() -> None:
    live = shape("subgroups", "alternatives")
    for alternatives in ((), (1,) * (NODES - 1)):
        with pytest.raises(FormatError, match="one alternative a node"):
            evaluate([(0, LOT)], 0, {0: line(subgroup=1, alternatives=alternatives)}, layout=live)


@pytest.mark.parametrize("extensions", list(product(EXTENSIONS, repeat=2)))
def test_extensions_have_one_order(extensions: tuple[str, ...]) -> None:
    if extensions[1] == "one_sided" or (extensions[1] == "alternatives" and extensions[0] != "subgroups"):
        with pytest.raises(ValueError, match=r"order|alternatives"):
            shape(*extensions)
    elif EXTENSIONS.index(extensions[0]) < EXTENSIONS.index(extensions[1]):
        assert shape(*extensions).extensions == extensions
    else:
        with pytest.raises(ValueError, match="order"):
            shape(*extensions)


def test_the_new_layouts() -> None:
    charged, discounted = layout("s64-k1-d5-csi"), layout("s36-k1-d5-sao")
    assert len(charged.columns) == 78
    assert charged.columns[71:] == (
        "charge_long", "charge_short", "subgroup", "subnode_0", "subnode_1",
        "isolated_long", "isolated_short",
    )  # fmt: skip
    assert len(discounted.columns) == 82
    assert discounted.columns[34:38] == ("node_32", "loss_33", "magnitude_34", "magnitude_35")
    assert discounted.columns[43:47] == ("subgroup", "subnode_0", "subnode_1", "alternative_0")
    assert len({each.id for each in (charged, discounted, layout("s2-k4-d5"), layout("s24-k2-d5"))}) == 4
