"""Random markets and accounts of Derive's standard manager: one book as rows and for the float engine."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from prover.engine import MarginReport, evaluate
from prover.tables.derive_standard import (
    StandardInput,
    StandardTable,
    option_id,
    standard_table,
    standard_universe,
)
from prover.tables.derive_standard_inputs import StandardMarket
from prover.tables.expiries import expiry_name
from prover.venues.derive_standard import (
    BaseRules,
    Contingency,
    DepegRules,
    Expiry,
    Market,
    NetMargin,
    Option,
    OptionRules,
    PerpRules,
    Portfolio,
    net_margin,
)
from verifier.circuits import Layout, layout
from verifier.market import Level
from verifier.rows import Row
from verifier.universe import Universe

WIDE = layout("s64-k1-d5-csi")
LEVELS: tuple[Level, ...] = ("maintenance", "initial")
TIME = 1_800_000_000
DAY = 86_400
YEAR = 365 * DAY
MONEY = 10**14
LOTS = 10**8
ROUNDED = Fraction(3, 10**6)
"""Quote units a lot that a row may be off by: node and mark to nearest, a charge up, the unit for these."""

RULES = {
    "max_spot": "0.15",
    "min_spot": "0.1",
    "maintenance_call": "0.075",
    "maintenance_put": "0.075",
    "maintenance_put_mark": "0.075",
    "unpaired_initial": "1.2",
    "unpaired_maintenance": "1.1",
    "offset": "1.05",
    "perp_initial": "0.065",
    "perp_maintenance": "0.05",
    "base_factor": "0.8",
    "base_initial_scale": "0.95",
    "option_threshold": "0.4",
    "perp_threshold": "0.4",
    "base_threshold": "0.4",
    "contingency_factor": "0.4",
}

Sizes = Mapping[str, int]
"""Signed sizes in 1e-8 lots, by instrument."""

Moves = Mapping[str, float]
"""What a price is multiplied by, by the feed's id; 1 where it is not named."""


def random_rules(rng: random.Random) -> dict[str, str]:
    """The venue's own parameters for every second market, others that its contract takes for the rest."""
    if rng.random() < 0.5:
        return RULES
    return {
        **RULES,
        "max_spot": f"{rng.uniform(0.1, 1.1):.3f}",
        "min_spot": f"{rng.uniform(0.02, 0.2):.3f}",
        "maintenance_call": f"{rng.uniform(0.03, 0.15):.3f}",
        "maintenance_put": f"{rng.uniform(0.03, 0.15):.3f}",
        "maintenance_put_mark": f"{rng.uniform(0.03, 0.9):.3f}",
        "unpaired_initial": f"{rng.uniform(1, 2):.2f}",
        "offset": f"{rng.uniform(1, 1.5):.2f}",
        "base_initial_scale": rng.choice(("0", "0.9", "1")),
        "option_threshold": rng.choice(("0", "0.6")),
    }


def random_input(
    rng: random.Random, *, strikes: int = 8, band: str = "0", volatility_band: str | None = None
) -> StandardInput:
    """A market of two underlyings with one or two expiries each, near a smile."""
    markets = []
    for name, spot in (("ETH", rng.uniform(1_000, 4_000)), ("BTC", rng.uniform(20_000, 90_000))):
        expiries = []
        for days in sorted(rng.sample((1, 7, 30, 90, 300), rng.choice((1, 2)))):
            tilt, level = rng.uniform(-0.2, 0.2), rng.uniform(0.3, 1.3)
            step = spot * 2 / strikes
            grid = sorted(
                {round(spot * 0.2 + place * step * rng.uniform(0.9, 1), 1) for place in range(strikes)}
            )
            expiry = {
                "expiry": TIME + days * DAY,
                "forward": f"{spot * rng.uniform(0.99, 1.03):.4f}",
                "confidence": rng.choice(("1", "0.9", "0.3")),
                "options": [
                    {
                        "strike": f"{strike}",
                        "option_type": kind,
                        "volatility": f"{level + tilt * (strike / spot - 1):.6f}",
                    }
                    for strike in grid
                    for kind in ("call", "put")
                ],
            }
            if volatility_band is not None:
                expiry["volatility_band"] = volatility_band
            expiries.append(expiry)
        markets.append(
            {
                "name": name,
                "spot": f"{spot:.2f}",
                "spot_confidence": rng.choice(("1", "0.8", "0.2")),
                "rules": random_rules(rng),
                "perp": {
                    "price": f"{spot * rng.uniform(0.995, 1.005):.2f}",
                    "confidence": rng.choice(("1", "0.35")),
                },
                "base": True,
                "expiries": expiries,
            }
        )
    return StandardInput.parse(
        {
            "schema": StandardInput.SCHEMA,
            "name": "sample",
            "venue": "derive",
            "quote": "USDC",
            "period": "2027",
            "epoch": 1,
            "time": TIME,
            "valid_until": TIME + (600 if band != "0" else 0),
            "band": band,
            "stable": rng.choice(("1", "0.999", "0.95")),
            "stable_band": "0" if band == "0" else "0.01",
            "depeg_threshold": "0.98",
            "depeg_factor": "1.2",
            "markets": markets,
        }
    )


@dataclass(frozen=True)
class World:
    """One table of one level, and the float engine over the same market."""

    given: StandardInput
    level: Level
    layout: Layout
    universe: Universe
    table: StandardTable

    def evaluate(self, sizes: Sizes, cash: int, rows: Mapping[int, Row] | None = None) -> MarginReport:
        """Through the integer rows; cash in 1e-14 quote, perpetuals folded in at their price."""
        return evaluate(
            self.positions(sizes), self.folded(sizes, cash), rows or self.table.rows, layout=self.layout
        )

    def positions(self, sizes: Sizes) -> list[tuple[int, int]]:
        """By index."""
        return sorted((self.universe.index_of(name), size) for name, size in sizes.items())

    def folded(self, sizes: Sizes, cash: int) -> int:
        """Cash less what the perpetuals are worth: entered just now, at their price."""
        rows = self.table.rows
        perps = {f"derive:{market.name}-PERP" for market in self.given.markets}
        return cash - sum(
            size * rows[self.universe.index_of(name)].mark for name, size in sizes.items() if name in perps
        )

    def rounding(self, sizes: Sizes) -> float:
        """The stated bound of a book, and what floats lose; quote units."""
        return float(sum(abs(size) for size in sizes.values()) * ROUNDED / LOTS) + 1e-6

    def margin(self, sizes: Sizes, cash: int, moves: Moves | None = None) -> NetMargin:
        """What the venue says, at moved prices; a perpetual's profit is against its unmoved price."""
        at, given = moves or {}, self.given
        markets = []
        for market in given.markets:
            markets.append(self._market(market, sizes, at))
        stable = float(given.stable) * at.get(f"{given.quote} price", 1)
        depeg = DepegRules(float(given.depeg_threshold), float(given.depeg_factor))
        return net_margin(Portfolio(cash / MONEY, stable, depeg, tuple(markets)), self.level == "initial")

    def _market(self, market: StandardMarket, sizes: Sizes, at: Moves) -> Market:
        rule = {name: float(getattr(market.rules, name)) for name in type(market.rules).model_fields}
        perp = market.perp
        assert perp is not None
        name = f"derive:{market.name}"
        held = sizes.get(f"{name}-PERP", 0) / LOTS
        price = float(perp.price) * at.get(f"{market.name}-PERP mark", 1)
        return Market(
            spot=float(market.spot) * at.get(f"{market.name} index", 1),
            spot_confidence=float(market.spot_confidence),
            option_rules=OptionRules(
                rule["max_spot"],
                rule["min_spot"],
                rule["maintenance_call"],
                rule["maintenance_put"],
                rule["maintenance_put_mark"],
                rule["unpaired_initial"],
                rule["unpaired_maintenance"],
                rule["offset"],
            ),
            perp_rules=PerpRules(rule["perp_initial"], rule["perp_maintenance"]),
            base_rules=BaseRules(rule["base_factor"], rule["base_initial_scale"]),
            contingency=Contingency(
                rule["option_threshold"],
                rule["perp_threshold"],
                rule["base_threshold"],
                rule["contingency_factor"],
            ),
            perp_price=price,
            perp_confidence=float(perp.confidence),
            perp_size=held,
            perp_profit=held * (price - float(perp.price)),
            base_size=sizes.get(name, 0) / LOTS,
            expiries=tuple(
                Expiry(
                    (each.expiry - TIME) / YEAR,
                    float(each.forward) * at.get(f"{expiry_name(market.name, each.expiry)} forward", 1),
                    float(each.confidence),
                    tuple(
                        Option(
                            float(option.strike),
                            option.option_type == "call",
                            sizes[key] / LOTS,
                            float(option.volatility)
                            * at.get(f"{expiry_name(market.name, each.expiry)} volatility level", 1),
                        )
                        for option in each.options
                        if (
                            key := option_id(
                                "derive",
                                market.name,
                                each.expiry,
                                option.strike,
                                option.option_type == "call",
                            )
                        )
                        in sizes
                    ),
                )
                for each in market.expiries
            ),
        )


def world(given: StandardInput, level: Level, shape: Layout = WIDE) -> World:
    """The table of an input."""
    universe = standard_universe(given)
    return World(given, level, shape, universe, standard_table(given, level, shape, universe))


def random_sizes(rng: random.Random, given: StandardInput, *, legs: int = 6) -> dict[str, int]:
    """An account: spreads, naked shorts and loose legs of some expiries, a perpetual, a deposit."""
    sizes: dict[str, int] = {}
    for market in given.markets:
        for expiry in market.expiries:
            if rng.random() < 0.3:
                continue
            sizes.update(_options(rng, market, expiry.expiry, legs))
        if rng.random() < 0.3:
            sizes[f"derive:{market.name}-PERP"] = rng.choice((-1, 1)) * rng.randint(1, 3 * LOTS)
        if rng.random() < 0.3:
            sizes[f"derive:{market.name}"] = rng.randint(1, 3 * LOTS)
    return {name: size for name, size in sizes.items() if size}


def _options(rng: random.Random, market: StandardMarket, expiry: int, legs: int) -> dict[str, int]:
    listed = next(each for each in market.expiries if each.expiry == expiry).options
    kind = rng.choice(("spread", "ratio", "loose", "short", "long"))
    chosen = rng.sample(listed, min(len(listed), rng.randint(2, legs)))
    if kind in ("spread", "ratio"):
        side = rng.choice(("call", "put"))
        chosen = [option for option in chosen if option.option_type == side][:2] or chosen[:1]
    sizes = {}
    for place, option in enumerate(chosen):
        sign = {"short": -1, "long": 1}.get(kind, (-1) ** place if kind != "loose" else rng.choice((-1, 1)))
        amount = LOTS if kind == "spread" else rng.randint(LOTS // 10, 2 * LOTS)
        name = option_id("derive", market.name, expiry, option.strike, option.option_type == "call")
        sizes[name] = sign * amount
    return sizes


def only_held(given: StandardInput, sizes: Sizes) -> StandardInput:
    """The market with no options but those of a book (an expiry of which nothing is held is dropped)."""
    markets = []
    for market in given.markets:
        expiries = []
        for expiry in market.expiries:
            options = tuple(
                option
                for option in expiry.options
                if option_id(
                    "derive", market.name, expiry.expiry, option.strike, option.option_type == "call"
                )
                in sizes
            )
            if options:
                expiries.append(expiry.model_copy(update={"options": options}))
        markets.append(market.model_copy(update={"expiries": tuple(expiries)}))
    return given.model_copy(update={"markets": tuple(markets)})


def samples(
    seed: str, count: int, level: Level, shape: Layout = WIDE, *, groups: int = 4, slots: int = 32
) -> Iterator[tuple[list[tuple[int, int]], int, Mapping[int, Row], Layout]]:
    """Positions, cash, rows and layout of accounts that fit a rung, with cash at what the claim needs."""
    rng = random.Random(seed)
    made = 0
    while made < count:
        place = world(random_input(rng), level, shape)
        for _ in range(min(10, count - made)):
            sizes = random_sizes(rng, place.given)
            positions = place.positions(sizes)
            held = {place.table.rows[index].group for index, _ in positions}
            if not positions or len(held) > groups or len(positions) > slots:
                continue
            cash = place.folded(sizes, 0)
            needed = -evaluate(positions, cash, place.table.rows, layout=shape).excess
            yield positions, cash + needed, place.table.rows, shape
            made += 1
