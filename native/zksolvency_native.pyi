"""The native kernel of zksolvency: what snarkjs and the Python verifier do, at full speed.

Nothing is decided here: the same inputs give the same outputs without it. Long calls release the
interpreter, use every core, and report to ``progress(stage, fraction)``, which may raise to stop them.

Paths are read as files and must not be shortened while a call runs. Elements of the scalar field are
integers from 0 to r - 1; where a list of them is taken, ``bytes`` of 32 little-endian bytes each are too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, TypeAlias, TypedDict

__version__: str

_Path: TypeAlias = str | PathLike[str]
_Progress: TypeAlias = Callable[[str, float], object] | None
_Elements: TypeAlias = Iterable[int] | bytes

class NativeError(ValueError):
    """Base of the errors about content. A file that cannot be opened is an OSError."""

class NativeFormatError(NativeError):
    """A file's or an object's content is malformed; the message names the part."""

class NativeInvalidError(NativeError):
    """Well-formed content that does not hold or must not be used, such as a key without contributions."""

class Contribution(TypedDict):
    """One step of a key's phase 2; beacon_hash and iterations_exp are set for a beacon."""

    name: str | None
    hash: bytes
    beacon_hash: bytes | None
    iterations_exp: int | None

class Failure(TypedDict):
    """A constraint a * b = c that does not hold: its number, the component, and the signals' names."""

    constraint: int
    component: str
    a: list[str]
    b: list[str]
    c: list[str]

def prove(
    zkey_path: _Path, witness: bytes, progress: _Progress = None
) -> tuple[dict[str, Any], list[str], dict[str, float]]:
    """Make a Groth16 proof.

    Parameters
    ----------
    zkey_path
        A snarkjs key. It stays mapped for the next proof while the file is unchanged.
    witness
        Content of a wtns file. It is not checked against the constraints: see `check_r1cs`.

    Returns
    -------
    tuple
        proof.json's object, public.json's list, and seconds by stage.

    Raises
    ------
    NativeFormatError
        When the key or the witness is malformed.
    NativeInvalidError
        When the witness does not fit the key, or the key has no contribution or gamma = delta.
    """

def dev_zkey(
    r1cs_path: _Path, out_path: _Path, progress: _Progress = None, *, contribute: bool = True
) -> None:
    """Write a circuit's development key, whose secrets follow from the r1cs file.

    With ``contribute=False`` the file is what ``snarkjs zkey new`` writes, before the beacon.
    """

def new_zkey(r1cs_path: _Path, ptau_path: _Path, out_path: _Path, progress: _Progress = None) -> bytes:
    """Write a key without contributions from a prepared phase-1 file; returns the circuit hash (64 bytes).

    The phase-1 file must have one power more than the circuit needs.
    """

def contribute(
    zkey_path: _Path, out_path: _Path, name: str, entropy: bytes, progress: _Progress = None
) -> bytes:
    """Add a contribution from the system's randomness and `entropy`; returns its hash (64 bytes)."""

def beacon(
    zkey_path: _Path,
    out_path: _Path,
    name: str,
    beacon_hash: bytes,
    iterations_exp: int,
    progress: _Progress = None,
) -> bytes:
    """Add the final contribution of a public random value; returns its hash (64 bytes).

    `iterations_exp` is from 10 to 30; keys and phase-1 files with longer beacons are refused too.
    """

def contributions(zkey_path: _Path) -> list[Contribution]:
    """List a key's contributions, the first one first. They are not verified."""

def contribution_count(zkey_path: _Path) -> int:
    """Count a key's contributions."""

def verify_contributions(zkey_path: _Path) -> None:
    """Check a key's chain of contributions by itself; raises NativeInvalidError where it breaks."""

def verify_zkey(r1cs_path: _Path, ptau_path: _Path, zkey_path: _Path, progress: _Progress = None) -> None:
    """Check that a key belongs to a circuit and a phase-1 file, contributions included.

    A key with no contribution passes, as with snarkjs: count them too.
    """

def verify_ptau(ptau_path: _Path, progress: _Progress = None) -> None:
    """Check a phase-1 file's points, pairing equations, contributions and Lagrange sections.

    That it is the file of a public ceremony is for its BLAKE2b hash to show.
    """

def verify(vk: Mapping[str, Any], public: Sequence[str], proof: Mapping[str, Any]) -> bool:
    """Verify a proof with exactly the checks of `verifier.groth16`.

    Raises
    ------
    NativeFormatError
        When something is malformed.
    NativeInvalidError
        When the key must not be used.
    """

def verify_batch(
    vk: Mapping[str, Any], items: Iterable[tuple[Sequence[str], Mapping[str, Any]]]
) -> list[int]:
    """Verify many proofs of one circuit at once; returns the places of the bad ones, malformed included.

    An item that is no tuple of two is malformed as well.
    """

def poseidon(inputs: _Elements) -> int:
    """Hash 1 to 16 elements with circomlib's Poseidon."""

def poseidon_batch(lists: Iterable[_Elements]) -> list[int]:
    """Hash many lists of 1 to 16 elements."""

def poseidon_list(tag: int, values: _Elements) -> int:
    """Hash a list of any length from 1, in even chunks of up to 15 behind the hash so far, `tag` first."""

class MerkleTree:
    """A tree of Poseidon hashes, quaternary or binary; empty leaves are 0."""

    def __init__(self, leaves: _Elements, depth: int, arity: int = 4) -> None: ...
    @property
    def root(self) -> int: ...
    @property
    def depth(self) -> int: ...
    def leaf(self, index: int) -> int: ...
    def update(self, changes: dict[int, int]) -> None:
        """Set leaves by index, and recompute what is above them once."""

    def path(self, index: int) -> list[tuple[int, ...]]:
        """The other children on the way to the root, lowest level first."""

def check_r1cs(
    r1cs_path: _Path, witness: bytes, sym_path: _Path | None = None, limit: int = 100
) -> list[Failure]:
    """The first constraints that a witness breaks, with their signals' names and no values."""

def features() -> dict[str, Any]:
    """What is in use: ``threads``, and ``vector`` for 52-bit vector multiplication."""
