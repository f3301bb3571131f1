"""Unit values of options in the scenarios of Derive's portfolio manager, by pinned arithmetic.

Rules and source: `prover.venues.derive_portfolio`, which shares no arithmetic with this module. Every number
is an `Mpfr`: the same bits on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from ..pricing.machine import Mpfr, machine, number
from ..pricing.pinned import black76
from .derive_portfolio_inputs import PortfolioExpiry, PortfolioMarket, PortfolioOption, PortfolioScenario

__all__ = ["ExpiryValues"]

_DAY = 86_400
_YEAR = 365 * _DAY
_MONTH = 30 * _DAY
_SETTLING = 1_800
_MARKED = PortfolioScenario(Fraction(1), "None", Fraction(1))


@dataclass(frozen=True)
class ExpiryValues:
    """One expiry of a market."""

    market: PortfolioMarket
    expiry: PortfolioExpiry
    _known: dict[tuple[PortfolioOption, PortfolioScenario], Mpfr] = field(default_factory=dict, compare=False)

    @property
    def years(self) -> Fraction:
        """Time left."""
        return Fraction(self.expiry.seconds, _YEAR)

    @cached_property
    def discounts(self) -> tuple[Mpfr, Mpfr]:
        """Static discounts on a positive and on a negative net value."""
        margin = self.market.parameters["Margin"]
        rate = max(Fraction(0), self.expiry.rate)
        long_rate = rate * margin["LONG_RATE_MULTSCALE"] + margin["LONG_RATE_ADDSCALE"]
        short_rate = rate * margin["SHORT_RATE_MULTSCALE"] + margin["SHORT_RATE_ADDSCALE"]
        with machine().arithmetic():
            positive = number(margin["BASE_STATIC_DISCOUNT"]) * _exp(-long_rate * self.years)
            negative = number(margin["BASE_STATIC_DISCOUNT_NEG"]) * _exp(short_rate * self.years)
            return positive, min(negative, _exp(rate * self.years))

    def value(self, option: PortfolioOption, scenario: PortfolioScenario | None = None) -> Mpfr:
        """One unit of an option, marked or in a scenario: before static discount and dampening."""
        shocked = scenario or _MARKED
        key = (option, shocked)
        if key not in self._known:
            self._known[key] = self._price(option, shocked)
        return self._known[key]

    def _price(self, option: PortfolioOption, shocked: PortfolioScenario) -> Mpfr:
        forward = self.expiry.forward
        if not shocked.is_skew:
            moving = min(Fraction(1), Fraction(self.expiry.seconds, _SETTLING))
            forward *= moving * shocked.spot + (1 - moving)
        return black76(
            forward, option.strike, self._volatility(option, shocked), self.years, option.call, self._discount
        )

    @cached_property
    def _discount(self) -> Mpfr:
        return _exp(-max(Fraction(0), self.expiry.rate) * self.years)

    def basis_factor(self) -> Fraction:
        """What the basis contingency multiplies this expiry's loss by."""
        basis = self.market.parameters["BasisContingency"]
        return basis["BASIS_CONT_ADD_FACTOR"] + basis["BASIS_CONT_MULT_FACTOR"] * self.years

    def _volatility(self, option: PortfolioOption, scenario: PortfolioScenario) -> Mpfr:
        marked = number(option.volatility)
        if scenario.is_skew:
            with machine().arithmetic():
                return marked * max(number(0), 1 + self._skew(option, scenario))
        if scenario.volatility == "None":
            return marked
        shocks = self.market.parameters["VolShock"]
        with machine().arithmetic():
            if scenario.volatility == "Up":
                shocked = marked * (1 + number(shocks["VOLRANGEUP"]) * self._term)
                return max(number(shocks["MIN_VOL_EVAL_SHOCKED"]), shocked)
            return marked * max(number(0), 1 - number(shocks["VOLRANGEDOWN"]) * self._term)

    @cached_property
    def _term(self) -> Mpfr:
        """How much larger a volatility shock is than at thirty days."""
        shocks = self.market.parameters["VolShock"]
        power = shocks["SHORTTERMPOWER" if self.expiry.seconds <= _MONTH else "LONGTERMPOWER"]
        seconds = max(Fraction(self.expiry.seconds), shocks["DTE_FLOOR"] * _DAY, Fraction(1))
        with machine().arithmetic():
            return number(_MONTH / seconds) ** number(power)

    def _skew(self, option: PortfolioOption, scenario: PortfolioScenario) -> Mpfr:
        """Relative move of an option's volatility; a skew with a spot shock takes the ABS cap."""
        skew = self.market.parameters["SkewShock"]
        kind = scenario.volatility if scenario.spot == 1 else "ABS"
        log = machine().gmpy2.log
        root = machine().gmpy2.sqrt(number(self.years))
        cap = number(skew[f"{kind}_SCALE_CAP"]) + number(skew[f"{kind}_CBASE"]) * root
        width = number(skew["VOL_PARAM_STATIC"]) + number(skew["VOL_PARAM_SCALE"]) * root
        flat = max(number(skew["MIN_K_STAR"]), root * number(skew["MIN_WIDTH_SCALE"]) * width)
        distance = log(number(option.strike)) - log(number(self.expiry.forward))
        if scenario.volatility == "ABS":
            distance = abs(distance)
        # With no width at all every strike but the forward's is in a wing.
        slope = distance * cap / flat if distance * cap else number(0)
        return min(cap, slope) if distance >= 0 else max(-cap, slope)


def _exp(exponent: Fraction) -> Mpfr:
    with machine().arithmetic():
        return machine().gmpy2.exp(number(exponent))
