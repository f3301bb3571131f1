"""What a position may lose between the nodes of a stress grid, bounded by derivatives: nothing is sampled.

Black-76 is a function of the forward F and the deviation s = σ√T, with d1 = ln(F/K)/s + s/2 and φ the
normal density: gamma is φ(d1)/(F·s), the slope by s is F·φ(d1), and delta's slope by s is −φ(d1)·d2/s. Over
a box of forwards and deviations d1 and d2 lie in intervals, and φ is largest at the point nearest to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from verifier.errors import FormatError

from ..pricing.machine import Mpfr, exact, machine, number
from .stress import Asset, StressGrid

__all__ = ["STAYS", "Band", "Drift", "bends", "delta_drift", "gaps"]

_ZERO = Fraction(0)
# 1/√(2π) is 0.39894228…: the rest pays for what the operations of a bound round.
_DENSITY = Fraction(398_943, 1_000_000)


@dataclass(frozen=True)
class Band:
    """The forward's prices: the mark and, for a band with any width, its two ends; quote units a unit."""

    low: Fraction
    price: Fraction
    high: Fraction

    @classmethod
    def still(cls, price: Fraction) -> Band:
        """A price that does not move."""
        return cls(price, price, price)

    @classmethod
    def around(cls, price: Fraction, width: Fraction) -> Band:
        """A relative half-width on both sides."""
        return cls(price * (1 - width), price, price * (1 + width))

    @property
    def corners(self) -> tuple[tuple[str, Fraction], ...]:
        """Names and prices: the mark alone, or low and high."""
        if self.low == self.high:
            return (("mark", self.price),)
        return (("low", self.low), ("high", self.high))


@dataclass(frozen=True)
class Drift:
    """What moves without nodes.

    Attributes
    ----------
    volatility
        By how much an implied volatility may be higher or lower than the snapshot's, a year in ones.
    window
        Years from the snapshot's time to its end.
    """

    volatility: Fraction = _ZERO
    window: Fraction = _ZERO


STAYS = Drift()
"""Volatility and time as at the snapshot."""


@dataclass(frozen=True)
class _Box:
    """Forwards and deviations of one option: log-moneyness at both ends, s in the middle and at both ends."""

    low: Mpfr
    high: Mpfr
    at_low: Mpfr
    at_high: Mpfr
    s: Mpfr
    s_low: Mpfr
    s_high: Mpfr

    def d1(self) -> tuple[Mpfr, Mpfr]:
        """An interval that d1 lies in."""
        return self._quotient(self.at_low, lower=True) + self.s_low / 2, (
            self._quotient(self.at_high, lower=False) + self.s_high / 2
        )

    def d2(self) -> tuple[Mpfr, Mpfr]:
        """An interval that d2 lies in."""
        return self._quotient(self.at_low, lower=True) - self.s_high / 2, (
            self._quotient(self.at_high, lower=False) - self.s_low / 2
        )

    def _quotient(self, at: Mpfr, *, lower: bool) -> Mpfr:
        """The least, or the most, that ln(F/K)/s is: MPFR divides by 0 to an infinity of the right sign."""
        by = self.s_high if (at > 0) == lower else self.s_low
        return at / by if at else at

    def density(self) -> Mpfr:
        """The most that φ(d1)·√(2π) is."""
        return _density(*self.d1())

    def curvature(self) -> Mpfr:
        """The most that gamma·√(2π) is, with s in the middle."""
        if self.s:
            half = self.s / 2
            first, last = self.at_low / self.s + half, self.at_high / self.s + half
            return _density(first, last) / (self.low * self.s)
        # A kink: no curvature bounds it.
        if self.at_low < 0 < self.at_high:
            raise FormatError(
                "volatility", "or time is 0 at a strike inside the band", mend="List it without a band"
            )
        return machine().zero

    def moves(self) -> tuple[Mpfr, Mpfr]:
        """By how much the value may fall and rise as s moves, times √(2π)."""
        slope = self.high * self.density()
        return slope * (self.s - self.s_low), slope * (self.s_high - self.s)


def _density(first: Mpfr, last: Mpfr) -> Mpfr:
    """The most that exp(−x²/2) is between two numbers."""
    nearest = first if first > 0 else (-last if last < 0 else machine().zero)
    return machine().gmpy2.exp(-nearest * nearest / 2)


class _Boxes:
    """The boxes of an option: with no stress, and under each stress of a grid."""

    def __init__(self, asset: Asset, strike: Fraction, band: Band, grid: StressGrid, drift: Drift) -> None:
        plan, gmpy2 = grid.plan, machine().gmpy2
        low, high = number(band.low), number(band.high)
        log_strike = gmpy2.log(number(strike))

        def ends(of_low: Mpfr, of_high: Mpfr) -> tuple[Mpfr, Mpfr, Mpfr, Mpfr]:
            return of_low, of_high, gmpy2.log(of_low) - log_strike, gmpy2.log(of_high) - log_strike

        # s rises with volatility and with time, shocked or not, so its ends are at theirs.
        still = drift == STAYS
        points = [(asset.volatility, asset.years)]
        if not still:
            lowest = max(_ZERO, asset.volatility - drift.volatility)
            points += [(lowest, max(_ZERO, asset.years - drift.window))]
            points += [(asset.volatility + drift.volatility, asset.years)]
        own, shocked = [], []
        for volatility, years in points:
            sigma = number(volatility)
            own.append(sigma * gmpy2.sqrt(number(years)))
            root = gmpy2.sqrt(number(max(_ZERO, years - grid.lookahead)))
            shocked.append([each * root for each in plan.volatilities(sigma, years)])
        if still:
            own, shocked = own * 3, shocked * 3
        self.own = _Box(*ends(low, high), *own)
        moved = [ends(*both) for both in zip(plan.forwards(low), plan.forwards(high), strict=True)]
        self.stressed = [
            _Box(*moved[move], *(each[shock] for each in shocked)) for move, shock in plan.places
        ]


def gaps(asset: Asset, band: Band, grid: StressGrid, drift: Drift = STAYS) -> tuple[Fraction, Fraction]:
    """By how much a unit may be worth less (for a long), or more (for a short), than its nodes say.

    *Between the corners*: a value with curvature at most c over a band of width w is within c·w²/8 of the
    line between its ends. A stressed value is convex, so it lies below the line: a long's gap. With a factor
    above 1, minus (factor − 1) times the unstressed value is concave: a short's gap.

    *As volatility and time move*, at every price of the band and for each stress: what the unstressed and the
    stressed value may do, in their parts of the node.

    Returns
    -------
    tuple of Fraction
        Quote units a unit, for a long and for a short, both 0 or more.

    Raises
    ------
    FormatError
        When an option without time or volatility has its strike inside the band.
    """
    wide = band.low != band.high
    if asset.strike is None or not (wide or drift != STAYS):
        return _ZERO, _ZERO
    with machine().arithmetic():
        boxes = _Boxes(asset, asset.strike, band, grid, drift)
        bent = _bent(boxes, grid) if wide else (machine().zero, machine().zero)
        eighth = (number(band.high) - number(band.low)) ** 2 / 8
        moved = _moved(boxes, grid) if drift != STAYS else (machine().zero, machine().zero)
        density = number(_DENSITY)
        long, short = (
            exact((curved * eighth + slid) * density) for curved, slid in zip(bent, moved, strict=True)
        )
        return long, short


def _bent(boxes: _Boxes, grid: StressGrid) -> tuple[Mpfr, Mpfr]:
    """The most curvature of a node, downwards for a long and upwards for a short, times √(2π)."""
    plan, own = grid.plan, boxes.own.curvature()
    long, short, zero, one = own, machine().zero, machine().zero, machine().one
    for box, (move, _), (rest, part) in zip(boxes.stressed, plan.places, plan.factors, strict=True):
        ratio = plan.moves[move][0]
        long = max(long, max(rest, zero) * own + part * box.curvature() * ratio * ratio)
        if part > one:
            short = max(short, (part - one) * own)
    return long, short


def _moved(boxes: _Boxes, grid: StressGrid) -> tuple[Mpfr, Mpfr]:
    """The most that a node falls for a long, and rises for a short, times √(2π)."""
    falls, rises = boxes.own.moves()
    long, short, one = falls, rises, machine().one
    for box, (rest, part) in zip(boxes.stressed, grid.plan.factors, strict=True):
        down, up = box.moves()
        if part > one:
            long = max(long, (part - one) * rises + part * down)
            short = max(short, (part - one) * falls + part * up)
        else:
            long = max(long, rest * falls + part * down)
            short = max(short, rest * rises + part * up)
    return long, short


def bends(asset: Asset, band: Band, grid: StressGrid) -> list[Fraction]:
    """By how much each stressed value may lie below the line between the corners, quote units a unit."""
    if asset.strike is None or band.low == band.high:
        return [_ZERO] * len(grid.stresses)
    with machine().arithmetic():
        boxes = _Boxes(asset, asset.strike, band, grid, STAYS)
        eighth = (number(band.high) - number(band.low)) ** 2 / 8 * number(_DENSITY)
        found = []
        for box, (move, _) in zip(boxes.stressed, grid.plan.places, strict=True):
            ratio = grid.plan.moves[move][0]
            found.append(exact(box.curvature() * ratio * ratio * eighth))
        return found


def delta_drift(asset: Asset, band: Band, drift: Drift) -> Fraction:
    """By how much a delta may differ from the one at the snapshot's volatility and time, over the band."""
    if asset.strike is None or drift == STAYS:
        return _ZERO
    with machine().arithmetic():
        box = _Boxes(asset, asset.strike, band, StressGrid("none", ()), drift).own
        if not box.s_low:
            return Fraction(1)
        first, last = box.d2()
        steepest = max(-first, last) / box.s_low * box.density()
        width = max(box.s - box.s_low, box.s_high - box.s)
        return min(Fraction(1), exact(steepest * width * number(_DENSITY)))
