// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "constants.circom";
include "range.circom";

/*
 * The public terms of a claim, in one signal:
 *
 *     version | level | coverage | as_of | subject | floor | ratio        most significant first
 */

/// The number in BITS of the given bits, from OFFSET upwards.
/// Cost: 0.
template BitsAt(LENGTH, OFFSET, BITS) {
    assert(OFFSET + BITS <= LENGTH);

    signal input {binary} bits[LENGTH];
    signal output {maxbit} out;

    _ <== bits;  // those outside the field are not used here

    var number = 0;
    for (var i = 0; i < BITS; i++) {
        number += bits[OFFSET + i] * 2 ** i;
    }
    out.maxbit = BITS;
    out <== number;
}

/// The fields of the terms, each as wide as its place. All bits are taken apart, so nothing hides above.
/// Cost: 252.
template UnpackTerms() {
    signal input terms;

    signal output {maxbit} level;       // 1 maintenance, 2 initial
    signal output {maxbit} coverage;    // 1 this account, 2 all of the owner's at this venue
    signal output {maxbit} as_of;       // when the account stood like this, in seconds since 1970
    signal output {maxbit} subject;     // whose account it is
    signal output {maxbit} floor;       // least excess asked for, in whole quote units
    signal output {maxbit} ratio;       // k: the requirement is multiplied by (20 + k)/20

    var LENGTH = TERMS_BITS();
    signal {binary} bits[LENGTH] <== ToBits(LENGTH)(terms);

    // 1. Each field is a number of its own width.
    signal version <== BitsAt(LENGTH, TERMS_VERSION_OFFSET(), TERMS_VERSION_BITS())(bits);
    level <== BitsAt(LENGTH, TERMS_LEVEL_OFFSET(), TERMS_LEVEL_BITS())(bits);
    coverage <== BitsAt(LENGTH, TERMS_COVERAGE_OFFSET(), TERMS_COVERAGE_BITS())(bits);
    as_of <== BitsAt(LENGTH, TERMS_AS_OF_OFFSET(), TERMS_AS_OF_BITS())(bits);
    subject <== BitsAt(LENGTH, TERMS_SUBJECT_OFFSET(), TERMS_SUBJECT_BITS())(bits);
    floor <== BitsAt(LENGTH, TERMS_FLOOR_OFFSET(), TERMS_FLOOR_BITS())(bits);
    ratio <== BitsAt(LENGTH, TERMS_RATIO_OFFSET(), TERMS_RATIO_BITS())(bits);

    // 2. This circuit speaks one version of the terms.
    version === TERMS_VERSION();

    // 3. Levels and coverages are 1 or 2: exactly one of the field's two bits is set.
    bits[TERMS_LEVEL_OFFSET()] + bits[TERMS_LEVEL_OFFSET() + 1] === 1;
    bits[TERMS_COVERAGE_OFFSET()] + bits[TERMS_COVERAGE_OFFSET() + 1] === 1;
}
