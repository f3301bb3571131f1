"""Proofs for a contract: what ties them to it, and what a verifier off the chain makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samples import ATTESTOR, CIRCUIT, NOW, bundle, challenge, edited, key_hash, policy, universe, write_keys

from verifier import (
    ChainChallenge,
    FormatError,
    KeyStore,
    Policy,
    VerificationResult,
    chain_challenge,
    new_challenge,
    verify,
)
from verifier.bundle import Bundle
from verifier.canonical import keccak256
from verifier.chain import chain_policy_id, contract_of, read_challenge
from verifier.circuits import layout

REGISTRY = "0x" + "ab" * 20
OTHER = "0x" + "cd" * 20

Run = Callable[..., VerificationResult]


def of_contract(**changes: Any) -> Policy:
    """A policy that a registry on chain 31337 enforces."""
    made = {"audience": f"eip155:31337:{REGISTRY}", "fresh_challenge": False, "subject": None, **changes}
    return policy(**made)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyStore:
    return KeyStore(write_keys(tmp_path_factory.mktemp("keys")))


@pytest.fixture
def run(keys: KeyStore) -> Run:
    def go(given: Any, demands: Policy, sent: Any = None) -> VerificationResult:
        return verify(
            given, demands, keys, challenge=sent, now=NOW, check_proof=lambda key, public, proof: True
        )

    return go


def refused(result: VerificationResult, *names: str) -> str:
    assert [check.name for check in result.failed] == list(names)
    return " ".join(check.detail for check in result.failed)


# The id and the context, against an independent encoder.


def test_the_policy_id_is_the_hash_of_the_abi_encoding() -> None:
    abi = pytest.importorskip("eth_abi", reason="the extra evm is not installed")
    for name in ("p", "x" * 32, "a policy with a name of more than thirty-two bytes, é"):
        demands = of_contract(name=name, ratio="1.25", attestors=[*(named(7), named(9))])
        values = (
            name,
            universe().hash,
            layout("s2-k4-d5").id,
            1,
            1,
            5,
            1000,
            1800,
            [keccak256(f"{CIRCUIT}_dev".encode())],
            [7, 9],
        )
        types = "(string,uint256,uint256,uint8,uint8,uint8,uint40,uint32,bytes32[],uint256[])"
        assert chain_policy_id(demands) == keccak256(abi.encode([types], [values]))


def test_the_context_is_the_hash_of_the_abi_encoding() -> None:
    abi = pytest.importorskip("eth_abi", reason="the extra evm is not installed")
    made = chain_challenge(of_contract())
    packed = abi.encode(["uint256", "address", "bytes32"], [31337, REGISTRY, chain_policy_id(of_contract())])
    assert made.context == int.from_bytes(keccak256(packed), "big") >> 8
    assert made.audience == f"eip155:31337:{REGISTRY}"


def named(attestor: int) -> dict[str, str]:
    return {"name": f"attestor {attestor}", "attestor": str(attestor)}


def test_known_values() -> None:
    """Fixed, so that a change is seen where the independent encoder is not installed."""
    made = ChainChallenge(chain="eip155:1", contract="0x" + "00" * 19 + "01", policy="00" * 31 + "02")
    # keccak256 of the words 1, 1 and 2, without its last byte.
    assert made.context == 0xA80034BDBB8DE39FCE520A04FA6876DFA52EF6776D880D540D3AD0887ABB20


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "another"},
        {"universe": "1"},
        {"level": "initial"},
        {"coverage": "owner"},
        {"ratio": "1.15"},
        {"floor": "1001"},
        {"max_age": 1801},
        {"allow_development_keys": False},
        {"attestors": [named(7)]},
        {"attestors": [named(ATTESTOR.attestor), named(7)]},
        {"circuits": [{"circuit": "account_solvency_32_2", "verification_key": key_hash()}]},
    ],
)
def test_every_demand_is_in_the_id(changes: dict[str, Any]) -> None:
    assert chain_policy_id(of_contract(**changes)) != chain_policy_id(of_contract())


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("allow_self_declared", {"allow_self_declared": True}),
        ("subject", {"subject": "eip155:1:0x" + "12" * 20}),
        (
            "circuits",
            {
                "circuits": [
                    {"circuit": name, "verification_key": key_hash()}
                    for name in (CIRCUIT, "account_solvency_14_24")
                ]
            },
        ),
    ],
)
def test_what_a_contract_cannot_demand(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError) as caught:
        chain_policy_id(of_contract(**changes))
    assert caught.value.field == field


def test_whose_policy_it_is() -> None:
    assert contract_of(of_contract()) == ("eip155:31337", REGISTRY)
    shouted = of_contract(audience="eip155:31337:0x" + "AB" * 20)
    assert contract_of(shouted) == ("eip155:31337", REGISTRY)
    assert contract_of(of_contract(fresh_challenge=True)) is None
    assert contract_of(policy(fresh_challenge=False)) is None
    with pytest.raises(FormatError):
        chain_challenge(policy())


# The verifier off the chain.


def test_a_proof_for_the_contract(run: Run) -> None:
    demands = of_contract()
    sent = chain_challenge(demands)
    for own in (None, sent, sent.to_json()):
        result = run(bundle(sent=sent), demands, own)
        assert result.valid, result.failed
        assert result.check("challenge").detail == "standing, of a contract"
    assert Bundle.parse(bundle(sent=sent)).to_json() == bundle(sent=sent)


@pytest.mark.parametrize(
    "changes",
    [{"chain": "eip155:1"}, {"contract": OTHER}, {"policy": "11" * 32}],
    ids=lambda c: next(iter(c)),
)
def test_a_proof_for_another_chain_contract_or_policy(run: Run, changes: dict[str, str]) -> None:
    demands = of_contract()
    sent = ChainChallenge(**{**chain_challenge(demands).part().to_json(), **changes})
    assert "made " in refused(run(bundle(sent=sent), demands), "audience and policy")


def test_the_context_is_recomputed(run: Run) -> None:
    demands = of_contract()
    made = bundle(sent=chain_challenge(demands), context="5")
    assert "context" in refused(run(made, demands), "audience and policy")


def test_a_contract_gives_no_fresh_challenge(run: Run) -> None:
    """Neither under the contract's own address nor under any other audience."""
    sent = chain_challenge(of_contract())
    made = bundle(sent=sent)
    fresh = of_contract(fresh_challenge=True)
    assert "fresh" in refused(run(made, fresh), "audience and policy", "challenge")
    assert "not a contract" in refused(run(made, policy(fresh_challenge=False)), "audience and policy")


def test_a_standing_nonce_is_not_for_a_contracts_policy(run: Run) -> None:
    """Else a holder had two nullifiers under one policy, and counted twice."""
    demands = of_contract()
    assert "not for it" in refused(run(bundle(sent=new_challenge(demands)), demands), "audience and policy")


def test_another_challenge_than_our_own(run: Run) -> None:
    demands = of_contract()
    sent = chain_challenge(demands)
    made = bundle(sent=sent)
    other = ChainChallenge(**{**sent.part().to_json(), "contract": OTHER})
    assert "another" in refused(run(made, demands, other), "challenge")
    assert "another" in refused(run(made, demands, challenge(demands)), "challenge")
    off_chain = policy()
    assert "contract" in refused(run(bundle(sent=challenge()), off_chain, sent), "challenge")


# The files.


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("chain", "eip155:0"),
        ("chain", "eip155:01"),
        ("chain", "cosmos:hub"),
        ("chain", "eip155:1\n"),
        ("contract", "0x" + "AB" * 20),
        ("contract", "ab" * 20),
        ("contract", "0x" + "ab" * 21),
        ("policy", "0x" + "ab" * 31),
        ("policy", "AB" * 32),
        ("nonce", "00" * 32),
    ],
)
def test_malformed_members_are_named(member: str, value: str) -> None:
    sent = chain_challenge(of_contract())
    with pytest.raises(FormatError) as caught:
        ChainChallenge.parse({**sent.to_json(), member: value})
    assert caught.value.field == member
    with pytest.raises(FormatError) as caught:
        Bundle.parse(edited(bundle(sent=sent), f"challenge.{member}", value))
    assert caught.value.field == f"challenge.{member}"


def test_the_other_kind_of_challenge_is_still_read_strictly() -> None:
    for member, value in (("nonce", "5C" * 32), ("policy", "0x10"), ("surplus", "1")):
        with pytest.raises(FormatError) as caught:
            Bundle.parse(edited(bundle(), f"challenge.{member}", value))
        assert caught.value.field == f"challenge.{member}"
    with pytest.raises(FormatError):
        Bundle.parse(edited(bundle(), "challenge", "eip155:1"))


def test_reading_either_kind(tmp_path: Path) -> None:
    for made in (challenge(), chain_challenge(of_contract())):
        path = tmp_path / "challenge.json"
        made.save(path)
        assert read_challenge(path) == made == read_challenge(made.to_json())
    path.write_text(json.dumps({"schema": "zksolvency/chain-challenge/2"}))
    with pytest.raises(FormatError):
        read_challenge(path)
