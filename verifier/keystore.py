"""The verifier's own keys: a directory, with a sub-directory for each key.

A sub-directory holds ``verification_key.json`` (snarkjs's) and ``manifest.json``, which says where the key
comes from. Keys are found by their hash alone, never by a name that a bundle brings, and a key whose hash
is not its manifest's is refused. Whether a development key will do is for the policy: see
`KeyManifest.production`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from .canonical import load_json
from .circuits import every_instance
from .errors import FormatError, InvalidError, UsageError, ZkSolvencyError
from .groth16 import VerificationKey, key_hash, parse_verification_key
from .models import Document, Hex32, Hex64, KeyHash, Member, Text, rule_error
from .phase1 import check_phase1

__all__ = [
    "DEVELOPMENT_SUFFIX",
    "MANIFEST",
    "VERIFICATION_KEY",
    "KeyManifest",
    "KeyStore",
    "PowersOfTau",
    "StoredKey",
]

MANIFEST = "manifest.json"
VERIFICATION_KEY = "verification_key.json"
DEVELOPMENT_SUFFIX = "_dev"

_MAX_KEYS = 1000

KeyName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$")]


class PowersOfTau(Member):
    """The phase-1 file that a key was made from, by its name and BLAKE2b-512."""

    file: Text
    blake2b_512: Hex64


class KeyManifest(Document):
    """``zksolvency/key/1``: what is known of a key.

    Attributes
    ----------
    name
        Ends in ``_dev`` exactly when `production` is false.
    circuit, parameters
        The instance and its template's parameters, as circuits.json has them.
    r1cs_sha256, compiler
        The constraint system that the key is for, and what compiled it.
    ptau
        The phase-1 file; none when a development key was made without one.
    contributions
        Contributions to the second phase, at least one.
    verification_key
        The key's hash.
    proving_key_sha256
        The SHA-256 of the proving key's file.
    production
        Whether a ceremony that somebody stands for made it. A development key lets whoever made it forge.
    """

    SCHEMA: ClassVar[str] = "zksolvency/key/1"

    name: KeyName
    circuit: Text
    parameters: dict[Text, Annotated[int, Field(ge=0, lt=1 << 32)]]
    r1cs_sha256: Hex32
    compiler: Text
    ptau: PowersOfTau | None = None
    contributions: Annotated[int, Field(ge=0, lt=1 << 32)]
    verification_key: KeyHash
    proving_key_sha256: Hex32
    production: bool

    @model_validator(mode="before")
    @classmethod
    def _ptau_may_be_null(cls, value: Any) -> Any:
        """``"ptau": null`` says outright that there is none."""
        if isinstance(value, dict) and value.get("ptau", "") is None:
            return {key: inner for key, inner in value.items() if key != "ptau"}
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.contributions < 1:
            raise rule_error(
                "is 0: anybody can forge proofs under such a key",
                field="contributions",
                mend="Contribute first",
            )
        if self.production == self.name.endswith(DEVELOPMENT_SUFFIX):
            raise rule_error(
                f"must end in {DEVELOPMENT_SUFFIX} exactly when production is false",
                field="name",
                mend="Rename it",
            )
        if self.production and self.ptau is None:
            raise rule_error("is missing, and production is true", field="ptau", mend="Name the phase-1 file")
        known = every_instance().get(self.circuit)
        if known is not None and self.parameters != known.parameters:
            raise rule_error("are not the circuit's", field="parameters", mend="Make the key again")
        return self


@dataclass(frozen=True)
class StoredKey:
    """A key of the store, with where it comes from and where it is."""

    manifest: KeyManifest
    verification_key: VerificationKey
    directory: Path


class KeyStore:
    """Verification keys in a directory.

    Parameters
    ----------
    directory
        Holds one sub-directory a key.

    Raises
    ------
    UsageError
        When it is no directory that can be read.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        self._found: dict[str, StoredKey] = {}
        try:
            folders = [entry for entry in self.directory.iterdir() if (entry / MANIFEST).is_file()]
        except OSError as error:
            raise UsageError(f"{self.directory}: cannot be read ({error.strerror or error})") from None
        if len(folders) > _MAX_KEYS:
            raise UsageError(f"{self.directory}: holds more than {_MAX_KEYS} keys")
        self._folders = sorted(folders)

    def find(self, verification_key: str) -> StoredKey:
        """The key with this hash.

        Parameters
        ----------
        verification_key
            ``sha256:`` and 64 hex digits, as `key_hash` gives.

        Raises
        ------
        InvalidError
            When there is none, or two manifests claim it, or it must not be trusted.
        FormatError
            When its file or its manifest is malformed.
        """
        if verification_key not in self._found:
            self._found[verification_key] = self._search(verification_key)
        return self._found[verification_key]

    def entries(self) -> list[StoredKey]:
        """Every key, sorted by its directory's name; raises as `find` does when one is bad."""
        return [_load(folder) for folder in self._folders]

    def _search(self, verification_key: str) -> StoredKey:
        unreadable = []
        matching = []
        for folder in self._folders:
            try:
                manifest = KeyManifest.load(folder / MANIFEST)
            except ZkSolvencyError as error:
                unreadable.append(str(error))
                continue
            if manifest.verification_key == verification_key:
                matching.append(folder)
        if len(matching) > 1:
            names = " and ".join(folder.name for folder in matching)
            raise InvalidError(f"the key {verification_key} is in the store twice ({names}): keep one")
        if matching:
            return _load(matching[0])
        also = f"; not readable: {'; '.join(unreadable)}" if unreadable else ""
        raise InvalidError(f"the key {verification_key} is not in {self.directory}{also}")


def _load(folder: Path) -> StoredKey:
    manifest = KeyManifest.load(folder / MANIFEST)
    file = folder / VERIFICATION_KEY
    value = load_json(file)
    try:
        found = key_hash(value)
        if found != manifest.verification_key:
            raise InvalidError(
                f"{file}: its hash is {found}, and its manifest says {manifest.verification_key}"
            )
        key = parse_verification_key(value)
        if manifest.production and manifest.ptau is not None:
            check_phase1(manifest.ptau.blake2b_512, key)
    except FormatError as error:
        raise error.within(str(file)) from None
    known = every_instance().get(manifest.circuit)
    if known is not None and key.signals != len(known.public):
        raise InvalidError(f"{file}: has {key.signals} public signals, and {known.name} {len(known.public)}")
    return StoredKey(manifest, key, folder)
