"""The exact engine: known figures, admissible choices, monotonicity, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.check import margin_dict, margin_tables, money
from prover.engine import MarginReport, evaluate
from verifier.errors import FormatError
from verifier.rows import Bracket, Row

CASH = 10**14
LOT = 10**8
LAST = 2**64 - 1


def flat(group: int = 1, mark: int = 0, nodes: tuple[int, ...] = (0, 0), **changes: int) -> Row:
    """A row without tiers."""
    return Row(
        group,
        mark,
        nodes,
        changes.get("addon_long", 0),
        changes.get("addon_short", 0),
        (Bracket(changes.get("rate", 0), 0, changes.get("upper", LAST)),),
    )


def quote(amount: float) -> int:
    return round(amount * 10**6)


def test_a_known_account() -> None:
    """Two lots long at 100 in a band of 5 %, one lot short at 50, 1 % a lot of tier charge."""
    rows = {
        3: flat(1, quote(100), (quote(-5), quote(5)), rate=quote(1.05)),
        7: flat(2, quote(50), (quote(-2.5), quote(2.5)), addon_short=quote(0.25)),
    }
    report = evaluate([(3, 2 * LOT), (7, -LOT)], 10 * CASH, rows)
    assert report.equity == (10 + 200 - 50) * CASH
    assert report.losses == {1: 10 * CASH, 2: 5 * CASH // 2}
    assert report.binding_node == {1: 0, 2: 1}
    assert report.addon == CASH * 235 // 100
    assert report.requirement == CASH * 1485 // 100
    assert report.excess == CASH * 14515 // 100
    assert report.passes
    long, short = report.positions
    assert (long.value, long.nodes, long.bracket, long.addon) == (200 * CASH, (-10 * CASH, 10 * CASH), 0, 0)
    assert (short.value, short.addon, short.bracket_charge) == (-50 * CASH, CASH // 4, 0)


def test_a_hedge_inside_a_group_nets_and_across_groups_does_not() -> None:
    nodes = (quote(-5), quote(5))
    together = {0: flat(1, quote(100), nodes), 1: flat(1, quote(100), nodes)}
    apart = {0: flat(1, quote(100), nodes), 1: flat(2, quote(100), nodes)}
    pair = [(0, LOT), (1, -LOT)]
    assert evaluate(pair, 0, together).requirement == 0
    assert evaluate(pair, 0, apart).requirement == 10 * CASH


def test_a_group_that_only_gains_costs_nothing_and_no_node_binds() -> None:
    report = evaluate([(0, LOT)], 0, {0: flat(1, quote(1), (quote(2), quote(3)))})
    assert report.losses == {1: 0}
    assert report.binding_node == {1: None}
    assert report.equity == CASH


def test_ratio_and_floor_enter_the_slack_exactly() -> None:
    rows = {0: flat(1, quote(100), (quote(-10), quote(10)))}
    report = evaluate([(0, LOT)], 0, rows, ratio=5, floor=80)
    assert report.slack == 20 * 100 * CASH - 25 * 10 * CASH - 20 * 80 * CASH == 150 * CASH
    exactly = evaluate([(0, LOT)], -150 * CASH // 20, rows, ratio=5, floor=80)
    assert exactly.slack == 0
    assert exactly.passes
    short = evaluate([(0, LOT)], -150 * CASH // 20 - 1, rows, ratio=5, floor=80)
    assert not short.passes
    assert short.missing == 1


def test_missing_is_the_least_cash_that_mends_it() -> None:
    rows = {0: flat(1, 7, (-7, 7), rate=3)}
    report = evaluate([(0, 13)], -12345, rows, ratio=3)
    assert not report.passes
    assert evaluate([(0, 13)], -12345 + report.missing, rows, ratio=3).passes
    assert not evaluate([(0, 13)], -12345 + report.missing - 1, rows, ratio=3).passes


TIERS = (Bracket(10, 0, 1000), Bracket(25, 15_000, 5000), Bracket(50, 140_000, 9000))


@pytest.mark.parametrize(
    ("size", "tier", "charge"),
    [
        (1, 0, 10),
        (999, 0, 9990),
        (1000, 0, 10_000),
        (1001, 1, 10_025),
        (4999, 1, 109_975),
        (5000, 1, 110_000),
        (5001, 2, 110_050),
        (8999, 2, 309_950),
        (9000, 2, 310_000),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_bracket_bounds(size: int, tier: int, charge: int, sign: int) -> None:
    report = evaluate([(0, sign * size)], 0, {0: Row(1, 0, (0, 0), 0, 0, TIERS)})
    assert (report.positions[0].bracket, report.addon) == (tier, charge)


def test_above_the_last_bound_is_a_position_limit() -> None:
    with pytest.raises(FormatError, match="position limit"):
        evaluate([(0, 9001)], 0, {0: Row(1, 0, (0, 0), 0, 0, TIERS)})


def test_a_cheaper_bracket_out_of_bounds_is_not_taken() -> None:
    """A jump down and a jump up: only the bounds decide, except where two brackets share one."""
    jumps = (Bracket(10, 0, 100), Bracket(2, 0, 200), Bracket(30, 0, 300))
    row = {0: Row(1, 0, (0, 0), 0, 0, jumps)}
    charges = {size: evaluate([(0, size)], 0, row).addon for size in (99, 100, 101, 199, 200, 201)}
    assert charges == {99: 990, 100: 200, 101: 202, 199: 398, 200: 400, 201: 6030}


def test_a_padding_bracket_changes_nothing() -> None:
    padded = (*TIERS, TIERS[-1])
    for size in (1, 1000, 5001, 8999, 9000):
        plain = evaluate([(0, size)], 0, {0: Row(1, 0, (0, 0), 0, 0, TIERS)})
        assert evaluate([(0, size)], 0, {0: Row(1, 0, (0, 0), 0, 0, padded)}) == plain


def test_a_fixed_charge_is_a_negative_first_deduction() -> None:
    fixed = {0: Row(1, 0, (0, 0), 0, 0, (Bracket(0, -5 * CASH, LAST),))}
    assert evaluate([(0, 1)], 0, fixed).addon == 5 * CASH
    assert evaluate([(0, -LAST)], 0, fixed).addon == 5 * CASH


@pytest.mark.parametrize(
    ("positions", "cash", "said"),
    [
        ([(0, 1), (0, 1)], 0, "out of order or held twice"),
        ([(1, 1), (0, 1)], 0, "out of order or held twice"),
        ([(2, 1)], 0, "no row"),
        ([(0, 0)], 0, "is zero"),
        ([(0, 2**64)], 0, "is too large"),
        ([(0, -(2**64))], 0, "is too large"),
        ([], 2**120, "cash"),
        ([], -(2**120), "cash"),
    ],
)
def test_refusals(positions: list[tuple[int, int]], cash: int, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        evaluate(positions, cash, {0: flat(), 1: flat()})


def test_a_refusal_shows_no_size_and_no_cash() -> None:
    with pytest.raises(FormatError) as caught:
        evaluate([(0, 987654321)], 0, {0: flat(upper=5)})
    assert "987654321" not in str(caught.value)
    with pytest.raises(FormatError) as caught:
        evaluate([], 2**121 + 123456789, {})
    assert str(2**121 + 123456789) not in str(caught.value)


@pytest.mark.parametrize(("ratio", "floor"), [(-1, 0), (256, 0), (0, -1), (0, 2**38)])
def test_claims_out_of_range(ratio: int, floor: int) -> None:
    with pytest.raises(FormatError, match="out of range"):
        evaluate([], 0, {}, ratio, floor)


unit = st.integers(-(2**40), 2**40)
charge = st.integers(0, 2**40)


@st.composite
def books(draw: st.DrawFn) -> tuple[list[tuple[int, int]], int, dict[int, Row]]:
    rows: dict[int, Row] = {}
    positions = []
    for index in range(draw(st.integers(0, 6))):
        uppers = sorted(draw(st.lists(st.integers(1, 2**32), min_size=2, max_size=4, unique=True)))
        brackets = []
        deduction, rate, lower = 0, 0, 0
        for upper in [*uppers[:-1], 2**40]:
            step = draw(st.integers(0, 2**20))
            deduction += lower * step
            rate += step
            brackets.append(Bracket(rate, deduction, upper))
            lower = upper
        nodes = tuple(draw(st.lists(unit, min_size=3, max_size=3)))
        rows[index] = Row(
            draw(st.integers(1, 3)), draw(unit), nodes, draw(charge), draw(charge), tuple(brackets)
        )
        near = draw(st.sampled_from([*uppers[:-1], 2**40]))
        size = draw(st.one_of(st.integers(1, 2**40), st.integers(max(1, near - 1), min(near + 1, 2**40))))
        positions.append((index, size * draw(st.sampled_from([1, -1]))))
    return positions, draw(st.integers(-(2**80), 2**80)), rows


def admissible(positions: list[tuple[int, int]], rows: dict[int, Row]) -> tuple[int, dict[int, int]]:
    """An independent reading of the rules: least charge by trying every bracket, least W by bisection."""
    addon = 0
    for index, size in positions:
        row, x = rows[index], abs(size)
        lowers = [0, *(bracket.upper for bracket in row.brackets)]
        addon += min(
            x * bracket.rate - bracket.deduction
            for lower, bracket in zip(lowers, row.brackets, strict=False)
            if lower <= x <= bracket.upper
        )
        addon += max(size, 0) * row.addon_long + max(-size, 0) * row.addon_short
    losses = {}
    for group in {rows[index].group for index, _ in positions}:
        low, high = -1, 2**90
        while high - low > 1:
            middle = (low + high) // 2
            enough = all(
                middle + sum(q * rows[i].nodes[s] for i, q in positions if rows[i].group == group) >= 0
                for s in range(3)
            )
            low, high = (low, middle) if enough and middle >= 0 else (middle, high)
        losses[group] = high
    return addon, losses


@given(books())
def test_it_picks_the_optimum(book: tuple[list[tuple[int, int]], int, dict[int, Row]]) -> None:
    positions, cash, rows = book
    report = evaluate(positions, cash, rows)
    addon, losses = admissible(positions, rows)
    assert (report.addon, dict(report.losses)) == (addon, losses)


def worse(report: MarginReport, other: MarginReport) -> bool:
    return other.slack <= report.slack and other.excess <= report.excess


@given(books(), st.integers(1, 2**60), st.integers(0, 255), st.integers(0, 2**38 - 1), st.data())
def test_monotone(
    book: tuple[list[tuple[int, int]], int, dict[int, Row]],
    less: int,
    ratio: int,
    floor: int,
    data: st.DataObject,
) -> None:
    """Less cash, a higher ratio or floor, dearer charges or deeper nodes never help."""
    positions, cash, rows = book
    report = evaluate(positions, cash, rows)
    assert report.excess == report.equity - report.requirement
    assert report.slack == 20 * report.excess
    assert report.requirement >= 0
    assert evaluate(positions, cash - less, rows).excess == report.excess - less
    assert evaluate(positions, cash, rows, ratio, floor).slack <= report.slack
    if evaluate(positions, cash, rows, ratio, floor).passes:
        assert report.passes
    if not positions:
        return
    index, size = data.draw(st.sampled_from(positions))
    row = rows[index]
    dearer = Row(
        row.group,
        row.mark,
        row.nodes,
        row.addon_long + (size > 0),
        row.addon_short + (size < 0),
        row.brackets,
    )
    assert evaluate(positions, cash, {**rows, index: dearer}).excess == report.excess - abs(size)
    deeper = Row(
        row.group,
        row.mark,
        tuple(node - (1 if size > 0 else -1) for node in row.nodes),
        row.addon_long,
        row.addon_short,
        row.brackets,
    )
    assert worse(report, evaluate(positions, cash, {**rows, index: deeper}))
    costlier = tuple(Bracket(b.rate + 1, b.deduction, b.upper) for b in row.brackets)
    raised = Row(row.group, row.mark, row.nodes, row.addon_long, row.addon_short, costlier)
    assert evaluate(positions, cash, {**rows, index: raised}).excess < report.excess


def test_money_for_people_rounds_against_the_account() -> None:
    assert money(123_456_789 * 10**8) == "123.45"
    assert money(-1) == "-0.01"
    rows = {0: flat(1, quote(100), (quote(-5), quote(5)), rate=1)}
    report = evaluate([(0, 1)], 0, rows)
    title, _, lines = margin_tables(report)[0]
    assert "margin" in title
    assert dict((line[0], line[1]) for line in lines)["requirement"] == "0.01"


def test_the_report_as_json_is_exact() -> None:
    rows = {4: flat(2, quote(100), (quote(-5), quote(5)), rate=1)}
    found = margin_dict(evaluate([(4, 3)], -1, rows, ratio=5, floor=7))
    assert found["ratio"] == "1.25"
    assert found["floor"] == "7"
    assert found["equity"] == "0.00000299999999"
    assert found["requirement"] == "0.00000015000003"
    assert found["groups"] == [{"underlying": "2", "loss": "0.00000015", "binding_node": "0"}]
    assert found["positions"][0]["nodes"] == ["-0.00000015", "0.00000015"]
    assert found["passes"] is False
    assert int(found["slack"]) < 0
