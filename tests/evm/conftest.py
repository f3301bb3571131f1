"""A deployed contract for every real proof, once a session."""

from __future__ import annotations

import pytest

from prover.evm.export import export_verifier
from prover.evm.runner import Deployed
from tests.conftest import VECTORS
from tests.evm.cases import SOURCES, Case


@pytest.fixture(scope="session", params=SOURCES)
def case(request: pytest.FixtureRequest) -> Case:
    """Each real proof in turn."""
    pytest.importorskip("pyrevm", reason="skipped: pyrevm is not installed (the extra `evm`)")
    real = SOURCES[request.param](VECTORS)
    source = export_verifier(real.vk, real.instance)
    return Case(request.param, real, source, Deployed.from_source(source))
