//! Many multiples of one point, for keys whose secret is known.

use ark_ec::CurveGroup;
use rayon::prelude::*;

use super::buckets::Work;
use super::kernel::{Kernel, Sums};
use super::{add, bits, kernel, offset, signed, Group, LARGE};
use crate::field::{Fr, Limbs};
use crate::point::{to_bytes, Coordinate};
use ark_ff::{AdditiveGroup, PrimeField};

const WIDTH: u32 = 13;
const HALF: u32 = 1 << (WIDTH - 1);
const WINDOWS: u32 = LARGE / WIDTH + 1;
/// Scalars that are handled together.
const CHUNK: usize = 512;

/// For every window of a scalar, the multiples of the shifted base up to half a window.
pub struct FixedBase<F: Coordinate> {
    /// At window * (HALF + 1) + d: d · 2^(WIDTH · window) · base.
    table: Vec<u8>,
    kernel: &'static dyn Kernel<F>,
}

impl<F: Coordinate> FixedBase<F> {
    pub fn new(base: &F::Affine) -> Self {
        let kernel = kernel::<F>();
        let row = HALF as usize + 1;
        let mut table = vec![0; WINDOWS as usize * row * F::POINT];
        let mut power = Group::<F>::from(*base);
        for window in 0..WINDOWS as usize {
            let at = (window * row + 1) * F::POINT;
            table[at..at + F::POINT].copy_from_slice(&to_bytes::<F>(&power.into_affine()));
            for _ in 0..WIDTH {
                power.double_in_place();
            }
        }
        let mut sums = Sums::default();
        let mut fresh = Vec::new();
        let mut known = 1;
        while known < HALF {
            // From 1..=known to known+1..=2·known: add the known-fold to each.
            let count = known.min(HALF - known);
            sums.clear();
            for window in 0..WINDOWS {
                let start = window * row as u32;
                for d in 1..=count {
                    sums.push(start + known, start + d, window * count + d - 1);
                }
            }
            fresh.resize((WINDOWS * count) as usize * F::POINT, 0);
            kernel.add(&table, &sums, &mut fresh);
            for (window, points) in fresh.chunks_exact(count as usize * F::POINT).enumerate() {
                let at = (window * row + known as usize + 1) * F::POINT;
                table[at..at + points.len()].copy_from_slice(points);
            }
            known += count;
        }
        Self { table, kernel }
    }

    /// The multiples in the files' form, one after the other.
    pub fn times(&self, scalars: &[Fr]) -> Vec<u8> {
        let shift = offset(LARGE, WIDTH);
        let mut out = vec![0; scalars.len() * F::POINT];
        scalars.par_chunks(CHUNK).zip(out.par_chunks_mut(CHUNK * F::POINT)).for_each_init(
            || (Work::default(), Vec::new(), Vec::new()),
            |(work, index, starts), (scalars, out)| {
                index.clear();
                starts.clear();
                starts.push(0);
                for scalar in scalars {
                    self.digits(&scalar.into_bigint().0, &shift, index);
                    starts.push(index.len());
                }
                work.reduce(self.kernel, &self.table, index, starts, out);
            },
        );
        out
    }

    fn digits(&self, scalar: &Limbs, shift: &Limbs, index: &mut Vec<u32>) {
        let (magnitude, sign) = signed(scalar);
        let shifted = add(&magnitude, shift);
        for window in 0..WINDOWS {
            let plain = bits(&shifted, window * WIDTH, WIDTH);
            let (digit, negative) = if window + 1 == WINDOWS {
                (plain, 0)
            } else if plain >= HALF {
                (plain - HALF, 0)
            } else {
                (HALF - plain, super::SIGN)
            };
            if digit != 0 {
                index.push((window * (HALF + 1) + digit) | (negative ^ sign));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{Fq, Fq2};
    use ark_ff::Field;

    fn check<F: Coordinate>() {
        use ark_ec::AffineRepr;
        let base = F::Affine::generator();
        let table = FixedBase::<F>::new(&base);
        let mut scalars = vec![Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::from(HALF), Fr::from(HALF + 1)];
        let mut value = Fr::from(3u64);
        for _ in 0..40 {
            value = value.square() + Fr::ONE;
            scalars.push(value);
        }
        let points = table.times(&scalars);
        for (point, scalar) in points.chunks_exact(F::POINT).zip(&scalars) {
            let expected = base.mul_bigint(scalar.into_bigint()).into_affine();
            assert_eq!(point, to_bytes::<F>(&expected));
        }
    }

    #[test]
    fn equals_single_multiplications() {
        check::<Fq>();
        check::<Fq2>();
    }
}
