"""Market inputs that several tests share, and a strategy for random ones."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from prover.tables.inputs import MarketInput

TIME = 1_790_000_000


def market(feeds: list[dict[str, Any]], instruments: list[dict[str, Any]], **more: Any) -> MarketInput:
    """An input with the parts that no test cares about filled in."""
    return MarketInput.parse(
        {
            "schema": MarketInput.SCHEMA,
            "name": "test",
            "venue": "venue",
            "quote": "USDC",
            "period": "2026",
            "epoch": 1,
            "time": TIME,
            "valid_until": TIME + 3600,
            "band": "0.05",
            "feeds": feeds,
            "instruments": instruments,
            **more,
        }
    )


def feed(underlying: str, price: str, **more: Any) -> dict[str, Any]:
    return {"id": f"{underlying} mark", "kind": "mark", "underlying": underlying, "price": price, **more}


def tier(floor: str, rate: str, **more: Any) -> dict[str, Any]:
    return {
        "notional_floor": floor,
        "maintenance_rate": rate,
        "initial_rate": more.pop("initial", rate),
        **more,
    }


def perpetual(underlying: str, tiers: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "id": more.pop("id", f"venue:{underlying}"),
        "kind": "perpetual",
        "underlying": underlying,
        "tiers": tiers,
        **more,
    }


def deposit(underlying: str, weights: list[tuple[str, str]], **more: Any) -> dict[str, Any]:
    collateral = [
        {"value_floor": floor, "maintenance_weight": weight, "initial_weight": weight}
        for floor, weight in weights
    ]
    name = more.pop("id", f"venue:{underlying}-deposit")
    return {"id": name, "kind": "deposit", "underlying": underlying, "collateral": collateral, **more}


def borrow(underlying: str, tiers: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    name = more.pop("id", f"venue:{underlying}-borrow")
    return {"id": name, "kind": "borrow", "underlying": underlying, "tiers": tiers, **more}


def text(value: Fraction) -> str:
    """Exact decimal text of a terminating fraction."""
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str(abs((value * 10**places).numerator)).rjust(places + 1, "0")
    whole, part = (digits[:-places], digits[-places:]) if places else (digits, "")
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


@st.composite
def decimals(draw: st.DrawFn, low: int, high: int, places: int) -> Fraction:
    """A decimal with up to `places` places, `low` and `high` in units of the last place."""
    return Fraction(draw(st.integers(low, high)), 10**places)


@st.composite
def prices(draw: st.DrawFn) -> str:
    """From 1e-6 to about 1e6, three to six digits."""
    digits = draw(st.integers(100, 999_999))
    return text(Fraction(digits) * Fraction(10) ** draw(st.integers(-8, 0)))


@st.composite
def tier_lists(draw: st.DrawFn, most: int = 4, start: int = 1) -> list[dict[str, Any]]:
    """Rising floors with rising rates; the initial rate is at least the maintenance rate."""
    count = draw(st.integers(1, most))
    floors = sorted(
        draw(st.lists(st.integers(10, 10**7), min_size=count - 1, max_size=count - 1, unique=True))
    )
    rates = sorted(draw(st.lists(st.integers(start, 400), min_size=count, max_size=count)))
    more = draw(st.integers(0, 500))
    return [
        tier(str(floor), text(Fraction(rate, 1000)), initial=text(Fraction(rate + more, 1000)))
        for floor, rate in zip([0, *floors], rates, strict=True)
    ]


@st.composite
def weight_lists(draw: st.DrawFn, most: int = 4) -> list[tuple[str, str]]:
    count = draw(st.integers(1, most))
    floors = sorted(
        draw(st.lists(st.integers(10, 10**7), min_size=count - 1, max_size=count - 1, unique=True))
    )
    shares = sorted(draw(st.lists(st.integers(0, 100), min_size=count, max_size=count)), reverse=True)
    return [
        (str(floor), text(Fraction(share, 100))) for floor, share in zip([0, *floors], shares, strict=True)
    ]


@st.composite
def markets(draw: st.DrawFn, most_tiers: int = 4) -> MarketInput:
    """Up to four underlyings, each with some of: a perpetual, a second one, a deposit, a borrow."""
    feeds, instruments = [], []
    for number in range(draw(st.integers(1, 4))):
        name = f"U{number}"
        band = text(Fraction(draw(st.sampled_from([0, 1, 17, 50, 100, 333])), 1000))
        feeds.append(feed(name, draw(prices()), band=band))
        wanted = draw(st.sets(st.sampled_from(["perpetual", "second", "deposit", "borrow"]), min_size=1))
        extra: dict[str, Any] = {}
        if draw(st.booleans()):
            extra["carry_rate"] = text(draw(decimals(0, 50, 5)))
        if "perpetual" in wanted:
            interest = None
            if draw(st.booleans()):
                caps = sorted(draw(st.lists(st.integers(1, 10**9), min_size=2, max_size=2, unique=True)))
                interest = {
                    "amount": str(draw(st.integers(0, 10**6))),
                    "lower_cap": str(caps[0]),
                    "upper_cap": str(caps[1]),
                }
            more = {"open_interest": interest} if interest else {}
            instruments.append(perpetual(name, draw(tier_lists(most_tiers)), **more, **extra))
        if "second" in wanted:
            more = {"minimum_charge": str(draw(st.integers(1, 1000)))} if draw(st.booleans()) else {}
            # A minimum adds a piece of its own.
            tiers = draw(tier_lists(most_tiers - 1 if more else most_tiers))
            cap = {"notional_cap": "200000000"} if draw(st.booleans()) else {}
            instruments.append(perpetual(name, tiers, id=f"venue:{name}-2", **more, **cap))
        if "deposit" in wanted:
            instruments.append(deposit(name, draw(weight_lists(most_tiers)), **extra))
        if "borrow" in wanted:
            instruments.append(borrow(name, draw(tier_lists(most_tiers, start=0))))
    ways = st.sampled_from(["marginal", "whole"])
    return market(feeds, instruments, maintenance_tiers=draw(ways), initial_tiers=draw(ways))
