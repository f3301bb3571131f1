"""Keys and proofs that the Groth16 tests share, and the parts of the algebra they break on purpose."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from py_ecc.fields import optimized_bn128_FQ as FQ
from py_ecc.optimized_bn128 import optimized_curve as curve

from verifier.groth16 import G1Point, G2Point, Proof, Q, VerificationKey, parse_verification_key

VALID = ("valid_ark_bn254", "valid_privacy_pools_commitment", "valid_risc0_v2_hez_ptau", "valid_sp1_gnark")
REFUSED = ("must_refuse_gamma_equals_delta", "must_refuse_no_contribution")


def load(vectors: Path, name: str) -> Any:
    return json.loads((vectors / "crypto" / "groth16" / f"{name}.json").read_text())


def complete(proof: dict[str, Any]) -> dict[str, Any]:
    """The matrix's proofs leave out the two members that never vary."""
    return {"protocol": "groth16", "curve": "bn128", **proof}


def unguarded(value: Any) -> VerificationKey:
    """A key as a loader without policy would build it: parsed, but never asked whether it can be trusted."""
    checks = VerificationKey.__post_init__
    VerificationKey.__post_init__ = lambda self: None  # type: ignore[method-assign]
    try:
        return parse_verification_key(value)
    finally:
        VerificationKey.__post_init__ = checks  # type: ignore[method-assign]


def weighted_sum(key: VerificationKey, public: Sequence[int]) -> tuple[int, int]:
    """IC₀ + Σ sᵢ·ICᵢ."""
    total = key.ic[0].projective
    for signal, point in zip(public, key.ic[1:], strict=True):
        total = curve.add(total, curve.multiply(point.projective, signal))
    x, y = curve.normalize(total)
    return int(x), int(y)


def sum_of_g1(a: G1Point, b: G1Point) -> tuple[int, int]:
    x, y = curve.normalize(curve.add(a.projective, b.projective))
    return int(x), int(y)


def sum_of_g2(a: G2Point, b: G2Point) -> G2Point:
    x, y = curve.normalize(curve.add(a.projective, b.projective))
    return G2Point((int(x.coeffs[0]), int(x.coeffs[1])), (int(y.coeffs[0]), int(y.coeffs[1])))


def as_json(proof: Proof) -> dict[str, Any]:
    return {
        "protocol": "groth16",
        "curve": "bn128",
        "pi_a": g1(proof.a.x, proof.a.y),
        "pi_b": [[str(x) for x in proof.b.x], [str(y) for y in proof.b.y], ["1", "0"]],
        "pi_c": g1(proof.c.x, proof.c.y),
    }


def g1(x: int, y: int) -> list[str]:
    return [str(x), str(y), "1"]


def negated(point: Sequence[str]) -> list[str]:
    return g1(int(point[0]), Q - int(point[1]))


def negated_g2(point: Sequence[Sequence[str]]) -> list[list[str]]:
    return [list(point[0]), [str(-int(y) % Q) for y in point[1]], ["1", "0"]]


def g1_times(point: Sequence[str], scalar: int) -> list[str]:
    x, y = curve.normalize(curve.multiply((FQ(int(point[0])), FQ(int(point[1])), FQ.one()), scalar))
    return g1(int(x), int(y))
