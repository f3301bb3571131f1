"""`zksolvency market show`, `verify` and `diff`: what they say of a snapshot, and pictures of it."""

from __future__ import annotations

import json
import re
import stat
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from market_inputs import TIME, deposit, feed, market, perpetual, tier
from samples import PUBLISHER, edited

from prover.accounts import Account, Position, Source
from prover.cli import main
from prover.engine import margin
from prover.secrets import sign_snapshot
from prover.snapshots import differences, draw
from prover.tables import build_market
from prover.tables.inputs import MarketInput
from prover.tables.rebuild import builder_for
from verifier.errors import UsageError
from verifier.market import Snapshot

LAYOUT = "s2-k4-d5"


def given() -> MarketInput:
    feeds = [feed("BTC", "60000"), feed("ETH", "3000", band="0.1")]
    instruments = [
        perpetual("BTC", [tier("0", "0.01"), tier("50000", "0.05")]),
        perpetual("ETH", [tier("0", "0.02")]),
        deposit("ETH", [("0", "0.9")]),
    ]
    return market(feeds, instruments)


def snapshot(changed: MarketInput | None = None) -> Snapshot:
    return build_market(changed or given(), "maintenance", LAYOUT)[1]


def account() -> Account:
    return Account(
        venue="venue",
        universe=snapshot().universe.hash,
        as_of=TIME,
        cash="20000",
        positions=(
            Position(instrument="venue:BTC", size="-0.7"),
            Position(instrument="venue:ETH", size="12.3456"),
            Position(instrument="venue:ETH-deposit", size="1"),
        ),
        source=Source(format="raw", sha256="00" * 32),
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A snapshot, its input and an account."""
    monkeypatch.chdir(tmp_path)
    given().save("market-input.json")
    snapshot().save("market.json")
    account().save("account.json")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main(list(arguments))
    return code, "".join(capsys.readouterr())


# --- diff ---

CHANGES: tuple[tuple[tuple[Any, ...], Any, str, str], ...] = (
    (("epoch",), 2, "snapshot", "epoch"),
    (("level",), "initial", "snapshot", "level"),
    (("valid_until",), TIME + 9, "snapshot", "valid_until"),
    (("universe", "quote"), "USDT", "universe", "quote"),
    (("universe", "instruments", 1, "retired"), True, "listing", "retired"),
    (("feeds", 0, "price"), "60001", "feed", "price"),
    (("feeds", 1, "high"), "3400", "feed", "high"),
    (("frozen", 0), "the moon", "frozen", ""),
    (("nodes", 1, "stress"), "crash", "node", "stress"),
    (("model", "parameters", "initial_tiers"), "marginal", "parameter", "initial_tiers"),
    (("model", "parameters", "instruments", 0, "tiers", 1, "maintenance_rate"), "0.06", "parameter", "rate"),
    (("rows", 0, "mark"), "1", "row", "mark"),
    (("rows", 2, "nodes", 1), "1", "row", r"nodes\[1\]"),
    (("rows", 0, "brackets", 1, "upper"), "1", "row", r"brackets\[1\]\.upper"),
)


def changed(path: tuple[Any, ...], value: Any) -> Snapshot:
    copy = snapshot().to_json()
    inside = copy
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return Snapshot.parse(copy)


@pytest.mark.parametrize(("path", "value", "part", "member"), CHANGES, ids=lambda each: str(each))
def test_one_changed_member_is_one_change(path: tuple[Any, ...], value: Any, part: str, member: str) -> None:
    """Nothing else is told, in either direction, and nothing is missed."""
    before, after = snapshot(), changed(path, value)
    for first, second in ((before, after), (after, before)):
        found = differences(first, second)
        # A frozen word that changes goes and another comes.
        assert len(found) == (2 if part == "frozen" else 1)
        assert found[0].part == part
        assert re.search(member, found[0].member)
    assert not differences(before, before)


def test_a_listing_that_comes_takes_its_rules_and_row_along() -> None:
    more = given().to_json()
    more["feeds"].append(feed("SOL", "100"))
    more["instruments"].append(perpetual("SOL", [tier("0", "0.1")]))
    found = differences(snapshot(), snapshot(MarketInput.parse(more)))
    told = {(each.part, each.name, each.member) for each in found}
    assert {("listing", "venue:SOL", ""), ("feed", "SOL mark", ""), ("row", "venue:SOL", "")} <= told
    assert all(each.before is None for each in found)


def test_relative_changes_are_exact() -> None:
    (change,) = differences(snapshot(), changed(("feeds", 0, "price"), "59997"))
    assert change.relative == Fraction(-3, 60000)
    (change,) = differences(snapshot(), changed(("feeds", 0, "kind"), "index"))
    assert change.relative is None


def test_the_command_tells_both_ways(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(("feeds", 0, "price"), "60600").save("later.json")
    code, text = said(capsys, "market", "diff", "market.json", "later.json")
    assert code == 0
    assert re.search(r"feed +BTC mark +price +60000 +60600 +\+1\.00 %", text)
    code, text = said(capsys, "market", "diff", "market.json", "later.json", "--json")
    found = json.loads(text)
    assert not found["same"]
    assert found["changes"] == [
        {
            "part": "feed",
            "name": "BTC mark",
            "member": "price",
            "before": "60000",
            "after": "60600",
            "relative": 0.01,
        }
    ]
    assert said(capsys, "market", "diff", "market.json", "market.json")[1] == "the same, signatures aside\n"
    assert said(capsys, "market", "diff", "market.json", "missing.json")[0] == 2


# --- verify ---


def test_verify(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "market", "verify")
    assert code == 0
    # group, mark, two nodes, two addons and four brackets of three.
    assert "54 numbers in 3 rows follow from its own model (brackets 1)" in text
    assert "unsigned" in text
    signed = sign_snapshot(snapshot(), PUBLISHER)
    signed.save("market.json")
    code, text = said(capsys, "market", "verify", "market.json", "--input", "market-input.json", "--json")
    assert code == 0
    assert json.loads(text)["signed_by"] == [signed.signatures[0].public_key]


@pytest.mark.parametrize(
    ("member", "value", "named"),
    [
        ("rows.1.nodes.0", "-299999999", r"rows\[1\]\.nodes\[0\].*-299999999.*must be -300000000"),
        ("rows.0.brackets.1.upper", "18446744073709551614", r"rows\[0\]\.brackets\[1\]\.upper"),
        (
            "model.parameters.instruments.0.tiers.1.maintenance_rate",
            "0.06",
            r"rows\[0\]\.brackets\[1\]\.rate",
        ),
        ("feeds.1.price", "2999", r"rows\[1\]"),
        ("model.name", "another", "model.name"),
        ("model", ..., "model: is missing"),
    ],
)
def test_verify_names_the_first_number_that_differs(
    member: str, value: Any, named: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("market.json").write_text(json.dumps(edited(snapshot().to_json(), member, value)))
    code, text = said(capsys, "market", "verify")
    assert code == 1
    assert re.search(named, text)
    assert "market.json" in text


def test_verify_refuses_a_signature_that_does_not_hold(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signed = sign_snapshot(snapshot(), PUBLISHER).to_json()
    other = sign_snapshot(changed(("epoch",), 2), PUBLISHER).to_json()
    signed["signatures"] = other["signatures"]
    Path("market.json").write_text(json.dumps(signed))
    code, text = said(capsys, "market", "verify")
    assert code == 1
    assert "does not hold" in text


# --- show ---


def test_show(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "market", "show")
    assert code == 0
    for words in ("venue:ETH-deposit", "BTC mark", "model brackets 1", "frozen: the venue's margin rules"):
        assert words in text
    code, text = said(capsys, "market", "show", "--json")
    shown = json.loads(text)
    assert [row["instrument"] for row in shown["rows"]] == ["venue:BTC", "venue:ETH", "venue:ETH-deposit"]
    assert shown["rows"][0]["mark"] == "60000000000"


def test_a_picture_of_the_account_shows_its_worst_case_and_stays_private(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(capsys, "market", "show", "--account", "account.json", "--plot", "book.svg")
    assert code == 0
    assert "readable by you alone" in text
    assert stat.S_IMODE(Path("book.svg").stat().st_mode) == 0o600
    drawn = Path("book.svg").read_text()
    # Matplotlib writes text as outlines, with the text itself beside them.
    report = margin(account(), snapshot())
    for name in ("BTC", "ETH"):
        group = next(each for each, known in report.groups.items() if known == name)
        loss = report.losses[group] / 10**14
        assert f"{name}: loss {loss:,.2f}" in drawn
        node = report.nodes[report.binding_node[group] or 0]
        assert f"worst: {-loss:,.0f} at {node}" in drawn
    again = Path("again.svg")
    draw(snapshot(), again, report)
    assert again.read_text() == drawn


def test_a_picture_of_the_market_is_public_and_names_its_instruments(folder: Path) -> None:
    draw(snapshot(), Path("market.svg"))
    assert stat.S_IMODE(Path("market.svg").stat().st_mode) == 0o644
    drawn = Path("market.svg").read_text()
    assert "venue:ETH-deposit" in drawn
    assert "worst" not in drawn
    draw(snapshot(), Path("market.png"))
    assert Path("market.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--plot", "book.pdf"), 2, ".png or .svg"),
        (("--account", "account.json"), 2, "--plot"),
        (("--account", "missing.json", "--plot", "a.png"), 2, "missing.json"),
        (("missing.json",), 2, "missing.json"),
    ],
)
def test_what_show_refuses(
    arguments: tuple[str, ...], code: int, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, text = said(capsys, "market", "show", *arguments)
    assert found == code
    assert words in text
    assert not Path("a.png").exists()


def test_without_matplotlib_the_extra_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, text = said(capsys, "market", "show", "--plot", "a.png")
    assert code == 3
    assert "zksolvency[market]" in text
    assert said(capsys, "market", "show")[0] == 0


def test_a_stress_grid_is_drawn_scenario_by_scenario(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a corner, and the star at the node that the engine says; `inspect` knows the input."""
    builder = builder_for("zksolvency/grid-input/1")
    assert builder is not None
    option = {"id": "venue:C", "kind": "option", "underlying": "BTC", "expiry": TIME + 30 * 86400}
    option |= {"strike": "66000", "option_type": "call", "price": "60300", "volatility": "0.55", "fee": "18"}
    stated = {
        "schema": "zksolvency/grid-input/1",
        "method": "paradex",
        "name": "grid",
        "venue": "venue",
        "quote": "USD",
        "period": "2026",
        "epoch": 1,
        "time": TIME,
        "valid_until": TIME + 3600,
        "underlyings": [
            {"underlying": "BTC", "feed": "BTC", "kind": "index", "price": "60000", "band": "0.01"}
        ],
        "instruments": [option],
    }
    (tmp_path / "grid.json").write_text(json.dumps(stated))
    code, told = said(capsys, "inspect", str(tmp_path / "grid.json"), "--json")
    assert (code, json.loads(told)["builds"]) == (0, ["span", "paradex", "deribit"])
    _, made = builder.make(builder.parse(stated, ""), "initial", "s64-k1-d5-csi", None)
    held = Account(
        venue="venue",
        universe=made.universe.hash,
        as_of=TIME,
        cash="90000",
        positions=(Position(instrument="venue:C", size="-3"),),
        source=Source(format="raw", sha256="00" * 32),
    )
    report = margin(held, made)
    (worst,) = report.binding_node.values()
    assert worst is not None
    assert made.nodes[worst].stress != "none"
    draw(made, tmp_path / "grid.svg", report)
    drawn = (tmp_path / "grid.svg").read_text()
    assert all(f"<!-- {node.stress} -->" in drawn for node in made.nodes)
    assert {"all positions at low", "all positions at high"} <= set(re.findall(r"<!-- (.*?) -->", drawn))
    assert f"at {report.nodes[worst]}" in drawn


def test_many_underlyings_are_cut_to_the_largest_losses(tmp_path: Path) -> None:
    names = [f"U{place:02d}" for place in range(14)]
    many = market(
        [feed(name, "100") for name in names], [perpetual(name, [tier("0", "0.1")]) for name in names]
    )
    assert draw(snapshot(many), tmp_path / "a.svg") == names[12:]
    with pytest.raises(UsageError, match=r"\.png"):
        draw(snapshot(many), tmp_path / "a.gif")
