"""Random accounts and mandates for a small instance of the mandate circuit, down to its inputs."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from prover.mandates import MandateReport, evaluate_mandate
from tests.circuits.accounts import Account, Inputs, Market, circuit_inputs, market_of, random_account
from verifier.circuits import Instance, Layout, mandate_instances, tag
from verifier.field import to_field
from verifier.mandate import UNLIMITED
from verifier.poseidon import poseidon
from verifier.rows import Bracket, Row

ONE = 10**14
LAYOUT = Layout("greeks-small", nodes=4, brackets=1, depth=2, version=1, kind="greeks")
LARGE = next(iter(mandate_instances().values()))
SMALL = Instance(
    name="reduced_mandate", size="reduced-mandate", file="account_mandate.circom", template="AccountMandate",
    slots=3, nodes=4, groups=2, brackets=1, depth=2, layout=LAYOUT, public=LARGE.public,
    max_constraints=1 << 15, constraints=None,
)  # fmt: skip
_TIER = (Bracket(0, 0, (1 << 64) - 1),)


@dataclass(frozen=True)
class Limited:
    """A mandate as integers."""

    groups: tuple[int, ...]
    limits: tuple[tuple[int, ...], ...]
    leverage: int
    share: int

    def hash(self, universe: int) -> int:
        """From the design's formula: one chunk, as two underlyings have 13 numbers."""
        numbers = [universe]
        for group, limits in zip(self.groups, self.limits, strict=True):
            numbers += [group, *limits]
        assert len(numbers) + 2 <= 15
        return poseidon([tag("mandate"), *numbers, self.leverage, self.share])


def greeks_market(rng: random.Random, groups: tuple[int, ...] = (2, 5)) -> Market:
    """A table of Greeks; most rows are of `groups`."""
    bits = rng.choice((20, 34, 48))

    def signed() -> int:
        return rng.choice((0, rng.randint(-(1 << bits), 1 << bits)))

    rows = {
        index: Row(
            group=rng.choice(groups),
            mark=rng.randint(-(1 << bits), 1 << bits),
            nodes=tuple(signed() for _ in range(4)),
            addon_long=rng.randint(1, 1 << bits),
            addon_short=rng.randint(1, 1 << bits),
            brackets=_TIER,
        )
        for index in sorted(rng.sample(range(16), 9))
    }
    return market_of(rng, LAYOUT, rows)


def case(seed: object, distance: int | None = None) -> tuple[Account, Market, Limited]:
    """An account, its market, and a mandate near what it uses: some limits kept, some just not."""
    rng = random.Random(f"mandate {seed}")
    market = greeks_market(rng)
    account = random_account(rng, market, SMALL)
    account = replace(account, ratio=0, floor=rng.choice((0, 1, 1000)))
    limits = Limited((2, 5), ((0,) * 4, (0,) * 4), rng.choice((1, 100, 350, (1 << 24) - 1)), 10_000)
    used = report(account, market, limits)
    near = rng.choice((0, 0, 0, 0, -1, 1))

    def limit(net: int, allowance: int) -> int:
        least = -(-(abs(net) + allowance) // ONE)
        wide = rng.choice((0, 0, 7, UNLIMITED))
        return min(UNLIMITED, max(0, least + (wide or near)))

    bounds = tuple(
        tuple(limit(net, used.groups[group].allowance) for net in used.groups[group].net) for group in (2, 5)
    )
    gross = sum(each.gross for each in used.groups.values())
    most = max(each.gross for each in used.groups.values())
    share = (
        10_000 if not gross or rng.random() < 0.5 else min(10_000, max(1, -(-10_000 * most // gross) + near))
    )
    limits = replace(limits, limits=bounds, share=share)
    needed = max(account.floor * ONE, -(-100 * gross // limits.leverage))
    # Cash such that the binding one of floor and leverage is just kept, or just not.
    step = rng.choice((-1, 0, 0, 1, 10**15)) if distance is None else distance
    return replace(account, cash=needed - used.least_equity + account.cash + step), market, limits


def report(account: Account, market: Market, limits: Limited) -> MandateReport:
    """What the exact engine says."""
    named = list(zip(limits.groups, limits.limits, strict=True))
    return evaluate_mandate(
        account.positions, account.cash, market.rows, named, limits.leverage, limits.share, account.floor
    )


def inputs_of(account: Account, market: Market, limits: Limited) -> Inputs:
    """Inputs of an honest prover; a position of an underlying that is not named picks the first."""
    found: dict[str, Any] = circuit_inputs(account, market, SMALL)
    del found["losses"], found["bracket_choice"]
    held = [market.rows[index].group for index, _ in account.positions]
    places = [limits.groups.index(group) if group in limits.groups else 0 for group in held]
    choices = [[int(place == g) for g in range(SMALL.groups)] for place in places]
    return found | {
        "mandate": limits.hash(market.universe),
        "groups": list(limits.groups),
        "limits": [list(each) for each in limits.limits],
        "leverage": limits.leverage,
        "share": limits.share,
        "group_choice": choices + [[0] * SMALL.groups] * (SMALL.slots - len(places)),
        "cash": to_field(account.cash),
    }
