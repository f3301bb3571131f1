"""GMX v2: whether positions are liquidated, what remains of them and what they must keep.

The least collateral is a share of the size at entry, which no price moves: a line of its own, one unit a
dollar. What a liquidation returns is the equity in units of the collateral. A verdict is taken with the
table's rounding bound added to the cash, so that an account exactly at its requirement passes, as on chain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prover.tables.lots import choose_lot
from prover.venues.gmx import MINIMUM_USD, least_collateral, liquidatable, remaining
from verifier.errors import FormatError
from verifier.numbers import parse_decimal

from .model import CaseResult, Figure, Kind, number
from .table import Carried, carry, decimal, point_market

__all__ = ["NAME", "recognises", "run"]

NAME = "GMX v2"

_LOTS = 10**8


def recognises(document: Mapping[str, Any]) -> bool:
    """Cases with ``min_collateral_factor``."""
    return any("min_collateral_factor" in each for each in document.get("cases", ()))


@dataclass(frozen=True)
class _Case:
    collateral: Fraction
    collateral_price: Fraction
    size_usd: Fraction
    entry: Fraction
    price: Fraction
    factor: Fraction
    is_long: bool

    @classmethod
    def of(cls, case: Mapping[str, Any]) -> _Case:
        return cls(
            collateral=number(case["collateral_amount"], "collateral_amount"),
            collateral_price=number(case["collateral_price"], "collateral_price"),
            size_usd=number(case["size_usd"], "size_usd"),
            entry=number(case["entry_price"], "entry_price"),
            price=number(case["index_price"], "index_price"),
            factor=number(case["min_collateral_factor"], "min_collateral_factor"),
            is_long=bool(case["is_long"]),
        )


def run(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """Every case."""
    for given in document["cases"]:
        yield CaseResult(given["case"], tuple(_figures(given)))


def _figures(given: Mapping[str, Any]) -> Iterator[Figure]:
    case = _Case.of(given)
    left = remaining(
        collateral=case.collateral,
        collateral_price=case.collateral_price,
        size_usd=case.size_usd,
        entry=case.entry,
        price=case.price,
        is_long=case.is_long,
    )
    least = least_collateral(case.size_usd, case.factor)
    found = _carried(case, Fraction(0))
    passes: bool | None = None
    if isinstance(found, Carried):
        again = _carried(case, found.tolerance)
        passes = again.passes if isinstance(again, Carried) else None
    reason = found if isinstance(found, str) else None
    expected = not given["expected_liquidatable"]
    yield Figure("passes", expected, not liquidatable(left, least), passes, unsupported=reason, kind="passes")
    stated = given.get("independent", {})
    if "remaining_usd" in stated:
        yield _figure("remaining", stated["remaining_usd"], left, found, "value")
    if "min_for_leverage" in stated:
        yield _figure("least collateral", stated["min_for_leverage"], least, found, "requirement")
    if given.get("expected_collateral_returned") is not None:
        price = case.collateral_price
        yield _figure(
            "returned",
            given["expected_collateral_returned"],
            max(Fraction(0), left) / price,
            found,
            "value",
            price,
        )


def _figure(
    name: str,
    stated: object,
    engine: Fraction,
    found: Carried | str,
    kind: Kind,
    unit: Fraction = Fraction(1),
) -> Figure:
    wanted = number(stated, name)
    if isinstance(found, str):
        return Figure(name, wanted, engine, None, unsupported=found, kind=kind)
    table = found.requirement if kind == "requirement" else found.equity
    return Figure(name, wanted, engine, table / unit, found.tolerance / unit, kind=kind)


def _carried(case: _Case, more: Fraction) -> Carried | str:
    """Through the table: the tokens, the collateral and the size at entry, in three groups."""
    sign = 1 if case.is_long else -1
    try:
        lot = parse_decimal(choose_lot(decimal(case.price)))
        # A number of tokens that is off the grid rounds against the holder.
        exact = sign * case.size_usd / case.entry / lot * _LOTS
        tokens = (exact.numerator // exact.denominator) * lot / _LOTS
        held = {"index": tokens, "collateral": case.collateral, "size": case.size_usd}
        free = [{"notional_floor": "0", "maintenance_rate": "0"}]
        factor = [{"notional_floor": "0", "maintenance_rate": decimal(case.factor)}]
        weight = [{"value_floor": "0", "maintenance_weight": "1"}]
        market = point_market(
            {"index": case.price, "collateral": case.collateral_price, "size": Fraction(1)},
            [
                {"kind": "perpetual", "underlying": "index", "tiers": free, "lot": decimal(lot)},
                {"kind": "deposit", "underlying": "collateral", "collateral": weight},
                {
                    "kind": "aggregate",
                    "underlying": "size",
                    "tiers": factor,
                    "minimum_charge": decimal(MINIMUM_USD),
                },
            ],
            held,
        )
        found = carry(market, "maintenance", held, more - sign * case.size_usd)
    except FormatError as error:
        return f"{error.field} {error.problem}"
    grid = case.price * lot / _LOTS if exact.denominator != 1 else Fraction(0)
    return Carried(found.equity, found.requirement, found.passes, found.tolerance + grid)
