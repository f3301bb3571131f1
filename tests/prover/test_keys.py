"""Keys: development keys against snarkjs's own bytes, ceremonies, and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from toolchain_case import GOOD, TOY, reference_keys, toy, toy_ptau, toy_workspace

from prover.backends import choose_backend
from prover.backends.snarkjs import SnarkjsBackend
from prover.toolchain import ptau, setup, snarkjs
from prover.toolchain.binfile import contributions, open_sections
from prover.toolchain.native import kernel
from prover.toolchain.process import node, run
from prover.toolchain.setup import (
    Key,
    apply_beacon,
    begin_key,
    contribute_key,
    development_key,
    finish_key,
    load_key,
    production_key,
)
from prover.toolchain.wasm import witness_file
from verifier import groth16, keystore
from verifier.errors import EnvironmentFault, FormatError, InvalidError, UsageError
from verifier.field import R
from verifier.keystore import KeyStore

SCRIPT = Path(setup.__file__).with_name("dev_keys.mjs")


@pytest.fixture
def without_native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZKSOLVENCY_NATIVE", "0")


def make(keys: Path) -> Key:
    return development_key(TOY, toy_workspace(), keys=keys)


def holds(key: Key, public: list[int], proof: object) -> bool:
    verification_key = groth16.parse_verification_key(json.loads(key.verification_key.read_text()))
    return groth16.verify(verification_key, public, groth16.parse_proof(proof))


# --- development keys ---------------------------------------------------------------------------------


def test_the_script_writes_what_snarkjs_writes(tmp_path: Path) -> None:
    final, initial = tmp_path / "final.zkey", tmp_path / "initial.zkey"
    arguments = [node(), SCRIPT, toy().r1cs, final, initial]
    run(arguments, cwd=toy_workspace().root, limit=120, what="making a key")
    first, last = reference_keys()
    assert initial.read_bytes() == first.read_bytes()
    assert final.read_bytes() == last.read_bytes()


def test_the_native_kernel_writes_the_same(tmp_path: Path) -> None:
    native = kernel()
    if native is None:
        pytest.skip("skipped: the native kernel is not installed")
    native.dev_zkey(str(toy().r1cs), str(tmp_path / "final.zkey"))
    assert (tmp_path / "final.zkey").read_bytes() == reference_keys()[1].read_bytes()


def test_snarkjs_accepts_the_key_against_its_phase_1() -> None:
    assert snarkjs.check_key(toy_workspace(), toy().r1cs, toy_ptau(), reference_keys()[1])


@pytest.mark.parametrize("backend", ["snarkjs", "native"])
def test_a_key_proves_and_its_manifest_says_what_it_is(
    tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend == "native" and kernel() is None:
        pytest.skip("skipped: the native kernel is not installed")
    if backend == "snarkjs":
        monkeypatch.setenv("ZKSOLVENCY_NATIVE", "0")
    key = make(tmp_path)
    manifest = key.manifest
    assert key.directory == tmp_path / "toy_dev"
    assert (manifest.name, manifest.circuit, manifest.production) == ("toy_dev", "toy", False)
    assert (manifest.contributions, manifest.ptau) == (1, None)
    assert manifest.parameters == {"slots": 12, "nodes": 2, "groups": 3, "brackets": 4, "depth": 5}
    assert manifest.compiler.startswith("circom2 0.")
    assert manifest.r1cs_sha256 == hashlib.sha256(toy().r1cs.read_bytes()).hexdigest()
    assert manifest.proving_key_sha256 == hashlib.sha256(key.proving_key.read_bytes()).hexdigest()
    assert json.loads((key.directory / "manifest.json").read_text())["ptau"] is None
    assert KeyStore(tmp_path).find(manifest.verification_key).manifest == manifest
    prover = SnarkjsBackend(toy_workspace()) if backend == "snarkjs" else choose_backend("native")
    proof, signals = prover.prove(key.proving_key, witness_file(toy(), GOOD))
    public = [int(signal) for signal in signals]
    assert public == [5 * 479001600, 82 * GOOD["secret"], 5]  # type: ignore[operator]
    assert holds(key, public, proof)
    for at in range(3):
        assert not holds(key, [(s + (i == at)) % R for i, s in enumerate(public)], proof)
    again, _ = prover.prove(key.proving_key, witness_file(toy(), GOOD))
    assert again != proof, "two proofs of one witness differ"


def test_a_key_is_made_once_and_remade_when_damaged(tmp_path: Path) -> None:
    first = make(tmp_path)
    assert first.seconds > 0
    assert make(tmp_path).seconds == 0
    whole = first.proving_key.read_bytes()
    for path, content in (
        (first.proving_key, whole[:-1]),
        (first.proving_key, whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]),
        (first.directory / "manifest.json", b"{}"),
    ):
        path.write_bytes(content)
        assert make(tmp_path).seconds > 0
        assert first.proving_key.read_bytes() == whole
    first.verification_key.unlink()
    with pytest.raises(UsageError, match="is missing"):
        load_key(first.directory)
    assert make(tmp_path).manifest == first.manifest


def test_a_key_of_another_circuit_is_replaced(tmp_path: Path) -> None:
    key = make(tmp_path)
    path = key.directory / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "r1cs_sha256": "00" * 32}))
    assert make(tmp_path).seconds > 0
    assert json.loads(path.read_text()) == manifest


@pytest.mark.usefixtures("without_native")
@pytest.mark.parametrize("fault", ["program fails", "killed while placing", "disk full"])
def test_an_interrupted_making_leaves_no_half_of_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    key = make(tmp_path)
    before = {each.name: each.read_bytes() for each in key.directory.iterdir()}
    # Something that has to be made again, so that there is something to interrupt.
    found = setup._current
    monkeypatch.setattr(setup, "_current", lambda directory, r1cs: None)

    def fail(*_: object, **__: object) -> None:
        if fault == "killed while placing":
            raise KeyboardInterrupt
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        if fault == "program fails":
            patch.setattr(setup, "_SCRIPT", tmp_path / "no-such-script.mjs")
        elif fault == "killed while placing":
            patch.setattr(setup, "write_json", fail)
        else:
            patch.setattr(snarkjs, "verification_key", fail)
        with pytest.raises((EnvironmentFault, KeyboardInterrupt)):
            make(tmp_path)
    names = {each.name for each in key.directory.iterdir()}
    assert not any(name.endswith(".tmp") for name in names)
    if fault == "killed while placing":
        # New and old files are mixed, so it must not look like a key.
        assert "manifest.json" not in names
    else:
        assert {each.name: each.read_bytes() for each in key.directory.iterdir()} == before
    monkeypatch.setattr(setup, "_current", found)
    assert make(tmp_path).manifest == key.manifest


# --- keys that must be refused ------------------------------------------------------------------------


def place(zkey: Path, keys: Path) -> Key:
    """What is done with every finished zkey, wherever it comes from."""
    with setup._beside(keys / "toy_dev" / "proving_key.zkey") as made:
        made.write_bytes(zkey.read_bytes())
        return setup._place(made, keys / "toy_dev", TOY, toy(), None, toy_workspace(), 0.0)


def test_a_key_that_nobody_contributed_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="nobody has contributed"):
        place(reference_keys()[0], tmp_path)
    assert not (tmp_path / "toy_dev" / "manifest.json").exists()


def test_the_published_example_of_such_a_key_is_refused(vectors: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="nobody has contributed"):
        place(vectors / "crypto" / "zkey" / "g0.zkey", tmp_path)


def test_gamma_equal_to_delta_is_refused_whatever_the_record_says(tmp_path: Path) -> None:
    whole = bytearray(reference_keys()[1].read_bytes())
    # Section 2 follows the 4 bytes of section 1: moduli, sizes, alpha1 beta1 beta2, gamma2 delta1 delta2.
    header = 12 + 12 + 4 + 12 + 2 * 36 + 12
    gamma = header + 64 + 64 + 128
    whole[gamma + 128 + 64 : gamma + 128 + 64 + 128] = whole[gamma : gamma + 128]
    forged = tmp_path / "forged.zkey"
    forged.write_bytes(whole)
    assert len(contributions(forged)) == 1
    with pytest.raises((InvalidError, FormatError), match=r"gamma|γ|delta|δ"):
        place(forged, tmp_path)
    assert not (tmp_path / "toy_dev" / "manifest.json").exists()


# --- phase 1 ------------------------------------------------------------------------------------------


def test_the_published_table_is_the_published_table(vectors: Path) -> None:
    rows = json.loads((vectors / "crypto" / "ptau" / "hez_final_blake2b.json").read_text())["rows"]
    assert ptau.published() == {row["blake2b_512"]: (row["file"], row["power"]) for row in rows}
    assert len(rows) == 21


def test_a_file_in_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidError, match=r"is not a published phase 1 file.*powersOfTau28_hez_final_08\.ptau"
    ):
        begin_key(TOY, toy_ptau(), tmp_path / "0.zkey", toy_workspace())
    assert list(tmp_path.iterdir()) == []


def test_one_changed_byte_is_refused(tmp_path: Path, known: Path) -> None:
    content = bytearray(known.read_bytes())
    content[-1] ^= 1
    changed = tmp_path / "changed.ptau"
    changed.write_bytes(content)
    assert ptau.examine(known, 4).published
    with pytest.raises(InvalidError, match="is not a published"):
        ptau.examine(changed, 4)


def test_a_file_that_is_too_small_or_not_prepared_is_refused() -> None:
    with pytest.raises(UsageError, match=r"has room for 2\^6 constraints, and the circuit needs 2\^15"):
        ptau.examine(toy_ptau(), 15, unpublished=True)
    with pytest.raises(UsageError, match="is not prepared for phase 2"):
        ptau.examine(toy_ptau(5, prepared=False), 4, unpublished=True)
    with pytest.raises(FormatError, match="is not a ptau file"):
        ptau.examine(toy().r1cs, 4)


# --- a ceremony ---------------------------------------------------------------------------------------


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A phase 1 file, as if it were in the published table."""
    digest = hashlib.blake2b(toy_ptau().read_bytes()).hexdigest()
    monkeypatch.setattr(ptau, "published", lambda: {digest: ("published.ptau", 6)})
    monkeypatch.setattr(keystore, "check_phase1", lambda *_: None)
    return toy_ptau()


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every argument of every program that is run: what other users of the machine can see."""
    import subprocess

    seen: list[str] = []
    started = subprocess.Popen

    def watched(command: list[str], *rest: object, **options: object) -> object:
        seen.extend(map(str, command))
        return started(command, *rest, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", watched)
    yield seen


def test_a_ceremony_from_beginning_to_end(tmp_path: Path, known: Path, arguments: list[str]) -> None:
    where = toy_workspace()
    first = begin_key(TOY, known, tmp_path / "0.zkey", where)
    with pytest.raises(InvalidError, match="nobody has contributed"):
        finish_key(TOY, known, first, where, keys=tmp_path / "keys")
    drawn: list[bytes] = []
    take = os.urandom

    def watched(size: int) -> bytes:
        drawn.append(take(size))
        return drawn[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup.secrets, "token_bytes", watched)
        one = contribute_key(first, tmp_path / "1.zkey", "ada", where)
    two = contribute_key(tmp_path / "1.zkey", tmp_path / "2.zkey", "bob", where)
    three = apply_beacon(tmp_path / "2.zkey", tmp_path / "3.zkey", "block 1", bytes(range(32)), where=where)
    assert len({one, two, three}) == 3
    assert drawn, "the contribution draws fresh randomness"
    assert not any(drawn[0].hex() in argument for argument in arguments)
    found = contributions(tmp_path / "3.zkey")
    assert [(each.name, each.kind) for each in found] == [("ada", 0), ("bob", 0), ("block 1", 1)]
    key = finish_key(TOY, known, tmp_path / "3.zkey", where, keys=tmp_path / "keys")
    assert (key.manifest.name, key.manifest.production, key.manifest.contributions) == ("toy", True, 3)
    assert key.manifest.ptau is not None
    assert key.manifest.ptau.file == "published.ptau"
    assert KeyStore(tmp_path / "keys").find(key.manifest.verification_key).manifest.production
    proof, public = SnarkjsBackend(where).prove(key.proving_key, witness_file(toy(), GOOD))
    assert holds(key, [int(signal) for signal in public], proof)


def test_all_steps_at_once(tmp_path: Path, known: Path) -> None:
    lines: list[str] = []
    key = production_key(TOY, known, "ada", toy_workspace(), lines.append, keys=tmp_path)
    assert (key.directory, key.manifest.production, key.manifest.contributions) == (tmp_path / "toy", True, 1)
    assert any("to be published" in line for line in lines)


def test_a_key_from_an_unpublished_file_is_a_development_key(tmp_path: Path) -> None:
    where = toy_workspace()
    begin_key(TOY, toy_ptau(), tmp_path / "0.zkey", where, unpublished=True)
    contribute_key(tmp_path / "0.zkey", tmp_path / "1.zkey", "ada", where)
    key = finish_key(TOY, toy_ptau(), tmp_path / "1.zkey", where, keys=tmp_path, unpublished=True)
    assert (key.manifest.name, key.manifest.production) == ("toy_dev", False)


def test_a_key_of_another_phase_1_is_refused(tmp_path: Path, known: Path) -> None:
    content = bytearray(reference_keys()[1].read_bytes())
    with open_sections(reference_keys()[1], "zkey") as sections:
        points = sections.read(9)
    at = content.index(points)
    # The second point in the place of the first.
    content[at : at + 64] = points[64:128]
    changed = tmp_path / "changed.zkey"
    changed.write_bytes(content)
    with pytest.raises(InvalidError, match=r"does not follow from this circuit and published\.ptau"):
        finish_key(TOY, known, changed, toy_workspace(), keys=tmp_path / "keys")
    assert not (tmp_path / "keys").exists()


def test_a_bad_beacon_is_a_usage_error(tmp_path: Path) -> None:
    for value, exponent in ((b"", 10), (bytes(256), 10), (bytes(32), 9), (bytes(32), 64)):
        with pytest.raises(UsageError, match="a beacon has"):
            apply_beacon(reference_keys()[0], tmp_path / "1.zkey", "x", value, exponent, toy_workspace())
