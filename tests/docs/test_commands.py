"""Every command and every Python example that the documentation shows is run, page by page, in order."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from quick_start import blocks, run_all

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def test_the_quick_start(finished: Path) -> None:
    for name in (
        "account.json",
        "market.json",
        "statement.json",
        "policy.json",
        "challenge.json",
        "bundle.json",
    ):
        assert (finished / name).is_file()


@pytest.mark.parametrize(
    "page", [p for p in PAGES if blocks(p) and p.name != "README.md"], ids=lambda p: p.name
)
def test_a_page(page: Path, finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    shutil.copytree(finished, folder)
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    run_all(page, folder)


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
