//! Eight base-field elements side by side, in AVX-512 with 52-bit multiplication (IFMA).
//!
//! An element is five limbs of 52 bits. A product of Montgomery type divides by 2^260, while the files' form is
//! x·2^256; the callers keep track of such factors ("scales") and cancel them with shifts, so points need no
//! conversion. Values are not kept fully reduced; each function states what it takes and gives in multiples of q.
//! "Tidy" means that every limb is below 2^52, which multiplication needs.

use std::arch::x86_64::*;

use crate::field::{Limbs, Q};

/// The same expression for every limb. Unlike a closure it is compiled with the vector instructions for certain.
macro_rules! limbwise {
    ($i:ident => $value:expr) => {
        [
            { const $i: usize = 0; $value },
            { const $i: usize = 1; $value },
            { const $i: usize = 2; $value },
            { const $i: usize = 3; $value },
            { const $i: usize = 4; $value },
        ]
    };
}

/// Eight elements; limb i of all of them together.
pub type F8 = [__m512i; 5];

const MASK: u64 = (1 << 52) - 1;
const Q52: [u64; 5] = split(Q);
/// −q⁻¹ mod 2^52.
const INVERSE: u64 = inverse();
/// Limbs of 0·q … 7·q.
const MULTIPLES: [[u64; 8]; 5] = multiples();
/// 2^92 over the top limb of q, rounded down: t·ESTIMATE >> 92 is the quotient by q of a value with top limb t, or,
/// just above a multiple of q, one less.
const ESTIMATE: u64 = ((1u128 << 92) / (Q52[4] as u128 + 1)) as u64;

pub const fn split(value: Limbs) -> [u64; 5] {
    [
        value[0] & MASK,
        (value[0] >> 52 | value[1] << 12) & MASK,
        (value[1] >> 40 | value[2] << 24) & MASK,
        (value[2] >> 28 | value[3] << 36) & MASK,
        value[3] >> 16,
    ]
}

const fn inverse() -> u64 {
    let mut x = 1u64;
    let mut i = 0;
    while i < 6 {
        x = x.wrapping_mul(2u64.wrapping_sub(Q[0].wrapping_mul(x)));
        i += 1;
    }
    x.wrapping_neg() & MASK
}

const fn multiples() -> [[u64; 8]; 5] {
    let mut out = [[0; 8]; 5];
    let mut k = 0;
    while k < 8 {
        let mut carry = 0;
        let mut i = 0;
        while i < 5 {
            let sum = Q52[i] * k as u64 + carry;
            out[i][k] = if i < 4 { sum & MASK } else { sum };
            carry = sum >> 52;
            i += 1;
        }
        k += 1;
    }
    out
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn all(value: u64) -> __m512i {
    _mm512_set1_epi64(value as i64)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn zero() -> F8 {
    [_mm512_setzero_si512(); 5]
}

/// Limbs may be signed and large; the value must not be negative and be below 2^260. Gives tidy ones.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn tidy(mut a: F8) -> F8 {
    let mask = all(MASK);
    for i in 0..4 {
        a[i + 1] = _mm512_add_epi64(a[i + 1], _mm512_srai_epi64::<52>(a[i]));
        a[i] = _mm512_and_si512(a[i], mask);
    }
    a
}

/// (Σ a·b) / 2^260 mod q, below (Σ a·b)/2^260 + q. Tidy in, tidy out.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn products<const N: usize>(factors: [(&F8, &F8); N]) -> F8 {
    let q = limbwise!(I => all(Q52[I]));
    let inverse = all(INVERSE);
    let nothing = _mm512_setzero_si512();
    let mut t = [nothing; 6];
    for i in 0..5 {
        for (a, b) in factors {
            for j in 0..5 {
                t[j] = _mm512_madd52lo_epu64(t[j], a[j], b[i]);
            }
        }
        let m = _mm512_madd52lo_epu64(nothing, t[0], inverse);
        t[0] = _mm512_madd52lo_epu64(t[0], m, q[0]);
        let carry = _mm512_srli_epi64::<52>(t[0]);
        let mut next = [nothing; 6];
        next[0] = _mm512_add_epi64(t[1], carry);
        next[1..5].copy_from_slice(&t[2..6]);
        for j in 1..5 {
            next[j - 1] = _mm512_madd52lo_epu64(next[j - 1], m, q[j]);
        }
        for (a, b) in factors {
            for j in 0..5 {
                next[j] = _mm512_madd52hi_epu64(next[j], a[j], b[i]);
            }
        }
        for j in 0..5 {
            next[j] = _mm512_madd52hi_epu64(next[j], m, q[j]);
        }
        t = next;
    }
    tidy([t[0], t[1], t[2], t[3], t[4]])
}

/// a·b / 2^260, below a·b/2^260 + q.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn mul(a: &F8, b: &F8) -> F8 {
    products([(a, b)])
}

/// (a·b + c·d) / 2^260, below that + q.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn mul_add_mul(a: &F8, b: &F8, c: &F8, d: &F8) -> F8 {
    products([(a, b), (c, d)])
}

/// a − b without tidying.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn minus(a: &F8, b: &F8) -> F8 {
    limbwise!(I => _mm512_sub_epi64(a[I], b[I]))
}

/// a + b without tidying.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn plus(a: &F8, b: &F8) -> F8 {
    limbwise!(I => _mm512_add_epi64(a[I], b[I]))
}

/// (a + K·q)·2^SHIFT, tidied: a may be as low as −K·q.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn lift<const K: usize, const SHIFT: u32>(a: &F8) -> F8 {
    tidy(limbwise!(I => _mm512_slli_epi64::<SHIFT>(_mm512_add_epi64(a[I], all(MULTIPLES[I][K])))))
}

/// A value from −K·q to (7 − K)·q, brought below q + q/2^40.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn reduce<const K: usize>(a: &F8) -> F8 {
    let a = lift::<K, 0>(a);
    let quotient = _mm512_srli_epi64::<40>(_mm512_madd52hi_epu64(_mm512_setzero_si512(), a[4], all(ESTIMATE)));
    tidy(limbwise!(I => {
        // SAFETY: eight words are read from an array of eight words.
        let row = unsafe { _mm512_loadu_si512(MULTIPLES[I].as_ptr().cast()) };
        _mm512_sub_epi64(a[I], _mm512_permutexvar_epi64(quotient, row))
    }))
}

/// q − a in the chosen lanes, untidy; a elsewhere.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn negate(a: &F8, lanes: __mmask8) -> F8 {
    limbwise!(I => _mm512_mask_sub_epi64(a[I], lanes, all(Q52[I]), a[I]))
}

/// `b` in the chosen lanes, `a` elsewhere.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn choose(lanes: __mmask8, a: &F8, b: &F8) -> F8 {
    limbwise!(I => _mm512_mask_blend_epi64(lanes, a[I], b[I]))
}

/// 2^260 mod q: one, at scale 260.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn one() -> F8 {
    limbwise!(I => all(ONE[I]))
}

const ONE: [u64; 5] = split(one_260());

/// 2^260 mod q, by doubling 1.
const fn one_260() -> Limbs {
    let mut x = [1u64, 0, 0, 0];
    let mut i = 0;
    while i < 260 {
        let doubled =
            [x[0] << 1, x[1] << 1 | x[0] >> 63, x[2] << 1 | x[1] >> 63, x[3] << 1 | x[2] >> 63];
        // q is below 2^254, so nothing is lost.
        let mut out = [0; 4];
        let mut borrow = 0u64;
        let mut k = 0;
        while k < 4 {
            let wide = (doubled[k] as u128).wrapping_sub(Q[k] as u128).wrapping_sub(borrow as u128);
            out[k] = wide as u64;
            borrow = (wide >> 64) as u64 & 1;
            k += 1;
        }
        x = if borrow == 0 { out } else { doubled };
        i += 1;
    }
    x
}

/// Four 64-bit words to five limbs.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn unpack(w: &[__m512i; 4]) -> F8 {
    let mask = all(MASK);
    let join = |low, high| _mm512_and_si512(_mm512_or_si512(low, high), mask);
    [
        _mm512_and_si512(w[0], mask),
        join(_mm512_srli_epi64::<52>(w[0]), _mm512_slli_epi64::<12>(w[1])),
        join(_mm512_srli_epi64::<40>(w[1]), _mm512_slli_epi64::<24>(w[2])),
        join(_mm512_srli_epi64::<28>(w[2]), _mm512_slli_epi64::<36>(w[3])),
        _mm512_srli_epi64::<16>(w[3]),
    ]
}

/// Five tidy limbs of values below 2^256 to four words.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn pack(a: &F8) -> [__m512i; 4] {
    [
        _mm512_or_si512(a[0], _mm512_slli_epi64::<52>(a[1])),
        _mm512_or_si512(_mm512_srli_epi64::<12>(a[1]), _mm512_slli_epi64::<40>(a[2])),
        _mm512_or_si512(_mm512_srli_epi64::<24>(a[2]), _mm512_slli_epi64::<28>(a[3])),
        _mm512_or_si512(_mm512_srli_epi64::<36>(a[3]), _mm512_slli_epi64::<16>(a[4])),
    ]
}

/// Rows to columns and back.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn transpose(r: &[__m512i; 8]) -> [__m512i; 8] {
    let mut pairs = [_mm512_setzero_si512(); 8];
    for i in 0..4 {
        pairs[2 * i] = _mm512_unpacklo_epi64(r[2 * i], r[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_epi64(r[2 * i], r[2 * i + 1]);
    }
    let mut quads = [_mm512_setzero_si512(); 8];
    for half in 0..2 {
        for odd in 0..2 {
            let (a, b) = (pairs[4 * half + odd], pairs[4 * half + 2 + odd]);
            quads[4 * half + odd] = _mm512_shuffle_i64x2::<0x88>(a, b);
            quads[4 * half + 2 + odd] = _mm512_shuffle_i64x2::<0xdd>(a, b);
        }
    }
    let mut out = [_mm512_setzero_si512(); 8];
    for i in 0..4 {
        out[i] = _mm512_shuffle_i64x2::<0x88>(quads[i], quads[4 + i]);
        out[4 + i] = _mm512_shuffle_i64x2::<0xdd>(quads[i], quads[4 + i]);
    }
    out
}

/// The values in the lanes.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn to_lanes(a: &F8) -> [Limbs; 8] {
    let words = pack(a);
    let mut out = [[0; 4]; 8];
    for (i, word) in words.iter().enumerate() {
        let mut lane = [0u64; 8];
        // SAFETY: eight words are written to an array of eight words.
        unsafe { _mm512_storeu_si512(lane.as_mut_ptr().cast(), *word) };
        for (slot, value) in out.iter_mut().zip(lane) {
            slot[i] = value;
        }
    }
    out
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub fn from_lanes(values: &[Limbs; 8]) -> F8 {
    let words: [__m512i; 4] = std::array::from_fn(|i| {
        let lane: [u64; 8] = std::array::from_fn(|k| values[k][i]);
        // SAFETY: eight words are read from an array of eight words.
        unsafe { _mm512_loadu_si512(lane.as_ptr().cast()) }
    });
    unpack(&words)
}
