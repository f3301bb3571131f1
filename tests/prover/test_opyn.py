"""Opyn's vaults: the table against the venue's rules in exact fractions, and planted bugs."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from samples_opyn import MONEY, TIME, WEEK, WIDE, Chain, random_chain, random_vault, samples

from prover.conformance import run_document
from prover.engine import evaluate
from prover.tables.opyn import build_opyn, settled_row
from prover.tables.rebuild import check_model
from prover.venues.opyn import Vault, expired_obligation, naked_requirement, spread_requirement
from verifier.circuits import Layout, layout
from verifier.errors import FormatError
from verifier.rows import Row

KINDS = ("put", "call")
VAULTS = 150
PLAIN = layout("s24-k2-d5")
BOUNDS = {"spot": "1800", "band": "0.05", "shock": "0.75", "bounds": [{"seconds": WEEK, "bound": "0.1678"}]}


@pytest.mark.parametrize("shape", [WIDE, PLAIN], ids=lambda shape: shape.name)
@pytest.mark.parametrize("kind", KINDS)
def test_spreads_are_the_venues_to_the_rounding(kind: str, shape: Layout) -> None:
    rng = random.Random(f"{kind} {shape.name}")
    for _ in range(VAULTS // 10):
        chain = random_chain(rng, kind, shape)
        for _ in range(10):
            sizes = random_vault(rng, chain)
            due = spread_requirement(chain.vault(sizes))
            found = Fraction(chain.evaluate(sizes).requirement, MONEY)
            assert due <= found <= due + chain.rounding(sizes)
            # Strikes of two decimals are on the grid, and then nothing at all is rounded.
            assert kind == "call" or found == due


@pytest.mark.parametrize("kind", KINDS)
def test_a_spread_is_its_largest_loss_at_expiry(kind: str) -> None:
    rng = random.Random(f"loss {kind}")
    for _ in range(VAULTS):
        vault = Vault(kind == "call", *(Fraction(rng.randint(1, 900)) for _ in range(4)))
        need = spread_requirement(vault)
        prices = [
            vault.short_strike,
            vault.long_strike,
            *(Fraction(rng.randint(1, 2_000)) for _ in range(20)),
        ]
        worst = max(expired_obligation(vault, price) for price in prices)
        # The ends beyond all strikes: nothing, and a price without end.
        if vault.call:
            end = vault.short_amount - vault.long_amount
        else:
            end = vault.short_amount * vault.short_strike - vault.long_amount * vault.long_strike
        assert need == max(Fraction(0), worst, end)


@pytest.mark.parametrize("kind", KINDS)
def test_settled_rows_are_what_an_expired_vault_owes(kind: str) -> None:
    rng = random.Random(f"settled {kind}")
    chain = random_chain(rng, kind)
    for _ in range(VAULTS):
        sizes, spot = random_vault(rng, chain), Fraction(rng.randint(1, 6_000))
        rows = {place: settled_row(chain.given, chain.given.series[place], spot, WIDE, 1) for place in sizes}
        report = evaluate(sorted(sizes.items()), 0, rows, layout=WIDE)
        owed = expired_obligation(chain.vault(sizes), spot)
        assert -owed - chain.rounding(sizes) <= Fraction(report.excess, MONEY) <= -owed


@pytest.mark.parametrize("kind", KINDS)
def test_a_naked_short_is_charged_at_the_worst_edge(kind: str) -> None:
    rng = random.Random(f"naked {kind}")
    chain = random_chain(rng, kind, naked=BOUNDS)
    for _ in range(VAULTS):
        place, size = rng.randrange(len(chain.given.series)), -rng.randint(1, 10**10)
        found = Fraction(chain.evaluate({place: size}).requirement, MONEY)
        amount, strike = chain.amount(-size), chain.strike(place)

        def asked(spot: Fraction, amount: Fraction = amount, strike: Fraction = strike) -> Fraction:
            return naked_requirement(
                kind == "call", amount, strike, spot, Fraction("0.1678"), Fraction("0.75")
            )

        edges = max(asked(Fraction(1710)), asked(Fraction(1890)))
        assert edges <= found <= edges + chain.rounding({place: size})
        assert asked(Fraction(rng.randint(171_000, 189_000), 100)) <= found
        with_long = chain.evaluate({place: -size})
        assert with_long.requirement / MONEY > 1e6 * float(amount / chain.lot), "a long is refused"


def _without_the_end(chain: Chain) -> dict[int, Row]:
    return {index: replace(row, nodes=(0, 0, *row.nodes[2:])) for index, row in chain.table.rows.items()}


def _without_a_strike(chain: Chain) -> dict[int, Row]:
    kept = range(0, 64, 2)
    return {
        index: replace(
            row, nodes=tuple(value if place in kept else 0 for place, value in enumerate(row.nodes))
        )
        for index, row in chain.table.rows.items()
    }


def _long_offsets_in_full(chain: Chain) -> dict[int, Row]:
    """A long's payoff counted at the end alone."""
    return {
        index: replace(row, nodes=(0, row.nodes[1], *([0] * 62))) for index, row in chain.table.rows.items()
    }


@pytest.mark.parametrize("planted", [_without_the_end, _without_a_strike, _long_offsets_in_full])
@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_bug_undercharges_a_random_vault(
    kind: str, planted: Callable[[Chain], dict[int, Row]]
) -> None:
    rng = random.Random("planted")
    for _ in range(10):
        chain = random_chain(rng, kind)
        for _ in range(10):
            sizes = random_vault(rng, chain)
            if Fraction(chain.evaluate(sizes, 0, planted(chain)).requirement, MONEY) < spread_requirement(
                chain.vault(sizes)
            ):
                return
    pytest.fail("no vault of a hundred shows the bug")


def test_snapshots_rebuild_and_what_is_not_carried_is_refused_by_name() -> None:
    rng = random.Random("snapshot")
    for kind in KINDS:
        for naked in (None, BOUNDS):
            given = random_chain(rng, kind, naked=naked).given
            universe, snapshot = build_opyn(given, "initial", PLAIN)
            check_model(snapshot)
            again, _ = build_opyn(
                given.model_copy(update={"series": given.series[::-1]}), "initial", PLAIN, universe
            )
            assert again == universe
    given = random_chain(rng, "put", strikes=40).given
    with pytest.raises(FormatError, match="nodes"):
        build_opyn(given, "initial", PLAIN)
    with pytest.raises(FormatError, match="expires"):
        build_opyn(given.model_copy(update={"valid_until": TIME + WEEK}), "initial", WIDE)
    with pytest.raises(FormatError, match="bounds"):
        random_chain(rng, "put", naked={**BOUNDS, "bounds": [{"seconds": 60, "bound": "0.1"}]})
    with pytest.raises(FormatError, match="list one twice"):
        build_opyn(given.model_copy(update={"series": given.series[:1] * 2}), "initial", WIDE)


def test_two_expiries_of_one_day_are_two_groups() -> None:
    given = random_chain(random.Random("day"), "put").given
    first = given.series[0]
    second = first.model_copy(update={"expiry": first.expiry + 1})
    _, snapshot = build_opyn(given.model_copy(update={"series": (first, second)}), "initial", PLAIN)
    assert len({entry.group for entry in snapshot.rows}) == 2


def test_the_bound_is_the_largest_of_the_window() -> None:
    falling = [{"seconds": WEEK - 300, "bound": "0.3"}, {"seconds": WEEK, "bound": "0.1"}]
    chain = random_chain(random.Random("bound"), "put", naked={**BOUNDS, "band": "0", "bounds": falling})
    found = Fraction(chain.evaluate({0: -(10**8)}).requirement, MONEY)
    due = naked_requirement(
        False, chain.lot, chain.strike(0), Fraction(1800), Fraction("0.3"), Fraction("0.75")
    )
    assert due <= found <= due + chain.rounding({0: 10**8})


@pytest.mark.parametrize("kind", KINDS)
def test_samples_stand_at_the_boundary(kind: str) -> None:
    found = list(samples("boundary", 100, kind))
    assert len(found) == 100
    for positions, cash, rows, shape in found:
        assert evaluate(positions, cash, rows, layout=shape).slack == 0
        assert not evaluate(positions, cash - 1, rows, layout=shape).passes


def test_published_figures(vectors: Path) -> None:
    result = run_document(json.loads((vectors / "margin/opyn_gamma.json").read_text()), "opyn_gamma")
    print(f"opyn_gamma: {result.summary}")
    assert result.summary.engine_exact == result.summary.table_exact == result.summary.cases
