"""Ranges that a snapshot of options carries: its stresses reach them, and a verifier recomputes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prover.cli import main
from prover.risk.forecast import Ewma
from prover.risk.history import History, history_from_csv
from prover.risk.parameters import RiskRule, risk_parameters
from prover.tables.option_inputs import OptionsInput
from prover.tables.options import build_options
from prover.tables.rebuild import check_model
from verifier.errors import FormatError
from verifier.market import Snapshot

DAY = 86_400
NOW = 1_790_000_000
RULE = RiskRule(quantile="3", horizon="2", floor="0.12", cap="0.5")


@pytest.fixture
def history(tmp_path: Path) -> tuple[Path, History]:
    file = tmp_path / "history.csv"
    lines = [f"{NOW - (200 - n) * DAY},{60_000 + (n * n * 37) % 3001}" for n in range(201)]
    file.write_text("time,close\n" + "\n".join(lines) + "\n")
    return file, history_from_csv(file, "BTC")


def world(risk: dict[str, Any], moves: tuple[str, ...] = ("-0.2", "0.2"), **more: Any) -> OptionsInput:
    stresses = [{"name": f"s{n}", "move": move, **more} for n, move in enumerate(moves)]
    expiry = NOW + 30 * DAY
    return OptionsInput.parse(
        {
            "schema": OptionsInput.SCHEMA,
            "name": "options",
            "venue": "test",
            "quote": "USD",
            "period": "1",
            "epoch": 1,
            "time": NOW,
            "valid_until": NOW + 3600,
            "feeds": [
                {"id": "BTC", "kind": "index", "underlying": "BTC", "price": "60000", "band": "0.01"},
            ],
            "expiries": [{"underlying": "BTC", "expiry": expiry}],
            "grid": {"stresses": stresses},
            "levels": {"maintenance": {"factor": "1"}},
            "instruments": [
                {
                    "id": "test:call",
                    "kind": "option",
                    "underlying": "BTC",
                    "expiry": expiry,
                    "strike": "65000",
                    "option_type": "call",
                    "volatility": "0.6",
                }
            ],
            "risk": [risk],
        }
    )


def test_a_snapshot_carries_its_range_and_it_follows(
    history: tuple[Path, History], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, bars = history
    published = risk_parameters(bars, Ewma(decay="0.94"), RULE, NOW)
    snapshot = build_options(world(published.to_json()), "maintenance", "s24-k2-d5")[1]
    check_model(snapshot)
    market = tmp_path / "market.json"
    snapshot.save(market)
    check = ["market", "risk", str(file), "--check", str(market)]
    assert main(check) == 0
    assert main([*check, "--underlying", "ETH"]) == 1
    assert "has no range of ETH" in capsys.readouterr().err
    body = json.loads(market.read_text())
    body["model"]["parameters"]["input"]["risk"][0]["range"] = "0.13"
    market.write_text(json.dumps(body))
    assert main(check) == 1
    assert "does not follow from the history" in capsys.readouterr().err
    assert Snapshot.load(market).hash != snapshot.hash


def test_stresses_must_reach_the_range(history: tuple[Path, History]) -> None:
    risk = risk_parameters(history[1], Ewma(decay="0.94"), RULE, NOW).to_json()
    reach = float(risk["range"])
    assert 0.12 <= reach < 0.2
    down = reach / (1 + reach)
    world(risk, (f"-{down + 1e-6:.6f}", f"{reach:.6f}"))
    for moves in (("-0.2", f"{reach - 1e-6:.6f}"), (f"-{down - 1e-6:.6f}", "0.2"), ()):
        with pytest.raises(FormatError, match=r"risk\[0\]\.range: asks for moves"):
            world(risk, moves)
    with pytest.raises(FormatError, match="asks for moves"):
        world(risk, factor="0.5")
    with pytest.raises(FormatError, match=r"risk\[0\]\.underlying"):
        world(risk | {"underlying": "ETH"})
    with pytest.raises(FormatError, match=r"risk\[0\]\.time"):
        world(risk | {"time": NOW + 1})
