//! Randomness from the operating system, and snarkjs's deterministic generator for beacons and transcripts.

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::CurveGroup;
use ark_ff::{BigInt, LegendreSymbol, PrimeField};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::{Error, Result};
use crate::field::{fq_raw, fr_raw, less, Fq, Fq2, Fr, Limbs, Q, R};
use crate::point::Coordinate;

/// A uniform scalar: 512 random bits modulo the order.
pub fn fr_from_os() -> Result<Fr> {
    let mut bytes = [0u8; 64];
    getrandom::fill(&mut bytes).map_err(|e| Error::Io(format!("the operating system gives no randomness: {e}")))?;
    let value = Fr::from_le_bytes_mod_order(&bytes);
    bytes.zeroize();
    Ok(value)
}

/// The ChaCha20 stream that ffjavascript draws from: a key of eight words, counter from zero, no nonce.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct ChaCha {
    state: [u32; 16],
    block: [u32; 16],
    at: usize,
}

impl ChaCha {
    pub fn new(seed: [u32; 8]) -> Self {
        let mut state = [0; 16];
        for (word, text) in state.iter_mut().zip(b"expand 32-byte k".chunks_exact(4)) {
            *word = u32::from_le_bytes([text[0], text[1], text[2], text[3]]);
        }
        state[4..12].copy_from_slice(&seed);
        Self {
            state,
            block: [0; 16],
            at: 16,
        }
    }

    /// From the first 32 bytes of a hash, as big-endian words.
    pub fn from_hash(hash: &[u8]) -> Self {
        let mut seed = [0; 8];
        for (word, bytes) in seed.iter_mut().zip(hash.chunks_exact(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        Self::new(seed)
    }

    fn next_u32(&mut self) -> u32 {
        if self.at == 16 {
            self.refill();
        }
        self.at += 1;
        self.block[self.at - 1]
    }

    fn next_u64(&mut self) -> u64 {
        let high = u64::from(self.next_u32());
        high << 32 | u64::from(self.next_u32())
    }

    fn refill(&mut self) {
        let mut x = self.state;
        for _ in 0..10 {
            for (a, b, c, d) in [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)] {
                quarter(&mut x, a, b, c, d);
            }
            for (a, b, c, d) in [(0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)] {
                quarter(&mut x, a, b, c, d);
            }
        }
        for (word, start) in x.iter_mut().zip(self.state) {
            *word = word.wrapping_add(start);
        }
        self.block = x;
        self.at = 0;
        // A 128-bit counter in the last four words.
        for word in &mut self.state[12..] {
            *word = word.wrapping_add(1);
            if *word != 0 {
                break;
            }
        }
    }

    /// Limbs below a 254-bit modulus by rejection. ffjavascript takes them for the Montgomery form.
    fn below(&mut self, modulus: &Limbs) -> Limbs {
        loop {
            let mut value = [0; 4];
            for limb in &mut value {
                *limb = self.next_u64();
            }
            value[3] &= (1 << 62) - 1;
            if less(&value, modulus) {
                return value;
            }
        }
    }

    pub fn fr(&mut self) -> Fr {
        fr_raw(self.below(&R))
    }

    pub fn g1(&mut self) -> G1Affine {
        self.on_curve::<Fq>(|this| fq_raw(this.below(&Q)))
    }

    pub fn g2(&mut self) -> G2Affine {
        let point = self.on_curve::<Fq2>(|this| {
            let c0 = fq_raw(this.below(&Q));
            Fq2::new(c0, fq_raw(this.below(&Q)))
        });
        let cleared: ark_bn254::G2Projective = ark_ec::AffineRepr::mul_bigint(&point, G2_COFACTOR);
        cleared.into_affine()
    }

    /// A point with a random abscissa; a random bit picks the ordinate.
    fn on_curve<F: Coordinate>(&mut self, draw: impl Fn(&mut Self) -> F) -> F::Affine {
        loop {
            let x = draw(self);
            let greatest = self.next_u32() & 1 == 1;
            let square = x.square() * x + F::curve_b();
            if square.legendre() == LegendreSymbol::QuadraticNonResidue {
                continue;
            }
            if let Some(y) = square.sqrt() {
                return F::affine(x, if greatest == y.is_negative() { y } else { -y });
            }
        }
    }
}

/// 2q − r, which takes any point of the twist into the group of prime order.
const G2_COFACTOR: BigInt<4> = BigInt([
    0x345f_2299_c0f9_fa8d,
    0x06ce_ecda_572a_2489,
    0xb850_45b6_8181_585e,
    0x3064_4e72_e131_a029,
]);

fn quarter(x: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    x[a] = x[a].wrapping_add(x[b]);
    x[d] = (x[d] ^ x[a]).rotate_left(16);
    x[c] = x[c].wrapping_add(x[d]);
    x[b] = (x[b] ^ x[c]).rotate_left(12);
    x[a] = x[a].wrapping_add(x[b]);
    x[d] = (x[d] ^ x[a]).rotate_left(8);
    x[c] = x[c].wrapping_add(x[d]);
    x[b] = (x[b] ^ x[c]).rotate_left(7);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keystream_of_rfc_8439_style_zero_key() {
        // ChaCha20 with a zero key, counter and nonce begins 76 b8 e0 ad a0 f1 3d 90.
        let mut stream = ChaCha::new([0; 8]);
        assert_eq!(stream.next_u32().to_le_bytes(), [0x76, 0xb8, 0xe0, 0xad]);
        assert_eq!(stream.next_u32().to_le_bytes(), [0xa0, 0xf1, 0x3d, 0x90]);
    }

    #[test]
    fn cofactor() {
        // 2q - r
        let mut expected = num_bigint::BigUint::from_bytes_le(&crate::field::le_bytes(&Q)) * 2u32;
        expected -= num_bigint::BigUint::from_bytes_le(&crate::field::le_bytes(&R));
        assert_eq!(num_bigint::BigUint::from_bytes_le(&crate::field::le_bytes(&G2_COFACTOR.0)), expected);
    }

    #[test]
    fn points_are_in_the_groups() {
        let mut stream = ChaCha::new([1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(crate::point::in_group::<Fq>(&stream.g1()));
        assert!(crate::point::in_group::<Fq2>(&stream.g2()));
    }
}
