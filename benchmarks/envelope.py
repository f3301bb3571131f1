"""`python -m benchmarks.envelope`: what a box costs beyond the exact envelope, by book and number of nodes.

Over-requirement of the options table, relative to the exact envelope: the least excess that the venue's own
float model has anywhere in the box (a fine grid of index and volatility, both ends of the window), counted
from the equity at the snapshot's marks. A table of any number of nodes can be built, circuits have 24 or 64.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from prover.engine import evaluate
from prover.tables.option_inputs import OptionsInput
from prover.tables.option_market import OptionMarket
from prover.tables.option_nodes import node_labels
from prover.tables.option_rows import OptionRows
from prover.tables.options import parameters_of, snapshot_feeds
from prover.venues.options import OptionsVenue
from verifier.circuits import Layout
from verifier.rows import Row
from verifier.universe import Instrument

_NOW = 1_790_000_000
_DAY = 86_400
_EXPIRIES = {"7d": _NOW + 7 * _DAY, "28d": _NOW + 28 * _DAY, "84d": _NOW + 84 * _DAY}
_STRIKES = range(48_000, 74_000, 2_000)
_KNOTS = (2, 3, 4, 5, 6, 8, 12, 16)
_LOT, _MONEY = 10**8, 10**14
_POINTS = (801, 7)
_PERCENT = 100

_BOOKS: dict[str, dict[str, int]] = {
    "straddle, short": {"7d-60000-C": -1, "7d-60000-P": -1},
    "straddle, long": {"7d-60000-C": 1, "7d-60000-P": 1},
    "vertical": {"28d-60000-C": 1, "28d-66000-C": -1},
    "calendar": {"7d-60000-C": -1, "28d-60000-C": 1},
    "butterfly": {"28d-56000-C": 1, "28d-60000-C": -2, "28d-64000-C": 1},
    "hedged perpetual": {"perp": 1, "28d-56000-P": 1, "28d-66000-C": -1},
}

_SCENARIOS = [
    {"name": "down 16, up", "move": "-0.16", "shock": "0.5"},
    {"name": "down 8, down", "move": "-0.08", "shock": "-0.25"},
    {"name": "up 8, down", "move": "0.08", "shock": "-0.25"},
    {"name": "up 16, up", "move": "0.16", "shock": "0.5"},
    {"name": "up 40, a third", "move": "0.4", "shock": "0.5", "factor": "0.33"},
]


@dataclass(frozen=True)
class Measured:
    """Over-requirement of one book under one table, a share of the exact envelope's requirement."""

    book: str
    nodes: int
    over: float


def market(*, stressed: bool, knots: int, band: str = "0.02", legs: bool = False) -> OptionsInput:
    """Three expiries of calls and puts, and a perpetual; volatility moves by 3 points either way."""
    instruments: list[dict[str, Any]] = [{"id": "b:perp", "kind": "perpetual", "underlying": "BTC"}]
    for label, expiry in _EXPIRIES.items():
        for strike in _STRIKES:
            smile = f"0.{55 + abs(strike - 60_000) // 1_500}"
            for kind in ("call", "put"):
                name = f"b:{label}-{strike}-{kind[0].upper()}"
                instruments.append({
                    "id": name, "kind": "option", "underlying": "BTC", "expiry": expiry,
                    "strike": str(strike), "option_type": kind, "volatility": smile,
                })  # fmt: skip
    of_btc = {"underlying": "BTC"}
    feeds: list[dict[str, Any]] = [
        {**of_btc, "id": "index", "kind": "index", "price": "60000", "band": band},
        {
            "id": "vol",
            "kind": "volatility",
            "underlying": "BTC",
            "price": "0.55",
            "low": "0.52",
            "high": "0.58",
        },
    ]
    basis = {}
    if legs:
        feeds += [
            {
                "id": label,
                "kind": "basis",
                "underlying": "BTC",
                "price": "1",
                "low": "0.9995",
                "high": "1.0005",
            }
            for label in _EXPIRIES
        ]
        basis = {label: {"basis": label} for label in _EXPIRIES}
    return OptionsInput.parse({
        "schema": "zksolvency/options-input/1", "name": "books", "venue": "b", "quote": "USD", "period": "1",
        "epoch": 1, "time": _NOW, "valid_until": _NOW + (3_600 if legs else 0), "feeds": feeds,
        "expiries": [
            {"underlying": "BTC", "expiry": expiry, **basis.get(label, {})}
            for label, expiry in _EXPIRIES.items()
        ],
        "grid": {"stresses": _SCENARIOS if stressed else [], "short_power": "0.3", "long_power": "0.13"},
        "levels": {"maintenance": {"factor": "1"}}, "knots": knots, "instruments": instruments,
    })  # fmt: skip


def books() -> dict[str, dict[str, int]]:
    """The named books, and thirty random lines with a perpetual that hedges some of them."""
    pick = random.Random(30)
    names = [f"{label}-{strike}-{kind}" for label in _EXPIRIES for strike in _STRIKES for kind in "CP"]
    lines = {name: pick.choice((-2, -1, 1, 2)) for name in pick.sample(names, 29)}
    return {**_BOOKS, "30 lines": {**lines, "perp": 2}}


def rows_of(given: OptionsInput, nodes: int) -> dict[str, Row]:
    """Rows of a table with as many nodes as the grid asks for, by instrument."""
    parameters, feeds = parameters_of(given, "maintenance"), snapshot_feeds(given)
    shape = Layout(name="any", nodes=nodes, brackets=1, depth=5, version=1)
    table = OptionRows(
        OptionMarket(feeds, given.time, given.valid_until, parameters),
        node_labels(feeds, parameters, nodes),
        shape,
    )
    rows = {}
    for each in given.instruments:
        instrument = Instrument(
            id=each.id, kind=each.kind, underlying=each.underlying, lot="1", expiry=each.expiry,
            strike=each.strike, option_type=each.option_type,
        )  # fmt: skip
        rows[each.id] = table.row(instrument, 1)
    return rows


def box(venue: OptionsVenue) -> Any:
    """A fine grid of index and volatility, at both ends of everything else."""
    axes = []
    counts = dict(zip(("index", "vol"), _POINTS, strict=True))
    for each in venue.coordinates:
        count = counts.get(each.name, 1 if each.low == each.high else 2)
        axes.append(np.linspace(each.low, each.high, count))
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)


def exact(venue: OptionsVenue, held: dict[str, int], points: Any) -> float:
    """Requirement of the exact envelope: equity at the marks minus the least excess in the box."""
    sizes = {f"b:{name}": float(size) for name, size in held.items()}
    equity = sum(
        size * float(venue.value(venue.instruments[name], venue.mark(), None)[0])
        for name, size in sizes.items()
    )
    return equity - float(venue.excess(sizes, 0.0, points).min())


def charged(rows: dict[str, Row], held: dict[str, int]) -> float:
    """Requirement of the table."""
    order = sorted(held)
    report = evaluate(
        [(place, held[name] * _LOT) for place, name in enumerate(order)],
        0,
        {place: rows[f"b:{name}"] for place, name in enumerate(order)},
    )
    return float(Fraction(report.requirement, _MONEY))


def measure(*, stressed: bool, band: str = "0.02", legs: bool = False) -> list[Measured]:
    """Every book by every number of knots."""
    found = []
    asked: dict[str, float] = {}
    for knots in _KNOTS:
        given = market(stressed=stressed, knots=knots, band=band, legs=legs)
        nodes = 2 * knots * (1 + len(given.grid.stresses))
        rows = rows_of(given, nodes)
        if not asked:
            venue = OptionsVenue(given, "maintenance")
            points = box(venue)
            asked = {name: exact(venue, held, points) for name, held in books().items()}
        for name, held in books().items():
            found.append(Measured(name, nodes, charged(rows, held) / asked[name] - 1))
    return found


def table(found: list[Measured]) -> str:
    """Books by nodes, in per cent."""
    nodes = sorted({each.nodes for each in found})
    by = {(each.book, each.nodes): each.over for each in found}
    lines = [
        "| book | " + " | ".join(str(count) for count in nodes) + " |",
        "|---|" + "---|" * len(nodes),
    ]
    for name in books():
        cells = " | ".join(f"{by[name, count] * _PERCENT:.1f}" for count in nodes)
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def clocked() -> float:
    """Seconds of one core for rows of 1,024 options, four corners by six scenarios, from a loaded input."""
    given = market(stressed=True, knots=2)
    lines = [each.to_json() for each in given.instruments if each.kind == "option"]
    many = [
        {**lines[place % len(lines)], "id": f"b:{place}", "strike": str(45_000 + 30 * place)}
        for place in range(1_024)
    ]
    loaded = OptionsInput.parse({**given.to_json(), "instruments": many})
    start = time.process_time()
    rows_of(loaded, 24)
    return time.process_time() - start


def main(arguments: list[str]) -> int:
    """Print the tables; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.envelope", description=__doc__)
    parser.add_argument("--json", type=Path, help="also write every figure here")
    given = parser.parse_args(arguments)
    cases = {
        "equity alone, index ±2 %": measure(stressed=False),
        "five stresses, index ±2 %": measure(stressed=True),
        "five stresses, index ±1 %": measure(stressed=True, band="0.01"),
        "five stresses, index ±2 %, basis ±5 bp and an hour": measure(stressed=True, legs=True),
    }
    for title, found in cases.items():
        print(f"\n{title}: requirement above the exact envelope's, per cent, by number of nodes\n")
        print(table(found))
    print(f"\n1,024 options × 24 columns: {clocked():.2f} s of one core")
    if given.json:
        made = {title: [vars(each) for each in found] for title, found in cases.items()}
        given.json.write_text(json.dumps(made, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
