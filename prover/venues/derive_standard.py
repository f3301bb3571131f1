"""Derive's standard margin manager in plain floats, from its public rules.

Source: derivexyz/v2-core, src/risk-managers, StandardManager.sol and SRMPortfolioViewer.sol (formulas only).
An account satisfies a level when its net margin is not negative: cash plus, for each market:

* **options, for each expiry** the better (larger) of two numbers, neither above zero:

  * isolated: every short option on its own, longs count for nothing. A short call costs its mark and a share
    of the spot; a short put the larger of a share of the spot and of its mark, beside the mark; the initial
    share falls with how far the option is out of the money, down to a least share, and a put's initial margin
    is at least the maintenance margin times an offset.
  * maximal loss: the worst value at expiry over price 0 and every strike that is held, and for net short
    calls (whose loss has no end) a scale times the forward each.

* **perpetuals** minus a rate of the notional at the perpetual's own price, plus profit not yet settled;
* **base asset** its value times a factor (times another one for the initial level);
* initial level only: *oracle contingency*, for options (each short), perpetuals and base, when the least
  confidence of the oracles that take part is under a threshold: (1 − confidence)·factor of the spot for each
  unit; and *depeg*, when the stablecoin is under its threshold: the gap times a factor of the spot for each
  short option and each perpetual.

Options are marked by Black-76 with no discount. The mark to market counts a base asset at its value in
stablecoin.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .black import black76

__all__ = [
    "BaseRules",
    "Contingency",
    "DepegRules",
    "Expiry",
    "Market",
    "NetMargin",
    "Option",
    "OptionRules",
    "PerpRules",
    "Portfolio",
    "expiry_margin",
    "net_margin",
]


@dataclass(frozen=True)
class OptionRules:
    """Shares of the spot and scales of one market's options.

    Attributes
    ----------
    max_spot, min_spot
        Initial share of the spot at the money, and the least one.
    maintenance_call, maintenance_put
        Maintenance share of the spot.
    maintenance_put_mark
        Maintenance share of a put's mark.
    unpaired_initial, unpaired_maintenance
        Forwards that a net short call costs beside the maximal loss.
    offset
        A put's initial margin is at least its maintenance margin times this.
    """

    max_spot: float
    min_spot: float
    maintenance_call: float
    maintenance_put: float
    maintenance_put_mark: float
    unpaired_initial: float
    unpaired_maintenance: float
    offset: float


@dataclass(frozen=True)
class PerpRules:
    """Shares of the perpetual's notional."""

    initial: float
    maintenance: float


@dataclass(frozen=True)
class BaseRules:
    """What a base asset counts for: `factor`, times `initial_scale` for the initial level."""

    factor: float
    initial_scale: float = 1.0


@dataclass(frozen=True)
class Contingency:
    """Oracle contingency: thresholds of confidence (0 switches one off), and the factor."""

    option: float
    perp: float
    base: float
    factor: float

    def share(self, threshold: float, confidence: float) -> float:
        """Share of the spot that a unit costs."""
        return (1 - confidence) * self.factor if threshold and confidence < threshold else 0.0


@dataclass(frozen=True)
class DepegRules:
    """Threshold of the stablecoin's price, and the factor on what is missing."""

    threshold: float
    factor: float

    def share(self, stable: float) -> float:
        """Share of the spot that a short option or a perpetual costs."""
        return (self.threshold - stable) * self.factor if stable < self.threshold else 0.0


@dataclass(frozen=True)
class Option:
    """One option held: `size` in units of the underlying, negative when short; `volatility` a year."""

    strike: float
    call: bool
    size: float
    volatility: float


@dataclass(frozen=True)
class Expiry:
    """The options of one expiry.

    Attributes
    ----------
    years
        Years of 365 days to go.
    forward
        Quote units a unit of the underlying.
    confidence
        The least of the forward's and the volatilities'.
    options
        What is held.
    """

    years: float
    forward: float
    confidence: float
    options: tuple[Option, ...]

    def mark(self, option: Option) -> float:
        """What one unit is worth."""
        return black76(self.forward, option.strike, option.volatility, self.years, option.call)


@dataclass(frozen=True)
class Market:
    """One underlying: prices, rules and what is held. Prices in quote units, sizes in units."""

    spot: float
    spot_confidence: float
    option_rules: OptionRules
    perp_rules: PerpRules
    base_rules: BaseRules
    contingency: Contingency
    perp_price: float = 0.0
    perp_confidence: float = 1.0
    perp_size: float = 0.0
    perp_profit: float = 0.0
    base_size: float = 0.0
    expiries: tuple[Expiry, ...] = ()


@dataclass(frozen=True)
class Portfolio:
    """An account: cash in quote units, the stablecoin's price, and every market that it is in."""

    cash: float
    stable: float
    depeg: DepegRules
    markets: tuple[Market, ...] = field(default=())


@dataclass(frozen=True)
class NetMargin:
    """What is left after the requirement, and the mark to market; quote units."""

    margin: float
    mark_to_market: float


def net_margin(portfolio: Portfolio, initial: bool) -> NetMargin:
    """Net margin and mark to market of an account at one level."""
    depeg = portfolio.depeg.share(portfolio.stable) if initial else 0.0
    margin = value = portfolio.cash
    for market in portfolio.markets:
        margin += _perp(market, initial) - depeg * _penalised(market) * market.spot
        margin += _base(market, initial)
        value += market.base_size * market.spot / portfolio.stable
        if market.perp_size:
            margin += market.perp_profit
            value += market.perp_profit
        for expiry in market.expiries:
            found = expiry_margin(market, expiry, initial)
            margin += found.margin
            value += found.mark_to_market
            if initial:
                confidence = min(market.spot_confidence, expiry.confidence)
                share = market.contingency.share(market.contingency.option, confidence)
                margin -= share * market.spot * _shorts(expiry.options)
    return NetMargin(margin, value)


def expiry_margin(market: Market, expiry: Expiry, initial: bool) -> NetMargin:
    """The better of isolated margin and maximal loss of one expiry, without contingency."""
    isolated = sum(_isolated(market, expiry, option, initial) for option in expiry.options)
    strikes = [0.0, *(option.strike for option in expiry.options)]
    worst = min(min(0.0, _settled(expiry.options, price)) for price in strikes)
    calls = sum(option.size for option in expiry.options if option.call)
    rules = market.option_rules
    scale = rules.unpaired_initial if initial else rules.unpaired_maintenance
    worst += min(0.0, calls) * scale * expiry.forward
    return NetMargin(
        max(isolated, worst), sum(option.size * expiry.mark(option) for option in expiry.options)
    )


def _settled(options: Iterable[Option], price: float) -> float:
    """What the options pay at expiry when the underlying is at `price`."""
    return sum(
        option.size * max(0.0, price - option.strike if option.call else option.strike - price)
        for option in options
    )


def _shorts(options: Iterable[Option]) -> float:
    return sum(-option.size for option in options if option.size < 0)


def _penalised(market: Market) -> float:
    """Units that a depeg is charged on: short options, and perpetuals of either side."""
    return abs(market.perp_size) + sum(_shorts(expiry.options) for expiry in market.expiries)


def _isolated(market: Market, expiry: Expiry, option: Option, initial: bool) -> float:
    """Margin of one option on its own, its mark included: zero when long, negative when short."""
    if option.size >= 0:
        return 0.0
    rules, spot, size = market.option_rules, market.spot, option.size
    value = size * expiry.mark(option)
    distance = (option.strike - spot if option.call else spot - option.strike) / spot
    share = max(rules.max_spot - max(0.0, distance), rules.min_spot)
    if option.call:
        return value + size * spot * (share if initial else rules.maintenance_call)
    maintenance = value + min(size * spot * rules.maintenance_put, value * rules.maintenance_put_mark)
    if not initial:
        return maintenance
    return min(value + size * spot * share, maintenance * rules.offset)


def _perp(market: Market, initial: bool) -> float:
    size = abs(market.perp_size)
    if not initial:
        return -size * market.perp_price * market.perp_rules.maintenance
    confidence = min(market.perp_confidence, market.spot_confidence)
    share = market.contingency.share(market.contingency.perp, confidence)
    return -size * (market.perp_price * market.perp_rules.initial + market.spot * share)


def _base(market: Market, initial: bool) -> float:
    notional = market.base_size * market.spot
    counted = notional * market.base_rules.factor
    if not initial:
        return counted
    counted *= market.base_rules.initial_scale
    # What counts for nothing is not penalised either.
    if counted:
        counted -= notional * market.contingency.share(market.contingency.base, market.spot_confidence)
    return counted
