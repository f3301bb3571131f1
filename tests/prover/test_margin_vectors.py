"""Margin figures that nobody on this project wrote, reproduced by the exact engine over rows.

Every figure of a file is counted; those that a plain table cannot carry are listed with the reason, not left
out. Prices have no band, so a row is the venue's rule at one price. Where all numbers of a row are exact,
the unit that pays for rounding is taken off both addons, and figures must match to the last digit; else they
may exceed the venue's by rounding, never fall short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

import pytest
from market_inputs import feed, market, perpetual, text, tier
from vector_files import vector

from prover.engine import MarginReport, evaluate
from prover.tables.build import build_rows, build_universe
from prover.tables.charges import Charge, Piece, marginal
from prover.tables.inputs import MarketInput, OpenInterest
from prover.tables.lots import choose_lot
from prover.tables.rates import scaled_by_open_interest
from prover.tables.rounding import LARGEST_SIZE, addon, brackets, unit_value
from prover.tables.size_rules import (
    drift_asset_weight,
    drift_liability_weight,
    drift_scaled_weight,
    preferred_sizes,
    size_curve,
    synthetix_initial,
)
from prover.tables.venue_rules import venue_margin
from verifier.circuits import Layout
from verifier.errors import FormatError
from verifier.rows import Bracket, Row, row_valid

F = Fraction
ZERO, ONE = F(0), F(1)
CASH = 10**14
FREE = Charge((Piece(F(0), F(0), F(0)),))


@dataclass
class Tally:
    """Figures of one file: how many, and which are outside the model and why."""

    file: str
    matched: int = 0
    outside: list[str] = field(default_factory=list)

    def match(self, good: bool, what: str) -> None:
        assert good, f"{self.file}: {what}"
        self.matched += 1

    def close(self) -> None:
        total = self.matched + len(self.outside)
        print(f"\n{self.file}: {self.matched} of {total} figures")
        for reason in self.outside:
            print(f"  outside: {reason}")


def number(value: Any) -> Fraction:
    """A JSON number as its decimal text says (the files hold short decimals)."""
    return F(str(value))


# --- rows ---


def layout_of(count: int) -> Layout:
    return Layout(name="vectors", nodes=2, brackets=count, depth=5, version=1)


def row(
    price: Fraction,
    charge: Charge = FREE,
    *,
    group: int = 1,
    weight: Fraction = ONE,
    long_rate: Fraction = ZERO,
    short_rate: Fraction = ZERO,
    lot: Fraction = ONE,
) -> Row:
    """A row at one price: value weight · price, a charge by notional, a share of price charged by side."""
    value = weight * price * lot
    exact = (value * 10**6).denominator == 1
    sides = (addon(long_rate * price * lot) - exact, addon(short_rate * price * lot) - exact)
    made = Row(
        group, unit_value(value), (0, 0), *sides, brackets(charge, price * lot, max(1, len(charge.pieces)))
    )
    row_valid(made, layout_of(len(made.brackets)))
    return made


def bare(made: Row) -> Row:
    """A built row without the rounding unit (for rows whose values are exact)."""
    return replace(made, addon_long=made.addon_long - 1, addon_short=made.addon_short - 1)


def size(units: Fraction, lot: Fraction = ONE) -> int:
    scaled = units / lot * 10**8
    assert scaled.denominator == 1, "the size is off the grid"
    return scaled.numerator


def rounding(report: MarginReport) -> int:
    """What rounding may add to a requirement: under two units of rate and side a unit of size, and one."""
    return sum(2 * abs(part.size) + 1 for part in report.positions)


def at_most_rounded(report: MarginReport, found: int, exact: Fraction) -> bool:
    return 0 <= found - exact * CASH <= rounding(report)


def line(rate: Fraction, deduction: Fraction) -> Charge:
    """max(0, x·rate − deduction): the tier that a (rate, cum) pair belongs to, when its table is unknown."""
    if deduction == 0:
        return marginal([(F(0), rate)])
    return marginal([(F(0), F(0)), (deduction / rate, rate)])


# --- Binance ---


def test_binance_brackets() -> None:
    data = vector("margin/binance_brackets.json")
    tally = Tally("binance_brackets")
    tables = {**data["brackets"], "BTC/USDT 2021": data["btcusdt_2021"]}
    rows = {}
    for pair, tiers in tables.items():
        given = [
            tier(
                text(number(each["lower"])),
                text(number(each["mm_rate"])),
                maintenance_deduction=text(number(each.get("cum", each.get("cum_derived")))),
            )
            for each in tiers
        ]
        # The builder refuses a deduction that its recurrence does not give.
        built = market([feed("X", "1", band="0")], [perpetual("X", given, lot="1")])
        rows[pair] = bare(build_rows(built, "maintenance", layout_of(len(tiers)), build_universe(built))[0])
        for place, each in enumerate(tiers):
            lower, rate = number(each["lower"]), number(each["mm_rate"])
            cum = number(each.get("cum", each.get("cum_derived")))
            upper = number(tiers[place + 1]["lower"]) if place + 1 < len(tiers) else 3 * lower + 1000
            inside = (lower + upper) / 2
            found = [evaluate([(0, size(at))], 0, {0: rows[pair]}).addon for at in (inside, upper)]
            tally.match(
                found == [(at * rate - cum) * CASH for at in (inside, upper)], f"{pair} tier {place + 1}"
            )
    for each in data["lookups"]:
        notional, rate, cum = (number(each[name]) for name in ("notional", "mm_rate", "cum"))
        known = rows.get(each["pair"])
        made = known if known is not None else row(F(1), line(rate, cum))
        found = evaluate([(0, size(notional))], 0, {0: made}).addon
        expected = number(each["expected_mm"]) if "expected_mm" in each else notional * rate - cum
        # A line whose zero is no size on the grid rounds; a table is exact.
        slack = 0 if known is not None or (cum / rate * 10**8).denominator == 1 else 10**9
        tally.match(0 <= found - expected * CASH <= slack, f"lookup {each['pair']} {notional}")
    for each in data["liquidation_price"]:
        tally.match(*liquidation(each))
    tally.close()
    assert not tally.outside


def liquidation(case: Mapping[str, Any]) -> tuple[bool, str]:
    """Equity minus maintenance at the stated price is the stated rest; half a cent off changes its sign."""
    sign = 1 if case["side"] == "long" else -1
    held, entry = number(case["size"]), number(case["entry"])
    cash = number(case["wallet_balance"]) + number(case["other_upnl"]) - sign * held * entry
    charge = line(number(case["mm_rate"]), number(case["cum"]))
    others = row(F(1), FREE.with_minimum(number(case["other_mm"])), weight=F(0), group=2)

    def excess(price: Fraction) -> Fraction:
        rows = {0: row(price, charge), 1: others}
        found = evaluate([(0, sign * size(held)), (1, 1)], int(cash * CASH), rows)
        return F(found.excess, CASH)

    price = number(case["expected_liq_price"])
    cent = F(1, 100)
    rest = number(case["equity_minus_mm_at_liq"])
    turns = sign * excess(price - cent / 2) <= 0 <= sign * excess(price + cent / 2)
    # The file's rest has two decimals.
    return abs(excess(price) - rest) <= cent / 2 + cent / 1000 and turns, f"liquidation at {price}"


# --- Hyperliquid ---


def test_hyperliquid_docs() -> None:
    data = vector("margin/hyperliquid_docs.json")
    tally = Tally("hyperliquid_docs")
    for coin, tiers in data["tiers"].items():
        given = [
            {
                "notional_floor": text(number(each["lower"])),
                "max_leverage": text(number(each["max_leverage"])),
                "maintenance_fraction": "0.5",
            }
            for each in tiers
        ]
        built = market([feed("X", "1", band="0")], [perpetual("X", given, lot="1000")])
        universe = build_universe(built)
        (name,) = (each.id for each in universe.instruments)
        made = bare(build_rows(built, "maintenance", layout_of(len(tiers)), universe)[0])
        for place, each in enumerate(tiers):
            lower = number(each["lower"])
            upper = number(tiers[place + 1]["lower"]) if place + 1 < len(tiers) else 2 * lower + 10**6
            for at in ((lower + upper) / 2, upper):
                report = evaluate([(0, -size(at, F(1000)))], 0, {0: made})
                exact = venue_margin(built, "maintenance", {name: -at}, F(0)).requirement
                good = at_most_rounded(report, report.addon, exact)
                # The file's rates and deductions are binary floats, some of a third.
                stated = at * number(each["mm_rate"]) - number(each["deduction"])
                good = good and abs(exact - stated) <= stated / 10**12
                assert good, f"{coin} tier {place + 1} at {at}"
            tally.match(True, f"{coin} tier {place + 1}")
    example = data["hyperliquid_pm_example"]
    collateral, price = number(example["collateral"]), number(example["price"])
    made = row(price, weight=number(example["ltv"]))
    position = [(0, size(collateral))]
    borrowable = number(example["borrowable"]) * CASH
    passes = evaluate(position, -int(borrowable), {0: made}).passes
    one_more = evaluate(position, -int(borrowable) - 1, {0: made}).passes
    tally.match(passes and not one_more, "portfolio margin borrowing")
    tally.close()
    assert not tally.outside


# --- dYdX ---

PPM = 10**6


def dydx_market(positions: Sequence[Mapping[str, Any]]) -> tuple[MarketInput, dict[str, Fraction]]:
    """One underlying a position; sizes in coins; the open interest is public."""
    feeds, instruments, held = [], [], {}
    for place, each in enumerate(positions):
        units = F(10) ** each["atomic_resolution"]
        price = each["price"] * F(10) ** each["exponent"]
        rate, share = F(each["im_ppm"], PPM), F(each["mm_fraction_ppm"], PPM)
        more: dict[str, Any] = {}
        if "oi_upper_cap" in each:
            more["open_interest"] = {
                "amount": text(each["open_interest_quantums"] * units),
                "lower_cap": text(F(each["oi_lower_cap"], PPM)),
                "upper_cap": text(F(each["oi_upper_cap"], PPM)),
            }
        rates = {"notional_floor": "0", "initial_rate": text(rate), "maintenance_fraction": text(share)}
        name = f"M{place}"
        feeds.append(feed(name, text(price), band="0"))
        lot = choose_lot(text(price))
        if (each["quantums"] * units / F(lot) * 10**8).denominator != 1:
            lot = choose_lot(text(price), text(units))
        instruments.append(perpetual(name, [rates], lot=lot, **more))
        if each["quantums"]:
            held[f"venue:{name}"] = each["quantums"] * units
    return market(feeds, instruments), held


def dydx(
    positions: Sequence[Mapping[str, Any]], cash: Fraction, level: Any
) -> tuple[MarginReport, Fraction, Fraction]:
    """(engine's report, the exact requirement, the exact equity), quote units."""
    if not positions:
        return evaluate([], int(cash * CASH), {}), ZERO, cash
    built, held = dydx_market(positions)
    exact = venue_margin(built, level, held, cash)
    universe = build_universe(built)
    rows = {index: bare(made) for index, made in build_rows(built, level, layout_of(2), universe).items()}
    book = [
        (index, size(held[each.id], F(each.lot)))
        for index, each in enumerate(universe.instruments)
        if each.id in held
    ]
    return evaluate(book, int(cash * CASH), rows), exact.requirement, exact.equity


def up(amount: Fraction) -> int:
    """Quote units to quote quantums, up, as the chain does for every requirement."""
    return -((-amount * PPM) // 1)


def test_dydx_v4() -> None:
    data = vector("margin/dydx_v4.json")
    tally = Tally("dydx_v4")
    for case in data["single_position"]:
        for key, level in (("IMR", "initial"), ("MMR", "maintenance")):
            try:
                report, exact, _ = dydx([case["position"]], F(0), level)
            except FormatError as error:
                built, held = dydx_market([case["position"]])
                exact = venue_margin(built, level, held, ZERO).requirement
                assert up(exact) == case["expected"][key]
                tally.outside.append(f"{case['name']} {key}: {error.field} {error.problem} (fractions agree)")
                continue
            tally.match(
                at_most_rounded(report, report.requirement, exact) and up(exact) == case["expected"][key],
                f"{case['name']} {key}",
            )
    for case in data["im_scaling"]:
        interest = OpenInterest(
            amount=text(F(case["oi_notional"], PPM)),
            lower_cap=text(F(case["oi_lower_cap"], PPM)),
            upper_cap=text(F(case["oi_upper_cap"], PPM)),
        )
        rate = scaled_by_open_interest(F(case["im_ppm"], PPM), interest, F(1))
        if "expected_ppm" in case:
            tally.match(int(rate * PPM) == case["expected_ppm"], case["name"])
            continue
        notional = F(case["quote_quantums"], PPM)
        report = evaluate([(0, size(notional))], 0, {0: row(F(1), marginal([(F(0), rate)]))})
        tally.match(
            at_most_rounded(report, report.addon, notional * rate)
            and up(F(report.addon, CASH)) == case["expected_IM"],
            case["name"],
        )
    for case in data["account"]:
        cash = F(case["usdc_quantums"], PPM)
        for each in case["positions"]:
            # Unsettled funding is folded into cash: −size · (index now − index then), 1e-6 a quantum.
            drift = each.get("funding_index", 0) - each.get("funding_index_cached", 0)
            cash -= F(each["quantums"] * drift, PPM**2)
        for key, level in (("IMR", "initial"), ("MMR", "maintenance")):
            report, exact, equity = dydx(case["positions"], cash, level)
            tally.match(
                at_most_rounded(report, report.requirement, exact) and up(exact) == case["expected"][key],
                f"{case['name']} {key}",
            )
        tally.match(
            report.equity == equity * CASH == case["expected"]["NC"] * F(CASH, PPM), f"{case['name']} NC"
        )
    for case in data["decision"]:
        due = case.get("IMR", case.get("MMR"))
        made = row(F(1), FREE.with_minimum(F(due, PPM)), weight=F(0))
        passes = evaluate([(0, 1)], case["NC"] * CASH // PPM, {0: made}).passes
        wanted = case["expected"] if "expected" in case else not case["expected_liquidatable"]
        tally.match(passes == wanted, f"decision {case['NC']} against {due}")
    tally.close()
    assert all("out of range" in reason for reason in tally.outside)


# --- Synthetix ---


def test_synthetix_v3() -> None:
    data = vector("margin/synthetix_v3.json")
    tally = Tally("synthetix_v3")
    for case in data["cases"]:
        initial, maintenance, book, cash = {}, {}, [], number(case["collateral_usd"])
        exact = F(0)
        for place, (name, each) in enumerate(case["markets"].items()):
            held, price = number(each["size"]), number(case["prices"][name])
            rule = {
                "skew_scale": number(each["skew_scale"]),
                "fraction": number(each["initial_margin_fraction"]),
                "minimum": number(each["min_initial_margin_ratio"]),
            }
            scalar = number(each["maintenance_scalar"])
            sizes = preferred_sizes(F(1, 100), F(10) ** 6)
            curve = size_curve(partial(synthetix_initial, price=price, **rule), price, sizes)
            scaled = Charge(
                tuple(Piece(e.start, e.rate * scalar, e.deduction * scalar) for e in curve.pieces),
                curve.limit,
            )
            initial[place] = row(price, curve, group=place + 1)
            maintenance[place] = row(price, scaled, group=place + 1)
            book.append((place, size(held)))
            fill = number(each["fill_price"])
            cash -= held * fill
            profit = evaluate([book[-1]], int(-held * fill * CASH), initial).equity
            tally.match(profit == number(case["expected"]["pnl"][name]) * CASH, f"{case['name']} pnl {name}")
            due = synthetix_initial(held, price, **rule)
            exact += due
            found = F(evaluate([book[-1]], 0, initial).addon, CASH)
            # Between preferred sizes the polygon is above the curve.
            assert due <= found <= due * F(1016, 1000) + F(1, 10**4)
        reports = [evaluate(book, int(cash * CASH), rows) for rows in (initial, maintenance)]
        stated = case["derived_not_upstream"]
        available = number(case["expected"]["available_margin"]) * CASH
        tally.match(reports[0].equity == available, f"{case['name']} available margin")
        assert exact == number(stated["IM"])
        for report, key in zip(reports, ("IM", "MM"), strict=True):
            over = report.addon - number(stated[key]) * CASH
            preferred = all(size_of(each) in sizes for each in case["markets"].values())
            above = 0 if preferred else number(stated[key]) * CASH * F(16, 1000)
            tally.match(0 <= over <= above + rounding(report), f"{case['name']} {key}")
        passes = available >= number(stated["MM"]) * CASH
        assert reports[1].passes == passes
    tally.close()
    assert not tally.outside


def size_of(each: Mapping[str, Any]) -> Fraction:
    return abs(number(each["size"]))


# --- GMX ---


def test_gmx_v2() -> None:
    """The least collateral is a share of the size at entry: a line of its own, one unit a dollar."""
    data = vector("margin/gmx_v2.json")
    tally = Tally("gmx_v2")
    least_usd = F(1)
    for case in data["cases"]:
        sign = 1 if case["is_long"] else -1
        usd, entry = number(case["size_usd"]), number(case["entry_price"])
        price, factor = number(case["index_price"]), number(case["min_collateral_factor"])
        lot = F(choose_lot(text(price)))
        tokens = usd / entry / lot * 10**8
        # A size that is off the grid rounds against the holder, as it does on chain.
        tokens_held = sign * (tokens // 1 if sign > 0 else -(-tokens // 1))
        charge = marginal([(F(0), factor)]).with_minimum(least_usd)
        rows = {
            0: row(price, lot=lot, group=1),
            1: row(number(case["collateral_price"]), group=2),
            2: row(F(1), charge, weight=F(0), group=3),
        }
        book = [(0, int(tokens_held)), (1, size(number(case["collateral_amount"]))), (2, size(usd))]
        report = evaluate(book, int(-sign * usd * CASH), rows)
        tally.match(report.passes == (not case["expected_liquidatable"]), f"{case['case']} decision")
        stated = case["independent"]
        tally.match(F(report.equity, CASH) == number(stated["remaining_usd"]), f"{case['case']} remaining")
        tally.match(
            F(report.addon, CASH) == max(least_usd, number(stated["min_for_leverage"])),
            f"{case['case']} minimum",
        )
        if case.get("expected_collateral_returned") is not None:
            tally.outside.append(f"{case['case']}: collateral returned by a liquidation is not margin")
    tally.close()


# --- Drift ---

DRIFT_WEIGHT = 10**4


def test_drift_v2() -> None:
    data = vector("margin/drift_v2.json")
    tally = Tally("drift_v2")
    for case in data["weights"]:
        tally.match(*drift_weight(case))
    for case in data["scaled_initial_asset_weight"]:
        tokens, price = number(case["deposits_tokens"]), number(case["price"])
        weight = drift_scaled_weight(tokens * price, number(case["start_usd"]), case["initial_weight"])
        held = evaluate([(0, size(tokens))], 0, {0: row(price, weight=F(weight, DRIFT_WEIGHT))})
        good = held.equity * DRIFT_WEIGHT == tokens * price * case["expected"] * CASH
        tally.match(weight == case["expected"] and good, f"scaled weight of {tokens}")
    for case in data["unrealized_pnl_weight"]:
        profit = F(case["unrealized_pnl"], 10**6)
        weight, found = drift_profit(profit, case["imf"], case["weight"], None)
        good = found * DRIFT_WEIGHT == profit * case["expected"]
        tally.match(good and weight == case["expected"], f"weight of a profit of {profit}")
    for case in data["perp_position"]:
        position, expected = case["position"], case["expected"]
        base, price = F(position["base"], 10**9), F(position["price"], 10**6)
        weight = drift_liability_weight(abs(position["base"]), position.get("imf", 0), position["mr"])
        # A prediction market's short can lose what is left of 1.
        at_risk = 1 - price if position.get("pred") and base < 0 else price
        lot = F(1, 10)
        charged = F(weight, DRIFT_WEIGHT) * at_risk / price
        made = row(price, long_rate=charged, short_rate=charged, lot=lot)
        report = evaluate([(0, size(base, lot))], int(F(position["quote"], 10**6) * CASH), {0: made})
        # Rounded down on chain, up here.
        good = 0 <= report.addon - expected["margin_requirement"] * (CASH // 10**6) < CASH // 10**6
        profit = F(report.equity, CASH)
        assert profit == F(position["quote"], 10**6) + base * price
        tally.match(good, f"perpetual {position['base']} requirement")
        if profit > 0:
            imf, first = position.get("uimf", 0), position.get("uaw", DRIFT_WEIGHT)
            _, profit = drift_profit(profit, imf, first, F(100))
        tally.match(profit * 10**6 == expected["weighted_pnl"], f"perpetual {position['base']} profit")
    for case in data["account"]:
        drift_account(case, tally)
    tally.close()
    print("  profits are lines of their own, stated at the mark: no band carries them")
    assert not tally.outside


def drift_profit(profit: Fraction, imf: int, weight: int, cap: Fraction | None) -> tuple[int, Fraction]:
    """(weight, what counts) of an open profit: a line in quote units, at its weight, up to a cap.

    The initial level counts at most 100 quote units of it.
    """
    counted = drift_asset_weight(int(profit * 10**9), imf, weight)
    share = F(counted, DRIFT_WEIGHT)
    charge = marginal([(ZERO, ZERO), (cap / share, share)]) if cap is not None and share else FREE
    report = evaluate([(0, size(profit))], 0, {0: row(ONE, charge, weight=share)})
    # The cap's own size is off the grid: what counts is rounded down to the venue's 1e-6.
    found = F(report.excess, CASH)
    return counted, found if cap is None or found < cap - F(1, 10**6) else cap


def drift_weight(case: Mapping[str, Any]) -> tuple[bool, str]:
    """The weight as on chain, a row that carries it, and a polygon over all sizes that is never below."""
    rule = drift_asset_weight if case["kind"] == "asset" else drift_liability_weight
    nine = 10 ** (9 - case["decimals"])
    weight = rule(case["size"] * nine, case["imf_factor"], case["weight"])
    units = F(case["size"], 10 ** case["decimals"])
    lot = F(100)
    first = F(case["weight"], DRIFT_WEIGHT)
    if case["kind"] == "asset":
        report = evaluate([(0, size(units, lot))], 0, {0: row(F(1), weight=F(weight, DRIFT_WEIGHT), lot=lot)})
        good = report.equity == units * weight * CASH / DRIFT_WEIGHT
    else:
        made = row(F(1), short_rate=F(weight, DRIFT_WEIGHT) - 1, lot=lot)
        report = evaluate([(0, -size(units, lot))], 0, {0: made})
        good = -report.excess == units * weight * CASH / DRIFT_WEIGHT

    def charge(at: Fraction) -> Fraction:
        """What the premium takes beyond the first weight, from above: integer steps need one more step."""
        now = rule(int(at * 10**9), case["imf_factor"], case["weight"])
        return at * (abs(F(now, DRIFT_WEIGHT) - first) + F(1, DRIFT_WEIGHT))

    sizes = preferred_sizes(F(1), 2 * units)
    below = [each for each in sizes if each < units] or [F(0)]
    above = next(each for each in sizes if each >= units)
    low, high = charge(below[-1]) if below[-1] else F(0), charge(above)
    chord = low + (high - low) * (units - below[-1]) / (above - below[-1])
    exact = units * abs(F(weight, DRIFT_WEIGHT) - first)
    good = good and exact <= chord <= exact + units * (F(3, 100) * (1 + F(weight, DRIFT_WEIGHT)))
    return good and weight == case["expected"], f"{case['kind']} weight of {case['size']}"


def drift_account(case: Mapping[str, Any], tally: Tally) -> None:
    inputs, expected = case["inputs"], case["expected"]
    worst: tuple[Fraction, Fraction] | None = None
    # Open orders count at the side that leaves less, as the venue's worst-case fill does.
    for orders in {number(inputs.get("open_bids", 0)), number(inputs.get("open_asks", 0))}:
        found = drift_side(inputs, orders)
        if worst is None or found[0] - found[1] < worst[0] - worst[1]:
            worst = found
    assert worst is not None
    for figure, key in zip(worst, ("total_collateral", "margin_requirement"), strict=True):
        if expected[key] is not None:
            tally.match(figure * 10**6 == expected[key], f"{case['path']} {inputs['type']} {key}")


def drift_side(inputs: Mapping[str, Any], orders: Fraction) -> tuple[Fraction, Fraction]:
    """(collateral, requirement) as Drift counts them: a debt is a requirement there, negative equity here."""
    price = number(inputs.get("sol_price", inputs.get("price", 0)))
    initial = inputs["type"] == "Initial"
    custom = F(inputs.get("max_margin_ratio", 0), DRIFT_WEIGHT) if initial else F(0)
    suffix = "init" if initial else "maint"
    plain = inputs["type"] == "equity"

    def share(name: str, whole: Fraction) -> Fraction:
        return whole if plain else F(inputs.get(f"{name}_{suffix}", whole * DRIFT_WEIGHT), DRIFT_WEIGHT)

    coins = number(inputs.get("sol", 0)) - number(inputs.get("sol_borrow", 0)) + orders
    perp = number(inputs.get("perp_base", 0))
    premium = max(share("sol_liab_w", F(1)) - 1, custom) if not plain else F(0)
    ratio = max(share("perp_margin", F(0)), custom) if not plain else F(0)
    fee = F(1, 100) * inputs.get("open_orders", 0)
    rows, book, cash = {}, [], number(inputs.get("usdc", 0)) - orders * price
    if coins > 0:
        rows[0] = row(price, weight=share("sol_asset_w", F(1)))
        book.append((0, size(coins)))
    elif coins < 0:
        rows[1] = row(price, marginal([(F(0), premium)]), short_rate=F(0))
        book.append((1, size(coins)))
    if perp:
        rows[2] = row(price, marginal([(F(0), ratio)]), group=2)
        book.append((2, size(perp)))
        cash += number(inputs["perp_quote"]) if "perp_quote" in inputs else -perp * price
    if fee:
        rows[3] = row(F(1), FREE.with_minimum(fee), weight=F(0), group=3)
        book.append((3, 1))
    report = evaluate(book, int(cash * CASH), rows)
    # Drift counts every debt among the requirements, the quote that an order would spend too.
    if plain:
        return F(report.equity, CASH), F(report.requirement, CASH)
    debts = sum(-part.value for part in report.positions if part.index == 1)
    spent = max(F(0), orders * price) * CASH
    requirement = report.requirement + debts + spent
    return F(report.equity + debts + spent) / CASH, F(requirement) / CASH


def test_a_wrong_figure_is_noticed() -> None:
    """The tally is no formality: one figure changed by its last digit fails."""
    tally = Tally("changed")
    made = row(F(1), line(F("0.1"), F(27500)))
    found = evaluate([(0, size(F("999999.9")))], 0, {0: made}).addon
    tally.match(found == F("72499.99") * CASH, "as stated")
    with pytest.raises(AssertionError):
        tally.match(found == F("72499.98") * CASH, "off by a cent")
    assert made.brackets[-1].upper == LARGEST_SIZE
    assert isinstance(made.brackets[0], Bracket)
