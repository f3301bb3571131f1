"""What is where on a chain: the file that a deployment leaves, and how its code and keys are written."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from verifier.canonical import keccak256
from verifier.chain import Address
from verifier.chain import Chain as ChainName
from verifier.groth16 import VerificationKey
from verifier.models import Document, FieldText, Hex32, IntText, KeyHash, Member, Text, entries, rule_error

from .contracts import DEPLOYED, Artifact
from .rpc import Chain

__all__ = [
    "DeployedContract",
    "DeployedFeed",
    "DeployedKey",
    "DeployedPolicy",
    "DeployedUniverse",
    "Deployment",
    "code_hash",
    "constructor_arguments",
    "creation",
    "key_structure",
]

_MAX_KEYS = 32
_MAX_DELAY = 30 * 24 * 3600
_MAX_FEEDS = 8
_MAX_PUBLISHERS = 32
_MAX_WINDOW = 7 * 24 * 3600
_MAX_DIVERGENCE = 5_000
_MAX_SET = 1024

ContractName = Literal["VerifyingKeyRegistry", "MarketOracle", "SolvencyRegistry"]
Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
Word = Annotated[int, IntText(1, (1 << 256) - 1)]


class DeployedContract(Member):
    """One contract of a deployment.

    Attributes
    ----------
    name, address
        Which, and where.
    transaction, block
        That created it.
    code
        keccak256 of its code on chain, with zeros where the constructor filled in immutables.
    """

    name: ContractName
    address: Address
    transaction: Hash
    block: Annotated[int, Field(ge=0, lt=1 << 63)]
    code: Hex32


class DeployedKey(Member):
    """One verification key of a deployment.

    Attributes
    ----------
    name
        The key's, whose keccak256 is its circuit id; ends in ``_dev`` for a development key.
    circuit, verification_key
        The circuit that it is for, and its hash.
    verifier
        The contract that checks proofs under it.
    """

    name: Text
    circuit: Text
    verification_key: KeyHash
    verifier: Address


class DeployedFeed(Member):
    """Where the price of a feed is read.

    Attributes
    ----------
    feed
        keccak256 of the feed's id.
    adapter, check
        The source, and the second one when there is one.
    max_divergence
        How far the two may be apart, in basis points; 0 without a second.
    """

    feed: Hash
    adapter: Address
    check: Address | None = None
    max_divergence: Annotated[int, Field(ge=0, le=_MAX_DIVERGENCE)]


class DeployedUniverse(Member):
    """A universe of the market oracle that users have judged.

    Attributes
    ----------
    universe
        Its hash.
    quorum, publishers
        How many must sign at least, and who may at most.
    max_window
        Longest window of a snapshot, in seconds.
    feeds
        In the order of the universe.
    """

    universe: FieldText
    quorum: Annotated[int, Field(ge=1, le=_MAX_PUBLISHERS)]
    publishers: Annotated[tuple[Address, ...], entries(most=_MAX_PUBLISHERS)]
    max_window: Annotated[int, Field(ge=1, le=_MAX_WINDOW)]
    feeds: Annotated[tuple[DeployedFeed, ...], entries(least=1, most=_MAX_FEEDS)]


class DeployedPolicy(Member):
    """A policy of the solvency registry that users have judged.

    Attributes
    ----------
    id
        The policy's, a hash of everything but later attestors.
    attestors
        Hashes of the keys of those whose word is taken at most.
    """

    id: Hash
    attestors: Annotated[tuple[Word, ...], entries(most=_MAX_SET)]


class Deployment(Document):
    """``zksolvency/deployment/1``: what is where on a chain, and who owns it.

    Attributes
    ----------
    chain
        By CAIP-2.
    compiler
        Version of solc.
    production
        Whether the registry of keys refuses development keys for good.
    owner, guardian, delay
        Who may change things, who may only stop them, and how many seconds a change waits.
    contracts, keys
        What was put there.
    universes, policies
        All that the owner may have set since; left out, that is not compared.
    """

    SCHEMA: ClassVar[str] = "zksolvency/deployment/1"

    chain: ChainName
    compiler: Text
    production: bool
    owner: Address
    guardian: Address
    delay: Annotated[int, Field(ge=0, le=_MAX_DELAY)]
    contracts: Annotated[tuple[DeployedContract, ...], entries(least=3, most=3)]
    keys: Annotated[tuple[DeployedKey, ...], entries(least=1, most=_MAX_KEYS)]
    universes: Annotated[tuple[DeployedUniverse, ...], entries(most=_MAX_SET)] | None = None
    policies: Annotated[tuple[DeployedPolicy, ...], entries(most=_MAX_SET)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if tuple(each.name for each in self.contracts) != DEPLOYED:
            raise rule_error(f"must be {', '.join(DEPLOYED)}", field="contracts", mend="In this order")
        if len({each.name for each in self.keys}) != len(self.keys):
            raise rule_error("names a key twice", field="keys", mend="Keep one")
        if self.universes is not None and len({each.universe for each in self.universes}) != len(
            self.universes
        ):
            raise rule_error("names a universe twice", field="universes", mend="Keep one")
        if self.policies is not None and len({each.id for each in self.policies}) != len(self.policies):
            raise rule_error("names a policy twice", field="policies", mend="Keep one")
        return self

    def address(self, name: str) -> str:
        """Where a contract is."""
        return next(each.address for each in self.contracts if each.name == name)


def key_structure(key: VerificationKey) -> dict[str, Any]:
    """The contract's structure `VerifyingKey`; imaginary parts first."""

    def g2(point: Any) -> list[list[int]]:
        return [[point.x[1], point.x[0]], [point.y[1], point.y[0]]]

    return {
        "alpha": [key.alpha.x, key.alpha.y],
        "beta": g2(key.beta),
        "gamma": g2(key.gamma),
        "delta": g2(key.delta),
        "ic": [[point.x, point.y] for point in key.ic],
    }


def creation(chain: Chain, made: Artifact, arguments: tuple[Any, ...]) -> Any:
    """The creation of a contract with these arguments, to be estimated or sent."""
    contract = chain.web3.eth.contract(abi=made.abi, bytecode="0x" + made.creation.hex())
    return contract.constructor(*map(_positional, arguments))


def constructor_arguments(
    name: str, owner: str, guardian: str, delay: int, *, production: bool, oracle: str = "", keys: str = ""
) -> tuple[Any, ...]:
    """What a contract of a deployment is created with.

    Parameters
    ----------
    name
        Which.
    owner, guardian, delay
        Its first owner, which is whoever deploys it, and as `Deployment` has them.
    production
        Whether the registry of keys refuses development keys for good.
    oracle, keys
        Addresses of the two other contracts; for SolvencyRegistry only.
    """
    common = (owner, guardian, delay)
    if name == "VerifyingKeyRegistry":
        return (*common, production)
    return (*common, oracle, keys) if name == "SolvencyRegistry" else common


def _positional(value: Any) -> Any:
    """A structure by position: web3.py takes names in calls, and not in constructors."""
    return tuple(value.values()) if isinstance(value, dict) else value


def code_hash(made: Artifact, code: bytes) -> str:
    """keccak256 of code on chain, with zeros where the constructor filled in immutables."""
    return keccak256(made.masked(code)).hex()
