"""dYdX v4's margin in quote quantums (1e-6 USDC), with the chain's own roundings.

Source: dydxprotocol/v4-chain, x/perpetuals (lib and liquidity tiers), lib/margin: facts only.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, trunc

__all__ = ["Perpetual", "adjusted_ppm", "initial_collateralized", "liquidatable", "requirement", "settled"]

_PPM = 10**6
_QUOTE_RESOLUTION = -6


@dataclass(frozen=True)
class Perpetual:
    """A position and its market, in the chain's integers.

    Attributes
    ----------
    quantums
        Signed base quantums of 10^`atomic_resolution` coins.
    price, exponent
        The oracle's price · 10^exponent, USDC a coin.
    im_ppm, mm_fraction_ppm
        Initial rate, and maintenance as a share of it.
    open_interest, lower_cap, upper_cap
        Base quantums that are open; quote quantums between which the initial rate rises to 1.
    """

    quantums: int
    price: int
    exponent: int
    atomic_resolution: int
    im_ppm: int
    mm_fraction_ppm: int
    open_interest: int = 0
    lower_cap: int = 0
    upper_cap: int = 0

    def quote(self, quantums: int) -> int:
        """Base quantums in quote quantums, cut off towards zero."""
        power = self.exponent + self.atomic_resolution - _QUOTE_RESOLUTION
        return trunc(quantums * self.price * Fraction(10) ** power)


def adjusted_ppm(im_ppm: int, open_notional: int, lower_cap: int, upper_cap: int) -> int:
    """The initial rate after open interest: linear from the base to 1 between the caps, cut off to a ppm."""
    if upper_cap == 0 or open_notional <= lower_cap:
        return im_ppm
    if open_notional >= upper_cap:
        return _PPM
    return im_ppm + (_PPM - im_ppm) * (open_notional - lower_cap) // (upper_cap - lower_cap)


def requirement(position: Perpetual) -> tuple[int, int]:
    """(initial, maintenance) of one position, quote quantums; each product is rounded up."""
    notional = abs(position.quote(position.quantums))
    scaled = adjusted_ppm(
        position.im_ppm, position.quote(position.open_interest), position.lower_cap, position.upper_cap
    )
    base = _share(notional, position.im_ppm)
    return _share(notional, scaled), _share(base, position.mm_fraction_ppm)


def settled(index_changes: list[tuple[int, int]]) -> int:
    """Quote quantums of unsettled funding over (base quantums, change of index), rounded down in sum."""
    return floor(Fraction(-sum(quantums * change for quantums, change in index_changes), _PPM))


def initial_collateralized(net: int, initial: int) -> bool:
    """Whether net collateral reaches the initial requirement."""
    return net >= initial


def liquidatable(net: int, maintenance: int) -> bool:
    """Whether there is a maintenance requirement and net collateral is below it."""
    return maintenance > 0 and net < maintenance


def _share(amount: int, ppm: int) -> int:
    return ceil(Fraction(amount * ppm, _PPM))
