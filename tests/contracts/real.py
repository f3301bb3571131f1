"""Real proofs for forge's tests: one account's, over two snapshots, and what the contracts need to take them.

Everything in ``build/contracts/real.json`` is ABI-encoded, so the test in Solidity decodes what this
project's Python encoded. `test_forge.py` writes it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import rlp
from eth_abi import encode
from samples import ATTESTOR, CIRCUIT, HOLDER, NOW, account, policy, universe

from prover.accounts import sign_statement
from prover.evm.deployment import key_structure
from prover.evm.registry import policy_structure, proof_structure, statement_structure
from prover.evm.snapshot import chain_snapshot
from prover.prove import prove
from prover.toolchain.setup import development_key
from prover.toolchain.workspace import workspace
from tests.contracts.world import market
from verifier.bundle import Bundle
from verifier.canonical import keccak256, load_json
from verifier.chain import chain_challenge
from verifier.circuits import instance
from verifier.files import write_json
from verifier.groth16 import parse_verification_key
from verifier.keystore import VERIFICATION_KEY
from verifier.market import Snapshot
from verifier.policy import Policy

CHAIN = "eip155:31337"
DEPLOYER = "0x" + "d0" * 20
SUBJECT = "0x" + "b0" * 20
TARGET = workspace().build / "contracts" / "real.json"

_PROOF = "(uint256[2],uint256[2][2],uint256[2])"
_STATEMENT = "(uint256,uint256,uint256,uint256,uint256)"
_KEY = "(uint256[2],uint256[2][2],uint256[2][2],uint256[2][2],uint256[2][])"
_POLICY = "(string,uint256,uint256,uint8,uint8,uint8,uint40,uint32,bytes32[],uint256[])"
_SNAPSHOT = "(uint256,uint256,uint256,uint256,uint8,uint32,uint40,uint40,(bytes32,uint128,uint128)[])"


def created(deployer: str, nonce: int) -> str:
    """The address of the contract that an account creates with its transaction of this number."""
    sender = bytes.fromhex(deployer.removeprefix("0x"))
    return "0x" + keccak256(rlp.encode([sender, nonce]))[12:].hex()


def real_policy() -> Policy:
    """A policy of the registry that DEPLOYER creates first."""
    key = development_key(instance(CIRCUIT))
    return policy(
        audience=f"{CHAIN}:{created(DEPLOYER, 0)}",
        circuits=[{"circuit": CIRCUIT, "verification_key": key.manifest.verification_key}],
        subject=None,
        fresh_challenge=False,
    )


def real_proof(demands: Policy, snapshot: Snapshot, as_of: int) -> Bundle:
    """A real proof that the samples' account satisfies a policy at a snapshot."""
    statement = sign_statement(
        account().model_copy(update={"as_of": as_of}),
        universe(),
        ATTESTOR.secret,
        holder=HOLDER.holder,
        subject=f"{CHAIN}:{SUBJECT}",
        epoch=snapshot.epoch,
        valid_until=NOW + 7200,
        sequence=snapshot.epoch,
    )
    with patch.object(time, "time", lambda: float(NOW)):
        return prove(statement, snapshot, demands, chain_challenge(demands), HOLDER.number).bundle


def write(target: Path = TARGET) -> None:
    """Make the proofs and write what forge's test reads."""
    demands = real_policy()
    key = development_key(instance(CIRCUIT))
    loaded = parse_verification_key(load_json(key.directory / VERIFICATION_KEY))
    document: dict[str, Any] = {
        "deployer": DEPLOYER,
        "registry": created(DEPLOYER, 0),
        "subject": SUBJECT,
        "name": key.manifest.name,
        "keyHash": "0x" + key.manifest.verification_key.removeprefix("sha256:"),
        "key": _hex(_KEY, key_structure(loaded)),
        "policy": _hex(_POLICY, policy_structure(demands)),
        "context": chain_challenge(demands).context,
    }
    for name, snapshot, as_of in (("first", market(), NOW - 50), ("second", market(8, 65_000), NOW - 20)):
        bundle = real_proof(demands, snapshot, as_of)
        signed = chain_snapshot(snapshot, CHAIN, created(DEPLOYER, 0)).snapshot
        document[name] = {
            "snapshot": _hex(_SNAPSHOT, signed.structure()),
            "statement": _hex(_STATEMENT, statement_structure(bundle)),
            "proof": _hex(_PROOF, proof_structure(bundle)),
        }
    document["context"] = str(document["context"])
    write_json(target, document)


def _hex(kind: str, structure: dict[str, Any]) -> str:
    return "0x" + encode([kind], [_positional(structure)]).hex()


def _positional(value: Any) -> Any:
    """Structures by position, as the ABI has them."""
    if isinstance(value, dict):
        return tuple(_positional(each) for each in value.values())
    return [_positional(each) for each in value] if isinstance(value, list) else value
