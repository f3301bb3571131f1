//! Affine additions with one shared inversion, for any processor.

use ark_ec::{AffineRepr, CurveGroup};

use super::kernel::{Kernel, Sums, SIGN};
use super::Group;
use crate::point::{read, write, Coordinate};

pub struct Scalar;

/// Additions that share an inversion; more would leave the nearest cache.
const BATCH: usize = 256;

impl<F: Coordinate> Kernel<F> for Scalar {
    fn add(&self, from: &[u8], sums: &Sums, out: &mut [u8]) {
        let mut differences = [F::ZERO; BATCH];
        let mut products = [F::ZERO; BATCH];
        let mut start = 0;
        while start < sums.len() {
            let end = (start + BATCH).min(sums.len());
            batch::<F>(from, sums, out, start..end, &mut differences, &mut products);
            start = end;
        }
    }

    fn bucket_cost(&self) -> usize {
        5
    }
}

fn batch<F: Coordinate>(
    from: &[u8],
    sums: &Sums,
    out: &mut [u8],
    range: std::ops::Range<usize>,
    differences: &mut [F; BATCH],
    products: &mut [F; BATCH],
) {
    let half = F::POINT / 2;
    let mut product = F::ONE;
    for (slot, at) in range.clone().enumerate() {
        let (left, right) = (place::<F>(sums.left[at]), place::<F>(sums.right[at]));
        let difference = F::read(&from[right..right + half]) - F::read(&from[left..left + half]);
        products[slot] = product;
        differences[slot] = difference;
        // Equal abscissas are rare and take the slow way below.
        if !difference.is_zero() {
            product *= difference;
        }
    }
    let mut inverse = product.invert().unwrap_or(F::ONE);
    for (slot, at) in range.enumerate().rev() {
        let (left, right) = (sums.left[at], sums.right[at]);
        let to = sums.to[at] as usize * F::POINT;
        let (x1, y1) = point::<F>(from, left);
        let (x2, y2) = point::<F>(from, right);
        if differences[slot].is_zero() {
            slow::<F>(from, left, right, &mut out[to..to + F::POINT]);
            continue;
        }
        let divided = inverse * products[slot];
        inverse *= differences[slot];
        // The only point with y = 0 is infinity, as the group has odd order.
        if y1.is_zero() || y2.is_zero() {
            slow::<F>(from, left, right, &mut out[to..to + F::POINT]);
            continue;
        }
        let slope = (y2 - y1) * divided;
        let x = slope.square() - x1 - x2;
        let y = slope * (x1 - x) - y1;
        x.write(&mut out[to..to + half]);
        y.write(&mut out[to + half..to + F::POINT]);
    }
}

fn place<F: Coordinate>(index: u32) -> usize {
    (index & !SIGN) as usize * F::POINT
}

fn point<F: Coordinate>(from: &[u8], index: u32) -> (F, F) {
    let (at, half) = (place::<F>(index), F::POINT / 2);
    let x = F::read(&from[at..at + half]);
    let y = F::read(&from[at + half..at + F::POINT]);
    (x, if index & SIGN == 0 { y } else { -y })
}

/// Any two points, infinity, equal and opposite ones included.
pub fn slow<F: Coordinate>(from: &[u8], left: u32, right: u32, out: &mut [u8]) {
    let affine = |index: u32| {
        let at = place::<F>(index);
        let point = read::<F>(&from[at..at + F::POINT]);
        if index & SIGN == 0 {
            point
        } else {
            (-point.into_group()).into_affine()
        }
    };
    let sum: Group<F> = affine(left) + affine(right);
    write::<F>(&sum.into_affine(), out);
}
