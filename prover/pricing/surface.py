"""A volatility surface: one smile an expiry, checked for arbitrage, evaluated in pinned arithmetic.

What is checked (each error names the expiry and the strike):

- total variance is above 0;
- butterflies: Gatheral and Jacquier's g(k) = (1 − k·w′/2w)² − w′²/4·(1/w + ¼) + w″/2 is 0 or more, which is
  the price density's sign. It is looked at on a grid that is fine where the smile bends; in the limit of
  both wings g ≥ 0 is Lee's bound, slope ≤ 2, and that is checked as it stands;
- calendars: at equal moneyness total variance does not fall from one expiry to the next, on the grid of both
  and, between two SVI smiles, in the limit of the wings (beyond its last quote a quoted smile is convention).

Between expiries total variance is interpolated linearly in time at equal moneyness, which keeps all three;
before the first expiry volatility stays that of the first. Beyond the last there is none.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from verifier.errors import FormatError
from verifier.models import Document, Text, Time, entries, rule_error

from .machine import Mpfr, Number, machine, number
from .pinned import years_between
from .smile import Curve, Point, QuotedSlice, SviSlice

__all__ = ["Surface", "density_sign", "surface_valid", "volatility"]

_MAX_SLICES = 128
_STEPS = 200
_DEVIATIONS = 8

Slice = Annotated[SviSlice | QuotedSlice, Field(discriminator="kind")]


class Surface(Document):
    """``zksolvency/vol-surface/1``: the smiles of one underlying.

    Attributes
    ----------
    underlying
        What the options are on.
    time
        Seconds since 1970: from when expiries are counted.
    slices
        By increasing expiry.
    """

    SCHEMA: ClassVar[str] = "zksolvency/vol-surface/1"

    underlying: Text
    time: Time
    slices: Annotated[tuple[Slice, ...], entries(least=1, most=_MAX_SLICES)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        before = self.time
        for place, each in enumerate(self.slices):
            if each.expiry <= before:
                raise rule_error(
                    "does not increase",
                    field=f"slices[{place}].expiry",
                    mend="time < expiry, sorted, one each",
                )
            before = each.expiry
        return self


def volatility(surface: Surface, expiry: int, strike: Number, forward: Number | None = None) -> Mpfr:
    """The volatility of a strike.

    Parameters
    ----------
    surface
        Checked by `surface_valid` before.
    expiry
        Seconds since 1970, after the surface's time and not after its last expiry.
    strike
        Quote units.
    forward
        Where the smile is centred; by default the slice's own, of the next expiry when it lies between two.
        A moved forward moves the smile with it (sticky moneyness).

    Returns
    -------
    Mpfr
        A year, in ones.

    Raises
    ------
    FormatError
        When the expiry is outside.
    """
    made = machine()
    expiries = [each.expiry for each in surface.slices]
    if not surface.time < expiry <= expiries[-1]:
        raise FormatError(
            "expiry",
            f"is outside the surface of {surface.underlying}",
            value=expiry,
            mend=f"It must be after {surface.time} and not after {expiries[-1]}",
        )
    after = next(place for place, each in enumerate(expiries) if each >= expiry)
    centre = number(forward if forward is not None else surface.slices[after].forward, "forward")
    with made.arithmetic():
        k = made.gmpy2.log(number(strike, "strike") / centre)
        whole = _years(surface, expiries[after])
        w = _curve(surface, after).at(k).w
        if expiry == expiries[after] or after == 0:
            return made.gmpy2.sqrt(w / whole)
        years, start = _years(surface, expiry), _years(surface, expiries[after - 1])
        below = _curve(surface, after - 1).at(k).w
        between = below + (w - below) * (years - start) / (whole - start)
        return made.gmpy2.sqrt(between / years)


def surface_valid(surface: Surface) -> None:
    """Refuse a surface that allows arbitrage.

    Raises
    ------
    FormatError
        Names the slice, its expiry, the strike, and by how much.
    """
    made = machine()
    before: Curve | None = None
    for place, each in enumerate(surface.slices):
        curve = _curve(surface, place)
        grid = _grid(curve)
        for side, wing in zip(("left", "right"), curve.wings, strict=True):
            if wing > 2:
                raise FormatError(
                    _where(surface, place),
                    f"rises by {float(wing):.6g} in the {side} wing, above Lee's bound of 2",
                    mend="Recalibrate: far strikes would have negative probabilities",
                )
        for k in grid:
            point = curve.at(k)
            strike = float(made.context.mul(number(each.forward), made.context.exp(k)))
            if not point.w > 0:
                raise FormatError(
                    _where(surface, place),
                    f"has total variance {float(point.w):.3g} at strike {strike:.6g}",
                    mend="Total variance must be above 0",
                )
            sign = density_sign(k, point)
            if sign < 0:
                raise FormatError(
                    _where(surface, place),
                    f"allows a butterfly at strike {strike:.6g}: g = {float(sign):.3g} is below 0",
                    mend="Recalibrate, or drop the quote that bends the smile",
                )
        if before is not None:
            _calendar(surface, place, before, curve, grid)
        before = curve


def density_sign(k: Mpfr, point: Point) -> Mpfr:
    """Gatheral and Jacquier's g at log-moneyness `k`: the sign of the probability density there."""
    with machine().arithmetic():
        tilt = 1 - k * point.slope / (2 * point.w)
        square = point.slope * point.slope / 4
        return tilt * tilt - square * (1 / point.w + machine().half / 2) + point.bend / 2


def _calendar(surface: Surface, place: int, before: Curve, curve: Curve, grid: list[Mpfr]) -> None:
    made, each = machine(), surface.slices[place]
    earlier = f"the expiry {_day(surface.slices[place - 1].expiry)} before it"
    both_svi = each.kind == surface.slices[place - 1].kind == "svi"
    for side, old, new in zip(("left", "right"), before.wings, curve.wings, strict=True):
        if both_svi and new < old:
            raise FormatError(
                _where(surface, place),
                f"rises less in the {side} wing ({float(new):.6g}) than {earlier} ({float(old):.6g})",
                mend="Recalibrate: a far calendar spread would be free",
            )
    for k in sorted([*grid, *_grid(before)]):
        old, new = before.at(k).w, curve.at(k).w
        if new < old:
            strike = float(made.context.mul(number(each.forward), made.context.exp(k)))
            raise FormatError(
                _where(surface, place),
                f"allows a calendar spread at strike {strike:.6g}: total variance {float(new):.6g} is below "
                f"{float(old):.6g} of {earlier}",
                mend="Recalibrate, or drop a quote",
            )


def _grid(curve: Curve) -> list[Mpfr]:
    """Log-moneyness to look at: 8 deviations either side, and closely where the smile bends."""
    made = machine()
    with made.arithmetic():
        middle = curve.at(made.zero).w
        reach = _DEVIATIONS * made.gmpy2.sqrt(middle) if middle > 0 else made.one
        even = [reach * step / _STEPS for step in range(-_STEPS, _STEPS + 1)]
    return sorted([*even, *curve.landmarks])


@lru_cache(maxsize=512)
def _made_curve(each: SviSlice | QuotedSlice, time: int) -> Curve:
    return each.curve(time)


def _curve(surface: Surface, place: int) -> Curve:
    return _made_curve(surface.slices[place], surface.time)


def _years(surface: Surface, expiry: int) -> Mpfr:
    return number(years_between(surface.time, expiry))


def _where(surface: Surface, place: int) -> str:
    return f"slices[{place}] ({surface.underlying}, expiry {_day(surface.slices[place].expiry)})"


def _day(expiry: int) -> str:
    return datetime.fromtimestamp(expiry, UTC).strftime("%Y-%m-%d")
