"""Deribit's portfolio margin as a table: the price and volatility matrix, the extended moves, the roll shock.

Rules and sources: `prover.venues.deribit`. What is carried:

* the matrix and the extended table: one node each with its own factor, exactly, in the quote currency or,
  where losses are counted in coins at the shocked price, divided by 1 + move. The cell with neither move nor
  shock is the zero stress. With `unchanged` = ``charged``, cells whose price moves and whose volatility does
  not have no nodes: they are bounded by the cells above and below them, and then both corners of a band fit
  64 nodes;
* the extended dampener lessens far losses by an amount that is not proportional to the book: left out, so
  the table is above the venue by at most that amount, and equal where the matrix is the worst;
* the roll shock: every expiry is a subgroup that pays its rate on the absolute net delta; with a band, at the
  highest price, and what deltas differ over the band is charged line by line;
* the delta shock: position limits keep an account of so many lines below its threshold, where there is none.
  Without limits the builder charges its largest share on every expiry's net delta, from above.

Maintenance is a share of initial.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from verifier.circuits import Layout, instances
from verifier.errors import FormatError
from verifier.market import Level

from ..pricing.machine import exact, machine, number
from .gaps import STAYS, Band, Drift, bends, delta_drift
from .grid import Beside
from .stress import Asset, Stress, StressGrid, delta, valuations

__all__ = ["DeribitRules", "deribit_beside", "deribit_grid", "lines_cover", "unchanged_cells"]

_ZERO = Fraction(0)
_SAME = "same"
_EXTENDED = tuple(Fraction(move) for move in ("-0.66", "-0.33", "0.5", "1", "2", "3", "4", "5"))


@dataclass(frozen=True)
class DeribitRules:
    """Parameters of a currency pair; see `prover.venues.deribit.Rates`.

    Attributes
    ----------
    lines
        The delta shock is kept away by position limits for accounts of up to this many lines; 0 charges it
        at its largest share instead. Never fewer than a circuit of the layout has slots: `lines_cover`.
    unchanged
        Whether the cells whose price moves and whose volatility does not have ``nodes`` of their own, or are
        ``charged``: see `unchanged_cells`. That makes room for a band.
    """

    price_range: Fraction = Fraction("0.16")
    buckets: int = 4
    volatility_up: Fraction = Fraction("0.5")
    volatility_down: Fraction = Fraction("0.25")
    short_power: Fraction = Fraction("0.3")
    long_power: Fraction = Fraction("0.13")
    least_up_volatility: Fraction = Fraction("0.5")
    extended: tuple[Fraction, ...] = _EXTENDED
    extended_factor: Fraction = Fraction(1)
    annual_move: Fraction = Fraction("0.075")
    least_move: Fraction = Fraction("0.01")
    delta_threshold: Fraction = Fraction(20_000_000)
    delta_shock: Fraction = Fraction("0.1")
    maintenance: Fraction = Fraction("0.8")
    settlement: Literal["linear", "coin"] = "linear"
    lines: int = 0
    unchanged: Literal["nodes", "charged"] = "nodes"

    def __post_init__(self) -> None:
        """Parameters that no price could be made of."""
        if not 0 < self.price_range < 1 or self.buckets < 1:
            raise FormatError("price_range", "is not above 0 and below 1, or has no bucket")
        if any(move <= -1 or not move for move in self.extended):
            raise FormatError("extended", "has a price of zero or below, or no move")
        if not 0 < self.maintenance <= 1:
            raise FormatError("maintenance", "is not above 0 and at most 1")
        # A charge below zero would pay its holder.
        for name in ("extended_factor", "annual_move", "least_move", "delta_threshold", "delta_shock"):
            if getattr(self, name) < 0:
                raise FormatError(name, "is below zero", value=str(getattr(self, name)))

    def share(self, level: Level) -> Fraction:
        """Share of the initial requirement that a level asks for."""
        return self.maintenance if level == "maintenance" else Fraction(1)

    def counted(self, move: Fraction) -> Fraction:
        """What turns a loss at a shocked price into one at today's: 1, or 1 / (1 + move) in coins."""
        return 1 / (1 + move) if self.settlement == "coin" else Fraction(1)


def lines_cover(rules: DeribitRules, layout: Layout) -> None:
    """Refuse position limits that are meant for fewer lines than an account may hold.

    An account with more would come above the threshold with each line within its limit, and pay no shock.

    Raises
    ------
    FormatError
        Names how many lines the circuits of the layout have room for.
    """
    most = max((each.slots for each in instances().values() if each.layout.name == layout.name), default=0)
    if 0 < rules.lines < most:
        raise FormatError(
            "deribit.lines",
            f"is below the {most} positions that a circuit of {layout.name} has room for",
            value=rules.lines,
            mend=f"Use {most} or more, or 0 to charge the delta shock",
        )


def deribit_grid(rules: DeribitRules, level: Level, *, whole: bool = False) -> StressGrid:
    """The matrix without its still cell, then the extended moves.

    Parameters
    ----------
    rules, level
        The pair's.
    whole
        With the cells of an unchanged volatility, even where these are charged.
    """
    nodes = whole or rules.unchanged == "nodes"
    up = {"shock": rules.volatility_up, "least": rules.least_up_volatility}
    shocks: tuple[tuple[str, dict[str, Fraction]], ...] = (
        ("up", up),
        (_SAME, {}),
        ("down", {"shock": -rules.volatility_down}),
    )
    stresses = []
    for step in range(-rules.buckets, rules.buckets + 1):
        move = rules.price_range * step / rules.buckets
        stresses += [
            Stress(
                name=f"price {step:+d} {name}" if step else f"price 0 {name}",
                move=move,
                factor=rules.counted(move),
                **shock,
            )
            for name, shock in shocks
            if name != _SAME or (step and nodes)
        ]
    for place, move in enumerate(rules.extended):
        clipped = max(-rules.price_range, min(rules.price_range, move))
        weight = rules.extended_factor * rules.price_range / abs(move) * rules.counted(clipped)
        stresses.append(Stress(name=f"extended {place + 1}", move=move, factor=weight, **up))
    return StressGrid("deribit", tuple(stresses), rules.short_power, rules.long_power).scaled(
        rules.share(level)
    )


def deribit_beside(
    rules: DeribitRules,
    level: Level,
    asset: Asset,
    band: Band,
    *,
    spot: Fraction,
    lot: Fraction,
    expiry: int,
    years: Fraction,
    drift: Drift = STAYS,
) -> Beside:
    """What one row pays beside its scenarios.

    Parameters
    ----------
    rules, level
        The pair's.
    asset, band
        The instrument, and its forward's prices.
    spot
        The highest index of the band, quote units a unit.
    lot
        Units a lot.
    expiry
        Id of the expiry, from 1.
    years
        To expiry; 0 for a perpetual.
    drift
        What volatility and time may do to a delta.
    """
    context = machine().context
    grown = context.expm1(context.mul(number(rules.annual_move), number(years)))
    rate = max(rules.least_move, exact(grown))
    limit = None
    if rules.lines:
        limit = rules.delta_threshold / rules.lines / (spot * lot)
    else:
        rate += rules.delta_shock
    amount = rate * spot * lot * rules.share(level)
    ends = [delta(asset, price, asset.volatility) for _, price in band.corners]
    middle = (ends[0] + ends[-1]) / 2
    apart = abs(ends[0] - ends[-1]) / 2 + delta_drift(asset, band, drift)
    cells = (_ZERO, _ZERO) if rules.unchanged == "nodes" else unchanged_cells(rules, level, asset, band)
    return Beside(
        addon_long=amount * apart + cells[0] * lot,
        addon_short=amount * apart + cells[1] * lot,
        subgroup=expiry,
        subnode=amount * middle,
        largest=limit,
    )


def unchanged_cells(rules: DeribitRules, level: Level, asset: Asset, band: Band) -> tuple[Fraction, Fraction]:
    """What cells of an unchanged volatility may cost beyond the cells above and below them.

    Both those have nodes, so a book's loss covers any mixture of theirs, of one weight for all of its lines.
    A line's value in the unchanged cell differs from that mixture by an amount that is known at the corners
    and bounded between them by curvature: where the mixture is worth more, a long pays for it, else a short.

    Returns
    -------
    tuple of Fraction
        Quote units a unit, for a long and for a short, both 0 or more.
    """
    if asset.strike is None:
        return _ZERO, _ZERO
    grid = deribit_grid(rules, level, whole=True)
    at = valuations(asset, grid, [price for _, price in band.corners])
    bent = bends(asset, band, grid)
    spread = rules.volatility_up + rules.volatility_down
    weight = rules.volatility_down / spread if spread else Fraction(1, 2)
    long = short = _ZERO
    places = {each.name: place for place, each in enumerate(grid.stresses)}
    for name, place in places.items():
        if not name.endswith(_SAME):
            continue
        up, down = (places[name.replace(_SAME, side)] for side in ("up", "down"))
        apart = [
            weight * exact(each.stressed[up])
            + (1 - weight) * exact(each.stressed[down])
            - exact(each.stressed[place])
            for each in at
        ]
        factor = grid.stresses[place].factor
        long = max(long, factor * (max(apart) + bent[place]))
        short = max(short, factor * (weight * bent[up] + (1 - weight) * bent[down] - min(apart)))
    return long, short
