//! Multiexponentiation over points that stay where they are, in the bytes of a key file.
//!
//! Pippenger's method with signed digits. A scalar s is replaced by the smaller of s and r − s, so that the many
//! small negative values of a circuit's witness are as cheap as small positive ones; zeros are dropped, ones
//! are only summed, and values below 2^64 need a quarter of the windows. In a window the points are sorted by
//! digit, and every bucket is summed pairwise: all additions of a round are independent, so they are affine
//! additions that share one inversion (about six field multiplications each), and eight of them run at once
//! where the processor has 52-bit vector multiplication.

mod buckets;
pub mod fixed;
mod kernel;
pub mod scalar;
#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
pub mod vector;

use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_ff::AdditiveGroup;
use rayon::prelude::*;
use zeroize::Zeroize;

use crate::field::{is_zero, less, Limbs, R};
use crate::point::Coordinate;

pub use kernel::{kernel, Kernel, Sums, SIGN};

pub type Group<F> = <<F as Coordinate>::Affine as AffineRepr>::Group;

/// Scalars of one size class: base index with the sign in the top bit, and magnitude with the offset added that
/// turns plain digits into signed ones.
struct Class {
    bits: u32,
    width: u32,
    index: Vec<u32>,
    shifted: Vec<Limbs>,
}

impl Class {
    fn new(bits: u32, index: Vec<u32>, mut magnitudes: Vec<Limbs>, cost: usize) -> Self {
        let width = width(index.len(), bits, cost);
        let offset = offset(bits, width);
        for value in &mut magnitudes {
            *value = add(value, &offset);
        }
        Self {
            bits,
            width,
            index,
            shifted: magnitudes,
        }
    }

    fn windows(&self) -> u32 {
        if self.index.is_empty() {
            0
        } else {
            self.bits / self.width + 1
        }
    }

    /// The signed digit of every scalar in a window, as (bucket, sign); bucket 0 means nothing to add.
    fn digit(&self, at: usize, window: u32) -> (u32, u32) {
        let plain = bits(&self.shifted[at], window * self.width, self.width);
        if window == self.bits / self.width {
            return (plain, 0);
        }
        let half = 1 << (self.width - 1);
        if plain >= half {
            (plain - half, 0)
        } else {
            (half - plain, SIGN)
        }
    }
}

impl Drop for Class {
    fn drop(&mut self) {
        self.shifted.zeroize();
        self.index.zeroize();
    }
}

/// A multiexponentiation that is split into windows which may run in any order on any thread.
pub struct Plan<'a, F: Coordinate> {
    bases: &'a [u8],
    classes: [Class; 2],
    ones: Vec<u32>,
    kernel: &'static dyn Kernel<F>,
}

/// What one window contributes: which class, which window, and the sum of digit times point.
pub struct Part<F: Coordinate> {
    class: usize,
    window: u32,
    sum: Group<F>,
}

const SMALL: u32 = 64;
const LARGE: u32 = 253;

impl<'a, F: Coordinate> Plan<'a, F> {
    /// `scalar(i)` is the canonical scalar of the point at `bases[i]`.
    pub fn new(bases: &'a [u8], scalar: impl Fn(usize) -> Limbs + Sync) -> Self {
        let kernel = kernel::<F>();
        let count = bases.len() / F::POINT;
        assert!(count < SIGN as usize, "more points than an index can name");
        // Room from the start: a list that grows leaves copies of its private content behind.
        let mut ones = Vec::with_capacity(count);
        let mut small = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut large = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (i, base) in bases.chunks_exact(F::POINT).enumerate() {
            let value = scalar(i);
            if is_zero(&value) || base.iter().all(|&byte| byte == 0) {
                continue;
            }
            let (magnitude, sign) = signed(&value);
            let index = i as u32 | sign;
            if magnitude == [1, 0, 0, 0] {
                ones.push(index);
            } else if magnitude[1] | magnitude[2] | magnitude[3] == 0 {
                small.0.push(index);
                small.1.push(magnitude);
            } else {
                large.0.push(index);
                large.1.push(magnitude);
            }
        }
        let cost = kernel.bucket_cost();
        Self {
            bases,
            classes: [
                Class::new(SMALL, small.0, small.1, cost),
                Class::new(LARGE, large.0, large.1, cost),
            ],
            ones,
            kernel,
        }
    }

    /// The pieces of work. Class 2 stands for the ones.
    pub fn tasks(&self) -> Vec<(usize, u32)> {
        let mut tasks = Vec::new();
        for (class, content) in self.classes.iter().enumerate().rev() {
            tasks.extend((0..content.windows()).map(|window| (class, window)));
        }
        if !self.ones.is_empty() {
            tasks.push((2, 0));
        }
        tasks
    }

    pub fn run(&self, (class, window): (usize, u32)) -> Part<F> {
        let sum = if class == 2 {
            buckets::sum(self.kernel, self.bases, &self.ones)
        } else {
            let class = &self.classes[class];
            let digits = |at: usize| class.digit(at, window);
            buckets::window(self.kernel, self.bases, &class.index, digits, 1 << (class.width - 1))
        };
        Part { class, window, sum }
    }

    pub fn finish(&self, parts: impl IntoIterator<Item = Part<F>>) -> Group<F> {
        let mut total = Group::<F>::ZERO;
        for part in parts {
            let shift = if part.class == 2 { 0 } else { part.window * self.classes[part.class].width };
            let mut sum = part.sum;
            for _ in 0..shift {
                sum.double_in_place();
            }
            total += sum;
        }
        total
    }
}

impl<F: Coordinate> Drop for Plan<'_, F> {
    fn drop(&mut self) {
        self.ones.zeroize();
    }
}

/// One multiexponentiation on all threads.
pub fn msm<F: Coordinate>(bases: &[u8], scalar: impl Fn(usize) -> Limbs + Sync) -> Group<F> {
    let plan = Plan::<F>::new(bases, scalar);
    let parts: Vec<_> = plan.tasks().into_par_iter().with_max_len(1).map(|task| plan.run(task)).collect();
    plan.finish(parts)
}

/// A single multiplication, for the handful of points that a proof handles one by one.
pub fn times<F: Coordinate>(point: &F::Affine, scalar: &crate::field::Fr) -> F::Affine {
    use ark_ff::PrimeField;
    Group::<F>::from(*point).mul_bigint(scalar.into_bigint()).into_affine()
}

/// Whether the vector kernel is in use.
pub fn vectorised() -> bool {
    #[cfg(target_arch = "x86_64")]
    return vector::available();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// The smaller of s and r − s, and whether it was negated.
fn signed(value: &Limbs) -> (Limbs, u32) {
    let negated = sub(&R, value);
    if less(&negated, value) {
        (negated, SIGN)
    } else {
        (*value, 0)
    }
}

fn sub(a: &Limbs, b: &Limbs) -> Limbs {
    let mut out = [0; 4];
    let mut borrow = false;
    for i in 0..4 {
        let (value, first) = a[i].overflowing_sub(b[i]);
        let (value, second) = value.overflowing_sub(u64::from(borrow));
        out[i] = value;
        borrow = first | second;
    }
    out
}

fn add(a: &Limbs, b: &Limbs) -> Limbs {
    let mut out = [0; 4];
    let mut carry = false;
    for i in 0..4 {
        let (value, first) = a[i].overflowing_add(b[i]);
        let (value, second) = value.overflowing_add(u64::from(carry));
        out[i] = value;
        carry = first | second;
    }
    out
}

/// Half a window in every window but the last: after adding it, a digit minus half is the signed digit, and no
/// carry has to be passed on.
fn offset(bits: u32, width: u32) -> Limbs {
    let mut out = [0; 4];
    for window in 0..bits / width {
        let at = window * width + width - 1;
        out[(at / 64) as usize] |= 1 << (at % 64);
    }
    out
}

fn bits(value: &Limbs, from: u32, width: u32) -> u32 {
    let (limb, shift) = ((from / 64) as usize, from % 64);
    let low = value[limb] >> shift;
    let high = if shift != 0 && limb < 3 { value[limb + 1] << (64 - shift) } else { 0 };
    ((low | high) & ((1 << width) - 1)) as u32
}

/// The window width that makes additions into buckets and the sum over buckets cheapest together; `cost` is
/// what a bucket costs, in additions.
fn width(count: usize, bits: u32, cost: usize) -> u32 {
    (2..=16)
        .min_by_key(|&width| (bits as usize / width as usize + 1) * (count + (cost << (width - 1))))
        .unwrap_or(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{le_bytes, Fq, Fq2, Fr};
    use crate::point::to_bytes;
    use ark_ff::{Field, PrimeField};

    fn check<F: Coordinate>(count: usize) {
        let mut bases = Vec::new();
        let mut scalars = Vec::new();
        let mut expected = Group::<F>::ZERO;
        let mut seed = Fr::from(7u64);
        for i in 0..count {
            seed = seed.square() + Fr::from(i as u64);
            let scalar = match i % 7 {
                0 => Fr::from(0u64),
                1 => Fr::from(1u64),
                2 => -Fr::from(1u64),
                3 => Fr::from(i as u64 * 12345),
                4 => -Fr::from(u64::MAX - i as u64),
                _ => seed,
            };
            // Few different points, so that equal and opposite ones meet in a bucket.
            let point = match i % 5 {
                0 => F::Affine::zero(),
                k => (Group::<F>::generator() * Fr::from(((i * k) % 11) as u64)).into_affine(),
            };
            expected += point * scalar;
            bases.extend(to_bytes::<F>(&point));
            scalars.push(scalar.into_bigint().0);
        }
        assert!(msm::<F>(&bases, |i| scalars[i]) == expected, "{count}");
    }

    #[test]
    fn equals_the_sum_of_products() {
        for count in [0, 1, 2, 3, 9, 50, 333, 2000] {
            check::<Fq>(count);
        }
        for count in [1, 2, 50, 333] {
            check::<Fq2>(count);
        }
    }

    #[test]
    fn extreme_scalars() {
        let base = to_bytes::<Fq>(&(Group::<Fq>::generator() * Fr::from(5u64)).into_affine());
        let half = Fr::MODULUS_MINUS_ONE_DIV_TWO.0;
        let values = [half, add(&half, &[1, 0, 0, 0]), sub(&R, &[1, 0, 0, 0]), [u64::MAX, 0, 0, 0], [0, 1, 0, 0]];
        for width in 2..=16 {
            for value in values {
                let (magnitude, sign) = signed(&value);
                let class = Class {
                    bits: LARGE,
                    width,
                    index: vec![0],
                    shifted: vec![add(&magnitude, &offset(LARGE, width))],
                };
                let mut total = Fr::from(0u64);
                for window in (0..class.windows()).rev() {
                    for _ in 0..width {
                        total.double_in_place();
                    }
                    let (digit, negative) = class.digit(0, window);
                    assert!(digit <= 1 << (width - 1));
                    let digit = Fr::from(digit);
                    total += if negative == 0 { digit } else { -digit };
                }
                total = if sign == 0 { total } else { -total };
                assert_eq!(le_bytes(&total.into_bigint().0), le_bytes(&value));
            }
        }
        for value in values {
            let expected = Group::<Fq>::from(crate::point::read::<Fq>(&base)).mul_bigint(value);
            assert_eq!(msm::<Fq>(&base, |_| value), expected);
        }
    }
}
