"""A bracket market from an exchange's public endpoints, through ccxt's unified structures.

What is read: `fetch_markets` (symbol, base, settle, kind, contract size, smallest amount, expiry),
`fetch_tickers` (mark price), `fetch_leverage_tiers` (floors, maintenance rates, leverages). Linear swaps
and futures only. ccxt gives binary floats: each becomes its shortest decimal. ccxt itself is the extra
`ccxt`, and is asked for only when the command is told to use it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from math import isfinite
from typing import Any, Protocol

from prover.tables.inputs import MarketInput
from verifier.errors import EnvironmentFault, FormatError, UsageError

__all__ = ["Exchange", "exchange", "from_exchange"]

_MILLISECONDS = 1000
_TICK_SIZE = 4  # ccxt: precisions are sizes of steps, not numbers of digits
_KINDS = {"swap": "perpetual", "future": "future"}


class Exchange(Protocol):
    """The part of a ccxt exchange that is used."""

    id: str

    def fetch_markets(self) -> Sequence[Mapping[str, Any]]:
        """Every market of the exchange."""

    def fetch_tickers(self, symbols: list[str]) -> Mapping[str, Mapping[str, Any]]:
        """Prices by symbol."""

    def fetch_leverage_tiers(self, symbols: list[str]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Margin tiers by symbol."""


def exchange(name: str) -> Exchange:
    """The ccxt exchange of that name, such as ``binanceusdm``.

    Raises
    ------
    EnvironmentFault
        When ccxt is not installed.
    UsageError
        When it has no exchange of that name.
    """
    try:
        ccxt = import_module("ccxt")
    except ImportError:
        raise EnvironmentFault(
            "ccxt is needed here and cannot be imported. Run: pip install 'zksolvency[ccxt]'"
        ) from None
    if name not in ccxt.exchanges:
        raise UsageError(f"--ccxt {name}: ccxt has no exchange of that name")
    made: Exchange = getattr(ccxt, name)({"enableRateLimit": True})
    return made


def from_exchange(source: Exchange, head: Mapping[str, Any], symbols: Sequence[str]) -> dict[str, Any]:
    """Members of a bracket builder's input: `head`, and feeds and instruments of the symbols, in order.

    Parameters
    ----------
    source
        The exchange.
    head
        Name, venue, quote, period, epoch, time, valid_until, band: all but the lists.
    symbols
        Unified symbols, such as ``BTC/USDT:USDT``.

    Raises
    ------
    FormatError
        For a symbol that the exchange has not, that is no linear swap or future settled in the quote
        currency, or that lacks a price or tiers. Names the symbol.
    UsageError
        When the exchange cannot be reached or does not offer an endpoint, or no symbol is given.
    """
    if not symbols:
        raise UsageError("--symbol: name at least one, such as BTC/USDT:USDT")
    for name in ("feeds", "instruments"):
        if name in head:
            raise FormatError(name, "are given beside an exchange", mend="Leave them to the exchange")
    wanted = list(dict.fromkeys(symbols))
    markets = {each["symbol"]: each for each in _asked(source, "fetch_markets")}
    tickers = _asked(source, "fetch_tickers", wanted)
    tiers = _asked(source, "fetch_leverage_tiers", wanted)
    feeds, instruments = [], []
    for symbol in wanted:
        market = markets.get(symbol)
        if market is None:
            raise FormatError("symbol", "is no market of the exchange", value=symbol)
        feeds.append(
            {
                "id": f"{symbol} mark",
                "kind": "mark",
                "underlying": symbol,
                "price": _price(symbol, tickers.get(symbol)),
            }
        )
        made = _instrument(symbol, market, str(head.get("venue")), str(head.get("quote")))
        if getattr(source, "precisionMode", _TICK_SIZE) != _TICK_SIZE:
            made.pop("size_step", None)
        instruments.append({**made, "tiers": list(_tiers(symbol, tiers.get(symbol)))})
    return {"schema": MarketInput.SCHEMA, **head, "feeds": feeds, "instruments": instruments}


def _asked(source: Exchange, method: str, *arguments: Any) -> Any:
    """Call an endpoint; whatever ccxt raises is told in one line."""
    try:
        return getattr(source, method)(*arguments)
    except (FormatError, UsageError):
        raise
    except Exception as error:
        raise UsageError(
            f"{source.id}: {method} failed ({type(error).__name__}: {str(error)[:120]})"
        ) from None


def _instrument(symbol: str, market: Mapping[str, Any], venue: str, quote: str) -> dict[str, Any]:
    kind = _KINDS.get(str(market.get("type")))
    if kind is None or not market.get("linear"):
        raise FormatError(symbol, "is no linear swap or future", mend="Only those have a row of this builder")
    if market.get("settle") != quote:
        raise FormatError(symbol, f"is settled in {market.get('settle')}", mend=f"The market is in {quote}")
    made: dict[str, Any] = {"id": f"{venue}:{symbol}", "kind": kind, "underlying": symbol}
    if market.get("expiry"):
        made["expiry"] = int(market["expiry"]) // _MILLISECONDS
    step = (market.get("precision") or {}).get("amount")
    if step:
        # Sizes are in contracts there, in units of the underlying here.
        contract = Decimal(_decimal(symbol, "contractSize", market.get("contractSize") or 1))
        made["size_step"] = _plain(Decimal(_decimal(symbol, "precision.amount", step)) * contract)
    if market.get("active") is False:
        made["retired"] = True
    return made


def _tiers(symbol: str, tiers: Sequence[Mapping[str, Any]] | None) -> Iterator[dict[str, str]]:
    if not tiers:
        raise FormatError(
            symbol, "has no leverage tiers", mend="The exchange must offer fetch_leverage_tiers"
        )
    for tier in tiers:
        yield {
            "notional_floor": _decimal(symbol, "minNotional", tier.get("minNotional") or 0),
            "max_leverage": _decimal(symbol, "maxLeverage", tier.get("maxLeverage")),
            "maintenance_rate": _decimal(symbol, "maintenanceMarginRate", tier.get("maintenanceMarginRate")),
        }


def _price(symbol: str, ticker: Mapping[str, Any] | None) -> str:
    """The mark price; a last trade is none, since margin is not taken at it."""
    price = (ticker or {}).get("markPrice")
    if price is None:
        raise FormatError(
            symbol,
            "has no mark price in its ticker",
            mend="Write its feed in a file, or ask another exchange",
        )
    return _decimal(symbol, "markPrice", price)


def _decimal(symbol: str, member: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise FormatError(f"{symbol}.{member}", "is missing or no number", value=value)
    try:
        number = Decimal(value if isinstance(value, str) else repr(value))
    except ArithmeticError:
        raise FormatError(f"{symbol}.{member}", "is no number", value=value) from None
    if not isfinite(number):
        raise FormatError(f"{symbol}.{member}", "is no number", value=value)
    return _plain(number)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if text not in ("-0", "") else "0"
