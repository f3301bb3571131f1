"""What owner and guardian do with the command line: scheduled calls, calls at once, a change of owners."""

from __future__ import annotations

import pytest

from prover.evm.deployment import Deployment
from prover.evm.governance import AT_ONCE, DELAYED
from tests.contracts.chains import ask
from tests.contracts.world import OWNER, RELAYER, Answer, World, keystore, market, run
from verifier.bundle import Bundle

DELAY = 3600


def owner(world: World, *words: object, by: object = OWNER, send: bool = True) -> Answer:
    """A command of ``zksolvency evm owner``."""
    options = ["--deployment", world.folder / "deployment.json", "--rpc", world.url]
    party = keystore(by, world.folder)  # type: ignore[arg-type]
    return run("owner", *words, *options, *party, *(["--send"] if send else []))


def wait(world: World, seconds: int) -> None:
    ask(world.chain, "evm_increaseTime", seconds)
    ask(world.chain, "evm_mine")


def quorum(world: World) -> int:
    oracle = world.chain.contract("MarketOracle", world.deployment.address("MarketOracle"))
    return int(world.chain.read(oracle.functions.quorumOf(market().universe.hash))[0])


def test_a_scheduled_call_waits_and_is_made_once(world: World) -> None:
    words = ("MarketOracle", "setQuorum", market().universe.hash, 3)
    assert "NotScheduled" in owner(world, "execute", *words).error
    dry = owner(world, "schedule", *words, send=False)
    assert dry.code == 0 and dry.json["sent"] is False
    assert "NotScheduled" in owner(world, "execute", *words).error, "a dry run schedules nothing"
    made = owner(world, "schedule", *words)
    assert made.code == 0 and made.json["id"] == dry.json["id"]
    assert "OutsideSchedule" in owner(world, "execute", *words).error
    wait(world, DELAY)
    other = owner(world, "execute", *words[:3], 1)
    assert other.code == 1 and "NotScheduled" in other.error
    assert owner(world, "execute", *words).code == 0
    assert quorum(world) == 3
    assert "NotScheduled" in owner(world, "execute", *words).error


def test_a_scheduled_call_is_taken_back(world: World) -> None:
    words = ("SolvencyRegistry", "setGuardian", RELAYER.address)
    assert owner(world, "schedule", *words).code == 0
    assert owner(world, "cancel", *words).code == 0
    wait(world, DELAY)
    assert "NotScheduled" in owner(world, "execute", *words).error


def test_who_is_not_the_owner_is_refused(world: World) -> None:
    words = ("SolvencyRegistry", "setGuardian", RELAYER.address)
    for command in (["schedule", *words], ["execute", *words], ["pause"], ["unpause"]):
        answer = owner(world, *command, by=RELAYER)
        assert answer.code == 1, command
    assert owner(world, "accept", by=RELAYER).code == 1


def test_a_pause_and_its_end(world: World, first: Bundle) -> None:
    assert world.post(market()).code == 0
    assert world.attest(first).code == 0
    assert world.status() == (0, "solvent")
    assert owner(world, "pause").code == 0
    assert world.status() == (1, "halted")
    assert owner(world, "unpause").code == 0
    assert world.status() == (0, "solvent")
    attestor = first.public[1]
    assert owner(world, "call", "SolvencyRegistry", "revokeAttestor", attestor).code == 0
    assert world.status() == (1, "attestor revoked")
    assert owner(world, "schedule", "SolvencyRegistry", "restoreAttestor", attestor).code == 0
    wait(world, DELAY)
    assert owner(world, "execute", "SolvencyRegistry", "restoreAttestor", attestor).code == 0


def test_a_new_owner_accepts(world: World) -> None:
    by = OWNER.on(world.chain)
    for name in ("MarketOracle", "SolvencyRegistry"):
        contract = world.chain.contract(name, world.deployment.address(name))
        by.do(contract.functions.transferOwnership(world.chain.checksum(RELAYER.address)), "offer")
    RELAYER.on(world.chain)
    made = owner(world, "accept", by=RELAYER)
    assert made.code == 0 and made.json["accepted"] == ["MarketOracle", "SolvencyRegistry"]
    assert owner(world, "pause").code == 1, "the former owner"
    assert owner(world, "pause", by=RELAYER).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["schedule", "Nothing", "setQuorum", "1", "2"],
        ["schedule", "MarketOracle", "transferOwnership", "0x" + "1" * 40],
        ["schedule", "MarketOracle", "setQuorum", "1"],
        ["schedule", "MarketOracle", "setQuorum", "1", "256"],
        ["schedule", "MarketOracle", "setQuorum", "-1", "2"],
        ["schedule", "MarketOracle", "setQuorum", "1e3", "2"],
        ["schedule", "MarketOracle", "setFeedSource", "1", "0", "[]"],
        ["schedule", "MarketOracle", "setFeedSource", "1", "0", "{"],
        ["schedule", "SolvencyRegistry", "setGuardian", "0x12"],
        ["schedule", "SolvencyRegistry", "addAttestor", "0x12", "1"],
        ["schedule", "VerifyingKeyRegistry", "addKey", "nowhere"],
        ["call", "SolvencyRegistry", "setGuardian", "0x" + "1" * 40],
        ["call", "VerifyingKeyRegistry", "deprecateKey"],
    ],
)
def test_words_that_make_no_call(world: World, words: list[str]) -> None:
    answer = owner(world, *words)
    assert answer.code == 2, answer.json


def test_lists_name_calls_of_the_contracts(deployed: World) -> None:
    """Every call is one of the contract, and every one that waits is on the list."""
    from prover.evm.contracts import CONTRACTS, abi

    for lists in (DELAYED, AT_ONCE):
        for contract, calls in lists.items():
            assert set(calls) <= {each.get("name") for each in abi(contract)}
    text = "".join(path.read_text() for path in (CONTRACTS / "src").rglob("*.sol"))
    waiting = {
        part.split("(")[0].strip()
        for part in text.split("function ")[1:]
        if "afterDelay" in part.split("{")[0]
    }
    assert waiting == {name for calls in DELAYED.values() for name in calls}
    assert isinstance(deployed.deployment, Deployment)
