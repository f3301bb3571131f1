"""Constraint counts are pinned: a change of a circuit is seen, and stays below its power of two."""

from __future__ import annotations

import pytest

from prover.toolchain.circom import compile_instance
from verifier.circuits import Instance, instances


@pytest.mark.parametrize("one", instances().values(), ids=lambda one: one.size)
def test_count_is_pinned(one: Instance) -> None:
    assert compile_instance(one).constraints == one.constraints


@pytest.mark.parametrize("one", instances().values(), ids=lambda one: one.size)
def test_count_is_below_the_power_of_two(one: Instance) -> None:
    # A proof of c constraints and p public signals needs a domain of at least c + p + 1 points.
    assert one.constraints is not None
    assert one.constraints <= one.max_constraints
    domain = 1 << (one.max_constraints + len(one.public)).bit_length()
    assert one.constraints + len(one.public) + 1 <= domain
    assert domain in (1 << 15, 1 << 16, 1 << 17, 1 << 18)
