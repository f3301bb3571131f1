"""The table builder: charges, merging from above, rounding, lots, rows, and what it refuses."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_inputs import TIME, borrow, deposit, feed, market, markets, perpetual, tier

from prover.tables import build_market, check_linear, check_rebuilt, choose_lot, merged_tiers
from prover.tables.charges import Charge, chords, marginal, merge, whole
from prover.tables.inputs import MarketInput
from prover.tables.rounding import LARGEST_SIZE, PROHIBITIVE, brackets
from prover.tables.venue_rules import venue_margin
from verifier.circuits import layout
from verifier.errors import FormatError
from verifier.market import RowEntry, Snapshot
from verifier.rows import Bracket, Row, row_valid

F = Fraction
LAYOUT = "s2-k4-d5"


def numbers(*values: Any) -> list[Fraction]:
    return [Fraction(str(value)) for value in values]


STEEP = marginal(
    list(
        zip(
            numbers(0, 50_000, 250_000, 10**6, 10**7, 2 * 10**7, 5 * 10**7, 10**8, 2 * 10**8, 3 * 10**8),
            numbers("0.004", "0.005", "0.01", "0.025", "0.05", "0.1", "0.125", "0.15", "0.25", "0.5"),
            strict=True,
        )
    )
)


def test_marginal_charges_are_continuous_and_slice_by_slice() -> None:
    charge = marginal(list(zip(numbers(0, 100, 300), numbers("0.1", "0.2", "0.5"), strict=True)))
    assert [charge.at(F(x)) for x in (0, 100, 200, 300, 400)] == [0, 10, 30, 50, 100]


def test_whole_charges_jump_at_the_floor() -> None:
    charge = whole(list(zip(numbers(0, 100), numbers("0.1", "0.2"), strict=True)))
    assert [charge.at(x) for x in numbers(99, 100, 101)] == numbers("9.9", 20, "20.2")


def test_a_minimum_is_the_larger_of_the_two() -> None:
    charge = marginal(list(zip(numbers(0, 100), numbers("0.1", "0.2"), strict=True))).with_minimum(F(15))
    assert [charge.at(x) for x in numbers(0, 50, 100, 125, 126)] == numbers(15, 15, 15, 15, "15.2")


@pytest.mark.parametrize(
    ("floors", "rates"), [((0, 100), ("0.2", "0.1")), ((0, 100), ("0.1", "-0.1")), ((0,), ("-0.1",))]
)
def test_a_charge_that_falls_is_refused(floors: tuple[int, ...], rates: tuple[str, ...]) -> None:
    tiers = list(zip(numbers(*floors), numbers(*rates), strict=True))
    with pytest.raises(FormatError, match=r"charge less|negative rate"):
        whole(tiers).rising()


def test_concave_tiers_are_carried_but_not_merged_below() -> None:
    """Marginal rates may fall while the charge still rises; a merged line is no chord then."""
    concave = marginal(list(zip(numbers(0, 100, 200), numbers("0.3", "0.2", "0.1"), strict=True))).rising()
    merged = merge(concave, 2)
    for x in range(0, 1000, 7):
        assert merged.charge.at(F(x)) >= concave.at(F(x))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 9])
@pytest.mark.parametrize("cap", [None, 5 * 10**8])
@pytest.mark.parametrize("way", [marginal, whole])
def test_merging_is_never_below_and_never_worse_than_it_says(count: int, cap: int | None, way: Any) -> None:
    original = way([(piece.start, piece.rate) for piece in STEEP.pieces], F(cap) if cap else None)
    merged = merge(original, count)
    assert len(merged.charge.pieces) <= count
    worst = F(0)
    floors = [piece.start for piece in (*original.pieces, *merged.charge.pieces)]
    points = {floor + step for floor in floors for step in (-1, F(-1, 1000), 0, F(1, 1000), 1, 999)}
    for x in sorted(point for point in points if 0 < point <= (cap or 10**12)):
        assert merged.charge.at(x) >= original.at(x), x
        worst = max(worst, merged.charge.at(x) / original.at(x) - 1)
    assert worst <= merged.overcharge
    # The stated figure is a supremum: points next to the tiers' ends come close to it.
    assert worst > merged.overcharge * F(999, 1000) or count == 1
    assert set().union(*merged.tiers) == set(range(1, 11))


def test_more_brackets_never_cost_more() -> None:
    costs = [merge(STEEP, count).overcharge for count in range(1, 11)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == 0
    print("worst overcharge of ten tiers in k brackets:", [f"{float(cost):.3f}" for cost in costs])


@given(
    st.lists(st.integers(1, 10**6), min_size=3, max_size=7, unique=True),
    st.data(),
    st.sampled_from([marginal, whole]),
    st.integers(1, 3),
)
@settings(deadline=None, max_examples=60)
def test_merging_random_tiers_is_from_above(
    floors: list[int], data: st.DataObject, way: Any, count: int
) -> None:
    rates = sorted(
        data.draw(st.lists(st.integers(0, 999), min_size=len(floors) + 1, max_size=len(floors) + 1))
    )
    tiers = [(F(floor), F(rate, 1000)) for floor, rate in zip([0, *sorted(floors)], rates, strict=True)]
    original = way(tiers)
    try:
        merged = merge(original, count)
    except FormatError:
        # Free up to a floor, charged beyond, and a single line through the origin: nothing bounds that.
        assert rates[0] == 0
        return
    for x in data.draw(st.lists(st.integers(1, 2 * 10**6), min_size=20, max_size=20)) + floors:
        for at in (F(x), F(x) - F(1, 10**9)):
            assert merged.charge.at(at) >= original.at(at)


def test_chords_are_above_a_convex_charge() -> None:
    curve = chords([(F(x), F(x * x)) for x in (0, 1, 2, 4, 8)])
    for x in range(0, 800):
        at = F(x, 100)
        assert at * at <= curve.at(at)
    with pytest.raises(FormatError, match="not convex"):
        chords([(F(0), F(0)), (F(1), F(2)), (F(2), F(3))])


def charged(row: tuple[Bracket, ...], size: int) -> int:
    """The cheapest admissible bracket, as a prover may pick."""
    lowers = [0, *(bracket.upper for bracket in row)]
    return min(
        size * bracket.rate - bracket.deduction
        for lower, bracket in zip(lowers, row, strict=False)
        if lower <= size <= bracket.upper
    )


@st.composite
def charges(draw: st.DrawFn) -> Charge:
    count = draw(st.integers(1, 5))
    floors = sorted(
        draw(st.lists(st.integers(1, 10**6), min_size=count - 1, max_size=count - 1, unique=True))
    )
    rates = sorted(draw(st.lists(st.integers(0, 10**6), min_size=count, max_size=count)))
    if draw(st.booleans()):
        rates.reverse()
        way: Any = marginal
    else:
        way = draw(st.sampled_from([marginal, whole]))
    limit = F(draw(st.integers(10**6 + 1, 10**7))) if draw(st.booleans()) else None
    charge: Charge = way(
        [(F(floor), F(rate, 10**6)) for floor, rate in zip([0, *floors], rates, strict=True)], limit
    )
    if draw(st.booleans()):
        charge = charge.with_minimum(F(draw(st.integers(1, 10**5)), 7))
    return charge


@given(charges(), st.fractions(F(1, 10**3), F(10**6)), st.data())
@settings(deadline=None)
def test_brackets_are_never_below_the_charge(
    charge: Charge, lot_value: Fraction, data: st.DataObject
) -> None:
    """At every bound ± 1 and at random sizes, jumps and falling rates included."""
    made = brackets(charge, lot_value, 6)
    row_valid(Row(1, 0, (0, 0), 1, 1, made), _shape(6))
    assert all(left.upper < right.upper or left == right for left, right in itertools.pairwise(made))
    limit = made[-1].upper
    near = [bracket.upper + step for bracket in made for step in (-1, 0, 1)]
    exact_bounds = [
        int(piece.start / lot_value * 10**8) + step for piece in charge.pieces for step in (-1, 0, 1, 2)
    ]
    sizes = near + exact_bounds + data.draw(st.lists(st.integers(1, limit), max_size=20))
    for size in {size for size in sizes if 1 <= size <= limit}:
        notional = size * lot_value / 10**8
        assert charge.limit is None or notional <= charge.limit
        due = charge.at(notional) * 10**14
        assert charged(made, size) >= due
        # Not much above either: rates and bounds are each off by less than one unit.
        assert charged(made, size) <= due + len(made) * (size + 10**6 * (lot_value + 1)) + 2 * 10**12


def _shape(count: int) -> Any:
    from verifier.circuits import Layout

    return Layout(name="test", nodes=2, brackets=count, depth=5, version=1)


def test_convex_brackets_meet_exactly_at_their_bounds() -> None:
    made = brackets(merge(STEEP, 4).charge, F("63000.123456"), 4)
    for before, after in itertools.pairwise(made):
        at = before.upper
        assert at * before.rate - before.deduction == at * after.rate - after.deduction


@pytest.mark.parametrize(
    ("price", "step", "lot"),
    [
        ("60000", None, "1"),
        ("100", None, "1"),
        ("99.99", None, "10"),
        ("3000", "0.000000001", "0.1"),
        ("0.00001", None, "10000000"),
        ("0.00001", "0.01", "1000000"),
        ("1.05", "0.0000001", "10"),
    ],
)
def test_lots(price: str, step: str | None, lot: str) -> None:
    assert choose_lot(price, step) == lot


def test_a_lot_too_small_for_its_price_is_refused() -> None:
    with pytest.raises(FormatError, match="too fine for the price"):
        choose_lot("0.00001", "0.0001")
    with pytest.raises(FormatError, match="worth less than one quote unit"):
        build_market(
            market([feed("PEPE", "0.00001")], [perpetual("PEPE", [tier("0", "0.1")], lot="1000")]),
            "maintenance",
            LAYOUT,
        )


TWO_TIERS = [tier("0", "0.0125", initial="0.025"), tier("150000000", "0.025", initial="0.05")]


def simple(**more: Any) -> MarketInput:
    return market(
        [feed("BTC", "60000.1"), feed("ETH", "3000", band="0.1")],
        [
            perpetual("BTC", TWO_TIERS),
            perpetual("ETH", [tier("0", "0.02", initial="0.04")]),
            deposit("ETH", [("0", "0.9"), ("1000000", "0.8")]),
            borrow("ETH", [tier("0", "0.1")]),
        ],
        **more,
    )


def test_rows_by_hand() -> None:
    """Every integer of a small market, computed on paper."""
    universe, snapshot = build_market(simple(), "maintenance", LAYOUT)
    rows = snapshot.row_map()
    assert [instrument.lot for instrument in universe.instruments] == ["1", "1", "1", "1"]
    btc = rows[0]
    assert btc.mark == 60_000_100_000
    assert btc.nodes == (-3_000_005_000, 3_000_005_000)
    assert (btc.addon_long, btc.addon_short) == (1, 1)
    # 0.0125 · 63000.105 = 787.5013125, up in the sixth place; 150e6 / 63000.105 lots, down.
    assert btc.brackets[0] == Bracket(787_501_313, 0, 238_094_841_270)
    assert btc.brackets[1].rate == 1_575_002_625
    assert btc.brackets[1].deduction == 238_094_841_270 * (1_575_002_625 - 787_501_313)
    assert btc.brackets[1].upper == LARGEST_SIZE
    assert btc.brackets[2] == btc.brackets[3] == btc.brackets[1]
    eth_deposit = rows[2]
    assert eth_deposit.mark == 2_700_000_000
    assert eth_deposit.nodes == (-270_000_000, 270_000_000)
    assert eth_deposit.addon_short == PROHIBITIVE
    # A tenth of what lies above a million, at 3300.
    assert eth_deposit.brackets[0] == Bracket(0, 0, 30_303_030_303)
    assert eth_deposit.brackets[1].rate == 330_000_000
    debt = rows[3]
    assert (debt.mark, debt.addon_long, debt.addon_short) == (3_000_000_000, PROHIBITIVE, 1)
    assert debt.brackets[0].rate == 330_000_000
    assert [row.group for row in rows.values()] == [1, 2, 2, 2]
    assert snapshot.frozen == (
        "the venue's margin rules",
        "funding of perpetuals after time",
        "interest on deposits and borrows after time",
    )
    assert [(feed.low, feed.high) for feed in snapshot.feeds] == [
        ("57000.095", "63000.105"),
        ("2700", "3300"),
    ]


def test_the_wide_layout_copies_the_corners() -> None:
    _, wide = build_market(simple(), "initial", "s24-k2-d5")
    _, narrow = build_market(simple(), "initial", LAYOUT)
    assert [node.corner for node in wide.nodes] == ["low", "high"] * 12
    assert {node.stress for node in wide.nodes} == {"none"}
    for index, row in wide.row_map().items():
        assert row.nodes == narrow.row_map()[index].nodes * 12


def test_initial_margin_takes_the_whole_notional_at_the_tier_reached() -> None:
    _, snapshot = build_market(simple(), "initial", LAYOUT)
    low, high = snapshot.row_map()[0].brackets[:2]
    assert (low.deduction, high.deduction) == (0, 0)
    assert (low.rate, high.rate) == (1_575_002_625, 3_150_005_250)


def test_rebuilding_finds_a_changed_row() -> None:
    given_market = simple()
    _, snapshot = build_market(given_market, "maintenance", LAYOUT)
    check_rebuilt(given_market, snapshot)
    changed = snapshot.to_json()
    changed["rows"][1]["brackets"][0]["rate"] = "1"
    with pytest.raises(FormatError, match=r"rows\[1\]\.brackets"):
        check_rebuilt(given_market, Snapshot.parse(changed))
    changed = snapshot.to_json()
    changed["valid_until"] += 1
    with pytest.raises(FormatError, match="valid_until"):
        check_rebuilt(given_market, Snapshot.parse(changed))


def test_a_universe_keeps_its_lots_and_only_grows_at_its_end() -> None:
    first, _ = build_market(simple(), "maintenance", LAYOUT)
    fallen = simple().to_json()
    fallen["feeds"][1]["price"] = "30"
    fallen["instruments"].append(perpetual("ETH", TWO_TIERS, id="venue:ETH-2"))
    grown, snapshot = build_market(MarketInput.parse(fallen), "maintenance", LAYOUT, universe=first)
    assert grown.instruments[:4] == first.instruments
    assert snapshot.row_map()[1].mark == 30_000_000
    fallen["instruments"][0]["id"] = "venue:other"
    with pytest.raises(FormatError, match="is not the universe's venue:BTC"):
        build_market(MarketInput.parse(fallen), "maintenance", LAYOUT, universe=first)
    swapped = simple().to_json()
    swapped["feeds"].reverse()
    with pytest.raises(FormatError, match="not in the universe's order"):
        build_market(MarketInput.parse(swapped), "maintenance", LAYOUT, universe=first)
    with pytest.raises(FormatError, match="leave out some"):
        build_market(
            market(simple().to_json()["feeds"], simple().to_json()["instruments"][:3]),
            "maintenance",
            LAYOUT,
            universe=first,
        )


def test_retired_and_expired_instruments_have_no_row() -> None:
    def future(expiry: int, **more: Any) -> MarketInput:
        tiers = [tier("0", "0.1")]
        return market(
            [feed("BTC", "60000")],
            [
                {"id": "venue:F", "kind": "future", "underlying": "BTC", "expiry": expiry, "tiers": tiers},
                perpetual("BTC", tiers, **more),
            ],
        )

    assert set(build_market(future(TIME), "maintenance", LAYOUT)[1].row_map()) == {1}
    assert set(build_market(future(TIME + 9999), "maintenance", LAYOUT)[1].row_map()) == {0, 1}
    assert set(build_market(future(TIME + 9999, retired=True), "maintenance", LAYOUT)[1].row_map()) == {0}
    with pytest.raises(FormatError, match="is not before venue:F expires"):
        build_market(future(TIME + 5), "maintenance", LAYOUT)


def stated(deduction: str) -> MarketInput:
    tiers = [
        {"notional_floor": "0", "maintenance_rate": "0.01", "maintenance_deduction": "0"},
        {"notional_floor": "50000", "maintenance_rate": "0.025", "maintenance_deduction": deduction},
    ]
    return market([feed("ZEC", "60")], [perpetual("ZEC", tiers)])


def test_a_stated_deduction_is_checked() -> None:
    build_market(stated("750"), "maintenance", LAYOUT)
    with pytest.raises(FormatError, match="give 750"):
        build_market(stated("751"), "maintenance", LAYOUT)
    with pytest.raises(FormatError, match="no initial rate"):
        build_market(stated("750"), "initial", LAYOUT)


def test_a_cap_drops_the_tiers_above_it() -> None:
    capped = market([feed("BTC", "60000")], [perpetual("BTC", TWO_TIERS, notional_cap="150000000")])
    _, snapshot = build_market(capped, "maintenance", LAYOUT)
    (first, *padding) = snapshot.row_map()[0].brackets
    assert first.upper == 150_000_000 * 10**8 // 63_000
    assert padding == [first] * 3


def test_merged_tiers_are_named() -> None:
    tiers = [tier(str(piece.start), str(float(piece.rate))) for piece in STEEP.pieces]
    given_market = market(
        [feed("BTC", "60000")], [perpetual("BTC", tiers), perpetual("BTC", TWO_TIERS, id="venue:B")]
    )
    (found,) = merged_tiers(given_market, "maintenance", LAYOUT)
    assert found.instrument == "venue:BTC"
    assert len(found.tiers) == 4
    assert found.overcharge == merge(STEEP, 4).overcharge
    assert merged_tiers(given_market, "maintenance", "s24-k2-d5")[0].overcharge > found.overcharge


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"feeds": [feed("BTC", "1"), feed("BTC", "2", id="other")]}, "Two prices are two underlyings"),
        ({"instruments": [perpetual("BTC", TWO_TIERS, feed="BTC index")]}, "share its feed"),
        ({"instruments": [perpetual("DOGE", TWO_TIERS)]}, "has no feed"),
        ({"instruments": [{"id": "venue:X", "kind": "perpetual", "underlying": "BTC"}]}, "has no tiers"),
        ({"instruments": [{"id": "venue:X", "kind": "deposit", "underlying": "BTC"}]}, "needs weights"),
        ({"instruments": [{"id": "venue:X", "kind": "option", "underlying": "BTC"}]}, "not a known value"),
        ({"instruments": [deposit("BTC", [("0", "0.8"), ("9", "0.9")])]}, "rises"),
        ({"instruments": [deposit("BTC", [("0", "1.1")])]}, "is no share"),
        ({"instruments": [perpetual("BTC", [tier("1", "0.1")])]}, "must start at 0"),
        ({"instruments": [perpetual("BTC", [tier("0", "0.1"), tier("0", "0.2")])]}, "must ascend"),
        ({"instruments": [perpetual("BTC", [tier("0", "-0.1")])]}, "negative rate"),
        ({"instruments": [perpetual("BTC", TWO_TIERS, carry_rate="-0.1")]}, "negative"),
        ({"band": "1"}, "half-width"),
        ({"band": "-0.1"}, "half-width"),
    ],
)
def test_refusals(change: dict[str, Any], said: str) -> None:
    whole_input = market([feed("BTC", "60000")], [perpetual("BTC", TWO_TIERS)]).to_json() | change
    if "feeds" not in change and change.get("band") is None:
        whole_input["feeds"] = [feed("BTC", "60000")]
    with pytest.raises(FormatError, match=said):
        build_market(MarketInput.parse(whole_input), "maintenance", LAYOUT)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("rows", 0, "mark"), "60000100001", "not the value of a lot"),
        (("rows", 0, "nodes", 0), "-3000004999", "not the move"),
        (("rows", 0, "nodes", 1), "0", "not the move"),
        (("rows", 0, "addon_short"), "0", "pays for rounding"),
        (("rows", 2, "mark"), "3000000001", "not the value"),
        (("rows", 2, "nodes", 0), "-269999000", "not the move"),
        (("nodes", 0, "corner"), "high", "lacks the corner"),
        (("nodes", 1, "stress"), "crash", "no meaning"),
    ],
)
def test_a_tampered_table_is_not_linear(path: tuple[Any, ...], value: str, said: str) -> None:
    _, snapshot = build_market(simple(), "maintenance", LAYOUT)
    changed: Any = snapshot.to_json()
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(FormatError, match=said):
        check_linear(Snapshot.parse(changed))


@given(markets(), st.sampled_from(["maintenance", "initial"]))
@settings(deadline=None, max_examples=40)
def test_random_markets_build_and_rebuild(given_market: MarketInput, level: Any) -> None:
    universe, snapshot = build_market(given_market, level, LAYOUT)
    check_rebuilt(given_market, snapshot)
    assert Snapshot.parse(snapshot.to_json()) == snapshot
    for entry in snapshot.rows:
        row_valid(entry.row(), layout(LAYOUT))
    assert universe.instruments[0].id == given_market.instruments[0].id


def test_the_twin_sums_slices() -> None:
    """The independent engine against figures on paper."""
    found = venue_margin(
        simple(),
        "maintenance",
        {"venue:BTC": F(3000), "venue:ETH-deposit": F(500), "venue:ETH-borrow": F(-10)},
        F(7),
        {"BTC": F(60000)},
    )
    assert found.charges["venue:BTC"] == F("0.0125") * 150_000_000 + F("0.025") * 30_000_000
    assert found.values["venue:ETH-deposit"] == 900_000 + 400_000
    assert found.charges["venue:ETH-borrow"] == 3000
    assert found.equity == 7 + 180_000_000 + 1_300_000 - 30_000


@pytest.mark.parametrize("gone", [{"retired": True}, {"expiry": TIME}])
def test_legs_do_not_lean_on_an_aggregate_line_without_a_row(gone: dict[str, Any]) -> None:
    """Nothing at all would be charged for them."""
    leg = {"id": "venue:leg", "kind": "perpetual", "underlying": "BTC", "lot": "1"}
    line = {"id": "venue:sum", "kind": "aggregate", "underlying": "BTC", "tiers": [tier("0", "0.01")]}
    build_market(market([feed("BTC", "60000")], [leg, line]), "maintenance", "s2-k4-d5")
    with pytest.raises(FormatError, match="venue:leg has no tiers"):
        market([feed("BTC", "60000")], [leg, line | gone])
    market([feed("BTC", "60000")], [leg | {"retired": True}, line | gone])


def test_where_groups_may_choose_a_linear_table_leaves_no_free_choice() -> None:
    _, snapshot = build_market(simple(), "maintenance", "s64-k1-d5-csi")
    assert {(entry.isolated_long, entry.isolated_short) for entry in snapshot.rows} == {(PROHIBITIVE,) * 2}
    assert Snapshot.parse(snapshot.to_json()) == snapshot


def test_a_choice_that_nobody_set_is_prohibitive() -> None:
    shape = layout("s64-k1-d5-csi")
    row = Row(1, 0, (0,) * shape.nodes, 0, 0, (Bracket(0, 0, 1),))
    entry = RowEntry.of(0, row, shape)
    assert (entry.isolated_long, entry.isolated_short) == (PROHIBITIVE, PROHIBITIVE)
