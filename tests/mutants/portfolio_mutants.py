"""Bugs planted in the circuits of a portfolio margin, and the attack that each lets through."""

from __future__ import annotations

from tests.mutants.circuit_mutants import ONE_SIDED, PORTFOLIO, UNCHECKED_LOSS, Mutant, freed, one

_CELLS = "lib/alternatives.circom"
_GAINS = "lib/one_sided.circom"

PORTFOLIO_MUTANTS: dict[str, Mutant] = {
    # range.circom
    "as many subgroups as wanted": one(
        "lib/range.circom", "some <== Boolean()(chosen);", "some <== chosen;", "two subgroups at once"
    ),
    "a subgroup without a position": one(
        "lib/range.circom", "(1 - active) * some === 0;", "", "a subgroup for an empty slot"
    ),
    "fractions of subgroups": one(
        "lib/range.circom", "in * (1 - in) === 0;", "", "half of one subgroup and half of another"
    ),
    # charges.circom
    "one side charged for both": one(
        "lib/charges.circom", "long + negative * (short - long)", "long + 0 * negative * (short - long)",
        "a short position charged as a long one",
    ),
    "charges of no group": one(
        "lib/charges.circom", "part[i][g] <== choice[i][g] * charge[i];",
        "part[i][g] <== 0 * choice[i][g] * charge[i];", "a charge that no group bears",
    ),
    "a mark left out": one(
        "lib/charges.circom", "worth[i] <== size[i] * mark[i];", "worth[i] <== 0 * size[i] * mark[i];",
        "a mark that is not counted",
    ),
    "brackets left out": one(
        "lib/charges.circom", "sum += side_charge[i] + bracket_charge[i];", "sum += side_charge[i];",
        "an addon without the bracket",
    ),
    # scenario_loss.circom
    "gross charges left out": one(
        "lib/scenario_loss.circom", "profits[g][s] - charges[g];", "profits[g][s];",
        "a gross charge left out of the loss",
    ),
    "gross charges at the last node only": one(
        "lib/scenario_loss.circom", "s < S - NODES ?", "s < S - 1 ?", "a gross charge at one node of two"
    ),
    "a charged loss not checked on its own": Mutant(
        "lib/scenario_loss.circom", UNCHECKED_LOSS, "a negative charged loss"
    ),
    # subgroups.circom
    "a subgroup's loss not checked on its own": Mutant(
        "lib/scenario_loss.circom", UNCHECKED_LOSS, "a negative loss of a subgroup"
    ),
    "one node for a subgroup": one(
        "lib/subgroups.circom", "total <== ScenarioLoss(N, SUBNODES(), J)(size, subnodes, choice, losses);",
        "signal first[N][1]; for (var i = 0; i < N; i++) { first[i][0] <== subnodes[i][0]; }"
        " total <== ScenarioLoss(N, 1, J)(size, first, choice, losses);",
        "a subgroup's second node skipped",
    ),
    "a subgroup that is not the one picked": one(
        "lib/subgroups.circom", "subgroup <== Pick(J)(chosen, subgroups);",
        "subgroup <-- 0; _ <== Pick(J)(chosen, subgroups);", "a position of a subgroup that names none",
    ),
    # isolated.circom
    "names that need not ascend": one(
        "lib/isolated.circom", "AssertBounded(BITS)(ids[g] - ids[g - 1] - 1);",
        "AssertBounded(BITS)(ids[g] - ids[g - 1]);", "a group named twice",
    ),
    "fractions of either-or": one(
        "lib/isolated.circom", "apart[g] <== Boolean()(choice[g]);", "apart[g] <== choice[g];",
        "twice the isolated charge less the loss",
    ),
    # alternatives.circom
    "a better sum taken": one(
        _CELLS, "AssertBounded(BITS)(difference - 2 * taken);", "", "the better of two sums"
    ),
    "a smaller loss taken": one(
        _CELLS, "AssertBounded(BITS)(difference - 2 * taken);", "", "the better of two losses"
    ),
    "fractions of sums": one(
        _CELLS, "signal {binary} bit <== Boolean()(take_other);", "signal bit <== take_other;",
        "something between two sums",
    ),
    "any cell's subgroup": one(
        _CELLS, "subgroup[i] === picked_subgroup[i];", "", "a position in another subgroup's cell"
    ),
    "any cell's group": one(
        _CELLS, "some[i] * group[i] === picked_group[i];", "", "a cell that nets two groups"
    ),
    "cells of every group": one(
        _CELLS, "cell_part[c][s][g] <== in_group[c][g] * worse[c][s];",
        "cell_part[c][s][g] <== worse[c][s] + 0 * in_group[c][g];", "a cell counted in both groups",
    ),
    "positions counted twice": one(
        _CELLS, "outside -= member[i][c];", "", "a position in a cell counted without it as well"
    ),
    # one_sided.circom
    "a gain counted": one(
        _GAINS, "AssertBounded(BITS)(profit - 2 * lost);", "", "a gain called a loss"
    ),
    "a loss counted twice over": one(
        _GAINS, "AssertBounded(BITS)(profit - 2 * lost);", "", "a loss called a gain"
    ),
    "fractions of gains": one(
        _GAINS, "signal {binary} bit <== Boolean()(is_loss);", "signal bit <== is_loss;",
        "half of a gain",
    ),
    "cells that need not differ": one(
        _GAINS, "AssertAscending(C, 2 * WIDTH_GROUP() + 1)(ids);", "", "one cell under two names"
    ),
    "cells that differ by the group's place": one(
        _GAINS, "ids[c] <== cell_group[c] *", "ids[c] <== 0 * cell_group[c] + c *",
        "one cell in a group of two names",
    ),
    "gains counted once": one(
        _GAINS, "(s == FIRST ? 1 : 2)", "1", "a gain that counts as nothing where it is a loss"
    ),
    "gains of every group": one(
        _GAINS, "part[c][o][g] <== in_group[c][g] * gain[c][o];",
        "part[c][o][g] <== gain[c][o] + 0 * in_group[c][g];", "a gain of another group",
    ),
    "expiries that need not differ": one(
        ONE_SIDED, "AssertDistinctCells(C, G)(in_group, groups, cell_subgroup);", "",
        "halves of an expiry that gain nothing",
    ),
    # rows and claims
    "a column of an extension left out of the leaf": one(
        "lib/market_row.circom", "list.in[4 + S + 3 * K + e] <== further[e];",
        "list.in[4 + S + 3 * K + e] <== e < E - 1 ? further[e] : 0;",
        "an isolated charge that is not in the leaf",
    ),
    "groups that need not differ": one(
        PORTFOLIO, "AssertAscending(G, WIDTH_GROUP())(groups);", "", "the cheaper half of each"
    ),
    "a row's subgroup not tied to the choice": freed(
        "signal row_subgroup[N]; for (var i = 0; i < N; i++) { row_subgroup[i] <-- 0; }",
        "subgroup[i], subnodes[i][0]", "row_subgroup[i], subnodes[i][0]",
        "a position left out of its subgroup", PORTFOLIO,
    ),
    "subgroups' losses left out": one(
        PORTFOLIO, "loss + sub_loss", "loss + 0 * sub_loss", "a subgroup's loss that is not paid"
    ),
    "subgroups' losses left out beside discounts": one(
        ONE_SIDED, "scan + sub_loss", "scan + 0 * sub_loss",
        "a subgroup's loss that is not paid beside discounts",
    ),
}  # fmt: skip
"""By name."""
