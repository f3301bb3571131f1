"""Where the constraints go: ``python -m tests.circuits.budget`` prints the table of docs/circuits.md.

A constraint belongs to the component of its deepest wire. Optimisation merges linear steps into their
neighbours, so a component's share is what is left of it in the whole, and the shares add up exactly.
"""

from __future__ import annotations

import re
from collections import Counter

from prover.r1cs import R1cs, read_r1cs
from prover.toolchain.circom import compile_instance
from verifier.circuits import instances

_SUFFIX = re.compile(r"(_\d+)+(\[\d+\])*$|(\[\d+\])+$")
"""What the compiler adds to the name of an anonymous component, and places in arrays."""

_PARTS = {
    "claim": "unpack the terms",
    "Nullifier": "nullifier",
    "Holder": "holder",
    "Bounded": "widths of the clock and the stamp",
    "AssertOrdered": "order of the times",
    "MarketHeader": "market root",
    "Slot": "slots",
    "AssertSlotOrder": "order of the slots",
    "AccountHash": "account hash and cash",
    "StatementMessage": "statement's message",
    "Attestation": "attestor's signature and hash",
    "GroupChoice": "groups",
    "SubgroupChoice": "subgroups",
    "AssertAscending": "groups",
    "CellChoice": "cells",
    "AssertDistinctCells": "cells",
    "RowLeaf": "rows: leaves",
    "Merkle4Root": "rows: paths",
    "BracketCharge": "brackets",
    "GroupCharges": "charges by group",
    "ScenarioLoss": "scenario losses",
    "GroupProfits": "scenario losses",
    "CoveringLosses": "scenario losses",
    "ChargedLosses": "scenario losses",
    "DiscountedProfits": "discounts",
    "OneSidedProfits": "one-sided nodes",
    "EitherOr": "either-or",
    "SubgroupLoss": "subgroups' losses",
    "AssertMargin": "the claim",
}
_BITS = {
    "slot": "Slot",
    "used": "Slot",
    "size_negative": "Slot",
    "position": "Slot",
    "group_choice": "GroupChoice",
    "bracket_choice": "BracketCharge",
    "subgroup_choice": "SubgroupChoice",
    "cell_choice": "CellChoice",
    "cell_group_choice": "CellChoice",
    "take_alternative": "DiscountedProfits",
    "is_loss": "OneSidedProfits",
    "isolated_choice": "EitherOr",
}
"""Signals whose own constraint, that they are bits, mentions nothing deeper."""
_REST = "products and equalities of the main template"


def shares(r1cs: R1cs, symbols: str) -> Counter[str]:
    """Constraints by part."""
    deepest: dict[int, list[str]] = {}
    for line in symbols.splitlines():
        _, wire, _, name = line.split(",", 3)
        path = name.split(".")
        if len(path) > len(deepest.get(int(wire), [])):
            deepest[int(wire)] = path
    found: Counter[str] = Counter()
    for constraint in r1cs.constraints:
        path = max((deepest[wire] for wire in constraint.wires() - {0}), key=len)
        found[_part(path)] += 1
    return found


def _part(path: list[str]) -> str:
    named = [_SUFFIX.sub("", step) for step in path[1:]]
    if named[0] in ("opening", "Addon") and len(named) > 1:
        named = named[1:]
    inner = named[0] == "AssertRow" and len(named) > 1 and (len(named) > 2 or named[1] in _BITS)
    step = named[1] if inner else named[0]
    return _PARTS.get(_BITS.get(step, step), _REST)


def main() -> None:
    """Print the table."""
    columns: dict[str, Counter[str]] = {}
    for one in instances().values():
        built = compile_instance(one)
        columns[one.size] = shares(read_r1cs(built.r1cs), built.sym.read_text())
    print("| part | " + " | ".join(columns) + " |")
    print("|---|" + "---:|" * len(columns))
    for part in dict.fromkeys((*_PARTS.values(), _REST)):
        print(f"| {part} | " + " | ".join(f"{column[part]:,}" for column in columns.values()) + " |")
    print("| **all** | " + " | ".join(f"**{column.total():,}**" for column in columns.values()) + " |")
    limits = [f"{one.max_constraints:,}" for one in instances().values()]
    print("| limit | " + " | ".join(limits) + " |")


if __name__ == "__main__":
    main()
