"""Binance USD-M responses, built from the documented members: pools, modes, sides, and open orders."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from responses import binance_account, binance_asset, binance_risk, imported, venue_market

from prover.importers import detect
from verifier.errors import FormatError

MARKET = venue_market("binance", "USDT", {"BTCUSDT": "62000", "ETHUSDT": "3000", "BTCUSDC": "62000"})


def line(result: Any, name: str) -> Any:
    return next(each for each in result.reconciliation.lines if each.name == name)


def test_entries_are_folded_into_cash_and_everything_agrees() -> None:
    result = imported(binance_account(), [binance_risk()], market=MARKET)
    assert result.coherent
    # 3000 − 0.25 · 60000
    assert result.need_account().cash == "-12000"
    assert line(result, "equity").ours == 3500
    assert line(result, "equity").theirs == 3500
    assert line(result, "maintenance margin").agrees
    assert line(result, "maintenance margin of binance:BTCUSDT").agrees
    assert result.need_account().as_of == 1_790_000_000


def test_account_alone_risk_alone_and_balance_with_risk() -> None:
    alone = imported(binance_account(), market=MARKET)
    assert alone.need_account().cash == "-12000"
    assert alone.coherent
    risk = imported([binance_risk()], market=MARKET)
    assert risk.account is None and "balance" in risk.missing[0]
    assert line(risk, "notional of binance:BTCUSDT").agrees
    wallet = [binance_asset() | {"accountAlias": "x", "balance": "3000.0"}]
    assert imported(wallet, [binance_risk()], market=MARKET).need_account().cash == "-12000"
    for content in (binance_account(), [binance_risk()], wallet):
        assert detect(content) == "binance"


def test_no_position_at_all_is_an_account_too() -> None:
    asset = binance_asset(crossUnPnl="0.00000000", maintMargin="0.00000000")
    result = imported(binance_account([asset], []), [], market=MARKET)
    assert result.need_account().positions == ()
    assert result.need_account().cash == "3000"
    assert result.coherent


def test_isolated_positions_stay_out_whichever_way_they_are_told() -> None:
    apart = binance_risk("ETHUSDT", isolatedMargin="55", isolatedWallet="50", maintMargin="7")
    asset = binance_asset(maintMargin="317")
    result = imported(binance_account([asset], [binance_risk(), apart]), market=MARKET)
    assert [each.instrument for each in result.need_account().positions] == ["binance:BTCUSDT"]
    assert any("isolated" in text for text in result.exclusions)
    assert line(result, "maintenance margin").agrees
    v2 = imported(
        [binance_risk(marginType="isolated"), binance_risk("ETHUSDT", marginType="cross")], market=MARKET
    )
    assert [each.symbol for each in v2.reading.positions] == ["ETHUSDT"]


def test_both_sides_of_a_symbol_are_refused_one_side_is_not() -> None:
    long = binance_risk(positionSide="LONG")
    short = binance_risk(
        positionSide="SHORT", positionAmt="-0.100", notional="-6200", unRealizedProfit="-200"
    )
    flat = binance_risk(positionSide="SHORT", positionAmt="0.000", notional="0", unRealizedProfit="0")
    with pytest.raises(FormatError, match="both sides"):
        imported([long, short], market=MARKET)
    result = imported([long, flat], market=MARKET)
    assert [each.size for each in result.reading.positions] == [Fraction(1, 4)]


def test_other_margin_assets_are_another_pool_only_when_the_venue_says_so() -> None:
    positions = [binance_risk(), binance_risk("BTCUSDC", marginAsset="USDC")]
    assets = [binance_asset(), binance_asset("USDC")]
    account = binance_account(assets, positions)
    with pytest.raises(FormatError, match="margined together"):
        imported(account, positions, market=MARKET)
    with pytest.raises(FormatError, match="margined together"):
        imported(account, positions, {"multiAssetsMargin": True}, market=MARKET)
    result = imported(account, positions, {"multiAssetsMargin": False}, market=MARKET)
    assert [each.instrument for each in result.need_account().positions] == ["binance:BTCUSDT"]
    assert any("USDC" in text for text in result.exclusions)
    assert any("other assets" in text for text in result.exclusions)


def test_multi_assets_collateral_is_listed_or_left_out_and_a_debt_never_is() -> None:
    account = binance_account(
        [binance_asset(), binance_asset("BNB", crossWalletBalance="2.5")], multiAssetsMargin=True
    )
    unlisted = imported(account, market=MARKET)
    assert any("BNB" in text for text in unlisted.exclusions)
    collateral = [{"value_floor": "0", "maintenance_weight": "0.9", "initial_weight": "0.9"}]
    bnb = {"id": "binance:BNB", "kind": "deposit", "underlying": "BNB", "collateral": collateral}
    feeds = [each.to_json() for each in MARKET.feeds]
    feeds.append({"id": "BNB index", "kind": "collateral", "underlying": "BNB", "price": "600"})
    listed = [each.to_json() for each in MARKET.instruments]
    market = MARKET.parse(MARKET.to_json() | {"feeds": feeds, "instruments": [*listed, bnb]})
    held = imported(account, market=market).need_account()
    assert {each.instrument: each.size for each in held.positions} == {
        "binance:BTCUSDT": "0.25",
        "binance:BNB": "2.5",
    }

    owed = binance_account([binance_asset(), binance_asset("BNB", crossWalletBalance="-2.5")])
    with pytest.raises(FormatError, match="debt in BNB"):
        imported(owed, market=MARKET)


def test_open_orders_are_said_to_be_left_out() -> None:
    quiet = imported(binance_account(), [binance_risk()], market=MARKET)
    assert any("shows no margin held" in text for text in quiet.exclusions)
    waiting = imported(binance_account(), [binance_risk(bidNotional="6000")], market=MARKET)
    assert any("there are some" in text for text in waiting.exclusions)


def test_two_instants_are_refused_or_shown() -> None:
    with pytest.raises(FormatError, match="differ in the position BTCUSDT"):
        imported(binance_account(), [binance_risk(positionAmt="0.300")], market=MARKET)
    moved = binance_risk(markPrice="63000", notional="15750", unRealizedProfit="750")
    result = imported(binance_account(), [moved], market=MARKET)
    assert not result.coherent
    assert line(result, "equity").difference == 250


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"positionAmt": "NaN"}, r"positionAmt: is not a decimal number"),
        ({"positionAmt": None}, "positionAmt"),
        ({"entryPrice": "0.0"}, "entryPrice: must be above zero"),
        ({"entryPrice": None}, "known formats|entryPrice|cash"),
        ({"markPrice": "-1"}, "markPrice: must be above zero"),
        ({"positionSide": "UP"}, "positionSide: is not a side"),
        ({"positionSide": "SHORT"}, "contradicts the sign"),
        ({"marginType": "loose"}, "not a margin type"),
        ({"symbol": "XYZUSDT"}, "XYZUSDT is not in the universe"),
        ({"unRealizedProfit": None}, "unRealizedProfit"),
    ],
)
def test_malformed_positions_are_refused(change: dict[str, Any], problem: str) -> None:
    if change == {"entryPrice": None}:
        # Without an entry price the profit tells it: nothing is refused, and the result is the same.
        assert (
            imported(binance_account(), [binance_risk(**change)], market=MARKET).need_account().cash
            == "-12000"
        )
        return
    with pytest.raises(FormatError, match=problem):
        imported([binance_risk(**change)], market=MARKET)


def test_duplicates_and_unclear_pools_are_refused() -> None:
    with pytest.raises(FormatError, match="second time"):
        imported([binance_risk(), binance_risk()], market=MARKET)
    with pytest.raises(FormatError, match="lists an asset a second time"):
        imported(binance_account([binance_asset(), binance_asset()]), market=MARKET)
    with pytest.raises(FormatError, match="no balance in USDT"):
        imported(binance_account([binance_asset("FDUSD")]), market=MARKET)
    with pytest.raises(FormatError, match="which margin asset"):
        imported(binance_account([binance_asset(), binance_asset("USDC")]))
    with pytest.raises(FormatError, match="given twice"):
        imported(binance_account(), binance_account())


decimals = st.decimals(min_value="0.001", max_value="100000", places=3)


@settings(max_examples=50, deadline=None)
@given(
    wallet=st.decimals(min_value="-100000", max_value="1000000", places=8),
    size=st.integers(min_value=-50_000, max_value=50_000).filter(bool),
    entry=decimals,
    mark=decimals,
)
def test_equity_at_the_mark_is_always_the_venues(wallet: Any, size: int, entry: Any, mark: Any) -> None:
    """Whatever the entry: wallet + profit = cash + size · mark, in exact integers."""
    amount = Fraction(size, 1000)
    profit = amount * (Fraction(mark) - Fraction(entry))
    risk = binance_risk(
        positionAmt=f"{size / 1000:.3f}",
        entryPrice=str(entry),
        markPrice=str(mark),
        unRealizedProfit=f"{float(profit):.6f}",
        notional=f"{float(amount * Fraction(mark)):.6f}",
    )
    asset = binance_asset(crossWalletBalance=format(wallet, "f"))
    result = imported(
        binance_account([asset], [risk]), [risk], market=venue_market("binance", "USDT", {"BTCUSDT": "9"})
    )
    assert line(result, "equity").ours == Fraction(wallet) + profit
