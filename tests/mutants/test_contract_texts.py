"""Bugs planted in the contracts fit the sources and name tests; that those fail, a longer test shows."""

from __future__ import annotations

import pytest

from prover.evm.statement import CONTRACTS
from tests.mutants.contract_mutants import MUTANTS, patched
from tests.mutants.invariant_mutants import INVARIANT_MUTANTS

PLANTED = MUTANTS | INVARIANT_MUTANTS


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_fits_the_source_and_names_a_test(name: str) -> None:
    mutant = PLANTED[name]
    assert patched((CONTRACTS / "src" / mutant.file).read_text(), mutant)
    suite = (CONTRACTS / "test" / mutant.folder / f"{mutant.suite}.t.sol").read_text()
    assert f"function {mutant.test}(" in suite
