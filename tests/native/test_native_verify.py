"""Native verification against the Python verifier: the same verdict and the same kind of refusal."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.native.reference import R
from verifier.errors import FormatError, InvalidError
from verifier.groth16 import Q, parse_proof, parse_public, parse_verification_key, verify

NAMES = ("ark_bn254", "privacy_pools_commitment", "risc0_v2_hez_ptau", "sp1_gnark")


def _python(vk: Any, public: Any, proof: Any) -> bool | str:
    try:
        return verify(parse_verification_key(vk), parse_public(public), parse_proof(proof))
    except InvalidError:
        return "invalid"
    except FormatError:
        return "format"


def _native(native: ModuleType, vk: Any, public: Any, proof: Any) -> bool | str:
    try:
        result: bool = native.verify(vk, public, proof)
    except native.NativeInvalidError:
        return "invalid"
    except native.NativeFormatError:
        return "format"
    return result


def _valid(vectors: Path, name: str) -> dict[str, Any]:
    case: dict[str, Any] = json.loads((vectors / "groth16" / f"valid_{name}.json").read_text())
    return case


def test_accept_reject_matrix(native: ModuleType, vectors: Path) -> None:
    matrix = json.loads((vectors / "groth16" / "accept_reject_matrix.json").read_text())
    for case in matrix["cases"]:
        vk = json.loads((vectors / case["vk"]).read_text())
        proof = {**case["proof"], "protocol": "groth16", "curve": "bn128"}
        assert _native(native, vk, case["public"], proof) == "invalid", case["case"]
        assert _python(vk, case["public"], proof) == "invalid", case["case"]


def test_shapes(native: ModuleType, vectors: Path) -> None:
    """What Python refuses for its shape alone, which takes no pairing to see."""
    case = _valid(vectors, "ark_bn254")
    vk, public, proof = case["vk"], case["public"], case["proof"]
    with pytest.raises(FormatError):
        parse_proof({**proof, "": 1})
    # Tuples come from no JSON.
    for changed in (
        {**proof, "": 1},
        {**proof, "pi_a": tuple(proof["pi_a"])},
        {**proof, "pi_b": tuple(proof["pi_b"])},
    ):
        with pytest.raises(native.NativeFormatError):
            native.verify(vk, public, changed)
        assert native.verify_batch(vk, [(public, proof), (public, changed)]) == [1]
    number = IntEnum("Number", {"N": vk["nPublic"]}).N
    for key in ({**vk, "": 1}, {**vk, "nPublic": number}, {**vk, "IC": tuple(vk["IC"])}):
        with pytest.raises(FormatError):
            parse_verification_key(key)
        with pytest.raises(native.NativeFormatError):
            native.verify(key, public, proof)
    with pytest.raises(native.NativeFormatError):
        native.verify(vk, tuple(public), proof)
    # Nobody reads e(alpha, beta), so its size and nesting are nobody's business.
    for unread in (["0"] * 5000, [[[[[[[[[["0"]]]]]]]]]], None):
        derived = {**vk, "vk_alphabeta_12": unread}
        parse_verification_key(derived)
        assert native.verify(derived, public, proof)


def test_malformed_items_of_a_batch_are_bad_ones(native: ModuleType, vectors: Path) -> None:
    case = _valid(vectors, "ark_bn254")
    good = (case["public"], case["proof"])
    deep: Any = "0"
    for _ in range(50):
        deep = [deep]
    bad: list[Any] = [
        (deep, case["proof"]),
        (case["public"], {**case["proof"], "pi_a": deep}),
        (["0"] * 10_000, case["proof"]),
        good[:1],
        (*good, None),
        None,
        7,
        "ab",
    ]
    for item in bad:
        assert native.verify_batch(case["vk"], [good, item, good]) == [1]
    assert native.verify_batch(case["vk"], bad) == list(range(len(bad)))

    def failing() -> Iterator[Any]:
        yield good
        raise OSError("the source of the items")

    with pytest.raises(OSError, match="source"):
        native.verify_batch(case["vk"], failing())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_published_proofs(native: ModuleType, vectors: Path, name: str) -> None:
    case = _valid(vectors, name)
    for vk, public, proof in _mutations(case):
        assert _native(native, vk, public, proof) == _python(vk, public, proof)
    assert native.verify(case["vk"], case["public"], case["proof"])


def _mutations(case: dict[str, Any]) -> Iterator[tuple[Any, Any, Any]]:
    """The case itself and ways to spoil it: wrong values, other spellings, wrong shapes."""
    vk, public, proof = case["vk"], case["public"], case["proof"]
    rng = random.Random(3)
    yield vk, public, proof
    yield vk, [], proof
    yield vk, [*public, "0"], proof
    for bad in (str(int(public[0]) + R), "-1", "01", "1e3", "0x1", 1, None, "", " 1", 1.0, True):
        yield vk, [bad, *public[1:]], proof
    negated = copy.deepcopy(proof)
    negated["pi_a"][1] = str(Q - int(proof["pi_a"][1]))
    yield vk, public, negated
    for member, edit in (
        ("pi_a", lambda p: [str(int(p[0]) + Q), *p[1:]]),
        ("pi_a", lambda p: [p[0], p[1], "2"]),
        ("pi_a", lambda p: ["0", "1", "0"]),
        ("pi_a", lambda p: p[:2]),
        ("pi_b", lambda p: [p[0], p[1], ["1", "1"]]),
        ("pi_b", lambda p: [[p[0][1], p[0][0]], p[1], p[2]]),
        ("pi_c", lambda p: [p[1], p[0], p[2]]),
        ("pi_c", lambda p: {"x": p[0]}),
        ("protocol", lambda p: "plonk"),
        ("curve", lambda p: "bls12381"),
    ):
        yield vk, public, {**proof, member: edit(proof[member])}
    yield vk, public, {**proof, "extra": 1}
    yield vk, public, {**proof, "": 1}
    yield {**vk, "": 1}, public, proof
    yield {**vk, "nPublic": IntEnum("Number", {"N": vk["nPublic"]}).N}, public, proof
    nested: Any = []
    for _ in range(50):
        nested = [nested]
    yield {**vk, "vk_alphabeta_12": nested}, public, proof
    yield {**vk, "vk_alphabeta_12": ["0"] * 5000}, public, proof
    yield vk, public, {key: value for key, value in proof.items() if key != "curve"}
    yield vk, public, []
    yield {**vk, "nPublic": vk["nPublic"] + 1}, public, proof
    yield {**vk, "nPublic": str(vk["nPublic"])}, public, proof
    yield {**vk, "IC": [vk["IC"][0]] * len(vk["IC"])}, public, proof
    yield {**vk, "IC": vk["IC"][:-1]}, public, proof
    yield {**vk, "vk_delta_2": vk["vk_gamma_2"]}, public, proof
    yield {**vk, "vk_beta_2": vk["vk_gamma_2"]}, public, proof
    yield {**vk, "vk_beta_2": vk["vk_delta_2"]}, public, proof
    yield {**vk, "vk_alpha_1": ["1", "2", "1"]}, public, proof
    yield {**vk, "unknown": 1}, public, proof
    x, y, z = vk["vk_gamma_2"]
    yield {**vk, "vk_delta_2": [x, [str((Q - int(part)) % Q) for part in y], z]}, public, proof
    for _ in range(3):
        place = rng.choice(["pi_a", "pi_c"])
        yield vk, public, {**proof, place: [str(rng.randrange(Q)), str(rng.randrange(Q)), "1"]}


def test_point_outside_the_subgroup(native: ModuleType, vectors: Path) -> None:
    point = json.loads((vectors / "groth16" / "g2_not_in_subgroup.json").read_text())["pi_b"]
    case = _valid(vectors, "ark_bn254")
    with pytest.raises(native.NativeFormatError, match="subgroup"):
        native.verify(case["vk"], case["public"], {**case["proof"], "pi_b": point})


def test_keys_that_must_be_refused(native: ModuleType, vectors: Path) -> None:
    case = _valid(vectors, "ark_bn254")
    for path in (vectors / "groth16").glob("must_refuse_*.json"):
        with pytest.raises(native.NativeInvalidError):
            native.verify(json.loads(path.read_text()), case["public"], case["proof"])


def test_batches(native: ModuleType, vectors: Path) -> None:
    case = _valid(vectors, "ark_bn254")
    vk, good = case["vk"], (case["public"], case["proof"])
    wrong = ([str(int(case["public"][0]) + 1)], case["proof"])
    malformed = (case["public"], {**case["proof"], "pi_a": ["1", "3", "1"]})
    x, y, z = case["proof"]["pi_a"]
    opposite = (case["public"], {**case["proof"], "pi_a": [x, str(Q - int(y)), z]})
    assert native.verify_batch(vk, []) == []
    assert native.verify_batch(vk, [good] * 5) == []
    # Errors that would cancel in a plain sum do not: e(A, B) · e(-A, B) = 1.
    rng = random.Random(1)
    for _ in range(6):
        kinds = [rng.choice([good, good, wrong, malformed, opposite]) for _ in range(rng.randint(1, 12))]
        expected = [i for i, item in enumerate(kinds) if item is not good]
        assert native.verify_batch(vk, kinds) == expected
    with pytest.raises(native.NativeInvalidError):
        native.verify_batch({**vk, "vk_delta_2": vk["vk_gamma_2"]}, [good])
