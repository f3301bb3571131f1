"""A venue's real collateral haircuts: every published tier list as a deposit row."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

from market_inputs import deposit, feed, market

from prover.engine import evaluate
from prover.tables import build_market, merged_tiers
from prover.tables.venue_rules import venue_margin

F = Fraction
CASH = 10**14
RATIO = re.compile(r"(\d+)-(\d+):(\d+)")
UNLIMITED = 10**18


def tier_lists(vectors: Path) -> Counter[tuple[tuple[int, int], ...]]:
    """Distinct (value floor, percent) lists of all assets and products, with how often each occurs."""
    found: Counter[tuple[tuple[int, int], ...]] = Counter()
    with (vectors / "accounts/binance_zkmerkle/utils_cex_assets_info.csv").open() as stream:
        for line in csv.DictReader(stream):
            for column, text in line.items():
                tiers = [(int(low), int(high), int(share)) for low, high, share in RATIO.findall(text)]
                if not column.endswith("_tiers") or not tiers:
                    continue
                last = tiers[-1][1]
                # Nothing counts above the last tier's end.
                end = [(last, 0)] if last < UNLIMITED else []
                found[tuple([(low, share) for low, _, share in tiers] + end)] += 1
    return found


def test_every_published_haircut_is_carried_or_bounded_from_above(vectors: Path) -> None:
    lists = tier_lists(vectors)
    falling = [each for each in lists if all(a[1] >= b[1] for a, b in itertools.pairwise(each))]
    assert len(falling) == len(lists)
    exact, overcharges = 0, []
    for tiers in falling:
        built = market(
            [feed("X", "1", band="0")],
            [deposit("X", [(str(floor), percent(share)) for floor, share in tiers])],
        )
        _, snapshot = build_market(built, "maintenance", "s2-k4-d5")
        merged = merged_tiers(built, "maintenance", "s2-k4-d5")
        overcharge = merged[0].overcharge if merged else F(0)
        exact += not merged
        overcharges += [overcharge] if merged else []
        bounds = {floor + step for floor, _ in tiers for step in (-1, 0, 1, 500_000)}
        for value in sorted(bound for bound in bounds if 0 < bound < 10**9):
            report = evaluate([(0, value * 10**6)], 0, snapshot.row_map())
            counted = venue_margin(built, "maintenance", {"venue:X-deposit": F(value)}, F(0)).equity
            short = counted - F(report.excess, CASH)
            # Never more than the venue counts; less by the stated share of the value and by rounding alone.
            assert 0 <= short <= overcharge * value + F(3 * value + 100, 10**8), (tiers, value)
    print(
        f"{len(lists)} tier lists of {sum(lists.values())} entries: {exact} exact in four brackets, "
        f"{len(overcharges)} merged, worst {float(max(overcharges, default=F(0))):.1%} of value"
    )
    assert exact > 0
    assert overcharges


def percent(share: int) -> str:
    return "1" if share == 100 else f"0.{share:02d}"
