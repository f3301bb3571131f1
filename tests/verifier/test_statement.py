"""Terms, subjects, ratios, policies and contexts: one number each, by the table of circuits.json."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import CIRCUIT, bundle, challenge, policy

from verifier.bundle import Bundle
from verifier.canonical import keccak256
from verifier.circuits import instance
from verifier.errors import FormatError
from verifier.field import R
from verifier.policy import context_of, new_challenge
from verifier.statement import Terms, ratio_from_text, ratio_to_text, subject_number

TERMS = st.builds(
    Terms,
    version=st.integers(0, 255),
    level=st.sampled_from(["maintenance", "initial"]),
    coverage=st.sampled_from(["account", "owner"]),
    as_of=st.integers(0, 2**34 - 1),
    subject=st.integers(0, 2**160 - 1),
    floor=st.integers(0, 2**38 - 1),
    ratio=st.integers(0, 255),
)


@given(TERMS)
def test_terms_there_and_back(terms: Terms) -> None:
    assert Terms.unpack(terms.pack()) == terms
    assert terms.pack() < 1 << 252 < R


@given(TERMS, TERMS)
def test_different_terms_are_different_numbers(one: Terms, other: Terms) -> None:
    assert (one == other) == (one.pack() == other.pack())


def test_the_packing_of_terms() -> None:
    terms = Terms(version=1, level="initial", coverage="owner", as_of=3, subject=4, floor=5, ratio=6)
    assert terms.pack() == 1 << 244 | 2 << 242 | 2 << 240 | 3 << 206 | 4 << 46 | 5 << 8 | 6


@pytest.mark.parametrize("number", [0, 3])
@pytest.mark.parametrize(("field", "offset"), [("level", 242), ("coverage", 240)])
def test_invalid_levels_and_coverages(field: str, offset: int, number: int) -> None:
    other = 240 if offset == 242 else 242
    with pytest.raises(FormatError, match=field):
        Terms.unpack(1 << 244 | 1 << other | number << offset)


def test_terms_of_more_than_252_bits() -> None:
    with pytest.raises(FormatError, match="252 bits"):
        Terms.unpack(1 << 252)


@given(st.integers(0, 255))
def test_ratios_there_and_back(k: int) -> None:
    assert ratio_from_text(ratio_to_text(k)) == k


@pytest.mark.parametrize(("text", "k"), [("1", 0), ("1.0", 0), ("1.05", 1), ("1.25", 5), ("13.75", 255)])
def test_ratios(text: str, k: int) -> None:
    assert ratio_from_text(text) == k


@pytest.mark.parametrize("text", ["0.95", "13.8", "1.01", "-1", "1e1", "x", "0"])
def test_ratios_that_cannot_be_proven(text: str) -> None:
    with pytest.raises(FormatError, match="ratio"):
        ratio_from_text(text)


def test_a_subject_that_is_an_address_is_that_address() -> None:
    assert subject_number("eip155:1:0x" + "Ab" * 20) == int("ab" * 20, 16)
    assert subject_number("eip155:42161:0x" + "00" * 19 + "01") == 1


@pytest.mark.parametrize(
    "subject",
    [
        "Alice Ltd",
        "eip155:1:0x" + "ab" * 19,
        "eip155:01:0x" + "ab" * 20,
        "0x" + "ab" * 20,
        "eip155:1:0x" + "ab" * 20 + " ",
    ],
)
def test_any_other_subject_is_a_hash(subject: str) -> None:
    digest = keccak256(b"zksolvency/subject/1" + b'"' + subject.encode() + b'"')
    assert subject_number(subject) == int.from_bytes(digest, "big") >> 96


def test_signals_are_in_the_circuits_order() -> None:
    made = Bundle.parse(bundle())
    public = instance(CIRCUIT).public
    assert public == ("market_root", "attestor", "terms", "nullifier", "context")
    assert tuple(made.statement.signals(public)) == made.public
    assert made.statement.signals(public[::-1]) == list(made.public)[::-1]


def test_the_context_binds_audience_policy_and_nonce() -> None:
    base = context_of("a", 1, "00" * 32)
    digest = keccak256(
        b"zksolvency/context/1" + b'{"audience":"a","nonce":"' + b"00" * 32 + b'","policy":"1"}'
    )
    assert base == int.from_bytes(digest, "big") >> 8
    others = {context_of("b", 1, "00" * 32), context_of("a", 2, "00" * 32), context_of("a", 1, "01" * 32)}
    assert len(others | {base}) == 4


def test_every_member_changes_the_policys_id() -> None:
    changes = [
        {"name": "x"}, {"audience": "x"}, {"allow_development_keys": False}, {"allow_self_declared": True},
        {"level": "initial"}, {"ratio": "1"}, {"floor": "1"}, {"coverage": "owner"}, {"subject": None},
        {"max_age": 1}, {"fresh_challenge": False}, {"universe": "1"},
    ]  # fmt: skip
    assert len({policy(**change).id for change in changes} | {policy().id}) == len(changes) + 1


def test_challenges_are_fresh() -> None:
    first, second = new_challenge(policy()), new_challenge(policy())
    assert first.nonce != second.nonce
    assert (first.audience, first.policy) == (policy().audience, policy().id)
    assert first.part().context == first.context != challenge().context
