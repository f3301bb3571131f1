"""Bounds over a cell against the error itself, measured at many points: never below it, and close to it."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from prover.pricing.machine import machine, number
from prover.tables.option_bounds import Box, Error, cell_error, derivatives


def value(forward: Any, strike: float, deviation: Any, call: bool) -> Any:
    deviation = np.maximum(deviation, 1e-300)
    d1 = np.log(forward / strike) / deviation + deviation / 2
    d2 = d1 - deviation
    if call:
        return forward * ndtr(d1) - strike * ndtr(d2)
    return strike * ndtr(-d2) - forward * ndtr(-d1)


def bound(low: float, high: float, least: float, most: float, strike: float, **moves: Any) -> Error:
    """The bound over a cell of forwards and deviations, widened by what the moves ask for."""
    ctx = machine().context
    basis, rise, fall = (moves.pop(name, 0.0) for name in ("basis", "rise", "fall"))
    ends = [number(Fraction(low - basis)), number(Fraction(high + basis))]
    box = Box(
        ends[0], ends[1], ctx.log(ends[0]), ctx.log(ends[1]),
        number(Fraction(max(0.0, least - fall))), number(Fraction(most + rise)),
    )  # fmt: skip
    return cell_error(
        derivatives(box, ctx.log(number(Fraction(strike)))),
        number(Fraction(high) - Fraction(low)),
        number(Fraction(most) - Fraction(least)),
        basis=number(Fraction(basis)),
        rise=number(Fraction(rise)),
        fall=number(Fraction(fall)),
        **moves,
    )


def measured(low: float, high: float, least: float, most: float, strike: float, call: bool) -> Any:
    """Interpolation minus value at 41 × 41 points of the cell."""
    across, along = np.linspace(0, 1, 41)[:, None], np.linspace(0, 1, 41)[None, :]
    corner = {
        (place, level): value([low, high][place], strike, [least, most][level], call)
        for place in (0, 1)
        for level in (0, 1)
    }
    line = (1 - across) * ((1 - along) * corner[0, 0] + along * corner[0, 1]) + across * (
        (1 - along) * corner[1, 0] + along * corner[1, 1]
    )
    return line - value(low + (high - low) * across, strike, least + (most - least) * along, call)


def cell(random: Random) -> tuple[float, float, float, float, float]:
    low = random.uniform(50, 150)
    least = 10 ** random.uniform(-4, 0)
    return (
        low,
        low * (1 + 10 ** random.uniform(-4, -1)),
        least,
        least * (1 + random.uniform(0, 0.5)),
        100.0,
    )


@pytest.mark.parametrize("call", [True, False])
def test_no_point_of_a_cell_is_farther_off(call: bool) -> None:
    random = Random(f"cells {call}")
    for _ in range(300):
        at = cell(random)
        made, found = bound(*at, call=call), measured(*at, call)
        assert float(made.over) >= found.max() - 1e-9, at
        assert float(made.under) >= -found.min() - 1e-9, at


@pytest.mark.parametrize("call", [True, False])
def test_nor_when_legs_and_time_move(call: bool) -> None:
    random = Random(f"legs {call}")
    for _ in range(150):
        low, high, least, most, strike = cell(random)
        basis, rise, fall = low * random.uniform(0, 0.01), least * random.random(), least * random.random()
        made = bound(low, high, least, most, strike, call=call, basis=basis, rise=rise, fall=fall)
        chord = measured(low, high, least, most, strike, call)
        places = np.linspace(0, 1, 41)
        forward, deviation = low + (high - low) * places[:, None], least + (most - least) * places[None, :]
        centre = value(forward, strike, deviation, call)
        for shift in (-basis, 0.0, basis):
            for change in (-fall, 0.0, rise):
                off = chord + centre - value(forward + shift, strike, deviation + change, call)
                assert float(made.over) >= off.max() - 1e-9
                assert float(made.under) >= -off.min() - 1e-9


def test_the_bound_is_close_for_small_cells() -> None:
    """At the money, a cell of 1 %: within a tenth of the error itself."""
    at = (99.5, 100.5, 0.2, 0.2, 100.0)
    made, found = bound(*at, call=True), measured(*at, True)
    assert found.max() <= float(made.over) <= 1.1 * found.max()
    assert float(made.under) == 0


def test_a_kink_is_bounded_where_gamma_is_not() -> None:
    made = bound(98.0, 102.0, 0.0, 0.0, 100.0, call=True)
    assert float(made.over) == pytest.approx(1.0)
    found = measured(98.0, 102.0, 1e-9, 1e-9, 100.0, True)
    assert found.max() == pytest.approx(1.0)


def test_a_floor_inside_the_cell_is_covered() -> None:
    """The volatility rises from 0.3 to 0.5 behind a floor of 0.45: the chord is by level, the value bends."""
    random = Random("floors")
    for _ in range(100):
        low, strike = random.uniform(80, 120), 100.0
        least, most = sorted((random.uniform(0.01, 0.5), random.uniform(0.01, 0.5)))
        floor = random.uniform(least, most)
        made = bound(low, low, floor, most, strike, call=True, bent=True)
        levels = np.linspace(least, most, 101)
        prices = value(low, strike, np.maximum(levels, floor), True)
        off = np.linspace(prices[0], prices[-1], 101) - prices
        assert float(made.over) >= off.max() - 1e-9
        assert float(made.under) >= -off.min() - 1e-9
