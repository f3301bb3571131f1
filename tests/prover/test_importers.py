"""Importers against responses of real venues, the examples, and what no importer may accept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from responses import (
    balance,
    binance_account,
    binance_asset,
    binance_risk,
    file,
    hyperliquid,
    hyperliquid_position,
    imported,
    snapshot_of,
    unified,
    venue_market,
)

from prover.accounts import Account
from prover.engine import margin
from prover.importers import detect, import_account
from prover.importers.model import Check
from prover.tables import MarketInput
from verifier.errors import FormatError, UsageError, ZkSolvencyError

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def line(result: Any, name: str) -> Check:
    found: Check = next(each for each in result.reconciliation.lines if each.name == name)
    return found


@pytest.fixture(scope="module")
def example_market() -> MarketInput:
    return MarketInput.load(EXAMPLES / "hyperliquid-market.json")


# Real responses.


def test_hyperliquid_two_positions_reconcile_to_the_cent(vectors: Path, example_market: MarketInput) -> None:
    result = import_account([vectors / "accounts/hyperliquid/account_ccxt.json"], market=example_market)
    assert result.coherent
    account = result.need_account()
    assert account.cash == "5604.484055"
    assert {each.instrument: each.size for each in account.positions} == {
        "hyperliquid:SOL": "3.34",
        "hyperliquid:ETH": "3.6",
    }
    assert account.as_of == 1709652410
    assert line(result, "equity").theirs == Fraction("19762.483455")
    assert line(result, "equity").difference == 0
    maintenance = line(result, "maintenance margin")
    assert maintenance.theirs == Fraction("141.579994")
    assert maintenance.difference is not None
    assert 0 <= maintenance.difference < Fraction("0.00005")
    initial = line(result, "initial margin")
    assert initial.theirs == Fraction("707.89997") and initial.agrees is False
    assert any("leverage the user chose" in remark for remark in result.reconciliation.remarks())


def test_hyperliquid_isolated_position_stays_out_with_its_collateral(
    vectors: Path, example_market: MarketInput
) -> None:
    result = import_account([vectors / "accounts/hyperliquid/account_isolated.json"], market=example_market)
    account = result.need_account()
    assert result.coherent
    assert account.positions == ()
    assert account.cash == "13104.514502"
    assert any("isolated" in text for text in account.source.exclusions or ())


def test_dydx_account_reconciles_and_the_emptied_one_is_called_incoherent(vectors: Path) -> None:
    market = venue_market("dydx", "USDC", {"BTC-USD": "116000"})
    sound = import_account([vectors / "accounts/dydx/account.json"], market=market, as_of=1_790_000_000)
    assert sound.coherent
    assert sound.need_account().cash == "82291.083758"
    assert sound.need_account().positions[0].size == "-0.491"
    assert line(sound, "equity").theirs == Fraction("25346.73993597")

    emptied = import_account([vectors / "accounts/dydx/balance.json"], market=market, as_of=1_790_000_000)
    assert not emptied.coherent
    assert line(emptied, "equity").difference == -Fraction("161451.040416029")
    assert any("do not make up its equity" in remark for remark in emptied.reconciliation.remarks())


CCXT_VECTORS = {
    "bitmex/positions.json": ("bitmex", "LTCUSDT", "0.1"),
    "derive/positions.json": ("derive", "BTC-PERP", "-0.02"),
    "drift/account.json": ("drift", "BTC-PERP", "-0.05"),
    "dydx/positions.json": ("dydx", "BTC-USD", "-0.407"),
    "hyperliquid/account_ccxt.json": ("hyperliquid", "SOL", "3.34"),
    "paradex/positions.json": ("paradex", "SOL-USD-PERP", "3"),
}


@pytest.mark.parametrize("path", CCXT_VECTORS)
def test_ccxt_positions_take_the_venues_own_text_and_sign(vectors: Path, path: str) -> None:
    venue, symbol, size = CCXT_VECTORS[path]
    content = json.loads((vectors / "accounts" / path).read_text())["ccxt_unified"]
    result = imported(content, format="ccxt")
    assert (result.reading.venue, result.reading.format) == (venue, "ccxt")
    assert [(each.symbol, each.size) for each in result.reading.positions] == [(symbol, Fraction(size))]
    assert result.account is None
    with pytest.raises(UsageError, match="balance"):
        result.need_account()


def test_every_recorded_account_is_read_or_refused_in_words(vectors: Path) -> None:
    for path in sorted((vectors / "accounts").glob("*/*.json")):
        try:
            import_account([path])
        except (UsageError, FormatError) as error:
            assert path.name in str(error)


# The examples.


def test_example_account_is_solvent_and_reconciles_with_and_without_the_market_input(
    example_market: MarketInput,
) -> None:
    snapshot = snapshot_of(example_market)
    for given in (None, example_market):
        result = import_account([EXAMPLES / "hyperliquid-account.json"], market=given, snapshot=snapshot)
        assert result.coherent
        for name in ("equity", "maintenance margin", "notional of hyperliquid:ETH"):
            assert line(result, name).agrees, name
        assert margin(result.need_account(), snapshot).passes


def test_insolvent_example_fails_the_engine(example_market: MarketInput) -> None:
    snapshot = snapshot_of(example_market)
    result = import_account([EXAMPLES / "insolvent/hyperliquid-account.json"], snapshot=snapshot)
    assert result.coherent
    assert not margin(result.need_account(), snapshot).passes


def test_ccxt_example_is_the_same_account(example_market: MarketInput) -> None:
    native = import_account([EXAMPLES / "hyperliquid-account.json"], market=example_market).need_account()
    unified = import_account([EXAMPLES / "ccxt-account.json"], market=example_market).need_account()
    assert (native.cash, native.positions, native.as_of) == (unified.cash, unified.positions, unified.as_of)


def test_binance_example_reconciles_to_the_cent() -> None:
    market = MarketInput.load(EXAMPLES / "binance-market.json")
    files = [EXAMPLES / "binance-account.json", EXAMPLES / "binance-position-risk.json"]
    for paths in (files, files[:1]):
        result = import_account(paths, market=market)
        assert result.coherent
        assert line(result, "equity").agrees
        assert line(result, "maintenance margin").agrees
        assert margin(result.need_account(), snapshot_of(market)).passes


def test_an_imported_account_survives_its_file(tmp_path: Path, example_market: MarketInput) -> None:
    account = import_account([EXAMPLES / "hyperliquid-account.json"], market=example_market).need_account()
    account.save(tmp_path / "account.json")
    assert Account.load(tmp_path / "account.json") == account
    assert (tmp_path / "account.json").stat().st_mode & 0o777 == 0o600


# Hyperliquid, built.

MARKET = venue_market("hyperliquid", "USDC", {"ETH": "2050", "BTC": "60000"})


def test_hyperliquid_short_and_spot_wallet() -> None:
    spot = {"balances": [{"coin": "USDC", "token": 0, "hold": "0.0", "total": "50.0", "entryNtl": "0.0"}]}
    result = imported(hyperliquid(), spot, market=MARKET)
    assert result.need_account().cash == "4150"
    assert result.need_account().positions[0].size == "-1.5"
    assert any("spot" in text for text in result.exclusions)
    assert line(result, "equity").difference == 0
    assert line(result, "maintenance margin").agrees


def test_a_market_with_other_tiers_than_the_venue_shows() -> None:
    result = imported(hyperliquid(crossMaintenanceMarginUsed="40.0"), market=MARKET)
    assert not result.coherent
    assert line(result, "maintenance margin").agrees is False
    row = next(row for row in result.reconciliation.table()[2] if row[0] == "maintenance margin")
    assert row[-1] == "DIFFERS"


@pytest.mark.parametrize("member", ["accountValue", "totalNtlPos"])
def test_a_summary_that_its_positions_do_not_make_up_is_incoherent(member: str) -> None:
    changed = hyperliquid()
    changed["crossMarginSummary"] = changed["crossMarginSummary"] | {member: "1234.5"}
    assert imported(hyperliquid(), market=MARKET).coherent
    assert not imported(changed, market=MARKET).coherent


def test_time_may_be_given_and_is_then_said() -> None:
    result = imported(hyperliquid(), market=MARKET, as_of=1_790_000_500)
    assert result.need_account().as_of == 1_790_000_500
    assert any("1790000000" in note for note in result.notes)


def test_a_response_without_time_makes_no_account_unless_told() -> None:
    content = hyperliquid()
    del content["time"]
    result = imported(content, market=MARKET)
    assert result.account is None and "time" in result.missing[0]
    assert line(result, "equity").difference == 0
    assert imported(content, market=MARKET, as_of=1_790_000_000).account is not None


# What no importer may accept.


def test_wrappers_and_detection() -> None:
    assert detect(hyperliquid()) == "hyperliquid"
    assert detect({"source": "x", "response": hyperliquid()}) == "hyperliquid"
    assert detect({"anything": 1}) is None
    assert detect([1, "x", None]) is None
    with pytest.raises(UsageError, match="none of the known formats"):
        imported({"hello": "world"})
    with pytest.raises(UsageError, match="not in the format binance"):
        imported(hyperliquid(), format="binance")
    with pytest.raises(UsageError, match="no importer called"):
        imported(hyperliquid(), format="kraken")
    with pytest.raises(UsageError, match="no file"):
        imported()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": NaN}', "not a number"),
        ('{"a": Infinity}', "not a number"),
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": ' + "9" * 200 + "}", "longer"),
        ("{", "not JSON"),
        ("[" * 100_000, "nested"),
    ],
)
def test_hostile_json_is_refused(text: str, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        file(text)


@pytest.mark.parametrize(
    "bad",
    ["NaN", "inf", "1e999", "1e41", "0x10", "1,5", "", None, True, [], {}, "9" * 90, "１２"],
)
def test_a_size_that_is_no_number_is_refused_by_name(bad: Any) -> None:
    with pytest.raises(FormatError, match=r"file0\.json: assetPositions\[0\]\.position\.szi"):
        imported(hyperliquid([hyperliquid_position(szi=bad)]))


@pytest.mark.parametrize(
    ("position", "problem"),
    [
        ({"positionValue": "-3150.0"}, "negative"),
        ({"positionValue": "0.0"}, "no price above zero"),
        ({"leverage": {"type": "portfolio"}}, "margin mode"),
        ({"leverage": None}, "leverage: is missing"),
        ({"coin": 7}, "short text"),
        ({"coin": "DOGE"}, "DOGE is not in the universe"),
        ({"maxLeverage": 0}, "above zero"),
        ({"szi": "0.000000000000001"}, "decimal places"),
    ],
)
def test_a_malformed_position_is_refused(position: dict[str, Any], problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        imported(hyperliquid([hyperliquid_position(**position)]), market=MARKET)


def test_duplicates_missing_members_and_wrong_venues_are_refused() -> None:
    with pytest.raises(FormatError, match="second time"):
        imported(hyperliquid([hyperliquid_position(), hyperliquid_position(szi="1.0")]))
    with pytest.raises(FormatError, match="oneWay"):
        imported(hyperliquid([hyperliquid_position() | {"type": "hedge"}]))
    with pytest.raises(FormatError, match="exactly one"):
        imported(hyperliquid(), hyperliquid())
    for member in ("totalRawUsd", "accountValue"):
        content = hyperliquid()
        content["crossMarginSummary"] = {
            key: value for key, value in content["crossMarginSummary"].items() if key != member
        }
        with pytest.raises(FormatError, match=member):
            imported(content)
    with pytest.raises(FormatError, match="venue"):
        imported(hyperliquid(), market=venue_market("binance", "USDC", {"ETH": "2000"}))
    with pytest.raises(FormatError, match="milliseconds"):
        imported(hyperliquid(time=1_790_000_000))


def test_no_valid_figure_is_shown_in_an_error() -> None:
    with pytest.raises(FormatError) as caught:
        imported(hyperliquid([hyperliquid_position(szi="-1.23456789123456789")]), market=MARKET)
    assert "1.2345" not in str(caught.value)
    assert "hyperliquid:ETH" in str(caught.value)


HOSTILE: list[Any] = [
    None,
    True,
    -1,
    0,
    10**30,
    "",
    "x",
    "-0",
    "NaN",
    "1e400",
    "\u0000",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
]
SEEDS: dict[str, tuple[list[Any], str]] = {
    "hyperliquid": ([hyperliquid()], "hyperliquid"),
    "binance": ([binance_account(), [binance_risk()]], "binance"),
    "ccxt": ([[unified()], balance()], "anywhere"),
    "ccxt over hyperliquid": ([{"positions": [], "balance": balance(info=hyperliquid())}], "hyperliquid"),
}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of everything inside a JSON value."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, (*at, key))


def replaced(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = replaced(value[at[0]], at[1:], new)
    return copy


@pytest.mark.parametrize("name", SEEDS)
def test_whatever_a_member_is_replaced_with_the_error_is_ours(name: str) -> None:
    contents, venue = SEEDS[name]
    prices = {"ETH": "2100", "BTCUSDT": "62000", "BTC/USDT:USDT": "60000"}
    market = snapshot_of(venue_market(venue, "USDC" if venue == "hyperliquid" else "USDT", prices))
    for place in places(contents):
        for bad in HOSTILE:
            changed = replaced(contents, place, bad)
            if isinstance(changed, list):
                with suppress(ZkSolvencyError):
                    imported(*changed, snapshot=market)


# At the venue's marks.

TIERS = [
    {"notional_floor": str(floor), "max_leverage": str(leverage), "maintenance_rate": rate}
    for floor, leverage, rate in (
        (0, 125, "0.004"),
        (50_000, 100, "0.005"),
        (250_000, 50, "0.01"),
        (1_000_000, 20, "0.025"),
        (10_000_000, 10, "0.05"),
        (20_000_000, 5, "0.1"),
    )
]


def tiered(count: int) -> MarketInput:
    given = venue_market("binance", "USDT", {"BTCUSDT": "50000"}).to_json()
    given["instruments"][0] |= {"tiers": TIERS[:count], "notional_cap": "50000000", "carry_rate": "0.001"}
    return MarketInput.parse(given)


@pytest.mark.parametrize("size", ["0.250", "0.807", "4.500", "60.000", "-161.290", "-161.291"])
def test_a_snapshots_rows_move_to_the_venues_marks(size: str) -> None:
    """At a mark 24 % off the snapshot's, above its band, the tiers are still the venue's own to the cent."""
    notional = abs(Fraction(size)) * 62000
    rates = [(Fraction(t["notional_floor"]), Fraction(t["maintenance_rate"])) for t in TIERS[:4]]
    due = Fraction(0)
    for place, (floor, rate) in enumerate(rates):
        upper = rates[place + 1][0] if place + 1 < len(rates) else notional
        due += max(Fraction(0), min(notional, upper) - floor) * rate
    risk = binance_risk(
        positionAmt=size,
        notional=str(float(Fraction(size) * 62000)),
        unRealizedProfit=str(float(Fraction(size) * 2000)),
        maintMargin=f"{float(due):.8f}",
    )
    profit = f"{float(Fraction(size) * 2000):.8f}"
    asset = binance_asset(maintMargin=f"{float(due):.8f}", crossUnPnl=profit)
    result = imported(binance_account([asset], [risk]), [risk], snapshot=snapshot_of(tiered(4)))
    assert result.coherent
    for name in ("equity", "maintenance margin", "maintenance margin of binance:BTCUSDT"):
        assert line(result, name).agrees, name


def test_merged_tiers_charge_more_and_are_said_to() -> None:
    """Six tiers in four brackets charge more than the venue, never less."""
    risk = binance_risk(maintMargin="62", initialMargin="124", positionInitialMargin="124")
    asset = binance_asset(maintMargin="62", initialMargin="124", positionInitialMargin="124")
    contents = binance_account([asset], [risk]), [risk]
    market = tiered(6)
    result = imported(*contents, market=market)
    assert result.coherent
    assert line(result, "maintenance margin").agrees
    table = line(result, "maintenance margin as the table charges it")
    assert table.ours is not None and table.theirs is not None and table.ours > table.theirs
    assert any("merged from above" in remark for remark in result.remarks())
    assert line(result, "initial margin").agrees

    alone = imported(*contents, snapshot=snapshot_of(market))
    assert alone.coherent
    assert any("merged from above" in remark for remark in alone.remarks())


def test_a_table_that_charges_less_than_the_venue_is_never_coherent() -> None:
    risk = binance_risk(maintMargin="155")
    contents = binance_account([binance_asset(maintMargin="155")], [risk]), [risk]
    assert not imported(*contents, snapshot=snapshot_of(tiered(4))).coherent
    assert not imported(*contents, market=tiered(4)).coherent
