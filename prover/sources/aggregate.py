"""One price out of several, in exact arithmetic: stale ones out, outliers out, the median of what is left.

A circuit breaker, not a repair: when too few sources are left, when those that are left are no majority of
the fresh ones, or when they lie too far apart, there is no price, and the error names every source and its
distance.

1. A quote counts while it is at most `max_age` old and not of the future.
2. Around the median of those, an outlier is dropped (see `Limits.outlier`).
3. What is left must be `min_sources` at least, more than half of the fresh ones, and no two of them may be
   further apart than `max_divergence`. The price is their median; of an even number, the middle of two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.errors import FormatError
from verifier.numbers import int_to_text, parse_decimal

from ..tables.inputs import FeedInput
from .document import FundingSources, Limits, PriceSources, Sampled

__all__ = ["Aggregate", "Rejection", "aggregate", "funding_from_sources", "prices_from_sources"]

_ROBUST = Fraction(7413, 5000)
_RATE_PLACES = 18
_SHOWN = 8


@dataclass(frozen=True)
class Rejection:
    """A source that did not count, and why."""

    source: str
    reason: str


@dataclass(frozen=True)
class Aggregate:
    """One value out of several.

    Attributes
    ----------
    id
        Of the feed or perpetual.
    value
        The median, exactly.
    used, rejected
        Sources that counted, and those that did not.
    spread
        Distance of the lowest and the highest that counted, relative to the median (funding: absolute).
    """

    id: str
    value: Fraction
    used: tuple[str, ...]
    rejected: tuple[Rejection, ...]
    spread: Fraction


@dataclass(frozen=True)
class _Said:
    source: str
    value: Fraction
    time: int


def aggregate(document: PriceSources) -> tuple[Aggregate, ...]:
    """Every feed's price and every perpetual's funding, in the document's order.

    Raises
    ------
    FormatError
        The circuit breaker: names the feed, the limit that is broken, each source and by how much.
    """
    made = []
    for place, feed in enumerate(document.feeds):
        said = [_Said(quote.source, parse_decimal(quote.price), quote.time) for quote in feed.quotes]
        where = f"feeds[{place}] ({feed.id})"
        made.append(_one(feed.id, where, said, feed.limits or document.limits, document.time, absolute=False))
    for place, each in enumerate(document.funding):
        where = f"funding[{place}] ({each.id})"
        limits = each.limits or document.limits
        said = [_averaged(sampled, each, document.time, where) for sampled in each.sources]
        made.append(_one(each.id, where, said, limits, document.time, absolute=True))
    return tuple(made)


def prices_from_sources(document: PriceSources) -> tuple[FeedInput, ...]:
    """The feeds of a market input, priced by `aggregate`, with the bands as they were given.

    They go into `MarketInput.feeds` as they are: `market build` calls this for a document of sources.

    Raises
    ------
    FormatError
        Where the sources of any feed disagree, are stale or are too few: then no snapshot may form.
    """
    found = aggregate(document)
    return tuple(
        FeedInput(
            id=feed.id,
            kind=feed.kind,
            underlying=feed.underlying,
            price=_decimal(each.value),
            band=feed.band,
            low=feed.low,
            high=feed.high,
        )
        for feed, each in zip(document.feeds, found, strict=False)
    )


def funding_from_sources(document: PriceSources) -> dict[str, str]:
    """Decimal text of each perpetual's time-weighted funding rate, to 1e-18; errors as `aggregate`."""
    found = aggregate(document)[len(document.feeds) :]
    return {each.id: int_to_text(round(each.value * 10**_RATE_PLACES), _RATE_PLACES) for each in found}


def _averaged(sampled: Sampled, each: FundingSources, time: int, where: str) -> _Said:
    """A source's mean rate over the window; every rate holds until the next one."""
    start = time - each.window
    past = [sample for sample in sampled.samples if sample.time <= time]
    if not past or past[0].time > start:
        raise FormatError(
            where,
            f"has no rate of {sampled.source} at the start of its window of {each.window} seconds",
            mend="Give a sample at or before it, or shorten the window",
        )
    total = Fraction(0)
    ends = [sample.time for sample in past[1:]] + [time]
    for sample, end in zip(past, ends, strict=True):
        total += parse_decimal(sample.rate) * max(0, end - max(sample.time, start))
    return _Said(sampled.source, total / each.window, past[-1].time)


def _one(
    name: str, where: str, said: Sequence[_Said], limits: Limits, now: int, *, absolute: bool
) -> Aggregate:
    rejected: list[Rejection] = []
    fresh: list[_Said] = []
    for each in said:
        if each.time > now:
            rejected.append(Rejection(each.source, f"is {each.time - now} s ahead of the document"))
        elif now - each.time > limits.max_age:
            rejected.append(
                Rejection(each.source, f"is {now - each.time} s old, {limits.max_age} are allowed")
            )
        else:
            fresh.append(each)
    if not fresh:
        raise FormatError(where, f"has no fresh source: {_told(rejected)}", mend="Fetch the sources again")
    middle = _median([each.value for each in fresh])
    unit = Fraction(1) if absolute else middle
    allowed = _allowed(fresh, middle, unit, limits)
    kept: list[_Said] = []
    for each in fresh:
        distance = abs(each.value - middle)
        if distance <= allowed:
            kept.append(each)
        else:
            rejected.append(
                Rejection(
                    each.source,
                    f"says {_short(each.value)}, {_short(distance / unit)} from the median {_short(middle)} "
                    f"({_short(allowed / unit)} are allowed)",
                )
            )
    if len(kept) < limits.min_sources or 2 * len(kept) <= len(fresh):
        wanted = max(limits.min_sources, len(fresh) // 2 + 1)
        raise FormatError(
            where,
            f"has {len(kept)} sources that agree and needs {wanted}: {_told(rejected)}",
            mend="Wait until they agree, or fetch more sources; no snapshot forms",
        )
    value = _median([each.value for each in kept])
    unit = Fraction(1) if absolute else value
    low, high = min(kept, key=_value), max(kept, key=_value)
    spread = (high.value - low.value) / unit
    if spread > parse_decimal(limits.max_divergence):
        raise FormatError(
            where,
            f"has sources {_short(spread)} apart, more than max_divergence {limits.max_divergence}: "
            f"{low.source} says {_short(low.value)}, {high.source} says {_short(high.value)}",
            mend="Wait until they agree; no snapshot forms",
        )
    return Aggregate(name, value, tuple(each.source for each in kept), tuple(rejected), spread)


def _allowed(fresh: Sequence[_Said], middle: Fraction, unit: Fraction, limits: Limits) -> Fraction:
    limit = parse_decimal(limits.outlier_limit)
    if limits.outlier == "relative" or limits.outlier_floor is None:
        return limit * unit
    deviation = _ROBUST * _median([abs(each.value - middle) for each in fresh])
    return max(limit * deviation, parse_decimal(limits.outlier_floor) * unit)


def _median(values: Sequence[Fraction]) -> Fraction:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _value(each: _Said) -> Fraction:
    return each.value


def _told(rejected: Sequence[Rejection]) -> str:
    return "; ".join(f"{each.source} {each.reason}" for each in rejected) or "none was dropped"


def _short(value: Fraction) -> str:
    return f"{float(value):.{_SHOWN}g}"


def _decimal(value: Fraction) -> str:
    """Exact: the median of decimals, or the middle of two, ends."""
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    return int_to_text(int(value * 10**places), places)
