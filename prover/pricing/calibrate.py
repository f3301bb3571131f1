"""From quotes to SVI smiles without arbitrage: least squares in floats, then decimal text, then the check.

What is published is the decimal text; that the fit came from floats does not matter, since nobody has to
repeat it to the last bit: `surface_valid` judges the result in pinned arithmetic, and `fit_error` says how
far it is from the quotes.

The unknowns are the slopes of both wings, the least variance, its place's m and sigma, in a box: so total
variance is positive, Lee's bound holds, and the wings rise at least as much as the expiry before. What a box
cannot say, g ≥ 0 and no calendar spread, is added to the squares as a penalty. The smile with the smallest
cost over several starting points is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from verifier.errors import FormatError
from verifier.numbers import int_to_text

from ..extras import require
from .machine import nearest
from .pinned import years_between
from .smile import QuotedSlice, SviSlice
from .surface import Surface, surface_valid, volatility

__all__ = ["calibrate", "fit_error"]

_NAMES = ("a", "b", "rho", "m", "sigma")
_PLACES = 12
_PENALTY = 300.0
_MARGIN = 2e-3
_STARTS = ((0.0, 0.3), (-0.3, 0.6), (0.3, 0.1))


def calibrate(underlying: str, time: int, quoted: Sequence[QuotedSlice]) -> Surface:
    """The SVI surface nearest to quotes, each quote weighing the same in volatility.

    Parameters
    ----------
    underlying, time, quoted
        As in `Surface`: at least five quotes an expiry.

    Raises
    ------
    FormatError
        When an expiry has too few quotes, or what comes out still allows arbitrage.
    """
    slices: list[SviSlice] = []
    for place, each in enumerate(quoted):
        if len(each.quotes) < len("abρmσ"):
            raise FormatError(
                f"slices[{place}].quotes",
                f"are {len(each.quotes)}, and SVI has five parameters",
                mend="Give five quotes or more, or keep the slice as quotes",
            )
        slices.append(_slice(each, time, slices[-1] if slices else None))
    surface = Surface(underlying=underlying, time=time, slices=tuple(slices))
    surface_valid(surface)
    return surface


def fit_error(surface: Surface, quoted: Sequence[QuotedSlice]) -> Fraction:
    """The largest distance of a quoted volatility from the surface, in ones, to 1e-12."""
    gaps: list[Fraction] = [
        abs(
            nearest(volatility(surface, each.expiry, quote.strike), _PLACES)
            - Fraction(quote.vol) * Fraction(10**_PLACES)
        )
        for each in quoted
        for quote in each.quotes
    ]
    return max(gaps) / Fraction(10**_PLACES)


def _slice(each: QuotedSlice, time: int, before: SviSlice | None) -> SviSlice:
    np, optimize = require("numpy"), require("scipy.optimize")
    years = float(years_between(time, each.expiry))
    k = np.log([float(quote.strike) / float(each.forward) for quote in each.quotes])
    vols = np.array([float(quote.vol) for quote in each.quotes])
    reach = max(8 * float(np.max(vols)) * years**0.5, float(np.max(np.abs(k))))
    even, near = np.linspace(-reach, reach, 161), np.linspace(-10, 10, 81)
    least, old = [0.0, 0.0], None
    if before is not None:
        old = [float(getattr(before, name)) for name in _NAMES]
        least = [old[1] * (1 - old[2]) * (1 + 1e-6), old[1] * (1 + old[2]) * (1 + 1e-6)]
        even = np.concatenate([even, old[3] + old[4] * near])

    def residuals(x: Any) -> Any:
        raw = _raw(x)
        vol = np.sqrt(np.maximum(_variance(raw, k)[0], 0) / years)
        grid = np.concatenate([even, raw[3] + raw[4] * near])
        w, slope, bend = _variance(raw, grid)
        w = np.maximum(w, 1e-12)
        g = (1 - grid * slope / (2 * w)) ** 2 - slope**2 / 4 * (1 / w + 0.25) + bend / 2
        penalties = [np.minimum(g - _MARGIN, 0)]
        if old is not None:
            floor = np.maximum(_variance(old, grid)[0], 1e-12)
            penalties.append(np.minimum(w / floor - 1 - _MARGIN, 0))
        return np.concatenate([vol - vols, *(_PENALTY * each for each in penalties)])

    level = float(np.min(vols)) ** 2 * years
    # Beyond the quotes a bend would be invention: m and sigma stay within their width.
    width = float(np.max(np.abs(k)))
    low = [*least, 1e-9, -width, width / 200]
    high = [1.99, 1.99, 4 * float(np.max(vols)) ** 2 * years, width, width]
    best = None
    for m, sigma in ((share_m * width, share_sigma * width) for share_m, share_sigma in _STARTS):
        start = [
            min(max(level, least[0] + 1e-3), 1.9),
            min(max(level, least[1] + 1e-3), 1.9),
            level,
            m,
            sigma,
        ]
        found = optimize.least_squares(
            residuals, start, bounds=(low, high), max_nfev=150, x_scale=[0.1, 0.1, level, width, width]
        )
        if best is None or found.cost < best.cost:
            best = found
    assert best is not None  # noqa: S101 -- there are starting points
    texts = [_text(value) for value in _raw(best.x)]
    a, b, rho, location, breadth = texts
    return SviSlice(expiry=each.expiry, forward=each.forward, a=a, b=b, rho=rho, m=location, sigma=breadth)


def _raw(x: Any) -> list[float]:
    """SVI's a, b, rho, m, sigma from the slopes of the wings, the least variance, m and sigma."""
    left, right, least, m, sigma = (float(each) for each in x)
    b = max((left + right) / 2, 1e-9)
    rho = min(max((right - left) / (2 * b), -0.999999), 0.999999)
    return [least - b * sigma * (1 - rho * rho) ** 0.5, b, rho, m, sigma]


def _variance(raw: Sequence[float], k: Any) -> tuple[Any, Any, Any]:
    np = require("numpy")
    a, b, rho, m, sigma = raw
    x = k - m
    root = np.sqrt(x * x + sigma * sigma)
    return a + b * (rho * x + root), b * (rho + x / root), b * sigma**2 / root**3


def _text(value: float) -> str:
    return int_to_text(round(Fraction(value) * 10**_PLACES), _PLACES)
