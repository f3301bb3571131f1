//! BN254's two fields as the files write them: 32 little-endian bytes, plain or in Montgomery form.
//!
//! In memory arkworks keeps an element as four 64-bit limbs of `value * 2^256 mod p`, the very bytes that
//! snarkjs writes as "LEM", so reading a Montgomery element is four loads and no arithmetic.

use ark_ff::{BigInt, PrimeField};

pub use ark_bn254::{Fq, Fq2, Fr};

pub type Limbs = [u64; 4];

/// The order of the scalar field, least significant limb first.
pub const R: Limbs = <Fr as PrimeField>::MODULUS.0;
/// The order of the base field.
pub const Q: Limbs = <Fq as PrimeField>::MODULUS.0;

pub fn limbs(bytes: &[u8]) -> Limbs {
    let mut out = [0; 4];
    for (limb, chunk) in out.iter_mut().zip(bytes.chunks_exact(8)) {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        *limb = u64::from_le_bytes(word);
    }
    out
}

pub fn le_bytes(limbs: &Limbs) -> [u8; 32] {
    let mut out = [0; 32];
    for (chunk, limb) in out.chunks_exact_mut(8).zip(limbs) {
        chunk.copy_from_slice(&limb.to_le_bytes());
    }
    out
}

/// a < b
pub fn less(a: &Limbs, b: &Limbs) -> bool {
    for i in (0..4).rev() {
        if a[i] != b[i] {
            return a[i] < b[i];
        }
    }
    false
}

pub fn is_zero(a: &Limbs) -> bool {
    (a[0] | a[1] | a[2] | a[3]) == 0
}

/// An element whose Montgomery form is `raw`, which must be below the modulus for arithmetic to mean anything.
pub fn fq_raw(raw: Limbs) -> Fq {
    Fq::new_unchecked(BigInt(raw))
}

pub fn fr_raw(raw: Limbs) -> Fr {
    Fr::new_unchecked(BigInt(raw))
}

/// The element with this canonical value; `None` when it is not below the modulus.
pub fn fq(canonical: Limbs) -> Option<Fq> {
    Fq::from_bigint(BigInt(canonical))
}

pub fn fr(canonical: Limbs) -> Option<Fr> {
    Fr::from_bigint(BigInt(canonical))
}

/// A big-endian number modulo the scalar field's order.
pub fn fr_from_be(bytes: &[u8]) -> Fr {
    Fr::from_be_bytes_mod_order(bytes)
}

/// Canonical decimal digits to limbs: no sign, no leading zero, below 2^256.
pub fn decimal(text: &str) -> Option<Limbs> {
    let digits = text.as_bytes();
    if digits.is_empty() || digits.len() > 78 || (digits[0] == b'0' && digits.len() > 1) {
        return None;
    }
    let mut out = [0u64; 4];
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        let mut carry = u128::from(digit - b'0');
        for limb in &mut out {
            let wide = u128::from(*limb) * 10 + carry;
            *limb = wide as u64;
            carry = wide >> 64;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(out)
}

/// Decimal text of a canonical value.
pub fn to_decimal(canonical: &Limbs) -> String {
    num_bigint::BigUint::from_bytes_le(&le_bytes(canonical)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_is_strict() {
        assert_eq!(decimal("0"), Some([0; 4]));
        assert_eq!(decimal("18446744073709551616"), Some([0, 1, 0, 0]));
        for bad in ["", "00", "01", "-1", "+1", "1e5", " 1", "0x1", "1.0", "١"] {
            assert_eq!(decimal(bad), None, "{bad}");
        }
        let above = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
        assert_eq!(decimal(above), None);
        assert_eq!(decimal(&to_decimal(&R)), Some(R));
    }
}
