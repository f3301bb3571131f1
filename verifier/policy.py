"""The policy: what a verifier demands. And the challenge: what makes a proof be for this verifier, now."""

from __future__ import annotations

import secrets
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from .canonical import object_hash
from .circuits import every_instance, text_tag
from .errors import FormatError
from .market import Level
from .models import (
    DecimalText,
    Document,
    FieldText,
    Hex32,
    IntText,
    KeyHash,
    Member,
    Text,
    entries,
    rule_error,
)
from .statement import MAX_FLOOR, Coverage, ratio_from_text, subject_number

__all__ = [
    "STANDING_NONCE",
    "AcceptedAttestor",
    "AcceptedCircuit",
    "AcceptedPublisher",
    "Challenge",
    "ChallengePart",
    "Policy",
    "context_of",
    "new_challenge",
]

STANDING_NONCE = "00" * 32
"""The nonce where a policy demands no fresh challenge: then it has one context, and a holder one nullifier.
A nonce of the prover's choice would show one account as many."""

_MAX_LIST = 256
_MAX_AGE = 366 * 24 * 3600


def _provable_ratio(text: str) -> str:
    try:
        ratio_from_text(text)
    except FormatError as error:
        raise rule_error(error.problem, mend=error.mend) from None
    return text


def _known_circuit(name: str) -> str:
    if name not in every_instance():
        raise rule_error("is not a known circuit", mend=f"It must be one of {', '.join(every_instance())}")
    return name


class AcceptedCircuit(Member):
    """A circuit and the hash of the one verification key that is accepted for it."""

    circuit: Annotated[str, AfterValidator(_known_circuit)]
    verification_key: KeyHash


class AcceptedAttestor(Member):
    """An attestor and the hash of its BabyJubJub key."""

    name: Text
    attestor: FieldText


class AcceptedPublisher(Member):
    """A publisher of market snapshots and its Ed25519 key."""

    name: Text
    public_key: Hex32


class Policy(Document):
    """``zksolvency/policy/1``: one verifier's demands. It names one level, floor and ratio, not a menu.

    Attributes
    ----------
    name, audience
        What the policy is called, and for whom proofs under it are made.
    circuits
        Accepted circuits, each with the hash of its verification key.
    allow_development_keys
        Whether locally made keys are good enough: they prove nothing to a stranger.
    attestors, allow_self_declared
        Whose word for an account is taken; and whether anyone's is (the verdict then says so).
    publishers, publisher_quorum
        Whose snapshots are taken, and how many of them must have signed.
    universe
        Hash of the universe.
    level, coverage
        What must be claimed, exactly.
    ratio, floor
        What must be claimed, at least: decimal text, and whole quote units above 0, because an empty account
        is solvent at 0.
    subject
        Of whom; anyone's when left out.
    max_age
        Seconds after as_of for which a proof is accepted.
    fresh_challenge
        Whether a proof must answer a challenge that this verifier made; else its nonce is `STANDING_NONCE`.
    mandate
        Hash of the mandate that must be kept. Then solvency is not what is demanded: every circuit must claim
        mandates, the ratio must be 1, and the floor is of the equity. Left out, no circuit may claim one.
    """

    SCHEMA: ClassVar[str] = "zksolvency/policy/1"

    name: Text
    audience: Text
    circuits: Annotated[tuple[AcceptedCircuit, ...], entries(least=1, most=_MAX_LIST)]
    allow_development_keys: bool
    attestors: Annotated[tuple[AcceptedAttestor, ...], entries(most=_MAX_LIST)]
    allow_self_declared: bool
    publishers: Annotated[tuple[AcceptedPublisher, ...], entries(least=1, most=_MAX_LIST)]
    publisher_quorum: Annotated[int, Field(ge=1, le=_MAX_LIST)]
    universe: FieldText
    level: Level
    ratio: Annotated[DecimalText, AfterValidator(_provable_ratio)]
    floor: Annotated[int, IntText(1, MAX_FLOOR)]
    coverage: Coverage
    subject: Text | None = None
    max_age: Annotated[int, Field(ge=1, le=_MAX_AGE)]
    fresh_challenge: bool
    mandate: FieldText | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        keys = {publisher.public_key for publisher in self.publishers}
        if len(keys) != len(self.publishers):
            raise rule_error("names a key twice", field="publishers", mend="Keep one")
        if self.publisher_quorum > len(keys):
            raise rule_error(
                "is more than there are publishers", field="publisher_quorum", mend="Lower it, or add some"
            )
        if any(
            every_instance()[each.circuit].claims_mandate is (self.mandate is None) for each in self.circuits
        ):
            raise rule_error(
                "are not of one claim",
                field="circuits",
                mend="With a mandate, those that claim one; without, none of these",
            )
        if self.mandate is not None and self.ratio_k:
            raise rule_error("is of a requirement, and a mandate has none", field="ratio", mend='"1"')
        if len({each.attestor for each in self.attestors}) != len(self.attestors):
            raise rule_error("names a key twice", field="attestors", mend="Keep one")
        if not self.attestors and not self.allow_self_declared:
            raise rule_error(
                "is empty", field="attestors", mend="Name one, or set allow_self_declared to true"
            )
        return self

    @property
    def id(self) -> int:
        """The policy's hash: a proof is made for one policy."""
        return object_hash(text_tag("policy"), self.to_json())

    @property
    def ratio_k(self) -> int:
        """The ratio as k of (20 + k)/20."""
        return ratio_from_text(self.ratio)

    @property
    def subject_number(self) -> int | None:
        """The subject as it stands in the terms."""
        return None if self.subject is None else subject_number(self.subject)


class ChallengePart(Member):
    """The challenge that a bundle answers.

    Attributes
    ----------
    audience, policy
        For whom the proof is, and under which policy.
    nonce
        32 bytes, hex.
    """

    audience: Text
    policy: FieldText
    nonce: Hex32

    @property
    def context(self) -> int:
        """The public signal that ties a proof to this challenge."""
        return context_of(self.audience, self.policy, self.nonce)


class Challenge(Document, ChallengePart):
    """``zksolvency/challenge/1``: sent by a verifier to whom it wants a proof from."""

    SCHEMA: ClassVar[str] = "zksolvency/challenge/1"

    def part(self) -> ChallengePart:
        """What a bundle repeats of it."""
        return ChallengePart(audience=self.audience, policy=self.policy, nonce=self.nonce)


def context_of(audience: str, policy: int, nonce: str) -> int:
    """keccak256(tag ‖ canonical JSON of audience, policy and nonce) >> 8."""
    return object_hash(text_tag("context"), {"audience": audience, "policy": str(policy), "nonce": nonce})


def new_challenge(policy: Policy) -> Challenge:
    """A challenge under `policy`: 256 fresh random bits, or the standing nonce where it demands none."""
    nonce = secrets.token_hex(32) if policy.fresh_challenge else STANDING_NONCE
    return Challenge(audience=policy.audience, policy=policy.id, nonce=nonce)
