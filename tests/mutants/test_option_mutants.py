"""Each bug planted in the options builder turns its test red."""

from __future__ import annotations

import shutil

import pytest

from tests.mutants.option_mutants import MUTANTS, QUICK
from tests.mutants.python_mutants import outcome, planted


def judged(name: str) -> int:
    folder = planted(MUTANTS[name])
    try:
        return outcome(MUTANTS[name].test, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_the_planted_bug_turns_its_test_red(name: str) -> None:
    assert judged(name) == 1


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in MUTANTS if name not in QUICK])
def test_every_other_too(name: str) -> None:
    assert judged(name) == 1
