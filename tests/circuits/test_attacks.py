"""The real circuit refuses every attack of the table, and accepts the honest witness beside it."""

from __future__ import annotations

import pytest

from tests.circuits.attacks import ATTACKS, TINY, honest_inputs
from tests.circuits.portfolio_attacks import (
    ONE_SIDED,
    PORTFOLIO,
    PORTFOLIO_ATTACKS,
    honest_discount,
    honest_one_sided,
    honest_portfolio,
)
from tests.circuits.reduced import circuit
from tests.circuits.solving import attempt
from tests.circuits.templates import build


@pytest.mark.parametrize("name", [*ATTACKS, *PORTFOLIO_ATTACKS])
def test_the_circuit_refuses(name: str) -> None:
    attack = (ATTACKS | PORTFOLIO_ATTACKS)[name]
    assert not attack.run(build(attack.main)).accepted


def test_the_circuit_accepts_the_honest_account_that_the_attacks_start_from() -> None:
    assert attempt(circuit(TINY), honest_inputs()).accepted
    assert attempt(circuit(PORTFOLIO), honest_portfolio()).accepted
    assert attempt(circuit(ONE_SIDED), honest_discount()).accepted
    assert attempt(circuit(ONE_SIDED), honest_one_sided()).accepted
