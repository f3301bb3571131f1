"""Accounts: the packing, the hash, the attestor's signature, and what is refused by name without a value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import ATTESTOR, HOLDER, NOW, OTHER_ATTESTOR, SUBJECT, account, edited, universe

from prover.accounts import (
    MAX_SLOTS,
    SALT_BITS,
    Account,
    AccountStatement,
    Position,
    account_hash,
    attestor_hash,
    check_signature,
    holder_of,
    pack_slots,
    quantities,
    sign_statement,
    statement_message,
)
from verifier.canonical import object_hash
from verifier.circuits import tag
from verifier.errors import FormatError, InvalidError
from verifier.poseidon import poseidon
from verifier.statement import subject_number


def signed(**changes: Any) -> AccountStatement:
    options: dict[str, Any] = {
        "holder": HOLDER.holder,
        "subject": SUBJECT,
        "epoch": 7,
        "valid_until": NOW + 3600,
        "sequence": 3,
        **changes,
    }
    used = options.pop("account", account())
    return sign_statement(used, options.pop("universe", universe()), ATTESTOR.secret, **options)


SIGNED = signed()


# Packing.


def test_the_packing_of_slots() -> None:
    held = [(0, 1), (1, -1), (5, 7), (1023, -(2**64) + 1)]
    packed = pack_slots(held)
    slots = [(index + 1) * 2**65 + quantity + 2**64 for index, quantity in held]
    assert packed[0] == slots[0] + slots[1] * 2**82 + slots[2] * 2**164
    assert packed[1] == slots[3]
    assert packed[2:] == [0] * 9


@given(
    st.dictionaries(st.integers(0, 65535), st.integers(1 - 2**64, 2**64 - 1).filter(bool), max_size=MAX_SLOTS)
)
def test_slots_can_be_read_back(held: dict[int, int]) -> None:
    packed = pack_slots(sorted(held.items()))
    slots = [element >> (82 * place) & (2**82 - 1) for element in packed for place in range(3)]
    read = {slot // 2**65 - 1: slot % 2**65 - 2**64 for slot in slots if slot}
    assert read == held
    assert len(packed) == 11
    assert all(element < 2**246 for element in packed)


@pytest.mark.parametrize(
    "held",
    [
        [(1, 1), (0, 1)],
        [(1, 1), (1, 1)],
        [(-1, 1)],
        [(0, 0)],
        [(0, 2**64)],
        [(0, -(2**64))],
        [(2**17 - 1, 1)],
        [(index, 1) for index in range(34)],
    ],
)
def test_slots_that_are_refused(held: list[tuple[int, int]]) -> None:
    with pytest.raises(FormatError):
        pack_slots(held)


def test_the_hash_of_an_account() -> None:
    held = [(0, 5), (3, -6)]
    expected = poseidon([tag("account"), 2, -7 + 2**120, 8, 9, *pack_slots(held)])
    assert account_hash(held, -7, 8, 9) == expected
    others = {
        account_hash([(0, 5)], -7, 8, 9),
        account_hash([(0, 5), (3, 6)], -7, 8, 9),
        account_hash([(0, 5), (4, -6)], -7, 8, 9),
        account_hash(held, 7, 8, 9),
        account_hash(held, -7, 9, 9),
        account_hash(held, -7, 8, 8),
    }
    assert len(others | {expected}) == 7


def test_holder_and_attestor() -> None:
    assert holder_of(5) == poseidon([tag("holder"), 5])
    assert attestor_hash((3, 4)) == poseidon([tag("attestor"), 3, 4])


def test_sizes_in_lots_by_index() -> None:
    assert quantities(account().positions, universe()) == [(0, 75 * 10**8), (1, -25 * 10**7)]


# Signing.


def test_the_message_is_that_of_section_three() -> None:
    held = quantities(SIGNED.positions, universe())
    stamp = 7 << 102 | (NOW - 50) << 68 | (NOW + 3600) << 34 | 3 << 2 | 1
    expected = poseidon(
        [
            tag("statement"),
            account_hash(held, 12345678900000000000, SIGNED.salt, HOLDER.holder),
            universe().hash,
            subject_number(SUBJECT),
            stamp,
            object_hash("zksolvency/venue/1", "testvenue"),
        ]
    )
    assert statement_message(SIGNED, universe()) == expected


def test_the_signature_holds() -> None:
    check_signature(SIGNED, universe())
    assert SIGNED.attestor.hash == ATTESTOR.attestor


CHANGES = [
    ("venue", "othervenue"),
    ("subject", "eip155:1:0x" + "ac" * 20),
    ("holder", "5"),
    ("epoch", 8),
    ("as_of", NOW - 51),
    ("valid_until", NOW + 3601),
    ("sequence", 4),
    ("coverage", "owner"),
    ("cash", "123456.79"),
    ("salt", "5"),
    ("positions", []),
    ("positions.0.size", "-2.50000001"),
    ("positions.0.size", "2.5"),
    ("positions.0.instrument", "testvenue:USDC"),
    ("positions.1", ...),
    ("attestor", {"x": str(OTHER_ATTESTOR.point[0]), "y": str(OTHER_ATTESTOR.point[1])}),
    ("signature.r8x", "5"),
    ("signature.s", "5"),
]


@pytest.mark.parametrize(("path", "value"), CHANGES)
def test_an_altered_statement(path: str, value: Any) -> None:
    altered = AccountStatement.parse(edited(SIGNED.to_json(), path, value))
    with pytest.raises(InvalidError, match="signature does not hold"):
        check_signature(altered, universe())


def test_the_order_of_positions_means_nothing() -> None:
    turned = SIGNED.to_json()
    turned["positions"].reverse()
    check_signature(AccountStatement.parse(turned), universe())


def test_another_universe() -> None:
    """The same indexes would mean other contracts."""
    swapped = universe().model_copy(update={"instruments": universe().instruments[::-1]})
    with pytest.raises(FormatError, match="universe"):
        check_signature(SIGNED, swapped)
    renamed = SIGNED.model_copy(update={"universe": swapped.hash})
    with pytest.raises(InvalidError):
        check_signature(renamed, swapped)


def test_salts_are_fresh_and_wide() -> None:
    salts = {signed().salt for _ in range(4)} | {SIGNED.salt}
    assert len(salts) == 5
    assert max(salts).bit_length() > SALT_BITS - 40
    assert SALT_BITS >= 128


def test_loading_checks_the_signature(tmp_path: Path) -> None:
    path = tmp_path / "statement.json"
    SIGNED.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert AccountStatement.load_signed(path, universe()) == SIGNED
    path.write_text(json.dumps(edited(SIGNED.to_json(), "cash", "999999")))
    with pytest.raises(InvalidError):
        AccountStatement.load_signed(path, universe())


def test_as_of_is_the_accounts_unless_said() -> None:
    assert SIGNED.as_of == NOW - 50
    assert signed(as_of=NOW - 40).as_of == NOW - 40


# What is refused, by name and without a value.


def holding(*positions: tuple[str, str]) -> Account:
    return account().model_copy(
        update={"positions": tuple(Position(instrument=name, size=size) for name, size in positions)}
    )


@pytest.mark.parametrize(
    ("held", "problem"),
    [
        (holding(("testvenue:DOGE", "123.456")), "testvenue:DOGE is not in the universe test"),
        (holding(("testvenue:OLD", "123.456")), "testvenue:OLD is retired"),
        (holding(("testvenue:BTC", "0.00000000012")), "testvenue:BTC: is not a multiple"),
        (holding(("testvenue:BTC", "1844674407.3709551616")), "testvenue:BTC: does not fit 64 bits"),
        (holding(("testvenue:BTC", "-1844674407.3709551616")), "testvenue:BTC: does not fit 64 bits"),
        (holding(("testvenue:BTC", "1.25"), ("testvenue:BTC", "1.25")), "testvenue:BTC is held twice"),
    ],
)
def test_positions_that_cannot_be_signed(held: Account, problem: str) -> None:
    with pytest.raises(FormatError, match=problem) as caught:
        signed(account=held)
    for position in held.positions:
        assert position.size.lstrip("-") not in str(caught.value)


def test_the_largest_sizes_fit() -> None:
    edge = holding(("testvenue:BTC", "1844674407.3709551615"))
    check_signature(signed(account=edge), universe())


def test_an_expired_option() -> None:
    held = holding(("testvenue:ETH-C", "1"))
    signed(account=held, valid_until=NOW + 9_999)
    with pytest.raises(FormatError, match="testvenue:ETH-C expires by"):
        signed(account=held, valid_until=NOW + 10_000)


def test_another_venue_or_universe_cannot_be_signed() -> None:
    with pytest.raises(FormatError, match="universe"):
        signed(account=account().model_copy(update={"universe": 5}))
    with pytest.raises(FormatError, match="venue"):
        signed(account=account().model_copy(update={"venue": "othervenue"}))


SECRET = "424242.4242"
ACCOUNT = {**account().to_json(), "cash": SECRET}
REFUSED = [
    ("cash", "424242.42421234567890123", "cash"),
    ("cash", "4242424242e5", "cash"),
    ("cash", 424242, "cash"),
    ("cash", "424242" + "0" * 40, "cash"),
    ("cash", "-0", "cash"),
    ("positions.0.size", "424242e3", "positions[0].size"),
    ("positions.0.size", 424242, "positions[0].size"),
    ("positions.0.size", "0", "positions[0].size"),
    ("positions.0.size", "424242" + "0" * 60, "positions[0].size"),
    ("positions", [{"instrument": "a:b", "size": "424242"}] * 2, "positions[1].instrument"),
    ("positions", [{"instrument": "a:b", "size": "424242"}] * 34, "positions"),
    ("as_of", -424242, "as_of"),
    ("universe", "0424242", "universe"),
    ("surplus", "424242", "surplus"),
    ("source.sha256", "424242", "source.sha256"),
]


@pytest.mark.parametrize(("path", "value", "field"), REFUSED)
def test_errors_name_the_member_and_hide_the_value(path: str, value: Any, field: str) -> None:
    with pytest.raises(FormatError) as caught:
        Account.parse(edited(ACCOUNT, path, value), "account.json")
    assert str(caught.value).startswith(f"account.json: {field}: ")
    assert "424242" not in str(caught.value)
    assert caught.value.value is None


@pytest.mark.parametrize("number", ["424242.5", "4.24242e5", "-0", "424242424242424242424242"])
def test_a_number_in_a_private_file_is_not_shown(tmp_path: Path, number: str) -> None:
    text = json.dumps(ACCOUNT).replace(f'"{SECRET}"', number)
    path = tmp_path / "account.json"
    path.write_text(text)
    for read in (lambda: Account.load(path), lambda: Account.parse(text, "account.json")):
        with pytest.raises(FormatError) as caught:
            read()
        assert number not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("salt", "0", "salt"),
        ("salt", str(1 << SALT_BITS), "salt"),
        ("sequence", 1 << 32, "sequence"),
        ("valid_until", NOW - 51, "valid_until"),
        ("coverage", "everything", "coverage"),
        ("signature.s", str(1 << 253), "signature.s"),
        ("attestor.x", ..., "attestor.x"),
        ("signature", ..., "signature"),
    ],
)
def test_statements_that_are_refused(path: str, value: Any, field: str) -> None:
    with pytest.raises(FormatError) as caught:
        AccountStatement.parse(edited(SIGNED.to_json(), path, value))
    assert caught.value.field == field


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["testvenue:BTC", "testvenue:ETH", "testvenue:USDC"]),
        st.integers(1, 10**9),
        max_size=3,
    ),
    st.integers(-(10**20), 10**20),
)
def test_any_account_can_be_signed_and_read_back(held: dict[str, int], cash: int) -> None:
    made = holding(*((name, str(size)) for name, size in held.items())).model_copy(update={"cash": str(cash)})
    statement = signed(account=made)
    check_signature(AccountStatement.parse(json.dumps(statement.to_json())), universe())
