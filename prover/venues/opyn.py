"""Opyn's Gamma protocol in exact fractions, from its public rules: what collateral a vault needs.

Source: opynfinance/GammaProtocol, contracts/core/MarginCalculator.sol (formulas only). A vault holds at most
one short and one long series of one underlying, expiry and kind, and one collateral asset. Amounts are in
options (one unit of the underlying each), puts are collateralised in the strike asset, calls in the
underlying.

* **Spread**, before expiry: the largest loss at expiry, over every price. For a put
  max(short·K_short − K_long·min(short, long), 0); for a call, in units of the underlying,
  max((K_long − K_short)·short / K_long, short − long, 0), and max(short − long, 0) without a long strike.
* **Expired**: what the short owes less what the long is owed, at the settlement price; a call's in the
  underlying.
* **Naked**, a short alone: bound·a + b for each option, where `bound` is the product's upper bound of an
  option's price for the time that is left, s the spot shock and S the spot: a = min(K, s·S) and
  b = max(K − s·S, 0) for a put; a = min(1, s·K/S) and b = max(1 − s·K/S, 0) for a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

__all__ = ["Vault", "expired_obligation", "naked_requirement", "spread_requirement"]

_ZERO = Fraction(0)


@dataclass(frozen=True)
class Vault:
    """A vault's options; an amount of zero has no strike.

    Attributes
    ----------
    call
        Calls, else puts.
    short_amount, short_strike, long_amount, long_strike
        Options, and units of the strike asset a unit of the underlying.
    """

    call: bool
    short_amount: Fraction
    short_strike: Fraction
    long_amount: Fraction = _ZERO
    long_strike: Fraction = _ZERO


def spread_requirement(vault: Vault) -> Fraction:
    """Collateral that a live vault needs, in its collateral asset."""
    short, long = vault.short_amount, vault.long_amount
    if not vault.call:
        return max(short * vault.short_strike - vault.long_strike * min(short, long), _ZERO)
    unpaired = max(short - long, _ZERO)
    if not vault.long_strike:
        return unpaired
    return max((vault.long_strike - vault.short_strike) * short / vault.long_strike, unpaired)


def expired_obligation(vault: Vault, spot: Fraction) -> Fraction:
    """What an expired vault owes in its collateral asset; negative when it is owed."""

    def pays(strike: Fraction) -> Fraction:
        return max(spot - strike if vault.call else strike - spot, _ZERO)

    owed = vault.short_amount * pays(vault.short_strike) - vault.long_amount * pays(vault.long_strike)
    return owed / spot if vault.call else owed


def naked_requirement(
    call: bool, amount: Fraction, strike: Fraction, spot: Fraction, bound: Fraction, shock: Fraction
) -> Fraction:
    """Collateral that a short alone needs, in its collateral asset.

    Parameters
    ----------
    amount
        Options sold.
    strike, spot
        Units of the strike asset.
    bound
        The product's upper bound of an option's price, as a share, for the time that is left.
    shock
        The spot shock, such as 0.75.
    """
    if call:
        share = strike * shock / spot
        return (bound * min(Fraction(1), share) + max(1 - share, _ZERO)) * amount
    floor = shock * spot
    return (bound * min(strike, floor) + max(strike - floor, _ZERO)) * amount
