"""Complete a witness from some wires given by hand, by propagation over the constraints alone.

The witness generator of a circuit only makes honest witnesses. This solver takes whatever values an attacker
wants for inputs or inner wires, follows the constraints to everything they imply, and leaves it to
`R1cs.check` to say whether the circuit objects. It never changes a given value.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prover.r1cs import Constraint, Failure, R1cs
from tests.circuits.templates import Built
from verifier.field import R

Values = Mapping[str, Any]
"""Signal values by name: integers, or nested lists of them for arrays."""


@dataclass(frozen=True)
class Completion:
    """A whole witness, and the wires that nothing decided (left at 0)."""

    witness: list[int]
    undecided: tuple[int, ...]


@dataclass(frozen=True)
class Trace:
    """A completion with the steps that led to it: constraint, and the wires it decided."""

    given: dict[int, int]
    completion: Completion
    steps: list[tuple[int, list[int]]]


def boolean_wires(r1cs: R1cs) -> set[int]:
    """Wires x with a constraint x·(x − 1) = 0, and those that linear constraints equate with one of them."""
    found = {wire for constraint in r1cs.constraints if (wire := _boolean(constraint)) is not None}
    equal: dict[int, list[int]] = {}
    for constraint in r1cs.constraints:
        pair = equated(constraint)
        if pair is not None:
            equal.setdefault(pair[0], []).append(pair[1])
            equal.setdefault(pair[1], []).append(pair[0])
    waiting = list(found)
    while waiting:
        for other in equal.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _boolean(constraint: Constraint) -> int | None:
    a, b, c = constraint
    wires = constraint.wires() - {0}
    if len(wires) != 1 or c.wires or not a.wires or not b.wires:
        return None
    (wire,) = wires
    # Both factors have one root each; they must be 0 and 1.
    roots = set()
    for factor in (a, b):
        terms = dict(zip(factor.wires, factor.coefficients, strict=True))
        if wire not in terms:
            return None
        roots.add(-terms.get(0, 0) * pow(terms[wire], -1, R) % R)
    return wire if roots == {0, 1} else None


def _start(given: Mapping[int, int]) -> dict[int, int]:
    return {0: 1, **{wire: value % R for wire, value in given.items()}}


def equated(constraint: Constraint) -> tuple[int, int] | None:
    """The two wires of a constraint x − y = 0."""
    if constraint.a.wires and constraint.b.wires:
        return None
    c = constraint.c
    if len(c.wires) == 2 and 0 not in c.wires and sum(c.coefficients) % R == 0:
        return c.wires[0], c.wires[1]
    return None


def powers_of_two(coefficients: Mapping[int, int]) -> tuple[int, dict[int, int]] | None:
    """Write coefficients as s·2^k with distinct k: (s, k by wire), or None when that is not so."""
    scale = min(coefficients.values(), key=abs)
    inverse = pow(scale, -1, R)
    places: dict[int, int] = {}
    for wire, coefficient in coefficients.items():
        ratio = coefficient * inverse % R
        if ratio & (ratio - 1) or ratio == 0:
            return None
        places[wire] = ratio.bit_length() - 1
    return (scale, places) if len(set(places.values())) == len(places) else None


class Solver:
    """Propagation over one circuit; make it once, complete many witnesses."""

    def __init__(self, built: Built) -> None:
        self._built = built
        self._constraints = built.r1cs.constraints
        self._by_wire = built.by_wire
        self._wires = [constraint.wires() for constraint in self._constraints]
        self._boolean = boolean_wires(built.r1cs)

    def complete(self, given: Mapping[int, int]) -> Completion:
        """Every wire that follows from the given ones, by one unknown a step, or one binary sum."""
        return self._finish(_start(given), range(len(self._constraints)))

    def trace(self, given: Mapping[int, int]) -> Trace:
        """A completion that remembers its steps, so that `edit` can follow a change without starting over."""
        steps: list[tuple[int, list[int]]] = []
        completion = self._finish(_start(given), range(len(self._constraints)), steps)
        return Trace(dict(given), completion, steps)

    def edit(self, trace: Trace, changes: Mapping[int, int]) -> Completion:
        """The completion of the trace's given values with some changed, or more given."""
        old = trace.completion.witness
        values = _start({**trace.given, **changes})
        changed = {wire for wire in changes if values[wire] != old[wire]}
        for place, solved in trace.steps:
            if changed.isdisjoint(self._wires[place]):
                for wire in solved:
                    values.setdefault(wire, old[wire])
                continue
            targets = [wire for wire in solved if wire not in values]
            if targets:
                # A step that leant on a value which is now another is left for the end.
                self._step(self._constraints[place], values)
                changed |= {wire for wire in targets if values.get(wire) != old[wire]}
        missing = (wire for wire in range(self._built.r1cs.wires) if wire not in values)
        return self._finish(values, {place for wire in missing for place in self._by_wire[wire]})

    def _finish(
        self,
        values: dict[int, int],
        places: Iterable[int],
        steps: list[tuple[int, list[int]]] | None = None,
    ) -> Completion:
        waiting = deque(places)
        queued = [False] * len(self._constraints)
        for place in waiting:
            queued[place] = True
        while waiting:
            place = waiting.popleft()
            queued[place] = False
            solved = self._step(self._constraints[place], values)
            if solved and steps is not None:
                steps.append((place, solved))
            for wire in solved:
                for other in self._by_wire[wire]:
                    if not queued[other]:
                        queued[other] = True
                        waiting.append(other)
        wires = self._built.r1cs.wires
        undecided = tuple(wire for wire in range(wires) if wire not in values)
        return Completion([values.get(wire, 0) for wire in range(wires)], undecided)

    def _step(self, constraint: Constraint, values: dict[int, int]) -> list[int]:
        """Solve what this constraint decides now; the wires that became known."""
        linear = self._linear(constraint, values)
        if linear is None:
            return []
        constant, unknown = linear
        if len(unknown) == 1:
            ((wire, coefficient),) = unknown.items()
            values[wire] = -constant * pow(coefficient, -1, R) % R
            return [wire]
        if unknown and all(wire in self._boolean for wire in unknown):
            return self._binary(constant, unknown, values)
        return []

    def _linear(self, constraint: Constraint, values: dict[int, int]) -> tuple[int, dict[int, int]] | None:
        """The constraint as constant + Σ coefficient·unknown = 0; None while both factors have unknowns."""
        sums: list[int] = []
        unknowns: list[dict[int, int]] = []
        for combination in constraint:
            total = 0
            missing: dict[int, int] = {}
            for wire, coefficient in zip(combination.wires, combination.coefficients, strict=True):
                value = values.get(wire)
                if value is None:
                    missing[wire] = missing.get(wire, 0) + coefficient
                else:
                    total += value * coefficient
            sums.append(total % R)
            unknowns.append(missing)
            if len(sums) == 2 and unknowns[0] and unknowns[1]:
                return None
        (a, b, c), (in_a, in_b, in_c) = sums, unknowns
        found: dict[int, int] = {}
        for part, factor in ((in_a, b), (in_b, a), (in_c, -1)):
            for wire, coefficient in part.items():
                found[wire] = (found.get(wire, 0) + coefficient * factor) % R
        return (a * b - c) % R, {wire: value for wire, value in found.items() if value}

    def _binary(self, constant: int, unknown: dict[int, int], values: dict[int, int]) -> list[int]:
        signed = {wire: value if value <= R // 2 else value - R for wire, value in unknown.items()}
        decomposed = powers_of_two(signed)
        if decomposed is None:
            return []
        scale, places = decomposed
        number = -constant * pow(scale, -1, R) % R
        # A number with other bits has no solution; the low bits then let the constraint itself fail.
        for wire, place in places.items():
            values[wire] = (number >> place) & 1
        return list(places)


@dataclass(frozen=True)
class Attempt:
    """A completed witness and what the circuit says to it."""

    built: Built
    completion: Completion
    failures: list[Failure]

    @property
    def accepted(self) -> bool:
        return not self.failures

    def value(self, name: str) -> int:
        return self.completion.witness[self.built.wire(name)]

    def failed_in(self, part: str) -> bool:
        """Whether some failing constraint mentions a signal with this text in its name."""
        return any(part in signal for failure in self.failures for signal in failure.signals)


def flatten(values: Values) -> dict[str, int]:
    """``{"a": [[1], [2]]}`` as ``{"a[0][0]": 1, "a[1][0]": 2}``."""
    found: dict[str, int] = {}

    def walk(name: str, value: Any) -> None:
        if isinstance(value, list | tuple):
            for place, inner in enumerate(value):
                walk(f"{name}[{place}]", inner)
        else:
            found[name] = value

    for name, value in values.items():
        walk(name, value)
    return found


def given_wires(built: Built, values: Values) -> dict[int, int]:
    """Values by wire, from values by name below main."""
    return {built.wire(name): value for name, value in flatten(values).items()}


def attempt(built: Built, values: Values, solver: Solver | None = None) -> Attempt:
    """Give signals their values (inputs, or inner ones by path below main), complete, and check."""
    completion = (solver or Solver(built)).complete(given_wires(built, values))
    return Attempt(built, completion, built.r1cs.check(completion.witness, built.symbols))


def variant(built: Built, solver: Solver, trace: Trace, changes: Values) -> Attempt:
    """The same for a change of a traced completion."""
    completion = solver.edit(trace, given_wires(built, changes))
    return Attempt(built, completion, built.r1cs.check(completion.witness, built.symbols))
