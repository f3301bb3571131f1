"""``zksolvency/price-sources/1``: what several sources said, when, and how far they may differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from verifier.models import DecimalText, Document, Member, PositiveText, Text, Time, entries, rule_error
from verifier.numbers import parse_decimal

__all__ = ["FeedSources", "FundingSources", "Limits", "PriceSources", "Quote", "Sample", "Sampled"]

_MAX_SOURCES = 64
_MAX_SAMPLES = 10_000
_MAX_FEEDS = 4096

Age = Annotated[int, Field(ge=0, lt=1 << 32)]


class Limits(Member):
    """When a source does not count, and when too few do.

    Attributes
    ----------
    max_age
        Seconds before the document's time from which a quote is stale.
    outlier
        ``mad``: a quote counts while it is within `outlier_limit` robust deviations (1.4826 times the median
        absolute deviation) of the median, or within `outlier_floor` of it. ``relative``: while it is within
        `outlier_limit` of the median. Relative to the median for prices, absolute for funding rates.
    outlier_limit, outlier_floor
        See `outlier`; the floor is for ``mad`` alone, where most sources may agree to the last digit.
    max_divergence
        Largest distance of two quotes that count, relative to the median (funding rates: absolute).
    min_sources
        Fewest that must count.
    """

    max_age: Age
    outlier: Literal["mad", "relative"]
    outlier_limit: PositiveText
    outlier_floor: DecimalText | None = None
    max_divergence: DecimalText
    min_sources: Annotated[int, Field(ge=1, le=_MAX_SOURCES)]

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if (self.outlier_floor is not None) != (self.outlier == "mad"):
            raise rule_error("goes with mad alone", field="outlier_floor", mend="Give it there, nowhere else")
        for name in ("outlier_floor", "max_divergence"):
            text = getattr(self, name)
            if text is not None and parse_decimal(text) < 0:
                raise rule_error("is negative", field=name, mend='Such as "0.005"')
        return self


class Quote(Member):
    """A price that a source gave at a time (seconds since 1970)."""

    source: Text
    time: Time
    price: PositiveText


class FeedSources(Member):
    """The quotes of one feed.

    Attributes
    ----------
    id, kind, underlying, band, low, high
        As a market input's feed, whose `price` the sources give.
    limits
        Instead of the document's.
    quotes
        One a source.
    """

    id: Text
    kind: Literal["index", "mark", "forward", "collateral", "stablecoin"]
    underlying: Text
    band: DecimalText | None = None
    low: PositiveText | None = None
    high: PositiveText | None = None
    limits: Limits | None = None
    quotes: Annotated[tuple[Quote, ...], entries(least=1, most=_MAX_SOURCES)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        _distinct([quote.source for quote in self.quotes], "quotes")
        return self


class Sample(Member):
    """A funding rate that holds from `time` on."""

    time: Time
    rate: DecimalText


class Sampled(Member):
    """One source's funding rates, oldest first."""

    source: Text
    samples: Annotated[tuple[Sample, ...], entries(least=1, most=_MAX_SAMPLES)]

    @model_validator(mode="after")
    def _sorted(self) -> Self:
        for place in range(1, len(self.samples)):
            if self.samples[place].time <= self.samples[place - 1].time:
                raise rule_error("does not increase", field=f"samples[{place}].time", mend="Sort them")
        return self


class FundingSources(Member):
    """Funding of one perpetual: the time-weighted mean of each source over `window` seconds, then the median.

    `limits` instead of the document's: its ages and rates are seldom those of prices.
    """

    id: Text
    window: Annotated[int, Field(ge=1, lt=1 << 32)]
    limits: Limits | None = None
    sources: Annotated[tuple[Sampled, ...], entries(least=1, most=_MAX_SOURCES)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        _distinct([each.source for each in self.sources], "sources")
        return self


class PriceSources(Document):
    """``zksolvency/price-sources/1``.

    Attributes
    ----------
    time
        Seconds since 1970: as of when.
    limits
        For every feed that has none of its own.
    feeds, funding
        What was said.
    """

    SCHEMA: ClassVar[str] = "zksolvency/price-sources/1"

    time: Time
    limits: Limits
    feeds: Annotated[tuple[FeedSources, ...], entries(least=1, most=_MAX_FEEDS)]
    funding: Annotated[tuple[FundingSources, ...], entries(most=_MAX_FEEDS)] = ()

    @model_validator(mode="after")
    def _once(self) -> Self:
        _distinct([feed.id for feed in self.feeds], "feeds", "id")
        _distinct([each.id for each in self.funding], "funding", "id")
        return self


def _distinct(names: Sequence[str], field: str, member: str = "source") -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise rule_error("is listed twice", field=f"{field}[{place}].{member}", mend="Keep one")
