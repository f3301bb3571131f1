"""`zksolvency evm universe`, `sign` and `post`: market snapshots for the oracle on a chain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from prover.evm.deploy import NOBODY
from prover.evm.encoding import address
from prover.evm.rpc import Chain
from prover.evm.signing_log import admit, signing_log
from prover.evm.snapshot import ChainSnapshot, chain_snapshot, feed_id
from prover.tables.rebuild import check_signable
from verifier.errors import InvalidError, UsageError
from verifier.market import Snapshot

from .evm_options import (
    DEPLOYMENT,
    MARKET_ROOT,
    From,
    Keystore,
    KeystorePassphrase,
    Rpc,
    Send,
    contract_address,
    sender,
    tell,
)
from .options import MARKET, SECRETS, Json, PassphraseFile, WithoutModel, about, passphrase, unlock
from .output import emit, say, table

__all__ = ["register"]

_HOUR = 3600

Oracle = Annotated[str | None, typer.Option(help="The MarketOracle; the deployment's by default.")]
DeploymentFile = Annotated[Path, typer.Option("--deployment", help="The record of the deployment.")]


def register(evm: typer.Typer) -> None:
    """Add the commands."""
    evm.command("universe")(universe)
    evm.command("sign")(sign)
    evm.command("post")(post)


def universe(
    feed: Annotated[
        list[str],
        typer.Option(
            help="ID=ADAPTER of a feed, or ID=ADAPTER,CHECK,BASIS_POINTS with a second source; repeat."
        ),
    ],
    publisher: Annotated[list[str], typer.Option(help="Address of a publisher; repeat.")],
    market: Annotated[Path, typer.Argument(help="A snapshot of the universe.")] = MARKET,
    quorum: Annotated[
        int | None, typer.Option(help="How many publishers must sign; more than half, which is the default.")
    ] = None,
    max_window: Annotated[int, typer.Option(help="Longest window of a snapshot, in seconds.")] = _HOUR,
    oracle: Oracle = None,
    deployment: DeploymentFile = DEPLOYMENT,
    rpc: Rpc = None,
    keystore: Keystore = None,
    passphrase_file: KeystorePassphrase = None,
    from_: From = None,
    send: Send = False,
    json_: Json = False,
) -> None:
    """Register a universe with the oracle: where each feed's live price is read, and who publishes.

    Feeds are those of the snapshot, in its order. Only the oracle's owner may.

    Example: zksolvency evm universe market.json --feed BTC-mark=0x… --publisher 0x…
    """
    snapshot = Snapshot.load(market)
    sources = dict(_source(text) for text in feed)
    if len(sources) != len(feed):
        raise UsageError("--feed: a feed is named twice")
    wanted = [each.id for each in snapshot.feeds]
    if set(sources) != set(wanted):
        missing = ", ".join(sorted(set(wanted) ^ set(sources)))
        raise UsageError(f"--feed: name each feed of {market} once, and no other; look at {missing}")
    by = sender(rpc, keystore, passphrase_file, from_, send)
    contract = _oracle(by.chain, oracle, deployment)
    feeds = [
        {
            "feed": feed_id(name),
            "adapter": by.chain.checksum(sources[name][0]),
            "check": by.chain.checksum(sources[name][1]),
            "maxDivergence": sources[name][2],
        }
        for name in wanted
    ]
    publishers = [by.chain.checksum(address(each, "--publisher")) for each in publisher]
    needed = len(publishers) // 2 + 1 if quorum is None else quorum
    if not needed <= len(publishers) < 2 * needed:
        raise UsageError(
            f"--quorum {needed}: must be more than half of the {len(publishers)} publishers and no more than "
            "all, because two halves could sign two stories"
        )
    call = contract.functions.registerUniverse(snapshot.universe.hash, feeds, publishers, needed, max_window)
    made = by.do(call, f"universe of {snapshot.universe.venue}")
    tell(by, [made], {"universe": str(snapshot.universe.hash)}, [], as_json=json_)


def sign(
    market: Annotated[Path, typer.Argument(help="The market snapshot.")] = MARKET,
    key: Annotated[Path, typer.Option(help="The publisher's key file for chains.")] = SECRETS
    / "publisher-evm.json",
    oracle: Oracle = None,
    chain: Annotated[str | None, typer.Option(help="Its chain, such as eip155:1.")] = None,
    deployment: DeploymentFile = DEPLOYMENT,
    join: Annotated[
        list[Path] | None, typer.Option(help="Another publisher's file, whose signatures to add; repeat.")
    ] = None,
    target: Annotated[Path, typer.Option("--out", help="What to post.")] = MARKET_ROOT,
    without_model: WithoutModel = False,
    passphrase_file: PassphraseFile = None,
    json_: Json = False,
) -> None:
    """Sign a snapshot's root, hash and bands for one oracle (EIP-712), after recomputing all of them.

    First the whole snapshot is made again from the rules that it names, and compared.

    No chain is asked. The key is one of: zksolvency keys new publisher-evm. Beside it is noted what was
    signed: of an epoch one snapshot is, and none of an epoch before it.

    Example: zksolvency evm sign market.json --join theirs.json
    """
    named, place = contract_address("MarketOracle", oracle, deployment, "--oracle")
    where = chain or named
    if where is None or (chain is not None and named is not None and chain != named):
        raise UsageError("--chain: name the oracle's chain, such as eip155:1")
    publisher = unlock(key, "publisher-evm", passphrase(passphrase_file))
    snapshot = Snapshot.load(market)
    with about(market):
        check_signable(snapshot, without_model=without_model)
    made = chain_snapshot(snapshot, where, place)
    for path in join or []:
        made = made.joined(ChainSnapshot.load(path))
    # After all that may refuse: what was admitted is noted for good.
    admit(signing_log(key, publisher.address), made)
    made = made.signed(publisher)
    made.save(target)
    result = {
        "file": str(target),
        "market_root": str(made.snapshot.market_root),
        "signers": [each.signer for each in made.signatures],
    }
    emit(
        result,
        lambda: _signed(target, snapshot, made),
        as_json=json_,
    )


def _signed(target: Path, snapshot: Snapshot, made: ChainSnapshot) -> None:
    """Say what was signed: prices and bands are the publisher's to judge."""
    shown = [[feed.id, feed.price, feed.low, feed.high] for feed in snapshot.feeds]
    table("", ["feed", "price", "low", "high"], shown)
    say(f"wrote {target}: epoch {made.snapshot.epoch}, {len(made.signatures)} signed")


def post(
    signed: Annotated[Path, typer.Argument(help="The signed root.")] = MARKET_ROOT,
    rpc: Rpc = None,
    keystore: Keystore = None,
    passphrase_file: KeystorePassphrase = None,
    from_: From = None,
    send: Send = False,
    json_: Json = False,
) -> None:
    """Post a signed market root to its oracle. Anybody may; the quorum is in the signatures.

    Example: zksolvency evm post market-root.json --keystore key.json --send
    """
    snapshot = ChainSnapshot.load(signed)
    by = sender(rpc, keystore, passphrase_file, from_, send)
    if by.chain.name != snapshot.chain:
        raise UsageError(f"{signed}: is for {snapshot.chain}, and the RPC is of {by.chain.name}")
    contract = by.chain.contract("MarketOracle", snapshot.oracle)
    _publishers(by.chain, contract, snapshot)
    signatures = snapshot.ordered()
    for each in signatures:
        each["signer"] = by.chain.checksum(each["signer"])
    call = contract.functions.postSnapshot(snapshot.snapshot.structure(), signatures)
    made = by.do(call, f"snapshot of epoch {snapshot.snapshot.epoch}")
    tell(by, [made], {"market_root": str(snapshot.snapshot.market_root)}, [], as_json=json_)


def _publishers(chain: Chain, contract: Any, snapshot: ChainSnapshot) -> None:
    """Say in words what the contract would refuse with a number."""
    universe = snapshot.snapshot.universe
    quorum, _ = chain.read(contract.functions.quorumOf(universe))
    if quorum == 0:
        raise InvalidError("the universe is not registered with the oracle. Run: zksolvency evm universe")
    for each in snapshot.signatures:
        if not chain.read(contract.functions.isPublisher(universe, chain.checksum(each.signer))):
            raise InvalidError(f"{each.signer} is no publisher of the universe")
    if len(snapshot.signatures) < quorum:
        raise InvalidError(
            f"{len(snapshot.signatures)} signed, and {quorum} must: zksolvency evm sign --join"
        )


def _oracle(chain: Chain, given: str | None, deployment: Path) -> Any:
    named, place = contract_address("MarketOracle", given, deployment, "--oracle")
    if named is not None and named != chain.name:
        raise UsageError(f"the deployment is on {named}, and the RPC is of {chain.name}")
    return chain.contract("MarketOracle", place)


def _source(text: str) -> tuple[str, tuple[str, str, int]]:
    """``ID=ADAPTER`` or ``ID=ADAPTER,CHECK,BASIS_POINTS``."""
    name, _, rest = text.partition("=")
    parts = rest.split(",")
    if not name or len(parts) not in (1, 3):
        raise UsageError(f"--feed {text[:80]}: write ID=ADAPTER, or ID=ADAPTER,CHECK,BASIS_POINTS")
    adapter = address(parts[0], "--feed")
    if len(parts) == 1:
        return name, (adapter, NOBODY, 0)
    if not (parts[2].isdecimal() and len(parts[2]) < 6):
        raise UsageError(f"--feed {text[:80]}: the divergence is no number of hundredths of a percent")
    return name, (adapter, address(parts[1], "--feed"), int(parts[2]))
