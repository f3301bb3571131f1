"""Hyperliquid: the answer of ``POST /info`` to ``{"type": "clearinghouseState", "user": …}``.

Cash is ``crossMarginSummary.totalRawUsd``: the venue has folded entry notionals and settled funding into
it, so that equity = cash + Σ size · mark. Isolated positions have collateral of their own and stay out,
collateral included; so do spot balances, which are another wallet. Field names: Hyperliquid's API
documentation, "Info endpoint, perpetuals".
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from .model import Check, Context, Position, Reading, Reported, tolerance, total
from .raw import At

__all__ = ["FORMAT", "claims", "read", "read_position"]

FORMAT = "hyperliquid"

_ORDERS = "open orders: the response does not list them"
_FUNDING = "funding of the running hour: it is settled into cash hourly"


def claims(part: At) -> bool:
    """Whether this is a clearinghouseState, or a spotClearinghouseState that goes with one."""
    return part.has("assetPositions", "crossMarginSummary") or _is_spot(part)


def _is_spot(part: At) -> bool:
    balances = part.get("balances")
    if balances is None or not isinstance(balances.value, list) or part.has("positions"):
        return False
    return all(entry.has("coin", "total", "hold") for entry in balances.items())


def read(parts: Sequence[At], context: Context) -> Reading:
    """The cross account of one clearinghouseState.

    Raises
    ------
    FormatError
        When a member is missing or malformed, a coin is listed twice, or there is more than one state.
    """
    states = [part for part in parts if not _is_spot(part)]
    if len(states) != 1:
        raise parts[-1].error("needs exactly one clearinghouseState", mend="Give that response, once")
    state = states[0]
    exclusions = [_ORDERS, _FUNDING]
    if any(_has_balance(part) for part in parts if _is_spot(part)):
        exclusions.append("spot balances: a wallet of their own, no margin for perpetuals")

    cross: list[Position] = []
    isolated: list[Position] = []
    for entry in state.need("assetPositions").items():
        position = read_position(entry)
        if position is None:
            continue
        if any(position.symbol == other.symbol for other in (*cross, *isolated)):
            raise entry.error("holds a coin a second time", mend="One coin has one position; save it again")
        (isolated if _isolated(entry) else cross).append(position)
    if isolated:
        exclusions.append(f"{len(isolated)} isolated position(s) with their collateral")

    summary = state.need("crossMarginSummary")
    cash = summary.need("totalRawUsd").number()
    time = state.get("time")
    reported = Reported(
        equity=summary.need("accountValue").number(),
        maintenance=_optional(state, "crossMaintenanceMarginUsed"),
        initial=summary.need("totalMarginUsed").number(),
        notional=summary.need("totalNtlPos").number(),
    )
    return Reading(
        venue=FORMAT,
        format=FORMAT,
        as_of=None if time is None else time.seconds(),
        cash=cash,
        positions=tuple(cross),
        reported=reported,
        checks=(*_checks(cash, cross, reported), *_whole(state, summary, isolated)),
        notes=("cash is crossMarginSummary.totalRawUsd: entry notionals and settled funding are in it",),
        exclusions=tuple(exclusions),
    )


def read_position(entry: At) -> Position | None:
    """One entry of assetPositions; None when its size is zero."""
    kind = entry.get("type")
    if kind is not None and kind.text() != "oneWay":
        raise kind.error("is not a kind of position this knows", mend='Only "oneWay" exists', show=True)
    position = entry.need("position")
    size = position.need("szi").number()
    if size == 0:
        return None
    value = position.need("positionValue").number()
    if value < 0:
        raise position.need("positionValue").error("is negative", mend="The venue writes it unsigned")
    limit = _optional(position, "maxLeverage")
    if limit is not None and limit <= 0:
        raise position.need("maxLeverage").error("must be above zero", show=True)
    return Position(
        symbol=position.need("coin").text(),
        size=size,
        mark=value / abs(size),
        entry=_optional(position, "entryPx"),
        notional=value,
        # Without the venue's tiers: half the initial margin at maximum leverage.
        maintenance=None if limit is None else value / (2 * limit),
        initial=_optional(position, "marginUsed"),
        unrealised=_optional(position, "unrealizedPnl"),
        max_leverage=limit,
        where=(position.file, position.path),
    )


def _isolated(entry: At) -> bool:
    kind = entry.need("position").need("leverage").need("type")
    if kind.text() not in ("cross", "isolated"):
        raise kind.error("is not a margin mode", mend='It is "cross" or "isolated"', show=True)
    return kind.text() == "isolated"


def _optional(part: At, key: str) -> Fraction | None:
    found = part.get(key)
    return None if found is None else found.number()


def _has_balance(part: At) -> bool:
    return any(entry.need("total").number() != 0 for entry in part.need("balances").items())


def _checks(cash: Fraction, cross: list[Position], reported: Reported) -> list[Check]:
    """The cross summary against the positions below it."""
    held = total(p.size * p.mark for p in cross if p.mark is not None) or Fraction(0)
    notional = total(p.notional for p in cross)
    checks = [
        Check(
            "cross equity = totalRawUsd + Σ szi · mark", cash + held, reported.equity, tolerance(cash + held)
        ),
        Check(
            "cross notional = Σ positionValue",
            notional,
            reported.notional,
            tolerance(notional or Fraction(0)),
        ),
        Check(
            "maintenance = Σ positionValue / (2 · maxLeverage)",
            total(p.maintenance for p in cross),
            reported.maintenance,
            note="without the venue's tiers: large positions are charged more",
            decisive=False,
        ),
    ]
    if all(position.max_leverage is not None for position in cross):
        ours = total((p.notional or Fraction(0)) / (p.max_leverage or 1) for p in cross)
        checks.append(
            Check(
                "initial margin = Σ positionValue / maxLeverage",
                ours,
                reported.initial,
                note="ours is at maximum leverage, totalMarginUsed at the leverage the user chose",
                decisive=False,
            )
        )
    for position in cross:
        if position.entry is not None and position.mark is not None:
            ours = position.size * (position.mark - position.entry)
            name = f"{position.symbol}: profit = szi · (mark − entryPx)"
            # entryPx is printed with five to six digits, which an old or large position multiplies.
            slack = tolerance(position.notional or Fraction(0)) + abs(position.size * position.entry) / 10**5
            checks.append(Check(name, ours, position.unrealised, slack))
    return checks


def _whole(state: At, summary: At, isolated: list[Position]) -> list[Check]:
    """The whole account's value is the cross account's plus what the isolated positions hold."""
    whole = state.get("marginSummary")
    if whole is None:
        return []
    apart = total(position.initial for position in isolated)
    if apart is None:
        return []
    cross = summary.need("accountValue").number()
    theirs = whole.need("accountValue").number()
    name = "account value = cross + isolated collateral"
    return [Check(name, cross + apart, theirs, tolerance(theirs))]
