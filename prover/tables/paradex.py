"""Paradex as a table: cross margin of options line by line, and portfolio margin's 24 scenarios.

Rules and sources: `prover.venues.paradex`. What is carried:

* cross margin: a charge on the side held, at the worst price of the band;
* portfolio margin's scan: one node a scenario with its weight, exactly;
* the minimum delta requirement a·|D| + b·(G − |D|)/2, with D the net and G the gross delta: (a − b/2)·|D|
  is a tilt of the last two nodes and b/2·G the charge on gross size there, exactly, inside the maximum with
  the scan. With a band, D is taken from the line between the band's ends and what deltas differ from it is
  charged on gross size, and spot is the band's highest: from above;
* fee and funding provisions: addons. A funding payment that the portfolio would receive is not counted.

Maintenance is a share of all but the provisions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.errors import FormatError
from verifier.market import Level

from ..pricing.machine import exact
from .gaps import STAYS, Band, Drift, delta_drift
from .grid import Beside
from .stress import Asset, Stress, StressGrid, delta, unstressed

__all__ = [
    "MINIMUM_DELTA",
    "ParadexOptionRates",
    "ParadexRules",
    "paradex_beside",
    "paradex_cross",
    "paradex_grid",
    "paradex_option_charges",
]

MINIMUM_DELTA = "minimum delta"
"""Label of the last two nodes."""

_ZERO = Fraction(0)


def _percent(text: str) -> Fraction:
    return Fraction(text) / 100


_SCENARIOS = tuple(
    (_percent(move), _percent(shock), _percent(weight))
    for move, shock, weight in (
        ("16", "40", "100"),
        *((str(4 * step), shock, "100") for step in range(3, -4, -1) for shock in ("40", "-22")),
        ("-16", "40", "100"),
        ("-66", "40", "24"),
        ("-33", "40", "48"),
        ("50", "40", "32"),
        ("100", "40", "16"),
        ("200", "40", "8"),
        ("300", "40", "5.33"),
        ("400", "40", "4"),
        ("500", "40", "3.2"),
    )
)


@dataclass(frozen=True)
class ParadexOptionRates:
    """Cross margin rates of one level; see `prover.venues.paradex.OptionRates`.

    Attributes
    ----------
    perpetual
        Share of the notional that a perpetual or future is charged.
    """

    premium: Fraction
    long: Fraction
    in_the_money: Fraction
    out_of_the_money: Fraction
    put_cap: Fraction
    perpetual: Fraction = _ZERO

    def __post_init__(self) -> None:
        """No rule pays its holder."""
        if any(rate < 0 for rate in vars(self).values()):
            raise FormatError("cross", "has a negative rate")


def paradex_cross(
    rates: ParadexOptionRates,
    asset: Asset,
    band: Band,
    *,
    spot: Band,
    lot: Fraction,
    fee: Fraction = _ZERO,
    drift: Drift = STAYS,
) -> Beside:
    """What one row pays under cross margin: its own charge, at the worst price, volatility and time.

    Parameters
    ----------
    rates
        Of the level.
    asset, band
        The instrument, and its forward's prices.
    spot
        Quote units a unit.
    lot
        Units a lot.
    fee
        Fee provision a unit.
    drift
        What volatility and time may do: a mark is highest at the highest volatility and the start.
    """
    if asset.strike is None:
        due = rates.perpetual * band.high
        return Beside(addon_long=(due + fee) * lot, addon_short=(due + fee) * lot)
    dearest = replace(asset, volatility=asset.volatility + drift.volatility)
    (mark,) = unstressed(dearest, [band.high if asset.call else band.low])
    long, short = paradex_option_charges(
        rates, call=asset.call, spot=spot, strike=asset.strike, mark=exact(mark)
    )
    return Beside(
        addon_long=((long or _ZERO) + fee) * lot,
        addon_short=((short or _ZERO) + fee) * lot,
    )


def paradex_option_charges(
    rates: ParadexOptionRates,
    *,
    call: bool,
    spot: Band,
    strike: Fraction | None,
    mark: Fraction | None,
) -> tuple[Fraction | None, Fraction | None]:
    """What one unit of an option is charged long and short, at the worst spot of the band.

    Parameters
    ----------
    rates
        Of the level.
    call, strike
        The option.
    spot
        Quote units a unit.
    mark
        The option's highest value in the band (a call's at the high end, a put's at the low one).

    Returns
    -------
    tuple
        Quote units a unit; None for a side whose price is not known.
    """
    long = short = None
    if mark is not None:
        long = min(rates.premium * mark, rates.long * spot.high)
    if strike is not None:
        # Its first part is linear on either side of the strike: an end or the strike is the worst. A put's
        # is highest at the strike, but for a rate above 1, which rises beyond it.
        spots = (spot.low, min(max(strike, spot.low), spot.high), spot.high)
        first = max(
            rates.in_the_money * each - max(_ZERO, strike - each if call else each - strike) for each in spots
        )
        short = max(first, rates.out_of_the_money * spot.high)
        if not call:
            short = min(short, rates.put_cap * strike)
    return long, short


@dataclass(frozen=True)
class ParadexRules:
    """Portfolio margin's parameters; the defaults are the page's.

    Attributes
    ----------
    scenarios
        Spot move, volatility shock and weight.
    net_delta, hedged_delta
        Shares of spot charged on the absolute net delta, and on the hedged delta.
    maintenance
        Share of the initial requirement, provisions apart.
    short_power, long_power, split_days, floor_days
        Of the volatility shock's term structure.
    """

    scenarios: tuple[tuple[Fraction, Fraction, Fraction], ...] = _SCENARIOS
    net_delta: Fraction = Fraction(2, 100)
    hedged_delta: Fraction = Fraction(1, 100)
    maintenance: Fraction = Fraction(1, 2)
    short_power: Fraction = Fraction(30, 100)
    long_power: Fraction = Fraction(13, 100)
    split_days: Fraction = Fraction(30)
    floor_days: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        """Rates that no table could carry from above."""
        if min(self.net_delta, self.hedged_delta) < 0 or not 0 <= self.maintenance <= 1:
            raise FormatError("rates", "are negative, or maintenance is above initial")
        if any(move <= -1 or weight < 0 for move, _, weight in self.scenarios):
            raise FormatError("scenarios", "have a price of zero or below, or a negative weight")

    def share(self, level: Level) -> Fraction:
        """Share of the initial requirement that a level asks for."""
        return self.maintenance if level == "maintenance" else Fraction(1)


def paradex_grid(rules: ParadexRules, level: Level) -> StressGrid:
    """The weighted scenarios."""
    stresses = tuple(
        Stress(name=f"scenario {place + 1}", move=move, shock=shock, factor=weight)
        for place, (move, shock, weight) in enumerate(rules.scenarios)
    )
    return StressGrid(
        "paradex", stresses, rules.short_power, rules.long_power, rules.split_days, rules.floor_days
    ).scaled(rules.share(level))


def paradex_beside(
    rules: ParadexRules,
    level: Level,
    asset: Asset,
    band: Band,
    *,
    spot: Fraction,
    lot: Fraction,
    fee: Fraction = _ZERO,
    funding: Fraction = _ZERO,
    drift: Drift = STAYS,
) -> Beside:
    """What one row pays beside its scenarios.

    Parameters
    ----------
    rules, level
        The venue's.
    asset, band
        The instrument, and its forward's prices.
    spot
        The highest spot of the band, quote units a unit.
    lot
        Units a lot.
    fee
        Fee provision a unit.
    funding
        What a long of one unit is expected to pay (negative: receive) in the provision's time.
    drift
        What volatility and time may do to a delta.
    """
    ends = [delta(asset, price, asset.volatility) for _, price in band.corners]
    if len(ends) == 1:
        line = ends[0]
    else:
        low, high = (exact(value) for value in unstressed(asset, [price for _, price in band.corners]))
        # By spot, not by its own forward: the sum over a book then says which end of the band is the worse.
        line = (high - low) / (spot - spot * band.low / band.high)
    return delta_beside(
        rules,
        level,
        ends,
        line,
        spot=spot,
        lot=lot,
        fee=fee,
        funding=funding,
        apart=delta_drift(asset, band, drift),
    )


def delta_beside(
    rules: ParadexRules,
    level: Level,
    deltas: list[Fraction],
    line: Fraction,
    *,
    spot: Fraction,
    lot: Fraction,
    fee: Fraction = _ZERO,
    funding: Fraction = _ZERO,
    apart: Fraction = _ZERO,
) -> Beside:
    """As `paradex_beside`, from deltas at the corners, the line between these, and what deltas may drift."""
    share = rules.share(level)
    # Below zero where hedged delta costs more than twice net delta: then |D| would lower the charge, and
    # is left out.
    net = max(_ZERO, rules.net_delta - rules.hedged_delta / 2) * spot * lot * share
    bent = max(abs(each - line) for each in deltas) + apart
    largest = max(abs(each) for each in deltas) + apart
    gross = rules.hedged_delta / 2 * largest * spot * lot * share + net * bent
    return Beside(
        addon_long=(fee + max(_ZERO, funding)) * lot,
        addon_short=(fee + max(_ZERO, -funding)) * lot,
        gross_long=gross,
        gross_short=gross,
        tilt=net * line,
    )
