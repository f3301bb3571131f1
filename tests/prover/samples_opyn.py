"""Random vaults of Opyn's Gamma protocol, over tables that list a whole chain."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from prover.engine import MarginReport, evaluate
from prover.tables.opyn import OpynInput, OpynTable, opyn_table, opyn_universe, series_id
from prover.venues.opyn import Vault
from verifier.circuits import Layout, layout
from verifier.numbers import parse_decimal
from verifier.rows import Row
from verifier.universe import Universe

WIDE = layout("s64-k1-d5-csi")
TIME = 1_800_000_000
WEEK = 7 * 86_400
LOTS = 10**8
MONEY = 10**14
ROUNDED = Fraction(3, 2 * 10**6)
"""Collateral a lot that a row may be off by: a node to nearest and the unit that pays for it."""


@dataclass(frozen=True)
class Chain:
    """A table of one expiry."""

    given: OpynInput
    layout: Layout
    universe: Universe
    table: OpynTable

    @property
    def call(self) -> bool:
        """Calls, else puts."""
        return self.given.option_type == "call"

    @property
    def lot(self) -> Fraction:
        """Options a lot."""
        return parse_decimal(self.universe.instruments[0].lot)

    def strike(self, place: int) -> Fraction:
        """Of a series."""
        return parse_decimal(self.given.series[place].strike)

    def positions(self, sizes: Mapping[int, int]) -> list[tuple[int, int]]:
        """By index, from sizes in 1e-8 lot by series."""
        return sorted(
            (self.universe.index_of(series_id(self.given, self.given.series[place])), size)
            for place, size in sizes.items()
        )

    def evaluate(
        self, sizes: Mapping[int, int], cash: int = 0, rows: Mapping[int, Row] | None = None
    ) -> MarginReport:
        """Through the integer rows."""
        return evaluate(self.positions(sizes), cash, rows or self.table.rows, layout=self.layout)

    def amount(self, size: int) -> Fraction:
        """Options of a size."""
        return Fraction(size, LOTS) * self.lot

    def vault(self, sizes: Mapping[int, int]) -> Vault:
        """The vault of one short and one long series at most."""
        short = next(((place, -size) for place, size in sizes.items() if size < 0), None)
        long = next(((place, size) for place, size in sizes.items() if size > 0), None)
        return Vault(
            call=self.call,
            short_amount=self.amount(short[1]) if short else Fraction(0),
            short_strike=self.strike(short[0]) if short else Fraction(0),
            long_amount=self.amount(long[1]) if long else Fraction(0),
            long_strike=self.strike(long[0]) if long else Fraction(0),
        )

    def rounding(self, sizes: Mapping[int, int]) -> Fraction:
        """The stated bound of a vault, in its collateral asset."""
        return sum((abs(size) * ROUNDED / LOTS for size in sizes.values()), Fraction(0)) + Fraction(1, MONEY)


def random_chain(
    rng: random.Random, option_type: str, shape: Layout = WIDE, *, strikes: int = 20, naked: object = None
) -> Chain:
    """A chain of one expiry; strikes have up to two decimals."""
    listed = sorted({rng.randint(1_000, 500_000) for _ in range(strikes)})
    body = {
        "schema": OpynInput.SCHEMA,
        "name": "sample",
        "venue": "opyn",
        "quote": "WETH" if option_type == "call" else "USDC",
        "period": "2027",
        "epoch": 1,
        "time": TIME,
        "valid_until": TIME + 600,
        "underlying": "WETH",
        "option_type": option_type,
        "series": [{"expiry": TIME + WEEK, "strike": f"{each // 100}.{each % 100:02d}"} for each in listed],
    }
    if naked is not None:
        body["naked"] = naked
    given = OpynInput.parse(body)
    universe = opyn_universe(given)
    return Chain(given, shape, universe, opyn_table(given, shape, universe))


def random_vault(rng: random.Random, chain: Chain) -> dict[int, int]:
    """Sizes in 1e-8 lot by series: a spread, a short alone or a long alone."""
    short, long = rng.sample(range(len(chain.given.series)), 2)
    kind = rng.choice(("spread", "equal", "short", "long"))
    first, second = rng.randint(1, 50 * LOTS), rng.randint(1, 50 * LOTS)
    if kind == "equal":
        second = first
    legs = {short: -first, long: second}
    return {
        place: size
        for place, size in legs.items()
        if kind not in ("short", "long") or (size < 0) == (kind == "short")
    }


def samples(
    seed: str, count: int, option_type: str, shape: Layout = WIDE
) -> Iterator[tuple[list[tuple[int, int]], int, Mapping[int, Row], Layout]]:
    """Positions, cash, rows and layout of vaults, with just the cash that the claim needs."""
    rng = random.Random(seed)
    made = 0
    while made < count:
        chain = random_chain(rng, option_type, shape)
        for _ in range(min(10, count - made)):
            sizes = random_vault(rng, chain)
            yield chain.positions(sizes), -chain.evaluate(sizes).excess, chain.table.rows, shape
            made += 1
