"""Realised volatility of bars, in pinned arithmetic: the same on every machine.

Each is the variance of one period; `annual` makes a volatility a year of it.

References: Parkinson, *The extreme value method* (1980); Yang and Zhang, *Drift-independent volatility
estimation* (2000), equations 8 to 10 with Rogers and Satchell (1991).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from verifier.errors import FormatError

from ..pricing.machine import Mpfr, machine, number
from .history import Bar, History

__all__ = ["ESTIMATORS", "Estimator", "annual", "mean_square", "returns", "variance"]

Estimator = Literal["close", "parkinson", "yang-zhang"]
ESTIMATORS: tuple[Estimator, ...] = ("close", "parkinson", "yang-zhang")

_YEAR = 365 * 86_400


def returns(history: History) -> list[Mpfr]:
    """Logarithmic returns from close to close; one fewer than there are bars."""
    made = machine()
    logs = [made.context.log(number(bar.close)) for bar in history.bars]
    return [made.context.sub(after, before) for before, after in pairwise(logs)]


def mean_square(values: list[Mpfr]) -> Mpfr:
    """Their variance about zero: over a day the mean of a return is noise."""
    with machine().arithmetic():
        total = machine().zero
        for each in values:
            total = total + each * each
        return total / len(values)


def variance(history: History, estimator: Estimator = "close") -> Mpfr:
    """The variance of one period.

    Parameters
    ----------
    history
        At least three bars; with open, high and low for all but ``"close"``.
    estimator
        ``"close"`` (sample variance of close-to-close returns), ``"parkinson"`` (from the range high − low),
        ``"yang-zhang"`` (open, close and range; blind to drift, aware of opening jumps).

    Raises
    ------
    FormatError
        When a bar lacks what the estimator needs.
    """
    if estimator == "close":
        return _sample(returns(history))
    if estimator == "parkinson":
        gmpy2 = machine().gmpy2
        ranges = [_logs(bar, place) for place, bar in enumerate(history.bars)]
        with machine().arithmetic():
            return mean_square([high - low for _, high, low, _ in ranges]) / (4 * gmpy2.log(number(2)))
    return _yang_zhang(history)


def annual(variance_of_period: Mpfr, period: int) -> Mpfr:
    """The volatility a year (365 days), in ones."""
    with machine().arithmetic():
        return machine().gmpy2.sqrt(variance_of_period * _YEAR / period)


def _yang_zhang(history: History) -> Mpfr:
    rows = [_logs(bar, place) for place, bar in enumerate(history.bars)]
    count = len(rows) - 1
    with machine().arithmetic():
        overnight = [rows[i][0] - rows[i - 1][3] for i in range(1, count + 1)]
        daytime = [rows[i][3] - rows[i][0] for i in range(1, count + 1)]
        inside = machine().zero
        for opened, high, low, close in rows[1:]:
            inside = inside + (high - opened) * (high - close) + (low - opened) * (low - close)
        # k = 0.34 / (1.34 + (n + 1)/(n − 1)) makes the variance of the estimate least.
        share = number("0.34") / (number("1.34") + number(count + 1) / (count - 1))
        return _sample(overnight) + share * _sample(daytime) + (1 - share) * inside / count


def _sample(values: list[Mpfr]) -> Mpfr:
    with machine().arithmetic():
        total = machine().zero
        for each in values:
            total = total + each
        middle = total / len(values)
        squares = machine().zero
        for each in values:
            squares = squares + (each - middle) * (each - middle)
        return squares / (len(values) - 1)


def _logs(bar: Bar, place: int) -> tuple[Mpfr, Mpfr, Mpfr, Mpfr]:
    if bar.open is None or bar.high is None or bar.low is None:
        raise FormatError(
            f"bars[{place}]", "has no open, high and low", mend="Give them, or use the estimator close"
        )
    log = machine().context.log
    opened, high, low, close = (log(number(each)) for each in (bar.open, bar.high, bar.low, bar.close))
    return opened, high, low, close
