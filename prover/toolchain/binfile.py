"""The container of r1cs, wtns, ptau and zkey files: a magic word, a version, and numbered sections.

Only what the toolchain decides by is read here: sizes, and section 10 of a zkey, the record of its
contributions. The layouts are those that snarkjs 0.7.6 and r1csfile 0.0.48 write.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from verifier.errors import FormatError, UsageError
from verifier.field import R

__all__ = [
    "Contribution",
    "PtauHeader",
    "R1csHeader",
    "contributions",
    "open_sections",
    "ptau_header",
    "r1cs_header",
]

_MAX_SECTIONS = 64
_POINTS = 3 * 64 + 128
"""A contribution starts with delta, s, s·x in G1 and spx in G2."""
_MAX_CONTRIBUTIONS = 1 << 16


@dataclass(frozen=True)
class R1csHeader:
    """Sizes of a constraint system; `public` counts outputs and public inputs, without the constant one."""

    wires: int
    outputs: int
    public_inputs: int
    private_inputs: int
    constraints: int

    @property
    def public(self) -> int:
        """Public signals."""
        return self.outputs + self.public_inputs

    @property
    def power(self) -> int:
        """log2 of the evaluation domain that snarkjs picks for it."""
        return (self.constraints + self.public).bit_length()


@dataclass(frozen=True)
class PtauHeader:
    """Sizes of a powers of tau file; a prepared one can be used for circuit keys."""

    power: int
    ceremony_power: int
    prepared: bool


@dataclass(frozen=True)
class Contribution:
    """One contribution to a circuit's key: 0 by a person, 1 a public beacon."""

    name: str
    kind: int


class Sections:
    """The sections of one open file."""

    def __init__(self, stream: IO[bytes], source: str, found: dict[int, tuple[int, int]]) -> None:
        self._stream = stream
        self._source = source
        self._found = found

    def has(self, number: int) -> bool:
        """Whether there is such a section."""
        return number in self._found

    def read(self, number: int, length: int | None = None) -> bytes:
        """The section's first `length` bytes, or all of it.

        Raises
        ------
        FormatError
            When it is missing or shorter.
        """
        if number not in self._found:
            raise _malformed(self._source, f"section {number} is missing")
        offset, size = self._found[number]
        if length is not None and length > size:
            raise _malformed(self._source, f"section {number} is cut short")
        self._stream.seek(offset)
        return self._stream.read(size if length is None else length)

    def size(self, number: int) -> int:
        """Bytes of a section; 0 when it is missing."""
        return self._found.get(number, (0, 0))[1]


@contextmanager
def open_sections(path: Path, magic: str) -> Iterator[Sections]:
    """Open a file of sections and check that each of them lies inside it.

    Raises
    ------
    UsageError
        When it cannot be read.
    FormatError
        When it is not such a file.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from None
    with stream:
        total = os.fstat(stream.fileno()).st_size
        head = stream.read(12)
        if len(head) < 12 or head[:4] != magic.encode():
            raise _malformed(str(path), f"is not a {magic} file")
        _, count = struct.unpack("<II", head[4:])
        if count > _MAX_SECTIONS:
            raise _malformed(str(path), f"has {count} sections")
        found: dict[int, tuple[int, int]] = {}
        position = 12
        for _ in range(count):
            stream.seek(position)
            entry = stream.read(12)
            if len(entry) < 12:
                raise _malformed(str(path), "is cut short")
            number, size = struct.unpack("<IQ", entry)
            position += 12
            if size > total - position:
                raise _malformed(str(path), f"section {number} is cut short")
            if number in found:
                raise _malformed(str(path), f"section {number} appears twice")
            found[number] = (position, size)
            position += size
        yield Sections(stream, str(path), found)


def r1cs_header(path: Path) -> R1csHeader:
    """Sizes of an r1cs file over the scalar field of BN254; FormatError for any other."""
    with open_sections(path, "r1cs") as sections:
        data = sections.read(1)
        if len(data) < 36 + 28:
            raise _malformed(str(path), "section 1 is cut short")
        (width,) = struct.unpack_from("<I", data)
        if width != 32 or int.from_bytes(data[4:36], "little") != R:
            raise _malformed(str(path), "is not over the scalar field of BN254")
        wires, outputs, public, private, _, constraints = struct.unpack_from("<IIIIQI", data, 36)
        return R1csHeader(wires, outputs, public, private, constraints)


def ptau_header(path: Path) -> PtauHeader:
    """Sizes of a powers of tau file; FormatError when it is none."""
    with open_sections(path, "ptau") as sections:
        data = sections.read(1)
        if len(data) < 4 + 32 + 8:
            raise _malformed(str(path), "section 1 is cut short")
        (width,) = struct.unpack_from("<I", data)
        if width != 32:
            raise _malformed(str(path), "is not over BN254")
        power, ceremony_power = struct.unpack_from("<II", data, 36)
        return PtauHeader(power, ceremony_power, all(sections.has(n) for n in (12, 13, 14, 15)))


def contributions(zkey: Path) -> list[Contribution]:
    """The contributions to a Groth16 key, read from its section 10.

    snarkjs's ``zkey verify`` accepts a key that nobody contributed to, so they are counted here.

    Raises
    ------
    FormatError
        When the file is no zkey, or its record of contributions is malformed.
    """
    source = str(zkey)
    with open_sections(zkey, "zkey") as sections:
        if struct.unpack("<I", sections.read(1, 4))[0] != 1:
            raise _malformed(source, "is not a Groth16 key")
        data = sections.read(10)
    if len(data) < 68:
        raise _malformed(source, "section 10 is cut short")
    (count,) = struct.unpack_from("<I", data, 64)
    if count > _MAX_CONTRIBUTIONS:
        raise _malformed(source, f"claims {count} contributions")
    found: list[Contribution] = []
    position = 68
    for _ in range(count):
        position += _POINTS + 64
        if position + 8 > len(data):
            raise _malformed(source, "a contribution is cut short")
        kind, length = struct.unpack_from("<II", data, position)
        position += 8
        if kind > 1 or position + length > len(data):
            raise _malformed(source, "a contribution is malformed")
        found.append(Contribution(_name(data[position : position + length]), kind))
        position += length
    if position != len(data):
        raise _malformed(source, "section 10 has bytes after its last contribution")
    return found


def _name(parameters: bytes) -> str:
    """The name among a contribution's parameters; it is the first of them when it is there."""
    if len(parameters) >= 2 and parameters[0] == 1:
        return parameters[2 : 2 + parameters[1]].decode("utf-8", "replace")
    return ""


def _malformed(source: str, problem: str) -> FormatError:
    return FormatError("file", problem, source=source, mend="Make or fetch it again")
