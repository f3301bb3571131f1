"""Ranges from history: estimators, forecasts, every guard; a published range follows or is refused."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from arch import arch_model
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.pricing import pinned
from prover.risk.forecast import Ewma, Garch, fit_garch, fit_shortfall
from prover.risk.history import History, history_from_csv
from prover.risk.parameters import Previous, RiskParameters, RiskRule, risk_parameters, risk_valid
from prover.risk.realised import ESTIMATORS, annual, mean_square, returns, variance
from verifier.errors import FormatError, UsageError

DAY = 86_400
START = 1_700_000_000 // DAY * DAY
EWMA = Ewma(decay="0.94")
PLAIN = {"quantile": "2.5", "horizon": "2", "floor": "0.05", "cap": "0.9"}


def history(count: int = 400, seed: int = 1, vol: float = 0.03, inside: int = 0) -> History:
    """Days of a clustering walk; `inside` steps a day make open, high and low."""
    rng = random.Random(seed)
    price, state, bars = 30_000.0, vol, []
    for day in range(count):
        state = math.sqrt(0.05 * vol**2 + 0.9 * state**2 + 0.05 * (state * rng.gauss(0, 1)) ** 2)
        path = [price]
        for _ in range(max(1, inside)):
            path.append(path[-1] * math.exp(rng.gauss(0, state / math.sqrt(max(1, inside)))))
        bar = {"time": START + day * DAY, "close": f"{path[-1]:.4f}"}
        if inside:
            bar |= {"open": f"{price:.4f}", "high": f"{max(path):.4f}", "low": f"{min(path):.4f}"}
        bars.append(bar)
        price = path[-1]
    return made(bars)


def made(bars: list[dict[str, object]], period: int = DAY) -> History:
    return History.parse({"schema": History.SCHEMA, "underlying": "BTC", "period": period, "bars": bars})


def rule(**changed: object) -> RiskRule:
    return RiskRule.model_validate(PLAIN | changed)


HISTORY = history()
END = HISTORY.bars[-1].time


def moves(of: History) -> list[float]:
    return [math.log(float(b.close) / float(a.close)) for a, b in pairwise(of.bars)]


def test_close_to_close_is_the_sample_variance() -> None:
    assert float(variance(HISTORY)) == pytest.approx(np.var(moves(HISTORY), ddof=1), rel=1e-11, abs=0)
    assert float(annual(variance(HISTORY), DAY)) == pytest.approx(
        np.std(moves(HISTORY), ddof=1) * math.sqrt(365), rel=1e-11
    )


def test_ranges_are_the_published_formulas() -> None:
    bars = history(60, inside=40)
    o, h, low, c = (
        np.log([float(getattr(bar, name)) for bar in bars.bars]) for name in ("open", "high", "low", "close")
    )
    parkinson = np.mean((h - low) ** 2) / (4 * math.log(2))
    assert float(variance(bars, "parkinson")) == pytest.approx(parkinson, rel=1e-11, abs=0)
    n = len(o) - 1
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    rs = np.mean((h - o)[1:] * (h - c)[1:] + (low - o)[1:] * (low - c)[1:])
    wanted = np.var(o[1:] - c[:-1], ddof=1) + k * np.var((c - o)[1:], ddof=1) + (1 - k) * rs
    assert float(variance(bars, "yang-zhang")) == pytest.approx(wanted, rel=1e-10, abs=0)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_estimators_find_the_volatility_of_a_walk(estimator: str) -> None:
    rng = random.Random(3)
    price, bars = 100.0, []
    for day in range(600):
        path = [price]
        for _ in range(150):
            path.append(path[-1] * math.exp(rng.gauss(0, 0.02 / math.sqrt(150))))
        bars.append(
            {
                "time": START + day * DAY,
                "open": f"{price:.6f}",
                "high": f"{max(path):.6f}",
                "low": f"{min(path):.6f}",
                "close": f"{path[-1]:.6f}",
            }
        )
        price = path[-1]
    found = math.sqrt(float(variance(made(bars), estimator)))  # type: ignore[arg-type]
    assert found == pytest.approx(0.02, rel=0.1)


def test_a_range_needs_its_bars() -> None:
    with pytest.raises(FormatError, match="no open, high and low"):
        variance(HISTORY, "parkinson")


def test_ewma_is_its_weights() -> None:
    values = moves(HISTORY)
    n = len(values)
    wanted = 0.94**n * float(np.mean(np.square(values)))
    wanted += sum(0.06 * 0.94 ** (n - 1 - t) * r * r for t, r in enumerate(values))
    assert float(EWMA.variance(HISTORY, Fraction(3, 2))) == pytest.approx(1.5 * wanted, rel=1e-11, abs=0)


def test_garch_is_archs_forecast() -> None:
    values = np.array(moves(HISTORY))
    scale = 1 / math.sqrt(float(np.mean(values**2)))
    model = arch_model(values * scale, mean="Zero", vol="GARCH", p=1, q=1, rescale=False)
    found = model.fit(disp="off", backcast=1.0)
    mine = fit_garch(HISTORY)
    assert float(mine.alpha) == pytest.approx(found.params["alpha[1]"], rel=1e-4, abs=0)
    theirs = found.forecast(horizon=5, reindex=False).variance.to_numpy()[0] / scale**2
    for days in (1, 2, 5):
        assert float(mine.variance(HISTORY, Fraction(days))) == pytest.approx(
            theirs[:days].sum(), rel=1e-5, abs=0
        )
    half = float(mine.variance(HISTORY, Fraction(5, 2)))
    assert half == pytest.approx(theirs[:2].sum() + theirs[2] / 2, rel=1e-5, abs=0)


def test_a_garch_fit_is_judged_by_its_likelihood() -> None:
    fitted = fit_garch(HISTORY)
    assert abs(fit_shortfall(fitted, HISTORY)) < 1e-9
    calm = Garch(omega="0.00001", alpha="0.01", beta="0.5")
    assert fit_shortfall(calm, HISTORY) > 1e-2
    published = risk_parameters(HISTORY, calm, rule(), END)
    risk_valid(published, HISTORY, refit=False)
    with pytest.raises(FormatError, match="fits worse than a fresh fit"):
        risk_valid(published, HISTORY)
    risk_valid(risk_parameters(HISTORY, fitted, rule(), END), HISTORY)


def test_the_plain_range() -> None:
    found = risk_parameters(HISTORY, EWMA, rule(), END)
    z = 2.5 * math.sqrt(float(EWMA.variance(HISTORY, Fraction(2))))
    assert 0 <= float(found.range) - math.expm1(z) < 1e-6 and found.binding == "forecast"
    assert RiskParameters.parse(found.to_json()) == found
    risk_valid(found, HISTORY)


def test_a_day_later_the_same_parameters_still_follow() -> None:
    early = END - 10 * DAY
    found = risk_parameters(HISTORY, EWMA, rule(), early)
    assert found == risk_parameters(HISTORY.until(early), EWMA, rule(), early)
    risk_valid(found, HISTORY)


@pytest.mark.parametrize(
    "change",
    [
        {"range": "0.051"},
        {"volatility": "0.02"},
        {"binding": "floor"},
        {"underlying": "ETH"},
        {"history": "0" * 64},
        {"time": END - DAY},
        {"model": {"kind": "ewma", "decay": "0.95"}},
        {"rule": PLAIN | {"quantile": "2.4"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_does_not_follow_is_refused(change: dict[str, object]) -> None:
    found = risk_parameters(HISTORY, EWMA, rule(), END)
    forged = RiskParameters.parse(found.to_json() | change)
    with pytest.raises(FormatError, match="does not follow from the history"):
        risk_valid(forged, HISTORY)


def test_one_changed_bar_is_seen() -> None:
    found = risk_parameters(HISTORY, EWMA, rule(), END)
    bars = HISTORY.to_json()["bars"]
    bars[0]["close"] = f"{float(bars[0]['close']) + 0.0001:.4f}"
    with pytest.raises(FormatError, match="history"):
        risk_valid(found, made(bars))


def test_floor_and_cap() -> None:
    assert risk_parameters(HISTORY, EWMA, rule(floor="0.5"), END).range == "0.5"
    capped = risk_parameters(HISTORY, EWMA, rule(floor="0.01", cap="0.02"), END)
    assert (capped.range, capped.binding) == ("0.02", "cap")
    # They hold whatever a slow-down says.
    before = Previous(time=END - DAY, range="0.9")
    slow = risk_parameters(HISTORY, EWMA, rule(cap="0.2", rise="0.1", fall="0.1"), END, before)
    assert (slow.range, slow.binding) == ("0.2", "cap")


def test_stress_has_its_share_of_the_variance() -> None:
    values = moves(HISTORY)
    worst = max(range(30, len(values)), key=lambda t: sum(r * r for r in values[t - 30 : t]))
    bars = HISTORY.bars[1:]
    stress = {
        "stress_from": bars[worst - 30].time,
        "stress_until": bars[worst - 1].time,
        "stress_share": "0.25",
    }
    found = risk_parameters(HISTORY, EWMA, rule(**stress), END)
    stressed = float(np.mean(np.square(values[worst - 30 : worst])))
    mixed = 0.75 * float(EWMA.variance(HISTORY, Fraction(1))) + 0.25 * stressed
    assert float(found.range) == pytest.approx(math.expm1(2.5 * math.sqrt(2 * mixed)), abs=1.1e-6)
    with pytest.raises(FormatError, match="holds 0 returns"):
        risk_parameters(HISTORY, EWMA, rule(stress_from=5, stress_until=6, stress_share="0.25"), END)


def test_never_below_the_whole_history() -> None:
    calm = history(300, seed=2, vol=0.05).to_json()["bars"]
    last = calm[-1]
    for day in range(1, 60):
        calm.append({"time": last["time"] + day * DAY, "close": last["close"]})
    still = made(calm)
    found = risk_parameters(still, EWMA, rule(lookback=True), still.bars[-1].time)
    long = float(mean_square(returns(still)))
    assert found.binding == "lookback"
    assert float(found.range) == pytest.approx(math.expm1(2.5 * math.sqrt(2 * long)), abs=1.1e-6)


def test_a_buffer_is_used_up_before_the_range_rises() -> None:
    bare = Fraction(risk_parameters(HISTORY, EWMA, rule(), END).range)
    raised = Fraction(risk_parameters(HISTORY, EWMA, rule(buffer="0.25"), END).range)
    assert abs(raised - bare * Fraction(5, 4)) <= Fraction(2, 10**6)
    middle = Previous(time=END - DAY, range=f"{float(bare) * 1.1:.6f}")
    used = risk_parameters(HISTORY, EWMA, rule(buffer="0.25"), END, middle)
    assert (used.range, used.binding) == (middle.range.rstrip("0"), "buffer")
    above = Previous(time=END - DAY, range=f"{float(bare) * 0.99:.6f}")
    assert risk_parameters(HISTORY, EWMA, rule(buffer="0.25"), END, above).binding == "forecast"


decimals = st.integers(1, 900_000).map(lambda n: f"{n / 10**6:.6f}")


@settings(max_examples=60, deadline=None)
@given(before=decimals, rise=decimals, fall=decimals, days=st.integers(1, 30), end=st.integers(60, 399))
def test_steps_are_never_larger_than_allowed(before: str, rise: str, fall: str, days: int, end: int) -> None:
    time = HISTORY.bars[end].time
    previous = Previous(time=time - days * DAY, range=before)
    wanted = Fraction(risk_parameters(HISTORY, EWMA, rule(floor="0", cap="9"), time).range)
    limits = rule(floor="0", cap="9", rise=rise, fall=fall)
    found = risk_parameters(HISTORY, EWMA, limits, time, previous)
    most = Fraction(before) * (1 + Fraction(rise) * days)
    least = Fraction(before) * max(Fraction(0), 1 - Fraction(fall) * days)
    unit = Fraction(1, 10**6)
    assert least <= Fraction(found.range) <= most + unit
    if least <= wanted <= most:
        assert abs(Fraction(found.range) - wanted) <= unit and found.binding == "forecast"
    else:
        assert found.binding == ("rise" if wanted > most else "fall")
    risk_valid(found, HISTORY)


def test_every_digit_is_what_it_was() -> None:
    """Inputs that need no float, so a change here is a change of what publishers sign."""
    bars = [{"time": START + n * DAY, "close": str(1000 + (n * n * 37) % 101)} for n in range(150)]
    garch = Garch(omega="0.0001", alpha="0.08", beta="0.85")
    for model, wanted in ((EWMA, PINNED[0]), (garch, PINNED[1])):
        state = model.variance(made(bars), Fraction(5, 2))
        assert pinned.nearest(state, 32) == wanted


PINNED = (475562892184769879536910799439, 400677670251138197565669349845)


def test_stale_or_early() -> None:
    with pytest.raises(FormatError, match="end 86401 seconds before time"):
        risk_parameters(HISTORY, EWMA, rule(), END + DAY + 1)
    with pytest.raises(FormatError, match=r"previous\.time"):
        risk_parameters(HISTORY, EWMA, rule(), END, Previous(time=END, range="0.1"))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"floor": "0.95"}, "floor"),
        ({"floor": "-0.1"}, "floor"),
        ({"horizon": "367"}, "horizon"),
        ({"stress_from": 5}, "stress_from"),
        ({"stress_from": 5, "stress_until": 6, "stress_share": "1.1"}, "stress_share"),
        ({"rise": "0.1"}, "rise"),
        ({"rise": "0.1", "fall": "1"}, "fall"),
        ({"quantile": "0"}, "quantile"),
    ],
)
def test_rules_that_make_no_sense(change: dict[str, object], word: str) -> None:
    body = risk_parameters(HISTORY, EWMA, rule(), END).to_json()
    with pytest.raises(FormatError, match=word):
        RiskParameters.parse(body | {"rule": PLAIN | change})


@pytest.mark.parametrize(
    ("change", "word"),
    [({"alpha": "0.2", "beta": "0.8"}, "beta"), ({"omega": "0"}, "omega"), ({"alpha": "-0.1"}, "alpha")],
)
def test_garch_that_explodes(change: dict[str, str], word: str) -> None:
    body = risk_parameters(HISTORY, EWMA, rule(), END).to_json()
    model = {"kind": "garch", "omega": "0.0001", "alpha": "0.1", "beta": "0.8"} | change
    with pytest.raises(FormatError, match=word):
        RiskParameters.parse(body | {"model": model})


def test_what_cannot_be_fitted() -> None:
    with pytest.raises(FormatError, match="make 49 returns"):
        fit_garch(history(50))
    with pytest.raises(FormatError, match="never move"):
        fit_garch(made([{"time": START + n * DAY, "close": "5"} for n in range(200)]))


def test_csv(tmp_path: Path) -> None:
    file = tmp_path / "h.csv"
    file.write_text(
        "time,open,high,low,close\n2026-01-01,1,3,1,2\n2026-01-02,2,4,1.5,3\n2026-01-03,3,3.5,2.5,3\n"
    )
    found = history_from_csv(file, "BTC")
    assert (found.period, len(found.bars), found.bars[1].high) == (DAY, 3, "4")
    for body, word in (
        ("time,price\n1,2\n", "line 1"),
        ("time,close\n1,2\n2,3,4\n", "line 3"),
        ("time,close\nsoon,2\n", "line 2"),
        ("time,close\n0,2\n60,2\n180,2\n", r"bars\[2\].time: is 120 seconds after"),
        ("time,close\n0,2\n60,-2\n120,2\n", r"bars\[1\].close"),
        ("time,open,high,low,close\n0,1,1,1,1\n60,1,1,1,2\n120,1,1,1,1\n", r"bars\[1\].*contain"),
        ("time,close\n0,2\n", "bars"),
    ):
        file.write_text(body)
        with pytest.raises(FormatError, match=word):
            history_from_csv(file, "BTC")
    with pytest.raises(UsageError, match="cannot be read"):
        history_from_csv(tmp_path / "none.csv", "BTC")
