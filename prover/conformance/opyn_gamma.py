"""Opyn's Gamma protocol: spread vaults before and after expiry, and naked vaults.

A live spread's figures are its requirement (collateral less the file's signed net value) and whether there is
excess; an expired one's is what is left, a value. A naked vault's is its requirement, within the file's own
absolute tolerance, and again against the value that the file computed by itself, where it has one.

Every vault is a table of its own that lists its series. Rounding bound: a unit and a half of 1e-6 collateral
asset a lot held (a node to nearest, and the unit that pays for it), one unit for a charge that goes up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prover.engine import MarginReport, evaluate
from prover.tables.lots import choose_lot
from prover.tables.opyn import OpynInput, opyn_table, opyn_universe, series_id, settled_row
from prover.venues.opyn import Vault, expired_obligation, naked_requirement, spread_requirement
from verifier.circuits import Layout, scale
from verifier.circuits import layout as layout_named
from verifier.errors import FormatError
from verifier.numbers import parse_decimal

from .model import CaseResult, Figure, number
from .table import decimal

__all__ = ["NAME", "recognises", "run"]

NAME = "Opyn Gamma"

_LAYOUT = "s64-k1-d5-csi"
_TIME = 1_700_000_000
_WEEK = 7 * 86_400
_MONEY = 10 ** (scale("value") + scale("size"))
_LOTS = 10 ** scale("size")
_ROUNDED = Fraction(3, 2 * 10 ** scale("value"))
_COLLATERAL = {"put": "USDC", "call": "WETH"}
_DECIMALS = {"put": Fraction(1, 10**6), "call": Fraction(1, 10**18)}
"""The collateral's own smallest unit, to which the venue truncates."""

_Case = Mapping[str, Any]


@dataclass(frozen=True)
class _Carried:
    """A vault through the table; amounts in its collateral asset."""

    equity: Fraction
    requirement: Fraction
    excess: Fraction
    tolerance: Fraction


def recognises(document: Mapping[str, Any]) -> bool:
    """Spread vaults with a collateral unit, or naked ones with a spot shock."""
    spread, naked = document.get("spread", ()), document.get("naked", ())
    return any("collateral_unit" in each for each in spread) or any("spot_shock" in each for each in naked)


def run(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """Spread vaults, then naked ones."""
    for case in document.get("spread", ()):
        yield _spread(case)
    for case in document.get("naked", ()):
        yield _naked(case)


def _spread(case: _Case) -> CaseResult:
    kind, collateral = case["kind"], number(case["collateral"])
    net = number(case["expected_net"]) * (1 if case["expected_is_excess"] else -1)
    vault = Vault(
        call=kind == "call",
        short_amount=number(case["short_amount"]),
        short_strike=_strike(case["short_strike"]),
        long_amount=number(case["long_amount"]),
        long_strike=_strike(case["long_strike"]),
    )
    expired = case["state"] == "expired"
    if expired:
        left = collateral - expired_obligation(vault, number(case["spot_at_expiry"]))
    else:
        left = collateral - spread_requirement(vault)
    slack = _DECIMALS[kind]
    try:
        if case["collateral_unit"] != _COLLATERAL[kind]:
            raise FormatError("collateral_unit", "is not the asset that such a vault is settled in")
        found = _settled(vault, case, collateral) if expired else _live(vault, collateral)
    except FormatError as error:
        reason = f"{error.field} {error.problem}"
        return CaseResult(
            case["case"],
            (Figure("net", net, left, None, unsupported=reason, kind="value", file_tolerance=slack),),
        )
    if expired:
        figure = Figure("net", net, left, found.excess, found.tolerance, kind="value", file_tolerance=slack)
    else:
        due, needs = collateral - net, collateral - left
        figure = Figure("required", due, needs, found.requirement, found.tolerance, file_tolerance=slack)
    verdict = Figure("excess", bool(case["expected_is_excess"]), left >= 0, found.excess >= 0, kind="passes")
    return CaseResult(case["case"], (figure, verdict))


def _strike(value: object) -> Fraction:
    return Fraction(0) if value is None else number(value)


def _held(vault: Vault) -> list[tuple[Fraction, Fraction]]:
    """(strike, signed amount) of what the vault holds."""
    legs = ((vault.short_strike, -vault.short_amount), (vault.long_strike, vault.long_amount))
    held: dict[Fraction, Fraction] = {}
    for strike, amount in legs:
        if amount:
            # The venue takes no vault that is short and long one series; two legs of one strike are a net.
            held[strike] = held.get(strike, Fraction(0)) + amount
    return [(strike, amount) for strike, amount in held.items() if amount]


def _input(held: list[tuple[Fraction, Fraction]], call: bool, **more: Any) -> OpynInput:
    price = "1" if call else decimal(min(strike for strike, _ in held))
    finest = max(amount.denominator for _, amount in held)
    return OpynInput.parse(
        {
            "schema": OpynInput.SCHEMA,
            "name": "conformance",
            "venue": "opyn",
            "quote": _COLLATERAL["call" if call else "put"],
            "period": "1",
            "epoch": 1,
            "time": _TIME,
            "valid_until": _TIME,
            "underlying": "WETH",
            "option_type": "call" if call else "put",
            "lot": choose_lot(price, decimal(Fraction(1, finest))),
            "series": [{"expiry": _TIME + _WEEK, "strike": decimal(strike)} for strike, _ in held],
            **more,
        }
    )


def _live(vault: Vault, collateral: Fraction) -> _Carried:
    return _through_table(_held(vault), vault.call, collateral)


def _through_table(
    held: list[tuple[Fraction, Fraction]], call: bool, collateral: Fraction, **more: Any
) -> _Carried:
    if not held:
        return _Carried(collateral, Fraction(0), collateral, Fraction(0))
    given, shape = _input(held, call, **more), layout_named(_LAYOUT)
    universe = opyn_universe(given)
    rows = opyn_table(given, shape, universe).rows
    sizes = [
        (universe.index_of(series_id(given, series)), amount)
        for series, (_, amount) in zip(given.series, held, strict=True)
    ]
    return _evaluated(sizes, rows, parse_decimal(given.lot or "1"), collateral, shape)


def _settled(vault: Vault, case: _Case, collateral: Fraction) -> _Carried:
    held, shape = _held(vault), layout_named(_LAYOUT)
    if not held:
        return _Carried(collateral, Fraction(0), collateral, Fraction(0))
    given, spot = _input(held, vault.call), number(case["spot_at_expiry"])
    rows = {place: settled_row(given, series, spot, shape, 1) for place, series in enumerate(given.series)}
    sizes = [(place, amount) for place, (_, amount) in enumerate(held)]
    return _evaluated(sizes, rows, parse_decimal(given.lot or "1"), collateral, shape)


def _evaluated(
    sizes: list[tuple[int, Fraction]],
    rows: Mapping[int, Any],
    lot: Fraction,
    collateral: Fraction,
    shape: Layout,
) -> _Carried:
    book, slack = [], Fraction(1, _MONEY)
    for index, amount in sizes:
        scaled = amount / lot * _LOTS
        if scaled.denominator != 1:
            raise FormatError("amount", "is finer than 1e-8 lot", value=decimal(amount))
        book.append((index, scaled.numerator))
        slack += abs(amount / lot) * _ROUNDED
    money = collateral * _MONEY
    report: MarginReport = evaluate(sorted(book), money.numerator // money.denominator, rows, layout=shape)
    return _Carried(
        equity=Fraction(report.equity, _MONEY),
        requirement=Fraction(report.requirement, _MONEY),
        excess=Fraction(report.excess, _MONEY),
        tolerance=slack,
    )


def _naked(case: _Case) -> CaseResult:
    call, amount, strike = not case["is_put"], number(case["amount"]), number(case["strike"])
    spot, bound, shock = (number(case[name]) for name in ("spot", "upper_bound", "spot_shock"))
    due = naked_requirement(call, amount, strike, spot, bound, shock)
    more = {
        "spot": decimal(spot),
        "band": "0",
        "shock": decimal(shock),
        "bounds": [{"seconds": _WEEK, "bound": decimal(bound)}],
    }
    table: Fraction | None = None
    tolerance, reason = Fraction(0), None
    try:
        found = _through_table([(strike, -amount)], call, Fraction(0), naked=more)
        table, tolerance = found.requirement, found.tolerance
    except FormatError as error:
        reason = f"{error.field} {error.problem}"
    slack = number(case.get("abs_tolerance", 0))
    figures = [
        Figure("required", number(case["expected"]), due, table, tolerance, reason, file_tolerance=slack)
    ]
    if case.get("independent_value") is not None:
        own = number(case["independent_value"])
        figures.append(Figure("computed", own, due, table, tolerance, reason))
    return CaseResult(case["case"], tuple(figures))
