"""Private files at rest: scrypt and ChaCha20-Poly1305 when a passphrase is given, 0600 always."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import Field, model_validator

from verifier.canonical import canonical_bytes, load_json
from verifier.errors import EnvironmentFault, FormatError, InvalidError, UsageError
from verifier.files import write_json
from verifier.models import Document, Hex32, Member, Text, rule_error

__all__ = ["Encrypted", "Sealed", "decrypt", "encrypt", "load_discreetly", "load_private", "save_private"]

D = TypeVar("D", bound=Document)

_N, _R, _P = 1 << 17, 8, 1
_MAX_MEMORY = 1 << 30
_HEX_BYTES = r"^([0-9a-f]{2})+$"


class Encrypted(Member):
    """Ciphertext and how its key comes from a passphrase.

    Attributes
    ----------
    kdf, n, r, p, salt
        scrypt's parameters.
    nonce, ciphertext
        Of ChaCha20-Poly1305, the tag at the end.
    """

    kdf: Literal["scrypt"]
    n: Annotated[int, Field(ge=1 << 14, le=1 << 20)]
    r: Annotated[int, Field(ge=1, le=32)]
    p: Annotated[int, Field(ge=1, le=16)]
    salt: Hex32
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]
    ciphertext: Annotated[str, Field(pattern=_HEX_BYTES, max_length=1 << 24)]

    @model_validator(mode="after")
    def _affordable(self) -> Self:
        if self.n & (self.n - 1):
            raise rule_error("is not a power of two", field="n")
        if 128 * self.n * self.r > _MAX_MEMORY:
            raise rule_error("needs more than 1 GiB of memory", field="n", mend="Use a smaller n")
        return self


class Sealed(Document):
    """``zksolvency/sealed/1``: a private file, encrypted.

    Attributes
    ----------
    content
        The schema of what is inside.
    encrypted
        The file's canonical JSON, encrypted; `content` is authenticated with it.
    """

    SCHEMA: ClassVar[str] = "zksolvency/sealed/1"
    PRIVATE: ClassVar[bool] = True

    content: Text
    encrypted: Encrypted


def encrypt(data: bytes, passphrase: str, associated: bytes) -> Encrypted:
    """Encrypt `data`; `associated` is authenticated beside it and must be repeated to decrypt."""
    if not passphrase:
        raise UsageError("the passphrase is empty: give one, or none at all")
    salt, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
    key = _derive(passphrase, salt, _N, _R, _P)
    return Encrypted(
        kdf="scrypt",
        n=_N,
        r=_R,
        p=_P,
        salt=salt.hex(),
        nonce=nonce.hex(),
        ciphertext=ChaCha20Poly1305(key).encrypt(nonce, data, associated).hex(),
    )


def decrypt(encrypted: Encrypted, passphrase: str, associated: bytes) -> bytes:
    """The data of `encrypt`.

    Raises
    ------
    InvalidError
        When the passphrase is another one, or the file was altered.
    """
    key = _derive(passphrase, bytes.fromhex(encrypted.salt), encrypted.n, encrypted.r, encrypted.p)
    try:
        return ChaCha20Poly1305(key).decrypt(
            bytes.fromhex(encrypted.nonce), bytes.fromhex(encrypted.ciphertext), associated
        )
    except InvalidTag:
        raise InvalidError("the passphrase does not open this file, or the file was altered") from None


def _derive(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    try:
        return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.encode("utf-8"))
    except MemoryError:
        raise EnvironmentFault("not enough memory for scrypt; close something and try again") from None
    except UnicodeEncodeError:
        raise UsageError("the passphrase is not valid Unicode") from None


def save_private(document: Document, path: str | Path, passphrase: str | None = None) -> None:
    """Write a private document, 0600; encrypted when a passphrase is given."""
    content: dict[str, Any] = document.to_json()
    if passphrase is not None:
        sealed = encrypt(canonical_bytes(content), passphrase, document.SCHEMA.encode())
        content = Sealed(content=document.SCHEMA, encrypted=sealed).to_json()
    write_json(path, content, private=True)


def load_discreetly(path: str | Path) -> Any:
    """Read JSON as `load_json` does, for a file that may be private: an error shows no value of it."""
    try:
        return load_json(path)
    except FormatError as error:
        # The reader of plain JSON shows a bad number; this file's numbers are private.
        raise FormatError(error.field, error.problem, mend=error.mend, source=error.source) from None


def load_private(cls: type[D], path: str | Path, passphrase: str | None = None) -> D:
    """Read what `save_private` wrote, encrypted or not.

    Raises
    ------
    UsageError
        When the file cannot be read, or is encrypted and no passphrase is given.
    InvalidError
        When the passphrase does not open it.
    FormatError
        When it is another kind of file.
    """
    source = str(path)
    obj = load_discreetly(path)
    if not (isinstance(obj, dict) and obj.get("schema") == Sealed.SCHEMA):
        return cls.parse(obj, source=source)
    sealed = Sealed.parse(obj, source=source)
    if sealed.content != cls.SCHEMA:
        raise FormatError("content", f'is not "{cls.SCHEMA}"', mend="Is this the right file?", source=source)
    if passphrase is None:
        raise UsageError(f"{path}: is encrypted; give its passphrase")
    return cls.parse(decrypt(sealed.encrypted, passphrase, cls.SCHEMA.encode()), source=source)
