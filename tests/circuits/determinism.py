"""Do a circuit's wires follow from its inputs? Shown by propagation over the constraints, values unknown.

A wire is decided when one of these rules applies; the last is an argument in words, and each use is listed:

1. it is the only unknown wire of a constraint, and stands in it with a constant factor other than 0;
2. it is a bit in a sum of bits with distinct powers of two, all other wires known, below the field's size;
3. IsZero: with in known, in·inv = 1 − out and in·out = 0 decide out (and leave inv free when in is 0);
4. Num2Bits_strict: 254 bits whose one other answer, value + r, is refused by a comparison with r − 1;
5. a division whose denominator is not constant: the reviewed lemmas below say why it is never 0.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from prover.r1cs import Constraint
from tests.circuits.solving import boolean_wires, powers_of_two
from tests.circuits.templates import Built
from verifier.field import R

DIVISIONS: dict[str, str] = {
    r"\.(xout|yout)$": (
        "the addition law of twisted Edwards curves is complete for a square a and a d that is no square, so"
        " 1 ± d·x1·x2·y1·y2 is not 0 for two points on the curve: the key and R8 are checked to be on it, and"
        " sums of such points are"
    ),
    r"\.e2m(\[\d+\])?\.out\[[01]\]$": (
        "1 − y and x are 0 only at the identity and the point of order two; the base is a fixed point of the"
        " subgroup, or eight times a key on the curve that is not the identity (replaced by the base point"
        " where x is 0)"
    ),
    r"\.c?m2e(\[\d+\])?\.out\[[01]\]$": (
        "y = 0 or x = −1 in Montgomery form belongs to points outside the subgroup, and every sum is in it"
    ),
    r"\.lamda$": (
        "a chord or tangent through points of the prime-order subgroup: a tangent's denominator is 2·y, 0"
        " only at order two; the two points of a chord are different multiples of the base, neither the"
        " other's negative, by the sizes of the windows"
    ),
}
"""Wires defined by a division, by name, and why the denominator is not 0."""

STRICT_BITS = re.compile(r"\.(h2bits)\.")
"""Bits of Num2Bits_strict, which has an AliasCheck beside its 254 bits."""


@dataclass
class Verdict:
    """What propagation reached.

    Attributes
    ----------
    undecided
        Names of wires that nothing decided.
    lemmas
        Names of wires that rule 4 or 5 decided.
    """

    undecided: list[str] = field(default_factory=list)
    lemmas: list[str] = field(default_factory=list)


class _Propagation:
    def __init__(self, built: Built) -> None:
        self.built = built
        self.known: set[int] = {0, *built.r1cs.inputs}
        self.boolean = boolean_wires(built.r1cs)
        self.lemmas: list[str] = []
        self._zero_tests = _zero_tests(built)

    def run(self) -> None:
        constraints = self.built.r1cs.constraints
        waiting = deque(range(len(constraints)))
        queued = [True] * len(constraints)
        while waiting:
            place = waiting.popleft()
            queued[place] = False
            for wire in self._decided(constraints[place]):
                self.known.add(wire)
                for other in self.built.by_wire[wire]:
                    if not queued[other]:
                        queued[other] = True
                        waiting.append(other)

    def _decided(self, constraint: Constraint) -> list[int]:
        a, b, c = (self._unknown(part) for part in constraint)
        wires = {*a, *b, *c}
        if not wires:
            return []
        scale = self._constant_scale(constraint)
        if scale is not None:
            linear = dict(c)
            for part, factor in zip((a, b), scale, strict=True):
                for wire, coefficient in part.items():
                    linear[wire] = (linear.get(wire, 0) - coefficient * factor) % R
            return self._from_sum({wire: value for wire, value in linear.items() if value})
        if not a and not b and len(c) == 1:
            return list(c)
        return self._from_zero_test(wires) or self._from_division(a, b, c)

    def free_inverses(self) -> set[int]:
        """Every inv of an IsZero whose in and out are decided: nothing else may use it."""
        decided = ((out, of, inv) for out, (of, inv) in self._zero_tests.items())
        return {
            inv
            for out, of, inv in decided
            if out in self.known and of in self.known and len(self.built.by_wire[inv]) == 1
        }

    def _unknown(self, part: object) -> dict[int, int]:
        wires, coefficients = part  # type: ignore[misc]
        return {w: x for w, x in zip(wires, coefficients, strict=True) if w not in self.known}

    @staticmethod
    def _constant_scale(constraint: Constraint) -> tuple[int, int] | None:
        """(factor of a's wires, factor of b's wires) when the constraint is linear."""
        a, b, _ = constraint
        if not set(a.wires) - {0}:
            return 0, sum(a.coefficients)
        if not set(b.wires) - {0}:
            return sum(b.coefficients), 0
        return None

    def _from_sum(self, unknown: dict[int, int]) -> list[int]:
        if len(unknown) == 1:
            return list(unknown)
        if not unknown or not all(wire in self.boolean for wire in unknown):
            return []
        signed = {wire: value if value <= R // 2 else value - R for wire, value in unknown.items()}
        decomposed = powers_of_two(signed)
        if decomposed is None:
            return []
        if sum(1 << place for place in decomposed[1].values()) < R:
            return list(unknown)
        names = [self.built.symbols.name(wire) for wire in unknown]
        if len(names) == 254 and all(STRICT_BITS.search(name) for name in names):
            self.lemmas += names
            return list(unknown)
        return []

    def _from_zero_test(self, wires: set[int]) -> list[int]:
        for wire in wires:
            test = self._zero_tests.get(wire)
            if test is not None and test[0] in self.known:
                return [wire]
        return []

    def _from_division(self, a: dict[int, int], b: dict[int, int], c: dict[int, int]) -> list[int]:
        wires = {*a, *b, *c}
        if c or len(wires) != 1 or (a and b):
            return []
        (wire,) = wires
        name = self.built.symbols.name(wire)
        if any(re.search(pattern, name) for pattern in DIVISIONS):
            self.lemmas.append(name)
            return [wire]
        return []


def _zero_tests(built: Built) -> dict[int, tuple[int, int]]:
    """For each out of an IsZero pair: its in and its inv, recognised by both constraints."""
    vanishing = set()  # (in, out) of in·out = 0
    inverses = []  # (in, inv, out) of in·inv = 1 − out
    for a, b, c in built.r1cs.constraints:
        if len(a.wires) != 1 or len(b.wires) != 1 or 0 in (a.wires[0], b.wires[0]):
            continue
        if not c.wires:
            vanishing |= {(a.wires[0], b.wires[0]), (b.wires[0], a.wires[0])}
        elif len(c.wires) == 2 and 0 in c.wires:
            scale = a.coefficients[0] * b.coefficients[0]
            terms = dict(zip(c.wires, c.coefficients, strict=True))
            (out,) = set(c.wires) - {0}
            if (terms[0] * terms[out] + scale * scale) % R == 0 and (terms[0] - scale) % R == 0:
                inverses += [(a.wires[0], b.wires[0], out), (b.wires[0], a.wires[0], out)]
    return {out: (of, inverse) for of, inverse, out in inverses if (of, out) in vanishing}


def zero_test_inverses(built: Built) -> dict[int, int]:
    """For each inv of an IsZero: its in. When in is 0, inv is free, and nothing else mentions it."""
    return {inverse: of for of, inverse in _zero_tests(built).values() if len(built.by_wire[inverse]) == 1}


def determine(built: Built) -> Verdict:
    """Which wires of a compiled main do not follow from its inputs, and which follow by a lemma only."""
    propagation = _Propagation(built)
    propagation.run()
    unknown = set(range(built.r1cs.wires)) - propagation.known - propagation.free_inverses()
    return Verdict(sorted(built.symbols.name(wire) for wire in unknown), propagation.lemmas)
