//! Poseidon over BN254's scalar field with circomlib's parameters.
//!
//! Constants come from the Grain procedure of the paper (https://eprint.iacr.org/2019/458, appendix F) and are
//! rearranged once per width: constants of the partial rounds move to the first element, and their matrices
//! become sparse ones (appendix B), so that a partial round costs 2t − 1 products instead of t².

use std::sync::OnceLock;

use ark_ff::{AdditiveGroup, Field};
use num_bigint::BigUint;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::field::{le_bytes, Fr, R};

/// Most inputs of one hash.
pub const MAX_INPUTS: usize = 16;
const FULL_ROUNDS: usize = 8;
const PARTIAL_ROUNDS: [usize; MAX_INPUTS] = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];
const FIELD_BITS: u32 = 254;

/// The rearranged permutation of width T.
struct Rounds<const T: usize> {
    /// Four full rounds: constants before the S-box, matrix after it.
    first: [([Fr; T], [[Fr; T]; T]); FULL_ROUNDS / 2],
    partial: Vec<Partial<T>>,
    last: [([Fr; T], [[Fr; T]; T]); FULL_ROUNDS / 2],
}

/// A partial round: the constant of the first element, the first row of its matrix, and its first column's tail
/// (whose place 0 is unused). Everything else of the matrix is the identity.
struct Partial<const T: usize> {
    constant: Fr,
    row: [Fr; T],
    column: [Fr; T],
}

/// Hash 1 to 16 field elements.
pub fn hash(inputs: &[Fr]) -> Result<Fr> {
    macro_rules! widths {
        ($($inputs:literal),*) => {
            match inputs.len() {
                $($inputs => Ok(hash_width::<{ $inputs + 1 }>(inputs, {
                    static ROUNDS: OnceLock<Rounds<{ $inputs + 1 }>> = OnceLock::new();
                    ROUNDS.get_or_init(Rounds::new)
                })),)*
                count => Err(Error::format("inputs", format!("must be 1 to {MAX_INPUTS}, not {count}"))),
            }
        };
    }
    widths!(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
}

fn hash_width<const T: usize>(inputs: &[Fr], rounds: &Rounds<T>) -> Fr {
    let mut state = [Fr::ZERO; T];
    state[1..].copy_from_slice(inputs);
    for round in &rounds.first {
        full(&mut state, round);
    }
    for round in &rounds.partial {
        state[0] = fifth(state[0] + round.constant);
        let head = state[0];
        state[0] = Fr::sum_of_products(&round.row, &state);
        for i in 1..T {
            state[i] += round.column[i] * head;
        }
    }
    for round in &rounds.last {
        full(&mut state, round);
    }
    state[0]
}

fn full<const T: usize>(state: &mut [Fr; T], (constants, matrix): &([Fr; T], [[Fr; T]; T])) {
    for (element, constant) in state.iter_mut().zip(constants) {
        *element = fifth(*element + constant);
    }
    let before = *state;
    for (element, row) in state.iter_mut().zip(matrix) {
        *element = Fr::sum_of_products(row, &before);
    }
}

fn fifth(x: Fr) -> Fr {
    x.square().square() * x
}

impl<const T: usize> Rounds<T> {
    fn new() -> Self {
        let (constants, matrix) = parameters::<T>();
        let half = FULL_ROUNDS / 2;
        let partial_rounds = PARTIAL_ROUNDS[T - 2];
        let mut first: [([Fr; T], [[Fr; T]; T]); FULL_ROUNDS / 2] = std::array::from_fn(|i| (constants[i], matrix));
        let mut last: [([Fr; T], [[Fr; T]; T]); FULL_ROUNDS / 2] =
            std::array::from_fn(|i| (constants[half + partial_rounds + i], matrix));
        // In a partial round only the first element meets the S-box, so a constant on the others can be added
        // after it instead, times the matrix: it moves from round to round to the last full rounds.
        let mut moved = [Fr::ZERO; T];
        let mut heads = Vec::new();
        for given in &constants[half..half + partial_rounds] {
            heads.push(given[0] + moved[0]);
            let mut rest: [Fr; T] = std::array::from_fn(|i| given[i] + moved[i]);
            rest[0] = Fr::ZERO;
            moved = matrix.map(|row| Fr::sum_of_products(&row, &rest));
        }
        for (element, extra) in last[0].0.iter_mut().zip(moved) {
            *element += extra;
        }
        // A matrix is a sparse one times diag(1, rest); diag(1, rest) commutes with the S-box of a partial round
        // and is taken up by the round before.
        let mut partial = Vec::new();
        let mut current = matrix;
        for &constant in heads.iter().rev() {
            let (row, column, inner) = split(&current);
            partial.push(Partial { constant, row, column });
            current = std::array::from_fn(|i| {
                std::array::from_fn(|j| {
                    if i == 0 {
                        matrix[0][j]
                    } else {
                        (1..T).map(|k| inner[i][k] * matrix[k][j]).sum()
                    }
                })
            });
        }
        partial.reverse();
        first[half - 1].1 = current;
        Self { first, partial, last }
    }
}

/// M = [[m, v], [w, N]] = [[m, v·N⁻¹], [w, 1]] · diag(1, N): the first row and column of the left factor, and N
/// in its places.
#[allow(clippy::type_complexity)]
fn split<const T: usize>(matrix: &[[Fr; T]; T]) -> ([Fr; T], [Fr; T], [[Fr; T]; T]) {
    // x·N = v by elimination on the transposed system.
    let mut system: Vec<Vec<Fr>> = (1..T)
        .map(|j| (1..T).map(|i| matrix[i][j]).chain([matrix[0][j]]).collect())
        .collect();
    let size = T - 1;
    for column in 0..size {
        let pivot = (column..size).find(|&i| system[i][column] != Fr::ZERO).unwrap_or(column);
        system.swap(column, pivot);
        let scale = system[column][column].inverse().unwrap_or(Fr::ZERO);
        for value in &mut system[column][column..] {
            *value *= scale;
        }
        let source = system[column].clone();
        for (i, row) in system.iter_mut().enumerate() {
            if i != column {
                let factor = row[column];
                for (value, subtract) in row[column..].iter_mut().zip(&source[column..]) {
                    *value -= factor * subtract;
                }
            }
        }
    }
    let mut row = [matrix[0][0]; T];
    for (slot, solved) in row[1..].iter_mut().zip(&system) {
        *slot = solved[size];
    }
    (row, std::array::from_fn(|i| matrix[i][0]), *matrix)
}

/// Round constants and matrix as the paper's procedure draws them.
fn parameters<const T: usize>() -> (Vec<[Fr; T]>, [[Fr; T]; T]) {
    let partial = PARTIAL_ROUNDS[T - 2];
    let mut grain = Grain::new(T, partial);
    let modulus = BigUint::from_bytes_le(&le_bytes(&R));
    let mut constants = vec![[Fr::ZERO; T]; FULL_ROUNDS + partial];
    for slot in constants.iter_mut().flatten() {
        // Constants are drawn again when too large; the matrix's numbers are reduced.
        *slot = loop {
            let number = grain.number();
            if number < modulus {
                break Fr::from(number);
            }
        };
    }
    let drawn: Vec<Fr> = (0..2 * T).map(|_| Fr::from(grain.number())).collect();
    let matrix = std::array::from_fn(|i| {
        std::array::from_fn(|j| (drawn[i] + drawn[T + j]).inverse().unwrap_or(Fr::ZERO))
    });
    (constants, matrix)
}

/// The self-shrinking Grain register.
struct Grain {
    state: std::collections::VecDeque<bool>,
}

impl Grain {
    fn new(width: usize, partial: usize) -> Self {
        let fields = [
            (1u32, 2),
            (0, 4),
            (FIELD_BITS, 12),
            (width as u32, 12),
            (FULL_ROUNDS as u32, 10),
            (partial as u32, 10),
            (0x3fff_ffff, 30),
        ];
        let state = fields.iter().flat_map(|&(value, bits)| (0..bits).rev().map(move |i| value >> i & 1 == 1)).collect();
        let mut grain = Self { state };
        for _ in 0..160 {
            grain.bit();
        }
        grain
    }

    fn bit(&mut self) -> bool {
        let taps = [62, 51, 38, 23, 13, 0];
        let bit = taps.iter().fold(false, |sum, &tap| sum ^ self.state[tap]);
        self.state.pop_front();
        self.state.push_back(bit);
        bit
    }

    /// Of each pair of bits the first says whether the second counts.
    fn used(&mut self) -> bool {
        while !self.bit() {
            self.bit();
        }
        self.bit()
    }

    fn number(&mut self) -> BigUint {
        (0..FIELD_BITS).fold(BigUint::ZERO, |number, _| (number << 1u32) + u32::from(self.used()))
    }
}

/// The hashes of many lists, on all threads.
pub fn hash_all(lists: &[Vec<Fr>]) -> Result<Vec<Fr>> {
    lists.par_iter().with_min_len(16).map(|list| hash(list)).collect()
}

/// The hash of a list of any length from 1: cut into as few chunks as hold it, as even as possible, longer ones
/// first; each is hashed behind the hash so far, which begins as the tag.
pub fn hash_list(tag: Fr, values: &[Fr]) -> Result<Fr> {
    if values.is_empty() {
        return Err(Error::format("values", "must not be empty"));
    }
    let chunks = values.len().div_ceil(MAX_INPUTS - 1);
    let mut state = tag;
    let mut rest = values;
    for chunk in 0..chunks {
        let (head, tail) = rest.split_at(rest.len().div_ceil(chunks - chunk));
        let inputs: Vec<Fr> = std::iter::once(state).chain(head.iter().copied()).collect();
        state = hash(&inputs)?;
        rest = tail;
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The permutation as it is defined.
    fn plain<const T: usize>(inputs: &[Fr]) -> Fr {
        let (constants, matrix) = parameters::<T>();
        let mut state = [Fr::ZERO; T];
        state[1..].copy_from_slice(inputs);
        let rounds = constants.len();
        for (number, given) in constants.iter().enumerate() {
            for (i, (element, constant)) in state.iter_mut().zip(given).enumerate() {
                *element += constant;
                if i == 0 || number < FULL_ROUNDS / 2 || number >= rounds - FULL_ROUNDS / 2 {
                    *element = fifth(*element);
                }
            }
            state = matrix.map(|row| row.iter().zip(&state).map(|(a, b)| *a * b).sum());
        }
        state[0]
    }

    #[test]
    fn sparse_form_is_the_definition() {
        let inputs: Vec<Fr> = (0..16).map(|i| Fr::from(i + 1).pow([77u64 + i])).collect();
        assert_eq!(hash(&inputs[..1]).ok(), Some(plain::<2>(&inputs[..1])));
        assert_eq!(hash(&inputs[..4]).ok(), Some(plain::<5>(&inputs[..4])));
        assert_eq!(hash(&inputs[..16]).ok(), Some(plain::<17>(&inputs)));
    }

    #[test]
    fn published_values() {
        // circomlibjs's own tests.
        let text = |value: Fr| value.to_string();
        let numbers = |count: u64| (1..=count).map(Fr::from).collect::<Vec<_>>();
        assert_eq!(
            hash(&numbers(2)).map(text).ok().as_deref(),
            Some("7853200120776062878684798364095072458815029376092732009249414926327459813530")
        );
        assert_eq!(
            hash(&numbers(4)).map(text).ok().as_deref(),
            Some("18821383157269793795438455681495246036402687001665670618754263018637548127333")
        );
        assert!(hash(&[]).is_err());
        assert!(hash(&numbers(17)).is_err());
    }
}
