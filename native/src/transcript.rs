//! Phase 2 of the ceremony: the chain of contributions in section 10 of a key.

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use blake2::{Blake2b512, Digest};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::field::{Fq, Fq2, Fr};
use crate::formats::zkey::{Beacon, Contribution};
use crate::msm::times;
use crate::pairs::same_ratio;
use crate::point::{to_bytes, to_plain};
use crate::random::ChaCha;

/// A new contribution: where its randomness comes from.
pub enum Source<'a> {
    /// The operating system's randomness and the participant's own text.
    Entropy(&'a [u8]),
    /// A public value that nobody could know beforehand, hashed 2^iterations times.
    Beacon(&'a Beacon),
}

/// Asked now and then during long work; an error stops it.
pub type Tick<'a> = &'a dyn Fn() -> Result<()>;

/// The log2 of the most iterations of a beacon: minutes of hashing. Public ceremonies use 10; the format's 63 would
/// let a file of a few bytes keep its verifier busy for good.
pub const MAX_ITERATIONS_EXP: u8 = 30;
/// Hashes between two ticks.
const STEP: u64 = 1 << 16;

/// The generator that a beacon leads to.
pub fn beacon_stream(beacon: &Beacon, tick: Tick<'_>) -> Result<ChaCha> {
    if !(10..=MAX_ITERATIONS_EXP).contains(&beacon.iterations_exp) || beacon.hash.is_empty() || beacon.hash.len() > 255 {
        return Err(Error::invalid(format!(
            "a beacon takes 1 to 255 bytes and 2^10 to 2^{MAX_ITERATIONS_EXP} iterations"
        )));
    }
    let mut hash = beacon.hash.clone();
    for i in 1..=1u64 << beacon.iterations_exp {
        if i.is_multiple_of(STEP) {
            tick()?;
        }
        hash = Sha256::digest(&hash).to_vec();
    }
    Ok(ChaCha::from_hash(&hash))
}

fn entropy_stream(text: &[u8]) -> Result<ChaCha> {
    let mut seed = Zeroizing::new([0u8; 64]);
    getrandom::fill(&mut *seed).map_err(|e| Error::Io(format!("the operating system gives no randomness: {e}")))?;
    let hash = Zeroizing::new(<[u8; 64]>::from(Blake2b512::new().chain_update(*seed).chain_update(text).finalize()));
    Ok(ChaCha::from_hash(&*hash))
}

fn hash_key(hash: &mut Blake2b512, contribution: &Contribution) {
    hash.update(to_plain::<Fq>(&contribution.delta_after));
    hash.update(to_plain::<Fq>(&contribution.g1_s));
    hash.update(to_plain::<Fq>(&contribution.g1_sx));
    hash.update(to_plain::<Fq2>(&contribution.g2_spx));
    hash.update(contribution.transcript);
}

/// What names a contribution: the hash that participants publish.
pub fn contribution_hash(contribution: &Contribution) -> [u8; 64] {
    let mut hash = Blake2b512::new();
    hash_key(&mut hash, contribution);
    hash.finalize().into()
}

/// The next contribution after `before`, for a key whose delta in G1 is `delta_1`; with the secret that it
/// multiplies delta by.
pub fn next(
    circuit_hash: &[u8; 64],
    before: &[Contribution],
    delta_1: &G1Affine,
    name: Option<&str>,
    source: &Source<'_>,
    tick: Tick<'_>,
) -> Result<(Contribution, Zeroizing<Fr>)> {
    let mut stream = match source {
        Source::Entropy(text) => entropy_stream(text)?,
        Source::Beacon(beacon) => beacon_stream(beacon, tick)?,
    };
    let secret = Zeroizing::new(stream.fr());
    let g1_s = stream.g1();
    let g1_sx = times::<Fq>(&g1_s, &secret);
    let mut hash = Blake2b512::new();
    hash.update(circuit_hash);
    for contribution in before {
        hash_key(&mut hash, contribution);
    }
    hash.update(to_plain::<Fq>(&g1_s));
    hash.update(to_plain::<Fq>(&g1_sx));
    let transcript: [u8; 64] = hash.finalize().into();
    let contribution = Contribution {
        delta_after: times::<Fq>(delta_1, &secret),
        g1_s,
        g1_sx,
        g2_spx: times::<Fq2>(&ChaCha::from_hash(&transcript).g2(), &secret),
        transcript,
        kind: u32::from(matches!(source, Source::Beacon(_))),
        // snarkjs cuts names at 64 UTF-16 units and keeps the length in one byte.
        name: name.map(|name| shortened(name).into_bytes()),
        beacon: match source {
            Source::Entropy(_) => None,
            Source::Beacon(beacon) => Some((*beacon).clone()),
        },
    };
    Ok((contribution, secret))
}

fn shortened(name: &str) -> String {
    let mut units = 0;
    name.chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= 64
        })
        .collect()
}

/// Check the whole chain, from the generator to the key's delta.
pub fn verify(
    circuit_hash: &[u8; 64],
    contributions: &[Contribution],
    delta_1: &G1Affine,
    delta_2: &G2Affine,
    tick: Tick<'_>,
) -> Result<()> {
    let mut hash = Blake2b512::new();
    hash.update(circuit_hash);
    let mut delta = G1Affine::generator();
    for (i, contribution) in contributions.iter().enumerate() {
        let wrong = |what: &str| Error::invalid(format!("contribution {}: {what}", i + 1));
        let mut own = hash.clone();
        own.update(to_plain::<Fq>(&contribution.g1_s));
        own.update(to_plain::<Fq>(&contribution.g1_sx));
        if <[u8; 64]>::from(own.finalize()) != contribution.transcript {
            return Err(wrong("the transcript does not follow from what came before"));
        }
        let g2_sp = ChaCha::from_hash(&contribution.transcript).g2();
        if !crate::point::in_group::<Fq2>(&contribution.g2_spx) {
            return Err(wrong("its point in G2 is not in the subgroup of prime order"));
        }
        if !same_ratio((&contribution.g1_s, &contribution.g1_sx), (&g2_sp, &contribution.g2_spx)) {
            return Err(wrong("its proof of knowledge does not hold"));
        }
        if !same_ratio((&delta, &contribution.delta_after), (&g2_sp, &contribution.g2_spx)) {
            return Err(wrong("delta was not multiplied by its secret"));
        }
        if let Some(beacon) = &contribution.beacon {
            let mut stream = beacon_stream(beacon, tick)?;
            let secret = stream.fr();
            let g1_s = stream.g1();
            if g1_s != contribution.g1_s || times::<Fq>(&g1_s, &secret) != contribution.g1_sx {
                return Err(wrong("it does not follow from its beacon"));
            }
        }
        hash_key(&mut hash, contribution);
        delta = contribution.delta_after;
    }
    if delta != *delta_1 || !same_ratio((&G1Affine::generator(), &delta), (&G2Affine::generator(), delta_2)) {
        return Err(Error::invalid("the key's delta is not the last contribution's"));
    }
    Ok(())
}

/// Section 10.
pub fn to_section(circuit_hash: &[u8; 64], contributions: &[Contribution]) -> Vec<u8> {
    let mut out = circuit_hash.to_vec();
    out.extend((contributions.len() as u32).to_le_bytes());
    for contribution in contributions {
        out.extend(to_bytes::<Fq>(&contribution.delta_after));
        out.extend(to_bytes::<Fq>(&contribution.g1_s));
        out.extend(to_bytes::<Fq>(&contribution.g1_sx));
        out.extend(to_bytes::<Fq2>(&contribution.g2_spx));
        out.extend(contribution.transcript);
        out.extend(contribution.kind.to_le_bytes());
        let mut parameters = Vec::new();
        if let Some(name) = contribution.name.as_ref().filter(|name| !name.is_empty()) {
            parameters.push(1);
            parameters.push(name.len() as u8);
            parameters.extend(name);
        }
        if let Some(beacon) = &contribution.beacon {
            parameters.extend([2, beacon.iterations_exp, 3, beacon.hash.len() as u8]);
            parameters.extend(&beacon.hash);
        }
        out.extend((parameters.len() as u32).to_le_bytes());
        out.extend(parameters);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_beacons_are_refused_and_others_can_be_stopped() {
        let beacon = |iterations_exp| Beacon {
            hash: vec![7; 32],
            iterations_exp,
        };
        for bad in [0, 9, MAX_ITERATIONS_EXP + 1, 63, 64, 255] {
            assert!(matches!(beacon_stream(&beacon(bad), &|| Ok(())), Err(Error::Invalid(_))), "{bad}");
        }
        assert!(beacon_stream(&beacon(10), &|| Err(Error::Stopped)).is_ok());
        assert!(matches!(beacon_stream(&beacon(MAX_ITERATIONS_EXP), &|| Err(Error::Stopped)), Err(Error::Stopped)));
    }
}
