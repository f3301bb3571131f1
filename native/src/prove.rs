//! Groth16 proofs from a snarkjs key and witness.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, PrimeField};
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::bytes::{open, Bytes};
use crate::error::{Error, Result};
use crate::fft::Domain;
use crate::field::{fr_raw, Fq, Fq2, Fr, Limbs};
use crate::formats::wtns::Witness;
use crate::formats::zkey::{coefficient, Check, Zkey, COEFFICIENT};
use crate::msm::{times, Part, Plan};
use crate::random::fr_from_os;

/// Told the stage that begins and the share of the work already done; an error stops the work.
pub type Progress<'a> = &'a (dyn Fn(&'static str, f64) -> Result<()> + Sync);

/// Nobody wants to know.
pub fn silent(_: &'static str, _: f64) -> Result<()> {
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    pub a: G1Affine,
    pub b: G2Affine,
    pub c: G1Affine,
}

/// Seconds by stage.
pub type Timings = Vec<(&'static str, f64)>;

/// A key that is checked and ready.
pub struct ProvingKey {
    pub zkey: Zkey,
    domain: Arc<Domain>,
    /// Whether the coefficients are in the order of their rows, as snarkjs writes them.
    ordered: bool,
}

impl ProvingKey {
    pub fn new(data: Bytes) -> Result<Self> {
        let zkey = Zkey::parse(data, Check::Full)?;
        zkey.check_usable()?;
        let domain = Domain::get(zkey.domain.trailing_zeros());
        let rows = |pair: &[u8]| coefficient(pair).1 <= coefficient(&pair[COEFFICIENT..]).1;
        let coefficients = zkey.coefficients();
        let ordered = (0..coefficients.len() / COEFFICIENT)
            .into_par_iter()
            .skip(1)
            .with_min_len(4096)
            .all(|i| rows(&coefficients[(i - 1) * COEFFICIENT..]));
        Ok(Self {
            zkey,
            domain,
            ordered,
        })
    }

    /// The key in this file, from memory when the file is as it was.
    pub fn load(path: &Path) -> Result<Arc<Self>> {
        static RECENT: Mutex<Vec<(FileState, Arc<ProvingKey>)>> = Mutex::new(Vec::new());
        let (file, data) = open(path)?;
        let state = FileState::of(path, &data)?;
        let lock = || RECENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, key)) = lock().iter().find(|(other, _)| *other == state) {
            return Ok(key.clone());
        }
        let key = Arc::new(Self::new(Bytes::map_open(path, &file, &data)?)?);
        let mut recent = lock();
        recent.retain(|(other, _)| other.path != state.path);
        recent.truncate(KEPT - 1);
        recent.insert(0, (state, key.clone()));
        Ok(key)
    }
}

/// Keys that stay mapped between proofs.
const KEPT: usize = 4;

#[derive(PartialEq, Eq)]
struct FileState {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    file: (u64, u64, i64, i64),
}

impl FileState {
    /// `data` is that of the open file, which the path may no longer name.
    fn of(path: &Path, data: &Metadata) -> Result<Self> {
        let path = path.canonicalize().map_err(|e| Error::io(path, &e))?;
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Ok(Self {
            length: data.len(),
            modified: data.modified().ok(),
            #[cfg(unix)]
            file: (data.dev(), data.ino(), data.ctime(), data.ctime_nsec()),
            path,
        })
    }
}

/// Prove that the witness satisfies the key's circuit. The witness is not checked against the constraints here:
/// a wrong one gives a proof that does not verify.
pub fn prove(key: &ProvingKey, witness: Witness<'_>, progress: Progress<'_>) -> Result<(Proof, Vec<Limbs>, Timings)> {
    let zkey = &key.zkey;
    if witness.len() != zkey.wires as usize {
        return Err(Error::invalid(format!(
            "the witness has {} values where the key's circuit has {} wires",
            witness.len(),
            zkey.wires
        )));
    }
    let mut clock = Clock::start();
    progress("rows", 0.0)?;
    let (mut a, mut b) = rows(key, witness)?;
    let mut c: Zeroizing<Vec<Fr>> = Zeroizing::new(
        a.par_iter().zip(b.par_iter()).with_min_len(1024).map(|(a, b)| *a * b).collect(),
    );
    clock.stage("rows");

    progress("transforms", 0.05)?;
    for values in [&mut a, &mut b, &mut c] {
        key.domain.to_odd_coset(values);
    }
    let quotient: Zeroizing<Vec<Limbs>> = Zeroizing::new(
        a.par_iter()
            .zip(b.par_iter())
            .zip(c.par_iter())
            .with_min_len(1024)
            .map(|((a, b), c)| (*a * b - c).into_bigint().0)
            .collect(),
    );
    drop((a, b, c));
    clock.stage("transforms");

    progress("points", 0.3)?;
    let inner = zkey.public as usize + 1;
    let ((plan_h, plan_b2), ((plan_a, plan_b1), plan_c)) = rayon::join(
        || {
            rayon::join(
                || Plan::<Fq>::new(zkey.h(), |i| quotient[i]),
                || Plan::<Fq2>::new(zkey.b2(), |i| witness.get(i)),
            )
        },
        || {
            rayon::join(
                || {
                    rayon::join(
                        || Plan::<Fq>::new(zkey.a(), |i| witness.get(i)),
                        || Plan::<Fq>::new(zkey.b1(), |i| witness.get(i)),
                    )
                },
                || Plan::<Fq>::new(zkey.c(), |i| witness.get(i + inner)),
            )
        },
    );
    clock.stage("sorting");
    let first = [&plan_h, &plan_a, &plan_b1, &plan_c];
    let mut tasks: Vec<Task> = plan_b2.tasks().into_iter().map(Task::Second).collect();
    for (which, plan) in first.iter().enumerate() {
        tasks.extend(plan.tasks().into_iter().map(|task| Task::First(which, task)));
    }
    let done: Vec<Done> = tasks
        .into_par_iter()
        .with_max_len(1)
        .map(|task| match task {
            Task::First(which, task) => Done::First(which, first[which].run(task)),
            Task::Second(task) => Done::Second(plan_b2.run(task)),
        })
        .collect();
    let mut parts_1: [Vec<Part<Fq>>; 4] = Default::default();
    let mut parts_2 = Vec::new();
    for part in done {
        match part {
            Done::First(which, part) => parts_1[which].push(part),
            Done::Second(part) => parts_2.push(part),
        }
    }
    let mut sums = parts_1.into_iter().zip(first).map(|(parts, plan)| plan.finish(parts));
    let mut next = || sums.next().unwrap_or_default();
    let (h, a, b1, c) = (next(), next(), next(), next());
    let b2 = plan_b2.finish(parts_2);
    clock.stage("points");

    progress("blinding", 0.98)?;
    let r = Zeroizing::new(fr_from_os()?);
    let s = Zeroizing::new(fr_from_os()?);
    let both = Zeroizing::new(*r * *s);
    let a = a + zkey.alpha_1 + times::<Fq>(&zkey.delta_1, &r);
    let b1 = b1 + zkey.beta_1 + times::<Fq>(&zkey.delta_1, &s);
    let b2 = b2 + zkey.beta_2 + times::<Fq2>(&zkey.delta_2, &s);
    let c = h + c + times::<Fq>(&a.into_affine(), &s) + times::<Fq>(&b1.into_affine(), &r)
        - times::<Fq>(&zkey.delta_1, &both);
    let proof = Proof {
        a: a.into_affine(),
        b: b2.into_affine(),
        c: c.into_affine(),
    };
    let public = (1..=zkey.public as usize).map(|wire| witness.get(wire)).collect();
    clock.stage("blinding");
    Ok((proof, public, clock.timings))
}

enum Task {
    First(usize, (usize, u32)),
    Second((usize, u32)),
}

enum Done {
    First(usize, Part<Fq>),
    Second(Part<Fq2>),
}

type Wiped = Zeroizing<Vec<Fr>>;

/// The values of A·w and B·w on the domain.
fn rows(key: &ProvingKey, witness: Witness<'_>) -> Result<(Wiped, Wiped)> {
    let size = key.zkey.domain as usize;
    let coefficients = key.zkey.coefficients();
    let mut a = Zeroizing::new(vec![Fr::ZERO; size]);
    let mut b = Zeroizing::new(vec![Fr::ZERO; size]);
    if key.ordered {
        let step = size.div_ceil(8 * rayon::current_num_threads()).max(256);
        a.par_chunks_mut(step).zip(b.par_chunks_mut(step)).enumerate().try_for_each(|(chunk, (a, b))| {
            let first = (chunk * step) as u32;
            let from = first_of_row(coefficients, first);
            let to = first_of_row(coefficients, first + a.len() as u32);
            add_rows(coefficients.get(from..to).ok_or_else(Error::changed)?, witness, first, a, b)
        })?;
    } else {
        add_rows(coefficients, witness, 0, &mut a, &mut b)?;
    }
    Ok((a, b))
}

/// The coefficients' indices were checked when the key was loaded, and are read from its file again here.
fn add_rows(coefficients: &[u8], witness: Witness<'_>, first: u32, a: &mut [Fr], b: &mut [Fr]) -> Result<()> {
    for bytes in coefficients.chunks_exact(COEFFICIENT) {
        let (matrix, row, wire, value) = coefficient(bytes);
        // The key holds c·R² and the witness w, so their Montgomery product is c·w in Montgomery form.
        let term = fr_raw(value) * fr_raw(witness.lookup(wire)?);
        let side = if matrix == 0 { &mut *a } else { &mut *b };
        let place = row.checked_sub(first).and_then(|row| side.get_mut(row as usize));
        *place.ok_or_else(Error::changed)? += term;
    }
    Ok(())
}

/// The place of the first coefficient of this row or a later one.
fn first_of_row(coefficients: &[u8], row: u32) -> usize {
    let (mut low, mut high) = (0, coefficients.len() / COEFFICIENT);
    while low < high {
        let middle = (low + high) / 2;
        if coefficient(&coefficients[middle * COEFFICIENT..]).1 < row {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low * COEFFICIENT
}

struct Clock {
    last: Instant,
    timings: Timings,
}

impl Clock {
    fn start() -> Self {
        Self {
            last: Instant::now(),
            timings: Vec::new(),
        }
    }

    fn stage(&mut self, name: &'static str) {
        let now = Instant::now();
        self.timings.push((name, (now - self.last).as_secs_f64()));
        self.last = now;
    }
}
