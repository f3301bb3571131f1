"""Bugs planted in circuits: textual patches, and the attack that each lets through.

A patch takes away or bends one constraint, as the failures of other systems did. Signals that a patch sets
free get their dishonest value from the attack, which names them.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from prover.toolchain.workspace import workspace

MAIN = "account_solvency.circom"
PORTFOLIO = "portfolio_solvency.circom"
ONE_SIDED = "one_sided_solvency.circom"
OPENING = "lib/account_opening.circom"


@dataclass(frozen=True)
class Mutant:
    """A planted bug.

    Attributes
    ----------
    file
        Below circuits/.
    patches
        (text, replacement); each text stands exactly once in the file.
    attack
        The attack, by name, that the bug lets through.
    """

    file: str
    patches: tuple[tuple[str, str], ...]
    attack: str


def one(file: str, old: str, new: str, attack: str) -> Mutant:
    """A mutant of a single patch."""
    return Mutant(file, ((old, new),), attack)


def freed(declaration: str, use: str, changed: str, attack: str, file: str = OPENING) -> Mutant:
    """A mutant of a large template: a value is not bound any more, but a signal that the prover sets."""
    anchor = _ANCHORS[file]
    return Mutant(file, ((use, changed), (anchor, declaration + "\n    " + anchor)), attack)


_FIRST_STEP = "// 1. The account, the market and the claim, bound to each other and to the public signals."
_ANCHORS = {
    OPENING: "// 1. What is claimed, for whom and as of when.",
    MAIN: _FIRST_STEP,
    PORTFOLIO: _FIRST_STEP,
    ONE_SIDED: _FIRST_STEP,
}

UNCHECKED_LOSS = (
    ("loss[g] <== Bounded(BITS)(losses[g]);", "loss[g] <== Unchecked(BITS)(losses[g]);"),
    (
        "/// The sum of the groups' losses.",
        "template Unchecked(B) { signal input in; signal output {maxbit} out; out.maxbit = B; out <== in; }",
    ),
)

MUTANTS: dict[str, Mutant] = {
    # range.circom
    "bits assigned, their sum not constrained": one(
        "lib/range.circom",
        "out <== Num2Bits(BITS)(in);",
        "for (var i = 0; i < BITS; i++) { out[i] <-- (in >> i) & 1; out[i] * (out[i] - 1) === 0; }",
        "a value with other bits",
    ),
    "booleans not checked": one("lib/range.circom", "in * (1 - in) === 0;", "", "a bit that is two"),
    "choices not boolean": one("lib/range.circom", "in * (1 - in) === 0;", "", "a choice of 2 and -1"),
    "choices not counted": one("lib/range.circom", "chosen === active;", "", "a choice of two at once"),
    "choices without a position": one(
        "lib/range.circom", "chosen === active;", "chosen * (1 - chosen) === 0;",
        "a choice without a position",
    ),
    "an order that nothing checks": one(
        "lib/range.circom",
        "AssertBounded(BITS)(high - low);",
        "",
        "an order of a difference that wraps",
    ),
    # slot.circom
    "zero size in a used slot": one(
        "lib/slot.circom",
        "is_used === 1 - no_size;",
        "(1 - is_used) * (1 - no_size) === 0;",
        "a size of zero in a used slot",
    ),
    "size in an empty slot": one(
        "lib/slot.circom", "is_used === 1 - no_size;", "is_used * no_size === 0;", "a size in an empty slot"
    ),
    "index in an empty slot": one(
        "lib/slot.circom", "(1 - is_used) * row === 0;", "", "an index in an empty slot"
    ),
    "sign in an empty slot": one(
        "lib/slot.circom", "(1 - is_used) * negative === 0;", "", "a minus sign in an empty slot"
    ),
    "a size's width not checked": one(
        "lib/slot.circom",
        "magnitude <== Bounded(WIDTH_SIZE())(size_magnitude);",
        "magnitude.maxbit = WIDTH_SIZE(); magnitude <== size_magnitude;",
        "a size of -2^64",
    ),
    "a size that may be wider than its place": one(
        "lib/slot.circom",
        "magnitude <== Bounded(WIDTH_SIZE())(size_magnitude);",
        "AssertBounded(WIDTH_SIZE() + 2)(size_magnitude);"
        " magnitude.maxbit = WIDTH_SIZE(); magnitude <== size_magnitude;",
        "a size that shifts into the index",
    ),
    "an index's bits not tied to it": one(
        "lib/slot.circom",
        "position <== ToBits(2 * DEPTH)(index);",
        "for (var b = 0; b < 2 * DEPTH; b++) { position[b] <-- (index >> b) & 1;"
        " position[b] * (position[b] - 1) === 0; }",
        "an index beyond the tree",
    ),
    "a sign that is not boolean": one(
        "lib/slot.circom",
        "negative <== Boolean()(size_negative);",
        "negative <== size_negative;",
        "a sign that is two",
    ),
    "order not strict": one(
        "lib/slot.circom", "(index[i] - index[i - 1] - 1);", "(index[i] - index[i - 1]);", "a position twice"
    ),
    "order not checked": one(
        "lib/slot.circom", "AssertBounded(2 * DEPTH)(gap[i]);", "", "positions out of order"
    ),
    "no prefix": one(
        "lib/slot.circom",
        "used[i] * (1 - used[i - 1]) === 0;",
        "",
        "a used slot after an empty one",
    ),
    # account_hash.circom
    "cash not checked": one(
        "lib/account_hash.circom", "AssertBounded(WIDTH_CASH() + 1)(cash_offset);", "",
        "cash beyond its width",
    ),
    "last slot left out": one(
        "lib/account_hash.circom", "i < N ? packed", "i < N - 1 ? packed",
        "a last slot that is not committed",
    ),
    "count left out": one(
        "lib/account_hash.circom", "hash.inputs[1] <== n_used;", "hash.inputs[1] <== 0;",
        "a count that is not committed",
    ),
    "salt left out": one(
        "lib/account_hash.circom", "hash.inputs[3] <== salt;", "hash.inputs[3] <== 0;",
        "a salt that is not committed",
    ),
    # rows and tree
    "opening masked where it is used": one(
        "lib/market_row.circom",
        "used * (root - rows_root) === 0;",
        "(1 - used) * (root - rows_root) === 0;",
        "a used slot whose row is not opened",
    ),
    "a column left out of the leaf": one(
        "lib/market_row.circom",
        "list.in[6 + S + 3 * k] <== upper[k];",
        "list.in[6 + S + 3 * k] <== 0;",
        "a bound that is not in the leaf",
    ),
    "a child left out of its node": one(
        "lib/merkle4.circom",
        "path[level + 1] <== Poseidon(4)(children[level]);",
        "path[level + 1] <== Poseidon(4)([children[level][0] + children[level][1] + children[level][2]"
        " + children[level][3] - siblings[level][1], siblings[level][0], siblings[level][2], path[level]]);",
        "a child that is not in its node",
    ),
    # brackets.circom
    "no upper bound": one(
        "lib/brackets.circom", "AssertBounded(WIDTH_SIZE())(chosen_upper - magnitude);", "",
        "a cheaper bracket above its bound",
    ),
    "no lower bound": one(
        "lib/brackets.circom", "AssertBounded(WIDTH_SIZE())(magnitude - chosen_lower);", "",
        "a cheaper bracket below its bound",
    ),
    "a bracket for an empty slot": one(
        "lib/range.circom", "chosen === active;", "chosen * (1 - chosen) === 0;",
        "a deduction in an empty slot",
    ),
    "fractions of brackets": one(
        "lib/range.circom", "in * (1 - in) === 0;", "", "half of one bracket and half of the other"
    ),
    # scenario_loss.circom
    "a loss not checked on its own": Mutant(
        "lib/scenario_loss.circom", UNCHECKED_LOSS, "a negative loss"
    ),
    "nodes not checked": one(
        "lib/scenario_loss.circom", "AssertBounded(BITS + 1)(loss[g] + profits[g][s]);",
        "0 * profits[g][s] === 0;",
        "a loss below the worst node",
    ),
    "the first node skipped": one(
        "lib/scenario_loss.circom",
        "for (var s = 0; s < S; s++) {\n            AssertBounded",
        "for (var s = 1; s < S; s++) {\n            AssertBounded",
        "a loss that ignores the first node",
    ),
    "groups netted": one(
        "lib/scenario_loss.circom",
        "part[i][s][g] <== choice[i][g] * profit[i][s];",
        "part[i][s][g] <== profit[i][s] + 0 * choice[i][g];",
        "a loss that nets two groups",
    ),
    # margin_claim.circom
    "the claim not checked": one(
        "lib/margin_claim.circom", "AssertBounded(sum_bits(N) + 5)(slack);", "", "one unit short"
    ),
    "the ratio ignored": one(
        "lib/margin_claim.circom", "(20 + ratio) * (addon + loss)", "20 * (addon + loss)",
        "the ratio not kept",
    ),
    "the floor ignored": one(
        "lib/margin_claim.circom", " - 20 * 10 ** SCALE_CASH() * floor", "", "the floor not kept"
    ),
    # terms.circom
    "any version": one("lib/terms.circom", "version === TERMS_VERSION();", "", "terms of another version"),
    "no level": one(
        "lib/terms.circom",
        "bits[TERMS_LEVEL_OFFSET()] + bits[TERMS_LEVEL_OFFSET() + 1] === 1;",
        "bits[TERMS_LEVEL_OFFSET()] * bits[TERMS_LEVEL_OFFSET() + 1] === 0;",
        "a level of none",
    ),
    "both levels": one(
        "lib/terms.circom",
        "bits[TERMS_LEVEL_OFFSET()] + bits[TERMS_LEVEL_OFFSET() + 1] === 1;",
        "(1 - bits[TERMS_LEVEL_OFFSET()]) * (1 - bits[TERMS_LEVEL_OFFSET() + 1]) === 0;",
        "both levels at once",
    ),
    "no coverage": one(
        "lib/terms.circom",
        "bits[TERMS_COVERAGE_OFFSET()] + bits[TERMS_COVERAGE_OFFSET() + 1] === 1;",
        "",
        "a coverage of none",
    ),
    "bits above the terms": one(
        "lib/terms.circom", "var LENGTH = TERMS_BITS();", "var LENGTH = TERMS_BITS() + 1;",
        "terms with a bit above",
    ),
    # attestation.circom, holder.circom
    "key not on the curve": one(
        "lib/attestation.circom", "BabyCheck()(attestor_x, attestor_y);", "",
        "a signature by no key at all",
    ),
    "nullifier without its context": one(
        "lib/holder.circom",
        "nullifier <== Poseidon(3)([TAG_NULLIFIER(), secret, context]);",
        "_ <== context; nullifier <== Poseidon(2)([TAG_NULLIFIER(), secret]);",
        "a nullifier of another context",
    ),
    # account_opening.circom and account_solvency.circom
    "a loss not checked on its own, in the whole circuit": Mutant(
        "lib/scenario_loss.circom", UNCHECKED_LOSS, "a negative loss, all else consistent"
    ),
    "a level for the table, another for the claim": freed(
        "signal {maxbit} header_level; header_level.maxbit = 2; header_level <-- 1;",
        "header_valid_until, claim.level, envelope", "header_valid_until, header_level, envelope",
        "maintenance table, initial claim",
    ),
    "an epoch of the statement's own": freed(
        "signal {maxbit} signed_epoch; signed_epoch.maxbit = 32; signed_epoch <-- 1;",
        "header_epoch, claim.as_of, signed_valid_until", "signed_epoch, claim.as_of, signed_valid_until",
        "an old statement with a new snapshot",
    ),
    "an as_of of the statement's own": freed(
        "signal {maxbit} signed_as_of; signed_as_of.maxbit = 34; signed_as_of <-- 1;",
        "header_epoch, claim.as_of, signed_valid_until", "header_epoch, signed_as_of, signed_valid_until",
        "an as_of that was not signed",
    ),
    "a universe of the statement's own": freed(
        "signal signed_universe; signed_universe <-- 1;",
        "account, universe, claim.subject", "account, signed_universe, claim.subject",
        "a statement of another universe",
    ),
    "a subject of the statement's own": freed(
        "signal {maxbit} signed_subject; signed_subject.maxbit = 160; signed_subject <-- 1;",
        "account, universe, claim.subject", "account, universe, signed_subject",
        "a proof for somebody else's address",
    ),
    "a coverage of the statement's own": freed(
        "signal {maxbit} signed_coverage; signed_coverage.maxbit = 2; signed_coverage <-- 1;",
        "signed_sequence, claim.coverage", "signed_sequence, signed_coverage",
        "one account shown as all",
    ),
    "a layout of the prover's own": Mutant(
        "lib/market_header.circom",
        (("universe, LAYOUT, clock", "universe, free_layout, clock"),
         ("signal clock <==", "signal free_layout <-- LAYOUT;\n    signal clock <==")),
        "a root of another layout",
    ),
    "a holder of the prover's own": one(
        OPENING, "signal holder <== Holder()(secret);",
        "signal holder; holder <-- 1; _ <== Holder()(secret);",
        "somebody else's statement",
    ),
    "the nullifier not tied": one(OPENING, "nullifier === own_nullifier;", "", "a second nullifier"),
    "the attestor not tied": one(
        OPENING, "attestor === signer;", "", "a listed attestor that did not sign"
    ),
    "the root not tied": one(OPENING, "market_root === header;", "", "a market of the prover's own"),
    "a row at a place of the prover's own": freed(
        "signal {binary} row_position[N][2 * D]; for (var i = 0; i < N; i++)"
        " { for (var b = 0; b < 2 * D; b++) { row_position[i][b] <-- 0; } }",
        "opening.position[i], siblings[i]", "row_position[i], siblings[i]",
        "the row of another instrument",
        MAIN,
    ),
    "a row's group not tied to the choice": freed(
        "signal row_group[N]; for (var i = 0; i < N; i++) { row_group[i] <-- 1; }",
        "group[i], mark[i]", "row_group[i], mark[i]",
        "two underlyings netted",
        MAIN,
    ),
    "as_of before the snapshot": one(
        OPENING, "AssertOrdered(CLOCK_TIME_BITS())(header_time, claim.as_of);", "",
        "an account older than the snapshot",
    ),
    "as_of after the snapshot": one(
        OPENING, "AssertOrdered(CLOCK_TIME_BITS())(claim.as_of, header_valid_until);", "",
        "an account newer than the snapshot",
    ),
    "a statement that may end early": one(
        OPENING, "AssertOrdered(CLOCK_TIME_BITS())(header_valid_until, signed_valid_until);", "",
        "a statement that ends before the snapshot",
    ),
    "split positions": one(
        "lib/slot.circom", "(index[i] - index[i - 1] - 1);", "(index[i] - index[i - 1]);",
        "a position split in two",
    ),
}  # fmt: skip
"""By name."""


def planted(mutant: Mutant) -> Path:
    """A copy of circuits/ below the workspace with the bug in it."""
    where = workspace()
    sources = {
        str(file.relative_to(where.circuits)): file.read_text()
        for file in sorted(where.circuits.rglob("*.circom"))
    }
    for old, new in mutant.patches:
        count = sources[mutant.file].count(old)
        assert count == 1, f"{mutant.file} has {old!r} {count} times"
        sources[mutant.file] = sources[mutant.file].replace(old, new)
    folder = where.build / "mutants" / hashlib.sha256(repr(sources).encode()).hexdigest()[:16]
    if not folder.is_dir():
        # Complete before it has its name: two runs of the tests may plant the same bug at once.
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
        for name, text in sources.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_text(text)
        try:
            made.rename(folder)
        except OSError:
            shutil.rmtree(made)
    return folder
