// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "constants.circom";
include "range.circom";

/*
 * Tiered margin. A position pays, in one bracket k whose bounds hold its magnitude,
 *
 *     magnitude·rate_k - deduction_k          where  upper_{k-1} <= magnitude <= upper_k,   upper_{-1} = 0
 *
 * The prover picks the bracket; the bounds keep that honest for any shape of tiers, jumps and concave ones
 * included. At a shared bound both brackets are open, and the prover may take the cheaper.
 */

/// Cost: 5·K + 2·SIZE.
template BracketCharge(K) {
    signal input {binary} used;
    signal input {maxbit} magnitude;    // 0 when not used
    signal input choice[K];
    signal input rate[K];
    signal input deduction[K];
    signal input upper[K];
    signal output charge;

    assert(magnitude.maxbit <= WIDTH_SIZE());

    // 1. One bracket, or none for an empty slot, whose row may hold anything: a deduction there would mint.
    signal {binary} chosen[K] <== OneHot(K)(used, choice);

    // 2. Its columns.
    signal chosen_rate <== Pick(K)(chosen, rate);
    signal chosen_deduction <== Pick(K)(chosen, deduction);
    signal chosen_upper <== Pick(K)(chosen, upper);

    signal lower_terms[K];
    lower_terms[0] <== 0;
    var chosen_lower = 0;
    for (var k = 1; k < K; k++) {
        lower_terms[k] <== chosen[k] * upper[k - 1];
        chosen_lower += lower_terms[k];
    }

    // 3. The magnitude is inside. Bounds of a row are below 2^64 (`row_valid`), so these differences do not wrap.
    AssertBounded(WIDTH_SIZE())(magnitude - chosen_lower);
    AssertBounded(WIDTH_SIZE())(chosen_upper - magnitude);

    // 4. The charge.
    charge <== magnitude * chosen_rate - chosen_deduction;
}
