"""Every template's wires follow from its inputs, and the checker finds templates whose wires do not."""

from __future__ import annotations

import pytest

from tests.circuits.determinism import determine
from tests.circuits.mains import MAINS
from tests.circuits.reduced import circuit, traced
from tests.circuits.solving import attempt
from tests.circuits.templates import Source, build
from verifier.field import R


@pytest.mark.parametrize("name", MAINS)
def test_every_wire_of_a_template_follows_from_its_inputs(name: str) -> None:
    verdict = determine(build(MAINS[name].source))
    assert verdict.undecided == []
    # Only the signature, which is circomlib's, needs the arguments about curves.
    assert name in ("Attestation", "OpenAccount") or verdict.lemmas == []


def test_every_wire_of_the_whole_circuit_follows_from_its_inputs() -> None:
    verdict = determine(circuit())
    assert verdict.undecided == []
    assert all(".signature." in name for name in verdict.lemmas)


def test_the_denominators_of_the_lemmas_are_not_zero_in_a_witness() -> None:
    """The lemmas say that these divisions are defined; an honest witness must not contradict them."""
    built, _, trace = traced()
    divided = {built.symbols.wire(name) for name in determine(built).lemmas if ".h2bits." not in name}
    seen = set()
    for a, b, _c in built.r1cs.constraints:
        for factor, other in ((a, b), (b, a)):
            for wire in divided.intersection(factor.wires):
                if set(other.wires) - {0} and other.value(trace.completion.witness) % R:
                    seen.add(wire)
    assert seen == divided


PLANTED = {
    "nothing constrains the output": ("out <-- in;", "out"),
    "only the square is constrained": ("out <-- in; signal square <== in * in; out * out === square;", "out"),
    "254 bits have two answers": (
        "component bits = Num2Bits(254); bits.in <== in; out <== bits.out[0];",
        "out",
    ),
    "half of IsZero": ("signal inv <-- in != 0 ? 1 / in : 0; out <== 1 - in * inv;", "out"),
    "a division that may be 0/0": ("out <-- in / in; out * in === in;", "out"),
    "two bits of one weight": (
        "signal a <-- in & 1; signal b <-- 0; a * (a - 1) === 0; b * (b - 1) === 0; a + b === in; out <== a;",
        "a",
    ),
    "a sum of numbers that are no bits": (
        "signal a <-- in & 1; signal b <-- in >> 1; a + 2 * b === in; out <== a;",
        "b",
    ),
}


@pytest.mark.parametrize("body, wire", PLANTED.values(), ids=PLANTED)
def test_the_checker_finds_wires_that_do_not_follow(body: str, wire: str) -> None:
    text = f"template Planted() {{ signal input in; signal output out; {body} }}"
    assert f"main.{wire}" in determine(build(Source(("bitify.circom",), "Planted()", text))).undecided


def test_254_bits_really_have_two_answers_and_strict_ones_do_not() -> None:
    """The second answer of Num2Bits(254), which the lints forbid and AliasCheck refuses."""
    value = 12345
    alias = [(value + R) >> bit & 1 for bit in range(254)]
    for template, accepted in (("Num2Bits(254)", True), ("Num2Bits_strict()", False)):
        built = build(Source(("bitify.circom",), template))
        assert attempt(built, {"in": value}).accepted
        assert attempt(built, {"in": value, "out": alias}).accepted is accepted
