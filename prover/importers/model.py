"""What every importer returns: an account in the venue's own terms, exact, and the venue's figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

__all__ = ["CENT", "Check", "Context", "Holding", "Position", "Reading", "Reported", "tolerance", "total"]

CENT = Fraction(1, 100)
"""Figures that differ by less than this, in quote units, agree."""

_RELATIVE = Fraction(1, 10**8)


def tolerance(size: Fraction = Fraction(0)) -> Fraction:
    """By how much two printings of a figure of this size may differ: venues print six to eight digits."""
    return CENT + abs(size) * _RELATIVE


@dataclass(frozen=True)
class Context:
    """What the caller knows and a response may not say.

    Attributes
    ----------
    venue
        Name of the universe's venue.
    quote
        The universe's currency of values.
    """

    venue: str | None = None
    quote: str | None = None


@dataclass(frozen=True)
class Position:
    """One open position, with what the venue says about it.

    Attributes
    ----------
    symbol
        The venue's own symbol.
    size
        Units of the underlying, negative when short.
    mark, entry
        Prices in quote units a unit of the underlying.
    notional, maintenance, initial
        The venue's own figures in quote units, not negative.
    unrealised
        The venue's own unrealised profit or loss.
    max_leverage
        The venue's limit at this size, where the response has it.
    aliases
        Other spellings under which a universe may list the instrument.
    where
        File and field, for errors.
    """

    symbol: str
    size: Fraction
    mark: Fraction | None = None
    entry: Fraction | None = None
    notional: Fraction | None = None
    maintenance: Fraction | None = None
    initial: Fraction | None = None
    unrealised: Fraction | None = None
    max_leverage: Fraction | None = None
    aliases: tuple[str, ...] = ()
    where: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Holding:
    """A balance in another currency than the quote that counts as collateral."""

    asset: str
    amount: Fraction
    where: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Reported:
    """The venue's own totals in quote units, of what was imported; None where it states none."""

    equity: Fraction | None = None
    maintenance: Fraction | None = None
    initial: Fraction | None = None
    notional: Fraction | None = None


@dataclass(frozen=True)
class Check:
    """Two figures that ought to be equal.

    Attributes
    ----------
    name
        What is compared.
    ours, theirs
        Quote units; None where one side has no such figure.
    allowed
        Largest difference that still counts as agreement.
    note
        Why they may differ.
    decisive
        Whether a difference means that the response or the table is not what it seems; an initial margin
        at the user's own leverage, for instance, differs by nature.
    """

    name: str
    ours: Fraction | None
    theirs: Fraction | None
    allowed: Fraction = CENT
    note: str = ""
    decisive: bool = True

    @property
    def difference(self) -> Fraction | None:
        """ours − theirs."""
        return None if self.ours is None or self.theirs is None else self.ours - self.theirs

    @property
    def agrees(self) -> bool | None:
        """Whether the figures agree; None when there is nothing to compare."""
        difference = self.difference
        return None if difference is None else abs(difference) <= self.allowed


@dataclass(frozen=True)
class Reading:
    """An account as a venue's response states it.

    Attributes
    ----------
    venue, format
        Whose account it is, and which format it was read from.
    as_of
        Seconds since 1970; None when no response says.
    cash
        Quote units, entry notionals and settled funding folded in; None when no balance was given.
    positions
        Cross-margined positions of the quote currency's margin pool.
    holdings
        Collateral in other currencies.
    reported
        The venue's own totals.
    checks
        The response against itself.
    notes
        How figures were read.
    exclusions
        What is part of the account and is not in this reading.
    """

    venue: str
    format: str
    as_of: int | None
    cash: Fraction | None
    positions: tuple[Position, ...]
    holdings: tuple[Holding, ...] = ()
    reported: Reported = field(default_factory=Reported)
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()


def total(values: Iterable[Fraction | None]) -> Fraction | None:
    """The sum, or None as soon as one value is unknown."""
    found = Fraction(0)
    for value in values:
        if value is None:
            return None
        found += value
    return found
