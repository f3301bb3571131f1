"""Every command and every Python example that the documentation shows is run, page by page, in order."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from prover.cli import main as zksolvency
from verifier.__main__ import main as verifier_main

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.M | re.S)


def blocks(page: Path) -> list[tuple[str, str]]:
    """The runnable blocks of a page: their language and text."""
    return BLOCK.findall(page.read_text())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, development_key: Path) -> Path:
    """A folder in which the quick start has been run: what every page but the README starts from."""
    folder = tmp_path_factory.mktemp("quick-start")
    run_all((ROOT / "README.md"), folder)
    return folder


def run_all(page: Path, folder: Path) -> None:
    """Run a page's blocks in `folder`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for language, text in blocks(page):
            if language == "python":
                exec(compile(text, str(page), "exec"), {"__name__": "example"})
                continue
            for line in filter(None, (line.strip() for line in text.splitlines())):
                run_line(line, page)


def run_line(line: str, page: Path) -> None:
    """Run one command line; `# exit N` at its end tells the expected exit code."""
    command, _, remark = line.partition("#")
    expected = int(remark.split()[1]) if remark.strip().startswith("exit ") else 0
    words = shlex.split(command)
    if words[:3] == ["python", "-m", "verifier"]:
        code = verifier_main(words[3:])
    elif words[0] == "zksolvency":
        code = zksolvency(words[1:])
    else:
        pytest.fail(f"{page.name}: a command that no test can run: {line}")
    assert code == expected, f"{page.name}: `{line}` ended with {code}, not {expected}"


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
    run_all(page, folder)


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
