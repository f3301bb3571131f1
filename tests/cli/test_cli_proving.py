"""Backends, keys and sizes: what proves, what is missing, and accounts that need another circuit."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from running import Run, content, edit, read
from samples import write_keys

import prover.prove
from prover.r1cs import parse_witness, write_witness
from prover.toolchain import process
from prover.toolchain.circom import Compiled
from prover.toolchain.native import kernel
from prover.toolchain.setup import development_key as make_key
from prover.toolchain.wasm import witness_file
from prover.toolchain.workspace import workspace
from prover.witness import Inputs
from verifier.circuits import instance

NATIVE = kernel() is not None
needs_native = pytest.mark.skipif(not NATIVE, reason="skipped: the native kernel is not installed")


@pytest.fixture
def no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH on which there is neither Node nor npm."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    process.node.cache_clear()


@pytest.fixture
def proving_keys(folder: Path, development_key: Path) -> Path:
    """A store of its own with the 8-2 key, to be spoilt."""
    store = folder / "proving"
    shutil.copytree(development_key, store / development_key.name)
    return store / development_key.name


@needs_native
def test_native(folder: Path, run: Run) -> None:
    ran = run("prove", "--backend", "native", "--json")
    assert (ran.code, ran.json["backend"], ran.json["circuit"]) == (0, "native", "account_solvency_8_2")
    assert {"witness", "proof (native)", "self-check", "write"} <= set(ran.json["seconds"])
    assert run("verify").code == 0


def test_native_can_be_switched_off(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """That snarkjs proves then is tested where its arguments are watched."""
    monkeypatch.setenv("ZKSOLVENCY_NATIVE", "0")
    before = content(folder)
    ran = run("prove", "--backend", "native")
    assert ran.code == 3
    assert "--backend snarkjs" in ran.err
    assert content(folder) == before


def test_two_proofs_of_one_statement_differ(folder: Path, run: Run) -> None:
    first = read("bundle.json")
    assert run("verify", "--replay", "seen.sqlite").code == 0
    assert run("prove").code == 0
    second = read("bundle.json")
    assert first["proof"] != second["proof"]
    assert first["public"] == second["public"]
    assert run("verify").code == 0
    # Another proof is no other statement: what was accepted is not accepted again.
    ran = run("verify", "--replay", "seen.sqlite", "--json")
    assert (ran.code, ran.failed()) == (1, ["not replayed"])


def test_self_declared(folder: Path, run: Run) -> None:
    """Accepted only where the policy says so, and called so."""
    assert run("keys", "new", "attestor", "--out", "secrets/myself.json").code == 0
    assert run("sign", "account.json", "--key", "secrets/myself.json").code == 0
    assert run("policy", "new", "--allow-self-declared").code == 0
    assert run("policy", "challenge").code == 0
    assert run("prove").code == 0
    ran = run("verify", "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "VALID (self-declared, development key)")
    assert ran.json["self_declared"] is True
    edit("policy.json", "allow_self_declared", False)
    assert "attestor" in run("verify", "--json").failed()


def test_initial_margin(folder: Path, run: Run) -> None:
    assert run("market", "build", "--level", "initial").code == 0
    assert run("sign", "market.json").code == 0
    assert run("policy", "new", "--ratio", "1.25", "--floor", "1000").code == 0
    assert run("policy", "challenge").code == 0
    assert run("prove", "--debug").code == 0
    ran = run("verify", "--json")
    assert ran.code == 0
    terms = ran.json["statement"]["terms"]
    assert (terms["level"], terms["ratio"], terms["floor"]) == ("initial", 5, "1000")


# -- Without Node


@needs_native
def test_native_needs_no_node(folder: Path, run: Run, no_node: None) -> None:
    assert run("setup").code == 0
    assert run("prove").code == 0
    assert run("verify").code == 0


def test_snarkjs_without_node(folder: Path, run: Run, no_node: None) -> None:
    before = content(folder)
    ran = run("prove", "--backend", "snarkjs")
    assert ran.code == 3
    assert "Node" in ran.err and "https://nodejs.org" in ran.err
    assert content(folder) == before


def test_setup_without_node(
    folder: Path, run: Run, no_node: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZKSOLVENCY_HOME", str(tmp_path / "home"))
    ran = run("setup")
    assert ran.code == 3
    assert "Node" in ran.err and "https://nodejs.org" in ran.err


def test_doctor_without_node(run: Run, no_node: None) -> None:
    ran = run("doctor", "--json")
    assert ran.code == 3
    missing = {finding["name"]: finding["mend"] for finding in ran.json["findings"]}
    assert "https://nodejs.org" in missing["node"]


def test_prove_before_setup(folder: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZKSOLVENCY_HOME", str(tmp_path / "home"))
    for line in ("prove", "policy new"):
        ran = run(*line.split())
        assert ran.code == 2
        assert "zksolvency setup" in ran.err


# -- Keys


def test_no_key(folder: Path, run: Run) -> None:
    (folder / "none").mkdir()
    for arguments in (("prove",), ("policy", "new"), ("policy", "new", "--size", "8-2")):
        before = content(folder)
        ran = run(*arguments, "--keys", "none")
        assert ran.code == 2, ran.all
        assert "none" in ran.err and "zksolvency setup" in ran.err
        assert content(folder) == before


def test_a_verifiers_store_has_no_proving_key(folder: Path, run: Run) -> None:
    ran = run("prove", "--keys", "keys")
    assert ran.code == 2
    assert "proving_key.zkey: is missing" in ran.err and "zksolvency setup" in ran.err


def test_a_key_of_another_circuit(folder: Path, run: Run) -> None:
    """A policy that names the key of one circuit for another: neither side takes it."""
    write_keys(folder / "wrong", circuit="account_solvency_32_2")
    vk = read(folder / "wrong" / "account_solvency_32_2_dev" / "manifest.json")["verification_key"]
    edit("policy.json", "circuits", [{"circuit": "account_solvency_8_2", "verification_key": vk}])
    assert run("policy", "challenge").code == 0
    ran = run("prove", "--keys", "wrong")
    assert ran.code == 1
    assert "is for account_solvency_32_2, not for account_solvency_8_2" in ran.err
    edit("bundle.json", "verification_key", vk)
    assert "verification key in our store" in run("verify", "--keys", "wrong", "--json").failed()


def test_a_key_of_another_version_of_the_circuit(proving_keys: Path, run: Run) -> None:
    edit(proving_keys / "manifest.json", "r1cs_sha256", "00" * 32)
    ran = run("prove", "--keys", proving_keys.parent)
    assert ran.code == 1
    assert "another version of the circuit 8-2" in ran.err and "zksolvency setup --size 8-2" in ran.err


def test_an_altered_verification_key(proving_keys: Path, run: Run) -> None:
    key = read(proving_keys / "verification_key.json")
    key["IC"][0], key["IC"][1] = key["IC"][1], key["IC"][0]
    (proving_keys / "verification_key.json").write_text(json.dumps(key))
    ran = run("prove", "--keys", proving_keys.parent)
    assert ran.code == 2
    assert "its hash is" in ran.err and "zksolvency setup" in ran.err
    assert "verification key in our store" in run("verify", "--keys", proving_keys.parent, "--json").failed()


@needs_native
def test_setup_mends_a_spoilt_key(proving_keys: Path, run: Run) -> None:
    whole = content(proving_keys)
    (proving_keys / "verification_key.json").write_text("{}")
    assert run("setup", "--keys", proving_keys.parent).code == 0
    assert content(proving_keys) == whole


@pytest.mark.parametrize("how", ["truncated", "altered"])
def test_a_spoilt_proving_key(how: str, proving_keys: Path, folder: Path, run: Run) -> None:
    zkey = proving_keys / "proving_key.zkey"
    data = bytearray(zkey.read_bytes())
    if how == "truncated":
        del data[len(data) // 2 :]
    else:
        data[len(data) // 2 : len(data) // 2 + 4096] = bytes(4096)
    zkey.write_bytes(data)
    before = (folder / "bundle.json").read_bytes()
    ran = run("prove", "--keys", proving_keys.parent)
    assert ran.code in (1, 3)
    assert "internal" not in ran.err
    assert "zksolvency setup" in ran.err
    assert (folder / "bundle.json").read_bytes() == before


def test_a_witness_that_breaks_the_circuit_is_never_written(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--debug names the constraint by template and line; without it the self-check refuses."""

    def spoilt(circuit: Compiled, inputs: Inputs) -> bytes:
        wires = parse_witness(witness_file(circuit, inputs))
        wires[len(wires) // 2] ^= 1
        return write_witness(wires)

    monkeypatch.setattr(prover.prove, "witness_file", spoilt)
    before = content(folder)
    ran = run("prove", "--debug")
    assert ran.code == 1
    assert "breaks the circuit" in ran.err and "main." in ran.err
    assert re.search(r"template \w+, \w+\.circom:\d+", ran.err)
    assert content(folder) == before
    ran = run("prove")
    assert ran.code == 1
    assert "our own verifier refuses" in ran.err
    assert content(folder) == before


# -- Other sizes


@pytest.mark.slow
def test_more_than_eight_positions(folder: Path, run: Run) -> None:
    """Twelve positions do not fit 8-2; the next size that the policy accepts is taken unasked."""
    make_key(instance("32-2"))
    listed = [each["id"] for each in read("universe.json")["instruments"]]
    held = [
        {"instrument": name, "size": "-0.5" if place % 2 else "0.25"} for place, name in enumerate(listed)
    ]
    edit("account.json", "positions", held)
    assert len(held) == 12
    assert run("sign", "account.json").code == 0
    assert run("policy", "new", "--size", "8-2").code == 0
    assert run("policy", "challenge").code == 0
    ran = run("prove")
    assert ran.code == 1
    assert "8-2, has room for 8 positions" in ran.err
    assert run("policy", "new", "--size", "8-2", "--size", "32-2").code == 0
    assert run("policy", "challenge").code == 0
    ran = run("prove", "--json")
    assert (ran.code, ran.json["circuit"]) == (0, "account_solvency_32_2"), ran.all
    assert run("verify").code == 0


@pytest.mark.slow
def test_twenty_four_nodes(folder: Path, run: Run) -> None:
    make_key(instance("14-24"))
    assert run("market", "build", "--layout", "s24-k2-d5").code == 0
    assert run("sign", "market.json").code == 0
    assert run("policy", "new", "--size", "14-24").code == 0
    assert run("policy", "challenge").code == 0
    ran = run("prove", "--json")
    assert (ran.code, ran.json["circuit"]) == (0, "account_solvency_14_24"), ran.all
    assert run("verify").code == 0
    assert run("evm", "export", "--key", workspace().keys / "account_solvency_14_24_dev").code == 0
