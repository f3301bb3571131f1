//! Affine additions eight at a time.
//!
//! Points come and go in the files' form, whose values are x·2^256 ("scale 256"). With d = x2 − x1 at scale 258
//! (two bits further left), running products of the d lose two bits of scale at every step and their running
//! inverse gains them again, so every 1/d comes out at scale 262 and the slope (y2 − y1)/d at 258. Its square is
//! then at 256 again, and so is its product with a difference of abscissas that was moved two bits left.

use std::arch::x86_64::*;

use super::kernel::{Kernel, Sums, SIGN};
use super::lanes::*;
use super::scalar::{slow, Scalar};
use crate::field::{fq_raw, less, Fq, Fq2, Limbs, Q};
use crate::point::Coordinate;

/// Whether this processor has what the code below is compiled for.
pub fn available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

/// D is the degree of the coordinate field: 1 in G1, 2 in G2.
pub struct Vector<const D: usize>;

/// Groups of eight that share an inversion.
const GROUPS: usize = 64;
const LANES: usize = 8;

type E<const D: usize> = [F8; D];

impl Kernel<Fq> for Vector<1> {
    fn add(&self, from: &[u8], sums: &Sums, out: &mut [u8]) {
        assert!(available());
        // SAFETY: the processor has the instructions.
        unsafe { add::<1, Fq>(from, sums, out) }
    }

    fn bucket_cost(&self) -> usize {
        12
    }
}

impl Kernel<Fq2> for Vector<2> {
    fn add(&self, from: &[u8], sums: &Sums, out: &mut [u8]) {
        assert!(available());
        // SAFETY: the processor has the instructions.
        unsafe { add::<2, Fq2>(from, sums, out) }
    }

    fn bucket_cost(&self) -> usize {
        12
    }
}

/// What the backward pass needs of a group.
#[derive(Clone, Copy)]
struct Group<const D: usize> {
    x1: E<D>,
    x2: E<D>,
    y1: E<D>,
    rise: E<D>,
    run: E<D>,
    before: E<D>,
    /// Lanes that the formula does not cover.
    special: __mmask8,
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn add<const D: usize, F: Coordinate + Lanes<D>>(from: &[u8], sums: &Sums, out: &mut [u8]) {
    let whole = sums.len() / LANES * LANES;
    let blank = [zero(); D];
    let mut groups = [Group::<D> {
        x1: blank,
        x2: blank,
        y1: blank,
        rise: blank,
        run: blank,
        before: blank,
        special: 0,
    }; GROUPS];
    let mut start = 0;
    while start < whole {
        let count = ((whole - start) / LANES).min(GROUPS);
        batch::<D, F>(from, sums, out, start, &mut groups[..count]);
        start += count * LANES;
    }
    if whole < sums.len() {
        let mut rest = Sums::default();
        for at in whole..sums.len() {
            rest.push(sums.left[at], sums.right[at], sums.to[at]);
        }
        Kernel::<F>::add(&Scalar, from, &rest, out);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn batch<const D: usize, F: Coordinate + Lanes<D>>(
    from: &[u8],
    sums: &Sums,
    out: &mut [u8],
    start: usize,
    groups: &mut [Group<D>],
) {
    let mut product = [zero(); D];
    product[0] = one();
    for (i, group) in groups.iter_mut().enumerate() {
        let at = start + i * LANES;
        let (x1, y1, none1) = load::<D>(from, &sums.left[at..at + LANES]);
        let (x2, y2, none2) = load::<D>(from, &sums.right[at..at + LANES]);
        let special = none1 | none2 | equal::<D>(&x1, &x2);
        let mut run: E<D> = std::array::from_fn(|k| lift::<2, 2>(&minus(&x2[k], &x1[k])));
        if special != 0 {
            for k in 0..D {
                run[k] = choose(special, &run[k], &if k == 0 { one() } else { zero() });
            }
        }
        *group = Group {
            x1,
            x2,
            y1,
            rise: std::array::from_fn(|k| lift::<3, 0>(&minus(&y2[k], &y1[k]))),
            run,
            before: product,
            special,
        };
        product = times(&product, &run);
    }
    let (mut inverse, spoilt) = invert::<D, F>(&product);
    for (i, group) in groups.iter().enumerate().rev() {
        let at = start + i * LANES;
        let Group { x1, x2, y1, .. } = group;
        let slope = times(&times(&inverse, &group.before), &group.rise);
        inverse = times(&inverse, &group.run);
        let squared = square(&slope);
        let x3: E<D> = std::array::from_fn(|k| reduce::<3>(&minus(&minus(&squared[k], &x1[k]), &x2[k])));
        let back: E<D> = std::array::from_fn(|k| lift::<2, 2>(&minus(&x1[k], &x3[k])));
        let height = times(&slope, &back);
        let y3: E<D> = std::array::from_fn(|k| reduce::<2>(&minus(&height[k], &y1[k])));
        store::<D>(out, &sums.to[at..at + LANES], &x3, &y3);
        let slowly = group.special | spoilt;
        if slowly != 0 {
            for lane in (0..LANES).filter(|lane| slowly >> lane & 1 == 1) {
                let to = sums.to[at + lane] as usize * F::POINT;
                let place = &mut out[to..to + F::POINT];
                slow::<F>(from, sums.left[at + lane], sums.right[at + lane], place);
            }
        }
    }
}

/// Coordinates of eight points, ordinates negated where the index says so, and the lanes with infinity.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn load<const D: usize>(from: &[u8], index: &[u32]) -> (E<D>, E<D>, __mmask8) {
    let mut rows = [[_mm512_setzero_si512(); 8]; D];
    let mut signs = 0;
    for (lane, &index) in index.iter().enumerate() {
        signs |= ((index >> 31) as u8) << lane;
        let at = (index & !SIGN) as usize * 64 * D;
        for (part, bytes) in from[at..at + 64 * D].chunks_exact(64).enumerate() {
            // SAFETY: 64 bytes are read from a slice of 64 bytes.
            rows[part][lane] = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
        }
    }
    // In G1 a row is (x, y); in G2 the first row is x and the second is y, of two parts each.
    let columns = rows.map(|rows| transpose(&rows));
    let word = |k: usize| -> F8 {
        let half = &columns[k / 2][4 * (k % 2)..4 * (k % 2) + 4];
        unpack(&[half[0], half[1], half[2], half[3]])
    };
    let x: E<D> = std::array::from_fn(word);
    let y: E<D> = std::array::from_fn(|k| word(D + k));
    let nothing = x.iter().flatten().fold(_mm512_setzero_si512(), |sum, &limb| _mm512_or_si512(sum, limb));
    let none = _mm512_testn_epi64_mask(nothing, nothing);
    (x, y.map(|y| negate(&y, signs)), none)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn equal<const D: usize>(a: &E<D>, b: &E<D>) -> __mmask8 {
    let mut differ = _mm512_setzero_si512();
    for k in 0..D {
        for i in 0..5 {
            differ = _mm512_or_si512(differ, _mm512_xor_si512(a[k][i], b[k][i]));
        }
    }
    _mm512_testn_epi64_mask(differ, differ)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn store<const D: usize>(out: &mut [u8], to: &[u32], x: &E<D>, y: &E<D>) {
    let mut columns = [[_mm512_setzero_si512(); 8]; D];
    for k in 0..D {
        for (part, value) in [(k, &x[k]), (D + k, &y[k])] {
            columns[part / 2][4 * (part % 2)..4 * (part % 2) + 4].copy_from_slice(&pack(value));
        }
    }
    let rows = columns.map(|columns| transpose(&columns));
    for (lane, &to) in to.iter().enumerate() {
        let at = to as usize * 64 * D;
        for (part, bytes) in out[at..at + 64 * D].chunks_exact_mut(64).enumerate() {
            // SAFETY: 64 bytes are written to a slice of 64 bytes.
            unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), rows[part][lane]) };
        }
    }
}

/// a·b / 2^260. In F_q2 = F_q[i], i² = −1; a is below 4·q.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn times<const D: usize>(a: &E<D>, b: &E<D>) -> E<D> {
    let mut out = *a;
    if D == 1 {
        out[0] = mul(&a[0], &b[0]);
    } else {
        let minus_a1 = lift::<4, 0>(&minus(&zero(), &a[1]));
        out[0] = mul_add_mul(&a[0], &b[0], &minus_a1, &b[1]);
        out[1] = mul_add_mul(&a[0], &b[1], &a[1], &b[0]);
    }
    out
}

/// a² / 2^260, a below 2·q.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn square<const D: usize>(a: &E<D>) -> E<D> {
    let mut out = *a;
    if D == 1 {
        out[0] = mul(&a[0], &a[0]);
    } else {
        let sum = tidy(plus(&a[0], &a[1]));
        let difference = lift::<2, 0>(&minus(&a[0], &a[1]));
        out[0] = mul(&sum, &difference);
        out[1] = mul(&tidy(plus(&a[0], &a[0])), &a[1]);
    }
    out
}

/// How a coordinate is made of base-field values.
trait Lanes<const D: usize>: Sized {
    fn join(parts: [Fq; D]) -> Self;
    fn parts(&self) -> [Fq; D];
}

impl Lanes<1> for Fq {
    fn join([value]: [Fq; 1]) -> Self {
        value
    }
    fn parts(&self) -> [Fq; 1] {
        [*self]
    }
}

impl Lanes<2> for Fq2 {
    fn join([c0, c1]: [Fq; 2]) -> Self {
        Self::new(c0, c1)
    }
    fn parts(&self) -> [Fq; 2] {
        [self.c0, self.c1]
    }
}

/// The inverse of the running product with its scale mirrored, and the lanes in which the product was zero.
///
/// The product is P·2^(260 − 2n) after n steps, and P⁻¹·2^(260 + 2n) is wanted. Read in the files' form the
/// former is f = P·2^(4 − 2n), so the latter is 2^8/f whatever n is.
#[target_feature(enable = "avx512f,avx512ifma")]
fn invert<const D: usize, F: Coordinate + Lanes<D>>(product: &E<D>) -> (E<D>, __mmask8) {
    let parts = product.map(|part| to_lanes(&reduce::<0>(&part)));
    let mut values: [F; LANES] =
        std::array::from_fn(|lane| F::join(std::array::from_fn(|k| fq_raw(below(parts[k][lane])))));
    let mut spoilt = 0;
    let mut running = [F::ONE; LANES];
    let mut total = F::ONE;
    for lane in 0..LANES {
        if values[lane] == F::ZERO {
            spoilt |= 1 << lane;
            values[lane] = F::ONE;
        }
        running[lane] = total;
        total *= values[lane];
    }
    let mut inverse = total.invert().unwrap_or(F::ONE) * F::from(256u64);
    let mut out = [[[0u64; 4]; LANES]; D];
    for lane in (0..LANES).rev() {
        let single = inverse * running[lane];
        inverse *= values[lane];
        for (k, part) in single.parts().into_iter().enumerate() {
            out[k][lane] = part.0 .0;
        }
    }
    (std::array::from_fn(|k| from_lanes(&out[k])), spoilt)
}

/// A value below 2q, brought below q.
fn below(value: Limbs) -> Limbs {
    if less(&value, &Q) {
        value
    } else {
        super::sub(&value, &Q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Fr;
    use crate::point::{on_curve, to_bytes};
    use ark_ec::{AffineRepr, CurveGroup};

    fn same<F: Coordinate>(vector: &dyn Kernel<F>) {
        let base = F::Affine::generator();
        let mut points = Vec::new();
        let mut value = Fr::from(1u64);
        for i in 0..700u64 {
            value = value * value + Fr::from(i);
            let multiple = if i % 50 == 7 { Fr::from(i % 3) } else { value };
            points.extend(to_bytes::<F>(&(base * multiple).into_affine()));
        }
        let mut sums = Sums::default();
        for to in 0..603u32 {
            let (left, right) = (to % 700, (to * 37 + 11) % 700);
            let right = if to % 29 == 3 { left } else { right };
            let signs = [0, SIGN][(to % 3 == 1) as usize];
            sums.push(left ^ signs, right ^ [0, SIGN][(to % 5 == 2) as usize], 602 - to);
        }
        let mut expected = vec![0; 603 * F::POINT];
        let mut found = vec![0; 603 * F::POINT];
        Kernel::<F>::add(&Scalar, &points, &sums, &mut expected);
        vector.add(&points, &sums, &mut found);
        let read = |bytes: &[u8]| bytes.chunks_exact(F::POINT).map(crate::point::read::<F>).collect::<Vec<_>>();
        assert!(found.chunks_exact(F::POINT).all(on_curve::<F>));
        assert_eq!(read(&found), read(&expected));
        // Equal, opposite and infinite operands alone.
        let mut sums = Sums::default();
        (0..8).for_each(|to| sums.push(7, 7, to));
        Kernel::<F>::add(&Scalar, &points, &sums, &mut expected);
        vector.add(&points, &sums, &mut found);
        assert_eq!(found[..8 * F::POINT], expected[..8 * F::POINT]);
    }

    #[test]
    fn agrees_with_the_scalar_kernel() {
        if !available() {
            println!("skipped: this processor has no 52-bit vector multiplication");
            return;
        }
        same::<Fq>(&Vector::<1>);
        same::<Fq2>(&Vector::<2>);
    }
}
