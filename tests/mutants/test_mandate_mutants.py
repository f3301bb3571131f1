"""Bugs planted in the mandate circuit: each lets its cheat through, so each constraint is needed."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from prover.toolchain.workspace import workspace
from tests.circuits.mandates import ONE
from tests.circuits.solving import attempt
from tests.circuits.templates import Source, build
from tests.circuits.test_mandate_circuit import FLOOR, GREEKS, HASH, LEVERAGE, SHARE, SIZES
from verifier.field import R, to_field
from verifier.mandate import UNLIMITED

_LIB = "lib/mandate.circom"
_WIDE = [[UNLIMITED] * 4]


@dataclass(frozen=True)
class Planted:
    """One constraint gone or bent, and a witness that only it stands against."""

    text: str
    instead: str
    main: Source
    values: Callable[[], dict[str, Any]]
    file: str = _LIB


def _greeks(net: int, limit: int = 1, allowance: int = 0) -> Callable[[], dict[str, Any]]:
    return lambda: {
        "net": [[to_field(net), 0, 0, 0]],
        "allowance": [allowance],
        "limit": [[limit, *_WIDE[0][1:]]],
    }


def _named(**changed: Any) -> Callable[[], dict[str, Any]]:
    honest = {"universe": 5, "groups": [2, 5], "limits": _WIDE * 2, "leverage": 300, "share": 10_000}
    return lambda: honest | changed


MUTANTS = {
    "too long": Planted(
        "AssertBounded(limit_bits(N) + 1)(room[g][x] - net[g][x]);", "", GREEKS, _greeks(ONE + 1)
    ),
    "too short": Planted(
        "AssertBounded(limit_bits(N) + 1)(room[g][x] + net[g][x]);", "", GREEKS, _greeks(-ONE - 1)
    ),
    "no allowance": Planted(" - allowance[g];", ";", GREEKS, _greeks(ONE - 5, allowance=6)),
    "one Greek skipped": Planted(
        "for (var x = 0; x < MANDATE_GREEKS(); x++) {\n            room",
        "room[g][0] <== 0; for (var x = 1; x < MANDATE_GREEKS(); x++) {\n            room",
        GREEKS,
        _greeks(ONE + 1),
    ),
    "a name twice": Planted(
        "AssertAscending(G, WIDTH_GROUP())(groups);", "", HASH, _named(groups=[5, 5])
    ),
    "a limit of any width": Planted(
        "limit[g][x] <== Bounded(MANDATE_LIMIT())(limits[g][x]);", "limit[g][x] <== limits[g][x];", HASH,
        _named(limits=[[UNLIMITED + 1] * 4] * 2),
    ),
    "a leverage of any width": Planted(
        "leverage_limit <== Bounded(MANDATE_LEVERAGE())(leverage);",
        "leverage_limit.maxbit = MANDATE_LEVERAGE(); leverage_limit <== leverage;", HASH,
        _named(leverage=R - 1),
    ),
    "a share of any width": Planted(
        "share_limit <== Bounded(MANDATE_SHARE())(share);",
        "share_limit.maxbit = MANDATE_SHARE(); share_limit <== share;", HASH, _named(share=1 << 14),
    ),
    "no floor": Planted(
        "AssertBounded(sum_bits(N) + 1)(least - 10 ** SCALE_CASH() * floor);", "_ <== least + floor;", FLOOR,
        lambda: {"least": ONE - 1, "floor": 1},
    ),
    "no leverage": Planted(
        "AssertBounded(sum_bits(N) + 1 + MANDATE_LEVERAGE())(most - 100 * gross);", "_ <== gross;", LEVERAGE,
        lambda: {"least": 100, "gross": 301, "leverage": 300},
    ),
    "no concentration": Planted(
        "AssertBounded(sum_bits(N) + MANDATE_SHARE())(most[g] - 10000 * gross[g]);", "_ <== gross[g];", SHARE,
        lambda: {"gross": [6_001, 3_999], "allowance": [0, 0], "total": 10_000, "conceded": 0,
            "share": 6_000,
        },
    ),
    "a share of sums that rounding raised": Planted(
        "share * (total - conceded + allowance[g]);", "share * total; _ <== conceded + allowance[g];", SHARE,
        lambda: {"gross": [6_000, 4_000], "allowance": [0, 1], "total": 10_000, "conceded": 1, "share": 6000},
    ),
}  # fmt: skip


def _planted(bug: Planted) -> Path:
    """A copy of circuits/ with the bug; its text stands exactly once in the file."""
    where = workspace()
    digest = hashlib.sha256(f"{bug.text}\n{bug.instead}".encode()).hexdigest()[:16]
    folder = where.build / "mutants" / f"mandate-{digest}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(where.circuits, folder)
    file = folder / bug.file
    text = file.read_text()
    assert text.count(bug.text) == 1
    file.write_text(text.replace(bug.text, bug.instead))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_the_planted_bug_is_exploited(name: str) -> None:
    bug = MUTANTS[name]
    assert not attempt(build(bug.main), bug.values()).accepted
    found = attempt(build(bug.main, _planted(bug)), bug.values())
    assert found.accepted, [str(failure) for failure in found.failures]


_SIZES_VALUES = {"magnitude": [7, 5], "choice": [[1, 0], [1, 0]]}


def test_an_allowance_counts_every_position() -> None:
    found = attempt(build(SIZES), _SIZES_VALUES)
    assert found.accepted
    assert [found.value(f"sizes[{g}]") for g in range(2)] == [12, 0]
    bug = Planted("sums[g] += part[i][g];", "sums[g] = part[i][g];", SIZES, lambda: _SIZES_VALUES)
    planted = attempt(build(bug.main, _planted(bug)), bug.values())
    assert planted.accepted
    assert planted.value("sizes[0]") == 5
