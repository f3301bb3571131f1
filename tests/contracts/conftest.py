"""Chains for tests, and a deployment on one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from samples import NOW

from verifier.errors import EnvironmentFault

pytest.importorskip("web3", reason="skipped: web3.py is not installed (the extra `evm`)")

from prover.evm.forge import foundry_program
from tests.contracts.chains import anvil, ask
from tests.contracts.world import World, build, market, proof
from verifier.bundle import Bundle

try:
    foundry_program("anvil")
except EnvironmentFault as fault:
    pytest.skip(f"skipped: {fault}", allow_module_level=True)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A deployment on chain 31337, its second NOW."""
    with anvil(31337, NOW) as url:
        yield build(url, tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(deployed: World) -> Iterator[World]:
    """The deployment as it was when it was made: what a test does to it is undone."""
    kept = ask(deployed.chain, "evm_snapshot")
    files = {path: path.read_bytes() for path in deployed.folder.iterdir()}
    yield deployed
    ask(deployed.chain, "evm_revert", kept)
    for path in deployed.folder.iterdir():
        if path not in files:
            path.unlink()
    for path, content in files.items():
        Path(path).write_bytes(content)


@pytest.fixture(scope="session")
def first(deployed: World) -> Bundle:
    """A real proof over the market of epoch 7."""
    return proof(deployed.policy, market())


@pytest.fixture(scope="session")
def second(deployed: World) -> Bundle:
    """A real proof over the market of epoch 8, its band around a higher price."""
    return proof(deployed.policy, market(8, 65_000))
