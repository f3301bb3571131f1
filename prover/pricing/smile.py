"""One expiry's smile: total variance w by log-moneyness k = ln(strike / forward), in pinned arithmetic.

Two forms, both given by decimal text, so that their values are the same on every machine:

- `SviSlice`: Gatheral's raw parametrisation, w(k) = a + b·(ρ(k − m) + √((k − m)² + σ²));
- `QuotedSlice`: quoted volatilities, joined by the natural cubic spline in total variance; beyond the last
  quote w goes on as a straight line with the slope of the end, but never downwards.

References: Gatheral, *A parsimonious arbitrage-free implied volatility parametrization* (2004); Gatheral and
Jacquier, *Arbitrage-free SVI volatility surfaces* (2014); Lee, *The moment formula* (2004).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, Self

from pydantic import model_validator

from verifier.models import DecimalText, Member, PositiveText, Time, entries, rule_error
from verifier.numbers import parse_decimal

from .machine import Mpfr, machine, number
from .pinned import years_between

__all__ = ["Curve", "Point", "Quote", "QuotedSlice", "SviSlice"]

_MAX_QUOTES = 512


@dataclass(frozen=True, slots=True)
class Point:
    """Total variance and its first two derivatives by log-moneyness."""

    w: Mpfr
    slope: Mpfr
    bend: Mpfr


class Curve(Protocol):
    """A smile that can be evaluated."""

    def at(self, k: Mpfr) -> Point:
        """Total variance at log-moneyness `k`."""

    @property
    def wings(self) -> tuple[Mpfr, Mpfr]:
        """How steeply w rises in the end, to the left and to the right."""

    @property
    def landmarks(self) -> list[Mpfr]:
        """Log-moneyness where a check must look closely."""


class SviSlice(Member):
    """Raw SVI at one expiry.

    Attributes
    ----------
    expiry
        Seconds since 1970.
    forward
        Quote units a unit of the underlying.
    a, b, rho, m, sigma
        Of the total variance, with b ≥ 0, −1 < rho < 1, sigma > 0.
    """

    kind: Literal["svi"] = "svi"
    expiry: Time
    forward: PositiveText
    a: DecimalText
    b: DecimalText
    rho: DecimalText
    m: DecimalText
    sigma: PositiveText

    @model_validator(mode="after")
    def _domain(self) -> Self:
        if parse_decimal(self.b) < 0:
            raise rule_error("is negative", field="b", mend="A smile does not bend downwards")
        if not -1 < parse_decimal(self.rho) < 1:
            raise rule_error("is not between -1 and 1", field="rho", mend="Recalibrate")
        return self

    def curve(self, time: int) -> Curve:
        """The smile; `time` does not matter, since SVI gives total variance itself."""
        return _Svi(*(number(getattr(self, name), name) for name in ("a", "b", "rho", "m", "sigma")))


class Quote(Member):
    """A quoted volatility: `strike` in quote units, `vol` a year in ones."""

    strike: PositiveText
    vol: PositiveText


class QuotedSlice(Member):
    """Quotes at one expiry, by increasing strike; `expiry` and `forward` as in `SviSlice`."""

    kind: Literal["quotes"] = "quotes"
    expiry: Time
    forward: PositiveText
    quotes: Annotated[tuple[Quote, ...], entries(least=3, most=_MAX_QUOTES)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        strikes = [parse_decimal(quote.strike) for quote in self.quotes]
        for place in range(1, len(strikes)):
            if strikes[place] <= strikes[place - 1]:
                raise rule_error(
                    "does not increase", field=f"quotes[{place}].strike", mend="Sort the quotes; one a strike"
                )
        return self

    def curve(self, time: int) -> Curve:
        """The smile, with volatilities over the years from `time` to the expiry."""
        years = number(years_between(time, self.expiry))
        made = machine()
        with made.arithmetic():
            forward = number(self.forward)
            knots = [made.gmpy2.log(number(quote.strike) / forward) for quote in self.quotes]
            values = [number(quote.vol) * number(quote.vol) * years for quote in self.quotes]
        return _Spline.through(knots, values)


@dataclass(frozen=True)
class _Svi:
    a: Mpfr
    b: Mpfr
    rho: Mpfr
    m: Mpfr
    sigma: Mpfr

    def at(self, k: Mpfr) -> Point:
        made = machine()
        with made.arithmetic():
            x = k - self.m
            root = made.gmpy2.sqrt(x * x + self.sigma * self.sigma)
            return Point(
                self.a + self.b * (self.rho * x + root),
                self.b * (self.rho + x / root),
                self.b * self.sigma * self.sigma / (root * root * root),
            )

    @property
    def wings(self) -> tuple[Mpfr, Mpfr]:
        with machine().arithmetic():
            return self.b * (1 - self.rho), self.b * (1 + self.rho)

    @property
    def landmarks(self) -> list[Mpfr]:
        # The bend lives within a few sigma of m.
        with machine().arithmetic():
            return [self.m + self.sigma * step / 8 for step in range(-80, 81)]


@dataclass(frozen=True)
class _Spline:
    knots: list[Mpfr]
    values: list[Mpfr]
    bends: list[Mpfr]

    @classmethod
    def through(cls, knots: list[Mpfr], values: list[Mpfr]) -> _Spline:
        """The natural cubic spline: its bends solve a tridiagonal system, eliminated in order."""
        count = len(knots)
        zero = machine().zero
        with machine().arithmetic():
            width = [knots[i + 1] - knots[i] for i in range(count - 1)]
            chord = [(values[i + 1] - values[i]) / width[i] for i in range(count - 1)]
            upper, right = [zero] * count, [zero] * count
            for i in range(1, count - 1):
                pivot = 2 * (width[i - 1] + width[i]) - width[i - 1] * upper[i - 1]
                upper[i] = width[i] / pivot
                right[i] = (6 * (chord[i] - chord[i - 1]) - width[i - 1] * right[i - 1]) / pivot
            bends = [zero] * count
            for i in range(count - 2, 0, -1):
                bends[i] = right[i] - upper[i] * bends[i + 1]
        return cls(knots, values, bends)

    def at(self, k: Mpfr) -> Point:
        zero = machine().zero
        left, right = self.wings
        with machine().arithmetic():
            if k < self.knots[0]:
                return Point(self.values[0] + left * (self.knots[0] - k), -left, zero)
            if k > self.knots[-1]:
                return Point(self.values[-1] + right * (k - self.knots[-1]), right, zero)
        return self._inside(k)

    def _inside(self, k: Mpfr) -> Point:
        i = min(bisect_right(self.knots, k), len(self.knots) - 1) - 1
        with machine().arithmetic():
            width = self.knots[i + 1] - self.knots[i]
            after, before = (k - self.knots[i]) / width, (self.knots[i + 1] - k) / width
            low, high = self.bends[i], self.bends[i + 1]
            cubic = (before * before * before - before) * low + (after * after * after - after) * high
            w = before * self.values[i] + after * self.values[i + 1] + cubic * width * width / 6
            tilt = (3 * after * after - 1) * high - (3 * before * before - 1) * low
            slope = (self.values[i + 1] - self.values[i]) / width + tilt * width / 6
            return Point(w, slope, before * low + after * high)

    @property
    def wings(self) -> tuple[Mpfr, Mpfr]:
        zero = machine().zero
        first, last = self._inside(self.knots[0]), self._inside(self.knots[-1])
        with machine().arithmetic():
            return max(-first.slope, zero), max(last.slope, zero)

    @property
    def landmarks(self) -> list[Mpfr]:
        with machine().arithmetic():
            return [
                self.knots[i] + (self.knots[i + 1] - self.knots[i]) * step / 8
                for i in range(len(self.knots) - 1)
                for step in range(9)
            ]
