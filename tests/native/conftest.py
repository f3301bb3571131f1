"""Fixtures that the tests of the native kernel share."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.native.reference import ROOT, Circuit, SnarkJs, random_circuit

VECTORS = ROOT.parent / "shared" / "vectors" / "crypto"


@pytest.fixture(scope="session")
def native() -> ModuleType:
    module: ModuleType = pytest.importorskip(
        "zksolvency_native", reason="skipped: the native kernel is not installed (it needs cargo): make setup"
    )
    return module


@pytest.fixture(scope="session")
def vectors() -> Path:
    if not VECTORS.is_dir():
        pytest.skip("the shared vectors are not present")
    return VECTORS


@pytest.fixture(scope="session")
def snarkjs() -> SnarkJs:
    return SnarkJs()


@pytest.fixture(scope="session")
def circuit(tmp_path_factory: pytest.TempPathFactory) -> Circuit:
    return random_circuit(tmp_path_factory.mktemp("circuit"), 7, 40, 3)


@pytest.fixture(scope="session")
def key(native: ModuleType, circuit: Circuit) -> Path:
    """The circuit's development key."""
    path = circuit.r1cs.with_suffix(".zkey")
    native.dev_zkey(circuit.r1cs, path)
    return path


@pytest.fixture(scope="session")
def ptau(snarkjs: SnarkJs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small prepared phase 1 with a contribution and a beacon, made by snarkjs."""
    folder = tmp_path_factory.mktemp("ptau")
    names = [folder / f"{step}.ptau" for step in ("new", "one", "beacon", "final")]
    snarkjs.run("powersoftau", "new", "bn128", 7, names[0])
    snarkjs.run("powersoftau", "contribute", names[0], names[1], "--name=one", "-e=some text")
    snarkjs.run("powersoftau", "beacon", names[1], names[2], "0102030405060708", 10, "-n=beacon")
    snarkjs.run("powersoftau", "prepare", "phase2", names[2], names[3])
    return names[3]
