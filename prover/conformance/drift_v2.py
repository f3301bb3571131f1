"""Drift v2: weights, profits, perpetual positions and accounts, as the chain's integers state them.

The engine is the chain's, in its units. Weights are compared in units of 1e-4: through the table, a weight
is what a deposit counts, or a debt costs, for its value; size curves go through chords, so a weight may be
above. Collateral and requirement: Drift counts every debt as a requirement, this table as negative equity,
so debts, and the quote that an open order would spend, are added to both. Open orders count at the side
that leaves less. A profit is a line of its own, one unit a quote unit, stated at the mark: no band carries
it. A holder's own least ratio is a table built with that ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

from prover.venues.drift import (
    OPEN_ORDER,
    PROFIT_CAP,
    WEIGHT,
    Perp,
    Spot,
    asset_weight,
    liability_weight,
    perp_margin,
    scaled_weight,
    spot_margin,
)
from verifier.errors import FormatError
from verifier.market import Level

from .model import CaseResult, Figure, Kind, integer, number
from .table import Carried, carry, decimal, point_market

__all__ = ["NAME", "recognises", "run"]

NAME = "Drift v2"

_BASE = 10**9
_QUOTE = 10**6
_IMF = 10**6
_MOST_DIGITS = 40
_LARGEST = 10**12  # units where size curves end
_LEVELLED = ("perp_margin", "sol_asset_w", "sol_liab_w")
_INPUTS = frozenset(
    [f"{name}_{suffix}" for name in _LEVELLED for suffix in ("init", "maint")]
    + ["type", "usdc", "sol", "sol_borrow", "sol_price", "price", "open_bids", "open_asks", "open_orders"]
    + ["perp_base", "perp_quote", "max_margin_ratio"]
)
_LEVELS: dict[str, Level | None] = {
    "Initial": "initial",
    "Fill": "maintenance",
    "Maintenance": "maintenance",
    "equity": None,
}
_PARTS = ("weights", "scaled_initial_asset_weight", "unrealized_pnl_weight", "perp_position")


def recognises(document: Mapping[str, Any]) -> bool:
    """Weights with ``imf``, positions with ``mr``, or accounts of ``usdc``."""
    names = {"imf_factor", "start_usd", "unrealized_pnl", "position"}
    parts = [each for part in _PARTS for each in document.get(part, ())]
    return any(names & set(each) for each in parts) or any(
        "usdc" in each.get("inputs", ()) for each in document.get("account", ())
    )


def run(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """The file's parts in order."""
    readers: tuple[tuple[str, Callable[[Mapping[str, Any]], Iterator[Figure]]], ...] = (
        ("weights", _weight),
        ("scaled_initial_asset_weight", _scaled),
        ("unrealized_pnl_weight", _profit_weight),
        ("perp_position", _perp),
        ("account", _account),
    )
    for part, figures in readers:
        for place, case in enumerate(document.get(part, ())):
            yield CaseResult(f"{part} {place + 1}", tuple(figures(case)))


# --- weights ---


def _weight(case: Mapping[str, Any]) -> Iterator[Figure]:
    asset = case["kind"] == "asset"
    rule = asset_weight if asset else liability_weight
    size, decimals = integer(case["size"], "size"), integer(case["decimals"], "decimals", _MOST_DIGITS)
    imf, weight = integer(case["imf_factor"], "imf_factor"), integer(case["weight"], "weight")
    engine = rule(size * _BASE // 10**decimals, imf, weight)
    units = Fraction(size, 10**decimals)
    yield _through(
        "weight",
        case["expected"],
        engine,
        lambda: _counted(units, weight, imf, asset=asset),
        "value" if asset else "requirement",
    )


def _scaled(case: Mapping[str, Any]) -> Iterator[Figure]:
    tokens, price, start = (number(case[name], name) for name in ("deposits_tokens", "price", "start_usd"))
    weight = integer(case["initial_weight"], "initial_weight")
    engine = scaled_weight(int(tokens * price * _QUOTE), int(start * _QUOTE), weight)

    def table() -> tuple[Fraction, Fraction]:
        made = _deposit("X", weight, 0)
        if start:
            made["deposits"] = {"amount": decimal(tokens), "start": decimal(start)}
        found = carry(point_market({"X": price}, [made]), "initial", {"X": Fraction(1)})
        return (found.equity - found.requirement) / price * WEIGHT, found.tolerance / price * WEIGHT

    yield _through("weight", case["expected"], engine, table, "value")


def _profit_weight(case: Mapping[str, Any]) -> Iterator[Figure]:
    pnl, imf, weight = (integer(case[name], name) for name in ("unrealized_pnl", "imf", "weight"))
    engine = asset_weight(pnl * 1000, imf, weight)
    profit = Fraction(pnl, _QUOTE)
    yield _through(
        "weight",
        case["expected"],
        engine,
        lambda: _counted(profit, weight, imf, asset=True),
        "value",
    )


def _counted(units: Fraction, weight: int, imf: int, *, asset: bool) -> tuple[Fraction, Fraction]:
    """(what the table counts for a token or debt of `units` at the price 1, bound), units of 1e-4.

    Two units of bound: the chain rounds a weight once or twice, the table goes the other way.
    """
    made = _deposit("X", weight, imf) if asset else _borrow("X", weight, imf)
    held = {"X": units if asset else -units}
    found = carry(point_market({"X": Fraction(1)}, [made], held), "initial", held)
    worth = abs(found.equity - found.requirement)
    return worth / units * WEIGHT, found.tolerance / units * WEIGHT + (2 if imf else 0)


def _deposit(name: str, weight: int, imf: int) -> dict[str, Any]:
    share = decimal(Fraction(weight, WEIGHT))
    tier = {"value_floor": "0", "maintenance_weight": share, "initial_weight": share}
    return {"kind": "deposit", "underlying": name, "collateral": [tier], **_root(imf)}


def _borrow(name: str, weight: int, imf: int) -> dict[str, Any]:
    return {"kind": "borrow", "underlying": name, "tiers": [_tier(weight - WEIGHT)], **_root(imf)}


def _tier(ratio: int) -> dict[str, str]:
    share = decimal(Fraction(ratio, WEIGHT))
    return {"notional_floor": "0", "initial_rate": share, "maintenance_rate": share}


def _root(imf: int) -> dict[str, Any]:
    if not imf:
        return {}
    return {"root": {"factor": decimal(Fraction(imf, _IMF)), "largest_size": str(_LARGEST)}}


def _through(
    name: str,
    expected: float,
    engine: int,
    table: Callable[[], tuple[Fraction, Fraction]],
    kind: Kind,
) -> Figure:
    number(expected, name)
    try:
        found, slack = table()
    except FormatError as error:
        return Figure(name, expected, engine, None, unsupported=f"{error.field} {error.problem}", kind=kind)
    return Figure(name, expected, engine, found, slack, kind=kind)


# --- a perpetual ---


def _perp(case: Mapping[str, Any]) -> Iterator[Figure]:
    given, expected = case["position"], case["expected"]
    position = Perp(
        base=integer(given["base"], "base"),
        quote=integer(given["quote"], "quote"),
        price=integer(given["price"], "price"),
        ratio=integer(given["mr"], "mr"),
        imf=integer(given.get("imf", 0), "imf"),
        profit_weight=integer(given.get("uaw", WEIGHT), "uaw"),
        profit_imf=integer(given.get("uimf", 0), "uimf"),
        prediction=bool(given.get("pred", False)),
    )
    initial = "maint" not in str(case.get("path", "")).lower()
    due, counted, profit = perp_margin(position, initial=initial)
    base, price = Fraction(position.base, _BASE), Fraction(position.price, _QUOTE)

    def requirement() -> tuple[Fraction, Fraction]:
        found = _perp_table(position, base, price)
        notional = abs(base) * price
        bound = (
            found.tolerance + Fraction(2, _QUOTE) + (notional * Fraction(2, WEIGHT) if position.imf else 0)
        )
        return found.requirement * _QUOTE, bound * _QUOTE

    if expected.get("margin_requirement") is not None:
        yield _through("requirement", expected["margin_requirement"], due, requirement, "requirement")
    if expected.get("weighted_pnl") is not None:
        yield _through(
            "counted profit",
            expected["weighted_pnl"],
            counted,
            lambda: _profit(position, Fraction(profit, _QUOTE), capped=initial),
            "value",
        )
    if expected.get("raw_pnl") is not None:

        def raw() -> tuple[Fraction, Fraction]:
            found = _perp_table(position, base, price)
            return found.equity * _QUOTE, found.tolerance * _QUOTE + 1

        yield _through("profit", expected["raw_pnl"], profit, raw, "value")


def _perp_table(position: Perp, base: Fraction, price: Fraction) -> Carried:
    made: dict[str, Any] = {"kind": "perpetual", "underlying": "X", "tiers": [_tier(position.ratio)]}
    made |= {"prediction": True} if position.prediction else _root(position.imf)
    held = {"X": base}
    return carry(point_market({"X": price}, [made], held), "initial", held, Fraction(position.quote, _QUOTE))


def _profit(position: Perp, profit: Fraction, *, capped: bool) -> tuple[Fraction, Fraction]:
    """(what a profit counts, bound) as a deposit of quote units; a loss counts in full. In 1e-6 quote.

    The initial level caps it, and lowers its weight by its size.
    """
    if profit <= 0:
        return profit * _QUOTE, Fraction(1)
    weight, cap = position.profit_weight, Fraction(PROFIT_CAP, _QUOTE)
    if not weight:
        return Fraction(0), Fraction(0)
    share = Fraction(weight, WEIGHT)
    # The cap in full units of 1e-6, from below.
    floor = Fraction(int(cap / share * _QUOTE), _QUOTE)
    if not capped:
        made = _deposit("X", weight, 0)
        found = carry(point_market({"X": Fraction(1)}, [made], {"X": profit}), "initial", {"X": profit})
        return (found.equity - found.requirement) * _QUOTE, found.tolerance * _QUOTE + 2
    if position.profit_imf and asset_weight(int(floor * _BASE), position.profit_imf, weight) < weight:
        raise FormatError("profit", "has a weight that falls below the cap: two curves in one row")
    tiers = [
        {"value_floor": decimal(at), "maintenance_weight": decimal(each), "initial_weight": decimal(each)}
        for at, each in ((Fraction(0), share), (floor, Fraction(0)))
    ]
    made = {"kind": "deposit", "underlying": "X", "collateral": tiers}
    held = {"X": profit}
    found = carry(point_market({"X": Fraction(1)}, [made], held), "initial", held)
    return (found.equity - found.requirement) * _QUOTE, found.tolerance * _QUOTE + 2


# --- accounts ---


@dataclass(frozen=True)
class _Inputs:
    """An account's inputs, in whole units; weights and ratios in 1e-4."""

    level: Level | None
    cash: Fraction
    tokens: Fraction
    price: Fraction
    asset: int
    liability: int
    bids: Fraction
    asks: Fraction
    orders: int
    base: Fraction
    quote: Fraction
    ratio: int
    custom: int

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> _Inputs:
        unknown = sorted(set(given) - _INPUTS)
        if unknown:
            raise FormatError("inputs", f"have a member {unknown[0]!r} that this engine does not know")
        kind = given["type"]
        if kind not in _LEVELS:
            raise FormatError("inputs.type", "is no margin type", value=kind, mend=", ".join(_LEVELS))
        level = _LEVELS[kind]

        def amount(name: str) -> Fraction:
            return number(given.get(name, 0), name)

        def ratio(name: str, whole: int) -> int:
            if level is None:
                return whole
            found = [integer(given.get(f"{name}_{suffix}", whole), name) for suffix in ("init", "maint")]
            # A fill is margined half way between the two levels.
            return {"Initial": found[0], "Maintenance": found[1], "Fill": sum(found) // 2}[kind]

        price = amount("sol_price" if "sol_price" in given else "price")
        base = amount("perp_base")
        return cls(
            level=level,
            cash=amount("usdc"),
            tokens=amount("sol") - amount("sol_borrow"),
            price=price,
            asset=ratio("sol_asset_w", WEIGHT),
            liability=ratio("sol_liab_w", WEIGHT),
            bids=amount("open_bids"),
            asks=amount("open_asks"),
            orders=integer(given.get("open_orders", 0), "open_orders"),
            base=base,
            quote=amount("perp_quote"),
            ratio=ratio("perp_margin", 0) if level else 0,
            custom=integer(given.get("max_margin_ratio", 0), "max_margin_ratio") if level == "initial" else 0,
        )


def _account(case: Mapping[str, Any]) -> Iterator[Figure]:
    expected = case["expected"]
    names: tuple[tuple[str, str, Kind], ...] = (
        ("collateral", "total_collateral", "value"),
        ("requirement", "margin_requirement", "requirement"),
    )
    try:
        inputs = _Inputs.of(case["inputs"])
    except FormatError as error:
        for name, key, kind in names:
            if expected.get(key) is not None:
                yield Figure(
                    name, expected[key], None, None, unsupported=f"{error.field} {error.problem}", kind=kind
                )
        return
    engine = _account_engine(inputs)
    for place, (name, key, kind) in enumerate(names):
        if expected.get(key) is not None:
            yield _through(name, expected[key], engine[place], partial(_account_table, inputs, place), kind)


def _account_engine(inputs: _Inputs) -> tuple[int, int]:
    """(collateral, requirement), 1e-6 quote, as on chain."""
    cash = int(inputs.cash * _QUOTE)
    spot = Spot(
        tokens=int(inputs.tokens * _BASE),
        price=int(inputs.price * _QUOTE),
        asset=inputs.asset,
        liability=inputs.liability,
        bids=int(inputs.bids * _BASE),
        asks=int(inputs.asks * _BASE),
        custom_ratio=inputs.custom,
    )
    perp = Perp(
        base=int(inputs.base * _BASE),
        quote=int(inputs.quote * _QUOTE),
        price=int(inputs.price * _QUOTE),
        ratio=inputs.ratio,
        custom_ratio=inputs.custom if inputs.base else 0,
    )
    collateral, due = spot_margin(spot)
    if inputs.level is None:
        # Equity: debts count against it.
        collateral, due = int(inputs.tokens * inputs.price * _QUOTE), 0
        return cash + collateral + perp_margin(perp, initial=False)[2], due
    charged, counted, _ = perp_margin(perp, initial=inputs.level == "initial")
    collateral += max(0, cash) + counted
    return collateral, due + charged + max(0, -cash) + inputs.orders * OPEN_ORDER


def _account_table(inputs: _Inputs, place: int) -> tuple[Fraction, Fraction]:
    """(collateral or requirement, bound), 1e-6 quote, at the side of open orders that leaves less."""
    sides = [_side(inputs, orders) for orders in (inputs.asks, inputs.bids)]
    worst = min(sides, key=lambda side: side[0] - side[1])
    return worst[place] * _QUOTE, worst[2] * _QUOTE + 2


def _side(inputs: _Inputs, orders: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """(collateral, requirement, bound) with debts added to both, quote units."""
    coins, price, level = inputs.tokens + orders, inputs.price, inputs.level or "maintenance"
    made: list[dict[str, Any]] = []
    held: dict[str, Fraction] = {}
    prices: dict[str, Fraction] = {}
    cash = inputs.cash - orders * price + inputs.quote
    if coins:
        prices["token"], held["token"] = price, coins
        if coins > 0:
            made.append(_deposit("token", min(inputs.asset, WEIGHT - inputs.custom), 0))
        else:
            made.append(_borrow("token", max(inputs.liability, WEIGHT + inputs.custom), 0))
    if inputs.base:
        prices["perp"], held["perp"] = price, inputs.base
        tiers = [_tier(max(inputs.ratio, inputs.custom))]
        made.append({"kind": "perpetual", "underlying": "perp", "tiers": tiers})
        if inputs.level == "initial":
            # What a profit counts for is a line of the attestor's, so that its excess is no cash.
            cash -= max(Fraction(0), inputs.base * price + inputs.quote - Fraction(PROFIT_CAP, _QUOTE))
    if inputs.orders:
        prices["orders"], held["orders"] = Fraction(1), Fraction(1)
        fee = decimal(Fraction(inputs.orders * OPEN_ORDER, _QUOTE))
        made.append({"kind": "aggregate", "underlying": "orders", "tiers": [_tier(0)], "minimum_charge": fee})
    if not made:
        return max(Fraction(0), cash), max(Fraction(0), -cash), Fraction(0)
    found = carry(point_market(prices, made, held), level, held, cash)
    if inputs.level is None:
        return found.equity, found.requirement, found.tolerance
    debts = (
        max(Fraction(0), -coins * price) + max(Fraction(0), orders * price) + max(Fraction(0), -inputs.cash)
    )
    return found.equity + debts, found.requirement + debts, found.tolerance
