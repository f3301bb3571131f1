"""dYdX v4: requirements of positions, scaling by open interest, whole accounts and verdicts.

The engine is the chain's, in quote quantums (1e-6) with its roundings; figures here are quote units. The
table's rounding bound adds the chain's to its own: two quantums a position, and a millionth of the notional
where open interest scales the rate, since the chain cuts that rate off to a ppm. A verdict goes through a
line whose least charge is the stated requirement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from prover.venues.dydx import (
    Perpetual,
    adjusted_ppm,
    initial_collateralized,
    liquidatable,
    requirement,
    settled,
)
from verifier.errors import FormatError
from verifier.market import Level

from .model import CaseResult, Figure, integer, number
from .table import Carried, carry, decimal, point_market

__all__ = ["NAME", "recognises", "run"]

NAME = "dYdX v4"

_PPM = 10**6
_MOST_DIGITS = 40
_LEVELS: tuple[tuple[str, Level], ...] = (("IMR", "initial"), ("MMR", "maintenance"))


def recognises(document: Mapping[str, Any]) -> bool:
    """Positions in base quantums, scaling in ppm, accounts in quote quantums, or verdicts on an ``NC``."""
    return (
        any("quantums" in each["position"] for each in document.get("single_position", ()))
        or any("im_ppm" in each for each in document.get("im_scaling", ()))
        or any("usdc_quantums" in each for each in document.get("account", ()))
        or any("NC" in each for each in document.get("decision", ()))
    )


def run(document: Mapping[str, Any]) -> Iterator[CaseResult]:
    """The file's four parts in order."""
    for case in document.get("single_position", ()):
        yield CaseResult(case["name"], tuple(_requirements([case["position"]], 0, case["expected"])))
    for case in document.get("im_scaling", ()):
        yield _scaling(case)
    for case in document.get("account", ()):
        yield _account(case)
    for place, case in enumerate(document.get("decision", ())):
        yield _decision(place, case)


def _perpetual(given: Mapping[str, Any]) -> Perpetual:
    return Perpetual(
        quantums=integer(given["quantums"], "quantums"),
        price=integer(given["price"], "price"),
        exponent=integer(given["exponent"], "exponent", _MOST_DIGITS),
        atomic_resolution=integer(given["atomic_resolution"], "atomic_resolution", _MOST_DIGITS),
        im_ppm=integer(given["im_ppm"], "im_ppm", _PPM),
        mm_fraction_ppm=integer(given["mm_fraction_ppm"], "mm_fraction_ppm", _PPM),
        open_interest=integer(given.get("open_interest_quantums", 0), "open_interest_quantums"),
        lower_cap=integer(given.get("oi_lower_cap", 0), "oi_lower_cap"),
        upper_cap=integer(given.get("oi_upper_cap", 0), "oi_upper_cap"),
    )


def _requirements(
    positions: Sequence[Mapping[str, Any]], quote: int, expected: Mapping[str, Any]
) -> Iterator[Figure]:
    held = [_perpetual(each) for each in positions]
    due = [requirement(each) for each in held]
    chain = sum(2 + _scaled_slack(each) for each in held)
    for place, (name, level) in enumerate(_LEVELS):
        if name not in expected:
            continue
        engine = sum(each[place] for each in due)
        try:
            found = _carried(held, level, quote)
        except FormatError as error:
            reason = f"{error.field} {error.problem}"
            yield Figure(name, _quote(number(expected[name], name)), _quote(engine), None, unsupported=reason)
            continue
        slack = _quote(chain) + found.tolerance
        yield Figure(name, _quote(number(expected[name], name)), _quote(engine), found.requirement, slack)


def _quote(quantums: int | Fraction) -> Fraction:
    return Fraction(quantums) / _PPM


def _scaled_slack(position: Perpetual) -> Fraction:
    """What a rate cut off to a ppm may be lower by, quote quantums."""
    return Fraction(abs(position.quote(position.quantums)), _PPM) if position.upper_cap else Fraction(0)


def _carried(positions: Sequence[Perpetual], level: Level, quote: int) -> Carried:
    """The positions as perpetuals of one underlying each, over the cash in quote quantums."""
    cash = Fraction(quote, _PPM)
    if not positions:
        return Carried(cash, Fraction(0), cash >= 0, Fraction(0))
    prices, instruments, sizes = {}, [], {}
    for place, each in enumerate(positions):
        name, coin = f"M{place}", Fraction(10) ** each.atomic_resolution
        prices[name] = each.price * Fraction(10) ** each.exponent
        sizes[name] = each.quantums * coin
        tier = {
            "notional_floor": "0",
            "initial_rate": decimal(Fraction(each.im_ppm, _PPM)),
            "maintenance_fraction": decimal(Fraction(each.mm_fraction_ppm, _PPM)),
        }
        more: dict[str, Any] = {}
        if each.upper_cap:
            more["open_interest"] = {
                "amount": decimal(each.open_interest * coin),
                "lower_cap": decimal(Fraction(each.lower_cap, _PPM)),
                "upper_cap": decimal(Fraction(each.upper_cap, _PPM)),
            }
        instruments.append({"kind": "perpetual", "underlying": name, "tiers": [tier], **more})
    return carry(point_market(prices, instruments, sizes), level, sizes, cash)


def _scaling(case: Mapping[str, Any]) -> CaseResult:
    """A rate in ppm, or the initial requirement of a notional, at a stated open notional."""
    base, interest, lower, upper = (
        integer(case[name], name) for name in ("im_ppm", "oi_notional", "oi_lower_cap", "oi_upper_cap")
    )
    ppm = adjusted_ppm(base, interest, lower, upper)
    # One coin at the price 1; for a rate, a notional of one million quantums.
    notional = integer(case.get("quote_quantums", _PPM), "quote_quantums")
    position = Perpetual(
        quantums=notional,
        price=1,
        exponent=0,
        atomic_resolution=-6,
        im_ppm=base,
        mm_fraction_ppm=_PPM,
        open_interest=interest,
        lower_cap=lower,
        upper_cap=upper,
    )
    wanted = {"IMR": case["expected_ppm"] if "expected_ppm" in case else case["expected_IM"]}
    (figure,) = _requirements([{**vars(position), **_names(position)}], 0, wanted)
    if "expected_ppm" not in case:
        return CaseResult(case["name"], (figure,))
    return CaseResult(case["name"], (Figure("ppm", wanted["IMR"], ppm, None), figure))


def _names(position: Perpetual) -> dict[str, int]:
    return {
        "open_interest_quantums": position.open_interest,
        "oi_lower_cap": position.lower_cap,
        "oi_upper_cap": position.upper_cap,
    }


def _account(case: Mapping[str, Any]) -> CaseResult:
    positions = case["positions"]
    changes = [
        (
            integer(each["quantums"], "quantums"),
            integer(each.get("funding_index", 0), "funding_index")
            - integer(each.get("funding_index_cached", 0), "funding_index_cached"),
        )
        for each in positions
    ]
    held = [_perpetual(each) for each in positions]
    quote = integer(case["usdc_quantums"], "usdc_quantums") + settled(changes)
    figures = list(_requirements(positions, quote, case["expected"]))
    if "NC" in case["expected"]:
        net = quote + sum(each.quote(each.quantums) for each in held)
        try:
            found = _carried(held, "maintenance", quote)
            table, slack, reason = found.equity, _quote(len(held)) + found.tolerance, None
        except FormatError as error:
            table, slack, reason = None, Fraction(0), f"{error.field} {error.problem}"
        wanted = _quote(number(case["expected"]["NC"], "NC"))
        figures.append(Figure("NC", wanted, _quote(net), table, slack, reason, "value"))
    return CaseResult(case["name"], tuple(figures))


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise FormatError("expected", "is neither true nor false", value=value)
    return value


def _decision(place: int, case: Mapping[str, Any]) -> CaseResult:
    """Net collateral against a requirement; liquidatable accounts are those that fail."""
    net = integer(case["NC"], "NC")
    if "expected" in case:
        due, expected = integer(case["IMR"], "IMR"), _truth(case["expected"])
        engine = initial_collateralized(net, due)
    else:
        due, expected = integer(case["MMR"], "MMR"), not _truth(case["expected_liquidatable"])
        engine = not liquidatable(net, due)
    line: dict[str, Any] = {"kind": "aggregate", "underlying": "X", "lot": "1"}
    line["tiers"] = [{"notional_floor": "0", "initial_rate": "0", "maintenance_rate": "0"}]
    if due:
        line["minimum_charge"] = decimal(Fraction(due, _PPM))
    smallest = Fraction(1, 10**8)
    unit = Fraction(1, 10**14)
    # The line's smallest size pays one unit for rounding, which is added to the cash.
    found = carry(
        point_market({"X": Fraction(1)}, [line]), "maintenance", {"X": smallest}, Fraction(net, _PPM) + unit
    )
    figure = Figure("passes", expected, engine, found.passes, kind="passes")
    return CaseResult(f"decision {place + 1}", (figure,))
