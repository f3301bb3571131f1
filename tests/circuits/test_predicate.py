"""Random dishonest inputs, repaired at random: the circuit accepts exactly what the design allows.

Each case changes up to three inputs of an honest account to values that attackers like, and then makes some
of the rest fit again (signature, nullifier, market root), so that a change is not always stopped at the
first hash. ``python -m tests.circuits.test_predicate 1000`` runs more of them.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from typing import Any

import pytest

from tests.circuits.accounts import Account, Inputs, circuit_inputs
from tests.circuits.predicate import broken
from tests.circuits.reduced import REDUCED, circuit, honest
from tests.circuits.solving import Solver, given_wires
from tests.circuits.templates import Built
from verifier.circuits import packing, tag
from verifier.eddsa import public_key, sign
from verifier.field import R
from verifier.packing import pack
from verifier.poseidon import poseidon

HALF = (R - 1) // 2


def run(count: int, seed: str) -> Counter[str]:
    """Compare `count` cases; how often each outcome was met."""
    built = circuit()
    solver = Solver(built)
    tally: Counter[str] = Counter()
    for case in range(count):
        rng = random.Random(f"{seed} {case}")
        account, market = honest(rng.getrandbits(32), held=rng.randint(0, 3), distance=rng.choice((-1, 0, 1)))
        inputs = circuit_inputs(account, market, REDUCED)
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            change(rng, inputs)
        repair(rng, inputs, account)
        rules = broken(inputs, REDUCED)
        assert accepted(built, solver, inputs) is not bool(rules), f"case {seed} {case}: {rules}"
        tally.update(rules or {"accepted"})
    return tally


def accepted(built: Built, solver: Solver, inputs: Inputs) -> bool:
    return built.r1cs.satisfied(solver.complete(given_wires(built, inputs)).witness)


def change(rng: random.Random, inputs: Inputs) -> None:
    """One number of one input becomes something that attackers like."""
    name = rng.choice(sorted(inputs))
    if rng.random() < 0.5:
        name = rng.choice(("terms", "cash", "losses", "used", "index", "size_magnitude", "group_choice",
                           "bracket_choice", "size_negative", "groups", "as_of", "valid_until"))  # fmt: skip
    if name == "as_of":
        chosen = rng.choice(("level", "as_of", "floor", "ratio", "subject"))
        field = next(f for f in packing("terms") if f.name == chosen)
        inputs["terms"] ^= rng.randrange(1, 1 << field.bits) << field.offset
        return
    holder: Any = inputs
    key: Any = name
    while isinstance(holder[key], list):
        holder, key = holder[key], rng.randrange(len(holder[key]))
    old = holder[key]
    likes = (
        0,
        1,
        2,
        R - 1,
        HALF,
        HALF + 1,
        old + 1,
        old - 1,
        R - old,
        2**64,
        2**64 - 1,
        2**121,
        rng.randrange(R),
    )
    holder[key] = rng.choice(likes) % R
    if name in ("group_choice", "bracket_choice") and len(holder) > 1:
        # Keep the sum: a two is made up for by a minus one.
        other = (key + 1) % len(holder)
        holder[other] = (holder[other] + old - holder[key]) % R


def repair(rng: random.Random, inputs: Inputs, account: Account) -> None:
    """Make some of the rest fit the changed inputs again."""
    if rng.random() < 0.7:
        inputs["nullifier"] = poseidon([tag("nullifier"), inputs["secret"], inputs["context"]])
    terms = {f.name: inputs["terms"] >> f.offset & ((1 << f.bits) - 1) for f in packing("terms")}
    if rng.random() < 0.7:
        clock = {f.name: inputs.get(f.name, terms["level"]) % (1 << f.bits) for f in packing("clock")}
        header = [tag("header"), inputs["rows_root"], inputs["universe"], REDUCED.layout.id]
        inputs["market_root"] = poseidon([*header, pack("clock", clock), inputs["envelope"]])
    if rng.random() < 0.7:
        sign_again(inputs, account, terms)


def sign_again(inputs: Inputs, account: Account, terms: dict[str, int]) -> None:
    """The attestor signs what the inputs say, as far as it can be packed at all."""
    elements = [0] * 11
    for place in range(REDUCED.slots):
        if inputs["used"][place]:
            size = inputs["size_magnitude"][place] * (1 - 2 * inputs["size_negative"][place])
            slot = (inputs["index"][place] + 1) * 2**65 + size + 2**64
            elements[place // 3] = (elements[place // 3] + (slot << (82 * (place % 3)))) % R
    holder = poseidon([tag("holder"), inputs["secret"]])
    account_ = [
        tag("account"),
        sum(inputs["used"]) % R,
        (inputs["cash"] + 2**120) % R,
        inputs["salt"],
        holder,
    ]
    stamp = {
        "epoch": inputs["epoch"] % 2**32,
        "as_of": terms["as_of"],
        "valid_until": inputs["statement_valid_until"] % 2**34,
        "sequence": inputs["sequence"] % 2**32,
        "coverage": terms["coverage"],
    }
    message = [tag("statement"), poseidon([*account_, *elements]), inputs["universe"], terms["subject"]]
    signature = sign(account.attestor, poseidon([*message, pack("stamp", stamp), inputs["venue"]]))
    inputs["r8x"], inputs["r8y"], inputs["s"] = *signature.r8, signature.s
    inputs["attestor_x"], inputs["attestor_y"] = public_key(account.attestor)


@pytest.mark.slow
def test_the_circuit_accepts_exactly_what_the_design_allows() -> None:
    tally = run(14, "sample")
    assert tally["accepted"] >= 2
    assert len(tally) >= 5, tally


if __name__ == "__main__":
    print(run(int(sys.argv[1]), "long"))
