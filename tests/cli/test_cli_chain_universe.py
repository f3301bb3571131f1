"""A universe small enough for a contract, out of a market that is not; and a key of an unknown circuit."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from running import Run, edit, read

from prover.toolchain.workspace import workspace

SMALL = ("--universe", "chain-universe.json", "--out", "chain-market.json")
ORACLE = ("--oracle", "0x" + "12" * 20, "--chain", "eip155:31337")


@pytest.fixture
def publisher(folder: Path, run: Run) -> Path:
    """The quick start's folder with a publisher's key for chains."""
    assert run("keys", "new", "publisher-evm").code == 0
    return folder


def test_too_many_feeds_say_how_to_have_fewer_and_that_works(publisher: Path, run: Run) -> None:
    assert len(read("market.json")["feeds"]) > 8
    refused = run("evm", "sign", "market.json", *ORACLE)
    assert refused.code == 1
    assert "zksolvency market build --underlying BTC --underlying ETH" in " ".join(refused.all.split())
    assert run("market", "build", "--underlying", "BTC", "--underlying", "ETH", *SMALL).code == 0
    small = read("chain-market.json")
    assert {feed["underlying"] for feed in small["feeds"]} == {"BTC", "ETH"}
    assert {each["underlying"] for each in small["universe"]["instruments"]} == {"BTC", "ETH"}
    signed = run("evm", "sign", "chain-market.json", *ORACLE, "--json")
    assert signed.code == 0, signed.all
    assert signed.json["market_root"] != "0"


def tamper(source: str, target: str, change: Callable[[Any], None]) -> None:
    content = read(source)
    change(content)
    Path(target).write_text(json.dumps(content))


def _wide(snapshot: Any) -> None:
    snapshot["feeds"][0] |= {"low": "0.000001", "high": "1000000000"}


def _dear(snapshot: Any) -> None:
    snapshot["rows"][0]["mark"] = str(2 * int(snapshot["rows"][0]["mark"]))


def _lawless(snapshot: Any) -> None:
    del snapshot["model"]


@pytest.mark.parametrize("change", [_wide, _dear, _lawless])
def test_a_publisher_signs_what_the_rules_give_and_nothing_else(
    publisher: Path, run: Run, change: Callable[[Any], None]
) -> None:
    """Neither on a chain nor off it, whoever signed before."""
    assert run("market", "build", "--underlying", "BTC", "--underlying", "ETH", *SMALL).code == 0
    tamper("chain-market.json", "odd.json", change)
    for command in (("evm", "sign", "odd.json", *ORACLE), ("sign", "odd.json")):
        refused = run(*command)
        assert refused.code == 1, refused.all
        said = "model: is missing" if change is _lawless else "is not what the input gives"
        assert said in " ".join(refused.all.split())
        assert not Path("market-root.json").exists()
        if change is _lawless:
            continue
        # That rules need not be named does not mean that named ones need not be kept.
        assert run(*command, "--without-model").code == 1
    if change is _lawless:
        assert run("sign", "odd.json", "--without-model").code == 0


def test_joining_loses_no_signature_and_a_refused_join_no_epoch(publisher: Path, run: Run) -> None:
    assert run("market", "build", "--underlying", "BTC", "--underlying", "ETH", *SMALL).code == 0
    other = ("--oracle", "0x" + "34" * 20, *ORACLE[2:])
    assert run("evm", "sign", "chain-market.json", *other, "--out", "other.json").code == 0
    refused = run("evm", "sign", "chain-market.json", *ORACLE, "--join", "other.json")
    assert (refused.code, Path("market-root.json").exists()) == (1, False)
    (log,) = Path("secrets").glob("*.signed.sqlite")
    with closing(sqlite3.connect(log)) as database:
        assert database.execute("SELECT count(*) FROM signed").fetchone() == (1,), "nothing was signed"

    assert run("evm", "sign", "chain-market.json", *ORACLE).code == 0
    mine = read("market-root.json")["signatures"]
    tamper("market-root.json", "theirs.json", lambda root: root["signatures"][0].update(signature="00" * 65))
    assert run("evm", "sign", "chain-market.json", *ORACLE, "--join", "theirs.json").code == 0
    assert read("market-root.json")["signatures"] == mine


def test_the_other_universe_is_left_alone(folder: Path, run: Run) -> None:
    before = Path("universe.json").read_bytes(), Path("market.json").read_bytes()
    assert run("market", "build", "--underlying", "ETH", *SMALL).code == 0
    assert (Path("universe.json").read_bytes(), Path("market.json").read_bytes()) == before


@pytest.mark.parametrize("name", ["XYZ", "", "btc"])
def test_an_underlying_that_is_not_there(folder: Path, run: Run, name: str) -> None:
    refused = run("market", "build", "--underlying", name, *SMALL)
    assert refused.code == 2
    assert "has no feed; there are" in " ".join(refused.all.split())
    assert not Path("chain-market.json").exists()


def test_an_input_without_lists(folder: Path, run: Run) -> None:
    for member, value in (("feeds", 3), ("instruments", ...), ("feeds", [1, 2])):
        edit("market-input.json", member, value, "odd.json")
        assert run("market", "build", "odd.json", "--underlying", "BTC", *SMALL).code == 2


def test_a_key_of_an_unknown_circuit_is_not_exported(folder: Path, run: Run, tmp_path: Path) -> None:
    source = workspace().keys / "account_solvency_8_2_dev"
    if not source.is_dir():
        pytest.skip("skipped: there is no key of account_solvency_8_2 (zksolvency setup)")
    place = tmp_path / "store" / "another_dev"
    place.mkdir(parents=True)
    for name in ("verification_key.json", "manifest.json"):
        shutil.copyfile(source / name, place / name)
    manifest = json.loads((place / "manifest.json").read_text())
    manifest |= {"circuit": "another", "name": "another_dev"}
    (place / "manifest.json").write_text(json.dumps(manifest))
    refused = run("evm", "export", "--key", place)
    assert refused.code == 1
    assert "no such circuit is known here" in " ".join(refused.all.split())
    assert "internal" not in refused.all
