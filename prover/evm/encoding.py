"""Call data of the exported verifier: plain 32-byte words after a four-byte selector."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from verifier.canonical import keccak256
from verifier.errors import FormatError, UsageError
from verifier.groth16 import parse_proof

__all__ = ["WORD", "address", "calldata", "encode", "proof_words", "selector"]

WORD = 32
_LARGEST = 1 << 256
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)


def selector(signals: int) -> bytes:
    """The first four bytes of keccak256 of `verify`'s signature for so many public signals."""
    return keccak256(f"verify(uint256[2],uint256[2][2],uint256[2],uint256[{signals}])".encode())[:4]


def proof_words(proof: Any) -> list[int]:
    """The eight numbers of snarkjs's proof.json in the order of EIP-197: imaginary parts of B first.

    Raises
    ------
    FormatError
        When the proof is malformed or a point is not in its group.
    """
    read = parse_proof(proof)
    return [
        read.a.x,
        read.a.y,
        read.b.x[1],
        read.b.x[0],
        read.b.y[1],
        read.b.y[0],
        read.c.x,
        read.c.y,
    ]


def calldata(proof: Any, public: Sequence[int]) -> bytes:
    """The call data that asks an exported verifier about a proof.

    Parameters
    ----------
    proof
        snarkjs's proof.json.
    public
        The public signals in order, each below 2^256; the contract refuses those that are not below r.

    Raises
    ------
    FormatError
        When the proof is malformed or a number does not fit a word.
    """
    return encode(proof_words(proof), public)


def encode(words: Sequence[int], public: Sequence[int]) -> bytes:
    """The same from eight numbers, whatever they are: also for calls that must be refused."""
    packed = selector(len(public))
    for number in (*words, *public):
        if not 0 <= number < _LARGEST:
            raise FormatError("number", "does not fit a word of 256 bits")
        packed += number.to_bytes(WORD, "big")
    return packed


def address(text: str, option: str) -> str:
    """An address as files have it, in lower case. One in mixed case is checked against its checksum (EIP-55).

    Raises
    ------
    UsageError
        When it is no address, or its checksum is wrong; names the option.
    """
    if not _ADDRESS.fullmatch(text):
        raise UsageError(f"{option}: {text[:60]!r} is no address; write 0x and 40 hex digits")
    plain = text[2:].lower()
    mixed = text[2:] not in (plain, plain.upper())
    digest = keccak256(plain.encode()).hex()
    checked = "".join(c.upper() if int(d, 16) > 7 else c for c, d in zip(plain, digest, strict=False))
    if mixed and text[2:] != checked:
        raise UsageError(f"{option}: {text} has a wrong checksum (EIP-55); was a digit mistyped?")
    return "0x" + plain
