"""Each bug planted in the Python verifier turns its test red; the same test is green without the bug."""

from __future__ import annotations

import shutil

import pytest

from tests.mutants.python_mutants import MUTANTS, ROOT, outcome, planted


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_the_planted_bug_turns_its_test_red(name: str) -> None:
    mutant = MUTANTS[name]
    if not (ROOT.parent / "shared" / "vectors").is_dir() and "test_groth16" in mutant.test:
        pytest.skip("skipped: ../shared/vectors is not present")
    folder = planted(mutant)
    try:
        assert outcome(mutant.test, folder) == 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_a_copy_without_a_bug_stays_green() -> None:
    """So that red means the bug, and not the copying."""
    from tests.mutants.python_mutants import Mutant

    folder = planted(Mutant("verifier/checks.py", (), ""))
    for test in ("test_verify.py::test_a_quorum", "test_rows.py::test_widths"):
        assert outcome(f"tests/verifier/{test}", folder) == 0
    shutil.rmtree(folder)
