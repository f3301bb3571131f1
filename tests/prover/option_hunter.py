"""Looks for a point of the box at which a venue would ask for more than a table said."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from scipy.optimize import differential_evolution, minimize

from prover.engine import evaluate
from prover.venues.options import OptionsVenue
from verifier.market import Snapshot
from verifier.numbers import parse_decimal
from verifier.rows import Row

_UNITS = 10**8
_MONEY = 10**14


def table_excess(
    snapshot: Snapshot, holdings: Mapping[str, int], cash: int, rows: Mapping[int, Row] | None = None
) -> Fraction:
    """Equity minus requirement by the table, quote units; holdings in 1e-8 lot."""
    indexes = snapshot.universe.indexes()
    positions = sorted((indexes[name], size) for name, size in holdings.items() if size)
    made = rows if rows is not None else snapshot.row_map()
    report = evaluate(positions, cash * _MONEY, made, layout=snapshot.shape)
    return Fraction(report.excess, _MONEY)


def units(snapshot: Snapshot, holdings: Mapping[str, int]) -> dict[str, float]:
    """Holdings in units of the underlying."""
    lots = {each.id: parse_decimal(each.lot) for each in snapshot.universe.instruments}
    return {name: float(size * lots[name] / _UNITS) for name, size in holdings.items() if size}


class Hunter:
    """Searches one venue's box."""

    def __init__(self, venue: OptionsVenue, seed: int) -> None:
        self.venue = venue
        self.random = np.random.default_rng(seed)
        self.low = np.array([each.low for each in venue.coordinates])
        self.high = np.array([each.high for each in venue.coordinates])
        self.moving = [place for place in range(len(self.low)) if self.low[place] < self.high[place]]

    def points(self, parts: Any) -> Any:
        """Points of the box from parts between 0 and 1 of its moving directions."""
        made = np.tile(self.venue.mark(), (len(parts), 1))
        for column, place in enumerate(self.moving):
            made[:, place] = self.low[place] + (self.high[place] - self.low[place]) * parts[:, column]
        return made

    def worst(
        self, holdings: Mapping[str, float], cash: float, *, samples: int = 400, starts: int = 2
    ) -> tuple[float, Any]:
        """The lowest excess that a search finds, and where: corners, random points, then descent."""
        width = len(self.moving)
        parts = [np.full((1, width), 0.5), self.random.random((samples, width))]
        if width <= 8:
            parts.append(np.array(list(product((0.0, 1.0), repeat=width))))
        # Steps along the first two directions with the others at an end: where gaps are widest.
        ends = self.random.integers(0, 2, (samples, width)).astype(float)
        ends[:, :2] = self.random.random((samples, min(2, width)))
        tried = np.concatenate([*parts, ends])
        found = self.venue.excess(holdings, cash, self.points(tried))
        order = np.argsort(found)
        best, where = float(found[order[0]]), tried[order[0]]

        def at(part: Any) -> float:
            inside = np.clip(part, 0, 1)[None, :]
            return float(self.venue.excess(holdings, cash, self.points(inside))[0])

        for start in tried[order[:starts]]:
            ran = minimize(at, start, method="Nelder-Mead", options={"maxiter": 120, "fatol": 1e-9})
            if ran.fun < best:
                best, where = float(ran.fun), np.clip(ran.x, 0, 1)
        return best, where

    def evolved(self, holdings: Mapping[str, float], cash: float, seed: int) -> float:
        """The lowest excess that differential evolution finds."""

        def at(parts: Any) -> Any:
            return self.venue.excess(holdings, cash, self.points(np.clip(parts.T, 0, 1)))

        ran = differential_evolution(
            at, [(0, 1)] * len(self.moving), rng=seed, maxiter=40, popsize=8, vectorized=True,
            updating="deferred", polish=False,
        )  # fmt: skip
        return float(ran.fun)

    def jointly(
        self, snapshot: Snapshot, rows: Mapping[int, Row], names: list[str], seed: int, *, rounds: int = 25
    ) -> float:
        """The largest undercharge that differential evolution finds over sizes and the point together."""
        count = len(names)

        def at(given: Any) -> float:
            held = {name: int(size) for name, size in zip(names, given[:count], strict=True)}
            if not any(held.values()):
                return 0.0
            point = self.points(given[None, count:])
            asked = float(self.venue.excess(units(snapshot, held), 0.0, point)[0])
            return asked - float(table_excess(snapshot, held, 0, rows))

        limits = [(-_UNITS, _UNITS)] * count + [(0, 1)] * len(self.moving)
        ran = differential_evolution(at, limits, rng=seed, maxiter=rounds, popsize=5, polish=False)
        return -float(ran.fun)


def holding(random: Any, names: list[str], most: int) -> dict[str, int]:
    """A random portfolio: signed sizes in 1e-8 lot of up to `most` instruments."""
    count = random.randint(1, most)
    picked = random.sample(names, min(count, len(names)))
    return {name: random.choice((-1, 1)) * random.randrange(1, 3 * _UNITS) for name in picked}


def short_by(
    snapshot: Snapshot,
    venue: OptionsVenue,
    holdings: Mapping[str, int],
    hunter: Hunter,
    rows: Mapping[int, Row] | None = None,
    **search: int,
) -> float:
    """By how much a table undercharges a book somewhere in the box, quote units; below 0: overcharges."""
    said = float(table_excess(snapshot, holdings, 0, rows))
    return said - hunter.worst(units(snapshot, holdings), 0.0, **search)[0]
