"""Derive's portfolio manager: initial and maintenance margin of published portfolios, every figure of each.

A file has ``scenario_sets`` and cases with ``portfolio``, ``params``, ``scenario_set`` and ``expected``. IM
and MM are what is left above the margin; they are compared as requirements, the mark to market less the
figure. The table's is over rows of the case's own instruments and feeds, on the layout with one-sided nodes:
exact but for rounding, and for what `prover.tables.derive_portfolio` names. Naked shorts are stated on their
line, as an attestor would.

Scenarios, basis contingency, values and discounts are the rule engine's alone: a table has them times the
loss factor, in nodes, and through IM and MM they are compared.

Tolerances: the files hold binary doubles and differences of large numbers, so a figure of theirs is good to
some 1e-14 of the portfolio's gross value. A table rounds a mark, a node and an addon to 1e-6 a lot, and a
size to 1e-8 lot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from verifier.circuits import layout, scale
from verifier.errors import FormatError
from verifier.market import Level
from verifier.numbers import round_nearest
from verifier.rows import Row

from ..engine import evaluate
from ..tables.derive_portfolio import PortfolioTable, portfolio_table
from ..tables.derive_portfolio_inputs import (
    PortfolioCollateral,
    PortfolioExpiry,
    PortfolioMarket,
    PortfolioOption,
    PortfolioScenario,
)
from ..venues.derive_portfolio import Result, Scenario, from_case
from ..venues.derive_portfolio import evaluate as by_rules
from .model import CaseResult, Figure, number

__all__ = ["NAME", "PortfolioPositions", "market_of", "portfolio_positions", "recognises", "run"]

NAME = "derive-portfolio"
_LAYOUT = "s36-k1-d5-sao"
_GROUPS = ("SkewShock", "VolShock", "Margin", "BasisContingency", "OtherContingency")
_DOUBLES = 1e-14
_UNIT = Fraction(1, 10 ** scale("value"))
_SIZE = Fraction(1, 10 ** scale("size"))
_MONEY = 10 ** scale("cash")
_ONE = Fraction(1)


@dataclass(frozen=True)
class PortfolioPositions:
    """An account over a table's rows.

    Attributes
    ----------
    positions
        (index, signed size in 1e-8 lot), by index.
    cash
        1e-14 quote; a perpetual's entry is folded into it.
    lots
        Exact sizes in lots, by index.
    """

    positions: tuple[tuple[int, int], ...]
    cash: int
    lots: Mapping[int, Fraction]

    def tolerance(self, rows: Mapping[int, Row]) -> Fraction:
        """By how much rounding may move a requirement, in quote units: sizes, and three units a lot."""
        bound = Fraction(0)
        for index, size in self.lots.items():
            row = rows[index]
            side = row.addon_long if size > 0 else row.addon_short
            steepest = max(abs(each) for each in (row.mark, *row.nodes, *row.alternatives)) + side
            bound += abs(size) * 3 * _UNIT + steepest * _UNIT * _SIZE
        return bound


def recognises(document: Mapping[str, Any]) -> bool:
    """A file with scenario sets and cases of the manager's parameters."""
    cases = document.get("cases")
    if not isinstance(document.get("scenario_sets"), list) or not isinstance(cases, list) or not cases:
        return False
    return all(name in cases[0].get("params", {}) for name in _GROUPS)


def run(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """Every case of the file, in its order."""
    sets = document["scenario_sets"]
    for case in document["cases"]:
        yield _case(case, sets[case["scenario_set"]])


def _case(case: Mapping[str, Any], scenarios: Sequence[Sequence[Any]]) -> CaseResult:
    portfolio, parameters = from_case(case)
    shocks = [Scenario(float(spot), str(kind), float(factor)) for spot, kind, factor in scenarios]
    result = by_rules(portfolio, parameters, shocks)
    expected = case["expected"]
    gross = sum(abs(each.amount) * max(each.strike, portfolio.spot) for each in portfolio.options)
    gross += abs(portfolio.cash) + abs(portfolio.perpetuals) * portfolio.spot + result.collateral_value
    slack = gross * _DOUBLES
    margins: tuple[tuple[str, Level, float], ...] = (
        ("IM", "initial", result.initial),
        ("MM", "maintenance", result.maintenance),
    )
    figures = []
    for name, level, found in margins:
        figures.append(_margin(case, scenarios, name, level, found, slack, result.value))
    figures += _others(expected, result, slack)
    return CaseResult(str(case.get("name", "")), tuple(figures))


def _margin(
    case: Mapping[str, Any],
    scenarios: Sequence[Sequence[Any]],
    name: str,
    level: Level,
    found: float,
    slack: float,
    value: float,
) -> Figure:
    """One margin as a requirement: what the account is worth less the figure."""
    worth = number(case["expected"]["mtm"], "expected.mtm")
    wanted = worth - number(case["expected"][name], f"expected.{name}")
    required = Fraction(value) - Fraction(found)
    # A requirement is a difference of two figures of the file, each good to its own last digits.
    slack = max(slack, 1e-9 * float(max(abs(worth), abs(wanted - worth))))
    try:
        market = market_of(case, scenarios)
        table = portfolio_table(market, level, layout(_LAYOUT))
        account = portfolio_positions(case, table)
        report = evaluate(account.positions, account.cash, table.rows, layout=table.layout)
    except FormatError as error:
        return Figure(name, wanted, required, None, unsupported=str(error), file_tolerance=slack)
    return Figure(
        name,
        wanted,
        required,
        Fraction(report.requirement, _MONEY),
        tolerance=account.tolerance(table.rows),
        file_tolerance=slack,
    )


def _others(expected: Mapping[str, Any], result: Result, slack: float) -> Iterator[Figure]:
    """Figures that only the rules have. The file writes the oracle's contingency as a loss."""
    plain = (
        ("basis_contingency", result.basis),
        ("mtm", result.value),
        ("option_mtm", result.option_value),
        ("collateral_mtm", result.collateral_value),
        ("oracle_cont", -result.oracle),
    )
    for name, found in plain:
        yield Figure(name, number(expected[name], name), found, None, kind="value", file_tolerance=slack)
    for name, wanted, computed in (
        ("scenario_pnl", expected["scenario_pnl"], result.scenarios),
        ("discounts", [each for pair in expected["discounts"] for each in pair], _flat(result.discounts)),
    ):
        if len(wanted) != len(computed):
            raise FormatError(f"expected.{name}", f"has {len(wanted)} entries of {len(computed)}")
        for place, (figure, found) in enumerate(zip(wanted, computed, strict=True)):
            yield Figure(
                f"{name}[{place}]",
                number(figure, name),
                found,
                None,
                kind="value",
                file_tolerance=slack if name == "scenario_pnl" else 0,
            )


def _flat(pairs: Sequence[tuple[float, float]]) -> list[float]:
    return [each for pair in pairs for each in pair]


def market_of(case: Mapping[str, Any], scenarios: Sequence[Sequence[Any]]) -> PortfolioMarket:
    """The market that lists what a case's portfolio holds, in exact decimals."""
    book = case["portfolio"]
    return PortfolioMarket(
        spot=number(book["spot"], "spot"),
        stable=number(book["stable"], "stable"),
        scenarios=tuple(
            PortfolioScenario(number(spot, "spot"), str(kind), number(factor, "dampening"))
            for spot, kind, factor in scenarios
        ),
        parameters={
            name: {key: number(each, key) for key, each in case["params"][name].items()} for name in _GROUPS
        },
        spot_confidence=number(book["spot_conf"], "spot_conf"),
        perpetual_price=number(book["perp_price"], "perp_price") if book["perps"] else None,
        perpetual_confidence=number(book["perp_conf"], "perp_conf") if book["perps"] else _ONE,
        expiries=tuple(_expiry(feed) for feed in book["feeds"]),
        options=tuple(dict.fromkeys(_option(each) for each in book["options"])),
        collaterals=tuple(_collateral(each) for each in book["collaterals"]),
    )


def _option(entry: Mapping[str, Any]) -> PortfolioOption:
    return PortfolioOption(
        seconds=int(entry["sec_to_expiry"]),
        strike=number(entry["strike"], "strike"),
        call=bool(entry["is_call"]),
        volatility=number(entry["mark_vol"], "mark_vol"),
    )


def _expiry(feed: Mapping[str, Any]) -> PortfolioExpiry:
    confidences = ("ForwardConfidence", "RateConfidence", "OptionVolConfidences")
    return PortfolioExpiry(
        seconds=int(feed["FeedExpiry"]),
        forward=number(feed["Forward"], "Forward"),
        rate=number(feed["Rate"], "Rate"),
        confidence=min(number(feed[name], name) for name in confidences),
    )


def _collateral(entry: Mapping[str, Any]) -> PortfolioCollateral:
    return PortfolioCollateral(
        price=number(entry["price"], "price"),
        risk_cancelling=bool(entry["risk_cancelling"]),
        initial_haircut=number(entry["im_haircut"], "im_haircut"),
        maintenance_haircut=number(entry["mm_haircut"], "mm_haircut"),
        confidence=number(entry["conf"], "conf"),
    )


def portfolio_positions(case: Mapping[str, Any], table: PortfolioTable) -> PortfolioPositions:
    """A case's account over the rows of its own market."""
    book = case["portfolio"]
    held: dict[int, Fraction] = {}
    options = list(dict.fromkeys(_option(each) for each in book["options"]))
    naked: dict[tuple[int, Fraction], Fraction] = {}
    for entry in book["options"]:
        option, amount = _option(entry), number(entry["amount"], "amount")
        index = table.options[options.index(option)]
        held[index] = held.get(index, Fraction(0)) + amount
        strike = (option.seconds, option.strike)
        naked[strike] = naked.get(strike, Fraction(0)) + amount
    for index, entry in zip(table.collaterals, book["collaterals"], strict=True):
        held[index] = number(entry["amount"], "amount")
    cash = sum((number(book[name], name) for name in ("cash", "perp_upnl", "perp_funding")), Fraction(0))
    if table.perpetual is not None:
        held[table.perpetual] = number(book["perps"], "perps")
        # The mark counts as value in the table; what the venue counts is in the cash already.
        cash -= (
            held[table.perpetual]
            * Fraction(table.rows[table.perpetual].mark)
            * _UNIT
            / table.lots[table.perpetual]
        )
    if table.naked is not None:
        held[table.naked] = sum((max(Fraction(0), -amount) for amount in naked.values()), Fraction(0))
    lots = {index: held[index] / table.lots[index] for index in sorted(held) if held[index]}
    sizes = {index: round_nearest(size / _SIZE) for index, size in lots.items()}
    return PortfolioPositions(
        positions=tuple((index, size) for index, size in sizes.items() if size),
        cash=round_nearest(cash * _MONEY),
        lots=lots,
    )
