"""Float prices: QuantLib's within 1e-9, the pinned ones in the wings, and volatilities back from prices."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import QuantLib

from prover.pricing import pinned, vectorised

STRIKES = [20.0, 55.0, 80.0, 95.0, 99.999, 100.0, 101.0, 120.0, 170.0, 400.0]
VOLS = [0.05, 0.2, 0.55, 0.9, 1.6, 3.0]
TIMES = [1 / 365, 0.05, 0.25, 1.0, 4.0]
GRID = [(k, v, t, side) for k in STRIKES for v in VOLS for t in TIMES for side in (True, False)]


def columns() -> tuple[np.ndarray, ...]:
    return tuple(np.array(column) for column in zip(*GRID, strict=True))


def quantlib(strike: float, forward: float, vol: float, years: float, is_call: bool, discount: float):
    side = QuantLib.Option.Call if is_call else QuantLib.Option.Put
    payoff = QuantLib.PlainVanillaPayoff(side, strike)
    return QuantLib.BlackCalculator(payoff, forward, vol * math.sqrt(years), discount)


def test_prices_and_greeks_are_quantlibs_within_1e_9() -> None:
    """Relative to each figure wherever QuantLib's own tail (a short series beyond 1e-8) is that good."""
    spot, rate, dividend = 100.0, 0.045, 0.02
    strike, vol, years, is_call = columns()
    found = vectorised.black_scholes_greeks(spot, strike, vol, years, is_call, rate, dividend)
    compared = 0
    for at, (k, v, t, side) in enumerate(GRID):
        forward, discount = spot * math.exp((rate - dividend) * t), math.exp(-rate * t)
        theirs = quantlib(k, forward, v, t, side, discount)
        for name, value in (
            ("price", theirs.value()),
            ("delta", theirs.delta(spot)),
            ("gamma", theirs.gamma(spot)),
            ("vega", theirs.vega(t)),
            ("theta", theirs.theta(spot, t)),
            ("rho", theirs.rho(t)),
        ):
            mine = getattr(found, name)[at]
            assert mine == pytest.approx(value, rel=1e-9, abs=1e-9 if abs(value) < 1e-5 else 0), (at, name)
            compared += abs(value) >= 1e-5
    assert compared > 2000


def test_the_wings_are_the_pinned_ones() -> None:
    """Down to 1e-15 of the forward every price has nine digits; QuantLib's have fewer there."""
    deep = 0
    strike, vol, years, is_call = columns()
    found = vectorised.black76(100.0, strike, vol, years, is_call)
    for at, (k, v, t, side) in enumerate(GRID):
        exact = pinned.exact(pinned.black76("100", repr(k), repr(v), Fraction(t), side))
        if exact > 1e-15:
            assert found[at] == pytest.approx(float(exact), rel=1e-9, abs=0)
            deep += exact < 1e-6
    assert deep > 10


def mills(x: Fraction) -> Fraction:
    """Mills' ratio by its asymptotic series."""
    terms = (Fraction((-1) ** n * math.prod(range(1, 2 * n, 2))) / x ** (2 * n) for n in range(15))
    return sum(terms, Fraction(0)) / x


@pytest.mark.parametrize("deviation", [0.2, 1e-3, 1e-4])
def test_further_out_the_digits_stay_right(deviation: float) -> None:
    """Against fractions where prices are 1e-90 to 1e-215 of the forward and two ndtr lose digits."""
    for place in range(60):
        strike = 100 * math.exp((20 + place / 6) * deviation + deviation**2 / 2)
        price = vectorised.black76(100.0, strike, deviation, 1.0, True)
        d1, d2 = (-pinned.exact(x) for x in pinned.d_terms(100, Fraction(strike), Fraction(deviation), 1))
        density = math.exp(-float(d1 * d1) / 2) / math.sqrt(2 * math.pi)
        assert float(price) == pytest.approx(100 * density * float(mills(d1) - mills(d2)), rel=1e-9, abs=0)


def test_volatility_comes_back_from_the_price() -> None:
    rng = np.random.default_rng(6)
    vol, years = rng.uniform(0.03, 2.5, 2000), 10 ** rng.uniform(-2.5, 0.7, 2000)
    strike = 100 * np.exp(rng.normal(0, 1.5, 2000) * vol * np.sqrt(years))
    is_call = strike >= 100
    price = vectorised.black76(100.0, strike, vol, years, is_call, 0.97)
    assert np.count_nonzero(price > 0) == 2000
    back = vectorised.implied_volatility(price, 100.0, strike, years, is_call, 0.97)
    assert np.max(np.abs(back / vol - 1)) < 1e-9


def test_no_volatility_where_there_is_none() -> None:
    for price, strike, is_call in (
        (10.0, 90.0, True),
        (9.0, 90.0, True),
        (100.0, 90.0, True),
        (0.0, 110.0, True),
    ):
        assert np.isnan(vectorised.implied_volatility(price, 100.0, strike, 1.0, is_call))
    assert np.isnan(vectorised.implied_volatility(5.0, 100.0, 100.0, 0.0, True))


def test_intrinsic_without_time_or_volatility() -> None:
    assert vectorised.black76(110.0, 100.0, 0.0, 1.0, True, 0.5) == 5
    assert vectorised.black76(110.0, 100.0, 0.4, 0.0, False) == 0
