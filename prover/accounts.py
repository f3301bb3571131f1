"""Accounts: as imported from a venue, and as signed by an attestor. Both are private.

The hash of an account depends on the account alone, so it is the same in a statement, in every size of the
circuit, and as a leaf of a book.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from verifier import eddsa
from verifier.babyjubjub import SUBGROUP_ORDER, Point
from verifier.circuits import packing, table, tag, width
from verifier.errors import FormatError, InvalidError
from verifier.models import (
    DecimalText,
    Document,
    Epoch,
    FieldText,
    Hex32,
    IntText,
    Member,
    Text,
    Time,
    entries,
    rule_error,
)
from verifier.numbers import cash_to_int, lots, parse_decimal
from verifier.packing import pack
from verifier.poseidon import poseidon
from verifier.statement import Coverage, coverage_number, subject_number
from verifier.universe import Instrument, Universe, venue_hash

__all__ = [
    "MAX_SLOTS",
    "SALT_BITS",
    "Account",
    "AccountStatement",
    "AttestorKey",
    "Position",
    "Source",
    "StatementSignature",
    "account_hash",
    "attestor_hash",
    "check_lines",
    "check_signature",
    "holder_of",
    "pack_slots",
    "quantities",
    "sign_statement",
    "statement_message",
]

SALT_BITS = 248
"""Fresh random bits in every statement, so that a hash of it tells nothing about a balance."""

MAX_SLOTS = int(table()["slots"]["max"])
_PER_ELEMENT = int(table()["slots"]["per_element"])
_SLOT_BITS = sum(field.bits for field in packing("slot"))
_SIZE_OFFSET = 1 << width("size")
_CASH_OFFSET = 1 << width("cash")
_LEGS = ("perpetual", "future", "option")


def _cash_on_grid(text: str) -> str:
    try:
        cash_to_int(text)
    except FormatError as error:
        raise rule_error(error.problem, mend=error.mend) from None
    return text


Cash = Annotated[DecimalText, AfterValidator(_cash_on_grid)]


class Position(Member):
    """What is held of one instrument.

    Attributes
    ----------
    instrument
        ``venue:SYMBOL``.
    size
        Signed decimal text, units of the underlying; not zero.
    """

    instrument: Text
    size: DecimalText

    @model_validator(mode="after")
    def _held(self) -> Self:
        if parse_decimal(self.size, private=True) == 0:
            raise rule_error("is zero", field="size", mend="Leave the position out")
        return self


Positions = Annotated[tuple[Position, ...], entries(most=MAX_SLOTS)]


class Source(Member):
    """Where an imported account comes from.

    Attributes
    ----------
    format
        Which importer read it.
    sha256
        Of the response's bytes.
    exclusions
        What the response shows and the account leaves out, in words.
    """

    format: Text
    sha256: Hex32
    exclusions: Annotated[tuple[Text, ...], entries(most=256)] | None = None


class Account(Document):
    """``zksolvency/account/1``: one account as imported; unsigned.

    Attributes
    ----------
    venue, universe
        The venue's name, and the hash of the universe that instruments are named in.
    as_of
        Seconds since 1970.
    cash
        Quote units: entry notionals and accrued funding folded in, reserved amounts subtracted.
    positions
        Up to 33, each instrument once.
    source
        Where it comes from.
    """

    SCHEMA: ClassVar[str] = "zksolvency/account/1"
    PRIVATE: ClassVar[bool] = True

    venue: Text
    universe: FieldText
    as_of: Time
    cash: Cash
    positions: Positions
    source: Source

    @model_validator(mode="after")
    def _once(self) -> Self:
        _each_once(self.positions)
        return self


class AttestorKey(Member):
    """An attestor's BabyJubJub key."""

    x: FieldText
    y: FieldText

    @property
    def point(self) -> Point:
        """The key as a point."""
        return self.x, self.y

    @property
    def hash(self) -> int:
        """What policies list and proofs show."""
        return attestor_hash(self.point)


class StatementSignature(Member):
    """EdDSA-Poseidon over the statement's message."""

    r8x: FieldText
    r8y: FieldText
    s: Annotated[int, IntText(0, SUBGROUP_ORDER - 1)]


class AccountStatement(Document):
    """``zksolvency/account-statement/1``: one account, signed by an attestor.

    Attributes
    ----------
    venue, universe, cash, positions
        As in `Account`.
    subject
        The address (CAIP-10) or identity that the attestor verified the account to belong to.
    holder
        Poseidon(tag, secret) of the holder registered for the account.
    epoch, as_of, valid_until
        The publisher's epoch for which it is made, when the account was so, and until when it may be used.
    sequence
        The attestor's own counter for this account.
    coverage
        ``account``, or ``owner``: all that this owner has at this venue.
    salt
        A fresh random field element.
    attestor, signature
        Whose signature, and the signature.
    """

    SCHEMA: ClassVar[str] = "zksolvency/account-statement/1"
    PRIVATE: ClassVar[bool] = True

    venue: Text
    universe: FieldText
    subject: Text
    holder: FieldText
    epoch: Epoch
    as_of: Time
    valid_until: Time
    sequence: Annotated[int, Field(ge=0, lt=1 << 32)]
    coverage: Coverage
    cash: Cash
    positions: Positions
    salt: Annotated[int, IntText(1, (1 << SALT_BITS) - 1)]
    attestor: AttestorKey
    signature: StatementSignature

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _each_once(self.positions)
        if self.as_of > self.valid_until:
            raise rule_error("is before as_of", field="valid_until", mend="as_of ≤ valid_until")
        return self

    @classmethod
    def load_signed(cls, path: str | Path, universe: Universe) -> Self:
        """Load a file and `check_signature`."""
        statement = cls.load(path)
        check_signature(statement, universe)
        return statement


def _each_once(positions: Sequence[Position]) -> None:
    seen: set[str] = set()
    for place, position in enumerate(positions):
        if position.instrument in seen:
            raise rule_error(
                f"{position.instrument} is held twice",
                field=f"positions[{place}].instrument",
                mend="Add the two up",
            )
        seen.add(position.instrument)


def holder_of(secret: int) -> int:
    """The holder's public pseudonym at the attestor: Poseidon(tag, secret)."""
    return poseidon([tag("holder"), secret])


def attestor_hash(key: Point) -> int:
    """What policies list and proofs show of an attestor's key: Poseidon(tag, x, y)."""
    return poseidon([tag("attestor"), *key])


def quantities(
    positions: Sequence[Position], universe: Universe, *, valid_until: int | None = None
) -> list[tuple[int, int]]:
    """(index, q) of each position by increasing index; q in units of 1e-8 lot, signed.

    Parameters
    ----------
    positions
        Each instrument at most once.
    universe
        In which indexes are looked up.
    valid_until
        Seconds since 1970: an instrument that expires by then is refused.

    Raises
    ------
    FormatError
        When an instrument is unknown, retired or expired, or a size is off the grid or out of 64 bits; names
        the instrument, not the size.
    """
    indexes = universe.indexes()
    found: dict[int, int] = {}
    for place, position in enumerate(positions):
        field = f"positions[{place}]"
        name = position.instrument
        index = indexes.get(name)
        if index is None:
            raise FormatError(
                f"{field}.instrument",
                f"{name} is not in the universe {universe.name}",
                mend="Check the symbol, or use the universe that lists it",
            )
        instrument = universe.instruments[index]
        if instrument.retired:
            raise FormatError(f"{field}.instrument", f"{name} is retired", mend="Settle it into cash first")
        if valid_until is not None and instrument.expiry is not None and instrument.expiry <= valid_until:
            raise FormatError(
                f"{field}.instrument",
                f"{name} expires by {valid_until}",
                mend="Settle it into cash, or shorten the validity",
            )
        if index in found:
            raise FormatError(f"{field}.instrument", f"{name} is held twice", mend="Add the two up")
        found[index] = lots(position.size, instrument.lot, f"{field}.size of {name}")
    return sorted(found.items())


def check_lines(held: Sequence[tuple[int, int]], universe: Universe) -> None:
    """Check that deposits, borrows and aggregate lines are what their rows charge for.

    A circuit charges the rows that it is given: it knows nothing of a leg whose tiers stand on another line.
    So this is for whoever signs an account as much as for whoever proves it.

    Parameters
    ----------
    held
        (index, q), as `quantities` gives them.
    universe
        In which the indexes are.

    Raises
    ------
    FormatError
        When a deposit is negative, a borrow positive, or an aggregate line is missing or below the gross size
        of its legs. Names the instrument, never a size.
    """
    positions = [(universe.instruments[index], quantity) for index, quantity in held]
    for instrument, quantity in positions:
        if (instrument.kind, quantity > 0) in (("deposit", False), ("borrow", True)):
            raise FormatError(
                "positions",
                f"is on the wrong side of {instrument.id}",
                mend="A deposit is positive and a borrow negative; each has its own line",
            )
    for line in universe.instruments:
        if line.kind != "aggregate":
            continue
        beside = [each for each in positions if each[0].underlying == line.underlying]
        legs = sum((_units(*each) for each in beside if each[0].kind in _LEGS), Fraction(0))
        stated = sum((_units(*each) for each in beside if each[0].id == line.id), Fraction(0))
        if stated < legs:
            raise FormatError(
                "positions",
                f"{'are more than' if stated else 'lacks'} {line.id}, on which the tiers of "
                f"{line.underlying} are charged",
                mend="The attestor states the gross size of the legs on that line",
            )


def _units(instrument: Instrument, quantity: int) -> Fraction:
    """The size of a position in units of the underlying, up to the scale that all sizes share."""
    return abs(quantity) * parse_decimal(instrument.lot)


def pack_slots(held: Sequence[tuple[int, int]]) -> list[int]:
    """The field elements of up to 33 slots, three each, the first in the lowest bits; the unused are 0.

    Parameters
    ----------
    held
        (index, q) by strictly increasing index, q not 0 and below 2^64 in size.

    Raises
    ------
    FormatError
        When there are too many, they are out of order, or a number does not fit.
    """
    if len(held) > MAX_SLOTS:
        raise FormatError("positions", f"has {len(held)} entries", mend=f"It may have {MAX_SLOTS}")
    slots = [0] * MAX_SLOTS
    previous = -1
    for place, (index, quantity) in enumerate(held):
        if index <= previous:
            raise FormatError(f"positions[{place}]", "is out of order", mend="Sort by index; hold each once")
        if quantity == 0 or abs(quantity) >= _SIZE_OFFSET:
            raise FormatError(f"positions[{place}].size", f"does not fit {width('size')} bits and a sign")
        previous = index
        slots[place] = pack("slot", {"index_plus_one": index + 1, "size_offset": quantity + _SIZE_OFFSET})
    return [
        sum(slots[first + each] << (_SLOT_BITS * each) for each in range(_PER_ELEMENT))
        for first in range(0, MAX_SLOTS, _PER_ELEMENT)
    ]


def account_hash(held: Sequence[tuple[int, int]], cash: int, salt: int, holder: int) -> int:
    """Poseidon(tag, n_used, cash + 2^120, salt, holder, eleven elements of slots).

    Parameters
    ----------
    held
        As in `pack_slots`.
    cash
        1e-14 quote units, signed, below 2^120 in size.
    salt, holder
        Field elements.
    """
    return poseidon([tag("account"), len(held), cash + _CASH_OFFSET, salt, holder, *pack_slots(held)])


def statement_message(statement: AccountStatement, universe: Universe) -> int:
    """What the attestor signs: Poseidon(tag, account, universe, subject, stamp, venue).

    Raises
    ------
    FormatError
        When a position does not fit the universe, or the universe is another one.
    """
    if statement.universe != universe.hash:
        raise FormatError(
            "universe", "is not the given universe", mend="Use the universe that the statement was signed in"
        )
    held = quantities(statement.positions, universe)
    account = account_hash(held, cash_to_int(statement.cash), statement.salt, statement.holder)
    stamp = pack(
        "stamp",
        {
            "epoch": statement.epoch,
            "as_of": statement.as_of,
            "valid_until": statement.valid_until,
            "sequence": statement.sequence,
            "coverage": coverage_number(statement.coverage),
        },
    )
    return poseidon(
        [
            tag("statement"),
            account,
            universe.hash,
            subject_number(statement.subject),
            stamp,
            venue_hash(statement.venue),
        ]
    )


def sign_statement(
    account: Account,
    universe: Universe,
    secret: bytes,
    *,
    holder: int,
    subject: str,
    epoch: int,
    valid_until: int,
    sequence: int,
    coverage: Coverage = "account",
    as_of: int | None = None,
) -> AccountStatement:
    """Sign an imported account as its attestor, with a fresh salt.

    Parameters
    ----------
    account, universe
        What is attested, and the universe that its instruments are named in.
    secret
        The attestor's 32 bytes.
    holder
        Of the account, as registered.
    subject
        Whose account it is.
    epoch, valid_until, sequence, coverage
        See `AccountStatement`.
    as_of
        The account's own when left out.

    Raises
    ------
    FormatError
        When the account is of another universe or venue, a position is unknown, expired, out of range or on
        the wrong side, or legs lack the aggregate line that their tiers are charged on.
    """
    if account.universe != universe.hash:
        raise FormatError("universe", "is not the account's", mend="Import the account in this universe")
    if account.venue != universe.venue:
        mend = f"The universe is of {universe.venue}"
        raise FormatError("venue", "is not the universe's", value=account.venue, mend=mend)
    check_lines(quantities(account.positions, universe, valid_until=valid_until), universe)
    x, y = eddsa.public_key(secret)
    unsigned = AccountStatement(
        venue=account.venue,
        universe=account.universe,
        subject=subject,
        holder=holder,
        epoch=epoch,
        as_of=account.as_of if as_of is None else as_of,
        valid_until=valid_until,
        sequence=sequence,
        coverage=coverage,
        cash=account.cash,
        positions=account.positions,
        salt=secrets.randbits(SALT_BITS) or 1,
        attestor=AttestorKey(x=x, y=y),
        signature=StatementSignature(r8x=0, r8y=1, s=0),
    )
    signature = eddsa.sign(secret, statement_message(unsigned, universe))
    signed = StatementSignature(r8x=signature.r8[0], r8y=signature.r8[1], s=signature.s)
    return unsigned.model_copy(update={"signature": signed})


def check_signature(statement: AccountStatement, universe: Universe) -> None:
    """Check that the attestor named in `statement` signed exactly this.

    Raises
    ------
    InvalidError
        When the signature does not hold: something was altered, or somebody else signed.
    FormatError
        When a position does not fit the universe.
    """
    signature = eddsa.Signature((statement.signature.r8x, statement.signature.r8y), statement.signature.s)
    if not eddsa.verify(statement.attestor.point, statement_message(statement, universe), signature):
        raise InvalidError(
            "the attestor's signature does not hold: the statement was altered, or another key signed it. "
            "Have the attestor sign the account again"
        )
