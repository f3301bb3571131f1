"""ccxt's unified structures: signs, contracts, floats against the venue's text, and balances."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from responses import balance, hyperliquid, hyperliquid_position, imported, unified, venue_market

from verifier.errors import FormatError

MARKET = venue_market("anywhere", "USDT", {"BTC/USDT:USDT": "60000", "ETHUSDT": "3000"})


def size_of(entry: dict[str, Any]) -> Fraction:
    (position,) = imported([entry], format="ccxt", market=None).reading.positions
    return position.size


def known(**info: Any) -> dict[str, Any]:
    return unified(contracts=None, side=None, contractSize=None, markPrice=None, info=info)


def test_contracts_are_unsigned_and_counted() -> None:
    result = imported([unified()], balance(), market=MARKET)
    account = result.need_account()
    assert [(each.instrument, each.size) for each in account.positions] == [
        ("anywhere:BTC/USDT:USDT", "-0.03")
    ]
    # 500 + 0.03 · 60000: the gain of 30 may be in the total already, so it is not added.
    assert account.cash == "2300"
    assert account.as_of == 1_790_000_000
    assert any("worse is taken" in note for note in result.notes)


def test_a_loss_is_subtracted_when_the_total_does_not_say() -> None:
    result = imported([unified(unrealizedPnl=-30, entryPrice=59000)], balance(), market=MARKET)
    assert result.need_account().cash == "2270"


def test_floats_are_replaced_by_the_venues_text_or_said() -> None:
    texts = {"amount": "0.1000", "multiplier": "0.01"}
    exact = imported([unified(contracts=0.1, info=texts)], market=MARKET)
    assert exact.reading.positions[0].size == -Fraction("0.001")
    lossy = unified(contracts=0.30000000000000004, info={"deep": [{"vol": "-0.30000000000000002"}]})
    read = imported({"positions": [lossy], "exchange": "anywhere"}).reading.positions[0]
    assert read.size == -Fraction("0.0030000000000000002")
    with pytest.raises(FormatError, match="refused, not rounded"):
        imported([lossy], market=MARKET)
    plain = imported([unified(contracts=0.1)], market=MARKET)
    assert plain.reading.positions[0].size == -Fraction("0.001")
    assert any("binary float" in note for note in plain.notes)
    assert not any("binary float" in note for note in exact.notes)


@pytest.mark.parametrize(
    ("entry", "size"),
    [
        (known(coin="BTC", szi="-0.5", entryPx="1", positionValue="5"), "-0.5"),
        ({**unified(contracts=None, side=None), "info": hyperliquid_position("BTC")}, "-1.5"),
        (known(symbol="B", positionAmt="-0.5", entryPrice="1", positionSide="SHORT"), "-0.5"),
        (known(symbol="B", size="0.5", side="Sell", positionIdx=0), "-0.5"),
        (known(symbol="B", size="0.5", side="Buy", positionIdx=1), "0.5"),
        (known(instId="B", pos="5", posSide="short", mgnMode="cross") | {"contractSize": 0.01}, "-0.05"),
        (known(instId="B", pos="-5", posSide="net", mgnMode="cross") | {"contractSize": 0.01}, "-0.05"),
        (
            known(symbol="B", currentQty=-20, settleCurrency="USDT", crossMode=True)
            | {"contractSize": 0.001},
            "-0.02",
        ),
        (
            known(contract="B", size=-9, entry_price="1", mark_price="2", leverage="0") | {"contractSize": 1},
            "-9",
        ),
        (known(symbol="B", currentQty="10", homeNotional="1", crossMargin=True) | {"contractSize": 0.1}, "1"),
        (known(market="B", size="-0.4", side="SHORT", sumOpen="1"), "-0.4"),
        (known(market="B", size="-0.4", side="SHORT", average_entry_price="1"), "-0.4"),
        (known(market="B", size="0.4", side="SHORT", average_entry_price="1"), "-0.4"),
        (known(instrument_name="B", instrument_type="perp", amount="-0.2"), "-0.2"),
        (
            known(symbol="B", baseAssetAmount="-0.05", marketIndex=0) | {"contracts": -0.05, "side": "short"},
            "-0.05",
        ),
    ],
)
def test_venues_own_sizes_and_signs(entry: dict[str, Any], size: str) -> None:
    assert size_of(entry) == Fraction(size)


@pytest.mark.parametrize(
    "entry",
    [
        unified(marginMode="isolated") | {"info": {"instId": "B", "pos": "-3", "mgnMode": None}},
        known(symbol="B", positionAmt="1", entryPrice="1", isolatedWallet="5"),
        known(instId="B", pos="1", posSide="long", mgnMode="isolated") | {"contractSize": 1},
        known(symbol="B", size="1", side="Buy", positionIdx=0, tradeMode=1),
        known(contract="B", size=1, entry_price="1", mark_price="2", leverage="10") | {"contractSize": 1},
        known(symbol="B", currentQty=1, settleCurrency="USDT", crossMode=False) | {"contractSize": 1},
    ],
)
def test_isolated_positions_stay_out(entry: dict[str, Any]) -> None:
    result = imported([entry], format="ccxt", market=None)
    assert result.reading.positions == ()
    assert any("isolated" in text for text in result.exclusions)


def test_isolated_collateral_is_taken_off_or_must_be_known() -> None:
    apart = unified("ETH/USDT:USDT", marginMode="isolated", collateral=100)
    assert imported([apart], balance(), market=MARKET).need_account().cash == "400"
    with pytest.raises(FormatError, match="collateral"):
        imported([apart | {"collateral": None}], balance(), market=MARKET)


def test_okx_and_bybit_equity_is_read_from_the_venue() -> None:
    okx = {"data": [{"details": [{"ccy": "BTC", "eq": "1"}, {"ccy": "USDT", "eq": "530.25", "isoEq": "30"}]}]}
    result = imported([unified()], balance(info=okx), market=MARKET)
    assert result.need_account().cash == "2300.25"
    assert next(each for each in result.reconciliation.lines if each.name == "equity").difference == 0
    coin = {"coin": "USDT", "equity": "530.25", "walletBalance": "500.25", "totalPositionMM": "36"}
    bybit = {"result": {"list": [{"coin": [coin]}]}}
    result = imported([unified()], balance(info=bybit), market=MARKET)
    assert result.need_account().cash == "2330.25"
    assert next(each for each in result.reconciliation.lines if each.name == "maintenance margin").agrees


def test_a_whole_account_under_info_is_read_natively() -> None:
    market = venue_market("hyperliquid", "USDC", {"ETH": "2100"})
    held = unified("ETH/USDC:USDC", contracts=1.5, contractSize=1, info=hyperliquid_position())
    wrapped = {"positions": [held], "balance": balance(info=hyperliquid())}
    result = imported(wrapped, market=market)
    assert (result.reading.format, result.need_account().cash) == ("hyperliquid", "4150")
    assert result.coherent
    other = held | {"info": hyperliquid_position(szi="-1.4"), "contracts": 1.4}
    with pytest.raises(FormatError, match="positions differ in ETH"):
        imported({"positions": [other], "balance": balance(info=hyperliquid())}, market=market)


def test_order_of_files_does_not_matter_and_no_positions_is_fine() -> None:
    one = imported([unified()], balance(), market=MARKET).need_account()
    two = imported(balance(), [unified()], market=MARKET).need_account()
    assert (one.cash, one.positions) == (two.cash, two.positions)
    empty = imported([], balance(), market=MARKET).need_account()
    assert (empty.cash, empty.positions) == ("500", ())


def test_other_currencies_are_left_out_and_debts_refused() -> None:
    more = balance(total=500) | {"total": {"USDT": 500, "BTC": 0.5, "DOGE": 0}}
    result = imported([unified()], more, market=MARKET)
    assert [text for text in result.exclusions if "balance in" in text] == ["balance in BTC"]
    for owing in ({"total": {"USDT": 500, "BTC": -0.5}}, {"debt": {"USDT": 3}}):
        with pytest.raises(FormatError, match="debt"):
            imported([unified()], balance() | owing, market=MARKET)
    with pytest.raises(FormatError, match="has no USDT"):
        imported([unified()], balance() | {"total": {"USDC": 5}}, market=MARKET)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (unified(contracts=-3), "contracts: is negative"),
        (unified(contracts=None), "no contracts"),
        (unified(contracts="NaN"), "contracts: is not a decimal number"),
        (unified(contracts=1e300), "honest"),
        (unified(contractSize=None), "contractSize"),
        (unified(contractSize=-1), "above zero"),
        (unified(side=None), "no side"),
        (unified(side="up"), "side: is not a side"),
        (unified(marginMode="weird"), "margin mode"),
        (unified(markPrice=-5), "not above zero"),
        (unified("BTC/USD:BTC"), "inverse"),
        (unified("BTC/USDC:USDC"), "settled in USDC"),
        (unified("XRP/USDT:USDT"), "not in the universe"),
        (unified(markPrice=None, notional=None, unrealizedPnl=None), "too little to value"),
        (unified(markPrice=None, notional=1830, unrealizedPnl=None), "too little to value"),
        (known(symbol="B", positionAmt="-1", entryPrice="1", positionSide="LONG"), "contradicts the sign"),
        (known(coin="BTC", szi="-1", positionValue="5") | {"side": "long"}, "contradicts"),
        (known(coin="BTC", szi="-1", positionValue="5") | {"contracts": 2}, "contradicts"),
        (known(instId="B", pos="1", posSide="long", mgnMode="cross"), "contractSize"),
    ],
)
def test_malformed_positions_are_refused(entry: dict[str, Any], problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        imported([entry], balance(), market=MARKET)


def test_both_sides_duplicates_and_mixed_venues_are_refused() -> None:
    with pytest.raises(FormatError, match="both sides, or a duplicate"):
        imported([unified(), unified(side="long")], balance(), market=MARKET)
    mixed = [
        known(coin="BTC", szi="1", positionValue="5"),
        known(market="E", size="1", side="LONG", sumOpen="1"),
    ]
    with pytest.raises(FormatError, match="several venues"):
        imported(mixed, market=MARKET)
    with pytest.raises(FormatError, match="which venue"):
        imported([unified()])
    with pytest.raises(FormatError, match="second balance"):
        imported([unified()], balance(), balance(), market=MARKET)


def test_legs_of_an_aggregate_line_come_with_their_gross_sum() -> None:
    given = MARKET.to_json()
    tiers = given["instruments"][0]["tiers"]
    legs = [
        {"id": f"anywhere:{name}", "kind": kind, "underlying": "BTC/USDT:USDT"} | more
        for name, kind, more in (
            ("BTC/USDT:USDT", "perpetual", {}),
            ("BTC/USDT:USDT-271231", "future", {"expiry": 1_830_000_000}),
            ("BTC.sum", "aggregate", {"tiers": tiers}),
        )
    ]
    market = MARKET.parse(given | {"instruments": legs})
    dated = unified("BTC/USDT:USDT-271231", side="long", contracts=2)
    result = imported([unified(), dated], balance(), market=market)
    held = {each.instrument: each.size for each in result.need_account().positions}
    assert held["anywhere:BTC.sum"] == "0.05"
    assert any("gross size" in note for note in result.notes)
