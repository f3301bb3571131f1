//! Inversion in the base field, three times as fast as the library's.
//!
//! Pornin's binary Euclid (https://eprint.iacr.org/2020/972): 31 steps at a time run on 64-bit approximations of
//! the two numbers, and only then are the whole numbers updated. Its time depends on the value, which here is a
//! product of differences between points.

use crate::field::{fq_raw, is_zero, less, Fq, Limbs, Q};

const STEPS: u32 = 31;
const LOW: u64 = (1 << STEPS) - 1;
/// −q⁻¹ mod 2^31.
const FACTOR: u64 = {
    let mut x = 1u64;
    let mut i = 0;
    while i < 6 {
        x = x.wrapping_mul(2u64.wrapping_sub(Q[0].wrapping_mul(x)));
        i += 1;
    }
    x.wrapping_neg() & LOW
};
/// (2^256)³ mod q, which takes the plain inverse of a Montgomery form back to Montgomery form.
const CUBE: Limbs = {
    let mut x = [1u64, 0, 0, 0];
    let mut i = 0;
    while i < 768 {
        x = double(x);
        i += 1;
    }
    x
};

const fn double(x: Limbs) -> Limbs {
    let doubled = [x[0] << 1, x[1] << 1 | x[0] >> 63, x[2] << 1 | x[1] >> 63, x[3] << 1 | x[2] >> 63];
    let mut out = [0; 4];
    let mut borrow = 0u64;
    let mut k = 0;
    while k < 4 {
        let wide = (doubled[k] as u128).wrapping_sub(Q[k] as u128).wrapping_sub(borrow as u128);
        out[k] = wide as u64;
        borrow = (wide >> 64) as u64 & 1;
        k += 1;
    }
    if borrow == 0 {
        out
    } else {
        doubled
    }
}

/// Two's complement, the top limb signed.
type Wide = [u64; 5];

/// 1/x, or `None` for zero.
pub fn invert(x: &Fq) -> Option<Fq> {
    let mut a: Limbs = x.0 .0;
    let mut b: Limbs = Q;
    if is_zero(&a) {
        return None;
    }
    let (mut u, mut v): (Wide, Wide) = ([1, 0, 0, 0, 0], [0; 5]);
    // a ≡ x·u and b ≡ x·v throughout.
    while !is_zero(&a) {
        let (mut f0, mut g0, mut f1, mut g1) = steps(&a, &b);
        let next_a = combine(&widen(&a), f0, &widen(&b), g0);
        let next_b = combine(&widen(&a), f1, &widen(&b), g1);
        let negative_a = halve(next_a, &mut a);
        let negative_b = halve(next_b, &mut b);
        if negative_a {
            (f0, g0) = (-f0, -g0);
        }
        if negative_b {
            (f1, g1) = (-f1, -g1);
        }
        (u, v) = (divide(combine(&u, f0, &v, g0)), divide(combine(&u, f1, &v, g1)));
    }
    // q is prime, so b is 1 now and v is the inverse, some multiples of q away.
    Some(fq_raw(reduce(v)) * fq_raw(CUBE))
}

/// The effect of 31 steps as a matrix, from the numbers' lowest 31 and highest 33 bits.
fn steps(a: &Limbs, b: &Limbs) -> (i64, i64, i64, i64) {
    let length = bits(a).max(bits(b)).max(64);
    let approximate = |x: &Limbs| {
        if length == 64 {
            x[0]
        } else {
            (x[0] & LOW) | (window(x, length - 33) << STEPS)
        }
    };
    let (mut a, mut b) = (approximate(a), approximate(b));
    let (mut f0, mut g0, mut f1, mut g1) = (1i64, 0i64, 0i64, 1i64);
    for _ in 0..STEPS {
        if a & 1 == 1 {
            if a < b {
                std::mem::swap(&mut a, &mut b);
                std::mem::swap(&mut f0, &mut f1);
                std::mem::swap(&mut g0, &mut g1);
            }
            a -= b;
            f0 -= f1;
            g0 -= g1;
        }
        a >>= 1;
        f1 <<= 1;
        g1 <<= 1;
    }
    (f0, g0, f1, g1)
}

fn bits(x: &Limbs) -> u32 {
    (0..4).rev().find(|&i| x[i] != 0).map_or(0, |i| 64 * i as u32 + 64 - x[i].leading_zeros())
}

/// The 33 bits from `from` on; nothing is above them.
fn window(x: &Limbs, from: u32) -> u64 {
    let (limb, shift) = ((from / 64) as usize, from % 64);
    let high = if shift != 0 && limb < 3 { x[limb + 1] << (64 - shift) } else { 0 };
    x[limb] >> shift | high
}

fn widen(x: &Limbs) -> Wide {
    [x[0], x[1], x[2], x[3], 0]
}

fn combine(x: &Wide, f: i64, y: &Wide, g: i64) -> Wide {
    let mut out = [0; 5];
    let mut carry = 0i128;
    for i in 0..5 {
        let signed = |limb: u64| if i == 4 { i128::from(limb as i64) } else { i128::from(limb) };
        let sum = signed(x[i]) * i128::from(f) + signed(y[i]) * i128::from(g) + carry;
        out[i] = sum as u64;
        carry = sum >> 64;
    }
    out
}

fn shift(x: &Wide) -> Wide {
    let mut out = [0; 5];
    for i in 0..4 {
        out[i] = x[i] >> STEPS | x[i + 1] << (64 - STEPS);
    }
    out[4] = ((x[4] as i64) >> STEPS) as u64;
    out
}

/// The absolute value of x / 2^31, and whether x was negative.
fn halve(x: Wide, out: &mut Limbs) -> bool {
    let mut x = shift(&x);
    let negative = (x[4] as i64) < 0;
    if negative {
        x = combine(&x, -1, &[0; 5], 0);
    }
    out.copy_from_slice(&x[..4]);
    negative
}

/// x / 2^31 mod q: adds the multiple of q that makes the division exact, of either sign so that |x| stays small.
fn divide(x: Wide) -> Wide {
    let multiple = (x[0].wrapping_mul(FACTOR) & LOW) as i64;
    let multiple = if multiple >> (STEPS - 1) == 1 { multiple - (1 << STEPS) } else { multiple };
    shift(&combine(&x, 1, &widen(&Q), multiple))
}

fn reduce(mut x: Wide) -> Limbs {
    while (x[4] as i64) < 0 {
        x = combine(&x, 1, &widen(&Q), 1);
    }
    let low = |x: &Wide| [x[0], x[1], x[2], x[3]];
    while x[4] != 0 || !less(&low(&x), &Q) {
        x = combine(&x, 1, &widen(&Q), -1);
    }
    low(&x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{AdditiveGroup, Field};

    #[test]
    fn times_the_value_is_one() {
        assert_eq!(invert(&Fq::ZERO), None);
        let mut x = Fq::from(3u64);
        for i in 0..2000u64 {
            let values = [x, Fq::from(i + 1), -Fq::from(i + 1), fq_raw([i + 1, 0, 0, 0]), fq_raw([0, 0, 0, i + 1])];
            for value in values {
                assert_eq!(invert(&value).map(|inverse| inverse * value), Some(Fq::ONE));
            }
            x = x.square() + Fq::from(i);
        }
    }
}
