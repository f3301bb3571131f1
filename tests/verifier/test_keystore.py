"""The verifier's own keys: found by hash alone, and refused when anything about them does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from groth16_cases import load

from verifier.errors import FormatError, InvalidError, UsageError, ZkSolvencyError
from verifier.groth16 import key_hash
from verifier.keystore import KeyManifest, KeyStore

CIRCUIT = "account_solvency_8_2"
PARAMETERS = {"slots": 8, "nodes": 2, "groups": 8, "brackets": 4, "depth": 5}


@pytest.fixture
def five(vectors: Path) -> Any:
    """A key with five public signals."""
    return load(vectors, "valid_risc0_v2_hez_ptau")["vk"]


@pytest.fixture
def four(vectors: Path) -> Any:
    return load(vectors, "valid_privacy_pools_commitment")["vk"]


def manifest(vk: Any, **changes: Any) -> dict[str, Any]:
    whole = {
        "schema": "zksolvency/key/1",
        "name": f"{CIRCUIT}_dev",
        "circuit": CIRCUIT,
        "parameters": PARAMETERS,
        "r1cs_sha256": "ab" * 32,
        "compiler": "circom 2.2.3",
        "ptau": None,
        "contributions": 1,
        "verification_key": key_hash(vk),
        "proving_key_sha256": "cd" * 32,
        "production": False,
    }
    return whole | changes


def put(directory: Path, vk: Any, about: dict[str, Any], folder: str = "") -> Path:
    target = directory / (folder or about["name"])
    target.mkdir(parents=True)
    (target / "verification_key.json").write_text(json.dumps(vk))
    (target / "manifest.json").write_text(json.dumps(about))
    return target


def test_a_key_is_found_by_its_hash(tmp_path: Path, five: Any) -> None:
    put(tmp_path, five, manifest(five))
    found = KeyStore(tmp_path).find(key_hash(five))
    assert found.verification_key.signals == 5
    assert found.manifest.circuit == CIRCUIT
    assert not found.manifest.production
    assert [entry.manifest.name for entry in KeyStore(tmp_path).entries()] == [f"{CIRCUIT}_dev"]


def test_a_key_by_another_hash_is_not_there(tmp_path: Path, five: Any, four: Any) -> None:
    put(tmp_path, five, manifest(five))
    store = KeyStore(tmp_path)
    for wanted in (key_hash(four), "sha256:" + "0" * 64, f"{CIRCUIT}_dev", "", "../" + CIRCUIT):
        with pytest.raises(InvalidError, match="is not in"):
            store.find(wanted)


def test_a_manifest_that_does_not_match_its_key_is_refused(tmp_path: Path, five: Any, four: Any) -> None:
    put(tmp_path, four, manifest(five))
    with pytest.raises(InvalidError, match="its manifest says"):
        KeyStore(tmp_path).find(key_hash(five))
    with pytest.raises(InvalidError, match="is not in"):
        KeyStore(tmp_path).find(key_hash(four))


def test_a_key_with_another_number_of_signals_than_its_circuit_is_refused(tmp_path: Path, four: Any) -> None:
    put(tmp_path, four, manifest(four))
    with pytest.raises(InvalidError, match="4 public signals"):
        KeyStore(tmp_path).find(key_hash(four))


@pytest.mark.parametrize("name", ["must_refuse_gamma_equals_delta", "must_refuse_no_contribution"])
def test_a_key_that_anybody_can_forge_under_is_refused(name: str, tmp_path: Path, vectors: Path) -> None:
    vk = load(vectors, f"{name}.vk")
    put(tmp_path, vk, manifest(vk, circuit="toy", parameters={}))
    with pytest.raises(InvalidError, match="gamma = delta"):
        KeyStore(tmp_path).find(key_hash(vk))
    with pytest.raises(InvalidError, match="gamma = delta"):
        KeyStore(tmp_path).entries()


def test_one_hash_in_two_places_is_refused(tmp_path: Path, five: Any) -> None:
    """A development key could otherwise be passed off as a ceremony's by a second manifest."""
    put(tmp_path, five, manifest(five))
    ptau = {"file": "powersOfTau28_hez_final_16.ptau", "blake2b_512": "ef" * 64}
    put(tmp_path, five, manifest(five, name=CIRCUIT, production=True, ptau=ptau))
    with pytest.raises(InvalidError, match="twice"):
        KeyStore(tmp_path).find(key_hash(five))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"contributions": 0}, "contributions"),
        ({"contributions": -1}, "contributions"),
        ({"contributions": True}, "contributions"),
        ({"production": True}, "name"),
        ({"name": CIRCUIT}, "name"),
        ({"name": CIRCUIT, "production": True}, "ptau"),
        ({"name": "../../etc_dev"}, "name"),
        ({"name": "A_dev"}, "name"),
        ({"production": "false"}, "production"),
        ({"production": None}, "production"),
        ({"verification_key": "sha256:" + "A" * 64}, "verification_key"),
        ({"verification_key": "0" * 64}, "verification_key"),
        ({"parameters": {**PARAMETERS, "slots": 9}}, "parameters"),
        ({"parameters": {}}, "parameters"),
        ({"r1cs_sha256": "ab"}, "r1cs_sha256"),
        ({"ptau": {"file": "x"}}, "ptau"),
        ({"ptau": []}, "ptau"),
        ({"schema": "zksolvency/key/2"}, "schema"),
        ({"extra": 1}, "extra"),
    ],
)
def test_manifests_are_strict(changes: dict[str, Any], field: str, five: Any) -> None:
    with pytest.raises(FormatError, match=field):
        KeyManifest.parse(manifest(five, **changes))


def test_every_member_is_needed_but_the_phase_one_file(five: Any) -> None:
    whole = manifest(five)
    for name in whole:
        rest = {key: value for key, value in whole.items() if key != name}
        if name == "ptau":
            assert KeyManifest.parse(rest) == KeyManifest.parse(whole)
        else:
            with pytest.raises(FormatError, match=name):
                KeyManifest.parse(rest)


def test_a_broken_neighbour_hides_no_key_and_is_named(tmp_path: Path, five: Any, four: Any) -> None:
    put(tmp_path, five, manifest(five))
    broken = put(tmp_path, four, manifest(four, name="broken_dev"))
    (broken / "manifest.json").write_text('{"schema": ')
    (tmp_path / "notes").mkdir()
    store = KeyStore(tmp_path)
    assert store.find(key_hash(five)).manifest.name == f"{CIRCUIT}_dev"
    with pytest.raises(InvalidError, match="broken_dev"):
        store.find(key_hash(four))
    with pytest.raises(FormatError, match="broken_dev"):
        store.entries()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"protocol": 1}', '{"a": 1, "a": 2}', "[" * 100_000, "1e77", "\0"]
)
def test_a_malformed_key_file_is_a_typed_error(text: str, tmp_path: Path, five: Any) -> None:
    folder = put(tmp_path, five, manifest(five))
    (folder / "verification_key.json").write_text(text)
    with pytest.raises(FormatError, match=r"verification_key\.json"):
        KeyStore(tmp_path).find(key_hash(five))


def test_a_missing_key_file_or_store(tmp_path: Path, five: Any) -> None:
    folder = put(tmp_path, five, manifest(five))
    (folder / "verification_key.json").unlink()
    with pytest.raises(ZkSolvencyError, match=r"verification_key\.json"):
        KeyStore(tmp_path).find(key_hash(five))
    with pytest.raises(UsageError):
        KeyStore(tmp_path / "nowhere")
