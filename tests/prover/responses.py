"""Responses of venues, built for tests: members as the venues document them, figures of our own."""

from __future__ import annotations

import json
from typing import Any

from market_inputs import feed, market

from prover.importers import ImportResult, import_files
from prover.importers.raw import RawFile, parse_response
from prover.tables import MarketInput, build_market


def file(content: Any, name: str = "response.json") -> RawFile:
    """A response as it would be read from disk; text is taken as it is."""
    text = content if isinstance(content, str) else json.dumps(content)
    return parse_response(text.encode(), name=name)


def imported(*contents: Any, market: MarketInput | None = None, **more: Any) -> ImportResult:
    """Import responses, without a market by default."""
    files = [file(content, f"file{place}.json") for place, content in enumerate(contents)]
    return import_files(files, market=market, **more)


def venue_market(venue: str, quote: str, prices: dict[str, str], **more: Any) -> MarketInput:
    """A market of perpetuals by the venue's symbols at 2 % maintenance and 4 % initial margin."""
    tiers = [{"notional_floor": "0", "initial_rate": "0.04", "maintenance_rate": "0.02"}]
    instruments = [
        {"id": f"{venue}:{symbol}", "kind": "perpetual", "underlying": symbol, "tiers": tiers}
        for symbol in prices
    ]
    feeds = [feed(symbol, price) for symbol, price in prices.items()]
    return market(feeds, instruments, venue=venue, quote=quote, **more)


def snapshot_of(given: MarketInput) -> Any:
    return build_market(given, "maintenance", "s2-k4-d5")[1]


def hyperliquid_position(coin: str = "ETH", **more: Any) -> dict[str, Any]:
    position = {
        "coin": coin,
        "szi": "-1.5",
        "leverage": {"type": "cross", "value": 10},
        "entryPx": "2000.0",
        "positionValue": "3150.0",
        "unrealizedPnl": "-150.0",
        "marginUsed": "315.0",
        "maxLeverage": 25,
        **more,
    }
    return {"type": "oneWay", "position": position}


def hyperliquid(positions: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    """A short of 1.5 ETH at a mark of 2100 with an account value of 1000, unless told otherwise."""
    summary = {
        "accountValue": "1000.0",
        "totalNtlPos": "3150.0",
        "totalRawUsd": "4150.0",
        "totalMarginUsed": "315.0",
    }
    return {
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": "63.0",
        "withdrawable": "685.0",
        "assetPositions": [hyperliquid_position()] if positions is None else positions,
        "time": 1_790_000_000_123,
        **more,
    }


def binance_risk(symbol: str = "BTCUSDT", **more: Any) -> dict[str, Any]:
    """An entry of /fapi/v3/positionRisk: a long of 0.25 at 60000, now at 62000."""
    return {
        "symbol": symbol,
        "positionSide": "BOTH",
        "positionAmt": "0.250",
        "entryPrice": "60000.0",
        "breakEvenPrice": "60030.0",
        "markPrice": "62000.00000000",
        "unRealizedProfit": "500.00000000",
        "liquidationPrice": "0",
        "isolatedMargin": "0",
        "notional": "15500.00000000",
        "marginAsset": "USDT",
        "isolatedWallet": "0",
        "initialMargin": "1550",
        "maintMargin": "310",
        "positionInitialMargin": "1550",
        "openOrderInitialMargin": "0",
        "adl": 2,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": 1_790_000_000_000,
        **more,
    }


def binance_asset(asset: str = "USDT", **more: Any) -> dict[str, Any]:
    return {
        "asset": asset,
        "walletBalance": "3000.00000000",
        "unrealizedProfit": "500.00000000",
        "marginBalance": "3500.00000000",
        "maintMargin": "310.00000000",
        "initialMargin": "1550.00000000",
        "positionInitialMargin": "1550.00000000",
        "openOrderInitialMargin": "0.00000000",
        "crossWalletBalance": "3000.00000000",
        "crossUnPnl": "500.00000000",
        "availableBalance": "1950.00000000",
        "maxWithdrawAmount": "1950.00000000",
        "updateTime": 1_789_999_000_000,
        **more,
    }


def binance_account(
    assets: list[Any] | None = None, positions: list[Any] | None = None, **more: Any
) -> dict[str, Any]:
    """/fapi/v3/account: no entry prices in its positions."""
    kept = ("symbol", "positionSide", "positionAmt", "isolatedMargin", "notional", "isolatedWallet")
    kept += ("initialMargin", "maintMargin", "updateTime")
    listed = [
        {key: entry[key] for key in kept} | {"unrealizedProfit": entry["unRealizedProfit"]}
        for entry in ([binance_risk()] if positions is None else positions)
    ]
    return {
        "totalMaintMargin": "310.00000000",
        "totalMarginBalance": "3500.00000000",
        "totalCrossWalletBalance": "3000.00000000",
        "totalCrossUnPnl": "500.00000000",
        "assets": [binance_asset()] if assets is None else assets,
        "positions": listed,
        **more,
    }


def unified(symbol: str = "BTC/USDT:USDT", **more: Any) -> dict[str, Any]:
    """An entry of ccxt's fetch_positions of a venue that no rule knows: a short of 3 contracts of 0.01."""
    return {
        "info": {"instrument": "X-1"},
        "symbol": symbol,
        "contracts": 3,
        "contractSize": 0.01,
        "side": "short",
        "entryPrice": 61000,
        "markPrice": 60000,
        "notional": 1800,
        "unrealizedPnl": 30,
        "marginMode": "cross",
        "collateral": None,
        "initialMargin": 180,
        "maintenanceMargin": 36,
        **more,
    }


def balance(total: Any = 500, **more: Any) -> dict[str, Any]:
    """ccxt's fetch_balance."""
    return {
        "info": {},
        "timestamp": 1_790_000_000_000,
        "USDT": {"free": 320, "used": 180, "total": total},
        "free": {"USDT": 320},
        "used": {"USDT": 180},
        "total": {"USDT": total},
        **more,
    }
