//! The number-theoretic transforms of the quotient polynomial.
//!
//! Groth16 needs, for a polynomial known on the domain of size n, its values on the odd coset w_2n · domain:
//! an inverse transform, a scaling by powers of w_2n, a forward transform. The inverse one leaves its output
//! in bit-reversed order and the forward one takes it so, which saves both permutations.

use std::sync::{Arc, Mutex};

use ark_ff::{FftField, Field};
use rayon::prelude::*;

use crate::field::Fr;

/// Below this size a transform runs on one thread, and within the nearest caches.
const SERIAL: usize = 1 << 11;

/// Roots for one domain size.
pub struct Domain {
    size: usize,
    /// For every power of two m up to n: at m..2m, the powers 0..m of the root of order 2m.
    roots: Vec<Fr>,
    /// At the bit-reversed place of i: w_2n^i / n.
    shift: Vec<Fr>,
}

impl Domain {
    /// The tables for a domain of 2^power, from memory where they are still in use.
    pub fn get(power: u32) -> Arc<Self> {
        static RECENT: Mutex<Vec<Arc<Domain>>> = Mutex::new(Vec::new());
        let mut recent = RECENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let size = 1 << power;
        if let Some(at) = recent.iter().position(|domain| domain.size == size) {
            return recent[at].clone();
        }
        let domain = Arc::new(Self::new(power));
        recent.truncate(1);
        recent.insert(0, domain.clone());
        domain
    }

    fn new(power: u32) -> Self {
        let size = 1usize << power;
        let mut roots = vec![Fr::ONE; 2 * size];
        // The longest row first, then every shorter one takes each second root.
        fill_powers(&mut roots[size..], root(power + 1));
        let mut half = size;
        while half > 1 {
            let (short, long) = roots.split_at_mut(half);
            short[half / 2..].par_iter_mut().with_min_len(SERIAL).enumerate().for_each(|(i, slot)| *slot = long[2 * i]);
            half /= 2;
        }
        let scale = Fr::from(size as u64).inverse().unwrap_or(Fr::ONE);
        let powers = &roots[size..];
        let shift = (0..size)
            .into_par_iter()
            .with_min_len(SERIAL)
            .map(|i| if power == 0 { scale } else { scale * powers[i.reverse_bits() >> (usize::BITS - power)] })
            .collect();
        Self { size, roots, shift }
    }

    /// From values on the domain to values on the odd coset, in place.
    pub fn to_odd_coset(&self, values: &mut [Fr]) {
        assert_eq!(values.len(), self.size);
        self.inverse(values);
        values
            .par_iter_mut()
            .with_min_len(SERIAL)
            .zip(&self.shift)
            .for_each(|(value, factor)| *value *= factor);
        self.forward(values);
    }

    /// From values on the domain to coefficients, in place and in natural order.
    pub fn to_coefficients(&self, values: &mut [Fr]) {
        assert_eq!(values.len(), self.size);
        self.inverse(values);
        let bits = self.size.trailing_zeros();
        for i in 0..self.size {
            let j = if bits == 0 { 0 } else { i.reverse_bits() >> (usize::BITS - bits) };
            if i < j {
                values.swap(i, j);
            }
        }
        // The shift at place 0 is 1/n alone.
        let scale = self.shift[0];
        values.par_iter_mut().with_min_len(SERIAL).for_each(|value| *value *= scale);
    }

    /// Natural order in, bit-reversed coefficients out, not yet divided by n.
    fn inverse(&self, values: &mut [Fr]) {
        let half = values.len() / 2;
        if half == 0 {
            return;
        }
        let (low, high) = values.split_at_mut(half);
        let roots = &self.roots[half..2 * half];
        let one = |(a, b): (&mut Fr, &mut Fr)| {
            let difference = *a - *b;
            *a += *b;
            *b = difference;
        };
        // The inverse of w^j is -w^(half - j).
        let other = |((a, b), root): ((&mut Fr, &mut Fr), &Fr)| {
            let difference = *b - *a;
            *a += *b;
            *b = difference * root;
        };
        one((&mut low[0], &mut high[0]));
        if half >= SERIAL {
            let (low, high) = (&mut low[1..], &mut high[1..]);
            let pairs = low.par_iter_mut().with_min_len(SERIAL).zip(high.par_iter_mut());
            pairs.zip(roots[1..].par_iter().rev()).for_each(other);
        } else {
            let pairs = low[1..].iter_mut().zip(high[1..].iter_mut());
            pairs.zip(roots[1..].iter().rev()).for_each(other);
        }
        self.both(low, high, Self::inverse);
    }

    /// Bit-reversed order in, natural order out.
    fn forward(&self, values: &mut [Fr]) {
        let half = values.len() / 2;
        if half == 0 {
            return;
        }
        let (low, high) = values.split_at_mut(half);
        self.both(low, high, Self::forward);
        let roots = &self.roots[half..2 * half];
        let butterfly = |((a, b), root): ((&mut Fr, &mut Fr), &Fr)| {
            let product = *b * root;
            *b = *a - product;
            *a += product;
        };
        if half >= SERIAL {
            let pairs = low.par_iter_mut().with_min_len(SERIAL).zip(high.par_iter_mut());
            pairs.zip(roots).for_each(butterfly);
        } else {
            low.iter_mut().zip(high.iter_mut()).zip(roots).for_each(butterfly);
        }
    }

    fn both(&self, low: &mut [Fr], high: &mut [Fr], transform: impl Fn(&Self, &mut [Fr]) + Sync) {
        if low.len() >= SERIAL {
            rayon::join(|| transform(self, low), || transform(self, high));
        } else {
            transform(self, low);
            transform(self, high);
        }
    }
}

/// The root of unity of order 2^power that snarkjs uses too.
pub fn root(power: u32) -> Fr {
    let mut root = Fr::TWO_ADIC_ROOT_OF_UNITY;
    for _ in power..Fr::TWO_ADICITY {
        root = root.square();
    }
    root
}

/// 1, base, base², …
pub fn fill_powers(out: &mut [Fr], base: Fr) {
    const STEP: usize = 1 << 12;
    out.par_chunks_mut(STEP).enumerate().for_each(|(chunk, slots)| {
        let mut value = base.pow([(chunk * STEP) as u64]);
        for slot in slots {
            *slot = value;
            value *= base;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::AdditiveGroup;

    fn evaluate(coefficients: &[Fr], at: Fr) -> Fr {
        coefficients.iter().rev().fold(Fr::ZERO, |sum, c| sum * at + c)
    }

    #[test]
    fn odd_coset_of_known_polynomial() {
        for power in [0u32, 1, 2, 5, 6, 13] {
            let size = 1usize << power;
            let coefficients: Vec<_> = (0..size.min(40)).map(|i| Fr::from(i as u64 * i as u64 + 3).square()).collect();
            let step = root(power);
            let mut values = vec![Fr::ZERO; size];
            fill_powers(&mut values, step);
            for value in &mut values {
                *value = evaluate(&coefficients, *value);
            }
            Domain::get(power).to_odd_coset(&mut values);
            for i in [0, 1, 2, size / 3, size - 1] {
                if i < size {
                    let at = root(power + 1) * step.pow([i as u64]);
                    assert_eq!(values[i], evaluate(&coefficients, at), "2^{power} at {i}");
                }
            }
        }
    }
}
