// SPDX-License-Identifier: GPL-3.0-only
pragma circom 2.1.9;

include "poseidon.circom";
include "babyjub.circom";
include "eddsaposeidon.circom";
include "constants.circom";

/*
 * The attestor's signature: EdDSA over BabyJubJub with Poseidon, as circomlib verifies it:
 *
 *     S·B8 = R8 + 8·Poseidon(R8, A, message)·A         S below the subgroup's order, 8·A not the identity
 */

/// The signature holds, and the attestor is the hash of the key that made it.
///
/// circomlib's verifier takes points as they come. The addition law is complete on the curve only, so key and
/// R8 are checked to be on it; the key's small-order part is multiplied away.
/// Cost: 4,471.
template Attestation() {
    signal input message;
    signal input attestor_x;
    signal input attestor_y;
    signal input r8x;
    signal input r8y;
    signal input s;
    signal output attestor;

    // 1. Both points are on the curve.
    BabyCheck()(attestor_x, attestor_y);
    BabyCheck()(r8x, r8y);

    // 2. The signature.
    component signature = EdDSAPoseidonVerifier();
    signature.enabled <== 1;
    signature.Ax <== attestor_x;
    signature.Ay <== attestor_y;
    signature.S <== s;
    signature.R8x <== r8x;
    signature.R8y <== r8y;
    signature.M <== message;

    // 3. The key's public name.
    attestor <== Poseidon(3)([TAG_ATTESTOR(), attestor_x, attestor_y]);
}
