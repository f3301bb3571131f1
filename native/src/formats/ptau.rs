//! Powers-of-tau files (phase 1).

use std::ops::Range;

use ark_bn254::{G1Affine, G2Affine};
use rayon::prelude::*;

use crate::binfile::BinFile;
use crate::bytes::{Bytes, Reader};
use crate::error::{Error, Result};
use crate::field::{limbs, Fq, Fq2, Q};
use crate::point::{on_curve, read_in_group, Coordinate, SIZE_G1, SIZE_G2};

use super::zkey::{parameters, Beacon, MAX_POWER};

/// A file whose structure is checked; `check_points` looks at every point.
pub struct Ptau {
    file: BinFile,
    pub power: u32,
    pub ceremony_power: u32,
    pub tau_1: Range<usize>,
    pub tau_2: Range<usize>,
    pub alpha_tau_1: Range<usize>,
    pub beta_tau_1: Range<usize>,
    pub beta_2: Range<usize>,
    /// The Lagrange sections 12 to 15 that phase 2 needs.
    pub lagrange: Option<[Range<usize>; 4]>,
    pub contributions: Vec<PtauContribution>,
}

/// One participant's step of phase 1.
pub struct PtauContribution {
    pub tau_1: G1Affine,
    pub tau_2: G2Affine,
    pub alpha_1: G1Affine,
    pub beta_1: G1Affine,
    pub beta_2: G2Affine,
    /// For tau, alpha and beta: s, sx in G1 and spx in G2.
    pub keys: [(G1Affine, G1Affine, G2Affine); 3],
    pub partial_hash: Box<[u8; 216]>,
    pub next_challenge: [u8; 64],
    pub kind: u32,
    pub name: Option<Vec<u8>>,
    pub beacon: Option<Beacon>,
}

const FIXED: usize = 9 * SIZE_G1 + 5 * SIZE_G2 + 216 + 64 + 8;

impl Ptau {
    pub fn parse(data: Bytes) -> Result<Self> {
        let file = BinFile::parse(data, "ptau", 1)?;
        let header = file.range(1)?;
        let mut reader = Reader::new(file.slice(&header), "ptau header");
        if reader.u32()? != 32 || limbs(reader.take(32)?) != Q {
            return Err(Error::format("ptau header", "is not over BN254"));
        }
        let power = reader.u32()?;
        let ceremony_power = reader.u32()?;
        reader.end()?;
        if power > MAX_POWER || ceremony_power > MAX_POWER || ceremony_power < power {
            return Err(Error::format("ptau header", "has a power that no ceremony has"));
        }
        let size = 1u64 << power;
        let (g1, g2) = (SIZE_G1 as u64, SIZE_G2 as u64);
        let tau_1 = file.sized(2, (2 * size - 1) * g1)?;
        let tau_2 = file.sized(3, size * g2)?;
        let alpha_tau_1 = file.sized(4, size * g1)?;
        let beta_tau_1 = file.sized(5, size * g1)?;
        let beta_2 = file.sized(6, g2)?;
        let prepared = (12..=15).map(|id| file.optional(id)).collect::<Result<Vec<_>>>()?;
        let lagrange = if prepared.iter().all(Option::is_none) {
            None
        } else {
            // A row for every power below, then this one; tau in G1 has one power more.
            let short = 2 * size - 1;
            let long = if power < MAX_POWER { 4 * size - 1 } else { short };
            Some([
                file.sized(12, long * g1)?,
                file.sized(13, short * g2)?,
                file.sized(14, short * g1)?,
                file.sized(15, short * g1)?,
            ])
        };
        let contributions = contributions(file.slice(&file.range(7)?))?;
        Ok(Self {
            file,
            power,
            ceremony_power,
            tau_1,
            tau_2,
            alpha_tau_1,
            beta_tau_1,
            beta_2,
            lagrange,
            contributions,
        })
    }

    pub fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.file.slice(range)
    }

    /// Every point of a section on the curve.
    pub fn check_points<F: Coordinate>(&self, place: &str, range: &Range<usize>) -> Result<()> {
        let points = self.slice(range).par_chunks_exact(F::POINT).with_min_len(1024);
        match points.position_first(|point| !on_curve::<F>(point)) {
            Some(at) => Err(Error::format(place, format!("point {at} is not on the curve"))),
            None => Ok(()),
        }
    }
}

fn contributions(data: &[u8]) -> Result<Vec<PtauContribution>> {
    let place = "ptau section 7";
    let mut reader = Reader::new(data, place);
    let count = reader.u32()? as usize;
    if count > reader.left() / FIXED {
        return Err(Error::format(place, "is too short for its contributions"));
    }
    let mut list = Vec::with_capacity(count);
    for _ in 0..count {
        let first = |reader: &mut Reader<'_>| read_in_group::<Fq>(reader.take(SIZE_G1)?, place);
        let second = |reader: &mut Reader<'_>| read_in_group::<Fq2>(reader.take(SIZE_G2)?, place);
        let tau_1 = first(&mut reader)?;
        let tau_2 = second(&mut reader)?;
        let alpha_1 = first(&mut reader)?;
        let beta_1 = first(&mut reader)?;
        let beta_2 = second(&mut reader)?;
        let mut pairs = [(G1Affine::identity(), G1Affine::identity()); 3];
        for pair in &mut pairs {
            *pair = (first(&mut reader)?, first(&mut reader)?);
        }
        let mut keys = [(G1Affine::identity(), G1Affine::identity(), G2Affine::identity()); 3];
        for (key, (s, sx)) in keys.iter_mut().zip(pairs) {
            *key = (s, sx, second(&mut reader)?);
        }
        let partial_hash = Box::new(reader.array()?);
        let next_challenge = reader.array()?;
        let kind = reader.u32()?;
        let length = reader.u32()? as usize;
        let (name, beacon) = parameters(reader.take(length)?, place)?;
        if kind > 1 || (kind == 1) != beacon.is_some() {
            return Err(Error::format(place, "has a contribution of an unknown kind"));
        }
        list.push(PtauContribution {
            tau_1,
            tau_2,
            alpha_1,
            beta_1,
            beta_2,
            keys,
            partial_hash,
            next_challenge,
            kind,
            name,
            beacon,
        });
    }
    reader.end()?;
    Ok(list)
}
