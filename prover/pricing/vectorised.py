"""Option prices and Greeks over whole arrays, in floats: for calibration, search and analysis.

Nothing here enters a published table (`pinned` does). Arguments broadcast like numpy arrays; scales are
those of `pinned`. Prices keep their relative accuracy deep in the wings: out of the money with d1 < 0 a
price is F·φ(d1)·(M(−d1) − M(−d2)) with Mills' ratio M(x) = √(π/2)·erfcx(x/√2), where no digit of a small
probability is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..extras import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

__all__ = [
    "GreekArrays",
    "black76",
    "black76_greeks",
    "black_scholes",
    "black_scholes_greeks",
    "implied_volatility",
]

_STEPS = 64
_SMALLEST, _LARGEST = 1e-6, 40.0


@dataclass(frozen=True)
class GreekArrays:
    """What `pinned.Greeks` holds, as float arrays of one shape."""

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats


@dataclass(frozen=True)
class _Terms:
    forward: Floats
    strike: Floats
    deviation: Floats
    d1: Floats
    d2: Floats


def black76(forward: Any, strike: Any, vol: Any, years: Any, is_call: Any, discount: Any = 1.0) -> Floats:
    """Prices of European options on a forward.

    Parameters
    ----------
    forward, strike
        Above 0, quote units a unit of the underlying.
    vol, years
        0 or more; where their product is 0 the price is the discounted intrinsic value.
    is_call
        Boolean.
    discount
        Present value of one quote unit at expiry.

    Returns
    -------
    array of float
        Of the arguments' common shape.
    """
    np = require("numpy")
    terms = _terms(forward, strike, vol, years)
    outside = _outside(terms)
    distance = terms.forward - terms.strike
    inside = np.where(is_call, np.maximum(distance, 0), np.maximum(-distance, 0))
    price: Floats = np.asarray(discount) * (outside + inside)
    return price


def black76_greeks(
    forward: Any, strike: Any, vol: Any, years: Any, is_call: Any, discount: Any = 1.0
) -> GreekArrays:
    """Prices and Greeks of `black76`; `vol` and `years` above 0."""
    np, special = require("numpy"), require("scipy.special")
    terms = _terms(forward, strike, vol, years)
    discount, years = np.asarray(discount, dtype=float), np.asarray(years, dtype=float)
    price = black76(forward, strike, vol, years, is_call, discount)
    weight = np.exp(-0.5 * terms.d1**2) / np.sqrt(2 * np.pi)
    sign = np.where(is_call, 1.0, -1.0)
    vega = discount * terms.forward * weight * np.sqrt(years)
    return GreekArrays(
        price=price,
        delta=discount * sign * special.ndtr(sign * terms.d1),
        gamma=discount * weight / (terms.forward * terms.deviation),
        vega=vega,
        theta=-np.log(discount) / years * price - vega * np.asarray(vol) / (2 * years),
        rho=-years * price,
    )


def black_scholes(
    spot: Any, strike: Any, vol: Any, years: Any, is_call: Any, rate: Any = 0.0, dividend: Any = 0.0
) -> Floats:
    """Prices on a spot with a continuous dividend yield."""
    forward, discount, _ = _carried(spot, years, rate, dividend)
    return black76(forward, strike, vol, years, is_call, discount)


def black_scholes_greeks(
    spot: Any, strike: Any, vol: Any, years: Any, is_call: Any, rate: Any = 0.0, dividend: Any = 0.0
) -> GreekArrays:
    """Prices and Greeks of `black_scholes`, by the spot and with the spot held."""
    np = require("numpy")
    forward, discount, growth = _carried(spot, years, rate, dividend)
    plain = black76_greeks(forward, strike, vol, years, is_call, discount)
    exposure = np.asarray(spot) * plain.delta * growth
    return GreekArrays(
        price=plain.price,
        delta=plain.delta * growth,
        gamma=plain.gamma * growth**2,
        vega=plain.vega,
        theta=plain.theta - (np.asarray(rate) - np.asarray(dividend)) * exposure,
        rho=plain.rho + np.asarray(years) * exposure,
    )


def implied_volatility(
    price: Any, forward: Any, strike: Any, years: Any, is_call: Any, discount: Any = 1.0
) -> Floats:
    """The volatility at which `black76` gives `price`; NaN where there is none.

    There is none at or below the intrinsic value, and none at or above the forward (call) or strike (put).
    A bracket of the logarithm of the price is halved and, where that is faster, cut by Newton's rule, so it
    ends anywhere in the wings. In the money only the time value counts: what rounding left of it.
    """
    np = require("numpy")
    forward, strike, years = (np.asarray(each, dtype=float) for each in (forward, strike, years))
    value = np.asarray(price, dtype=float) / np.asarray(discount, dtype=float)
    distance = np.where(is_call, forward - strike, strike - forward)
    target = value - np.maximum(distance, 0)
    target, forward, strike, years = np.broadcast_arrays(target, forward, strike, years)
    possible = (target > 0) & (target < np.minimum(forward, strike)) & (years > 0)
    root = np.sqrt(np.where(years > 0, years, 1.0))
    low, high = np.full(target.shape, _SMALLEST), np.full(target.shape, _LARGEST)
    middle = np.full(target.shape, 0.3)
    aim = np.where(possible, target, 0.1 * np.minimum(forward, strike))
    with np.errstate(divide="ignore", over="ignore", under="ignore", invalid="ignore"):
        for _ in range(_STEPS):
            terms = _terms(forward, strike, middle, 1.0)
            found = _outside(terms)
            high, low = np.where(found >= aim, middle, high), np.where(found < aim, middle, low)
            slope = forward * np.exp(-0.5 * terms.d1**2) / np.sqrt(2 * np.pi)
            newton = middle - np.log(found / aim) * found / slope
            inside = np.isfinite(newton) & (newton > low) & (newton < high)
            middle = np.where(inside, newton, np.sqrt(low * high))
    answer: Floats = np.where(possible, middle / root, np.nan)
    return answer


def _terms(forward: Any, strike: Any, vol: Any, years: Any) -> _Terms:
    np = require("numpy")
    forward, strike = np.asarray(forward, dtype=float), np.asarray(strike, dtype=float)
    deviation = np.asarray(vol, dtype=float) * np.sqrt(np.asarray(years, dtype=float))
    forward, strike, deviation = np.broadcast_arrays(forward, strike, deviation)
    safe = np.where(deviation > 0, deviation, 1.0)
    middle = np.log(forward / strike) / safe
    return _Terms(forward, strike, deviation, middle + safe / 2, middle - safe / 2)


def _outside(terms: _Terms) -> Floats:
    """Undiscounted prices of the options out of the money."""
    np, special = require("numpy"), require("scipy.special")
    # A put at (F, K) is worth K/F of the call's mirror image: swap F and K, and d1 and −d2.
    call = terms.forward <= terms.strike
    held = np.where(call, terms.forward, terms.strike)
    paid = np.where(call, terms.strike, terms.forward)
    d1, d2 = np.where(call, terms.d1, -terms.d2), np.where(call, terms.d2, -terms.d1)
    wing = d1 < 0
    clipped = np.where(wing, d1, -1.0)
    mills = special.erfcx(-clipped / np.sqrt(2)) - special.erfcx((terms.deviation - clipped) / np.sqrt(2))
    deep = held * np.exp(-0.5 * clipped**2) * mills / 2
    near = held * special.ndtr(d1) - paid * special.ndtr(d2)
    price: Floats = np.where(terms.deviation > 0, np.maximum(np.where(wing, deep, near), 0.0), 0.0)
    return price


def _carried(spot: Any, years: Any, rate: Any, dividend: Any) -> tuple[Floats, Floats, Floats]:
    np = require("numpy")
    years, rate = np.asarray(years, dtype=float), np.asarray(rate, dtype=float)
    growth = np.exp((rate - np.asarray(dividend, dtype=float)) * years)
    return np.asarray(spot, dtype=float) * growth, np.exp(-rate * years), growth
