"""The kernel's check of a stored key's proofs takes the key that was checked, and no file's later content."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from prover.acceleration import native_check
from verifier.errors import InvalidError
from verifier.groth16 import key_hash, parse_proof, parse_public, parse_verification_key
from verifier.keystore import MANIFEST, VERIFICATION_KEY, KeyStore


def test_a_file_overwritten_after_find_changes_nothing(
    native: ModuleType, vectors: Path, tmp_path: Path
) -> None:
    case, other = (
        json.loads((vectors / "groth16" / f"valid_{name}.json").read_text())
        for name in ("ark_bn254", "privacy_pools_commitment")
    )
    folder = tmp_path / "some_dev"
    folder.mkdir()
    (folder / VERIFICATION_KEY).write_text(json.dumps(case["vk"]))
    manifest = {
        "schema": "zksolvency/key/1",
        "name": "some_dev",
        "circuit": "some",
        "parameters": {},
        "r1cs_sha256": "00" * 32,
        "compiler": "some",
        "contributions": 1,
        "verification_key": key_hash(case["vk"]),
        "proving_key_sha256": "00" * 32,
        "production": False,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))
    key = KeyStore(tmp_path).find(key_hash(case["vk"]))
    check = native_check(key)
    assert check is not None
    (folder / VERIFICATION_KEY).write_text(json.dumps(other["vk"]))
    late = native_check(key)
    assert late is not None
    public, proof = parse_public(case["public"]), parse_proof(case["proof"])
    assert check(key.verification_key, public, proof)
    assert late(key.verification_key, public, proof)
    assert not late(key.verification_key, [public[0] + 1, *public[1:]], proof)
    with pytest.raises(InvalidError, match="another key"):
        check(parse_verification_key(other["vk"]), parse_public(other["public"]), parse_proof(other["proof"]))
