"""The exact engine of mandates, and tables of Greeks."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from pathlib import Path

import pytest

from prover.engine import margin
from prover.mandates import evaluate_mandate, keeps
from prover.tables.greeks import build_greeks
from prover.tables.option_inputs import OptionsInput
from prover.tables.options import build_options
from prover.tables.rebuild import check_model
from verifier.circuits import GREEKS
from verifier.errors import FormatError
from verifier.mandate import UNLIMITED
from verifier.market import Snapshot
from verifier.numbers import parse_decimal
from verifier.rows import Bracket, Row

ONE = 10**14
_TIER = (Bracket(0, 0, (1 << 64) - 1),)
_INPUT = Path(__file__).resolve().parents[2] / "examples" / "options-market.json"


def _row(rng: random.Random, group: int) -> Row:
    return Row(
        group=group,
        mark=rng.randint(-(10**9), 10**9),
        nodes=tuple(rng.randint(-(10**8), 10**8) for _ in range(4)),
        addon_long=rng.randint(1, 10**9),
        addon_short=rng.randint(1, 10**9),
        brackets=_TIER,
    )


def _book(seed: int) -> tuple[list[tuple[int, int]], dict[int, Row]]:
    rng = random.Random(seed)
    rows = {index: _row(rng, rng.choice((1, 2, 4))) for index in range(8)}
    size = 10**10
    return [(index, rng.choice((-1, 1)) * rng.randint(1, size)) for index in rng.sample(range(8), 5)], rows


_WIDE = [(group, (UNLIMITED,) * 4) for group in (1, 2, 4)]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_passes_holds_of_exact_numbers(seed: int) -> None:
    """The exact numbers lie anywhere less than a unit away: a limit that is just kept holds of them."""
    positions, rows = _book(seed)
    rng = random.Random(f"exact {seed}")
    used = evaluate_mandate(positions, 10**30, rows, _WIDE, 100, 10_000)
    for group, use in used.groups.items():
        for place in range(4):
            exact = Fraction(0)
            for index, size in positions:
                if rows[index].group == group:
                    exact += size * (rows[index].nodes[place] + Fraction(rng.randint(-999, 999), 1000))
            limit = -(-(abs(use.net[place]) + use.allowance) // ONE)
            limits = [
                (g, tuple(limit if (g, x) == (group, place) else UNLIMITED for x in range(4)))
                for g, _ in _WIDE
            ]
            assert evaluate_mandate(positions, 10**30, rows, limits, 1 << 24, 10_000).passes or not use.gross
            assert abs(exact) <= limit * ONE
    worth = sum(
        size * (rows[index].mark + Fraction(rng.randint(-999, 999), 1000)) for index, size in positions
    )
    assert 10**30 + worth > used.least_equity


def test_the_other_side_of_every_position_has_the_same_verdict_on_greeks() -> None:
    for seed in range(20):
        positions, rows = _book(seed)
        rows = {i: Row(r.group, 0, r.nodes, r.addon_long, r.addon_long, _TIER) for i, r in rows.items()}
        limits = [(group, (10**4,) * 4) for group in (1, 2, 4)]
        found = evaluate_mandate(positions, ONE, rows, limits, 300, 5_000)
        other = evaluate_mandate([(i, -size) for i, size in positions], ONE, rows, limits, 300, 5_000)
        assert found.slack == other.slack


def test_wider_limits_never_break_and_cash_never_hurts() -> None:
    for seed in range(20):
        positions, rows = _book(seed)
        limits = [(group, (10**3,) * 4) for group in (1, 2, 4)]
        found = evaluate_mandate(positions, 0, rows, limits, 300, 5_000, floor=3)
        wider = [(group, tuple(x + 1 for x in each)) for group, each in limits]
        more = evaluate_mandate(positions, ONE, rows, wider, 301, 5_001, floor=2)
        assert all(more.slack[name] >= left for name, left in found.slack.items() if name != "leverage")


def test_what_the_mandate_does_not_name_fails_it() -> None:
    positions, rows = _book(3)
    held = {rows[index].group for index, _ in positions}
    found = evaluate_mandate(positions, 10**40, rows, [(9, (UNLIMITED,) * 4)], 1 << 24, 10_000)
    assert not found.passes
    assert set(found.outside) == held


def test_an_empty_account_keeps_anything_but_a_floor() -> None:
    nothing = [(1, (0,) * 4)]
    assert evaluate_mandate([], 0, {}, nothing, 1, 1).passes
    assert not evaluate_mandate([], ONE - 1, {}, nothing, 1, 1, floor=1).passes
    assert evaluate_mandate([], -1, {}, nothing, 1, 1).broken == ("floor", "leverage")


# --- tables -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def given() -> OptionsInput:
    return OptionsInput.load(_INPUT)


@pytest.fixture(scope="module")
def table(given: OptionsInput) -> Snapshot:
    return build_greeks(given, "maintenance")[1]


def test_a_table_is_rebuilt_from_itself_and_has_the_universe_of_margins(
    given: OptionsInput, table: Snapshot
) -> None:
    check_model(table)
    again = Snapshot.parse(json.loads(json.dumps(table.to_json())))
    assert again == table
    content = table.to_json()
    content["rows"][0]["nodes"][0] = str(int(content["rows"][0]["nodes"][0]) + 1)
    with pytest.raises(Exception, match="nodes"):
        check_model(Snapshot.parse(content))
    universe, _ = build_options(given, "maintenance", "s24-k2-d5")
    assert universe.hash == table.universe.hash


def _bumped(given: OptionsInput, factor: str = "1", vol: str = "0") -> Snapshot:
    """The market with spots and volatilities moved, bands at nothing."""
    content = given.to_json()
    for feed in content["feeds"]:
        feed.pop("low", None), feed.pop("high", None), feed.pop("band", None)
        if feed["kind"] in ("index", "mark", "forward", "collateral", "stablecoin"):
            feed["price"] = _text(parse_decimal(feed["price"]) * parse_decimal(factor))
    for each in content["instruments"]:
        if "volatility" in each:
            each["volatility"] = _text(parse_decimal(each["volatility"]) + parse_decimal(vol))
    return build_greeks(
        OptionsInput.parse(content), "maintenance", universe=build_greeks(given, "initial")[0]
    )[1]


def _text(value: Fraction) -> str:
    return f"{float(value):.8f}".rstrip("0").rstrip(".")


def test_greeks_are_what_marks_do_when_the_market_moves(given: OptionsInput, table: Snapshot) -> None:
    """Against the marks of moved markets, so with none of the builder's own formulas."""
    up, down = _bumped(given, "1.001"), _bumped(given, "0.999")
    more, less = _bumped(given, vol="0.001"), _bumped(given, vol="-0.001")
    rows, options = table.row_map(), 0
    for index, row in rows.items():
        highs, lows = up.row_map()[index], down.row_map()[index]
        scale = max(row.addon_long, 10**6)
        delta = (highs.mark - lows.mark) / 0.2
        gamma = (highs.mark - 2 * row.mark + lows.mark) * 100
        vega = (more.row_map()[index].mark - less.row_map()[index].mark) / 0.2
        found = dict(zip(GREEKS, row.nodes, strict=True))
        assert found["delta"] == pytest.approx(delta, rel=1e-3, abs=scale * 1e-6)
        assert found["gamma"] == pytest.approx(gamma, rel=1e-2, abs=scale * 1e-5)
        assert found["vega"] == pytest.approx(vega, rel=1e-3, abs=scale * 1e-6)
        if table.universe.instruments[index].kind == "option":
            options += 1
            assert found["theta"] < 0 < found["gamma"]
        else:
            assert row.nodes[1:] == (0, 0, 0)
            assert found["delta"] * 100 == pytest.approx(row.mark, rel=1e-6, abs=100)
    assert options > 5


def test_a_table_of_one_kind_is_refused_for_the_other(given: OptionsInput, table: Snapshot) -> None:
    universe, margins = build_options(given, "maintenance", "s24-k2-d5")
    with pytest.raises(FormatError, match="no table of Greeks"):
        build_greeks(given, "maintenance", "s24-k2-d5")
    from verifier.mandate import Mandate

    mandate = Mandate(
        name="m", universe=universe.hash, leverage="1", concentration="1",
        underlyings=({"group": 1, "underlying": universe.underlyings[0]},),
    )  # fmt: skip
    from samples import account

    with pytest.raises(FormatError, match="no table of Greeks"):
        keeps(account(), margins, mandate)
    with pytest.raises(FormatError, match="is a table of Greeks"):
        margin(account(), table)
