"""Change one wire of an honest witness: the constraints must object.

What may change is declared here, one by one. Losses and choices of a prover are inputs, and their one-sided
freedom has its own test.
"""

from __future__ import annotations

import random

import pytest

from prover.r1cs import read_r1cs, read_symbols
from prover.toolchain.circom import compile_instance
from tests.circuits.accounts import at_boundary, circuit_inputs, random_account, random_market
from tests.circuits.determinism import zero_test_inverses
from tests.circuits.mains import MAINS
from tests.circuits.reduced import circuit, example, traced
from tests.circuits.solving import Solver, given_wires, variant
from tests.circuits.templates import Built, build
from tests.circuits.unchecked import unchecked
from verifier.circuits import instance
from verifier.field import R


def survivors(built: Built, witness: list[int], rng: random.Random) -> list[str]:
    """Names of the wires, inputs apart, that could be changed alone without any constraint failing."""
    free = zero_test_inverses(built)
    found = []
    for wire in range(1, built.r1cs.wires):
        if wire in built.r1cs.inputs:
            continue
        honest = witness[wire]
        if wire in free and not witness[free[wire]]:
            continue  # the inverse hint of an IsZero whose input is 0: any value, and nothing uses it
        for value in ((honest + 1) % R, R - 1, rng.randrange(R)):
            witness[wire] = value
            if value != honest and next(built.r1cs.failing(witness, built.by_wire[wire]), None) is None:
                found.append(built.symbols.name(wire))
        witness[wire] = honest
    return found


@pytest.mark.parametrize("name", MAINS)
def test_no_output_and_no_inner_wire_can_be_changed_alone(name: str) -> None:
    rng = random.Random(name)
    built = build(MAINS[name].source)
    solver = Solver(built)
    for _ in range(1 if name in ("Attestation", "OpenAccount") else 3):
        completion = solver.complete(given_wires(built, MAINS[name].draw(rng)))
        assert built.r1cs.check(completion.witness, built.symbols) == []
        assert survivors(built, completion.witness, rng) == []


def test_no_inner_wire_of_the_whole_circuit_can_be_changed_alone() -> None:
    built, _, trace = traced()
    assert survivors(built, list(trace.completion.witness), random.Random(1)) == []


@pytest.mark.slow
def test_no_inner_wire_of_the_deployed_circuit_can_be_changed_alone() -> None:
    """The smallest instance, simplified as it is for proving, with the generated witness."""
    one = instance("8-2")
    rng = random.Random(3)
    market = random_market(rng, one.layout)
    account = at_boundary(random_account(rng, market, one), market, 0)
    compiled = compile_instance(one)
    r1cs, symbols = read_r1cs(compiled.r1cs), read_symbols(compiled.sym)
    built = Built(r1cs, symbols)
    witness = list(unchecked(one).witness(circuit_inputs(account, market, one)))
    assert r1cs.check(witness, symbols) == []
    # What is left of an IsZero whose input is 0: any inverse does, and nothing else mentions it.
    free = [n for n in survivors(built, witness, rng) if not n.endswith(".inv")]
    assert free == []


def test_the_edit_test_notices_a_wire_that_is_free() -> None:
    from tests.circuits.templates import Source

    text = "template Planted() { signal input in; signal output out; signal a <-- in; out <== in * in; }"
    built = build(Source((), "Planted()", text))
    assert (
        survivors(built, Solver(built).complete({built.wire("in"): 3}).witness, random.Random(1))
        == ["main.a"] * 3
    )


def free_inputs() -> set[str]:
    """Inputs that the honest example may change alone: what belongs to no position.

    Its third slot is empty, so the row and path beside it are ignored; a group that nothing is in has a name
    and a loss of the prover's choice (its loss is counted all the same: see `test_a_loss_is_one_sided`).
    """
    built = circuit()
    names = {built.symbols.name(wire) for wire in built.r1cs.inputs}
    columns = ("mark", "nodes", "addon_long", "addon_short", "rate", "deduction", "upper", "siblings")
    return {name for name in names if name.startswith(tuple(f"main.{column}[2]" for column in columns))}


def test_every_input_of_the_whole_circuit_is_bound() -> None:
    """Another value for each input alone, everything else recomputed from it."""
    built, solver, trace = traced()
    rng = random.Random(2)
    _, _, inputs = example()
    used_groups = {row.index(1) for row in inputs["group_choice"] if 1 in row}
    free = free_inputs() | {f"main.groups[{g}]" for g in range(2) if g not in used_groups}
    # A lower ratio of the same account is a weaker claim, and as true.
    one_sided = {"main.terms", *(f"main.losses[{g}]" for g in range(2))}
    accepted = set()
    for wire in built.r1cs.inputs:
        name = built.symbols.name(wire)
        for value in (trace.given[wire] + rng.choice((1, -1)), rng.randrange(R)):
            if built.r1cs.satisfied(solver.edit(trace, {wire: value}).witness):
                accepted.add(name)
                break
    assert accepted <= free | one_sided
    assert accepted >= free, "the list of free inputs names some that are bound"


def test_a_loss_is_one_sided() -> None:
    """A larger loss only lowers the excess; one unit less than the worst node fails."""
    built, solver, trace = traced()
    _, _, inputs = example()
    slack = next(
        n for n in built.symbols.wires if n.startswith("main.AssertMargin_") and n.endswith(".slack")
    )
    honest = trace.completion.witness[built.symbols.wire(slack)]
    for g, loss in enumerate(inputs["losses"]):
        looser = variant(built, solver, trace, {f"losses[{g}]": loss + 7})
        assert looser.accepted
        assert looser.completion.witness[built.symbols.wire(slack)] < honest
        assert not variant(built, solver, trace, {f"losses[{g}]": loss - 1}).accepted
        assert not variant(built, solver, trace, {f"losses[{g}]": loss + 10**9}).accepted, (
            "cannot be paid for"
        )
