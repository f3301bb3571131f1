"""What computes a proof: the native kernel where it is installed, snarkjs everywhere."""

from __future__ import annotations

from verifier.errors import EnvironmentFault, UsageError

from .base import Backend
from .native import NativeBackend
from .snarkjs import SnarkjsBackend

__all__ = ["NAMES", "Backend", "choose_backend"]

NAMES = ("native", "snarkjs")
"""Backends, the faster first. The same witness gives equally good proofs with each."""


def choose_backend(name: str | None = None) -> Backend:
    """The backend of that name, or the fastest one here.

    Raises
    ------
    UsageError
        When there is none of that name.
    EnvironmentFault
        When it is not installed.
    """
    if name not in (None, *NAMES):
        raise UsageError(f"there is no backend {name}; there are {' and '.join(NAMES)}")
    if name == "snarkjs":
        return SnarkjsBackend()
    native = NativeBackend.installed()
    if native is not None:
        return native
    if name == "native":
        raise EnvironmentFault(
            "the native kernel is not installed. Install Rust and run make setup, or use --backend snarkjs"
        )
    return SnarkjsBackend()
