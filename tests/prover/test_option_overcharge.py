"""What a box of options costs beyond the exact envelope is what docs/options.md says, and never negative."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.envelope import Measured, books, measure

PAGE = Path(__file__).resolve().parents[2] / "docs" / "options.md"
TABLES = re.findall(r"^\| book \|.*?(?=\n\n)", PAGE.read_text(), re.M | re.S)
TENTH = 0.11


@pytest.fixture(scope="module")
def equity_alone() -> list[Measured]:
    return measure(stressed=False)


def test_no_table_is_below_the_envelope(equity_alone: list[Measured]) -> None:
    assert min(each.over for each in equity_alone) > -1e-6


def test_the_page_has_the_figures_that_are_measured(equity_alone: list[Measured]) -> None:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLES[0].splitlines()]
    columns = [int(cell) for cell in rows[0][1:]]
    stated = {row[0]: [float(cell) for cell in row[1:]] for row in rows[2:]}
    assert set(stated) == set(books())
    for each in equity_alone:
        assert stated[each.book][columns.index(each.nodes)] == pytest.approx(100 * each.over, abs=TENTH)


def test_more_knots_never_cost_more_by_much(equity_alone: list[Measured]) -> None:
    """Knots of one number are not among those of the next, so a book between two may move a little."""
    for name in books():
        by_nodes = [each.over for each in equity_alone if each.book == name]
        assert by_nodes[-1] <= by_nodes[0] + 1e-9
        assert all(after <= before + 0.01 for before, after in pairwise(by_nodes))
