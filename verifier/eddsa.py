"""EdDSA over BabyJubJub with Poseidon as the challenge, as circomlib's `EdDSAPoseidonVerifier` checks it.

    S·B8 = R8 + 8·Poseidon(R8x, R8y, Ax, Ay, M)·A

Keys and nonces are derived as circomlibjs derives them, so a key made there is the same key here.
"""

from __future__ import annotations

from dataclasses import dataclass

from .babyjubjub import BASE8, IDENTITY, SUBGROUP_ORDER, Point, add, in_subgroup, multiply, on_curve
from .blake512 import blake512
from .errors import FormatError
from .field import R
from .poseidon import poseidon

__all__ = ["SECRET_BYTES", "Signature", "public_key", "sign", "verify"]

SECRET_BYTES = 32


@dataclass(frozen=True)
class Signature:
    """A signature: the point R8 and the scalar S, below the subgroup's order."""

    r8: Point
    s: int


def public_key(secret: bytes) -> Point:
    """The point A of a 32-byte secret.

    Raises
    ------
    FormatError
        When the secret has another length.
    """
    scalar, _ = _derive(secret)
    return multiply(BASE8, scalar >> 3)


def sign(secret: bytes, message: int) -> Signature:
    """Sign a field element; the same secret and message always give the same signature.

    Parameters
    ----------
    secret
        32 bytes.
    message
        From 0 to r − 1.

    Raises
    ------
    FormatError
        When the secret has another length or the message is not a field element.
    """
    if not 0 <= message < R:
        raise FormatError("message", "is not from 0 to r − 1")
    scalar, prefix = _derive(secret)
    public = multiply(BASE8, scalar >> 3)
    nonce = int.from_bytes(blake512(prefix + message.to_bytes(32, "little")), "little") % SUBGROUP_ORDER
    r8 = multiply(BASE8, nonce)
    challenge = poseidon([*r8, *public, message])
    # A is scalar/8 times B8, so the 8 of the equation above is already in the scalar.
    return Signature(r8, (nonce + challenge * scalar) % SUBGROUP_ORDER)


def verify(public: Point, message: int, signature: Signature) -> bool:
    """Whether `signature` is `public`'s on `message`.

    Stricter than the equation alone: every number is reduced, S is below the subgroup's order, the key
    is in the subgroup and is not the identity (for which anybody can sign), R8 is on the curve. R8 is then
    in the subgroup too, since the equation equates it with a difference of subgroup points.
    """
    if not (0 <= message < R and 0 <= signature.s < SUBGROUP_ORDER):
        return False
    if public == IDENTITY or not in_subgroup(public) or not on_curve(signature.r8):
        return False
    challenge = poseidon([*signature.r8, *public, message])
    return multiply(BASE8, signature.s) == add(signature.r8, multiply(public, 8 * challenge))


def _derive(secret: bytes) -> tuple[int, bytes]:
    """The secret scalar, pruned as in RFC 8032 (its three lowest bits are zero), and the nonce's prefix."""
    if len(secret) != SECRET_BYTES:
        raise FormatError("secret", f"is not {SECRET_BYTES} bytes long")
    digest = blake512(secret)
    scalar = int.from_bytes(digest[:32], "little")
    scalar = scalar & ~7 & ((1 << 255) - 1) | 1 << 254
    return scalar, digest[32:]
