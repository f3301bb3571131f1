"""Pinned prices: equal to an independent computation, to QuantLib, to themselves; and within every bound."""

from __future__ import annotations

import hashlib
import math
import random
from decimal import Decimal, localcontext
from fractions import Fraction

import gmpy2
import pytest
import QuantLib
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.pricing import normal, pinned
from verifier.errors import EnvironmentFault, FormatError

DIGITS = 60


def cumulative(x: Decimal) -> Decimal:
    """The normal probability by its own series: ½ + φ(x)·(x + x³/3 + x⁵/15 + …), all terms of one sign."""
    term, total, n = x, x, 1
    while abs(term) > Decimal(10) ** -(DIGITS + 5) * max(abs(total), Decimal(1)):
        n += 2
        term = term * x * x / n
        total += term
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
    return Decimal("0.5") + total * (-x * x / 2).exp() / (2 * pi).sqrt()


def reference(forward: str, strike: str, vol: str, years: str, is_call: bool, discount: str) -> Decimal:
    """Black-76 by the textbook in 60 digits, sharing nothing with the module under test."""
    with localcontext() as context:
        context.prec = DIGITS + 30
        f, k, v, t = (Decimal(text) for text in (forward, strike, vol, years))
        deviation = v * t.sqrt()
        d1 = ((f / k).ln() + deviation * deviation / 2) / deviation
        d2 = d1 - deviation
        if is_call:
            value = f * cumulative(d1) - k * cumulative(d2)
        else:
            value = k * cumulative(-d2) - f * cumulative(-d1)
        return Decimal(discount) * value


def decimal(value: pinned.Mpfr) -> Decimal:
    exact = pinned.exact(value)
    with localcontext() as context:
        context.prec = DIGITS + 30
        return Decimal(exact.numerator) / Decimal(exact.denominator)


def text(value: float) -> str:
    return format(Decimal(repr(value)), "f")


def lines(seed: int, count: int) -> list[tuple[str, str, str, str, bool, str]]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        forward = round(10 ** rng.uniform(-4, 6), 8)
        strike = round(forward * math.exp(rng.gauss(0, 0.5)), 8)
        vol, years = round(rng.uniform(0.02, 3), 4), round(10 ** rng.uniform(-3, 1), 5)
        numbers = [text(x) for x in (forward, max(strike, 1e-8), vol, years)]
        made.append((*numbers, rng.random() < 0.5, text(round(rng.uniform(0.5, 1.05), 6))))
    return made  # type: ignore[return-value]


def test_sixty_digits_agree() -> None:
    for line in lines(1, 150):
        wanted, found = reference(*line), decimal(pinned.black76(*line))
        scale = Decimal(line[0]) + Decimal(line[1])
        assert abs(found - wanted) <= scale * Decimal(2) ** -107, line
        if wanted > scale * Decimal("1e-18"):
            assert abs(found / wanted - 1) < Decimal("1e-12"), line


def test_the_normal_probability_is_right_to_the_last_bits() -> None:
    """Against MPFR's own error function in 300 bits: all over the line, and at the borders of the cells."""
    wide = gmpy2.context(precision=300)
    rng = random.Random(5)
    points = [Fraction(rng.randrange(-15 * 2**60, 15 * 2**60), 2**60) for _ in range(4000)]
    points += [Fraction(k, 32) + Fraction(s, 2**70) for k in range(-450, 451) for s in (-1, 0, 1)]
    for point in points:
        found = pinned.exact(normal.cumulative(pinned.number(point)))
        half = gmpy2.mpfr(gmpy2.mpq(-point), 300, wide)
        true = wide.div(wide.erfc(wide.div(half, wide.sqrt(2))), 2)
        assert abs(found - pinned.exact(true)) < Fraction(1, 2**112), point


def test_quantlib_agrees() -> None:
    for forward, strike, vol, years, is_call, discount in lines(2, 1500):
        side = QuantLib.Option.Call if is_call else QuantLib.Option.Put
        deviation = float(vol) * math.sqrt(float(years))
        black = QuantLib.BlackCalculator(
            QuantLib.PlainVanillaPayoff(side, float(strike)), float(forward), deviation, float(discount)
        )
        found = pinned.black76_greeks(forward, strike, vol, years, is_call, discount)
        scale = float(forward) + float(strike)
        assert abs(float(found.price) - black.value()) <= 1e-12 * scale
        assert float(found.vega) == pytest.approx(black.vega(float(years)), rel=1e-9, abs=1e-12 * scale)
        assert float(found.delta) == pytest.approx(black.deltaForward(), rel=1e-9, abs=1e-12)
        assert float(found.gamma) * scale == pytest.approx(black.gammaForward() * scale, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("is_call", [True, False])
def test_black_scholes_greeks_are_quantlibs(is_call: bool) -> None:
    spot, strike, vol, years, rate, dividend = "3100.5", "3300", "0.72", "0.35", "0.041", "0.013"
    found = pinned.black_scholes_greeks(spot, strike, vol, years, is_call, rate, dividend)
    s, t, r, q = float(spot), float(years), float(rate), float(dividend)
    side = QuantLib.Option.Call if is_call else QuantLib.Option.Put
    black = QuantLib.BlackCalculator(
        QuantLib.PlainVanillaPayoff(side, float(strike)),
        s * math.exp((r - q) * t),
        float(vol) * math.sqrt(t),
        math.exp(-r * t),
    )
    for mine, theirs in (
        (found.price, black.value()),
        (found.delta, black.delta(s)),
        (found.gamma, black.gamma(s)),
        (found.vega, black.vega(t)),
        (found.theta, black.theta(s, t)),
        (found.rho, black.rho(t)),
    ):
        assert float(mine) == pytest.approx(theirs, rel=1e-11, abs=0)
    assert found.price == pinned.black_scholes(spot, strike, vol, years, is_call, rate, dividend)


def test_greeks_are_the_slopes_of_the_price() -> None:
    point = {"forward": Fraction(100), "vol": Fraction(3, 5), "years": Fraction(1, 4)}
    step = Fraction(1, 10**9)

    def price(**moved: Fraction) -> Fraction:
        at = point | moved
        return pinned.exact(pinned.black76(at["forward"], 110, at["vol"], at["years"], True))

    def slope(name: str) -> float:
        up, down = point[name] + step, point[name] - step
        return float((price(**{name: up}) - price(**{name: down})) / (2 * step))

    greeks = pinned.black76_greeks(point["forward"], 110, point["vol"], point["years"], True)
    assert float(greeks.delta) == pytest.approx(slope("forward"), rel=1e-12, abs=0)
    assert float(greeks.vega) == pytest.approx(slope("vol"), rel=1e-12, abs=0)
    assert float(greeks.theta) == pytest.approx(-slope("years"), rel=1e-12, abs=0)
    bend = price(forward=100 + step) - 2 * price() + price(forward=100 - step)
    assert float(greeks.gamma) == pytest.approx(float(bend / step**2), rel=1e-10, abs=0)


positive = st.decimals(min_value="0.001", max_value="1000000", places=4).map(lambda x: format(x, "f"))
vols = st.decimals(min_value="0", max_value="5", places=3).map(lambda x: format(x, "f"))
times = st.decimals(min_value="0", max_value="5", places=4).map(lambda x: format(x, "f"))


@settings(max_examples=150, deadline=None)
@given(positive, positive, vols, times)
def test_parity_bounds_and_order(forward: str, strike: str, vol: str, years: str) -> None:
    call, put = (pinned.exact(pinned.black76(forward, strike, vol, years, side)) for side in (True, False))
    f, k = Fraction(forward), Fraction(strike)
    rounding = (f + k) / 2**110
    assert abs(call - put - (f - k)) <= rounding
    assert max(f - k, 0) - rounding <= call <= f + rounding
    assert max(k - f, 0) - rounding <= put <= k + rounding
    assert call >= 0 and put >= 0
    more = pinned.exact(pinned.black76(forward, strike, format(float(vol) + 0.01, ".3f"), years, True))
    later = pinned.exact(pinned.black76(forward, strike, vol, format(float(years) + 0.01, ".4f"), True))
    higher = pinned.exact(pinned.black76(f + Fraction(1, 100), k, vol, years, True))
    wider = pinned.exact(pinned.black76(f, k + Fraction(1, 100), vol, years, True))
    assert more >= call - rounding and later >= call - rounding
    assert -rounding <= higher - call <= Fraction(1, 100) + rounding
    assert -rounding <= call - wider <= Fraction(1, 100) + rounding


def test_a_grid_is_its_prices_bit_for_bit() -> None:
    forwards, volatilities = ["90", "100", "109.75", "200"], ["0", "0.35", "0.8", "2.25"]
    for is_call in (True, False):
        grid = pinned.black76_grid(forwards, volatilities, "100", "0.2", is_call, "0.99")
        for i, forward in enumerate(forwards):
            for j, vol in enumerate(volatilities):
                assert grid[i][j] == pinned.black76(forward, "100", vol, "0.2", is_call, "0.99")


def test_every_bit_is_what_it_was() -> None:
    """A change of one bit anywhere in this grid is a change of what publishers sign."""
    digest = hashlib.sha256()
    for strike in ("40000", "59999.5", "60000", "75000", "200000"):
        for years in ("0.0027", "0.25", "3"):
            for is_call in (True, False):
                grid = pinned.black76_grid(
                    ["41000.25", "60000", "61234.567", "90000"],
                    ["0.05", "0.5", "1.75"],
                    strike,
                    years,
                    is_call,
                    "0.9875",
                )
                for price in (pinned.exact(each) for row in grid for each in row):
                    digest.update(f"{price.numerator}/{price.denominator};".encode())
    assert digest.hexdigest() == DIGEST


DIGEST = "3f8689faed5070a0a52ecafb70dd6545a9b2d24bb93071401090ff8819395d45"


def test_the_callers_context_is_neither_read_nor_changed() -> None:
    line = lines(4, 1)[0]
    wanted = pinned.black76(*line)
    with gmpy2.context(precision=24, round=gmpy2.RoundUp) as mine:
        mine.clear_flags()
        again = pinned.black76(*line)
        greeks = pinned.black76_greeks(*line)
        assert not mine.inexact
    assert again == wanted == greeks.price and again.precision == pinned.PRECISION


def test_intrinsic_at_the_edge() -> None:
    for vol, years in (("0", "1"), ("0.5", "0")):
        assert pinned.black76("110", "100", vol, years, True, "0.5") == 5
        assert pinned.black76("110", "100", vol, years, False) == 0
    with pytest.raises(FormatError, match="d1 and d2"):
        pinned.d_terms("110", "100", "0", "1")


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"forward": "0"}, "forward"),
        ({"strike": "-1"}, "strike"),
        ({"vol": "-0.1"}, "vol"),
        ({"years": "-0.1"}, "years"),
        ({"discount": "0"}, "discount"),
        ({"forward": "1e5"}, "forward"),
        ({"vol": "nan"}, "vol"),
    ],
)
def test_what_has_no_price_is_refused(changed: dict[str, str], word: str) -> None:
    plain = {"forward": "100", "strike": "100", "vol": "0.5", "years": "1", "discount": "1"}
    with pytest.raises(FormatError, match=word):
        pinned.black76(**(plain | changed), is_call=True)


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError, match="vol"):
        pinned.black76("100", "100", 0.5, "1", True)


def test_to_whole_units() -> None:
    half = pinned.number("2.5")
    assert (pinned.nearest(half, 0), pinned.nearest(pinned.number("3.5"), 0)) == (2, 4)
    assert pinned.nearest(pinned.number("-1.25"), 6) == -1_250_000
    assert pinned.years_between(0, 365 * 86_400) == 1 and pinned.years_between(5, 4) == 0


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from prover import extras

    with pytest.raises(EnvironmentFault, match=r"pip install 'zksolvency\[market\]'"):
        extras.require("no_such_package_of_ours.part")
