"""`prover.witness` makes of documents the very inputs that the twin in `accounts` makes of integers."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from prover.accounts import AccountStatement, AttestorKey, Position, StatementSignature, holder_of
from prover.witness import circuit_inputs, claimed_terms
from tests.circuits import accounts as twin
from verifier.circuits import Instance, instances
from verifier.eddsa import public_key, sign
from verifier.market import Node, RowEntry, Snapshot, market_root
from verifier.numbers import int_to_text
from verifier.universe import Instrument, Universe, venue_hash

VENUE = "testvenue"
LOT = 10**6
UNDERLYINGS = tuple(f"U{n}" for n in range(1, 13))


def documents(market: twin.Market, account: twin.Account) -> tuple[Snapshot, AccountStatement]:
    """The market as a snapshot, and the account as a signed statement."""
    universe = Universe(
        name="test",
        venue=VENUE,
        quote="USD",
        period="2027",
        underlyings=UNDERLYINGS,
        instruments=tuple(
            Instrument(
                id=f"{VENUE}:I{index}",
                kind="perpetual",
                underlying=UNDERLYINGS[market.rows[index].group - 1] if index in market.rows else "U1",
                lot=str(LOT),
            )
            for index in range(max(market.rows) + 1)
        ),
    )
    snapshot = Snapshot(
        universe=universe,
        layout=market.layout.name,
        level="maintenance" if market.level == 1 else "initial",
        epoch=market.epoch,
        time=market.time,
        valid_until=market.valid_until,
        feeds=(),
        frozen=("funding",),
        nodes=tuple(Node(corner="low", stress="none") for _ in range(market.layout.nodes)),
        rows=tuple(RowEntry.of(index, row, market.layout) for index, row in sorted(market.rows.items())),
    )
    signed = replace(account, venue=venue_hash(VENUE))
    market = replace(market, universe=universe.hash, envelope=snapshot.envelope)
    key = public_key(signed.attestor)
    signature = sign(signed.attestor, twin.message(signed, market))
    # In any order: a statement's lines are sorted by index, not by how they are written.
    lines = random.Random(1).sample(signed.positions, len(signed.positions))
    statement = AccountStatement(
        venue=VENUE,
        universe=universe.hash,
        subject=f"eip155:1:0x{signed.subject:040x}",
        holder=holder_of(signed.secret),
        epoch=market.epoch,
        as_of=signed.as_of,
        valid_until=signed.valid_until,
        sequence=signed.sequence,
        coverage="account" if signed.coverage == 1 else "owner",
        cash=int_to_text(signed.cash, 14),
        positions=tuple(
            Position(instrument=f"{VENUE}:I{index}", size=int_to_text(size * LOT, 8)) for index, size in lines
        ),
        salt=signed.salt,
        attestor=AttestorKey(x=key[0], y=key[1]),
        signature=StatementSignature(r8x=signature.r8[0], r8y=signature.r8[1], s=signature.s),
    )
    return snapshot, statement


@pytest.mark.parametrize("size", instances().values(), ids=lambda one: one.size)
@pytest.mark.parametrize("seed", range(3))
def test_documents_and_integers_give_the_same_inputs(size: Instance, seed: int) -> None:
    rng = random.Random(f"{size.size} {seed}")
    market = twin.random_market(rng, size.layout)
    account = twin.at_boundary(twin.random_account(rng, market, size), market, seed - 1)
    snapshot, statement = documents(market, account)
    market = replace(market, universe=snapshot.universe.hash, envelope=snapshot.envelope)
    account = replace(account, venue=venue_hash(VENUE))
    assert market_root(snapshot) == market.root
    terms = claimed_terms(statement, snapshot, ratio=account.ratio, floor=account.floor)
    made = circuit_inputs(statement, snapshot, terms, account.secret, account.context, size)
    assert made == twin.circuit_inputs(account, market, size)
