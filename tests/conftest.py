"""Fixtures that every folder of tests shares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from quick_start import run_all

from prover.toolchain.setup import development_key as make_key
from verifier.circuits import instance

ROOT = Path(__file__).resolve().parents[1]
VECTORS = ROOT.parent / "shared" / "vectors"


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


def vector(path: str) -> Any:
    """One vector file as JSON, for parametrising; skips the module when it is not there."""
    file = VECTORS / path
    if not file.is_file():
        pytest.skip(f"skipped: ../shared/vectors/{path} is not present", allow_module_level=True)
    return json.loads(file.read_text())
