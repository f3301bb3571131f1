// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "constants.circom";
include "range.circom";
include "scenario_loss.circom";

/*
 * A second way to group positions: naked shorts of a strike, a month's delta, an underlying's drift inside a
 * joint group, whatever a table puts there. A subgroup j has two nodes and a loss of its own,
 *
 *     loss_j >= 0   and   loss_j + (profit of the subgroup's positions at its node t) >= 0   for t = 0, 1
 *
 * added to the requirement. The prover names the subgroups, as it names groups. To name one twice, with its
 * positions between the two, only hurts: max(0, a + b) <= max(0, a) + max(0, b).
 */

/// Nodes of a subgroup.
function SUBNODES() { return 2; }

/// The subgroup of a slot: one of those that the prover named, or 0 for a row that is in none. The caller binds
/// it to the row, so a position of a subgroup cannot be left out of it.
/// Cost: 2·J + 2.
template SubgroupChoice(J) {
    signal input {binary} used;
    signal input choice[J];
    signal input subgroups[J];
    signal output {binary} chosen[J];
    signal output subgroup;

    signal {binary} some;
    (chosen, some) <== AtMostOne(J)(used, choice);
    _ <== some;  // a position is in a subgroup exactly when its row is: the row decides
    subgroup <== Pick(J)(chosen, subgroups);
}

/// The sum of the subgroups' losses, each checked on its own.
/// Cost: 2·N·(J + 1) + J·w + 2·J·(w + 1), with w = sum_bits(N).
template SubgroupLoss(N, J) {
    signal input size[N];
    signal input subnodes[N][SUBNODES()];
    signal input {binary} choice[N][J];
    signal input losses[J];
    signal output total;                    // below J·2^w

    total <== ScenarioLoss(N, SUBNODES(), J)(size, subnodes, choice, losses);
}
