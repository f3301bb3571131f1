"""Small options markets for tests: an input document from a few numbers."""

from __future__ import annotations

from typing import Any

from prover.tables.option_inputs import OptionsInput

NOW = 1_790_000_000
HOUR, DAY = 3_600, 86_400
NEAR, FAR = NOW + 7 * DAY, NOW + 35 * DAY

STRESSES = [
    {"name": "down", "move": "-0.15", "shock": "0.3"},
    {"name": "up", "move": "0.15", "shock": "0.3"},
    {"name": "crash", "move": "-0.3", "shock": "0.4", "factor": "0.5"},
]


def option(name: str, strike: int, expiry: int, kind: str, volatility: str) -> dict[str, Any]:
    return {
        "id": f"test:{name}",
        "kind": "option",
        "underlying": "BTC",
        "expiry": expiry,
        "strike": str(strike),
        "option_type": kind,
        "volatility": volatility,
    }


def soon() -> dict[str, Any]:
    """Changes: both expiries two and five hours away, strikes close together, scenarios with floors."""
    expiries = (NOW + 2 * HOUR, NOW + 5 * HOUR)
    made = [
        option(f"{place}-{strike}-{kind}", strike, expiry, kind, "0.4")
        for place, expiry in enumerate(expiries)
        for strike in range(58_500, 62_000, 500)
        for kind in ("call", "put")
    ]
    perpetual = {"id": "test:perp", "kind": "perpetual", "underlying": "BTC", "basis": "perp basis"}
    return {
        "expiries": [{"underlying": "BTC", "expiry": expiry, "basis": "near basis"} for expiry in expiries],
        "instruments": [*made, perpetual],
        "unstressed": [],
        "grid": {
            "stresses": [
                {
                    "name": "down",
                    "move": "-0.02",
                    "volatility_shift": "-0.2",
                    "least": "0.38",
                    "factor": "1.5",
                },
                {"name": "up", "move": "0.02", "shock": "0.2", "least": "0.45", "factor": "1.5"},
            ],
            "short_power": "0.3",
        },
    }


def two() -> dict[str, Any]:
    """Changes: ether beside bitcoin, each with its own spot and volatility."""
    base = world()
    feeds = [feed.to_json() for feed in base.feeds]
    feeds += [
        {"id": "ETH", "kind": "index", "underlying": "ETH", "price": "3000", "band": "0.03"},
        {
            "id": "eth vol", "kind": "volatility", "underlying": "ETH",
            "price": "0.7", "low": "0.66", "high": "0.75",
        },
    ]  # fmt: skip
    instruments = [each.to_json() for each in base.instruments]
    instruments += [
        {**option(f"eth-{strike}-{kind}", strike, FAR, kind, "0.72"), "underlying": "ETH"}
        for strike in (2_600, 3_000, 3_400)
        for kind in ("call", "put")
    ]
    expiries = [each.to_json() for each in base.expiries]
    expiries.append({"underlying": "ETH", "expiry": FAR})
    return {"feeds": feeds, "instruments": instruments, "expiries": expiries}


def world(**changes: Any) -> OptionsInput:
    """Two expiries, six strikes of calls and puts each, a future, a perpetual and two deposits."""
    instruments: list[dict[str, Any]] = []
    for label, expiry in (("near", NEAR), ("far", FAR)):
        for strike in (50_000, 55_000, 60_000, 65_000, 70_000):
            volatility = f"0.{55 + abs(strike - 60_000) // 2_000}"
            for kind in ("call", "put"):
                instruments.append(option(f"{label}-{strike}-{kind}", strike, expiry, kind, volatility))
        instruments.append(
            {"id": f"test:{label}-future", "kind": "future", "underlying": "BTC", "expiry": expiry}
        )
    instruments += [
        {"id": "test:perp", "kind": "perpetual", "underlying": "BTC", "basis": "perp basis"},
        {"id": "test:BTC", "kind": "deposit", "underlying": "BTC", "weight": "0.95"},
        {"id": "test:USDC", "kind": "deposit", "underlying": "USDC", "weight": "1"},
    ]
    given: dict[str, Any] = {
        "schema": "zksolvency/options-input/1",
        "name": "options", "venue": "test", "quote": "USD", "period": "1",
        "epoch": 1, "time": NOW, "valid_until": NOW + HOUR,
        "feeds": [
            {"id": "BTC", "kind": "index", "underlying": "BTC", "price": "60000", "band": "0.02"},
            {
                "id": "vol", "kind": "volatility", "underlying": "BTC",
                "price": "0.55", "low": "0.52", "high": "0.58",
            },
            {"id": "perp basis", "kind": "basis", "underlying": "BTC", "price": "1.0005", "band": "0.0005"},
            {"id": "near basis", "kind": "basis", "underlying": "BTC", "price": "1.001", "band": "0.0005"},
            {"id": "far basis", "kind": "basis", "underlying": "BTC", "price": "1.004", "band": "0.001"},
            {
                "id": "far spread", "kind": "spread", "underlying": "BTC",
                "price": "0", "low": "-0.005", "high": "0.005",
            },
            {"id": "USDC", "kind": "stablecoin", "underlying": "USDC", "price": "1", "band": "0.01"},
        ],
        "expiries": [
            {"underlying": "BTC", "expiry": NEAR, "basis": "near basis", "weight": "1.3"},
            {"underlying": "BTC", "expiry": FAR, "basis": "far basis", "spread": "far spread"},
        ],
        "grid": {"stresses": STRESSES, "short_power": "0.3", "long_power": "0.13"},
        "levels": {
            "maintenance": {"factor": "1"},
            "initial": {"factor": "1.25", "charges": {"option_short": "0.01", "linear": "0.001"}},
        },
        "unstressed": ["USDC"],
        "instruments": instruments,
    }  # fmt: skip
    return OptionsInput.parse(given | changes)
