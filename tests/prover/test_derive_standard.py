"""Derive's standard margin: the table against the venue's rules in floats, and planted bugs."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from samples_derive_standard import (
    LEVELS,
    MONEY,
    TIME,
    WIDE,
    World,
    only_held,
    random_input,
    random_sizes,
    samples,
    world,
)

from prover.conformance import run_document
from prover.conformance.derive_standard import portfolio
from prover.engine import evaluate
from prover.tables.derive_standard import (
    StandardInput,
    build_standard,
    option_id,
    standard_universe,
    strike_room,
)
from prover.tables.expiries import expiry_name
from prover.tables.rebuild import check_model, rebuild
from prover.tables.strike_nodes import choose_strikes, strike_gap
from prover.venues.derive_standard import net_margin
from verifier.circuits import layout
from verifier.errors import FormatError
from verifier.market import Level, Node
from verifier.rows import Row

BOOKS = 110


def _excess(place: World, sizes: Mapping[str, int], rows: Mapping[int, Row] | None = None) -> float:
    return place.evaluate(sizes, 0, rows).excess / MONEY


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_listed_is_what_is_held_then_the_table_is_exact(level: Level) -> None:
    rng = random.Random(f"exact {level}")
    isolated = 0
    for _ in range(BOOKS):
        given = random_input(rng)
        sizes = random_sizes(rng, given)
        place = world(only_held(given, sizes), level)
        bound, venue = place.rounding(sizes), place.margin(sizes, 0).margin
        report = place.evaluate(sizes, 0)
        assert venue - bound <= report.excess / MONEY <= venue + 1e-6
        isolated += len(report.is_isolated)
    assert isolated > BOOKS // 10, "both of the two ways are taken"


@pytest.mark.parametrize("level", LEVELS)
def test_a_whole_chain_never_undercharges_and_overcharges_under_2_percent(level: Level) -> None:
    rng = random.Random(f"chain {level}")
    books, over, asked = 0, 0.0, 0.0
    for _ in range(10):
        place = world(random_input(rng, strikes=12), level)
        for _ in range(24):
            sizes = random_sizes(rng, place.given)
            venue = place.margin(sizes, 0)
            more = venue.margin - _excess(place, sizes)
            assert more >= -1e-6
            # What is bounded from above, and nothing else: net short calls, up to the highest listed strike.
            assert more <= place.rounding(sizes) or _has_net_short_calls(sizes)
            books, over = books + 1, over + more
            asked += venue.mark_to_market - venue.margin
    print(f"derive standard, {level}: {books} books, {over / asked:.4%} over in all")
    assert over / asked < 0.02


def _has_net_short_calls(sizes: Mapping[str, int]) -> bool:
    net: Counter[str] = Counter()
    for name, size in sizes.items():
        if name.endswith("-C"):
            net[name.rsplit("-", 2)[0]] += size
    return any(size < 0 for size in net.values())


@pytest.mark.parametrize("level", LEVELS)
def test_past_the_room_for_strikes_nothing_is_undercharged(level: Level) -> None:
    rng = random.Random(f"thinned {level}")
    narrow = replace(WIDE, name="narrow", nodes=24)
    over = asked = 0.0
    for _ in range(5):
        place = world(random_input(rng, strikes=20), level, narrow)
        assert place.table.gaps
        for _ in range(20):
            sizes = random_sizes(rng, place.given)
            venue = place.margin(sizes, 0)
            found = _excess(place, sizes)
            assert found <= venue.margin + 1e-6
            over += venue.margin - found
            asked += venue.mark_to_market - venue.margin
    print(f"derive standard, {level}, 20 strikes on 9 nodes: {over / asked:.3%} over in all")


@pytest.mark.parametrize("level", LEVELS)
def test_at_every_price_of_the_box_the_excess_is_a_lower_bound(level: Level) -> None:
    rng = random.Random(f"box {level}")
    for _ in range(10):
        place = world(random_input(rng, strikes=6, band="0.02", volatility_band="0.1"), level)
        _, snapshot = build_standard(place.given, level, WIDE)
        for _ in range(10):
            sizes = random_sizes(rng, place.given)
            found = _excess(place, sizes)
            for draw in range(12):
                moves = {}
                for feed in snapshot.feeds:
                    low, high = float(feed.low) / float(feed.price), float(feed.high) / float(feed.price)
                    # Corners first, then anywhere inside.
                    moves[feed.id] = rng.choice((low, high)) if draw < 8 else rng.uniform(low, high)
                assert found <= place.margin(sizes, 0, moves).margin + place.rounding(sizes)


def _without_unpaired(place: World) -> dict[int, Row]:
    """Net short calls cost nothing beside the strikes: the second half of the nodes says nothing."""
    silent = [node.stress.endswith("net short calls") for node in _nodes(place)]
    return _nodes_changed(
        place, lambda row: tuple(0 if quiet else v for quiet, v in zip(silent, row.nodes, strict=True))
    )


def _without_floor(place: World) -> dict[int, Row]:
    """A gain at every strike counts."""
    silent = [node.stress.startswith("a payoff of nothing") for node in _nodes(place)]
    return _nodes_changed(
        place, lambda row: tuple(0 if quiet else v for quiet, v in zip(silent, row.nodes, strict=True))
    )


def _without_a_strike(place: World) -> dict[int, Row]:
    silent = [node.stress.startswith(("strike 3", "strike 4")) for node in _nodes(place)]
    return _nodes_changed(
        place, lambda row: tuple(0 if quiet else v for quiet, v in zip(silent, row.nodes, strict=True))
    )


def _longs_count_alone(place: World) -> dict[int, Row]:
    """A long option keeps its mark where the group is charged one by one."""
    return {index: replace(row, isolated_long=0) for index, row in place.table.rows.items()}


def _without_contingency(place: World) -> dict[int, Row]:
    return {
        index: replace(row, addon_short=1) if row.isolated_short < 2**62 else row
        for index, row in place.table.rows.items()
    }


def _nodes(place: World) -> tuple[Node, ...]:
    return place.table.nodes


def _nodes_changed(place: World, change: Callable[[Row], tuple[int, ...]]) -> dict[int, Row]:
    return {
        index: replace(row, nodes=change(row)) if row.isolated_short < 2**62 else row
        for index, row in place.table.rows.items()
    }


@pytest.mark.parametrize(
    "planted",
    [_without_unpaired, _without_floor, _without_a_strike, _longs_count_alone, _without_contingency],
)
def test_a_planted_bug_undercharges_a_random_book(planted: Callable[[World], dict[int, Row]]) -> None:
    rng = random.Random("planted")
    for _ in range(60):
        given = random_input(rng)
        sizes = random_sizes(rng, given)
        place = world(only_held(given, sizes), "initial")
        if _excess(place, sizes, planted(place)) > place.margin(sizes, 0).margin + place.rounding(sizes):
            return
    pytest.fail("no book of sixty shows the bug")


def test_snapshots_rebuild_from_themselves_and_changed_ones_do_not() -> None:
    rng = random.Random("snapshot")
    given = random_input(rng, band="0.03", volatility_band="0.2")
    for level in LEVELS:
        universe, snapshot = build_standard(given, level, WIDE)
        assert rebuild(snapshot) == snapshot
        check_model(snapshot)
        entry = snapshot.rows[3]
        forged = snapshot.model_copy(
            update={
                "rows": (
                    *snapshot.rows[:3],
                    entry.model_copy(update={"isolated_short": entry.isolated_short - 1}),
                    *snapshot.rows[4:],
                )
            }
        )
        with pytest.raises(FormatError, match=r"isolated_short"):
            check_model(forged)
        later = given.model_copy(update={"epoch": 2, "markets": given.markets[::-1]})
        grown, after = build_standard(later, level, WIDE, universe)
        assert grown == universe, "a universe keeps its order and lots"
        assert [entry.index for entry in after.rows] == sorted(entry.index for entry in after.rows)


def test_what_no_table_carries_is_refused_by_name() -> None:
    given = random_input(random.Random("refused"))
    with pytest.raises(FormatError, match="isolated"):
        build_standard(given, "initial", "s24-k2-d5")
    with pytest.raises(FormatError, match="room for"):
        build_standard(given, "initial", replace(WIDE, nodes=6))
    soon = given.model_copy(update={"valid_until": TIME + 400 * 86_400})
    with pytest.raises(FormatError, match="expires"):
        build_standard(soon, "initial", WIDE)
    universe = standard_universe(given)
    market = given.markets[0].model_copy(update={"lot": "10"})
    assert (
        standard_universe(given.model_copy(update={"markets": (market, given.markets[1])}), universe)
        == universe
    )


def test_groups_that_would_offset_each_other_are_refused() -> None:
    given = random_input(random.Random("groups")).to_json()
    ether = given["markets"][0]
    for markets in (
        [ether, ether],
        [{**ether, "expiries": [ether["expiries"][0]] * 2}],
        [ether, {**given["markets"][1], "name": expiry_name("ETH", ether["expiries"][0]["expiry"])}],
    ):
        with pytest.raises(FormatError, match=r"one twice|name of an expiry"):
            standard_universe(
                StandardInput.parse({**given, "schema": StandardInput.SCHEMA, "markets": markets})
            )


def test_strike_nodes_leave_the_least_worst_gap() -> None:
    rng = random.Random("strikes")
    assert strike_room(WIDE, moving=False) == 29
    assert strike_room(WIDE, moving=True) == 27
    for _ in range(30):
        strikes = {rng.randint(1, 400) for _ in range(rng.randint(3, 14))}
        room = rng.randint(2, 6)
        chosen = choose_strikes(map(Fraction, strikes), room)
        assert len(chosen) <= room or len(chosen) == len(strikes)
        worst = max(strike_gap(Fraction(each), chosen) for each in strikes)
        if len(strikes) <= room:
            assert worst == 0
            continue
        for _ in range(50):
            other = sorted({*rng.sample(sorted(strikes), room - 1), max(strikes)})
            others = tuple(map(Fraction, other))
            assert worst <= max(strike_gap(Fraction(each), others) for each in strikes)


@pytest.mark.parametrize("level", LEVELS)
def test_samples_stand_at_the_boundary(level: Level) -> None:
    found = list(samples("boundary", 100, level))
    assert len(found) == 100
    for positions, cash, rows, shape in found:
        assert evaluate(positions, cash, rows, layout=shape).slack == 0
        assert not evaluate(positions, cash - 1, rows, layout=shape).passes
        assert layout(shape.name) == shape


def test_published_figures(vectors: Path) -> None:
    document = json.loads((vectors / "margin/derive_srm.json").read_text())
    summary = run_document(document, "derive_srm").summary
    print(f"derive_srm: {summary}")
    assert summary.engine_exact == summary.table_exact == summary.cases
    for case in document["cases"]:
        for name, level in (("IM", "initial"), ("MM", "maintenance")):
            found = net_margin(portfolio(document, case), level == "initial").margin
            assert found == pytest.approx(case["expected"][name], rel=1e-9, abs=1e-9)
    for case in document["portfolio_cases"]:
        for name, level in (("IM", "initial"), ("MM", "maintenance")):
            found = net_margin(portfolio(document, case), level == "initial").margin
            # A float a rounding away from a whole number may fall on its other side.
            wanted = case["expected_truncated_toward_zero"][name]
            assert wanted in (int(found - 1e-9), int(found + 1e-9))


def test_ids_are_those_of_the_venue() -> None:
    assert option_id("derive", "ETH", 1_798_185_600, "1500", True) == "derive:ETH-20261225-1500-C"
    assert option_id("derive", "ETH", 1_798_185_601, "0.5", False) == "derive:ETH-20261225T080001-0.5-P"
