"""Bugs planted in the Python verifier and in the signing tools, and the test that each must turn red."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("verifier", "prover")
_KEPT = (".py", ".pyc", ".json", ".mjs")


@dataclass(frozen=True)
class Mutant:
    """A planted bug: (text, replacement) pairs in one file, and the test that goes red."""

    file: str
    patches: tuple[tuple[str, str], ...]
    test: str


def one(file: str, old: str, new: str, test: str) -> Mutant:
    """A mutant of a single patch."""
    return Mutant(file, ((old, new),), test)


def unless(file: str, condition: str, test: str) -> Mutant:
    """A check that is never taken: ``if condition:`` becomes ``if False:``."""
    return one(file, f"if {condition}:", "if False:", test)


GROTH16 = "tests/verifier/test_groth16.py::"
VERIFY = "tests/verifier/test_verify.py::"
JSON = "tests/verifier/test_strict_json.py::"
ROWS = "tests/verifier/test_rows.py::"
CHAIN = "tests/verifier/test_chain.py::"
CHECKS = "verifier/checks.py"

MUTANTS: dict[str, Mutant] = {
    # keys and proofs
    "gamma = delta not refused": unless(
        "verifier/groth16.py", "self.gamma.x == self.delta.x",
        GROTH16 + "test_forgery_with_opposite_gamma_and_delta",
    ),
    "beta = gamma not refused": one(
        "verifier/groth16.py", "self.beta.x in (self.gamma.x, self.delta.x)", "self.beta.x == self.delta.x",
        GROTH16 + "test_forgery_with_beta_equal_to_gamma",
    ),
    "beta = delta not refused": one(
        "verifier/groth16.py", "self.beta.x in (self.gamma.x, self.delta.x)", "self.beta.x == self.gamma.x",
        GROTH16 + "test_forgery_with_beta_equal_to_delta",
    ),
    "two stories of an epoch signed": unless(
        "prover/evm/signing_log.py", "row[0] > part.epoch or (row[0] == part.epoch and row[1] != content)",
        "tests/contracts/test_signing_log.py::test_a_second_story_is_refused",
    ),
    "a key without contribution not refused": unless(
        "verifier/groth16.py", "self.delta.x == _G2_GENERATOR_X",
        GROTH16 + "test_delta_at_its_starting_value_is_refused",
    ),
    "signals of r and more not refused": one(
        "verifier/groth16.py", "type(signal) is not int or not 0 <= signal < R", "type(signal) is not int",
        GROTH16 + "test_signals_must_be_exactly_the_keys",
    ),
    "number of signals not checked": Mutant(
        "verifier/groth16.py",
        (("if len(public) != key.signals:", "if False:"),
         ("zip(public, key.ic[1:], strict=True)", "zip(public, key.ic[1:], strict=False)")),
        GROTH16 + "test_signals_must_be_exactly_the_keys",
    ),
    "coordinates with a second spelling read": Mutant(
        "verifier/groth16.py",
        (('return parse_decimal(x, f"{field}[0]", Q), parse_decimal(y, f"{field}[1]", Q)',
          "return int(str(x), 0) % Q, int(str(y), 0) % Q"),),
        GROTH16 + "test_second_spellings_of_a_coordinate_are_refused",
    ),
    "G2 coordinates with a second spelling read": Mutant(
        "verifier/groth16.py",
        (('(parse_decimal(part[0], f"{field}[{i}][0]", Q), parse_decimal(part[1], f"{field}[{i}][1]", Q))',
          "(int(part[0]) % Q, int(part[1]) % Q)"),),
        GROTH16 + "test_second_spellings_of_a_g2_coordinate_are_refused",
    ),
    "subgroup not checked": unless(
        "verifier/groth16.py", "not curve.is_inf(curve.multiply(self.projective, R))",
        GROTH16 + "test_point_outside_the_subgroup_is_refused",
    ),
    "curve of G1 not checked": unless(
        "verifier/groth16.py", "not curve.is_on_curve(self.projective, curve.b)",
        GROTH16 + "test_points_that_exist_are_in_their_groups",
    ),
    "points that are not affine read": unless(
        "verifier/groth16.py", 'z != "1"', GROTH16 + "test_only_affine_points_are_read"
    ),
    "a signal left out of the sum": one(
        "verifier/groth16.py", "zip(public, key.ic[1:], strict=True)",
        "zip(public[:-1], key.ic[1:-1], strict=True)",
        VERIFY + "test_a_valid_bundle_with_its_real_pairing",
    ),
    "equal IC points not refused": unless(
        "verifier/groth16.py", "len({point.x for point in self.ic}) != len(self.ic)",
        GROTH16 + "test_confused_signals_are_refused",
    ),
    # the policy's rules
    "any key for any circuit": unless(
        CHECKS, "key.manifest.circuit != case.instance.name",
        VERIFY + "test_a_circuit_that_the_policy_does_not_list",
    ),
    "development keys for everybody": unless(
        CHECKS, "not case.policy.allow_development_keys", VERIFY + "test_a_development_key"
    ),
    "signals not compared with the statement": unless(
        CHECKS, "stated != proven", VERIFY + "test_a_signal_that_is_not_the_statements"
    ),
    "terms of another version": unless(
        CHECKS, "version != known", VERIFY + "test_terms_below_the_policy"
    ),
    "level not demanded": unless(CHECKS, "level != wanted", VERIFY + "test_the_other_level"),
    "the snapshot's level not compared": unless(
        CHECKS, "level != claimed", VERIFY + "test_the_other_level"
    ),
    "ratio not demanded": unless(CHECKS, "ratio < wanted", VERIFY + "test_terms_below_the_policy"),
    "floor not demanded": unless(CHECKS, "floor < wanted", VERIFY + "test_terms_below_the_policy"),
    "coverage not demanded": unless(CHECKS, "coverage != wanted", VERIFY + "test_terms_below_the_policy"),
    "subject not demanded": unless(CHECKS, "subject != wanted", VERIFY + "test_terms_below_the_policy"),
    "any attestor": unless(
        CHECKS, "not case.policy.allow_self_declared", VERIFY + "test_another_attestor_is_self_declared"
    ),
    "any universe": unless(
        CHECKS, "universe.hash != case.policy.universe", VERIFY + "test_another_universe"
    ),
    "any layout": unless(CHECKS, "layout != wanted", VERIFY + "test_a_layout_of_another_circuit"),
    "rows not checked again": one(
        CHECKS, "    snapshot_valid(market)\n", "",
        VERIFY + "test_a_snapshot_with_a_row_that_mints_margin_under_a_good_signature",
    ),
    "an either-or that switches the envelope off": unless(
        "verifier/market.py", "isolated + addon < lost",
        "tests/verifier/test_market_extensions.py"
        "::test_position_by_position_a_unit_still_pays_for_the_whole_envelope",
    ),
    "half a surrogate pair hashed": one(
        "verifier/canonical.py", 'any("\\ud800" <= character <= "\\udfff" for character in text)', "False",
        JSON + "test_different_objects_have_different_hashes_or_none",
    ),
    "no quorum": unless(
        CHECKS, "len(found) < case.policy.publisher_quorum", VERIFY + "test_a_quorum"
    ),
    "one signature counted twice": one(
        "verifier/market.py", " and entry.public_key not in found", "",
        "tests/verifier/test_market.py::test_one_signature_shown_twice_counts_once",
    ),
    "the root not recomputed": unless(
        CHECKS, "market_root(case.bundle.market) != case.bundle.statement.market_root",
        VERIFY + "test_another_snapshot_of_the_same_publisher",
    ),
    "the snapshot's window not checked": unless(
        CHECKS, "not market.time <= as_of <= market.valid_until",
        VERIFY + "test_an_account_outside_the_snapshots_window",
    ),
    "times of the future": unless(
        CHECKS, "latest > case.now + CLOCK_SKEW", VERIFY + "test_things_of_the_future"
    ),
    "the later of both ends": one(
        CHECKS, "return min(bundle.market", "return max(bundle.market", VERIFY + "test_the_maximum_age"
    ),
    "age not checked": unless(CHECKS, "case.now > end", VERIFY + "test_the_snapshots_end"),
    "any audience": unless(
        CHECKS, "part.audience != policy.audience", VERIFY + "test_another_audience"
    ),
    "any policy": unless(
        CHECKS, "part.policy != policy.id", VERIFY + "test_another_policy_of_the_same_audience"
    ),
    "the context not recomputed": one(
        CHECKS,
        'if part.context != case.bundle.statement.context:\n        raise InvalidError("the proof\'s context'
        " is not that of its challenge",
        'if False:\n        raise InvalidError("the proof\'s context is not that of its challenge',
        VERIFY + "test_a_challenge_that_says_what_the_proof_does_not",
    ),
    "another chain or contract": unless(
        CHECKS, "(part.chain, part.contract) != contract",
        CHAIN + "test_a_proof_for_another_chain_contract_or_policy",
    ),
    "another policy of the contract": unless(
        CHECKS, "part.policy != chain_policy_id(policy).hex()",
        CHAIN + "test_a_proof_for_another_chain_contract_or_policy",
    ),
    "the context of a contract not recomputed": one(
        CHECKS,
        'if part.context != case.bundle.statement.context:\n        raise InvalidError("the proof\'s context'
        " is not that of the contract",
        'if False:\n        raise InvalidError("the proof\'s context is not that of the contract',
        CHAIN + "test_the_context_is_recomputed",
    ),
    "a standing nonce under the policy of a contract": unless(
        CHECKS, "contract is not None", CHAIN + "test_a_standing_nonce_is_not_for_a_contracts_policy"
    ),
    "what a contract cannot demand": unless(
        "verifier/chain.py", "wrong", CHAIN + "test_what_a_contract_cannot_demand"
    ),
    "any nonce": unless(CHECKS, "own.nonce != part.nonce", VERIFY + "test_the_answer_to_another_challenge"),
    "a standing nonce of the prover's choice": unless(
        CHECKS, "part.nonce != STANDING_NONCE", VERIFY + "test_a_prover_does_not_choose_the_standing_nonce"
    ),
    "replays": one(
        "verifier/replay.py", "return found is not None and not", "return False and not",
        VERIFY + "test_a_replay",
    ),
    "an older proof replaces a newer": one(
        "verifier/replay.py", "(renewable and (epoch, as_of) > (found[0], found[1]))", "renewable",
        "tests/verifier/test_replay.py::test_only_newer_replaces",
    ),
    "recorded before it is accepted": one(
        "verifier/verify.py", "if valid and not _recorded(case):", "if not _recorded(case) and valid:",
        VERIFY + "test_nothing_is_recorded_before_acceptance",
    ),
    # rows
    "a bracket may pay its holder": unless(
        "verifier/rows.py", "bound * bracket.rate < bracket.deduction",
        ROWS + "test_a_bracket_that_pays_its_holder_is_refused",
    ),
    "a bracket checked at its upper bound only": one(
        "verifier/rows.py", "for bound in (lower, bracket.upper):", "for bound in (bracket.upper,):",
        ROWS + "test_a_bracket_that_pays_its_holder_is_refused",
    ),
    "padding that is cheaper": unless(
        "verifier/rows.py", "bracket != brackets[position - 1]",
        ROWS + "test_padding_that_is_no_copy_is_refused",
    ),
    "widths of a row not checked": unless(
        "verifier/rows.py", "not low <= value <= high", ROWS + "test_widths"
    ),
    "a column left out of the leaf": one(
        "verifier/rows.py", "bracket.rate, bracket.deduction, bracket.upper]", "bracket.rate, bracket.upper]",
        ROWS + "test_each_column_changes_the_leaf",
    ),
    # files
    "members twice": unless(
        "verifier/canonical.py", "key in found",
        JSON + "test_refused",
    ),
    "floats read": one(
        "verifier/canonical.py", "parse_float=_refuse_number,", "parse_float=float,",
        JSON + "test_refused",
    ),
    "any depth": unless(
        "verifier/canonical.py", "depth > _MAX_DEPTH", JSON + "test_refused"
    ),
    "bits above the terms": unless(
        "verifier/packing.py", "not 0 <= packed < 1 << (top.offset + top.bits)",
        "tests/verifier/test_statement.py::test_terms_of_more_than_252_bits",
    ),
    # signatures and statements
    "the identity signs": one(
        "verifier/eddsa.py", "if public == IDENTITY or not in_subgroup(public)",
        "if not in_subgroup(public)",
        "tests/verifier/test_babyjubjub.py::test_the_identity_key_signs_nothing",
    ),
    "a key outside the subgroup signs": one(
        "verifier/eddsa.py", " or not in_subgroup(public)", "",
        "tests/verifier/test_babyjubjub.py::test_a_torsion_key_is_refused",
    ),
    "S of the subgroup's order and more": one(
        "verifier/eddsa.py", "0 <= signature.s < SUBGROUP_ORDER", "0 <= signature.s",
        "tests/verifier/test_babyjubjub.py::test_signatures_hold_for_their_key_and_message_alone",
    ),
    "one salt for all": one(
        "prover/accounts.py", "salt=secrets.randbits(SALT_BITS) or 1,", "salt=1 << 200,",
        "tests/prover/test_accounts.py::test_salts_are_fresh_and_wide",
    ),
    "an instrument held twice": Mutant(
        "prover/accounts.py",
        (("if position.instrument in seen:", "if False:"), ("if index in found:", "if False:")),
        "tests/prover/test_accounts.py::test_positions_that_cannot_be_signed",
    ),
    "tiers leg by leg": unless(
        "prover/accounts.py", "stated < legs",
        "tests/prover/test_signing.py::test_an_account_that_the_circuit_would_undercharge_is_not_signed",
    ),
    "a deposit on the borrow side": one(
        "prover/accounts.py", 'in (("deposit", False), ("borrow", True)):', "in ():",
        "tests/prover/test_signing.py::test_an_account_that_the_circuit_would_undercharge_is_not_signed",
    ),
    "bands and marks signed unchecked": one(
        "prover/tables/rebuild.py", "        )\n    check_model(snapshot)\n", "        )\n",
        "tests/cli/test_cli_chain_universe.py::test_a_publisher_signs_what_the_rules_give_and_nothing_else",
    ),
    "a snapshot signed unchecked": one(
        "prover/secrets.py", "    snapshot_valid(snapshot)\n    private", "    private",
        "tests/verifier/test_market.py::test_a_snapshot_that_nobody_may_sign",
    ),
    "corners without the zero stress": one(
        "verifier/market.py", "for corner in sorted(corners - still):", "for corner in ():",
        "tests/verifier/test_market.py::test_a_snapshot_that_nobody_may_sign",
    ),
    "two prices at common edges": one(
        "verifier/market.py", 'not found.issuperset(product(("low", "high"), repeat=len(moving)))', "False",
        "tests/verifier/test_market.py::test_a_group_of_two_moving_prices_needs_four_corners",
    ),
}  # fmt: skip
"""By name."""


def planted(mutant: Mutant) -> Path:
    """A folder with both packages, the bug in one of them, to be first on the path."""
    folder = ROOT / "build" / "mutants" / hashlib.sha256(repr(mutant).encode()).hexdigest()[:16]
    shutil.rmtree(folder, ignore_errors=True)
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*"):
            if file.suffix in _KEPT and "contracts" not in file.parts:
                target = folder / file.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                # With its time, so that what is compiled already need not be again.
                shutil.copy2(file, target)
    (folder / "circuits").symlink_to(ROOT / "circuits")
    target = folder / mutant.file
    text = target.read_text()
    for old, new in mutant.patches:
        assert text.count(old) == 1, f"{mutant.file} has {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    target.write_text(text)
    for compiled in (target.parent / "__pycache__").glob(f"{target.stem}.*"):
        compiled.unlink()
    return folder


def outcome(test: str, folder: Path = ROOT) -> int:
    """pytest's exit code for one test with the packages of a folder: 0 green, 1 red, other: did not run."""
    # Red is enough: no time for making the example that shows it small.
    program = (
        "import sys, pytest; sys.path[:0] = sys.argv[1:3]; import verifier;"
        " assert verifier.__file__.startswith(sys.argv[1]);"
        " from hypothesis import Phase, settings;"
        " settings.register_profile('red', phases=[Phase.explicit, Phase.generate]);"
        " settings.load_profile('red');"
        " sys.exit(pytest.main(['-q', '-x', '-p', 'no:cacheprovider', sys.argv[3]]))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, str(folder), str(ROOT), test],
        cwd=ROOT,
        env={
            **os.environ,
            "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / ".hypothesis"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        timeout=300,
        check=False,
    )
    return done.returncode
