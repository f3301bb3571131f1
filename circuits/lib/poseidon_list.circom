// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "poseidon.circom";

/*
 * A list as long as a market row does not fit one Poseidon. It is cut into chunks that are as even as
 * possible, the longer ones first, and each chunk is absorbed after the state so far:
 *
 *     h = TAG;   for each chunk:  h = Poseidon(h, chunk...)
 *
 * The length is fixed by the circuit's layout, so lists of two lengths never meet under one tag.
 */

/// How many chunks a list is cut into: at most 15 elements each, beside the state.
function list_chunks(LENGTH) {
    return (LENGTH + 14) \ 15;
}

/// Cost: about 50 an element (46 for 34 elements).
template PoseidonList(LENGTH, TAG) {
    // No chunk may give an arity of 4 or 5: those are the tree's nodes and the signature's challenge.
    assert(LENGTH \ list_chunks(LENGTH) >= 5);

    signal input in[LENGTH];
    signal output out;

    var CHUNKS = list_chunks(LENGTH);
    component hash[CHUNKS];

    var start = 0;
    for (var c = 0; c < CHUNKS; c++) {
        var size = LENGTH \ CHUNKS + (c < LENGTH % CHUNKS ? 1 : 0);
        hash[c] = Poseidon(size + 1);
        hash[c].inputs[0] <== c == 0 ? TAG : hash[c - 1].out;
        for (var i = 0; i < size; i++) {
            hash[c].inputs[i + 1] <== in[start + i];
        }
        start += size;
    }

    out <== hash[CHUNKS - 1].out;
}
