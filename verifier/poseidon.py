"""The Poseidon hash over BN254's scalar field, with the parameters that circomlib uses.

Nothing is pasted: round constants and matrices come from the Grain LFSR procedure that Poseidon's
authors publish (https://eprint.iacr.org/2019/458, appendix F, and their reference script). Parameters:
S-box x^5, width t = inputs + 1, 8 full rounds, and the partial rounds of `PARTIAL_ROUNDS`. The state
starts as (0, inputs…); the hash is its first element.

Two forms of one permutation live here. `permute_plain` follows the definition line by line;
`poseidon` runs the paper's equivalent form (appendix B), in which a partial round multiplies by a
sparse matrix and adds one constant. Tests hold the one against the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul

from .errors import FormatError
from .field import R, inverse

__all__ = [
    "FULL_ROUNDS",
    "MAX_INPUTS",
    "PARTIAL_ROUNDS",
    "Parameters",
    "accelerate",
    "parameters",
    "permute_plain",
    "poseidon",
]

Vector = list[int]
Matrix = list[list[int]]

MAX_INPUTS = 16
FULL_ROUNDS = 8
PARTIAL_ROUNDS = (56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68)
"""Partial rounds for 1 to 16 inputs, as circomlib's `poseidon.circom` lists them."""

_FIELD_BITS = 254
_LFSR_BITS = 80


@dataclass(frozen=True)
class Parameters:
    """Constants of one width t.

    Attributes
    ----------
    width
        t, the number of state elements.
    partial_rounds
        Rounds in which only the first element passes the S-box.
    constants
        t·(full + partial rounds) field elements, in the order in which they are added.
    matrix
        The t × t MDS matrix; row i gives element i of the next state.
    """

    width: int
    partial_rounds: int
    constants: tuple[int, ...]
    matrix: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class _Sparse:
    """The same permutation, rearranged: see `_sparse`."""

    first: tuple[tuple[Vector, Matrix], ...]
    partial: tuple[tuple[int, int, Vector, Vector], ...]
    last: tuple[tuple[Vector, Matrix], ...]


def poseidon(inputs: Sequence[int]) -> int:
    """Hash 1 to 16 field elements to one.

    Parameters
    ----------
    inputs
        Integers from 0 to r − 1.

    Returns
    -------
    int
        A field element, as circomlib's `Poseidon(len(inputs))` gives it.

    Raises
    ------
    FormatError
        When there are no inputs or more than 16, or one is outside the field.
    """
    if not 1 <= len(inputs) <= MAX_INPUTS:
        raise FormatError("inputs", "must be 1 to 16", value=len(inputs))
    for position, value in enumerate(inputs):
        if not 0 <= value < R:
            raise FormatError(f"inputs[{position}]", "is not from 0 to r − 1", mend="Reduce it first")
    return _hash(inputs)


def _reference(inputs: Sequence[int]) -> int:
    """The hash of checked inputs, in Python."""
    rounds = _sparse(len(inputs) + 1)
    state = [0, *inputs]
    for constants, matrix in rounds.first:
        state = _full_round(state, constants, matrix)
    head, tail = state[0], state[1:]
    for constant, corner, row, column in rounds.partial:
        head += constant
        square = head * head % R
        head = square * square % R * head % R
        following = (corner * head + sum(map(mul, row, tail))) % R
        # Not reduced: 70 products of two elements stay below 2^515, which costs less than 70 reductions.
        tail = [element + weight * head for element, weight in zip(tail, column, strict=True)]
        head = following
    state = [head, *tail]
    for constants, matrix in rounds.last:
        state = _full_round(state, constants, matrix)
    return state[0]


_hash: Callable[[Sequence[int]], int] = _reference


def accelerate(function: Callable[[Sequence[int]], int] | None) -> None:
    """Let `function` compute hashes from now on in this process; None goes back to Python.

    For a faster implementation with the same answers. Nothing in this package calls it: whoever verifies with
    this package alone runs the reference.
    """
    global _hash
    _hash = _reference if function is None else function


def _full_round(state: Vector, constants: Vector, matrix: Matrix) -> Vector:
    raised = []
    for element, constant in zip(state, constants, strict=True):
        element = (element + constant) % R
        square = element * element % R
        raised.append(square * square % R * element % R)
    return [sum(map(mul, row, raised)) % R for row in matrix]


def permute_plain(state: Sequence[int]) -> list[int]:
    """The Poseidon permutation exactly as defined: the specification of this module.

    Parameters
    ----------
    state
        t field elements, t from 2 to 17.
    """
    given = parameters(len(state))
    current = list(state)
    rounds = FULL_ROUNDS + given.partial_rounds
    for number in range(rounds):
        offset = number * given.width
        current = [(x + given.constants[offset + i]) % R for i, x in enumerate(current)]
        full = number < FULL_ROUNDS // 2 or number >= rounds - FULL_ROUNDS // 2
        current = [pow(x, 5, R) if full or i == 0 else x for i, x in enumerate(current)]
        current = [sum(map(mul, row, current)) % R for row in given.matrix]
    return current


@cache
def parameters(width: int) -> Parameters:
    """Constants for one width, generated on first use (a tenth of a second at most).

    Raises
    ------
    FormatError
        When the width is not from 2 to 17.
    """
    if not 2 <= width <= MAX_INPUTS + 1:
        raise FormatError("width", "must be 2 to 17", value=width)
    partial_rounds = PARTIAL_ROUNDS[width - 2]
    numbers = _grain_numbers(width, partial_rounds)
    constants: list[int] = []
    while len(constants) < width * (FULL_ROUNDS + partial_rounds):
        number = next(numbers)
        if number < R:  # the procedure draws constants again, but reduces the matrix's numbers
            constants.append(number)
    drawn = [next(numbers) % R for _ in range(2 * width)]
    # The procedure draws again when two numbers are equal or x + y = 0; for these widths it never has to.
    if len(set(drawn)) != 2 * width:
        raise AssertionError("the matrix's numbers are not distinct")
    matrix = tuple(tuple(inverse(x + y) for y in drawn[width:]) for x in drawn[:width])
    return Parameters(width, partial_rounds, tuple(constants), matrix)


def _grain_numbers(width: int, partial_rounds: int) -> Iterator[int]:
    """Numbers of 254 bits from the self-shrinking Grain LFSR, not yet reduced."""
    bits = _grain_bits(width, partial_rounds)
    while True:
        number = 0
        for _ in range(_FIELD_BITS):
            # Bits come in pairs: the first says whether the second is used.
            while not next(bits):
                next(bits)
            number = number << 1 | next(bits)
        yield number


def _grain_bits(width: int, partial_rounds: int) -> Iterator[int]:
    """The LFSR's output bits, after its first 160 are thrown away.

    The state is kept in an integer, the oldest bit lowest. The newest tap is 62 of 80, so the next
    18 bits depend on known ones only and are computed together.
    """
    described = (
        f"{1:02b}"  # a prime field
        f"{0:04b}"  # S-box x^5
        f"{_FIELD_BITS:012b}{width:012b}{FULL_ROUNDS:010b}{partial_rounds:010b}" + "1" * 30
    )
    state = int(described[::-1], 2)
    step = 18
    mask = (1 << step) - 1
    skip = 160
    while True:
        fresh = (state >> 62 ^ state >> 51 ^ state >> 38 ^ state >> 23 ^ state >> 13 ^ state) & mask
        state = state >> step | fresh << (_LFSR_BITS - step)
        for position in range(step):
            if skip:
                skip -= 1
            else:
                yield fresh >> position & 1


@cache
def _sparse(width: int) -> _Sparse:
    """The rounds of `poseidon`, equal to those of `permute_plain`.

    A partial round maps x to M·S(x + c), where S changes element 0 only. Write
    M = M″·M′ with M′ = diag(1, M̂) and M″ = [[m, v·M̂⁻¹], [w, I]], where M = [[m, v], [w, M̂]].
    M′ leaves element 0 alone, so it moves before S and joins the matrix of the round before;
    going from the last partial round to the first leaves a sparse M″ in each, and what remains joins the last
    full round before them. The part of a constant that S does not touch moves forward, through the sparse
    matrices, into the next constant of element 0 and finally into the first full round after them.
    """
    given = parameters(width)
    half = FULL_ROUNDS // 2
    plain = [list(row) for row in given.matrix]

    def constants_of(number: int) -> Vector:
        return list(given.constants[number * width : (number + 1) * width])

    reversed_rounds: list[tuple[Vector, int, Vector, Vector]] = []
    matrix = plain
    for number in range(half + given.partial_rounds - 1, half - 1, -1):
        corner, column = matrix[0][0], [row[0] for row in matrix[1:]]
        inner = [row[1:] for row in matrix[1:]]
        row = _solve_row(inner, matrix[0][1:])
        constants = constants_of(number)
        constants = [constants[0], *_times(inner, constants[1:])]
        reversed_rounds.append((constants, corner, row, column))
        moved = [[1] + [0] * (width - 1), *([0, *inner_row] for inner_row in inner)]
        matrix = _product(moved, plain)

    carried = [0] * width
    partial = []
    for constants, corner, row, column in reversed(reversed_rounds):
        constants = [(a + b) % R for a, b in zip(constants, carried, strict=True)]
        partial.append((constants[0], corner, row, column))
        carried = [sum(map(mul, row, constants[1:])) % R, *constants[1:]]

    first = [(constants_of(number), plain) for number in range(half)]
    first[-1] = (first[-1][0], matrix)
    start = half + given.partial_rounds
    last = [(constants_of(number), plain) for number in range(start, start + half)]
    last[0] = ([(a + b) % R for a, b in zip(last[0][0], carried, strict=True)], plain)
    return _Sparse(tuple(first), tuple(partial), tuple(last))


def _times(matrix: Matrix, vector: Vector) -> Vector:
    return [sum(map(mul, row, vector)) % R for row in matrix]


def _product(left: Matrix, right: Matrix) -> Matrix:
    columns = list(zip(*right, strict=True))
    return [[sum(map(mul, row, column)) % R for column in columns] for row in left]


def _solve_row(matrix: Matrix, row: Vector) -> Vector:
    """The row x with x·matrix = row, by Gauss–Jordan elimination of the transposed system."""
    size = len(row)
    system = [[matrix[i][j] for i in range(size)] + [row[j]] for j in range(size)]
    for pivot in range(size):
        chosen = next(i for i in range(pivot, size) if system[i][pivot])
        system[pivot], system[chosen] = system[chosen], system[pivot]
        scale = inverse(system[pivot][pivot])
        system[pivot] = [x * scale % R for x in system[pivot]]
        for i in range(size):
            if i != pivot and (factor := system[i][pivot]):
                system[i] = [(x - factor * y) % R for x, y in zip(system[i], system[pivot], strict=True)]
    return [equation[size] for equation in system]
