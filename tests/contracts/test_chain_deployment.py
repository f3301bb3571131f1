"""Deployments: what is refused, what a dry run costs and sends, and that a changed chain is noticed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samples import NOW, write_keys

from prover.cli import main
from prover.evm import deploy
from prover.evm.contracts import ABI_FILE, CONTRACTS, abi_text, artifact
from prover.evm.deployment import Deployment, code_hash, key_structure
from prover.evm.rpc import DEVELOPMENT_CHAINS, Chain, connect
from prover.evm.signer import KEY_VARIABLE
from prover.toolchain.setup import development_key
from tests.contracts.chains import anvil, ask
from tests.contracts.world import (
    BORROWER,
    OWNER,
    PHRASE,
    RELAYER,
    Answer,
    World,
    contract_policy,
    failed,
    keystore,
    market,
    run,
)
from verifier.bundle import Bundle
from verifier.circuits import instance
from verifier.errors import InvalidError
from verifier.keystore import KeyStore

Verified = Callable[..., Answer]


@pytest.fixture
def verified(world: World) -> Verified:
    """Check the deployment, or an edited record of it."""

    def go(record: Path | None = None, *options: object) -> Answer:
        file = record or world.folder / "deployment.json"
        return run("verify-deployment", file, "--rpc", world.url, "--allow-development-keys", *options)

    return go


# Checking a deployment.


def test_as_recorded(verified: Verified) -> None:
    answer = verified()
    assert answer.code == 0, answer.json
    assert answer.json["valid"] is True
    names = [check["name"] for check in answer.json["checks"]]
    assert "key account_solvency_8_2_dev" in names
    assert len(names) == 31


def test_development_keys_do_not_pass_unless_told(world: World) -> None:
    answer = run("verify-deployment", world.folder / "deployment.json", "--rpc", world.url)
    assert failed(answer) == ["key account_solvency_8_2_dev"]


@pytest.mark.parametrize("name", ["VerifyingKeyRegistry", "MarketOracle", "SolvencyRegistry"])
def test_one_changed_byte_of_code(world: World, verified: Verified, name: str) -> None:
    """Anywhere but where the constructor filled something in."""
    place, made = world.deployment.address(name), artifact(name)
    code = bytearray(world.chain.code(place))
    filled = {start + offset for start, length in made.immutables for offset in range(length)}
    changed = next(at for at in range(len(code) // 2, len(code)) if at not in filled)
    code[changed] ^= 1
    ask(world.chain, "anvil_setCode", place, "0x" + code.hex())
    assert failed(verified()) == [f"{name}: code"]


def left_by(code: bytes, storage: dict[int, int]) -> str:
    """Creation code that writes to storage and leaves any code."""
    head = b"".join(
        b"\x7f" + value.to_bytes(32, "big") + b"\x7f" + slot.to_bytes(32, "big") + b"\x55"
        for slot, value in storage.items()
    )
    size, start = len(code).to_bytes(3, "big"), (len(head) + 16).to_bytes(3, "big")
    # PUSH3 size, PUSH3 start, PUSH0, CODECOPY; PUSH3 size, PUSH0, RETURN
    head += b"\x62" + size + b"\x62" + start + b"\x5f\x39" + b"\x62" + size + b"\x5f\xf3"
    return "0x" + (head.ljust(int.from_bytes(start, "big"), b"\0") + code).hex()


def created(world: World, code: bytes, storage: dict[int, int]) -> dict[str, Any]:
    """The record of a registry with other immutables or storage, whose creation is there too."""
    chain, kept = world.chain, json.loads((world.folder / "deployment.json").read_text())
    sender = chain.checksum(RELAYER.address)
    RELAYER.on(chain)
    ask(chain, "anvil_impersonateAccount", sender)
    sent = chain.web3.eth.send_transaction(
        {"from": sender, "data": left_by(code, storage), "gas": 15_000_000}  # type: ignore[typeddict-item]
    )
    receipt = chain.web3.eth.wait_for_transaction_receipt(sent)
    assert receipt["status"] == 1
    place = str(receipt["contractAddress"]).lower()
    found = {
        "address": place,
        "transaction": "0x" + bytes(sent).hex(),
        "block": receipt["blockNumber"],
        "code": code_hash(artifact("SolvencyRegistry"), chain.code(place)),
    }
    kept["contracts"][2] |= found
    return dict(kept)


def test_a_record_that_no_proof_made(world: World, verified: Verified, tmp_path: Path) -> None:
    """The registry's own code, with storage in which somebody is solvent already."""
    place = world.deployment.address("SolvencyRegistry")
    slots = {
        n: int.from_bytes(world.chain.web3.eth.get_storage_at(world.chain.checksum(place), n), "big")
        for n in range(3)
    }
    record = created(world, world.chain.code(place), slots | {1 << 200: 12345})
    (tmp_path / "d.json").write_text(json.dumps(record))
    assert failed(verified(tmp_path / "d.json")) == ["SolvencyRegistry: creation"]


def test_an_oracle_of_its_own_beside_the_one_that_it_shows(
    world: World, verified: Verified, tmp_path: Path
) -> None:
    """The getter's place of an immutable is honest, the others are not."""
    place, made = world.deployment.address("SolvencyRegistry"), artifact("SolvencyRegistry")
    code = bytearray(world.chain.code(place))
    several = next(places for places in made.filled if len(places) > 1)
    for start, length in several[1:]:
        code[start : start + length] = (0xBAD).to_bytes(length, "big")
    assert made.masked(bytes(code)) == made.runtime
    record = created(world, bytes(code), {})
    (tmp_path / "d.json").write_text(json.dumps(record))
    assert failed(verified(tmp_path / "d.json")) == ["SolvencyRegistry: code", "SolvencyRegistry: creation"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("transaction", "0x" + "12" * 32),
        ("block", 1 << 40),
    ],
)
def test_a_creation_that_is_not_there(
    world: World, verified: Verified, tmp_path: Path, path: str, value: Any
) -> None:
    record = json.loads((world.folder / "deployment.json").read_text())
    record["contracts"][1][path] = value
    (tmp_path / "d.json").write_text(json.dumps(record))
    assert failed(verified(tmp_path / "d.json")) == ["MarketOracle: creation"]


@pytest.mark.parametrize("other", [0, 2])
def test_a_creation_of_another_contract(world: World, verified: Verified, tmp_path: Path, other: int) -> None:
    record = json.loads((world.folder / "deployment.json").read_text())
    for name in ("transaction", "block"):
        record["contracts"][1][name] = record["contracts"][other][name]
    (tmp_path / "d.json").write_text(json.dumps(record))
    assert failed(verified(tmp_path / "d.json")) == ["MarketOracle: creation"]


def test_a_call_is_no_creation(world: World, verified: Verified, tmp_path: Path) -> None:
    oracle = world.chain.contract("MarketOracle", world.deployment.address("MarketOracle"))
    to = world.chain.checksum(RELAYER.address)
    sent = OWNER.on(world.chain).do(oracle.functions.transferOwnership(to), "offer")
    record = json.loads((world.folder / "deployment.json").read_text())
    record["contracts"][1] |= {"transaction": sent.hash, "block": sent.block}
    (tmp_path / "d.json").write_text(json.dumps(record))
    assert failed(verified(tmp_path / "d.json")) == ["MarketOracle: creation"]


def test_no_code(world: World, verified: Verified) -> None:
    ask(world.chain, "anvil_setCode", world.deployment.address("MarketOracle"), "0x")
    assert failed(verified()) == ["MarketOracle: code"]


def test_a_verifier_with_another_key(world: World, verified: Verified) -> None:
    """The same code with one point changed: only our own key shows it."""
    key = world.deployment.keys[0]
    own = development_key(instance("8-2"))
    point = key_structure(KeyStore(own.directory.parent).find(key.verification_key).verification_key)["ic"][
        1
    ][0]
    code = world.chain.code(key.verifier)
    assert code.count(point.to_bytes(32, "big")) > 0
    other = code.replace(point.to_bytes(32, "big"), (point + 1).to_bytes(32, "big"))
    ask(world.chain, "anvil_setCode", key.verifier, "0x" + other.hex())
    assert failed(verified()) == ["key account_solvency_8_2_dev"]


def test_another_owner(world: World, verified: Verified) -> None:
    oracle = world.chain.contract("MarketOracle", world.deployment.address("MarketOracle"))
    to = world.chain.checksum(RELAYER.address)
    OWNER.on(world.chain).do(oracle.functions.transferOwnership(to), "offer")
    assert failed(verified()) == ["MarketOracle: pending owner"]
    RELAYER.on(world.chain).do(oracle.functions.acceptOwnership(), "acceptance")
    assert failed(verified()) == ["MarketOracle: owner"]


def test_a_deprecated_key(world: World, verified: Verified) -> None:
    keys = world.chain.contract("VerifyingKeyRegistry", world.deployment.address("VerifyingKeyRegistry"))
    circuit = world.chain.read(keys.functions.circuitOf("account_solvency_8_2_dev"))
    OWNER.on(world.chain).do(keys.functions.deprecateKey(circuit), "deprecation")
    assert failed(verified()) == ["key account_solvency_8_2_dev"]


@pytest.mark.parametrize(
    ("path", "value", "check"),
    [
        ("owner", "0x" + "12" * 20, "VerifyingKeyRegistry: owner"),
        ("guardian", "0x" + "12" * 20, "SolvencyRegistry: guardian"),
        ("delay", 86400, "MarketOracle: delay"),
        ("production", True, "VerifyingKeyRegistry: production"),
        ("contracts.1.code", "12" * 32, "MarketOracle: code"),
        ("keys.0.verifier", "0x" + "12" * 20, "key account_solvency_8_2_dev"),
        ("keys.0.verification_key", "sha256:" + "12" * 32, "key account_solvency_8_2_dev"),
        ("keys.0.name", "account_solvency_8_2", "key account_solvency_8_2"),
    ],
)
def test_another_record(
    world: World, verified: Verified, tmp_path: Path, path: str, value: Any, check: str
) -> None:
    record = json.loads((world.folder / "deployment.json").read_text())
    at = record
    *above, last = path.split(".")
    for part in above:
        at = at[int(part)] if isinstance(at, list) else at[part]
    at[last] = value
    (tmp_path / "d.json").write_text(json.dumps(record))
    assert check in failed(verified(tmp_path / "d.json"))


def test_a_store_without_the_key(verified: Verified, tmp_path: Path) -> None:
    assert failed(verified(None, "--keys", write_keys(tmp_path))) == ["key account_solvency_8_2_dev"]


def test_a_deployment_of_another_chain(world: World, verified: Verified, tmp_path: Path) -> None:
    record = json.loads((world.folder / "deployment.json").read_text()) | {"chain": "eip155:1"}
    (tmp_path / "d.json").write_text(json.dumps(record))
    assert verified(tmp_path / "d.json").code == 2


# Deploying.


def deploying(world: World, *words: object) -> Answer:
    return run("deploy", "--rpc", world.url, "--size", "8-2", *words)


def test_a_dry_run_sends_nothing_and_is_near(world: World, tmp_path: Path) -> None:
    before = world.chain.web3.eth.block_number
    record = tmp_path / "record.json"
    dry = deploying(world, "--from", OWNER.address, "--allow-development-keys", "--out", record)
    assert (dry.code, dry.json["sent"]) == (0, False)
    assert world.chain.web3.eth.block_number == before
    assert not record.exists()
    real = deploying(
        world, *keystore(OWNER, world.folder), "--allow-development-keys", "--send", "--out", record
    )
    assert real.code == 0
    assert [each["what"] for each in dry.json["transactions"]] == [
        each["what"] for each in real.json["transactions"]
    ]
    assert 0.9 * real.json["gas"] < dry.json["gas"] < 1.2 * real.json["gas"]
    again = deploying(
        world, *keystore(OWNER, world.folder), "--allow-development-keys", "--send", "--out", record
    )
    assert (again.code, "never overwritten" in again.error) == (2, True)


def test_another_owner_is_offered_the_contracts(world: World, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    made = deploying(
        world,
        *(*keystore(RELAYER, world.folder), "--allow-development-keys", "--send", "--out", record),
        *("--owner", OWNER.address, "--guardian", BORROWER.address),
    )
    assert made.code == 0, made.json
    deployment = Deployment.load(record)
    assert (deployment.owner, deployment.guardian) == (OWNER.address, BORROWER.address)
    checked = run("verify-deployment", record, "--rpc", world.url, "--allow-development-keys")
    assert failed(checked) == [f"{each.name}: owner" for each in deployment.contracts]
    assert "accepted" in next(c["detail"] for c in checked.json["checks"] if not c["passed"])
    for each in deployment.contracts:
        contract = world.chain.contract(each.name, each.address)
        OWNER.on(world.chain).do(contract.functions.acceptOwnership(), "acceptance")
    assert run("verify-deployment", record, "--rpc", world.url, "--allow-development-keys").code == 0


def test_development_keys_are_refused(world: World, tmp_path: Path) -> None:
    before = world.chain.web3.eth.block_number
    out = ["--out", tmp_path / "d.json"]
    refused = deploying(world, *keystore(OWNER, world.folder), "--send", *out)
    assert (refused.code, "development key" in refused.error) == (1, True)
    assert world.chain.web3.eth.block_number == before


@pytest.mark.parametrize("chain_id", [1, 8453])
def test_development_keys_are_refused_on_main_networks_always(chain_id: int, tmp_path: Path) -> None:
    with anvil(chain_id, NOW) as url:
        chain = connect(url)
        OWNER.on(chain)
        before = chain.web3.eth.block_number
        refused = run(
            *("deploy", "--rpc", url, "--size", "8-2", "--allow-development-keys", "--send"),
            *(*keystore(OWNER, tmp_path), "--out", tmp_path / "d.json"),
        )
        assert (refused.code, "never deployed" in refused.error) == (1, True)
        assert chain.web3.eth.block_number == before


def test_the_chains_for_trials_are_the_contracts() -> None:
    source = (CONTRACTS / "src" / "governance" / "DevelopmentChains.sol").read_text()
    assert {int(number) for number in re.findall(r"chainId == (\d+)", source)} == DEVELOPMENT_CHAINS


def test_how_to_talk_to_the_contracts_is_up_to_date() -> None:
    """When this fails: python -m prover.evm.contracts."""
    assert ABI_FILE.read_text() == abi_text()


def test_a_failure_midway_says_what_is_there(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise InvalidError("no key today")

    monkeypatch.setattr(deploy, "add_key", refuse)
    out = tmp_path / "d.json"
    answer = deploying(
        world, *keystore(OWNER, world.folder), "--allow-development-keys", "--send", "--out", out
    )
    assert answer.code == 1
    assert "no key today. Already there" in answer.error
    assert "SolvencyRegistry at 0x" in answer.error
    assert not out.exists()


# Who sends.


def test_a_key_of_the_environment(world: World, first: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.post(market()).code == 0
    first.save(world.folder / "b.json")
    monkeypatch.setenv(KEY_VARIABLE, "0x" + RELAYER.key.hex())
    monkeypatch.setenv("ETH_RPC_URL", world.url)
    answer = run("attest", world.folder / "b.json", "--send")
    assert (answer.code, answer.json["from"]) == (0, RELAYER.address)
    assert RELAYER.key.hex() not in json.dumps(answer.json)


def test_no_key_and_no_sender(world: World) -> None:
    policy = world.folder / "policy.json"
    assert run("policy", policy, "--rpc", world.url, "--send").code == 2
    assert run("policy", policy, "--rpc", world.url).code == 2
    assert run("policy", policy).code == 2


def test_a_wrong_passphrase(world: World, tmp_path: Path) -> None:
    words = keystore(OWNER, tmp_path)
    (tmp_path / "phrase.txt").write_text("another\n")
    answer = run("policy", world.folder / "policy.json", "--rpc", world.url, *words)
    assert (answer.code, "passphrase" in answer.error) == (1, True)
    assert PHRASE not in answer.error


@pytest.mark.parametrize("text", ["12", "zz" * 32, "00" * 32, "0x" + "12" * 33])
def test_a_malformed_key_is_not_shown(world: World, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(KEY_VARIABLE, text)
    answer = run("policy", world.folder / "policy.json", "--rpc", world.url)
    assert answer.code == 1
    assert text not in answer.error


def test_a_keystore_that_is_none(world: World, tmp_path: Path) -> None:
    (tmp_path / "k.json").write_text('{"crypto": {"kdf": "none"}}')
    (tmp_path / "p.txt").write_text("x\n")
    options = ["--keystore", tmp_path / "k.json", "--passphrase-file", tmp_path / "p.txt"]
    assert run("policy", world.folder / "policy.json", "--rpc", world.url, *options).code == 1
    (tmp_path / "k.json").write_text("[]")
    assert run("policy", world.folder / "policy.json", "--rpc", world.url, *options).code == 1


def test_a_sender_without_coins(world: World) -> None:
    ask(world.chain, "anvil_setBalance", OWNER.address, "0x0")
    contract_policy(world.chain, world.deployment, name="poor").save(world.folder / "policy.json")
    owner = keystore(OWNER, world.folder)
    answer = run("policy", world.folder / "policy.json", "--rpc", world.url, *owner, "--send")
    assert answer.code == 3, answer.json


# The RPC.


@pytest.mark.parametrize("url", ["ftp://x", "http://", "nonsense", "http://[", "file:///etc/passwd"])
def test_no_address_of_an_rpc(world: World, url: str) -> None:
    assert run("policy", world.folder / "policy.json", "--rpc", url).code == 2


def test_an_rpc_that_does_not_answer_keeps_its_secret(world: World) -> None:
    url = "http://127.0.0.1:9/v3/secret-of-a-provider"
    answer = run("policy", world.folder / "policy.json", "--rpc", url, "--from", OWNER.address)
    assert answer.code == 3
    assert "127.0.0.1:9" in answer.error
    assert "secret" not in answer.error


def test_an_rpc_of_another_chain(elsewhere_id: Chain, world: World) -> None:
    url = str(elsewhere_id.web3.provider.endpoint_uri)  # type: ignore[attr-defined]
    answer = run("policy", world.folder / "policy.json", "--rpc", url, "--from", OWNER.address)
    assert (answer.code, "eip155:31337" in answer.error) == (2, True)


@pytest.fixture
def elsewhere_id() -> Any:
    with anvil(1337, NOW) as url:
        yield connect(url)


# The rest of the command line.


def test_call_data(world: World, first: Bundle, tmp_path: Path) -> None:
    first.save(tmp_path / "bundle.json")
    keys = development_key(instance("8-2")).directory.parent
    made = run("calldata", tmp_path / "bundle.json", "--keys", keys)
    assert made.code == 0
    assert (made.json["function"], made.json["to"]) == (
        "attest",
        world.deployment.address("SolvencyRegistry"),
    )
    alone = run("calldata", tmp_path / "bundle.json", "--verifier")
    assert (alone.json["function"], len(alone.json["data"])) == ("verify", 2 + 2 * 420)
    call = {"to": world.chain.checksum(world.deployment.keys[0].verifier), "data": alone.json["data"]}
    assert int(world.chain.web3.eth.call(call).hex(), 16) == 1  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    "command",
    [
        "export",
        "deploy",
        "verify-deployment",
        "universe",
        "sign",
        "post",
        "policy",
        "attest",
        "status",
        "calldata",
    ],
)
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evm", command, "--help"]) == 0
    assert f"Example: zksolvency evm {command}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("wrong", ["0x12", "me", "0xF39fd6e51aad88F6F4ce6aB8827279cffFb92266"])
def test_addresses_are_checked(world: World, wrong: str) -> None:
    words = ["--contract", wrong, "--policy-id", "0x" + "12" * 32, "--rpc", world.url]
    assert run("status", BORROWER.address, *words).code == 2
