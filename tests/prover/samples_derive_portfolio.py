"""Random markets and books of Derive's portfolio manager, in the shape of its published cases."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from prover.conformance.derive_portfolio import PortfolioPositions, market_of, portfolio_positions
from prover.engine import MarginReport, evaluate
from prover.tables.derive_portfolio import PortfolioTable, portfolio_table
from prover.tables.derive_portfolio_inputs import PortfolioMarket
from prover.venues.derive_portfolio import Result, Scenario, from_case
from prover.venues.derive_portfolio import evaluate as by_rules
from verifier.circuits import Layout, layout
from verifier.market import Level
from verifier.rows import Row

LEVELS: tuple[Level, ...] = ("initial", "maintenance")
EXACT = layout("s36-k1-d5-sao")
FROM_ABOVE = layout("s64-k1-d5-csi")
MONEY = 10**14

DAY = 86_400

# The manager's published defaults.
PARAMETERS: dict[str, dict[str, float]] = {
    "SkewShock": {
        "LINEAR_SCALE_CAP": 0.15,
        "LINEAR_CBASE": -0.05,
        "ABS_SCALE_CAP": 0.15,
        "ABS_CBASE": -0.05,
        "MIN_K_STAR": 0.01,
        "MIN_WIDTH_SCALE": 4.0,
        "VOL_PARAM_STATIC": 0.6,
        "VOL_PARAM_SCALE": -0.1,
    },
    "VolShock": {
        "VOLRANGEUP": 0.5,
        "MIN_VOL_EVAL_SHOCKED": 0.45,
        "VOLRANGEDOWN": 0.275,
        "SHORTTERMPOWER": 0.3,
        "LONGTERMPOWER": 0.13,
        "DTE_FLOOR": 1.0,
    },
    "Margin": {
        "MM_LOSS_FACTOR": 0.8,
        "IM_LOSS_FACTOR": 1.0,
        "SHORT_RATE_MULTSCALE": 0.5,
        "LONG_RATE_MULTSCALE": 1.0,
        "SHORT_RATE_ADDSCALE": 0.08,
        "LONG_RATE_ADDSCALE": 0.08,
        "BASE_STATIC_DISCOUNT": 0.95,
        "BASE_STATIC_DISCOUNT_NEG": 1.04,
    },
    "BasisContingency": {
        "SCENARIO_SPOT_UP": 1.045,
        "SCENARIO_SPOT_DOWN": 0.955,
        "BASIS_CONT_ADD_FACTOR": 0.5,
        "BASIS_CONT_MULT_FACTOR": 2.0,
    },
    "OtherContingency": {
        "PEG_LOSS_THRESHOLD": 0.98,
        "PEG_LOSS_FACTOR": 2.0,
        "CONF_THRESHOLD": 0.55,
        "CONF_MARGIN": 1.0,
        "MM_PERP_PERCENT": 0.015,
        "IM_PERP_PERCENT": 0.005,
        "MM_OPTION_PERCENT": 0.003,
        "IM_OPTION_PERCENT": 0.002,
    },
}

# Tails: the spot's factor, and how much of the move the manager counts.
_TAILS = {0.34: 0.0545, 0.67: 0.109, 1.5: 0.072, 2.0: 0.036, 3.0: 0.018, 4.0: 0.012}
_MOVES = ((1.18, "U"), (1.135, "DNU"), (1.09, "DNU"), (1.045, "DNU"), (1.0, "DNU"))
_NAMES = {"U": "Up", "D": "Down", "N": "None"}


def scenarios(rng: random.Random, *, defaults: bool = False) -> list[list[Any]]:
    """A grid of spot and volatility, tails and skews: dampened as published, or anyhow, 0 and above 1."""
    made: list[list[Any]] = []
    for spot, kinds in _MOVES:
        made += [[spot, _NAMES[kind], 1] for kind in kinds]
        if spot > 1:
            made += [[round(2 - spot, 6), _NAMES[kind], 1] for kind in kinds]
    for spot, factor in _TAILS.items():
        made.append([spot, "Up", factor if defaults else rng.choice((0, 0.05, 0.1, 0.3, 1, 1.4))])
    factors = [1.0 if defaults else rng.choice((1.0, 1.0, 0.5, 2.0)) for _ in range(2)]
    return [*made, [1, "LINEAR", factors[0]], [1, "ABS", factors[1]]]


def parameters(rng: random.Random, *, defaults: bool = False) -> dict[str, dict[str, float]]:
    """The published defaults, or with one number in three moved."""
    if defaults:
        return PARAMETERS
    moved = {
        group: {
            name: round(value * rng.uniform(0.6, 1.6), 6) if rng.random() < 1 / 3 else value
            for name, value in named.items()
        }
        for group, named in PARAMETERS.items()
    }
    moved["Margin"]["BASE_STATIC_DISCOUNT"] = round(rng.uniform(0.8, 1.0), 6)
    moved["Margin"]["BASE_STATIC_DISCOUNT_NEG"] = round(rng.uniform(1.0, 1.2), 6)
    moved["BasisContingency"]["SCENARIO_SPOT_UP"] = round(rng.uniform(1.01, 1.3), 6)
    moved["BasisContingency"]["SCENARIO_SPOT_DOWN"] = round(rng.uniform(0.7, 0.99), 6)
    for cap in ("LINEAR_SCALE_CAP", "ABS_SCALE_CAP"):
        moved["SkewShock"][cap] = rng.choice((0.15, 0.15, 1.0, 3.0))
    return moved


def _confidence(rng: random.Random) -> float:
    return rng.choice((1.0, 1.0, 1.0, 0.95, 0.4, 0.1))


def _option(rng: random.Random, seconds: int, spot: float) -> dict[str, Any]:
    strike = round(spot * rng.choice((0.5, 0.8, 0.9, 1.0, 1.1, 1.25, 1.8)) / 50) * 50.0
    return {
        "sec_to_expiry": seconds,
        "strike": strike,
        "is_call": rng.random() < 0.5,
        "amount": rng.choice((-1, 1)) * rng.randint(1, 4_000) / 100,
        # A strike has one volatility, so calls and puts agree.
        "mark_vol": round(0.5 + 0.3 * abs(math.log(strike / spot)) + seconds / DAY / 3_000, 6),
    }


def random_case(
    rng: random.Random,
    *,
    expiries: int = 4,
    lines: int = 12,
    defaults: bool = False,
    structure: str = "any",
) -> tuple[dict[str, Any], list[list[Any]]]:
    """A case and its scenarios: options long and short, often a perpetual, base asset and other collateral.

    Parameters
    ----------
    defaults
        The manager's own parameters and scenarios, or such as have been moved about.
    structure
        ``any``, or ``one way``: every option bought, or every one sold.
    """
    spot = rng.choice((2_681.6, 95_000.0, 140.25))
    times = rng.sample(
        (1_500, 12 * 3_600, 3 * DAY, 30 * DAY, 31 * DAY, 90 * DAY, 250 * DAY), rng.randint(1, expiries)
    )
    options: dict[tuple[int, float, bool], dict[str, Any]] = {}
    for _ in range(rng.randint(0 if structure == "any" else 1, lines)):
        option = _option(rng, rng.choice(times), spot)
        options[option["sec_to_expiry"], option["strike"], option["is_call"]] = option
    if structure == "one way":
        side = rng.choice((-1, 1))
        for option in options.values():
            option["amount"] = side * abs(option["amount"])
    perpetuals = rng.choice((0, rng.randint(-2_000, 2_000) / 100))
    book = {
        "cash": rng.randint(-10_000, 100_000) / 7 // 0.01 / 100,
        "spot": spot,
        "spot_conf": _confidence(rng),
        "stable": rng.choice((1.0, 1.0, 1.0002, 0.97, 0.9)),
        "perps": perpetuals,
        "perp_price": round(spot * rng.uniform(0.99, 1.01), 4) if perpetuals else 0,
        "perp_conf": _confidence(rng) if perpetuals else 0,
        "perp_upnl": rng.randint(-50_000, 50_000) / 100,
        "perp_funding": rng.randint(-500, 500) / 100,
        "collaterals": [
            {
                "amount": rng.randint(1, 3_000) / 100,
                "price": price,
                "conf": _confidence(rng),
                "risk_cancelling": moves,
                "im_haircut": 0.05,
                "mm_haircut": rng.choice((0.015, 0.1)),
            }
            for price, moves in ((spot, True), (round(spot * 1.06, 4), True), (0.9998, False), (63.5, False))
            if rng.random() < 0.4
        ],
        "options": list(options.values()),
        "feeds": [
            {
                "FeedExpiry": seconds,
                "Forward": round(spot * (1 + 0.1 * seconds / (365 * DAY)), 4),
                "ForwardConfidence": _confidence(rng),
                "Rate": round(rng.uniform(-0.02, 0.3), 4),
                "RateConfidence": 1.0,
                "OptionVolConfidences": _confidence(rng),
            }
            for seconds in times
        ],
    }
    case = {"name": "random", "portfolio": book, "params": parameters(rng, defaults=defaults)}
    return case, scenarios(rng, defaults=defaults)


class Book:
    """A case margined both ways."""

    def __init__(self, case: Mapping[str, Any], shocks: list[list[Any]], level: Level) -> None:
        self.case, self.shocks, self.level = case, shocks, level
        self.market: PortfolioMarket = market_of(case, shocks)
        portfolio, given = from_case(case)
        self.result: Result = by_rules(portfolio, given, [Scenario(*each) for each in shocks])

    @property
    def required(self) -> float:
        """What the venue asks for."""
        left = self.result.initial if self.level == "initial" else self.result.maintenance
        return self.result.value - left

    def table(self, shape: Layout, **options: bool) -> PortfolioTable:
        """The rows."""
        return portfolio_table(self.market, self.level, shape, **options)

    def account(self, table: PortfolioTable) -> PortfolioPositions:
        """The positions over them."""
        return portfolio_positions(self.case, table)

    def report(self, table: PortfolioTable) -> MarginReport:
        """What the exact engine says."""
        account = self.account(table)
        return evaluate(account.positions, account.cash, table.rows, layout=table.layout)

    def over(self, table: PortfolioTable) -> tuple[float, float]:
        """By how much the table asks for more, and the rounding bound, in quote units."""
        bound = float(self.account(table).tolerance(table.rows)) + 1e-9 * max(1.0, abs(self.required))
        return float(Fraction(self.report(table).requirement, MONEY)) - self.required, bound


def samples(
    seed: str, count: int, level: Level, shape: Layout = EXACT, *, cells: int = 4, slots: int = 32
) -> Iterator[tuple[list[tuple[int, int]], int, Mapping[int, Row], Layout]]:
    """Positions, cash, rows and layout of accounts that fit a rung, with cash at what the claim needs."""
    rng = random.Random(seed)
    limit = cells if shape is EXACT else min(cells, 3)
    for _ in range(count):
        case, shocks = random_case(rng, expiries=limit, lines=slots - 6)
        book = Book(case, shocks, level)
        table = book.table(shape)
        account = book.account(table)
        needed = -evaluate(account.positions, account.cash, table.rows, layout=shape).excess
        yield list(account.positions), account.cash + needed, table.rows, shape


def document_of(case: Mapping[str, Any], shocks: list[list[Any]]) -> dict[str, Any]:
    """The input file of a case's market, as JSON."""
    book, start = case["portfolio"], 1_790_000_000

    def text(value: float) -> str:
        return f"{Decimal(str(value)):f}".removesuffix(".0")

    expiries = []
    for feed in book["feeds"]:
        seconds = feed["FeedExpiry"]
        options = [
            {
                "strike": text(each["strike"]),
                "option_type": "call" if each["is_call"] else "put",
                "volatility": text(each["mark_vol"]),
            }
            for each in book["options"]
            if each["sec_to_expiry"] == seconds
        ]
        confidences = ("ForwardConfidence", "RateConfidence", "OptionVolConfidences")
        if options:
            expiries.append(
                {
                    "expiry": start + seconds,
                    "forward": text(feed["Forward"]),
                    "rate": text(feed["Rate"]),
                    "confidence": text(min(feed[name] for name in confidences)),
                    "options": options,
                }
            )
    made: dict[str, Any] = {
        "schema": "zksolvency/derive-portfolio-input/1",
        "name": "random", "venue": "derive", "quote": "USDC", "period": "2026",
        "epoch": 1, "time": start, "valid_until": start + 600,
        "underlying": "ETH", "spot": text(book["spot"]), "spot_confidence": text(book["spot_conf"]),
        "stable": text(book["stable"]),
        "parameters": {
            group: {name: text(value) for name, value in named.items()}
            for group, named in case["params"].items()
        },
        "scenarios": [
            {"spot": text(spot), "volatility": kind, "dampening": text(factor)}
            for spot, kind, factor in shocks
        ],
        "expiries": expiries,
        "collaterals": [
            {
                "name": f"C{place}", "price": text(each["price"]), "confidence": text(each["conf"]),
                "risk_cancelling": each["risk_cancelling"], "initial_haircut": text(each["im_haircut"]),
                "maintenance_haircut": text(each["mm_haircut"]),
            }
            for place, each in enumerate(book["collaterals"])
        ],
    }  # fmt: skip
    if book["perps"]:
        made["perpetual"] = {"price": text(book["perp_price"]), "confidence": text(book["perp_conf"])}
    return made
