"""Groth16: what real ceremonies' proofs satisfy, and what must never be accepted."""

from __future__ import annotations

import copy
import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from groth16_cases import (
    REFUSED,
    VALID,
    complete,
    g1_times,
    load,
    negated,
    negated_g2,
    sum_of_g1,
    sum_of_g2,
    unguarded,
    weighted_sum,
)

from verifier.errors import FormatError, InvalidError, ZkSolvencyError
from verifier.field import R
from verifier.groth16 import (
    MAX_SIGNALS,
    G1Point,
    G2Point,
    Proof,
    Q,
    VerificationKey,
    key_hash,
    parse_proof,
    parse_public,
    parse_verification_key,
    verify,
)


@pytest.fixture(scope="module")
def toy(vectors: Path) -> tuple[Any, Any, Any]:
    return load(vectors, "toy.vk"), load(vectors, "toy.public"), load(vectors, "toy.proof")


@pytest.fixture(scope="module")
def ceremony(vectors: Path) -> Any:
    """A proof with five signals under the key of a real ceremony."""
    return load(vectors, "valid_risc0_v2_hez_ptau")


def decide(
    vk: Any, public: Any, proof: Any, parse: Callable[[Any], VerificationKey] = parse_verification_key
) -> str:
    """The verdict on three JSON values: accept, reject (the equation), or refuse with a typed error."""
    try:
        return "accept" if verify(parse(vk), parse_public(public), parse_proof(proof)) else "reject"
    except ZkSolvencyError:
        return "refuse"


# -- Vectors


@pytest.mark.parametrize("name", VALID)
def test_proofs_of_real_ceremonies_hold(name: str, vectors: Path) -> None:
    case = load(vectors, name)
    assert decide(case["vk"], case["public"], case["proof"]) == "accept"
    for position in range(len(case["public"])):
        changed = list(case["public"])
        changed[position] = str((int(changed[position]) + 1) % R)
        assert decide(case["vk"], changed, case["proof"]) == "reject"


def test_toy_proof_holds(toy: tuple[Any, Any, Any]) -> None:
    assert decide(*toy) == "accept"


def test_matrix_of_verdicts(vectors: Path) -> None:
    """All ten cases, by the equation alone and under the rule for keys."""
    cases = load(vectors, "accept_reject_matrix")["cases"]
    assert len(cases) == 10
    for case in cases:
        vk = json.loads((vectors / "crypto" / case["vk"]).read_text())
        proof = complete(case["proof"])
        wanted = case["expect_without_vk_policy"]
        found = decide(vk, case["public"], proof, unguarded)
        if wanted == "accept":
            assert found == "accept", case["case"]
        elif wanted == "reject:pairing":
            assert found == "reject", case["case"]
        else:
            assert found == "refuse", case["case"]
        assert case["expect_with_vk_policy"] == "reject:gamma==delta"
        assert decide(vk, case["public"], proof) == "refuse", case["case"]


def test_matrix_refusals_name_the_field(vectors: Path) -> None:
    fields = {
        "public+r": r"public\[0\]: is not below the modulus",
        "C off curve": "pi_c: is not on the curve",
        "A.x+q": r"pi_a\[0\]: is not below the modulus",
        "extra public": "public: must have 1 signals",
        "missing public": "public: must have 1 signals",
    }
    seen = set()
    for case in load(vectors, "accept_reject_matrix")["cases"]:
        if case["case"] in fields:
            key = unguarded(json.loads((vectors / "crypto" / case["vk"]).read_text()))
            with pytest.raises(FormatError, match=fields[case["case"]]):
                verify(key, parse_public(case["public"]), parse_proof(complete(case["proof"])))
            seen.add(case["case"])
    assert seen == set(fields)


@pytest.mark.parametrize("name", REFUSED)
def test_keys_without_a_second_phase_are_refused(name: str, vectors: Path) -> None:
    with pytest.raises(InvalidError, match="gamma = delta"):
        parse_verification_key(load(vectors, f"{name}.vk"))


def test_point_outside_the_subgroup_is_refused(vectors: Path, ceremony: Any) -> None:
    outside = load(vectors, "g2_not_in_subgroup")["pi_b"]
    with pytest.raises(FormatError, match="pi_b: is not in the subgroup"):
        parse_proof({**ceremony["proof"], "pi_b": outside})
    for name in ("vk_beta_2", "vk_gamma_2", "vk_delta_2"):
        with pytest.raises(FormatError, match=f"{name}: is not in the subgroup"):
            parse_verification_key({**ceremony["vk"], name: outside})


# -- Forgeries


@pytest.mark.parametrize("name", REFUSED)
def test_forgery_that_a_skipped_second_phase_allows(name: str, vectors: Path) -> None:
    """A = α, B = β, C = −Σ sᵢ·ICᵢ proves any signals when γ = δ; the equation cannot tell."""
    vk = load(vectors, f"{name}.vk")
    key = unguarded(vk)
    for public in ([0] * key.signals, [12345 + i for i in range(key.signals)], [R - 1] * key.signals):
        x, y = weighted_sum(key, public)
        forged = Proof(key.alpha, key.beta, G1Point(x, Q - y))
        assert verify(key, public, forged)
    with pytest.raises(InvalidError):
        parse_verification_key(vk)


def test_forgery_with_opposite_gamma_and_delta(ceremony: Any) -> None:
    """The same with δ = −γ and C = Σ sᵢ·ICᵢ."""
    vk = {**ceremony["vk"], "vk_delta_2": negated_g2(ceremony["vk"]["vk_gamma_2"])}
    key = unguarded(vk)
    public = [1, 2, 3, 4, 5]
    assert verify(key, public, Proof(key.alpha, key.beta, G1Point(*weighted_sum(key, public))))
    with pytest.raises(InvalidError, match="gamma = delta"):
        parse_verification_key(vk)


def test_forgery_with_beta_equal_to_gamma(ceremony: Any) -> None:
    """With β = γ: A = C = α + Σ sᵢ·ICᵢ and B = γ + δ, for any signals."""
    vk = {**ceremony["vk"], "vk_beta_2": ceremony["vk"]["vk_gamma_2"]}
    key, public = unguarded(vk), [1, 2, 3, 4, 5]
    x, y = weighted_sum(key, public)
    both = G1Point(*sum_of_g1(key.alpha, G1Point(x, y)))
    assert verify(key, public, Proof(both, sum_of_g2(key.gamma, key.delta), both))
    for beta in (vk["vk_gamma_2"], negated_g2(vk["vk_gamma_2"])):
        with pytest.raises(InvalidError, match="first phase"):
            parse_verification_key({**vk, "vk_beta_2": beta})


def test_forgery_with_beta_equal_to_delta(ceremony: Any) -> None:
    """With β = δ: A = Σ sᵢ·ICᵢ, B = γ and C = −α, for any signals."""
    vk = {**ceremony["vk"], "vk_beta_2": ceremony["vk"]["vk_delta_2"]}
    key, public = unguarded(vk), [1, 2, 3, 4, 5]
    minus_alpha = G1Point(key.alpha.x, Q - key.alpha.y)
    assert verify(key, public, Proof(G1Point(*weighted_sum(key, public)), key.gamma, minus_alpha))
    for beta in (vk["vk_delta_2"], negated_g2(vk["vk_delta_2"])):
        with pytest.raises(InvalidError, match="first phase"):
            parse_verification_key({**vk, "vk_beta_2": beta})


def test_a_first_phase_to_which_nobody_contributed_is_refused(ceremony: Any) -> None:
    for alpha in (["1", "2", "1"], negated(["1", "2", "1"])):
        with pytest.raises(InvalidError, match="first phase"):
            parse_verification_key({**ceremony["vk"], "vk_alpha_1": alpha})


def test_delta_at_its_starting_value_is_refused(vectors: Path) -> None:
    """A key whose γ is its own, but whose δ nobody has moved."""
    ark = load(vectors, "valid_ark_bn254")["vk"]
    generator = load(vectors, "valid_risc0_v2_hez_ptau")["vk"]["vk_gamma_2"]
    with pytest.raises(InvalidError, match="no contribution"):
        parse_verification_key({**ark, "vk_delta_2": generator})


def test_confused_signals_are_refused(ceremony: Any) -> None:
    """With IC₁ = IC₂ a proof of (a, b) also proves (a + 1, b − 1); so with opposite points."""
    vk = copy.deepcopy(ceremony["vk"])
    for same in (vk["IC"][1], negated(vk["IC"][1])):
        vk["IC"][2] = same
        with pytest.raises(InvalidError, match="equal or opposite"):
            parse_verification_key(vk)


def test_signal_without_a_point_is_refused(ceremony: Any) -> None:
    """A public signal that no constraint uses has its IC point at infinity, and any value verifies."""
    for infinity in (["0", "1", "0"], ["0", "0", "1"], ["0", "0", "0"]):
        vk = copy.deepcopy(ceremony["vk"])
        vk["IC"][3] = infinity
        with pytest.raises(FormatError, match=r"IC\[3\]"):
            parse_verification_key(vk)


def test_infinity_is_refused_everywhere(ceremony: Any) -> None:
    for name in ("pi_a", "pi_c"):
        for infinity in (["0", "1", "0"], ["0", "0", "1"]):
            with pytest.raises(FormatError, match=name):
                parse_proof({**ceremony["proof"], name: infinity})
    for name, source in (("pi_b", "proof"), ("vk_beta_2", "vk"), ("vk_gamma_2", "vk"), ("vk_delta_2", "vk")):
        for part in ([["0", "0"], ["1", "0"], ["0", "0"]], [["0", "0"], ["0", "0"], ["1", "0"]]):
            parse = parse_proof if source == "proof" else parse_verification_key
            with pytest.raises(FormatError, match=name):
                parse({**ceremony[source], name: part})


# -- Malleability


def test_another_proof_of_the_same_signals_holds(ceremony: Any) -> None:
    """(−A, −B, C) and (x·A, x⁻¹·B, C) hold: proof bytes identify nothing, statements do."""
    proof = ceremony["proof"]
    turned = {**proof, "pi_a": negated(proof["pi_a"]), "pi_b": negated_g2(proof["pi_b"])}
    assert turned != proof
    assert decide(ceremony["vk"], ceremony["public"], turned) == "accept"
    assert decide(ceremony["vk"], ceremony["public"], {**proof, "pi_a": negated(proof["pi_a"])}) == "reject"
    doubled = {**proof, "pi_a": g1_times(proof["pi_a"], 2)}
    assert decide(ceremony["vk"], ceremony["public"], doubled) == "reject"


# -- Spelling


@pytest.mark.parametrize("name", ["pi_a", "pi_c"])
@pytest.mark.parametrize(
    "change", [lambda x: str(int(x) + Q), lambda x: "0" + x, lambda x: x + " ", int, hex]
)
def test_second_spellings_of_a_coordinate_are_refused(name: str, change: Any, ceremony: Any) -> None:
    for position in (0, 1):
        point = list(ceremony["proof"][name])
        point[position] = change(point[position]) if change is not hex else hex(int(point[position]))
        with pytest.raises(FormatError, match=name):
            parse_proof({**ceremony["proof"], name: point})


def test_second_spellings_of_a_g2_coordinate_are_refused(ceremony: Any) -> None:
    for part in (0, 1):
        for half in (0, 1):
            point = copy.deepcopy(ceremony["proof"]["pi_b"])
            point[part][half] = str(int(point[part][half]) + Q)
            with pytest.raises(FormatError, match=rf"pi_b\[{part}\]\[{half}\]"):
                parse_proof({**ceremony["proof"], "pi_b": point})


@pytest.mark.parametrize("z", ["0", "2", "01", 1, True, None, str(Q + 1)])
def test_only_affine_points_are_read(z: Any, ceremony: Any) -> None:
    proof = ceremony["proof"]
    with pytest.raises(FormatError, match=r"pi_a\[2\]"):
        parse_proof({**proof, "pi_a": [*proof["pi_a"][:2], z]})
    for last in ([z, "0"], ["1", "1"], ["1", 0]):
        with pytest.raises(FormatError, match=r"pi_b\[2\]"):
            parse_proof({**proof, "pi_b": [*proof["pi_b"][:2], last]})


def test_signals_must_be_exactly_the_keys(ceremony: Any) -> None:
    key, proof = parse_verification_key(ceremony["vk"]), parse_proof(ceremony["proof"])
    public = parse_public(ceremony["public"])
    assert verify(key, public, proof)
    for wrong in ([], public[:-1], [*public, 0], [*public, *public]):
        with pytest.raises(FormatError, match="public: must have 5 signals"):
            verify(key, wrong, proof)
    for position in range(5):
        for value in (
            public[position] + R,
            public[position] - R,
            R,
            -1,
            str(public[position]),
            1.0,
            True,
            None,
        ):
            changed: list[Any] = list(public)
            changed[position] = value
            with pytest.raises(FormatError, match=rf"public\[{position}\]"):
                verify(key, changed, proof)


def test_members_must_be_exactly_these(ceremony: Any) -> None:
    proof, vk = ceremony["proof"], ceremony["vk"]
    for name in proof:
        with pytest.raises(FormatError, match=f"{name}: is missing"):
            parse_proof({key: value for key, value in proof.items() if key != name})
    for name in vk:
        with pytest.raises(FormatError, match=f"{name}: is missing"):
            parse_verification_key({key: value for key, value in vk.items() if key != name})
    with pytest.raises(FormatError, match="extra: is not a known member"):
        parse_proof({**proof, "extra": 1})
    with pytest.raises(FormatError, match="extra: is not a known member"):
        parse_verification_key({**vk, "extra": 1})
    for name, value in (("protocol", "plonk"), ("curve", "bls12381"), ("curve", ["bn128"])):
        with pytest.raises(FormatError, match=name):
            parse_proof({**proof, name: value})
        with pytest.raises(FormatError, match=name):
            parse_verification_key({**vk, name: value})


@pytest.mark.parametrize("count", [0, 4, 6, -1, True, "5", 5.0, None, 10**30])
def test_number_of_signals_must_be_that_of_the_points(count: Any, ceremony: Any) -> None:
    with pytest.raises(FormatError, match=r"nPublic|IC"):
        parse_verification_key({**ceremony["vk"], "nPublic": count})


def test_keys_of_no_or_too_many_signals_are_refused(ceremony: Any) -> None:
    points = ceremony["vk"]["IC"]
    with pytest.raises(FormatError, match="nPublic"):
        parse_verification_key({**ceremony["vk"], "nPublic": 0, "IC": points[:1]})
    many = [points[0]] * (MAX_SIGNALS + 2)
    with pytest.raises(FormatError, match="nPublic"):
        parse_verification_key({**ceremony["vk"], "nPublic": MAX_SIGNALS + 1, "IC": many})
    good = parse_verification_key(ceremony["vk"])
    for ic in ((), good.ic[:1]):
        with pytest.raises(FormatError, match="IC"):
            dataclasses.replace(good, ic=ic)


def test_points_that_exist_are_in_their_groups() -> None:
    """Not only what comes from a file: a point made by hand is checked too."""
    assert G1Point(1, 2)
    for x, y in ((1, 3), (0, 0), (1 + Q, 2), (1, -2), (True, 2), (1.0, 2)):
        with pytest.raises(FormatError):
            G1Point(x, y)  # type: ignore[arg-type]
    with pytest.raises(FormatError):
        G2Point((1, 0), (2, 0))


# -- Names of keys


def test_key_hash_ignores_what_follows_from_the_rest_and_nothing_else(vectors: Path) -> None:
    vk = load(vectors, "valid_privacy_pools_commitment")["vk"]
    name = key_hash(vk)
    assert name.startswith("sha256:") and len(name) == 71
    assert name == key_hash(dict(reversed(vk.items())))
    assert name == key_hash({k: v for k, v in vk.items() if k != "vk_alphabeta_12"})
    assert name == key_hash({**vk, "vk_alphabeta_12": "anything"})
    for member in ("vk_alpha_1", "vk_beta_2", "vk_gamma_2", "vk_delta_2"):
        changed = copy.deepcopy(vk)
        inner = changed[member][0] if isinstance(changed[member][0], list) else changed[member]
        inner[0] = str((int(inner[0]) + 1) % Q)
        assert key_hash(changed) != name
    for position in range(5):
        changed = copy.deepcopy(vk)
        changed["IC"][position][1] = str((int(changed["IC"][position][1]) + 1) % Q)
        assert key_hash(changed) != name


def test_a_key_has_one_spelling_and_one_hash(vectors: Path) -> None:
    vk = load(vectors, "valid_privacy_pools_commitment")["vk"]
    changed = copy.deepcopy(vk)
    changed["IC"][0][0] = "0" + changed["IC"][0][0]
    for value in (changed, {**vk, "extra": 1}, {**vk, "nPublic": 4.0}, [], None, "vk", {}):
        with pytest.raises(FormatError):
            key_hash(value)


# -- Hostile input

NASTY: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    10**400,
    "",
    "-1",
    "0x10",
    "1e77",
    "NaN",
    "9" * 100_000,
    "١",
    "\ud800",
    [],
    {},
    [[]],
    [None] * 3,
    [[None, None]] * 3,
    {"0": "1", "1": "2", "2": "1"},
    [["1"] * 1000] * 1000,
    b"1",
    object(),
]


def nested(depth: int) -> Any:
    value: Any = "1"
    for _ in range(depth):
        value = [value]
    return value


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a JSON value."""
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copied = copy.deepcopy(value)
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return copied


@pytest.mark.parametrize("what", ["proof", "vk", "public"])
def test_hostile_values_anywhere_give_typed_errors(what: str, ceremony: Any) -> None:
    """Every value of the file is replaced by every nasty one: a typed error, and no other exception."""
    parse = {"proof": parse_proof, "vk": parse_verification_key, "public": parse_public}[what]
    good = {key: value for key, value in ceremony[what].items()} if what != "public" else ceremony[what]
    for path in places(good):
        if path and path[0] == "vk_alphabeta_12":
            continue
        for nasty in [*NASTY, nested(5), nested(100_000)]:
            if what == "public" and path == () and nasty == []:
                continue  # the right shape; how many there must be is for the key to say
            with pytest.raises(ZkSolvencyError):
                parse(replaced(good, path, nasty))


def test_random_mutations_are_never_accepted(ceremony: Any, toy: tuple[Any, Any, Any]) -> None:
    """Digits changed, numbers moved about, points swapped: refused or rejected, whatever it was."""
    generator = random.Random(20261121)
    verdicts = {"reject": 0, "refuse": 0}
    keys = {}
    for source in ((ceremony["vk"], ceremony["public"], ceremony["proof"]), toy):
        vk, public, proof = source
        keys[id(vk)] = parse_verification_key(vk)
        for _ in range(20):
            mutated_public, mutated_proof = copy.deepcopy(public), copy.deepcopy(proof)
            kind = generator.randrange(5)
            if kind == 0:
                position = generator.randrange(len(public))
                mutated_public[position] = str((int(public[position]) + generator.randrange(1, R)) % R)
            elif kind == 1:
                name = generator.choice(["pi_a", "pi_c"])
                mutated_proof[name] = g1_times(proof[name], generator.randrange(2, R))
            elif kind == 2:
                name = generator.choice(["pi_a", "pi_c"])
                mutated_proof[name][generator.randrange(2)] = str(generator.randrange(Q))
            elif kind == 3:
                mutated_proof["pi_a"], mutated_proof["pi_c"] = proof["pi_c"], proof["pi_a"]
            else:
                part, half = generator.randrange(2), generator.randrange(2)
                digits = list(proof["pi_b"][part][half])
                place = generator.randrange(1, len(digits))
                digits[place] = str((int(digits[place]) + generator.randrange(1, 10)) % 10)
                mutated_proof["pi_b"][part][half] = "".join(digits)
            verdict = decide(vk, mutated_public, mutated_proof, lambda value: keys[id(value)])
            assert verdict in verdicts, (kind, mutated_public, mutated_proof)
            verdicts[verdict] += 1
    assert min(verdicts.values()) > 5, verdicts


def test_key_for_another_circuit_rejects(ceremony: Any, vectors: Path) -> None:
    other = load(vectors, "valid_sp1_gnark")
    key = parse_verification_key(other["vk"])
    assert not verify(key, [1, 2], parse_proof(ceremony["proof"]))
