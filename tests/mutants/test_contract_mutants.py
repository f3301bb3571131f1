"""Each bug planted in a contract turns its test red, and without bugs all of those tests are green."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from prover.evm.forge import foundry_program
from prover.evm.statement import CONTRACTS
from prover.toolchain.workspace import workspace
from tests.mutants.contract_mutants import MUTANTS, Mutant, patched
from tests.mutants.invariant_mutants import INVARIANT_MUTANTS
from verifier.errors import EnvironmentFault

pytestmark = pytest.mark.long

PLANTED = MUTANTS | INVARIANT_MUTANTS


@pytest.fixture(scope="module")
def copy() -> Iterator[Path]:
    """A copy of the contracts to plant bugs in; only the patched part of it is compiled each time."""
    try:
        foundry_program("forge")
    except EnvironmentFault as fault:
        pytest.skip(f"skipped: {fault}")
    place = workspace().build / "mutants" / "contracts"
    for name in ("src", "test", "script"):
        shutil.rmtree(place / name, ignore_errors=True)
        shutil.copytree(CONTRACTS / name, place / name)
    shutil.copyfile(CONTRACTS / "package.json", place / "package.json")
    settings = (CONTRACTS / "foundry.toml").read_text().replace("../../build/contracts/", "build/")
    (place / "foundry.toml").write_text(settings)
    if not (place / "node_modules").exists():
        (place / "node_modules").symlink_to(CONTRACTS / "node_modules")
    yield place


def run(place: Path, suites: str, tests: str) -> subprocess.CompletedProcess[str]:
    """Run tests by name, without optimising: planted bugs do not need fast code."""
    return subprocess.run(
        [
            str(foundry_program("forge")),
            "test",
            *("--match-path", f"test/{suites}.t.sol", "--match-test", f"^({tests})\\("),
        ],
        cwd=place,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "FOUNDRY_OFFLINE": "true",
            "FOUNDRY_OPTIMIZER": "false",
            "FOUNDRY_DENY": "never",
            "FOUNDRY_INVARIANT_RUNS": "48",
            "FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT": "0",
            "NO_COLOR": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_without_bugs_they_are_green(copy: Path) -> None:
    wanted = {mutant.test for mutant in PLANTED.values()}
    done = run(copy, "{unit,invariant}/*", "|".join(sorted(wanted)))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert wanted <= set(re.findall(r"\[PASS\] (\w+)\(", done.stdout))


@pytest.mark.parametrize("name", PLANTED)
def test_planted_bug(copy: Path, name: str) -> None:
    mutant: Mutant = PLANTED[name]
    file = copy / "src" / mutant.file
    sound = file.read_text()
    file.write_text(patched(sound, mutant))
    try:
        done = run(copy, f"{mutant.folder}/{mutant.suite}", mutant.test)
    finally:
        file.write_text(sound)
    assert "Compiler run successful" in done.stdout, done.stdout[-4000:] + done.stderr[-2000:]
    assert done.returncode == 1, "the bug went unnoticed"
    # An invariant's name comes after the sequence that broke it.
    assert re.search(rf"\[FAIL.*\s{mutant.test}\(", done.stdout, re.S), done.stdout[-4000:]
