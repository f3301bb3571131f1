"""Option prices whose every bit is the same on every machine: Black-76 and Black-Scholes.

What is published must be recomputable, so no float of the platform takes part. Numbers are binary, of
`PRECISION` = 113 bits, and every operation (sum, product, quotient, root, logarithm, exponential, error
function) is MPFR's: correctly rounded, to nearest, halves to even. A correctly rounded function has one
right answer, so a price is fixed by the sequence of operations in this file, not by a library's version.
The context is this module's own; the caller's is neither read nor changed.

The option that is out of the money is priced, and its twin is that price plus the forward's distance from
the strike. So put-call parity holds to the last rounding, and no price in the money loses digits. A normal
probability is ½ + ½·erf(d/√2), whose error is below 2^-112 of one: an absolute error, under 2^-108 of
forward + strike in a price, far under the 1e-6 that tables keep.

Scales: prices in quote units a unit of the underlying; `vol` a year, in ones (``"0.65"`` is 65 %); `years`
in years; `rate` and `dividend` a year, compounded continuously. Greeks are plain derivatives: vega a whole
1.00 of volatility, theta a year, rho a whole 1.00 of rate.

References: Black, *The pricing of commodity contracts* (1976); Black and Scholes (1973), with Merton's
dividend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

from verifier.errors import FormatError
from verifier.numbers import parse_decimal, round_nearest

from ..extras import require

__all__ = [
    "PRECISION",
    "Greeks",
    "Mpfr",
    "Number",
    "black76",
    "black76_greeks",
    "black76_grid",
    "black_scholes",
    "black_scholes_greeks",
    "d_terms",
    "exact",
    "nearest",
    "number",
    "years_between",
]

PRECISION = 113
"""Bits of every number: the significand of IEEE 754's quadruple precision."""

Mpfr: TypeAlias = Any
"""A `gmpy2.mpfr` of `PRECISION` bits (gmpy2 carries no types)."""

Number: TypeAlias = str | int | Fraction | Mpfr
"""Decimal text, a whole number, a fraction or an `Mpfr`. Never a float."""

_YEAR = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Greeks:
    """A price and its derivatives, each an `Mpfr`.

    Attributes
    ----------
    price
        Quote units a unit of the underlying.
    delta, gamma
        First and second derivative by the forward (Black-76) or the spot (Black-Scholes).
    vega
        By volatility, a whole 1.00 of it.
    theta
        By calendar time, a year.
    rho
        By the rate, a whole 1.00 of it; the forward (Black-76) or the spot (Black-Scholes) stays.
    """

    price: Mpfr
    delta: Mpfr
    gamma: Mpfr
    vega: Mpfr
    theta: Mpfr
    rho: Mpfr


class _Machine:
    """The context and the constants; one for the process."""

    def __init__(self) -> None:
        self.gmpy2 = require("gmpy2")
        self.context = self.gmpy2.context(precision=PRECISION, round=self.gmpy2.RoundToNearest)
        whole = self.whole
        self.zero, self.half, self.one = whole(0), self.context.div(whole(1), whole(2)), whole(1)
        self.root_half = self.context.sqrt(self.half)
        twice_pi = self.context.mul(whole(2), self.context.const_pi())
        self.density_at_zero = self.context.div(self.one, self.context.sqrt(twice_pi))

    def whole(self, value: int) -> Mpfr:
        return self.gmpy2.mpfr(value, PRECISION, self.context)


@cache
def _machine() -> _Machine:
    return _Machine()


def number(value: Number, field: str = "number") -> Mpfr:
    """`value` rounded once to `PRECISION` bits.

    Raises
    ------
    FormatError
        When text is no decimal, or the number is not finite.
    TypeError
        For a float: its decimal text is not known.
    """
    machine = _machine()
    if isinstance(value, str):
        value = parse_decimal(value, field)
    if isinstance(value, Fraction):
        # Through an exact quotient of whole numbers, rounded once.
        return machine.gmpy2.mpfr(machine.gmpy2.mpq(value), PRECISION, machine.context)
    if isinstance(value, int):
        return machine.whole(value)
    if not isinstance(value, machine.gmpy2.mpfr):
        raise TypeError(f"{field} must be decimal text, a whole number, a fraction or an mpfr")
    if not machine.gmpy2.is_finite(value):
        raise FormatError(field, "is not a finite number", mend="Narrow the inputs")
    return machine.context.plus(value)


def exact(value: Mpfr) -> Fraction:
    """The very value of an `Mpfr`, for exact arithmetic from there on."""
    top, bottom = value.as_integer_ratio()
    return Fraction(int(top), int(bottom))


def nearest(value: Mpfr, places: int) -> int:
    """`value` times 10^`places`, exactly, to the nearest whole number (halves to the even one)."""
    return round_nearest(exact(value) * 10**places)


def years_between(start: int, end: int) -> Fraction:
    """Years of 365 days from `start` to `end`, seconds since 1970; 0 when `end` has passed."""
    return Fraction(max(0, end - start), _YEAR)


def d_terms(forward: Number, strike: Number, vol: Number, years: Number) -> tuple[Mpfr, Mpfr]:
    """d1 and d2 of Black-76: (ln F − ln K)/(σ√T) ± σ√T/2.

    Raises
    ------
    FormatError
        When forward or strike is not above 0, or σ√T is 0.
    """
    line = _Line(strike, years)
    deviation = line.deviation(vol)
    if not deviation:
        raise FormatError("vol", "times the root of the time left is 0", mend="d1 and d2 need both above 0")
    return line.terms(line.moneyness(_positive(forward, "forward")), deviation)


def black76(
    forward: Number, strike: Number, vol: Number, years: Number, is_call: bool, discount: Number = 1
) -> Mpfr:
    """The price of a European option on a forward.

    Parameters
    ----------
    forward, strike
        Quote units a unit of the underlying, above 0.
    vol
        A year, in ones, 0 or more; with `years` 0 or `vol` 0 the price is the discounted intrinsic value.
    years
        Time to expiry in years, 0 or more.
    is_call
        A call, or a put.
    discount
        Present value of one quote unit at expiry, above 0; 1 where premiums are margined.

    Raises
    ------
    FormatError
        When a number is outside these bounds.
    """
    line = _Line(strike, years)
    forward = _positive(forward, "forward")
    price = line.price(forward, line.moneyness(forward), line.deviation(vol), is_call)
    return _machine().context.mul(_positive(discount, "discount"), price)


def black76_grid(
    forwards: Sequence[Number],
    vols: Sequence[Number],
    strike: Number,
    years: Number,
    is_call: bool,
    discount: Number = 1,
) -> list[list[Mpfr]]:
    """Prices of one option at every forward and volatility; bit for bit what `black76` gives for each.

    Logarithms and the root of time are taken once, which is what makes a market's table quick.

    Returns
    -------
    list of list of Mpfr
        Shape ``(len(forwards), len(vols))``, quote units a unit of the underlying.
    """
    context = _machine().context
    line = _Line(strike, years)
    deviations = [line.deviation(vol) for vol in vols]
    discount = _positive(discount, "discount")
    grid = []
    for each in forwards:
        forward = _positive(each, "forward")
        moneyness = line.moneyness(forward)
        grid.append(
            [
                context.mul(discount, line.price(forward, moneyness, deviation, is_call))
                for deviation in deviations
            ]
        )
    return grid


def black76_greeks(
    forward: Number, strike: Number, vol: Number, years: Number, is_call: bool, discount: Number = 1
) -> Greeks:
    """Price and Greeks of `black76`.

    Raises
    ------
    FormatError
        As `black76`; moreover when `vol` or `years` is 0, where gamma has no value at the strike.
    """
    context = _machine().context
    forward, discount = _positive(forward, "forward"), _positive(discount, "discount")
    d1, _ = d_terms(forward, strike, vol, years)
    line, vol = _Line(strike, years), number(vol, "vol")
    mul, div = context.mul, context.div
    density = _density(d1)
    side = _cumulative(d1) if is_call else context.minus(_cumulative(context.minus(d1)))
    price = black76(forward, strike, vol, years, is_call, discount)
    spread = mul(mul(discount, forward), density)
    vega = mul(spread, line.root)
    rate = div(context.minus(context.log(discount)), line.years)
    decay = div(mul(spread, vol), context.add(line.root, line.root))
    return Greeks(
        price=price,
        delta=mul(discount, side),
        gamma=div(mul(discount, density), mul(forward, line.deviation(vol))),
        vega=vega,
        theta=context.sub(mul(rate, price), decay),
        rho=context.minus(mul(line.years, price)),
    )


def black_scholes(
    spot: Number,
    strike: Number,
    vol: Number,
    years: Number,
    is_call: bool,
    rate: Number = 0,
    dividend: Number = 0,
) -> Mpfr:
    """The price of a European option on a spot price with a continuous dividend yield.

    Black-76 at the forward S·exp((r − q)T) and the discount exp(−rT); parameters and errors as there.
    """
    forward, discount, _ = _carried(spot, years, rate, dividend)
    return black76(forward, strike, vol, years, is_call, discount)


def black_scholes_greeks(
    spot: Number,
    strike: Number,
    vol: Number,
    years: Number,
    is_call: bool,
    rate: Number = 0,
    dividend: Number = 0,
) -> Greeks:
    """Price and Greeks of `black_scholes`: by the spot, and with the spot held where rate or time moves."""
    context = _machine().context
    add, sub, mul = context.add, context.sub, context.mul
    forward, discount, growth = _carried(spot, years, rate, dividend)
    plain = black76_greeks(forward, strike, vol, years, is_call, discount)
    spot, years = number(spot, "spot"), number(years, "years")
    delta = mul(plain.delta, growth)
    gamma = mul(mul(plain.gamma, growth), growth)
    exposure = mul(spot, delta)
    carry = mul(sub(number(rate, "rate"), number(dividend, "dividend")), exposure)
    return Greeks(
        price=plain.price,
        delta=delta,
        gamma=gamma,
        vega=plain.vega,
        theta=sub(plain.theta, carry),
        rho=add(plain.rho, mul(years, exposure)),
    )


class _Line:
    """One strike at one expiry: what does not change with forward and volatility."""

    def __init__(self, strike: Number, years: Number) -> None:
        self.context = _machine().context
        self.strike = _positive(strike, "strike")
        self.years = _not_negative(years, "years")
        self.log_strike = self.context.log(self.strike)
        self.root = self.context.sqrt(self.years)

    def moneyness(self, forward: Mpfr) -> Mpfr:
        """Of the forward: ln F − ln K."""
        return self.context.sub(self.context.log(forward), self.log_strike)

    def deviation(self, vol: Number) -> Mpfr:
        """Of the forward's logarithm at expiry: σ√T."""
        return self.context.mul(_not_negative(vol, "vol"), self.root)

    def terms(self, moneyness: Mpfr, deviation: Mpfr) -> tuple[Mpfr, Mpfr]:
        """The pair d1, d2."""
        context = self.context
        middle = context.div(moneyness, deviation)
        half = context.mul(_machine().half, deviation)
        return context.add(middle, half), context.sub(middle, half)

    def price(self, forward: Mpfr, moneyness: Mpfr, deviation: Mpfr, is_call: bool) -> Mpfr:
        """Undiscounted: the option out of the money, plus the intrinsic value of the other side."""
        context = self.context
        call_is_out = forward <= self.strike
        value = self._outside(forward, moneyness, deviation, call_is_out)
        if is_call == call_is_out:
            return value
        distance = context.sub(self.strike, forward) if call_is_out else context.sub(forward, self.strike)
        return context.add(value, distance)

    def _outside(self, forward: Mpfr, moneyness: Mpfr, deviation: Mpfr, call: bool) -> Mpfr:
        machine, context = _machine(), self.context
        if not deviation:
            return machine.zero
        d1, d2 = self.terms(moneyness, deviation)
        if call:
            value = context.sub(
                context.mul(forward, _cumulative(d1)), context.mul(self.strike, _cumulative(d2))
            )
        else:
            value = context.sub(
                context.mul(self.strike, _cumulative(context.minus(d2))),
                context.mul(forward, _cumulative(context.minus(d1))),
            )
        # Two nearly equal numbers may leave a rounding below zero.
        return value if value > 0 else machine.zero


def _cumulative(d: Mpfr) -> Mpfr:
    """The normal probability below `d`: ½ + ½·erf(d/√2)."""
    machine = _machine()
    context = machine.context
    return context.mul(machine.half, context.add(machine.one, context.erf(context.mul(d, machine.root_half))))


def _density(d: Mpfr) -> Mpfr:
    """The normal density at `d`."""
    machine = _machine()
    context = machine.context
    power = context.minus(context.mul(machine.half, context.mul(d, d)))
    return context.mul(machine.density_at_zero, context.exp(power))


def _carried(spot: Number, years: Number, rate: Number, dividend: Number) -> tuple[Mpfr, Mpfr, Mpfr]:
    """Forward, discount and forward / spot."""
    context = _machine().context
    years, rate = _not_negative(years, "years"), number(rate, "rate")
    carry = context.sub(rate, number(dividend, "dividend"))
    growth = context.exp(context.mul(carry, years))
    discount = context.exp(context.minus(context.mul(rate, years)))
    return context.mul(_positive(spot, "spot"), growth), discount, growth


def _positive(value: Number, field: str) -> Mpfr:
    made = number(value, field)
    if not made > 0:
        raise FormatError(field, "must be above zero", value=str(value), mend="Give a price above 0")
    return made


def _not_negative(value: Number, field: str) -> Mpfr:
    made = number(value, field)
    if made < 0:
        raise FormatError(field, "is negative", value=str(value), mend="It must be 0 or more")
    return made
