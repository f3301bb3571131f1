"""Which lot an instrument's unit values are quoted for."""

from __future__ import annotations

from fractions import Fraction

from verifier.circuits import scale
from verifier.errors import FormatError
from verifier.numbers import int_to_text, parse_decimal

__all__ = ["GOOD_LOT", "LARGEST_LOT", "SMALLEST_LOT", "choose_lot", "on_grid"]

SMALLEST_LOT = 1
"""A lot worth less than this many quote units rounds too coarsely: unit values have six decimals."""

LARGEST_LOT = 10**12
"""A lot worth more than this many quote units may not fit a row: unit values have 63 bits at six decimals."""

GOOD_LOT = 100
"""A lot worth this many quote units costs less than 1e-7 of notional in rounding."""


def choose_lot(price: str, size_step: str | None = None) -> str:
    """The smallest power of ten, from 1 up, that is worth at least 100 quote units (below 1 beyond 1e12).

    Parameters
    ----------
    price
        Decimal text, quote units a unit of the underlying (the lowest price of the band is the safe choice).
    size_step
        The venue's smallest change of a size, decimal text; the lot is made smaller when its grid of 1e-8 lot
        would be too coarse for it.

    Raises
    ------
    FormatError
        When the size step forces a lot that is worth less than one quote unit.
    """
    value = parse_decimal(price, "price")
    if value <= 0:
        raise FormatError("price", "must be above zero", value=price)
    power = 0
    while value * 10**power < GOOD_LOT:
        power += 1
    while value * Fraction(10) ** power > LARGEST_LOT:
        power -= 1
    if size_step is not None:
        while not on_grid(size_step, Fraction(10) ** power):
            power -= 1
            if value * Fraction(10) ** power < SMALLEST_LOT:
                raise FormatError(
                    "size_step",
                    "is too fine for the price",
                    value=size_step,
                    mend="One lot must be worth at least one quote unit and have at most 8 decimal places",
                )
    return int_to_text(10**power, 0) if power >= 0 else int_to_text(1, -power)


def on_grid(size_step: str, lot: Fraction) -> bool:
    """Whether every multiple of `size_step` is a whole number of 1e-8 lots."""
    step = parse_decimal(size_step, "size_step")
    if step <= 0:
        raise FormatError("size_step", "must be above zero", value=size_step)
    return bool((step / lot * 10 ** scale("size")).denominator == 1)
