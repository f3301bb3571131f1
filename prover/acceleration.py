"""The native kernel in place of Python, for hashes and pairings, where it is installed: the same, sooner."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from verifier import poseidon
from verifier.canonical import load_json
from verifier.checks import ProofCheck
from verifier.groth16 import Proof, VerificationKey
from verifier.keystore import VERIFICATION_KEY, StoredKey

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
    """The kernel's verification under a key of the store; None when the kernel is not installed."""
    native = kernel()
    if native is None:
        return None
    stored = load_json(key.directory / VERIFICATION_KEY)

    def check(_: VerificationKey, public: list[int], proof: Proof) -> bool:
        points = {
            "pi_a": [str(proof.a.x), str(proof.a.y), "1"],
            "pi_b": [
                [str(proof.b.x[0]), str(proof.b.x[1])],
                [str(proof.b.y[0]), str(proof.b.y[1])],
                ["1", "0"],
            ],
            "pi_c": [str(proof.c.x), str(proof.c.y), "1"],
            "protocol": "groth16",
            "curve": "bn128",
        }
        return bool(native.verify(stored, [str(signal) for signal in public], points))

    return check
