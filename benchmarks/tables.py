"""A market of 1,024 options as a table of 24 nodes, and its root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prover.tables.grid_inputs import GridInput
from prover.tables.grid_market import grid_rows, grid_universe
from verifier.circuits import layout
from verifier.rows import Row, rows_root

INSTRUMENTS = 1024
LAYOUT = "s24-k2-d5"
_NOW = 1_790_000_000
_DAY = 86_400
_EXPIRIES = (2, 7, 14, 30, 60, 90, 180, 365)


def options_market(instruments: int = INSTRUMENTS) -> GridInput:
    """Options of eight expiries, half calls and half puts, on a band of ±2 %.

    Eleven stresses and the zero stress at both ends of the band are 24 nodes.
    """
    lines: list[dict[str, Any]] = []
    for place in range(instruments):
        days = _EXPIRIES[place % len(_EXPIRIES)]
        lines.append(
            {
                "id": f"venue:BTC-{days}-{place}",
                "kind": "option",
                "underlying": "BTC",
                "lot": "1",
                "expiry": _NOW + days * _DAY,
                "strike": str(25_000 + 100 * place),
                "option_type": "call" if place // len(_EXPIRIES) % 2 else "put",
                "price": str(60_000 + 25 * days),
                "volatility": f"0.{40 + place % 45}",
            }
        )
    underlying = {
        "underlying": "BTC",
        "feed": "BTC index",
        "kind": "index",
        "price": "60000",
        "band": "0.02",
        "deribit": {"buckets": 1, "extended": ["-0.5", "1", "5"], "lines": 14},
    }
    return GridInput.parse(
        {
            "schema": GridInput.SCHEMA,
            "method": "deribit",
            "name": "benchmark",
            "venue": "venue",
            "quote": "USD",
            "period": "2026",
            "epoch": 1,
            "time": _NOW,
            "valid_until": _NOW + 3600,
            "underlyings": [underlying],
            "instruments": lines,
        }
    )


def builder(market: GridInput) -> Callable[[], dict[int, Row]]:
    """What builds the rows of a market that has been loaded."""
    shape, universe = layout(LAYOUT), grid_universe(market)
    return lambda: grid_rows(market, "initial", shape, universe)


def root(rows: dict[int, Row]) -> int:
    """The rows' root."""
    return rows_root(rows, layout(LAYOUT))
