//! Sorting points into buckets and summing these.

use ark_ec::AffineRepr;
use ark_ff::AdditiveGroup;
use zeroize::Zeroize;

use super::kernel::{Kernel, Sums, SIGN};
use super::Group;
use crate::field::{le_bytes, less, limbs, Q};
use crate::point::{read, Coordinate, SIZE_F};

/// Points that are summed together: enough for inversions to cost nothing, few enough for the second-level cache.
const CHUNK: usize = 8192;

/// Σ digit · point over one window. `digit(at)` gives bucket and sign for `index[at]`; bucket 0 adds nothing.
pub fn window<F: Coordinate>(
    kernel: &dyn Kernel<F>,
    bases: &[u8],
    index: &[u32],
    digit: impl Fn(usize) -> (u32, u32),
    buckets: usize,
) -> Group<F> {
    let (mut sorted, starts) = sort(index, digit, buckets);
    let mut work = Work::default();
    let mut sums = vec![0; buckets * F::POINT];
    let mut first = 0;
    while first < buckets {
        // As many whole buckets as fit into a chunk, and at least one.
        let mut last = first + 1;
        while last < buckets && starts[last + 1] - starts[first] <= CHUNK {
            last += 1;
        }
        work.reduce(
            kernel,
            bases,
            &sorted[starts[first]..starts[last]],
            &starts[first..=last],
            &mut sums[first * F::POINT..last * F::POINT],
        );
        first = last;
    }
    sorted.zeroize();
    weighted::<F>(&sums)
}

/// The plain sum of points.
pub fn sum<F: Coordinate>(kernel: &dyn Kernel<F>, bases: &[u8], index: &[u32]) -> Group<F> {
    let mut work = Work::default();
    let mut total = Group::<F>::ZERO;
    for chunk in index.chunks(CHUNK) {
        let mut out = vec![0; F::POINT];
        work.reduce(kernel, bases, chunk, &[0, chunk.len()], &mut out);
        total += read::<F>(&out);
    }
    total
}

/// A counting sort by bucket (bucket b at place b − 1), and where each begins.
fn sort(index: &[u32], digit: impl Fn(usize) -> (u32, u32), buckets: usize) -> (Vec<u32>, Vec<usize>) {
    let mut digits: Vec<(u32, u32)> = (0..index.len()).map(&digit).collect();
    let mut starts = vec![0; buckets + 2];
    for &(bucket, _) in &digits {
        starts[bucket as usize + 1] += 1;
    }
    starts[1] = 0;
    for bucket in 1..starts.len() {
        starts[bucket] += starts[bucket - 1];
    }
    let mut next = starts[1..].to_vec();
    let mut sorted = vec![0; starts[buckets + 1]];
    for (&(bucket, sign), &base) in digits.iter().zip(index) {
        if bucket != 0 {
            let place = &mut next[bucket as usize - 1];
            sorted[*place] = base ^ sign;
            *place += 1;
        }
    }
    digits.zeroize();
    starts.remove(0);
    (sorted, starts)
}

/// Buffers that the rounds of a reduction share.
#[derive(Default)]
pub(super) struct Work {
    sums: Sums,
    counts: Vec<usize>,
    from: Vec<u8>,
    to: Vec<u8>,
}

impl Work {
    /// Sum each bucket's points pairwise, round after round, into `out` (infinity for an empty bucket).
    pub(super) fn reduce<F: Coordinate>(
        &mut self,
        kernel: &dyn Kernel<F>,
        bases: &[u8],
        sorted: &[u32],
        starts: &[usize],
        out: &mut [u8],
    ) {
        self.counts.clear();
        self.counts.extend(starts.windows(2).map(|pair| pair[1] - pair[0]));
        // The first round reads the key itself; the sums of the others have no signs.
        self.from.resize(sorted.len() * F::POINT, 0);
        self.to.resize(sorted.len() * F::POINT, 0);
        self.round::<F>(kernel, Some((bases, sorted)));
        while self.counts.iter().any(|&count| count > 1) {
            self.round::<F>(kernel, None);
        }
        let mut place = 0;
        for (bucket, &count) in out.chunks_exact_mut(F::POINT).zip(&self.counts) {
            if count == 0 {
                bucket.fill(0);
            } else {
                bucket.copy_from_slice(&self.from[place..place + F::POINT]);
                canonical(bucket);
                place += F::POINT;
            }
        }
    }

    fn round<F: Coordinate>(&mut self, kernel: &dyn Kernel<F>, bases: Option<(&[u8], &[u32])>) {
        self.sums.clear();
        let (mut place, mut next) = (0u32, 0u32);
        let at = |place: u32| bases.map_or(place, |(_, sorted)| sorted[place as usize]);
        for count in &mut self.counts {
            for pair in 0..*count as u32 / 2 {
                self.sums.push(at(place + 2 * pair), at(place + 2 * pair + 1), next + pair);
            }
            let half = *count as u32 / 2;
            if *count % 2 == 1 {
                let to = (next + half) as usize * F::POINT;
                let index = at(place + *count as u32 - 1);
                let source = bases.map_or(&self.from[..], |(points, _)| points);
                copy::<F>(source, index, &mut self.to[to..to + F::POINT]);
            }
            place += *count as u32;
            *count = half as usize + *count % 2;
            next += *count as u32;
        }
        let source = bases.map_or(&self.from[..], |(points, _)| points);
        kernel.add(source, &self.sums, &mut self.to);
        std::mem::swap(&mut self.from, &mut self.to);
    }
}

/// The vector kernel may leave a value that is a trifle above q.
fn canonical(point: &mut [u8]) {
    for part in point.chunks_exact_mut(SIZE_F) {
        let value = limbs(part);
        if !less(&value, &Q) {
            part.copy_from_slice(&le_bytes(&super::sub(&value, &Q)));
        }
    }
}

fn copy<F: Coordinate>(from: &[u8], index: u32, out: &mut [u8]) {
    let (at, half) = ((index & !SIGN) as usize * F::POINT, F::POINT / 2);
    out.copy_from_slice(&from[at..at + F::POINT]);
    if index & SIGN != 0 {
        (-F::read(&out[half..])).write(&mut out[half..]);
    }
}

/// Σ (b + 1) · bucket_b by running sums from the top.
fn weighted<F: Coordinate>(sums: &[u8]) -> Group<F> {
    let mut running = Group::<F>::ZERO;
    let mut total = Group::<F>::ZERO;
    for bucket in sums.chunks_exact(F::POINT).rev() {
        let point = read::<F>(bucket);
        if !point.is_zero() {
            running += point;
        }
        total += running;
    }
    total
}
