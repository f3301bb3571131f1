"""Prices from several sources: one each feed, or a refusal that says who disagrees and by how much."""

from .aggregate import Aggregate, Rejection, aggregate, funding_from_sources, prices_from_sources
from .document import FeedSources, FundingSources, Limits, PriceSources
from .into import priced

__all__ = [
    "Aggregate",
    "FeedSources",
    "FundingSources",
    "Limits",
    "PriceSources",
    "Rejection",
    "aggregate",
    "funding_from_sources",
    "priced",
    "prices_from_sources",
]
