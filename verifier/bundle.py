"""The bundle: a proof with all that a verifier needs beside its own policy and keys."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from .chain import ChainPart
from .market import Snapshot
from .models import Document, FieldText, KeyHash, Member, Text, entries, rule_error
from .policy import ChallengePart
from .statement import Statement

__all__ = ["Bundle", "Proof"]

_COORDINATE = Annotated[str, Field(min_length=1, max_length=78)]
_Pair = Annotated[tuple[_COORDINATE, ...], entries(least=2, most=2)]
_Triple = Annotated[tuple[_COORDINATE, ...], entries(least=3, most=3)]


class Proof(Member):
    """snarkjs's proof.json: projective points as decimal text, each with z = 1."""

    pi_a: _Triple
    pi_b: Annotated[tuple[_Pair, ...], entries(least=3, most=3)]
    pi_c: _Triple
    protocol: Literal["groth16"]
    curve: Literal["bn128"]


def _either_challenge(value: Any, info: ValidationInfo) -> Any:
    """Read the kind of challenge that it is, so that an error names a member of that kind."""
    if not isinstance(value, dict):
        return value
    kind = ChainPart if "chain" in value else ChallengePart
    return kind.model_validate(value, context=info.context)


class Bundle(Document):
    """``zksolvency/bundle/1``: what a prover sends.

    Attributes
    ----------
    circuit, verification_key
        Names only: the verifier looks the key up in its own store by its hash.
    statement, public
        The public signals by name, and in order as the proof has them; the two must agree.
    proof
        snarkjs's proof.json.
    market
        The signed market snapshot.
    challenge
        What the proof answers: a verifier's own, or what a contract demands.
    """

    SCHEMA: ClassVar[str] = "zksolvency/bundle/1"

    circuit: Text
    verification_key: KeyHash
    statement: Statement
    public: Annotated[tuple[FieldText, ...], entries(least=5, most=6)]
    proof: Proof
    market: Snapshot
    challenge: Annotated[ChallengePart | ChainPart, BeforeValidator(_either_challenge)]

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        if len(self.public) != (5 if self.statement.mandate is None else 6):
            raise rule_error(
                "are not as many as the statement's", field="public", mend="5, and one more with a mandate"
            )
        return self
