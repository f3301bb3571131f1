//! R1CS files: the circuit's constraints.

use std::ops::Range;

use rayon::prelude::*;

use crate::binfile::BinFile;
use crate::bytes::{Bytes, Reader};
use crate::error::{Error, Result};
use crate::field::{less, limbs, Limbs, R};

const TERM: usize = 4 + 32;

/// A checked file.
pub struct R1cs {
    file: BinFile,
    pub wires: u32,
    pub outputs: u32,
    pub public_inputs: u32,
    pub private_inputs: u32,
    pub labels: u64,
    pub constraints: u32,
    map: Range<usize>,
    /// Where each linear combination's terms are: three for a constraint.
    combinations: Vec<Range<usize>>,
}

/// One term of a linear combination.
#[derive(Clone, Copy)]
pub struct Term {
    pub wire: u32,
    /// Canonical, below the field's order.
    pub coefficient: Limbs,
}

impl R1cs {
    pub fn parse(data: Bytes) -> Result<Self> {
        let file = BinFile::parse(data, "r1cs", 1)?;
        let header = file.range(1)?;
        let mut reader = Reader::new(file.slice(&header), "r1cs header");
        if reader.u32()? != 32 || limbs(reader.take(32)?) != R {
            return Err(Error::format("r1cs header", "is not over BN254's scalar field"));
        }
        let wires = reader.u32()?;
        let outputs = reader.u32()?;
        let public_inputs = reader.u32()?;
        let private_inputs = reader.u32()?;
        let labels = reader.u64()?;
        let constraints = reader.u32()?;
        reader.end()?;
        let named = u64::from(outputs) + u64::from(public_inputs) + u64::from(private_inputs);
        if named >= u64::from(wires) {
            return Err(Error::format("r1cs header", "names more signals than there are wires"));
        }
        for id in [4, 5] {
            if file.optional(id)?.is_some_and(|range| file.slice(&range).iter().any(|&b| b != 0)) {
                return Err(Error::format("r1cs", "custom gates are not supported by Groth16"));
            }
        }
        // It also bounds what is allocated for wires by the file's size.
        let map = file.sized(3, u64::from(wires) * 8)?;
        let place = file.range(2)?;
        // Three empty linear combinations are the least that a constraint takes.
        if place.len() / 12 < constraints as usize {
            return Err(Error::format("r1cs section 2", "is too short for its constraints"));
        }
        let mut combinations = Vec::with_capacity(3 * constraints as usize);
        let mut reader = Reader::new(file.slice(&place), "r1cs section 2");
        for _ in 0..3 * u64::from(constraints) {
            let terms = reader.u32()? as usize;
            let length = terms.saturating_mul(TERM);
            let start = place.end - reader.left();
            reader.take(length)?;
            combinations.push(start..start + length);
        }
        reader.end()?;
        let r1cs = Self {
            file,
            wires,
            outputs,
            public_inputs,
            private_inputs,
            labels,
            constraints,
            map,
            combinations,
        };
        let sound = r1cs.combinations.par_iter().all(|place| {
            terms(r1cs.file.slice(place)).all(|term| term.wire < wires && less(&term.coefficient, &R))
        });
        if sound {
            Ok(r1cs)
        } else {
            Err(Error::format("r1cs section 2", "has a wire or a coefficient out of range"))
        }
    }

    /// Public signals, without the constant one.
    pub fn public(&self) -> u32 {
        self.outputs + self.public_inputs
    }

    /// The log2 of the domain that Groth16 over this circuit uses: a row for each constraint, each public
    /// signal and the constant.
    pub fn power(&self) -> u32 {
        let rows = u64::from(self.constraints) + u64::from(self.public());
        (64 - rows.leading_zeros()).max(1)
    }

    /// The terms of one of a constraint's three linear combinations (0 = A, 1 = B, 2 = C). They are read from the
    /// file again: check a wire before using it as an index.
    pub fn combination(&self, constraint: usize, which: usize) -> impl ExactSizeIterator<Item = Term> + '_ {
        terms(self.file.slice(&self.combinations[3 * constraint + which]))
    }

    /// The label of a wire, by which the sym file names it.
    pub fn label(&self, wire: u32) -> Option<u64> {
        let start = self.map.start + 8 * wire as usize;
        self.file.data.get().get(start..start + 8).map(|bytes| {
            let mut word = [0; 8];
            word.copy_from_slice(bytes);
            u64::from_le_bytes(word)
        })
    }

    pub fn data(&self) -> &[u8] {
        self.file.data.get()
    }
}

fn terms(bytes: &[u8]) -> impl ExactSizeIterator<Item = Term> + '_ {
    bytes.chunks_exact(TERM).map(|term| Term {
        wire: u32::from_le_bytes([term[0], term[1], term[2], term[3]]),
        coefficient: limbs(&term[4..]),
    })
}
