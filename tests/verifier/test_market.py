"""The snapshot: what its root commits to, who signed it, and which snapshots are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from samples import (
    NOW,
    OTHER_PUBLISHER,
    PUBLISHER,
    edited,
    row,
    snapshot,
    unsigned_snapshot,
)

from prover.secrets import sign_snapshot
from verifier.canonical import object_hash
from verifier.circuits import layout, tag
from verifier.errors import FormatError
from verifier.market import Snapshot, market_root, signature_payload, signers, snapshot_valid
from verifier.poseidon import poseidon
from verifier.rows import rows_root

SAMPLE = snapshot().to_json()


def parsed(path: str, value: Any) -> Snapshot:
    return Snapshot.parse(edited(SAMPLE, path, value))


def test_the_root_is_the_header_of_section_three() -> None:
    made = snapshot()
    clock = made.epoch << 70 | made.time << 36 | made.valid_until << 2 | 1
    rows = {entry.index: entry.row() for entry in made.rows}
    header = [
        tag("header"),
        rows_root(rows, layout("s2-k4-d5")),
        object_hash("zksolvency/universe/1", SAMPLE["universe"]),
        layout("s2-k4-d5").id,
        clock,
        made.envelope,
    ]
    assert market_root(made) == poseidon(header)


CHANGES = [
    ("universe.name", "other"),
    ("universe.instruments.1.lot", "2"),
    ("layout", "s24-k2-d5"),
    ("level", "initial"),
    ("epoch", 8),
    ("time", NOW - 99),
    ("valid_until", NOW + 3601),
    ("feeds.0.low", "57001"),
    ("feeds.0.high", "62999"),
    ("feeds.0.id", "BTC-other"),
    ("feeds.0.kind", "index"),
    ("feeds.0.underlying", "ETH"),
    ("frozen", []),
    ("rows.0.mark", "600000001"),
    ("rows.0.index", 2),
    ("rows.0.group", "2"),
    ("rows.0.nodes.0", "-29999999"),
    ("rows.0.addon_long", "2"),
    ("rows.0.addon_short", "2"),
    ("rows.0.brackets.0.rate", "9999999"),
    ("rows.0.brackets.1.deduction", "1"),
    ("rows.0.brackets.3.upper", "10000000000001"),
    ("rows.2", ...),
]


@pytest.mark.parametrize(("path", "value"), CHANGES)
def test_all_that_matters_changes_the_root_and_breaks_the_signature(path: str, value: Any) -> None:
    changed = edited(SAMPLE, path, value)
    if path == "layout":
        for entry in changed["rows"]:
            entry["nodes"], entry["brackets"] = ["0"] * 24, entry["brackets"][:2]
    other = Snapshot.parse(changed)
    assert market_root(other) != market_root(snapshot())
    assert signers(other, [PUBLISHER.public_key]) == []


@pytest.mark.parametrize(("path", "value"), [("feeds.0.price", "60001"), ("nodes.0.stress", "-5%")])
def test_what_only_informs_is_under_the_signature_too(path: str, value: Any) -> None:
    other = parsed(path, value)
    assert market_root(other) == market_root(snapshot())
    assert signers(other, [PUBLISHER.public_key]) == []


def test_signatures_are_no_part_of_what_is_signed() -> None:
    assert signature_payload(snapshot()) == signature_payload(unsigned_snapshot())
    payload = json.loads(signature_payload(snapshot()))
    assert payload["schema"] == "zksolvency/market-signature/1"
    assert payload["level"] == 1
    assert payload["market_root"] == str(market_root(snapshot()))


def test_who_signed() -> None:
    mine, theirs = PUBLISHER.public_key, OTHER_PUBLISHER.public_key
    both = sign_snapshot(snapshot(), OTHER_PUBLISHER)
    assert signers(both, [mine, theirs]) == [mine, theirs]
    assert signers(both, [theirs]) == [theirs]
    assert signers(snapshot(), [theirs]) == []
    assert signers(unsigned_snapshot(), [mine]) == []
    assert len(sign_snapshot(both, PUBLISHER).signatures) == 2


def test_one_signature_shown_twice_counts_once() -> None:
    doubled = edited(SAMPLE, "signatures", SAMPLE["signatures"] * 2)
    assert signers(Snapshot.parse(doubled), [PUBLISHER.public_key]) == [PUBLISHER.public_key]


def test_anothers_signature_under_a_listed_key_counts_for_nothing() -> None:
    both = sign_snapshot(unsigned_snapshot(), OTHER_PUBLISHER).to_json()
    stolen = edited(both, "signatures.0.public_key", PUBLISHER.public_key)
    assert signers(Snapshot.parse(stolen), [PUBLISHER.public_key]) == []


def test_a_key_that_is_no_point_counts_for_nothing() -> None:
    broken = edited(SAMPLE, "signatures.0.public_key", "ff" * 32)
    assert signers(Snapshot.parse(broken), ["ff" * 32]) == []


def test_the_cached_root_belongs_to_the_content_not_the_object() -> None:
    first = snapshot()
    root = market_root(first)
    entries = list(first.rows)
    entries[0] = entries[0].model_copy(update={"mark": 1})
    assert market_root(first.model_copy(update={"rows": tuple(entries)})) != root
    assert market_root(first) == root


REFUSED = [
    ("time", NOW + 3601, "valid_until: is before time"),
    ("layout", "s3-k4-d5", "layout: is not known"),
    ("layout", "s24-k2-d5", "nodes: has 2 entries"),
    ("nodes", [{"corner": "low", "stress": "none"}], "nodes: has 1 entries"),
    ("nodes.0.stress", "-5%", "lacks the zero stress at the corner 'low'"),
    ("nodes.1.stress", "+5%", "lacks the zero stress at the corner 'high'"),
    ("nodes.1.corner", "low", "lacks the zero stress at the corner 'high'"),
    ("nodes", [{"corner": "mark", "stress": "none"}] * 2, "lacks the zero stress at the corner 'high'"),
    ("feeds.1.id", "BTC-mark", r"feeds\[1\].id: is listed twice"),
    ("feeds.0.underlying", "DOGE", r"feeds\[0\].underlying: is not in the universe"),
    ("rows.1.index", 0, r"rows\[1\].index: does not increase"),
    ("rows.2.index", 1, r"rows\[2\].index: does not increase"),
    ("rows.2.index", 5, r"rows\[2\].index: is beyond the universe"),
    ("rows.2.index", 4, "testvenue:OLD, which is retired"),
    ("rows.0.group", "2", r"rows\[0\].group: is not the id of BTC"),
    ("rows.0.brackets.0.deduction", "1", r"rows\[0\].brackets\[0\].deduction: makes the charge negative"),
    ("feeds", SAMPLE["feeds"][:1], r"rows\[1\]: is of ETH, which has no feed"),
    ("frozen", ["funding"], r"rows\[2\]: is of USDC, which has no feed and is not frozen"),
    ("rows.1.nodes", ["0"], r"rows\[1\].nodes: has 1 entries"),
]


@pytest.mark.parametrize(("path", "value", "problem"), REFUSED)
def test_a_snapshot_that_nobody_may_sign(path: str, value: Any, problem: str) -> None:
    changed = parsed(path, value)
    with pytest.raises(FormatError, match=problem):
        snapshot_valid(changed)
    with pytest.raises(FormatError, match=problem):
        sign_snapshot(changed, PUBLISHER)


def test_the_sample_is_well_formed() -> None:
    snapshot_valid(snapshot())


def test_a_snapshot_without_bands_needs_no_corners() -> None:
    flat = edited(SAMPLE, "nodes", [{"corner": "mark", "stress": "none"}] * 2)
    for feed in flat["feeds"]:
        feed["low"] = feed["high"] = feed["price"]
    snapshot_valid(Snapshot.parse(flat))


def test_a_row_must_outlive_the_window() -> None:
    """The option expires at NOW + 10,000."""
    rows = [*SAMPLE["rows"][:2], {**SAMPLE["rows"][1], "index": 2}, SAMPLE["rows"][2]]
    listed = edited(SAMPLE, "rows", rows)
    snapshot_valid(Snapshot.parse(edited(listed, "valid_until", NOW + 9_999)))
    with pytest.raises(FormatError, match="testvenue:ETH-C, which expires"):
        snapshot_valid(Snapshot.parse(edited(listed, "valid_until", NOW + 10_000)))


def test_a_price_may_be_above_another_only_inside_its_band() -> None:
    for low, high in (("60000", "60000"), ("59999.99999", "60000.00001")):
        feed = {**SAMPLE["feeds"][0], "low": low, "high": high}
        assert Snapshot.parse(edited(SAMPLE, "feeds.0", feed)).feeds[0].moves == (low != high)


def test_a_row_survives_its_file() -> None:
    assert snapshot().row_map()[0] == row()


def test_an_aggregate_line_is_worth_nothing() -> None:
    """The legs beside it have the value: a mark on the sum as well would count it twice."""
    universe = edited(SAMPLE["universe"], "instruments.0.kind", "aggregate")
    made = edited(SAMPLE, "universe", universe)
    for path, value in (("rows.0.nodes", ["0", "0"]), ("rows.0.mark", "0")):
        with pytest.raises(FormatError, match=r"rows\[0\].mark"):
            sign_snapshot(Snapshot.parse(edited(made, path, value)), PUBLISHER)
    worthless = edited(edited(made, "rows.0.nodes", ["0", "0"]), "rows.0.mark", "0")
    snapshot_valid(Snapshot.parse(worthless))


@pytest.mark.parametrize(("kind", "side"), [("deposit", "addon_short"), ("borrow", "addon_long")])
def test_the_wrong_side_of_a_deposit_or_a_borrow_is_shut(kind: str, side: str) -> None:
    """A deposit held short would be a debt at the deposit's haircut."""
    made = edited(SAMPLE, "universe.instruments.3.kind", kind)
    shut = edited(made, f"rows.2.{side}", str((1 << 63) - 1))
    snapshot_valid(Snapshot.parse(shut))
    with pytest.raises(FormatError, match=rf"rows\[2\].{side}"):
        sign_snapshot(Snapshot.parse(edited(shut, f"rows.2.{side}", "1000000")), PUBLISHER)


def test_a_group_of_two_moving_prices_needs_four_corners() -> None:
    """At two common edges a long of one price and a short of the other would drift free."""
    second = {**SAMPLE["feeds"][0], "id": "BTC-index", "kind": "index"}
    made = edited(SAMPLE, "feeds", [*SAMPLE["feeds"], second])
    with pytest.raises(FormatError, match="corners of BTC"):
        sign_snapshot(Snapshot.parse(made), PUBLISHER)
    still = {**second, "low": second["price"], "high": second["price"]}
    snapshot_valid(Snapshot.parse(edited(made, "feeds.2", still)))
