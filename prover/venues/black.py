"""Black-76 in plain floats: what venues' engines price options with; nothing of a table is computed here."""

from __future__ import annotations

from math import erfc, log, sqrt

__all__ = ["black76", "black_delta", "power_of_days"]

_DAYS = 30.0


def black76(
    forward: float, strike: float, volatility: float, years: float, call: bool, discount: float = 1.0
) -> float:
    """Value of a European option on a forward.

    Parameters
    ----------
    forward, strike
        Quote units a unit; above zero.
    volatility
        A year, such as 0.6.
    years
        To expiry.
    call
        A call, else a put.
    discount
        Factor to today.

    Returns
    -------
    float
        Quote units a unit; the intrinsic value where nothing is left to move.
    """
    sign = 1.0 if call else -1.0
    spread = volatility * sqrt(years) if years > 0 else 0.0
    if spread <= 0:
        return discount * max(0.0, sign * (forward - strike))
    d1 = log(forward / strike) / spread + spread / 2
    return discount * sign * (forward * _normal(sign * d1) - strike * _normal(sign * (d1 - spread)))


def black_delta(forward: float, strike: float, volatility: float, years: float, call: bool) -> float:
    """What the undiscounted value gains for one unit of the forward: from 0 to 1, or −1 to 0 for a put."""
    sign = 1.0 if call else -1.0
    spread = volatility * sqrt(years) if years > 0 else 0.0
    if spread <= 0:
        return sign if sign * (forward - strike) > 0 else 0.0
    return sign * _normal(sign * (log(forward / strike) / spread + spread / 2))


def power_of_days(days: float, floor: float, power: float) -> float:
    """(30 / max(floor, days)) ^ power: by how much venues enlarge a volatility shock for short expiries."""
    return float((_DAYS / max(floor, days)) ** power)


def _normal(x: float) -> float:
    return 0.5 * erfc(-x / sqrt(2.0))
