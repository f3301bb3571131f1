"""Bugs planted in pricing, surfaces, risk parameters and prices of several sources, each with its test."""

from __future__ import annotations

from tests.mutants.python_mutants import Mutant, one, unless

PINNED = "tests/pricing/test_pinned.py::"
VECTORISED = "tests/pricing/test_vectorised.py::"
SURFACE = "tests/pricing/test_surface.py::"
RISK = "tests/risk/test_risk.py::"
SOURCES = "tests/sources/test_sources.py::"
AGGREGATE = "prover/sources/aggregate.py"
PARAMETERS = "prover/risk/parameters.py"

MUTANTS: dict[str, Mutant] = {
    "a polynomial one degree short": one(
        "prover/pricing/normal.py", "_DEGREE = 18", "_DEGREE = 14",
        PINNED + "test_the_normal_probability_is_right_to_the_last_bits",
    ),
    "the caller's context rounds": one(
        "prover/pricing/pinned.py", "return context.add(middle, half), context.sub(middle, half)",
        "return middle + half, middle - half",
        PINNED + "test_the_callers_context_is_neither_read_nor_changed",
    ),
    "a put priced as a call in the money": one(
        "prover/pricing/pinned.py", "if is_call == call_is_out:", "if call_is_out:",
        PINNED + "test_parity_bounds_and_order",
    ),
    "a grid without its discount": one(
        "prover/pricing/pinned.py",
        "context.mul(discount, line.price(forward, moneyness, deviation, is_call))",
        "line.price(forward, moneyness, deviation, is_call)",
        PINNED + "test_a_grid_is_its_prices_bit_for_bit",
    ),
    "a wing as a difference of two probabilities": one(
        "prover/pricing/vectorised.py", "np.where(wing, deep, near)", "near",
        VECTORISED + "test_further_out_the_digits_stay_right",
    ),
    "no bend in the density": one(
        "prover/pricing/surface.py", " + point.bend / 2", "", SURFACE + "test_the_sign_is_that_of_the_density"
    ),
    "butterflies pass": unless(
        "prover/pricing/surface.py", "sign < 0", SURFACE + "test_vogts_smile_allows_a_butterfly"
    ),
    "wings twice Lee's bound": unless("prover/pricing/surface.py", "wing > 2", SURFACE + "test_lees_bound"),
    "calendars pass": unless("prover/pricing/surface.py", "new < old", SURFACE + "test_calendar_spreads"),
    "a range rounded down": one(
        PARAMETERS, "int_to_text(round_up(limited * 10**_PLACES), _PLACES)",
        "int_to_text(int(limited * 10**_PLACES), _PLACES)", RISK + "test_the_plain_range",
    ),
    "bars of the future": one(
        PARAMETERS, "known = history.until(time)", "known = history",
        RISK + "test_a_day_later_the_same_parameters_still_follow",
    ),
    "stress without its horizon": one(
        PARAMETERS, "(_stressed(known, rule) * number(horizon))", "_stressed(known, rule)",
        RISK + "test_stress_has_its_share_of_the_variance",
    ),
    "a step of any size": unless(
        PARAMETERS, "result > most", RISK + "test_steps_are_never_larger_than_allowed"
    ),
    "the range not compared": one(
        PARAMETERS, '("underlying", "history", "volatility", "range", "binding")',
        '("underlying", "history", "volatility")', RISK + "test_what_does_not_follow_is_refused",
    ),
    "any GARCH fits": unless(
        PARAMETERS, "shortfall > _FIT_TOLERANCE", RISK + "test_a_garch_fit_is_judged_by_its_likelihood"
    ),
    "stale prices count": one(
        AGGREGATE, "now - each.time > limits.max_age", "False",
        SOURCES + "test_stale_future_and_outlying_sources_do_not_count",
    ),
    "a minority may agree": one(
        AGGREGATE, " or 2 * len(kept) <= len(fresh)", "", SOURCES + "test_two_camps_make_no_price"
    ),
    "divergence passes": unless(
        AGGREGATE, "spread > parse_decimal(limits.max_divergence)", SOURCES + "test_divergence_names_the_ends"
    ),
    "funding before the window": one(
        AGGREGATE, "end - max(sample.time, start)", "end - sample.time",
        SOURCES + "test_funding_is_weighted_by_time",
    ),
}  # fmt: skip
"""By name."""

QUICK = ("a put priced as a call in the money", "a minority may agree", "calendars pass")
"""Those of every run; the others are long."""
