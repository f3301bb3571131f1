"""Books of stress grids through the real circuits: satisfied exactly when the exact engine passes them.

The rows are those that SPAN's, Paradex's and Deribit's builders make, at both levels, and the books are the
ones that are held against the venues; cash is just enough, or one unit of 1e-14 quote more or less.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from prover.toolchain.native import kernel
from tests.circuits.accounts import at_boundary, circuit_inputs, has_room, market_of, random_account, report
from tests.circuits.unchecked import unchecked
from tests.prover.grid_worlds import LEVELS, MIDDLE, WIDE, World, deribit_world, paradex_world, span_world
from verifier.circuits import Instance, instance

MAKERS = {"span": span_world, "paradex": paradex_world, "deribit": deribit_world}
RUNGS = {WIDE.name: "32-64", MIDDLE.name: "32-36s"}


def agree(size: Instance, world: World, count: int, seed: str) -> Counter[tuple[int, bool]]:
    """Compare `count` books of a world; by (units of cash beside the boundary, whether it passes)."""
    rng = random.Random(seed)
    market = market_of(rng, size.layout, dict(world.rows))
    circuit, native = unchecked(size), kernel()
    tally: Counter[tuple[int, bool]] = Counter()
    while tally.total() < count:
        book = world.book(rng, most=14)
        if not has_room(sorted(book), market, size):
            continue
        distance = rng.choice((-1, 0, 1))
        account = replace(random_account(rng, market, size), positions=tuple(sorted(book.items())))
        account = at_boundary(replace(account, floor=rng.choice((0, 1, 1000))), market, distance)
        result = report(account, market)
        inputs = circuit_inputs(account, market, size)
        if native is None:
            satisfied = circuit.satisfied(inputs)
        else:
            satisfied = circuit.satisfied_by_kernel(inputs, native, also_here=False)
        assert satisfied == result.passes, f"{seed}: the engine says {result.passes}"
        tally[distance, result.passes] += 1
    return tally


def rung(world: World) -> Instance:
    return instance(RUNGS[world.shape.name])


@pytest.mark.slow
@pytest.mark.parametrize("method", sorted(MAKERS))
def test_a_sample_of_books_at_the_boundary(method: str) -> None:
    world = MAKERS[method](random.Random(method), "initial", shape=WIDE)
    tally = agree(rung(world), world, 3, f"sample {method}")
    assert tally.total() == 3


@pytest.mark.long
@pytest.mark.parametrize("shape", [WIDE, MIDDLE], ids=lambda each: each.name)
@pytest.mark.parametrize("method", sorted(MAKERS))
def test_a_hundred_books_of_each_builder(method: str, shape: object) -> None:
    found: Counter[tuple[int, bool]] = Counter()
    # All of Deribit's scenarios have no room beside one-sided nodes.
    options = {"unchanged": "charged"} if method == "deribit" and shape is MIDDLE else {}
    for level in LEVELS:
        world = MAKERS[method](random.Random(f"{method} {level}"), level, shape=shape, **options)  # type: ignore[arg-type]
        found += agree(rung(world), world, 50, f"{method} {level} {shape}")
    assert found.total() == 100
    assert {passes for _, passes in found} == {True, False}
