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
from fractions import Fraction

from .binance_positions import Leg, legs_of, number, one_side, positive, same_positions
from .model import Check, Context, Holding, Position, Reading, Reported, tolerance, total
from .raw import At

__all__ = ["FORMAT", "claims", "read"]

FORMAT = "binance"
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

    legs = legs_of(risk if risk is not None else account.need("positions") if account is not None else None)
    if risk is not None and account is not None and "positions" in account.value:
        same_positions(legs, legs_of(account.need("positions")), risk)
    quote = context.quote or _only_asset(wallets, legs, parts[0])

    notes: list[str] = []
    exclusions = ["funding since the last settlement: it is settled into the wallet"]
    isolated = [leg for leg in legs if leg.isolated]
    if isolated:
        exclusions.append(f"{len(isolated)} isolated position(s) with their wallets")
    cross = [leg for leg in legs if not leg.isolated and leg.asset == quote]
    others = [leg for leg in legs if not leg.isolated and leg.asset != quote]
    one_side(cross)
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
        wallet is not None and positive(wallet, "openOrderInitialMargin")
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


def _only_asset(wallets: At | None, legs: list[Leg], part: At) -> str:
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


def _reported(wallet: At | None, cross: list[Leg], isolated: list[Leg]) -> Reported:
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
    wallet, profit = number(account, "totalCrossWalletBalance"), number(account, "totalCrossUnPnl")
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
