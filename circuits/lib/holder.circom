// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "poseidon.circom";
include "constants.circom";

/*
 * Who may prove. The attestor registers the holder, a hash of the prover's secret, in the account, so a
 * statement is of no use to those who only see it.
 */

/// The holder of an account, from the secret that only the prover knows.
/// Cost: 237.
template Holder() {
    signal input secret;
    signal output holder;

    holder <== Poseidon(2)([TAG_HOLDER(), secret]);
}

/// One nullifier per holder and context: the same in every proof of one context, unlinkable across contexts.
/// It has no time in it, else one account would count as many as it likes.
/// Cost: 258.
template Nullifier() {
    signal input secret;
    signal input context;
    signal output nullifier;

    nullifier <== Poseidon(3)([TAG_NULLIFIER(), secret, context]);
}
