"""Solidity, the native kernel and Python accept and refuse alike: known cases, and thousands of mutations.

Python (py_ecc) is the reference and slow, so it judges a sample; the kernel and the contract judge all.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import prover.evm.export
from prover.evm.contracts import artifact
from prover.evm.deployment import key_structure
from prover.evm.encoding import encode, proof_words
from prover.evm.export import export_verifier
from prover.evm.runner import Compiled, Deployed
from prover.toolchain.native import kernel
from tests.verifier.groth16_cases import REFUSED, VALID, complete, g1_times, load, unguarded
from verifier.circuits import instance
from verifier.errors import InvalidError, ZkSolvencyError
from verifier.field import R
from verifier.groth16 import Q, parse_proof, parse_public, parse_verification_key, verify

CEREMONY = "valid_risc0_v2_hez_ptau"
GAS = 1_000_000


def in_python(vk: Any, public: Sequence[str], proof: Any) -> bool:
    """The reference's verdict; malformed is refused."""
    try:
        return verify(parse_verification_key(vk), parse_public(list(public)), parse_proof(proof))
    except ZkSolvencyError:
        return False


def natively(vk: Any, public: Sequence[str], proof: Any) -> bool:
    """The native kernel's verdict; malformed is refused."""
    native = kernel()
    if native is None:
        pytest.skip("skipped: the native kernel is not installed")
    try:
        return bool(native.verify(vk, list(public), proof))
    except ValueError:
        return False


def exported(vk: Any, signals: int) -> Deployed:
    """The exported contract of a key of any number of signals."""
    of = replace(instance("8-2"), public=tuple(f"signal_{place}" for place in range(signals)))
    return Deployed.from_source(export_verifier(vk, of))


def in_registry(vk: Any) -> Deployed:
    """The verifier that the registry of keys deploys, for a key of five signals."""
    eth_abi = pytest.importorskip("eth_abi", reason="skipped: web3.py is not installed (the extra `evm`)")
    made, key = artifact("Groth16Verifier"), key_structure(parse_verification_key(vk))
    kind = "(uint256[2],uint256[2][2],uint256[2][2],uint256[2][2],uint256[2][])"
    arguments = eth_abi.encode([kind], [tuple(key.values())])
    return Deployed(Compiled(made.name, made.creation + arguments, made.runtime))


def on_chain(contract: Deployed, public: Sequence[str], proof: Any) -> bool:
    """The contract's verdict on what is sent as it is, malformed or not."""
    (ax, ay), (cx, cy) = (proof[name][:2] for name in ("pi_a", "pi_c"))
    (bxr, bxi), (byr, byi) = proof["pi_b"][:2]
    words = [int(word) for word in (ax, ay, bxi, bxr, byi, byr, cx, cy)]
    return contract.call(encode(words, [int(signal) for signal in public]), gas=GAS).accepted


# -- The known cases


@pytest.mark.parametrize("name", VALID)
def test_valid_proofs(name: str, vectors: Path) -> None:
    case = load(vectors, name)
    vk, public, proof = case["vk"], case["public"], complete(case["proof"])
    contract = exported(vk, len(public))
    assert in_python(vk, public, proof) and natively(vk, public, proof) and on_chain(contract, public, proof)
    for position in range(len(public)):
        for other in ((int(public[position]) + 1) % R, int(public[position]) + R):
            changed = [*public[:position], str(other), *public[position + 1 :]]
            assert not in_python(vk, changed, proof)
            assert not natively(vk, changed, proof)
            assert not on_chain(contract, changed, proof)


def test_the_matrix_of_verdicts(vectors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the equation alone the contract says what is expected; with its rule for keys none gets so far."""
    seen = set()
    for case in load(vectors, "accept_reject_matrix")["cases"]:
        vk = json.loads((vectors / "crypto" / case["vk"]).read_text())
        proof, public = complete(case["proof"]), case["public"]
        assert not in_python(vk, public, proof)
        assert not natively(vk, public, proof)
        with pytest.raises(InvalidError, match="gamma = delta"):
            exported(vk, 1)
        accepted = on_chain(_forgeable(vk, monkeypatch), public, proof)
        assert accepted == (case["expect_without_vk_policy"] == "accept"), case["case"]
        seen.add(accepted)
    assert seen == {True, False}


_CONTRACTS: dict[str, Deployed] = {}


def _forgeable(vk: Any, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """The contract of a key that is refused, with the refusal taken out."""
    name = json.dumps(vk, sort_keys=True)
    if name not in _CONTRACTS:
        with monkeypatch.context() as patch:
            patch.setattr(prover.evm.export, "parse_verification_key", unguarded)
            _CONTRACTS[name] = exported(vk, 1)
    return _CONTRACTS[name]


@pytest.mark.parametrize("name", REFUSED)
def test_keys_that_must_be_refused(name: str, vectors: Path) -> None:
    vk = load(vectors, f"{name}.vk")
    with pytest.raises(InvalidError):
        parse_verification_key(vk)
    native = kernel()
    if native is not None:
        proof = complete(load(vectors, CEREMONY)["proof"])
        with pytest.raises(native.NativeInvalidError):
            native.verify(vk, ["1"] * (len(vk["IC"]) - 1), proof)


def test_a_point_outside_the_subgroup(vectors: Path) -> None:
    case = load(vectors, CEREMONY)
    outside = load(vectors, "g2_not_in_subgroup")["pi_b"]
    proof = complete({**case["proof"], "pi_b": outside})
    assert not in_python(case["vk"], case["public"], proof)
    assert not natively(case["vk"], case["public"], proof)
    assert not on_chain(in_registry(case["vk"]), case["public"], proof)


# -- Random mutations of a real proof


@dataclass
class Claim:
    """Eight words, imaginary parts first as a chain has them, and the signals."""

    words: list[int]
    public: list[int]

    @property
    def proof(self) -> dict[str, Any]:
        ax, ay, bxi, bxr, byi, byr, cx, cy = map(str, self.words)
        return complete(
            {
                "pi_a": [ax, ay, "1"],
                "pi_b": [[bxr, bxi], [byr, byi], ["1", "0"]],
                "pi_c": [cx, cy, "1"],
            }
        )

    @property
    def signals(self) -> list[str]:
        return [str(signal) for signal in self.public]


@cache
def _points() -> tuple[tuple[int, int], ...]:
    """Points of G1 that have nothing to do with any proof."""
    made = [g1_times(["1", "2", "1"], scalar) for scalar in range(2, 8)]
    return tuple((int(x), int(y)) for x, y, _ in made)


def mutate(rng: random.Random, claim: Claim) -> None:
    """One change: small, large, of a spelling, of an order, or one that leaves a proof a proof."""
    words, public = claim.words, claim.public
    place, signal = rng.randrange(8), rng.randrange(len(public))
    match rng.randrange(12):
        case 0:
            public[signal] = rng.choice((public[signal] + R, rng.randrange(R), R, R - 1, 0))
        case 1:
            public[signal] ^= 1 << rng.randrange(254)
        case 2:
            public[signal], public[0] = public[0], public[signal]
        case 3:
            public[:] = public[:-1] if rng.random() < 0.5 else [*public, 0]
        case 4:
            words[place] = rng.choice((words[place] + Q, rng.randrange(Q), Q, Q - 1, 0))
        case 5:
            words[place] ^= 1 << rng.randrange(254)
        case 6:
            first = rng.choice((0, 6))
            words[first : first + 2] = rng.choice(_points())
        case 7:
            first = rng.choice((0, 2, 4, 6))
            words[first : first + 2] = [0, 0]
        case 8:
            words[2:4], words[4:6] = (
                (words[3:1:-1], words[5:3:-1]) if rng.random() < 0.5 else (words[4:6], words[2:4])
            )
        case 9:
            words[rng.choice((1, 7))] = Q - words[rng.choice((1, 7))] % Q
        case _:
            # (-A, -B, C): other bytes, the same statement.
            words[1], words[4], words[5] = -words[1] % Q, -words[4] % Q, -words[5] % Q


def agree(vectors: Path, count: int, every: int) -> dict[bool, int]:
    """Mutate, compare contract and kernel on all and Python on one of `every`; how many of each verdict."""
    case = load(vectors, CEREMONY)
    contract, vk = in_registry(case["vk"]), case["vk"]
    rng = random.Random("three verifiers")
    tally = {True: 0, False: 0}
    words, public = proof_words(case["proof"]), [int(signal) for signal in case["public"]]
    for number in range(count):
        claim = Claim(list(words), list(public))
        for _ in range(rng.choice((1, 1, 1, 2))):
            mutate(rng, claim)
        verdict = natively(vk, claim.signals, claim.proof)
        found = contract.call(encode(claim.words, claim.public), gas=GAS).accepted
        assert found == verdict, (number, claim)
        if number % every == 0:
            assert in_python(vk, claim.signals, claim.proof) == verdict, (number, claim)
        tally[verdict] += 1
    return tally


def test_three_verifiers_agree_on_random_mutations(vectors: Path) -> None:
    tally = agree(vectors, count=400, every=40)
    assert tally[True] > 30 and tally[False] > 200, tally


@pytest.mark.long
def test_three_verifiers_agree_on_ten_thousand_mutations(
    vectors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = agree(vectors, count=10_000, every=100)
    with capsys.disabled():
        print(f"\n  of 10,000 mutations all three accept {tally[True]:,} and refuse {tally[False]:,}")
    assert tally[True] > 1_000 and tally[False] > 5_000, tally
