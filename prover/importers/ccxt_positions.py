"""One of ccxt's unified positions: the venue's own text first, ccxt's floats where nothing else is left."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .balances import exact
from .model import Position
from .natives import Native, native_position
from .raw import At

__all__ = ["Leg", "leg_of"]

_FLOAT = Fraction(1, 10**9)
"""Relative difference by which a float may miss the text it was parsed from, generously."""


@dataclass(frozen=True)
class Leg:
    """A position with what decides whether it belongs to the cross account.

    Attributes
    ----------
    position
        In this project's terms.
    settle
        Settlement currency, where the symbol says.
    isolated
        Whether it has collateral of its own.
    collateral
        How much that is, where ccxt says.
    maybe_float
        Whether a size or an entry price is all that is left of a binary float.
    venue
        Whose, where ``info`` tells.
    at
        Where it was read.
    """

    position: Position
    settle: str | None
    isolated: bool
    collateral: Fraction | None
    maybe_float: bool
    venue: str | None
    at: At


def leg_of(entry: At) -> Leg | None:
    """One unified position; None when its size is zero.

    Raises
    ------
    FormatError
        When size, side and the venue's own text do not agree, a figure is malformed, or it is inverse.
    """
    symbol = entry.need("symbol").text()
    info = entry.get("info")
    native = None if info is None else native_position(info)
    size, loose = _size(entry, native, info)
    if size == 0:
        return None
    base, settle = _parts(symbol)
    isolated = _isolated(entry, native)
    if not isolated and settle is not None and settle == base:
        raise entry.error(
            f"{symbol} is settled in its own underlying (inverse)",
            mend="Only contracts settled in the quote currency are imported; keep this account apart",
        )
    figure = _Figures(entry, native, info)
    notional, mark = figure("notional", "notional"), figure("mark", "markPrice")
    price, profit = figure("entry", "entryPrice"), figure("profit", "unrealizedPnl")
    if mark is None and notional and abs(notional) != abs(size) * (price or 0):
        # A notional at the entry price (some venues write that) is no mark.
        mark = abs(notional) / abs(size)
    if mark is None and price is not None and profit is not None:
        mark = price + profit / size
    for name, value in (("markPrice", mark), ("entryPrice", price)):
        if value is not None and value <= 0:
            raise entry.error(f"has a {name} that is not above zero", mend="Save the response again")
    position = Position(
        symbol=symbol if native is None else native.symbol,
        size=size,
        mark=mark,
        entry=price,
        notional=None if notional is None else abs(notional),
        maintenance=_not_negative(figure("maintenance", "maintenanceMargin")),
        initial=_not_negative(figure("initial", "initialMargin")),
        unrealised=profit,
        aliases=_aliases(symbol),
        where=(entry.file, entry.path),
    )
    return Leg(
        position=position,
        settle=settle,
        isolated=isolated,
        collateral=figure("", "collateral"),
        maybe_float=loose or figure.loose,
        venue=None if native is None else native.rule.venue,
        at=entry,
    )


def _size(entry: At, native: Native | None, info: At | None) -> tuple[Fraction, bool]:
    """(signed size in units of the underlying, whether a float was all there was)."""
    contracts_at, unit_at = entry.get("contracts"), entry.get("contractSize")
    unit = None if unit_at is None else unit_at.number()
    if unit is not None and unit <= 0:
        raise entry.need("contractSize").error("must be above zero", show=True)
    contracts, loose = (None, False) if contracts_at is None else exact(contracts_at, info)
    sign = _unified_sign(entry)

    if native is not None:
        if native.rule.contracts and unit is None and native.size:
            raise entry.error("has no contractSize", mend="Load ccxt's markets before the positions")
        size = native.size * (unit or 1) if native.rule.contracts else native.size
        if sign is not None and size and (size > 0) != (sign > 0):
            raise entry.need("side").error("contradicts the venue's own size under info", show=True)
        if contracts is not None:
            unified = abs(contracts) * (unit or 1)
            if abs(unified - abs(size)) > _FLOAT * max(unified, abs(size)):
                raise entry.need("contracts").error("contradicts the venue's own size under info")
        return size, unit_at is not None and native.rule.contracts and exact(unit_at, info)[1]

    if contracts is None:
        raise entry.error("has no contracts, and info is of no known venue", mend="Use a newer ccxt")
    if contracts < 0:
        raise entry.need("contracts").error("is negative", mend="ccxt writes it unsigned, with a side")
    if contracts == 0:
        return contracts, False
    if unit is None:
        raise entry.error("has no contractSize", mend="Load ccxt's markets before the positions")
    if sign is None:
        raise entry.error("has no side", mend='ccxt writes "long" or "short"')
    return sign * contracts * unit, loose or exact(entry.need("contractSize"), info)[1]


def _unified_sign(entry: At) -> int | None:
    side = entry.get("side")
    if side is None:
        return None
    if side.text() not in ("long", "short"):
        raise side.error("is not a side", mend='It is "long" or "short"', show=True)
    return 1 if side.text() == "long" else -1


class _Figures:
    """Reads a figure from the venue's own member, else from ccxt's; remembers whether a float was read."""

    def __init__(self, entry: At, native: Native | None, info: At | None) -> None:
        self.entry, self.native, self.info = entry, native, info
        self.loose = False

    def __call__(self, name: str, unified: str) -> Fraction | None:
        if self.native is not None and name:
            found = self.native.number(name)
            if found is not None:
                return found
        at = self.entry.get(unified)
        if at is None:
            return None
        value, loose = exact(at, self.info)
        self.loose |= loose and unified == "entryPrice"
        return value


def _not_negative(value: Fraction | None) -> Fraction | None:
    """Derive writes margins as negative numbers net of the position's value: they compare with nothing."""
    return None if value is None or value < 0 else value


def _isolated(entry: At, native: Native | None) -> bool:
    if native is not None and native.isolated is not None:
        return native.isolated
    mode = entry.get("marginMode")
    if mode is None:
        flag = entry.get("isolated")
        return flag is not None and flag.boolean()
    if mode.text() not in ("cross", "isolated"):
        raise mode.error("is not a margin mode", mend='It is "cross" or "isolated"', show=True)
    return mode.text() == "isolated"


def _parts(symbol: str) -> tuple[str, str | None]:
    """(base, settlement currency) of ``BASE/QUOTE:SETTLE-…``."""
    base, _, rest = symbol.partition("/")
    settle = rest.partition(":")[2].partition("-")[0]
    return base, settle or None


def _aliases(symbol: str) -> tuple[str, ...]:
    base, settle = _parts(symbol)
    quote = symbol.partition("/")[2].partition(":")[0]
    if "-" in symbol.partition(":")[2]:
        return (symbol,)
    names = [symbol, f"{base}{quote}", f"{base}-{quote}", f"{base}-PERP", base]
    if settle and settle != quote:
        names.insert(1, f"{base}{settle}")
    return tuple(dict.fromkeys(names))
