"""Derive's standard manager: initial and maintenance margin and mark to market of accounts.

The file's IM and MM are net margins (what is left); here they are requirements: mark to market minus net
margin, with the file's mark to market where it states one and the engine's elsewhere. The table's requirement
is that mark to market minus the excess that the integer engine reports, so a wrong mark shows too. Its own
mark to market is its equity; a base asset's row has the haircut in its mark, so then there is none.

Figures that the file truncates toward zero are taken as the middle of what truncates to them, with half a
unit of tolerance. Others have the file's own relative tolerance.

A case is a market of its own that lists what the account holds, without bands. Rounding bound: three units
of 1e-6 quote a lot held (a node and a mark to nearest, a charge up, and the unit that pays for these).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prover.engine import evaluate
from prover.tables.derive_standard import StandardInput, option_id, standard_table, standard_universe
from prover.tables.lots import choose_lot
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
from verifier.circuits import Layout, scale
from verifier.circuits import layout as layout_named
from verifier.errors import FormatError
from verifier.market import Level
from verifier.numbers import parse_decimal

from .model import CaseResult, Figure, number
from .table import decimal

__all__ = ["NAME", "Book", "carry", "market_input", "portfolio", "recognises", "run"]

NAME = "Derive standard margin"

_LAYOUT = "s64-k1-d5-csi"
_VENUE = "derive"
_TIME = 1_700_000_000
_YEAR = 365 * 86_400
_MONEY = 10 ** (scale("value") + scale("size"))
_LOTS = 10 ** scale("size")
_ROUNDED = Fraction(3, 10 ** scale("value"))
_LEVELS: tuple[tuple[str, Level], ...] = (("IM", "initial"), ("MM", "maintenance"))

_Case = Mapping[str, Any]


@dataclass(frozen=True)
class Book:
    """A table of one level over an account.

    Attributes
    ----------
    equity, excess
        As the engine reports, quote units.
    tolerance
        Rounding bound, quote units.
    """

    equity: Fraction
    excess: Fraction
    tolerance: Fraction


def recognises(document: Mapping[str, Any]) -> bool:
    """Cases of markets with oracle confidences, and the standard manager's option parameters."""
    rules = document.get("option_margin_params", {})
    return "unpairedIMScale" in rules and "OCFactor" in document.get("oracle_contingency_params", {})


def run(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """The file's cases, then its portfolio cases."""
    for case in document.get("cases", ()):
        yield _stated(document, case)
    for case in document.get("portfolio_cases", ()):
        yield _truncated(document, case)


def _stated(document: _Case, case: _Case) -> CaseResult:
    expected = {name: Fraction(value) for name, value in case["expected"].items()}
    share = Fraction(1, 1000)
    engine = _engines(document, case)
    value = expected.get("MtM", Fraction(engine["initial"].mark_to_market))
    slack = {name: abs(each) * share for name, each in expected.items()}
    figures = _figures(document, case, engine, expected, value, slack)
    if "MtM" in expected:
        figures.append(_mark_to_market(document, case, engine["initial"], expected["MtM"], slack["MtM"]))
    return CaseResult(case["name"], tuple(figures))


def _truncated(document: _Case, case: _Case) -> CaseResult:
    half = Fraction(1, 2)
    expected, slack = {}, {}
    for name, value in case["expected_truncated_toward_zero"].items():
        # Zero is what is left of all between −1 and 1.
        expected[name] = Fraction(value) + (half if value > 0 else -half if value < 0 else 0)
        slack[name] = half if value else Fraction(1)
    engine = _engines(document, case)
    value = Fraction(engine["initial"].mark_to_market)
    return CaseResult(case["name"], tuple(_figures(document, case, engine, expected, value, slack)))


def _engines(document: _Case, case: _Case) -> dict[Level, NetMargin]:
    account = portfolio(document, case)
    return {level: net_margin(account, level == "initial") for _, level in _LEVELS}


def _figures(
    document: _Case,
    case: _Case,
    engine: Mapping[Level, NetMargin],
    expected: Mapping[str, Fraction],
    value: Fraction,
    slack: Mapping[str, Fraction],
) -> list[Figure]:
    figures = []
    for name, level in _LEVELS:
        if name not in expected:
            continue
        due, engine_due = value - expected[name], value - Fraction(engine[level].margin)
        try:
            book = carry(document, case, level)
        except FormatError as error:
            reason = f"{error.field} {error.problem}"
            figures.append(
                Figure(name, due, engine_due, None, unsupported=reason, file_tolerance=slack[name])
            )
            continue
        figures.append(
            Figure(name, due, engine_due, value - book.excess, book.tolerance, file_tolerance=slack[name])
        )
    return figures


def _mark_to_market(
    document: _Case, case: _Case, engine: NetMargin, expected: Fraction, slack: Fraction
) -> Figure:
    table, tolerance = None, Fraction(0)
    if not any(market["base"] for market in case["markets"]):
        try:
            book = carry(document, case, "maintenance")
            table, tolerance = book.equity, book.tolerance
        except FormatError:
            pass  # The requirements say why.
    return Figure(
        "MtM", expected, engine.mark_to_market, table, tolerance, kind="value", file_tolerance=slack
    )


def portfolio(document: _Case, case: _Case) -> Portfolio:
    """A case as the float engine takes it."""
    option, oracle, params = _rules(document, case)
    return Portfolio(
        cash=params["cash"],
        stable=params["stable"],
        depeg=DepegRules(*params["depeg"]),
        markets=tuple(
            Market(
                spot=market["spot"],
                spot_confidence=market["spotConf"],
                option_rules=OptionRules(
                    max_spot=option["maxSpotReq"],
                    min_spot=option["minSpotReq"],
                    maintenance_call=option["mmCallSpotReq"],
                    maintenance_put=option["mmPutSpotReq"],
                    maintenance_put_mark=option["MMPutMtMReq"],
                    unpaired_initial=option["unpairedIMScale"],
                    unpaired_maintenance=option["unpairedMMScale"],
                    offset=option["mmOffsetScale"],
                ),
                perp_rules=PerpRules(params["perpIM"], params["perpMM"]),
                base_rules=BaseRules(params["baseMF"], params["baseIMS"]),
                contingency=Contingency(
                    oracle["optionThreshold"],
                    oracle["perpThreshold"],
                    oracle["baseThreshold"],
                    oracle["OCFactor"],
                ),
                perp_price=market["perpPrice"],
                perp_confidence=market["perpConf"],
                perp_size=market["perp"],
                perp_profit=market["pnl"],
                base_size=market["base"],
                expiries=tuple(
                    Expiry(
                        years=time / _YEAR,
                        forward=held[0]["F"],
                        confidence=_confidence(held),
                        options=tuple(
                            Option(each["K"], each["call"], each["q"], each["vol"]) for each in held
                        ),
                    )
                    for time, held in _expiries(market).items()
                ),
            )
            for market in case["markets"]
        ),
    )


def _rules(document: _Case, case: _Case) -> tuple[_Case, _Case, _Case]:
    """Option and oracle parameters, a case's own before the file's, and the case's others."""
    return (
        case.get("option_margin_params", document["option_margin_params"]),
        case.get("oracle_contingency_params", document["oracle_contingency_params"]),
        case["params"],
    )


def _confidence(held: Sequence[_Case]) -> float:
    """The least confidence of an expiry's forward and volatilities."""
    return float(min(min(each["vc"], each["fc"]) for each in held))


def _expiries(market: _Case) -> dict[int, list[dict[str, Any]]]:
    """Options by seconds to expiry; a contract listed twice is one position, as on chain."""
    found: dict[int, dict[tuple[Any, bool], dict[str, Any]]] = {}
    for option in market["options"]:
        lines = found.setdefault(option["T"], {})
        key = (number(option["K"]), bool(option["call"]))
        before = lines.get(key)
        lines[key] = {**option, "q": option["q"] + before["q"]} if before else dict(option)
    return {time: list(lines.values()) for time, lines in found.items()}


def market_input(document: _Case, case: _Case) -> StandardInput:
    """A case's market, without bands: what the account holds is listed.

    Raises
    ------
    FormatError
        When a number has no decimal, a price is not above zero or an option has expired.
    """
    option, oracle, params = _rules(document, case)
    names = {
        "max_spot": option["maxSpotReq"],
        "min_spot": option["minSpotReq"],
        "maintenance_call": option["mmCallSpotReq"],
        "maintenance_put": option["mmPutSpotReq"],
        "maintenance_put_mark": option["MMPutMtMReq"],
        "unpaired_initial": option["unpairedIMScale"],
        "unpaired_maintenance": option["unpairedMMScale"],
        "offset": option["mmOffsetScale"],
        "perp_initial": params["perpIM"],
        "perp_maintenance": params["perpMM"],
        "base_factor": params["baseMF"],
        "base_initial_scale": params["baseIMS"],
        "option_threshold": oracle["optionThreshold"],
        "perp_threshold": oracle["perpThreshold"],
        "base_threshold": oracle["baseThreshold"],
        "contingency_factor": oracle["OCFactor"],
    }
    rules = {name: _text(value) for name, value in names.items()}
    if any(option["T"] <= 0 for market in case["markets"] for option in market["options"]):
        raise FormatError("options", "have expired, and an expired option is cash")
    return StandardInput.parse(
        {
            "schema": StandardInput.SCHEMA,
            "name": "conformance",
            "venue": _VENUE,
            "quote": "USDC",
            "period": "1",
            "epoch": 1,
            "time": _TIME,
            "valid_until": _TIME,
            "band": "0",
            "stable": _text(params["stable"]),
            "depeg_threshold": _text(params["depeg"][0]),
            "depeg_factor": _text(params["depeg"][1]),
            "markets": [_market(market, rules) for market in case["markets"]],
        }
    )


def _market(market: _Case, rules: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": market["name"],
        "spot": _text(market["spot"]),
        "spot_confidence": _text(market["spotConf"]),
        "lot": _lot(market),
        "rules": rules,
        "base": bool(market["base"]),
        "expiries": [
            {
                "expiry": _TIME + time,
                "forward": _text(held[0]["F"]),
                "confidence": _text(_confidence(held)),
                "options": [
                    {
                        "strike": _text(each["K"]),
                        "option_type": "call" if each["call"] else "put",
                        "volatility": _text(each["vol"]),
                    }
                    for each in held
                ],
            }
            for time, held in _expiries(market).items()
        ],
    }
    if market["perp"]:
        made["perp"] = {"price": _text(market["perpPrice"]), "confidence": _text(market["perpConf"])}
    return made


def _lot(market: _Case) -> str:
    """The usual lot, smaller where a held size asks for it."""
    sizes = [market["perp"], market["base"], *(option["q"] for option in market["options"])]
    finest = max((number(size).denominator for size in sizes), default=1)
    return choose_lot(_text(market["spot"]), decimal(Fraction(1, finest)))


def _text(value: float) -> str:
    return decimal(number(value))


def carry(
    document: _Case,
    case: _Case,
    level: Level,
    layout: Layout | None = None,
    given: StandardInput | None = None,
) -> Book:
    """Evaluate a case over the integer rows of a market.

    Parameters
    ----------
    layout
        Of the table; the rung's own when left out.
    given
        The market; the case's own when left out.

    Raises
    ------
    FormatError
        When the table cannot carry it.
    """
    shape = layout or layout_named(_LAYOUT)
    market = given or market_input(document, case)
    universe = standard_universe(market)
    rows = standard_table(market, level, shape, universe).rows
    sizes: dict[str, Fraction] = {}
    cash = number(case["params"]["cash"])
    for held in case["markets"]:
        name = f"{_VENUE}:{held['name']}"
        perp = number(held["perp"])
        if perp:
            sizes[f"{name}-PERP"] = perp
            # The table's perpetual is worth its price; what it has cost is folded into cash.
            cash += number(held["pnl"]) - perp * number(held["perpPrice"])
        sizes[name] = number(held["base"])
        for time, options in _expiries(held).items():
            for each in options:
                strike = _text(each["K"])
                line = option_id(_VENUE, held["name"], _TIME + time, strike, bool(each["call"]))
                sizes[line] = number(each["q"])
    book, slack = [], Fraction(2, _MONEY)
    for name, size in sizes.items():
        if size:
            index = universe.index_of(name)
            lots = size / parse_decimal(universe.instruments[index].lot)
            scaled = lots * _LOTS
            if scaled.denominator != 1:
                raise FormatError("size", "is finer than 1e-8 lot", value=decimal(size))
            book.append((index, scaled.numerator))
            slack += abs(lots) * _ROUNDED
    money = cash * _MONEY
    report = evaluate(sorted(book), money.numerator // money.denominator, rows, layout=shape)
    return Book(Fraction(report.equity, _MONEY), Fraction(report.excess, _MONEY), slack)
