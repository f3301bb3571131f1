"""Each planted bug lets its attack through, so the attack's refusal by the real circuit means something."""

from __future__ import annotations

import pytest

from tests.circuits.attacks import ATTACKS
from tests.circuits.templates import build
from tests.mutants.circuit_mutants import MUTANTS, planted


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_the_planted_bug_is_exploited(name: str) -> None:
    mutant = MUTANTS[name]
    attack = ATTACKS[mutant.attack]
    attempt = attack.run(build(attack.main, planted(mutant)))
    assert attempt.accepted, [str(failure) for failure in attempt.failures]


def test_the_real_circuit_refuses_what_the_planted_bugs_accept() -> None:
    """Nothing here is accepted by both: `test_attacks` runs every attack against the real circuit."""
    assert {mutant.attack for mutant in MUTANTS.values()} <= set(ATTACKS)


def test_every_attack_that_a_single_constraint_stops_has_its_planted_bug() -> None:
    without = set(ATTACKS) - {mutant.attack for mutant in MUTANTS.values()}
    # Stopped by the claim itself, which has a mutant of its own, or by the commitment as a whole.
    assert without == {
        "insolvent by one unit",
        "a loss one unit too small",
        "a position beyond the circuit's slots",
    }
