"""Tiered charges as exact functions of notional, and how many tiers become few brackets from above.

A charge is piecewise linear and never falls: piece k charges x·rate − deduction from its start to that of
the next. All numbers are Fractions in quote units.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from verifier.errors import FormatError

__all__ = ["Charge", "Merge", "Piece", "chords", "marginal", "merge", "whole"]


@dataclass(frozen=True)
class Piece:
    """From notional `start` on, the charge is x·`rate` − `deduction`."""

    start: Fraction
    rate: Fraction
    deduction: Fraction

    def at(self, notional: Fraction) -> Fraction:
        """The line's value."""
        return notional * self.rate - self.deduction


@dataclass(frozen=True)
class Charge:
    """A charge that never falls.

    Attributes
    ----------
    pieces
        By increasing start, the first from 0. Where two pieces jump, the bound belongs to the upper one.
    limit
        Largest notional that may be held; None for no limit.
    """

    pieces: tuple[Piece, ...]
    limit: Fraction | None = None

    def __post_init__(self) -> None:
        """Refuse pieces out of order."""
        first = self.pieces[0]
        if first.start != 0 or first.deduction > 0:
            raise FormatError("tiers", "must start at 0 and charge nothing negative there")
        for before, after in pairwise(self.pieces):
            if after.start <= before.start:
                raise FormatError("tiers", "must ascend", value=str(after.start), mend="Sort them by floor")
        if self.limit is not None and self.limit <= self.pieces[-1].start:
            raise FormatError("tiers", "start above the position limit", mend="Leave those tiers out")

    def rising(self) -> Charge:
        """The charge itself, if it never falls as the notional grows.

        Raises
        ------
        FormatError
            When it falls: then the highest price of a band is not its worst edge.
        """
        if any(piece.rate < 0 for piece in self.pieces):
            raise FormatError("tiers", "have a negative rate")
        for before, after in pairwise(self.pieces):
            if after.at(after.start) < before.at(after.start):
                raise FormatError(
                    "tiers",
                    f"charge less from {after.start} on than just below it",
                    mend="A charge that falls as a position grows cannot be bounded over a band",
                )
        return self

    def at(self, notional: Fraction) -> Fraction:
        """What is charged on a notional."""
        return [piece for piece in self.pieces if piece.start <= notional][-1].at(notional)

    def end(self, place: int) -> Fraction | None:
        """Where piece `place` ends; None when it goes on for ever."""
        return self.pieces[place + 1].start if place + 1 < len(self.pieces) else self.limit

    def capped(self, limit: Fraction | None) -> Charge:
        """The charge up to a position limit; pieces that no position reaches fall away."""
        if limit is None:
            return self
        return Charge(tuple(piece for piece in self.pieces if piece.start < limit), limit)

    def with_minimum(self, least: Fraction) -> Charge:
        """The larger of this charge and `least`."""
        pieces = [Piece(Fraction(0), Fraction(0), -least)]
        for place, piece in enumerate(self.pieces):
            end = self.end(place)
            if piece.rate == 0:
                if -piece.deduction <= least:
                    continue
                start = piece.start
            elif end is not None and piece.at(end) <= least:
                continue
            else:
                start = max(piece.start, (least + piece.deduction) / piece.rate)
            if start == 0:
                pieces = []
            pieces.append(Piece(start, piece.rate, piece.deduction))
        return Charge(tuple(pieces), self.limit)


def marginal(tiers: Sequence[tuple[Fraction, Fraction]], limit: Fraction | None = None) -> Charge:
    """Each part of the notional is charged at its own tier's rate, so the charge is continuous.

    The deductions follow exactly: deduction_k = deduction_{k−1} + floor_k·(rate_k − rate_{k−1}).

    Parameters
    ----------
    tiers
        (floor, rate) by increasing floor.
    limit
        Largest notional.
    """
    pieces: list[Piece] = []
    for start, rate in tiers:
        deduction = pieces[-1].deduction + start * (rate - pieces[-1].rate) if pieces else Fraction(0)
        pieces.append(Piece(start, rate, deduction))
    return Charge(tuple(pieces), limit)


def whole(tiers: Sequence[tuple[Fraction, Fraction]], limit: Fraction | None = None) -> Charge:
    """The whole notional is charged at the rate of the tier that it reaches, so the charge jumps."""
    return Charge(tuple(Piece(start, rate, Fraction(0)) for start, rate in tiers), limit)


def chords(points: Sequence[tuple[Fraction, Fraction]]) -> Charge:
    """The polygon through (notional, charge) points: above any convex charge that it touches there.

    Parameters
    ----------
    points
        By increasing notional, the first at 0; the last is the limit.

    Raises
    ------
    FormatError
        When the points are not those of a convex charge that never falls.
    """
    pieces: list[Piece] = []
    for (left, low), (right, high) in pairwise(points):
        rate = (high - low) / (right - left)
        if pieces and rate < pieces[-1].rate:
            raise FormatError(
                "points", f"are not convex at {left}", mend="A chord would lie below the charge"
            )
        pieces.append(Piece(left, rate, left * rate - low))
    return Charge(tuple(pieces), points[-1][0])


@dataclass(frozen=True)
class Merge:
    """Tiers put together from above.

    Attributes
    ----------
    charge
        The merged charge: nowhere below the original.
    tiers
        Which original tiers (from 1) each piece stands for; a cut inside a tier puts it into two.
    overcharge
        The worst relative excess over the original charge; over the notional where the original starts at
        rate 0 (a haircut's first tier).
    """

    charge: Charge
    tiers: tuple[tuple[int, ...], ...]
    overcharge: Fraction


_HOPELESS = 10**6
_HALVINGS = 16


@lru_cache(maxsize=1024)
def merge(charge: Charge, count: int) -> Merge:
    """Put tiers together until `count` pieces are left, from above, with the least worst overcharge.

    A run of notional becomes one line on or above the charge: the chord, where the charge is convex; where it
    jumps, the best edge of its upper hull. Cuts are tier floors or numbers of two digits. A longer run never
    costs less, so for a given overcharge the farthest cut is the best one, and the least overcharge is found
    by halving. All of it in fractions.

    Raises
    ------
    FormatError
        When no lines bound the charge with a bounded overcharge.
    """
    total = len(charge.pieces)
    if total <= count:
        return Merge(charge, tuple((place + 1,) for place in range(total)), Fraction(0))
    search = _Search(charge, count)
    low, high = Fraction(0), Fraction(1)
    while (cuts := search.cuts(high)) is None:
        high *= 2
        if high > _HOPELESS:
            raise FormatError("tiers", f"cannot be bounded from above by {count} lines", mend="Use fewer")
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        better = search.cuts(middle)
        if better is None:
            low = middle
        else:
            cuts, high = better, middle
    runs = [*pairwise(cuts), (cuts[-1], None)]
    found = [each for each in (search.line(start, end) for start, end in runs) if each is not None]
    return Merge(
        Charge(tuple(line for _, line in found), charge.limit),
        tuple(search.tiers(start, end) for start, end in runs),
        max(over for over, _ in found),
    )


class _Search:
    """Lines over runs of one charge, and the cuts that keep every line within an overcharge."""

    def __init__(self, charge: Charge, count: int) -> None:
        self.charge = charge
        self.count = count
        self.points = _cut_points(charge)
        self.by_notional = charge.pieces[0].rate == 0 and charge.pieces[0].deduction == 0
        self._lines: dict[tuple[Fraction, Fraction | None], tuple[Fraction, Piece] | None] = {}

    def cuts(self, allowed: Fraction) -> tuple[Fraction, ...] | None:
        """Starts of at most `count` runs with no line above `allowed`; None when there are none."""
        starts = [Fraction(0)]
        while not self._within(starts[-1], None, allowed):
            if len(starts) == self.count:
                return None
            low, high = bisect_right(self.points, starts[-1]), len(self.points)
            first = low
            while low < high:
                middle = (low + high) // 2
                if self._within(starts[-1], self.points[middle], allowed):
                    low = middle + 1
                else:
                    high = middle
            if low == first:
                return None
            starts.append(self.points[low - 1])
        return tuple(starts)

    def _within(self, start: Fraction, end: Fraction | None, allowed: Fraction) -> bool:
        found = self.line(start, end)
        return found is not None and found[0] <= allowed

    def line(self, start: Fraction, end: Fraction | None) -> tuple[Fraction, Piece] | None:
        """(overcharge, line) of the best line found on or above the charge from `start` to `end`."""
        key = (start, end)
        if key not in self._lines:
            self._lines[key] = self._line(start, end)
        return self._lines[key]

    def tiers(self, start: Fraction, end: Fraction | None) -> tuple[int, ...]:
        """Numbers, from 1, of the pieces that a run touches."""
        touched = [piece for piece, _, _ in self._parts(start, end)]
        return tuple(place + 1 for place, piece in enumerate(self.charge.pieces) if piece in touched)

    def _line(self, start: Fraction, end: Fraction | None) -> tuple[Fraction, Piece] | None:
        parts = self._parts(start, end)
        corners = [(x, piece.at(x)) for piece, left, right in parts for x in (left, right) if x is not None]
        best: tuple[Fraction, Piece] | None = None
        for rate, deduction in _candidates(corners, parts[-1][0].rate if parts[-1][2] is None else None):
            candidate = Piece(start, rate, deduction)
            if any(candidate.at(x) < y for x, y in corners):
                continue
            over = self._overcharge(parts, candidate)
            if over is not None and (best is None or over < best[0]):
                best = (over, candidate)
        return best

    def _parts(self, start: Fraction, end: Fraction | None) -> list[tuple[Piece, Fraction, Fraction | None]]:
        """The pieces of a run, each with the part of it that lies inside; None is no end."""
        parts = []
        for place, piece in enumerate(self.charge.pieces):
            ends = [each for each in (self.charge.end(place), end) if each is not None]
            left, right = max(start, piece.start), min(ends, default=None)
            if right is None or left < right:
                parts.append((piece, left, right))
        return parts

    def _overcharge(
        self, parts: Sequence[tuple[Piece, Fraction, Fraction | None]], line: Piece
    ) -> Fraction | None:
        """Worst relative excess of `line`; None when it has no bound."""
        worst = Fraction(0)
        for piece, left, right in parts:
            # Both are lines here, so their ratio is monotone: the ends decide.
            for x in (left, right):
                if x is None or (x == 0 and piece.deduction == 0):
                    if x is not None and line.deduction != 0:
                        return None
                    excess, base = line.rate - piece.rate, Fraction(1) if self.by_notional else piece.rate
                else:
                    excess, base = line.at(x) - piece.at(x), x if self.by_notional else piece.at(x)
                if base == 0 and excess:
                    return None
                if base:
                    worst = max(worst, excess / base)
        return worst


def _candidates(
    corners: Sequence[tuple[Fraction, Fraction]], open_rate: Fraction | None
) -> list[tuple[Fraction, Fraction]]:
    """(rate, deduction) of the lines worth trying: hull edges, one through the origin, an open end's rate."""
    lines = []
    if open_rate is not None:
        lines.append((open_rate, min(x * open_rate - y for x, y in corners)))
    steepest = max((y / x for x, y in corners if x), default=Fraction(0))
    lines.append((max(steepest, open_rate or steepest), Fraction(0)))
    for (x1, y1), (x2, y2) in pairwise(_upper_hull(corners)):
        rate = (y2 - y1) / (x2 - x1)
        if rate >= (open_rate or 0):
            lines.append((rate, x1 * rate - y1))
    return lines


def _upper_hull(corners: Sequence[tuple[Fraction, Fraction]]) -> list[tuple[Fraction, Fraction]]:
    """The corners of the least concave line over all of them, from left to right."""
    highest: dict[Fraction, Fraction] = {}
    for x, y in corners:
        highest[x] = max(y, highest.get(x, y))
    hull: list[tuple[Fraction, Fraction]] = []
    for corner in sorted(highest.items()):
        while len(hull) > 1 and _below(hull[-2], hull[-1], corner):
            hull.pop()
        hull.append(corner)
    return hull


def _below(
    left: tuple[Fraction, Fraction], middle: tuple[Fraction, Fraction], right: tuple[Fraction, Fraction]
) -> bool:
    """Whether `middle` is on or below the line from `left` to `right`."""
    return (middle[1] - left[1]) * (right[0] - left[0]) <= (right[1] - left[1]) * (middle[0] - left[0])


def _cut_points(charge: Charge) -> list[Fraction]:
    """Where runs may be cut: tier floors, and numbers of two significant digits between them."""
    floors = [piece.start for piece in charge.pieces[1:]]
    points = set(floors)
    step = Fraction(1)
    while step * 100 < floors[0]:
        step *= 10
    while step * 10 > floors[0]:
        step /= 10
    while step * 10 <= floors[-1]:
        points |= {step * digits for digits in range(10, 100) if floors[0] <= step * digits <= floors[-1]}
        step *= 10
    return sorted(points)
