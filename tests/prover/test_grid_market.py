"""Snapshots of stress grids: built from an input, rebuilt from the snapshot alone, refused when changed."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from typing import Any

import pytest

from prover.accounts import Account, Position, Source
from prover.engine import evaluate, margin
from prover.tables.grid_inputs import GridInput
from prover.tables.grid_market import METHODS, build_grid, check_grid
from prover.venues.black import black76
from prover.venues.paradex import OptionRates, option_margin
from verifier.errors import FormatError
from verifier.market import Snapshot, market_root

NOW = 1_790_000_000
DAY = 86_400
WIDE = "s64-k1-d5-csi"
ONE_SIDED = "s36-k1-d5-sao"
LINEAR = {"id": "venue:BTC-PERP", "kind": "perpetual", "underlying": "BTC"}


def document(method: str, **changes: Any) -> dict[str, Any]:
    """An input of one underlying: a linear instrument, and two options of one expiry."""
    linear: dict[str, Any] = dict(LINEAR)
    parameters: dict[str, Any] = {}
    if method == "span":
        linear |= {"id": "venue:BTC-F1", "kind": "future", "expiry": NOW + 20 * DAY}
        parameters = {
            "span": {
                "price_range": "4000",
                "volatility_range": "0.06",
                "minimum": "80",
                "spread_rate": "150",
                "initial_share": "1.1",
            }
        }
    made = {
        "schema": GridInput.SCHEMA,
        "method": method,
        "name": "grid",
        "venue": "venue",
        "quote": "USD",
        "period": "2026",
        "epoch": 3,
        "time": NOW,
        "valid_until": NOW + 3600,
        "underlyings": [
            {"underlying": "BTC", "feed": "BTC index", "kind": "index", "price": "60000", **parameters}
        ],
        "instruments": [
            linear,
            *(
                {
                    "id": f"venue:BTC-{side}",
                    "kind": "option",
                    "underlying": "BTC",
                    "expiry": NOW + 30 * DAY,
                    "strike": strike,
                    "option_type": side,
                    "price": "60300",
                    "volatility": "0.55",
                }
                for side, strike in (("call", "66000"), ("put", "52000"))
            ),
        ],
    }
    return made | changes


def banded(method: str, band: str = "0.02") -> dict[str, Any]:
    made = document(method)
    made["underlyings"][0]["band"] = band
    return made


@pytest.mark.parametrize("level", ["maintenance", "initial"])
@pytest.mark.parametrize("method", METHODS)
def test_a_snapshot_is_rebuilt_from_itself_alone(method: str, level: Any) -> None:
    _, snapshot = build_grid(GridInput.parse(document(method)), level, WIDE)
    again = Snapshot.parse(json.loads(json.dumps(snapshot.to_json())))
    check_grid(again)
    assert again.model is not None
    assert again.model.name == method
    assert market_root(again) == market_root(snapshot)
    assert {node.corner for node in snapshot.nodes} == {"mark"}


@pytest.mark.parametrize("method", ["span", "paradex"])
def test_a_band_has_both_corners(method: str) -> None:
    _, snapshot = build_grid(GridInput.parse(banded(method)), "initial", WIDE)
    check_grid(snapshot)
    assert {node.corner for node in snapshot.nodes if node.stress == "none"} == {"low", "high"}
    assert snapshot.feeds[0].low == "58800"
    assert any("volatilities" in word for word in snapshot.frozen)


@pytest.mark.parametrize("method", METHODS)
def test_one_sided_nodes_stand_still_at_the_mark(method: str) -> None:
    made, moving = document(method), banded(method)
    for each in (made, moving):
        if method == "deribit":
            each["underlyings"][0]["deribit"] = {"unchanged": "charged"}
    _, snapshot = build_grid(GridInput.parse(made), "initial", ONE_SIDED)
    check_grid(snapshot)
    assert [(node.corner, node.stress) for node in snapshot.nodes[-3:]] == [("mark", "none")] * 3
    assert all(any(row.nodes) and not any(row.nodes[-3:]) for row in snapshot.row_map().values())
    with pytest.raises(FormatError, match="layout: has 33 nodes for stresses"):
        build_grid(GridInput.parse(moving), "initial", ONE_SIDED)


def test_levels_differ_and_initial_asks_for_more() -> None:
    """The same book at both levels of each method."""
    for method in METHODS:
        found = {}
        for level in ("maintenance", "initial"):
            given = GridInput.parse(document(method))
            universe, snapshot = build_grid(given, level, WIDE)  # type: ignore[arg-type]
            account = Account(
                venue="venue",
                universe=universe.hash,
                as_of=NOW + 1,
                cash="1000000",
                positions=(
                    Position(instrument=universe.instruments[0].id, size="0.5"),
                    Position(instrument="venue:BTC-call", size="-2"),
                    Position(instrument="venue:BTC-put", size="-1"),
                ),
                source=Source(format="test", sha256="00" * 32),
            )
            report = margin(account, snapshot)
            found[level] = report.requirement
            assert report.binding_node
        assert 0 < found["maintenance"] < found["initial"]


def test_a_changed_number_is_named() -> None:
    _, snapshot = build_grid(GridInput.parse(document("paradex")), "initial", WIDE)
    entry = snapshot.rows[1]
    edited = entry.model_copy(update={"addon_short": entry.addon_short - 1})
    rows = (snapshot.rows[0], edited, *snapshot.rows[2:])
    with pytest.raises(FormatError, match="rows"):
        check_grid(snapshot.model_copy(update={"rows": rows}))
    with pytest.raises(FormatError, match="model"):
        check_grid(snapshot.model_copy(update={"model": None}))
    assert snapshot.model is not None
    other = json.loads(json.dumps(snapshot.model.parameters))
    other["input"]["underlyings"][0]["price"] = "60001"
    with pytest.raises(FormatError, match=r"feeds|rows"):
        check_grid(
            snapshot.model_copy(update={"model": snapshot.model.model_copy(update={"parameters": other})})
        )


def test_risk_arrays_are_rows() -> None:
    """A published array is the node, times the contracts of a lot and the level's share."""
    made = document("span")
    array = [str(value) for value in (0, 0, 10, 10, -10, -10, 20, 20, -20, -20, 30, 30, -30, -30, 21, -21)]
    made["instruments"][0] |= {"array": array, "lot": "2"}
    made["underlyings"][0]["span"] |= {"multiplier": "0.5", "spread_rate": "0"}
    _, snapshot = build_grid(GridInput.parse(made), "initial", WIDE)
    check_grid(snapshot)
    wanted = [Fraction(value) * 4 * Fraction("1.1") * 10**6 for value in array]
    assert [Fraction(node) for node in snapshot.rows[0].nodes[1:17]] == wanted
    made["underlyings"][0]["band"] = "0.01"
    with pytest.raises(FormatError, match="band"):
        build_grid(GridInput.parse(made), "initial", WIDE)


CROSS = {
    "initial": {"premium": "1", "long": "0.2", "in_the_money": "0.15", "out_of_the_money": "0.1"},
    "maintenance": {"premium": "0.5", "long": "0.1", "in_the_money": "0.075", "out_of_the_money": "0.05"},
}


@pytest.mark.parametrize("level", ["maintenance", "initial"])
@pytest.mark.parametrize(
    ("layout", "corners"), [("s2-k4-d5", {"low", "high"}), (ONE_SIDED, {"low", "high", "mark"})]
)
def test_cross_margin_of_options_holds_over_the_box(level: Any, layout: str, corners: set[str]) -> None:
    """Every line by itself against the venue's rule, at prices, volatilities and times of the box."""
    made = banded("paradex", "0.03")
    rates = {name: terms | {"put_cap": "0.5", "perpetual": "0.02"} for name, terms in CROSS.items()}
    made["underlyings"][0] |= {
        "paradex": {"cross": rates},
        "volatility_feed": "BTC volatility since",
        "volatility_band": "0.03",
    }
    strikes = (30000, 52000, 60000, 66000, 90000)
    options = [each for each in made["instruments"] if each["kind"] == "option"]
    made["instruments"] = [
        each | {"id": f"{each['id']}-{strike}", "strike": str(strike), "lot": "1"}
        for each in options
        for strike in strikes
    ]
    _, snapshot = build_grid(GridInput.parse(made), level, layout)
    check_grid(snapshot)
    assert {node.corner for node in snapshot.nodes} == corners
    terms = rates[level]
    names = ("premium", "long", "in_the_money", "out_of_the_money", "put_cap")
    engine = OptionRates(*(float(terms[name]) for name in names))
    rng = random.Random(level)
    for index, line in enumerate(made["instruments"]):
        strike, call = float(line["strike"]), line["option_type"] == "call"
        for _ in range(40):
            factor, sigma = 1 + rng.choice((-0.03, 0.03, rng.uniform(-0.03, 0.03))), rng.uniform(0.52, 0.58)
            years = (30 * 86400 - rng.choice((0, 3600))) / (365 * 86400)
            mark = black76(60300 * factor, strike, sigma, years, call)
            for sign in (1, -1):
                due = option_margin(
                    engine, long=sign > 0, call=call, spot=60000 * factor, strike=strike, mark=mark
                )
                table = evaluate([(index, sign * 10**8)], 0, snapshot.row_map(), layout=snapshot.shape)
                assert sign * mark - due >= table.excess / 1e14 - 1e-9


def test_a_universe_is_kept() -> None:
    first, _ = build_grid(GridInput.parse(document("paradex")), "initial", WIDE)
    later = document("paradex")
    later["underlyings"][0]["price"] = "90"
    later["instruments"].append({"id": "venue:BTC-PERP2", "kind": "perpetual", "underlying": "BTC"})
    for instrument in later["instruments"][1:3]:
        instrument |= {"price": "90", "retired": True}
    grown, snapshot = build_grid(GridInput.parse(later), "initial", WIDE, first)
    assert [each.lot for each in grown.instruments[:3]] == [each.lot for each in first.instruments]
    assert [entry.index for entry in snapshot.rows] == [0, 3]
    check_grid(snapshot)
    for change, field in (
        ({"name": "other"}, "name"),
        ({"instruments": later["instruments"][:1]}, "instruments"),
        ({"instruments": [later["instruments"][3], *later["instruments"][1:]]}, "instruments"),
    ):
        with pytest.raises(FormatError, match=field):
            build_grid(GridInput.parse(later | change), "initial", WIDE, first)


def _with(method: str, path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = document(method)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return made


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (_with("span", ("underlyings", 0, "span", "credits"), ["BTC against ETH"]), "inter-commodity"),
        (_with("span", ("underlyings", 0, "span"), None), "span"),
        (_with("paradex", ("underlyings", 0, "deribit"), {}), "deribit"),
        (_with("paradex", ("underlyings", 0, "band"), "1"), "half-width"),
        (_with("deribit", ("underlyings", 0, "band"), "0.02"), "70"),
        (_with("paradex", ("instruments", 1, "volatility"), None), "volatility"),
        (_with("paradex", ("instruments", 1, "array"), ["0"] * 16), "array|volatility"),
        (_with("paradex", ("instruments", 0, "underlying"), "ETH"), "underlyings"),
        (_with("paradex", ("instruments", 1, "expiry"), NOW + 1800), "valid_until"),
        (
            _with("paradex", ("instruments", 0), {**LINEAR, "lot": "1", "size_step": "0.000000001"}),
            "size_step",
        ),
        (_with("deribit", ("underlyings", 0, "deribit"), {"price_range": "2"}), "price_range"),
        (_with("paradex", ("underlyings", 0, "volatility_band"), "0.01"), "volatility_feed"),
    ],
)
def test_refusals_say_what_and_where(given: dict[str, Any], match: str) -> None:
    given = json.loads(
        json.dumps(given), object_hook=lambda each: {k: v for k, v in each.items() if v is not None}
    )
    with pytest.raises(FormatError, match=match):
        build_grid(GridInput.parse(given), "initial", WIDE)


@pytest.mark.parametrize("lines", [0, 1, 31, 32, 33])
def test_limits_are_for_as_many_lines_as_a_circuit_has_slots(lines: int) -> None:
    """With limits for fewer, an account could be above the threshold and pay no shock."""
    given = GridInput.parse(_with("deribit", ("underlyings", 0, "deribit"), {"lines": lines}))
    if lines in (1, 31):
        with pytest.raises(
            FormatError, match=r"^underlyings\[0\]\.deribit\.lines: is below the 32 positions"
        ):
            build_grid(given, "initial", WIDE)
    else:
        _, snapshot = build_grid(given, "initial", WIDE)
        check_grid(snapshot)


def test_two_underlyings_share_their_nodes() -> None:
    made = document("deribit")
    eth = {"underlying": "ETH", "feed": "ETH index", "kind": "index", "price": "3000"}
    made["underlyings"].append(eth | {"deribit": {"price_range": "0.18"}})
    made["instruments"].append({"id": "venue:ETH-PERP", "kind": "perpetual", "underlying": "ETH"})
    _, snapshot = build_grid(GridInput.parse(made), "initial", WIDE)
    check_grid(snapshot)
    assert snapshot.rows[-1].group == 2
    made["underlyings"][1]["deribit"]["buckets"] = 2
    with pytest.raises(FormatError, match="other scenarios"):
        build_grid(GridInput.parse(made), "initial", WIDE)
