"""Options tables against the venue's own figures at every point of the box; bugs planted, and found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from option_hunter import Hunter, holding, short_by, table_excess, units
from option_worlds import DAY, FAR, HOUR, NEAR, NOW, option, soon, two, world

from prover.tables.option_inputs import OptionsInput
from prover.tables.options import build_options
from prover.tables.rebuild import check_model
from prover.venues.options import OptionsVenue
from verifier.errors import FormatError
from verifier.market import Level, Snapshot
from verifier.rows import Row

FLOATS = 1e-5
"""Quote units that the twin's floats may be off by, for books of a few hundred thousand."""

WORLDS: dict[str, tuple[str, Level, dict[str, Any]]] = {
    "six stresses at four corners": ("s24-k2-d5", "maintenance", {}),
    "factors above one": ("s24-k2-d5", "initial", {}),
    "equity alone, twelve knots": ("s24-k2-d5", "maintenance", {"grid": {"stresses": []}, "knots": 12}),
    "sixty-four nodes": ("s64-k1-d5-csi", "initial", {"knots": 8}),
    "hours before expiry": ("s24-k2-d5", "maintenance", {**soon(), "knots": 4}),
    "two underlyings": ("s24-k2-d5", "initial", two()),
}


def made(name: str) -> tuple[Snapshot, OptionsVenue]:
    layout, level, changes = WORLDS[name]
    market = world(**changes)
    return build_options(market, level, layout)[1], OptionsVenue(market, level)


def instruments(snapshot: Snapshot, *, shortable: bool = True) -> list[str]:
    kinds = ("option", "future", "perpetual")
    return [each.id for each in snapshot.universe.instruments if not shortable or each.kind in kinds]


@pytest.mark.parametrize("name", WORLDS)
def test_no_point_of_the_box_asks_for_more(name: str) -> None:
    """Random books, sixteen a world: corners, random points and descents from the worst."""
    snapshot, venue = made(name)
    random, hunter = Random(name), Hunter(venue, seed=11)
    names = instruments(snapshot)
    for _ in range(16):
        held = holding(random, names, 12)
        assert short_by(snapshot, venue, held, hunter, samples=150, starts=1) <= FLOATS, held


@pytest.mark.long
@pytest.mark.parametrize("name", WORLDS)
def test_a_long_hunt_finds_no_point(name: str) -> None:
    snapshot, venue = made(name)
    random, hunter = Random(f"long {name}"), Hunter(venue, seed=12)
    names = instruments(snapshot)
    for _ in range(100):
        held = holding(random, names, 14)
        assert short_by(snapshot, venue, held, hunter, samples=400, starts=3) <= FLOATS, held


@pytest.mark.parametrize("name", ["factors above one", "equity alone, twelve knots"])
def test_differential_evolution_finds_no_point(name: str) -> None:
    snapshot, venue = made(name)
    random, hunter = Random(f"evolved {name}"), Hunter(venue, seed=13)
    names = instruments(snapshot)
    for seed in range(4):
        held = holding(random, names, 6)
        said = float(table_excess(snapshot, held, 0))
        assert said - hunter.evolved(units(snapshot, held), 0.0, seed) <= FLOATS, held


@pytest.mark.parametrize("name", ["factors above one", "hours before expiry"])
def test_evolution_of_book_and_point_together_finds_none(name: str) -> None:
    snapshot, venue = made(name)
    random, hunter = Random(f"jointly {name}"), Hunter(venue, seed=14)
    for seed in range(2):
        names = random.sample(instruments(snapshot), 4)
        assert hunter.jointly(snapshot, snapshot.row_map(), names, seed) <= FLOATS, names


def test_evolution_finds_a_table_without_gaps() -> None:
    snapshot, venue = made("hours before expiry")
    rows = {index: replace(row, addon_long=1, addon_short=1) for index, row in snapshot.row_map().items()}
    names = Random(7).sample(instruments(snapshot), 4)
    assert Hunter(venue, seed=14).jointly(snapshot, rows, names, 0) > 1


@pytest.mark.parametrize("name", WORLDS)
def test_a_hundred_books_at_the_marks(name: str) -> None:
    """The integer engine is never under the float model; deposits are held long."""
    snapshot, venue = made(name)
    random, mark = Random(f"marks {name}"), venue.mark()
    names = instruments(snapshot)
    for _ in range(100):
        held = holding(random, names, 10)
        for each in snapshot.universe.instruments:
            if each.kind == "deposit":
                held[each.id] = random.randrange(1, 10**9)
        said = float(table_excess(snapshot, held, 0))
        asked = float(venue.excess(units(snapshot, held), 0.0, mark)[0])
        assert said <= asked + FLOATS, held


def test_the_marks_and_still_nodes_are_the_venues_values() -> None:
    """Equity at the marks is equal within the rounding of a unit."""
    snapshot, venue = made("six stresses at four corners")
    for entry in snapshot.rows:
        instrument = snapshot.universe.instruments[entry.index]
        value = float(venue.value(venue.instruments[instrument.id], venue.mark(), None)[0])
        assert entry.mark == pytest.approx(value * float(instrument.lot) * 1e6, abs=1)


DERIBIT = {
    "22MAY20-9250-P": (0.04010621, 9352.58),
    "22MAY20-8000-C": (0.1575565, 9352.15),
    "22MAY20-12000-C": (0.00570308, 9352.41),
    "22MAY20-13000-C": (0.00346398, 9351.91),
    "26JUN20-8000-C": (0.20112115, 9359.92),
    "26JUN20-9000-C": (0.13206676, 9356.22),
    "26JUN20-13000-P": (0.4166234, 9356.22),
    "26JUN20-16000-P": (0.72418105, 9359.59),
    "25SEP20-9000-P": (0.17289039, 9435.57),
}
"""Mark prices in coin, and forwards of the same second, as Deribit stated them (examples/README.md)."""


def test_a_venues_own_quotes_give_its_own_marks(root: Path) -> None:
    """Within 3 USD: volatilities were stated to 0.01 %, and the index moved by 3 USD meanwhile."""
    market = OptionsInput.load(root / "examples" / "options-market.json")
    snapshot = build_options(market, "maintenance", "s24-k2-d5")[1]
    marks = snapshot.row_map()
    indexes = snapshot.universe.indexes()
    for name, (coin, forward) in DERIBIT.items():
        assert marks[indexes[f"deribit:BTC-{name}"]].mark / 1e6 == pytest.approx(coin * forward, abs=3)


def test_charges_are_taken_at_the_highest_spot() -> None:
    """A short call pays a share of the spot at 61,200 and not at 60,000, whatever else moves."""
    free = world(levels={"maintenance": {"factor": "1"}})
    charged = world(levels={"maintenance": {"factor": "1", "charges": {"option_short": "0.01"}}})
    rows = [build_options(each, "maintenance", "s24-k2-d5")[1].rows for each in (free, charged)]
    assert {after.addon_short - before.addon_short for before, after in zip(*rows, strict=True)} == {
        0, 612_000_000,
    }  # fmt: skip


# --- planted bugs -----------------------------------------------------------------------------------


Plant = Callable[[Snapshot, Row], Row]


def _found(market: OptionsInput, plant: Plant, names: list[str], sides: tuple[int, ...] = (-1, 1)) -> float:
    """The worst undercharge that the hunt finds in a table with a planted bug; the real one has none."""
    snapshot = build_options(market, "maintenance", "s24-k2-d5")[1]
    venue = OptionsVenue(market, "maintenance")
    rows = {index: plant(snapshot, row) for index, row in snapshot.row_map().items()}
    random, hunter = Random("planted"), Hunter(venue, seed=3)
    worst = -float("inf")
    for _ in range(200):
        size = random.randrange(10**7, 10**8)
        held = {name: random.choice(sides) * size * random.randint(0, 12) for name in names}
        short = short_by(snapshot, venue, held, hunter, rows, samples=60, starts=1)
        worst = max(worst, short)
        if short > 1:
            # The same book on the real table is charged.
            assert short_by(snapshot, venue, held, hunter, samples=150, starts=1) <= FLOATS
            break
    return worst


STILL_LEGS = [
    {"id": "perp basis", "kind": "basis", "underlying": "BTC", "price": "1.0005"},
    {"id": "near basis", "kind": "basis", "underlying": "BTC", "price": "1.001"},
    {"id": "far basis", "kind": "basis", "underlying": "BTC", "price": "1.004"},
    {"id": "far spread", "kind": "spread", "underlying": "BTC", "price": "0"},
]
"""Charges leg by leg would hide some planted bugs."""


def _plain_feeds() -> list[dict[str, Any]]:
    feeds = [feed.to_json() for feed in world().feeds]
    legs = {each["id"]: each for each in STILL_LEGS}
    return [legs.get(feed["id"], feed) for feed in feeds]


def _columns(snapshot: Snapshot, row: Row, kept: Callable[[str, str], bool]) -> Row:
    """Nodes that are not kept become copies of one that is."""
    good = next(place for place, node in enumerate(snapshot.nodes) if kept(node.corner, node.stress))
    nodes = tuple(
        value if kept(node.corner, node.stress) else row.nodes[good]
        for node, value in zip(snapshot.nodes, row.nodes, strict=True)
    )
    return replace(row, nodes=nodes)


def test_a_table_without_the_zero_stress_is_found() -> None:
    one_way = {"stresses": [{"name": "up", "move": "0.15"}]}
    market = world(feeds=_plain_feeds(), grid=one_way)

    def plant(snapshot: Snapshot, row: Row) -> Row:
        return _columns(snapshot, row, lambda corner, stress: stress != "none")

    assert _found(market, plant, ["test:perp", "test:near-future"]) > 100


def test_a_table_without_the_short_gap_is_found() -> None:
    def plant(snapshot: Snapshot, row: Row) -> Row:
        return replace(row, addon_short=1)

    shock = {"stresses": [{"name": "volatility", "shock": "4", "factor": "3"}]}
    market = world(feeds=_plain_feeds(), grid=shock)
    names = [f"test:near-60000-{kind}" for kind in ("call", "put")]
    assert _found(market, plant, [*names, "test:near-future"], (-1,)) > 1


def test_a_table_without_the_long_gap_is_found() -> None:
    def plant(snapshot: Snapshot, row: Row) -> Row:
        return replace(row, addon_long=1)

    market = world(feeds=_plain_feeds())
    names = [f"test:near-60000-{kind}" for kind in ("call", "put")]
    assert _found(market, plant, names) > 1


def test_a_table_without_one_corner_is_found() -> None:
    def plant(snapshot: Snapshot, row: Row) -> Row:
        return _columns(
            snapshot, row, lambda corner, _: not ("index:high" in corner and "volatility:high" in corner)
        )

    market = world(feeds=_plain_feeds(), grid={"stresses": []})
    names = [f"test:far-60000-{kind}" for kind in ("call", "put")]
    assert _found(market, plant, names) > 1


def test_a_sampled_gap_misses_a_kink_near_expiry() -> None:
    """Two hours before its expiry a stressed option is nearly a corner; samples at quarters step over it."""
    soon = NOW + 2 * HOUR
    strike = 66_275
    names = ["test:soon-call", "test:soon-put"]
    market = world(
        feeds=[feed for feed in _plain_feeds() if feed["id"] in ("BTC", "USDC")],
        expiries=[{"underlying": "BTC", "expiry": soon}],
        grid={"stresses": [{"name": "up", "move": "0.1"}]},
        instruments=[option(f"soon-{kind}", strike, soon, kind, "0.2") for kind in ("call", "put")],
        valid_until=NOW,
        unstressed=[],
    )
    venue = OptionsVenue(market, "maintenance")

    def plant(snapshot: Snapshot, row: Row) -> Row:
        index = next(index for index, each in snapshot.row_map().items() if each == row)
        instrument = venue.instruments[snapshot.universe.instruments[index].id]
        points = np.repeat(venue.mark(), 5, axis=0)
        points[:, 0] = np.linspace(58_800, 61_200, 5)
        values = venue.value(instrument, points, market.grid.stresses[0])
        chord = np.linspace(values[0], values[-1], 5)
        sampled = float(np.max(chord - values))
        assert sampled > 0
        return replace(row, addon_long=int(sampled * 1e6) + 2)

    assert _found(market, plant, names, (1,)) > 1


# --- rebuilding -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WORLDS)
def test_a_snapshot_is_rebuilt_from_itself(name: str) -> None:
    snapshot, _ = made(name)
    check_model(Snapshot.parse(snapshot.to_json()))


def test_any_number_that_is_off_by_one_is_named() -> None:
    snapshot, _ = made("six stresses at four corners")
    random = Random(4)
    for _ in range(6):
        place = random.randrange(len(snapshot.rows))
        entry = snapshot.rows[place]
        node = random.randrange(len(entry.nodes))
        nodes = list(entry.nodes)
        nodes[node] += 1
        for change in (
            {"mark": entry.mark + 1},
            {"nodes": tuple(nodes)},
            {"addon_long": entry.addon_long - 1},
        ):
            rows = list(snapshot.rows)
            rows[place] = entry.model_copy(update=change)
            with pytest.raises(FormatError, match=rf"rows\[{entry.index}\].{next(iter(change))}"):
                check_model(snapshot.model_copy(update={"rows": tuple(rows)}))


def test_the_callers_precision_is_not_read() -> None:
    import gmpy2

    first, _ = made("factors above one")
    with gmpy2.context(precision=20):
        assert made("factors above one")[0].hash == first.hash


def test_a_universe_is_continued() -> None:
    market = world()
    universe, _ = build_options(market, "initial", "s24-k2-d5")
    grown = [each.to_json() for each in market.instruments]
    grown.append(option("new", 61_000, FAR, "call", "0.5"))
    again, snapshot = build_options(world(instruments=grown), "initial", "s24-k2-d5", universe)
    assert again.instruments[: len(universe.instruments)] == universe.instruments
    assert snapshot.rows[-1].index == len(universe.instruments)
    with pytest.raises(FormatError, match="leave out"):
        build_options(world(instruments=grown[:3]), "initial", "s24-k2-d5", universe)
    grown[0]["strike"] = "51000"
    with pytest.raises(FormatError, match=r"instruments\[0\]"):
        build_options(world(instruments=grown), "initial", "s24-k2-d5", universe)


REFUSED = [
    ({"knots": 8}, "layout: has 24 nodes, 16 corners by 4 stresses"),
    ({"valid_until": NEAR}, "valid_until: is not before test:near-50000-call expires"),
    ({"expiries": []}, "expiries: have none for test:near-50000-call"),
    ({"unstressed": ["ETH"]}, "unstressed: names an underlying"),
    (
        {"grid": {"stresses": [{"name": "x", "shock": "-0.9"}], "short_power": "0.9"}},
        "below zero at an expiry",
    ),
]


@pytest.mark.parametrize(("changes", "problem"), REFUSED)
def test_what_no_table_can_be_built_from(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        build_options(world(**changes), "maintenance", "s24-k2-d5")


def test_volatilities_stay_above_zero() -> None:
    feeds = _plain_feeds()
    feeds[1] |= {"price": "0.6", "low": "0.1", "high": "0.8"}
    with pytest.raises(FormatError, match="fall to zero"):
        build_options(world(feeds=feeds), "maintenance", "s24-k2-d5")


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("grid", {"stresses": [{"name": "none"}]}, "zero stress"),
        ("grid", {"stresses": [{"name": "x", "move": "-1"}]}, "takes everything"),
        ("grid", {"stresses": [{"name": "x"}, {"name": "x"}]}, "name a stress twice"),
        ("levels", {"maintenance": {"factor": "-1"}}, "is negative"),
        ("knots", 1, "too small"),
    ],
)
def test_inputs_that_mean_nothing(path: str, value: Any, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        world(**{path: value})


def test_an_expired_instrument_has_no_row() -> None:
    grown = [each.to_json() for each in world().instruments]
    grown.append(option("old", 61_000, NOW - DAY, "call", "0.5"))
    snapshot = build_options(world(instruments=grown), "initial", "s24-k2-d5")[1]
    assert snapshot.rows[-1].index == len(grown) - 2
