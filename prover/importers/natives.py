"""How venues themselves write a position: what ccxt keeps under ``info``.

ccxt turns a venue's decimal text into binary floats and drops the sign, so the venue's own text is read
wherever it is known. One rule a venue; field names are those of the venues' API documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .raw import At

__all__ = ["RULES", "Native", "Rule", "native_position"]

_LONG = frozenset({"long", "buy"})
_SHORT = frozenset({"short", "sell"})
_UNSAID = frozenset({"net", "both", "none", "zero", "one_way", "single"})


@dataclass(frozen=True)
class Rule:
    """Where one venue keeps what.

    Attributes
    ----------
    venue
        Its name.
    tells
        Members that a position of this venue has.
    symbol, size, side, entry, mark, notional, profit, maintenance, initial
        Names of members; empty where the venue has none in quote units.
    contracts
        Whether `size` counts contracts and not units of the underlying.
    mode, isolated
        The member that tells the margin mode, and the values that mean isolated.
    """

    venue: str
    tells: tuple[str, ...]
    symbol: str
    size: str
    side: str = ""
    contracts: bool = False
    entry: str = ""
    mark: str = ""
    notional: str = ""
    profit: str = ""
    maintenance: str = ""
    initial: str = ""
    mode: str = ""
    isolated: tuple[str, ...] = ()


RULES = (
    Rule(
        "hyperliquid", ("coin", "szi"), "coin", "szi", entry="entryPx", notional="positionValue",
        profit="unrealizedPnl", initial="marginUsed",
    ),
    Rule(
        "binance", ("symbol", "positionAmt", "entryPrice"), "symbol", "positionAmt", "positionSide",
        entry="entryPrice", mark="markPrice", notional="notional", maintenance="maintMargin",
        initial="initialMargin", mode="marginType", isolated=("isolated",),
    ),
    Rule(
        "bybit", ("symbol", "size", "positionIdx"), "symbol", "size", "side", entry="avgPrice",
        mark="markPrice", notional="positionValue", profit="unrealisedPnl", maintenance="positionMM",
        initial="positionIM", mode="tradeMode", isolated=("1",),
    ),
    Rule(
        "okx", ("instId", "pos", "mgnMode"), "instId", "pos", "posSide", contracts=True, entry="avgPx",
        mark="markPx", profit="upl", maintenance="mmr", initial="imr", mode="mgnMode",
        isolated=("isolated",),
    ),
    Rule(
        "kucoin", ("currentQty", "settleCurrency"), "symbol", "currentQty", "positionSide", contracts=True,
        entry="avgEntryPrice", mark="markPrice", profit="unrealisedPnl", maintenance="posMaint",
        mode="crossMode", isolated=("false",),
    ),
    Rule(
        "gate", ("contract", "size", "entry_price", "mark_price"), "contract", "size", contracts=True,
        entry="entry_price", mark="mark_price", notional="value", profit="unrealised_pnl",
        maintenance="maintenance_margin", initial="initial_margin",
    ),
    # BitMEX writes money in small fractions of the currency, so ccxt's own figures are read.
    Rule(
        "bitmex", ("currentQty", "homeNotional"), "symbol", "currentQty", contracts=True,
        entry="avgEntryPrice", mark="markPrice", mode="crossMargin", isolated=("false",),
    ),
    Rule(
        "dydx", ("market", "size", "sumOpen"), "market", "size", "side", entry="entryPrice",
        profit="unrealizedPnl",
    ),
    Rule(
        "derive", ("instrument_name", "instrument_type", "amount"), "instrument_name", "amount",
        entry="average_price", mark="mark_price", profit="unrealized_pnl",
    ),
    Rule(
        "deribit", ("instrument_name", "direction", "size", "kind"), "instrument_name", "size", "direction",
        entry="average_price", mark="mark_price", profit="floating_profit_loss",
        maintenance="maintenance_margin", initial="initial_margin",
    ),
    Rule(
        "paradex", ("market", "size", "average_entry_price"), "market", "size", "side",
        entry="average_entry_price", profit="unrealized_pnl",
    ),
    Rule("drift", ("baseAssetAmount", "marketIndex"), "symbol", "baseAssetAmount"),
)  # fmt: skip


@dataclass(frozen=True)
class Native:
    """A position in the venue's own words.

    Attributes
    ----------
    rule
        Whose.
    symbol
        The venue's symbol.
    size
        Signed; contracts or units of the underlying, as the rule says.
    isolated
        None when the venue's response does not say.
    at
        Where it was read.
    """

    rule: Rule
    symbol: str
    size: Fraction
    isolated: bool | None
    at: At

    def number(self, name: str) -> Fraction | None:
        """The figure that the rule calls `name`, None where the venue has none."""
        key = getattr(self.rule, name)
        found = self.at.get(key) if key else None
        return None if found is None else found.number()


def native_position(info: At) -> Native | None:
    """The venue's own position inside ccxt's ``info``; None when the venue is not one of `RULES`.

    Raises
    ------
    FormatError
        When a size, a side or a margin mode is malformed, or side and sign contradict each other.
    """
    inner = info.get("position")
    at = inner if inner is not None and isinstance(inner.value, dict) else info
    for rule in RULES:
        if at.has(*rule.tells):
            return Native(
                rule, at.need(rule.symbol).text(), signed_size(at, rule.size, rule.side), _mode(at, rule), at
            )
    return None


def signed_size(at: At, size: str, side: str) -> Fraction:
    """The size with the sign that size and side agree on.

    Some venues sign the size, some name the side, some do both; a negative size on the long side is refused.
    """
    amount = at.need(size).number()
    word_at = at.get(side) if side else None
    word = "" if word_at is None else word_at.text().lower()
    if word_at is None or word in _UNSAID:
        return amount
    if word in _SHORT:
        return -abs(amount)
    if word not in _LONG:
        raise word_at.error("is not a side", mend="It is long, short, buy or sell", show=True)
    if amount < 0:
        raise word_at.error("contradicts the sign of the size", mend="Save the response again", show=True)
    return amount


def _mode(at: At, rule: Rule) -> bool | None:
    if rule.venue == "gate":
        # Gate: leverage 0 means cross.
        leverage = at.get("leverage")
        return None if leverage is None else leverage.number() != 0
    if rule.venue == "hyperliquid":
        kind = at.get("leverage")
        kind = None if kind is None else kind.get("type")
        return None if kind is None else kind.text() == "isolated"
    found = at.get(rule.mode) if rule.mode else None
    if found is None:
        if rule.venue == "binance":
            wallets = (at.get("isolatedWallet"), at.get("isolatedMargin"))
            return any(wallet is not None and wallet.number() != 0 for wallet in wallets)
        return None
    return str(found.value).lower() in rule.isolated
