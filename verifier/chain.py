"""Proofs for a contract: the challenge that a registry on a chain stands for, and the id of a policy there.

A contract makes no nonces. Its context follows from the chain, its own address and the id of one of its
policies, so a proof for it is good nowhere else; that none counts twice is the registry's own business. The
id is a hash of the whole policy, so a verifier outside the chain computes it from its policy file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from .canonical import keccak256, load_json
from .circuits import Layout, instance
from .errors import FormatError
from .market import level_number
from .models import Document, Hex32, Member
from .policy import Challenge, Policy
from .statement import coverage_number

__all__ = [
    "Address",
    "Chain",
    "ChainChallenge",
    "ChainPart",
    "chain_challenge",
    "chain_context",
    "chain_policy_id",
    "circuit_id",
    "contract_of",
    "key_name",
    "layout_of",
    "read_challenge",
]

_WORD = 32
_ACCOUNT = re.compile(r"(eip155:[1-9][0-9]{0,31}):(0x[0-9a-fA-F]{40})", re.ASCII)

Chain = Annotated[str, Field(pattern=r"^eip155:[1-9][0-9]{0,31}$")]
Address = Annotated[str, Field(pattern=r"^0x[0-9a-f]{40}$")]


class ChainPart(Member):
    """The challenge that a bundle for a contract answers.

    Attributes
    ----------
    chain
        The chain by CAIP-2, such as ``eip155:1``.
    contract
        The registry's address, lower-case hex.
    policy
        The id of the policy there, hex; see `chain_policy_id`.
    """

    chain: Chain
    contract: Address
    policy: Hex32

    @property
    def audience(self) -> str:
        """The contract by CAIP-10: the audience of a policy that it enforces."""
        return f"{self.chain}:{self.contract}"

    @property
    def context(self) -> int:
        """The public signal that ties a proof to this contract and policy."""
        return chain_context(self.chain, self.contract, self.policy)


class ChainChallenge(Document, ChainPart):
    """``zksolvency/chain-challenge/1``: what a contract demands of every proof. Nobody needs to send it."""

    SCHEMA: ClassVar[str] = "zksolvency/chain-challenge/1"

    def part(self) -> ChainPart:
        """What a bundle repeats of it."""
        return ChainPart(chain=self.chain, contract=self.contract, policy=self.policy)


def chain_context(chain: str, contract: str, policy: str) -> int:
    """keccak256(abi.encode(chain id, contract, policy id)) >> 8, as the registry computes it.

    Parameters
    ----------
    chain
        By CAIP-2, ``eip155:<id>``.
    contract
        Address, ``0x`` and 40 hex digits.
    policy
        The policy's id, 64 hex digits.
    """
    packed = _word(int(chain.removeprefix("eip155:"))) + _word(int(contract, 16)) + bytes.fromhex(policy)
    return int.from_bytes(keccak256(packed), "big") >> 8


def contract_of(policy: Policy) -> tuple[str, str] | None:
    """Chain and contract that enforce a policy; None for a policy of a verifier off chain.

    A contract's policy has its address (CAIP-10) as audience, and demands no fresh challenge.
    """
    account = _ACCOUNT.fullmatch(policy.audience)
    if account is None or policy.fresh_challenge:
        return None
    return account.group(1), account.group(2).lower()


def chain_challenge(policy: Policy) -> ChainChallenge:
    """The one challenge under a contract's policy.

    Raises
    ------
    FormatError
        When the policy is not a contract's, or says what a contract cannot.
    """
    found = contract_of(policy)
    if found is None:
        raise FormatError(
            "audience",
            "is no contract's, or the policy demands a fresh challenge",
            value=policy.audience,
            mend="A contract's policy has eip155:<chain id>:0x<address> there, and fresh_challenge false",
        )
    chain, contract = found
    return ChainChallenge(chain=chain, contract=contract, policy=chain_policy_id(policy).hex())


def key_name(circuit: str, *, development: bool) -> str:
    """What the key of a circuit is called on chain: a development key's name ends in ``_dev``."""
    return circuit + "_dev" if development else circuit


def circuit_id(name: str) -> bytes:
    """The id of a key on chain: keccak256 of its name."""
    return keccak256(name.encode())


def layout_of(policy: Policy) -> Layout:
    """The one layout of the policy's circuits: a policy on chain has no more.

    Raises
    ------
    FormatError
        When there are several.
    """
    found = {each.layout.name: each.layout for each in (instance(each.circuit) for each in policy.circuits)}
    if len(found) > 1:
        raise FormatError(
            "circuits",
            f"are of several layouts ({', '.join(sorted(found))})",
            mend="A policy on chain has circuits of one; make a policy for each",
        )
    return next(iter(found.values()))


def chain_policy_id(policy: Policy) -> bytes:
    """The id of the policy on chain: keccak256 of the ABI encoding of what a registry keeps of it.

    That is name, universe, layout, level, coverage, ratio, floor, maximum age, circuits and attestors. Under
    ``allow_development_keys`` the circuits are those of development keys. Whose snapshots count is for the
    registry's market oracle to say.

    Raises
    ------
    FormatError
        When the policy says what a contract cannot: self-declared accounts, one subject, a mandate, several
        layouts.
    """
    for field, wrong in (
        ("allow_self_declared", policy.allow_self_declared),
        ("subject", policy.subject is not None),
        ("mandate", policy.mandate is not None),
    ):
        if wrong:
            raise FormatError(
                field,
                "is not for a policy on chain",
                mend="A registry takes listed attestors, and any subject",
            )
    numbers = [
        policy.universe,
        layout_of(policy).id,
        level_number(policy.level),
        coverage_number(policy.coverage),
        policy.ratio_k,
        policy.floor,
        policy.max_age,
    ]
    circuits = [
        circuit_id(key_name(each.circuit, development=policy.allow_development_keys))
        for each in policy.circuits
    ]
    tails = [
        _text(policy.name),
        _list(circuits),
        _list([_word(each.attestor) for each in policy.attestors]),
    ]
    places, at = [], _WORD * (len(numbers) + len(tails))
    for tail in tails:
        places.append(_word(at))
        at += len(tail)
    name, accepted, attestors = places
    head = [name, *map(_word, numbers), accepted, attestors]
    # The first word is the place of the structure itself, which has no fixed length.
    return keccak256(b"".join([_word(_WORD), *head, *tails]))


def read_challenge(value: Mapping[str, Any] | str | Path) -> Challenge | ChainChallenge:
    """A challenge of either kind, from its JSON object or its file.

    Raises
    ------
    FormatError
        When it is malformed.
    UsageError
        When the file cannot be read.
    """
    source = str(value) if isinstance(value, str | Path) else ""
    content = load_json(value) if isinstance(value, str | Path) else value
    of_chain = isinstance(content, Mapping) and content.get("schema") == ChainChallenge.SCHEMA
    kind: type[Challenge | ChainChallenge] = ChainChallenge if of_chain else Challenge
    return kind.parse(content, source=source)


def _word(number: int) -> bytes:
    return number.to_bytes(_WORD, "big")


def _text(text: str) -> bytes:
    content = text.encode()
    return _word(len(content)) + content + bytes(-len(content) % _WORD)


def _list(words: Sequence[bytes]) -> bytes:
    return _word(len(words)) + b"".join(words)
