"""From an account file to the engine: names, grids, sides, universes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from market_inputs import TIME, borrow, deposit, feed, market, perpetual, tier

from prover.accounts import Account
from prover.check import margin_dict, margin_tables
from prover.engine import margin
from prover.tables import build_market
from verifier.errors import FormatError
from verifier.market import Snapshot

TIERS = [tier("0", "0.0125", initial="0.025"), tier("150000000", "0.025", initial="0.05")]


def venue(**more: Any) -> Snapshot:
    instruments: list[dict[str, Any]] = [
        perpetual("BTC", TIERS),
        perpetual("ETH", TIERS, notional_cap="1000000"),
        deposit("ETH", [("0", "0.9")]),
        borrow("ETH", [tier("0", "0.1")]),
        perpetual("BTC", TIERS, id="venue:OLD", retired=True),
        {"id": "venue:F", "kind": "future", "underlying": "BTC", "expiry": TIME, "tiers": TIERS},
        *more.pop("instruments", []),
    ]
    feeds = [feed("BTC", "60000"), feed("ETH", "3000"), feed("SUM", "1", band="0")]
    return build_market(market(feeds, instruments, **more), "maintenance", "s2-k4-d5")[1]


def account(snapshot: Snapshot, positions: dict[str, str], cash: str = "1000", **changes: Any) -> Account:
    return Account.parse(
        {
            "schema": Account.SCHEMA,
            "venue": "venue",
            "universe": str(snapshot.universe.hash),
            "as_of": TIME,
            "cash": cash,
            "positions": [{"instrument": name, "size": size} for name, size in positions.items()],
            "source": {"format": "test", "sha256": "0" * 64},
            **changes,
        }
    )


@dataclass(frozen=True)
class Claimed:
    ratio: int = 0
    floor: int = 0


def test_names_sizes_and_nodes_reach_the_report() -> None:
    snapshot = venue()
    held = account(snapshot, {"venue:ETH": "-2.5", "venue:BTC": "0.01"}, "10000")
    report = margin(held, snapshot, Claimed(ratio=5, floor=100))
    assert [part.instrument for part in report.positions] == ["venue:BTC", "venue:ETH"]
    assert [part.size_text for part in report.positions] == ["0.01", "-2.5"]
    assert [part.underlying for part in report.positions] == ["BTC", "ETH"]
    assert dict(report.groups) == {1: "BTC", 2: "ETH"}
    assert report.nodes == ("low", "high")
    assert (report.quote, report.level) == ("USDC", "maintenance")
    assert (report.ratio, report.floor) == (5, 100)
    found = margin_dict(report)
    assert [(each["underlying"], each["binding_node"]) for each in found["groups"]] == [
        ("BTC", "low"),
        ("ETH", "high"),
    ]
    # 10000 + 600 − 7500; 30 + 375 of moves; 1.25 % of 630 and of 7875, and the rounding units.
    assert found["equity"] == "3100"
    assert found["requirement"] == "511.31250251"
    assert margin(held, snapshot).slack > report.slack
    titles = [title for title, _, _ in margin_tables(report)]
    assert titles[0] == "Account, maintenance margin, USDC"
    for _, columns, rows in margin_tables(report):
        assert all(len(row) == len(columns) for row in rows)


def test_an_insolvent_account_says_how_much_is_missing() -> None:
    snapshot = venue()
    report = margin(account(snapshot, {"venue:BTC": "1"}, "-59000"), snapshot)
    assert not report.passes
    short = margin_dict(report)["missing"]
    mended = account(snapshot, {"venue:BTC": "1"}, f"-{59000 - float(short):.6f}")
    assert margin(mended, snapshot).excess <= 10**9
    assert "missing" in dict(tuple(row) for row in margin_tables(report)[0][2])["result"]


@pytest.mark.parametrize(
    ("positions", "said"),
    [
        ({"venue:NONE": "1"}, "NONE"),
        ({"venue:OLD": "1"}, "retired"),
        ({"venue:F": "1"}, "expire"),
        ({"venue:BTC": "0.000000001"}, "multiple|grid|decimal places"),
        ({"venue:BTC": "184467440738"}, "64 bits"),
        ({"venue:ETH": "400"}, "position limit"),
        ({"venue:ETH-deposit": "-1"}, "wrong side"),
        ({"venue:ETH-borrow": "1"}, "wrong side"),
    ],
)
def test_refusals(positions: dict[str, str], said: str) -> None:
    snapshot = venue()
    with pytest.raises(FormatError, match=said) as caught:
        margin(account(snapshot, positions), snapshot)
    (size,) = positions.values()
    if len(size) > 2:
        assert size not in str(caught.value)


def test_another_universe_or_venue_is_refused() -> None:
    snapshot = venue()
    with pytest.raises(FormatError, match="universe"):
        margin(account(snapshot, {}, universe="123"), snapshot)
    with pytest.raises(FormatError, match="venue"):
        margin(account(snapshot, {}, venue="elsewhere"), snapshot)


def test_a_listed_instrument_without_a_row_is_refused() -> None:
    snapshot = venue()
    fewer = Snapshot.parse({**snapshot.to_json(), "rows": snapshot.to_json()["rows"][1:]})
    with pytest.raises(FormatError, match="venue:BTC, which has no row"):
        margin(account(fewer, {"venue:BTC": "1"}), fewer)


def test_legs_need_their_aggregate_line() -> None:
    lines: list[dict[str, Any]] = [
        {"id": "venue:leg", "kind": "perpetual", "underlying": "SUM", "lot": "1"},
        {"id": "venue:sum", "kind": "aggregate", "underlying": "SUM", "tiers": TIERS, "lot": "1"},
    ]
    snapshot = venue(instruments=lines)
    with pytest.raises(FormatError, match="lacks venue:sum"):
        margin(account(snapshot, {"venue:leg": "5"}), snapshot)
    report = margin(account(snapshot, {"venue:leg": "-5", "venue:sum": "5"}), snapshot)
    leg, line = report.positions
    assert (leg.bracket_charge, line.value) == (0, 0)
    assert line.bracket_charge == 5 * 10**8 * 12_500
    assert margin(account(snapshot, {"venue:BTC": "0.01"}), snapshot).passes
