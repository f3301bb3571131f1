"""Accounts of Derive's standard margin and vaults of Opyn through the real circuit of 64 nodes.

The rows are what the builders make, the books those that are held against the venues; cash is just enough,
or one unit of 1e-14 quote more or less. The circuit is satisfied exactly when the exact engine passes.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import pytest

from prover.toolchain.native import kernel
from tests.circuits.accounts import at_boundary, circuit_inputs, has_room, market_of, random_account, report
from tests.circuits.unchecked import unchecked
from tests.prover import samples_derive_standard, samples_opyn
from verifier.circuits import Layout, instance
from verifier.rows import Row

Samples = Iterator[tuple[list[tuple[int, int]], int, Mapping[int, Row], Layout]]
Maker = Callable[[str, int], Samples]


def derive(seed: str, count: int, *, level: str) -> Samples:
    found = samples_derive_standard.samples
    return found(seed, count, "initial" if level == "initial" else "maintenance")


def opyn(seed: str, count: int, *, kind: str) -> Samples:
    return samples_opyn.samples(seed, count, kind)


MAKERS: dict[str, Maker] = {
    "derive-initial": partial(derive, level="initial"),
    "derive-maintenance": partial(derive, level="maintenance"),
    "opyn-put": partial(opyn, kind="put"),
    "opyn-call": partial(opyn, kind="call"),
}


def agree(maker: Maker, count: int, seed: str) -> tuple[Counter[tuple[int, bool]], int]:
    """Compare `count` accounts.

    Returns
    -------
    tuple
        How many by (units of cash beside the boundary, whether it passes); how many groups pay position by
        position.
    """
    size, rng, native = instance("32-64"), random.Random(seed), kernel()
    circuit, market = unchecked(size), None
    tally: Counter[tuple[int, bool]] = Counter()
    isolated = 0
    for positions, _, rows, layout in maker(seed, count):
        assert layout == size.layout
        if market is None or market.rows != rows:
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
        assert satisfied == result.passes, f"{seed}: the engine says {result.passes}"
        tally[distance, result.passes] += 1
        isolated += len(result.is_isolated)
    return tally, isolated


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_sample_at_the_boundary(name: str) -> None:
    tally, _ = agree(MAKERS[name], 2, f"sample {name}")
    assert tally.total() == 2


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_hundred_of_each_builder(name: str) -> None:
    tally, isolated = agree(MAKERS[name], 100, f"hundred {name}")
    assert tally.total() == 100
    assert {passes for _, passes in tally} == {True, False}
    assert name.startswith("opyn") or isolated > 10, "both ways of the either-or are taken"
