"""The exported contract inside an EVM: what it accepts, what it refuses and with which error."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import pytest

from prover.evm.encoding import calldata, encode, selector
from prover.evm.export import export_verifier
from prover.evm.runner import BLOCK_GAS, Deployed
from tests.evm.cases import Case, refused_with
from verifier.canonical import keccak256
from verifier.errors import ZkSolvencyError
from verifier.field import R
from verifier.groth16 import Q, parse_proof, parse_verification_key, verify

GAS_TARGET = 245_000
WORD = 32
LARGEST = (1 << 256) - 1


def error(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]


LENGTH = error("CalldataLength(uint256)")
SIGNAL = error("SignalOutOfRange(uint256)")
COORDINATE = error("CoordinateOutOfRange()")
INFINITY = error("PointAtInfinity()")
PRECOMPILE = error("PrecompileFailed(uint256)")


def numbered(kind: bytes, number: int) -> bytes:
    return kind + number.to_bytes(WORD, "big")


# -- Accepting, and what it costs


def test_a_real_proof_is_accepted_within_the_gas_target(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    data = calldata(case.real.proof, case.public)
    call = case.contract.call(data)
    assert call.accepted
    assert call.gas <= GAS_TARGET
    floor = 21_000 + sum(16 if byte else 4 for byte in data) + 45_000 + 4 * 34_000
    floor += len(case.public) * (6_000 + 150)
    with capsys.disabled():
        print(
            f"\n  {case.name}: {call.gas:,} gas for the whole transaction, of which base, call data and "
            f"precompiled contracts {floor:,}; deployment {case.contract.deployment_gas:,}"
        )


def test_verify_takes_snarkjs_files(case: Case) -> None:
    accepted, gas = case.contract.verify(case.real.proof, case.public)
    assert accepted
    assert 200_000 < gas <= GAS_TARGET


def test_turned_proofs_are_accepted(case: Case) -> None:
    """(−A, −B, C) is another proof of the same statement: proof bytes identify nothing."""
    ax, ay, bxi, bxr, byi, byr, cx, cy = case.words
    turned = [ax, Q - ay, bxi, bxr, -byi % Q, -byr % Q, cx, cy]
    assert case.contract.call(encode(turned, case.public)).accepted
    half = [ax, Q - ay, bxi, bxr, byi, byr, cx, cy]
    call = case.contract.call(encode(half, case.public))
    assert call.succeeded and not call.accepted


# -- Signals


def test_every_changed_signal_is_rejected(case: Case) -> None:
    """Well-formed but false: the answer is the word 0, not a revert."""
    for position, signal in enumerate(case.public):
        for other in {(signal + 1) % R, (signal - 1) % R, signal ^ 1, (signal + (1 << 200)) % R, 0, R - 1}:
            if other == signal:
                continue
            changed = list(case.public)
            changed[position] = other
            call = case.contract.call(encode(case.words, changed))
            assert not call.accepted, (position, other)
            assert call.succeeded and call.output == bytes(WORD)


def test_swapped_signals_are_rejected(case: Case) -> None:
    for position in range(len(case.public) - 1):
        swapped = list(case.public)
        swapped[position], swapped[position + 1] = swapped[position + 1], swapped[position]
        if swapped != case.public:
            assert not case.contract.call(encode(case.words, swapped)).accepted


def test_signals_with_a_second_spelling_are_refused(case: Case) -> None:
    for position, signal in enumerate(case.public):
        for alias in (signal + R, signal + 2 * R, R, R + 1, LARGEST):
            if alias > LARGEST:
                continue
            changed = list(case.public)
            changed[position] = alias
            call = case.contract.call(encode(case.words, changed))
            assert refused_with(call, numbered(SIGNAL, position)), (position, alias)


# -- Points


def test_coordinates_with_a_second_spelling_are_refused(case: Case) -> None:
    for position, coordinate in enumerate(case.words):
        for alias in (coordinate + Q, Q, LARGEST):
            words = list(case.words)
            words[position] = alias
            assert refused_with(case.contract.call(encode(words, case.public)), COORDINATE), (position, alias)


@pytest.mark.parametrize("places", [(0, 1), (2, 3, 4, 5), (6, 7)], ids=["A", "B", "C"])
def test_infinity_is_refused(places: tuple[int, ...], case: Case) -> None:
    words = [0 if position in places else word for position, word in enumerate(case.words)]
    assert refused_with(case.contract.call(encode(words, case.public)), INFINITY)


def test_points_off_the_curve_are_refused(case: Case) -> None:
    for position, coordinate in enumerate(case.words):
        words = list(case.words)
        words[position] = (coordinate + 1) % Q
        call = case.contract.call(encode(words, case.public), gas=1_000_000)
        assert refused_with(call, numbered(PRECOMPILE, 8)), position


def test_a_point_outside_the_subgroup_is_refused(case: Case, vectors: Path) -> None:
    outside = json.loads((vectors / "crypto" / "groth16" / "g2_not_in_subgroup.json").read_text())["pi_b"]
    words = list(case.words)
    words[2:6] = (int(outside[0][1]), int(outside[0][0]), int(outside[1][1]), int(outside[1][0]))
    call = case.contract.call(encode(words, case.public), gas=1_000_000)
    assert refused_with(call, numbered(PRECOMPILE, 8))


def test_parts_of_b_in_snarkjs_order_are_refused(case: Case) -> None:
    """The commonest mistake of callers: real parts first."""
    ax, ay, bxi, bxr, byi, byr, cx, cy = case.words
    call = case.contract.call(encode([ax, ay, bxr, bxi, byr, byi, cx, cy], case.public), gas=1_000_000)
    assert refused_with(call, numbered(PRECOMPILE, 8))


# -- Call data and gas


def test_call_data_of_another_length_is_refused(case: Case) -> None:
    data = calldata(case.real.proof, case.public)
    for longer in (data + b"\0", data + bytes(WORD), data + data, data + b"\1" * 1000):
        assert refused_with(case.contract.call(longer), numbered(LENGTH, len(longer)))
    for shorter in (data[:-1], data[:-WORD], data[: 4 + WORD], data[:4], data[:3], b""):
        call = case.contract.call(shorter)
        assert not call.accepted and not call.succeeded


def test_another_number_of_signals_is_another_function(case: Case) -> None:
    for public in (case.public[:-1], [*case.public, 0]):
        call = case.contract.call(encode(case.words, public))
        assert not call.accepted and not call.succeeded
        forced = selector(len(case.public)) + encode(case.words, public)[4:]
        call = case.contract.call(forced)
        assert not call.accepted and not call.succeeded


def test_too_little_gas_never_gives_true(case: Case) -> None:
    """Over the whole range of gas: refused until there is enough, accepted from then on."""
    data = calldata(case.real.proof, case.public)
    enough = 260_000
    assert case.contract.call(data, gas=enough).accepted
    low, high = 21_000, enough
    while high - low > 1:
        middle = (low + high) // 2
        if case.contract.call(data, gas=middle).accepted:
            high = middle
        else:
            low = middle
    for gas in [*range(0, low, 1_009), *range(low - 50, low + 1)]:
        assert not case.contract.call(data, gas=gas).accepted, gas
    for gas in (high, high + 1, high + 1_000, BLOCK_GAS):
        assert case.contract.call(data, gas=gas).accepted, gas


def test_too_little_gas_for_a_false_proof_never_gives_true(case: Case) -> None:
    public = list(case.public)
    public[0] = (public[0] + 1) % R
    data = encode(case.words, public)
    for gas in range(21_000, 260_000, 2_003):
        assert not case.contract.call(data, gas=gas).accepted, gas


@pytest.mark.parametrize(("precompile", "number"), [("EC_ADD", 6), ("EC_MUL", 7), ("EC_PAIRING", 8)])
def test_a_chain_without_a_precompiled_contract_never_gives_true(
    precompile: str, number: int, case: Case
) -> None:
    """A call to an empty address succeeds and returns nothing; it must not be taken for an answer."""
    old = f"uint256 private constant {precompile} = {number};"
    assert old in case.source
    contract = Deployed.from_source(
        case.source.replace(old, f"uint256 private constant {precompile} = 0xdead;")
    )
    for public in (case.public, [*case.public[:-1], (case.public[-1] + 1) % R]):
        call = contract.call(encode(case.words, public))
        assert refused_with(call, numbered(PRECOMPILE, 0xDEAD))


# -- The same as Python


def test_contract_and_python_verifier_agree_on_random_mutations(case: Case) -> None:
    generator = random.Random(f"differential {case.name}")
    key = parse_verification_key(case.real.vk)
    tally = {True: 0, False: 0}
    # The same in the hundreds, against the native kernel too: test_differential.py.
    for _ in range(16):
        words, public = list(case.words), list(case.public)
        for _ in range(generator.choice((1, 1, 2))):
            mutate(generator, words, public)
        answer = case.contract.call(encode(words, public), gas=1_000_000).accepted
        try:
            expected = verify(key, public, parse_proof(snarkjs_proof(words)))
        except ZkSolvencyError:
            expected = False
        assert answer == expected, (words, public)
        tally[expected] += 1
    assert tally[True] > 1 and tally[False] > 6, tally


def mutate(generator: random.Random, words: list[int], public: list[int]) -> None:
    """One change: of a signal, of a word, or one that leaves a proof a proof."""
    kind = generator.randrange(6)
    if kind == 0:
        position = generator.randrange(len(public))
        public[position] = generator.choice(
            (public[position] + R, generator.randrange(R), public[position] ^ 1)
        )
    elif kind == 1:
        position = generator.randrange(8)
        words[position] = generator.choice(
            (words[position] + Q, generator.randrange(Q), words[position] ^ 1, 0)
        )
    elif kind == 2:
        words[0:2], words[6:8] = words[6:8], words[0:2]
    elif kind == 3:
        words[generator.choice((1, 7))] = Q - words[generator.choice((1, 7))] % Q
    else:
        words[1], words[4], words[5] = (-words[1] % Q, -words[4] % Q, -words[5] % Q)


def snarkjs_proof(words: list[int]) -> object:
    ax, ay, bxi, bxr, byi, byr, cx, cy = map(str, words)
    return {
        "protocol": "groth16",
        "curve": "bn128",
        "pi_a": [ax, ay, "1"],
        "pi_b": [[bxr, bxi], [byr, byi], ["1", "0"]],
        "pi_c": [cx, cy, "1"],
    }


# -- Every check is needed


def test_without_the_range_check_an_alias_is_accepted(case: Case) -> None:
    """The planted bug, and that the test above would see it."""
    check = "if (signal >= R) revert SignalOutOfRange(position);"
    assert case.source.count(check) == 1
    contract = Deployed.from_source(
        case.source.replace(check, "if (position >= R) revert SignalOutOfRange(position);")
    )
    aliased = [case.public[0] + R, *case.public[1:]]
    assert contract.call(encode(case.words, aliased)).accepted
    assert not case.contract.call(encode(case.words, aliased)).accepted


def test_without_the_length_check_longer_call_data_is_accepted(case: Case) -> None:
    data = calldata(case.real.proof, case.public)
    check = f"if (msg.data.length != {len(data)}) revert CalldataLength(msg.data.length);"
    assert case.source.count(check) == 1
    contract = Deployed.from_source(case.source.replace(check, ""))
    assert contract.call(data + b"\1").accepted
    assert not case.contract.call(data + b"\1").accepted


def test_a_signal_left_out_of_the_sum_is_caught(case: Case) -> None:
    """A contract that puts a number of its own in the last signal's place accepts anything there."""
    last = len(case.public) - 1
    line = f"_addTerm(pairs, {last}, IC{last + 1}_X, IC{last + 1}_Y, signals[{last}]);"
    assert case.source.count(line) == 1
    contract = Deployed.from_source(
        case.source.replace(line, line.replace(f"signals[{last}]", f"{case.public[last]}"))
    )
    changed = [*case.public[:last], (case.public[last] + 1) % R]
    assert contract.call(encode(case.words, changed)).accepted
    assert not case.contract.call(encode(case.words, changed)).accepted


def test_the_contract_of_another_key_rejects(case: Case) -> None:
    vk = copy.deepcopy(case.real.vk)
    vk["IC"][1], vk["IC"][2] = vk["IC"][2], vk["IC"][1]
    contract = Deployed.from_source(export_verifier(vk, case.real.instance))
    assert not contract.call(calldata(case.real.proof, case.public)).accepted
