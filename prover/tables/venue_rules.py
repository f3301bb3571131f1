"""The independent twin: a venue's equity and requirement at any prices, in exact fractions.

It knows nothing of rows, brackets, corners or rounding, and shares no arithmetic with the builder: tiers are
summed slice by slice, deposits valued slice by slice. Tests hold the table against it; reconciliation may use
it to show a venue's own figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from prover.venues.drift import WEIGHT, asset_weight, liability_weight, scaled_weight
from prover.venues.synthetix import initial
from verifier.errors import FormatError
from verifier.market import Level

from .inputs import InstrumentInput, MarketInput, Tier

__all__ = ["VenueMargin", "venue_margin"]

_BASE = 10**9
_QUOTE = 10**6
_IMF = 10**6


@dataclass(frozen=True)
class VenueMargin:
    """What the venue would say at these prices, quote units.

    Attributes
    ----------
    equity, requirement
        Of the account.
    values, charges
        Contribution of every instrument held.
    """

    equity: Fraction
    requirement: Fraction
    values: Mapping[str, Fraction]
    charges: Mapping[str, Fraction]

    @property
    def excess(self) -> Fraction:
        """Equity minus requirement."""
        return self.equity - self.requirement


def venue_margin(
    market: MarketInput,
    level: Level,
    holdings: Mapping[str, Fraction],
    cash: Fraction,
    prices: Mapping[str, Fraction] | None = None,
) -> VenueMargin:
    """Evaluate an account by the venue's own rules.

    Parameters
    ----------
    market
        The rules; its prices are used where `prices` has none.
    level
        ``maintenance`` or ``initial``.
    holdings
        Signed sizes in units of the underlying, by instrument id.
    cash
        Quote units.
    prices
        Quote units a unit, by underlying.

    Raises
    ------
    FormatError
        For an unknown instrument, a side that the instrument has not, or a notional above its cap.
    """
    at = {feed.underlying: Fraction(feed.price) for feed in market.feeds} | dict(prices or {})
    known = {instrument.id: instrument for instrument in market.instruments}
    values, charges = {}, {}
    for name, size in holdings.items():
        if name not in known:
            raise FormatError("instrument", "is unknown", value=name)
        instrument = known[name]
        notional = abs(size) * at[instrument.underlying]
        if instrument.notional_cap is not None and notional > Fraction(instrument.notional_cap):
            raise FormatError(name, "is above the position limit")
        values[name] = _value(instrument, level, size, at[instrument.underlying])
        charges[name] = _charge(market, instrument, level, size, at[instrument.underlying])
        if instrument.carry_rate is not None:
            charges[name] += Fraction(instrument.carry_rate) * notional
    return VenueMargin(
        equity=cash + sum(values.values(), Fraction(0)),
        requirement=sum(charges.values(), Fraction(0)),
        values=values,
        charges=charges,
    )


def _value(instrument: InstrumentInput, level: Level, size: Fraction, price: Fraction) -> Fraction:
    if instrument.kind == "aggregate":
        return Fraction(0)
    if (instrument.kind == "deposit" and size < 0) or (instrument.kind == "borrow" and size > 0):
        raise FormatError(instrument.id, "is held on the wrong side")
    if instrument.kind != "deposit":
        return size * price
    counted = Fraction(0)
    tiers = instrument.collateral or ()
    if instrument.root is not None or instrument.deposits is not None:
        return size * price * _weight(instrument, level, size, price)
    for place, tier in enumerate(tiers):
        share = tier.maintenance_weight if level == "maintenance" else tier.initial_weight
        upper = Fraction(tiers[place + 1].value_floor) if place + 1 < len(tiers) else None
        counted += _slice(size * price, Fraction(tier.value_floor), upper) * Fraction(str(share))
    return counted


def _weight(instrument: InstrumentInput, level: Level, size: Fraction, price: Fraction) -> Fraction:
    """A deposit's weight where Drift's public deposits or the deposit's own size change it."""
    (tier,) = instrument.collateral or ()
    stated = tier.maintenance_weight if level == "maintenance" else tier.initial_weight
    weight = int(Fraction(str(stated)) * WEIGHT)
    scaling = instrument.deposits
    if scaling is not None and level == "initial":
        total = Fraction(scaling.amount) * price
        weight = scaled_weight(int(total * _QUOTE), int(Fraction(scaling.start) * _QUOTE), weight)
    if instrument.root is not None:
        weight = asset_weight(int(size * _BASE), int(Fraction(instrument.root.factor) * _IMF), weight)
    return Fraction(weight, WEIGHT)


def _curve(
    instrument: InstrumentInput, level: Level, size: Fraction, price: Fraction, rate: Fraction
) -> Fraction:
    """Synthetix's skew, or Drift's root on a ratio or a debt's weight."""
    if instrument.skew is not None:
        skew = instrument.skew
        due = initial(
            size,
            price,
            skew_scale=Fraction(skew.scale),
            fraction=Fraction(skew.fraction),
            minimum=Fraction(skew.minimum_ratio),
        )
        share = Fraction(skew.maintenance_share) if level == "maintenance" else Fraction(1)
        return due * share + Fraction(skew.per_position or 0)
    root = instrument.root
    if root is None:
        return abs(size) * price * rate
    debt = WEIGHT if instrument.kind == "borrow" else 0
    factor = int(Fraction(root.factor) * _IMF)
    weight = liability_weight(int(abs(size) * _BASE), factor, debt + int(rate * WEIGHT))
    return abs(size) * price * Fraction(weight - debt, WEIGHT)


def _slice(total: Fraction, lower: Fraction, upper: Fraction | None) -> Fraction:
    """The part of `total` between two floors."""
    top = total if upper is None else min(total, upper)
    return max(Fraction(0), top - lower)


def _charge(
    market: MarketInput, instrument: InstrumentInput, level: Level, size: Fraction, price: Fraction
) -> Fraction:
    tiers = market.tiers_of(instrument)
    notional = abs(size) * price
    if instrument.skew is not None and size:
        return _curve(instrument, level, size, price, Fraction(0))
    if instrument.kind == "deposit" or not tiers or notional == 0:
        return Fraction(0)
    if instrument.root is not None:
        return _curve(instrument, level, size, price, _rate(instrument, tiers[0], level, price))
    if instrument.prediction and size < 0:
        # What a short of a price that ends at 0 or 1 can still lose.
        return abs(size) * max(Fraction(0), 1 - price) * _rate(instrument, tiers[0], level, price)
    floors = [Fraction(tier.notional_floor) for tier in tiers]
    rates = [_rate(instrument, tier, level, price) for tier in tiers]
    if (market.maintenance_tiers if level == "maintenance" else market.initial_tiers) == "whole":
        reached = max(place for place, floor in enumerate(floors) if floor <= notional)
        due = notional * rates[reached]
    else:
        due = Fraction(0)
        for place, rate in enumerate(rates):
            upper = floors[place + 1] if place + 1 < len(floors) else None
            due += _slice(notional, floors[place], upper) * rate
    if instrument.minimum_charge is not None:
        due = max(due, Fraction(instrument.minimum_charge))
    return due


def _rate(instrument: InstrumentInput, tier: Tier, level: Level, price: Fraction) -> Fraction:
    if tier.initial_rate is not None:
        initial = Fraction(tier.initial_rate)
    elif tier.max_leverage is not None:
        initial = 1 / Fraction(tier.max_leverage)
    else:
        initial = Fraction(0)
    if level == "maintenance":
        if tier.maintenance_rate is not None:
            return Fraction(tier.maintenance_rate)
        return initial * Fraction(str(tier.maintenance_fraction))
    interest = instrument.open_interest
    if interest is None or Fraction(interest.upper_cap) == 0:
        return initial
    lower, upper = Fraction(interest.lower_cap), Fraction(interest.upper_cap)
    open_notional = Fraction(interest.amount) * price
    if open_notional >= upper:
        reached = Fraction(1)
    else:
        reached = max(Fraction(0), (open_notional - lower) / (upper - lower))
    return initial + max(Fraction(0), 1 - initial) * reached
