// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "constants.circom";
include "range.circom";

/*
 * The worst loss of each group over the scenarios. A loss is a number of the prover's choice, held from below:
 *
 *     loss_g >= 0   and   loss_g + (profit of the group's positions at node s) >= 0   for every s
 *
 * A larger one only costs the prover, a smaller one fails; nothing has to be the maximum exactly.
 */

/// The least e with 2^e >= N.
function log2_ceil(N) {
    var bits = 0;
    while (2 ** bits < N) {
        bits++;
    }
    return bits;
}

/// Bits that hold the sum of N products of a size and a unit value.
function sum_bits(N) {
    return WIDTH_SIZE() + WIDTH_VALUE() + log2_ceil(N);
}

/// The group that a slot belongs to: one of those that the prover named, 0 for an empty slot. The caller binds
/// it to the row, so naming a group falsely, or twice, gains nothing.
/// Cost: 2·G.
template GroupChoice(G) {
    signal input {binary} used;
    signal input choice[G];
    signal input groups[G];
    signal output {binary} chosen[G];
    signal output group;

    chosen <== OneHot(G)(used, choice);
    group <== Pick(G)(chosen, groups);
}

/// The sum of the groups' losses.
/// Cost: N·S·(G + 1) + G·w + G·S·(w + 1), with w = sum_bits(N).
template ScenarioLoss(N, S, G) {
    signal input size[N];                   // signed, |size| < 2^64
    signal input nodes[N][S];               // unit profit at each node, signed, below 2^63
    signal input {binary} choice[N][G];
    signal input losses[G];
    signal output total;

    // 1. Each position's profit at each node, and the part of it in each group.
    signal profit[N][S];
    signal part[N][S][G];
    for (var i = 0; i < N; i++) {
        for (var s = 0; s < S; s++) {
            profit[i][s] <== size[i] * nodes[i][s];
            for (var g = 0; g < G; g++) {
                part[i][s][g] <== choice[i][g] * profit[i][s];
            }
        }
    }

    // 2. Each loss is not negative, on its own account: a loss of -k would mint k for another group.
    signal {maxbit} loss[G];
    var sum = 0;
    for (var g = 0; g < G; g++) {
        loss[g] <== Bounded(sum_bits(N))(losses[g]);
        sum += loss[g];
    }

    // 3. Each loss covers its group at every node.
    for (var g = 0; g < G; g++) {
        for (var s = 0; s < S; s++) {
            var slack = loss[g];
            for (var i = 0; i < N; i++) {
                slack += part[i][s][g];
            }
            AssertBounded(sum_bits(N) + 1)(slack);
        }
    }

    total <== sum;
}
