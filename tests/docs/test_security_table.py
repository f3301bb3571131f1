"""docs/security-tests.md names tests and planted bugs that exist, and leaves none of the bugs out."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.circuits.attacks import ATTACKS
from tests.mutants import circuit_mutants, python_mutants

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security-tests.md").read_text()
ROWS = {
    int(number): (tests, bugs)
    for number, _, tests, bugs in re.findall(r"^\| (\d+) \| (.*?) \| (.*?) \| (.*) \|$", PAGE, re.MULTILINE)
}


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def bugs(number: int, kind: str) -> set[str]:
    return set(re.findall(rf"{kind}: ([^;]+?)(?:;|$)", ROWS[number][1]))


def test_every_item_has_a_row() -> None:
    assert sorted(ROWS) == list(range(1, 41))


def test_every_test_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 100
    for file, test in named:
        assert (ROOT / "tests" / file).is_file(), file
        assert test in functions(file), f"{file}::{test}"


def test_every_path_exists() -> None:
    for path in re.findall(r"`(tests/[\w/.]+\.py)`", PAGE):
        assert (ROOT / path).is_file(), path


def test_every_row_has_a_test_or_says_why_not() -> None:
    for number, (tests, _) in ROWS.items():
        assert "::" in tests or "book" in tests or "divided" in tests, number


def test_circuit_bugs_stand_in_the_rows_of_their_items() -> None:
    for number in ROWS:
        wanted = {
            name for name, mutant in circuit_mutants.MUTANTS.items() if number in ATTACKS[mutant.attack].items
        }
        assert bugs(number, "circuit") == wanted, number


def test_python_bugs_are_all_named() -> None:
    named = set().union(*(bugs(number, "Python") for number in ROWS))
    assert named == set(python_mutants.MUTANTS)
