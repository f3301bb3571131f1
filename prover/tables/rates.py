"""A venue's tiers at one margin level, as an exact charge: the step between the input and the rounding.

Which venue states what: docs/margin.md, section "Venues".
"""

from __future__ import annotations

from fractions import Fraction

from verifier.errors import FormatError
from verifier.market import Level
from verifier.numbers import parse_decimal

from .charges import Charge, Piece, marginal, whole
from .inputs import CollateralTier, DepositScaling, InstrumentInput, MarketInput, OpenInterest, Tier
from .size_rules import root_discount, root_premium, skew_charge

__all__ = ["charge_of", "scaled_by_open_interest", "tier_rate", "weights"]

_WEIGHT = 10**4


def charge_of(market: MarketInput, instrument: InstrumentInput, level: Level, price: Fraction) -> Charge:
    """What an instrument charges by notional when its underlying is at `price`.

    For a deposit, the notional is its full value and the charge is what its tiers take off the first weight.

    Raises
    ------
    FormatError
        When the level's rates are missing, a stated deduction breaks continuity, or tiers are out of order.
    """
    limit = parse_decimal(instrument.notional_cap) if instrument.notional_cap is not None else None
    if instrument.kind == "deposit":
        shares = weights(instrument, level, price)
        if instrument.root is not None:
            return root_discount(instrument.root, shares[0][1], price)
        return marginal([(floor, shares[0][1] - weight) for floor, weight in shares]).capped(limit)
    if instrument.skew is not None:
        return skew_charge(instrument.skew, level, price)
    tiers = market.tiers_of(instrument)
    if instrument.root is not None:
        rate = tier_rate(instrument, tiers[0], level, price)
        return root_premium(instrument.root, rate, price, debt=instrument.kind == "borrow")
    if not tiers or instrument.prediction:
        # A prediction market is charged by side, in the addons.
        return Charge((Piece(Fraction(0), Fraction(0), Fraction(0)),), limit)
    if level == "maintenance":
        _continuous(market, instrument, tiers)
    rates = [
        (parse_decimal(tier.notional_floor), tier_rate(instrument, tier, level, price)) for tier in tiers
    ]
    charge = (marginal(rates) if market.way(level) == "marginal" else whole(rates)).capped(limit)
    if instrument.minimum_charge is not None:
        charge = charge.with_minimum(parse_decimal(instrument.minimum_charge))
    return charge.rising()


def weights(instrument: InstrumentInput, level: Level, price: Fraction) -> list[tuple[Fraction, Fraction]]:
    """(value floor, weight) of a deposit's tiers at a level, at a price of its underlying.

    Raises
    ------
    FormatError
        When a weight is missing, outside 0 to 1, or rises (a charge may not fall as a deposit grows).
    """
    shares: list[tuple[Fraction, Fraction]] = []
    for place, tier in enumerate(instrument.collateral or ()):
        field = f"{instrument.id}.collateral[{place}].{level}_weight"
        weight = parse_decimal(_weight(tier, level, field), field)
        if instrument.deposits is not None and level == "initial":
            weight = _scaled(weight, instrument.deposits, price)
        if not 0 <= weight <= 1:
            raise FormatError(field, "is no share", value=str(weight), mend="It must be from 0 to 1")
        if shares and weight > shares[-1][1]:
            raise FormatError(field, "rises", value=str(weight), mend="Weights may only fall with the value")
        shares.append((parse_decimal(tier.value_floor), weight))
    return shares


def _scaled(weight: Fraction, deposits: DepositScaling, price: Fraction) -> Fraction:
    """The weight after public deposits, down to 1e-4 as on chain; it only falls as the price rises."""
    value, start = parse_decimal(deposits.amount) * price, parse_decimal(deposits.start)
    if value <= start:
        return weight
    return Fraction(int(weight * _WEIGHT * start / value), _WEIGHT)


def _weight(tier: CollateralTier, level: Level, field: str) -> str:
    weight = tier.maintenance_weight if level == "maintenance" else tier.initial_weight
    if weight is None:
        raise FormatError(field, "is missing", mend=f"Add it, or do not build the {level} level")
    return weight


def tier_rate(instrument: InstrumentInput, tier: Tier, level: Level, price: Fraction) -> Fraction:
    """A tier's rate at a level and price, exactly (1 / leverage is no decimal)."""
    if level == "maintenance" and tier.maintenance_rate is not None:
        return parse_decimal(tier.maintenance_rate)
    initial = _initial(tier)
    if initial is None or (level == "maintenance" and tier.maintenance_fraction is None):
        raise FormatError(
            f"{instrument.id}.tiers",
            f"have no {level} rate",
            mend=f"Add it, or do not build the {level} level",
        )
    if level == "maintenance":
        return initial * parse_decimal(tier.maintenance_fraction)
    if instrument.open_interest is not None:
        return scaled_by_open_interest(initial, instrument.open_interest, price)
    return initial


def _initial(tier: Tier) -> Fraction | None:
    if tier.initial_rate is not None:
        return parse_decimal(tier.initial_rate)
    return 1 / parse_decimal(tier.max_leverage) if tier.max_leverage is not None else None


def scaled_by_open_interest(base: Fraction, interest: OpenInterest, price: Fraction) -> Fraction:
    """The initial rate after open interest: linear from `base` at the lower cap to 1 at the upper one.

    An upper cap of 0 means no scaling.
    """
    lower, upper = parse_decimal(interest.lower_cap), parse_decimal(interest.upper_cap)
    if upper == 0:
        return base
    if lower > upper or lower < 0:
        raise FormatError("open_interest.lower_cap", "is not below the upper cap", value=interest.lower_cap)
    notional = parse_decimal(interest.amount) * price
    if notional >= upper:
        return max(base, Fraction(1))
    if notional <= lower:
        return base
    return base + max(Fraction(0), 1 - base) * (notional - lower) / (upper - lower)


def _continuous(market: MarketInput, instrument: InstrumentInput, tiers: tuple[Tier, ...]) -> None:
    """Check the deductions that a venue states against the recurrence that continuity asks for."""
    if not any(tier.maintenance_deduction is not None for tier in tiers):
        return
    pairs = [
        (parse_decimal(tier.notional_floor), tier_rate(instrument, tier, "maintenance", Fraction(1)))
        for tier in tiers
    ]
    for place, (tier, piece) in enumerate(zip(tiers, marginal(pairs).pieces, strict=True)):
        stated = tier.maintenance_deduction
        if stated is None:
            continue
        field = f"{instrument.id}.tiers[{place}].maintenance_deduction"
        if market.maintenance_tiers != "marginal":
            raise FormatError(field, "is out of place", mend="Only marginal tiers have deductions")
        if parse_decimal(stated) != piece.deduction:
            raise FormatError(
                field,
                "makes the tiers jump",
                value=stated,
                mend=f"Its floor and rates give {piece.deduction}; check all three against the venue",
            )
