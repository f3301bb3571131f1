"""Groth16 over BN254 (alt_bn128), strictly.

A proof (A, B, C) of public signals s₁ … sₙ holds under a key when

    e(A, B) = e(α, β) · e(IC₀ + Σ sᵢ·ICᵢ, γ) · e(C, δ)

Source: Groth, "On the Size of Pairing-based Non-interactive Arguments", EUROCRYPT 2016; encodings are those
of snarkjs's verification_key.json, proof.json and public.json; curve and generators are EIP-196's and 197's.

What the equation does not see is refused before it: numbers with a second spelling (a coordinate ≥ q, a
signal ≥ r, a leading zero), points at infinity, off the curve or outside the subgroup, a wrong number of
signals, and keys for which anybody can make proofs. Checks run in this order: length, coordinate below q, on
the curve, in the subgroup. A `Proof` or `VerificationKey` that exists has passed them.

A proof can be turned into another proof of the same signals, such as (−A, −B, C): proof bytes identify
nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from py_ecc.fields import optimized_bn128_FQ as FQ
from py_ecc.fields import optimized_bn128_FQ2 as FQ2
from py_ecc.fields import optimized_bn128_FQ12 as FQ12
from py_ecc.optimized_bn128 import optimized_curve as curve
from py_ecc.optimized_bn128 import optimized_pairing as ate

from .canonical import canonical_bytes
from .errors import FormatError, InvalidError
from .field import R, parse_decimal, parse_element

__all__ = [
    "MAX_SIGNALS",
    "G1Point",
    "G2Point",
    "Proof",
    "Q",
    "VerificationKey",
    "key_hash",
    "parse_proof",
    "parse_public",
    "parse_verification_key",
    "verify",
]

Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583
"""Modulus of the field that coordinates live in."""

MAX_SIGNALS = 64
"""Most public signals that a key may have; the circuits here have five."""

_PROTOCOL = "groth16"
_CURVE = "bn128"
_PROOF_MEMBERS = ("pi_a", "pi_b", "pi_c", "protocol", "curve")
_KEY_MEMBERS = ("protocol", "curve", "nPublic", "vk_alpha_1", "vk_beta_2", "vk_gamma_2", "vk_delta_2", "IC")
_Pair = tuple[int, int]
_DERIVED = "vk_alphabeta_12"  # e(α, β), which snarkjs writes beside α and β; never read, never hashed


@dataclass(frozen=True)
class G1Point:
    """A point of G1 that is not infinity: y² = x³ + 3, a curve of prime order, so that G1 is all of it.

    Attributes
    ----------
    x, y
        From 0 to q − 1.

    Raises
    ------
    FormatError
        When a coordinate is not below q or the point is not on the curve.
    """

    x: int
    y: int

    def __post_init__(self) -> None:
        _check_coordinates(self.x, self.y)
        if not curve.is_on_curve(self.projective, curve.b):
            raise FormatError("point", "is not on the curve")

    @property
    def projective(self) -> Any:
        """The point as py_ecc has it."""
        return FQ(self.x), FQ(self.y), FQ.one()


@dataclass(frozen=True)
class G2Point:
    """A point of G2 that is not infinity: on the twist over F_q² and in the subgroup of order r.

    Attributes
    ----------
    x, y
        (a, b) for a + b·i, each from 0 to q − 1: real part first, as snarkjs writes it (EIP-197 has it last).

    Raises
    ------
    FormatError
        When a coordinate is not below q, or the point is not on the twist or not in the subgroup.
    """

    x: tuple[int, int]
    y: tuple[int, int]

    def __post_init__(self) -> None:
        _check_coordinates(*self.x, *self.y)
        if not curve.is_on_curve(self.projective, curve.b2):
            raise FormatError("point", "is not on the curve")
        if not curve.is_inf(curve.multiply(self.projective, R)):
            raise FormatError("point", "is not in the subgroup")

    @property
    def projective(self) -> Any:
        """The point as py_ecc has it."""
        return FQ2(self.x), FQ2(self.y), FQ2.one()


@dataclass(frozen=True)
class Proof:
    """A proof, whose points are in their groups."""

    a: G1Point
    b: G2Point
    c: G1Point


@dataclass(frozen=True)
class VerificationKey:
    """A key under which a proof means something.

    Attributes
    ----------
    alpha, beta, gamma, delta
        As in the equation of this module's text.
    ic
        1 + n points for n public signals.

    Raises
    ------
    InvalidError
        When the key lets anybody make proofs, or leaves a public signal out.
    """

    alpha: G1Point
    beta: G2Point
    gamma: G2Point
    delta: G2Point
    ic: tuple[G1Point, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.ic) <= MAX_SIGNALS + 1:
            raise FormatError("IC", f"must have 2 to {MAX_SIGNALS + 1} points", value=len(self.ic))
        # With γ = δ the last two pairings merge, and A = α, B = β, C = −Σ satisfies the equation for any
        # signals. With γ = −δ, C = Σ does.
        if self.gamma.x == self.delta.x:
            raise InvalidError(
                "the key has gamma = delta: nobody made its second phase, so anybody can forge proofs"
            )
        # δ starts as the generator and leaves it with the first contribution.
        if self.delta.x == _G2_GENERATOR_X:
            raise InvalidError("the key's delta is the group's generator: it has no contribution")
        # With β = ±γ or ±δ what α and β hold fast moves into A or C, which the prover chooses. α = G₁ is a
        # first phase to which nobody contributed.
        if self.beta.x in (self.gamma.x, self.delta.x) or self.alpha.x == 1:
            raise InvalidError(
                "the key has beta = gamma, beta = delta or alpha = the generator: nobody made its first"
                " phase, so anybody can forge proofs"
            )
        # Signals that share a point can be traded against one another without the proof noticing.
        if len({point.x for point in self.ic}) != len(self.ic):
            raise InvalidError(
                "the key has IC points that are equal or opposite, so it confuses public signals"
            )

    @property
    def signals(self) -> int:
        """How many public signals a proof under this key has."""
        return len(self.ic) - 1

    @cached_property
    def alpha_beta(self) -> Any:
        """e(α, β) before the final exponentiation, the same for every proof."""
        return _miller(self.alpha.projective, self.beta.projective)


_G2_GENERATOR_X = (
    10857046999023057135944570762232829481370756359578518086990519993285655852781,
    11559732032986387107991004021392285783925812861821192530917403151452391805634,
)


def verify(key: VerificationKey, public: Sequence[int], proof: Proof) -> bool:
    """Decide whether a proof holds.

    Parameters
    ----------
    key
        The verifier's own key.
    public
        The signals in the circuit's order, each from 0 to r − 1.
    proof
        What the prover sent.

    Returns
    -------
    bool
        Whether the pairing equation holds. About 0.4 s.

    Raises
    ------
    FormatError
        When there are more or fewer signals than the key has, or one is not a reduced field element.
    """
    _check_signals(key, public)
    total = key.ic[0].projective
    for signal, point in zip(public, key.ic[1:], strict=True):
        total = curve.add(total, curve.multiply(point.projective, signal))
    # All four pairings on one side, so that one final exponentiation serves them together.
    product = (
        _miller(curve.neg(proof.a.projective), proof.b.projective)
        * key.alpha_beta
        * _miller(total, key.gamma.projective)
        * _miller(proof.c.projective, key.delta.projective)
    )
    return bool(ate.final_exponentiate(product) == FQ12.one())


def _miller(p: Any, q: Any) -> Any:
    """e(p, q) before the final exponentiation; infinity gives 1, as in EIP-197."""
    return ate.pairing(q, p, final_exponentiate=False)


def _check_signals(key: VerificationKey, public: Sequence[int]) -> None:
    if len(public) != key.signals:
        raise FormatError("public", f"must have {key.signals} signals", value=len(public))
    for position, signal in enumerate(public):
        if type(signal) is not int or not 0 <= signal < R:
            raise FormatError(f"public[{position}]", "is not from 0 to r − 1")


def parse_proof(value: Any) -> Proof:
    """Read snarkjs's proof.json.

    Raises
    ------
    FormatError
        For anything but two points of G1 and one of G2 in their only spelling; names the field.
    """
    members = _members(value, "proof", _PROOF_MEMBERS)
    _named(members)
    a = _g1_coordinates(members["pi_a"], "pi_a")
    b = _g2_coordinates(members["pi_b"], "pi_b")
    c = _g1_coordinates(members["pi_c"], "pi_c")
    return Proof(_g1(a, "pi_a"), _g2(b, "pi_b"), _g1(c, "pi_c"))


def parse_public(value: Any) -> list[int]:
    """Read snarkjs's public.json: a list of canonical decimal text below r.

    Raises
    ------
    FormatError
        For anything else; how many signals there must be is for `verify`, which knows the key.
    """
    if not isinstance(value, list) or len(value) > MAX_SIGNALS:
        raise FormatError("public", f"is not a list of at most {MAX_SIGNALS} signals")
    return [parse_element(text, f"public[{position}]") for position, text in enumerate(value)]


def parse_verification_key(value: Any) -> VerificationKey:
    """Read snarkjs's verification_key.json.

    Raises
    ------
    FormatError
        When it is malformed or a point is not in its group; names the field.
    InvalidError
        When it is well-formed but nobody should trust it: see `VerificationKey`.
    """
    members = _key_members(value)
    alpha, twisted, ic = _key_coordinates(members)
    return VerificationKey(
        alpha=_g1(alpha, "vk_alpha_1"),
        ic=tuple(_g1(point, f"IC[{position}]") for position, point in enumerate(ic)),
        **{name: _g2(point, f"vk_{name}_2") for name, point in twisted.items()},
    )


def key_hash(value: Any) -> str:
    """What a key is called: ``sha256:`` and the hash of its canonical JSON, e(α, β) left out.

    Raises
    ------
    FormatError
        When it has not a verification key's shape and spelling. Points are not checked: parse the key for
        that.
    """
    members = _key_members(value)
    _key_coordinates(members)
    return "sha256:" + hashlib.sha256(canonical_bytes(members)).hexdigest()


def _key_members(value: Any) -> dict[str, Any]:
    """The members of a verification key, e(α, β) left out, with IC as long as nPublic says."""
    if isinstance(value, dict):
        value = {name: member for name, member in value.items() if name != _DERIVED}
    members = _members(value, "verification key", _KEY_MEMBERS)
    _named(members)
    signals, points = members["nPublic"], members["IC"]
    if type(signals) is not int or not 1 <= signals <= MAX_SIGNALS:
        raise FormatError("nPublic", f"is not a number from 1 to {MAX_SIGNALS}")
    if not isinstance(points, list) or len(points) != signals + 1:
        raise FormatError(
            "IC", f"is not a list of {signals + 1} points", mend="It needs one more than nPublic"
        )
    return members


def _key_coordinates(members: dict[str, Any]) -> tuple[_Pair, dict[str, tuple[_Pair, _Pair]], list[_Pair]]:
    """Coordinates of α, of β, γ and δ by name, and of IC: spelt as they must be, not yet on any curve."""
    return (
        _g1_coordinates(members["vk_alpha_1"], "vk_alpha_1"),
        {
            name: _g2_coordinates(members[f"vk_{name}_2"], f"vk_{name}_2")
            for name in ("beta", "gamma", "delta")
        },
        [_g1_coordinates(point, f"IC[{position}]") for position, point in enumerate(members["IC"])],
    )


def _members(value: Any, what: str, names: Sequence[str]) -> dict[str, Any]:
    """The members of an object that has exactly these."""
    if not isinstance(value, dict):
        raise FormatError(what, f"is not an object but {type(value).__name__}")
    for name in names:
        if name not in value:
            raise FormatError(name, "is missing")
    for name in value:
        if name not in names:
            raise FormatError(str(name)[:40], "is not a known member", mend="Remove it")
    return value


def _named(members: dict[str, Any]) -> None:
    for name, wanted in (("protocol", _PROTOCOL), ("curve", _CURVE)):
        if members[name] != wanted:
            raise FormatError(name, f'is not "{wanted}"')


def _g1(coordinates: _Pair, field: str) -> G1Point:
    try:
        return G1Point(*coordinates)
    except FormatError as error:
        raise FormatError(field, error.problem) from None


def _g2(coordinates: tuple[_Pair, _Pair], field: str) -> G2Point:
    try:
        return G2Point(*coordinates)
    except FormatError as error:
        raise FormatError(field, error.problem) from None


def _g1_coordinates(value: Any, field: str) -> _Pair:
    x, y, z = _list(value, 3, field)
    if z != "1":
        raise FormatError(
            f"{field}[2]", 'is not "1"', mend="Write the point in affine form; infinity is refused"
        )
    return parse_decimal(x, f"{field}[0]", Q), parse_decimal(y, f"{field}[1]", Q)


def _g2_coordinates(value: Any, field: str) -> tuple[_Pair, _Pair]:
    x, y, z = (_list(part, 2, f"{field}[{i}]") for i, part in enumerate(_list(value, 3, field)))
    if z != ["1", "0"]:
        raise FormatError(
            f"{field}[2]", 'is not ["1", "0"]', mend="Write the point in affine form; infinity is refused"
        )
    read = [
        (parse_decimal(part[0], f"{field}[{i}][0]", Q), parse_decimal(part[1], f"{field}[{i}][1]", Q))
        for i, part in enumerate((x, y))
    ]
    return read[0], read[1]


def _list(value: Any, length: int, field: str) -> list[Any]:
    if not isinstance(value, list | tuple) or len(value) != length:
        raise FormatError(field, f"is not a list of {length}")
    return list(value)


def _check_coordinates(*coordinates: int) -> None:
    for coordinate in coordinates:
        if type(coordinate) is not int or not 0 <= coordinate < Q:
            raise FormatError("point", "has a coordinate that is not below q")
