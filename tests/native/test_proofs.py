"""Native proofs and keys against snarkjs, in both directions."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from tests.native.reference import ROOT, Circuit, R, SnarkJs, random_circuit
from verifier.groth16 import parse_proof, parse_verification_key, verify


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "constraints", "public"), [(1, 1, 1), (2, 5, 4), (3, 60, 1), (4, 300, 5)])
def test_random_circuits_both_ways(
    native: ModuleType, snarkjs: SnarkJs, tmp_path: Path, seed: int, constraints: int, public: int
) -> None:
    circuit = random_circuit(tmp_path, seed, constraints, public)
    key = tmp_path / "circuit.zkey"
    native.dev_zkey(circuit.r1cs, key)
    vk = snarkjs.key(key)
    proof, signals, _ = native.prove(key, circuit.witness)
    assert signals == circuit.public
    files = [tmp_path / "vk.json", tmp_path / "public.json", tmp_path / "proof.json"]
    for file, content in zip(files, (vk, signals, proof), strict=True):
        file.write_text(json.dumps(content))
    assert "OK!" in snarkjs.run("groth16", "verify", *files)
    assert verify(parse_verification_key(vk), [int(signal) for signal in signals], parse_proof(proof))

    snarkjs.run("groth16", "prove", key, circuit.wtns, files[2], files[1])
    theirs, public_signals = json.loads(files[2].read_text()), json.loads(files[1].read_text())
    assert public_signals == signals
    assert list(theirs) == list(proof)
    assert native.verify(vk, public_signals, theirs)
    wrong = [str((int(public_signals[0]) + 1) % R), *public_signals[1:]]
    assert not native.verify(vk, wrong, theirs)


def test_two_proofs_of_one_witness_differ(native: ModuleType, circuit: Circuit, key: Path) -> None:
    first, second = (native.prove(key, circuit.witness)[0] for _ in range(2))
    for part in ("pi_a", "pi_b", "pi_c"):
        assert first[part] != second[part]


def test_a_wrong_witness_does_not_verify(
    native: ModuleType, snarkjs: SnarkJs, circuit: Circuit, key: Path
) -> None:
    witness = bytearray(circuit.witness)
    witness[-32] ^= 1
    proof, signals, _ = native.prove(key, bytes(witness))
    assert not native.verify(snarkjs.key(key), signals, proof)


def test_progress_and_timings(native: ModuleType, circuit: Circuit, key: Path) -> None:
    seen: list[tuple[str, float]] = []
    _, _, timings = native.prove(key, circuit.witness, lambda *step: seen.append(step))
    shares = [share for _, share in seen]
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1
    assert {"key", "transforms", "points"} <= set(timings)


def test_progress_may_stop_the_work(native: ModuleType, circuit: Circuit, key: Path) -> None:
    class Enough(Exception):
        pass

    def stop(stage: str, share: float) -> None:
        raise Enough(stage)

    with pytest.raises(Enough):
        native.prove(key, circuit.witness, stop)


def test_a_changed_file_is_read_again(native: ModuleType, circuit: Circuit, tmp_path: Path) -> None:
    key = tmp_path / "key.zkey"
    native.dev_zkey(circuit.r1cs, key)
    native.prove(key, circuit.witness)
    other = random_circuit(tmp_path / "other", 99, 7, 2)
    native.dev_zkey(other.r1cs, key)
    _, signals, _ = native.prove(key, other.witness)
    assert signals == other.public
    with pytest.raises(native.NativeInvalidError, match="wires"):
        native.prove(key, circuit.witness)


def test_key_of_the_javascript_path(
    native: ModuleType, snarkjs: SnarkJs, circuit: Circuit, tmp_path: Path
) -> None:
    script = ROOT / "prover" / "toolchain" / "dev_keys.mjs"
    if not script.is_file():
        pytest.skip("the JavaScript path to development keys is not there")
    import subprocess

    theirs, before = tmp_path / "js.zkey", tmp_path / "js0.zkey"
    subprocess.run(
        [snarkjs.node, str(script), str(circuit.r1cs), str(theirs), str(before)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    ours, new = tmp_path / "native.zkey", tmp_path / "native0.zkey"
    native.dev_zkey(circuit.r1cs, ours)
    native.dev_zkey(circuit.r1cs, new, contribute=False)
    assert ours.read_bytes() == theirs.read_bytes()
    assert new.read_bytes() == before.read_bytes()


def test_a_key_without_contribution_is_refused(native: ModuleType, circuit: Circuit, tmp_path: Path) -> None:
    key = tmp_path / "new.zkey"
    native.dev_zkey(circuit.r1cs, key, contribute=False)
    assert native.contribution_count(key) == 0
    with pytest.raises(native.NativeInvalidError, match="forge"):
        native.prove(key, circuit.witness)


def test_published_keys(native: ModuleType, vectors: Path) -> None:
    zkeys = vectors / "zkey"
    assert native.contribution_count(zkeys / "commitment.zkey") == 514
    assert len(native.contributions(zkeys / "commitment.zkey")) == 514
    witness = (zkeys / "commitment.wtns").read_bytes()
    vk = json.loads((zkeys / "commitment.vkey.json").read_text())
    proof, signals, _ = native.prove(zkeys / "commitment.zkey", witness)
    assert native.verify(vk, signals, proof)
    assert native.check_r1cs(zkeys / "commitment.r1cs", witness) == []

    mini = (zkeys / "mini.wtns").read_bytes()
    assert native.contribution_count(zkeys / "g0.zkey") == 0
    with pytest.raises(native.NativeInvalidError, match="forge"):
        native.prove(zkeys / "g0.zkey", mini)
    assert native.contribution_count(zkeys / "g1.zkey") == 1
    native.prove(zkeys / "g1.zkey", mini)
    native.verify_contributions(zkeys / "g1.zkey")


@pytest.mark.slow
def test_published_chain_of_514(native: ModuleType, vectors: Path) -> None:
    native.verify_contributions(vectors / "zkey" / "commitment.zkey")
