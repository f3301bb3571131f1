"""Rows of an options table: nodes at every corner, and gaps that no point between the corners exceeds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from verifier.circuits import Layout
from verifier.corners import end_of
from verifier.errors import FormatError
from verifier.market import Node
from verifier.numbers import parse_decimal, round_down, round_up
from verifier.rows import Bracket, Row, row_valid
from verifier.universe import Instrument

from ..pricing.machine import Mpfr, exact, machine, number
from ..pricing.pinned import black76, black76_grid
from .envelope import Band
from .option_bounds import Box, Error, cell_error, derivatives
from .option_market import Expiry, OptionMarket, Scenario, Underlying
from .rounding import LARGEST_SIZE, PROHIBITIVE, unit_value
from .stress import to_units

__all__ = ["OptionRows"]

_UNIT = 10**6
_PINNED = Fraction(1, 10**6)
"""Units a lot that pay for the last bits of pinned numbers, before rounding up."""


@dataclass(frozen=True, slots=True)
class _Cells:
    """Forwards of one expiry under one scenario: at its knots, and over its cells with the basis's band."""

    forwards: tuple[Mpfr, ...]
    steps: tuple[Mpfr, ...]
    basis: tuple[Mpfr, ...]
    lows: tuple[tuple[Mpfr, Mpfr], ...]
    highs: tuple[tuple[Mpfr, Mpfr], ...]


@dataclass(frozen=True, slots=True)
class _Shocks:
    """What a scenario does to volatilities: a factor (now, and over the window), a shift, a floor."""

    now: Mpfr
    least: Mpfr
    most: Mpfr
    shift: Mpfr
    floor: Mpfr
    still: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all options of an expiry share."""

    expiry: Expiry
    root: Mpfr
    root_left: Mpfr
    shifts: tuple[Mpfr, ...]
    cells: tuple[_Cells, ...]
    shocks: tuple[_Shocks, ...]


class OptionRows:
    """Rows of one table.

    Parameters
    ----------
    market
        Feeds, window and parameters.
    nodes
        The columns.
    layout
        The table's shape.
    """

    def __init__(self, market: OptionMarket, nodes: tuple[Node, ...], layout: Layout) -> None:
        self.market, self.layout = market, layout
        names = {scenario.name: place for place, scenario in enumerate(market.scenarios)}
        for node in nodes:
            if node.stress not in names:
                raise FormatError("nodes", "name a stress that the model has not", value=node.stress)
        self.columns = {
            name: tuple(
                (names[node.stress] if underlying.stressed else 0, *self._place(underlying, node))
                for node in nodes
            )
            for name, underlying in market.underlyings.items()
        }
        self._plans: dict[tuple[str, int], _Plan] = {}

    @staticmethod
    def _place(underlying: Underlying, node: Node) -> tuple[int, int]:
        """Which knot of the spot and of the volatility level a node stands at."""
        places = []
        for ends, kind in (
            (underlying.spot_ends, underlying.spot_kind),
            (underlying.level_ends, "volatility"),
        ):
            end = end_of(node.corner, kind)
            if len(ends) > 1 and end not in ends:
                raise FormatError("nodes", f"stand where {underlying.name} has no knot", value=node.corner)
            places.append(ends.index(end) if len(ends) > 1 else 0)
        return places[0], places[1]

    def row(self, instrument: Instrument, group: int) -> Row:
        """The row of an instrument.

        Raises
        ------
        FormatError
            When a parameter is missing, a volatility falls to zero inside its band, or a number does not fit.
        """
        underlying = self.market.underlyings.get(instrument.underlying)
        if underlying is None:
            raise FormatError("underlying", "has no feed", value=instrument.underlying)
        if instrument.kind == "option":
            mark, nodes, long, short = self._option(instrument, underlying)
        elif instrument.kind == "aggregate":
            raise FormatError("kind", "is an aggregate line", mend="The options builder charges no tiers")
        else:
            mark, nodes, long, short = self._linear(instrument, underlying)
        live = self.layout.extensions
        row = Row(
            group=group,
            mark=mark,
            nodes=tuple(nodes),
            addon_long=PROHIBITIVE if instrument.kind == "borrow" else _addon(long),
            addon_short=PROHIBITIVE if instrument.kind == "deposit" else _addon(short),
            brackets=self._brackets(instrument),
            alternatives=tuple(nodes) if "alternatives" in live else (),
        )
        row_valid(row, self.layout)
        return row

    def _brackets(self, instrument: Instrument) -> tuple[Bracket, ...]:
        limit = self.market.parameters.limits.get(instrument.id)
        upper = LARGEST_SIZE
        if limit is not None:
            lots = parse_decimal(limit) / parse_decimal(instrument.lot)
            upper = min(LARGEST_SIZE, round_down(lots * 10**8))
            if upper < 1:
                raise FormatError("limit", "leaves no size that could be held", value=limit)
        return (Bracket(0, 0, upper),) * self.layout.brackets

    # --- linear -------------------------------------------------------------------------------------

    def _linear(
        self, instrument: Instrument, underlying: Underlying
    ) -> tuple[int, list[int], Fraction, Fraction]:
        """Spot times basis, exactly affine in the spot at every stress: no gap but the basis's."""
        parameters, spot = self.market.parameters, underlying.spot
        share = Fraction(1)
        if instrument.kind == "deposit":
            share = parse_decimal(_given(parameters.weights, instrument, "weights"))
        if instrument.kind == "future":
            basis = self._expiry(instrument).basis
        else:
            basis = self.market.basis("bases", parameters.bases.get(instrument.id), instrument.underlying)
        lot = share * parse_decimal(instrument.lot)
        base = spot.price * basis.price
        slopes = [1 + each.factor * each.move for each in self.market.scenarios]
        if not underlying.stressed:
            slopes = slopes[:1]
        nodes = [
            unit_value((underlying.spots[place] * basis.price * slopes[stress] - base) * lot)
            for stress, place, _ in self.columns[underlying.name]
        ]
        moved = max(basis.high - basis.price, basis.price - basis.low)
        charge = spot.high * moved * max(abs(slope) for slope in slopes) * lot
        if instrument.kind in ("perpetual", "future"):
            charge += parse_decimal(parameters.terms.charges.linear) * spot.high * lot
        return unit_value(base * lot), nodes, charge, charge

    def _expiry(self, instrument: Instrument) -> Expiry:
        found = self.market.expiries.get((instrument.underlying, instrument.expiry or 0))
        if found is None:
            raise FormatError(
                "expiries", f"have none for {instrument.id}", value=instrument.expiry, mend="Add it"
            )
        return found

    # --- options ------------------------------------------------------------------------------------

    def _option(
        self, instrument: Instrument, underlying: Underlying
    ) -> tuple[int, list[int], Fraction, Fraction]:
        """Values at every knot and stress; see `_gaps` for what lies between."""
        ctx = machine().context
        plan = self._plan(instrument, underlying)
        parameters = self.market.parameters
        strike = number(parse_decimal(instrument.strike))
        call = instrument.option_type == "call"
        own = number(parse_decimal(_given(parameters.volatilities, instrument, "volatilities")))
        years, lot = number(plan.expiry.years), parse_decimal(instrument.lot)
        still = [ctx.add(own, shift) for shift in plan.shifts]
        scenarios = self.market.scenarios if underlying.stressed else self.market.scenarios[:1]
        gap = self._gaps(plan, scenarios, still, ctx.log(strike), call)
        values = []
        for cells, shock in zip(plan.cells, plan.shocks, strict=True):
            volatilities = [_shocked(each, shock, shock.now) for each in still]
            values.append(black76_grid(cells.forwards, volatilities, strike, years, call))
        forward = number(underlying.spot.price * plan.expiry.basis.price)
        base = black76(forward, strike, own, years, call)
        scale = number(lot * _UNIT)
        parts = [(number(1 - each.factor), number(each.factor)) for each in scenarios]
        units = [ctx.mul(scale, base)]
        for stress, place, level in self.columns[underlying.name]:
            profit = ctx.sub(values[0][place][level], base)
            if stress:
                rest, part = parts[stress]
                moved = ctx.sub(values[stress][place][level], base)
                profit = ctx.add(ctx.mul(rest, profit), ctx.mul(part, moved))
            units.append(ctx.mul(scale, profit))
        mark, *nodes = to_units(units)
        rates = parameters.terms.charges
        highest = underlying.spot.high
        long = exact(gap.over) + parse_decimal(rates.option_long) * highest
        short = exact(gap.under) + parse_decimal(rates.option_short) * highest
        return mark, nodes, long * lot, short * lot

    def _gaps(
        self, plan: _Plan, scenarios: tuple[Scenario, ...], still: list[Mpfr], log_strike: Mpfr, call: bool
    ) -> Error:
        """The largest of interpolation minus φ, and of φ minus interpolation, over cells and scenarios."""
        ctx, zero = machine().context, number(0)
        over = under = zero
        levels = list(pairwise(range(len(still)))) or [(0, 0)]
        errors: list[list[Error]] = []
        for cells, shock in zip(plan.cells, plan.shocks, strict=True):
            errors.append([])
            for low, high in levels:
                span = _Span(plan, shock, still[low], still[high])
                for place, step in enumerate(cells.steps):
                    box = Box(
                        cells.lows[place][0],
                        cells.highs[place][0],
                        cells.lows[place][1],
                        cells.highs[place][1],
                        span.least,
                        span.most,
                    )
                    errors[-1].append(
                        cell_error(
                            derivatives(box, log_strike),
                            step,
                            span.step,
                            call=call,
                            basis=cells.basis[place],
                            rise=span.rise,
                            fall=span.fall,
                            bent=span.bent,
                        )
                    )
        parts = [(number(1 - each.factor), number(each.factor)) for each in scenarios]
        for (rest, part), row in zip(parts, errors, strict=True):
            for own, each in zip(errors[0], row, strict=True):
                if each is own:
                    above, below = own.over, own.under
                elif rest >= 0:
                    above = ctx.add(ctx.mul(rest, own.over), ctx.mul(part, each.over))
                    below = ctx.add(ctx.mul(rest, own.under), ctx.mul(part, each.under))
                else:
                    # A factor above 1 counts the unstressed value against its holder: errors change sides.
                    above = ctx.sub(ctx.mul(part, each.over), ctx.mul(rest, own.under))
                    below = ctx.sub(ctx.mul(part, each.under), ctx.mul(rest, own.over))
                over, under = max(over, above), max(under, below)
        return Error(over, under)

    def _plan(self, instrument: Instrument, underlying: Underlying) -> _Plan:
        key = (underlying.name, instrument.expiry or 0)
        if key not in self._plans:
            self._plans[key] = self._made(self._expiry(instrument), underlying)
        return self._plans[key]

    def _made(self, expiry: Expiry, underlying: Underlying) -> _Plan:
        ctx = machine().context
        scenarios = self.market.scenarios if underlying.stressed else self.market.scenarios[:1]
        now, later = self.market.enlarged(expiry.years), self.market.enlarged(expiry.years_left)
        shocks = []
        for scenario in scenarios:
            factors = [ctx.add(number(1), ctx.mul(number(scenario.shock), each)) for each in (now, later)]
            if min(factors) < 0:
                raise FormatError(
                    "grid.stresses",
                    f"{scenario.name!r} takes volatilities below zero at an expiry",
                    mend="Use a smaller shock or power",
                )
            shocks.append(
                _Shocks(
                    now=factors[0],
                    least=min(factors),
                    most=max(factors),
                    shift=number(scenario.volatility_shift),
                    floor=number(scenario.least),
                    still=not (scenario.shock or scenario.volatility_shift or scenario.least),
                )
            )
        return _Plan(
            expiry=expiry,
            root=ctx.sqrt(number(expiry.years)),
            root_left=ctx.sqrt(number(expiry.years_left)),
            shifts=tuple(number(shift * expiry.weight) for shift in underlying.shifts),
            cells=tuple(_cells(expiry.basis, underlying.spots, 1 + each.move) for each in scenarios),
            shocks=tuple(shocks),
        )


class _Span:
    """Deviations σ√τ of one cell of the volatility level, under one scenario.

    `least` and `most` hold every deviation of the cell with spread, window and shock; `rise` and `fall` are
    how far one lies from the deviation that nodes are of, at the same level.
    """

    def __init__(self, plan: _Plan, shock: _Shocks, low: Mpfr, high: Mpfr) -> None:
        ctx = machine().context
        down, up = number(plan.expiry.spread_low), number(plan.expiry.spread_high)
        bottoms, tops = (
            [ctx.add(each, down) for each in (low, high)],
            [ctx.add(each, up) for each in (low, high)],
        )
        if not bottoms[0] > 0:
            raise FormatError(
                "volatilities",
                "fall to zero inside their band",
                mend="Narrow the volatility's or spread's band",
            )
        nodes = [ctx.mul(_shocked(each, shock, shock.now), plan.root) for each in (low, high)]
        falls = [ctx.mul(_shocked(each, shock, shock.least), plan.root_left) for each in bottoms]
        rises = [ctx.mul(_shocked(each, shock, shock.most), plan.root) for each in tops]
        self.least, self.most = falls[0], rises[1]
        self.step = ctx.sub(nodes[1], nodes[0])
        self.bent = _raw(bottoms[0], shock, shock.least) < shock.floor
        if self.bent:
            # Not affine in the level: the farthest ends.
            self.rise, self.fall = ctx.sub(rises[1], nodes[0]), ctx.sub(nodes[1], falls[0])
        else:
            self.rise = max(ctx.sub(far, near) for far, near in zip(rises, nodes, strict=True))
            self.fall = max(ctx.sub(near, far) for far, near in zip(falls, nodes, strict=True))


def _raw(volatility: Mpfr, shock: _Shocks, factor: Mpfr) -> Mpfr:
    ctx = machine().context
    return ctx.add(ctx.mul(volatility, factor), shock.shift)


def _shocked(volatility: Mpfr, shock: _Shocks, factor: Mpfr) -> Mpfr:
    """A volatility under a scenario: never falls as it rises."""
    return volatility if shock.still else max(_raw(volatility, shock, factor), shock.floor)


def _cells(basis: Band, spots: tuple[Fraction, ...], scale: Fraction) -> _Cells:
    """Knots and cells of the forward under one scenario; one flat cell where the spot does not move."""
    ctx = machine().context
    edges = list(pairwise(spots)) or [(spots[0], spots[0])]
    moved = max(basis.high - basis.price, basis.price - basis.low)
    lows = [number(low * basis.low * scale) for low, _ in edges]
    highs = [number(high * basis.high * scale) for _, high in edges]
    return _Cells(
        forwards=tuple(number(spot * basis.price * scale) for spot in spots),
        steps=tuple(number((high - low) * basis.price * scale) for low, high in edges),
        basis=tuple(number(high * moved * scale) for _, high in edges),
        lows=tuple((each, ctx.log(each)) for each in lows),
        highs=tuple((each, ctx.log(each)) for each in highs),
    )


def _given(values: dict[str, str], instrument: Instrument, field: str) -> str:
    if instrument.id not in values:
        raise FormatError(field, f"have none for {instrument.id}", mend="Add it")
    return values[instrument.id]


def _addon(amount: Fraction) -> int:
    """Up, and one unit for the halves that mark and node are rounded by."""
    return round_up(amount * _UNIT + (_PINNED if amount else 0)) + 1
