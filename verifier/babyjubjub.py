"""BabyJubJub, the twisted Edwards curve over BN254's scalar field.

    a·x² + y² = 1 + d·x²·y²        a = 168700, d = 168696

Source: EIP-2494. a is a square and d is not, so the addition law has no exceptional points. Results
do not take constant time: sign on a machine that nobody else can measure.
"""

from __future__ import annotations

from .field import R

__all__ = [
    "BASE8",
    "IDENTITY",
    "ORDER",
    "SUBGROUP_ORDER",
    "Point",
    "add",
    "in_subgroup",
    "multiply",
    "on_curve",
]

Point = tuple[int, int]
"""Affine (x, y), each from 0 to r − 1."""

_A = 168700
_D = 168696

ORDER = 21888242871839275222246405745257275088614511777268538073601725287587578984328
"""Points on the curve: 8 times a prime."""

SUBGROUP_ORDER = ORDER >> 3
"""Order of `BASE8`, a prime of 251 bits."""

IDENTITY: Point = (0, 1)

BASE8: Point = (
    5299619240641551281634865583518297030282874472190772894086521144482721001553,
    16950150798460657717958625567821834550301663161624707787222815936182638968203,
)
"""Generator of the subgroup: 8 times EIP-2494's generator."""

_Projective = tuple[int, int, int]


def on_curve(point: Point) -> bool:
    """Whether both coordinates are reduced and satisfy the curve's equation."""
    x, y = point
    if not (0 <= x < R and 0 <= y < R):
        return False
    xx, yy = x * x % R, y * y % R
    return (_A * xx + yy - 1 - _D * xx * yy) % R == 0


def in_subgroup(point: Point) -> bool:
    """Whether the point is on the curve and in the subgroup of prime order (the identity is)."""
    return on_curve(point) and multiply(point, SUBGROUP_ORDER) == IDENTITY


def add(p: Point, q: Point) -> Point:
    """The sum of two points of the curve."""
    return _affine(_add((*p, 1), (*q, 1)))


def multiply(point: Point, scalar: int) -> Point:
    """`scalar` times a point of the curve, scalar ≥ 0 and not reduced."""
    result: _Projective = (*IDENTITY, 1)
    base: _Projective = (*point, 1)
    for bit in f"{scalar:b}":
        result = _add(result, result)
        if bit == "1":
            result = _add(result, base)
    return _affine(result)


def _add(p: _Projective, q: _Projective) -> _Projective:
    """Complete addition in projective coordinates: x = X/Z, y = Y/Z.

    The affine law x₃ = (x₁y₂ + y₁x₂)/(1 + e), y₃ = (y₁y₂ − a·x₁x₂)/(1 − e) with e = d·x₁x₂y₁y₂,
    both fractions brought to one denominator.
    """
    x1, y1, z1 = p
    x2, y2, z2 = q
    z = z1 * z2 % R
    zz = z * z % R
    xx = x1 * x2 % R
    yy = y1 * y2 % R
    e = _D * xx * yy % R
    minus, plus = zz - e, zz + e
    cross = (x1 + y1) * (x2 + y2) - xx - yy
    return z * minus * cross % R, z * plus * (yy - _A * xx) % R, minus * plus % R


def _affine(p: _Projective) -> Point:
    x, y, z = p
    inverse = pow(z, -1, R)
    return x * inverse % R, y * inverse % R
