"""BabyJubJub and EdDSA-Poseidon: published vectors, group laws, and what strictness refuses."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier import eddsa
from verifier.babyjubjub import (
    BASE8,
    IDENTITY,
    ORDER,
    SUBGROUP_ORDER,
    Point,
    add,
    in_subgroup,
    multiply,
    on_curve,
)
from verifier.errors import FormatError
from verifier.field import R
from verifier.poseidon import poseidon

GENERATOR: Point = (
    995203441582195749578291179787384436505546430278305826713579947235728471134,
    5472060717959818805561601436314318772137091100104008585924551046643952123905,
)
"""EIP-2494's generator of the whole curve."""

TORSION: Point = multiply(GENERATOR, SUBGROUP_ORDER)
"""A point of order 8: on the curve, not in the subgroup."""

SCALAR = st.integers(min_value=0, max_value=SUBGROUP_ORDER - 1)
SECRET = bytes(range(32))


@pytest.fixture
def table(vectors: Path) -> Any:
    return json.loads((vectors / "crypto" / "babyjubjub_eddsa.json").read_text())


def _point(pair: list[str]) -> Point:
    return int(pair[0]), int(pair[1])


def test_curve_constants(table: Any) -> None:
    curve = table["curve"]
    assert int(curve["field"]) == R
    assert int(curve["order"]) == ORDER
    assert int(curve["subgroup_order"]) == SUBGROUP_ORDER
    assert _point(curve["base8"]) == BASE8
    assert _point(curve["generator"]) == GENERATOR


def test_published_sums_products_and_points(table: Any) -> None:
    for case in table["add"]:
        assert add(_point(case["a"]), _point(case["b"])) == _point(case["out"])
    for case in table["mul"]:
        assert multiply(_point(case["p"]), int(case["s"])) == _point(case["out"])
    for case in table["in_curve"]:
        assert on_curve(_point(case["p"])) == case["ok"]


def test_generators() -> None:
    assert multiply(GENERATOR, 8) == BASE8
    assert in_subgroup(BASE8) and in_subgroup(IDENTITY)
    assert multiply(GENERATOR, ORDER) == IDENTITY
    assert on_curve(GENERATOR) and not in_subgroup(GENERATOR)
    assert on_curve(TORSION) and not in_subgroup(TORSION) and multiply(TORSION, 8) == IDENTITY


@settings(max_examples=25, deadline=None)
@given(SCALAR, SCALAR)
def test_multiplication_is_linear(m: int, n: int) -> None:
    assert add(multiply(BASE8, m), multiply(BASE8, n)) == multiply(BASE8, m + n)
    assert multiply(BASE8, m + SUBGROUP_ORDER) == multiply(BASE8, m)


@pytest.mark.parametrize("point", [(R, 1), (0, R + 1), (-1, 1), (0, -1), (BASE8[0] + R, BASE8[1])])
def test_unreduced_coordinates_are_not_points(point: Point) -> None:
    assert not on_curve(point)
    assert not in_subgroup(point)


def test_published_signature(table: Any) -> None:
    for case in table["eddsa_poseidon"]:
        secret = bytes.fromhex(case["private_key_hex"])
        message = int.from_bytes(bytes.fromhex(case["msg_le_hex"]), "little")
        public = eddsa.public_key(secret)
        assert public == _point(case["pub"])
        signature = eddsa.sign(secret, message)
        assert (signature.r8, signature.s) == (_point(case["R8"]), int(case["S"]))
        assert eddsa.verify(public, message, signature)


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.integers(min_value=0, max_value=R - 1))
def test_signatures_hold_for_their_key_and_message_alone(secret: bytes, message: int) -> None:
    public = eddsa.public_key(secret)
    signature = eddsa.sign(secret, message)
    assert signature == eddsa.sign(secret, message)
    assert eddsa.verify(public, message, signature)
    assert not eddsa.verify(public, (message + 1) % R, signature)
    assert not eddsa.verify(add(public, BASE8), message, signature)
    assert not eddsa.verify(public, message, dataclasses.replace(signature, r8=add(signature.r8, BASE8)))
    for s in (signature.s + 1, signature.s + SUBGROUP_ORDER, signature.s - SUBGROUP_ORDER):
        assert not eddsa.verify(public, message, dataclasses.replace(signature, s=s))


def test_unreduced_numbers_are_refused() -> None:
    public, signature = eddsa.public_key(SECRET), eddsa.sign(SECRET, 5)
    assert not eddsa.verify(public, 5 + R, signature)
    assert not eddsa.verify((public[0] + R, public[1]), 5, signature)
    moved = dataclasses.replace(signature, r8=(signature.r8[0], signature.r8[1] + R))
    assert not eddsa.verify(public, 5, moved)
    assert not eddsa.verify((0, 0), 5, signature)


def test_the_identity_key_signs_nothing() -> None:
    """Under the key (0, 1) the equation reads S·B8 = R8, which anybody can satisfy."""
    forged = eddsa.Signature(multiply(BASE8, 7), 7)
    assert multiply(BASE8, forged.s) == forged.r8
    assert not eddsa.verify(IDENTITY, 5, forged)


def test_a_key_outside_the_subgroup_is_refused() -> None:
    """Eight times the torsion part vanishes, so the equation alone would accept a second key."""
    public = add(eddsa.public_key(SECRET), TORSION)
    nonce = 1234
    r8 = multiply(BASE8, nonce)
    challenge = poseidon([*r8, *public, 5])
    # 8·public = s·B8 for the scalar s of the honest key.
    scalar, _ = eddsa._derive(SECRET)
    forged = eddsa.Signature(r8, (nonce + challenge * scalar) % SUBGROUP_ORDER)
    assert multiply(BASE8, forged.s) == add(r8, multiply(public, 8 * challenge))
    assert not eddsa.verify(public, 5, forged)


def test_a_torsion_key_is_refused() -> None:
    assert not eddsa.verify(TORSION, 5, eddsa.Signature(multiply(BASE8, 7), 7))


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
def test_secrets_of_another_length_are_refused(secret: bytes) -> None:
    with pytest.raises(FormatError, match="secret"):
        eddsa.public_key(secret)
    with pytest.raises(FormatError, match="secret"):
        eddsa.sign(secret, 1)


@pytest.mark.parametrize("message", [-1, R])
def test_only_field_elements_are_signed(message: int) -> None:
    with pytest.raises(FormatError, match="message"):
        eddsa.sign(SECRET, message)
