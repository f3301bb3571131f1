"""What an owner sets without telling anybody: it is planted, and verify-deployment fails or lists it."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from eth_abi import encode
from web3.exceptions import Web3RPCError

from prover.cli import main
from prover.evm import deploy, events
from prover.evm.contracts import abi
from prover.evm.deployment import Deployment, key_structure
from prover.evm.history import places
from prover.evm.registry import policy_structure
from prover.evm.rpc import Chain, abi_type
from prover.evm.signer import Sender
from prover.toolchain.setup import development_key
from tests.contracts.chains import ask
from tests.contracts.world import OWNER, PUBLISHERS, RELAYER, Answer, World, failed, keystore, market, run
from verifier.canonical import keccak256
from verifier.chain import chain_policy_id, circuit_id
from verifier.circuits import instance
from verifier.keystore import KeyStore

DELAY = 3600
HIDDEN = 12345
"""An attestor that nobody knows."""

UNIVERSE = market().universe.hash
KEY = development_key(instance("8-2"))
Plant = Callable[[World, Sender, dict[str, Any]], None]


def verify(world: World, record: Path | None = None, *options: object) -> Answer:
    """Check the deployment, or another record."""
    file = record or world.folder / "deployment.json"
    return run("verify-deployment", file, "--rpc", world.url, "--allow-development-keys", *options)


def detail(answer: Answer, name: str) -> str:
    """What one check says."""
    return str(next(check["detail"] for check in answer.json["checks"] if check["name"] == name))


def owner(world: World, *words: object) -> Answer:
    """A command of ``zksolvency evm owner``, sent."""
    options = ["--deployment", world.folder / "deployment.json", "--rpc", world.url, "--send"]
    return run("owner", *words, *options, *keystore(OWNER, world.folder))


def after_delay(world: World, *words: object) -> None:
    """A call of the owner's, announced and made."""
    assert owner(world, "schedule", *words).code == 0
    wait(world, DELAY)
    assert owner(world, "execute", *words).code == 0


def wait(world: World, seconds: int) -> None:
    ask(world.chain, "evm_increaseTime", seconds)
    ask(world.chain, "evm_mine")


def planted(world: World, plant: Plant) -> Path:
    """The record of another deployment, whose owner does something before it goes live and tells nobody."""
    record, own, done = world.folder / "planted.json", deploy._Done.do, []

    def do(self: Any, call: Any, what: str) -> Any:
        if what.endswith("goes live") and not done:
            done.append(what)
            made = {each.what: each.contract for each in self.transactions if each.contract}
            plant(world, self.sender, {name: world.chain.contract(name, made[name]) for name in made})
        return own(self, call, what)

    with patch.object(deploy._Done, "do", do):
        answer = run(
            *("deploy", "--rpc", world.url, *keystore(OWNER, world.folder), "--size", "8-2"),
            *("--delay", DELAY, "--allow-development-keys", "--send", "--out", record),
        )
    assert answer.code == 0 and done, answer.json
    return record


@pytest.fixture
def accepted(world: World) -> Path:
    """The record with the universes and policies that are there now."""
    record = world.folder / "accepted.json"
    made = verify(world, None, "--record", record)
    assert (made.code, made.json["file"]) == (0, str(record)), made.json
    assert verify(world, record).code == 0
    return record


# Everything is listed.


def test_what_is_set_is_listed(world: World) -> None:
    answer = verify(world)
    assert answer.code == 0, answer.json
    assert answer.json["compared"] == {"universes": False, "policies": False}
    found = answer.json["settings"]
    (universe,), (policy,), (key,) = found["universes"], found["policies"], found["keys"]
    assert (universe["universe"], universe["quorum"]) == (str(UNIVERSE), 2)
    assert sorted(universe["publishers"]) == sorted(each.address for each in PUBLISHERS)
    assert [each["check"] for each in universe["feeds"]] == [None, None]
    assert (policy["id"], policy["name"]) == ("0x" + world.policy_id.hex(), "line of credit")
    assert [int(each["attestor"]) for each in policy["attestors"]] == [world.policy.attestors[0].attestor]
    assert (key["name"], key["key_hash"]) == (KEY.manifest.name, KEY.manifest.verification_key)
    assert (found["scheduled"], found["paused"], found["revoked_attestors"]) == ([], False, [])
    assert found["block"] == world.chain.head()


def spoken(*words: object) -> tuple[int, str]:
    """Exit code and text of a command."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        code = main(["evm", *map(str, words)])
    return code, text.getvalue()


def test_what_is_stopped_is_shown(world: World, accepted: Path) -> None:
    """Stopping is no reason to fail, and somebody who relies on it wants to know."""
    assert owner(world, "call", "MarketOracle", "haltUniverse", UNIVERSE).code == 0
    assert owner(world, "pause").code == 0
    attestor = world.policy.attestors[0].attestor
    assert owner(world, "call", "SolvencyRegistry", "revokeAttestor", attestor).code == 0
    found = verify(world, accepted).json["settings"]
    assert (found["paused"], found["universes"][0]["halted"]) == (True, True)
    assert found["revoked_attestors"] == [str(attestor)]
    words = ["--rpc", world.url, "--allow-development-keys"]
    code, text = spoken("verify-deployment", accepted, *words)
    assert code == 0
    assert all(word in text for word in ("PAUSED", "HALTED", "REVOKED", "\nAS RECORDED\n"))
    assert "judge" not in text
    code, text = spoken("verify-deployment", world.folder / "deployment.json", *words)
    assert code == 0 and "judge those listed here" in text


def test_a_tripped_breaker_is_shown(world: World) -> None:
    oracle = world.chain.contract("MarketOracle", world.deployment.address("MarketOracle")).functions
    (_, one, *_), (_, other, *_) = world.chain.read(oracle.feedsOf(UNIVERSE))
    feed = {"feed": b"\1" * 32, "adapter": one, "check": other, "maxDivergence": 100}
    publishers = [world.chain.checksum(RELAYER.address)]
    OWNER.on(world.chain).do(oracle.registerUniverse(77, [feed], publishers, 1, 600), "universe")
    RELAYER.on(world.chain).do(world.registry.functions.tripBreaker(77), "breaker")
    found = verify(world).json["settings"]
    assert [each["breaker_tripped"] for each in found["universes"]] == [False, True]


# What loosens a check, compared with a record.


LOOSER: dict[str, tuple[tuple[object, ...], str, str]] = {
    "publisher": (
        ("MarketOracle", "addPublisher", UNIVERSE, RELAYER.address),
        f"universe {UNIVERSE}",
        RELAYER.address,
    ),
    "quorum": (("MarketOracle", "setQuorum", UNIVERSE, 1), f"universe {UNIVERSE}", "the quorum is 1"),
    "attestor": (("SolvencyRegistry", "addAttestor", "POLICY", HIDDEN), "policy POLICY", str(HIDDEN)),
}


@pytest.mark.parametrize("name", LOOSER)
def test_what_loosens_a_check_fails(world: World, accepted: Path, name: str) -> None:
    words, check, says = LOOSER[name]
    policy = "0x" + world.policy_id.hex()
    # So that what comes then still asks more than half of the publishers.
    for key in PUBLISHERS[: {"publisher": 1, "quorum": 2}.get(name, 0)]:
        assert owner(world, "call", "MarketOracle", "revokePublisher", UNIVERSE, key.address).code == 0
    after_delay(world, *(policy if word == "POLICY" else word for word in words))
    answer = verify(world, accepted)
    assert failed(answer) == [check.replace("POLICY", policy)]
    assert says in detail(answer, check.replace("POLICY", policy))
    assert verify(world).code == 0, "listed, where the record says nothing of it"
    refused = verify(world, accepted, "--record", world.folder / "more.json")
    assert refused.code == 1 and not (world.folder / "more.json").exists()


def test_another_source_of_a_price_fails(world: World, accepted: Path) -> None:
    oracle = world.chain.contract("MarketOracle", world.deployment.address("MarketOracle"))
    feed, *_ = world.chain.read(oracle.functions.feedsOf(UNIVERSE))[0]
    other = str(world.feeds["BTC-mark"].address)
    nobody = "0x" + "00" * 20
    source = json.dumps(["0x" + feed.hex(), other, nobody, "0"])
    after_delay(world, "MarketOracle", "setFeedSource", UNIVERSE, 0, source)
    answer = verify(world, accepted)
    assert failed(answer) == [f"universe {UNIVERSE}"]
    assert other.lower() in detail(answer, f"universe {UNIVERSE}")


def test_another_universe_and_another_policy_fail(world: World, accepted: Path) -> None:
    by = OWNER.on(world.chain)
    oracle = world.chain.contract("MarketOracle", world.deployment.address("MarketOracle"))
    feed = {
        "feed": b"\1" * 32,
        "adapter": world.feeds["BTC-mark"].address,
        "check": world.feeds["ETH-mark"].address,
        "maxDivergence": 5000,
    }
    relayer = world.chain.checksum(RELAYER.address)
    by.do(oracle.functions.registerUniverse(77, [feed], [relayer], 1, 600), "universe")
    structure = policy_structure(world.policy) | {"attestors": [HIDDEN]}
    by.do(world.registry.functions.addPolicy(structure), "policy")
    answer = verify(world, accepted)
    first, second = failed(answer)
    assert (first, second[:9]) == ("universe 77", "policy 0x")
    found = verify(world).json["settings"]
    assert found["universes"][1]["feeds"][0]["max_divergence"] == 5000
    assert found["policies"][1]["attestors"][0]["attestor"] == str(HIDDEN)


def test_what_is_recorded_and_is_not_there(world: World, accepted: Path) -> None:
    record = json.loads(accepted.read_text())
    record["universes"][0]["universe"] = "77"
    record["policies"][0]["id"] = "0x" + "12" * 32
    accepted.write_text(json.dumps(record))
    policy = "0x" + world.policy_id.hex()
    assert sorted(failed(verify(world, accepted))) == sorted(
        [f"policy {policy}", "policy 0x" + "12" * 32, "universe 77", f"universe {UNIVERSE}"]
    )


def test_what_tightens_a_check_passes(world: World, accepted: Path) -> None:
    gone = PUBLISHERS[0].address
    assert owner(world, "call", "MarketOracle", "revokePublisher", UNIVERSE, gone).code == 0
    answer = verify(world, accepted)
    assert answer.code == 0, answer.json
    assert "2 of 2 publishers" in detail(answer, f"universe {UNIVERSE}")


# Before it goes live, when nothing waits.


def register(world: World, by: Sender, made: dict[str, Any]) -> dict[str, Any]:
    """A universe as the record will name it, of one feed and three publishers."""
    feed = {
        "feed": b"\1" * 32,
        "adapter": world.feeds["BTC-mark"].address,
        "check": "0x" + "00" * 20,
        "maxDivergence": 0,
    }
    publishers = [world.chain.checksum(key.address) for key in PUBLISHERS]
    functions = made["MarketOracle"].functions
    by.do(functions.registerUniverse(UNIVERSE, [feed], publishers, 2, 600), "universe")
    return feed


def honest(world: World) -> dict[str, Any]:
    """What the record says of the universe that `register` makes."""
    feed = {
        "feed": "0x" + "01" * 32,
        "adapter": world.feeds["BTC-mark"].address.lower(),
        "max_divergence": 0,
    }
    return {
        "universe": str(UNIVERSE),
        "quorum": 2,
        "publishers": [key.address for key in PUBLISHERS],
        "max_window": 600,
        "feeds": [feed],
    }


def hide_an_attestor(world: World, by: Sender, made: dict[str, Any]) -> None:
    register(world, by, made)
    functions = made["SolvencyRegistry"].functions
    structure = policy_structure(world.policy)
    by.do(functions.addPolicy(structure), "policy")
    by.do(functions.addAttestor(chain_policy_id(world.policy), HIDDEN), "attestor")


def test_a_hidden_attestor(world: World) -> None:
    record = planted(world, hide_an_attestor)
    answer = verify(world, record)
    assert answer.code == 0
    (policy,) = answer.json["settings"]["policies"]
    first, hidden = policy["attestors"]
    assert (hidden["attestor"], hidden["block"] > policy["block"]) == (str(HIDDEN), True)
    content = json.loads(record.read_text())
    named = {"id": policy["id"], "attestors": [first["attestor"]]}
    record.write_text(json.dumps({**content, "universes": [honest(world)], "policies": [named]}))
    answer = verify(world, record)
    assert failed(answer) == [f"policy {policy['id']}"]
    assert f"takes the word of {HIDDEN}" in detail(answer, f"policy {policy['id']}")
    registry = world.chain.contract("SolvencyRegistry", Deployment.load(record).address("SolvencyRegistry"))
    OWNER.on(world.chain).do(registry.functions.revokeAttestor(HIDDEN), "revocation")
    assert verify(world, record).code == 0


def hide_a_publisher(world: World, by: Sender, made: dict[str, Any]) -> None:
    feed, functions = register(world, by, made), made["MarketOracle"].functions
    for key in PUBLISHERS:
        by.do(functions.revokePublisher(UNIVERSE, world.chain.checksum(key.address)), "revocation")
    by.do(functions.setQuorum(UNIVERSE, 1), "quorum")
    by.do(functions.addPublisher(UNIVERSE, world.chain.checksum(RELAYER.address)), "publisher")
    other = {**feed, "adapter": world.feeds["ETH-mark"].address}
    by.do(functions.setFeedSource(UNIVERSE, 0, other), "source")


def test_a_hidden_publisher_and_what_goes_with_it(world: World) -> None:
    record = planted(world, hide_a_publisher)
    answer = verify(world, record)
    assert answer.code == 0
    (universe,) = answer.json["settings"]["universes"]
    assert universe["quorum"] == 1
    assert universe["publishers"] == [RELAYER.address]
    assert universe["feeds"][0]["adapter"] == world.feeds["ETH-mark"].address.lower()
    content = json.loads(record.read_text())
    record.write_text(json.dumps({**content, "universes": [honest(world)], "policies": []}))
    answer = verify(world, record)
    assert failed(answer) == [f"universe {UNIVERSE}"]
    said = detail(answer, f"universe {UNIVERSE}")
    assert all(word in said for word in (RELAYER.address, "the quorum is 1", "is read at"))


def own_key() -> dict[str, Any]:
    store = KeyStore(KEY.directory.parent)
    return key_structure(store.find(KEY.manifest.verification_key).verification_key)


def other_key() -> dict[str, Any]:
    """A sound key that is not ours: two of its points change places."""
    mine = own_key()
    first, second, third, *rest = mine["ic"]
    return {**mine, "ic": [first, third, second, *rest]}


def key_hash() -> bytes:
    return bytes.fromhex(KEY.manifest.verification_key.removeprefix("sha256:"))


def hide_a_key(world: World, by: Sender, made: dict[str, Any]) -> None:
    add = made["VerifyingKeyRegistry"].functions.addKey
    by.do(add("account_solvency_14_24_dev", b"\1" * 32, True, other_key()), "key")


def test_a_hidden_key(world: World) -> None:
    record = planted(world, hide_a_key)
    answer = verify(world, record)
    assert failed(answer) == ["key account_solvency_14_24_dev"]
    assert "does not name" in detail(answer, "key account_solvency_14_24_dev")
    place = Deployment.load(record).address("VerifyingKeyRegistry")
    keys = world.chain.contract("VerifyingKeyRegistry", place)
    circuit = circuit_id("account_solvency_14_24_dev")
    OWNER.on(world.chain).do(keys.functions.deprecateKey(circuit), "deprecation")
    assert verify(world, record).code == 0, "under a deprecated key nothing counts"


def test_another_key_under_the_hash_of_ours(world: World) -> None:
    """The owner types the hash; only the verifier's code shows which key it is."""
    arguments = (KEY.manifest.name, key_hash(), True, other_key())
    with patch.object(deploy, "add_key", lambda _: arguments):
        record = planted(world, lambda *_: None)
    answer = verify(world, record)
    assert failed(answer) == [f"key {KEY.manifest.name}"]
    assert "code is not that of our own key" in detail(answer, f"key {KEY.manifest.name}")


def test_our_key_under_the_name_of_another_circuit(world: World) -> None:
    name = "account_mandate_16_dev"

    def plant(_: World, by: Sender, made: dict[str, Any]) -> None:
        by.do(made["VerifyingKeyRegistry"].functions.addKey(name, key_hash(), True, own_key()), "key")

    record = planted(world, plant)
    content = json.loads(record.read_text())
    keys = world.chain.contract("VerifyingKeyRegistry", content["contracts"][0]["address"])
    verifier = str(world.chain.read(keys.functions.keyOf(circuit_id(name)))[0]).lower()
    content["keys"].append({**content["keys"][0], "name": name, "verifier": verifier})
    record.write_text(json.dumps(content))
    answer = verify(world, record)
    assert failed(answer) == [f"key {name}"]
    assert "under the name of another circuit" in detail(answer, f"key {name}")


def test_a_name_that_is_no_text(world: World) -> None:
    """A contract takes any bytes; they must not stop the reading, nor reach a terminal."""

    def plant(_: World, by: Sender, made: dict[str, Any]) -> None:
        entry = next(each for each in abi("VerifyingKeyRegistry") if each.get("name") == "addKey")
        kinds = [abi_type(each) for each in entry["inputs"]]
        data = encode(
            ["bytes", *kinds[1:]], [b"\xff\x1b[31m_dev", b"\1" * 32, True, tuple(other_key().values())]
        )
        selector = keccak256(f"addKey({','.join(kinds)})".encode())[:4]
        sender = world.chain.checksum(by.address)
        ask(world.chain, "anvil_impersonateAccount", sender)
        sent = world.chain.web3.eth.send_transaction(
            {
                "from": sender,
                "to": made["VerifyingKeyRegistry"].address,
                "data": "0x" + (selector + data).hex(),  # type: ignore[typeddict-item]
                "gas": 5_000_000,
            }
        )
        assert world.chain.web3.eth.wait_for_transaction_receipt(sent)["status"] == 1

    record = planted(world, plant)
    code, text = spoken("verify-deployment", record, "--rpc", world.url, "--allow-development-keys")
    assert code == 1 and "\x1b" not in text and r"key \xff" in text


def test_a_policy_that_takes_mandates_fails(world: World) -> None:
    """A registry cannot tell a proof of a mandate from one of solvency."""
    structure = policy_structure(world.policy) | {"circuits": [circuit_id("account_mandate_16")]}
    OWNER.on(world.chain).do(world.registry.functions.addPolicy(structure), "policy")
    answer = verify(world)
    (name,) = failed(answer)
    assert "proofs of mandates" in detail(answer, name)


# What is on its way.


def test_a_pending_owner(world: World) -> None:
    oracle = world.chain.contract("MarketOracle", world.deployment.address("MarketOracle"))
    to = world.chain.checksum(RELAYER.address)
    OWNER.on(world.chain).do(oracle.functions.transferOwnership(to), "offer")
    answer = verify(world)
    assert failed(answer) == ["MarketOracle: pending owner"]
    assert RELAYER.address in detail(answer, "MarketOracle: pending owner")


def test_a_scheduled_call(world: World) -> None:
    words = ("MarketOracle", "setQuorum", UNIVERSE, 3)
    assert owner(world, "schedule", *words).code == 0
    answer = verify(world)
    assert failed(answer) == ["MarketOracle: scheduled call"]
    said = detail(answer, "MarketOracle: scheduled call")
    assert f"setQuorum(universe {UNIVERSE}, quorum 3): from 20" in said
    (waiting,) = answer.json["settings"]["scheduled"]
    assert waiting["not_after"] - waiting["not_before"] == 14 * 24 * 3600
    assert verify(world, None, "--allow-scheduled").code == 0
    wait(world, DELAY)
    assert "can be made now" in detail(verify(world), "MarketOracle: scheduled call")
    assert owner(world, "execute", *words).code == 0
    assert verify(world).code == 0, "it was made"


def test_a_scheduled_call_that_is_taken_back_or_lapses(world: World) -> None:
    words = ("SolvencyRegistry", "setGuardian", RELAYER.address)
    assert owner(world, "schedule", *words).code == 0
    assert failed(verify(world)) == ["SolvencyRegistry: scheduled call"]
    assert owner(world, "cancel", *words).code == 0
    assert verify(world).code == 0
    assert owner(world, "schedule", *words).code == 0
    assert failed(verify(world)) == ["SolvencyRegistry: scheduled call"]
    wait(world, DELAY + 14 * 24 * 3600 + 60)
    assert verify(world).code == 0


@pytest.mark.parametrize("data", [b"", b"\xde\xad\xbe\xef" * 60, keccak256(b"setGuardian(address)")[:4]])
def test_a_scheduled_call_that_is_none(world: World, data: bytes) -> None:
    OWNER.on(world.chain).do(world.registry.functions.schedule(data), "schedule")
    answer = verify(world)
    assert failed(answer) == ["SolvencyRegistry: scheduled call"]
    assert f"the call 0x{data.hex()[:100]}" in detail(answer, "SolvencyRegistry: scheduled call")


def test_snapshots_of_a_publisher_who_was_revoked(world: World) -> None:
    """A contract keeps them until their window ends, and does not say who signed."""
    assert world.post(market()).code == 0
    assert verify(world).code == 0
    gone = PUBLISHERS[0].address
    assert owner(world, "call", "MarketOracle", "revokePublisher", UNIVERSE, gone).code == 0
    answer = verify(world)
    (name,) = failed(answer)
    assert name.startswith(f"universe {UNIVERSE}: snapshot of block")
    kept = ask(world.chain, "evm_snapshot")
    wait(world, 7200)
    assert verify(world).code == 0, "its window is over"
    ask(world.chain, "evm_revert", kept)
    root = detail(answer, name).rpartition(" ")[2]
    oracle = world.chain.contract("MarketOracle", world.deployment.address("MarketOracle")).functions
    OWNER.on(world.chain).do(oracle.revokeSnapshot(UNIVERSE, int(root)), "withdrawal")
    assert verify(world).code == 0


# Reading the events.


def test_many_blocks_are_read_in_ranges(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "RANGE", 10)
    ask(world.chain, "anvil_mine", hex(25))
    asked: list[tuple[int, int]] = []
    own = events._logs

    def logs(chain: Chain, query: dict[str, Any], *, final: bool) -> Any:
        asked.append((query["fromBlock"], query["toBlock"]))
        return own(chain, query, final=final)

    with patch.object(events, "_logs", logs):
        assert verify(world).code == 0
    first, last = min(asked)[0], max(asked)[1]
    assert first == min(each.block for each in world.deployment.contracts)
    assert last == world.chain.head()
    assert [high + 1 for _, high in asked[:-1]] == [low for low, _ in asked[1:]], "no block left out"
    assert len(asked) > 3 and all(high - low < 10 for low, high in asked)


def everything(world: World) -> list[events.Event]:
    wanted = {
        name: frozenset(each["name"] for each in abi(name) if each["type"] == "event")
        for name in places(world.deployment)
    }
    return events.read_events(world.chain, places(world.deployment), wanted, 0, world.chain.head())


@pytest.mark.parametrize("most", [1, 2, 7])
def test_a_node_that_refuses_long_ranges(world: World, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    whole = everything(world)
    own = world.chain.web3.eth.get_logs

    def get_logs(query: Any) -> Any:
        if query["toBlock"] - query["fromBlock"] >= most:
            raise Web3RPCError("query exceeds max block range")
        return own(query)

    monkeypatch.setattr(world.chain.web3.eth, "get_logs", get_logs)
    assert everything(world) == whole


def test_a_node_that_refuses_every_range(world: World) -> None:
    def refuse(*_: object) -> Any:
        raise Web3RPCError("no logs here")

    with patch("web3.eth.eth.Eth.get_logs", refuse):
        answer = verify(world)
    assert (answer.code, "no logs here" in answer.error) == (3, True)


@pytest.mark.parametrize(
    ("event", "code", "check"),
    [
        ("PublisherAdded", 1, "MarketOracle: events"),
        ("KeyDeprecated", 1, "VerifyingKeyRegistry: events"),
        ("WentLive", 1, "SolvencyRegistry: events"),
        ("AttestorRestored", 1, "SolvencyRegistry: events"),
        ("Paused", 1, "SolvencyRegistry: events"),
        ("UniverseRegistered", 3, ""),
        ("PolicyAdded", 3, ""),
    ],
)
def test_a_node_that_leaves_events_out(world: World, event: str, code: int, check: str) -> None:
    """Where the contracts can be asked, it is noticed."""
    attestor = world.policy.attestors[0].attestor
    assert owner(world, "call", "SolvencyRegistry", "revokeAttestor", attestor).code == 0
    after_delay(world, "SolvencyRegistry", "restoreAttestor", attestor)
    assert owner(world, "pause").code == 0
    circuit = "0x" + circuit_id(KEY.manifest.name).hex()
    assert owner(world, "call", "VerifyingKeyRegistry", "deprecateKey", circuit).code == 0
    own = events._in_order
    with patch.object(events, "_in_order", lambda found: [e for e in own(found) if e.name != event]):
        answer = verify(world)
    assert answer.code == code, answer.json
    assert not check or check in failed(answer)


def test_a_node_that_answers_nonsense(world: World) -> None:
    place = world.chain.checksum(world.deployment.address("MarketOracle"))
    logs = world.chain.web3.eth.get_logs({"fromBlock": 0, "address": place})
    honest = next(each for each in logs if each["data"])
    for change in ({"topics": []}, {"data": b"\1"}, {"address": "0x" + "12" * 20}, {"blockNumber": 1 << 50}):
        answers = [{**honest, **change}]
        with patch("web3.eth.eth.Eth.get_logs", lambda *_, answers=answers: answers):
            answer = verify(world)
        assert (answer.code, "that the contracts do not have" in answer.error) == (3, True)


def test_a_record_is_never_overwritten(world: World, accepted: Path) -> None:
    assert verify(world, None, "--record", accepted).code == 2
