"""From history to the range that a stress moves a price by, with floor, cap and a slow-down.

    z      = quantile · √(variance over the horizon)
    range  = exp(z) − 1, the larger of the two sides of a log return of z

against procyclicality, as article 28(1) of Commission Delegated Regulation (EU) No 153/2013 (the technical
standards under EMIR) asks of central counterparties:

- `stress_share` of the variance is that of a named period of stress: point (b) asks for a weight of at least
  25 % for stressed observations;
- `lookback`: the variance is never below that of the whole history: point (c), which asks for ten years;
- `buffer`: the range is raised by a share that may be exhausted: with `previous` given, a range that rises
  uses the buffer up before it rises itself: point (a) asks for at least 25 %;
- `rise`, `fall`: the largest relative steps a day from the range published before ("avoiding when possible
  disruptive or big step changes").

Floor and cap come last and always hold. All of it is pinned arithmetic, so `risk_valid` recomputes a
published range from the published history and compares it exactly.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from verifier.errors import FormatError
from verifier.models import DecimalText, Document, Hex32, Member, PositiveText, Text, Time, rule_error
from verifier.numbers import int_to_text, parse_decimal, round_up

from ..pricing.machine import Mpfr, exact, machine, number
from .forecast import Ewma, Garch, fit_shortfall
from .history import History
from .realised import mean_square, returns

__all__ = ["Binding", "Previous", "RiskParameters", "RiskRule", "risk_parameters", "risk_valid"]

_PLACES = 6
_VOL_PLACES = 12
_DAY = 86_400
_FIT_TOLERANCE = 1e-4
_MAX_HORIZON = 366

Binding = Literal["forecast", "lookback", "floor", "cap", "rise", "fall", "buffer"]


class RiskRule(Member):
    """How a range follows from a forecast.

    Attributes
    ----------
    quantile
        Standard deviations to cover, such as ``2.326`` (99 % of a normal) or more for fat tails.
    horizon
        Periods to cover, up to 366; part of one is allowed.
    floor, cap
        Of the range, in ones.
    stress_from, stress_until, stress_share
        The period of stress and its weight, from 0 to 1; all three or none.
    lookback
        Whether the whole history's variance is a floor.
    buffer
        Share by which the range is raised, in ones.
    rise, fall
        Largest relative steps a day, in ones; both or none.
    """

    quantile: PositiveText
    horizon: PositiveText
    floor: DecimalText
    cap: PositiveText
    stress_from: Time | None = None
    stress_until: Time | None = None
    stress_share: DecimalText | None = None
    lookback: bool | None = None
    buffer: PositiveText | None = None
    rise: PositiveText | None = None
    fall: PositiveText | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if not 0 <= parse_decimal(self.floor) <= parse_decimal(self.cap):
            raise rule_error("is negative or above the cap", field="floor", mend="0 ≤ floor ≤ cap")
        if parse_decimal(self.horizon) > _MAX_HORIZON:
            raise rule_error("is too long", field="horizon", mend=f"At most {_MAX_HORIZON} periods")
        stress = (self.stress_from, self.stress_until, self.stress_share)
        if len({each is None for each in stress}) != 1:
            raise rule_error(
                "is given in part",
                field="stress_from",
                mend="Give stress_from, stress_until and stress_share",
            )
        if self.stress_share is not None and not 0 <= parse_decimal(self.stress_share) <= 1:
            raise rule_error("is not from 0 to 1", field="stress_share", mend='Such as "0.25"')
        if (self.rise is None) != (self.fall is None):
            raise rule_error("needs both steps", field="rise", mend="Give rise and fall, or neither")
        if self.fall is not None and parse_decimal(self.fall) >= 1:
            raise rule_error("is 1 or more", field="fall", mend="A range cannot fall below nothing")
        return self


class Previous(Member):
    """The range published before, and when: what steps and buffer start from."""

    time: Time
    range: PositiveText


class RiskParameters(Document):
    """``zksolvency/risk-parameters/1``: a published range and all that it follows from.

    Attributes
    ----------
    underlying, time
        Of what, and as of when: bars that end later do not count.
    model
        `Ewma` or `Garch`.
    rule
        See `RiskRule`.
    history
        SHA-256 of the history up to `time` (canonical document), hex.
    previous
        See `Previous`; absent the first time.
    volatility
        Forecast a period over the horizon, before stress and floors, to 1e-12.
    range
        The relative move to stress by, up or down, to 1e-6, rounded up.
    binding
        What decided the range.
    """

    SCHEMA: ClassVar[str] = "zksolvency/risk-parameters/1"

    underlying: Text
    time: Time
    model: Annotated[Ewma | Garch, Field(discriminator="kind")]
    rule: RiskRule
    history: Hex32
    previous: Previous | None = None
    volatility: DecimalText
    range: DecimalText
    binding: Binding


def risk_parameters(
    history: History, model: Ewma | Garch, rule: RiskRule, time: int, previous: Previous | None = None
) -> RiskParameters:
    """The range at `time`.

    Raises
    ------
    FormatError
        When the history has no bars in the period of stress or ends too early, or `previous` is not earlier.
    """
    known = history.until(time)
    age = time - known.bars[-1].time
    if age > history.period:
        raise FormatError(
            "bars", f"end {age} seconds before time", value=time, mend="Add the bars that have ended since"
        )
    horizon = parse_decimal(rule.horizon)
    forecast = model.variance(known, horizon)
    with machine().arithmetic():
        volatility = machine().gmpy2.sqrt(forecast / number(horizon))
    charged, binding = _guarded(known, rule, forecast, horizon)
    context = machine().context
    z = context.mul(number(rule.quantile), context.sqrt(charged))
    # From here on fractions: each limit is exact.
    wanted = exact(number(context.sub(context.exp(z), machine().one), "range"))
    limited, binding = _limited(rule, wanted, binding, time, previous)
    return RiskParameters(
        underlying=history.underlying,
        time=time,
        model=model,
        rule=rule,
        history=known.digest,
        previous=previous,
        volatility=int_to_text(round(exact(volatility) * 10**_VOL_PLACES), _VOL_PLACES),
        range=int_to_text(round_up(limited * 10**_PLACES), _PLACES),
        binding=binding,
    )


def risk_valid(published: RiskParameters, history: History, *, refit: bool = True) -> None:
    """Recompute published parameters from history.

    Parameters
    ----------
    published
        What a publisher says.
    history
        The published bars; later ones may have been added since.
    refit
        Whether GARCH's numbers are compared with a fresh fit (needs arch): their likelihood a return may be
        at most 1e-4 below it. The range itself is compared exactly either way.

    Raises
    ------
    FormatError
        Names the first member that does not follow, with both values.
    """
    again = risk_parameters(history, published.model, published.rule, published.time, published.previous)
    for name in ("underlying", "history", "volatility", "range", "binding"):
        said, found = getattr(published, name), getattr(again, name)
        if said != found:
            raise FormatError(
                name, "does not follow from the history", value=said, mend=f"Recomputed: {found}"
            )
    if refit and isinstance(published.model, Garch):
        shortfall = fit_shortfall(published.model, history.until(published.time))
        if shortfall > _FIT_TOLERANCE:
            raise FormatError(
                "model",
                f"fits worse than a fresh fit by {shortfall:.3g} of log-likelihood a return",
                mend=f"At most {_FIT_TOLERANCE:g}: fit again",
            )


def _guarded(known: History, rule: RiskRule, forecast: Mpfr, horizon: Fraction) -> tuple[Mpfr, Binding]:
    """The forecast variance with its share of stress, and not below the whole history's."""
    charged = forecast
    with machine().arithmetic():
        if rule.stress_share is not None:
            share = number(rule.stress_share)
            charged = (1 - share) * forecast + share * (_stressed(known, rule) * number(horizon))
        if rule.lookback:
            long = mean_square(returns(known)) * number(horizon)
            if long > charged:
                return long, "lookback"
    return charged, "forecast"


def _stressed(known: History, rule: RiskRule) -> Mpfr:
    ends = [bar.time for bar in known.bars[1:]]
    start, end = rule.stress_from or 0, rule.stress_until or 0
    inside = [each for time, each in zip(ends, returns(known), strict=True) if start <= time <= end]
    if len(inside) < 2:
        raise FormatError(
            "rule.stress_from",
            f"to stress_until holds {len(inside)} returns of the history",
            mend="Name a period of stress that the history covers",
        )
    return mean_square(inside)


def _limited(
    rule: RiskRule, wanted: Fraction, binding: Binding, time: int, previous: Previous | None
) -> tuple[Fraction, Binding]:
    if previous is not None and previous.time >= time:
        raise FormatError("previous.time", "is not before time", value=previous.time, mend=f"< {time}")
    before = None if previous is None else parse_decimal(previous.range)
    result = wanted
    if rule.buffer is not None:
        raised = wanted * (1 + parse_decimal(rule.buffer))
        result = raised
        if before is not None and wanted <= before < raised:
            # The buffer is there to be used up while the calculated range rises.
            result, binding = before, "buffer"
    if before is not None and rule.rise is not None and rule.fall is not None:
        days = Fraction(time - previous.time, _DAY) if previous is not None else Fraction(0)
        most = before * (1 + parse_decimal(rule.rise) * days)
        least = before * max(Fraction(0), 1 - parse_decimal(rule.fall) * days)
        if result > most:
            result, binding = most, "rise"
        elif result < least:
            result, binding = least, "fall"
    if result < parse_decimal(rule.floor):
        return parse_decimal(rule.floor), "floor"
    if result > parse_decimal(rule.cap):
        return parse_decimal(rule.cap), "cap"
    return result, binding
