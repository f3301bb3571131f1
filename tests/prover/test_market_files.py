"""`zksolvency market build` from CSV, Parquet and JSON, and from an exchange through ccxt."""

from __future__ import annotations

import csv
import json
import sys
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings
from market_inputs import TIME, markets

from prover.cli import main
from prover.market_files import from_exchange, read_inputs, read_table
from prover.tables.inputs import MarketInput
from verifier.errors import FormatError, UsageError
from verifier.market import Snapshot

HEAD: dict[str, Any] = {
    "schema": MarketInput.SCHEMA,
    "name": "files",
    "venue": "venue",
    "quote": "USDT",
    "period": "2026",
    "epoch": 1,
    "time": TIME,
    "valid_until": TIME + 3600,
    "band": "0.05",
}

FEEDS = """id,kind,underlying,price,band,low,high
BTC mark,mark,BTC,60000.5,,,
ETH index,index,ETH,3000,0.1,,
SOL mark,mark,SOL,150,,140,155
"""
NESTED = "open_interest.amount,open_interest.lower_cap,open_interest.upper_cap"
INSTRUMENTS = f"""id,kind,underlying,size_step,retired,expiry,{NESTED},tier_table
venue:BTC,perpetual,BTC,0.001,,,100,1000000,9000000,
venue:ETH,deposit,ETH,,,,,,,
venue:SOL,perpetual,SOL,,true,,,,,small
venue:SOL-F,future,SOL,,,1799999999,,,,small
"""
TIERS = """instrument,table,notional_floor,initial_rate,maintenance_rate
venue:BTC,,0,0.02,0.01
venue:BTC,,50000,0.1,0.05
,small,0,0.1,0.05
"""
COLLATERAL = """instrument,value_floor,maintenance_weight,initial_weight
venue:ETH,0,0.9,0.8
venue:ETH,10000,0.5,0.4
"""
TABLES = {"feeds": FEEDS, "instruments": INSTRUMENTS, "tiers": TIERS, "collateral": COLLATERAL}

WHOLE: dict[str, Any] = {
    **HEAD,
    "feeds": [
        {"id": "BTC mark", "kind": "mark", "underlying": "BTC", "price": "60000.5"},
        {"id": "ETH index", "kind": "index", "underlying": "ETH", "price": "3000", "band": "0.1"},
        {"id": "SOL mark", "kind": "mark", "underlying": "SOL", "price": "150", "low": "140", "high": "155"},
    ],
    "tier_tables": [
        {
            "name": "small",
            "tiers": [{"notional_floor": "0", "initial_rate": "0.1", "maintenance_rate": "0.05"}],
        }
    ],
    "instruments": [
        {
            "id": "venue:BTC",
            "kind": "perpetual",
            "underlying": "BTC",
            "size_step": "0.001",
            "open_interest": {"amount": "100", "lower_cap": "1000000", "upper_cap": "9000000"},
            "tiers": [
                {"notional_floor": "0", "initial_rate": "0.02", "maintenance_rate": "0.01"},
                {"notional_floor": "50000", "initial_rate": "0.1", "maintenance_rate": "0.05"},
            ],
        },
        {
            "id": "venue:ETH",
            "kind": "deposit",
            "underlying": "ETH",
            "collateral": [
                {"value_floor": "0", "maintenance_weight": "0.9", "initial_weight": "0.8"},
                {"value_floor": "10000", "maintenance_weight": "0.5", "initial_weight": "0.4"},
            ],
        },
        {"id": "venue:SOL", "kind": "perpetual", "underlying": "SOL", "retired": True, "tier_table": "small"},
        {
            "id": "venue:SOL-F",
            "kind": "future",
            "underlying": "SOL",
            "expiry": 1799999999,
            "tier_table": "small",
        },
    ],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The head, the four tables, and the same market in one file."""
    monkeypatch.chdir(tmp_path)
    Path("head.json").write_text(json.dumps(HEAD))
    Path("whole.json").write_text(json.dumps(WHOLE))
    for name, content in TABLES.items():
        Path(f"{name}.csv").write_text(content)
    return tmp_path


def parquet(path: str, rows: list[dict[str, Any]]) -> None:
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    writer.write_table(arrow.table(columns), path)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main(list(arguments))
    return code, "".join(capsys.readouterr())


FILES = ("head.json", "tiers.csv", "feeds.csv", "collateral.csv", "instruments.csv")


def test_tables_and_one_file_are_the_same_market(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To the last number of the snapshot, whatever the order of the files; the input is saved whole."""
    code, _ = said(capsys, "market", "build", *FILES, "--save-input", "saved.json")
    assert code == 0
    code, _ = said(
        capsys, "market", "build", "whole.json", "--out", "b.json", "--universe", "b-universe.json"
    )
    assert code == 0
    assert Path("market.json").read_bytes() == Path("b.json").read_bytes()
    assert MarketInput.load("saved.json") == MarketInput.parse(WHOLE)
    assert said(capsys, "market", "verify")[0] == 0


def test_parquet_gives_the_same_market(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text, floats, decimals and whole numbers of a Parquet file are the decimals that they show."""
    feeds = [
        {"id": "BTC mark", "kind": "mark", "underlying": "BTC", "price": 60000.5},
        {"id": "ETH index", "kind": "index", "underlying": "ETH", "price": 3000.0, "band": Decimal("0.10")},
        {"id": "SOL mark", "kind": "mark", "underlying": "SOL", "price": 150.0, "low": "140", "high": "155"},
    ]
    tiers = [
        {"instrument": "venue:BTC", "notional_floor": 0, "initial_rate": 0.02, "maintenance_rate": 1e-2},
        {"instrument": "venue:BTC", "notional_floor": 50_000, "initial_rate": 0.1, "maintenance_rate": 0.05},
        {"table": "small", "notional_floor": 0, "initial_rate": 0.1, "maintenance_rate": 0.05},
    ]
    parquet("f.parquet", feeds)
    parquet("t.parquet", tiers)
    code, _ = said(
        capsys, "market", "build", "head.json", "f.parquet", "t.parquet", "instruments.csv", "collateral.csv"
    )
    assert code == 0
    said(capsys, "market", "build", "whole.json", "--out", "b.json", "--universe", "b-universe.json")
    assert Path("market.json").read_bytes() == Path("b.json").read_bytes()


def test_the_clock_and_band_of_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = said(
        capsys,
        "market",
        "build",
        *FILES,
        "--epoch",
        "9",
        "--time",
        "1790000500",
        "--valid-for",
        "60",
        "--band",
        "0.2",
    )
    assert code == 0
    built = Snapshot.load("market.json")
    assert (built.epoch, built.time, built.valid_until) == (9, 1790000500, 1790000560)
    # Ends that a feed states are its own.
    assert [feed.low for feed in built.feeds] == ["48000.4", "2400", "140"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("feeds", "id,kind,underlying,price\nA,mark,A\n", "line 2: has 3 cells"),
        ("feeds", "id,kind,id,price\n", "column twice"),
        ("feeds", "colour,shape\nred,round\n", "no table that an input has"),
        ("feeds", '"id,kind\n', "is not CSV"),
        ("feeds", FEEDS.replace("60000.5", "6e4"), r"feeds[0].price"),
        ("feeds", FEEDS.replace("price", "price.x"), "feeds[0].price"),
        ("instruments", INSTRUMENTS.replace("true", "maybe"), "line 4.retired"),
        ("instruments", INSTRUMENTS.replace("1799999999", "soon"), "line 5.expiry"),
        ("instruments", INSTRUMENTS.replace("size_step", "colour"), "colour"),
        ("tiers", TIERS.replace("venue:BTC", "venue:XRP"), "line 2.instrument"),
        ("tiers", TIERS.replace(",small", "venue:BTC,small"), "line 4"),
        ("collateral", COLLATERAL.replace("venue:ETH", "venue:BTC"), "collateral"),
    ],
)
def test_what_is_wrong_with_a_table_is_named(
    name: str, content: str, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(f"{name}.csv").write_text(content)
    code, text = said(capsys, "market", "build", *FILES)
    assert code == 1
    assert words in text
    assert not Path("market.json").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("feeds.csv",), 2, "0 JSON files"),
        (("head.json", "whole.json"), 2, "2 JSON files"),
        (("whole.json", "feeds.csv"), 1, "given twice"),
        (("whole.json", "tiers.csv"), 1, "has tiers already"),
        (("head.json", "missing.csv"), 2, "missing.csv"),
        (("head.json",), 1, "feeds"),
        (("whole.json", "--layout", "s9"), 2, "s9"),
        (("whole.json", "--symbol", "BTC/USDT:USDT"), 2, "--ccxt"),
        (("head.json", "--ccxt", "binanceusdm", "--symbol", "BTC/USDT:USDT"), 3, "zksolvency[ccxt]"),
    ],
)
def test_what_build_refuses(
    arguments: tuple[str, ...],
    code: int,
    words: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)
    found, text = said(capsys, "market", "build", *arguments)
    assert found == code
    assert words in text


def test_another_builders_input_is_told_by_its_schema(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("other.json").write_text(json.dumps({"schema": "zksolvency/unheard-of/1"}))
    assert "zksolvency/market-input/1" in said(capsys, "market", "build", "other.json")[1]
    Path("other.json").write_text(json.dumps({"schema": "zksolvency/grid-input/1"}))
    code, text = said(capsys, "market", "build", "other.json", "feeds.csv")
    assert code == 1
    assert "takes no tables" in text
    assert "--layout" in said(capsys, "market", "build", "other.json")[1]


def test_a_parquet_file_that_is_none(folder: Path) -> None:
    Path("bad.parquet").write_bytes(b"PAR1 and nothing else PAR1")
    pytest.importorskip("pyarrow")
    with pytest.raises(FormatError, match=r"bad\.parquet.*is not Parquet"):
        read_table(Path("bad.parquet"))
    parquet("nan.parquet", [{"id": "A", "kind": "mark", "underlying": "A", "price": float("nan")}])
    with pytest.raises(FormatError, match=r"line 2\.price"):
        read_table(Path("nan.parquet"))


LISTS = ("feeds", "instruments", "tier_tables")


def flattened(given: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    """An input's lists as the four tables."""
    tables: dict[str, list[dict[str, str]]] = {name: [] for name in TABLES}
    tables["feeds"] = given["feeds"]
    for instrument in given["instruments"]:
        row = {}
        for name, value in instrument.items():
            if name in ("tiers", "collateral"):
                tables[name] += [{"instrument": instrument["id"], **tier} for tier in value]
            elif isinstance(value, dict):
                row |= {f"{name}.{key}": each for key, each in value.items()}
            else:
                row[name] = str(value)
        tables["instruments"].append(row)
    return tables


@settings(max_examples=30, deadline=None)
@hypothesis_given(given_market=markets())
def test_a_random_market_comes_back_from_its_tables(
    given_market: MarketInput, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    whole = given_market.to_json()
    head = folder / "head.json"
    head.write_text(json.dumps({name: value for name, value in whole.items() if name not in LISTS}))
    paths = [head]
    for name, rows in flattened(whole).items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        if rows:
            paths.append(folder / f"{name}.csv")
            with paths[-1].open("w", newline="") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
    assert MarketInput.parse(read_inputs(paths)) == given_market


# --- ccxt ---

SYMBOLS = ["BTC/USDT:USDT", "ETH/USDT:USDT-260327"]


class Recorded:
    """Answers in ccxt's unified structures, in the shape of a USD-M exchange's; binary floats as there."""

    id = "recorded"
    precisionMode = 4

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...]]] = []

    def fetch_markets(self) -> list[dict[str, Any]]:
        self.asked.append(("markets", ()))
        common = {"quote": "USDT", "contract": True, "linear": True, "inverse": False, "active": True}
        return [
            {
                **common,
                "symbol": SYMBOLS[0],
                "base": "BTC",
                "settle": "USDT",
                "type": "swap",
                "contractSize": 1.0,
                "expiry": None,
                "precision": {"amount": 0.001, "price": 0.1},
            },
            {
                **common,
                "symbol": SYMBOLS[1],
                "base": "ETH",
                "settle": "USDT",
                "type": "future",
                "contractSize": 0.01,
                "expiry": 1_898_300_800_000,
                "precision": {"amount": 1.0, "price": 0.01},
            },
            {"symbol": "BTC/USD:BTC", "type": "swap", "linear": False, "settle": "BTC"},
            {"symbol": "BTC/USDT", "type": "spot", "linear": None, "settle": None},
        ]

    def fetch_tickers(self, symbols: list[str]) -> dict[str, dict[str, Any]]:
        self.asked.append(("tickers", tuple(symbols)))
        prices = {SYMBOLS[0]: 60123.1, SYMBOLS[1]: 3050.25}
        return {each: {"symbol": each, "last": 1.0, "markPrice": prices.get(each)} for each in symbols}

    def fetch_leverage_tiers(self, symbols: list[str]) -> dict[str, list[dict[str, Any]]]:
        self.asked.append(("tiers", tuple(symbols)))
        tiers = [
            {
                "tier": 1,
                "minNotional": 0.0,
                "maxNotional": 50000.0,
                "maintenanceMarginRate": 0.004,
                "maxLeverage": 125.0,
            },
            {
                "tier": 2,
                "minNotional": 50000.0,
                "maxNotional": 2.5e5,
                "maintenanceMarginRate": 0.005,
                "maxLeverage": 100,
            },
        ]
        return {each: tiers for each in symbols}


def test_a_market_through_ccxt(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Recorded()
    fake = SimpleNamespace(exchanges=["recorded"], recorded=lambda options: made)
    monkeypatch.setitem(sys.modules, "ccxt", fake)
    options = [word for symbol in SYMBOLS for word in ("--symbol", symbol)]
    code, text = said(
        capsys, "market", "build", "head.json", "--ccxt", "recorded", *options, "--save-input", "saved.json"
    )
    assert code == 0, text
    assert {name for name, _ in made.asked} == {"markets", "tickers", "tiers"}
    given = MarketInput.load("saved.json")
    assert [feed.price for feed in given.feeds] == ["60123.1", "3050.25"]
    first, second = given.instruments
    assert (first.kind, first.size_step, first.expiry) == ("perpetual", "0.001", None)
    assert (second.kind, second.size_step, second.expiry) == ("future", "0.01", 1_898_300_800)
    assert first.tiers is not None
    assert [(tier.notional_floor, tier.max_leverage, tier.maintenance_rate) for tier in first.tiers] == [
        ("0", "125", "0.004"),
        ("50000", "100", "0.005"),
    ]
    assert said(capsys, "market", "verify")[0] == 0
    code, text = said(capsys, "market", "build", "head.json", "--ccxt", "nobody", *options)
    assert code == 2
    assert "no exchange of that name" in text


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        ("XRP/USDT:USDT", "no market"),
        ("BTC/USD:BTC", "no linear"),
        ("BTC/USDT", "no linear"),
    ],
)
def test_a_symbol_that_has_no_row(symbol: str, words: str) -> None:
    class Priced(Recorded):
        def fetch_tickers(self, symbols: list[str]) -> dict[str, dict[str, Any]]:
            return {each: {"markPrice": 1.5} for each in symbols}

    with pytest.raises(FormatError, match=words):
        from_exchange(Priced(), HEAD, [symbol])


def test_what_an_exchange_leaves_out_is_named() -> None:
    class Bare(Recorded):
        def fetch_tickers(self, symbols: list[str]) -> dict[str, dict[str, Any]]:
            return {each: {"last": 5.0} for each in symbols}

    class Untiered(Recorded):
        def fetch_leverage_tiers(self, symbols: list[str]) -> dict[str, list[dict[str, Any]]]:
            return {}

    class Down(Recorded):
        def fetch_markets(self) -> list[dict[str, Any]]:
            raise RuntimeError("503 Service Unavailable")

    class Digits(Recorded):
        precisionMode = 2

    with pytest.raises(FormatError, match="no mark price"):
        from_exchange(Bare(), HEAD, SYMBOLS)
    with pytest.raises(FormatError, match="no leverage tiers"):
        from_exchange(Untiered(), HEAD, SYMBOLS)
    with pytest.raises(UsageError, match=r"fetch_markets failed.*503"):
        from_exchange(Down(), HEAD, SYMBOLS)
    with pytest.raises(FormatError, match="settled in USDT"):
        from_exchange(Recorded(), {**HEAD, "quote": "USDC"}, SYMBOLS)
    with pytest.raises(UsageError, match="--symbol"):
        from_exchange(Recorded(), HEAD, [])
    with pytest.raises(FormatError, match="beside an exchange"):
        from_exchange(Recorded(), WHOLE, SYMBOLS)
    assert "size_step" not in from_exchange(Digits(), HEAD, SYMBOLS)["instruments"][0]


def test_merging_leaves_the_files_alone(folder: Path) -> None:
    before = read_inputs([Path("head.json"), *(Path(f"{name}.csv") for name in TABLES)])
    after = read_inputs([Path("head.json"), *(Path(f"{name}.csv") for name in reversed(TABLES))])
    assert before == after
    assert json.loads(Path("head.json").read_text()) == HEAD
