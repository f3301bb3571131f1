"""Derive's standard manager as a table: the better of isolated margin and maximal loss, expiry by expiry.

Rules and source: `prover.venues.derive_standard`. One group an expiry of an underlying, and one for its
perpetual and base asset; layouts with the extension ``isolated``. What a row carries:

* **mark**: an option's Black-76 value with no discount, a perpetual's price, a base asset's value times its
  factor. So equity is the venue's mark to market, but for the factor.
* **nodes** of an option: what it pays at expiry, against its mark, at price 0 and at each strike of its
  expiry, and against a payoff of nothing, since the venue never counts a maximal *gain*. Each of these
  twice: the second time a call pays the unpaired scale times the forward more, so that with net short calls
  the second one is the worse and with net long calls the first. That is the venue's maximal loss exactly,
  over the strikes that are listed.
* **isolated**: a long option is worth nothing, a short one costs its mark and its margin.
* **addons**: oracle contingency and depeg (initial level), a perpetual's requirement, and the unit a lot
  that pays for rounding.

What is bounded from above: with net short calls the venue looks at strikes that the account *holds*, the
table at all that are listed: no row can know what else is held, and the venue's own figure jumps there. Past
the room for strikes (29, or 27 with bands) the line through the chosen nodes stands in for the rest.

With bands, every number stands at its worst edge: isolated margin at the highest spot and volatility and the
worst forward, the unpaired scale at the highest forward, contingencies at the highest spot. Payoffs have no
band. So both numbers are lower bounds at every price of the box, and the better of them is one.
"""

from __future__ import annotations

from verifier.circuits import Layout
from verifier.circuits import layout as layout_named
from verifier.market import Level, Model, RowEntry, Snapshot, snapshot_valid
from verifier.universe import Universe

from .derive_standard_inputs import StandardInput
from .derive_standard_listing import option_id, standard_feeds, standard_universe
from .derive_standard_rows import StandardTable, standard_table, strike_room

__all__ = [
    "MODEL",
    "StandardInput",
    "StandardTable",
    "build_standard",
    "option_id",
    "standard_table",
    "standard_universe",
    "strike_room",
]

MODEL = "derive-standard"
"""The model's name in a snapshot."""

_VERSION = 1


def build_standard(
    given: StandardInput, level: Level, layout: Layout | str, universe: Universe | None = None
) -> tuple[Universe, Snapshot]:
    """The universe and the unsigned snapshot of one margin level.

    Parameters
    ----------
    given
        Prices, bands and rules.
    level
        ``maintenance`` or ``initial``.
    layout
        The table's shape, or its name in circuits.json.
    universe
        That of earlier snapshots, whose order and lots are kept.

    Raises
    ------
    FormatError
        When the input breaks a rule, or the layout cannot carry it.
    """
    shape = layout_named(layout) if isinstance(layout, str) else layout
    listed = standard_universe(given, universe)
    table = standard_table(given, level, shape, listed)
    snapshot = Snapshot(
        universe=listed,
        layout=shape.name,
        level=level,
        epoch=given.epoch,
        time=given.time,
        valid_until=given.valid_until,
        feeds=standard_feeds(given),
        frozen=_frozen(given),
        nodes=table.nodes,
        rows=tuple(RowEntry.of(index, row, shape) for index, row in table.rows.items()),
        model=Model(name=MODEL, version=_VERSION, parameters={"input": given.to_json()}),
    )
    snapshot_valid(snapshot)
    return listed, snapshot


def _frozen(given: StandardInput) -> tuple[str, ...]:
    words = ["the venue's margin rules", "confidences of oracles", "interest on cash after time"]
    if any(market.perp is not None for market in given.markets):
        words.append("funding of perpetuals after time")
    if any(expiry.volatility_band is None for market in given.markets for expiry in market.expiries):
        words.append("implied volatilities")
    return tuple(words)
