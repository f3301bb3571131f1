"""Accounts that cannot be proven: what is said, at which command, and what is not said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from running import Run, content, edit, read

from prover.check import owed
from verifier.numbers import cash_to_int

ETH, SOL = "hyperliquid:ETH", "hyperliquid:SOL"
HELD = "3.47128931"


def held(*positions: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"instrument": instrument, "size": size} for instrument, size in positions]


# What is wrong, the member, its value, and what the message must name.
MALFORMED: list[tuple[str, str, Any, tuple[str, ...]]] = [
    ("unknown instrument", "positions", held(("hyperliquid:NOPE", HELD)), ("hyperliquid:NOPE", "universe")),
    (
        "instrument of another venue",
        "positions",
        held(("binance:ETH", HELD)),
        ("positions[0].instrument", "binance:ETH"),
    ),
    ("duplicate position", "positions", held((ETH, HELD), (ETH, HELD)), ("positions[1].instrument", "twice")),
    ("size out of range", "positions", held((ETH, "347128931000000000")), ("positions[0].size",)),
    ("size off the grid", "positions", held((ETH, "3.4712893101")), ("positions[0].size", ETH)),
    ("no size", "positions", held((ETH, "0")), ("positions[0].size", "zero")),
    ("size as a number", "positions", held((ETH, 347128931)), ("positions[0].size", "text")),
    ("size as a word", "positions", held((ETH, "3.47128931x")), ("positions[0].size",)),
    ("exponent", "positions", held((ETH, "347128931e-8")), ("positions[0].size",)),
    ("finer cash", "cash", "347128931.123456789012345", ("cash",)),
    ("larger cash", "cash", "347128931" * 5, ("cash",)),
    ("too many", "positions", held(*((f"x:{place}", HELD) for place in range(34))), ("positions", "33")),
    ("another universe", "universe", "347128931", ("universe",)),
    ("another venue", "venue", "elsewhere", ("venue", "hyperliquid")),
    ("unknown member", "leverage", "347128931", ("leverage",)),
    ("missing member", "cash", ..., ("cash", "missing")),
    ("null", "cash", None, ("cash", "null")),
]


@pytest.mark.parametrize(
    ("member", "value", "named"), [c[1:] for c in MALFORMED], ids=[c[0] for c in MALFORMED]
)
@pytest.mark.parametrize("line", ["check account.json", "sign account.json"])
def test_a_malformed_account(
    line: str, member: str, value: Any, named: tuple[str, ...], folder: Path, run: Run
) -> None:
    edit("account.json", member, value)
    before = content(folder)
    ran = run(*line.split())
    assert ran.code == 1, ran.all
    for word in ("account.json", *named):
        assert word in ran.err
    assert "3.47128931" not in ran.all
    assert "347128931" not in ran.all
    assert content(folder) == before


@pytest.mark.parametrize("line", ["check account.json", "sign account.json", "inspect account.json"])
def test_a_number_that_is_no_integer_is_not_shown(line: str, folder: Path, run: Run) -> None:
    """JSON's own reader names a bad number; of a private file it must not."""
    Path("account.json").write_text('{"schema": "zksolvency/account/1", "cash": 5604.48405512345}')
    ran = run(*line.split())
    assert ran.code == 1
    assert "account.json" in ran.err
    assert "plain integer" in ran.err
    assert "5604" not in ran.all


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"schema": 1}', "\ufeff{}", '{"a":1,"a":1}', "[" * 99]
)
@pytest.mark.parametrize(
    "line", ["check", "sign account.json", "import account.json", "inspect account.json"]
)
def test_a_file_that_is_no_account(line: str, text: str, folder: Path, run: Run) -> None:
    Path("account.json").write_text(text)
    ran = run(*line.split())
    if line.startswith("import") and text == "[]":
        assert "lacks a balance" in ran.err  # ccxt's answer when nothing is held
        return
    assert ran.code in (1, 2)
    assert "account.json" in ran.err
    assert "internal" not in ran.err


def test_too_large_for_every_tier(folder: Path, run: Run) -> None:
    edit("market-input.json", "instruments.0.notional_cap", "1000")
    assert run("market", "build").code == 0
    edit("account.json", "positions", held((ETH, "47128931000")))
    ran = run("check")
    assert ran.code == 1
    assert "limit" in ran.err
    assert "47128931" not in ran.all


# -- Instruments that end


def with_expiry(folder: Path, kind: str, expiry: int) -> None:
    """The market input with BTC as a contract that expires."""
    place = next(
        i for i, each in enumerate(read("market-input.json")["instruments"]) if each["underlying"] == "BTC"
    )
    edit("market-input.json", f"instruments.{place}.kind", kind)
    edit("market-input.json", f"instruments.{place}.expiry", expiry)


def test_no_market_with_a_row_that_expires_inside_its_window(folder: Path, run: Run) -> None:
    with_expiry(folder, "future", read("market-input.json")["valid_until"] - 1)
    before = content(folder)
    ran = run("market", "build", "--universe", "u.json")
    assert ran.code == 1
    assert "hyperliquid:BTC" in ran.err and "valid_until" in ran.err and "End the window" in ran.err
    assert content(folder) == before


def test_an_expired_position(folder: Path, run: Run) -> None:
    with_expiry(folder, "future", read("market-input.json")["time"] - 10)
    built = run("market", "build", "--universe", "u.json", "--out", "m.json", "--json")
    assert built.code == 0, built.all
    edit("account.json", "universe", built.json["universe"]["id"])
    edit("account.json", "positions", held(("hyperliquid:BTC", HELD)))
    for line in ("check --market m.json", "sign account.json --market m.json"):
        ran = run(*line.split())
        assert ran.code == 1
        assert "hyperliquid:BTC expires" in ran.err
        assert HELD not in ran.all


def test_nobody_signs_a_row_of_an_expired_option(folder: Path, run: Run) -> None:
    """A table that was put together by hand."""
    market = read("market.json")
    option = market["universe"]["instruments"][2]
    option |= {"kind": "option", "strike": "30000", "option_type": "call", "expiry": market["valid_until"]}
    del market["model"]
    Path("market.json").write_text(json.dumps(market))
    before = content(folder)
    ran = run("sign", "market.json", "--without-model")
    assert ran.code == 1
    assert "rows[2]" in ran.err and "hyperliquid:BTC" in ran.err and "expires" in ran.err
    assert content(folder) == before
    bundle = read("bundle.json") | {"market": market}
    Path("bundle.json").write_text(json.dumps(bundle))
    assert "snapshot well-formed" in run("verify", "--json").failed()


# -- Too little equity


@pytest.fixture
def insolvent(folder: Path, run: Run) -> Path:
    edit("account.json", "cash", "-13500.00000000000001")
    assert run("sign", "account.json").code == 0
    return folder


def test_insolvent_at_check(insolvent: Path, run: Run) -> None:
    as_json = run("check", "--policy", "policy.json", "--json")
    assert as_json.code == 1
    report = as_json.json
    assert report["passes"] is False
    short = cash_to_int(report["requirement"]) + 10**14 - cash_to_int(report["equity"])
    assert cash_to_int(report["missing"]) == short > 0
    text = run("check", "--policy", "policy.json")
    assert text.code == 1
    assert "DOES NOT PASS" in text.out
    assert f"{owed(short)} USDC missing" in text.out


@pytest.mark.parametrize("backend", [(), ("--json",)])
def test_insolvent_at_prove(backend: tuple[str, ...], insolvent: Path, run: Run) -> None:
    missing = owed(cash_to_int(run("check", "--policy", "policy.json", "--json").json["missing"]))
    old = content(insolvent)
    ran = run("prove", *backend)
    assert ran.code == 1
    assert f"{missing} USDC more is needed" in ran.all
    assert "13500" not in ran.all
    assert content(insolvent) == old
    Path("bundle.json").unlink()
    assert run("prove", *backend).code == 1
    assert set(content(insolvent)) == set(old) - {"bundle.json"}


def test_the_last_unit_decides(folder: Path, run: Run) -> None:
    """1e-14 less than a floor of 1 demands does not pass, and what is missing is never shown as nothing."""
    edit("account.json", "cash", "0")
    report = run("check", "--floor", "1", "--json").json
    enough = cash_to_int(report["requirement"]) + 10**14 - cash_to_int(report["equity"])
    for spare, passes in ((0, True), (-1, False)):
        total = enough + spare
        sign, digits = ("-" if total < 0 else ""), f"{abs(total):015d}"
        edit("account.json", "cash", f"{sign}{digits[:-14]}.{digits[-14:]}")
        assert run("check", "--policy", "policy.json").code == (0 if passes else 1)
    assert run("sign", "account.json").code == 0
    ran = run("prove")
    assert ran.code == 1
    assert "0.01 USDC more is needed" in ran.err


# -- Whose account it is


def test_a_second_holder_for_one_account(folder: Path, run: Run) -> None:
    subject = "eip155:1:0x" + "ab" * 20
    assert run("sign", "account.json", "--subject", subject).code == 0
    assert run("keys", "new", "holder", "--out", "secrets/second.json").code == 0
    second = run("keys", "show", "secrets/second.json", "--json").json["public"]["holder"]
    before = content(folder)
    ran = run("sign", "account.json", "--subject", subject, "--holder", second)
    assert ran.code == 1
    assert "registered to another holder" in ran.err and subject in ran.err
    assert content(folder) == before
    again = run("sign", "account.json", "--subject", subject, "--json")
    assert (again.code, again.json["sequence"]) == (0, 2)


def test_an_account_of_another_time(folder: Path, run: Run) -> None:
    time = read("market.json")["time"]
    for line in (f"--as-of {time - 1}", f"--as-of {time + 90_000}"):
        ran = run("sign", "account.json", *line.split())
        assert ran.code == 1
        assert "outside the snapshot's time" in ran.err


def test_an_unknown_coin_in_a_response(folder: Path, run: Run) -> None:
    response = read("response.json")
    response["assetPositions"][0]["position"]["coin"] = "NOPE"
    Path("response.json").write_text(json.dumps(response))
    before = content(folder)
    ran = run("import", "response.json")
    assert ran.code == 1
    assert "response.json" in ran.err and "NOPE is not in the universe" in ran.err
    assert content(folder) == before
