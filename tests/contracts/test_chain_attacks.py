"""Proofs in the wrong place: another registry, chain, sender, policy or time. And publishers who are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samples import NOW, bundle

from prover.evm.contracts import artifact
from prover.evm.registry import (
    attest_calldata,
    chain_part,
    policy_structure,
    proof_structure,
    statement_structure,
)
from prover.secrets import Key, save_key
from tests.contracts.chains import anvil, create
from tests.contracts.world import (
    BORROWER,
    CIRCUIT,
    LENDER,
    OWNER,
    PUBLISHERS,
    RELAYER,
    World,
    build,
    contract_policy,
    market,
    proof,
    run,
)
from verifier.bundle import Bundle
from verifier.chain import chain_challenge, circuit_id, key_name
from verifier.errors import InvalidError

DEVELOPMENT_CIRCUIT = circuit_id(key_name(CIRCUIT, development=True))


@pytest.fixture
def ready(world: World) -> World:
    """The market of epoch 7 is posted."""
    assert world.post(market()).code == 0
    return world


def sent(world: World, to: Any, bundle: Bundle, by: Any = RELAYER) -> None:
    """Send the call data of a bundle to any contract."""
    account = by.on(world.chain)
    transaction = {
        "to": to,
        "data": "0x" + attest_calldata(bundle, DEVELOPMENT_CIRCUIT).hex(),
        "from": world.chain.checksum(account.address),
    }
    with world.chain.talking():
        world.chain.web3.eth.call(transaction)


def test_anybody_relays_and_the_subject_gains(ready: World, first: Bundle) -> None:
    """Copied call data puts the same subject on record, and a second time changes nothing."""
    for party in (LENDER, RELAYER):
        assert ready.attest(first, party).code == 0
    assert ready.status() == (0, "solvent")
    for party in (LENDER, RELAYER):
        asked = run("status", party.address, "--policy", ready.folder / "policy.json", "--rpc", ready.url)
        assert (asked.code, asked.json["status"]) == (1, "no record")


def test_the_same_call_data_on_another_registry(ready: World, first: Bundle) -> None:
    owner = OWNER.on(ready.chain)
    parts = [
        ready.chain.checksum(ready.deployment.address(n)) for n in ("MarketOracle", "VerifyingKeyRegistry")
    ]
    other = create(
        owner, artifact("SolvencyRegistry"), owner.chain.checksum(owner.address), parts[0], 0, *parts
    )
    owner.do(other.functions.addPolicy(policy_structure(ready.policy)), "policy")
    owner.do(other.functions.goLive(), "live")
    sent(ready, ready.registry.address, first)
    with pytest.raises(InvalidError, match="WrongContext"):
        sent(ready, other.address, first)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same contracts at the same addresses on another chain."""
    with anvil(1337, NOW) as url:
        yield build(url, tmp_path_factory.mktemp("elsewhere"))


def test_the_same_call_data_on_another_chain(elsewhere: World, deployed: World, first: Bundle) -> None:
    assert elsewhere.registry.address == deployed.registry.address
    assert elsewhere.policy_id == deployed.policy_id
    assert elsewhere.post(market()).code == 0
    with pytest.raises(InvalidError, match="WrongContext"):
        sent(elsewhere, elsewhere.registry.address, first)
    refused = elsewhere.attest(first)
    assert (refused.code, "eip155:31337" in refused.error) == (2, True)


def test_signatures_of_another_chain(elsewhere: World, deployed: World) -> None:
    """A root that was signed for one chain's oracle is worth nothing to the same address on another."""
    assert elsewhere.post(market(9)).code == 0
    signed = next(iter(sorted(elsewhere.folder.glob("root-*.json"))))
    moved = deployed.folder / "moved.json"
    moved.write_text(signed.read_text().replace("eip155:1337", "eip155:31337"))
    answer = run("post", moved, "--from", RELAYER.address, "--rpc", deployed.url)
    assert answer.code == 1
    moved.unlink()


def test_an_older_epoch_does_not_replace_a_newer(ready: World, first: Bundle, second: Bundle) -> None:
    ready.price("BTC-mark", 62_500)
    assert ready.post(market(8, 65_000)).code == 0
    assert ready.attest(second).code == 0
    refused = ready.attest(first)
    assert (refused.code, "NotNewer" in refused.error) == (1, True)
    # Publishers sign no second story of an epoch; and were they to, the oracle would not take it.
    answer = ready.post(market(8, 60_000))
    assert (answer.code, "another snapshot was signed already" in answer.error) == (1, True)
    for log in ready.folder.glob("*.signed.sqlite"):
        log.unlink()
    answer = ready.post(market(8, 60_000))
    assert (answer.code, "EpochNotNewer" in answer.error) == (1, True)


def test_a_proof_over_a_root_that_nobody_posted(world: World, first: Bundle) -> None:
    refused = world.attest(first)
    assert (refused.code, "MarketRootNotAccepted" in refused.error) == (1, True)


@pytest.mark.parametrize("member", ["marketRoot", "attestor", "terms", "nullifier", "context"])
def test_another_signal(ready: World, first: Bundle, member: str) -> None:
    """The subject is in the terms: nobody shows another's solvency, and no signal alone can be changed."""
    statement = statement_structure(first)
    statement[member] += 1 << (46 if member == "terms" else 0)
    call = ready.registry.functions.attest(
        bytes.fromhex(chain_part(first).policy), DEVELOPMENT_CIRCUIT, statement, proof_structure(first)
    )
    with pytest.raises(InvalidError):
        RELAYER.on(ready.chain).do(call, "attestation")


def test_a_rewritten_proof_is_the_same_record(ready: World, first: Bundle) -> None:
    """(−A, −B, C) holds as well; it changes nothing."""
    assert ready.attest(first).code == 0
    version = ready.chain.read(
        ready.registry.functions.versionOf(ready.chain.checksum(BORROWER.address), ready.policy_id)
    )
    q = 21888242871839275222246405745257275088696311157297823662689037894645226208583
    given = first.proof.to_json()
    given["pi_a"][1] = str(q - int(given["pi_a"][1]))
    given["pi_b"][1] = [str((q - int(c)) % q) for c in given["pi_b"][1]]
    rewritten = Bundle.parse({**first.to_json(), "proof": given})
    assert ready.attest(rewritten).code == 0
    assert version == ready.chain.read(
        ready.registry.functions.versionOf(ready.chain.checksum(BORROWER.address), ready.policy_id)
    )


def test_a_bundle_for_a_verifier_off_chain(world: World) -> None:
    answer = world.attest(Bundle.parse(bundle()))
    assert (answer.code, "off chain" in answer.error) == (2, True)


def test_one_nullifier_one_subject(ready: World, first: Bundle) -> None:
    """A holder whom two attested accounts name shows one of them."""
    assert ready.attest(first).code == 0
    refused = ready.attest(proof(ready.policy, market(), LENDER.address))
    assert (refused.code, "NullifierTaken" in refused.error) == (1, True)


# Publishers.


def test_too_few_publishers(world: World) -> None:
    answer = world.post(market(), PUBLISHERS[:1])
    assert (answer.code, "2 must" in answer.error) == (1, True)


def test_a_publisher_who_is_none(world: World) -> None:
    stranger = Key("publisher-evm", "stranger", (77).to_bytes(32, "big"))
    answer = world.post(market(), [PUBLISHERS[0], stranger])
    assert (answer.code, "no publisher" in answer.error) == (1, True)


def test_a_signature_over_other_bands(world: World) -> None:
    assert world.post(market()).code == 0
    signed = sorted(world.folder.glob("root-*.json"))[-1]
    text = signed.read_text()
    assert '"57000000000000000000000"' in text
    signed.write_text(text.replace('"57000000000000000000000"', '"1000000000000000000000"'))
    answer = run("post", signed, "--from", RELAYER.address, "--rpc", world.url)
    assert answer.code == 1


def test_a_snapshot_is_recomputed_before_it_is_signed(world: World) -> None:
    broken = market().to_json()
    broken["rows"][0]["brackets"][0]["upper"] = "1"
    path = world.folder / "broken.json"
    path.write_text(json.dumps(broken))
    save_key(PUBLISHERS[0], world.folder / "p.key")
    answer = run(
        *("sign", path, "--key", world.folder / "p.key", "--out", world.folder / "x.json"),
        *("--deployment", world.folder / "deployment.json"),
    )
    assert answer.code == 1
    assert not (world.folder / "x.json").exists()


# Policies.


def test_a_policy_whose_key_is_not_the_registrys(world: World, tmp_path: Path) -> None:
    circuit = [{"circuit": CIRCUIT, "verification_key": "sha256:" + "ab" * 32}]
    contract_policy(world.chain, world.deployment, name="other key", circuits=circuit).save(
        tmp_path / "p.json"
    )
    answer = run("policy", tmp_path / "p.json", "--from", OWNER.address, "--rpc", world.url)
    assert (answer.code, "is not the policy's" in answer.error) == (1, True)


def test_a_policy_is_added_once_and_by_the_owner(world: World, tmp_path: Path) -> None:
    path = world.folder / "policy.json"
    again = run("policy", path, "--from", OWNER.address, "--rpc", world.url)
    assert (again.code, "PolicyExists" in again.error) == (1, True)
    contract_policy(world.chain, world.deployment, name="theirs").save(tmp_path / "p.json")
    theirs = run("policy", tmp_path / "p.json", "--from", RELAYER.address, "--rpc", world.url)
    assert (theirs.code, "OwnableUnauthorizedAccount" in theirs.error) == (1, True)


def test_a_deprecated_key_shuts_what_was_open(ready: World, first: Bundle) -> None:
    assert ready.attest(first).code == 0
    keys = ready.chain.contract("VerifyingKeyRegistry", ready.deployment.address("VerifyingKeyRegistry"))
    OWNER.on(ready.chain).do(keys.functions.deprecateKey(DEVELOPMENT_CIRCUIT), "deprecation")
    assert ready.status() == (1, "key deprecated")


def test_context_and_id_are_those_of_a_verifier_off_chain(ready: World) -> None:
    made = chain_challenge(ready.policy)
    assert ready.chain.read(ready.registry.functions.contextOf(ready.policy_id)) == made.context
    structure = policy_structure(ready.policy)
    assert bytes(ready.chain.read(ready.registry.functions.policyIdOf(structure))) == ready.policy_id


def test_only_contracts_are_talked_to(world: World, tmp_path: Path) -> None:
    """A call to an address without code would look like an answer."""
    path = tmp_path / "policy.json"
    contract_policy(world.chain, world.deployment, audience=f"eip155:31337:{LENDER.address}").save(path)
    answer = run("status", LENDER.address, "--policy", path, "--rpc", world.url)
    assert (answer.code, "there is no contract" in answer.error) == (2, True)
