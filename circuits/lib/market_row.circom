// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "constants.circom";
include "merkle4.circom";
include "poseidon_list.circom";

/*
 * One row of the market table. Its columns, in the order of circuits.json:
 *
 *     group, mark, node_0 ..., addon_long, addon_short, then rate, deduction, upper for each bracket,
 *     then what the layout's extensions add
 *
 * A row in the tree was checked to be well-formed by whoever accepted the market root (`row_valid`), which is
 * why its columns are not range-checked again here.
 */

/// The leaf of a row with E columns of extensions.
/// Cost: about 50 a column.
template RowLeaf(S, K, E) {
    signal input group;
    signal input mark;
    signal input nodes[S];
    signal input addon_long;
    signal input addon_short;
    signal input rate[K];
    signal input deduction[K];
    signal input upper[K];
    signal input further[E];
    signal output leaf;

    component list = PoseidonList(4 + S + 3 * K + E, TAG_LEAF());
    list.in[0] <== group;
    list.in[1] <== mark;
    for (var s = 0; s < S; s++) {
        list.in[2 + s] <== nodes[s];
    }
    list.in[2 + S] <== addon_long;
    list.in[3 + S] <== addon_short;
    for (var k = 0; k < K; k++) {
        list.in[4 + S + 3 * k] <== rate[k];
        list.in[5 + S + 3 * k] <== deduction[k];
        list.in[6 + S + 3 * k] <== upper[k];
    }
    for (var e = 0; e < E; e++) {
        list.in[4 + S + 3 * K + e] <== further[e];
    }

    leaf <== list.out;
}

/// The row stands at its position under the root, where the slot is used. An empty slot opens nothing: what it
/// calls its row is ignored here, and must be ignored by every use of the row.
/// Cost: a leaf, 301 a level, and 1.
template AssertRow(S, K, E, D) {
    signal input {binary} used;
    signal input {binary} position[2 * D];
    signal input siblings[D][3];
    signal input rows_root;
    signal input group;
    signal input mark;
    signal input nodes[S];
    signal input addon_long;
    signal input addon_short;
    signal input rate[K];
    signal input deduction[K];
    signal input upper[K];
    signal input further[E];

    signal leaf <== RowLeaf(S, K, E)(
        group, mark, nodes, addon_long, addon_short, rate, deduction, upper, further
    );
    signal root <== Merkle4Root(D)(leaf, position, siblings);

    used * (root - rows_root) === 0;
}
