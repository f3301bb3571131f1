"""Boundary tables: hand-made witnesses at the edges of every range, order and sign.

The constraints are the judge, and no witness generator is asked: a value that no honest prover could make is
written into the witness all the same, and the constraints have to object.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.circuits.mains import MAINS
from tests.circuits.references import extended_leaf, merkle_root, row_leaf
from tests.circuits.solving import Solver, attempt
from tests.circuits.templates import Source, build
from verifier.babyjubjub import BASE8, SUBGROUP_ORDER, add, multiply
from verifier.circuits import instances, packing, tag
from verifier.eddsa import public_key, sign
from verifier.field import R, to_field
from verifier.packing import pack
from verifier.poseidon import poseidon

HALF = (R - 1) // 2


def edges(bits: int) -> dict[int, bool]:
    """Edge values of a number of `bits` bits, and whether it holds them."""
    inside = (0, 1, (1 << bits) - 1)
    outside = (1 << bits, (1 << bits) + 1, R - 1, HALF, HALF + 1, R - (1 << bits), R - (1 << bits) + 1)
    return {**dict.fromkeys(inside, True), **dict.fromkeys(outside, False)}


def accepts(main: str, **values: Any) -> bool:
    return attempt(build(MAINS[main].source), values).accepted


@pytest.mark.parametrize("bits", [1, 2, 8, 34, 64, 65, 127, 160, 252, 253])
def test_a_range(bits: int) -> None:
    built = build(Source(("lib/range.circom",), f"AssertBounded({bits})"))
    solver = Solver(built)
    found = {value: attempt(built, {"in": value}, solver).accepted for value in edges(bits)}
    # Edges of a wide range may meet: the smaller half of the field fits 253 bits.
    assert found == {value: value < 1 << bits for value in found}


def test_bits_that_make_the_sum_but_are_no_bits() -> None:
    """8 bits: 256 as a top bit of two, −1 as a lowest bit of −1, and a half that doubles."""
    built = build(MAINS["ToBits"].source)
    bits = {256: [0] * 7 + [2], R - 1: [R - 1] + [0] * 7, 1: [R - 1, 1] + [0] * 6}
    for value, made in bits.items():
        assert sum(bit << place for place, bit in enumerate(made)) % R == value
        assert not attempt(built, {"in": value, "out": made}).accepted


def test_a_bit() -> None:
    for value, good in {0: True, 1: True, 2: False, R - 1: False, HALF: False, HALF + 1: False}.items():
        assert accepts("Boolean", **{"in": value}) is good


def test_an_order() -> None:
    top = 2**34 - 1
    for low, high in ((0, 0), (0, 1), (0, top), (top, top), (top - 1, top), (5, 6)):
        assert accepts("AssertOrdered", low=low, high=high)
        assert accepts("AssertOrdered", low=high, high=low) is (low == high)


def test_a_choice() -> None:
    for choice in ([1, 0, 0], [0, 1, 0], [0, 0, 1]):
        assert accepts("OneHot", active=1, choice=choice)
        assert not accepts("OneHot", active=0, choice=choice)
    assert accepts("OneHot", active=0, choice=[0, 0, 0])
    half = pow(2, -1, R)
    for choice in ([0, 0, 0], [1, 1, 0], [1, 1, 1], [2, R - 1, 0], [half, half, 0], [R - 1, 1, 1]):
        assert not accepts("OneHot", active=1, choice=choice)
    assert not accepts("OneHot", active=0, choice=[1, R - 1, 0])


@pytest.mark.parametrize("k", [0, 1])
def test_a_bracket_at_its_bounds(k: int) -> None:
    upper, rates, deductions = [1000, 2**64 - 1], [3, 7], [R - 50, 4000]
    bounds = ((0, 1000), (1000, 2**64 - 1))[k]
    for magnitude in (1, 999, 1000, 1001, 2**63, 2**64 - 2, 2**64 - 1):
        found = attempt(
            build(MAINS["BracketCharge"].source),
            {
                "used": 1, "magnitude": magnitude, "choice": [int(k == 0), int(k == 1)],
                "rate": rates, "deduction": deductions, "upper": upper,
            },
        )  # fmt: skip
        assert found.accepted is (bounds[0] <= magnitude <= bounds[1])
        if found.accepted:
            charge = magnitude * rates[k] - (-50, 4000)[k]
            assert found.value("charge") == charge % R


def test_an_empty_slot_pays_nothing_and_gets_nothing() -> None:
    found = attempt(
        build(MAINS["BracketCharge"].source),
        {
            "used": 0, "magnitude": 0, "choice": [0, 0], "rate": [5, 5],
            "deduction": [2**126, 2**126], "upper": [1, R - 1],
        },
    )  # fmt: skip
    assert found.accepted
    assert found.value("charge") == 0


def packed_slot(index: int, size: int) -> int:
    return (index + 1) * 2**65 + size + 2**64


def test_a_slot_at_the_edges_of_its_fields() -> None:
    built = build(MAINS["Slot"].source)
    solver = Solver(built)

    def slot(used: int, index: int, magnitude: int, negative: int) -> int | None:
        values = {"used": used, "index": index, "size_magnitude": magnitude, "size_negative": negative}
        found = attempt(built, values, solver)
        return found.value("packed") if found.accepted else None

    for index in (0, 1, 15):
        for magnitude in (1, 2, 2**63, 2**64 - 1):
            assert slot(1, index, magnitude, 0) == packed_slot(index, magnitude)
            assert slot(1, index, magnitude, 1) == packed_slot(index, -magnitude)
    assert slot(0, 0, 0, 0) == 0
    bad_sizes = [0, *(value for value, good in edges(64).items() if not good)]
    for magnitude in bad_sizes:
        for negative in (0, 1):
            assert slot(1, 3, magnitude, negative) is None
    for index in (16, 17, 2**17, R - 1, HALF, HALF + 1):
        assert slot(1, index, 5, 0) is None
        assert slot(0, index, 0, 0) is None
    for bit in (2, R - 1, HALF, HALF + 1):
        assert slot(bit, 3, 5, 0) is None
        assert slot(1, 3, 5, bit) is None
        assert slot(bit, 0, 0, 0) is None
    for empty in ((0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 15, 0, 1)):
        assert slot(*empty) is None


def test_slots_of_two_different_positions_never_pack_alike() -> None:
    """Neighbouring indexes at opposite ends of their sizes are where two slots come closest."""
    largest, smallest = packed_slot(4, 2**64 - 1), packed_slot(5, -(2**64) + 1)
    assert packed_slot(0, -(2**64) + 1) > 0
    assert largest < smallest
    assert packed_slot(2**16 - 1, 2**64 - 1) < 2**82


def test_an_order_of_slots() -> None:
    table = {
        ((0, 0, 0), (0, 0, 0)): True,
        ((1, 0, 0), (0, 0, 0)): True,
        ((1, 1, 0), (0, 1, 0)): True,
        ((1, 1, 1), (0, 1, 15)): True,
        ((1, 1, 1), (13, 14, 15)): True,
        ((1, 1, 0), (3, 3, 0)): False,
        ((1, 1, 0), (3, 2, 0)): False,
        ((1, 1, 1), (1, 3, 3)): False,
        ((1, 1, 1), (1, 5, 3)): False,
        ((0, 1, 0), (0, 3, 0)): False,
        ((1, 0, 1), (1, 0, 3)): False,
        ((0, 0, 1), (0, 0, 3)): False,
        ((1, 1, 0), (15, 0, 0)): False,
    }
    for (used, index), good in table.items():
        assert accepts("AssertSlotOrder", used=list(used), index=list(index)) is good, (used, index)


def test_cash_at_the_edges_of_its_width() -> None:
    table = {0: True, 2**120 - 1: True, -(2**120): True, 2**120: False, -(2**120) - 1: False}
    table |= {HALF: False, -HALF: False, 2**121: False, -(2**121): False}
    for cash, good in table.items():
        values = {"used": [0] * 4, "packed": [0] * 4, "cash": to_field(cash), "salt": 1, "holder": 2}
        found = attempt(build(MAINS["AccountHash"].source), values)
        assert found.accepted is good, cash
        if good:
            assert found.value("account") == poseidon([tag("account"), 0, cash + 2**120, 1, 2, *[0] * 11])


def test_three_slots_share_an_element_without_touching() -> None:
    packed = [2**82 - 1, 1, 2**82 - 1, 7]
    values = {"used": [1] * 4, "packed": packed, "cash": 0, "salt": 1, "holder": 2}
    elements = [packed[0] + (packed[1] << 82) + (packed[2] << 164), 7, *[0] * 9]
    found = attempt(build(MAINS["AccountHash"].source), values)
    assert found.value("account") == poseidon([tag("account"), 4, 2**120, 1, 2, *elements])


def test_a_claim_at_its_boundary() -> None:
    addon, loss = 10**30, 3 * 10**29
    for ratio in (0, 1, 255):
        for floor in (0, 1, 2**38 - 1):
            least = (20 + ratio) * (addon + loss) + 20 * floor * 10**14
            assert least % 20 == 0
            for spare in (-1, 0, 1):
                assert accepts(
                    "AssertMargin", equity=least // 20 + spare, addon=addon, loss=loss,
                    ratio=ratio, floor=floor,
                ) is (spare >= 0)  # fmt: skip


def test_an_equity_that_is_negative_is_no_large_one() -> None:
    for equity in (-1, -(2**128), -(2**133), HALF):
        values = {"addon": 0, "loss": 0, "ratio": 0, "floor": 0}
        assert not accepts("AssertMargin", equity=equity % R, **values)
    assert accepts("AssertMargin", equity=2**128, addon=0, loss=0, ratio=0, floor=0)


def test_no_account_of_any_instance_reaches_the_field_s_size() -> None:
    """What the claim leans on: cash of 121 bits, sizes of 64 and row values of 63, as they are checked."""
    for one in instances().values():
        value = (2**64 - 1) * (2**63 - 1)
        equity = 2**120 + one.slots * value
        bracket = value + 2**127
        requirement = 275 * (one.slots * (value + bracket) + one.groups * 2 ** (127 + 5))
        assert 20 * equity + requirement + 20 * 2**38 * 10**14 < HALF


def test_a_loss_at_every_edge() -> None:
    """Sizes and nodes at the ends of their widths; w = 128 for two slots."""
    size, node = 2**64 - 1, 2**63 - 1
    values: dict[str, Any] = {
        "size": [size, size], "nodes": [[to_field(-node), 0], [to_field(-node), 0]],
        "choice": [[1, 0], [1, 0]],
    }  # fmt: skip
    worst = 2 * size * node
    table = {worst: True, worst + 1: True, 2**128 - 1: True, worst - 1: False, 0: False}
    table |= {2**128: False, R - 1: False, HALF: False, HALF + 1: False, R - worst: False}
    for loss, good in table.items():
        assert accepts("ScenarioLoss", **values, losses=[loss, 0]) is good, loss
        # The other group holds nothing: any loss that fits is allowed, and counted.
        if good:
            found = attempt(build(MAINS["ScenarioLoss"].source), {**values, "losses": [loss, 5]})
            assert found.value("total") == loss + 5
        assert not accepts("ScenarioLoss", **values, losses=[worst, R - 1])


def test_terms_field_by_field() -> None:
    built = build(MAINS["UnpackTerms"].source)
    solver = Solver(built)
    good = {"version": 1, "level": 1, "coverage": 1, "as_of": 0, "subject": 0, "floor": 0, "ratio": 0}

    def outputs(terms: int) -> dict[str, int] | None:
        found = attempt(built, {"terms": terms}, solver)
        names = [field.name for field in packing("terms") if field.name != "version"]
        return {name: found.value(name) for name in names} if found.accepted else None

    for field in packing("terms"):
        for value in (0, 1, 2, 3, (1 << field.bits) - 1):
            if value >= 1 << field.bits:
                continue
            fields = {**good, field.name: value}
            allowed = {"version": (1,), "level": (1, 2), "coverage": (1, 2)}.get(field.name, (value,))
            wanted = {k: v for k, v in fields.items() if k != "version"} if value in allowed else None
            assert outputs(pack("terms", fields)) == wanted, (field.name, value)
    plain = pack("terms", good)
    for terms in (plain + 2**252, plain + 2**253, R - plain, R - 1, HALF, HALF + 1):
        assert outputs(terms % R) is None


def test_children_stand_at_the_digit_of_their_place() -> None:
    built = build(MAINS["Children4"].source)
    for digit in range(4):
        found = attempt(built, {"low": digit & 1, "high": digit >> 1, "child": 100, "siblings": [11, 22, 33]})
        wanted = [11, 22, 33]
        wanted.insert(digit, 100)
        assert [found.value(f"out[{place}]") for place in range(4)] == wanted


def test_a_row_is_opened_at_its_index_only() -> None:
    built = build(MAINS["AssertRow"].source)
    solver = Solver(built)
    values = {**MAINS["AssertRow"].draw(random.Random(3)), "used": 1}
    for index in range(16):
        values["position"] = [(index >> bit) & 1 for bit in range(4)]
        for other in (index, index ^ 1, 15 - index):
            values["rows_root"] = merkle_root(row_leaf(values), other, values["siblings"])
            assert attempt(built, values, solver).accepted is (other == index)
    assert attempt(built, {**values, "used": 0, "rows_root": 5}, solver).accepted


def test_a_leaf_is_no_node_and_hashes_have_their_own_tags() -> None:
    """Arity 4 is the tree's alone, and no two uses share a tag and an arity."""
    leaf = MAINS["RowLeaf"].draw(random.Random(4))
    found = attempt(build(MAINS["RowLeaf"].source), leaf)
    assert found.value("leaf") == extended_leaf(leaf)
    columns = [*leaf.values()]
    flat = [x for column in columns for x in (column if isinstance(column, list) else [column])]
    assert found.value("leaf") not in {poseidon(flat[i : i + 4]) for i in range(len(flat) - 3)}


def signature_values(secret: bytes, message: int) -> dict[str, int]:
    key, signed = public_key(secret), sign(secret, message)
    return {
        "message": message, "attestor_x": key[0], "attestor_y": key[1],
        "r8x": signed.r8[0], "r8y": signed.r8[1], "s": signed.s,
    }  # fmt: skip


def test_a_signature_and_what_is_almost_one() -> None:
    built = build(MAINS["Attestation"].source)
    solver = Solver(built)
    good = signature_values(b"\x05" * 32, 4711)
    found = attempt(built, good, solver)
    assert found.accepted
    assert found.value("attestor") == poseidon([tag("attestor"), good["attestor_x"], good["attestor_y"]])
    order_two = (0, R - 1)
    r8 = add((good["r8x"], good["r8y"]), order_two)
    key = add((good["attestor_x"], good["attestor_y"]), order_two)
    for almost in (
        {"s": good["s"] + SUBGROUP_ORDER},
        {"s": good["s"] + 2 * SUBGROUP_ORDER},
        {"s": SUBGROUP_ORDER - good["s"]},
        {"s": R - 1},
        {"message": 4712},
        {"r8x": r8[0], "r8y": r8[1]},
        {"r8x": R - good["r8x"]},
        {"r8x": good["r8x"] + 1},
        {"attestor_x": key[0], "attestor_y": key[1]},
        {"attestor_x": R - good["attestor_x"]},
        {"attestor_x": good["attestor_x"] + 1},
    ):
        assert not attempt(built, {**good, **almost}, solver).accepted, list(almost)


def test_keys_of_small_order_sign_nothing() -> None:
    """With 8·A the identity, S·B8 = R8 would sign every message."""
    built = build(MAINS["Attestation"].source)
    solver = Solver(built)
    r8 = multiply(BASE8, 5)
    for x, y in ((0, 1), (0, R - 1)):
        values = {"message": 1, "attestor_x": x, "attestor_y": y, "r8x": r8[0], "r8y": r8[1], "s": 5}
        assert not attempt(built, values, solver).accepted


def test_hashes_are_those_of_the_verifier() -> None:
    rng = random.Random(6)
    for _ in range(3):
        header = MAINS["MarketHeader"].draw(rng)
        clock = pack("clock", {f.name: header[f.name] for f in packing("clock")})
        inputs = [tag("header"), header["rows_root"], header["universe"], 777, clock, header["envelope"]]
        assert attempt(build(MAINS["MarketHeader"].source), header).value("market_root") == poseidon(inputs)
        statement = MAINS["StatementMessage"].draw(rng)
        stamp = pack("stamp", {f.name: statement[f.name] for f in packing("stamp")})
        names = ("account", "universe", "subject")
        inputs = [tag("statement"), *(statement[name] for name in names), stamp, statement["venue"]]
        found = attempt(build(MAINS["StatementMessage"].source), statement)
        assert found.value("message") == poseidon(inputs)
    found = attempt(build(MAINS["Nullifier"].source), {"secret": 5, "context": 6})
    assert found.value("nullifier") == poseidon([tag("nullifier"), 5, 6])
    assert attempt(build(MAINS["Holder"].source), {"secret": 5}).value("holder") == poseidon(
        [tag("holder"), 5]
    )
