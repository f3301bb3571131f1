"""Option prices whose every bit is the same on every machine: Black-76 and Black-Scholes.

What is published must be recomputable, so no float of the platform takes part: see `machine`. A price is
fixed by the sequence of operations in this file and in `normal`.

The option that is out of the money is priced, and its twin is that price plus the forward's distance from
the strike. So put-call parity holds to the last rounding, and no price in the money loses digits. A price
is off by less than 2^-108 of forward + strike (an absolute error: see `normal`), far under the 1e-6 that
tables keep.

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

from verifier.errors import FormatError

from .machine import PRECISION, Mpfr, Number, exact, machine, nearest, number
from .normal import cumulative, density

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
    return machine().context.mul(_positive(discount, "discount"), price)


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
    context = machine().context
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
    context = machine().context
    forward, discount = _positive(forward, "forward"), _positive(discount, "discount")
    d1, _ = d_terms(forward, strike, vol, years)
    line, vol = _Line(strike, years), number(vol, "vol")
    mul, div = context.mul, context.div
    weight = density(d1)
    side = cumulative(d1) if is_call else context.minus(cumulative(context.minus(d1)))
    price = black76(forward, strike, vol, years, is_call, discount)
    spread = mul(mul(discount, forward), weight)
    vega = mul(spread, line.root)
    rate = div(context.minus(context.log(discount)), line.years)
    decay = div(mul(spread, vol), context.add(line.root, line.root))
    return Greeks(
        price=price,
        delta=mul(discount, side),
        gamma=div(mul(discount, weight), mul(forward, line.deviation(vol))),
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
    context = machine().context
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
        self.context = machine().context
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
        half = context.mul(machine().half, deviation)
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
        context = self.context
        if not deviation:
            return machine().zero
        d1, d2 = self.terms(moneyness, deviation)
        if call:
            value = context.sub(
                context.mul(forward, cumulative(d1)), context.mul(self.strike, cumulative(d2))
            )
        else:
            value = context.sub(
                context.mul(self.strike, cumulative(context.minus(d2))),
                context.mul(forward, cumulative(context.minus(d1))),
            )
        # Two nearly equal numbers may leave a rounding below zero.
        return value if value > 0 else machine().zero


def _carried(spot: Number, years: Number, rate: Number, dividend: Number) -> tuple[Mpfr, Mpfr, Mpfr]:
    """Forward, discount and forward / spot."""
    context = machine().context
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
