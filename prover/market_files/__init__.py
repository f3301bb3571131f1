"""A builder's input from JSON, CSV and Parquet files, or an exchange's public endpoints through ccxt."""

from .ccxt_markets import Exchange, exchange, from_exchange
from .merge import Overrides, read_inputs
from .selection import only_underlyings
from .tables import TABLES, read_table

__all__ = [
    "TABLES",
    "Exchange",
    "Overrides",
    "exchange",
    "from_exchange",
    "only_underlyings",
    "read_inputs",
    "read_table",
]
