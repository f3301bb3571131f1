"""The contracts' own tests, their gas, sizes and formatting, run by forge; and what is generated for them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence

import pytest

from prover.evm.forge import GAS, foundry_program
from prover.evm.statement import CONTRACTS, LIBRARY, statement_library
from tests.contracts import real
from tests.mutants.invariant_mutants import INVARIANT_MUTANTS
from verifier.chain import circuit_id
from verifier.circuits import instance, instances
from verifier.errors import EnvironmentFault

GAS_TARGET = 245_000
LARGEST_CODE = 24_576  # EIP-170
CONTRACTS_TO_SIZE = {
    "ChainlinkAdapter",
    "CreditLine",
    "Groth16Verifier",
    "MarketOracle",
    "PythAdapter",
    "SettlementEscrow",
    "SignedReportAdapter",
    "SolvencyRegistry",
    "SolvencyResolver",
    "VerifyingKeyRegistry",
}


def forge(
    arguments: Sequence[str], profile: str = "default", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run forge offline and keep what it says."""
    try:
        program = foundry_program("forge")
    except EnvironmentFault as fault:
        pytest.skip(f"skipped: {fault}")
    return subprocess.run(
        [str(program), *arguments],
        cwd=CONTRACTS,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(CONTRACTS.parents[1] / "build"),
            "FOUNDRY_OFFLINE": "true",
            "FOUNDRY_PROFILE": profile,
            "NO_COLOR": "1",
            **settings,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def test_the_library_of_signals_is_what_circuits_json_says() -> None:
    assert LIBRARY.read_text() == statement_library(), "run: python -m prover.evm.statement"


def test_every_circuit_and_layout_has_its_id_and_the_same_signals() -> None:
    """So a key of any size is one more entry of the registry, and a policy may name several."""
    text = LIBRARY.read_text()
    for each in instances().values():
        assert each.public == instance("8-2").public
        for name, ending in ((each.name, ""), (f"{each.name}_dev", "_DEV")):
            identity = f"0x{circuit_id(name).hex()}"
            assert re.search(rf"{each.name.upper()}{ending} =\s*{identity};", text), name
        assert str(each.layout.id) in text


@pytest.mark.slow
def test_forge_with_real_proofs() -> None:
    real.write()
    done = forge(["test"])
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "0 failed" in done.stdout
    assert "[SKIP" not in done.stdout, "a test was skipped, although the proofs are there"


def test_gas_is_what_is_committed() -> None:
    done = forge(["test"], profile="gas", FOUNDRY_GAS_SNAPSHOT_CHECK="true")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def test_gas_of_verifying_meets_its_target() -> None:
    measured = {name: int(used) for name, used in json.loads(GAS.read_text()).items()}
    assert measured["verify"] <= GAS_TARGET
    assert {"verify", "attest", "isSolvent", "postSnapshot"} <= set(measured)


def test_contracts_fit_a_chain() -> None:
    done = forge(["build", "--sizes", "--json"])
    sizes = json.loads(done.stdout)
    assert set(sizes) >= CONTRACTS_TO_SIZE
    too_large = {
        name: sizes[name]["runtime_size"]
        for name in CONTRACTS_TO_SIZE
        if sizes[name]["runtime_size"] > LARGEST_CODE
    }
    assert not too_large


def test_sources_are_formatted() -> None:
    done = forge(["fmt", "--check"])
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize("kind", ["unit", "fuzz", "real"])
def test_behaviours_are_listed_beside_their_tests(kind: str) -> None:
    tests = sorted(path.name.removesuffix(".t.sol") for path in (CONTRACTS / "test" / kind).glob("*.t.sol"))
    trees = sorted(path.stem for path in (CONTRACTS / "test" / kind).glob("*.tree"))
    assert tests == trees


def test_every_invariant_is_a_numbered_property() -> None:
    folder = CONTRACTS / "test" / "invariant"
    page = (folder / "PROPERTIES.md").read_text()
    listed = re.findall(r"^\| \*\*(\w+)\*\* .*`(?:\w+\.)?(invariant_\w+)` \|$", page, re.M)
    written = re.findall(
        r"function (invariant_\w+)\(", "".join(f.read_text() for f in folder.glob("*.t.sol"))
    )
    assert sorted(name for _, name in listed) == sorted(written)
    assert all(name.startswith(f"invariant_{number}_") for number, name in listed)
    assert {mutant.test for mutant in INVARIANT_MUTANTS.values()} == set(written)


def test_attacks_name_tests_that_exist() -> None:
    page = (CONTRACTS.parents[1] / "docs" / "contracts.md").read_text()
    sources = "".join(path.read_text() for path in (CONTRACTS / "test").glob("*/*.t.sol"))
    tests = CONTRACTS.parents[1] / "tests"
    for folder in (tests / "contracts", tests / "evm", tests / "cli"):
        sources += "".join(path.read_text() for path in folder.glob("test_*.py"))
    known = set(re.findall(r"(?:function|def) ((?:test|invariant)\w+)\(", sources))
    named = set(re.findall(r"`(?:\w+\.)?((?:test|invariant)_\w+)`", page))
    assert len(named) > 40
    assert named <= known
    for ending in re.findall(r"`…(\w+)`", page) + re.findall(r"`\w+\.\*(\w+)`", page):
        assert any(name.endswith(ending) for name in known), ending
