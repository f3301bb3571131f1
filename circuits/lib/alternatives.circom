// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "constants.circom";
include "range.circom";
include "scenario_loss.circom";

/*
 * Discounts by sign. Positions of one group and one subgroup, such as an expiry, form a cell. At each node a
 * cell's profit is the worse of two sums over its positions,
 *
 *     worse = min(sum of size·node, sum of size·alternative)
 *
 * and a position whose row is in no subgroup has its plain profit.
 *
 * The prover names the cells. To name one twice, with its positions between the two, only hurts, since
 * min(a, c) + min(b, d) <= min(a + b, c + d); so does a cell for rows of no subgroup, since its worse sum is at
 * most the plain one. Where nodes are one-sided cells must differ all the same: see one_sided.circom.
 */

/// The worse of two numbers, with |other - own| < 2^BITS: the chooser's bit says which, and one range check that
/// it is so, whatever their signs. Where both are the same either bit will do.
/// Cost: BITS + 2.
template WorseOf(BITS) {
    assert(BITS < 252);

    signal input own;
    signal input other;
    signal input take_other;
    signal output worse;

    signal {binary} bit <== Boolean()(take_other);
    signal difference <== other - own;
    signal taken <== bit * difference;

    // (1 - 2·bit)·difference >= 0: the one that is not taken is no less.
    AssertBounded(BITS)(difference - 2 * taken);
    worse <== own + taken;
}

/// The cell of each position: of its group and its subgroup, or none for a row of no subgroup.
/// Cost: C·(2·G) + N·(3·C + 3).
template CellChoice(N, G, C) {
    signal input {binary} used[N];
    signal input group[N];                  // of the position's row
    signal input subgroup[N];               // of the position's row, 0 for none
    signal input groups[G];                 // those that the prover named
    signal input cell_subgroup[C];          // the cells' names
    signal input cell_group_choice[C][G];
    signal input cell_choice[N][C];
    signal output {binary} in_cell[N][C];
    signal output {binary} in_group[C][G];  // which group a cell is in

    signal {binary} always <== 1;

    // 1. Each cell is in one of the named groups.
    signal cell_group[C];
    for (var c = 0; c < C; c++) {
        in_group[c] <== OneHot(G)(always, cell_group_choice[c]);
        cell_group[c] <== Pick(G)(in_group[c], groups);
    }

    // 2. A position's cell is of the position's own subgroup and group; without a cell, of no subgroup.
    signal {binary} some[N];
    signal picked_subgroup[N];
    signal picked_group[N];
    for (var i = 0; i < N; i++) {
        (in_cell[i], some[i]) <== AtMostOne(C)(used[i], cell_choice[i]);
        picked_subgroup[i] <== Pick(C)(in_cell[i], cell_subgroup);
        subgroup[i] === picked_subgroup[i];
        picked_group[i] <== Pick(C)(in_cell[i], cell_group);
        some[i] * group[i] === picked_group[i];
    }
}

/// The profit of each group's positions at each node, with each cell's worse sum.
/// Cost: 2·N·S·C + C·S·(w + 3) + N·S·G + C·S·G + N·(C + G), with w = sum_bits(N).
template DiscountedProfits(N, S, G, C) {
    signal input size[N];                   // signed, |size| < 2^64
    signal input nodes[N][S];               // signed, below 2^63
    signal input alternatives[N][S];        // signed, below 2^63
    signal input {binary} choice[N][G];     // the group of a position; none for an empty slot
    signal input {binary} in_cell[N][C];
    signal input {binary} in_group[C][G];
    signal input take_alternative[C][S];
    signal output profits[G][S];            // |profit| < 2^w: each position counts once
    signal output worse[C][S];              // each cell's part of it

    // 1. Sizes by cell; what is left is of positions in none, by group.
    signal member[N][C];
    signal loose[N][G];
    for (var i = 0; i < N; i++) {
        var outside = size[i];
        for (var c = 0; c < C; c++) {
            member[i][c] <== in_cell[i][c] * size[i];
            outside -= member[i][c];
        }
        for (var g = 0; g < G; g++) {
            loose[i][g] <== choice[i][g] * outside;
        }
    }

    // 2. The worse sum of each cell at each node. Either is below 2^w, so they differ by less than 2^(w + 1).
    signal own_part[N][S][C];
    signal other_part[N][S][C];
    for (var c = 0; c < C; c++) {
        for (var s = 0; s < S; s++) {
            var own = 0;
            var other = 0;
            for (var i = 0; i < N; i++) {
                own_part[i][s][c] <== member[i][c] * nodes[i][s];
                other_part[i][s][c] <== member[i][c] * alternatives[i][s];
                own += own_part[i][s][c];
                other += other_part[i][s][c];
            }
            worse[c][s] <== WorseOf(sum_bits(N) + 1)(own, other, take_alternative[c][s]);
        }
    }

    // 3. Each group's profit: of its positions in no cell, and of its cells.
    signal loose_part[N][S][G];
    signal cell_part[C][S][G];
    for (var g = 0; g < G; g++) {
        for (var s = 0; s < S; s++) {
            var profit = 0;
            for (var i = 0; i < N; i++) {
                loose_part[i][s][g] <== loose[i][g] * nodes[i][s];
                profit += loose_part[i][s][g];
            }
            for (var c = 0; c < C; c++) {
                cell_part[c][s][g] <== in_group[c][g] * worse[c][s];
                profit += cell_part[c][s][g];
            }
            profits[g][s] <== profit;
        }
    }
}
