// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "constants.circom";
include "range.circom";

/*
 * Either-or: a group pays its scenario loss, or the sum of its positions' isolated charges, as the prover likes.
 *
 * The choice is the whole group's. A group named twice, with some positions in each, could pay the scenario
 * loss of those and the isolated charges of these, which may be less than either for all; so here, and here
 * only, naming a group twice would help, and the named groups must differ.
 */

/// Ids of which each is larger than the one before by 1 to 2^BITS, so no two are the same: even all steps
/// together do not come round to where they began. The first may be anything; a row decides what it is.
/// Cost: (G - 1)·BITS.
template AssertAscending(G, BITS) {
    assert(BITS < 200 && G < 2 ** 16);

    signal input ids[G];

    for (var g = 1; g < G; g++) {
        AssertBounded(BITS)(ids[g] - ids[g - 1] - 1);
    }
}

/// The sum over the groups of what each pays. A group that pays isolated charges has a scenario loss beside it,
/// which then counts for nothing.
/// Cost: 2·G.
template EitherOr(G) {
    signal input scan[G];                   // not negative
    signal input isolated[G];               // not negative
    signal input choice[G];                 // 1: the isolated charges
    signal output total;

    signal {binary} apart[G];
    signal paid[G];
    var sum = 0;
    for (var g = 0; g < G; g++) {
        apart[g] <== Boolean()(choice[g]);
        paid[g] <== scan[g] + apart[g] * (isolated[g] - scan[g]);
        sum += paid[g];
    }
    total <== sum;
}
