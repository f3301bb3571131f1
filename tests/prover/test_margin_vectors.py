"""Margin figures that nobody on this project wrote: bracket venues, through `zksolvency conformance`.

Other venues' files have tests of their own; what is compared, and within which bounds, is in the modules of
`prover.conformance`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from vector_files import vector

from prover.conformance import run_document

BRACKETS = ("binance_brackets", "drift_v2", "dydx_v4", "gmx_v2", "hyperliquid_docs", "synthetix_v3")
CARRIED_FROM_ABOVE = {"drift_v2"}
"""Size curves go through chords, so a size between two preferred ones costs more."""


@pytest.mark.parametrize("name", BRACKETS)
def test_a_file(name: str) -> None:
    result = run_document(vector(f"margin/{name}.json"), name)
    summary = result.summary
    wrong = [
        f"{case.name} {figure.name}: {figure.expected} {figure.engine} {figure.table}"
        for case in result.cases
        for figure in case.figures
        if not figure.engine_exact or figure.verdict == "undercharged"
    ]
    assert not wrong
    assert summary.holds
    if name not in CARRIED_FROM_ABOVE:
        assert summary.table_conservative == 0
    assert summary.overcharge_p95 is None or summary.overcharge_p95 <= 0.016
    for case in result.cases:
        for figure in case.figures:
            # Only a size that no row can hold is left out.
            assert figure.unsupported is None or "64 bits" in figure.unsupported, case.name


PLACES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("binance_brackets", ("brackets", "ADA/BUSD", 2, "cum")),
    ("binance_brackets", ("btcusdt_2021", 4, "mm_rate")),
    ("binance_brackets", ("lookups", 4, "expected_mm")),
    ("binance_brackets", ("liquidation_price", 2, "expected_liq_price")),
    ("hyperliquid_docs", ("tiers", "ETH", 1, "deduction")),
    ("hyperliquid_docs", ("hyperliquid_pm_example", "borrowable")),
    ("dydx_v4", ("single_position", 5, "expected", "MMR")),
    ("dydx_v4", ("im_scaling", 4, "expected_IM")),
    ("dydx_v4", ("im_scaling", 5, "expected_ppm")),
    ("dydx_v4", ("account", 2, "expected", "NC")),
    ("dydx_v4", ("decision", 0, "expected")),
    ("dydx_v4", ("decision", 6, "expected_liquidatable")),
    ("drift_v2", ("weights", 3, "expected")),
    ("drift_v2", ("scaled_initial_asset_weight", 1, "expected")),
    ("drift_v2", ("unrealized_pnl_weight", 2, "expected")),
    ("drift_v2", ("perp_position", 0, "expected", "margin_requirement")),
    ("drift_v2", ("account", 1, "expected", "total_collateral")),
    ("gmx_v2", ("cases", 2, "expected_liquidatable")),
    ("gmx_v2", ("cases", 4, "independent", "remaining_usd")),
    ("synthetix_v3", ("cases", 1, "expected", "pnl", "ARB")),
    ("synthetix_v3", ("cases", 1, "derived_not_upstream", "MM")),
)


@pytest.mark.parametrize(("name", "path"), PLACES, ids=lambda each: str(each))
@pytest.mark.parametrize("factor", [0.97, 1.03])
def test_a_changed_figure_is_noticed(name: str, path: tuple[Any, ...], factor: float) -> None:
    """No look-up: one stated figure, changed in either direction, and the run no longer holds."""
    document = json.loads(json.dumps(vector(f"margin/{name}.json")))
    inside = document
    for key in path[:-1]:
        inside = inside[key]
    stated = inside[path[-1]]
    inside[path[-1]] = not stated if isinstance(stated, bool) else stated * factor
    part = document[path[0]]
    # The other cases of the part are left out, for speed.
    if isinstance(part, list) and path[0] != "btcusdt_2021":
        document = {path[0]: [part[path[1]]]}
    else:
        document = {path[0]: part}
    assert not run_document(document, name).summary.holds
