"""What a backend is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from prover.toolchain.process import Progress, quiet

__all__ = ["Backend"]


class Backend(Protocol):
    """Computes Groth16 proofs. It decides nothing: what it returns is verified before anybody sees it."""

    @property
    def name(self) -> str:
        """What ``--backend`` calls it."""

    def prove(
        self, proving_key: Path, witness: bytes, progress: Progress = quiet
    ) -> tuple[dict[str, Any], list[str]]:
        """A proof of a witness.

        Parameters
        ----------
        proving_key
            A zkey file.
        witness
            The content of a wtns file; it is never written to a disk.
        progress
            Told about stages.

        Returns
        -------
        tuple
            snarkjs's proof.json, and the public signals in order as decimal text.

        Raises
        ------
        EnvironmentFault
            When a program is missing or fails.
        FormatError
            When the key or the witness is malformed, or they do not belong together.
        """
