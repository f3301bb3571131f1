"""Read what circom writes (r1cs, wtns, sym) and evaluate constraints in exact integers.

Everything is bounds-checked before it is believed: a count is compared with the bytes that are left, so a
hostile file costs no more memory than its own size. Messages name signals, never their values.

Source: iden3's published binary formats of r1cs and wtns files, and circom's description of sym files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from pathlib import Path
from typing import NamedTuple

from verifier.errors import FormatError, UsageError
from verifier.field import R

from .source_map import Place, SourceMap, innermost

__all__ = [
    "Combination",
    "Constraint",
    "Failure",
    "R1cs",
    "Symbols",
    "parse_r1cs",
    "parse_symbols",
    "parse_witness",
    "read_r1cs",
    "read_symbols",
    "read_witness",
    "write_witness",
]

_ELEMENT = 32
_CUSTOM_GATES = (4, 5)


class Combination(NamedTuple):
    """A linear combination: Σ coefficients[i]·wire[wires[i]], coefficients of least magnitude, signed."""

    wires: tuple[int, ...]
    coefficients: tuple[int, ...]

    def value(self, witness: Sequence[int]) -> int:
        """The combination's value, not reduced."""
        return sum(map(mul, self.coefficients, [witness[wire] for wire in self.wires]))


class Constraint(NamedTuple):
    """a·b = c."""

    a: Combination
    b: Combination
    c: Combination

    def wires(self) -> set[int]:
        """Every wire that it mentions."""
        return {*self.a.wires, *self.b.wires, *self.c.wires}


@dataclass(frozen=True)
class Failure:
    """A constraint that a witness does not satisfy.

    Attributes
    ----------
    constraint
        Its position in the file; −1 for the constant wire, which must be 1.
    component
        The innermost component that sees all its signals, such as ``main.slot[0]``.
    signals
        Names of the signals in it, sorted; ``wire 17`` where there is no name.
    place
        Template, file and line, where the sources were given and say so.
    """

    constraint: int
    component: str
    signals: tuple[str, ...]
    place: Place | None = None

    def __str__(self) -> str:
        shown = ", ".join(self.signals[:6]) + (", …" if len(self.signals) > 6 else "")
        where = f" ({self.place})" if self.place else ""
        return f"constraint {self.constraint} in {self.component}{where}: {shown}"


class Symbols:
    """Names of signals, from a sym file: several names may share a wire, and a name may have lost its own.

    Parameters
    ----------
    wires
        Wire by signal name; −1 where optimisation removed the wire.
    """

    def __init__(self, wires: Mapping[str, int]) -> None:
        self.wires = wires
        self._names: dict[int, str] = {}
        for name, wire in wires.items():
            known = self._names.get(wire)
            # The name nearest to main says most to a reader.
            if wire >= 0 and (known is None or _depth(name) < _depth(known)):
                self._names[wire] = name

    def name(self, wire: int) -> str:
        """The wire's shortest path, or ``wire 17``."""
        return "one" if wire == 0 else self._names.get(wire, f"wire {wire}")

    def names(self, wires: Collection[int]) -> dict[int, list[str]]:
        """Every name of each of these wires, nearest to main first; ``wire 17`` where there is none."""
        found: dict[int, list[str]] = {wire: [] for wire in sorted(wires)}
        for name, wire in self.wires.items():
            if wire in found:
                found[wire].append(name)
        return {wire: sorted(names, key=_depth) or [self.name(wire)] for wire, names in found.items()}

    def wire(self, name: str) -> int:
        """The wire of a signal such as ``main.out``; KeyError when it is unknown or was optimised away."""
        wire = self.wires[name]
        if wire < 0:
            raise KeyError(f"{name} was optimised away")
        return wire


def _depth(name: str) -> tuple[int, int]:
    return name.count("."), len(name)


@dataclass(frozen=True)
class R1cs:
    """A circuit's constraints over the scalar field of BN254.

    Attributes
    ----------
    wires
        How many, the constant 1 (wire 0) included.
    outputs, public_inputs, private_inputs
        Counts. Wires follow each other in that order from 1.
    constraints
        All of them, in the file's order.
    """

    wires: int
    outputs: int
    public_inputs: int
    private_inputs: int
    constraints: tuple[Constraint, ...]

    @property
    def public(self) -> range:
        """Wires of the public signals, in their order."""
        return range(1, 1 + self.outputs + self.public_inputs)

    @property
    def inputs(self) -> range:
        """Wires of the inputs, public ones first."""
        return range(1 + self.outputs, 1 + self.outputs + self.public_inputs + self.private_inputs)

    def failing(self, witness: Sequence[int], within: Iterable[int] | None = None) -> Iterator[int]:
        """Positions of constraints that do not hold, lazily.

        Parameters
        ----------
        witness
            One field element a wire.
        within
            Positions to look at; all when left out.

        Raises
        ------
        FormatError
            When the witness has another length than the circuit has wires.
        """
        if len(witness) != self.wires:
            raise FormatError(
                "witness", f"has {len(witness)} values", mend=f"This circuit has {self.wires} wires"
            )
        for place in range(len(self.constraints)) if within is None else within:
            a, b, c = self.constraints[place]
            if (a.value(witness) * b.value(witness) - c.value(witness)) % R:
                yield place

    def satisfied(self, witness: Sequence[int]) -> bool:
        """Whether every constraint holds and the constant wire is 1."""
        return witness[0] == 1 and next(self.failing(witness), None) is None

    def check(
        self,
        witness: Sequence[int],
        symbols: Symbols | None = None,
        limit: int = 20,
        *,
        sources: SourceMap | None = None,
        within: Iterable[int] | None = None,
    ) -> list[Failure]:
        """The first `limit` failures, by name; empty when the witness satisfies the circuit.

        Parameters
        ----------
        witness
            One field element a wire.
        symbols
            Names of wires.
        limit
            How many to look for.
        sources
            The circuit's sources, to name template and line.
        within
            Positions of constraints to look at; all when left out.
        """
        names = symbols or Symbols({})
        found = [] if witness[0] == 1 else [Failure(-1, "main", ("one",))]
        for place in self.failing(witness, within):
            if len(found) == limit:
                break
            component, signals = innermost(names.names(self.constraints[place].wires() - {0}))
            line = sources.place(component, signals) if sources else None
            found.append(Failure(place, component, signals, line))
        return found


# --- files ------------------------------------------------------------------------------------------


class _Reader:
    """Bytes with a position; every read is checked."""

    def __init__(self, data: bytes, kind: str, start: int = 0, end: int | None = None) -> None:
        self.data, self.kind = data, kind
        self.at, self.end = start, len(data) if end is None else end

    def take(self, count: int) -> bytes:
        if count > self.end - self.at:
            raise FormatError(self.kind, f"ends early (at byte {self.at})", mend="Make the file again")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self.take(size), "little")

    def count(self, each: int, size: int = 4) -> int:
        """A count of things of at least `each` bytes, which must all be there."""
        count = self.number(size)
        if count * each > self.end - self.at:
            raise FormatError(self.kind, f"announces more than it holds (at byte {self.at})")
        return count

    def element(self) -> int:
        value = self.number(_ELEMENT)
        if value >= R:
            raise FormatError(self.kind, f"has a number that is not below r (at byte {self.at - _ELEMENT})")
        return value

    def done(self) -> None:
        if self.at != self.end:
            raise FormatError(self.kind, f"has {self.end - self.at} bytes too many")

    def prime(self) -> None:
        if self.number() != _ELEMENT or self.number(_ELEMENT) != R:
            raise FormatError(self.kind, "is not over the scalar field of BN254", mend="Use --prime bn128")


def _sections(data: bytes, magic: bytes, version: int) -> dict[int, _Reader]:
    kind = magic.decode()
    reader = _Reader(data, kind)
    if data[:4] != magic:
        raise FormatError(kind, "does not start as such a file does")
    reader.take(4)
    if reader.number() != version:
        raise FormatError(kind, f"is not version {version}")
    found: dict[int, _Reader] = {}
    for _ in range(reader.count(12)):
        section = reader.number()
        size = reader.number(8)
        start = reader.at
        reader.take(size)
        if section in found:
            raise FormatError(kind, f"has section {section} twice")
        found[section] = _Reader(data, kind, start, reader.at)
    reader.done()
    for section in (1, 2):
        if section not in found:
            raise FormatError(kind, f"lacks section {section}")
    return found


def parse_r1cs(data: bytes) -> R1cs:
    """Read a binary r1cs file's content; FormatError when it is malformed or has custom gates."""
    sections = _sections(data, b"r1cs", 1)
    for section in _CUSTOM_GATES:
        # Each of these starts with a count, which is 0 for a circuit of plain constraints.
        if section in sections and sections[section].number() != 0:
            raise FormatError("r1cs", "uses custom gates", mend="Compile for Groth16")
    header = sections[1]
    header.prime()
    wires, outputs, public_inputs, private_inputs = (header.number() for _ in range(4))
    header.number(8)  # labels, which only debuggers use
    announced = header.number()
    header.done()
    if 1 + outputs + public_inputs + private_inputs > wires:
        raise FormatError("r1cs", "has more signals than wires")
    body = sections[2]
    if announced * 12 > body.end - body.at:
        raise FormatError("r1cs", "announces more constraints than it holds")
    known: dict[bytes, int] = {}
    constraints = tuple(
        Constraint(*(_combination(body, wires, known) for _ in range(3))) for _ in range(announced)
    )
    body.done()
    return R1cs(wires, outputs, public_inputs, private_inputs, constraints)


def _combination(body: _Reader, wires: int, known: dict[bytes, int]) -> Combination:
    count = body.count(4 + _ELEMENT)
    names, coefficients = [], []
    for _ in range(count):
        wire = body.number()
        if wire >= wires:
            raise FormatError("r1cs", f"names wire {wire} of {wires} (at byte {body.at - 4})")
        names.append(wire)
        raw = body.data[body.at : body.at + _ELEMENT]
        value = known.get(raw)
        if value is None:
            value = body.element()
            # Small magnitudes keep products short, and equal ones share an object.
            known[raw] = value = value if value <= R // 2 else value - R
        else:
            body.take(_ELEMENT)
        coefficients.append(value)
    return Combination(tuple(names), tuple(coefficients))


def parse_witness(data: bytes) -> list[int]:
    """Read a wtns file's content; FormatError when it is malformed."""
    sections = _sections(data, b"wtns", 2)
    header = sections[1]
    header.prime()
    announced = header.number()
    header.done()
    body = sections[2]
    if announced * _ELEMENT != body.end - body.at:
        raise FormatError("wtns", "announces another number of values than it holds")
    return [body.element() for _ in range(announced)]


def write_witness(witness: Sequence[int]) -> bytes:
    """A wtns file's content; FormatError for a value outside the field."""
    if any(not 0 <= value < R for value in witness):
        raise FormatError("witness", "has a value that is not from 0 to r − 1")
    header = _ELEMENT.to_bytes(4, "little") + R.to_bytes(_ELEMENT, "little") + _u32(len(witness))
    body = b"".join(value.to_bytes(_ELEMENT, "little") for value in witness)
    sections = b"".join(
        _u32(number) + len(content).to_bytes(8, "little") + content
        for number, content in ((1, header), (2, body))
    )
    return b"wtns" + _u32(2) + _u32(2) + sections


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "little")


def parse_symbols(text: str) -> Symbols:
    """Read a sym file's text, lines of ``label,wire,component,name``; FormatError when it is malformed."""
    wires: dict[str, int] = {}
    for place, line in enumerate(text.splitlines(), 1):
        parts = line.split(",", 3)
        wire = parts[1] if len(parts) == 4 else ""
        if not (wire == "-1" or (wire.isascii() and wire.isdigit() and len(wire) <= 10)):
            raise FormatError("sym", f"has a malformed line {place}", mend="Compile the circuit again")
        wires[parts[3]] = int(wire)
    return Symbols(wires)


def read_r1cs(path: str | Path) -> R1cs:
    """Read an r1cs file: UsageError when it cannot be read, FormatError when it is malformed."""
    return parse_r1cs(_read(path))


def read_witness(path: str | Path) -> list[int]:
    """Read a wtns file: UsageError when it cannot be read, FormatError when it is malformed."""
    return parse_witness(_read(path))


def read_symbols(path: str | Path) -> Symbols:
    """Read a sym file: UsageError when it cannot be read, FormatError when it is malformed."""
    try:
        return parse_symbols(_read(path).decode())
    except UnicodeDecodeError:
        raise FormatError("sym", "is not UTF-8", source=str(path)) from None


def _read(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from None
