"""How far an option's value may lie from the interpolation of its values at the corners of a cell.

A Black-76 value V depends on the forward F and on the deviation w = σ√τ alone (undiscounted; its strike K):

    d1 = ln(F/K)/w + w/2,  d2 = d1 − w,   n the normal density, N its integral
    ∂V/∂F = N(d1) for a call, N(d1) − 1 for a put          ∂²V/∂F² = n(d1)/(F·w) ≥ 0
    ∂V/∂w = F·n(d1) ≥ 0                                    ∂²V/∂w² = F·n(d1)·d1·d2/w

d1 and d2 have known ranges over a box of F and w, so each derivative is bounded over it: nothing is sampled.
docs/options.md proves what `cell_error` returns.

Arithmetic is pinned, 113 bits; `_SLACK` on every bound pays for all of its roundings, which are below a part
in 10^25.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from ..pricing.machine import Mpfr, machine, number
from ..pricing.normal import cumulative, density

__all__ = ["Box", "Derivatives", "Error", "cell_error", "derivatives"]


@dataclass(frozen=True, slots=True)
class Box:
    """A box of forwards and deviations; logarithms are of the forward's ends.

    Attributes
    ----------
    low, high
        Forwards, quote units.
    log_low, log_high
        Their natural logarithms.
    least, most
        Deviations σ√τ.
    """

    low: Mpfr
    high: Mpfr
    log_low: Mpfr
    log_high: Mpfr
    least: Mpfr
    most: Mpfr


@dataclass(frozen=True, slots=True)
class Derivatives:
    """Bounds over a box; None where none is finite.

    Attributes
    ----------
    gamma
        Largest ∂²V/∂F².
    delta_low, delta_high
        Range of a call's ∂V/∂F, from 0 to 1; a put's is that minus 1.
    vega
        Largest ∂V/∂w.
    volga_low, volga_high
        Range of ∂²V/∂w², at most 0 and at least 0.
    """

    gamma: Mpfr | None
    delta_low: Mpfr
    delta_high: Mpfr
    vega: Mpfr
    volga_low: Mpfr | None
    volga_high: Mpfr | None


@dataclass(frozen=True, slots=True)
class Error:
    """Range of interpolation minus value: from −`under` to `over`, both 0 or more."""

    over: Mpfr
    under: Mpfr


class _Constants:
    def __init__(self) -> None:
        ctx = machine().context
        self.zero, self.one, self.half = number(0), number(1), ctx.div(number(1), number(2))
        self.quarter, self.eighth = ctx.div(number(1), number(4)), ctx.div(number(1), number(8))
        self.slack = ctx.add(number(1), ctx.div(number(1), number(10**15)))


@cache
def _constants() -> Any:
    return _Constants()


def derivatives(box: Box, log_strike: Mpfr) -> Derivatives:
    """Bounds of an option's derivatives over a box.

    Parameters
    ----------
    box
        Forwards above 0, deviations 0 or more.
    log_strike
        ln K.
    """
    ctx, constants = machine().context, _constants()
    zero = constants.zero
    if not box.least:
        # A kink at the strike: first derivatives stay bounded, second ones do not.
        vega = ctx.mul(box.high, ctx.mul(machine().density_at_zero, constants.slack))
        return Derivatives(None, zero, constants.one, vega, None, None)
    mul, div, add, sub = ctx.mul, ctx.div, ctx.add, ctx.sub
    low, high = sub(box.log_low, log_strike), sub(box.log_high, log_strike)
    # m/w is monotone in w: its least is at the largest w when m ≥ 0, and at the smallest when m < 0.
    least_ratio = div(low, box.most if low >= 0 else box.least)
    most_ratio = div(high, box.least if high >= 0 else box.most)
    half_least, half_most = mul(constants.half, box.least), mul(constants.half, box.most)
    d1_low, d1_high = add(least_ratio, half_least), add(most_ratio, half_most)
    d2_low, d2_high = sub(least_ratio, half_most), sub(most_ratio, half_least)
    nearest = d1_low if d1_low > 0 else (d1_high if d1_high < 0 else zero)
    highest = mul(density(nearest), constants.slack)
    vega = mul(box.high, highest)
    products = [mul(d1_low, d2_low), mul(d1_low, d2_high), mul(d1_high, d2_low), mul(d1_high, d2_high)]
    scale = div(vega, box.least)
    return Derivatives(
        gamma=div(highest, mul(box.low, box.least)),
        delta_low=cumulative(d1_low),
        delta_high=cumulative(d1_high),
        vega=vega,
        volga_low=mul(scale, min(zero, *products)),
        volga_high=mul(scale, max(zero, *products)),
    )


def cell_error(
    bounds: Derivatives,
    forward_step: Mpfr,
    deviation_step: Mpfr,
    *,
    call: bool,
    basis: Mpfr,
    rise: Mpfr,
    fall: Mpfr,
    bent: bool = False,
) -> Error:
    """Range of interpolation minus value over a cell, its own moves and the legs' included.

    Parameters
    ----------
    bounds
        Over a box that holds the cell and every move below.
    forward_step, deviation_step
        The cell's widths.
    call
        A call, or a put.
    basis
        How far the forward may lie from the one that nodes are of, quote units, either way.
    rise, fall
        How far the deviation may lie above and below: a spread's move, and time that passes.
    bent
        Whether the stressed volatility has a corner of its own inside the cell (a floor), so that no second
        derivative counts.
    """
    ctx, constants = machine().context, _constants()
    mul, add, sub = ctx.mul, ctx.add, ctx.sub
    zero = constants.zero
    over = under = zero
    if forward_step:
        spread = mul(mul(sub(bounds.delta_high, bounds.delta_low), forward_step), constants.quarter)
        convex = spread
        if bounds.gamma is not None:
            convex = min(convex, mul(mul(bounds.gamma, mul(forward_step, forward_step)), constants.eighth))
        over = add(over, convex)
    if deviation_step:
        # V never falls with w, so value and chord both lie between V at the ends.
        up = down = mul(bounds.vega, deviation_step)
        if not bent:
            # The slope by w lies between 0 and vega, so a chord is never farther off than a quarter of that.
            up = down = mul(up, constants.quarter)
        if bounds.volga_low is not None and bounds.volga_high is not None and not bent:
            square = mul(mul(deviation_step, deviation_step), constants.eighth)
            up = min(up, mul(bounds.volga_high, square))
            down = min(down, ctx.minus(mul(bounds.volga_low, square)))
        over, under = add(over, up), add(under, down)
    if basis:
        slope = bounds.delta_high if call else sub(constants.one, bounds.delta_low)
        moved = mul(slope, basis)
        over, under = add(over, moved), add(under, moved)
    if fall:
        over = add(over, mul(bounds.vega, fall))
    if rise:
        under = add(under, mul(bounds.vega, rise))
    return Error(mul(over, constants.slack), mul(under, constants.slack))
