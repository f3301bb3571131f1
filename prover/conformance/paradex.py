"""Paradex: margins of single options, and the minimum delta requirement of portfolio margin.

A file has ``params`` (rates of the initial and the maintenance level), ``option_cases`` with an ``IMR``
and an ``MMR`` for one option held long or short, the rates of ``portfolio_margin``, and an example of the
minimum delta requirement. The table has one row an option and level, without a band, whose requirement for
one unit is compared; the example is a perpetual's and an option's row on the layout with charges on gross
size. Net, gross and hedged delta are steps of the rule and no figures of a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from verifier.circuits import layout, scale
from verifier.errors import FormatError

from ..engine import evaluate
from ..tables.gaps import Band
from ..tables.grid import Beside, fill_row
from ..tables.paradex import ParadexOptionRates, ParadexRules, delta_beside, paradex_option_charges
from ..venues.paradex import OptionRates, delta_risk, option_margin
from .model import CaseResult, Figure, number

__all__ = ["NAME", "recognises", "run"]

NAME = "paradex"
_PLAIN = "s24-k2-d5"
_CHARGED = "s64-k1-d5-csi"
_MONEY = 10 ** scale("cash")
_LOT = 10 ** scale("size")
_UNIT = Fraction(1, 10 ** scale("value"))
_LEVELS = ("IMR", "MMR")
_RATES = ("prem", "long", "itm", "otm", "cap")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")


def recognises(document: Mapping[str, Any]) -> bool:
    """A file with option cases and the five rates of options."""
    params = document.get("params")
    return "option_cases" in document and isinstance(params, dict) and all(name in params for name in _RATES)


def run(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """Every case of the file, in its order."""
    for case in document["option_cases"]:
        yield _option(document["params"], case)
    if "min_delta_example" in document:
        yield _delta(document.get("portfolio_margin", {}), document["min_delta_example"])


def _option(params: Mapping[str, Any], case: Mapping[str, Any]) -> CaseResult:
    figures = []
    long, call = case["side"] > 0, case["type"] == "C"
    spot, strike, mark = (
        None if case.get(name) is None else number(case[name], name) for name in ("spot", "strike", "mark")
    )
    if spot is None or case["type"] not in ("C", "P") or abs(case["side"]) != 1:
        raise FormatError("option_cases", "have no spot, or no type C or P, or no side of 1 or -1")
    for name in case["expected"]:
        rates = [number(params[rate][_LEVELS.index(name)], rate) for rate in _RATES]
        engine = option_margin(
            OptionRates(*(float(rate) for rate in rates)),
            long=long,
            call=call,
            spot=float(spot),
            strike=None if strike is None else float(strike),
            mark=None if mark is None else float(mark),
        )
        charges = paradex_option_charges(
            ParadexOptionRates(*rates), call=call, spot=Band.still(spot), strike=strike, mark=mark
        )
        # A side whose price the case leaves out is not held: it is given the other side's charge.
        sides = [charges[0] if charges[0] is not None else charges[1] or Fraction(0)]
        sides.append(charges[1] if charges[1] is not None else sides[0])
        row = fill_row(
            0,
            [0],
            1,
            layout(_PLAIN),
            group=1,
            beside=Beside(addon_long=sides[0], addon_short=sides[1]),
            charged=False,
        )
        size = _LOT if long else -_LOT
        report = evaluate([(0, size)], 0, {0: row}, layout=layout(_PLAIN))
        expected = number(case["expected"][name], name)
        figures.append(Figure(name, expected, engine, Fraction(report.requirement, _MONEY), 2 * _UNIT))
    words = ("long" if long else "short", "call" if call else "put", f"strike {strike}", f"mark {mark}")
    return CaseResult(" ".join(words), tuple(figures))


def _delta(rates: Mapping[str, Any], example: Mapping[str, Any]) -> CaseResult:
    rules = ParadexRules()
    shares = [Fraction(each) / 100 for each in _PERCENT.findall(str(rates.get("min_delta", "")))]
    if len(shares) == 2:
        rules = replace(rules, net_delta=shares[0], hedged_delta=shares[1])
    spot, perpetual, quantity, delta = (
        number(example[name], name) for name in ("spot", "perp_delta", "call_qty", "call_delta")
    )
    engine = delta_risk(
        [(float(perpetual), 1.0), (float(quantity), float(delta))],
        float(spot),
        net_rate=float(rules.net_delta),
        hedged_rate=float(rules.hedged_delta),
    )
    rows = {}
    for place, each in enumerate((Fraction(1), delta)):
        beside = delta_beside(rules, "initial", [each], each, spot=spot, lot=Fraction(1))
        tilt = round(beside.tilt / _UNIT)
        rows[place] = fill_row(0, [0, -tilt, tilt], 1, layout(_CHARGED), group=1, beside=beside, charged=True)
    sizes = [(place, size * _LOT) for place, size in enumerate((perpetual, quantity)) if size]
    if any(size.denominator != 1 for _, size in sizes):
        raise FormatError("min_delta_example", "holds a size finer than 1e-8")
    report = evaluate([(place, size.numerator) for place, size in sizes], 0, rows, layout=layout(_CHARGED))
    tolerance = 4 * _UNIT * (abs(perpetual) + abs(quantity))
    figures = [
        Figure(name, number(example[name], name), found, None, kind="value")
        for name, found in (
            ("net_delta", engine.net),
            ("gross_delta", engine.gross),
            ("hedged_delta", engine.hedged),
        )
        if name in example
    ]
    figures += [
        Figure(
            name, number(example[name], name), engine.risk, Fraction(report.requirement, _MONEY), tolerance
        )
        for name in example
        if name.startswith("min_delta_risk")
    ]
    return CaseResult("minimum delta requirement", tuple(figures))
