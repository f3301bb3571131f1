"""Keys of a circuit: development keys made on the spot, production keys from a published phase 1.

Every key is a directory with ``proving_key.zkey``, ``verification_key.json`` and ``manifest.json``. The
manifest is written last and removed first, so a directory with a manifest is a whole key, whatever
interrupted the making of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from verifier.canonical import load_json
from verifier.circuits import Instance
from verifier.errors import EnvironmentFault, InvalidError, UsageError, ZkSolvencyError
from verifier.files import write_json
from verifier.groth16 import key_hash, parse_verification_key
from verifier.keystore import DEVELOPMENT_SUFFIX, MANIFEST, VERIFICATION_KEY, KeyManifest, PowersOfTau

from . import snarkjs
from .binfile import contributions, r1cs_header
from .circom import Compiled, compile_instance
from .native import kernel, told
from .process import Progress, node, quiet, run
from .ptau import Phase1, examine
from .wasm import generator
from .workspace import Workspace, workspace

__all__ = [
    "PROVING_KEY",
    "Key",
    "apply_beacon",
    "begin_key",
    "contribute_key",
    "development_key",
    "finish_key",
    "key_directory",
    "load_key",
    "production_key",
]

PROVING_KEY = "proving_key.zkey"

_SCRIPT = Path(__file__).with_name("dev_keys.mjs")
_LIMIT = 3600.0
_CHUNK = 1 << 22
_ENTROPY = 64
_HEAP = "--max-old-space-size=6144"


@dataclass(frozen=True)
class Key:
    """A key on disk."""

    directory: Path
    manifest: KeyManifest
    seconds: float
    """How long making it took this time; 0 when it was there."""

    @property
    def proving_key(self) -> Path:
        """The zkey file."""
        return self.directory / PROVING_KEY

    @property
    def verification_key(self) -> Path:
        """snarkjs's verification_key.json."""
        return self.directory / VERIFICATION_KEY


def key_directory(of: Instance, keys: Path, *, production: bool = False) -> Path:
    """Where the key of an instance is in a directory of keys."""
    return keys / (of.name if production else of.name + DEVELOPMENT_SUFFIX)


def load_key(directory: Path) -> Key:
    """A key that is on disk, not yet compared with any circuit; UsageError when it is missing."""
    if not (directory / MANIFEST).is_file():
        raise UsageError(f"{directory}: there is no key here. Make one: zksolvency setup")
    manifest = KeyManifest.load(directory / MANIFEST)
    for name in (PROVING_KEY, VERIFICATION_KEY):
        if not (directory / name).is_file():
            raise UsageError(f"{directory / name}: is missing. Make the key again: zksolvency setup")
    return Key(directory, manifest, 0.0)


def development_key(
    of: Instance, where: Workspace | None = None, progress: Progress = quiet, *, keys: Path | None = None
) -> Key:
    """Compile an instance and make its development key, unless both are there and unchanged.

    The key's secrets follow from the circuit, so everybody who makes it gets the same bytes, and everybody
    can forge proofs under it. Its name ends in ``_dev``, its manifest says ``production: false``.

    Parameters
    ----------
    keys
        Directory of keys; the workspace's when left out.

    Raises
    ------
    EnvironmentFault
        When a program is missing, fails, or the disk is full; an older key stays or is gone as a whole.
    """
    where = where or workspace()
    circuit = compile_instance(of, where, progress)
    directory = key_directory(of, keys or where.keys)
    with where.lock(f"key-{of.name}"):
        found = _current(directory, circuit.r1cs_sha256)
        if found is not None:
            return found
        progress(f"making the development key of {of.size} (once)")
        started = time.monotonic()
        with _beside(directory / PROVING_KEY) as made:
            _make_development(circuit, made, where, progress)
            generator(circuit.wasm).prepare()
            return _place(made, directory, of, circuit, None, where, started)


def _make_development(circuit: Compiled, target: Path, where: Workspace, progress: Progress) -> None:
    native = kernel()
    if native is not None:
        try:
            native.dev_zkey(str(circuit.r1cs), str(target), told(progress))
        except (ValueError, OSError) as error:
            raise EnvironmentFault(f"making the key: {error}. Run: zksolvency setup") from None
        return
    run(
        [node(), _HEAP, _SCRIPT, circuit.r1cs, target.absolute()],
        cwd=where.root,
        limit=_LIMIT,
        what=f"making the key of {circuit.name}",
        mend="Check the free memory and disk space, then run: zksolvency setup",
        on_line=lambda line: progress(f"  {line}"),
    )


# --- production --------------------------------------------------------------------------------------


def begin_key(
    of: Instance,
    ptau: Path,
    target: Path,
    where: Workspace | None = None,
    progress: Progress = quiet,
    *,
    unpublished: bool = False,
) -> Path:
    """The key that a ceremony starts from: nobody has contributed yet, so nothing here will use it.

    Raises
    ------
    InvalidError
        When the phase 1 file is not a published one.
    UsageError
        When it is too small or cannot be read.
    """
    where = where or workspace()
    circuit = compile_instance(of, where, progress)
    phase1 = examine(ptau, r1cs_header(circuit.r1cs).power, unpublished=unpublished, progress=progress)
    progress("beginning the key (minutes; the larger the circuit, the longer)")
    with _beside(target) as made:
        snarkjs.begin(where, circuit.r1cs, phase1.path, made)
        made.replace(target)
    return target


def contribute_key(before: Path, after: Path, name: str, where: Workspace | None = None) -> str:
    """Add a contribution of fresh randomness; returns the hash that the contributor publishes.

    The randomness is never written down. One honest contributor is enough for the key to be sound.
    """
    where = where or workspace()
    contributions(before)
    with _beside(after) as made:
        published = snarkjs.contribute(where, before, made, name, secrets.token_bytes(_ENTROPY))
        made.replace(after)
    return published


def apply_beacon(
    before: Path, after: Path, name: str, value: bytes, exponent: int = 10, where: Workspace | None = None
) -> str:
    """Close a ceremony with a random value that was public only after the last contribution.

    Parameters
    ----------
    value
        Such as the hash of a block that was announced beforehand.
    exponent
        It is hashed 2^exponent times; 10 to 63.
    """
    if not 10 <= exponent <= 63 or not 0 < len(value) < 256:
        raise UsageError("a beacon has 1 to 255 bytes and is hashed 2^10 to 2^63 times")
    where = where or workspace()
    contributions(before)
    with _beside(after) as made:
        published = snarkjs.beacon(where, before, made, name, value, exponent)
        made.replace(after)
    return published


def finish_key(
    of: Instance,
    ptau: Path,
    zkey: Path,
    where: Workspace | None = None,
    progress: Progress = quiet,
    *,
    keys: Path | None = None,
    unpublished: bool = False,
) -> Key:
    """Check the outcome of a ceremony and put it into the key store.

    It must follow from the circuit compiled here and from the phase 1 file by the contributions that it
    records, and there must be at least one. It is a production key when the phase 1 file is a published one.

    Raises
    ------
    InvalidError
        When it does not follow, or nobody contributed.
    """
    where = where or workspace()
    started = time.monotonic()
    circuit = compile_instance(of, where, progress)
    phase1 = examine(ptau, r1cs_header(circuit.r1cs).power, unpublished=unpublished, progress=progress)
    _require_contribution(zkey)
    progress("checking the key against the circuit and phase 1")
    if not snarkjs.check_key(where, circuit.r1cs, phase1.path, zkey):
        raise InvalidError(f"{zkey}: does not follow from this circuit and {phase1.file}")
    directory = key_directory(of, keys or where.keys, production=phase1.published)
    with where.lock(f"key-{of.name}"), _beside(directory / PROVING_KEY) as made:
        _copy(zkey, made)
        return _place(made, directory, of, circuit, phase1, where, started)


def production_key(
    of: Instance,
    ptau: Path,
    contributor: str,
    where: Workspace | None = None,
    progress: Progress = quiet,
    *,
    keys: Path | None = None,
    unpublished: bool = False,
) -> Key:
    """All steps at once, with one contribution, made here: sound for those who trust this one contributor."""
    where = where or workspace()
    folder = where.keys / "ceremony" / of.name
    first = begin_key(of, ptau, folder / "0000.zkey", where, progress, unpublished=unpublished)
    progress(f"contributing as {contributor}")
    published = contribute_key(first, folder / "0001.zkey", contributor, where)
    progress(f"contribution hash, to be published: {published}")
    return finish_key(of, ptau, folder / "0001.zkey", where, progress, keys=keys, unpublished=unpublished)


# --- files -------------------------------------------------------------------------------------------


def _place(
    zkey: Path,
    directory: Path,
    of: Instance,
    circuit: Compiled,
    phase1: Phase1 | None,
    where: Workspace,
    started: float,
) -> Key:
    """Check a finished zkey, export its verification key, and put all of it in place, the manifest last."""
    count = _require_contribution(zkey)
    exported = snarkjs.verification_key(where, zkey)
    parse_verification_key(exported)
    production = phase1 is not None and phase1.published
    manifest = KeyManifest(
        name=of.name if production else of.name + DEVELOPMENT_SUFFIX,
        circuit=of.name,
        parameters=of.parameters,
        r1cs_sha256=circuit.r1cs_sha256,
        compiler=circuit.compiler,
        ptau=PowersOfTau(file=phase1.file, blake2b_512=phase1.blake2b_512) if phase1 else None,
        contributions=count,
        verification_key=key_hash(exported),
        proving_key_sha256=_sha256(zkey),
        production=production,
    )
    with contextlib.suppress(FileNotFoundError):
        (directory / MANIFEST).unlink()
    zkey.replace(directory / PROVING_KEY)
    write_json(directory / VERIFICATION_KEY, exported)
    write_json(directory / MANIFEST, {**manifest.to_json(), "ptau": manifest.to_json().get("ptau")})
    return Key(directory, manifest, time.monotonic() - started)


def _require_contribution(zkey: Path) -> int:
    count = len(contributions(zkey))
    if count < 1:
        raise InvalidError(
            f"{zkey}: nobody has contributed to this key, so anybody can forge proofs under it. "
            "Contribute first (docs/keys.md)"
        )
    return count


def _current(directory: Path, r1cs: str) -> Key | None:
    """The key in a directory when it is whole and of this circuit."""
    try:
        found = load_key(directory)
        fits = found.manifest.r1cs_sha256 == r1cs
        whole = fits and _sha256(found.proving_key) == found.manifest.proving_key_sha256
        whole = whole and key_hash(load_json(found.verification_key)) == found.manifest.verification_key
        return found if whole and _require_contribution(found.proving_key) else None
    except ZkSolvencyError:
        return None


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A name in the target's directory for a file in the making; what is left of it is removed."""
    made = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield made
    except OSError as error:
        raise EnvironmentFault(f"{target}: cannot be written ({error.strerror or error})") from None
    finally:
        with contextlib.suppress(OSError):
            made.unlink()


def _sha256(path: Path) -> str:
    hasher = hashlib.sha256()
    _each_chunk(path, hasher.update)
    return hasher.hexdigest()


def _copy(source: Path, target: Path) -> None:
    with target.open("wb") as stream:
        _each_chunk(source, stream.write)
        stream.flush()
        os.fsync(stream.fileno())


def _each_chunk(path: Path, use: Callable[[bytes], object]) -> None:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from None
    with stream:
        while chunk := stream.read(_CHUNK):
            use(chunk)
