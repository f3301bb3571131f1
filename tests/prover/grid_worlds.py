"""Random markets of the three stress grids: the same instruments as rows and for the venue's float engine.

A world moves with one factor: every forward of the group is its mark times that. Sizes are whole 1e-8 lots,
so the float engine and the table hold the very same book.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from prover.engine import MarginReport, evaluate
from prover.tables.deribit import DeribitRules, deribit_beside, deribit_grid
from prover.tables.gaps import STAYS, Band, Drift
from prover.tables.grid import Beside, grid_row
from prover.tables.paradex import ParadexRules, paradex_beside, paradex_grid
from prover.tables.span import SpanRules, span_beside, span_grid
from prover.tables.stress import Asset, StressGrid, delta
from prover.venues import deribit, paradex, span
from verifier.circuits import Layout, layout
from verifier.rows import Row

F = Fraction
STILL = F(0)
MONEY = 10**14
LEVELS = ("maintenance", "initial")
WIDE = layout("s64-k1-d5-csi")
MIDDLE = layout("s36-k1-d5-sao")
PLAIN = layout("s24-k2-d5")

Book = Mapping[int, int]
"""Signed sizes in 1e-8 lots, by row."""


@dataclass(frozen=True)
class Point:
    """Where a world stands: forwards `factor` times their marks, volatilities apart, some years gone."""

    factor: float
    shifts: Mapping[int, float] = field(default_factory=dict)
    elapsed: float = 0.0

    def shift(self, index: int) -> float:
        return self.shifts.get(index, 0.0)


def point_of(where: Point | float) -> Point:
    return where if isinstance(where, Point) else Point(where)


@dataclass(frozen=True)
class World:
    """Rows, and what the venue says of a book.

    Attributes
    ----------
    rows, shape
        The table.
    worth
        What one lot of each row is worth at a point, quote units.
    asks
        What the venue asks for a book at a point.
    width
        Half-width of the band.
    """

    rows: Mapping[int, Row]
    shape: Layout
    worth: Callable[[int, Point], float]
    asks: Callable[[Book, Point], float]
    width: float

    def requirement(self, book: Book, where: Point | float) -> float:
        """What the venue asks for."""
        return self.asks(book, point_of(where))

    def table(self, book: Book) -> MarginReport:
        return evaluate(sorted(book.items()), 0, self.rows, layout=self.shape)

    def asked(self, book: Book) -> float:
        """The table's requirement, quote units."""
        return self.table(book).requirement / MONEY

    def left(self, book: Book) -> float:
        """The table's excess without cash, quote units."""
        return self.table(book).excess / MONEY

    def venue_left(self, book: Book, where: Point | float) -> float:
        """The venue's excess without cash."""
        point = point_of(where)
        worth = sum(size / 1e8 * self.worth(index, point) for index, size in book.items())
        return worth - self.asks(book, point)

    def anywhere(self, rng: random.Random, volatility: float, window: float) -> Point:
        """A point of the box: at its ends half of the time, every option's volatility by itself."""

        def within(most: float) -> float:
            return rng.choice((-most, most)) if rng.random() < 0.5 else rng.uniform(-most, most)

        shifts = {index: within(volatility) for index in self.rows}
        if rng.random() < 0.3:
            shifts = dict.fromkeys(self.rows, within(volatility))
        return Point(1 + within(self.width), shifts, rng.choice((0.0, window, rng.uniform(0, window))))

    def book(self, rng: random.Random, most: int = 8) -> Book:
        """A random book; offsetting lines are as likely as naked ones."""
        picked = rng.sample(sorted(self.rows), rng.randint(1, min(most, len(self.rows))))
        sizes = {index: round(rng.choice((-1, 1)) * rng.uniform(0.01, 5) * 1e8) for index in picked}
        if rng.random() < 0.4:
            same = rng.randint(1, 5) * 10**8
            sizes = {index: same if size > 0 else -same for index, size in sizes.items()}
        return sizes

    def gross(self, book: Book) -> float:
        """Lots, both sides together."""
        return sum(abs(size) for size in book.values()) / 1e8


def _band(price: Fraction, width: Fraction) -> Band:
    return Band.around(price, width) if width else Band.still(price)


def _assets(
    rng: random.Random,
    forwards: list[tuple[Fraction, Fraction]],
    each: int,
    volatilities: tuple[int, int] = (30, 110),
    strikes: tuple[float, float] = (0.6, 1.5),
) -> list[tuple[int, Asset]]:
    """Futures and options by expiry: (expiry, asset)."""
    made: list[tuple[int, Asset]] = []
    for place, (forward, years) in enumerate(forwards):
        made.append((place, Asset(forward, years=years)))
        if not years:
            continue
        for _ in range(each):
            made.append(
                (
                    place,
                    Asset(
                        forward,
                        strike=F(round(float(forward) * rng.uniform(*strikes), 1)).limit_denominator(10),
                        volatility=F(rng.randint(*volatilities), 100),
                        years=years,
                        call=rng.random() < 0.5,
                    ),
                )
            )
    return made


def span_world(
    rng: random.Random,
    level: Any,
    *,
    width: Fraction = STILL,
    drift: Drift = STAYS,
    shape: Layout = WIDE,
    futures_only: bool = False,
    edit: Callable[[SpanRules], SpanRules] = lambda rules: rules,
    grid: Callable[[StressGrid], StressGrid] = lambda made: made,
) -> World:
    """Three months of a commodity with options on each; `edit` and `grid` plant bugs in the table alone."""
    price = F(rng.randint(200, 900))
    rules = SpanRules(
        price_range=F(rng.randint(4, 10), 100) * price,
        volatility_range=F(rng.randint(2, 9), 100),
        extreme=rng.choice(("double", "triple")),
        spread_rate=F(rng.randint(0, 400)),
        minimum=F(rng.randint(100, 2500)),
        initial_share=F(rng.choice(("1", "1.1", "1.35"))),
    )
    contracts = F(50)
    months = [(price * (100 + step) / 100, F(step + 1, 24)) for step in range(3)]
    assets = _assets(rng, months, 0 if futures_only else 4, (10, 40), (0.75, 1.3))
    # Composite deltas are the clearing house's own, so they need not be Black-76's; here they nearly are.
    deltas = {
        index: round(delta(asset, asset.price, asset.volatility), 2)
        for index, (_, asset) in enumerate(assets)
    }
    used = edit(rules)
    rows = {
        index: grid_row(
            asset,
            _band(asset.price, width),
            grid(span_grid(used, level)),
            shape,
            group=1,
            lot=contracts,
            beside=span_beside(
                used, level, month=month + 1, delta=deltas[index], contracts=F(1), option=bool(asset.strike)
            ),
            charged=True,
            drift=drift,
        )
        for index, (month, asset) in enumerate(assets)
    }
    share = float(rules.share(level))

    def contract(index: int, point: Point) -> span.Contract:
        asset = assets[index][1]
        return span.Contract(
            float(asset.price) * point.factor,
            float(contracts),
            float(rules.price_range),
            float(rules.volatility_range),
            None if asset.strike is None else float(asset.strike),
            float(asset.volatility) + point.shift(index),
            float(asset.years) - point.elapsed,
            asset.call,
        )

    def worth(index: int, point: Point) -> float:
        made = contract(index, point)
        return made.value(made.price, made.volatility)

    def requirement(book: Book, point: Point) -> float:
        arrays = {str(index): span.risk_array(contract(index, point), rules.extreme) for index in book}
        return (
            share
            * span.margin(
                {str(index): size / 1e8 for index, size in book.items()},
                arrays,
                months={str(index): (str(assets[index][0]), float(deltas[index])) for index in book},
                spread_rate=float(rules.spread_rate),
                minimums={str(index): float(rules.minimum) for index in book if assets[index][1].strike},
            ).requirement
        )

    return World(rows, shape, worth, requirement, float(width))


def paradex_world(
    rng: random.Random,
    level: Any,
    *,
    width: Fraction = STILL,
    drift: Drift = STAYS,
    shape: Layout = WIDE,
    edit: Callable[[ParadexRules], ParadexRules] = lambda rules: rules,
    beside: Callable[[Beside], Beside] = lambda made: made,
) -> World:
    """A perpetual and two expiries of options; `edit` and `beside` plant bugs in the table alone."""
    spot = F(rng.randint(20_000, 90_000))
    rules = ParadexRules()
    fee = F(rng.randint(0, 40))
    lot = F(rng.choice(("1", "0.1")))
    forwards = [(spot, F(0)), (spot * F(101, 100), F(9, 365)), (spot * F(103, 100), F(70, 365))]
    assets = _assets(rng, forwards, 6)
    rows = {
        index: grid_row(
            asset,
            _band(asset.price, width),
            paradex_grid(edit(rules), level),
            shape,
            group=1,
            lot=lot,
            beside=beside(
                paradex_beside(
                    edit(rules),
                    level,
                    asset,
                    _band(asset.price, width),
                    spot=spot * (1 + width),
                    lot=lot,
                    fee=fee,
                    drift=drift,
                )
            ),
            charged=True,
            drift=drift,
        )
        for index, (_, asset) in enumerate(assets)
    }

    def held(index: int, size: float, point: Point) -> paradex.Held:
        asset = assets[index][1]
        return paradex.Held(
            size * float(lot),
            float(asset.price) * point.factor,
            None if asset.strike is None else float(asset.strike),
            float(asset.volatility) + point.shift(index),
            max(0.0, float(asset.years) - point.elapsed) * 365,
            asset.call,
            float(fee),
        )

    def worth(index: int, point: Point) -> float:
        made = held(index, 1.0, point)
        return float(lot) * made.value(made.forward, made.volatility)

    def requirement(book: Book, point: Point) -> float:
        lines = [held(index, size / 1e8, point) for index, size in book.items()]
        return paradex.portfolio_margin(lines, float(spot) * point.factor, level)

    return World(rows, shape, worth, requirement, float(width))


def deribit_world(
    rng: random.Random,
    level: Any,
    *,
    width: Fraction = STILL,
    drift: Drift = STAYS,
    shape: Layout = WIDE,
    coin: bool = False,
    dampener: float = 0.0,
    lines: int = 12,
    buckets: int = 4,
    unchanged: Any = "nodes",
    grid: Callable[[StressGrid], StressGrid] = lambda made: made,
) -> World:
    """A perpetual and two expiries of options; `grid` plants bugs in the table alone."""
    spot = F(rng.randint(20_000, 90_000))
    settlement: Any = "coin" if coin else "linear"
    extended = (F("-0.66"), F("-0.33"), F("0.5"), F(1), F(2), F(3), F(4), F(5))
    if buckets < 4:
        extended = extended[:1] + extended[-1:]
    rules = DeribitRules(
        settlement=settlement, lines=lines, buckets=buckets, extended=extended, unchanged=unchanged
    )
    lot = F("0.1")
    forwards = [(spot, F(0)), (spot * F(101, 100), F(9, 365)), (spot * F(103, 100), F(70, 365))]
    assets = _assets(rng, forwards, 6)
    rows = {
        index: grid_row(
            asset,
            _band(asset.price, width),
            grid(deribit_grid(rules, level)),
            shape,
            group=1,
            lot=lot,
            beside=deribit_beside(
                rules,
                level,
                asset,
                _band(asset.price, width),
                spot=spot * (1 + width),
                lot=lot,
                expiry=expiry + 1,
                years=asset.years,
                drift=drift,
            ),
            drift=drift,
            bounded=deribit_grid(rules, level, whole=True),
        )
        for index, (expiry, asset) in enumerate(assets)
    }

    def held(index: int, size: float, point: Point) -> deribit.Held:
        expiry, asset = assets[index]
        return deribit.Held(
            size * float(lot),
            float(asset.price) * point.factor,
            None if asset.strike is None else float(asset.strike),
            float(asset.volatility) + point.shift(index),
            max(0.0, float(asset.years) - point.elapsed) * 365,
            asset.call,
            str(expiry),
        )

    def worth(index: int, point: Point) -> float:
        made = held(index, 1.0, point)
        return float(lot) * made.value(made.forward, made.volatility)

    rates = deribit.Rates(
        settlement=settlement,
        dampener=dampener,
        buckets=buckets,
        extended=tuple(float(move) for move in extended),
    )

    def requirement(book: Book, point: Point) -> float:
        lines_held = [held(index, size / 1e8, point) for index, size in book.items()]
        return deribit.portfolio_margin(lines_held, float(spot) * point.factor, level, rates).requirement

    return World(rows, shape, worth, requirement, float(width))
