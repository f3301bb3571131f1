// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "poseidon.circom";

/*
 * A quaternary tree: node = Poseidon(four children), without a tag (arity 4 is reserved for it). The
 * position's least significant base-4 digit belongs to the lowest level.
 */

/// The four children of a node, given the one on the path and its three siblings in order.
///
/// With the digit's bits (low, high), the path's child stands at 2·high + low and pushes the siblings from
/// there on one place to the right.
/// Cost: 4.
template Children4() {
    signal input {binary} low;
    signal input {binary} high;
    signal input child;
    signal input siblings[3];
    signal output out[4];

    // 1. Places 0 and 3 hold the child or their outer sibling.
    signal both <== low * high;
    out[0] <== siblings[0] + (1 - low - high + both) * (child - siblings[0]);
    out[3] <== siblings[2] + both * (child - siblings[2]);

    // 2. The left pair holds the child and sibling 0 when the digit is 0 or 1, else siblings 0 and 1.
    signal left_pair <== siblings[0] + child + high * (siblings[1] - child);
    out[1] <== left_pair - out[0];

    // 3. All four together are the child and its siblings, so the last place needs no product.
    out[2] <== siblings[0] + siblings[1] + siblings[2] + child - left_pair - out[3];
}

/// The root above a leaf at a position.
/// Cost: 301 a level.
template Merkle4Root(DEPTH) {
    assert(DEPTH > 0);

    signal input leaf;
    signal input {binary} position[2 * DEPTH];  // bits, least significant first
    signal input siblings[DEPTH][3];            // lowest level first, in order without the path's child
    signal output root;

    signal path[DEPTH + 1];
    signal children[DEPTH][4];

    path[0] <== leaf;
    for (var level = 0; level < DEPTH; level++) {
        children[level] <== Children4()(
            position[2 * level], position[2 * level + 1], path[level], siblings[level]
        );
        path[level + 1] <== Poseidon(4)(children[level]);
    }

    root <== path[DEPTH];
}
