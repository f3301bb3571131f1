"""Proofs by snarkjs, which runs wherever Node does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prover.toolchain import snarkjs
from prover.toolchain.process import Progress, quiet
from prover.toolchain.workspace import Workspace, workspace

__all__ = ["SnarkjsBackend"]


class SnarkjsBackend:
    """See `prover.backends.base.Backend`."""

    name = "snarkjs"

    def __init__(self, where: Workspace | None = None) -> None:
        self._where = where or workspace()

    def prove(
        self, proving_key: Path, witness: bytes, progress: Progress = quiet
    ) -> tuple[dict[str, Any], list[str]]:
        """See `Backend.prove`."""
        progress("proving with snarkjs (seconds to half a minute)")
        return snarkjs.prove(self._where, proving_key, witness)
