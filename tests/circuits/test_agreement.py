"""A sample of the agreement between circuit and exact engine; docs/circuits.md has the full run."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.circuits.accounts import (
    Account,
    Market,
    circuit_inputs,
    market_of,
    random_account,
    random_market,
    report,
)
from tests.circuits.agreement import run
from tests.circuits.reduced import SMALL_ONE_SIDED, SMALL_PORTFOLIO
from tests.circuits.unchecked import Unchecked, unchecked
from verifier.circuits import ONE_SIDED_NODES, Instance, Layout, instances
from verifier.field import from_field, to_field
from verifier.rows import Bracket, Row

LARGE = 1 << 17
"""Above so many constraints a witness takes seconds; small instances of the same templates stand in."""

SMALL = (SMALL_PORTFOLIO, SMALL_ONE_SIDED)
SIZES = pytest.mark.parametrize(
    "size",
    [*(one for one in instances().values() if one.max_constraints < LARGE), *SMALL],
    ids=lambda one: one.size,
)
VALUE = (1 << 63) - 1
SIZE = (1 << 64) - 1
CASH = 1 << 120


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), [("8-2", 20), ("14-24", 6), ("32-2", 5)])
def test_circuit_and_engine_agree(name: str, count: int) -> None:
    agree_on(next(one for one in instances().values() if one.size == name), count)


@pytest.mark.slow
@pytest.mark.parametrize("size", SMALL, ids=lambda one: one.size)
def test_circuit_and_engine_agree_on_extensions(size: Instance) -> None:
    agree_on(size, 8)


@pytest.mark.long
@pytest.mark.parametrize("size", SMALL, ids=lambda one: one.size)
def test_circuit_and_engine_agree_on_a_hundred_portfolios(size: Instance) -> None:
    agree_on(size, 100)


@pytest.mark.long
@pytest.mark.parametrize("name", ["32-64", "32-36s"])
def test_large_circuits_and_engine_agree(name: str) -> None:
    agree_on(next(one for one in instances().values() if one.size == name), 4)


def agree_on(size: Instance, count: int) -> None:
    tally = run(size, count, seed="sample", changes_every=1)
    assert tally.honest.total() == tally.changed.total() == count
    assert {passes for _, passes in tally.honest} == {True, False}


# --- the edges of every width -------------------------------------------------------------------------


def full(
    layout: Layout, mark: int, node: int, addon: int, rate: int, deduction: int, last: int | None = None
) -> Market:
    """A market whose 40 rows of one underlying are all alike; one-sided nodes may have another profit."""
    ends = ONE_SIDED_NODES if "one_sided" in layout.extensions and last is not None else 0
    nodes = (node,) * (layout.nodes - ends) + (last or 0,) * ends
    row = Row(
        group=1,
        mark=mark,
        nodes=nodes,
        addon_long=addon,
        addon_short=addon,
        brackets=(Bracket(rate, deduction, SIZE),) * layout.brackets,
    )
    if "charges" in layout.extensions:
        row = replace(row, charge_long=addon, charge_short=addon, isolated_long=VALUE, isolated_short=VALUE)
    if "subgroups" in layout.extensions:
        row = replace(row, subgroup=1, subnodes=(node, node))
    if "alternatives" in layout.extensions:
        row = replace(row, alternatives=nodes)
    return market_of(random.Random(1), layout, {index: row for index in range(min(40, layout.capacity))})


def largest(market: Market, size: Instance, sign: int, cash: int, ratio: int = 255) -> Account:
    """Every slot used, every size as large as it can be."""
    account = random_account(random.Random(1), market, size)
    positions = tuple((index, sign * SIZE) for index in range(size.slots))
    return replace(account, positions=positions, cash=cash, ratio=ratio, floor=0)


def agrees(circuit: Unchecked, account: Account, market: Market, size: Instance) -> bool:
    """What circuit and engine both say."""
    passes = report(account, market).passes
    assert circuit.satisfied(circuit_inputs(account, market, size)) == passes
    return passes


@SIZES
def test_largest_values_do_not_wrap(size: Instance) -> None:
    circuit, layout = unchecked(size), size.layout
    rich = full(layout, VALUE, 0, 0, 0, 0)
    assert agrees(circuit, largest(rich, size, 1, CASH - 1), rich, size)
    assert not agrees(circuit, largest(rich, size, -1, -CASH + 1), rich, size)
    ruined = full(layout, -VALUE, -VALUE, VALUE, VALUE, -(1 << 127) + 1)
    assert not agrees(circuit, largest(ruined, size, 1, -CASH + 1), ruined, size)
    # A short position gains what a long one loses: equity and profit are largest, and so are charges.
    assert not agrees(circuit, largest(ruined, size, -1, CASH - 1), ruined, size)


@SIZES
def test_largest_profit_and_loss_together(size: Instance) -> None:
    """A loss as large as its width allows, over the largest profit, still fits the slack's width."""
    circuit, market = unchecked(size), full(size.layout, VALUE, VALUE, 0, 0, 0)
    account = largest(market, size, 1, 0, ratio=0)
    assert agrees(circuit, account, market, size)
    inputs = circuit_inputs(account, market, size)
    widest = 1 << (127 + (size.slots - 1).bit_length())
    # Equity is SIZE·VALUE·N, so that much loss, and no more, is affordable.
    affordable = SIZE * VALUE * size.slots
    if "one_sided" in size.layout.extensions:
        # One-sided nodes ask for all of it; without a profit there they ask for nothing.
        assert inputs["losses"] == [affordable, 0]
        assert not circuit.satisfied({**inputs, "losses": [affordable - 1, 0]})
        market = full(size.layout, VALUE, VALUE, 0, 0, 0, last=0)
        inputs = circuit_inputs(largest(market, size, 1, 0, ratio=0), market, size)
    inputs["losses"][0] = affordable
    assert affordable < widest
    assert circuit.satisfied(inputs)
    # A subgroup's loss is as wide, and comes off the same equity.
    for name in ("sub_losses",) if "sub_losses" in inputs else ():
        assert not circuit.satisfied({**inputs, name: [1, *inputs[name][1:]]})
        shifted = {**inputs, "losses": [0, *inputs["losses"][1:]]}
        assert circuit.satisfied({**shifted, name: [affordable, *inputs[name][1:]]})
        for loss in (affordable + 1, widest, to_field(-1)):
            assert not circuit.satisfied({**shifted, name: [loss, *inputs[name][1:]]}), from_field(loss)
    for loss in (affordable + 1, widest - 1, widest, to_field(-1), to_field(-affordable)):
        inputs["losses"][0] = loss
        assert not circuit.satisfied(inputs), from_field(loss)


def test_cash_ends_at_its_width() -> None:
    """2^120 and -2^120 - 1 have an account hash that an attestor could sign, and no proof."""
    size = next(iter(instances().values()))
    circuit, market = unchecked(size), full(size.layout, VALUE, 0, 0, 0, 0)
    rich = largest(market, size, 1, 0)
    for cash, within in ((-CASH, True), (-CASH - 1, False), (CASH - 1, True), (CASH, False)):
        account = replace(rich, cash=cash)
        inputs = circuit_inputs(account, market, size)
        assert circuit.satisfied(inputs) == within, cash


def test_account_hash_does_not_depend_on_the_size() -> None:
    """One statement serves 8-2 and 32-2: the same inputs but for the number of slots and groups."""
    small, large = (one for one in instances().values() if one.layout.name == "s2-k4-d5")
    market = random_market(random.Random(5), small.layout)
    account = replace(random_account(random.Random(6), market, small), cash=CASH - 1, ratio=0, floor=0)
    first, second = (circuit_inputs(account, market, one) for one in (small, large))
    assert {name: first[name] for name in ("r8x", "r8y", "s")} == {
        name: second[name] for name in ("r8x", "r8y", "s")
    }
    passes = report(account, market).passes
    assert unchecked(small).satisfied(first) == unchecked(large).satisfied(second) == passes
