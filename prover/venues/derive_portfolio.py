"""Derive's second portfolio margin manager (PMRM_2), in plain floats, from its public rules.

Source: derivexyz/v2-core, src/risk-managers/PMRM_2.sol and PMRMLib_2.sol (formulas only). The rules:

* An option is worth Black-76 on its expiry's forward, discounted at the expiry's rate (never below zero). In
  the last 30 minutes part of the forward is settled: a shock of the spot moves only the part still to come.
* A scenario is (spot shock, volatility shock, dampening factor). What it moves is, for each expiry, its
  shocked net value, discounted *by the sign of that net value*, less its present value; perpetuals and
  risk-cancelling collateral move with the spot. All of it times the dampening factor.
* Two skew scenarios shock each strike's volatility instead of the spot. Of an expiry's move they take minus
  the absolute value. (The manager refuses a skew scenario that also moves the spot. One published case has
  one all the same, and its figure follows from the ABS cap on the signed distance: so it is computed here.)
* The basis contingency adds, for each expiry, the worse of its moves at two spot shocks (or nothing), times
  a factor that grows with time.
* The worst of these, times a loss factor (higher for initial margin while the stablecoin is off its peg),
  less contingencies on perpetuals, naked shorts by strike, collateral haircuts and low oracle confidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import copysign, exp, inf, log, sqrt
from typing import Any

from .black import black76

__all__ = [
    "DAY",
    "YEAR",
    "Collateral",
    "Expiry",
    "Option",
    "Parameters",
    "Portfolio",
    "Result",
    "Scenario",
    "evaluate",
    "from_case",
    "option_value",
    "portion",
    "scenario_volatility",
    "skewed_volatility",
    "static_discounts",
]

DAY = 86_400
YEAR = 365 * DAY
_MONTH = 30 * DAY
_SETTLING = 1_800
"""Seconds before expiry from which the forward is an average, part of it already settled."""

_SKEWS = ("LINEAR", "ABS")


@dataclass(frozen=True)
class Scenario:
    """One of the manager's scenarios.

    Attributes
    ----------
    spot
        What the spot is multiplied by.
    volatility
        ``Up``, ``Down``, ``None``, ``LINEAR`` or ``ABS``.
    dampening
        What the move is multiplied by.
    """

    spot: float
    volatility: str
    dampening: float


@dataclass(frozen=True)
class Option:
    """One option held.

    Attributes
    ----------
    seconds
        To expiry.
    strike
        Quote units.
    call
        A call, else a put.
    amount
        Signed, units of the underlying.
    volatility
        The mark's, a year.
    """

    seconds: int
    strike: float
    call: bool
    amount: float
    volatility: float


@dataclass(frozen=True)
class Expiry:
    """An expiry's feeds.

    Attributes
    ----------
    seconds
        To expiry.
    forward
        Quote units.
    rate
        Interest a year; below zero counts as zero.
    confidence
        The least of the forward's, the rate's and the volatilities'.
    """

    seconds: int
    forward: float
    rate: float
    confidence: float = 1.0


@dataclass(frozen=True)
class Collateral:
    """One collateral held.

    Attributes
    ----------
    amount
        Units, not negative.
    price
        In dollars a unit; worth ``price / stable`` quote units.
    risk_cancelling
        Whether it moves with the spot shocks.
    initial_haircut, maintenance_haircut
        Shares of the value; the initial level charges both.
    confidence
        Of its price feed.
    """

    amount: float
    price: float
    risk_cancelling: bool
    initial_haircut: float
    maintenance_haircut: float
    confidence: float = 1.0


@dataclass(frozen=True)
class Parameters:
    """The manager's parameters by group, in the names of its published cases."""

    skew: Mapping[str, float]
    volatility: Mapping[str, float]
    margin: Mapping[str, float]
    basis: Mapping[str, float]
    other: Mapping[str, float]


@dataclass(frozen=True)
class Portfolio:
    """An account and the feeds it is valued at; money in quote units.

    Attributes
    ----------
    perpetual_cash
        Unrealised profit and unpaid funding of the perpetual.
    """

    cash: float
    spot: float
    spot_confidence: float = 1.0
    stable: float = 1.0
    perpetuals: float = 0.0
    perpetual_price: float = 0.0
    perpetual_confidence: float = 1.0
    perpetual_cash: float = 0.0
    collaterals: Sequence[Collateral] = ()
    options: Sequence[Option] = ()
    expiries: Mapping[int, Expiry] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """Every figure of a case, in quote units.

    Attributes
    ----------
    initial, maintenance
        What is left of the account's value above its margin.
    scenarios
        Profit or loss at each scenario.
    basis
        The basis contingency, not positive.
    value
        Mark to market with cash.
    option_value, collateral_value
        Parts of it.
    oracle
        Contingency for low confidence; initial margin only.
    discounts
        Static discounts of each expiry that options are held in, in the order first met: for a positive and
        for a negative net value.
    """

    initial: float
    maintenance: float
    scenarios: tuple[float, ...]
    basis: float
    value: float
    option_value: float
    collateral_value: float
    oracle: float
    discounts: tuple[tuple[float, float], ...]


def evaluate(portfolio: Portfolio, parameters: Parameters, scenarios: Sequence[Scenario]) -> Result:
    """Margin a portfolio.

    Raises
    ------
    KeyError
        When an option's expiry has no feeds, or a parameter is missing.
    """
    held: dict[int, list[Option]] = {}
    for option in portfolio.options:
        held.setdefault(option.seconds, []).append(option)
    books = [_Book(portfolio.expiries[seconds], options, parameters) for seconds, options in held.items()]
    moves = tuple(_scenario(portfolio, books, scenario) for scenario in scenarios)
    basis = sum(book.basis() for book in books)
    maintenance, initial, oracle = _contingencies(portfolio, books, parameters)
    option_value = sum(book.value for book in books)
    collateral_value = sum(_worth(each, portfolio) for each in portfolio.collaterals)
    value = portfolio.cash + portfolio.perpetual_cash + option_value + collateral_value
    worst = min((basis, *moves))
    initial_factor = parameters.margin["IM_LOSS_FACTOR"] + _peg_factor(portfolio, parameters)
    return Result(
        initial=value + worst * initial_factor - initial - maintenance - oracle,
        maintenance=value + worst * parameters.margin["MM_LOSS_FACTOR"] - maintenance,
        scenarios=moves,
        basis=basis,
        value=value,
        option_value=option_value,
        collateral_value=collateral_value,
        oracle=oracle,
        discounts=tuple(book.discounts for book in books),
    )


class _Book:
    """One expiry's options."""

    def __init__(self, expiry: Expiry, options: Sequence[Option], parameters: Parameters) -> None:
        self.expiry = expiry
        self.options = options
        self.parameters = parameters
        self.discounts = static_discounts(expiry, parameters)
        self.value = self._net(1.0, "None")

    def _net(self, spot: float, volatility: str) -> float:
        return sum(
            option.amount
            * option_value(option, self.expiry, Scenario(spot, volatility, 1.0), self.parameters)
            for option in self.options
        )

    def move(self, scenario: Scenario) -> float:
        """What a scenario takes or gives, dampened."""
        shocked = self._net(scenario.spot, scenario.volatility)
        moved = (shocked * self.discounts[shocked < 0] - self.value) * scenario.dampening
        return -abs(moved) if scenario.volatility in _SKEWS else moved

    def basis(self) -> float:
        """Its part of the basis contingency: undiscounted moves at two spot shocks."""
        basis = self.parameters.basis
        shocks = (basis["SCENARIO_SPOT_UP"], basis["SCENARIO_SPOT_DOWN"])
        worst = min(0.0, *(self._net(shock, "None") - self.value for shock in shocks))
        years = self.expiry.seconds / YEAR
        return worst * (basis["BASIS_CONT_ADD_FACTOR"] + basis["BASIS_CONT_MULT_FACTOR"] * years)

    def naked_shorts(self) -> float:
        """By strike, calls and puts together: what is sold above what is bought."""
        net: dict[float, float] = {}
        for option in self.options:
            net[option.strike] = net.get(option.strike, 0.0) + option.amount
        return sum(max(0.0, -amount) for amount in net.values())

    def gross(self) -> float:
        return sum(abs(option.amount) for option in self.options)


def _scenario(portfolio: Portfolio, books: Sequence[_Book], scenario: Scenario) -> float:
    """Profit or loss at one scenario."""
    moves = scenario.dampening * (scenario.spot - 1.0)
    linear = portfolio.perpetuals * portfolio.perpetual_price + sum(
        _worth(each, portfolio) for each in portfolio.collaterals if each.risk_cancelling
    )
    return linear * moves + sum(book.move(scenario) for book in books)


def _worth(collateral: Collateral, portfolio: Portfolio) -> float:
    return collateral.amount * collateral.price / portfolio.stable


def _contingencies(
    portfolio: Portfolio, books: Sequence[_Book], parameters: Parameters
) -> tuple[float, float, float]:
    """(maintenance, further for initial, oracle) contingencies."""
    other = parameters.other
    perpetual = abs(portfolio.perpetuals) * portfolio.spot
    sold = portfolio.spot * sum(book.naked_shorts() for book in books)
    maintenance = perpetual * other["MM_PERP_PERCENT"] + sold * other["MM_OPTION_PERCENT"]
    initial = perpetual * other["IM_PERP_PERCENT"] + sold * other["IM_OPTION_PERCENT"]
    confidence = portfolio.spot_confidence
    if portfolio.perpetuals:
        confidence = min(confidence, portfolio.perpetual_confidence)
    oracle = perpetual * _doubt(confidence, other)
    for book in books:
        oracle += portfolio.spot * book.gross() * _doubt(min(confidence, book.expiry.confidence), other)
    for each in portfolio.collaterals:
        worth = _worth(each, portfolio)
        maintenance += worth * each.maintenance_haircut
        initial += worth * each.initial_haircut
        oracle += worth * _doubt(min(each.confidence, portfolio.spot_confidence), other)
    return maintenance, initial, oracle


def _doubt(confidence: float, other: Mapping[str, float]) -> float:
    """Share of a notional that a low confidence costs."""
    return (1.0 - confidence) * other["CONF_MARGIN"] if confidence < other["CONF_THRESHOLD"] else 0.0


def _peg_factor(portfolio: Portfolio, parameters: Parameters) -> float:
    """What a stablecoin below its threshold adds to the initial loss factor."""
    other = parameters.other
    return max(0.0, other["PEG_LOSS_THRESHOLD"] - portfolio.stable) * other["PEG_LOSS_FACTOR"]


def portion(seconds: int) -> float:
    """Share of the forward that a spot shock still moves: all of it until 30 minutes before expiry."""
    return min(1.0, seconds / _SETTLING)


def option_value(option: Option, expiry: Expiry, scenario: Scenario, parameters: Parameters) -> float:
    """One unit's value at a scenario, before the static discount and the dampening."""
    forward = expiry.forward
    if scenario.volatility in _SKEWS:
        # At the present forward, whatever the spot shock.
        volatility = skewed_volatility(option, expiry, scenario, parameters.skew)
    else:
        moving = portion(expiry.seconds)
        forward *= moving * scenario.spot + (1.0 - moving)
        volatility = scenario_volatility(option, expiry, scenario.volatility, parameters)
    years = expiry.seconds / YEAR
    return black76(
        forward,
        option.strike,
        volatility,
        years,
        option.call,
        exp(-max(0.0, expiry.rate) * years),
    )


def scenario_volatility(option: Option, expiry: Expiry, shock: str, parameters: Parameters) -> float:
    """The volatility that a scenario with no skew prices an option with.

    Raises
    ------
    ValueError
        For a shock of another name.
    """
    volatility = parameters.volatility
    if shock == "None":
        return option.volatility
    if shock not in ("Up", "Down"):
        raise ValueError(f"no volatility shock is called {shock}")
    seconds = max(expiry.seconds, volatility["DTE_FLOOR"] * DAY)
    power = volatility["SHORTTERMPOWER" if expiry.seconds <= _MONTH else "LONGTERMPOWER"]
    scale = (_MONTH / seconds) ** power if seconds > 0 else inf
    if shock == "Up":
        shocked = option.volatility * (1.0 + volatility["VOLRANGEUP"] * scale)
        return max(volatility["MIN_VOL_EVAL_SHOCKED"], shocked)
    return option.volatility * max(0.0, 1.0 - volatility["VOLRANGEDOWN"] * scale)


def skewed_volatility(option: Option, expiry: Expiry, scenario: Scenario, skew: Mapping[str, float]) -> float:
    """The volatility with the wings raised or lowered, by the strike's distance from the forward."""
    root = sqrt(expiry.seconds / YEAR)
    kind = scenario.volatility if scenario.spot == 1.0 else "ABS"
    cap = skew[f"{kind}_SCALE_CAP"] + skew[f"{kind}_CBASE"] * root
    flat = root * skew["MIN_WIDTH_SCALE"] * (skew["VOL_PARAM_STATIC"] + skew["VOL_PARAM_SCALE"] * root)
    distance = log(option.strike / expiry.forward)
    if scenario.volatility == "ABS":
        distance = abs(distance)
    width = max(skew["MIN_K_STAR"], flat)
    # With no width at all every strike but the forward's is in a wing.
    slope = distance * cap / width if width else copysign(inf, distance * cap) if distance * cap else 0.0
    move = min(cap, slope) if distance >= 0 else max(-cap, slope)
    return option.volatility * max(0.0, 1.0 + move)


def static_discounts(expiry: Expiry, parameters: Parameters) -> tuple[float, float]:
    """Factors on an expiry's net value where that is positive, and where it is negative."""
    margin = parameters.margin
    years = expiry.seconds / YEAR
    rate = max(0.0, expiry.rate)
    long_rate = rate * margin["LONG_RATE_MULTSCALE"] + margin["LONG_RATE_ADDSCALE"]
    short_rate = rate * margin["SHORT_RATE_MULTSCALE"] + margin["SHORT_RATE_ADDSCALE"]
    return (
        margin["BASE_STATIC_DISCOUNT"] * exp(-long_rate * years),
        min(exp(rate * years), margin["BASE_STATIC_DISCOUNT_NEG"] * exp(short_rate * years)),
    )


def from_case(case: Mapping[str, Any]) -> tuple[Portfolio, Parameters]:
    """Read a published case: members ``portfolio`` and ``params``.

    Raises
    ------
    KeyError, TypeError, ValueError
        When it is of another shape.
    """
    book, params = case["portfolio"], case["params"]
    portfolio = Portfolio(
        cash=float(book["cash"]),
        spot=float(book["spot"]),
        spot_confidence=float(book["spot_conf"]),
        stable=float(book["stable"]),
        perpetuals=float(book["perps"]),
        perpetual_price=float(book["perp_price"]),
        perpetual_confidence=float(book["perp_conf"]),
        perpetual_cash=float(book["perp_upnl"]) + float(book["perp_funding"]),
        collaterals=tuple(_collaterals(book["collaterals"])),
        options=tuple(_options(book["options"])),
        expiries={int(feed["FeedExpiry"]): _expiry(feed) for feed in book["feeds"]},
    )
    names = ("SkewShock", "VolShock", "Margin", "BasisContingency", "OtherContingency")
    return portfolio, Parameters(
        *({key: float(each) for key, each in params[name].items()} for name in names)
    )


def _options(entries: Sequence[Mapping[str, Any]]) -> Iterator[Option]:
    for entry in entries:
        yield Option(
            seconds=int(entry["sec_to_expiry"]),
            strike=float(entry["strike"]),
            call=bool(entry["is_call"]),
            amount=float(entry["amount"]),
            volatility=float(entry["mark_vol"]),
        )


def _collaterals(entries: Sequence[Mapping[str, Any]]) -> Iterator[Collateral]:
    for entry in entries:
        yield Collateral(
            amount=float(entry["amount"]),
            price=float(entry["price"]),
            risk_cancelling=bool(entry["risk_cancelling"]),
            initial_haircut=float(entry["im_haircut"]),
            maintenance_haircut=float(entry["mm_haircut"]),
            confidence=float(entry["conf"]),
        )


def _expiry(feed: Mapping[str, Any]) -> Expiry:
    confidences = (feed["ForwardConfidence"], feed["RateConfidence"], feed["OptionVolConfidences"])
    return Expiry(
        seconds=int(feed["FeedExpiry"]),
        forward=float(feed["Forward"]),
        rate=float(feed["Rate"]),
        confidence=min(float(each) for each in confidences),
    )
