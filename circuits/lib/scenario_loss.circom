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

/// The profit of each group's positions at each node.
/// Cost: N·S·(G + 1).
template GroupProfits(N, S, G) {
    signal input size[N];                   // signed, |size| < 2^64
    signal input nodes[N][S];               // unit profit at each node, signed, below 2^63
    signal input {binary} choice[N][G];
    signal output profits[G][S];            // |profit| < 2^sum_bits(N)

    signal profit[N][S];
    signal part[N][S][G];
    var sums[G][S];
    for (var i = 0; i < N; i++) {
        for (var s = 0; s < S; s++) {
            profit[i][s] <== size[i] * nodes[i][s];
            for (var g = 0; g < G; g++) {
                part[i][s][g] <== choice[i][g] * profit[i][s];
                sums[g][s] += part[i][s][g];
            }
        }
    }
    for (var g = 0; g < G; g++) {
        for (var s = 0; s < S; s++) {
            profits[g][s] <== sums[g][s];
        }
    }
}

/// Losses that cover their groups, where every |profit| is below 2^BITS.
/// Cost: G·BITS + G·S·(BITS + 1).
template CoveringLosses(S, G, BITS) {
    assert(BITS + 1 < 252);

    signal input profits[G][S];
    signal input losses[G];
    signal output {maxbit} loss[G];

    // 1. Each loss is not negative, on its own account: a loss of -k would mint k for another group.
    loss.maxbit = BITS;
    for (var g = 0; g < G; g++) {
        loss[g] <== Bounded(BITS)(losses[g]);
    }

    // 2. Each loss covers its group at every node. |loss + profit| < 2^(BITS + 1): nothing wraps.
    for (var g = 0; g < G; g++) {
        for (var s = 0; s < S; s++) {
            AssertBounded(BITS + 1)(loss[g] + profits[g][s]);
        }
    }
}

/// Scenario losses where the last NODES nodes of a group bear a charge as well:
///
///     loss_g + (profit at the node) - charge_g >= 0
///
/// Cost: G·(w + 1) + G·S·(w + 2), with w = sum_bits(N).
template ChargedLosses(N, S, G, NODES) {
    assert(NODES <= S);

    signal input profits[G][S];             // |profit| < 2^w
    signal input charges[G];                // 0 <= charge < 2^w, so the difference is below 2^(w + 1)
    signal input losses[G];
    signal output {maxbit} loss[G];         // below 2^(w + 1)

    signal left[G][S];
    for (var g = 0; g < G; g++) {
        for (var s = 0; s < S; s++) {
            left[g][s] <== s < S - NODES ? profits[g][s] : profits[g][s] - charges[g];
        }
    }
    loss <== CoveringLosses(S, G, sum_bits(N) + 1)(left, losses);
}

/// The sum of the groups' losses.
/// Cost: N·S·(G + 1) + G·w + G·S·(w + 1), with w = sum_bits(N).
template ScenarioLoss(N, S, G) {
    signal input size[N];
    signal input nodes[N][S];
    signal input {binary} choice[N][G];
    signal input losses[G];
    signal output total;                    // below G·2^w

    signal profits[G][S] <== GroupProfits(N, S, G)(size, nodes, choice);
    signal {maxbit} loss[G] <== CoveringLosses(S, G, sum_bits(N))(profits, losses);

    var sum = 0;
    for (var g = 0; g < G; g++) {
        sum += loss[g];
    }
    total <== sum;
}
