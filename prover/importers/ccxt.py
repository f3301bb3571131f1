"""ccxt's unified structures: what ``fetch_positions`` and ``fetch_balance`` return.

``contracts`` is unsigned (the sign is in ``side``), a size is contracts · contractSize, and numbers are
binary floats. So the venue's own text is read from ``info``: by the rules of `natives` where the venue is
known, else by looking for text there that is the very number ccxt parsed. What only a float is left of is
taken digit for digit, and the reading says so. Field names: ccxt's manual, "Position structure" and
"Balance structure".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from . import binance, dydx, hyperliquid
from .balances import Balance, read_balance
from .ccxt_positions import Leg, leg_of
from .model import Check, Context, Position, Reading, Reported, tolerance, total
from .raw import At

__all__ = ["FORMAT", "claims", "read"]

FORMAT = "ccxt"
_ORDERS = "open orders: ccxt's positions and balances do not list them"
_FUNDING = "funding since the venue's last settlement"
_WHOLE: tuple[tuple[Callable[[At], bool], Callable[[Sequence[At], Context], Reading]], ...] = (
    (hyperliquid.claims, hyperliquid.read),
    (binance.claims, binance.read),
    (dydx.claims, dydx.read),
)
"""Venues whose balance response has the whole account in it: read as such."""


def claims(part: At) -> bool:
    """Whether this is a list of unified positions (or of none), a balance, or an object with either."""
    return bool(list(_positions_in(part))) or _balance_in(part) is not None or part.value == []


def _is_position(entry: At) -> bool:
    return entry.has("symbol", "info", "contracts") or entry.has("symbol", "contracts", "side")


def _positions_in(part: At) -> Iterator[At]:
    inner = part.get("positions") if isinstance(part.value, dict) else part
    if inner is not None and isinstance(inner.value, list):
        entries = list(inner.items())
        if entries and all(_is_position(entry) for entry in entries):
            yield from entries
    elif inner is not None and _is_position(inner):
        yield inner
    elif _is_position(part):
        yield part


def _balance_in(part: At) -> At | None:
    inner = part.get("balance") or part
    return inner if inner.has("total", "free") else None


def read(parts: Sequence[At], context: Context) -> Reading:
    """Positions and balance of one account.

    Parameters
    ----------
    parts
        Positions, a balance, or both in one object. Positions alone give a reading without cash.
    context
        `venue` and `quote` of the universe.

    Raises
    ------
    FormatError
        Names the entry: no size, a side that contradicts it, both sides of a symbol open, an inverse
        contract, or figures that disagree with the venue's own.
    """
    entries = [entry for part in parts for entry in _positions_in(part)]
    balances = [found for part in parts if (found := _balance_in(part)) is not None]
    if len(balances) > 1:
        raise balances[1].error("is a second balance", mend="Give one account at a time")
    legs = [leg for entry in entries if (leg := leg_of(entry)) is not None]
    if balances:
        native = _whole_account(balances[0], context)
        if native is not None:
            _same([leg for leg in legs if _settled_in(leg, context.quote)], native, balances[0])
            return native
    return _unified(legs, balances[0] if balances else None, parts[0], context)


def _whole_account(balance: At, context: Context) -> Reading | None:
    """The reading of the venue's own response under the balance's ``info``, where that has everything."""
    info = balance.get("info")
    if info is None:
        return None
    for claims_whole, read_whole in _WHOLE:
        if claims_whole(info):
            return read_whole([info], context)
    return None


def _settled_in(leg: Leg, quote: str | None) -> bool:
    return quote is None or leg.settle in (None, quote)


def _same(legs: list[Leg], native: Reading, balance: At) -> None:
    """Positions that are given beside a whole account must be among that account's."""
    held = {position.symbol: position.size for position in native.positions}
    for leg in legs:
        if not leg.isolated and leg.venue is not None and held.get(leg.position.symbol) != leg.position.size:
            raise balance.error(
                f"and the positions differ in {leg.position.symbol}",
                mend="Fetch both again, right after each other",
            )


def _unified(legs: list[Leg], balance: At | None, part: At, context: Context) -> Reading:
    venue = _venue(legs, part, context)
    cross = [leg for leg in legs if not leg.isolated]
    quote = context.quote or _quote(cross or legs, balance, part)
    _one_side(cross)
    others = [leg for leg in cross if leg.settle is not None and leg.settle != quote]
    if others:
        raise others[0].at.error(
            f"is settled in {others[0].settle}, not in {quote}",
            mend="Positions settled in another currency need a universe of that quote",
        )
    notes: list[str] = []
    exclusions = [_ORDERS, _FUNDING]
    isolated = [leg for leg in legs if leg.isolated]
    if isolated:
        exclusions.append(f"{len(isolated)} isolated position(s) with their collateral")
    for leg in cross:
        if leg.maybe_float:
            notes.append(
                f"{leg.position.symbol}: read from a binary float, digit for digit; no venue text in info"
            )

    cash: Fraction | None = None
    reported = Reported(
        maintenance=total(leg.position.maintenance for leg in cross),
        initial=total(leg.position.initial for leg in cross),
        notional=total(leg.position.notional for leg in cross),
    )
    if balance is not None:
        wallet = read_balance(balance, quote)
        cash = _cash(wallet, cross, isolated, balance)
        notes.append(wallet.note)
        exclusions += wallet.exclusions
        reported = Reported(
            equity=wallet.equity,
            maintenance=reported.maintenance if wallet.maintenance is None else wallet.maintenance,
            initial=reported.initial if wallet.initial is None else wallet.initial,
            notional=reported.notional,
        )
    return Reading(
        venue=venue,
        format=FORMAT,
        as_of=_time(balance),
        cash=cash,
        positions=tuple(leg.position for leg in cross),
        reported=reported,
        checks=tuple(_checks(cross)),
        notes=tuple(notes),
        exclusions=tuple(exclusions),
    )


def _cash(wallet: Balance, cross: list[Leg], isolated: list[Leg], balance: At) -> Fraction:
    """Cash with the entry notionals folded in."""
    cash = wallet.amount
    for leg in cross:
        position = leg.position
        held = None if position.mark is None else position.size * position.mark
        profit = position.unrealised
        if profit is None and position.entry is not None and held is not None:
            profit = held - position.size * position.entry
        if held is None or (profit is None and not wallet.has_profit):
            raise leg.at.error(
                f"{position.symbol} has too little to value it",
                mend="It needs two of markPrice, entryPrice, unrealizedPnl",
            )
        cash -= held
    if not wallet.has_profit:
        gained = total(_profit(leg.position) for leg in cross)
        cash += min(gained or Fraction(0), Fraction(0))
        for leg in isolated:
            if leg.collateral is None:
                raise leg.at.error(
                    "is isolated, and nothing says how much of the balance is its collateral",
                    mend="Close it, or give the venue's own response",
                )
            cash -= max(leg.collateral, Fraction(0))
    return cash


def _profit(position: Position) -> Fraction | None:
    if position.unrealised is not None or position.mark is None or position.entry is None:
        return position.unrealised
    return position.size * (position.mark - position.entry)


def _one_side(legs: list[Leg]) -> None:
    seen: set[str] = set()
    for leg in legs:
        if leg.position.symbol in seen:
            raise leg.at.error(
                f"{leg.position.symbol} is held a second time (both sides, or a duplicate)",
                mend="Venues charge each side; one net line would charge less. Close the smaller side first",
            )
        seen.add(leg.position.symbol)


def _venue(legs: list[Leg], part: At, context: Context) -> str:
    named = {leg.venue for leg in legs if leg.venue is not None}
    stated = part.get("exchange") if isinstance(part.value, dict) else None
    if stated is not None and not any(stated.text().startswith(name) for name in named):
        # ccxt calls one venue by several names, such as binanceusdm.
        named.add(stated.text())
    if len(named) > 1:
        raise part.error("holds positions of several venues", mend="Import one account at a time")
    found = named.pop() if named else context.venue
    if found is None:
        raise part.error(
            "does not say which venue it is of", mend='Give a universe, or add "exchange": "name"'
        )
    return found


def _quote(legs: list[Leg], balance: At | None, part: At) -> str:
    named = {leg.settle for leg in legs if leg.settle is not None}
    if not named and balance is not None:
        column = balance.need("total")
        named = {
            key
            for key in (column.value if isinstance(column.value, dict) else {})
            if column.get(key) is not None
        }
    if len(named) != 1:
        raise part.error("does not say which currency is meant", mend="Give a universe: its quote")
    return named.pop()


def _time(balance: At | None) -> int | None:
    """A position's own timestamp is when it was opened or last changed, so only a balance's counts."""
    stamp = None if balance is None else balance.get("timestamp")
    return None if stamp is None else stamp.seconds()


def _checks(cross: list[Leg]) -> Iterator[Check]:
    for leg in cross:
        position = leg.position
        size = position.notional or Fraction(0)
        if position.mark is None:
            continue
        if position.notional is not None:
            ours = abs(position.size) * position.mark
            yield Check(
                f"{position.symbol}: notional = |size| · mark", ours, position.notional, tolerance(size)
            )
        if position.entry is not None and position.unrealised is not None:
            ours = position.size * (position.mark - position.entry)
            slack = tolerance(size) + abs(position.size * position.entry) / 10**5
            yield Check(
                f"{position.symbol}: profit = size · (mark − entry)",
                ours,
                position.unrealised,
                slack,
                note="some venues add fees or funding to it",
                decisive=False,
            )
