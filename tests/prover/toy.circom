// SPDX-License-Identifier: Apache-2.0
pragma circom 2.1.9;

/*
 * A tiny circuit with what keys and witnesses depend on: outputs and public inputs, wires that only A, B or C
 * see, and numbered rules that can fail.
 */

template Toy(N) {
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
    //    the limit.
    parts[0] === limit;
}

component main {public [limit]} = Toy(12);
