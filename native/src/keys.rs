//! Making keys: from a secret that is written down (development keys), and from the contributions of others.

use std::path::Path;

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInt, Field, PrimeField};
use blake2::{Blake2b512, Digest};
use rayon::prelude::*;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use crate::binfile::{BinFile, BinWriter};
use crate::bytes::Bytes;
use crate::error::{Error, Result};
use crate::fft::{fill_powers, root};
use crate::field::{fr, fr_from_be, le_bytes, Fq, Fq2, Fr, Q, R};
use crate::files::write_atomic;
use crate::formats::r1cs::R1cs;
use crate::formats::zkey::{Beacon, Check, Contribution, Zkey, COEFFICIENT, MAX_POWER};
use crate::msm::fixed::FixedBase;
use crate::msm::times;
use crate::point::{to_bytes, to_plain, Coordinate, SIZE_G1, SIZE_G2};
use crate::prove::Progress;
use crate::transcript::{self, Source};

/// The parts of a key that its header has.
#[derive(Clone)]
pub struct Header {
    pub wires: u32,
    pub public: u32,
    pub domain: u32,
    pub alpha_1: G1Affine,
    pub beta_1: G1Affine,
    pub beta_2: G2Affine,
    pub gamma_2: G2Affine,
    pub delta_1: G1Affine,
    pub delta_2: G2Affine,
}

impl Header {
    fn to_section(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for modulus in [&Q, &R] {
            out.extend(32u32.to_le_bytes());
            out.extend(le_bytes(modulus));
        }
        for number in [self.wires, self.public, self.domain] {
            out.extend(number.to_le_bytes());
        }
        out.extend(to_bytes::<Fq>(&self.alpha_1));
        out.extend(to_bytes::<Fq>(&self.beta_1));
        out.extend(to_bytes::<Fq2>(&self.beta_2));
        out.extend(to_bytes::<Fq2>(&self.gamma_2));
        out.extend(to_bytes::<Fq>(&self.delta_1));
        out.extend(to_bytes::<Fq2>(&self.delta_2));
        out
    }
}

/// Everything that the same circuit always gives: its development key's secrets.
struct Secrets {
    tau: Fr,
    alpha: Fr,
    beta: Fr,
}

impl Secrets {
    fn of(r1cs: &[u8]) -> Self {
        let seed = Sha256::digest(r1cs);
        let scalar = |label: &str| {
            let hash = Sha512::new()
                .chain_update(b"zksolvency/development-key/1/")
                .chain_update(label)
                .chain_update(b"/")
                .chain_update(seed)
                .finalize();
            fr_from_be(&hash)
        };
        Self {
            tau: scalar("tau"),
            alpha: scalar("alpha"),
            beta: scalar("beta"),
        }
    }
}

/// The name that a development key's one contribution carries.
const DEV_NAME: &str = "zksolvency_dev";

fn dev_beacon() -> Beacon {
    Beacon {
        hash: Sha256::digest(b"zksolvency development key").to_vec(),
        iterations_exp: 10,
    }
}

/// Write the development key of a circuit: what `snarkjs zkey new` and a beacon would give for a phase 1 with
/// known secrets. Whoever has the r1cs can forge its proofs, hence its name.
///
/// With `contribute` false the key is left as `zkey new` writes it, which nothing here would prove with.
pub fn dev_key(r1cs_path: &Path, out: &Path, contribute: bool, progress: Progress<'_>) -> Result<()> {
    progress("constraints", 0.0)?;
    let r1cs = R1cs::parse(Bytes::map(r1cs_path)?)?;
    let secrets = Secrets::of(r1cs.data());
    let power = r1cs.power();
    if power >= MAX_POWER {
        return Err(Error::invalid("the circuit is too large for BN254's domains"));
    }
    let domain = 1usize << power;
    let evaluated = Evaluated::new(&r1cs, &secrets, domain)?;

    progress("tables", 0.05)?;
    let first = FixedBase::<Fq>::new(&G1Affine::generator());
    let second = FixedBase::<Fq2>::new(&G2Affine::generator());
    let single = |scalar: &Fr| times::<Fq>(&G1Affine::generator(), scalar);
    let mut header = Header {
        wires: r1cs.wires,
        public: r1cs.public(),
        domain: domain as u32,
        alpha_1: single(&secrets.alpha),
        beta_1: single(&secrets.beta),
        beta_2: times::<Fq2>(&G2Affine::generator(), &secrets.beta),
        gamma_2: G2Affine::generator(),
        delta_1: G1Affine::generator(),
        delta_2: G2Affine::generator(),
    };

    progress("points", 0.1)?;
    let a = first.times(&evaluated.a);
    progress("points", 0.25)?;
    let b1 = first.times(&evaluated.b);
    progress("points", 0.4)?;
    let b2 = second.times(&evaluated.b);
    progress("points", 0.6)?;
    let inner = r1cs.public() as usize + 1;
    let ic = first.times(&evaluated.k[..inner]);
    let mut c = first.times(&evaluated.k[inner..]);
    progress("circuit hash", 0.7)?;
    let circuit_hash = {
        let powers = first.times(&evaluated.vanishing);
        circuit_hash(&header, &ic, &powers, &c, &a, &b1, &b2)
    };
    progress("points", 0.8)?;
    let mut contributions = Vec::new();
    let mut inverse = Fr::ONE;
    if contribute {
        let beacon = dev_beacon();
        let (contribution, secret) =
            transcript::next(&circuit_hash, &[], &header.delta_1, Some(DEV_NAME), &Source::Beacon(&beacon), &|| {
                progress("points", 0.8)
            })?;
        inverse = secret.inverse().ok_or_else(|| Error::invalid("the beacon leads to zero"))?;
        header.delta_1 = contribution.delta_after;
        header.delta_2 = times::<Fq2>(&G2Affine::generator(), &secret);
        contributions.push(contribution);
        let scaled: Vec<Fr> = evaluated.k[inner..].par_iter().map(|value| inverse * value).collect();
        c = first.times(&scaled);
    }
    let h: Vec<Fr> = evaluated.h.par_iter().map(|value| inverse * value).collect();
    let h = first.times(&h);
    progress("writing", 0.95)?;
    let parts = [&ic, &a, &b1, &b2, &c, &h].map(Vec::as_slice);
    if contribute {
        let coefficients = coefficients(&r1cs);
        let section_2 = header.to_section();
        let section_10 = transcript::to_section(&circuit_hash, &contributions);
        let [ic, a, b1, b2, c, h] = parts;
        write_key(
            out,
            &[
                (1, &[1, 0, 0, 0]),
                (2, &section_2),
                (3, ic),
                (4, &coefficients),
                (5, a),
                (6, b1),
                (7, b2),
                (8, c),
                (9, h),
                (10, &section_10),
            ],
        )
    } else {
        write_new(&r1cs, &header, parts, &circuit_hash, out)
    }
}

/// A key without contributions, with its sections in the order in which `zkey new` happens to write them.
pub fn write_new(
    r1cs: &R1cs,
    header: &Header,
    [ic, a, b1, b2, c, h]: [&[u8]; 6],
    circuit_hash: &[u8; 64],
    out: &Path,
) -> Result<()> {
    let coefficients = coefficients(r1cs);
    let section_2 = header.to_section();
    let section_10 = transcript::to_section(circuit_hash, &[]);
    write_key(
        out,
        &[
            (1, &[1, 0, 0, 0]),
            (2, &section_2),
            (4, &coefficients),
            (3, ic),
            (9, h),
            (8, c),
            (5, a),
            (6, b1),
            (7, b2),
            (10, &section_10),
        ],
    )
}

fn write_key(out: &Path, sections: &[(u32, &[u8])]) -> Result<()> {
    write_atomic(out, |file| {
        let mut writer = BinWriter::new(file, "zkey", 1, sections.len() as u32)?;
        for (id, content) in sections {
            writer.section(*id, &[content])?;
        }
        writer.finish().map(|_| ())
    })
}

/// The circuit's polynomials at tau.
struct Evaluated {
    a: Vec<Fr>,
    b: Vec<Fr>,
    /// beta·a + alpha·b + c
    k: Vec<Fr>,
    /// The odd Lagrange polynomials of the domain of twice the size.
    h: Vec<Fr>,
    /// tau^(n+i) − tau^i: what the circuit hash looks at.
    vanishing: Vec<Fr>,
}

impl Evaluated {
    fn new(r1cs: &R1cs, secrets: &Secrets, domain: usize) -> Result<Self> {
        let power = domain.trailing_zeros();
        let lagrange = lagrange(power, secrets.tau, 1)?;
        let wires = r1cs.wires as usize;
        let mut a = vec![Fr::ZERO; wires];
        let mut b = vec![Fr::ZERO; wires];
        let mut c = vec![Fr::ZERO; wires];
        for (constraint, value) in lagrange.iter().enumerate().take(r1cs.constraints as usize) {
            for (which, side) in [&mut a, &mut b, &mut c].into_iter().enumerate() {
                for term in r1cs.combination(constraint, which) {
                    *side.get_mut(term.wire as usize).ok_or_else(Error::changed)? +=
                        fr(term.coefficient).unwrap_or_default() * value;
                }
            }
        }
        for signal in 0..=r1cs.public() as usize {
            a[signal] += lagrange[r1cs.constraints as usize + signal];
        }
        let k = (0..wires)
            .into_par_iter()
            .with_min_len(1024)
            .map(|wire| secrets.beta * a[wire] + secrets.alpha * b[wire] + c[wire])
            .collect();
        let hashed = if domain > 1 << 14 { domain } else { domain - 1 };
        let mut vanishing = vec![Fr::ZERO; hashed];
        fill_powers(&mut vanishing, secrets.tau);
        let factor = secrets.tau.pow([domain as u64]) - Fr::ONE;
        vanishing.par_iter_mut().for_each(|value| *value *= factor);
        Ok(Self {
            a,
            b,
            k,
            h: self::lagrange(power + 1, secrets.tau, 2)?,
            vanishing,
        })
    }
}

/// The Lagrange polynomials of the domain of size 2^power at tau: all (step 1) or the odd ones (step 2).
fn lagrange(power: u32, tau: Fr, step: usize) -> Result<Vec<Fr>> {
    let size = 1usize << power;
    let w = root(power);
    let mut roots = vec![Fr::ZERO; size / step];
    fill_powers(&mut roots, w.pow([step as u64]));
    if step == 2 {
        roots.par_iter_mut().for_each(|value| *value *= w);
    }
    let mut differences: Vec<Fr> = roots.par_iter().map(|value| tau - value).collect();
    ark_ff::batch_inversion(&mut differences);
    let scale = (tau.pow([size as u64]) - Fr::ONE) * Fr::from(size as u64).inverse().unwrap_or(Fr::ONE);
    if scale == Fr::ZERO {
        return Err(Error::invalid("tau is a root of unity"));
    }
    Ok(roots.into_par_iter().zip(differences).map(|(root, inverse)| root * inverse * scale).collect())
}

/// Section 4: the coefficients of A and B, times R² so that a witness needs no conversion.
pub fn coefficients(r1cs: &R1cs) -> Vec<u8> {
    let rows = r1cs.constraints as usize;
    let count: usize =
        (0..rows).map(|row| r1cs.combination(row, 0).len() + r1cs.combination(row, 1).len()).sum::<usize>()
            + r1cs.public() as usize
            + 1;
    let mut out = Vec::with_capacity(4 + count * COEFFICIENT);
    out.extend((count as u32).to_le_bytes());
    // The element whose Montgomery form is R²: its value is R.
    let montgomery = Fr::from_bigint(Fr::R).unwrap_or_default();
    let mut push = |matrix: u32, row: usize, wire: u32, value: Fr| {
        out.extend(matrix.to_le_bytes());
        out.extend((row as u32).to_le_bytes());
        out.extend(wire.to_le_bytes());
        out.extend(le_bytes(&(value * montgomery).0 .0));
    };
    for row in 0..rows {
        for matrix in 0..2 {
            for term in r1cs.combination(row, matrix as usize) {
                push(matrix, row, term.wire, fr(term.coefficient).unwrap_or_default());
            }
        }
    }
    for signal in 0..=r1cs.public() {
        push(0, rows + signal as usize, signal, Fr::ONE);
    }
    out
}

/// The hash that names a circuit's key before any contribution.
pub fn circuit_hash(
    header: &Header,
    ic: &[u8],
    vanishing: &[u8],
    c: &[u8],
    a: &[u8],
    b1: &[u8],
    b2: &[u8],
) -> [u8; 64] {
    let mut hash = CircuitHash::new(header);
    hash.section::<Fq>(ic, ic.len() / SIZE_G1);
    // snarkjs counts one point less than the domain, and hashes in chunks of 2^14 whose last one is full.
    hash.section::<Fq>(vanishing, header.domain as usize - 1);
    hash.section::<Fq>(c, c.len() / SIZE_G1);
    hash.section::<Fq>(a, a.len() / SIZE_G1);
    hash.section::<Fq>(b1, b1.len() / SIZE_G1);
    hash.section::<Fq2>(b2, b2.len() / SIZE_G2);
    hash.finish()
}

/// The running hash.
struct CircuitHash(Blake2b512);

impl CircuitHash {
    fn new(header: &Header) -> Self {
        let mut hash = Blake2b512::new();
        hash.update(to_plain::<Fq>(&header.alpha_1));
        hash.update(to_plain::<Fq>(&header.beta_1));
        hash.update(to_plain::<Fq2>(&header.beta_2));
        hash.update(to_plain::<Fq2>(&header.gamma_2));
        hash.update(to_plain::<Fq>(&header.delta_1));
        hash.update(to_plain::<Fq2>(&header.delta_2));
        Self(hash)
    }

    fn section<F: Coordinate>(&mut self, points: &[u8], count: usize) {
        self.0.update((count as u32).to_be_bytes());
        let plain: Vec<u8> = points
            .par_chunks_exact(F::POINT)
            .with_min_len(1024)
            .flat_map_iter(|point| to_plain::<F>(&crate::point::read::<F>(point)))
            .collect();
        self.0.update(plain);
    }

    fn finish(self) -> [u8; 64] {
        self.0.finalize().into()
    }
}

/// Add a contribution to a key. Returns the hash that the participant publishes.
pub fn contribute(
    from: &Path,
    out: &Path,
    name: Option<&str>,
    source: &Source<'_>,
    progress: Progress<'_>,
) -> Result<[u8; 64]> {
    progress("reading", 0.0)?;
    let data = Bytes::map(from)?;
    let zkey = Zkey::parse(data.clone(), Check::Full)?;
    let tick = || progress("reading", 0.05);
    let (contribution, secret) =
        transcript::next(&zkey.circuit_hash, &zkey.contributions, &zkey.delta_1, name, source, &tick)?;
    let inverse =
        Zeroizing::new(secret.inverse().ok_or_else(|| Error::invalid("the randomness leads to zero"))?);
    let header = Header {
        wires: zkey.wires,
        public: zkey.public,
        domain: zkey.domain,
        alpha_1: zkey.alpha_1,
        beta_1: zkey.beta_1,
        beta_2: zkey.beta_2,
        gamma_2: zkey.gamma_2,
        delta_1: contribution.delta_after,
        delta_2: times::<Fq2>(&zkey.delta_2, &secret),
    };
    let mut contributions: Vec<Contribution> = zkey.contributions.clone();
    let hash = transcript::contribution_hash(&contribution);
    contributions.push(contribution);
    progress("points", 0.1)?;
    let c = times_all(zkey.c(), &inverse);
    progress("points", 0.5)?;
    let h = times_all(zkey.h(), &inverse);
    progress("writing", 0.95)?;
    let file = BinFile::parse(data, "zkey", 2)?;
    let kept = |id: u32| file.range(id).map(|range| file.slice(&range));
    let section_2 = header.to_section();
    let section_10 = transcript::to_section(&zkey.circuit_hash, &contributions);
    write_key(
        out,
        &[
            (1, &[1, 0, 0, 0]),
            (2, &section_2),
            (3, kept(3)?),
            (4, kept(4)?),
            (5, kept(5)?),
            (6, kept(6)?),
            (7, kept(7)?),
            (8, &c),
            (9, &h),
            (10, &section_10),
        ],
    )?;
    Ok(hash)
}

/// Every point times one scalar.
fn times_all(points: &[u8], scalar: &Fr) -> Vec<u8> {
    use ark_ec::CurveGroup;
    const CHUNK: usize = 256;
    let scalar: Zeroizing<BigInt<4>> = Zeroizing::new(scalar.into_bigint());
    let mut out = vec![0; points.len()];
    points.par_chunks(CHUNK * SIZE_G1).zip(out.par_chunks_mut(CHUNK * SIZE_G1)).for_each(|(points, out)| {
        let products: Vec<_> = points
            .chunks_exact(SIZE_G1)
            .map(|point| crate::point::read::<Fq>(point).mul_bigint(*scalar))
            .collect();
        let affine = ark_bn254::G1Projective::normalize_batch(&products);
        for (point, out) in affine.iter().zip(out.chunks_exact_mut(SIZE_G1)) {
            crate::point::write::<Fq>(point, out);
        }
    });
    out
}
