"""One entry of Binance's positions: its signed size, its prices, and which margin pool it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .model import Position
from .raw import At

__all__ = ["Leg", "legs_of", "number", "one_side", "positive", "same_positions"]

_QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "BNFCR", "USD1", "USD")
_SIDES = ("BOTH", "LONG", "SHORT")


@dataclass(frozen=True)
class Leg:
    """A position with what decides whether it belongs to this margin pool.

    Attributes
    ----------
    position
        In this project's terms.
    asset
        Its margin asset.
    side
        ``BOTH``, or ``LONG`` or ``SHORT`` in hedge mode.
    isolated
        Whether it has a wallet of its own.
    folded
        Size times entry price: what cash pays for it.
    open_orders
        Whether the venue holds margin for orders in it.
    at
        Where it was read.
    """

    position: Position
    asset: str
    side: str
    isolated: bool
    folded: Fraction
    open_orders: bool
    at: At


def legs_of(entries: At | None) -> list[Leg]:
    """Every open position of a list; FormatError when a symbol and side is listed twice."""
    found = [] if entries is None else [leg for entry in entries.items() if (leg := _leg(entry)) is not None]
    seen: set[tuple[str, str]] = set()
    for leg in found:
        key = (leg.position.symbol, leg.side)
        if key in seen:
            raise leg.at.error("lists a symbol and side a second time", mend="Save the response again")
        seen.add(key)
    return found


def _leg(entry: At) -> Leg | None:
    size = entry.need("positionAmt").number()
    symbol = entry.need("symbol").text()
    side_at = entry.get("positionSide")
    side = "BOTH" if side_at is None else side_at.text()
    if side_at is not None and side not in _SIDES:
        raise side_at.error("is not a side", mend="It is BOTH, LONG or SHORT", show=True)
    if size == 0:
        return None
    if (side == "LONG" and size < 0) or (side == "SHORT" and size > 0):
        raise entry.need("positionSide").error("contradicts the sign of positionAmt", mend="Save it again")

    price_at, entry_at = entry.get("markPrice"), entry.get("entryPrice")
    notional_at = entry.get("notional")
    profit = entry.need("unRealizedProfit", "unrealizedProfit").number()
    notional = None if notional_at is None else abs(notional_at.number())
    if price_at is not None:
        mark = _above_zero(price_at)
    elif notional:
        mark = notional / abs(size)
    elif entry_at is not None:
        mark = _above_zero(entry_at) + profit / size
    else:
        raise entry.error(
            "has neither markPrice nor notional nor entryPrice", mend="Add the positionRisk response"
        )
    entry_price = None if entry_at is None else _above_zero(entry_at)
    folded = size * entry_price if entry_price is not None else size * mark - profit
    return Leg(
        position=Position(
            symbol=symbol,
            size=size,
            mark=mark,
            entry=entry_price,
            notional=notional,
            maintenance=number(entry, "maintMargin"),
            initial=number(entry, "positionInitialMargin", "initialMargin"),
            unrealised=profit,
            aliases=_aliases(symbol),
            where=(entry.file, entry.path),
        ),
        asset=_margin_asset(entry, symbol),
        side=side,
        isolated=_isolated(entry),
        folded=folded,
        open_orders=any(
            positive(entry, key) for key in ("openOrderInitialMargin", "bidNotional", "askNotional")
        ),
        at=entry,
    )


def _above_zero(price: At) -> Fraction:
    value = price.number()
    if value <= 0:
        raise price.error("must be above zero while a position is open", show=True)
    return value


def number(entry: At, *keys: str) -> Fraction | None:
    """The first of `keys` that is there, as a number."""
    found = entry.get(*keys)
    return None if found is None else found.number()


def positive(entry: At, key: str) -> bool:
    """Whether a member is there and not zero."""
    return bool(number(entry, key))


def _aliases(symbol: str) -> tuple[str, ...]:
    pair = symbol.partition("_")[0]
    for quote in _QUOTES:
        base = pair.removesuffix(quote)
        if base and base != pair and "_" not in symbol:
            return (f"{base}-{quote}", f"{base}/{quote}", f"{base}/{quote}:{quote}")
    return ()


def _margin_asset(entry: At, symbol: str) -> str:
    stated = entry.get("marginAsset")
    if stated is not None:
        return stated.text()
    pair = symbol.partition("_")[0]
    for quote in _QUOTES:
        if pair.endswith(quote) and pair != quote:
            return quote
    raise entry.error(
        "has no marginAsset, and its symbol does not end in one", mend="Add the positionRisk response"
    )


def _isolated(entry: At) -> bool:
    """v2 says it in words; v3 shows a wallet of its own."""
    word, flag = entry.get("marginType"), entry.get("isolated")
    if word is not None:
        if word.text().lower() not in ("cross", "crossed", "isolated"):
            raise word.error("is not a margin type", mend='It is "cross" or "isolated"', show=True)
        return word.text().lower() == "isolated"
    if flag is not None:
        return flag.boolean()
    return positive(entry, "isolatedWallet") or positive(entry, "isolatedMargin")


def one_side(legs: list[Leg]) -> None:
    """Refuse hedge mode with both sides of a symbol open."""
    seen: dict[str, Leg] = {}
    for leg in legs:
        if leg.position.symbol in seen:
            raise leg.at.error(
                f"{leg.position.symbol} is open on both sides (hedge mode)",
                mend="The venue charges each side, one net line would charge less. Close one side first",
            )
        seen[leg.position.symbol] = leg


def same_positions(ours: list[Leg], theirs: list[Leg], risk: At) -> None:
    """Two responses of one instant have the same positions; otherwise their sum would be of no instant."""
    left = {(leg.position.symbol, leg.side): leg.position.size for leg in ours}
    right = {(leg.position.symbol, leg.side): leg.position.size for leg in theirs}
    for symbol, side in sorted(left.keys() | right.keys()):
        if left.get((symbol, side)) != right.get((symbol, side)):
            mend = "Save both responses again, one right after the other"
            raise risk.error(f"and the account response differ in the position {symbol} {side}", mend=mend)
