"""Every bracket builder: random portfolios through rows and the integer engine, against the venue's rules.

The table may ask for more by its stated rounding (and by a chord's 1.6 % where a size curve is carried), and
never for less; where the chain itself rounds up, by no more than that.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from prover.conformance.table import carry, decimal, point_market
from prover.tables.inputs import MarketInput
from prover.tables.venue_rules import venue_margin
from prover.venues import drift, dydx, gmx, lighter, synthetix, tiers
from verifier.errors import FormatError
from verifier.market import Level

F = Fraction
ZERO = F(0)
PORTFOLIOS = 120
CHORD = F(16, 1000)


@dataclass
class Case:
    """A random market and book, and what the venue makes of it.

    `excess` is equity minus requirement; `above` what the table may ask for beyond rounding; `below` what the
    chain's own rounding up may take.
    """

    prices: dict[str, Fraction] = field(default_factory=dict)
    instruments: list[dict[str, Any]] = field(default_factory=list)
    held: dict[str, Fraction] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    excess: Fraction = ZERO
    above: Fraction = ZERO
    below: Fraction = ZERO

    def add(self, instrument: dict[str, Any], price: Fraction, size: Fraction) -> None:
        name = instrument["underlying"]
        self.prices[name] = price
        self.instruments.append(instrument)
        self.held[name] = size
        self.excess += size * price


def price_of(random_: random.Random) -> Fraction:
    return F(random_.randint(10**4, 10**6), 10 ** random_.randint(1, 6))


def size_of(random_: random.Random, price: Fraction, most: int = 10**7) -> Fraction:
    """A signed size worth up to `most`, on the grid of the usual lot."""
    units = F(random_.randint(1, most)) / price
    return F(int(units * 10**6) + 1, 10**6) * random_.choice((1, -1))


def tier_table(random_: random.Random, low: int, high: int) -> list[tuple[Fraction, Fraction]]:
    """(floor, rate): rising floors, rising rates in thousandths."""
    count = random_.randint(1, 8)
    floors = sorted(random_.sample(range(1, 500), count - 1))
    rates = sorted(random_.choices(range(low, high), k=count))
    return [(F(floor) * 10**4, F(rate, 1000)) for floor, rate in zip([0, *floors], rates, strict=True)]


def binance(random_: random.Random, level: Level) -> Case:
    case = Case()
    for place in range(random_.randint(1, 4)):
        price = price_of(random_)
        size = size_of(random_, price)
        table = tier_table(random_, 4, 500)
        given = []
        for floor, rate in table:
            leverage = F(max(1, int(1 / rate) - 1))
            given.append(
                {
                    "notional_floor": decimal(floor),
                    "maintenance_rate": decimal(rate),
                    "max_leverage": decimal(leverage),
                }
            )
        case.add({"kind": "perpetual", "underlying": f"U{place}", "tiers": given}, price, size)
        notional = abs(size) * price
        if level == "maintenance":
            case.excess -= tiers.maintenance(notional, table)
        else:
            reached = [F(each["max_leverage"]) for each in given if F(each["notional_floor"]) <= notional]
            case.excess -= notional / reached[-1]
    return case


def hyperliquid(random_: random.Random, level: Level) -> Case:
    case = Case()
    for place in range(random_.randint(1, 4)):
        price = price_of(random_)
        size = size_of(random_, price)
        count = random_.randint(1, 4)
        floors = [0, *sorted(random_.sample(range(1, 900), count - 1))]
        leverages = sorted(random_.sample(range(2, 41), count), reverse=True)
        table = [(F(floor) * 10**4, F(each)) for floor, each in zip(floors, leverages, strict=True)]
        given = [
            {"notional_floor": decimal(floor), "max_leverage": decimal(each), "maintenance_fraction": "0.5"}
            for floor, each in table
        ]
        case.add({"kind": "perpetual", "underlying": f"U{place}", "tiers": given}, price, size)
        notional = abs(size) * price
        if level == "maintenance":
            rates = [(floor, tiers.rate_at_leverage(each)) for floor, each in table]
            case.excess -= tiers.maintenance(notional, rates)
        else:
            case.excess -= notional / [each for floor, each in table if floor <= notional][-1]
    return case


def dydx_v4(random_: random.Random, level: Level) -> Case:
    case = Case()
    for place in range(random_.randint(1, 4)):
        position = dydx.Perpetual(
            quantums=random_.randint(1, 10**11) * random_.choice((1, -1)),
            price=random_.randint(10**5, 10**8),
            exponent=-4,
            atomic_resolution=random_.choice((-6, -7, -8)),
            im_ppm=random_.randint(1, 10**6),
            mm_fraction_ppm=random_.randint(1, 10**6),
            open_interest=random_.randint(0, 10**13),
            lower_cap=random_.randint(0, 10**12),
            upper_cap=random_.choice((0, 10**13)),
        )
        coin = F(10) ** position.atomic_resolution
        instrument: dict[str, Any] = {
            "kind": "perpetual",
            "underlying": f"U{place}",
            "tiers": [
                {
                    "notional_floor": "0",
                    "initial_rate": decimal(F(position.im_ppm, 10**6)),
                    "maintenance_fraction": decimal(F(position.mm_fraction_ppm, 10**6)),
                }
            ],
        }
        if position.upper_cap:
            instrument["open_interest"] = {
                "amount": decimal(position.open_interest * coin),
                "lower_cap": decimal(F(position.lower_cap, 10**6)),
                "upper_cap": decimal(F(position.upper_cap, 10**6)),
            }
        price = position.price * F(10) ** position.exponent
        case.add(instrument, price, position.quantums * coin)
        due = dydx.requirement(position)[0 if level == "initial" else 1]
        case.excess -= F(due, 10**6)
        # Notional and rate are cut off on chain, a ppm of the notional; both products go up by a quantum.
        case.above += F(2, 10**6) + abs(position.quantums) * coin * price / 10**6
        case.below += F(2, 10**6)
    return case


def lighter_flat(random_: random.Random, level: Level) -> Case:
    case = Case()
    positions = []
    for place in range(random_.randint(1, 6)):
        price = price_of(random_)
        size = size_of(random_, price)
        initial = random_.randint(100, 10_000)
        fraction = {"initial": initial, "maintenance": random_.randint(50, initial)}
        tier = {
            "notional_floor": "0",
            "initial_rate": decimal(F(fraction["initial"], lighter.BASIS_POINTS)),
            "maintenance_rate": decimal(F(fraction["maintenance"], lighter.BASIS_POINTS)),
        }
        case.add({"kind": "perpetual", "underlying": f"U{place}", "tiers": [tier]}, price, size)
        positions.append((size, price, fraction[level]))
    case.excess -= lighter.margin(positions)
    return case


def synthetix_v3(random_: random.Random, level: Level) -> Case:
    case = Case()
    for place in range(random_.randint(1, 2)):
        price = price_of(random_)
        size = size_of(random_, price, 10**6)
        scale = F(int(abs(size) * random_.randint(2, 500)) + 1)
        fraction, minimum, share = F(random_.randint(1, 30), 10), F(random_.randint(0, 50), 1000), F(1, 2)
        skew = {
            "scale": decimal(scale),
            "fraction": decimal(fraction),
            "minimum_ratio": decimal(minimum),
            "maintenance_share": decimal(share),
            "largest_size": decimal(scale),
        }
        case.add({"kind": "perpetual", "underlying": f"U{place}", "skew": skew}, price, size)
        due = synthetix.initial(size, price, skew_scale=scale, fraction=fraction, minimum=minimum)
        due *= share if level == "maintenance" else 1
        case.excess -= due
        case.above += due * CHORD
    return case


def drift_v2(random_: random.Random, level: Level) -> Case:
    case = Case()
    imf = random_.randint(1, 5000)
    root = {"factor": decimal(F(imf, 10**6)), "largest_size": "1000000000"}
    for place in range(random_.randint(1, 2)):
        kind = random_.choice(("perpetual", "deposit", "borrow"))
        price = F(int(price_of(random_) * 10**6), 10**6)
        size = abs(size_of(random_, price))
        nine, notional = int(size * 10**9), size * price
        name = f"U{place}"
        if kind == "deposit":
            weight = random_.randint(1000, 10_000)
            share = decimal(F(weight, drift.WEIGHT))
            tier = {"value_floor": "0", "maintenance_weight": share, "initial_weight": share}
            case.add({"kind": kind, "underlying": name, "collateral": [tier], "root": root}, price, size)
            counted = drift.asset_weight(nine, imf, weight)
            case.excess -= notional * F(drift.WEIGHT - counted, drift.WEIGHT)
            # A chord between two preferred sizes, and two roundings of the weight.
            case.above += notional * (CHORD + F(2, drift.WEIGHT))
            continue
        debt = drift.WEIGHT if kind == "borrow" else 0
        ratio = random_.randint(100, 3000)
        share = decimal(F(ratio, drift.WEIGHT))
        tier = {"notional_floor": "0", "maintenance_rate": share, "initial_rate": share}
        signed = -size if debt else size * random_.choice((1, -1))
        case.add({"kind": kind, "underlying": name, "tiers": [tier], "root": root}, price, signed)
        due = notional * F(drift.liability_weight(nine, imf, debt + ratio) - debt, drift.WEIGHT)
        case.excess -= due
        case.above += (due + (notional if debt else 0)) * CHORD + notional * F(2, drift.WEIGHT)
    return case


def gmx_v2(random_: random.Random, level: Level) -> Case:
    case = Case()
    price, entry = price_of(random_), F(random_.randint(1, 10**6), 100)
    tokens = F(int(abs(size_of(random_, price))) + 1)
    usd, sign = tokens * entry, random_.choice((1, -1))
    factor = F(random_.randint(1, 50), 1000)
    flat = {"notional_floor": "0", "maintenance_rate": "0", "initial_rate": "0"}
    due = {"notional_floor": "0", "maintenance_rate": decimal(factor), "initial_rate": decimal(factor)}
    case.add({"kind": "perpetual", "underlying": "index", "tiers": [flat]}, price, sign * tokens)
    line = {"kind": "aggregate", "underlying": "size", "tiers": [due], "minimum_charge": "1"}
    case.add(line, F(1), usd)
    left = gmx.remaining(
        collateral=F(0),
        collateral_price=F(1),
        size_usd=usd,
        entry=entry,
        price=price,
        is_long=sign > 0,
    )
    case.excess = left + sign * usd - gmx.least_collateral(usd, factor)
    return case


BUILDERS: tuple[Callable[[random.Random, Level], Case], ...] = (
    binance,
    hyperliquid,
    dydx_v4,
    lighter_flat,
    synthetix_v3,
    drift_v2,
    gmx_v2,
)


@pytest.mark.parametrize("level", ["maintenance", "initial"])
@pytest.mark.parametrize("builder", BUILDERS, ids=lambda each: each.__name__)
def test_random_portfolios(builder: Callable[[random.Random, Level], Case], level: Level) -> None:
    random_ = random.Random(f"{builder.__name__} {level}")
    tight = 0
    for _ in range(PORTFOLIOS):
        case = builder(random_, level)
        market = point_market(case.prices, case.instruments, case.held, **case.more)
        found = carry(market, level, case.held)
        over = case.excess - (found.equity - found.requirement)
        assert -case.below <= over <= found.tolerance + case.above, (case.instruments, case.held)
        tight += over <= found.tolerance + case.below
    # Most books have no size between two preferred ones, or no curve at all.
    assert tight >= (0 if case.above else PORTFOLIOS)


def banded(random_: random.Random, place: int) -> tuple[dict[str, Any], Fraction, Fraction]:
    """An instrument whose rule depends on the size or on public numbers, its price, and a size."""
    kind = random_.choice(("skew", "root", "debt", "deposit", "prediction"))
    price = F(random_.randint(1, 999), 1000) if kind == "prediction" else price_of(random_)
    size = F(int(size_of(random_, price)) or 1)
    root = {"factor": decimal(F(random_.randint(1, 5000), 10**6)), "largest_size": "1000000000"}
    made: dict[str, Any] = {"underlying": f"U{place}", "kind": "perpetual"}
    rate = decimal(F(random_.randint(1, 3000), 10**4))
    tier = {"notional_floor": "0", "maintenance_rate": rate, "initial_rate": rate}
    share = decimal(F(random_.randint(1000, 10_000), 10**4))
    if kind == "skew":
        made["skew"] = {**SKEW, "scale": decimal(abs(size) * 3), "largest_size": decimal(abs(size) * 2)}
    elif kind == "root":
        made |= {"root": root, "tiers": [tier]}
    elif kind == "debt":
        made |= {"kind": "borrow", "root": root, "tiers": [tier]}
        size = -abs(size)
    elif kind == "deposit":
        weight = {"value_floor": "0", "maintenance_weight": share, "initial_weight": share}
        made |= {"kind": "deposit", "collateral": [weight]}
        made |= {"root": root} if random_.random() < 0.5 else {}
        size = abs(size)
        if random_.random() < 0.5:
            start = decimal(F(random_.randint(1, 10**6)))
            made["deposits"] = {"amount": decimal(abs(size) * 10), "start": start}
    else:
        made |= {"prediction": True, "tiers": [tier]}
    return made, price, size


@pytest.mark.parametrize("level", ["maintenance", "initial"])
def test_curves_hold_anywhere_in_their_band(level: Level) -> None:
    """What the table leaves is never more than the venue would leave, at any price of the box."""
    random_ = random.Random(f"bands {level}")
    for _ in range(100):
        prices, instruments, held = {}, [], {}
        for place in range(random_.randint(1, 3)):
            instrument, price, size = banded(random_, place)
            prices[f"U{place}"], held[f"U{place}"] = price, size
            instruments.append(instrument)
        band = F(random_.choice((0, 1, 5, 20)), 100)
        market = point_market(prices, instruments, held, band=decimal(band))
        found = carry(market, level, held)
        left = found.equity - found.requirement
        named = {f"venue:{name}": size for name, size in held.items()}
        for step in range(7):
            at = {
                name: price
                * (1 + band * (F(step, 3) - 1 if step in (0, 3, 6) else F(random_.randint(-9, 9), 9)))
                for name, price in prices.items()
            }
            # The chain cuts its own amounts off at 1e-6.
            assert left <= venue_margin(market, level, named, F(0), at).excess + F(1, 10**5)


# --- what the input refuses ---

TIER = {"notional_floor": "0", "initial_rate": "0.1", "maintenance_rate": "0.05"}
SKEW = {
    "scale": "1000",
    "fraction": "2",
    "minimum_ratio": "0.01",
    "maintenance_share": "0.5",
    "largest_size": "1000",
}
ROOT = {"factor": "0.001", "largest_size": "1000"}


@pytest.mark.parametrize(
    ("instrument", "said"),
    [
        ({"kind": "perpetual", "skew": SKEW, "tiers": [TIER]}, "skew"),
        ({"kind": "perpetual", "root": ROOT}, "root"),
        ({"kind": "perpetual", "root": ROOT, "tiers": [TIER, {**TIER, "notional_floor": "9"}]}, "root"),
        ({"kind": "perpetual", "root": ROOT, "tiers": [TIER], "notional_cap": "9"}, "notional_cap"),
        ({"kind": "perpetual", "deposits": {"amount": "1", "start": "1"}, "tiers": [TIER]}, "deposits"),
        ({"kind": "perpetual", "prediction": True, "root": ROOT, "tiers": [TIER]}, "prediction"),
        ({"kind": "perpetual", "skew": {**SKEW, "largest_size": "0"}}, "largest_size"),
    ],
)
def test_a_curve_out_of_place_is_refused(instrument: dict[str, Any], said: str) -> None:
    with pytest.raises(FormatError, match=said):
        point_market({"X": F(1)}, [{"underlying": "X", **instrument}])


@pytest.mark.parametrize("curve", [{"skew": {**SKEW, "fraction": "-1"}}, {"root": {**ROOT, "factor": "-1"}}])
def test_a_curve_that_falls_is_refused(curve: dict[str, Any]) -> None:
    given = {"kind": "perpetual", "underlying": "X", **curve}
    if "root" in curve:
        given["tiers"] = [TIER]
    with pytest.raises(FormatError, match="negative"):
        carry(point_market({"X": F(1)}, [given]), "initial", {"X": F(1)})


def test_a_size_beyond_the_curve_cannot_be_proven() -> None:
    market = point_market({"X": F(1)}, [{"kind": "perpetual", "underlying": "X", "skew": SKEW}])
    carry(market, "initial", {"X": F(1000)})
    with pytest.raises(FormatError, match="position limit"):
        carry(market, "initial", {"X": F(1001)})


def test_a_debts_weight_below_one_counts_as_one_until_its_size_raises_it() -> None:
    """Drift's maintenance weights may be anything; a table's debts are never worth less than themselves."""
    tier = {"notional_floor": "0", "initial_rate": "-1", "maintenance_rate": "-1"}
    root = {"factor": "0.1", "largest_size": "1000000"}
    market = point_market({"X": F(1)}, [{"kind": "borrow", "underlying": "X", "tiers": [tier], "root": root}])
    for size, weight in ((10, 1), (100, 1), (1000, F(31622, 10**4)), (1600, 4)):
        found = carry(market, "maintenance", {"X": F(-size)})
        due = found.requirement - found.equity
        assert 0 <= due - size * weight <= found.tolerance + 2 * F(size, drift.WEIGHT)
    with pytest.raises(FormatError, match="negative weight"):
        worse = {**tier, "maintenance_rate": "-1.5"}
        given = {"kind": "borrow", "underlying": "X", "tiers": [worse], "root": root}
        carry(point_market({"X": F(1)}, [given]), "maintenance", {"X": F(-1)})
    with pytest.raises(FormatError, match="negative rate"):
        given = {"kind": "borrow", "underlying": "X", "tiers": [tier]}
        carry(point_market({"X": F(1)}, [given]), "maintenance", {"X": F(-1)})


def test_public_deposits_lower_the_initial_weight_alone() -> None:
    tier = {"value_floor": "0", "maintenance_weight": "0.9", "initial_weight": "0.8"}
    given = {"kind": "deposit", "underlying": "X", "collateral": [tier]}
    given["deposits"] = {"amount": "40000", "start": "500000"}
    market = point_market({"X": F(25)}, [given])
    initial, maintenance = (carry(market, level, {"X": F(4)}) for level in ("initial", "maintenance"))
    assert initial.equity == 40
    assert maintenance.equity == 90


def test_a_prediction_market_charges_what_each_side_can_lose() -> None:
    given = {"kind": "perpetual", "underlying": "X", "tiers": [TIER], "prediction": True}
    market = point_market({"X": F(1, 4)}, [given])
    long, short = (carry(market, "initial", {"X": F(size)}) for size in (100, -100))
    assert 0 <= long.requirement - F(100, 4) / 10 <= long.tolerance
    assert 0 <= short.requirement - F(300, 4) / 10 <= short.tolerance


def test_preferred_sizes_cost_what_the_venue_asks() -> None:
    """Between them a chord is above; at them it touches."""
    market: MarketInput = point_market({"X": F(2)}, [{"kind": "perpetual", "underlying": "X", "skew": SKEW}])
    rule = {"skew_scale": F(1000), "fraction": F(2), "minimum": F("0.01")}
    sizes = [F(text) for text in ("1", "1.25", "63", "100", "250", "1000")]
    for size in sizes:
        found = carry(market, "initial", {"X": size})
        assert 0 <= found.requirement - synthetix.initial(size, F(2), **rule) <= found.tolerance
    for low, high in pairwise(sizes):
        size = (low + high) / 2
        found = carry(market, "initial", {"X": size})
        assert found.requirement > synthetix.initial(size, F(2), **rule)
