"""Smiles and surfaces: exact values, arbitrage caught where it is known to be, quotes met by the fit."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import gmpy2
import pytest

from prover.pricing import pinned
from prover.pricing.calibrate import calibrate, fit_error
from prover.pricing.smile import Quote, QuotedSlice, SviSlice
from prover.pricing.surface import Surface, density_sign, surface_valid, volatility
from verifier.errors import FormatError

START = 1_790_000_000
DAY = 86_400
PLAIN = {"a": "0.01", "b": "0.08", "rho": "-0.25", "m": "-0.02", "sigma": "0.3"}
VOGT = {"a": "-0.041", "b": "0.1331", "rho": "0.306", "m": "0.3586", "sigma": "0.4153"}


def svi(days: int, forward: str = "60000", **changed: str) -> SviSlice:
    return SviSlice(expiry=START + days * DAY, forward=forward, **(PLAIN | changed))


def surface(*slices: SviSlice | QuotedSlice) -> Surface:
    return Surface(underlying="BTC", time=START, slices=slices)


def variance(each: SviSlice, k: float) -> float:
    a, b, rho, m, sigma = (float(getattr(each, name)) for name in PLAIN)
    return a + b * (rho * (k - m) + math.sqrt((k - m) ** 2 + sigma**2))


def quotes(each: SviSlice, noise: float = 0.0, count: int = 13) -> QuotedSlice:
    rng, forward = random.Random(7), float(each.forward)
    years = (each.expiry - START) / (365 * DAY)
    width = 2.2 * math.sqrt(variance(each, 0))
    made = []
    for place in range(count):
        strike = round(forward * math.exp(width * (2 * place / (count - 1) - 1)), 2)
        vol = math.sqrt(variance(each, math.log(strike / forward)) / years) + rng.uniform(-noise, noise)
        made.append(Quote(strike=f"{strike:.2f}", vol=f"{vol:.8f}"))
    return QuotedSlice(expiry=each.expiry, forward=each.forward, quotes=tuple(made))


TRUE = (svi(30), svi(90, "60500", a="0.03", b="0.11"), svi(270, "61500", a="0.1", b="0.17", sigma="0.5"))


def test_a_volatility_is_svis() -> None:
    made = surface(*TRUE)
    surface_valid(made)
    for each in TRUE:
        for strike in ("20000", "59999.5", "150000"):
            years = (each.expiry - START) / (365 * DAY)
            wanted = math.sqrt(variance(each, math.log(float(strike) / float(each.forward))) / years)
            assert float(volatility(made, each.expiry, strike)) == pytest.approx(wanted, rel=1e-12, abs=0)


def test_between_expiries_variance_is_linear_in_time() -> None:
    made = surface(*TRUE)
    middle = START + 60 * DAY
    found = volatility(made, middle, "70000", "60000")
    k = math.log(70000 / 60000)
    wanted = (variance(TRUE[0], k) + variance(TRUE[1], k)) / 2 / (60 / 365)
    assert float(found) ** 2 == pytest.approx(wanted, rel=1e-12, abs=0)
    early = volatility(made, START + DAY, "60000", "60000")
    assert early == volatility(made, TRUE[0].expiry, "60000", "60000")
    for outside in (START, TRUE[-1].expiry + 1):
        with pytest.raises(FormatError, match="outside the surface of BTC"):
            volatility(made, outside, "60000")


def test_the_same_bits_in_any_context() -> None:
    named = (("48000", "0.71"), ("56000", "0.66"), ("60500", "0.65"), ("66000", "0.655"), ("80000", "0.7"))
    listed = tuple(Quote(strike=strike, vol=vol) for strike, vol in named)
    made = surface(TRUE[0], QuotedSlice(expiry=TRUE[1].expiry, forward="60500", quotes=listed))
    wanted = [volatility(made, START + days * DAY, "71234.5") for days in (30, 45, 90)]
    with gmpy2.context(precision=20, round=gmpy2.RoundUp):
        again = [volatility(made, START + days * DAY, "71234.5") for days in (30, 45, 90)]
    assert again == wanted
    assert [pinned.nearest(each, 30) for each in wanted] == PINNED


PINNED = [
    649249613074712940184394020202,
    658600194821241972469641526727,
    669510701062102227992298916446,
]


def test_vogts_smile_allows_a_butterfly() -> None:
    """The known example of Gatheral and Jacquier (2014), section 5: w is positive, the density is not."""
    with pytest.raises(FormatError, match=r"slices\[0\] \(BTC, expiry 2027-09-21\).*butterfly at strike \d"):
        surface_valid(surface(svi(365, **VOGT)))


def test_the_sign_is_that_of_the_density() -> None:
    """g ≥ 0 exactly where the second difference of call prices by strike is: on a smile with both signs."""
    each = svi(365, forward="100", **VOGT)
    curve = each.curve(START)
    seen = set()
    for place in range(-10, 28):
        k = place / 20
        step = Fraction(1, 10**6)
        prices = []
        for shift in (-1, 0, 1):
            strike = Fraction(100 * math.exp(k)) + shift * step
            vol = volatility(surface(each), each.expiry, strike)
            prices.append(pinned.exact(pinned.black76(100, strike, vol, 1, True)))
        density = prices[0] - 2 * prices[1] + prices[2]
        at = pinned.number(Fraction(k))
        sign = density_sign(at, curve.at(at))
        assert (sign > 0) == (density > 0), k
        seen.add(sign > 0)
    assert seen == {True, False}


def test_lees_bound() -> None:
    with pytest.raises(FormatError, match="right wing, above Lee's bound"):
        surface_valid(surface(svi(30, b="1.4", rho="0.5")))
    with pytest.raises(FormatError, match="left wing, above Lee's bound"):
        surface_valid(surface(svi(30, b="1.4", rho="-0.5")))


def test_negative_variance() -> None:
    with pytest.raises(FormatError, match="has total variance"):
        surface_valid(surface(svi(30, a="-0.05", b="0.001")))


def test_calendar_spreads() -> None:
    later = svi(60, a="0.009")
    with pytest.raises(FormatError, match=r"expiry 2026-11-20.*calendar spread at strike .*2026-10-21"):
        surface_valid(surface(svi(30), later))
    with pytest.raises(FormatError, match="rises less in the right wing"):
        surface_valid(surface(svi(30), svi(60, a="0.05", rho="-0.3")))


def test_quotes_are_met_and_judged() -> None:
    asked = [quotes(each) for each in TRUE]
    made = surface(*asked)
    surface_valid(made)
    assert fit_error(made, asked) < Fraction(1, 10**11)
    bent = list(asked[0].quotes)
    bent[6] = bent[6].model_copy(update={"vol": f"{float(bent[6].vol) + 0.03:.8f}"})
    with pytest.raises(FormatError, match=r"expiry 2026-10-21.*butterfly at strike"):
        surface_valid(surface(asked[0].model_copy(update={"quotes": tuple(bent)})))


def test_a_spline_is_smooth_and_never_falls_beyond_its_ends() -> None:
    curve = quotes(TRUE[0], noise=0.001).curve(START)
    step = Fraction(1, 10**10)
    for k in (Fraction(n, 40) for n in range(-40, 41)):
        low, middle, high = (curve.at(pinned.number(k + s * step)) for s in (-1, 0, 1))
        slope = (pinned.exact(high.w) - pinned.exact(low.w)) / (2 * step)
        bend = (pinned.exact(high.slope) - pinned.exact(low.slope)) / (2 * step)
        assert float(middle.slope) == pytest.approx(float(slope), rel=1e-7, abs=1e-9)
        assert float(middle.bend) == pytest.approx(float(bend), rel=1e-6, abs=1e-7)
    assert curve.at(pinned.number(-40)).w > 0 and curve.at(pinned.number(40)).w > 0


@pytest.mark.parametrize(("noise", "within"), [(0.0, 1e-6), (0.003, 0.006)])
def test_calibration_comes_near_the_quotes_and_is_clean(noise: float, within: float) -> None:
    asked = [quotes(each, noise) for each in TRUE]
    found = calibrate("BTC", START, asked)
    surface_valid(found)
    assert Surface.parse(found.to_json()) == found
    assert fit_error(found, asked) < within


def test_calibration_avoids_arbitrage_that_the_quotes_have() -> None:
    crossing = [quotes(TRUE[1]), quotes(svi(100, "60500", a="0.02", b="0.11"))]
    surface_valid(calibrate("BTC", START, crossing))


def test_too_few_quotes() -> None:
    with pytest.raises(FormatError, match="five parameters"):
        calibrate("BTC", START, [quotes(TRUE[0], count=4)])


def test_malformed_surfaces() -> None:
    good = surface(*TRUE).to_json()
    for path, value, word in (
        (("slices", 0, "rho"), "1", "rho"),
        (("slices", 0, "b"), "-0.1", "b"),
        (("slices", 0, "sigma"), "0", "sigma"),
        (("slices", 1, "expiry"), START, "expiry"),
    ):
        bad = surface(*TRUE).to_json()
        bad[path[0]][path[1]][path[2]] = value
        with pytest.raises(FormatError, match=word):
            Surface.parse(bad)
    assert Surface.parse(good).to_json() == good
