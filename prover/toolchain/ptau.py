"""Phase 1 files that a production key may be made from: those whose hash is published, and no others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from verifier.errors import InvalidError, UsageError
from verifier.phase1 import published

from .binfile import ptau_header
from .process import Progress, quiet

__all__ = ["Phase1", "examine", "published"]

_CHUNK = 1 << 22


@dataclass(frozen=True)
class Phase1:
    """A powers of tau file.

    Attributes
    ----------
    file
        Its name in the published table, or its own when it is not in it.
    blake2b_512
        Of the whole file, as hex.
    power
        Room for 2^power constraints and public signals.
    published
        Whether its hash is in the table.
    """

    path: Path
    file: str
    blake2b_512: str
    power: int
    published: bool


def examine(
    path: Path, needed_power: int, *, unpublished: bool = False, progress: Progress = quiet
) -> Phase1:
    """Check that a file is a published phase 1, prepared for phase 2, and large enough.

    Parameters
    ----------
    path
        The ``.ptau`` file.
    needed_power
        Of the circuit.
    unpublished
        Accept a file that is in no published table; a key from it is a development key.

    Raises
    ------
    UsageError
        When it cannot be read or is too small.
    InvalidError
        When its hash is not a published one.
    FormatError
        When it is no powers of tau file.
    """
    header = ptau_header(path)
    progress(f"hashing {path.name}")
    digest = _hash(path)
    known = published().get(digest)
    if known is None and not unpublished:
        raise InvalidError(
            f"{path}: is not a published phase 1 file: its BLAKE2b-512 is {digest}. Fetch one of those "
            f"listed in docs/keys.md, such as {_name_for(needed_power)}, and compare its hash"
        )
    if header.power < needed_power:
        raise UsageError(
            f"{path}: has room for 2^{header.power} constraints, and the circuit needs 2^{needed_power}. "
            f"Use {_name_for(needed_power)} or a larger one"
        )
    if not header.prepared:
        raise UsageError(f"{path}: is not prepared for phase 2. Run: snarkjs powersoftau prepare phase2")
    return Phase1(path, known[0] if known else path.name, digest, header.power, known is not None)


def _hash(path: Path) -> str:
    hasher = hashlib.blake2b()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()


def _name_for(power: int) -> str:
    fitting = sorted((known, file) for file, known in published().values() if known >= power)
    return fitting[0][1] if fitting else "a larger file"
