"""Books of options over a box through the real circuits: satisfied exactly when the exact engine passes them.

Rows are the options builder's, at 14-24 and at 32-64; cash is just enough, or one unit of 1e-14 quote more or
less.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from prover.tables.options import build_options
from prover.toolchain.native import kernel
from tests.circuits.accounts import at_boundary, circuit_inputs, has_room, market_of, random_account, report
from tests.circuits.unchecked import unchecked
from tests.prover.option_hunter import holding
from tests.prover.option_worlds import world
from verifier.circuits import instance
from verifier.market import Level

KNOTS = {"14-24": 2, "32-64": 8}


def agree(size: str, level: Level, knots: int, count: int) -> Counter[tuple[int, bool]]:
    """Compare `count` books; by (units of cash beside the boundary, whether it passes)."""
    rung = instance(size)
    snapshot = build_options(world(knots=knots), level, rung.layout)[1]
    rng = random.Random(f"options {size} {level}")
    market = market_of(rng, rung.layout, snapshot.row_map())
    indexes = snapshot.universe.indexes()
    circuit, native = unchecked(rung), kernel()
    names = [each.id for each in snapshot.universe.instruments if each.kind != "deposit"]
    tally: Counter[tuple[int, bool]] = Counter()
    while tally.total() < count:
        book = {indexes[name]: held for name, held in holding(rng, names, 14).items()}
        if not has_room(sorted(book), market, rung):
            continue
        distance = rng.choice((-1, 0, 1))
        account = replace(random_account(rng, market, rung), positions=tuple(sorted(book.items())))
        account = at_boundary(replace(account, floor=rng.choice((0, 1, 1000))), market, distance)
        result = report(account, market)
        inputs = circuit_inputs(account, market, rung)
        if native is None:
            satisfied = circuit.satisfied(inputs)
        else:
            satisfied = circuit.satisfied_by_kernel(inputs, native, also_here=False)
        assert satisfied == result.passes, f"{size}: the engine says {result.passes}"
        tally[distance, result.passes] += 1
    return tally


@pytest.mark.slow
def test_a_sample_of_books_at_the_boundary() -> None:
    assert agree("14-24", "maintenance", 2, 4).total() == 4


@pytest.mark.long
@pytest.mark.parametrize("size", sorted(KNOTS))
@pytest.mark.parametrize("level", ["maintenance", "initial"])
def test_fifty_books_of_a_level(size: str, level: Level) -> None:
    found = agree(size, level, KNOTS[size], 50)
    assert {passes for _, passes in found} == {True, False}
