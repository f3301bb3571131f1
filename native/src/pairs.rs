//! "The same ratio": the pairing equation on which ceremony files are checked.

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::AffineRepr;


/// Whether b = x·a in G1 and d = x·c in G2 for one x; never for infinity.
pub fn same_ratio((a, b): (&G1Affine, &G1Affine), (c, d): (&G2Affine, &G2Affine)) -> bool {
    if a.is_zero() || b.is_zero() || c.is_zero() || d.is_zero() {
        return false;
    }
    let left: [G1Affine; 2] = [*a, -*b];
    Bn254::multi_pairing(left, [*d, *c]).0 == <Bn254 as Pairing>::TargetField::from(1u64)
}
