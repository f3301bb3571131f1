//! Checking a phase-1 file, making a key from it, and checking a key against it.

use std::path::Path;

use ark_bn254::{G1Affine, G1Projective, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field, PrimeField};
use rayon::prelude::*;

use crate::bytes::Bytes;
use crate::error::{Error, Result};
use crate::fft::Domain;
use crate::field::{fr, Fq, Fq2, Fr, Limbs};
use crate::formats::ptau::{Ptau, PtauContribution};
use crate::formats::r1cs::R1cs;
use crate::formats::zkey::{Check, Zkey};
use crate::keys::{self, Header};
use crate::msm::{msm, Group};
use crate::pairs::same_ratio;
use crate::point::{in_group, read, to_plain, write, Coordinate, SIZE_G1, SIZE_G2};
use crate::prove::Progress;
use crate::random::ChaCha;
use crate::transcript::{beacon_stream, Tick};
use blake2::{Blake2b512, Digest};

/// Check a phase-1 file's points and the pairing equations between them: that all powers are of one tau, that
/// alpha and beta go with them, that each contribution proves that it knew its secrets and follows the one before,
/// and that the Lagrange sections are the powers' transforms. The file's own hash is for the caller to compare
/// with a published one.
pub fn verify_ptau(path: &Path, progress: Progress<'_>) -> Result<()> {
    progress("points", 0.0)?;
    let ptau = Ptau::parse(Bytes::map(path)?)?;
    ptau.check_points::<Fq>("ptau section 2", &ptau.tau_1)?;
    ptau.check_points::<Fq2>("ptau section 3", &ptau.tau_2)?;
    ptau.check_points::<Fq>("ptau section 4", &ptau.alpha_tau_1)?;
    ptau.check_points::<Fq>("ptau section 5", &ptau.beta_tau_1)?;
    ptau.check_points::<Fq2>("ptau section 6", &ptau.beta_2)?;
    progress("contributions", 0.1)?;
    let Some(last) = ptau.contributions.last() else {
        return Err(Error::invalid("the file has no contribution"));
    };
    chain(&ptau, &|| progress("contributions", 0.1))?;
    check_group(ptau.slice(&ptau.tau_2), "section 3")?;
    let wrong = |what: &str| Error::invalid(format!("ptau: {what}"));
    let first = |range| read::<Fq>(ptau.slice(range));
    let g1 = G1Affine::generator();
    let g2 = G2Affine::generator();
    let second_power = |range: &std::ops::Range<usize>| read::<Fq>(&ptau.slice(range)[SIZE_G1..]);
    let second_power_2 = |range: &std::ops::Range<usize>| read::<Fq2>(&ptau.slice(range)[SIZE_G2..]);
    if first(&ptau.tau_1) != g1 || read::<Fq2>(ptau.slice(&ptau.tau_2)) != g2 {
        return Err(wrong("the powers do not begin with the generators"));
    }
    let starts = first(&ptau.alpha_tau_1) == last.alpha_1
        && first(&ptau.beta_tau_1) == last.beta_1
        && read::<Fq2>(ptau.slice(&ptau.beta_2)) == last.beta_2
        && (ptau.tau_1.len() < 2 * SIZE_G1 || second_power(&ptau.tau_1) == last.tau_1)
        && (ptau.tau_2.len() < 2 * SIZE_G2 || second_power_2(&ptau.tau_2) == last.tau_2);
    if !starts {
        return Err(wrong("the powers are not the last contribution's"));
    }
    if !same_ratio((&g1, &last.beta_1), (&g2, &last.beta_2)) || !same_ratio((&g1, &last.tau_1), (&g2, &last.tau_2)) {
        return Err(wrong("tau or beta differs between G1 and G2"));
    }
    progress("powers", 0.2)?;
    for (name, range) in
        [("tau", &ptau.tau_1), ("alpha times tau", &ptau.alpha_tau_1), ("beta times tau", &ptau.beta_tau_1)]
    {
        let (low, high) = shifted::<Fq>(ptau.slice(range))?;
        if ptau.slice(range).len() > SIZE_G1
            && !same_ratio((&low.into_affine(), &high.into_affine()), (&g2, &last.tau_2))
        {
            return Err(wrong(&format!("the powers of {name} in G1 are not of one number")));
        }
    }
    let (low, high) = shifted::<Fq2>(ptau.slice(&ptau.tau_2))?;
    if ptau.tau_2.len() > SIZE_G2 && !same_ratio((&g1, &last.tau_1), (&low.into_affine(), &high.into_affine())) {
        return Err(wrong("the powers of tau in G2 are not of one number"));
    }
    progress("lagrange", 0.5)?;
    if let Some([tau_1, tau_2, alpha, beta]) = &ptau.lagrange {
        ptau.check_points::<Fq2>("ptau section 13", tau_2)?;
        check_group(ptau.slice(tau_2), "section 13")?;
        transformed::<Fq>(&ptau, &ptau.tau_1, tau_1)?;
        transformed::<Fq2>(&ptau, &ptau.tau_2, tau_2)?;
        transformed::<Fq>(&ptau, &ptau.alpha_tau_1, alpha)?;
        transformed::<Fq>(&ptau, &ptau.beta_tau_1, beta)?;
    }
    Ok(())
}

fn weights(count: usize) -> Result<Vec<Limbs>> {
    // 64 bits each: within groups of prime order a wrong point goes unnoticed with a chance of one in 2^64.
    let mut bytes = vec![0u8; count * 8];
    getrandom::fill(&mut bytes).map_err(|e| Error::Io(format!("the operating system gives no randomness: {e}")))?;
    Ok(bytes
        .chunks_exact(8)
        .map(|word| [u64::from_le_bytes([word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7]]), 0, 0, 0])
        .collect())
}

/// Independent combinations that a point outside of the group has to pass: the twist's order has the factor 10069,
/// and 10069^5 > 2^66.
const COMBINATIONS: usize = 5;

/// Check that all points of the twist are in the group of prime order, each with the chance of one in 10069^5 of being
/// missed. One combination says little here, as components of order 10069 cancel in one of 10069.
fn check_group(points: &[u8], place: &str) -> Result<()> {
    for _ in 0..COMBINATIONS {
        let weights = weights(points.len() / SIZE_G2)?;
        if !in_group::<Fq2>(&msm::<Fq2>(points, |i| weights[i]).into_affine()) {
            return Err(Error::invalid(format!("ptau: {place} has a point outside of the group of prime order")));
        }
    }
    Ok(())
}

/// One random combination of all points but the last, and of all but the first.
fn shifted<F: Coordinate>(points: &[u8]) -> Result<(Group<F>, Group<F>)> {
    let weights = weights(points.len() / F::POINT - 1)?;
    let low = msm::<F>(&points[..points.len() - F::POINT], |i| weights[i]);
    let high = msm::<F>(&points[F::POINT..], |i| weights[i]);
    Ok((low, high))
}

/// Each row of a Lagrange section holds the inverse transform of as many powers.
fn transformed<F: Coordinate>(ptau: &Ptau, powers: &std::ops::Range<usize>, rows: &std::ops::Range<usize>) -> Result<()> {
    let (powers, rows) = (ptau.slice(powers), ptau.slice(rows));
    let mut start = 0;
    let mut power = 0;
    while start < rows.len() {
        let size = 1usize << power;
        let row = &rows[start..start + size * F::POINT];
        if let Some(at) = row.par_chunks_exact(F::POINT).position_first(|point| !crate::point::on_curve::<F>(point)) {
            return Err(Error::format("ptau", format!("Lagrange row {power}: point {at} is not on the curve")));
        }
        let weights = weights(size)?;
        let mut values: Vec<Fr> = weights.iter().map(|limbs| fr(*limbs).unwrap_or_default()).collect();
        Domain::get(power).to_coefficients(&mut values);
        let coefficients: Vec<Limbs> = values.iter().map(|value| value.into_bigint().0).collect();
        // The longest row of tau in G1 is one power short; snarkjs takes infinity for it.
        let available = &powers[..(size * F::POINT).min(powers.len())];
        if msm::<F>(row, |i| weights[i]) != msm::<F>(available, |i| coefficients[i]) {
            return Err(Error::invalid(format!("ptau: Lagrange row {power} is not the transform of the powers")));
        }
        start += size * F::POINT;
        power += 1;
    }
    Ok(())
}

/// What a contribution leaves behind for the next one.
struct State {
    tau_1: G1Affine,
    tau_2: G2Affine,
    alpha_1: G1Affine,
    beta_1: G1Affine,
    beta_2: G2Affine,
    challenge: [u8; 64],
}

fn chain(ptau: &Ptau, tick: Tick<'_>) -> Result<()> {
    let mut before = State {
        tau_1: G1Affine::generator(),
        tau_2: G2Affine::generator(),
        alpha_1: G1Affine::generator(),
        beta_1: G1Affine::generator(),
        beta_2: G2Affine::generator(),
        challenge: first_challenge(ptau.ceremony_power, tick)?,
    };
    for (i, contribution) in ptau.contributions.iter().enumerate() {
        let wrong = |what: &str| Error::invalid(format!("contribution {}: {what}", i + 1));
        follows(&before, contribution).map_err(wrong)?;
        from_beacon(contribution, tick, wrong)?;
        before = State {
            tau_1: contribution.tau_1,
            tau_2: contribution.tau_2,
            alpha_1: contribution.alpha_1,
            beta_1: contribution.beta_1,
            beta_2: contribution.beta_2,
            challenge: contribution.next_challenge,
        };
    }
    Ok(())
}

fn follows(before: &State, contribution: &PtauContribution) -> std::result::Result<(), &'static str> {
    let [tau, alpha, beta] = &contribution.keys;
    let base = |personal: u8, (s, sx, _): &(G1Affine, G1Affine, G2Affine)| {
        let hash = Blake2b512::new()
            .chain_update([personal])
            .chain_update(before.challenge)
            .chain_update(to_plain::<Fq>(s))
            .chain_update(to_plain::<Fq>(sx))
            .finalize();
        ChaCha::from_hash(&hash).g2()
    };
    let bases = [base(0, tau), base(1, alpha), base(2, beta)];
    for (key, base) in contribution.keys.iter().zip(&bases) {
        if !same_ratio((&key.0, &key.1), (base, &key.2)) {
            return Err("a proof of knowledge does not hold");
        }
    }
    let steps_1 = [
        (&before.tau_1, &contribution.tau_1, &bases[0], &tau.2),
        (&before.alpha_1, &contribution.alpha_1, &bases[1], &alpha.2),
        (&before.beta_1, &contribution.beta_1, &bases[2], &beta.2),
    ];
    for (old, new, s, sx) in steps_1 {
        if !same_ratio((old, new), (s, sx)) {
            return Err("it does not follow the one before in G1");
        }
    }
    for (old, new, key) in [
        (&before.tau_2, &contribution.tau_2, tau),
        (&before.beta_2, &contribution.beta_2, beta),
    ] {
        if !same_ratio((&key.0, &key.1), (old, new)) {
            return Err("it does not follow the one before in G2");
        }
    }
    Ok(())
}

fn from_beacon(contribution: &PtauContribution, tick: Tick<'_>, wrong: impl Fn(&str) -> Error) -> Result<()> {
    let Some(beacon) = &contribution.beacon else {
        return Ok(());
    };
    let mut stream = beacon_stream(beacon, tick).map_err(|error| match error {
        Error::Stopped => Error::Stopped,
        other => wrong(&other.to_string()),
    })?;
    let secrets = [stream.fr(), stream.fr(), stream.fr()];
    for (key, secret) in contribution.keys.iter().zip(&secrets) {
        let s = stream.g1();
        if s != key.0 || crate::msm::times::<Fq>(&s, secret) != key.1 {
            return Err(wrong("it does not follow from its beacon"));
        }
    }
    Ok(())
}

/// The hash of a ceremony in which nothing has happened: every power is the generator.
fn first_challenge(power: u32, tick: Tick<'_>) -> Result<[u8; 64]> {
    let mut hash = Blake2b512::new();
    hash.update(Blake2b512::digest(b""));
    let g1 = to_plain::<Fq>(&G1Affine::generator());
    let g2 = to_plain::<Fq2>(&G2Affine::generator());
    let size = 1usize << power;
    let mut blocks = 0u64;
    let mut repeat = |point: &[u8], mut count: usize| -> Result<()> {
        let block = point.repeat(1 << 10);
        while count > 0 {
            let now = count.min(1 << 10);
            hash.update(&block[..now * point.len()]);
            count -= now;
            // The file only claims the ceremony's power, and 2^28 takes minutes.
            blocks += 1;
            if blocks.is_multiple_of(64) {
                tick()?;
            }
        }
        Ok(())
    };
    repeat(&g1, 2 * size - 1)?;
    repeat(&g2, size)?;
    repeat(&g1, size)?;
    repeat(&g1, size)?;
    repeat(&g2, 1)?;
    Ok(hash.finalize().into())
}

/// Write a key without contributions from a prepared phase-1 file, as `snarkjs zkey new` does. Returns the circuit
/// hash. The file is not verified here.
pub fn new_key(r1cs: &Path, ptau: &Path, out: &Path, progress: Progress<'_>) -> Result<[u8; 64]> {
    let r1cs = R1cs::parse(Bytes::map(r1cs)?)?;
    let ptau = Ptau::parse(Bytes::map(ptau)?)?;
    let parts = Parts::new(&r1cs, &ptau, progress)?;
    progress("writing", 0.95)?;
    parts.write(&r1cs, out)?;
    Ok(parts.circuit_hash)
}

/// A key before its first contribution.
struct Parts {
    header: Header,
    ic: Vec<u8>,
    a: Vec<u8>,
    b1: Vec<u8>,
    b2: Vec<u8>,
    c: Vec<u8>,
    h: Vec<u8>,
    circuit_hash: [u8; 64],
}

impl Parts {
    fn new(r1cs: &R1cs, ptau: &Ptau, progress: Progress<'_>) -> Result<Self> {
        let power = r1cs.power();
        let Some(lagrange) = &ptau.lagrange else {
            return Err(Error::invalid("the phase-1 file is not prepared for phase 2"));
        };
        if power >= ptau.power {
            // snarkjs takes a file of the same power, and then hashes bytes beyond the powers of tau.
            return Err(Error::invalid(format!("the circuit needs a phase-1 file of power {} or more", power + 1)));
        }
        let domain = 1usize << power;
        let row = |which: usize, size: usize| {
            let bytes = ptau.slice(&lagrange[which]);
            &bytes[(domain - 1) * size..(2 * domain - 1) * size]
        };
        let (tau_1, tau_2) = (row(0, SIZE_G1), row(1, SIZE_G2));
        let (alpha, beta) = (row(2, SIZE_G1), row(3, SIZE_G1));
        let public = r1cs.public() as usize;
        let mut wires = Wires::new(r1cs)?;
        for signal in 0..=public {
            wires.a[signal].push((r1cs.constraints + signal as u32, Fr::ONE));
        }
        let first = |range| read::<Fq>(ptau.slice(range));
        let header = Header {
            wires: r1cs.wires,
            public: r1cs.public(),
            domain: domain as u32,
            alpha_1: first(&ptau.alpha_tau_1),
            beta_1: first(&ptau.beta_tau_1),
            beta_2: read::<Fq2>(ptau.slice(&ptau.beta_2)),
            gamma_2: G2Affine::generator(),
            delta_1: G1Affine::generator(),
            delta_2: G2Affine::generator(),
        };
        progress("points", 0.1)?;
        let a = compose::<Fq>(&[(tau_1, &wires.a)]);
        progress("points", 0.25)?;
        let b1 = compose::<Fq>(&[(tau_1, &wires.b)]);
        progress("points", 0.4)?;
        let b2 = compose::<Fq2>(&[(tau_2, &wires.b)]);
        progress("points", 0.65)?;
        let mut k = compose::<Fq>(&[(beta, &wires.a), (alpha, &wires.b), (tau_1, &wires.c)]);
        let c = k.split_off((public + 1) * SIZE_G1);
        progress("circuit hash", 0.85)?;
        let double = &ptau.slice(&lagrange[0])[(2 * domain - 1) * SIZE_G1..(4 * domain - 1) * SIZE_G1];
        let h = double.chunks_exact(2 * SIZE_G1).flat_map(|pair| pair[SIZE_G1..].iter().copied()).collect();
        let vanishing = vanishing(ptau.slice(&ptau.tau_1), domain);
        let circuit_hash = keys::circuit_hash(&header, &k, &vanishing, &c, &a, &b1, &b2);
        Ok(Self {
            header,
            ic: k,
            a,
            b1,
            b2,
            c,
            h,
            circuit_hash,
        })
    }

    fn write(&self, r1cs: &R1cs, out: &Path) -> Result<()> {
        let parts = [&self.ic, &self.a, &self.b1, &self.b2, &self.c, &self.h];
        keys::write_new(r1cs, &self.header, parts.map(Vec::as_slice), &self.circuit_hash, out)
    }
}

/// The terms of every wire's polynomials: row and coefficient.
struct Wires {
    a: Vec<Vec<(u32, Fr)>>,
    b: Vec<Vec<(u32, Fr)>>,
    c: Vec<Vec<(u32, Fr)>>,
}

impl Wires {
    fn new(r1cs: &R1cs) -> Result<Self> {
        let empty = vec![Vec::new(); r1cs.wires as usize];
        let mut wires = Self {
            a: empty.clone(),
            b: empty.clone(),
            c: empty,
        };
        for row in 0..r1cs.constraints {
            for (which, side) in [&mut wires.a, &mut wires.b, &mut wires.c].into_iter().enumerate() {
                for term in r1cs.combination(row as usize, which) {
                    let terms = side.get_mut(term.wire as usize).ok_or_else(Error::changed)?;
                    terms.push((row, fr(term.coefficient).unwrap_or_default()));
                }
            }
        }
        Ok(wires)
    }
}

/// For every wire its terms: row and coefficient.
type Terms = [Vec<(u32, Fr)>];

/// For every wire the sum of coefficient times point, over all given lists.
fn compose<F: Coordinate>(lists: &[(&[u8], &Terms)]) -> Vec<u8> {
    const CHUNK: usize = 64;
    let count = lists[0].1.len();
    let mut out = vec![0; count * F::POINT];
    out.par_chunks_mut(CHUNK * F::POINT).enumerate().for_each(|(chunk, out)| {
        let first = chunk * CHUNK;
        let sums: Vec<Group<F>> = (first..(first + CHUNK).min(count))
            .map(|wire| {
                let mut sum = Group::<F>::ZERO;
                for (points, terms) in lists {
                    for (row, coefficient) in &terms[wire] {
                        let at = *row as usize * F::POINT;
                        let point = read::<F>(&points[at..at + F::POINT]);
                        if *coefficient == Fr::ONE {
                            sum += point;
                        } else if *coefficient == -Fr::ONE {
                            sum -= Group::<F>::from(point);
                        } else {
                            sum += point.mul_bigint(coefficient.into_bigint());
                        }
                    }
                }
                sum
            })
            .collect();
        for (point, out) in Group::<F>::normalize_batch(&sums).iter().zip(out.chunks_exact_mut(F::POINT)) {
            write::<F>(point, out);
        }
    });
    out
}

/// tau^(n+i) − tau^i, as many as snarkjs hashes.
fn vanishing(powers: &[u8], domain: usize) -> Vec<u8> {
    let count = if domain > 1 << 14 { domain } else { domain - 1 };
    let at = |i: usize| read::<Fq>(&powers[i * SIZE_G1..(i + 1) * SIZE_G1]);
    let sums: Vec<G1Projective> =
        (0..count).into_par_iter().with_min_len(256).map(|i| at(i + domain).into_group() - at(i)).collect();
    let mut out = vec![0; count * SIZE_G1];
    for (point, out) in G1Projective::normalize_batch(&sums).iter().zip(out.chunks_exact_mut(SIZE_G1)) {
        write::<Fq>(point, out);
    }
    out
}

/// Check that a key belongs to a circuit and a phase-1 file, and that its chain of contributions holds.
pub fn verify_key(r1cs: &Path, ptau: &Path, zkey: &Path, progress: Progress<'_>) -> Result<()> {
    let wrong = |what: &str| Err(Error::invalid(format!("the key's {what} do not belong to the circuit")));
    let r1cs = R1cs::parse(Bytes::map(r1cs)?)?;
    let ptau = Ptau::parse(Bytes::map(ptau)?)?;
    let zkey = Zkey::parse(Bytes::map(zkey)?, Check::Full)?;
    let parts = Parts::new(&r1cs, &ptau, progress)?;
    if zkey.circuit_hash != parts.circuit_hash {
        return Err(Error::invalid("the key was made for another circuit or another phase 1"));
    }
    let header = &parts.header;
    if (zkey.wires, zkey.public, zkey.domain) != (header.wires, header.public, header.domain) {
        return wrong("sizes");
    }
    if (zkey.alpha_1, zkey.beta_1, zkey.beta_2, zkey.gamma_2)
        != (header.alpha_1, header.beta_1, header.beta_2, header.gamma_2)
    {
        return wrong("header points");
    }
    let same = zkey.ic() == parts.ic && zkey.a() == parts.a && zkey.b1() == parts.b1 && zkey.b2() == parts.b2;
    if !same || zkey.coefficients() != &keys::coefficients(&r1cs)[4..] {
        return wrong("points or coefficients");
    }
    progress("contributions", 0.9)?;
    crate::transcript::verify(&zkey.circuit_hash, &zkey.contributions, &zkey.delta_1, &zkey.delta_2, &|| {
        progress("contributions", 0.9)
    })?;
    for (before, after) in [(parts.c.as_slice(), zkey.c()), (parts.h.as_slice(), zkey.h())] {
        let weights = weights(before.len() / SIZE_G1)?;
        let old = msm::<Fq>(before, |i| weights[i]).into_affine();
        let new = msm::<Fq>(after, |i| weights[i]).into_affine();
        let empty = old.is_zero() && new.is_zero();
        if !empty && !same_ratio((&new, &old), (&G2Affine::generator(), &zkey.delta_2)) {
            return wrong("C or H points");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (2q − r) / 10069 and r: the twist's order is their product times 10069.
    const COFACTOR_WITHOUT_10069: [[u64; 4]; 2] = [
        [0x6c3c_d334_915f_1659, 0x2071_42f7_671a_f448, 0x9e28_bcf6_5b56_81da, 0x0001_3af7_a58f_ce69],
        crate::field::R,
    ];

    #[test]
    fn points_outside_of_the_group_are_noticed() {
        let generator = G2Affine::generator();
        // A point of the twist with everything but the component of order 10069 taken off.
        let outside = (1u64..)
            .filter_map(|x| {
                let x = Fq2::from(x);
                let y = (x.square() * x + Fq2::curve_b()).sqrt()?;
                let point = Fq2::affine(x, y);
                let rest = COFACTOR_WITHOUT_10069.iter().fold(point.into_group(), |point, part| {
                    point.into_affine().mul_bigint(part)
                });
                let rest = rest.into_affine();
                (!rest.is_zero()).then_some(rest)
            })
            .next()
            .unwrap_or(generator);
        assert!(outside.mul_bigint([10069u64]).into_affine().is_zero());
        let bytes = |points: &[G2Affine]| points.iter().flat_map(crate::point::to_bytes::<Fq2>).collect::<Vec<u8>>();
        let moved = (generator + outside).into_affine();
        let back = (generator - outside).into_affine();
        assert!(check_group(&bytes(&[generator, generator]), "section").is_ok());
        for points in [[moved, generator], [generator, moved], [moved, back], [outside, moved]] {
            assert!(check_group(&bytes(&points), "section").is_err());
        }
    }

    #[test]
    fn a_claimed_power_can_be_stopped() {
        assert!(matches!(first_challenge(28, &|| Err(Error::Stopped)), Err(Error::Stopped)));
        assert!(first_challenge(3, &|| Err(Error::Stopped)).is_ok());
    }
}
