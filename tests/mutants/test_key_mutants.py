"""Keys with the guards taken out one by one: what each of them stops, shown by doing it.

A mutant here is the real code with one check replaced by nothing. The real code must refuse what the mutant
lets through; the forgery shows why that matters.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from prover.toolchain import ptau, setup, snarkjs
from prover.toolchain.binfile import contributions
from prover.toolchain.setup import finish_key
from tests.prover.toolchain_case import TOY, reference_keys, toy, toy_ptau, toy_workspace
from verifier import groth16
from verifier.errors import FormatError, InvalidError
from verifier.field import R
from verifier.groth16 import Q
from verifier.keystore import KeyManifest

PUBLIC = [1, 2, 3]
"""Signals that no witness was ever computed for."""


def place(zkey: Path, keys: Path) -> setup.Key:
    """What is done with every finished zkey."""
    with setup._beside(keys / "toy_dev" / "proving_key.zkey") as made:
        made.write_bytes(zkey.read_bytes())
        return setup._place(made, keys / "toy_dev", TOY, toy(), None, toy_workspace(), 0.0)


def forgery(verification_key: dict[str, Any]) -> dict[str, Any]:
    """A = α, B = β, C = −(IC₀ + Σ sᵢ·ICᵢ): a proof of anything under a key with γ = δ, without a witness."""
    from py_ecc.optimized_bn128 import FQ, add, multiply, neg, normalize

    points = [(FQ(int(x)), FQ(int(y)), FQ(1)) for x, y, _ in verification_key["IC"]]
    total = points[0]
    for signal, point in zip(PUBLIC, points[1:], strict=True):
        total = add(total, multiply(point, signal % R))
    x, y = normalize(neg(total))
    return {
        "pi_a": verification_key["vk_alpha_1"],
        "pi_b": verification_key["vk_beta_2"],
        "pi_c": [str(x.n % Q), str(y.n % Q), "1"],
        "protocol": "groth16",
        "curve": "bn128",
    }


def snarkjs_accepts(verification_key: dict[str, Any], proof: dict[str, Any], folder: Path) -> bool:
    files = {"key": verification_key, "public": [str(signal) for signal in PUBLIC], "proof": proof}
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    paths = [folder / f"{name}.json" for name in files]
    return snarkjs.verify(toy_workspace(), *paths)


def test_without_counting_contributions_anybody_can_prove_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = reference_keys()[0]
    # Both of these are content with it: the tool's own check, and a look at the file's form.
    assert snarkjs.check_key(toy_workspace(), toy().r1cs, toy_ptau(), bare)
    assert contributions(bare) == []
    with pytest.raises(InvalidError, match="nobody has contributed"):
        place(bare, tmp_path / "real")

    # Planted: contributions are not counted. The verification key is refused all the same.
    monkeypatch.setattr(setup, "_require_contribution", lambda zkey: 1)
    with pytest.raises((InvalidError, FormatError)):
        place(bare, tmp_path / "uncounted")

    # Planted as well: the verification key is not looked at. Now there is a key in the store,
    monkeypatch.setattr(setup, "parse_verification_key", lambda key: None)
    key = place(bare, tmp_path / "unchecked")
    exported = json.loads(key.verification_key.read_text())
    # under which five lines prove what no witness was computed for,
    proof = forgery(exported)
    assert snarkjs_accepts(exported, proof, tmp_path)
    # and which our own verifier refuses to load.
    with pytest.raises((InvalidError, FormatError)):
        groth16.parse_verification_key(exported)


def test_under_a_real_key_the_forgery_fails(tmp_path: Path) -> None:
    key = place(reference_keys()[1], tmp_path / "real")
    exported = json.loads(key.verification_key.read_text())
    proof = forgery(exported)
    assert not snarkjs_accepts(exported, proof, tmp_path)
    parsed = groth16.parse_verification_key(exported)
    assert not groth16.verify(parsed, PUBLIC, groth16.parse_proof(proof))


def test_without_the_table_a_home_made_phase_1_makes_a_production_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zkey = reference_keys()[1]
    with pytest.raises(InvalidError, match="is not a published phase 1 file"):
        finish_key(TOY, toy_ptau(), zkey, toy_workspace(), keys=tmp_path)
    told = finish_key(TOY, toy_ptau(), zkey, toy_workspace(), keys=tmp_path, unpublished=True)
    assert not told.manifest.production

    # Planted: whatever file is given counts as published. Its maker knows tau, and can forge.
    digest = hashlib.blake2b(toy_ptau().read_bytes()).hexdigest()
    monkeypatch.setattr(ptau, "published", lambda: {digest: (toy_ptau().name, 6)})
    trusted = finish_key(TOY, toy_ptau(), zkey, toy_workspace(), keys=tmp_path)
    assert trusted.manifest.production, "the table is what keeps this flag honest"


def test_without_the_name_rule_a_development_key_could_pass_for_another(tmp_path: Path) -> None:
    key = place(reference_keys()[1], tmp_path)
    manifest = json.loads((key.directory / "manifest.json").read_text())
    for change in ({"production": True}, {"name": "toy"}, {"contributions": 0}):
        with pytest.raises(FormatError):
            KeyManifest.parse({**manifest, **change})
    # Planted by hand: both changed at once still lack a phase 1 file.
    with pytest.raises(FormatError, match="ptau"):
        KeyManifest.parse({**manifest, "production": True, "name": "toy"})
