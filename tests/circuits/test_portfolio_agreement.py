"""Accounts of Derive's portfolio margin through the real circuits: satisfied exactly when the engine passes.

The rows are what the builder makes: exact, on one-sided nodes, and from above, on 64 nodes without
alternatives. Cash is just enough, or one unit of 1e-14 quote more or less.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from prover.toolchain.native import kernel
from tests.circuits.accounts import at_boundary, circuit_inputs, has_room, market_of, random_account, report
from tests.circuits.unchecked import unchecked
from tests.prover.samples_derive_portfolio import EXACT, FROM_ABOVE, LEVELS, samples
from verifier.circuits import Layout, instance

RUNGS = {EXACT.name: "32-36s", FROM_ABOVE.name: "32-64"}


def agree(shape: Layout, count: int, seed: str) -> tuple[Counter[tuple[int, bool]], int]:
    """Compare `count` accounts, half of them at each level.

    Returns
    -------
    tuple
        Counts by (units of cash beside the boundary, whether it passes), and how many are bound by one of
        the last three nodes.
    """
    size, rng, native = instance(RUNGS[shape.name]), random.Random(seed), kernel()
    circuit = unchecked(size)
    tally: Counter[tuple[int, bool]] = Counter()
    last = 0
    for place in range(count):
        level = LEVELS[place % 2]
        ((positions, _, rows, layout),) = samples(f"{seed} {place}", 1, level, shape)
        market = market_of(rng, layout, dict(rows))
        assert has_room([index for index, _ in positions], market, size)
        distance = rng.choice((-1, 0, 1))
        account = replace(random_account(rng, market, size), positions=tuple(positions))
        account = at_boundary(replace(account, floor=rng.choice((0, 1, 1000))), market, distance)
        result = report(account, market)
        inputs = circuit_inputs(account, market, size)
        if native is None:
            satisfied = circuit.satisfied(inputs)
        else:
            satisfied = circuit.satisfied_by_kernel(inputs, native, also_here=False)
        assert satisfied == result.passes, f"{seed} {place}: the engine says {result.passes}"
        tally[distance, result.passes] += 1
        binding = result.binding_node.get(1)
        last += binding is not None and binding >= layout.nodes - 3
    return tally, last


@pytest.mark.slow
@pytest.mark.parametrize("shape", [EXACT], ids=lambda each: each.name)
def test_a_sample_of_accounts_at_the_boundary(shape: Layout) -> None:
    tally, _ = agree(shape, 3, "sample")
    assert tally.total() == 3


@pytest.mark.long
@pytest.mark.parametrize("shape", [EXACT, FROM_ABOVE], ids=lambda each: each.name)
def test_a_hundred_accounts_at_the_boundary(shape: Layout) -> None:
    tally, last = agree(shape, 100, f"hundred {shape.name}")
    print(shape.name, dict(tally), f"{last} bound by one of the last three nodes")
    assert tally.total() == 100
    assert {passes for _, passes in tally} == {True, False}
