"""SPAN as a table: sixteen scenarios with their own factors, months' spreads and the short option minimum.

Rules and sources: `prover.venues.span`. What is carried:

* scan risk: one node a scenario, exactly; extremes with their factor;
* the inter-month charge on offsetting deltas: each month is a subgroup that pays half the rate on its
  absolute net delta, which is the rate on every spread plus half the rate on the commodity's net delta D.
  That second part is given back in the nodes: half the rate times delta, added where the price falls and
  taken off where it rises. A node's loss then falls by at most half the rate times |D|, so nothing is
  undercharged, and where the worst scenario moves against D (as for any book of futures) the charge is exact;
* the short option minimum: a charge on gross size at the last two nodes. SPAN asks for max(scan + spreads,
  minimum), the table for max(scan, minimum) + spreads: above it by at most the spreads, where both apply;
* composite deltas, ranges, rates and minimums are the clearing house's of the day: frozen in the window.

Inter-commodity credits are refused by name: they make one group's loss pay for another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from verifier.circuits import Layout
from verifier.errors import FormatError
from verifier.market import Level
from verifier.rows import Row

from ..pricing.machine import machine, number
from .grid import Beside, fill_row
from .stress import Stress, StressGrid, to_units

__all__ = ["MINIMUM", "SCENARIOS", "SpanRules", "array_row", "span_beside", "span_grid"]

MINIMUM = "short option minimum"
"""Label of the last two nodes."""

_THIRDS = tuple(Fraction(step, 3) for step in (0, 1, -1, 2, -2, 3, -3))
_EXTREMES = {"double": (2, Fraction(35, 100)), "triple": (3, Fraction(33, 100))}
_ZERO = Fraction(0)
_UNIT = 10**6

SCENARIOS = (
    *((step, side) for step in _THIRDS for side in (1, -1)),
    (Fraction(1), 0),
    (Fraction(-1), 0),
)
"""Direction and size of the price move in scan ranges (an extreme's in extremes), and of the volatility's."""


@dataclass(frozen=True)
class SpanRules:
    """A combined commodity's parameters.

    Attributes
    ----------
    price_range
        Price scan range, quote units a unit.
    volatility_range
        Volatility scan range, a year.
    extreme
        ``double`` (twice the range, 35 % considered) or ``triple`` (three times, 33 %).
    lookahead
        Years that pass before an option is valued again.
    spread_rate
        Quote units a spread: a long and a short delta of one in two months.
    minimum
        Short option minimum, quote units a contract.
    initial_share
        What the initial level asks for, as a multiple of maintenance.
    credits
        Inter-commodity credits; none may be given.
    """

    price_range: Fraction = _ZERO
    volatility_range: Fraction = _ZERO
    extreme: Literal["double", "triple"] = "double"
    lookahead: Fraction = _ZERO
    spread_rate: Fraction = _ZERO
    minimum: Fraction = _ZERO
    initial_share: Fraction = Fraction(1)
    credits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no table carries."""
        if self.credits:
            raise FormatError(
                "credits",
                f"{self.credits[0]} is an inter-commodity credit, which a table does not carry",
                mend="Leave credits out: every commodity then pays its own scan risk",
            )
        for name in ("price_range", "volatility_range", "lookahead", "spread_rate", "minimum"):
            if getattr(self, name) < 0:
                raise FormatError(name, "is negative", mend="It must be 0 or more")
        if self.initial_share < 1:
            raise FormatError("initial_share", "is below 1", mend="Initial is not below maintenance")

    def share(self, level: Level) -> Fraction:
        """Multiple of maintenance that a level asks for."""
        return self.initial_share if level == "initial" else Fraction(1)


def span_grid(rules: SpanRules, level: Level) -> StressGrid:
    """The sixteen scenarios of a commodity."""
    times, part = _EXTREMES[rules.extreme]
    stresses = []
    for place, (step, side) in enumerate(SCENARIOS):
        extreme = side == 0
        stresses.append(
            Stress(
                name=f"scenario {place + 1}",
                shift=step * rules.price_range * (times if extreme else 1),
                volatility_shift=side * rules.volatility_range,
                factor=part if extreme else Fraction(1),
            )
        )
    return StressGrid("span", tuple(stresses), lookahead=rules.lookahead).scaled(rules.share(level))


def span_beside(
    rules: SpanRules, level: Level, *, month: int, delta: Fraction, contracts: Fraction, option: bool
) -> Beside:
    """What one row pays beside its scenarios.

    Parameters
    ----------
    rules, level
        The commodity's.
    month
        Id of the contract month, from 1.
    delta
        Composite delta of one contract, in futures.
    contracts
        Contracts a lot.
    option
        Whether the short option minimum applies.
    """
    share = rules.share(level)
    half = rules.spread_rate / 2 * share * delta * contracts
    return Beside(
        gross_short=rules.minimum * share * contracts if option else _ZERO,
        subgroup=month,
        subnode=half,
        slopes=tuple(_opposite(step) * half for step, _ in SCENARIOS),
    )


def array_row(
    array: Sequence[Fraction],
    *,
    price: Fraction,
    layout: Layout,
    group: int,
    beside: Beside,
    share: Fraction = Fraction(1),
    charged: bool = False,
) -> Row:
    """A row from a published risk array, without a band.

    Parameters
    ----------
    array
        Profit (positive) or loss of one long lot in each scenario, factors included, quote units.
    price
        What one lot is worth.
    layout, group, beside, charged
        As for `prover.tables.grid.grid_row`.
    share
        The level's.

    Raises
    ------
    FormatError
        When the array does not fit the layout, or a number the row.
    """
    slopes = beside.slopes or (_ZERO,) * len(array)
    if len(slopes) != len(array):
        raise FormatError("array", f"has {len(array)} scenarios", mend=f"SPAN has {len(slopes)}")
    context = machine().context
    nodes = [number(0)]
    nodes += [number((share * value + slope) * _UNIT) for value, slope in zip(array, slopes, strict=True)]
    tilt = number(beside.tilt * _UNIT)
    last = [context.minus(tilt), tilt] if charged else []
    mark, *units = to_units([number(price * _UNIT), *nodes, *last])
    return fill_row(mark, units, 1, layout, group=group, beside=beside, charged=charged)


def _opposite(step: Fraction) -> int:
    return (step < 0) - (step > 0)
