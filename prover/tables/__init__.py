"""Market tables: a venue's margin rules and public prices as integer rows, rounded against the account."""

from .build import MergedTiers, build_market, check_rebuilt, merged_tiers
from .envelope import check_linear
from .inputs import MarketInput
from .lots import choose_lot

__all__ = [
    "MarketInput",
    "MergedTiers",
    "build_market",
    "check_linear",
    "check_rebuilt",
    "choose_lot",
    "merged_tiers",
]
