// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "bitify.circom";

/*
 * Ranges and orders. The field has no order: "small" and "less" exist only where bits were counted.
 * A signal that was checked carries a tag ({maxbit} with its width, {binary} for a bit), so that a
 * template which needs a bounded number does not compile with an unchecked one.
 */

/// The bits of a number below 2^BITS, least significant first; no other number has any.
/// Cost: BITS.
template ToBits(BITS) {
    // 2^253 is below the field's size, so the bits are unique; 254 of them would have two answers.
    assert(BITS > 0 && BITS < 254);

    signal input in;
    signal output {binary} out[BITS];

    out <== Num2Bits(BITS)(in);
}

/// 0 <= in < 2^BITS.
/// Cost: BITS.
template AssertBounded(BITS) {
    signal input in;

    component bits = ToBits(BITS);
    bits.in <== in;
    _ <== bits.out;  // that they exist is all that is asked
}

/// 0 <= in < 2^BITS, and the same number with its width as a tag.
/// Cost: BITS.
template Bounded(BITS) {
    signal input in;
    signal output {maxbit} out;

    AssertBounded(BITS)(in);
    out.maxbit = BITS;
    out <== in;
}

/// in is 0 or 1.
/// Cost: 1.
template Boolean() {
    signal input in;
    signal output {binary} out;

    in * (1 - in) === 0;
    out <== in;
}

/// low <= high, where both are known to be below 2^BITS.
/// The difference of two such numbers is either below 2^BITS or, when negative, close to the field's
/// size: it cannot be mistaken for a small one.
/// Cost: BITS.
template AssertOrdered(BITS) {
    assert(BITS > 0 && BITS < 253);

    signal input {maxbit} low;
    signal input {maxbit} high;

    assert(low.maxbit <= BITS && high.maxbit <= BITS);
    AssertBounded(BITS)(high - low);
}

/// The choice is one-hot when active is 1, and all zero when active is 0.
/// Cost: WAYS.
template OneHot(WAYS) {
    assert(WAYS > 0);

    signal input {binary} active;
    signal input choice[WAYS];
    signal output {binary} out[WAYS];

    var chosen = 0;
    for (var k = 0; k < WAYS; k++) {
        out[k] <== Boolean()(choice[k]);
        chosen += out[k];
    }
    chosen === active;
}

/// The choice is one-hot or, as the chooser likes, all zero; all zero when active is 0.
/// Cost: WAYS + 2.
template AtMostOne(WAYS) {
    assert(WAYS > 0);

    signal input {binary} active;
    signal input choice[WAYS];
    signal output {binary} out[WAYS];
    signal output {binary} some;

    var chosen = 0;
    for (var k = 0; k < WAYS; k++) {
        out[k] <== Boolean()(choice[k]);
        chosen += out[k];
    }
    some <== Boolean()(chosen);
    (1 - active) * some === 0;
}

/// The value that a one-hot choice picks; 0 when it picks none.
/// Cost: WAYS.
template Pick(WAYS) {
    signal input {binary} choice[WAYS];
    signal input values[WAYS];
    signal output out;

    signal chosen[WAYS];
    var sum = 0;
    for (var k = 0; k < WAYS; k++) {
        chosen[k] <== choice[k] * values[k];
        sum += chosen[k];
    }
    out <== sum;
}
