"""dYdX v4: a subaccount as the indexer's ``/v4/addresses/…`` endpoints answer it.

Cash is the signed USDC asset position: the protocol keeps entry notionals in it, so that equity =
cash + Σ size · oracle price. The response has no price; each position's is entry + unrealised profit / size.
Field names: dYdX's indexer API documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction

from .model import Check, Context, Holding, Position, Reading, Reported, tolerance, total
from .raw import At

__all__ = ["FORMAT", "claims", "read"]

FORMAT = "dydx"
_CASH = "USDC"
_ORDERS = "open orders: the response does not list them"


def claims(part: At) -> bool:
    """Whether this is a subaccount, or wraps one or several."""
    return any(subaccount.has("openPerpetualPositions", "equity") for subaccount in _subaccounts(part))


def _subaccounts(part: At) -> Iterator[At]:
    """The subaccounts of the shapes that the indexer answers with; ccxt hands on the bare one."""
    inner = part.get("subaccount")
    several = part.get("subaccounts")
    if inner is not None:
        yield inner
    elif several is not None and isinstance(several.value, list):
        yield from several.items()
    elif isinstance(part.value, list):
        for entry in part.items():
            yield entry.get("info") or entry
    else:
        yield part


def read(parts: Sequence[At], context: Context) -> Reading:
    """One subaccount: its USDC, its other assets, its perpetual positions.

    Raises
    ------
    FormatError
        When a member is missing or malformed, or several subaccounts are given: each is margined alone.
    """
    found = [subaccount for part in parts for subaccount in _subaccounts(part)]
    if len(found) != 1:
        mend = "Each subaccount is margined alone; give the response of one"
        raise parts[-1].error(f"holds {len(found)} subaccounts", mend=mend)
    subaccount = found[0]
    positions = tuple(_positions(subaccount))
    cash, holdings = _assets(subaccount)
    held = total(p.size * p.mark if p.mark is not None else None for p in positions)
    reported = Reported(equity=subaccount.need("equity").number())
    ours = None if held is None or holdings else cash + held
    checks = [
        Check(
            "equity = USDC + Σ size · price",
            ours,
            reported.equity,
            tolerance(ours or Fraction(0)),
            note="the response's own assets and positions do not make up its equity",
        )
    ]
    return Reading(
        venue=FORMAT,
        format=FORMAT,
        as_of=_time(subaccount),
        cash=cash,
        positions=positions,
        holdings=holdings,
        reported=reported,
        checks=tuple(checks),
        notes=(
            "cash is the signed USDC asset position; prices are entryPrice + unrealizedPnl / size",
            "the venue states equity and free collateral, and no maintenance margin",
        ),
        exclusions=(_ORDERS,),
    )


def _positions(subaccount: At) -> Iterator[Position]:
    for entry in subaccount.need("openPerpetualPositions").members():
        status = entry.get("status")
        if status is not None and status.text() != "OPEN":
            raise status.error("is not open", mend="Save the open positions only", show=True)
        size = entry.need("size").number()
        side = entry.need("side")
        if side.text() not in ("LONG", "SHORT"):
            raise side.error("is not a side", mend='It is "LONG" or "SHORT"', show=True)
        if size and (size > 0) != (side.text() == "LONG"):
            raise side.error("contradicts the sign of size", mend="Save the response again")
        if size == 0:
            continue
        entry_price = entry.need("entryPrice").number()
        profit = entry.need("unrealizedPnl").number()
        mark = entry_price + profit / size
        market = entry.need("market").text()
        base = market.partition("-")[0]
        yield Position(
            symbol=market,
            size=size,
            mark=mark,
            entry=entry_price,
            notional=abs(size * mark),
            unrealised=profit,
            aliases=(base,),
            where=(entry.file, entry.path),
        )


def _assets(subaccount: At) -> tuple[Fraction, tuple[Holding, ...]]:
    cash = Fraction(0)
    holdings: list[Holding] = []
    for entry in subaccount.need("assetPositions").members():
        size = entry.need("size").number()
        side = entry.need("side").text()
        if size < 0 or side not in ("LONG", "SHORT"):
            raise entry.error("must have an unsigned size and a side, LONG or SHORT")
        amount = size if side == "LONG" else -size
        symbol = entry.need("symbol").text()
        if symbol == _CASH:
            cash += amount
        elif amount:
            holdings.append(Holding(symbol, amount, (entry.file, entry.path)))
    return cash, tuple(holdings)


def _time(subaccount: At) -> int | None:
    """The indexer states a block height, and a time only in some answers."""
    stamp = subaccount.get("updatedAt")
    if stamp is None:
        return None
    try:
        return int(datetime.fromisoformat(stamp.text()).timestamp())
    except ValueError:
        raise stamp.error("is not a time", show=True) from None
