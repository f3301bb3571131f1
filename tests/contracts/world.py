"""A whole deployment on a chain here, made with the command line, and a borrower with real proofs."""

from __future__ import annotations

import contextlib
import io
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from samples import ATTESTOR, HOLDER, NOW, PUBLISHER, account, policy, universe, unsigned_snapshot

from prover.accounts import sign_statement
from prover.cli import main
from prover.evm.deployment import Deployment
from prover.evm.rpc import Chain, connect
from prover.prove import prove
from prover.secrets import Key, save_key, sign_snapshot
from prover.toolchain.setup import development_key
from tests.contracts.chains import Party, create, helpers
from verifier.bundle import Bundle
from verifier.chain import chain_challenge, chain_policy_id
from verifier.circuits import instance
from verifier.market import Feed, RowEntry, Snapshot
from verifier.policy import Policy

CIRCUIT = "account_solvency_8_2"
OWNER, RELAYER, LENDER, BORROWER = (Party.number(0x5EED0000 + place) for place in range(1, 5))
PUBLISHERS = [Key("publisher-evm", f"publisher {n}", (0x9B000000 + n).to_bytes(32, "big")) for n in (1, 2, 3)]
PHRASE = "a phrase for a test"
LIMIT = 1_000
SECURITY = 50


@dataclass
class Answer:
    """How a command ended: its exit code and its JSON."""

    code: int
    json: dict[str, Any]

    @property
    def error(self) -> str:
        """What it says went wrong."""
        return str(self.json["error"]["message"])


def run(*words: object) -> Answer:
    """Run a command of ``zksolvency evm``."""
    spoken = io.StringIO()
    with contextlib.redirect_stdout(spoken):
        code = main(["evm", *map(str, words), "--json"])
    return Answer(code, json.loads(spoken.getvalue()))


def failed(answer: Answer) -> list[str]:
    """Names of the checks of a deployment that did not pass."""
    assert answer.code == 1, answer.json
    assert answer.json["valid"] is False
    return [check["name"] for check in answer.json["checks"] if not check["passed"]]


def keystore(party: Party, folder: Path) -> list[object]:
    """Options that send as a party: an encrypted keystore and the file of its passphrase."""
    from eth_account import Account

    path, phrase = folder / f"{party.address}.json", folder / "phrase.txt"
    path.write_text(json.dumps(Account.encrypt(party.key, PHRASE, kdf="pbkdf2", iterations=2)))
    phrase.write_text(PHRASE + "\n")
    return ["--keystore", path, "--passphrase-file", phrase]


def market(epoch: int = 7, btc: int = 60_000) -> Snapshot:
    """The samples' market with its band around another price, in a later epoch."""
    plain = unsigned_snapshot()
    fields = {
        "epoch": epoch,
        "feeds": (
            Feed(
                id="BTC-mark",
                kind="mark",
                underlying="BTC",
                price=str(btc),
                low=str(btc * 95 // 100),
                high=str(btc * 105 // 100),
            ),
            *plain.feeds[1:],
        ),
        "rows": tuple(
            RowEntry(**{**dict(entry), "mark": btc * 10_000}) if entry.index == 0 else entry
            for entry in plain.rows
        ),
    }
    return sign_snapshot(plain.model_copy(update=fields), PUBLISHER)


@dataclass
class World:
    """What a test works with."""

    chain: Chain
    url: str
    folder: Path
    deployment: Deployment
    feeds: dict[str, Any]
    policy: Policy
    token: Any
    line: Any

    @property
    def registry(self) -> Any:
        """The SolvencyRegistry."""
        return self.chain.contract("SolvencyRegistry", self.deployment.address("SolvencyRegistry"))

    @property
    def policy_id(self) -> bytes:
        """The policy's id in the registry."""
        return chain_policy_id(self.policy)

    def status(self) -> tuple[int, str]:
        """Exit code and status that the command tells of the borrower."""
        answer = run("status", BORROWER.address, "--policy", self.folder / "policy.json", "--rpc", self.url)
        return answer.code, answer.json["status"]

    def post(self, snapshot: Snapshot, keys: list[Key] | None = None) -> Answer:
        """Sign a snapshot by publishers, one after the other, and post it."""
        names = []
        for key in keys or PUBLISHERS[:2]:
            path, signed = self.folder / f"{key.address}.key", self.folder / f"root-{key.address}.json"
            if not path.exists():
                save_key(key, path)
            snapshot.save(self.folder / "market.json")
            joined = [word for name in names for word in ("--join", name)]
            made = run(
                *("sign", self.folder / "market.json", "--key", path, "--out", signed),
                *("--deployment", self.folder / "deployment.json", "--without-model", *joined),
            )
            if made.code:
                return made
            names.append(signed)
        sender = keystore(RELAYER, self.folder)
        return run("post", names[-1], "--rpc", self.url, *sender, "--send")

    def attest(self, bundle: Bundle, by: Party = RELAYER) -> Answer:
        """Send a proof as anybody."""
        bundle.save(self.folder / "bundle.json")
        return run(
            "attest", self.folder / "bundle.json", "--rpc", self.url, *keystore(by, self.folder), "--send"
        )

    def price(self, name: str, value: int) -> None:
        """Move a live price."""
        OWNER.on(self.chain).do(self.feeds[name].functions.set(value * 10**8), f"price of {name}")

    def draw(self, amount: int) -> None:
        """The borrower draws on the line; InvalidError when the line refuses."""
        BORROWER.on(self.chain).do(self.line.functions.draw(amount), "draw")


def proof(policy_: Policy, snapshot: Snapshot, subject: str = BORROWER.address, **changes: Any) -> Bundle:
    """A real proof of the samples' account for a contract's policy."""
    given = {"as_of": NOW - 50, **changes}
    statement = sign_statement(
        account().model_copy(update={"as_of": given["as_of"]}),
        universe(),
        ATTESTOR.secret,
        holder=HOLDER.holder,
        subject=f"eip155:31337:{subject}",
        epoch=snapshot.epoch,
        valid_until=NOW + 7200,
        sequence=snapshot.epoch,
    )
    with patch.object(time, "time", lambda: float(max(NOW, given["as_of"]))):
        return prove(statement, snapshot, policy_, chain_challenge(policy_), HOLDER.number).bundle


def contract_policy(chain: Chain, deployment: Deployment, **changes: Any) -> Policy:
    """A policy that a deployed registry enforces."""
    key = development_key(instance("8-2"))
    fields: dict[str, Any] = {
        "name": "line of credit",
        "audience": f"{chain.name}:{deployment.address('SolvencyRegistry')}",
        "circuits": [{"circuit": CIRCUIT, "verification_key": key.manifest.verification_key}],
        "subject": None,
        "fresh_challenge": False,
        **changes,
    }
    return policy(**fields)


def build(url: str, folder: Path) -> World:
    """Deploy everything with the command line, as documented, and open a line of credit beside it."""
    chain = connect(url)
    for party in (OWNER, RELAYER, LENDER, BORROWER):
        party.on(chain)
    owner = keystore(OWNER, folder)
    record = folder / "deployment.json"
    made = run(
        *("deploy", "--rpc", url, *owner, "--size", "8-2", "--delay", "3600"),
        *("--allow-development-keys", "--send", "--out", record),
    )
    assert made.code == 0, made.json
    deployment = Deployment.load(record)

    found, by = helpers(), OWNER.on(chain)
    prices = {"BTC-mark": 60_000, "ETH-mark": 3_000}
    feeds = {name: create(by, found["SettableFeed"], price * 10**8) for name, price in prices.items()}
    nobody = chain.checksum("0x" + "00" * 20)
    sources = []
    for name, feed in feeds.items():
        adapter = create(by, found["ChainlinkAdapter"], feed.address, 3600, nobody, 0)
        sources += ["--feed", f"{name}={adapter.address}"]
    publishers = [word for key in PUBLISHERS for word in ("--publisher", key.address)]
    market().save(folder / "market.json")
    registered = run(
        *("universe", folder / "market.json", *sources, *publishers, "--quorum", "2"),
        *("--max-window", "7200", "--deployment", record, "--rpc", url, *owner, "--send"),
    )
    assert registered.code == 0, registered.json

    demands = contract_policy(chain, deployment)
    demands.save(folder / "policy.json")
    added = run("policy", folder / "policy.json", "--rpc", url, *owner, "--send")
    assert added.code == 0, added.json
    token = create(by, found["Coin"])
    line = create(
        by,
        found["CreditLine"],
        chain.checksum(deployment.address("SolvencyRegistry")),
        chain_policy_id(demands),
        token.address,
        *(chain.checksum(party.address) for party in (LENDER, BORROWER)),
        *(LIMIT, SECURITY, 3600),
    )
    world = World(chain, url, folder, deployment, feeds, demands, token, line)
    for party, amount, call in ((LENDER, LIMIT, "fund"), (BORROWER, SECURITY, "secure")):
        theirs = party.on(chain)
        theirs.do(token.functions.mint(chain.checksum(party.address), amount), "mint")
        theirs.do(token.functions.approve(line.address, amount), "approve")
        theirs.do(line.functions[call](amount), call)
    return world
