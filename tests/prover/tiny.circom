// SPDX-License-Identifier: Apache-2.0
pragma circom 2.1.9;

/*
 * A tiny circuit with what keys and witnesses depend on: outputs and public inputs, wires that only A, B or C
 * see, numbered rules that can fail, and the parameters of every instance, of which it uses the first.
 */

/// Fails unless both are equal.
template Same() {
    signal input left;
    signal input right;

    // 1. One is the other.
    left === right;
}

template Toy(N, S, G, K, D, LAYOUT) {
    signal input limit;
    signal input secret;
    signal input parts[N];
    signal output product;
    signal output sum;

    // 1. The product of all parts.
    signal partial[N + 1];
    partial[0] <== 1;
    for (var i = 0; i < N; i++) {
        partial[i + 1] <== partial[i] * parts[i];
    }
    product <== partial[N];

    // 2. Their sum, times the secret.
    var total = 0;
    for (var i = 0; i < N; i++) {
        total += parts[i];
    }
    sum <== total * secret;

    // 3. The first part is
    //    the limit. This is no part of the rule's name.
    Same()(parts[0], limit);

    // 4. The second is less by one than the third.
    parts[1] === parts[2] - 1;
}
