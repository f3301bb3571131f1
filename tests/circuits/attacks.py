"""Attacks on the account circuit: what a dishonest prover would try, everything else made consistent.

Each attack is a witness for one small main. The real circuit must refuse it (`test_attacks`); a circuit with
the bug planted that the attack is made for must accept it (`tests/mutants`), which shows that nothing but the
named constraint stands in the way.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.circuits.accounts import Account, Inputs, Market, circuit_inputs, message, report
from tests.circuits.forgery import off_curve_forgery
from tests.circuits.mains import MAINS
from tests.circuits.reduced import reduced, source
from tests.circuits.references import SMALL
from tests.circuits.solving import Attempt, Solver, attempt, flatten, given_wires
from tests.circuits.templates import Built, Source
from verifier.circuits import packing, tag
from verifier.eddsa import public_key, sign
from verifier.field import R
from verifier.merkle import Tree
from verifier.poseidon import poseidon
from verifier.rows import Bracket, Row, leaf_hash, row_valid

TINY = reduced(slots=2)
"""Two slots, two groups, two nodes, two brackets, 16 rows."""


@dataclass(frozen=True)
class Attack:
    """A dishonest witness.

    Attributes
    ----------
    items
        What in the list of known failures it belongs to.
    main
        The circuit that it is for.
    run
        Completes the witness and says what the constraints say.
    """

    items: tuple[int, ...]
    main: Source
    run: Callable[[Built], Attempt]


def known(built: Built, values: Mapping[str, Any]) -> dict[str, int]:
    """Drop names that this circuit has not: signals which only a planted bug sets free.

    ``*.name`` stands for a signal of a component whose name the compiler made up.
    """
    found = {}
    for name, value in flatten(values).items():
        paths = [f"main.{name}"]
        if name.startswith("*."):
            paths = [path for path in built.symbols.wires if path.endswith(name[1:])]
        found.update({path.removeprefix("main."): value for path in paths if path in built.symbols.wires})
    return found


def on(main: str, items: tuple[int, ...], **values: Any) -> Attack:
    """An attack on one template, by its signals."""
    return Attack(items, MAINS[main].source, lambda built: attempt(built, known(built, values)))


def swap(main: str, items: tuple[int, ...], output: str, seed: int = 5, **changes: Any) -> Attack:
    """Keep the output of honest inputs, and change the inputs behind it."""

    def run(built: Built) -> Attempt:
        solver = Solver(built)
        honest = MAINS[main].draw(random.Random(seed))
        witness = solver.complete(given_wires(built, honest)).witness
        return attempt(built, {**flatten(honest), **changes, output: witness[built.wire(output)]}, solver)

    return Attack(items, MAINS[main].source, run)


# --- the whole circuit ------------------------------------------------------------------------------

_LOT = 10**8
_QUOTE = 10**6

_ROWS = {
    # A plain row: loses 5 either way, one bracket of 1 up to 1,000 lots, then 2.
    0: Row(1, 100 * _QUOTE, (-5 * _QUOTE, 5 * _QUOTE), 1, 1, (
        Bracket(1 * _QUOTE, 0, 1000 * _LOT), Bracket(2 * _QUOTE, 1000 * _LOT * _QUOTE, 9000 * _LOT)
    )),
    # A row that gains at every node: what a negative loss would be covered by.
    3: Row(2, 10 * _QUOTE, (2 * _QUOTE, 3 * _QUOTE), 1, 1, (
        Bracket(_QUOTE, 0, 1000 * _LOT), Bracket(_QUOTE, 0, 1000 * _LOT)
    )),
    # A row ten times as dear, for those who would like to hold it instead.
    7: Row(1, 1000 * _QUOTE, (-5 * _QUOTE, 5 * _QUOTE), 1, 1, (
        Bracket(_QUOTE, 0, 1000 * _LOT), Bracket(_QUOTE, 0, 1000 * _LOT)
    )),
    # The mirror of row 0 in another group: together they would hedge, if groups could be merged.
    9: Row(3, 100 * _QUOTE, (5 * _QUOTE, -5 * _QUOTE), 1, 1, (
        Bracket(_QUOTE, 0, 1000 * _LOT), Bracket(_QUOTE, 0, 1000 * _LOT)
    )),
}  # fmt: skip


def market(rows: Mapping[int, Row] | None = None, **changes: Any) -> Market:
    """The market of the attacks."""
    rows = dict(rows or _ROWS)
    for row in rows.values():
        row_valid(row, changes.get("layout", SMALL))
    values: dict[str, Any] = {
        "layout": SMALL, "rows": rows, "universe": 1111, "epoch": 50, "time": 1_000_000,
        "valid_until": 1_000_600, "level": 1, "envelope": 2222,
    }  # fmt: skip
    values.update(changes)
    layout = values["layout"]
    tree = Tree({index: leaf_hash(row, layout) for index, row in rows.items()}, layout.depth)
    return Market(tree=tree, **values)


def account(held: tuple[tuple[int, int], ...], spare: int, **changes: Any) -> Account:
    """An account of the attacks with `spare` 1e-14 quote more than its requirement at ratio 1."""
    made = Account(
        positions=held, cash=0, ratio=0, floor=0, secret=777, salt=888, venue=999, subject=4242,
        coverage=1, as_of=1_000_100, valid_until=1_000_900, sequence=1, context=31337,
    )  # fmt: skip
    return replace(made, **{"cash": spare - report(made, market()).excess, **changes})


HELD = ((0, 10 * _LOT), (3, 10 * _LOT))


def whole(items: tuple[int, ...], make: Callable[[], Inputs]) -> Attack:
    """An attack on the whole circuit; inputs may name signals that only a planted bug has."""

    def run(built: Built) -> Attempt:
        return attempt(built, known(built, make()))

    return Attack(items, source(TINY), run)


def signed_otherwise(inputs: Inputs, signed: Account, where: Market) -> Inputs:
    """The inputs with the attestor's signature for another statement: honest, but not about this."""
    signature = sign(signed.attestor, message(signed, where))
    return {**inputs, "r8x": signature.r8[0], "r8y": signature.r8[1], "s": signature.s}


def with_terms(inputs: Inputs, **changes: int) -> Inputs:
    """The inputs with some fields of the terms replaced."""
    terms = inputs["terms"]
    for field in packing("terms"):
        if field.name in changes:
            terms &= ~(((1 << field.bits) - 1) << field.offset)
            terms |= changes[field.name] << field.offset
    return {**inputs, "terms": terms}


def honest_inputs() -> Inputs:
    """Inputs that the circuit accepts, exactly at the boundary."""
    return circuit_inputs(account(HELD, 0), market(), TINY)


def _negative_loss() -> Inputs:
    poor = circuit_inputs(account(HELD, -(10**14)), market(), TINY)
    losses = list(poor["losses"])
    losses[1] = R - 10**14  # group 2 gains at every node, so its nodes do not object
    return {**poor, "losses": losses}


def _too_small_loss() -> Inputs:
    poor = circuit_inputs(account(HELD, -1), market(), TINY)
    return {**poor, "losses": [poor["losses"][0] - 1, poor["losses"][1]]}


def _insolvent() -> Inputs:
    return circuit_inputs(account(HELD, -1), market(), TINY)


def _claims_initial() -> Inputs:
    return {**with_terms(honest_inputs(), level=2), "opening.header_level": 1}


def _old_statement() -> Inputs:
    current = honest_inputs()
    stale = signed_otherwise(current, account(HELD, 0), market(epoch=49))
    return {**stale, "opening.signed_epoch": 49}


def _later_as_of() -> Inputs:
    claimed = account(HELD, 0)
    inputs = circuit_inputs(claimed, market(), TINY)
    return {
        **signed_otherwise(inputs, replace(claimed, as_of=900_000), market()),
        "opening.signed_as_of": 900_000,
    }


def _other_universe() -> Inputs:
    """Reordered instruments: the account held row 0 of another list, which here is row 7."""
    held = account(((7, 10 * _LOT),), 0)
    inputs = circuit_inputs(held, market(), TINY)
    return {**signed_otherwise(inputs, held, market(universe=1112)), "opening.signed_universe": 1112}


def _rented() -> Inputs:
    return {**with_terms(honest_inputs(), subject=666), "opening.signed_subject": 4242}


def _wider_coverage() -> Inputs:
    return {**with_terms(honest_inputs(), coverage=2), "opening.signed_coverage": 1}


def _other_layout() -> Inputs:
    other = replace(SMALL, name="other", version=2)
    confused = market(layout=other)
    inputs = circuit_inputs(account(HELD, 0), confused, replace(TINY, layout=other))
    return {**inputs, "*.free_layout": other.id}


def _stolen() -> Inputs:
    """Somebody's statement, proven with another secret; the real holder is known to the thief."""
    victim = account(HELD, 0)
    inputs = circuit_inputs(victim, market(), TINY)
    thief = 778
    return {
        **inputs,
        "secret": thief,
        "nullifier": poseidon([tag("nullifier"), thief, victim.context]),
        "opening.holder": poseidon([tag("holder"), victim.secret]),
    }


def _many_nullifiers() -> Inputs:
    inputs = honest_inputs()
    return {**inputs, "nullifier": inputs["nullifier"] + 1}


def _own_signature() -> Inputs:
    """Self-declared, shown as if an accepted attestor had signed."""
    own = account(HELD, 0, attestor=b"\x09" * 32)
    inputs = circuit_inputs(own, market(), TINY)
    listed = public_key(account(HELD, 0).attestor)
    return {**inputs, "attestor": poseidon([tag("attestor"), *listed])}


def _own_market() -> Inputs:
    """A table of the prover's own making under the root that the publisher signed."""
    kind = market({**_ROWS, 0: replace(_ROWS[0], mark=10**6 * _QUOTE)})
    inputs = circuit_inputs(account(HELD, -(10**20)), kind, TINY)
    return {**inputs, "market_root": market().root}


def _dearer_row() -> Inputs:
    """Index 0 was signed; columns and path are those of row 7."""
    held = account(((0, 10 * _LOT),), -(10**17))
    inputs = circuit_inputs(held, market(), TINY)
    dearer = circuit_inputs(account(((7, 10 * _LOT),), 0), market(), TINY)
    columns = ("mark", "nodes", "addon_long", "addon_short", "rate", "deduction", "upper", "siblings")
    position = [[int(bit) for bit in reversed(f"{index:04b}")] for index in (7, 0)]
    return {**inputs, **{name: dearer[name] for name in columns}, "row_position": position}


def _merged_groups() -> Inputs:
    """Two underlyings called one, so that their losses net."""
    held = account(((0, 10 * _LOT), (9, 10 * _LOT)), 0)
    held = replace(held, cash=held.cash - 10 * _LOT * 5 * _QUOTE)
    inputs = circuit_inputs(held, market(), TINY)
    return {
        **inputs,
        "groups": [1, 0],
        "group_choice": [[1, 0], [1, 0]],
        "losses": [0, 0],
        "row_group": [1, 3],
    }


def _before_the_snapshot() -> Inputs:
    return circuit_inputs(account(HELD, 0, as_of=999_999), market(), TINY)


def _after_the_snapshot() -> Inputs:
    return circuit_inputs(account(HELD, 0, as_of=1_000_601), market(), TINY)


def _expiring_statement() -> Inputs:
    return circuit_inputs(account(HELD, 0, valid_until=1_000_599), market(), TINY)


def _hidden_position() -> Inputs:
    """Three positions were signed, the circuit has two slots, and the one that loses is left out."""
    held = account((*HELD, (9, 10 * _LOT)), 0)
    shown = replace(held, positions=HELD)
    return signed_otherwise(circuit_inputs(shown, market(), TINY), held, market())


def _split_position() -> Inputs:
    """1,500 lots as twice 750, which would both pay the first bracket."""
    held = account(((0, 750 * _LOT),), 0)
    held = replace(held, positions=((0, 750 * _LOT), (0, 750 * _LOT)), cash=10**26)
    single = circuit_inputs(replace(held, positions=((0, 750 * _LOT),)), market(), TINY)
    for name in (
        "used", "index", "size_magnitude", "size_negative", "group_choice", "bracket_choice", "mark", "nodes",
        "addon_long", "addon_short", "rate", "deduction", "upper", "siblings",
    ):  # fmt: skip
        single[name] = [single[name][0]] * 2
    single["losses"] = [2 * single["losses"][0], 0]
    return signed_otherwise(single, held, market())


# --- the table --------------------------------------------------------------------------------------

_BRACKET = {"rate": [100, 1], "deduction": [0, 0], "upper": [10, 1000]}
_SLOT = {"used": 1, "index": 3, "size_magnitude": 5, "size_negative": 0}

ATTACKS: dict[str, Attack] = {
    # numbers
    "a value with other bits": on("AssertBounded", (1, 3), **{"in": R - 1}),
    "a bit that is two": on("Boolean", (6,), **{"in": 2}),
    "a choice of 2 and -1": on("OneHot", (6,), active=1, choice=[2, R - 1, 0]),
    "a choice of two at once": on("OneHot", (6,), active=1, choice=[1, 1, 0]),
    "a choice without a position": on("OneHot", (6, 32), active=0, choice=[0, 1, 0]),
    "an order of a difference that wraps": on("AssertOrdered", (3,), low=5, high=4),
    # slots
    "a size of zero in a used slot": on("Slot", (32,), **{**_SLOT, "size_magnitude": 0}),
    "a size in an empty slot": on("Slot", (32,), **{**_SLOT, "used": 0, "index": 0}),
    "an index in an empty slot": on("Slot", (32, 33), **{**_SLOT, "used": 0, "size_magnitude": 0}),
    "a minus sign in an empty slot": on("Slot", (33,), used=0, index=0, size_magnitude=0, size_negative=1),
    "a size of -2^64": on("Slot", (33,), **{**_SLOT, "size_magnitude": 2**64, "size_negative": 1}),
    "a size that shifts into the index": on("Slot", (33,), **{**_SLOT, "size_magnitude": 2**65 + 5}),
    "an index beyond the tree": on("Slot", (33,), **{**_SLOT, "index": 16}),
    "a sign that is two": on("Slot", (6, 33), **{**_SLOT, "size_negative": 2}),
    "a position twice": on("AssertSlotOrder", (32,), used=[1, 1, 0], index=[5, 5, 0]),
    "positions out of order": on("AssertSlotOrder", (32,), used=[1, 1, 0], index=[5, 3, 0]),
    "a used slot after an empty one": on("AssertSlotOrder", (32,), used=[1, 0, 1], index=[5, 0, 7]),
    # the account's commitment
    "cash beyond its width": on(
        "AccountHash", (4, 33), used=[0] * 4, packed=[0] * 4, cash=R - 2**120 - 1, salt=1, holder=2
    ),
    "a last slot that is not committed": swap("AccountHash", (9,), "account", **{"packed[3]": 12345}),
    "a count that is not committed": swap(
        "AccountHash", (9, 32), "account", seed=7, **{f"used[{i}]": 1 for i in range(4)}
    ),
    "a salt that is not committed": swap("AccountHash", (9,), "account", salt=1),
    # rows
    "a used slot whose row is not opened": Attack(
        (32,),
        MAINS["AssertRow"].source,
        lambda built: attempt(
            built,
            {**MAINS["AssertRow"].draw(random.Random(1)), "used": 1, "rows_root": 1, "mark": 10**15},
        ),
    ),
    "a bound that is not in the leaf": swap("RowLeaf", (9,), "leaf", **{"upper[1]": 2**63}),
    "a child that is not in its node": swap("Merkle4Root", (11,), "root", **{"siblings[0][1]": 5}),
    # brackets
    "a cheaper bracket above its bound": on(
        "BracketCharge",
        (6, 34),
        used=1,
        magnitude=11,
        choice=[1, 0],
        **{**_BRACKET, "rate": [1, 100]},
    ),
    "a cheaper bracket below its bound": on(
        "BracketCharge", (6, 34), used=1, magnitude=9, choice=[0, 1], **_BRACKET
    ),
    "a deduction in an empty slot": on(
        "BracketCharge", (34,), used=0, magnitude=0, choice=[1, 0], **{**_BRACKET, "deduction": [10**6, 0]}
    ),
    "half of one bracket and half of the other": on(
        "BracketCharge",
        (6,),
        used=1,
        magnitude=10,
        choice=[pow(2, -1, R), pow(2, -1, R)],
        **_BRACKET,
    ),
    # losses
    "a negative loss": on(
        "ScenarioLoss",
        (4, 26),
        size=[10, 0],
        nodes=[[2, 2], [0, 0]],
        choice=[[1, 0], [0, 1]],
        losses=[R - 20, 0],
    ),
    "a loss below the worst node": on(
        "ScenarioLoss",
        (1, 26),
        size=[10, 0],
        nodes=[[2, -2], [0, 0]],
        choice=[[1, 0], [0, 1]],
        losses=[19, 0],
    ),
    "a loss that ignores the first node": on(
        "ScenarioLoss", (35,), size=[10, 0], nodes=[[-5, 2], [0, 0]], choice=[[1, 0], [0, 1]], losses=[0, 0]
    ),
    "a loss that nets two groups": on(
        "ScenarioLoss",
        (26,),
        size=[10, 10],
        nodes=[[-5, 5], [5, -5]],
        choice=[[1, 0], [0, 1]],
        losses=[0, 0],
    ),
    # the claim
    "one unit short": on("AssertMargin", (3,), equity=99, addon=50, loss=50, ratio=0, floor=0),
    "the ratio not kept": on("AssertMargin", (3,), equity=100, addon=50, loss=50, ratio=1, floor=0),
    "the floor not kept": on("AssertMargin", (38,), equity=100, addon=50, loss=50, ratio=0, floor=1),
    # terms
    "terms of another version": on("UnpackTerms", (7,), terms=(2 << 244) | (1 << 242) | (1 << 240)),
    "a level of none": on("UnpackTerms", (29,), terms=(1 << 244) | (1 << 240)),
    "both levels at once": on("UnpackTerms", (29,), terms=(1 << 244) | (3 << 242) | (1 << 240)),
    "a coverage of none": on("UnpackTerms", (29,), terms=(1 << 244) | (1 << 242)),
    "terms with a bit above": on(
        "UnpackTerms", (16, 33), terms=(1 << 252) | (1 << 244) | (1 << 242) | (1 << 240)
    ),
    # signature and holder
    "a signature by no key at all": Attack(
        (17,), MAINS["Attestation"].source, lambda built: attempt(built, off_curve_forgery(message=4711))
    ),
    "a nullifier of another context": swap("Nullifier", (30,), "nullifier", context=99),
    # the whole circuit
    "insolvent by one unit": whole((3,), _insolvent),
    "a negative loss, all else consistent": whole((4, 26), _negative_loss),
    "a loss one unit too small": whole((26,), _too_small_loss),
    "maintenance table, initial claim": whole((29,), _claims_initial),
    "an old statement with a new snapshot": whole((29, 37), _old_statement),
    "an as_of that was not signed": whole((29, 37), _later_as_of),
    "a statement of another universe": whole((27,), _other_universe),
    "a proof for somebody else's address": whole((31,), _rented),
    "one account shown as all": whole((29,), _wider_coverage),
    "a root of another layout": whole((28,), _other_layout),
    "somebody else's statement": whole((31,), _stolen),
    "a second nullifier": whole((30,), _many_nullifiers),
    "a listed attestor that did not sign": whole((7, 24), _own_signature),
    "a market of the prover's own": whole((7, 24), _own_market),
    "the row of another instrument": whole((6, 27), _dearer_row),
    "two underlyings netted": whole((6,), _merged_groups),
    "an account older than the snapshot": whole((37,), _before_the_snapshot),
    "an account newer than the snapshot": whole((37,), _after_the_snapshot),
    "a statement that ends before the snapshot": whole((37,), _expiring_statement),
    "a position beyond the circuit's slots": whole((10, 32), _hidden_position),
    "a position split in two": whole((32,), _split_position),
}
"""By name."""
