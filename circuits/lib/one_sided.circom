// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "constants.circom";
include "isolated.circom";
include "range.circom";
include "scenario_loss.circom";

/*
 * One-sided nodes: at the last ONE_SIDED_NODES() nodes what a cell gains counts against it,
 *
 *     at the first of them as nothing:    min(0, worse)
 *     at the others as a loss:            -|worse|
 *
 * where `worse` is the worse of the cell's two sums. The second is no sum that only falls when a cell is split:
 * halves of one expiry could lose their gain against each other's loss. So here cells must differ.
 */

function ONE_SIDED_NODES() { return 3; }

/// No two cells are of one group and one subgroup: their ids, read as one number, ascend. Cells that positions
/// are in have the ids of rows, below 2^WIDTH_GROUP(); others may have any.
/// Cost: (C - 1)·(2·WIDTH_GROUP() + 1) + C·G.
template AssertDistinctCells(C, G) {
    signal input {binary} in_group[C][G];
    signal input groups[G];
    signal input cell_subgroup[C];

    signal cell_group[C];
    signal ids[C];
    for (var c = 0; c < C; c++) {
        cell_group[c] <== Pick(G)(in_group[c], groups);
        ids[c] <== cell_group[c] * 2 ** WIDTH_GROUP() + cell_subgroup[c];
    }
    AssertAscending(C, 2 * WIDTH_GROUP() + 1)(ids);
}

/// max(0, profit), with |profit| < 2^BITS: the chooser's bit says whether it is a loss, and one range check that
/// it is so. A profit of 0 may be called either.
/// Cost: BITS + 2.
template Gain(BITS) {
    assert(BITS < 252);

    signal input profit;
    signal input is_loss;
    signal output gain;

    signal {binary} bit <== Boolean()(is_loss);
    signal lost <== bit * profit;

    // (1 - 2·bit)·profit >= 0.
    AssertBounded(BITS)(profit - 2 * lost);
    gain <== profit - lost;
}

/// Each group's profit, with what its cells gain at the last nodes counted against them. Every cell's profit
/// keeps its size or shrinks, so the sums stay below what they were of sizes.
/// Cost: C·O·(w + 2 + G), with O = ONE_SIDED_NODES() and w = sum_bits(N).
template OneSidedProfits(N, S, G, C) {
    assert(S >= ONE_SIDED_NODES());

    signal input profits[G][S];
    signal input worse[C][S];               // each |worse| < 2^w
    signal input {binary} in_group[C][G];
    signal input is_loss[C][ONE_SIDED_NODES()];
    signal output out[G][S];

    _ <== worse;  // what cells have at the nodes before the last is in the profits already

    signal gain[C][ONE_SIDED_NODES()];
    signal part[C][ONE_SIDED_NODES()][G];
    var FIRST = S - ONE_SIDED_NODES();
    for (var c = 0; c < C; c++) {
        for (var o = 0; o < ONE_SIDED_NODES(); o++) {
            gain[c][o] <== Gain(sum_bits(N))(worse[c][FIRST + o], is_loss[c][o]);
            for (var g = 0; g < G; g++) {
                part[c][o][g] <== in_group[c][g] * gain[c][o];
            }
        }
    }
    for (var g = 0; g < G; g++) {
        for (var s = 0; s < S; s++) {
            var taken = 0;
            for (var c = 0; c < C && s >= FIRST; c++) {
                taken += (s == FIRST ? 1 : 2) * part[c][s - FIRST][g];
            }
            out[g][s] <== profits[g][s] - taken;
        }
    }
}
