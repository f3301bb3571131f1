"""Key files of the roles: holder, attestor, publisher, publisher on a chain. And a publisher's signature.

A secret is shown nowhere: not in a message, not in a repr. Files are 0600, and encrypted when a passphrase
is given.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import Field, model_validator

from verifier import eddsa
from verifier.babyjubjub import Point
from verifier.canonical import canonical_bytes, keccak256
from verifier.errors import FormatError, UsageError
from verifier.market import PublisherSignature, Snapshot, signature_payload, snapshot_valid
from verifier.models import Document, Hex32, Text, rule_error

from .accounts import SALT_BITS, attestor_hash, holder_of
from .sealing import Encrypted, decrypt, encrypt

__all__ = ["Key", "KeyFile", "Role", "create_key", "load_key", "new_key", "save_key", "sign_snapshot"]

Role = Literal["holder", "attestor", "publisher", "publisher-evm"]
_SECRET_BYTES = 32
_ADDRESS_BYTES = 20
_SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True)
class Key:
    """An unlocked key.

    Attributes
    ----------
    kind, name
        Whose key, and what it is called.
    secret
        32 bytes; never shown.
    """

    kind: Role
    name: str
    secret: bytes = field(repr=False)

    @property
    def number(self) -> int:
        """A holder's secret as a field element of 248 bits."""
        return int.from_bytes(self.secret, "big")

    @property
    def holder(self) -> int:
        """A holder's public pseudonym at the attestor."""
        self._must_be("holder")
        return holder_of(self.number)

    @property
    def point(self) -> Point:
        """An attestor's BabyJubJub key."""
        self._must_be("attestor")
        return eddsa.public_key(self.secret)

    @property
    def attestor(self) -> int:
        """What policies list of an attestor."""
        return attestor_hash(self.point)

    @property
    def public_key(self) -> str:
        """A publisher's Ed25519 key, hex."""
        self._must_be("publisher")
        public = Ed25519PrivateKey.from_private_bytes(self.secret).public_key()
        return public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    @property
    def address(self) -> str:
        """The account of a publisher on a chain: its secp256k1 key's address, lower-case hex."""
        self._must_be("publisher-evm")
        private = ec.derive_private_key(int.from_bytes(self.secret, "big"), ec.SECP256K1())
        point = private.public_key().public_numbers()
        coordinates = b"".join(number.to_bytes(_SECRET_BYTES, "big") for number in (point.x, point.y))
        return "0x" + keccak256(coordinates)[-_ADDRESS_BYTES:].hex()

    def public(self) -> dict[str, str]:
        """What may be shown of it."""
        if self.kind == "holder":
            return {"holder": str(self.holder)}
        if self.kind == "attestor":
            x, y = self.point
            return {"x": str(x), "y": str(y), "attestor": str(self.attestor)}
        if self.kind == "publisher-evm":
            return {"address": self.address}
        return {"public_key": self.public_key}

    def _must_be(self, kind: Role) -> None:
        if self.kind != kind:
            raise UsageError(f"the key {self.name!r} is of the kind {self.kind}, and {kind} is needed")


class KeyFile(Document):
    """``zksolvency/key-file/1``: a key at rest.

    Attributes
    ----------
    kind, name
        Whose key, and what it is called.
    secret, encrypted
        32 bytes in hex, or the same encrypted; one of the two.
    public
        What may be shown: ``holder``; ``x``, ``y`` and ``attestor``; ``public_key``; or ``address``.
    """

    SCHEMA: ClassVar[str] = "zksolvency/key-file/1"
    PRIVATE: ClassVar[bool] = True

    kind: Role
    name: Text
    secret: Hex32 | None = None
    encrypted: Encrypted | None = None
    public: Annotated[dict[str, Text], Field(max_length=4)]

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if (self.secret is None) == (self.encrypted is None):
            raise rule_error("must be there, or encrypted must, and not both", field="secret")
        return self

    def associated(self) -> bytes:
        """What is authenticated beside the ciphertext: everything else in the file."""
        return canonical_bytes(
            {"schema": self.SCHEMA, "kind": self.kind, "name": self.name, "public": self.public}
        )

    def unlock(self, passphrase: str | None = None) -> Key:
        """The key.

        Raises
        ------
        UsageError
            When it is encrypted and no passphrase is given.
        InvalidError
            When the passphrase does not open it.
        FormatError
            When the public part is not that of the secret.
        """
        if self.encrypted is not None:
            if passphrase is None:
                raise UsageError(f"the key {self.name!r} is encrypted; give its passphrase")
            secret = decrypt(self.encrypted, passphrase, self.associated())
        else:
            secret = bytes.fromhex(self.secret or "")
        if len(secret) != _SECRET_BYTES or (self.kind == "holder" and secret[0] != 0):
            raise FormatError("secret", "has the wrong length", mend="Make a new key")
        if self.kind == "publisher-evm" and not 0 < int.from_bytes(secret, "big") < _SECP256K1_ORDER:
            raise FormatError("secret", "is no key of secp256k1", mend="Make a new key")
        key = Key(kind=self.kind, name=self.name, secret=secret)
        if key.public() != self.public:
            raise FormatError("public", "does not belong to the secret", mend="Was the file edited?")
        return key


def new_key(kind: Role, name: str) -> Key:
    """A fresh random key. A holder's has 248 bits, so that it is a field element; the others 256."""
    secret = secrets.token_bytes(_SECRET_BYTES)
    if kind == "holder":
        secret = bytes(_SECRET_BYTES - SALT_BITS // 8) + secrets.token_bytes(SALT_BITS // 8)
    return Key(kind=kind, name=name, secret=secret)


def save_key(key: Key, path: str | Path, passphrase: str | None = None) -> None:
    """Write a key file, 0600; encrypted when a passphrase is given. It never replaces a file.

    Raises
    ------
    UsageError
        When there is a file already: a lost key cannot be made again.
    """
    path = Path(path)
    if path.exists():
        raise UsageError(f"{path}: is there already; a key is never overwritten")
    file = KeyFile(kind=key.kind, name=key.name, secret=key.secret.hex(), public=key.public())
    if passphrase is not None:
        sealed = encrypt(key.secret, passphrase, file.associated())
        file = KeyFile(kind=key.kind, name=key.name, encrypted=sealed, public=file.public)
    file.save(path)


def create_key(kind: Role, name: str, path: str | Path, passphrase: str | None = None) -> Key:
    """Make a fresh key and write its file; see `save_key`."""
    key = new_key(kind, name)
    save_key(key, path, passphrase)
    return key


def load_key(path: str | Path, kind: Role, passphrase: str | None = None) -> Key:
    """Read a key file of that kind and unlock it.

    Raises
    ------
    UsageError
        When it cannot be read, is of another kind, or needs a passphrase.
    InvalidError, FormatError
        As `KeyFile.unlock`.
    """
    key = KeyFile.load(path).unlock(passphrase)
    if key.kind != kind:
        raise UsageError(f"{path}: is a key of the kind {key.kind}, and {kind} is needed")
    return key


def sign_snapshot(snapshot: Snapshot, publisher: Key) -> Snapshot:
    """Sign a market snapshot, after checking all that a contract would take on trust.

    Raises
    ------
    FormatError
        When the snapshot is not well-formed; nothing is signed then.
    """
    snapshot_valid(snapshot)
    private = Ed25519PrivateKey.from_private_bytes(publisher.secret)
    mine = PublisherSignature(
        public_key=publisher.public_key, signature=private.sign(signature_payload(snapshot)).hex()
    )
    others = tuple(each for each in snapshot.signatures if each.public_key != mine.public_key)
    return snapshot.model_copy(update={"signatures": (*others, mine)})
