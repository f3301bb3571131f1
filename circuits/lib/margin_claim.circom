// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "constants.circom";
include "range.circom";
include "scenario_loss.circom";

/*
 * The claim itself, in exact integers at the scale of cash (10^-14 quote units):
 *
 *     20·equity >= (20 + ratio)·(addon + loss) + 20·floor·10^14
 *
 * How large each side can be, with w = sum_bits(N), is what makes a comparison in a field mean anything:
 * |equity| < 2^w + 2^120; addon + loss < (4 + L)·2^w, since a position's addon is below 2^127 and its bracket
 * below 2^128; 20 + ratio < 2^9; 20·floor·10^14 < 2^89. So both sides differ by less than 2^(w + 9 + log2(L + 4)),
 * which is far from wrapping, and a difference that is not negative is at most 20·equity < 2^(w + 5).
 */

/// L says how large all losses together may be: below L·2^w.
/// Cost: w + 6.
template AssertMargin(N, L) {
    assert(sum_bits(N) + 9 + log2_ceil(L + 4) < 252);
    assert(WIDTH_SIZE() + WIDTH_VALUE() > WIDTH_CASH());

    signal input equity;
    signal input addon;
    signal input loss;
    signal input {maxbit} ratio;
    signal input {maxbit} floor;

    assert(ratio.maxbit <= TERMS_RATIO_BITS());
    assert(floor.maxbit <= TERMS_FLOOR_BITS());

    signal requirement <== (20 + ratio) * (addon + loss);
    signal slack <== 20 * equity - requirement - 20 * 10 ** SCALE_CASH() * floor;
    AssertBounded(sum_bits(N) + 5)(slack);
}
