"""A stress-grid venue for options at any point of a box, in plain floats: the options table's twin.

It reads the builder's input and shares no arithmetic with it: no corners, no cells, no interpolation. At a
point (spot, volatility level, basis, spread, time) the venue says

    excess = equity − Σ over underlyings of max(0, max over s of f_s·(V(p) − V(p, s))) − charges at p.

Black-76, undiscounted; `scipy.special.ndtr` for the normal integral. Vectorised over points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from verifier.errors import FormatError
from verifier.market import Level

from ..extras import require
from ..tables.option_inputs import SPOT_KINDS, ExpiryInput, OptionInstrument, OptionsInput, ScenarioInput

Floats: TypeAlias = Any
"""An array of floats; numpy comes with an extra, so its types are not asked for."""

__all__ = ["Coordinate", "OptionsVenue"]

_YEAR = 365 * 86_400
_DAYS = 365.0
_SPLIT = 30.0


@dataclass(frozen=True)
class Coordinate:
    """One direction of the box: a feed's id, or ``time`` in seconds."""

    name: str
    low: float
    mark: float
    high: float


class OptionsVenue:
    """Excess of an account at points of the box.

    Parameters
    ----------
    market
        The builder's input.
    level
        ``maintenance`` or ``initial``.
    """

    def __init__(self, market: OptionsInput, level: Level) -> None:
        self.np = require("numpy")
        self.ndtr = require("scipy.special").ndtr
        self.market = market
        self.terms = market.levels[level]
        self.instruments = {each.id: each for each in market.instruments}
        self.expiries = {(each.underlying, each.expiry): each for each in market.expiries}
        self.spot = {feed.underlying: feed.id for feed in market.feeds if feed.kind in SPOT_KINDS}
        self.level = {feed.underlying: feed.id for feed in market.feeds if feed.kind == "volatility"}
        self.coordinates = [self._coordinate(place) for place in range(len(market.feeds))]
        self.coordinates.append(
            Coordinate("time", float(market.time), float(market.time), float(market.valid_until))
        )
        self.place = {each.name: place for place, each in enumerate(self.coordinates)}

    def _coordinate(self, place: int) -> Coordinate:
        feed = self.market.feeds[place]
        price = float(feed.price)
        if feed.low is not None and feed.high is not None:
            return Coordinate(feed.id, float(feed.low), price, float(feed.high))
        reach = abs(price) * float(feed.band or 0)
        return Coordinate(feed.id, price - reach, price, price + reach)

    def mark(self) -> Floats:
        """The snapshot's own point, shape ``(1, len(coordinates))``."""
        return self.np.array([[each.mark for each in self.coordinates]])

    def excess(self, holdings: Mapping[str, float], cash: float, points: Floats) -> Floats:
        """Equity minus requirement.

        Parameters
        ----------
        holdings
            Signed sizes in units of the underlying, by instrument id.
        cash
            Quote units.
        points
            Shape ``(P, len(coordinates))``.

        Returns
        -------
        array
            Shape ``(P,)``, quote units.
        """
        np = self.np
        equity = np.full(len(points), float(cash))
        charges = np.zeros(len(points))
        factors = [float(each.factor) * float(self.terms.factor) for each in self.market.grid.stresses]
        losses: dict[str, list[Floats]] = {}
        for name, size in holdings.items():
            if name not in self.instruments:
                raise FormatError("instrument", "is unknown", value=name)
            instrument = self.instruments[name]
            value = size * self.value(instrument, points, None)
            equity = equity + value
            charges = charges + abs(size) * self._charge(instrument, size, points)
            if instrument.underlying in self.market.unstressed:
                continue
            own = losses.setdefault(instrument.underlying, [np.zeros(len(points)) for _ in factors])
            for place, stress in enumerate(self.market.grid.stresses):
                own[place] += value - size * self.value(instrument, points, stress)
        for own in losses.values():
            worst = np.zeros(len(points))
            for factor, loss in zip(factors, own, strict=True):
                worst = np.maximum(worst, factor * loss)
            charges = charges + worst
        return equity - charges

    def value(self, instrument: OptionInstrument, points: Floats, stress: ScenarioInput | None) -> Floats:
        """What a unit is worth at each point, under a stress or none; haircut included."""
        np = self.np
        spot = points[:, self.place[self.spot[instrument.underlying]]]
        if stress is not None:
            spot = spot * (1 + float(stress.move))
        if instrument.kind in ("deposit", "borrow"):
            return spot * float(instrument.weight or 1)
        if instrument.kind == "perpetual":
            return spot * self._at(instrument.basis, points, 1.0)
        expiry = self.expiries[instrument.underlying, instrument.expiry or 0]
        forward = spot * self._at(expiry.basis, points, 1.0)
        if instrument.kind == "future":
            return forward
        years = ((instrument.expiry or 0) - points[:, self.place["time"]]) / _YEAR
        volatility = self._volatility(instrument, expiry, points)
        if stress is not None:
            volatility = self._shocked(volatility, years, stress)
        deviation = np.maximum(volatility * np.sqrt(years), 1e-300)
        strike = float(instrument.strike or 0)
        d1 = np.log(forward / strike) / deviation + deviation / 2
        d2 = d1 - deviation
        if instrument.option_type == "call":
            return forward * self.ndtr(d1) - strike * self.ndtr(d2)
        return strike * self.ndtr(-d2) - forward * self.ndtr(-d1)

    def _at(self, feed: str | None, points: Floats, without: float) -> Any:
        return without if feed is None else points[:, self.place[feed]]

    def _volatility(self, instrument: OptionInstrument, expiry: ExpiryInput, points: Floats) -> Floats:
        volatility = self.np.full(len(points), float(instrument.volatility or 0))
        level = self.level.get(instrument.underlying)
        for feed, weight in ((level, float(expiry.weight)), (expiry.spread, 1.0)):
            if feed is not None:
                place = self.place[feed]
                volatility = volatility + weight * (points[:, place] - self.coordinates[place].mark)
        return volatility

    def _shocked(self, volatility: Floats, years: Floats, stress: ScenarioInput) -> Floats:
        np, grid = self.np, self.market.grid
        days = np.maximum(float(grid.floor_days), years * _DAYS)
        power = np.where(days < _SPLIT, float(grid.short_power), float(grid.long_power))
        shock = float(stress.shock) * (_SPLIT / days) ** power
        moved = volatility * (1 + shock) + float(stress.volatility_shift)
        return np.maximum(moved, float(stress.least))

    def _charge(self, instrument: OptionInstrument, size: float, points: Floats) -> Floats:
        rates = self.terms.charges
        spot = points[:, self.place[self.spot[instrument.underlying]]]
        if instrument.kind == "option":
            return spot * float(rates.option_long if size > 0 else rates.option_short)
        return spot * (float(rates.linear) if instrument.kind in ("perpetual", "future") else 0.0)
