"""Bugs planted in the builders of Derive's standard margin and of Opyn's vaults, each with its test."""

from __future__ import annotations

from tests.mutants.python_mutants import Mutant, one

DERIVE = "tests/prover/test_derive_standard.py::"
EXACT = DERIVE + "test_what_is_listed_is_what_is_held_then_the_table_is_exact"
BOX = DERIVE + "test_at_every_price_of_the_box_the_excess_is_a_lower_bound"
OPYN = "tests/prover/test_opyn.py::"
ROWS = "prover/tables/derive_standard_rows.py"
VAULTS = "prover/tables/opyn.py"

MUTANTS: dict[str, Mutant] = {
    "net short calls cost nothing": one(
        ROWS, "each + unpaired if line.call else each", "each", EXACT,
    ),
    "a long that keeps its mark": one(
        ROWS, "(max(0, mark - round_up(self.scaled(gap))),", "(0,", EXACT,
    ),
    "a put without its offset": one(
        ROWS, 'maintenance * rule("offset"))', "maintenance)", EXACT,
    ),
    "a base asset without its initial scale": one(
        ROWS, 'share *= self.rule("base_initial_scale")', "share *= 1", EXACT,
    ),
    "a put's worst forward is the highest": one(
        ROWS, "forward.high if line.call else forward.low", "forward.high", BOX,
    ),
    "volatility at its mark": one(
        ROWS, "forward.low, level.high)", "forward.low, level.price)", BOX,
    ),
    "unpaired forwards at the mark": one(
        ROWS, "chosen, forward.high)", "chosen, forward.price)", BOX,
    ),
    "a put's share at the highest spot": one(
        ROWS, "spots = {spot.low, spot.high, min(max(strike, spot.low), spot.high)}", "spots = {spot.high}",
        BOX,
    ),
    "contingency at the mark": one(
        ROWS, 'self.rule("contingency_factor") * self.spot.high',
        'self.rule("contingency_factor") * self.spot.price', BOX,
    ),
    "a depeg at the mark": one(
        ROWS, 'self.band("stablecoin", self.given.quote).low',
        'self.band("stablecoin", self.given.quote).price', BOX,
    ),
    "a perpetual's rate at the mark": one(
        ROWS, "rate * band.high", "rate * band.price", BOX,
    ),
    "lines above a payoff for nothing": one(
        ROWS, "(addon(gap * self.lot), addon(short * self.lot)),", "(addon(_ZERO), addon(short * self.lot)),",
        DERIVE + "test_past_the_room_for_strikes_nothing_is_undercharged",
    ),
    "an expiry with a market's name": one(
        "prover/tables/derive_standard_listing.py", "if found[-1].underlying in names:", "if False:",
        DERIVE + "test_groups_that_would_offset_each_other_are_refused",
    ),
    "two expiries of a day in one group": one(
        "prover/tables/expiries.py", "%Y%m%dT%H%M%S", "%Y%m%d",
        OPYN + "test_two_expiries_of_one_day_are_two_groups",
    ),
    "a call's payoff in the strike asset": one(
        VAULTS, "payoff(strike, call, price) / (price if call else 1) for",
        "payoff(strike, call, price) / 1 for", OPYN + "test_spreads_are_the_venues_to_the_rounding",
    ),
    "no end beyond the strikes": one(
        VAULTS, "(_ZERO, Fraction(1) if call else strike, *paid)", "(_ZERO, _ZERO, *paid)",
        OPYN + "test_spreads_are_the_venues_to_the_rounding",
    ),
    "a naked short at the highest spot": one(
        VAULTS, "worst = max(charge(band.low), charge(band.high))", "worst = charge(band.high)",
        OPYN + "test_a_naked_short_is_charged_at_the_worst_edge",
    ),
    "the bound of the longest time": one(
        VAULTS, "naked.bounds[first : last + 1]", "naked.bounds[last : last + 1]",
        OPYN + "test_the_bound_is_the_largest_of_the_window",
    ),
    "a long in a naked vault": one(
        VAULTS, "(0,) * layout.nodes, PROHIBITIVE, round_up", "(0,) * layout.nodes, 0, round_up",
        OPYN + "test_a_naked_short_is_charged_at_the_worst_edge",
    ),
}  # fmt: skip
"""By name."""

QUICK = ("net short calls cost nothing", "no end beyond the strikes")
"""Those of every run; the others are long."""
