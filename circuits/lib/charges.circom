// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "brackets.circom";
include "constants.circom";
include "range.circom";

/*
 * What positions are worth, and what is charged on their gross size. A row charges its two sides apart,
 *
 *     charge = |size|·long   or   |size|·short         by the position's side,
 *
 * below 2^127 in all: an empty slot has size 0, and pays nothing whatever its row pretends to be.
 */

/// The charge on one position's side.
/// Cost: 2.
template SideCharge() {
    signal input {maxbit} magnitude;
    signal input {binary} negative;
    signal input long;
    signal input short;
    signal output charge;

    assert(magnitude.maxbit <= WIDTH_SIZE());

    signal rate <== long + negative * (short - long);
    charge <== magnitude * rate;
}

/// Cash and what the positions are worth.
/// Cost: N.
template Equity(N) {
    signal input cash;
    signal input size[N];
    signal input mark[N];
    signal output equity;

    signal worth[N];
    var sum = cash;
    for (var i = 0; i < N; i++) {
        worth[i] <== size[i] * mark[i];
        sum += worth[i];
    }
    equity <== sum;
}

/// The charges that every position pays: of its side, and of its bracket.
/// Cost: N·(2 + 5·K + 2·SIZE).
template Addon(N, K) {
    signal input {binary} used[N];
    signal input {maxbit} magnitude[N];
    signal input {binary} negative[N];
    signal input addon_long[N];
    signal input addon_short[N];
    signal input bracket_choice[N][K];
    signal input rate[N][K];
    signal input deduction[N][K];
    signal input upper[N][K];
    signal output addon;

    signal side_charge[N];
    signal bracket_charge[N];
    var sum = 0;
    for (var i = 0; i < N; i++) {
        side_charge[i] <== SideCharge()(magnitude[i], negative[i], addon_long[i], addon_short[i]);
        bracket_charge[i] <== BracketCharge(K)(
            used[i], magnitude[i], bracket_choice[i], rate[i], deduction[i], upper[i]
        );
        sum += side_charge[i] + bracket_charge[i];
    }
    addon <== sum;
}

/// The sum of the charges on the sides of each group's positions, each sum below 2^sum_bits(N).
/// Cost: N·(G + 2).
template GroupCharges(N, G) {
    signal input {maxbit} magnitude[N];
    signal input {binary} negative[N];
    signal input {binary} choice[N][G];
    signal input long[N];
    signal input short[N];
    signal output charges[G];

    signal charge[N];
    signal part[N][G];
    var sums[G];
    for (var i = 0; i < N; i++) {
        charge[i] <== SideCharge()(magnitude[i], negative[i], long[i], short[i]);
        for (var g = 0; g < G; g++) {
            part[i][g] <== choice[i][g] * charge[i];
            sums[g] += part[i][g];
        }
    }
    for (var g = 0; g < G; g++) {
        charges[g] <== sums[g];
    }
}
