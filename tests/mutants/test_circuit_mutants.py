"""Each planted bug lets its attack through, so the attack's refusal by the real circuit means something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.circuits.attacks import ATTACKS as ACCOUNT_ATTACKS
from tests.circuits.portfolio_attacks import PORTFOLIO_ATTACKS
from tests.circuits.templates import build, prepare
from tests.mutants.circuit_mutants import MUTANTS as ACCOUNT_MUTANTS
from tests.mutants.circuit_mutants import planted
from tests.mutants.conftest import Ahead
from tests.mutants.portfolio_mutants import PORTFOLIO_MUTANTS

ATTACKS = ACCOUNT_ATTACKS | PORTFOLIO_ATTACKS
MUTANTS = ACCOUNT_MUTANTS | PORTFOLIO_MUTANTS


@pytest.fixture(scope="module")
def compiled(ahead: Ahead) -> Callable[[str], Path]:
    """The folder of a mutant, its main compiled."""

    def work(name: str) -> Path:
        folder = planted(MUTANTS[name])
        prepare(ATTACKS[MUTANTS[name].attack].main, folder)
        return folder

    return ahead(work)


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_the_planted_bug_is_exploited(name: str, compiled: Callable[[str], Path]) -> None:
    attack = ATTACKS[MUTANTS[name].attack]
    attempt = attack.run(build(attack.main, compiled(name)))
    assert attempt.accepted, [str(failure) for failure in attempt.failures]


def test_every_attack_that_a_single_constraint_stops_has_its_planted_bug() -> None:
    without = set(ATTACKS) - {mutant.attack for mutant in MUTANTS.values()}
    # Stopped by the claim itself, which has a mutant of its own, or by the commitment as a whole.
    assert without == {
        "insolvent by one unit",
        "a loss one unit too small",
        "a position beyond the circuit's slots",
    }
