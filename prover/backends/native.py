"""Proofs by the native kernel, in this process."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, Self

from prover.toolchain.native import kernel, told
from prover.toolchain.process import Progress, quiet
from verifier.errors import FormatError, UsageError

__all__ = ["NativeBackend"]


class NativeBackend:
    """See `prover.backends.base.Backend`."""

    name = "native"

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    @classmethod
    def installed(cls) -> Self | None:
        """The backend, where the kernel is installed."""
        module = kernel()
        return None if module is None else cls(module)

    def prove(
        self, proving_key: Path, witness: bytes, progress: Progress = quiet
    ) -> tuple[dict[str, Any], list[str]]:
        """See `Backend.prove`."""
        try:
            proof, public, _ = self._module.prove(str(proving_key), witness, told(progress))
        except OSError as error:
            raise UsageError(f"{proving_key}: cannot be read ({error.strerror or error})") from None
        except ValueError as error:
            raise FormatError(
                "proving key or witness", str(error), mend="Make the key again: zksolvency setup"
            ) from None
        return proof, public
