"""Each bug planted in the Python verifier turns its test red; the same test is green without the bug."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.mutants.conftest import Ahead
from tests.mutants.python_mutants import MUTANTS, ROOT, Mutant, outcome, planted


def judge(mutant: Mutant, test: str) -> int:
    folder = planted(mutant)
    try:
        return outcome(test, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def outcomes(ahead: Ahead) -> Callable[[str], int]:
    return ahead(lambda name: judge(MUTANTS[name], MUTANTS[name].test))


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_the_planted_bug_turns_its_test_red(name: str, outcomes: Callable[[str], int]) -> None:
    if not (ROOT.parent / "shared" / "vectors").is_dir() and "test_groth16" in MUTANTS[name].test:
        pytest.skip("skipped: ../shared/vectors is not present")
    assert outcomes(name) == 1


@pytest.mark.slow
@pytest.mark.parametrize("test", ["test_verify.py::test_a_quorum", "test_rows.py::test_widths"])
def test_a_copy_without_a_bug_stays_green(test: str) -> None:
    """So that red means the bug, and not the copying."""
    assert judge(Mutant("verifier/checks.py", (), ""), f"tests/verifier/{test}") == 0
