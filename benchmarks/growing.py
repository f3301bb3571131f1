"""Constraint systems of any size for the growth of proving time: half squares of full width, half bits."""

from __future__ import annotations

from pathlib import Path

from verifier.field import R

_NEGATIVE_ONE = (R - 1).to_bytes(32, "little")
_ONE = (1).to_bytes(32, "little")


def write(folder: Path, power: int) -> tuple[Path, Path]:
    """An r1cs and a wtns file whose domain is 2^power: 2^power − 2 constraints, one public signal."""
    constraints = 2**power - 2
    values = [1, 3]
    body = bytearray()
    for number in range(constraints):
        wire = number + 2
        if number % 2:
            # b · (b − 1) = 0
            values.append(number // 2 % 2)
            own = wire.to_bytes(4, "little")
            body += _words(1) + own + _ONE
            body += _words(2) + own + _ONE + _words(0) + _NEGATIVE_ONE + _words(0)
        else:
            # x · x = y − x − 1, over the square before
            before = max(1, wire - 2)
            values.append((values[before] ** 2 + values[before] + 1) % R)
            previous, own = before.to_bytes(4, "little"), wire.to_bytes(4, "little")
            body += (_words(1) + previous + _ONE) * 2
            body += _words(3) + own + _ONE + previous + _NEGATIVE_ONE + _words(0) + _NEGATIVE_ONE
    wires = len(values)
    header = _words(32) + R.to_bytes(32, "little") + _words(wires, 0, 1, 0)
    header += wires.to_bytes(8, "little") + _words(constraints)
    labels = b"".join(wire.to_bytes(8, "little") for wire in range(wires))
    folder.mkdir(parents=True, exist_ok=True)
    r1cs, wtns = folder / f"growing_{power}.r1cs", folder / f"growing_{power}.wtns"
    r1cs.write_bytes(_file(b"r1cs", 1, [(1, header), (2, bytes(body)), (3, labels)]))
    content = b"".join(value.to_bytes(32, "little") for value in values)
    wtns.write_bytes(_file(b"wtns", 2, [(1, header[:36] + _words(wires)), (2, content)]))
    return r1cs, wtns


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


def _file(kind: bytes, version: int, sections: list[tuple[int, bytes]]) -> bytes:
    parts = [kind, _words(version, len(sections))]
    for number, content in sections:
        parts += [_words(number), len(content).to_bytes(8, "little"), content]
    return b"".join(parts)
