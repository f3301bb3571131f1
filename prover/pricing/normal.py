"""The normal distribution in pinned arithmetic.

The line is cut into cells 1/16 wide. In a cell the probability is the Taylor polynomial of degree 18 at its
middle, by Horner's rule with one rounding a step; the coefficients are computed in 200 bits and rounded once.

The remainder is below 2^-126: the 19th derivative is He_18·φ, at most 1.0865·√(18!)/√(2π) (Cramér), and it
enters times (1/32)^19/19!. Beyond 13 the tail is below 2^-125 and counts as nothing. What is left is the
rounding of the last steps: the error is below 2^-112 of one, in absolute terms. MPFR's own error function,
correctly rounded, would cost five times as much, and tables take fifty thousand of these.
"""

from __future__ import annotations

from functools import lru_cache

from .machine import PRECISION, Mpfr, machine

__all__ = ["cumulative", "density"]

_CELLS = 16
_DEGREE = 18
_FAR = 13
_WIDE = 200


def cumulative(d: Mpfr) -> Mpfr:
    """The normal probability below `d`."""
    made = machine()
    if not -_FAR < d < _FAR:
        return made.zero if d < 0 else made.one
    context = made.context
    middle, value, coefficients = _cell(int(context.rint(context.mul(d, made.sixteen))))
    distance, fma = context.sub(d, middle), context.fma
    for coefficient in coefficients:
        value = fma(value, distance, coefficient)
    return value


def density(d: Mpfr) -> Mpfr:
    """The normal density at `d`."""
    context = machine().context
    power = context.minus(context.mul(machine().half, context.mul(d, d)))
    return context.mul(machine().density_at_zero, context.exp(power))


@lru_cache(maxsize=2 * _FAR * _CELLS + 1)
def _cell(place: int) -> tuple[Mpfr, Mpfr, tuple[Mpfr, ...]]:
    """The middle of a cell, the highest coefficient, and the others downwards."""
    gmpy2 = machine().gmpy2
    wide = gmpy2.context(precision=_WIDE, round=gmpy2.RoundToNearest)
    whole = [gmpy2.mpfr(n, _WIDE, wide) for n in range(_DEGREE + 1)]
    mul, div, sqrt = wide.mul, wide.div, wide.sqrt
    x = div(gmpy2.mpfr(place, _WIDE, wide), gmpy2.mpfr(_CELLS, _WIDE, wide))
    probability = div(wide.erfc(div(wide.minus(x), sqrt(whole[2]))), whole[2])
    weight = div(wide.exp(div(wide.minus(mul(x, x)), whole[2])), sqrt(mul(whole[2], wide.const_pi())))
    derivatives = [probability, weight]
    for n in range(1, _DEGREE):
        # The derivatives of φ: D_{n+1} = −x·D_n − (n − 1)·D_{n−1}.
        below = wide.add(mul(x, derivatives[n]), mul(whole[n - 1], derivatives[n - 1]))
        derivatives.append(wide.minus(below))
    factorial, coefficients = whole[1], [probability]
    for n in range(1, _DEGREE + 1):
        factorial = mul(factorial, whole[n])
        coefficients.append(div(derivatives[n], factorial))
    made = [gmpy2.mpfr(each, PRECISION, machine().context) for each in reversed(coefficients)]
    return gmpy2.mpfr(x, PRECISION, machine().context), made[0], tuple(made[1:])
