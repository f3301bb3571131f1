"""A real options book from the command line: built, rebuilt, signed and proven; who sees its worst case."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from running import Run, edit, read

from prover.toolchain.setup import development_key as make_key
from verifier.circuits import instance
from verifier.universe import Universe

DOWN = "index:low volatility:low, spot -16%, volatility up"
SHORT_CALLS = [
    {"instrument": "deribit:BTC-22MAY20-12000-C", "size": "-8"},
    {"instrument": "deribit:BTC-26JUN20-9000-C", "size": "-4"},
    {"instrument": "deribit:BTC-PERPETUAL", "size": "1"},
]
"""A book that fears the other direction."""


def write_market(root: Path, **changes: Any) -> None:
    """The example with its clock moved to now."""
    given = json.loads((root / "examples" / "options-market.json").read_text()) | changes
    later = int(time.time()) - 60 - given["time"]
    for part in (given, *given["expiries"], *given["instruments"]):
        for name in {"time", "valid_until", "expiry"} & set(part):
            part[name] += later
    Path("options-input.json").write_text(json.dumps(given))


def write_account(root: Path, **changes: Any) -> None:
    book = (root / "examples" / "options-account.json").read_bytes()
    account = {
        "schema": "zksolvency/account/1", "venue": "deribit", "as_of": int(time.time()) - 30,
        "universe": str(Universe.load("universe.json").hash), **json.loads(book), **changes,
        "source": {"format": "by hand", "sha256": hashlib.sha256(book).hexdigest()},
    }  # fmt: skip
    Path("account.json").write_text(json.dumps(account))


def built(root: Path, run: Run, layout: str, **changes: Any) -> None:
    write_market(root, **changes)
    Path("universe.json").unlink(missing_ok=True)
    for words in (
        ("market", "build", "options-input.json", "--layout", layout),
        ("market", "verify", "market.json"),
        ("sign", "market.json"),
    ):
        ran = run(*words)
        assert ran.code == 0, ran.all


def proven(run: Run, size: str) -> dict[str, Any]:
    """The bundle of the account in the folder."""
    make_key(instance(size))
    for words in (
        ("sign", "account.json"),
        ("policy", "new", "--size", size),
        ("policy", "challenge"),
        ("prove", "--size", size),
        ("verify",),
    ):
        ran = run(*words)
        assert ran.code == 0, ran.all
    found = read("bundle.json")
    assert isinstance(found, dict)
    return found


def members(value: Any) -> Any:
    """The shape of a JSON value, without any value."""
    if isinstance(value, dict):
        return {name: members(inner) for name, inner in value.items()}
    return [members(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def test_the_owner_sees_the_worst_node(root: Path, folder: Path, run: Run) -> None:
    built(root, run, "s24-k2-d5")
    write_account(root)
    ran = run("check")
    assert ran.code == 0
    assert DOWN in ran.out
    write_account(root, positions=SHORT_CALLS, cash="30000")
    ran = run("check")
    assert ran.code == 0
    assert DOWN not in ran.out
    assert "index:high volatility:high, spot +16%" in ran.out


def test_an_edited_number_is_named(root: Path, folder: Path, run: Run) -> None:
    built(root, run, "s24-k2-d5")
    edit("market.json", "rows.3.addon_short", "1")
    ran = run("market", "verify", "market.json")
    assert ran.code == 1
    assert "rows[3].addon_short" in ran.all


@pytest.mark.slow
def test_a_book_of_options_is_proven_and_its_worst_case_is_not_told(
    root: Path, folder: Path, run: Run
) -> None:
    """The bundles of two books with different worst cases have the same members, and name neither case."""
    built(root, run, "s24-k2-d5")
    write_account(root)
    first = proven(run, "14-24")
    write_account(root, positions=SHORT_CALLS, cash="30000")
    second = proven(run, "14-24")
    for bundle in (first, second):
        market = bundle.pop("market")
        assert [node["stress"] for node in market["nodes"]].count("spot -16%, volatility up") == 4
        told = json.dumps(bundle)
        for word in ("spot -16%", "index:", "volatility", "binding", "node"):
            assert word not in told
    assert members(first) == members(second)


@pytest.mark.long
def test_the_book_at_thirty_two_positions_and_sixty_four_nodes(root: Path, folder: Path, run: Run) -> None:
    built(root, run, "s64-k1-d5-csi", knots=5)
    write_account(root)
    assert DOWN in run("check").out
    bundle = proven(run, "32-64")
    bundle.pop("market")
    assert "spot" not in json.dumps(bundle)
