"""Bugs planted in bracket tables, comparison, rebuilding and reading of markets, each with its test."""

from __future__ import annotations

from tests.mutants.python_mutants import Mutant, one, unless

BUILDERS = "tests/prover/test_bracket_builders.py::"
CONFORMANCE = "tests/prover/test_conformance.py::"
REBUILD = "tests/prover/test_rebuild.py::"
SNAPSHOTS = "tests/prover/test_snapshots.py::"
FILES = "tests/prover/test_market_files.py::"
SIZES = "prover/tables/size_rules.py"
MODEL = "prover/conformance/model.py"

MUTANTS: dict[str, Mutant] = {
    "a root rounded down": one(
        SIZES,
        "root = Fraction(isqrt(round_up(shifted * _ROOT_DIGITS**2)) + 1, _ROOT_DIGITS)",
        "root = Fraction(isqrt(round_up(shifted * _ROOT_DIGITS**2)) * 9, 10 * _ROOT_DIGITS)",
        BUILDERS + "test_random_portfolios[drift_v2-initial]",
    ),
    "a lowered weight that does not pay for its rounding": one(
        SIZES,
        "return weight - top / (1 + _units(size, factor) * _UNIT) + _UNIT",
        "return weight - top / (1 + _units(size, factor) * _UNIT) - _UNIT",
        BUILDERS + "test_random_portfolios[drift_v2-initial]",
    ),
    "a skew curve without its maintenance share": one(
        SIZES,
        'if level == "maintenance" else Fraction(1)',
        'if level == "initial" else Fraction(1)',
        BUILDERS + "test_random_portfolios[synthetix_v3-maintenance]",
    ),
    "a curve without its end": one(
        SIZES,
        "return [*sizes, largest]",
        "return [*sizes, largest * 10]",
        BUILDERS + "test_a_size_beyond_the_curve_cannot_be_proven",
    ),
    "a prediction market's short charged on the price": one(
        "prover/tables/build.py",
        "max(Fraction(0), 1 - band.low) * lot",
        "band.high * lot",
        BUILDERS + "test_a_prediction_market_charges_what_each_side_can_lose",
    ),
    "a curve's sizes at the mark": one(
        "prover/tables/build.py",
        "brackets=brackets(charge, band.high * lot, layout.brackets)",
        "brackets=brackets(charge, band.price * lot, layout.brackets)",
        BUILDERS + "test_curves_hold_anywhere_in_their_band",
    ),
    "a weight at the lowest price": one(
        "prover/tables/build.py",
        "weights(given, level, band.high)[0][1]",
        "weights(given, level, band.low)[0][1]",
        BUILDERS + "test_curves_hold_anywhere_in_their_band",
    ),
    "public deposits that lower no weight": unless(
        "prover/tables/rates.py",
        'instrument.deposits is not None and level == "initial"',
        BUILDERS + "test_public_deposits_lower_the_initial_weight_alone",
    ),
    "less asked for counted as more": one(
        MODEL,
        'return 1 if higher == (self.kind == "requirement") else -1',
        "return 1",
        CONFORMANCE + "test_a_figure",
    ),
    "a verdict for the account counted as exact": one(
        MODEL,
        "return int(reference is True) - int(self.table is True)",
        "return 0",
        CONFORMANCE + "test_a_figure",
    ),
    "the first figure's verdict for the case": one(
        MODEL,
        'return next((each for each in worst if each in found), "exact")',
        'return self.figures[0].verdict or "exact"',
        CONFORMANCE + "test_every_case_counts_once_at_its_worst",
    ),
    "an undercharge that holds": one(
        MODEL,
        "return self.undercharged == 0 and self.engine_exact == self.cases",
        "return self.engine_exact == self.cases",
        CONFORMANCE + "test_every_case_counts_once_at_its_worst",
    ),
    "only the first row rebuilt": one(
        "prover/tables/rebuild.py",
        "zip(snapshot.rows, wanted.rows, strict=False)",
        "zip(snapshot.rows[:1], wanted.rows, strict=False)",
        REBUILD + "test_the_first_number_that_differs_is_named",
    ),
    "what is frozen not compared": one(
        "prover/tables/rebuild.py",
        'if name in ("signatures", "rows"):',
        'if name in ("signatures", "rows", "frozen"):',
        REBUILD + "test_the_first_number_that_differs_is_named",
    ),
    "rules that override the universe": unless(
        "prover/tables/bracket_model.py",
        "not isinstance(rule, dict) or set(rule) & set(_LISTED)",
        REBUILD + "test_the_first_number_that_differs_is_named",
    ),
    "a signature that does not hold passes": unless(
        "prover/cli/market_look.py", "bad", SNAPSHOTS + "test_verify_refuses_a_signature_that_does_not_hold"
    ),
    "a public picture of a private book": one(
        "prover/snapshots/picture.py",
        "private=report is not None",
        "private=False",
        SNAPSHOTS + "test_a_picture_of_the_account_shows_its_worst_case_and_stays_private",
    ),
    "the last trade as a mark price": one(
        "prover/market_files/ccxt_markets.py",
        '(ticker or {}).get("markPrice")',
        '(ticker or {}).get("markPrice", (ticker or {}).get("last"))',
        FILES + "test_what_an_exchange_leaves_out_is_named",
    ),
    "not-a-number as a price": unless(
        "prover/market_files/tables.py",
        "not value.is_finite()",
        FILES + "test_a_parquet_file_that_is_none",
    ),
    "a step in contracts taken for one in coins": one(
        "prover/market_files/ccxt_markets.py",
        'Decimal(_decimal(symbol, "precision.amount", step)) * contract',
        'Decimal(_decimal(symbol, "precision.amount", step))',
        FILES + "test_a_market_through_ccxt",
    ),
}

QUICK = ("a root rounded down", "an undercharge that holds", "only the first row rebuilt")
"""Three that the normal run plants; the rest is for the long one."""
