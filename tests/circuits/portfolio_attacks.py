"""Attacks on what a portfolio margin adds: charges on gross size, subgroups, either-or, discounts by sign.

As in `attacks`: the real circuit must refuse each, and a circuit with the bug planted that it is made for
must accept it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.circuits.accounts import Account, Inputs, Market, circuit_inputs, report
from tests.circuits.attacks import Attack, account, known, market, on, swap
from tests.circuits.reduced import reduced, source
from tests.circuits.references import CHARGED
from tests.circuits.references import ONE_SIDED as ONE_SIDED_NODES
from tests.circuits.solving import Attempt, attempt
from tests.circuits.templates import Built
from verifier.circuits import Instance
from verifier.field import R
from verifier.rows import Bracket, Row

_LOT = 10**8
_QUOTE = 10**6
_CASH = 10**14
_HALF = pow(2, -1, R)
_FREE = Bracket(0, 0, 10**6 * _LOT)

PORTFOLIO = reduced(CHARGED, slots=2)
ONE_SIDED = reduced(ONE_SIDED_NODES, slots=2)


def _line(nodes: tuple[int, ...], **further: int | tuple[int, ...]) -> Row:
    """A row worth nothing at its mark, by profits in whole quote units a lot."""
    plain = Row(1, 0, tuple(_QUOTE * node for node in nodes), 0, 0, (_FREE,))
    scaled = {name: value if name == "subgroup" else _scaled(value) for name, value in further.items()}
    return replace(plain, **scaled)  # type: ignore[arg-type]


def _scaled(value: int | tuple[int, ...]) -> int | tuple[int, ...]:
    return tuple(_QUOTE * each for each in value) if isinstance(value, tuple) else _QUOTE * value


# Cheap one by one, and cheap together: 11 quote units either way, 2 if the two could be mixed.
_MIXED = {
    0: _line((-10, 0, 0, 0), isolated_long=1),
    5: _line((-1, 0, 0, 0), isolated_long=10),
}
# A subgroup that loses 7 at one of its nodes.
_SUBGROUP = {
    0: _line((0, 0, 0, 0), subgroup=3, subnodes=(5, -7)),
    5: _line((0, 0, 0, 0)),
}
_DISCOUNTED = {
    0: _line((0,) * 5, subgroup=3, subnodes=(5, -7), alternatives=(0,) * 5),
    5: _line((0,) * 5, alternatives=(0,) * 5),
}
# One expiry gains 20 at a node where that counts as a loss; either half alone, with its worse sum, nothing.
_HALVES = {
    0: _line((0, 0, 0, 0, 20), subgroup=3, alternatives=(0, 0, 0, 0, 0)),
    5: _line((0, 0, 0, 0, 0), subgroup=3, alternatives=(0, 0, 0, 0, 20)),
}
_HELD = ((0, _LOT), (5, _LOT))


def held(rows: Mapping[int, Row], of: Instance, short: int) -> tuple[Account, Market]:
    """A lot of both rows, with `short` quote units of cash less than the account needs."""
    where = market(rows, layout=of.layout)
    made = replace(account(((0, _LOT),), 0), positions=_HELD, cash=0)
    return replace(made, cash=-report(made, where).excess - short * _CASH), where


def honest_portfolio() -> Inputs:
    """Inputs that the reduced portfolio circuit accepts, exactly at the boundary."""
    made, where = held(_SUBGROUP, PORTFOLIO, 0)
    return circuit_inputs(made, where, PORTFOLIO)


def whole(of: Instance, make: Callable[[], Inputs]) -> Attack:
    def run(built: Built) -> Attempt:
        return attempt(built, known(built, make()))

    return Attack((26,), source(of), run)


def _named_twice() -> Inputs:
    """One group under two names: the first position pays apart, the second by scenario."""
    made, where = held(_MIXED, PORTFOLIO, 9)
    inputs = circuit_inputs(made, where, PORTFOLIO)
    return {
        **inputs,
        "groups": [1, 1],
        "group_choice": [[1, 0], [0, 1]],
        "losses": [10 * _CASH, _CASH],
        "isolated_choice": [1, 0],
    }


def _left_out() -> Inputs:
    """The position that loses in its subgroup says that it is in none."""
    made, where = held(_SUBGROUP, PORTFOLIO, 7)
    inputs = circuit_inputs(made, where, PORTFOLIO)
    return {
        **inputs,
        "subgroup_choice": [[0, 0], [0, 0]],
        "sub_losses": [0, 0],
        "row_subgroup": [3, 0],
    }


def _halved() -> Inputs:
    """One expiry under two names, a position in each: neither half gains."""
    made, where = held(_HALVES, ONE_SIDED, 20)
    inputs = circuit_inputs(made, where, ONE_SIDED)
    return {
        **inputs,
        "losses": [0, 0],
        "cell_subgroup": [3, 3, 4],
        "cell_choice": [[1, 0, 0], [0, 1, 0]],
        "take_alternative": [[0, 0, 0, 0, 1], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
        "is_loss": [[1, 1, 1]] * 3,
    }


def honest_discount() -> Inputs:
    """Inputs that the reduced circuit with discounts accepts, exactly at the boundary."""
    made, where = held(_DISCOUNTED, ONE_SIDED, 0)
    return circuit_inputs(made, where, ONE_SIDED)


def honest_one_sided() -> Inputs:
    """The same of an account that its one-sided nodes bind."""
    made, where = held(_HALVES, ONE_SIDED, 0)
    return circuit_inputs(made, where, ONE_SIDED)


def _unpaid(rows: Mapping[int, Row], of: Instance) -> Callable[[], Inputs]:
    def make() -> Inputs:
        made, where = held(rows, of, 7)
        return circuit_inputs(made, where, of)

    return make


_CELLS: dict[str, Any] = {
    "used": [1, 1], "group": [7, 8], "subgroup": [3, 4], "groups": [7, 8], "cell_subgroup": [3, 4],
    "cell_group_choice": [[1, 0], [0, 1]], "cell_choice": [[1, 0], [0, 1]],
}  # fmt: skip
_DISCOUNT: dict[str, Any] = {
    "size": [1, 1, 0], "nodes": [[10, 10], [-10, -10], [0, 0]], "alternatives": [[4, 4], [-12, -12], [0, 0]],
    "choice": [[1, 0], [0, 1], [0, 0]], "in_cell": [[1, 0], [0, 1], [0, 0]], "in_group": [[1, 0], [0, 1]],
    "take_alternative": [[1, 1], [1, 1]],
}  # fmt: skip

_NAMES: dict[str, Any] = {
    "in_group": [[1, 0], [1, 0], [0, 1]], "groups": [3, 4], "cell_subgroup": [5, 6, 1],
}  # fmt: skip
_GAINS: dict[str, Any] = {
    "profits": [[0, 0, 0, 10], [0, 0, 0, 0]], "worse": [[0, 0, 0, 10], [0, 0, 0, 0]],
    "in_group": [[1, 0], [0, 1]], "is_loss": [[1, 1, 0], [1, 1, 1]],
}  # fmt: skip

PORTFOLIO_ATTACKS: dict[str, Attack] = {
    # choices of one or none
    "two subgroups at once": on("AtMostOne", (6,), active=1, choice=[1, 1, 0]),
    "a subgroup for an empty slot": on("AtMostOne", (32,), active=0, choice=[0, 1, 0]),
    "half of one subgroup and half of another": on("AtMostOne", (6,), active=1, choice=[_HALF, _HALF, 0]),
    "a position of a subgroup that names none": on(
        "SubgroupChoice", (6,), used=1, choice=[0, 0, 0], subgroups=[3, 4, 5], subgroup=3
    ),
    # charges
    "a short position charged as a long one": on(
        "SideCharge", (1,), magnitude=5, negative=1, long=1, short=9, charge=5
    ),
    "a charge that no group bears": on(
        "GroupCharges", (10,), magnitude=[5, 0], negative=[0, 0], choice=[[1, 0], [0, 1]], long=[3, 3],
        short=[3, 3], charges=[0, 0],
    ),
    "a mark that is not counted": on("Equity", (10,), cash=5, size=[2, 0], mark=[R - 3, 0], equity=5),
    "an addon without the bracket": on(
        "Addon", (10,), used=[1, 0], magnitude=[5, 0], negative=[0, 0], addon_long=[1, 0],
        addon_short=[1, 0], bracket_choice=[[1, 0], [0, 0]], rate=[[9, 9], [0, 0]],
        deduction=[[0, 0], [0, 0]], upper=[[10, 10], [1, 1]], addon=5,
    ),
    "a gross charge left out of the loss": on(
        "ChargedLosses", (26,), profits=[[0, 0, 0], [0, 0, 0]], charges=[9, 0], losses=[0, 0]
    ),
    "a gross charge at one node of two": on(
        "ChargedLosses", (26,), profits=[[9, 0, 9], [0, 0, 0]], charges=[9, 0], losses=[0, 0]
    ),
    "a negative charged loss": on(
        "ChargedLosses", (4, 26), profits=[[9, 9, 9], [0, 0, 0]], charges=[1, 0], losses=[R - 8, 0]
    ),
    "a negative loss of a subgroup": on(
        "SubgroupLoss", (4, 26), size=[10, 0], subnodes=[[2, 2], [0, 0]], choice=[[1, 0], [0, 1]],
        losses=[R - 20, 0],
    ),
    "a subgroup's second node skipped": on(
        "SubgroupLoss", (35,), size=[10, 0], subnodes=[[2, -2], [0, 0]], choice=[[1, 0], [0, 1]],
        losses=[0, 0],
    ),
    # either-or
    "a group named twice": on("AssertAscending", (6,), ids=[3, 3, 4]),
    "twice the isolated charge less the loss": on(
        "EitherOr", (6,), scan=[100, 0], isolated=[60, 0], choice=[2, 0], total=20
    ),
    "the cheaper half of each": whole(PORTFOLIO, _named_twice),
    # discounts
    "the better of two sums": on("WorseOf", (1,), own=5, other=9, take_other=1),
    "the better of two losses": on("WorseOf", (1,), own=R - 9, other=R - 5, take_other=1),
    "something between two sums": on("WorseOf", (6,), own=0, other=10, take_other=_HALF),
    "a position in another subgroup's cell": on(
        "CellChoice", (6,), **{**_CELLS, "cell_choice": [[1, 0], [0, 0]]}
    ),
    "a cell that nets two groups": on(
        "CellChoice", (6,), **{**_CELLS, "subgroup": [3, 3], "cell_choice": [[1, 0], [1, 0]]}
    ),
    "a cell counted in both groups": on(
        "DiscountedProfits", (10,), **_DISCOUNT, **{"profits[0][0]": R - 8, "profits[1][0]": R - 8}
    ),
    "a position in a cell counted without it as well": on(
        "DiscountedProfits", (10,), **_DISCOUNT, **{"profits[0][0]": 14, "profits[1][0]": R - 22}
    ),
    # one-sided nodes
    "a gain called a loss": on("Gain", (1,), profit=5, is_loss=1),
    "a loss called a gain": on("Gain", (1,), profit=R - 5, is_loss=0),
    "half of a gain": on("Gain", (6,), profit=10, is_loss=_HALF),
    "one cell under two names": on("AssertDistinctCells", (6,), **{**_NAMES, "cell_subgroup": [5, 5, 1]}),
    "one cell in a group of two names": on(
        "AssertDistinctCells", (6,), **{**_NAMES, "groups": [3, 3], "cell_subgroup": [5, 6, 6]}
    ),
    "a gain that counts as nothing where it is a loss": on(
        "OneSidedProfits", (10,), **_GAINS, **{"turned[0][3]": 0}
    ),
    "a gain of another group": on(
        "OneSidedProfits", (10,), **_GAINS, **{"turned[0][3]": R - 10, "turned[1][3]": R - 20}
    ),
    "halves of an expiry that gain nothing": whole(ONE_SIDED, _halved),
    # rows and claims
    "an isolated charge that is not in the leaf": swap("RowLeaf", (9,), "leaf", **{"further[6]": 0}),
    "a position left out of its subgroup": whole(PORTFOLIO, _left_out),
    "a subgroup's loss that is not paid": whole(PORTFOLIO, _unpaid(_SUBGROUP, PORTFOLIO)),
    "a subgroup's loss that is not paid beside discounts": whole(ONE_SIDED, _unpaid(_DISCOUNTED, ONE_SIDED)),
}  # fmt: skip
"""By name."""
