"""Market snapshots for the MarketOracle contract: what publishers sign there (EIP-712), and the file of it.

A publisher signs here only what it has recomputed: root, hash and bands come from the whole snapshot, after
every row was checked, because a contract takes all of that on trust.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from prover.secrets import Key
from verifier.canonical import keccak256
from verifier.chain import Address, Chain
from verifier.errors import EnvironmentFault, FormatError, InvalidError
from verifier.market import Feed, Snapshot, level_number, market_root, snapshot_valid
from verifier.models import Document, Epoch, FieldText, IntText, Member, Text, Time, entries, rule_error
from verifier.numbers import parse_decimal

__all__ = [
    "MAX_FEEDS",
    "BandEntry",
    "ChainSnapshot",
    "RootSignature",
    "SnapshotPart",
    "chain_snapshot",
    "feed_id",
]

MAX_FEEDS = 8
"""Feeds of a universe on chain, since a contract must look at every one."""

_UNIT = 10**18
_MAX_PRICE = (1 << 128) - 1
_MAX_SIGNATURES = 32
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half the order of secp256k1 (SEC 2)."""

_DOMAIN = {"name": "zksolvency MarketOracle", "version": "1"}
_TYPES = {
    "MarketSnapshot": [
        {"name": "marketRoot", "type": "uint256"},
        {"name": "snapshotHash", "type": "uint256"},
        {"name": "universe", "type": "uint256"},
        {"name": "layoutId", "type": "uint256"},
        {"name": "level", "type": "uint8"},
        {"name": "epoch", "type": "uint32"},
        {"name": "time", "type": "uint40"},
        {"name": "validUntil", "type": "uint40"},
        {"name": "bands", "type": "Band[]"},
    ],
    "Band": [
        {"name": "feed", "type": "bytes32"},
        {"name": "low", "type": "uint128"},
        {"name": "high", "type": "uint128"},
    ],
}

Price = Annotated[int, IntText(1, _MAX_PRICE)]


class BandEntry(Member):
    """The band of one feed, in units of 1e-18."""

    feed: Text
    low: Price
    high: Price

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise rule_error("is above high", field="low", mend="low ≤ high")
        return self


class SnapshotPart(Member):
    """What publishers sign about a snapshot, by the contract's names."""

    market_root: FieldText
    snapshot: FieldText
    universe: FieldText
    layout: FieldText
    level: Annotated[int, Field(ge=1, le=2)]
    epoch: Epoch
    time: Time
    valid_until: Time
    bands: Annotated[tuple[BandEntry, ...], entries(least=1, most=MAX_FEEDS)]

    def structure(self) -> dict[str, Any]:
        """The contract's structure `MarketSnapshot`."""
        return {
            "marketRoot": self.market_root,
            "snapshotHash": self.snapshot,
            "universe": self.universe,
            "layoutId": self.layout,
            "level": self.level,
            "epoch": self.epoch,
            "time": self.time,
            "validUntil": self.valid_until,
            "bands": [
                {"feed": feed_id(band.feed), "low": band.low, "high": band.high} for band in self.bands
            ],
        }


class RootSignature(Member):
    """One publisher's signature: 65 bytes of an account with a key, or what a contract takes (ERC-1271)."""

    signer: Address
    signature: Annotated[str, Field(pattern=r"^([0-9a-f]{2}){1,4096}$")]


class ChainSnapshot(Document):
    """``zksolvency/chain-snapshot/1``: a snapshot for one MarketOracle, with the signatures collected so far.

    Attributes
    ----------
    chain, oracle
        For which contract: a signature is worth nothing to another.
    snapshot
        What is signed.
    signatures
        By publishers, each once.
    """

    SCHEMA: ClassVar[str] = "zksolvency/chain-snapshot/1"

    chain: Chain
    oracle: Address
    snapshot: SnapshotPart
    signatures: Annotated[tuple[RootSignature, ...], entries(most=_MAX_SIGNATURES)] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.signer for each in self.signatures}) != len(self.signatures):
            raise rule_error("has a signer twice", field="signatures", mend="Keep one")
        return self

    def signed(self, key: Key) -> Self:
        """The same with this publisher's signature.

        Raises
        ------
        EnvironmentFault
            When the extra ``evm`` is not installed.
        """
        made = _accounts().Account.sign_message(self._message(), key.secret)
        return self._with(RootSignature(signer=key.address, signature=bytes(made.signature).hex()))

    def joined(self, other: Self) -> Self:
        """The same with the signatures of another copy of the file; only one that does not hold is replaced.

        Raises
        ------
        InvalidError
            When the other is about something else, or no room is left for a signature of one's own.
        """
        if (self.chain, self.oracle, self.snapshot) != (other.chain, other.oracle, other.snapshot):
            raise InvalidError("the two files are about different snapshots or contracts, and do not join")
        held, own = set(self.signers()), {each.signer for each in self.signatures}
        better = set(other.signers()) - held
        joined = self
        for each in other.signatures:
            # A contract's (ERC-1271) cannot be judged here, so the first of its signatures stays.
            if each.signer not in own or each.signer in better:
                joined = joined._with(each)
        if len(joined.signatures) >= _MAX_SIGNATURES:
            raise InvalidError(
                f"together the files have {len(joined.signatures)} signatures, which are too many"
            )
        return joined

    def signers(self) -> list[str]:
        """Addresses whose signatures hold, as an account with a key signs; a contract's only it can judge."""
        message = self._message()
        return [each.signer for each in self.signatures if _recovered(message, each) == each.signer]

    def ordered(self) -> list[dict[str, Any]]:
        """The signatures as the contract wants them: by increasing address."""
        return [
            {"signer": each.signer, "signature": bytes.fromhex(each.signature)}
            for each in sorted(self.signatures, key=lambda each: int(each.signer, 16))
        ]

    def _with(self, signature: RootSignature) -> Self:
        others = tuple(each for each in self.signatures if each.signer != signature.signer)
        return self.model_copy(update={"signatures": (*others, signature)})

    def _message(self) -> Any:
        accounts = _accounts()
        domain = {
            **_DOMAIN,
            "chainId": int(self.chain.removeprefix("eip155:")),
            "verifyingContract": self.oracle,
        }
        return accounts.messages.encode_typed_data(domain, _TYPES, self.snapshot.structure())


def chain_snapshot(snapshot: Snapshot, chain: str, oracle: str, order: Sequence[bytes] = ()) -> ChainSnapshot:
    """What publishers sign about a snapshot for one oracle, without signatures.

    Parameters
    ----------
    snapshot
        The whole market snapshot; it is checked, and its root recomputed.
    chain, oracle
        The contract, by CAIP-2 and address.
    order
        Hashes of the feeds in the order in which the oracle has them; the snapshot's own order when left out.

    Raises
    ------
    FormatError
        When the snapshot is not well-formed, or a contract cannot check its feeds.
    """
    snapshot_valid(snapshot)
    if snapshot.epoch > snapshot.time:
        raise FormatError(
            "epoch",
            "is greater than the time, which the oracle refuses: epochs never go back",
            value=snapshot.epoch,
            mend=f"At most {snapshot.time}, the seconds since 1970",
        )
    if not 0 < len(snapshot.feeds) <= MAX_FEEDS:
        raise FormatError(
            "feeds",
            f"are {len(snapshot.feeds)}, and a contract checks 1 to {MAX_FEEDS}",
            mend="Build a universe of its own for the chain: "
            "zksolvency market build --underlying BTC --underlying ETH --universe chain-universe.json "
            "--out chain-market.json",
        )
    bands = {feed_id(feed.id): _band(position, feed) for position, feed in enumerate(snapshot.feeds)}
    if order and set(order) != set(bands):
        raise FormatError("feeds", "are not those that the oracle has for this universe")
    return ChainSnapshot(
        chain=chain,
        oracle=oracle,
        snapshot=SnapshotPart(
            market_root=market_root(snapshot),
            snapshot=snapshot.hash,
            universe=snapshot.universe.hash,
            layout=snapshot.shape.id,
            level=level_number(snapshot.level),
            epoch=snapshot.epoch,
            time=snapshot.time,
            valid_until=snapshot.valid_until,
            bands=tuple(bands[feed] for feed in (order or bands)),
        ),
    )


def feed_id(name: str) -> bytes:
    """What a feed is called on chain: keccak256 of its id in snapshots."""
    return keccak256(name.encode())


def _band(position: int, feed: Feed) -> BandEntry:
    """The band in units of 1e-18; an end with more places is moved inwards, never outwards."""
    low = -(-_scaled(feed.low) // 1)
    high = _scaled(feed.high) // 1
    if not 0 < low <= high <= _MAX_PRICE:
        raise FormatError(
            f"feeds[{position}]",
            f"has a band that a contract cannot hold, {feed.low} to {feed.high}",
            mend="Prices on chain are above zero, with 18 decimals, below 2^128 units of 1e-18",
        )
    return BandEntry(feed=feed.id, low=low, high=high)


def _scaled(text: str) -> Fraction:
    return parse_decimal(text) * _UNIT


def _recovered(message: Any, signature: RootSignature) -> str:
    """Whose signature it is, as an account with a key signs; nobody's when it is of any other form.

    Of the two that hold for one message only the one with the lower s is taken, as contracts do (EIP-2).
    """
    signed = bytes.fromhex(signature.signature)
    if len(signed) != 65 or signed[64] not in (27, 28) or int.from_bytes(signed[32:64], "big") > _HALF_ORDER:
        return ""
    try:
        found = _accounts().Account.recover_message(message, signature=signed)
    except Exception:
        return ""
    return str(found).lower()


def _accounts() -> Any:
    try:
        import eth_account
        import eth_account.messages
    except ImportError:
        raise EnvironmentFault("eth-account is not installed. Run: pip install 'zksolvency[evm]'") from None
    return eth_account
