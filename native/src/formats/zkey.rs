//! Groth16 proving keys as snarkjs writes them.

use std::ops::Range;

use ark_bn254::{G1Affine, G2Affine};
use rayon::prelude::*;

use crate::binfile::BinFile;
use crate::bytes::{Bytes, Reader};
use crate::error::{Error, Result};
use crate::field::{less, limbs, Fq, Fq2, Limbs, Q, R};
use crate::point::{on_curve, read, read_in_group, Coordinate, SIZE_G1, SIZE_G2};

/// Bytes of a coefficient: matrix, row, wire, value.
pub const COEFFICIENT: usize = 12 + 32;
/// BN254's scalar field has no larger power-of-two domain.
pub const MAX_POWER: u32 = 28;

/// A checked key. The points stay in the file.
pub struct Zkey {
    file: BinFile,
    pub wires: u32,
    pub public: u32,
    pub domain: u32,
    pub alpha_1: G1Affine,
    pub beta_1: G1Affine,
    pub beta_2: G2Affine,
    pub gamma_2: G2Affine,
    pub delta_1: G1Affine,
    pub delta_2: G2Affine,
    ic: Range<usize>,
    coefficients: Range<usize>,
    a: Range<usize>,
    b1: Range<usize>,
    b2: Range<usize>,
    c: Range<usize>,
    h: Range<usize>,
    pub circuit_hash: [u8; 64],
    pub contributions: Vec<Contribution>,
}

/// One participant's step of phase 2.
#[derive(Clone, PartialEq, Eq)]
pub struct Contribution {
    pub delta_after: G1Affine,
    pub g1_s: G1Affine,
    pub g1_sx: G1Affine,
    pub g2_spx: G2Affine,
    pub transcript: [u8; 64],
    pub kind: u32,
    /// As written: UTF-8 by custom, of at most 255 bytes.
    pub name: Option<Vec<u8>>,
    pub beacon: Option<Beacon>,
}

/// The public randomness of a final contribution that anybody can recompute.
#[derive(Clone, PartialEq, Eq)]
pub struct Beacon {
    pub hash: Vec<u8>,
    pub iterations_exp: u8,
}

/// How much of a key to look at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The structure, the key's own points, every coefficient, and that every point is on its curve.
    Full,
    /// Not the long lists of points: enough for what reads only the header and the contributions.
    Header,
}

impl Zkey {
    pub fn parse(data: Bytes, check: Check) -> Result<Self> {
        let file = BinFile::parse(data, "zkey", 2)?;
        if Reader::new(file.slice(&file.sized(1, 4)?), "zkey section 1").u32()? != 1 {
            return Err(Error::format("zkey", "is not a Groth16 key"));
        }
        let header = file.range(2)?;
        let mut reader = Reader::new(file.slice(&header), "zkey header");
        if reader.u32()? != 32 || limbs(reader.take(32)?) != Q || reader.u32()? != 32 || limbs(reader.take(32)?) != R {
            return Err(Error::format("zkey header", "is not over BN254"));
        }
        let wires = reader.u32()?;
        let public = reader.u32()?;
        let domain = reader.u32()?;
        if public >= wires {
            return Err(Error::format("zkey header", "has more public signals than wires"));
        }
        if !domain.is_power_of_two() || domain.trailing_zeros() >= MAX_POWER {
            // Proving needs the roots of unity of twice the order.
            return Err(Error::format("zkey header", "has a domain that is no power of two up to 2^27"));
        }
        let alpha_1 = read_in_group::<Fq>(reader.take(SIZE_G1)?, "zkey alpha_1")?;
        let beta_1 = read_in_group::<Fq>(reader.take(SIZE_G1)?, "zkey beta_1")?;
        let beta_2 = read_in_group::<Fq2>(reader.take(SIZE_G2)?, "zkey beta_2")?;
        let gamma_2 = read_in_group::<Fq2>(reader.take(SIZE_G2)?, "zkey gamma_2")?;
        let delta_1 = read_in_group::<Fq>(reader.take(SIZE_G1)?, "zkey delta_1")?;
        let delta_2 = read_in_group::<Fq2>(reader.take(SIZE_G2)?, "zkey delta_2")?;
        reader.end()?;
        let g1 = SIZE_G1 as u64;
        let ic = file.sized(3, (u64::from(public) + 1) * g1)?;
        let a = file.sized(5, u64::from(wires) * g1)?;
        let b1 = file.sized(6, u64::from(wires) * g1)?;
        let b2 = file.sized(7, u64::from(wires) * SIZE_G2 as u64)?;
        let c = file.sized(8, u64::from(wires - public - 1) * g1)?;
        let h = file.sized(9, u64::from(domain) * g1)?;
        let coefficients = file.range(4)?;
        let count = Reader::new(file.slice(&coefficients), "zkey section 4").u32()?;
        let coefficients = file.sized(4, 4 + u64::from(count) * COEFFICIENT as u64)?;
        let coefficients = coefficients.start + 4..coefficients.end;
        let (circuit_hash, contributions) = contributions(file.slice(&file.range(10)?))?;
        let zkey = Self {
            file,
            wires,
            public,
            domain,
            alpha_1,
            beta_1,
            beta_2,
            gamma_2,
            delta_1,
            delta_2,
            ic,
            coefficients,
            a,
            b1,
            b2,
            c,
            h,
            circuit_hash,
            contributions,
        };
        zkey.check_points::<Fq>("zkey section 3", zkey.ic())?;
        if check == Check::Full {
            zkey.check_coefficients()?;
            zkey.check_points::<Fq>("zkey section 5", zkey.a())?;
            zkey.check_points::<Fq>("zkey section 6", zkey.b1())?;
            zkey.check_points::<Fq2>("zkey section 7", zkey.b2())?;
            zkey.check_points::<Fq>("zkey section 8", zkey.c())?;
            zkey.check_points::<Fq>("zkey section 9", zkey.h())?;
        }
        Ok(zkey)
    }

    fn check_points<F: Coordinate>(&self, place: &str, points: &[u8]) -> Result<()> {
        match points
            .par_chunks_exact(F::POINT)
            .with_min_len(1024)
            .position_first(|point| !on_curve::<F>(point))
        {
            Some(at) => Err(Error::format(place, format!("point {at} is not on the curve"))),
            None => Ok(()),
        }
    }

    fn check_coefficients(&self) -> Result<()> {
        let bad = self
            .coefficients()
            .par_chunks_exact(COEFFICIENT)
            .with_min_len(4096)
            .map(coefficient)
            .position_first(|(matrix, row, wire, value)| {
                matrix > 1 || row >= self.domain || wire >= self.wires || !less(&value, &R)
            });
        match bad {
            Some(at) => Err(Error::format("zkey section 4", format!("coefficient {at} is out of range"))),
            None => Ok(()),
        }
    }

    /// Groth16 is sound only if nobody knows delta / gamma: a key that nobody contributed to is refused, and so
    /// is one whose delta is still (or again) gamma or the generator.
    pub fn check_usable(&self) -> Result<()> {
        use ark_ec::AffineRepr;
        // With gamma = −delta the same forgery works with C negated, so abscissas are compared.
        if self.gamma_2.x == self.delta_2.x {
            return Err(Error::invalid("the key's gamma and delta are equal or opposite, so anybody can forge its proofs"));
        }
        if self.contributions.is_empty() {
            return Err(Error::invalid("the key has no contribution, so anybody can forge its proofs"));
        }
        if self.delta_2.x == G2Affine::generator().x {
            return Err(Error::invalid("the key's delta is one, so anybody can forge its proofs"));
        }
        Ok(())
    }

    pub fn ic(&self) -> &[u8] {
        self.file.slice(&self.ic)
    }
    pub fn coefficients(&self) -> &[u8] {
        self.file.slice(&self.coefficients)
    }
    pub fn a(&self) -> &[u8] {
        self.file.slice(&self.a)
    }
    pub fn b1(&self) -> &[u8] {
        self.file.slice(&self.b1)
    }
    pub fn b2(&self) -> &[u8] {
        self.file.slice(&self.b2)
    }
    pub fn c(&self) -> &[u8] {
        self.file.slice(&self.c)
    }
    pub fn h(&self) -> &[u8] {
        self.file.slice(&self.h)
    }
}

/// Matrix, row, wire and raw value of a coefficient.
pub fn coefficient(bytes: &[u8]) -> (u32, u32, u32, Limbs) {
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    (word(0), word(4), word(8), limbs(&bytes[12..COEFFICIENT]))
}

fn contributions(data: &[u8]) -> Result<([u8; 64], Vec<Contribution>)> {
    let mut reader = Reader::new(data, "zkey section 10");
    let hash = reader.array()?;
    let count = reader.u32()? as usize;
    // The fixed part of a contribution bounds how many fit.
    if count > reader.left() / (3 * SIZE_G1 + SIZE_G2 + 64 + 8) {
        return Err(Error::format("zkey section 10", "is too short for its contributions"));
    }
    let raw: Vec<_> = (0..count).map(|_| RawContribution::read(&mut reader)).collect::<Result<_>>()?;
    reader.end()?;
    let list = raw.into_par_iter().map(RawContribution::check).collect::<Result<_>>()?;
    Ok((hash, list))
}

struct RawContribution<'a> {
    g1: [&'a [u8]; 3],
    g2: &'a [u8],
    transcript: [u8; 64],
    kind: u32,
    name: Option<Vec<u8>>,
    beacon: Option<Beacon>,
}

impl<'a> RawContribution<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self> {
        let g1 = [reader.take(SIZE_G1)?, reader.take(SIZE_G1)?, reader.take(SIZE_G1)?];
        let g2 = reader.take(SIZE_G2)?;
        let transcript = reader.array()?;
        let kind = reader.u32()?;
        let length = reader.u32()? as usize;
        let (name, beacon) = parameters(reader.take(length)?, "zkey section 10")?;
        if kind > 1 || (kind == 1) != beacon.is_some() {
            return Err(Error::format("zkey section 10", "has a contribution of an unknown kind"));
        }
        Ok(Self {
            g1,
            g2,
            transcript,
            kind,
            name,
            beacon,
        })
    }

    fn check(self) -> Result<Contribution> {
        let place = "zkey section 10";
        Ok(Contribution {
            delta_after: read_in_group::<Fq>(self.g1[0], place)?,
            g1_s: read_in_group::<Fq>(self.g1[1], place)?,
            g1_sx: read_in_group::<Fq>(self.g1[2], place)?,
            // Some public ceremonies carry points that were never checked for the subgroup; the transcript's
            // own verification does that.
            g2_spx: {
                let point = crate::point::read_finite::<Fq2>(self.g2, place)?;
                debug_assert_eq!(point, read::<Fq2>(self.g2));
                point
            },
            transcript: self.transcript,
            kind: self.kind,
            name: self.name,
            beacon: self.beacon,
        })
    }
}

/// The optional parameters of a contribution: 1 = name, 2 = beacon iterations, 3 = beacon hash, ascending.
pub fn parameters(data: &[u8], place: &str) -> Result<(Option<Vec<u8>>, Option<Beacon>)> {
    let mut reader = Reader::new(data, place);
    let (mut name, mut iterations, mut hash) = (None, None, None);
    let mut last = 0;
    while reader.left() > 0 {
        let kind = reader.u8()?;
        if kind <= last {
            return Err(Error::format(place, "has contribution parameters out of order"));
        }
        last = kind;
        match kind {
            1 => {
                let length = reader.u8()? as usize;
                name = Some(reader.take(length)?.to_vec());
            }
            2 => iterations = Some(reader.u8()?),
            3 => {
                let length = reader.u8()? as usize;
                hash = Some(reader.take(length)?.to_vec());
            }
            _ => return Err(Error::format(place, "has an unknown contribution parameter")),
        }
    }
    let beacon = match (iterations, hash) {
        (Some(iterations_exp), Some(hash)) => Some(Beacon { hash, iterations_exp }),
        (None, None) => None,
        _ => return Err(Error::format(place, "has half of a beacon")),
    };
    Ok((name, beacon))
}
