"""The quote currency's balance inside ccxt's ``fetch_balance``: from the venue's own text where it is known.

Whether ccxt's ``total`` has the unrealised profit in it differs from venue to venue. For OKX and Bybit the
venue's own equity is read. Anywhere else the worse of both readings is taken: a loss is subtracted, a gain
is not added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from .raw import At

__all__ = ["Balance", "exact", "read_balance"]

_RESERVED = frozenset({"info", "free", "used", "total", "debt", "timestamp", "datetime"})


@dataclass(frozen=True)
class Balance:
    """What the account has in the quote currency.

    Attributes
    ----------
    amount
        Quote units.
    has_profit
        Whether unrealised profit is known to be in `amount`; else it may be or not.
    equity, maintenance, initial
        The venue's own figures, for comparing.
    note
        How it was read.
    exclusions
        Other currencies.
    """

    amount: Fraction
    has_profit: bool
    note: str
    equity: Fraction | None = None
    maintenance: Fraction | None = None
    initial: Fraction | None = None
    exclusions: tuple[str, ...] = ()


def read_balance(balance: At, quote: str) -> Balance:
    """The balance in `quote`.

    Raises
    ------
    FormatError
        When there is none, it is malformed, or another currency is owed.
    """
    info = balance.get("info")
    others = tuple(_others(balance, quote))
    found = None if info is None else _okx(info, quote) or _bybit(info, quote)
    if found is None:
        found = _unified(balance, quote)
    return Balance(**{**found.__dict__, "exclusions": others})


def _others(balance: At, quote: str) -> Iterator[str]:
    debts = balance.get("debt")
    for column in (balance.need("total"), debts):
        if column is None or not isinstance(column.value, dict):
            continue
        for currency in column.value:
            entry = column.get(currency)
            amount = None if entry is None else entry.number()
            if entry is None or not amount or (currency == quote and column is not debts):
                continue
            if amount < 0 or column is debts:
                raise entry.error("is a debt", mend="Repay it first: a debt cannot be left out")
            yield f"balance in {currency[:20]}"


def _okx(info: At, quote: str) -> Balance | None:
    """Equity has the unrealised profit in it; what isolated positions hold is taken off."""
    for entry in _inside(info, "data", "details"):
        if entry.has("ccy", "eq") and entry.need("ccy").text() == quote:
            apart = entry.get("isoEq")
            equity = entry.need("eq").number() - (Fraction(0) if apart is None else apart.number())
            return Balance(equity, True, f"balance is OKX's {quote} eq less isoEq", equity)
    return None


def _bybit(info: At, quote: str) -> Balance | None:
    result = info.get("result") or info
    for entry in _inside(result, "list", "coin"):
        if entry.has("coin", "equity", "walletBalance") and entry.need("coin").text() == quote:
            equity = entry.need("equity").number()
            maintenance, initial = entry.get("totalPositionMM"), entry.get("totalPositionIM")
            return Balance(
                equity,
                True,
                f"balance is Bybit's {quote} equity",
                equity,
                None if maintenance is None else maintenance.number(),
                None if initial is None else initial.number(),
            )
    return None


def _inside(part: At, outer: str, inner: str) -> Iterator[At]:
    """The entries of ``part[outer][…][inner]``, where there are such."""
    accounts = part.get(outer)
    if accounts is None or not isinstance(accounts.value, list):
        return
    for account in accounts.items():
        entries = account.get(inner) if isinstance(account.value, dict) else None
        if entries is not None and isinstance(entries.value, list):
            yield from (entry for entry in entries.items() if isinstance(entry.value, dict))


def _unified(balance: At, quote: str) -> Balance:
    total = balance.need("total")
    amount_at = total.get(quote)
    if amount_at is None:
        listed = [key for key in total.value if key not in _RESERVED] if isinstance(total.value, dict) else []
        found = ", ".join(listed)[:80] or "nothing"
        mend = f"Does the universe's quote match? It has: {found}"
        raise total.error(f"has no {quote}", mend=mend)
    amount, loose = exact(amount_at, balance.get("info"))
    text = f"balance is ccxt's total {quote}; unrealised profit may be in it or not: the worse is taken"
    if loose:
        text += "; read from a binary float"
    return Balance(amount, False, text)


def exact(number: At, info: At | None) -> tuple[Fraction, bool]:
    """(value, whether it may have lost digits): from the venue's text where ``info`` has the same number.

    Parameters
    ----------
    number
        A member of a unified structure.
    info
        The venue's own words for it; None when there are none.
    """
    value = number.number()
    if not number.is_float:
        return value, False
    written = {abs(text) for text in _texts(info) if float(abs(text)) == float(abs(value))}
    if len(written) == 1:
        found = written.pop()
        return (found if value > 0 else -found), False
    return value, True


def _texts(info: At | None, depth: int = 0) -> Iterator[Fraction]:
    """Every number that is written as text below `info`."""
    if info is None or depth > 8:
        return
    if isinstance(info.value, dict):
        for inner in info.members():
            yield from _texts(inner, depth + 1)
    elif isinstance(info.value, list):
        for inner in info.items():
            yield from _texts(inner, depth + 1)
    elif isinstance(info.value, str):
        found = info.maybe_number()
        if found is not None:
            yield found
