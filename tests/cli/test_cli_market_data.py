"""`zksolvency market prices`, `risk` and `surface`: results, refusals, and files left alone by a refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from running import Run, edit, read

DAY = 86_400
START = 1_700_000_000
RULE = {"quantile": "2.5", "horizon": "1", "floor": "0.02", "cap": "0.5", "rise": "0.1", "fall": "0.1"}
LIMITS = {
    "max_age": 30,
    "outlier": "relative",
    "outlier_limit": "0.01",
    "max_divergence": "0.005",
    "min_sources": 2,
}


@pytest.fixture
def sources(folder: Path) -> dict[str, Any]:
    market = read("market-input.json")
    feed, now = market["feeds"][0], market["time"] + 5
    quotes = [{"source": name, "time": now, "price": "50000"} for name in ("a", "b", "c")]
    quotes[1]["price"] = "50010.5"
    entry = {"id": feed["id"], "kind": feed["kind"], "underlying": feed["underlying"], "quotes": quotes}
    body = {"schema": "zksolvency/price-sources/1", "time": now, "limits": LIMITS, "feeds": [entry]}
    Path("sources.json").write_text(json.dumps(body))
    return body


@pytest.fixture
def bars(folder: Path) -> None:
    lines = [f"{START + n * DAY},{1000 + (n * n * 37) % 61}" for n in range(200)]
    Path("history.csv").write_text("time,close\n" + "\n".join(lines) + "\n")
    Path("rule.json").write_text(json.dumps(RULE))


def test_prices_go_into_the_market_input(sources: dict[str, Any], run: Run) -> None:
    edit("sources.json", "feeds.0.quotes.2.price", "60000")
    ran = run("market", "prices", "sources.json", "--into", "market-input.json", "--json")
    assert ran.code == 0, ran.all
    found = ran.json["prices"][0]
    assert (found["value"], found["used"]) == ("50005.25", ["a", "b"])
    assert found["rejected"][0]["source"] == "c"
    market = read("market-input.json")
    assert (market["feeds"][0]["price"], market["time"]) == ("50005.25", sources["time"])
    assert run("market", "build").code == 0
    text = run("market", "prices", "sources.json")
    assert text.code == 0 and "50005.25" in text.out and "c says 60000" in text.out


def test_build_takes_sources_or_refuses(sources: dict[str, Any], run: Run) -> None:
    before = Path("market.json").read_bytes()
    edit("sources.json", "feeds.0.quotes.2.price", "50400")
    ran = run("market", "build", "market-input.json", "sources.json")
    assert ran.code == 1 and "sources.json: feeds[0]" in ran.err and "c says 50400" in ran.err
    assert Path("market.json").read_bytes() == before
    edit("sources.json", "feeds.0.quotes.2.price", "50001")
    assert run("market", "build", "market-input.json", "sources.json").code == 0
    market = read("market.json")
    assert (market["feeds"][0]["price"], market["time"]) == ("50001", sources["time"])
    edit("sources.json", "feeds.0.kind", "stablecoin")
    ran = run("market", "build", "market-input.json", "sources.json")
    assert ran.code == 1 and "Give both the same kind" in ran.err


def test_disagreement_leaves_the_input_alone(sources: dict[str, Any], run: Run) -> None:
    before = Path("market-input.json").read_bytes()
    edit("sources.json", "feeds.0.quotes.2.price", "50400")
    ran = run("market", "prices", "sources.json", "--into", "market-input.json")
    assert (ran.code, ran.out) == (1, "")
    assert "sources.json: feeds[0]" in ran.err and "c says 50400" in ran.err
    assert Path("market-input.json").read_bytes() == before


def test_an_unknown_feed(sources: dict[str, Any], run: Run) -> None:
    edit("sources.json", "feeds.0.id", "NOWHERE")
    ran = run("market", "prices", "sources.json", "--into", "market-input.json")
    assert ran.code == 1 and "have no NOWHERE" in ran.err


@pytest.mark.parametrize("model", ["ewma:0.9", "garch"])
def test_a_range_is_made_and_follows(model: str, bars: None, run: Run) -> None:
    made = run("market", "risk", "history.csv", "--rule", "rule.json", "--model", model, "--out", "risk.json")
    assert made.code == 0, made.all
    assert "range to stress by" in made.out
    checked = run("market", "risk", "history.csv", "--check", "risk.json", "--json")
    assert checked.code == 0 and checked.json["checked"] is True
    assert checked.json["range"] == read("risk.json")["range"]
    edit("risk.json", "range", "0.0201")
    refused = run("market", "risk", "history.csv", "--check", "risk.json")
    assert refused.code == 1 and "risk.json: range: does not follow from the history" in refused.err


def test_steps_start_from_what_was_published(bars: None, run: Run) -> None:
    assert run("market", "risk", "history.csv", "--rule", "rule.json", "--out", "old.json").code == 0
    edit("old.json", "range", "0.4")
    with Path("history.csv").open("a") as file:
        file.write(f"{START + 200 * DAY},1010\n")
    ran = run("market", "risk", "history.csv", "--rule", "rule.json", "--previous", "old.json", "--json")
    assert (ran.json["range"], ran.json["binding"]) == ("0.36", "fall")


@pytest.mark.parametrize(
    ("line", "code", "word"),
    [
        ("risk history.csv", 2, "--rule"),
        ("risk history.csv --rule rule.json --model arima", 2, "ewma:0.94 or garch"),
        ("risk history.csv --rule rule.json --model ewma:2", 2, "decay"),
        ("risk absent.csv --rule rule.json", 2, "absent.csv"),
        ("risk history.csv --rule absent.json", 2, "absent.json"),
        ("risk history.csv --rule market-input.json", 1, "market-input.json"),
        ("prices absent.json", 2, "absent.json"),
        ("prices market.json", 1, "schema"),
        ("surface absent.json", 2, "absent.json"),
    ],
)
def test_misuse(line: str, code: int, word: str, bars: None, run: Run) -> None:
    ran = run("market", *line.split())
    assert ran.code == code, ran.all
    assert word in ran.err


def test_a_surface_is_judged(folder: Path, run: Run) -> None:
    vogt = {"a": "-0.041", "b": "0.1331", "rho": "0.306", "m": "0.3586", "sigma": "0.4153"}
    smile = {"kind": "svi", "expiry": START + 365 * DAY, "forward": "100", **vogt}
    body = {"schema": "zksolvency/vol-surface/1", "underlying": "X", "time": START, "slices": [smile]}
    Path("surface.json").write_text(json.dumps(body))
    ran = run("market", "surface", "surface.json")
    assert ran.code == 1 and "surface.json: slices[0]" in ran.err and "butterfly at strike" in ran.err
    edit("surface.json", "slices.0.a", "0.041")
    assert run("market", "surface", "surface.json", "--json").json["arbitrage_free"] is True
    assert run("market", "surface", "surface.json", "--fit").code == 2
