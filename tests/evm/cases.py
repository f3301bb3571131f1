"""Real proofs that the contract's tests run on, one function a source, and their contracts.

To add one, write a function that takes the vectors' folder and gives a `RealProof`, or skips with a word, and
name it in `SOURCES`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from prover.evm.encoding import proof_words
from prover.evm.runner import Call, Deployed
from prover.toolchain import snarkjs
from prover.toolchain.circom import compiled
from prover.toolchain.wasm import witness_file
from prover.toolchain.workspace import workspace
from tests.circuits.accounts import at_boundary, circuit_inputs, random_account, random_market
from verifier.circuits import Instance, instance

CIRCUIT = "account_solvency_8_2"


@dataclass(frozen=True)
class RealProof:
    """A key, a proof that holds under it, and its signals; JSON values as snarkjs writes them."""

    vk: Any
    instance: Instance
    proof: Any
    public: tuple[int, ...]


def ceremony(vectors: Path) -> RealProof:
    """Another project's proof with five signals, under the key of its ceremony."""
    file = vectors / "crypto" / "groth16" / "valid_risc0_v2_hez_ptau.json"
    if not file.is_file():
        pytest.skip("skipped: ../shared/vectors is not present")
    case = json.loads(file.read_text())
    return RealProof(case["vk"], instance(CIRCUIT), case["proof"], tuple(int(x) for x in case["public"]))


def account(_vectors: Path) -> RealProof:
    """A random account that is just solvent, proven with the development key of the smallest circuit."""
    of, where = instance(CIRCUIT), workspace()
    key = where.keys / f"{CIRCUIT}_dev"
    proving_key = key / "proving_key.zkey"
    if not proving_key.is_file():
        pytest.skip(f"skipped: there is no key of {CIRCUIT} (zksolvency setup)")
    rng = random.Random("contract")
    market = random_market(rng, of.layout)
    holder = at_boundary(random_account(rng, market, of), market, 0)
    witness = witness_file(compiled(of, where), circuit_inputs(holder, market, of))
    proof, public = snarkjs.prove(where, proving_key, witness)
    vk = json.loads((key / "verification_key.json").read_text())
    return RealProof(vk, of, proof, tuple(int(x) for x in public))


SOURCES: dict[str, Callable[[Path], RealProof]] = {"ceremony": ceremony, "account": account}


@dataclass(frozen=True)
class Case:
    """A real proof, its contract's source, and the contract in an EVM."""

    name: str
    real: RealProof
    source: str
    contract: Deployed

    @property
    def words(self) -> list[int]:
        """The proof's eight words."""
        return proof_words(self.real.proof)

    @property
    def public(self) -> list[int]:
        """The signals."""
        return list(self.real.public)


def refused_with(call: Call, error: bytes) -> bool:
    """Whether a call reverted with this custom error."""
    return not call.accepted and not call.succeeded and call.output.startswith(error)
