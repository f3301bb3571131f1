"""Fixtures that every folder of tests shares."""

from __future__ import annotations

from pathlib import Path

import pytest
from quick_start import run_all
from vector_files import VECTORS

from prover.toolchain.setup import development_key as make_key
from verifier.circuits import instance

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of vectors that nobody on this project wrote; the test is skipped when it is not there."""
    if not VECTORS.is_dir():
        pytest.skip("skipped: ../shared/vectors is not present")
    return VECTORS


@pytest.fixture(scope="session")
def development_key() -> Path:
    """The folder of the 8-2 development key, made when it is not there."""
    return make_key(instance("8-2")).directory


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, development_key: Path) -> Path:
    """A folder in which the README's quick start has been run. Copy it; it is everybody's."""
    folder = tmp_path_factory.mktemp("quick-start")
    run_all(ROOT / "README.md", folder)
    return folder
