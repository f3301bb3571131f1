"""The native kernel in place of Python, for hashes and pairings, where it is installed: the same, sooner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from verifier import poseidon
from verifier.checks import ProofCheck
from verifier.errors import InvalidError
from verifier.groth16 import G1Point, G2Point, Proof, VerificationKey, key_hash
from verifier.keystore import StoredKey

from .toolchain.native import kernel

__all__ = ["accelerate_hashes", "native_check"]


def accelerate_hashes() -> bool:
    """Compute Poseidon natively from now on in this process; whether the kernel is there."""
    native = kernel()
    if native is None:
        return False
    function: Callable[[Sequence[int]], int] = native.poseidon
    poseidon.accelerate(function)
    return True


def native_check(key: StoredKey) -> ProofCheck | None:
    """The kernel's verification under a key of the store; None when the kernel is not installed.

    The check raises InvalidError when it is handed another key than that one.
    """
    native = kernel()
    if native is None:
        return None

    def check(verification_key: VerificationKey, public: list[int], proof: Proof) -> bool:
        # Not the file again, which may be another by now than the one whose hash was checked.
        members = _key(verification_key)
        if key_hash(members) != key.manifest.verification_key:
            raise InvalidError(f"the proof is under another key than {key.manifest.verification_key}")
        points = {
            "pi_a": _first(proof.a),
            "pi_b": _second(proof.b),
            "pi_c": _first(proof.c),
            "protocol": "groth16",
            "curve": "bn128",
        }
        return bool(native.verify(members, [str(signal) for signal in public], points))

    return check


def _key(key: VerificationKey) -> dict[str, Any]:
    """The key as its file has it."""
    return {
        "protocol": "groth16",
        "curve": "bn128",
        "nPublic": key.signals,
        "vk_alpha_1": _first(key.alpha),
        "vk_beta_2": _second(key.beta),
        "vk_gamma_2": _second(key.gamma),
        "vk_delta_2": _second(key.delta),
        "IC": [_first(point) for point in key.ic],
    }


def _first(point: G1Point) -> list[str]:
    return [str(point.x), str(point.y), "1"]


def _second(point: G2Point) -> list[list[str]]:
    return [[str(part) for part in point.x], [str(part) for part in point.y], ["1", "0"]]
