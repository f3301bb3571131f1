"""Derive's portfolio margin: the tables against the venue's rules in floats, and planted bugs."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import exp
from pathlib import Path
from statistics import mean, median

import pytest
from samples_derive_portfolio import (
    EXACT,
    FROM_ABOVE,
    LEVELS,
    MONEY,
    PARAMETERS,
    Book,
    document_of,
    random_case,
    samples,
)

from prover.conformance import run_document
from prover.engine import evaluate
from prover.tables.derive_portfolio import PortfolioTable, portfolio_table
from prover.tables.derive_portfolio_document import PortfolioInput
from prover.tables.derive_portfolio_inputs import PortfolioMarket, PortfolioScenario
from prover.tables.derive_portfolio_market import build_portfolio
from prover.tables.derive_portfolio_values import ExpiryValues
from prover.tables.rebuild import check_model
from prover.venues import derive_portfolio as venue
from verifier.circuits import Layout, layout
from verifier.errors import FormatError
from verifier.market import Level
from verifier.rows import Row

BOOKS = 110
PLANTED_BOOKS = 60
VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "margin" / "derive_pmrm2.json"


@pytest.mark.parametrize("level", LEVELS)
def test_with_one_sided_nodes_the_table_is_exact(level: Level) -> None:
    rng = random.Random(f"exact {level}")
    last = 0
    for place in range(BOOKS):
        book = Book(*random_case(rng), level)
        table = book.table(EXACT)
        over, bound = book.over(table)
        assert abs(over) <= bound, (place, over, bound)
        binding = book.report(table).binding_node.get(1)
        last += binding is not None and binding >= EXACT.nodes - 3
    assert last > BOOKS // 20, "the one-sided nodes bind some of the books"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("structure", ["any", "one way"])
def test_without_alternatives_the_table_is_from_above(level: Level, structure: str) -> None:
    rng = random.Random(f"above {level} {structure}")
    shares = []
    for place in range(BOOKS):
        over, bound, required = _above(rng, level, structure, defaults=True)
        assert over >= -bound, (place, over, bound)
        shares.append(over / max(1.0, required))
    print(
        f"derive portfolio from above, {level}, {structure}: mean {mean(shares):.1%}, "
        f"median {median(shares):.1%}, 95th percentile {sorted(shares)[BOOKS * 95 // 100]:.0%}"
    )
    assert mean(shares) < (0.03 if level == "initial" else 0.12)


@pytest.mark.parametrize("level", LEVELS)
def test_without_alternatives_no_parameters_undercharge(level: Level) -> None:
    rng = random.Random(f"moved {level}")
    for place in range(BOOKS // 2):
        over, bound, _ = _above(rng, level, "any", defaults=False)
        assert over >= -bound, (place, over, bound)


def _above(rng: random.Random, level: Level, structure: str, *, defaults: bool) -> tuple[float, float, float]:
    """By how much the table of a random book asks for more, its rounding bound, and what the venue asks."""
    book = Book(*random_case(rng, expiries=3, structure=structure, defaults=defaults), level)
    over, bound = book.over(book.table(FROM_ABOVE))
    return over, bound, book.required


def test_the_file_of_published_cases() -> None:
    if not VECTORS.exists():
        pytest.skip("no published cases beside the repository")
    found = run_document(json.loads(VECTORS.read_text()), "cases")
    assert found.summary.engine_exact == found.summary.cases
    assert found.summary.undercharged == found.summary.unsupported == 0
    assert found.summary.overcharge_mean is not None
    assert found.summary.overcharge_mean < 0.01


@cache
def _books(exact: bool) -> tuple[tuple[Book, PortfolioTable], ...]:
    """Books that planted bugs are tried on, built once."""
    rng = random.Random(f"planted {exact}")
    found = []
    for _ in range(PLANTED_BOOKS):
        book = Book(*random_case(rng, expiries=4 if exact else 3), "initial" if exact else "maintenance")
        found.append((book, book.table(EXACT if exact else FROM_ABOVE)))
    return tuple(found)


def _caught(exact: bool, change: Callable[[PortfolioTable], PortfolioTable]) -> int:
    """In how many of the books a changed table asks for less than the venue."""
    caught = 0
    for book, table in _books(exact):
        over, bound = book.over(change(table))
        caught += over < -bound
    return caught


def _columns(table: PortfolioTable, change: Callable[[Row], Row]) -> PortfolioTable:
    return replace(table, rows={index: change(row) for index, row in table.rows.items()})


def _same(row: Row) -> Row:
    return replace(row, alternatives=row.nodes)


def _without(nodes: range) -> Callable[[Row], Row]:
    def change(row: Row) -> Row:
        def cut(each: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(0 if place in nodes else unit for place, unit in enumerate(each))

        return replace(row, nodes=cut(row.nodes), alternatives=cut(row.alternatives))

    return change


def _one_expiry(row: Row) -> Row:
    return replace(row, subgroup=min(row.subgroup, 1))


def _no_addons(row: Row) -> Row:
    return replace(row, addon_long=0, addon_short=0)


PLANTED: dict[str, Callable[[Row], Row]] = {
    "the discount of gains for losses too": _same,
    "no basis contingency": _without(range(33, 34)),
    "no skews": _without(range(34, 36)),
    "a gain in one expiry pays for another": _one_expiry,
    "no contingencies": _no_addons,
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_undercharges_some_book(name: str) -> None:
    assert _caught(True, lambda table: _columns(table, PLANTED[name]))


def test_skews_that_count_gains_as_gains_undercharge() -> None:
    """The same columns on a layout whose last nodes are like the others."""
    plain = replace(EXACT, name="discounts", extensions=("subgroups", "alternatives"))
    assert _caught(True, lambda table: replace(table, layout=plain))


ABOVE: dict[str, Callable[[Row], Row]] = {
    "no loss of an expiry's own": lambda row: replace(row, subnodes=(0, 0)),
    "no basis contingency": lambda row: replace(
        row, nodes=tuple(0 if 62 > place >= 36 else each for place, each in enumerate(row.nodes))
    ),
}


@pytest.mark.parametrize("name", ABOVE)
def test_a_planted_bug_undercharges_without_alternatives(name: str) -> None:
    assert _caught(False, lambda table: _columns(table, ABOVE[name]))


def test_without_charges_on_skews_gains_books_of_wings_undercharge() -> None:
    """Wings bought and sold, in a market whose skews are steep: what one expiry gains is another's loss."""
    rng = random.Random("wings")
    caught = 0
    for _ in range(20):
        case, shocks = random_case(rng, expiries=3)
        case["params"]["SkewShock"] |= {"LINEAR_SCALE_CAP": 4.0, "ABS_SCALE_CAP": 4.0}
        shocks[-2][2] = shocks[-1][2] = 2.0
        book = Book(case, shocks, "maintenance")
        table = book.table(FROM_ABOVE)
        over, bound = book.over(table)
        assert over >= -bound
        bare = _columns(table, lambda row: replace(row, charge_long=0, charge_short=0))
        caught += book.over(bare)[0] < -bound
    assert caught


def test_naked_shorts_are_exact_on_their_line_and_from_above_without() -> None:
    rng = random.Random("naked")
    above = 0
    for _ in range(25):
        book = Book(*random_case(rng), "maintenance")
        over, bound = book.over(book.table(EXACT, naked_line=False))
        assert over >= -bound
        above += over > bound
        table = book.table(EXACT)
        assert table.naked is not None
        assert table.rows[table.naked].mark == 0
    assert 0 < above < 25


def _market(**changes: object) -> PortfolioMarket:
    book = Book(*random_case(random.Random("one"), expiries=1, defaults=True), "initial")
    return replace(book.market, **changes)  # type: ignore[arg-type]


def _shock(kind: str, spot: str = "1") -> PortfolioScenario:
    return PortfolioScenario(Fraction(spot), kind, Fraction(1))


@pytest.mark.parametrize("shape", [EXACT, FROM_ABOVE])
def test_more_than_a_layout_holds_is_refused(shape: Layout) -> None:
    many = tuple(_shock("Up", f"1.{place:03}") for place in range(64))
    with pytest.raises(FormatError, match="need"):
        portfolio_table(_market(scenarios=many), "initial", shape)
    with pytest.raises(FormatError, match="3 skews"):
        portfolio_table(
            _market(scenarios=(_shock("LINEAR"), _shock("ABS"), _shock("LINEAR", "1.1"))), "initial", shape
        )
    with pytest.raises(FormatError, match="cannot carry discounts"):
        portfolio_table(_market(), "initial", layout("s24-k2-d5"))
    with pytest.raises(FormatError, match="no such volatility shock"):
        _shock("up")


def test_four_expiries_without_alternatives_are_refused() -> None:
    expiries = tuple(
        replace(_market().expiries[0], seconds=seconds) for seconds in (86_400, 10**6, 2 * 10**6, 3 * 10**6)
    )
    with pytest.raises(FormatError, match="are 4"):
        portfolio_table(_market(expiries=expiries, options=()), "initial", FROM_ABOVE)


def test_a_gain_that_counts_for_more_than_a_loss_is_bounded() -> None:
    rng = random.Random("crossed")
    for place in range(25):
        case, shocks = random_case(rng, expiries=3)
        case["params"]["Margin"]["BASE_STATIC_DISCOUNT"] = 1.4
        case["params"]["Margin"]["BASE_STATIC_DISCOUNT_NEG"] = rng.choice((0.2, 0.9))
        book = Book(case, shocks, LEVELS[place % 2])
        for shape in (EXACT, FROM_ABOVE):
            over, bound = book.over(book.table(shape))
            assert over >= -bound


def test_the_samples_are_at_the_boundary() -> None:
    for shape in (EXACT, FROM_ABOVE):
        for positions, cash, rows, used in samples("boundary", 5, "initial", shape):
            assert evaluate(positions, cash, rows, layout=used).passes
            assert not evaluate(positions, cash - 1, rows, layout=used).passes
            assert len({rows[index].subgroup for index, _ in positions} - {0}) <= 4


# The venue's rules, by hand.


def _venue_parameters() -> venue.Parameters:
    return venue.Parameters(*PARAMETERS.values())


def test_in_the_last_half_hour_only_what_is_to_come_of_the_forward_moves() -> None:
    option = venue.Option(900, 100.0, call=True, amount=1.0, volatility=0.0)
    expiry = venue.Expiry(900, forward=200.0, rate=0.0)
    up = venue.Scenario(1.1, "None", 1.0)
    assert venue.option_value(option, expiry, up, _venue_parameters()) == pytest.approx(110.0)
    early = replace(expiry, seconds=1_800)
    assert venue.option_value(
        replace(option, seconds=1_800), early, up, _venue_parameters()
    ) == pytest.approx(120.0)


def test_discounts_and_their_cap() -> None:
    year = venue.Expiry(venue.YEAR, 100.0, rate=0.1)
    positive, negative = venue.static_discounts(year, _venue_parameters())
    assert positive == pytest.approx(0.95 * exp(-0.18))
    assert negative == pytest.approx(exp(0.1)), "never more than the rate undone"
    assert venue.static_discounts(replace(year, rate=-0.5), _venue_parameters())[1] == 1.0


def test_one_unit_of_a_perpetual_by_hand() -> None:
    portfolio = venue.Portfolio(
        cash=1_000.0,
        spot=100.0,
        spot_confidence=0.5,
        stable=0.93,
        perpetuals=-2.0,
        perpetual_price=101.0,
        perpetual_confidence=0.4,
    )
    shocks = [venue.Scenario(1.2, "Up", 1.0), venue.Scenario(3.0, "Up", 0.05)]
    found = venue.evaluate(portfolio, _venue_parameters(), shocks)
    assert found.scenarios == pytest.approx((-2 * 101 * 0.2, -2 * 101 * 2 * 0.05))
    assert found.oracle == pytest.approx(200 * 0.6)
    assert found.maintenance == pytest.approx(1_000 - 0.8 * 40.4 - 200 * 0.015)
    assert found.initial == pytest.approx(1_000 - (1 + 0.05 * 2) * 40.4 - 200 * 0.02 - 120)


def test_a_put_bought_pays_for_a_call_sold_at_the_same_strike() -> None:
    def option(call: bool, amount: float, strike: float = 100.0) -> venue.Option:
        return venue.Option(venue.DAY, strike, call, amount, 0.5)

    expiries = {venue.DAY: venue.Expiry(venue.DAY, 100.0, 0.0)}
    charged = []
    for options in (
        (option(True, -3.0),),
        (option(True, -3.0), option(False, 2.0)),
        (option(True, -3.0), option(False, 2.0, 101.0)),
        (option(True, -3.0), option(False, -2.0)),
    ):
        portfolio = venue.Portfolio(0.0, 100.0, options=options, expiries=expiries)
        still = [venue.Scenario(1.0, "None", 0.0)]
        free = replace(
            _venue_parameters(),
            basis=PARAMETERS["BasisContingency"]
            | {
                "BASIS_CONT_ADD_FACTOR": 0.0,
                "BASIS_CONT_MULT_FACTOR": 0.0,
            },
        )
        found = venue.evaluate(portfolio, free, still)
        charged.append((found.value - found.maintenance) / (100 * 0.003))
    assert charged == pytest.approx([3, 1, 3, 5])


def test_values_of_the_table_are_those_of_the_rules() -> None:
    """Two implementations that share nothing: pinned binary numbers and plain floats."""
    rng = random.Random("values")
    for place in range(20):
        case, shocks = random_case(rng)
        if place % 5 == 0:
            # Wings without a middle.
            case["params"]["SkewShock"] |= {"MIN_K_STAR": 0.0, "MIN_WIDTH_SCALE": 0.0}
        book = Book(case, shocks, "initial")
        portfolio, given = venue.from_case(book.case)
        for option, theirs in zip(book.market.options, portfolio.options, strict=True):
            listed = next(each for each in book.market.expiries if each.seconds == option.seconds)
            values = ExpiryValues(book.market, listed)
            expiry = portfolio.expiries[option.seconds]
            assert [float(each) for each in values.discounts] == pytest.approx(
                venue.static_discounts(expiry, given), rel=1e-12
            )
            for shock, plain in zip(book.market.scenarios, book.shocks, strict=True):
                wanted = venue.option_value(theirs, expiry, venue.Scenario(*plain), given)
                assert float(values.value(option, shock)) == pytest.approx(wanted, rel=1e-9, abs=1e-8)


def test_money_is_in_the_scale_of_the_engine() -> None:
    book = Book(*random_case(random.Random("scale"), defaults=True), "maintenance")
    report = book.report(book.table(EXACT))
    assert report.equity / MONEY == pytest.approx(book.result.value, abs=1e-2)


# Snapshots.


def _input(seed: str) -> tuple[Book, PortfolioInput]:
    case, shocks = random_case(random.Random(seed), defaults=True)
    # All expiries after the window, and one row an instrument.
    case["portfolio"]["feeds"] = [each for each in case["portfolio"]["feeds"] if each["FeedExpiry"] > 600]
    made = PortfolioInput.parse(document_of(case, shocks), "input")
    return Book(case, shocks, "initial"), made


def test_a_snapshot_holds_the_rows_of_its_market_and_is_rebuilt_from_itself() -> None:
    for place in range(5):
        book, given = _input(f"snapshot {place}")
        universe, snapshot = build_portfolio(given, "initial", EXACT.name)
        check_model(snapshot)
        table = book.table(EXACT, naked_line=False)
        lots = {each.lot for each in universe.instruments if each.kind != "deposit"}
        assert len(lots) <= 1
        by_terms = sorted(
            (row.mark, row.nodes, row.alternatives, row.addon_long, row.addon_short)
            for row in table.rows.values()
        )
        found = sorted(
            (row.mark, row.nodes, row.alternatives, row.addon_long, row.addon_short)
            for row in snapshot.row_map().values()
        )
        assert found == by_terms
        grown, _ = build_portfolio(given, "maintenance", EXACT.name, universe)
        assert grown == universe


def test_a_changed_number_is_named() -> None:
    _, given = _input("snapshot 0")
    _, snapshot = build_portfolio(given, "initial", EXACT.name)
    first = snapshot.rows[0]
    nodes = (first.nodes[0], first.nodes[1], first.nodes[2] + 1, *first.nodes[3:])
    changed = snapshot.model_copy(
        update={"rows": (first.model_copy(update={"nodes": nodes}), *snapshot.rows[1:])}
    )
    with pytest.raises(FormatError, match=r"nodes\[2\]"):
        check_model(changed)


def test_an_expiry_inside_the_window_is_refused() -> None:
    _, given = _input("snapshot 0")
    late = given.model_copy(update={"valid_until": given.time + 10**9})
    with pytest.raises(FormatError, match="is not before an expiry"):
        build_portfolio(late, "initial", EXACT.name)


@pytest.mark.parametrize("name", ["MM_LOSS_FACTOR", "BASE_STATIC_DISCOUNT"])
def test_a_parameter_below_zero_is_refused(name: str) -> None:
    case, shocks = random_case(random.Random("negative"), defaults=True)
    document = document_of(case, shocks)
    document["parameters"]["Margin"][name] = "-0.1"
    with pytest.raises(FormatError, match="is negative"):
        PortfolioInput.parse(document, "input")
