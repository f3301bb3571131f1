//! Which constraints a witness breaks, and what the author called the signals in them.

use ark_ff::AdditiveGroup;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::field::{fr, Fr};
use crate::formats::r1cs::R1cs;
use crate::formats::sym::Symbols;
use crate::formats::wtns::Witness;

/// A constraint that does not hold. Names only: a witness is private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub constraint: usize,
    /// The signals of each linear combination, without the constant one.
    pub signals: [Vec<String>; 3],
    /// The component that all of its signals share, such as `main.leaf[2]`.
    pub component: String,
}

/// The first failures, at most `limit` of them.
pub fn check(r1cs: &R1cs, witness: Witness<'_>, symbols: Option<&Symbols>, limit: usize) -> Result<Vec<Failure>> {
    if witness.len() != r1cs.wires as usize {
        return Err(Error::invalid(format!(
            "the witness has {} values where the circuit has {} wires",
            witness.len(),
            r1cs.wires
        )));
    }
    let broken: Vec<usize> = (0..r1cs.constraints as usize)
        .into_par_iter()
        .with_min_len(256)
        .filter_map(|row| match holds(r1cs, witness, row) {
            Ok(true) => None,
            Ok(false) => Some(Ok(row)),
            Err(error) => Some(Err(error)),
        })
        .collect::<Result<_>>()?;
    Ok(broken.into_iter().take(limit).map(|row| describe(r1cs, row, symbols)).collect())
}

fn holds(r1cs: &R1cs, witness: Witness<'_>, row: usize) -> Result<bool> {
    let side = |which| evaluate(r1cs, witness, row, which);
    Ok(side(0)? * side(1)? == side(2)?)
}

fn evaluate(r1cs: &R1cs, witness: Witness<'_>, row: usize, which: usize) -> Result<Fr> {
    let value = |limbs| fr(limbs).unwrap_or(Fr::ZERO);
    r1cs.combination(row, which)
        .map(|term| Ok(value(term.coefficient) * value(witness.lookup(term.wire)?)))
        .sum()
}

fn describe(r1cs: &R1cs, row: usize, symbols: Option<&Symbols>) -> Failure {
    let name = |wire: u32| symbols.map_or_else(|| format!("wire {wire}"), |symbols| symbols.name(wire));
    let signals = [0, 1, 2].map(|which| {
        let terms = r1cs.combination(row, which).filter(|term| term.wire != 0);
        terms.map(|term| name(term.wire)).collect::<Vec<_>>()
    });
    let component = if symbols.is_some() { component(signals.iter().flatten()) } else { String::new() };
    Failure {
        constraint: row,
        signals,
        component,
    }
}

/// The longest prefix of whole names that the signals' components share.
fn component<'a>(signals: impl Iterator<Item = &'a String>) -> String {
    let mut common: Option<Vec<&str>> = None;
    for signal in signals {
        let mut parts: Vec<&str> = signal.split('.').collect();
        parts.pop();
        common = Some(match common {
            None => parts,
            Some(before) => before.into_iter().zip(parts).take_while(|(a, b)| a == b).map(|(a, _)| a).collect(),
        });
    }
    common.unwrap_or_default().join(".")
}
