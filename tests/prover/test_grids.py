"""Stress grids as tables, held against the venues' float engines over random books.

Without a band, a table that carries all of a venue's rule is equal within rounding and one that bounds a
part is never below. With a band, the venue's excess is at least the table's at every price of it. Planted
bugs are caught by the same books.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from grid_worlds import (
    LEVELS,
    MIDDLE,
    PLAIN,
    WIDE,
    Point,
    World,
    deribit_world,
    paradex_world,
    span_world,
)

from prover.pricing.machine import number
from prover.tables.deribit import DeribitRules, deribit_grid
from prover.tables.gaps import Band, Drift, gaps
from prover.tables.grid import STILL, Beside, fill_row, grid_nodes, grid_row, node_room
from prover.tables.paradex import (
    ParadexOptionRates,
    ParadexRules,
    delta_beside,
    paradex_grid,
    paradex_option_charges,
)
from prover.tables.span import SpanRules, array_row, span_beside, span_grid
from prover.tables.stress import Asset, Stress, StressGrid, delta, to_units
from prover.venues import deribit, paradex, span
from verifier.errors import FormatError
from verifier.rows import Row

F = Fraction
BAND = F(2, 100)
MARKETS, BOOKS = 3, 40
UNIT = 1e-6
SLACK = 1e-9
"""What floats of the venue's engine lose, relative to a requirement."""

Make = Callable[..., World]


def compared(make: Make, level: Any, **options: Any) -> list[tuple[float, float, float]]:
    """For each random book: the table's requirement, the venue's, and the rounding that is allowed."""
    found = []
    for market in range(MARKETS):
        world = make(random.Random(f"market {market} {level}"), level, **options)
        rng = random.Random(f"books {market}")
        for _ in range(BOOKS):
            book = world.book(rng)
            wanted = world.requirement(book, 1.0)
            # At most three units a lot: two on an addon and what a node, a subnode and a charge round.
            found.append((world.asked(book), wanted, 3 * UNIT * world.gross(book) + SLACK * wanted))
    return found


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("make", "options"),
    [
        (span_world, {"futures_only": True}),
        (paradex_world, {}),
        (deribit_world, {}),
        (deribit_world, {"coin": True}),
    ],
)
def test_a_rule_that_is_carried_whole_is_equal_within_rounding(
    make: Make, options: dict[str, Any], level: str
) -> None:
    for asked, wanted, rounding in compared(make, level, **options):
        assert -SLACK * wanted <= asked - wanted <= rounding


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("make", "options", "most"),
    [
        (span_world, {}, 0.08),
        (span_world, {"shape": MIDDLE}, 0.6),
        (paradex_world, {"shape": MIDDLE}, 0.15),
        (deribit_world, {"shape": MIDDLE, "unchanged": "charged"}, 0.1),
        (deribit_world, {"dampener": 100_000.0}, 0.35),
        (deribit_world, {"lines": 0}, 1.2),
    ],
)
def test_what_is_bounded_is_never_below_and_the_overcharge_is_known(
    make: Make, options: dict[str, Any], most: float, level: str
) -> None:
    over = []
    for asked, wanted, _ in compared(make, level, **options):
        assert asked >= wanted * (1 - SLACK)
        over.append((asked - wanted) / max(wanted, 1.0))
    assert sum(over) / len(over) <= most


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("make", "options"),
    [
        (span_world, {}),
        (paradex_world, {}),
        (deribit_world, {"buckets": 2}),
        (deribit_world, {"unchanged": "charged"}),
        (deribit_world, {"unchanged": "charged", "coin": True}),
        (deribit_world, {"buckets": 2, "coin": True}),
    ],
)
def test_across_a_band_the_venue_never_asks_more(make: Make, options: dict[str, Any], level: str) -> None:
    for market in range(MARKETS):
        world = make(random.Random(f"band {market} {level}"), level, width=BAND, **options)
        rng = random.Random(f"books {market}")
        for _ in range(BOOKS // 2):
            book = world.book(rng)
            left = world.left(book)
            inside = [1 + rng.uniform(-world.width, world.width) for _ in range(4)]
            for factor in (1 - world.width, 1.0, 1 + world.width, *inside):
                assert world.venue_left(book, factor) >= left - SLACK * abs(left) - SLACK * world.gross(book)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("make", "options"),
    [
        (span_world, {"futures_only": False}),
        (paradex_world, {}),
        (deribit_world, {"buckets": 2}),
        (deribit_world, {"unchanged": "charged"}),
        (deribit_world, {"unchanged": "charged", "coin": True}),
        (deribit_world, {"buckets": 2, "coin": True}),
    ],
)
def test_across_a_box_of_prices_volatilities_and_time(
    make: Make, options: dict[str, Any], level: str
) -> None:
    """Every option's volatility moves by itself, and a window of six hours passes."""
    drift = Drift(F(2, 100), F(1, 1460))
    for market in range(MARKETS):
        world = make(random.Random(f"box {market} {level}"), level, width=BAND, drift=drift, **options)
        rng = random.Random(f"books {market}")
        for _ in range(BOOKS // 2):
            book = world.book(rng)
            left = world.left(book)
            for _ in range(6):
                where = world.anywhere(rng, float(drift.volatility), float(drift.window))
                assert world.venue_left(book, where) >= left - SLACK * abs(left) - SLACK * world.gross(book)


def test_a_dropped_drift_is_caught() -> None:
    """A table without it is short as soon as volatilities move, or time passes."""
    world = paradex_world(random.Random(3), "initial", width=BAND)
    rng = random.Random(3)
    for volatility, window in ((0.02, 0.0), (0.0, 1 / 1460)):
        short = -1e30
        for _ in range(150):
            book = world.book(rng)
            where = world.anywhere(rng, volatility, window)
            short = max(short, world.left(book) - world.venue_left(book, where))
        assert short > 1.0


def shortest(world: World, rng: random.Random, factors: tuple[float, ...] = (1.0,)) -> float:
    """By how much the venue asks for more than the table at worst, quote units; above 0: a bug is caught."""
    worst = -1e30
    for _ in range(120):
        book = world.book(rng)
        worst = max(worst, *(world.left(book) - world.venue_left(book, factor) for factor in factors))
    return worst


def without_extremes(grid: StressGrid) -> StressGrid:
    return replace(
        grid,
        stresses=tuple(
            replace(each, factor=F(0)) if place >= 14 else each for place, each in enumerate(grid.stresses)
        ),
    )


PLANTED: dict[str, Callable[[random.Random], World]] = {
    "the extreme scenarios' factor": lambda rng: span_world(rng, "maintenance", grid=without_extremes),
    "the short option minimum": lambda rng: span_world(
        rng, "maintenance", edit=lambda rules: replace(rules, minimum=F(0))
    ),
    "the inter-month charge": lambda rng: span_world(
        rng, "maintenance", futures_only=True, edit=lambda rules: replace(rules, spread_rate=F(0))
    ),
    "the initial level's share": lambda rng: span_world(
        rng, "initial", edit=lambda rules: replace(rules, initial_share=F(1), minimum=F(0))
    ),
    "the charge on gross delta": lambda rng: paradex_world(
        rng, "initial", beside=lambda made: replace(made, gross_long=F(0), gross_short=F(0))
    ),
    "the fee provision": lambda rng: paradex_world(
        rng, "initial", beside=lambda made: replace(made, addon_long=F(0), addon_short=F(0))
    ),
    "the term structure of volatility shocks": lambda rng: paradex_world(
        rng, "initial", edit=lambda rules: replace(rules, short_power=F(0))
    ),
    "the extended table": lambda rng: deribit_world(
        rng, "initial", grid=lambda made: replace(made, stresses=made.stresses[:26])
    ),
    "the cells of an unchanged volatility": lambda rng: deribit_world(
        rng,
        "initial",
        grid=lambda made: replace(
            made, stresses=tuple(each for each in made.stresses if not each.name.endswith("same"))
        ),
    ),
    "the least volatility shocked up": lambda rng: deribit_world(
        rng,
        "initial",
        grid=lambda made: replace(made, stresses=tuple(replace(each, least=F(0)) for each in made.stresses)),
    ),
}


@pytest.mark.parametrize("dropped", sorted(PLANTED))
def test_a_dropped_rule_is_caught(dropped: str) -> None:
    caught = max(
        shortest(PLANTED[dropped](random.Random(f"{seed}")), random.Random(seed)) for seed in range(3)
    )
    assert caught > 1.0


def test_a_dropped_zero_stress_is_caught() -> None:
    """A long whose only stress is a gain: without its own node, what the low corner loses goes uncharged."""
    band = Band.around(F(100), F(5, 100))
    grid = StressGrid("x", (Stress("up", move=F(16, 100)),))
    row = grid_row(Asset(F(100)), band, grid, PLAIN, group=1, lot=F(1))
    assert row.nodes[:4] == (-5_000_000, 5_000_000, 95 * 16 * 10**4 - 5 * 10**6, 105 * 16 * 10**4 + 5 * 10**6)
    world = World({0: row}, PLAIN, lambda _, point: 100 * point.factor, lambda *_: 0.0, 0.05)
    book = {0: 3 * 10**8}
    assert world.venue_left(book, 0.95) >= world.left(book) - 1e-9
    stressed = replace(row, nodes=(row.nodes[2],) * 12 + (row.nodes[3],) * 12)
    bare = replace(world, rows={0: stressed})
    assert bare.left(book) - bare.venue_left(book, 0.95) == pytest.approx(15, abs=1e-5)


def test_a_dropped_gap_is_caught() -> None:
    """Between the corners a straddle is worth less than the line through them."""
    asset = Asset(F(60_000), F(60_000), F("0.5"), F(7, 365), call=True)
    band = Band.around(asset.price, F(5, 100))
    still = StressGrid("paradex", ())
    row = grid_row(asset, band, still, PLAIN, group=1, lot=F(1))
    low, high = (row.nodes[place] / 1e6 for place in (0, 1))
    line = (low + high) / 2
    assert line > 0 > -row.addon_long / 1e6 + line
    assert gaps(asset, band, still)[1] == 0
    above = StressGrid("deribit", (Stress("down", move=F("-0.16"), factor=F("1.19")),))
    assert gaps(asset, band, above)[1] > 0


def climbed(world: World, rng: random.Random, steps: int, drift: Drift) -> float:
    """The least of (venue's excess − table's) a lot that a hill climber over books and points finds."""

    def height(book: dict[int, int], where: Point) -> float:
        return (world.venue_left(book, where) - world.left(book)) / world.gross(book)

    box = (float(drift.volatility), float(drift.window))
    book, where = dict(world.book(rng)), world.anywhere(rng, *box)
    least = height(book, where)
    for _ in range(steps):
        other, there = dict(book), where
        chance = rng.random()
        if chance < 0.5:
            index = rng.choice(sorted(other))
            other[index] = round(other[index] * rng.choice((0.5, 0.9, 1.1, 2, -1))) or 1
        elif chance < 0.65 and len(other) < 10:
            other[rng.choice(sorted(world.rows))] = rng.choice((-1, 1)) * rng.randint(1, 10**9)
        elif chance < 0.75 and len(other) > 1:
            other.pop(rng.choice(sorted(other)))
        else:
            there = world.anywhere(rng, *box)
        if all(abs(size) <= world.rows[index].brackets[-1].upper for index, size in other.items()):
            found = height(other, there)
            if found < least:
                book, where, least = other, there, found
    return least


DRIFT = Drift(F(1, 100), F(1, 8760))
CLIMBED: dict[str, tuple[Make, dict[str, Any]]] = {
    "span": (span_world, {}),
    "paradex": (paradex_world, {}),
    "deribit": (deribit_world, {"unchanged": "charged", "coin": True}),
}


@pytest.mark.parametrize("method", sorted(CLIMBED))
def test_a_climber_finds_no_counterexample(method: str) -> None:
    make, options = CLIMBED[method]
    for seed in range(3):
        world = make(random.Random(seed), LEVELS[seed % 2], width=BAND, drift=DRIFT, **options)
        assert climbed(world, random.Random(seed), 150, DRIFT) > -SLACK


def without_gaps(row: Row) -> Row:
    return replace(row, addon_long=1, addon_short=1)


def without_bent_deltas(row: Row) -> Row:
    return replace(row, charge_long=row.charge_long // 2, charge_short=row.charge_short // 2)


@pytest.mark.parametrize("dropped", [without_gaps, without_bent_deltas])
def test_a_climber_finds_what_is_planted(dropped: Callable[[Row], Row]) -> None:
    found = []
    for seed in range(4):
        world = paradex_world(random.Random(seed), "maintenance", width=BAND, drift=DRIFT)
        short = replace(world, rows={index: dropped(row) for index, row in world.rows.items()})
        found.append(climbed(short, random.Random(seed), 250, DRIFT))
    assert min(found) < -1.0


# --- what is exactly one figure -----------------------------------------------------------------------------


def test_span_scenarios_are_those_of_the_venue() -> None:
    """The table's grid and the engine's list are two readings of one rule."""
    for extreme in ("double", "triple"):
        rules = SpanRules(price_range=F(3), volatility_range=F("0.04"), extreme=extreme)  # type: ignore[arg-type]
        theirs = span.scenarios(extreme)  # type: ignore[arg-type]
        ours = span_grid(rules, "maintenance").stresses
        assert len(ours) == len(theirs) == 16
        for stress, scenario in zip(ours, theirs, strict=True):
            assert float(stress.shift) == pytest.approx(3 * scenario.price)
            assert float(stress.volatility_shift) == pytest.approx(0.04 * scenario.volatility)
            assert float(stress.factor) == scenario.factor


def test_paradex_scenarios_are_those_of_the_venue() -> None:
    ours = [tuple(map(float, each)) for each in ParadexRules().scenarios]
    assert ours == [pytest.approx(each) for each in paradex.PORTFOLIO.scenarios]
    assert len(ours) == 24


def test_deribit_counts_a_short_perpetual_as_the_venue_answers() -> None:
    """One answer of private/pme/simulate (15 February 2026): a range of 18 %, a short of about one ETH.

    Worst case 0.152464 and roll shock 0.004997 ETH; +18 %, and every extended move up, are 0.152464.
    """
    rates = deribit.Rates(price_range=0.18, least_move=0.005, annual_move=0.05, settlement="coin")
    held = deribit.Held(-0.999487053, 1949.34)
    found = deribit.portfolio_margin([held], 1949.34, "initial", rates)
    assert found.worst / 1949.34 == pytest.approx(0.15246412672881357)
    assert found.roll / 1949.34 == pytest.approx(0.004997435265)
    assert found.requirement / 1949.34 == pytest.approx(0.157461562265, rel=1e-8)
    table = deribit.matrix([held], rates)
    assert table[-0.18, "same"] / 1949.34 == pytest.approx(0.219399597)
    assert table[5.0, "up"] / 1949.34 == pytest.approx(-0.15246412672881357)
    maintenance = deribit.portfolio_margin([held], 1949.34, "maintenance", rates).requirement
    assert maintenance / 1949.34 == pytest.approx(0.125969249812)


def test_spreads_are_given_back_in_the_nodes() -> None:
    """Long 3 of a month and short 2 of another: one net future's scan risk, and two spreads."""
    rules = SpanRules(price_range=F(10), spread_rate=F(4))
    rows = {
        month: grid_row(
            Asset(F(100)),
            Band.still(F(100)),
            span_grid(rules, "maintenance"),
            WIDE,
            group=1,
            lot=F(1),
            beside=span_beside(
                rules, "maintenance", month=month + 1, delta=F(1), contracts=F(1), option=False
            ),
        )
        for month in range(2)
    }
    world = World(rows, WIDE, lambda *_: 0.0, lambda *_: 0.0, 0.0)
    assert world.asked({0: 3 * 10**8, 1: -2 * 10**8}) == pytest.approx(10 + 2 * 4, abs=5 * 2.1e-6)
    assert world.asked({0: 3 * 10**8}) == pytest.approx(30, abs=3 * 2.1e-6)


def test_a_hedged_book_pays_the_minimum_on_hedged_delta() -> None:
    """Long a perpetual, short a future: nothing to scan, 1 % of the hedged delta."""
    rules = ParadexRules()
    rows = {
        place: grid_row(
            Asset(F(50_000)),
            Band.still(F(50_000)),
            paradex_grid(rules, "initial"),
            WIDE,
            group=1,
            lot=F(1),
            beside=delta_beside(rules, "initial", [F(1)], F(1), spot=F(50_000), lot=F(1)),
            charged=True,
        )
        for place in range(2)
    }
    world = World(rows, WIDE, lambda *_: 0.0, lambda *_: 0.0, 0.0)
    assert world.asked({0: 10**8, 1: -(10**8)}) == pytest.approx(500, abs=1e-5)
    assert world.table({0: 10**8, 1: -(10**8)}).binding_node[1] in (62, 63)


# --- what fits, and what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stresses", "charged", "fits"),
    [
        # (stresses, charge on gross size): corners that a layout of 24, 36 and 64 nodes has room for;
        # of the 36 the last three are one-sided
        (15, False, (1, 2, 2)),
        (16, False, (1, 1, 2)),
        (16, True, (1, 1, 2)),
        (24, True, (0, 1, 2)),
        (26, False, (0, 1, 2)),
        (32, False, (0, 1, 1)),
        (34, False, (0, 0, 1)),
    ],
)
def test_which_grids_fit_which_layout(stresses: int, charged: bool, fits: tuple[int, ...]) -> None:
    for shape, most in zip((PLAIN, MIDDLE, WIDE), fits, strict=True):
        found = [corners for corners in (1, 2) if node_room(stresses, corners, shape, charged=charged) >= 0]
        assert max(found, default=0) == most


@pytest.mark.parametrize("level", LEVELS)
def test_a_grid_leaves_one_sided_nodes_alone(level: str) -> None:
    """The same table on both layouts asks for the same: nothing is charged for what an expiry gains."""
    worlds = [
        deribit_world(random.Random(5), level, shape=shape, unchanged="charged") for shape in (WIDE, MIDDLE)
    ]
    assert {row.nodes[-3:] for row in worlds[1].rows.values()} == {(0, 0, 0)}
    rng = random.Random(6)
    for _ in range(BOOKS):
        book = worlds[0].book(rng)
        assert worlds[1].table(book).requirement == worlds[0].table(book).requirement


def test_a_grid_that_does_not_fit_is_refused_and_nodes_are_named() -> None:
    made = deribit_grid(DeribitRules(), "initial")
    assert len(made.stresses) == 34
    with pytest.raises(FormatError, match="70"):
        grid_nodes(made, ("low", "high"), WIDE)
    with pytest.raises(FormatError, match="nodes"):
        deribit_world(random.Random(1), "initial", width=BAND)
    names = grid_nodes(
        paradex_grid(ParadexRules(), "initial"), ("low", "high"), WIDE, charged="minimum delta"
    )
    assert len(names) == 64
    assert {each.corner for each in names if each.stress == STILL} == {"low", "high"}
    assert [each.stress for each in names[-2:]] == ["minimum delta"] * 2
    few = StressGrid("few", made.stresses[:15])
    names = grid_nodes(few, ("low", "high"), MIDDLE)
    assert [(each.corner, each.stress) for each in names[-4:]] == [
        ("low", STILL), *([("mark", STILL)] * 3)
    ]  # fmt: skip
    with pytest.raises(FormatError, match="33 nodes for stresses, the few grid asks for 34"):
        grid_nodes(replace(few, stresses=made.stresses[:16]), ("low", "high"), MIDDLE)


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (lambda: SpanRules(credits=("crude against products",)), "credits"),
        (lambda: SpanRules(spread_rate=F(-1)), "spread_rate"),
        (lambda: SpanRules(initial_share=F(1, 2)), "initial_share"),
        (lambda: ParadexRules(net_delta=F(-1)), "rates"),
        (lambda: ParadexRules(scenarios=((F(-1), F(0), F(1)),)), "scenarios"),
        (lambda: DeribitRules(price_range=F(1)), "price_range"),
        (lambda: DeribitRules(extended=(F(0),)), "extended"),
        (lambda: DeribitRules(maintenance=F(2)), "maintenance"),
        (lambda: DeribitRules(extended_factor=F(-1)), "extended_factor"),
        (lambda: DeribitRules(delta_shock=F(-1, 10)), "delta_shock"),
        (lambda: DeribitRules(least_move=F(-1, 100)), "least_move"),
        (lambda: DeribitRules(annual_move=F(-1, 100)), "annual_move"),
        (lambda: DeribitRules(delta_threshold=F(-1)), "delta_threshold"),
        (
            lambda: grid_row(
                Asset(F(10), F(10), F(1), F(1)),
                Band.still(F(10)),
                span_grid(SpanRules(price_range=F(10)), "maintenance"),
                PLAIN,
                group=1,
                lot=F(1),
            ),
            "price_range",
        ),
        (
            lambda: array_row([F(1)] * 24, price=F(1), layout=PLAIN, group=1, beside=Beside()),
            "layout",
        ),
        (
            lambda: grid_row(
                Asset(F(10), F(10), F(0), F(1)),
                Band.around(F(10), BAND),
                StressGrid("x", ()),
                PLAIN,
                group=1,
                lot=F(1),
            ),
            "volatility",
        ),
        (
            lambda: fill_row(0, [0], 1, PLAIN, group=1, beside=Beside(largest=F(1, 10**9)), charged=False),
            "limit",
        ),
    ],
)
def test_refusals_name_the_field(made: Callable[[], object], field: str) -> None:
    with pytest.raises(FormatError) as caught:
        made()
    assert caught.value.field == field


def test_forwards_apart_from_spot_are_charged_over_a_band() -> None:
    """Perpetuals against shorts of a dearer future: net delta is long, yet the upper end of the band loses.

    A climber found it while a line's delta was taken by its own forward.
    """
    world = paradex_world(random.Random(38), "initial", width=F(1, 100))
    linear = [
        index
        for index in world.rows
        if world.worth(index, Point(1.02)) > 1.019 * world.worth(index, Point(1.0))
    ]
    for size in (10**8, 5 * 10**8):
        for first, second in ((first, second) for first in linear for second in linear if first != second):
            book = {first: size * 1005 // 1000, second: -size}
            for factor in (0.99, 1.0, 1.01):
                assert world.venue_left(book, factor) >= world.left(book) - SLACK * world.gross(book)


def test_a_higher_charge_on_hedged_than_twice_net_delta_is_bounded() -> None:
    """Then net delta would lower the charge: it is left out."""
    rules = ParadexRules(net_delta=F(1, 100), hedged_delta=F(4, 100))
    made = delta_beside(rules, "initial", [F(1)], F(1), spot=F(100), lot=F(1))
    assert made.tilt == 0
    assert made.gross_long == 2


def test_the_context_is_the_package_s_own() -> None:
    """Nothing depends on the process's precision."""
    gmpy2 = pytest.importorskip("gmpy2")
    asset = Asset(F(60_000), F(61_000), F("0.55"), F(9, 365), call=False)

    def build() -> tuple[object, ...]:
        made = grid_row(
            asset,
            Band.around(asset.price, BAND),
            paradex_grid(ParadexRules(), "initial"),
            WIDE,
            group=1,
            lot=F(1),
        )
        return (
            made,
            delta(asset, asset.price, asset.volatility),
            to_units([number(F(7, 2)), number(F(-7, 2))]),
        )

    wanted = build()
    before = gmpy2.get_context()
    gmpy2.set_context(gmpy2.context(precision=24, round=gmpy2.RoundUp))
    try:
        assert build() == wanted
    finally:
        gmpy2.set_context(before)


@pytest.mark.parametrize("strike", [60, 90, 100, 110, 140])
@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("in_the_money", ["0.15", "1", "1.5"])
def test_a_short_options_charge_is_the_venues_at_the_worst_spot(
    strike: int, call: bool, in_the_money: str
) -> None:
    """Also at a rate above 1, where a put's charge goes on rising beyond its strike."""
    rates = {"premium": "1", "long": "0.1", "in_the_money": in_the_money, "out_of_the_money": "0.05"}
    exact = {name: F(rate) for name, rate in rates.items()} | {"put_cap": F(5)}
    venue = paradex.OptionRates(**{name: float(rate) for name, rate in exact.items()})
    band = Band(low=F(90), price=F(100), high=F(110))
    _, charge = paradex_option_charges(
        ParadexOptionRates(**exact), call=call, spot=band, strike=F(strike), mark=None
    )
    assert charge is not None
    worst = max(
        paradex.option_margin(venue, long=False, call=call, spot=float(spot), strike=float(strike))
        for spot in (*range(90, 111), strike if 90 <= strike <= 110 else 90)
    )
    assert float(charge) == pytest.approx(worst)
