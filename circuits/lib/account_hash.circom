// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "poseidon.circom";
include "constants.circom";
include "range.circom";

/*
 * The account's commitment, the same for a statement and for a leaf of a book, whatever the circuit's size:
 *
 *     account = Poseidon(TAG_ACCOUNT, n_used, cash + 2^120, salt, holder, f_1 ... f_11)
 *
 * where each f holds three slots, the first lowest. Slots beyond the circuit's N are constants 0.
 */

/// Cost: CASH + 1 + about 582.
template AccountHash(N) {
    assert(N > 0 && N <= SLOTS_MAX());
    // Slots side by side in one element leave it below the field's size.
    assert(SLOTS_PER_ELEMENT() * SLOT_BITS() < 253);

    signal input {binary} used[N];
    signal input {maxbit} packed[N];    // slots
    signal input cash;
    signal input salt;
    signal input holder;
    signal output account;

    assert(packed.maxbit <= SLOT_BITS());

    var ELEMENTS = (SLOTS_MAX() + SLOTS_PER_ELEMENT() - 1) \ SLOTS_PER_ELEMENT();
    component hash = Poseidon(5 + ELEMENTS);

    // 1. How many slots are used.
    var n_used = 0;
    for (var i = 0; i < N; i++) {
        n_used += used[i];
    }

    // 2. Cash is signed: -2^120 <= cash < 2^120.
    signal cash_offset <== cash + 2 ** WIDTH_CASH();
    AssertBounded(WIDTH_CASH() + 1)(cash_offset);

    // 3. The hash.
    hash.inputs[0] <== TAG_ACCOUNT();
    hash.inputs[1] <== n_used;
    hash.inputs[2] <== cash_offset;
    hash.inputs[3] <== salt;
    hash.inputs[4] <== holder;
    for (var e = 0; e < ELEMENTS; e++) {
        var element = 0;
        for (var j = 0; j < SLOTS_PER_ELEMENT(); j++) {
            var i = SLOTS_PER_ELEMENT() * e + j;
            element += i < N ? packed[i] * 2 ** (SLOT_BITS() * j) : 0;
        }
        hash.inputs[5 + e] <== element;
    }

    account <== hash.out;
}
