"""Synthetix v3: profit, available margin, initial and maintenance margin of accounts over several markets.

A market's table is a skew curve by chords up to ten times its skew scale. Available margin is equity (less
is against the account); the margins are the requirement at each level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from prover.venues.synthetix import initial, profit
from verifier.errors import FormatError
from verifier.market import Level

from .model import CaseResult, Figure, Kind, number
from .table import Carried, carry, decimal, point_market

__all__ = ["NAME", "recognises", "run"]

NAME = "Synthetix v3"

_LARGEST = 10  # times the skew scale
_LEVELS: tuple[tuple[str, Level], ...] = (("IM", "initial"), ("MM", "maintenance"))


def recognises(document: Mapping[str, Any]) -> bool:
    """Cases of markets with a ``skew_scale``."""
    cases = document.get("cases", ())
    return any("skew_scale" in each for case in cases for each in case.get("markets", {}).values())


def run(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """Every case."""
    for case in document["cases"]:
        yield CaseResult(case["name"], tuple(_figures(case)))


def _figures(case: Mapping[str, Any]) -> Iterator[Figure]:
    markets = case["markets"]
    held = {name: number(each["size"], "size") for name, each in markets.items()}
    prices = {name: number(case["prices"][name], "prices") for name in markets}
    fills = {name: number(each["fill_price"], "fill_price") for name, each in markets.items()}
    profits = {name: profit(held[name], prices[name], fills[name]) for name in markets}
    collateral = number(case["collateral_usd"], "collateral_usd")
    stated = {**case.get("derived_not_upstream", {}), **case["expected"]}
    for name, expected in stated.get("pnl", {}).items():
        yield _figure(
            f"pnl {name}", expected, profits[name], _equity(case, name, -held[name] * fills[name]), "value"
        )
    cash = collateral - sum((held[name] * fills[name] for name in markets), Fraction(0))
    if "available_margin" in stated:
        engine = collateral + sum(profits.values(), Fraction(0))
        yield _figure(
            "available margin", stated["available_margin"], engine, _equity(case, None, cash), "value"
        )
    for name, level in _LEVELS:
        if name in stated:
            due = sum(
                (_due(each, level, held[key], prices[key]) for key, each in markets.items()), Fraction(0)
            )
            yield _figure(name, stated[name], due, _carried(case, None, level, cash), "requirement")


def _due(each: Mapping[str, Any], level: Level, size: Fraction, price: Fraction) -> Fraction:
    whole = initial(
        size,
        price,
        skew_scale=number(each["skew_scale"], "skew_scale"),
        fraction=number(each["initial_margin_fraction"], "initial_margin_fraction"),
        minimum=number(each["min_initial_margin_ratio"], "min_initial_margin_ratio"),
    )
    return whole if level == "initial" else whole * number(each["maintenance_scalar"], "maintenance_scalar")


def _equity(case: Mapping[str, Any], only: str | None, cash: Fraction) -> Carried | str:
    return _carried(case, only, "initial", cash)


def _carried(case: Mapping[str, Any], only: str | None, level: Level, cash: Fraction) -> Carried | str:
    """Through the table, of one market or all; the reason where it cannot be."""
    names = [only] if only is not None else list(case["markets"])
    prices = {name: number(case["prices"][name]) for name in names}
    sizes = {name: number(case["markets"][name]["size"]) for name in names}
    try:
        instruments = [_perpetual(name, case["markets"][name]) for name in names]
        return carry(point_market(prices, instruments, sizes), level, sizes, cash)
    except FormatError as error:
        return f"{error.field} {error.problem}"


def _perpetual(name: str, each: Mapping[str, Any]) -> dict[str, Any]:
    scale = number(each["skew_scale"])
    return {
        "kind": "perpetual",
        "underlying": name,
        "skew": {
            "scale": decimal(scale),
            "fraction": decimal(number(each["initial_margin_fraction"])),
            "minimum_ratio": decimal(number(each["min_initial_margin_ratio"])),
            "maintenance_share": decimal(number(each["maintenance_scalar"])),
            "largest_size": decimal(scale * _LARGEST),
        },
    }


def _figure(name: str, expected: object, engine: Fraction, found: Carried | str, kind: Kind) -> Figure:
    wanted = number(expected, name)
    if isinstance(found, str):
        return Figure(name, wanted, engine, None, unsupported=found, kind=kind)
    table = found.requirement if kind == "requirement" else found.equity
    return Figure(name, wanted, engine, table, found.tolerance, kind=kind)
