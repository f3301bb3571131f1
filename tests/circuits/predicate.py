"""What the account circuit must accept, as plain Python over its inputs, written from the design.

It shares no code with the circuit or the engine, opens the rows that the inputs bring, and lets nothing pass
that the design does not allow. `broken` names what does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from tests.circuits.accounts import Inputs
from tests.circuits.references import merkle_root, row_of
from verifier.babyjubjub import on_curve
from verifier.circuits import Instance, packing, table, tag
from verifier.eddsa import Signature, verify
from verifier.field import from_field
from verifier.packing import pack, unpack
from verifier.poseidon import poseidon
from verifier.rows import leaf_hash

_COLUMNS = ("mark", "nodes", "addon_long", "addon_short", "rate", "deduction", "upper")


def broken(inputs: Inputs, instance: Instance) -> set[str]:
    """Names of the rules that the inputs break; empty when the circuit must accept them."""
    return set(_broken(inputs, instance))


def _broken(x: Inputs, instance: Instance) -> Iterator[str]:
    widths = {f.name: f.bits for name in ("clock", "stamp") for f in packing(name)}
    named = {**x, "valid_until": max(x["valid_until"], x["statement_valid_until"])}
    if x["terms"] >= 1 << 252 or any(
        named[name] >= 1 << widths[name] for name in ("epoch", "time", "valid_until", "sequence")
    ):
        yield "width"
        return
    terms = unpack("terms", x["terms"])
    if terms["version"] != table()["terms_version"]:
        yield "version"
    if terms["level"] not in (1, 2) or terms["coverage"] not in (1, 2):
        yield "level or coverage"
    if x["nullifier"] != poseidon([tag("nullifier"), x["secret"], x["context"]]):
        yield "nullifier"
    clock = pack("clock", {n: x[n] for n in ("epoch", "time", "valid_until")} | {"level": terms["level"]})
    header = [tag("header"), x["rows_root"], x["universe"], instance.layout.id, clock, x["envelope"]]
    if x["market_root"] != poseidon(header):
        yield "market root"
    if not x["time"] <= terms["as_of"] <= x["valid_until"] <= x["statement_valid_until"]:
        yield "times"
    used = x["used"]
    if any(bit not in (0, 1) for bit in (*used, *x["size_negative"])):
        yield "bits"
        return
    slots = list(_slots(x, instance))
    if None in slots:
        yield "slots"
        return
    held = [slot for slot in slots if slot]
    if used != sorted(used, reverse=True) or any(a[0] >= b[0] for a, b in pairwise(held)):
        yield "order"
    yield from _statement(x, terms, held)
    yield from _rows(x, terms, instance, slots)


def _slots(x: Inputs, instance: Instance) -> Iterator[tuple[int, int] | tuple[()] | None]:
    """(index, size) of a used slot, nothing for an empty one, None for a malformed one."""
    for i in range(instance.slots):
        index, magnitude, negative = x["index"][i], x["size_magnitude"][i], x["size_negative"][i]
        if not x["used"][i]:
            yield () if (index, magnitude, negative) == (0, 0, 0) else None
        elif index < instance.layout.capacity and 0 < magnitude < 1 << 64:
            yield index, -magnitude if negative else magnitude
        else:
            yield None


def _statement(x: Inputs, terms: dict[str, int], held: Sequence[Any]) -> Iterator[str]:
    cash = from_field(x["cash"])
    if not -(1 << 120) <= cash < 1 << 120:
        yield "cash"
        return
    elements = [0] * 11
    for place, (index, size) in enumerate(held):
        elements[place // 3] += ((index + 1) * 2**65 + size + 2**64) << (82 * (place % 3))
    holder = poseidon([tag("holder"), x["secret"]])
    account = poseidon([tag("account"), len(held), cash + 2**120, x["salt"], holder, *elements])
    stamp = pack(
        "stamp",
        {
            "epoch": x["epoch"],
            "as_of": terms["as_of"],
            "valid_until": x["statement_valid_until"],
            "sequence": x["sequence"],
            "coverage": terms["coverage"],
        },
    )
    message = poseidon([tag("statement"), account, x["universe"], terms["subject"], stamp, x["venue"]])
    key = (x["attestor_x"], x["attestor_y"])
    if not on_curve(key) or not verify(key, message, Signature((x["r8x"], x["r8y"]), x["s"])):
        yield "signature"
    if x["attestor"] != poseidon([tag("attestor"), *key]):
        yield "attestor"


def _rows(x: Inputs, terms: dict[str, int], instance: Instance, slots: Sequence[Any]) -> Iterator[str]:
    equity, addon = from_field(x["cash"]), 0
    profits = [[0] * instance.nodes for _ in range(instance.groups)]
    for i, slot in enumerate(slots):
        groups, brackets = x["group_choice"][i], x["bracket_choice"][i]
        for choice in (groups, brackets):
            if any(bit not in (0, 1) for bit in choice) or sum(choice) != len(slot) // 2:
                yield "choice"
                return
        if not slot:
            continue
        index, size = slot
        group = groups.index(1)
        row = row_of({name: x[name][i] for name in _COLUMNS} | {"group": x["groups"][group]})
        try:
            leaf = leaf_hash(row, instance.layout)
        except Exception:
            yield "row"
            return
        if merkle_root(leaf, index, x["siblings"][i]) != x["rows_root"]:
            yield "row"
            return
        k = brackets.index(1)
        if not (row.brackets[k - 1].upper if k else 0) <= abs(size) <= row.brackets[k].upper:
            yield "bracket"
        equity += size * row.mark
        addon += abs(size) * (row.addon_long if size > 0 else row.addon_short)
        addon += abs(size) * row.brackets[k].rate - row.brackets[k].deduction
        for s, node in enumerate(row.nodes):
            profits[group][s] += size * node
    bits = 127 + (instance.slots - 1).bit_length()
    if any(loss >= 1 << bits for loss in x["losses"]):
        yield "loss"
        return
    if any(loss + at < 0 for loss, group in zip(x["losses"], profits, strict=True) for at in group):
        yield "node"
    left = 20 * equity - (20 + terms["ratio"]) * (addon + sum(x["losses"])) - 20 * terms["floor"] * 10**14
    if left < 0:
        yield "margin"
