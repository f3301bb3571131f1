"""Derive's portfolio manager as a table: exactly, one subgroup an expiry; or from above without alternatives.

Rules and source: `prover.venues.derive_portfolio`. One group for an underlying's account; the subgroup of an
option is its expiry. With L the loss factor of the level, f a scenario's dampening, v an option's value there
and m its mark:

* **mark**: an option's Black-76 value, a perpetual's price, a collateral's full value.
* **nodes** (exact, layouts with ``one_sided``): L·f·(d⁺·v − m) and, as the alternative, L·f·(d⁻·v − m). With
  d⁺ ≤ d⁻ the worse of an expiry's two sums is the discount by the sign of its net value. Perpetuals and
  risk-cancelling collateral are in no subgroup and move by L·f·(spot − 1)·price.
* **the last three nodes**: the basis contingency, L·k·(v(up) − m) with v(down) as the alternative, of which
  an expiry's gain counts nothing; and the two skews, of which an expiry's gain counts as a loss.
* **addons**: contingencies of perpetuals, haircuts, low confidence (initial level), and the unit a lot that
  pays for rounding a mark and a node. Naked shorts by strike are one of two things: a line of their own, on
  which the attestor states them and which then is exact, or charged to every short option, which is from
  above where an account also holds the strike's other side.

What an exact table bounds from above, or refuses: low confidence of the perpetual, which the venue counts
only for accounts that hold it, counts for all options where it is listed; where d⁺ > d⁻ (which the venue's
own parameters never give) plain nodes take the discount nearer to 1 for both signs; a third skew scenario, or
more scenarios than nodes, are refused.

**From above** (layouts with ``charges`` and ``subgroups`` and without alternatives): nodes take d⁺, which is
right for a positive net value. What a negative one costs beside, (d⁻ − d⁺) times it, is the subgroup's own
loss at two reference scenarios; what other scenarios exceed their interpolation by is on addons, side by
side. The skews' gains are charged on gross size at the last two nodes. The basis contingency is exact: a node
for each way in which up to three expiries may lose, up, down or not at all. More expiries are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

from verifier.circuits import Layout
from verifier.errors import FormatError
from verifier.market import Level
from verifier.numbers import int_to_text, parse_decimal
from verifier.rows import Bracket, Row, row_valid

from ..pricing.machine import Mpfr, exact, machine, number
from .derive_portfolio_inputs import PortfolioCollateral, PortfolioMarket, PortfolioOption, PortfolioScenario
from .derive_portfolio_values import ExpiryValues
from .lots import choose_lot
from .rounding import LARGEST_SIZE, PROHIBITIVE, addon, unit_value

__all__ = ["PortfolioTable", "portfolio_table"]

_GROUP = 1
_ZERO = Fraction(0)
_ONE = Fraction(1)
_SKEW_NODES = 2
_EXPIRIES_FROM_ABOVE = 3
_WEIGHTS = 16
"""Interpolations between the two reference scenarios are tried in this many steps."""


@dataclass(frozen=True)
class PortfolioTable:
    """Integer rows of one level.

    Attributes
    ----------
    rows
        By index: the perpetual if listed, the naked shorts' line if wanted, collaterals, options.
    lots
        Units of each row's underlying that one lot is, by index.
    perpetual, naked
        Their indexes; None where there is none.
    collaterals, options
        Indexes, in the market's order.
    nodes
        What each node column is, in words.
    layout
        The rows' shape.
    """

    rows: dict[int, Row]
    lots: dict[int, Fraction]
    perpetual: int | None
    naked: int | None
    collaterals: tuple[int, ...]
    options: tuple[int, ...]
    nodes: tuple[str, ...]
    layout: Layout


def portfolio_table(
    market: PortfolioMarket, level: Level, layout: Layout, naked_line: bool = True
) -> PortfolioTable:
    """Build the rows of one underlying's market.

    Parameters
    ----------
    market
        Prices, feeds, parameters and scenarios; the rows are at these prices, without a band.
    level
        ``maintenance`` or ``initial``.
    layout
        With the extension ``one_sided`` the table is exact; with ``charges`` and ``subgroups``, from above.
    naked_line
        Whether naked shorts have a line on which the attestor states them.

    Raises
    ------
    FormatError
        When a layout has not the extensions, or the scenarios and expiries do not fit it.
    """
    if "one_sided" in layout.extensions:
        builder: _Builder = _Exact(market, level, layout, naked_line)
    elif {"charges", "subgroups"} <= set(layout.extensions):
        builder = _FromAbove(market, level, layout, naked_line)
    else:
        raise FormatError(
            "layout",
            "cannot carry discounts by expiry",
            value=layout.name,
            mend="Take one with one-sided nodes, or with charges and subgroups",
        )
    table = builder.table()
    for index, row in table.rows.items():
        try:
            row_valid(row, layout)
        except FormatError as error:
            raise error.within("", prefix=f"rows[{index}]") from None
    return table


class _Builder:
    """What both tables share."""

    def __init__(self, market: PortfolioMarket, level: Level, layout: Layout, naked_line: bool) -> None:
        self.market, self.layout, self.naked_line = market, layout, naked_line
        self.initial = level == "initial"
        self.factor = self._loss_factor()
        self.moves = tuple(each for each in market.scenarios if not each.is_skew and each.dampening)
        self.skews = tuple(each for each in market.scenarios if each.is_skew and each.dampening)
        if len(self.skews) > _SKEW_NODES:
            raise FormatError(
                "scenarios", f"have {len(self.skews)} skews", mend=f"A table carries {_SKEW_NODES}"
            )
        self.expiries = {each.seconds: ExpiryValues(market, each) for each in market.expiries}
        self.subgroups = {seconds: place + 1 for place, seconds in enumerate(sorted(self.expiries))}
        self.lot = market.lot or parse_decimal(choose_lot(_text(market.spot)))

    def _loss_factor(self) -> Fraction:
        margin, other = self.market.parameters["Margin"], self.market.parameters["OtherContingency"]
        if not self.initial:
            return margin["MM_LOSS_FACTOR"]
        off_peg = max(_ZERO, other["PEG_LOSS_THRESHOLD"] - self.market.stable)
        return margin["IM_LOSS_FACTOR"] + off_peg * other["PEG_LOSS_FACTOR"]

    def table(self) -> PortfolioTable:
        """Rows in their order."""
        rows: list[Row] = []
        lots: list[Fraction] = []

        def add(row: Row, lot: Fraction) -> int:
            rows.append(row)
            lots.append(lot)
            return len(rows) - 1

        market = self.market
        perpetual = None if market.perpetual_price is None else add(self._perpetual(), self.lot)
        naked = add(self._naked(), self.lot) if self.naked_line else None
        collaterals = []
        for each in market.collaterals:
            lot = each.lot or parse_decimal(choose_lot(_text(each.price)))
            collaterals.append(add(self._collateral(each, lot), lot))
        options = [add(self.option(each), self.lot) for each in market.options]
        return PortfolioTable(
            rows=dict(enumerate(rows)),
            lots=dict(enumerate(lots)),
            perpetual=perpetual,
            naked=naked,
            collaterals=tuple(collaterals),
            options=tuple(options),
            nodes=tuple(self.labels()),
            layout=self.layout,
        )

    def option(self, option: PortfolioOption) -> Row:
        """An option's row."""
        raise NotImplementedError

    def labels(self) -> Iterator[str]:
        """What each node is, in words."""
        raise NotImplementedError

    def linear_nodes(self, value: Fraction) -> Iterator[Fraction]:
        """Exact nodes of what moves with the spot alone."""
        raise NotImplementedError

    def moved(self, value: Fraction, scenario: PortfolioScenario) -> Fraction:
        """What a linear value gains in a scenario."""
        return self.factor * scenario.dampening * (scenario.spot - 1) * value

    def _perpetual(self) -> Row:
        market, other = self.market, self.market.parameters["OtherContingency"]
        price = market.perpetual_price or _ZERO
        share = other["MM_PERP_PERCENT"]
        if self.initial:
            doubt = self._doubt(min(market.spot_confidence, market.perpetual_confidence))
            share += other["IM_PERP_PERCENT"] + doubt
        side = addon(share * market.spot * self.lot)
        return self._linear(price * self.lot, price * self.lot, side, side)

    def _naked(self) -> Row:
        """The attested line of naked shorts: worth nothing, charged a unit of the underlying."""
        return self._linear(_ZERO, _ZERO, addon(self.naked_charge() * self.lot), PROHIBITIVE)

    def _collateral(self, given: PortfolioCollateral, lot: Fraction) -> Row:
        value = given.price / self.market.stable * lot
        share = given.maintenance_haircut
        if self.initial:
            share += given.initial_haircut
            share += self._doubt(min(given.confidence, self.market.spot_confidence))
        moving = value if given.risk_cancelling else _ZERO
        return self._linear(value, moving, addon(share * value), PROHIBITIVE)

    def _linear(self, mark: Fraction, moving: Fraction, addon_long: int, addon_short: int) -> Row:
        nodes = tuple(unit_value(each) for each in self.linear_nodes(moving))
        return self.row(unit_value(mark), nodes, nodes, addon_long, addon_short)

    def row(
        self,
        mark: int,
        nodes: tuple[int, ...],
        alternatives: tuple[int, ...],
        addon_long: int,
        addon_short: int,
    ) -> Row:
        """A row of no subgroup."""
        carries = self.layout.extensions
        return Row(
            group=_GROUP,
            mark=mark,
            nodes=nodes,
            addon_long=addon_long,
            addon_short=addon_short,
            brackets=(Bracket(0, 0, LARGEST_SIZE),) * self.layout.brackets,
            alternatives=alternatives if "alternatives" in carries else (),
        )

    def naked_charge(self) -> Fraction:
        """What a unit of a naked short costs."""
        other = self.market.parameters["OtherContingency"]
        share = other["MM_OPTION_PERCENT"]
        if self.initial:
            share += other["IM_OPTION_PERCENT"]
        return share * self.market.spot

    def option_addons(self, option: PortfolioOption) -> tuple[Fraction, Fraction]:
        """What a unit of an option costs, held long and short."""
        both = _ZERO
        if self.initial:
            confidence = min(self.market.spot_confidence, self.expiries[option.seconds].expiry.confidence)
            if self.market.perpetual_price is not None:
                confidence = min(confidence, self.market.perpetual_confidence)
            both = self._doubt(confidence) * self.market.spot
        return both, both if self.naked_line else both + self.naked_charge()

    def _doubt(self, confidence: Fraction) -> Fraction:
        other = self.market.parameters["OtherContingency"]
        return (1 - confidence) * other["CONF_MARGIN"] if confidence < other["CONF_THRESHOLD"] else _ZERO

    def basis_moves(self, option: PortfolioOption) -> tuple[Mpfr, Mpfr]:
        """What a lot gains in the basis contingency's two scenarios, times all factors."""
        expiry = self.expiries[option.seconds]
        basis = self.market.parameters["BasisContingency"]
        scale = number(self.factor * expiry.basis_factor() * self.lot)
        mark = expiry.value(option)
        shocks = (basis["SCENARIO_SPOT_UP"], basis["SCENARIO_SPOT_DOWN"])
        values = [expiry.value(option, PortfolioScenario(shock, "None", _ONE)) for shock in shocks]
        with machine().arithmetic():
            return scale * (values[0] - mark), scale * (values[1] - mark)

    def move(self, option: PortfolioOption, scenario: PortfolioScenario, discount: Mpfr) -> Mpfr:
        """What a lot gains in a scenario at one discount, times all factors."""
        expiry = self.expiries[option.seconds]
        value, mark = expiry.value(option, scenario), expiry.value(option)
        with machine().arithmetic():
            return number(self.factor * scenario.dampening * self.lot) * (discount * value - mark)

    def mark(self, option: PortfolioOption) -> int:
        """An option's unit value."""
        return unit_value(exact(self.expiries[option.seconds].value(option)) * self.lot)

    def fit(self, count: int, room: int) -> None:
        """Refuse more nodes than there is room for."""
        if count > room:
            raise FormatError(
                "scenarios",
                f"need {count} nodes",
                mend=f"The layout {self.layout.name} has room for {room}",
            )


class _Exact(_Builder):
    """Discounts by alternatives; the last three nodes are one-sided."""

    def __init__(self, market: PortfolioMarket, level: Level, layout: Layout, naked_line: bool) -> None:
        super().__init__(market, level, layout, naked_line)
        self.room = layout.nodes - 1 - _SKEW_NODES
        self.fit(len(self.moves), self.room)
        self.still = self.room - len(self.moves)

    def labels(self) -> Iterator[str]:
        """Still nodes first, then the scenarios in the venue's order, then the one-sided ones."""
        yield from ["none"] * self.still
        yield from (_label(each) for each in self.moves)
        yield "basis"
        yield from (_label(each) for each in self.skews)
        yield from ["none"] * (_SKEW_NODES - len(self.skews))

    def linear_nodes(self, value: Fraction) -> Iterator[Fraction]:
        """In the order of `labels`."""
        yield from [_ZERO] * self.still
        yield from (self.moved(value, each) for each in self.moves)
        yield _ZERO
        yield from (self.moved(value, each) for each in self.skews)
        yield from [_ZERO] * (_SKEW_NODES - len(self.skews))

    def option(self, option: PortfolioOption) -> Row:
        """The two columns differ in the discount."""
        discounts = self.expiries[option.seconds].discounts
        plain = discounts
        if discounts[0] > discounts[1]:
            # A gain that counts for more than a loss costs is no minimum of the two: one of them bounds it.
            plain = (min(discounts, key=lambda each: abs(each - 1)),) * 2
        columns = []
        basis = self.basis_moves(option)
        for side in range(2):
            moves = [self.move(option, each, plain[side]) for each in self.moves]
            skews = [self._skew(option, each, side) for each in self.skews]
            units = [unit_value(exact(each)) for each in (*moves, basis[side], *skews)]
            columns.append((*[0] * self.still, *units, *[0] * (_SKEW_NODES - len(self.skews))))
        long, short = self.option_addons(option)
        row = self.row(
            self.mark(option), columns[0], columns[1], addon(long * self.lot), addon(short * self.lot)
        )
        return replace(row, subgroup=self.subgroups[option.seconds])

    def _skew(self, option: PortfolioOption, scenario: PortfolioScenario, side: int) -> Mpfr:
        """Where d⁺ > d⁻ the move is the better of the two; the worse of both negated has the same size."""
        discounts = self.expiries[option.seconds].discounts
        moved = self.move(option, scenario, discounts[side])
        return machine().context.minus(moved) if discounts[0] > discounts[1] else moved


@dataclass(frozen=True)
class _Reference:
    """The scenarios that an expiry's own loss is taken at, and what each side pays beside, a lot.

    Attributes
    ----------
    scenarios
        Up and down.
    excess_long, excess_short
        By option, without factors for level and lot.
    """

    scenarios: tuple[PortfolioScenario, PortfolioScenario]
    excess_long: dict[PortfolioOption, Mpfr]
    excess_short: dict[PortfolioOption, Mpfr]


class _FromAbove(_Builder):
    """No alternatives: discounts by subgroups' own losses, skews by charges on gross size."""

    def __init__(self, market: PortfolioMarket, level: Level, layout: Layout, naked_line: bool) -> None:
        super().__init__(market, level, layout, naked_line)
        held = sorted(self.expiries)
        if len(held) > _EXPIRIES_FROM_ABOVE:
            raise FormatError(
                "expiries",
                f"are {len(held)}",
                mend=f"Without alternatives a table carries {_EXPIRIES_FROM_ABOVE}; take one-sided nodes",
            )
        self.patterns = [each for each in product((None, 0, 1), repeat=len(held)) if set(each) != {None}]
        self.room = layout.nodes - _SKEW_NODES
        count = len(self.moves) + len(self.patterns)
        self.fit(count, self.room)
        self.still = self.room - count
        self.references = {seconds: self._reference(seconds) for seconds in held}

    def labels(self) -> Iterator[str]:
        """Still nodes, scenarios, the basis contingency's patterns, the skews."""
        yield from ["none"] * self.still
        yield from (_label(each) for each in self.moves)
        for pattern in self.patterns:
            yield "basis " + " ".join("none" if way is None else ("up", "down")[way] for way in pattern)
        yield from (_label(each) for each in self.skews)
        yield from ["none"] * (_SKEW_NODES - len(self.skews))

    def linear_nodes(self, value: Fraction) -> Iterator[Fraction]:
        """In the order of `labels`."""
        yield from [_ZERO] * self.still
        yield from (self.moved(value, each) for each in self.moves)
        yield from [_ZERO] * len(self.patterns)
        yield from (self.moved(value, each) for each in self.skews)
        yield from [_ZERO] * (_SKEW_NODES - len(self.skews))

    def option(self, option: PortfolioOption) -> Row:
        """Nodes at the discount of a positive net value, and what a negative one costs beside."""
        expiry, reference = self.expiries[option.seconds], self.references[option.seconds]
        discount = self._discount(expiry)
        place = self.subgroups[option.seconds] - 1
        basis = self.basis_moves(option)
        moved = [self.move(option, each, discount) for each in (*self.moves, *self.skews)]
        patterns = [
            number(0) if pattern[place] is None else basis[pattern[place] or 0] for pattern in self.patterns
        ]
        count = len(self.moves)
        ordered = [unit_value(exact(each)) for each in (*moved[:count], *patterns, *moved[count:])]
        nodes = (*[0] * self.still, *ordered, *[0] * (_SKEW_NODES - len(self.skews)))
        gap = self._gap(expiry)
        long, short = self.option_addons(option)
        scale = self.factor * self.lot
        excess = (reference.excess_long[option], reference.excess_short[option])
        beside = [scale * exact(gap) * exact(each) for each in excess]
        charge_long, charge_short = self._skew_charges(option)
        row = self.row(
            self.mark(option),
            nodes,
            (),
            # One unit more than elsewhere: a subnode is rounded too.
            addon(long * self.lot + beside[0]) + 1,
            addon(short * self.lot + beside[1]) + 1,
        )
        return replace(
            row,
            charge_long=addon(charge_long) - 1,
            charge_short=addon(charge_short) - 1,
            subgroup=self.subgroups[option.seconds],
            subnodes=tuple(
                unit_value(scale * exact(gap) * each.dampening * exact(expiry.value(option, each)))
                for each in reference.scenarios
            ),
        )

    def _discount(self, expiry: ExpiryValues) -> Mpfr:
        """Of every plain node."""
        positive, negative = expiry.discounts
        if positive <= negative:
            return positive
        return min((positive, negative), key=lambda each: abs(each - 1))

    def _gap(self, expiry: ExpiryValues) -> Mpfr:
        """d⁻ − d⁺, where that is what a negative net value costs beside."""
        positive, negative = expiry.discounts
        with machine().arithmetic():
            return max(number(0), negative - positive)

    def _skew_charges(self, option: PortfolioOption) -> tuple[Fraction, Fraction]:
        """Twice what a lot may add to its expiry's gain: it counts as a loss, and the node has it as a gain.

        The move is at most f·(δ·V − M) for every δ between the discounts; so 1, where that is between them.
        """
        positive, negative = self.expiries[option.seconds].discounts
        one = min(max(positive, number(1)), negative)
        rates = (one,) if positive <= negative else (positive, negative)
        gains = [exact(self.move(option, each, rate)) for each in self.skews for rate in rates]
        return 2 * max([_ZERO, *gains]), 2 * max([_ZERO, *(-each for each in gains)])

    def _reference(self, seconds: int) -> _Reference:
        """Two scenarios, and by how much any other may exceed a mixture of them, option by option."""
        expiry = self.expiries[seconds]
        options = [each for each in self.market.options if each.seconds == seconds]
        scenarios = (*self.moves, *self.skews)
        if not scenarios or not options:
            still = PortfolioScenario(_ONE, "None", _ZERO)
            nothing = dict.fromkeys(options, number(0))
            return _Reference((still, still), nothing, nothing)
        with machine().arithmetic():
            values = {
                each: [number(each.dampening) * expiry.value(option, each) for option in options]
                for each in scenarios
            }
            best = []
            for call in (True, False):
                sides = [place for place, option in enumerate(options) if option.call == call]
                best.append(max(scenarios, key=lambda each: sum(values[each][place] for place in sides)))
            up, down = best
            long, short = [number(0)] * len(options), [number(0)] * len(options)
            for each in scenarios:
                excess = _excess(values[each], values[up], values[down], _between(each, up, down))
                long = [max(pair) for pair in zip(long, excess[0], strict=True)]
                short = [max(pair) for pair in zip(short, excess[1], strict=True)]
        return _Reference(
            (up, down), dict(zip(options, long, strict=True)), dict(zip(options, short, strict=True))
        )


def _excess(
    values: Sequence[Mpfr], up: Sequence[Mpfr], down: Sequence[Mpfr], between: Fraction
) -> tuple[list[Mpfr], list[Mpfr]]:
    """What a mixture of two scenarios leaves uncovered, for each option long and short; the least mixture.

    For weights a, b ≥ 0 with a + b ≤ 1 a subgroup's loss is at least −Σ q·(a·up + b·down); so a scenario's
    −Σ q·v is at most that, plus Σ |q|·(by how much v and its mixture differ, on the side that hurts).
    """
    found: list[tuple[Mpfr, int, tuple[list[Mpfr], list[Mpfr]]]] = []
    for step in range(_WEIGHTS + 1):
        weight = Fraction(step, _WEIGHTS)
        above, below = number(weight * between), number(weight * (1 - between))
        mixed = [above * first + below * second for first, second in zip(up, down, strict=True)]
        short = [max(number(0), v - other) for v, other in zip(values, mixed, strict=True)]
        long = [max(number(0), other - v) for v, other in zip(values, mixed, strict=True)]
        found.append((sum(long) + sum(short), step, (long, short)))
    return min(found)[2]


def _between(scenario: PortfolioScenario, up: PortfolioScenario, down: PortfolioScenario) -> Fraction:
    """Where a scenario's spot lies between two others': 1 at `up`, 0 at `down`."""
    if up.spot == down.spot:
        return Fraction(1, 2)
    return min(_ONE, max(_ZERO, (scenario.spot - down.spot) / (up.spot - down.spot)))


def _label(scenario: PortfolioScenario) -> str:
    spot, dampening = float(scenario.spot), float(scenario.dampening)
    return f"spot {spot:g} volatility {scenario.volatility} dampened {dampening:g}"


def _text(value: Fraction) -> str:
    """A price as decimal text, cut where a lot no longer depends on it."""
    return int_to_text(max(1, value.numerator * 10**18 // value.denominator), 18)
