"""Bugs planted in the options builder, each with its test."""

from __future__ import annotations

from tests.mutants.python_mutants import Mutant, one

BOUNDS = "tests/prover/test_option_bounds.py::"
TABLES = "tests/prover/test_option_tables.py::"
BOUND = "prover/tables/option_bounds.py"
ROWS = "prover/tables/option_rows.py"

MUTANTS: dict[str, Mutant] = {
    "gamma at one end of a cell": one(
        BOUND, "gamma=div(highest, mul(box.low, box.least))", "gamma=div(highest, mul(box.high, box.most))",
        BOUNDS + "test_no_point_of_a_cell_is_farther_off",
    ),
    "a density that is not the largest": one(
        BOUND, "nearest = d1_low if d1_low > 0 else (d1_high if d1_high < 0 else zero)", "nearest = d1_low",
        BOUNDS + "test_no_point_of_a_cell_is_farther_off",
    ),
    "volatility without its chord": one(
        BOUND, "over, under = add(over, up), add(under, down)", "over = add(over, up)",
        BOUNDS + "test_no_point_of_a_cell_is_farther_off",
    ),
    "time that costs a long nothing": one(
        BOUND, "over = add(over, mul(bounds.vega, fall))", "over = over",
        BOUNDS + "test_nor_when_legs_and_time_move",
    ),
    "a basis that moves one way": one(
        BOUND, "over, under = add(over, moved), add(under, moved)", "over = add(over, moved)",
        BOUNDS + "test_nor_when_legs_and_time_move",
    ),
    "a put's slope for a call": one(
        BOUND, "slope = bounds.delta_high if call else", "slope = bounds.delta_high if not call else",
        BOUNDS + "test_nor_when_legs_and_time_move",
    ),
    "a bend taken for a line": one(
        BOUND, "        if not bent:\n            # The slope", "        if True:\n            # The slope",
        BOUNDS + "test_a_floor_inside_the_cell_is_covered",
    ),
    "a factor above one for longs alone": one(
        ROWS, "below = ctx.sub(ctx.mul(part, each.under), ctx.mul(rest, own.over))",
        "below = ctx.mul(part, each.under)",
        TABLES + "test_a_table_without_the_short_gap_is_found",
    ),
    "gaps of the first cell": one(
        ROWS, "over, under = max(over, above), max(under, below)",
        "over, under = (above, below) if not over else (over, under)",
        TABLES + "test_no_point_of_the_box_asks_for_more",
    ),
    "charges at the mark": one(
        ROWS, "highest = underlying.spot.high", "highest = underlying.spot.price",
        TABLES + "test_charges_are_taken_at_the_highest_spot",
    ),
}  # fmt: skip
"""By name."""

QUICK = ("gamma at one end of a cell", "a basis that moves one way")
"""Those of every run; the others are long."""
