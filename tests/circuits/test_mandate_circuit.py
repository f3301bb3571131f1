"""The mandate circuit: equal to the exact engine, exact at every limit, and closed to the obvious attacks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from prover.toolchain.circom import compile_instance, mandate_constants_text
from tests.circuits.mains import MAINS
from tests.circuits.mandates import LARGE, LAYOUT, ONE, SMALL, case, inputs_of, report
from tests.circuits.solving import attempt
from tests.circuits.templates import Source, build
from tests.circuits.unchecked import unchecked
from verifier.circuits import layouts, mandate_width
from verifier.field import R, to_field
from verifier.mandate import UNLIMITED

GREEKS, LEVERAGE, SHARE, FLOOR, HASH, SIZES = (
    MAINS[name].source
    for name in (
        "AssertGreeks", "AssertLeverage", "AssertConcentration", "AssertFloor", "Mandate", "GroupSizes",
    )
)  # fmt: skip


def accepts(main: Source, **values: Any) -> bool:
    return attempt(build(main), values).accepted


def test_the_pinned_count_and_its_power_of_two() -> None:
    assert compile_instance(LARGE).constraints == LARGE.constraints
    assert LARGE.constraints is not None
    assert LARGE.constraints + len(LARGE.public) + 1 <= 1 << 16
    assert LARGE.max_constraints + len(LARGE.public) < 1 << 16


def test_a_table_of_greeks_has_an_id_that_no_margin_table_has() -> None:
    ids = [each.id for each in layouts().values()]
    assert len(set(ids)) == len(ids)
    assert replace(LAYOUT, kind="margin").id != LAYOUT.id
    with pytest.raises(ValueError, match="no kind"):
        replace(LAYOUT, kind="other")
    with pytest.raises(ValueError, match="1 bracket"):
        replace(LAYOUT, brackets=2)


def test_the_constants_are_those_of_python() -> None:
    text = mandate_constants_text()
    for name in ("limit", "leverage", "share"):
        assert f"function MANDATE_{name.upper()}() {{ return {mandate_width(name)}; }}" in text


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("place", range(4))
def test_a_greek_exactly_at_its_limit_passes_and_one_more_fails(place: int, sign: int) -> None:
    for limit, allowance in ((1, 0), (1, 5), (10**6, 10**9), (0, 0)):
        limits = [UNLIMITED] * 4
        limits[place] = limit
        for over in (0, 1):
            net = [0] * 4
            net[place] = to_field(sign * (limit * ONE - allowance + over))
            assert accepts(GREEKS, net=[net], allowance=[allowance], limit=[limits]) is (not over)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_widest_limit_is_none(sign: int) -> None:
    most = 2 * (2**64 - 1) * (2**63 - 1)
    values = {"net": [[to_field(sign * most)] * 4], "allowance": [2 * (2**64 - 1)]}
    assert accepts(GREEKS, **values, limit=[[UNLIMITED] * 4])
    # Thirty-three slots, the most that an account has.
    assert UNLIMITED * ONE > 33 * ((2**64 - 1) * (2**63 - 1) + 2**64)


def test_a_limit_of_nothing_admits_no_position() -> None:
    assert accepts(GREEKS, net=[[0] * 4], allowance=[0], limit=[[0] * 4])
    assert not accepts(GREEKS, net=[[0] * 4], allowance=[1], limit=[[0] * 4])


@pytest.mark.parametrize("leverage", [1, 100, 350, 2**24 - 1])
def test_leverage_exactly_reached_passes_and_one_more_fails(leverage: int) -> None:
    least = 10**20 * 100
    gross = leverage * least // 100
    assert accepts(LEVERAGE, least=least, gross=gross, leverage=leverage)
    assert not accepts(LEVERAGE, least=least, gross=gross + 1, leverage=leverage)
    assert not accepts(LEVERAGE, least=R - 1, gross=0, leverage=leverage)
    most = 2 * (2**64 - 1) * (2**63 - 1)
    assert accepts(LEVERAGE, least=most, gross=0, leverage=leverage)
    assert not accepts(LEVERAGE, least=0, gross=most, leverage=leverage)


@pytest.mark.parametrize("place", [0, 1])
def test_concentration_exactly_reached_passes_and_one_more_fails(place: int) -> None:
    for conceded in (0, 10_000):
        gross, allowance = [54_000, 36_000 + conceded], [77, conceded]
        if place:
            gross, allowance = gross[::-1], allowance[::-1]
        values = {"allowance": allowance, "conceded": conceded + 77}
        assert accepts(SHARE, gross=gross, total=sum(gross), **values, share=6_000)
        assert not accepts(SHARE, gross=gross, total=sum(gross), **values, share=5_999)
        more = [each + (g == place) for g, each in enumerate(gross)]
        assert not accepts(SHARE, gross=more, total=sum(more), **values, share=6_000)
    alone = [90_000 * (g == place) for g in range(2)]
    values = {
        "gross": alone,
        "allowance": [7 * (g == place) for g in range(2)],
        "total": 90_000,
        "conceded": 7,
    }
    assert accepts(SHARE, **values, share=10_000)
    assert not accepts(SHARE, **values, share=9_999)


def test_the_floor_exactly_reached_passes_and_one_less_fails() -> None:
    for floor in (0, 1, 2**38 - 1):
        assert accepts(FLOOR, least=floor * ONE, floor=floor)
        assert not accepts(FLOOR, least=to_field(floor * ONE - 1), floor=floor)


def test_underlyings_ascend_and_numbers_have_their_widths() -> None:
    honest: dict[str, Any] = {
        "universe": 5,
        "groups": [2, 5],
        "limits": [[1] * 4, [UNLIMITED] * 4],
        "leverage": 300,
        "share": 10_000,
    }
    assert accepts(HASH, **honest)
    for groups in ([5, 5], [5, 2], [0, R - 1]):
        assert not accepts(HASH, **{**honest, "groups": groups})
    assert not accepts(HASH, **{**honest, "limits": [[UNLIMITED + 1] * 4, [0] * 4]})
    assert not accepts(HASH, **{**honest, "leverage": 1 << 24})
    assert not accepts(HASH, **{**honest, "share": 1 << 14})


def test_circuit_and_engine_agree_on_random_accounts() -> None:
    circuit, seen = unchecked(SMALL), Counter[object]()
    for seed in range(110):
        account, market, limits = case(seed)
        found = report(account, market, limits)
        assert circuit.satisfied(inputs_of(account, market, limits)) == found.passes, (seed, found.broken)
        seen[found.passes] += 1
        seen.update({name.split(" ")[0] for name in found.broken})
    assert min(seen[True], seen[False]) > 15
    assert set(seen) >= {"floor", "leverage", "concentration", "delta", "gamma", "vega", "theta"}


def _passing() -> tuple[Any, Any, Any]:
    for seed in range(1000):
        account, market, limits = case(seed, distance=10**16)
        if len(account.positions) == 2 and report(account, market, limits).passes:
            return account, market, limits
    raise AssertionError("no such account")


def test_what_does_not_belong_is_refused() -> None:
    circuit = unchecked(SMALL)
    account, market, limits = _passing()
    honest = inputs_of(account, market, limits)
    assert circuit.satisfied(honest)
    # Another mandate than the public one, whichever number differs.
    assert not circuit.satisfied({**honest, "mandate": honest["mandate"] + 1})
    assert not circuit.satisfied({**honest, "leverage": limits.leverage - 1})
    for name in ("groups", "limits"):
        grown = [each + 1 if name == "groups" else [x - 1 for x in each] for each in honest[name]]
        assert not circuit.satisfied({**honest, name: grown})
    # A position of an underlying that the mandate does not name, however wide its limits are.
    wide = replace(limits, limits=((UNLIMITED,) * 4,) * 2)
    assert circuit.satisfied(inputs_of(account, market, wide))
    other = replace(wide, groups=(7, 9))
    assert not circuit.satisfied(inputs_of(account, market, other))
    # One underlying named twice, its two positions apart.
    held = market.rows[account.positions[0][0]].group
    assert not circuit.satisfied(inputs_of(account, market, replace(wide, groups=(held, held))))
    # A position in no group at all.
    none = [[0, 0], *honest["group_choice"][1:]]
    assert not circuit.satisfied({**honest, "group_choice": none})
    # A margin table that happens to have the same rows.
    margins = replace(market, layout=replace(LAYOUT, kind="margin"))
    assert margins.tree.root == market.tree.root
    assert not circuit.satisfied(inputs_of(account, margins, limits))
    # A ratio of a requirement that is not claimed.
    assert not circuit.satisfied(inputs_of(replace(account, ratio=1), market, limits))
