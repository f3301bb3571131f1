"""What an attestor's tool must not sign: the circuit takes a signed account as it is."""

from __future__ import annotations

import pytest

from prover.accounts import Account, AccountStatement, Position, Source, sign_statement
from prover.register import HolderRegister
from verifier.errors import FormatError, InvalidError
from verifier.universe import Instrument, Universe

ADDRESS = "0x" + "ab" * 20
NOW = 1_800_000_000


def universe() -> Universe:
    kinds = {"leg": "perpetual", "dated": "future", "sum": "aggregate", "more": "aggregate"}
    kinds |= {"cash": "deposit", "debt": "borrow"}
    lots = {"leg": "1", "dated": "0.1", "sum": "10"}
    return Universe(
        name="test",
        venue="v",
        quote="USDC",
        period="1",
        underlyings=("BTC", "ETH"),
        instruments=tuple(
            Instrument.model_validate(
                {
                    "id": f"v:{name}",
                    "kind": kind,
                    "underlying": "ETH" if name in ("cash", "debt") else "BTC",
                    "lot": lots.get(name, "1"),
                    **({"expiry": NOW + 99} if kind == "future" else {}),
                }
            )
            for name, kind in kinds.items()
        ),
    )


def signed(positions: dict[str, str]) -> AccountStatement:
    account = Account(
        venue="v",
        universe=universe().hash,
        as_of=NOW,
        cash="1",
        positions=tuple(Position(instrument=f"v:{name}", size=size) for name, size in positions.items()),
        source=Source(format="test", sha256="00" * 32),
    )
    return sign_statement(
        account, universe(), bytes(32), holder=1, subject="x", epoch=1, valid_until=NOW + 1, sequence=1
    )


@pytest.mark.parametrize(
    ("positions", "said"),
    [
        ({"leg": "100"}, "lacks v:sum"),
        ({"leg": "100", "more": "100"}, "lacks v:sum"),
        ({"leg": "100", "sum": "0.0000001", "more": "100"}, "more than v:sum"),
        # Legs that offset one another still count in full.
        ({"leg": "-70", "dated": "30", "sum": "99.9999999", "more": "100"}, "more than v:sum"),
        ({"cash": "-5"}, "wrong side of v:cash"),
        ({"debt": "5"}, "wrong side of v:debt"),
    ],
)
def test_an_account_that_the_circuit_would_undercharge_is_not_signed(
    positions: dict[str, str], said: str
) -> None:
    with pytest.raises(FormatError, match=said) as caught:
        signed(positions)
    assert "99.9999999" not in str(caught.value)


def test_legs_with_their_gross_size_are_signed() -> None:
    held = {"leg": "-70", "dated": "30", "sum": "100", "more": "100", "cash": "5", "debt": "-5"}
    assert len(signed(held).positions) == 6
    assert len(signed({"cash": "1"}).positions) == 1


@pytest.mark.parametrize(
    "spelling",
    [f"eip155:1:{ADDRESS.upper().replace('X', 'x')}", f"eip155:137:{ADDRESS}", f"eip155:1:{ADDRESS}"],
)
def test_one_subject_has_one_holder_however_it_is_spelt(spelling: str) -> None:
    """A proof shows the subject as a number: a holder for each spelling would make one account many."""
    register, _ = HolderRegister().next("v", f"eip155:1:{ADDRESS}", 1)
    with pytest.raises(InvalidError, match="another holder"):
        register.next("v", spelling, 2)
    again, number = register.next("v", spelling, 1)
    assert number == 2
    assert len(again.registrations) == 1
    assert register.next("v", "somebody else", 2)[1] == 1
    assert register.next("w", spelling, 2)[1] == 1
