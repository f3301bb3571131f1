"""The whole way on a chain: a real proof opens a line of credit, a price closes it, a new one reopens it."""

from __future__ import annotations

import pytest

from tests.contracts.chains import ask
from tests.contracts.world import BORROWER, LENDER, LIMIT, World, market, proof
from verifier.bundle import Bundle
from verifier.errors import InvalidError

_HOUR = 3600


def test_a_line_of_credit(world: World, first: Bundle, second: Bundle) -> None:
    assert world.status() == (1, "no record")
    with pytest.raises(InvalidError):
        world.draw(100)

    posted = world.post(market())
    assert posted.code == 0, posted.json
    attested = world.attest(first)
    assert attested.code == 0, attested.json
    assert world.status() == (0, "solvent")
    world.draw(100)
    assert world.chain.read(world.line.functions.debt()) == 100

    # A price leaves the band: no proof is sent, and the line is shut.
    world.price("BTC-mark", 64_000)
    assert world.status() == (1, "outside the envelope")
    with pytest.raises(InvalidError):
        world.draw(100)
    LENDER.on(world.chain).do(world.line.functions.freeze(), "freeze")

    # The price comes back: the registry's answer does, and a line that was frozen waits for a newer proof.
    world.price("BTC-mark", 60_000)
    assert world.status() == (0, "solvent")
    with pytest.raises(InvalidError):
        world.draw(100)

    # A new snapshot around the new price, and a new proof over it.
    world.price("BTC-mark", 65_000)
    assert world.post(market(8, 65_000)).code == 0
    assert world.status() == (1, "outside the envelope")
    assert world.attest(second).code == 0
    assert world.status() == (0, "solvent")
    # Its account is as it was before the lapse, which mends nothing; one of after it does.
    with pytest.raises(InvalidError):
        world.draw(LIMIT - 100)
    lapsed = world.chain.read(world.line.functions.lapsedAt(world.chain.checksum(BORROWER.address)))
    ask(world.chain, "evm_increaseTime", 5)
    ask(world.chain, "evm_mine")
    third = proof(world.policy, market(8, 65_000), as_of=lapsed + 1)
    assert world.attest(third).code == 0
    world.draw(LIMIT - 100)
    assert world.chain.read(world.token.functions.balanceOf(world.chain.checksum(BORROWER.address))) == LIMIT


def test_time_closes_it_too(world: World, first: Bundle) -> None:
    assert world.post(market()).code == 0
    assert world.attest(first).code == 0
    ask(world.chain, "evm_increaseTime", world.policy.max_age)
    ask(world.chain, "evm_mine")
    assert world.status() == (1, "expired")
    with pytest.raises(InvalidError):
        world.draw(1)
