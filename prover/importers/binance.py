"""Binance USD-M futures: ``/fapi/v3/account``, ``/fapi/v3/positionRisk`` and ``/fapi/v3/balance`` (v2 too).

Binance keeps a wallet balance and adds the unrealised profit to it. Here the entries are folded into cash
instead: cash = crossWalletBalance − Σ size · entryPrice, so that equity at the mark is the venue's cross
margin balance. Where only the account response is given, which has no entry price in v3, size · entry is
notional − unrealizedProfit.

Left out: isolated positions with their wallets; in single-asset mode the other currencies' margin pools,
which are margined alone; open orders. Refused: hedge mode with both sides of a symbol open, since the venue
charges each side and one net line would charge less. Field names: Binance's USD-M futures API
documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .model import Check, Context, Holding, Position, Reading, Reported, tolerance, total
from .raw import At

__all__ = ["FORMAT", "claims", "read"]

FORMAT = "binance"
_QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "BNFCR", "USD1", "USD")
_SIDES = ("BOTH", "LONG", "SHORT")
_LISTS = ("assets", "positions")


def claims(part: At) -> bool:
    """Whether this is one of the three responses, or the answer to the multi-assets mode question."""
    if part.has("assets", "totalMarginBalance") or _is_mode(part):
        return True
    return _is_risk(part) or _is_balance(part)


def _is_mode(part: At) -> bool:
    return part.has("multiAssetsMargin") and not part.has("assets")


def _is_list_of(part: At, *keys: str) -> bool:
    value = part.value
    return isinstance(value, list) and bool(value) and all(entry.has(*keys) for entry in part.items())


def _is_risk(part: At) -> bool:
    return _is_list_of(part, "symbol", "positionAmt", "entryPrice")


def _is_balance(part: At) -> bool:
    return _is_list_of(part, "asset", "crossWalletBalance")


@dataclass(frozen=True)
class _Leg:
    """A position with what decides whether it belongs to this margin pool."""

    position: Position
    asset: str
    side: str
    isolated: bool
    folded: Fraction
    open_orders: bool
    at: At


def read(parts: Sequence[At], context: Context) -> Reading:
    """The cross account of one margin asset.

    Parameters
    ----------
    parts
        An account or balance response, with or without a positionRisk response of the same instant.
    context
        `quote` names the margin asset; without it, the only one with a balance or a position.

    Raises
    ------
    FormatError
        Names the member: missing, malformed, contradictory, hedged on both sides, or a borrowed asset.
    """
    account = _one([part for part in parts if part.has("assets", "totalMarginBalance")], parts)
    risk = _one([part for part in parts if _is_risk(part)], parts)
    balance = _one([part for part in parts if _is_balance(part)], parts)
    wallets = account.need("assets") if account is not None else balance
    mode = _multi_asset_mode(parts)

    legs = _legs(risk if risk is not None else account.need("positions") if account is not None else None)
    if risk is not None and account is not None and "positions" in account.value:
        _same_positions(legs, _legs(account.need("positions")), risk)
    quote = context.quote or _only_asset(wallets, legs, parts[0])

    notes: list[str] = []
    exclusions = ["funding since the last settlement: it is settled into the wallet"]
    isolated = [leg for leg in legs if leg.isolated]
    if isolated:
        exclusions.append(f"{len(isolated)} isolated position(s) with their wallets")
    cross = [leg for leg in legs if not leg.isolated and leg.asset == quote]
    others = [leg for leg in legs if not leg.isolated and leg.asset != quote]
    _one_side(cross)
    if others and mode is not False:
        raise others[0].at.error(
            f"is margined in another asset than {quote}, and assets may be margined together",
            mend='In single-asset mode add the response {"multiAssetsMargin": false}; else close it',
        )
    if others:
        exclusions.append(f"{len(others)} position(s) margined in other assets, with those assets")

    cash: Fraction | None = None
    wallet: At | None = None
    holdings: tuple[Holding, ...] = ()
    if wallets is not None:
        wallet, rest = _wallet(wallets, quote)
        cash = wallet.need("crossWalletBalance").number() - sum((leg.folded for leg in cross), Fraction(0))
        notes.append(f"cash is {quote} crossWalletBalance with Σ size · entry subtracted")
        held = [holding for holding in rest if holding.amount]
        if mode and held:
            holdings = tuple(held)
        elif held:
            exclusions.append("balances in other assets: " + ", ".join(holding.asset for holding in held))
    if any(leg.open_orders for leg in cross) or (
        wallet is not None and _positive(wallet, "openOrderInitialMargin")
    ):
        exclusions.append("open orders, of which there are some: their worst case is not included")
    else:
        exclusions.append("open orders: the response shows no margin held for any")

    positions = tuple(leg.position for leg in cross)
    reported = _reported(wallet, cross, isolated)
    if holdings and account is not None:
        reported = _together(account, reported)
    return Reading(
        venue=FORMAT,
        format=FORMAT,
        as_of=_latest(parts),
        cash=cash,
        positions=positions,
        holdings=holdings,
        reported=reported,
        checks=tuple(_checks(cash, positions, reported, None if holdings else account, wallet)),
        notes=tuple(notes),
        exclusions=tuple(exclusions),
    )


def _one(found: list[At], parts: Sequence[At]) -> At | None:
    if len(found) > 1:
        raise found[1].error("is given twice", mend="Give each response once")
    return found[0] if found else None


def _multi_asset_mode(parts: Sequence[At]) -> bool | None:
    """Whether assets are margined together; None when no response says (v3's account does not)."""
    for part in parts:
        said = part.get("multiAssetsMargin")
        if said is not None:
            return said.boolean()
    return None


def _legs(entries: At | None) -> list[_Leg]:
    found = [] if entries is None else [leg for entry in entries.items() if (leg := _leg(entry)) is not None]
    seen: set[tuple[str, str]] = set()
    for leg in found:
        key = (leg.position.symbol, leg.side)
        if key in seen:
            raise leg.at.error("lists a symbol and side a second time", mend="Save the response again")
        seen.add(key)
    return found


def _leg(entry: At) -> _Leg | None:
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
    return _Leg(
        position=Position(
            symbol=symbol,
            size=size,
            mark=mark,
            entry=entry_price,
            notional=notional,
            maintenance=_number(entry, "maintMargin"),
            initial=_number(entry, "positionInitialMargin", "initialMargin"),
            unrealised=profit,
            aliases=_aliases(symbol),
            where=(entry.file, entry.path),
        ),
        asset=_margin_asset(entry, symbol),
        side=side,
        isolated=_isolated(entry),
        folded=folded,
        open_orders=any(
            _positive(entry, key) for key in ("openOrderInitialMargin", "bidNotional", "askNotional")
        ),
        at=entry,
    )


def _above_zero(price: At) -> Fraction:
    value = price.number()
    if value <= 0:
        raise price.error("must be above zero while a position is open", show=True)
    return value


def _number(entry: At, *keys: str) -> Fraction | None:
    found = entry.get(*keys)
    return None if found is None else found.number()


def _positive(entry: At, key: str) -> bool:
    return bool(_number(entry, key))


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
    return _positive(entry, "isolatedWallet") or _positive(entry, "isolatedMargin")


def _one_side(legs: list[_Leg]) -> None:
    seen: dict[str, _Leg] = {}
    for leg in legs:
        if leg.position.symbol in seen:
            raise leg.at.error(
                f"{leg.position.symbol} is open on both sides (hedge mode)",
                mend="The venue charges each side, one net line would charge less. Close one side first",
            )
        seen[leg.position.symbol] = leg


def _same_positions(ours: list[_Leg], theirs: list[_Leg], risk: At) -> None:
    """Two responses of one instant have the same positions; otherwise their sum would be of no instant."""
    left = {(leg.position.symbol, leg.side): leg.position.size for leg in ours}
    right = {(leg.position.symbol, leg.side): leg.position.size for leg in theirs}
    for symbol, side in sorted(left.keys() | right.keys()):
        if left.get((symbol, side)) != right.get((symbol, side)):
            mend = "Save both responses again, one right after the other"
            raise risk.error(f"and the account response differ in the position {symbol} {side}", mend=mend)


def _only_asset(wallets: At | None, legs: list[_Leg], part: At) -> str:
    named = {leg.asset for leg in legs}
    if wallets is not None:
        named |= {
            entry.need("asset").text()
            for entry in wallets.items()
            if entry.need("crossWalletBalance").number() != 0
        }
    if len(named) != 1:
        found = ", ".join(sorted(named)) or "none"
        raise part.error(
            f"does not say which margin asset is meant (found: {found})", mend="Give a universe: its quote"
        )
    return named.pop()


def _wallet(wallets: At, quote: str) -> tuple[At, list[Holding]]:
    """The quote's entry, and the other balances; a debt in one of those is refused."""
    mine: At | None = None
    rest: list[Holding] = []
    seen: set[str] = set()
    for entry in wallets.items():
        asset = entry.need("asset").text()
        if asset in seen:
            raise entry.error("lists an asset a second time", mend="Save the response again")
        seen.add(asset)
        if asset == quote:
            mine = entry
            continue
        amount = entry.need("crossWalletBalance").number()
        if amount < 0:
            raise entry.error(f"is a debt in {asset}", mend="Repay it first: a debt cannot be left out")
        rest.append(Holding(asset, amount, (entry.file, entry.path)))
    if mine is None:
        raise wallets.error(
            f"has no balance in {quote}", mend="Does the universe's quote match this account?"
        )
    return mine, rest


def _reported(wallet: At | None, cross: list[_Leg], isolated: list[_Leg]) -> Reported:
    notional = total(leg.position.notional for leg in cross)
    maintenance = total(leg.position.maintenance for leg in cross)
    initial = total(leg.position.initial for leg in cross)
    if wallet is None:
        return Reported(maintenance=maintenance, initial=initial, notional=notional)
    profit = wallet.get("crossUnPnl")
    equity = wallet.need("crossWalletBalance").number() + (Fraction(0) if profit is None else profit.number())
    # The asset's total has the isolated positions of that asset in it.
    stated = wallet.get("maintMargin")
    asset = wallet.need("asset").text()
    apart = total(leg.position.maintenance for leg in isolated if leg.asset == asset)
    if stated is not None and apart is not None:
        maintenance = stated.number() - apart
    return Reported(
        equity=equity if profit is not None else None,
        maintenance=maintenance,
        initial=initial,
        notional=notional,
    )


def _together(account: At, reported: Reported) -> Reported:
    """In multi-assets mode the venue's totals are over all assets, valued by the venue."""
    wallet, profit = _number(account, "totalCrossWalletBalance"), _number(account, "totalCrossUnPnl")
    return Reported(
        equity=None if wallet is None or profit is None else wallet + profit,
        maintenance=reported.maintenance,
        initial=reported.initial,
        notional=reported.notional,
    )


def _latest(parts: Sequence[At]) -> int | None:
    """When the account last changed: the responses have no time, and it stood like this since."""
    lists = [part if isinstance(part.value, list) else part.get(key) for part in parts for key in _LISTS]
    stamps = [
        stamp
        for entries in lists
        if entries is not None
        for entry in entries.items()
        if (stamp := entry.get("updateTime")) is not None and stamp.value not in (0, "0")
    ]
    return max((stamp.seconds() for stamp in stamps), default=None)


def _checks(
    cash: Fraction | None,
    positions: tuple[Position, ...],
    reported: Reported,
    account: At | None,
    wallet: At | None,
) -> Iterator[Check]:
    for position in positions:
        size = position.notional or Fraction(0)
        if position.mark is not None and position.notional is not None:
            ours = abs(position.size) * position.mark
            yield Check(
                f"{position.symbol}: notional = |positionAmt| · mark",
                ours,
                position.notional,
                tolerance(size),
            )
        if position.mark is not None and position.entry is not None:
            ours = position.size * (position.mark - position.entry)
            yield Check(
                f"{position.symbol}: profit = size · (mark − entry)",
                ours,
                position.unrealised,
                tolerance(size),
            )
    held = total(p.size * p.mark if p.mark is not None else None for p in positions)
    if cash is not None and held is not None and reported.equity is not None:
        name = "cross margin balance = cash + Σ size · mark"
        note = "positions and balances of two instants differ by the move between them"
        yield Check(name, cash + held, reported.equity, tolerance(reported.equity), note=note)
    sums = total(p.maintenance for p in positions)
    if wallet is not None and wallet.get("maintMargin") is not None and sums is not None:
        yield Check("maintenance margin = Σ maintMargin", sums, reported.maintenance, tolerance(sums))
    if account is not None and wallet is not None:
        theirs = account.get("totalCrossWalletBalance")
        if theirs is not None:
            yield Check(
                f"totalCrossWalletBalance = {wallet.need('asset').text()} crossWalletBalance",
                wallet.need("crossWalletBalance").number(),
                theirs.number(),
                note="other assets may be counted in the venue's total",
                decisive=False,
            )
