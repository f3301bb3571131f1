"""A reduced instance of the account circuit: the same template, few slots, a tree of 16 rows.

It is small enough to compile and to complete in seconds, so attacks and planted bugs run against the whole
circuit, signature included.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from pathlib import Path

from tests.circuits.accounts import (
    Account,
    Inputs,
    Market,
    at_boundary,
    circuit_inputs,
    random_account,
    random_market,
)
from tests.circuits.references import CHARGED, ONE_SIDED, SMALL
from tests.circuits.solving import Solver, Trace, given_wires
from tests.circuits.templates import Built, Source, build
from verifier.circuits import Instance, Layout, instances

PUBLIC = next(iter(instances().values())).public


def reduced(layout: Layout = SMALL, slots: int = 3, groups: int = 2) -> Instance:
    """An instance that circuits.json does not have, of the template for this layout's extensions."""
    kind, subgroups, cells = {
        (): ("account", 0, 0),
        CHARGED.extensions: ("portfolio", 2, 0),
        ONE_SIDED.extensions: ("one_sided", 2, 3),
    }[layout.extensions]
    return Instance(
        name=f"reduced_{kind}",
        size=f"reduced-{kind}",
        file=f"{kind}_solvency.circom",
        template=f"{kind.title().replace('_', '')}Solvency",
        slots=slots,
        nodes=layout.nodes,
        groups=groups,
        brackets=layout.brackets,
        depth=layout.depth,
        layout=layout,
        public=PUBLIC,
        max_constraints=1 << 15,
        constraints=None,
        subgroups=subgroups,
        cells=cells,
    )


REDUCED = reduced()
SMALL_PORTFOLIO = reduced(CHARGED, slots=4)
SMALL_ONE_SIDED = reduced(ONE_SIDED, slots=4)
"""With room for four positions in two groups, two subgroups and three cells."""


def source(of: Instance = REDUCED) -> Source:
    """The main of a reduced instance."""
    call = f"{of.template}({', '.join(map(str, (*of.parameters.values(), of.layout.id)))})"
    return Source((of.file,), call, public=of.public)


def circuit(of: Instance = REDUCED, circuits: Path | None = None) -> Built:
    """A reduced instance, compiled."""
    return build(source(of), circuits)


def honest(seed: int, of: Instance = REDUCED, held: int = 2, distance: int = 0) -> tuple[Account, Market]:
    """An account with exactly `held` positions, `distance` cash units above the least it needs."""
    rng = random.Random(seed)
    while True:
        market = random_market(rng, of.layout, rows=10, underlyings=4)
        account = random_account(rng, market, of)
        if len(account.positions) == held and market.valid_until > market.time:
            # Strictly inside every edge, so that a test which steps over one does not start on it.
            inside = replace(account, as_of=market.time + 1, valid_until=market.valid_until + 10)
            return at_boundary(inside, market, distance), market


@cache
def example(seed: int = 1) -> tuple[Account, Market, Inputs]:
    """One honest account with two positions and an empty slot, its market, and the circuit's inputs."""
    account, market = honest(seed, distance=10**9)
    return account, market, circuit_inputs(account, market, REDUCED)


@cache
def traced(seed: int = 1) -> tuple[Built, Solver, Trace]:
    """The reduced circuit with the completed honest witness of `example`."""
    built = circuit()
    solver = Solver(built)
    return built, solver, solver.trace(given_wires(built, example(seed)[2]))
