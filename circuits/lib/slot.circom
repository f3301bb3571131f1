// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "comparators.circom";
include "constants.circom";
include "range.circom";

/*
 * One position of an account:
 *
 *     slot = 0 (empty)   or   (index + 1)·2^65 + (size + 2^64)
 *
 * Sign and magnitude are apart because a margin needs both: profit follows the sign, charges the magnitude.
 */

/// A slot that is either used, with a size other than zero, or empty, with everything zero.
/// Cost: SIZE + 2·DEPTH + 7.
template Slot(DEPTH) {
    // An index that the tree has room for fits its place in the slot.
    assert(2 * DEPTH < SLOT_INDEX_PLUS_ONE_BITS());
    // The size with its offset is at least 1 and below twice the offset, so it fits its place, too.
    assert(WIDTH_SIZE() < SLOT_SIZE_OFFSET_BITS());

    signal input used;
    signal input index;
    signal input size_magnitude;
    signal input size_negative;

    signal output {binary} is_used;
    signal output {maxbit} row;                     // the index, checked
    signal output {binary} position[2 * DEPTH];     // the index's bits, least significant first
    signal output {maxbit} magnitude;               // |size|, checked
    signal output {binary} negative;
    signal output size;                             // signed
    signal output {maxbit} packed;                  // 0 when empty

    // 1. Each part on its own is what it should be.
    is_used <== Boolean()(used);
    negative <== Boolean()(size_negative);
    magnitude <== Bounded(WIDTH_SIZE())(size_magnitude);
    position <== ToBits(2 * DEPTH)(index);
    row.maxbit = 2 * DEPTH;
    row <== index;

    // 2. A used slot has a size, an empty one has none.
    signal no_size <== IsZero()(magnitude);
    is_used === 1 - no_size;

    // 3. An empty slot is zero in its other parts, too: it has one form, and no minus sign.
    (1 - is_used) * row === 0;
    (1 - is_used) * negative === 0;

    // 4. The size with its sign; both parts of the packed slot are masked, as an empty slot is 0.
    size <== magnitude - 2 * negative * magnitude;
    packed.maxbit = SLOT_BITS();
    packed <== (row + is_used) * 2 ** SLOT_INDEX_PLUS_ONE_OFFSET()
        + (size + is_used * 2 ** WIDTH_SIZE()) * 2 ** SLOT_SIZE_OFFSET_OFFSET();
}

/// Used slots come first, and their indexes increase strictly: an instrument has one position. A position
/// split in two would pay the brackets of two small ones.
/// Cost: (N - 1)·(2·DEPTH + 2).
template AssertSlotOrder(N, DEPTH) {
    signal input {binary} used[N];
    signal input {maxbit} index[N];

    assert(index.maxbit <= 2 * DEPTH);

    signal gap[N];
    gap[0] <== 0;
    for (var i = 1; i < N; i++) {
        // 1. No used slot after an empty one.
        used[i] * (1 - used[i - 1]) === 0;

        // 2. At least one step from the index before, where the slot is used.
        gap[i] <== used[i] * (index[i] - index[i - 1] - 1);
        AssertBounded(2 * DEPTH)(gap[i]);
    }
}
