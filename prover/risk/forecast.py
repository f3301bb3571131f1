"""The variance of the next periods: EWMA or GARCH(1,1), recomputed from published numbers to the last bit.

Both start from the mean square of all returns and run over them in pinned arithmetic:

    EWMA     v ← λ·v + (1 − λ)·r²                 and stays there
    GARCH    v ← ω + α·r² + β·v                   and reverts to ω / (1 − α − β)

GARCH's three numbers come from a fit by maximum likelihood (package arch, floats). A fit cannot be repeated
to the last bit, so it is judged by what it is for: `fit_shortfall` is the likelihood a return that the
published numbers miss against a fresh fit.

References: J. P. Morgan, *RiskMetrics* (1996); Bollerslev, *Generalized autoregressive conditional
heteroskedasticity* (1986).
"""

from __future__ import annotations

import math
import warnings
from fractions import Fraction
from typing import Literal, Self

from pydantic import model_validator

from verifier.errors import FormatError
from verifier.models import DecimalText, Member, rule_error
from verifier.numbers import int_to_text, parse_decimal

from ..extras import require
from ..pricing.machine import Mpfr, machine, number
from .history import History
from .realised import mean_square, returns

__all__ = ["Ewma", "Garch", "fit_garch", "fit_shortfall"]

_PLACES = 15
_LEAST_RETURNS = 100


class Ewma(Member):
    """Exponentially weighted moving average: `decay` λ from 0 to 1 (RiskMetrics: 0.94 for days)."""

    kind: Literal["ewma"] = "ewma"
    decay: DecimalText

    @model_validator(mode="after")
    def _share(self) -> Self:
        if not 0 < parse_decimal(self.decay) < 1:
            raise rule_error("is not between 0 and 1", field="decay", mend='Such as "0.94"')
        return self

    def variance(self, history: History, horizon: Fraction) -> Mpfr:
        """Of the log return over the next `horizon` periods."""
        with machine().arithmetic():
            decay = number(self.decay)
            fresh = 1 - decay
            values = returns(history)
            state = mean_square(values)
            for each in values:
                state = decay * state + fresh * (each * each)
            return state * number(horizon)


class Garch(Member):
    """GARCH(1,1) without a mean: ω > 0, α ≥ 0, β ≥ 0, α + β < 1, in squared log returns a period."""

    kind: Literal["garch"] = "garch"
    omega: DecimalText
    alpha: DecimalText
    beta: DecimalText

    @model_validator(mode="after")
    def _stationary(self) -> Self:
        omega, alpha, beta = (parse_decimal(each) for each in (self.omega, self.alpha, self.beta))
        if omega <= 0:
            raise rule_error("is not above 0", field="omega", mend="Fit again")
        for name, value in (("alpha", alpha), ("beta", beta)):
            if value < 0:
                raise rule_error("is negative", field=name, mend="Fit again")
        if alpha + beta >= 1:
            raise rule_error(
                "and alpha make 1 or more", field="beta", mend="Such a variance never comes back: use EWMA"
            )
        return self

    def variance(self, history: History, horizon: Fraction) -> Mpfr:
        """Of the log return over the next `horizon` periods: the sum of each period's expectation."""
        with machine().arithmetic():
            omega, alpha, beta = number(self.omega), number(self.alpha), number(self.beta)
            state = self._run(history)[-1]
            whole, part = divmod(horizon, 1)
            total = machine().zero
            for _ in range(int(whole)):
                total = total + state
                state = omega + (alpha + beta) * state
            return total + state * number(part)

    def _run(self, history: History) -> list[Mpfr]:
        """The variance before each return, and after the last."""
        with machine().arithmetic():
            omega, alpha, beta = number(self.omega), number(self.alpha), number(self.beta)
            values = returns(history)
            states = [mean_square(values)]
            for each in values:
                states.append(omega + alpha * (each * each) + beta * states[-1])
            return states

    def likelihood(self, history: History) -> float:
        """Normal log-likelihood a return, up to its constant."""
        pairs = zip(self._run(history), returns(history), strict=False)
        terms = [math.log(float(v)) + float(r) ** 2 / float(v) for v, r in pairs]
        return -0.5 * math.fsum(terms) / len(terms)


def fit_garch(history: History) -> Garch:
    """GARCH(1,1) by maximum likelihood.

    Raises
    ------
    FormatError
        With fewer than 100 returns, or where the likelihood has no stationary maximum.
    """
    values = [float(each) for each in returns(history)]
    if len(values) < _LEAST_RETURNS:
        raise FormatError(
            "bars",
            f"make {len(values)} returns",
            mend=f"GARCH needs {_LEAST_RETURNS}; use EWMA, or more bars",
        )
    if len(set(values)) == 1:
        raise FormatError("bars", "never move", mend="There is nothing to fit")
    scale = 1 / math.sqrt(math.fsum(each * each for each in values) / len(values))
    arch = require("arch")
    series = require("numpy").array(values) * scale
    model = arch.arch_model(series, mean="Zero", vol="GARCH", p=1, q=1, dist="normal", rescale=False)
    with warnings.catch_warnings():
        # What matters is judged below and by `fit_shortfall`, not by the optimiser's mood.
        warnings.simplefilter("ignore")
        found = model.fit(disp="off", show_warning=False, backcast=1.0)
    omega, alpha, beta = (float(found.params[name]) for name in ("omega", "alpha[1]", "beta[1]"))
    texts = [_text(omega / scale**2), _text(alpha), _text(beta)]
    try:
        return Garch(omega=texts[0], alpha=texts[1], beta=texts[2])
    except ValueError:
        raise FormatError(
            "bars", f"lead to alpha {alpha:.4g} and beta {beta:.4g}", mend="Not stationary: use EWMA"
        ) from None


def fit_shortfall(published: Garch, history: History) -> float:
    """Log-likelihood a return by which `published` is worse than a fresh fit; negative when it is better."""
    return fit_garch(history).likelihood(history) - published.likelihood(history)


def _text(value: float) -> str:
    return int_to_text(round(Fraction(value) * 10**_PLACES), _PLACES)
