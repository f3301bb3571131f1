"""A published snapshot is rebuilt from itself alone, and the first number that differs is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_inputs import borrow, deposit, feed, market, markets, perpetual, tier

from prover.tables import build_market
from prover.tables.bracket_model import input_of
from prover.tables.inputs import MarketInput
from prover.tables.rebuild import BUILDERS, check_model, rebuild
from verifier.errors import FormatError
from verifier.market import Snapshot

LAYOUT = "s2-k4-d5"
SKEW = {
    "scale": "1000",
    "fraction": "2",
    "minimum_ratio": "0.01",
    "maintenance_share": "0.5",
    "largest_size": "5",
}


def varied() -> MarketInput:
    feeds = [feed("BTC", "60000.5"), feed("ETH", "3000", band="0.1"), feed("X", "0.4")]
    instruments = [
        perpetual("BTC", [tier("0", "0.01", initial="0.02"), tier("50000", "0.05", initial="0.1")]),
        deposit("ETH", [("0", "0.9"), ("10000", "0.8")]),
        borrow("ETH", [tier("0", "0.1")]),
        perpetual("X", [tier("0", "0.2")], prediction=True),
        perpetual("BTC", [tier("0", "1")], id="venue:OLD", retired=True),
    ]
    instruments.append(
        {"id": "venue:ETH-skew", "kind": "perpetual", "underlying": "ETH", "skew": SKEW, "size_step": "0.001"}
    )
    return market(feeds, instruments, frozen=["the weather"])


@pytest.mark.parametrize("level", ["maintenance", "initial"])
def test_a_snapshot_rebuilds_from_itself(level: Any) -> None:
    _, snapshot = build_market(varied(), level, LAYOUT)
    again = Snapshot.parse(json.loads(json.dumps(snapshot.to_json())))
    check_model(again)
    assert rebuild(again).hash == snapshot.hash
    bare = snapshot.to_json()
    del bare["model"]
    assert again.hash != Snapshot.parse(bare).hash


@settings(max_examples=40, deadline=None)
@given(given_market=markets(), level=st.sampled_from(["maintenance", "initial"]))
def test_random_snapshots_rebuild(given_market: MarketInput, level: Any) -> None:
    _, snapshot = build_market(given_market, level, LAYOUT)
    check_model(snapshot)
    assert input_of(snapshot).epoch == given_market.epoch


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("rows", 0, "mark"), "1", r"rows\[0\]\.mark"),
        (("rows", 1, "nodes", 1), "7", r"rows\[1\]\.nodes\[1\]"),
        (("rows", 0, "brackets", 1, "rate"), "1", r"rows\[0\]\.brackets\[1\]\.rate"),
        (("rows", 4, "addon_short"), "2", r"rows\[5\]\.addon_short"),
        (("rows", 3, "addon_short"), "1", r"rows\[3\]\.addon_short"),
        (("feeds", 0, "high"), "70000", r"rows\[0\]"),
        (("frozen", 0), "another", "frozen"),
        (("nodes", 0, "stress"), "crash", "nodes"),
        (("model", "parameters", "initial_tiers"), "marginal", r"rows\[0\]\.brackets"),
        (
            ("model", "parameters", "instruments", 1, "collateral", 0, "initial_weight"),
            "0.85",
            r"rows\[1\]\.mark",
        ),
        (("model", "parameters", "instruments", 0, "kind"), "future", "universe says"),
        (("model", "parameters", "more"), "x", "more"),
        (("model", "parameters", "instruments"), [], "as many"),
        (("model", "name"), "unheard-of", "model.name"),
        (("model", "version"), 2, "bracket builder"),
        (("model",), None, "missing"),
    ],
)
def test_the_first_number_that_differs_is_named(path: tuple[Any, ...], value: Any, said: str) -> None:
    """Any change of rows, feeds or parameters, with the index of the row."""
    _, snapshot = build_market(varied(), "initial", LAYOUT)
    changed = snapshot.to_json()
    inside = changed
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    with pytest.raises(FormatError, match=said):
        check_model(Snapshot.parse({key: each for key, each in changed.items() if each is not None}))


def test_every_builder_is_there() -> None:
    """What the registry names can be imported, and reads the schema that it says."""
    from importlib import import_module

    names: set[str] = set()
    for builder in BUILDERS:
        for target in filter(None, (builder.document, builder.build, builder.stated)):
            module, _, name = target.partition(":")
            assert hasattr(import_module(module), name)
        module, _, name = builder.document.partition(":")
        assert builder.schema == getattr(import_module(module), name).SCHEMA
        assert not names & set(builder.models)
        names |= set(builder.models)


def test_too_many_rules_for_a_snapshot_are_refused_by_name() -> None:
    tiers = [tier(str(place * 100), "0.05") for place in range(60)]
    instruments = [perpetual("A", tiers, id=f"venue:{place}") for place in range(400)]
    with pytest.raises(FormatError, match="tier_tables"):
        build_market(market([feed("A", "1")], instruments), "maintenance", LAYOUT)
