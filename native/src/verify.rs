//! Groth16 verification, with the checks of the Python verifier: lengths, canonical coordinates, curve, subgroup,
//! and a key whose delta nobody knows.

use ark_bn254::{Bn254, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInt, Field, PrimeField};
use blake2::{Blake2b512, Digest};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::field::{fq, to_decimal, Fq, Fq2, Fr, Limbs};
use crate::point::{in_group, to_plain, Coordinate};
use crate::prove::Proof;
use crate::value::Value;

type G2Prepared = <Bn254 as Pairing>::G2Prepared;
type Target = <Bn254 as Pairing>::TargetField;

/// A checked verification key.
pub struct VerifyingKey {
    alpha: G1Affine,
    beta: G2Affine,
    gamma: G2Affine,
    delta: G2Affine,
    ic: Vec<G1Affine>,
    prepared: Prepared,
}

struct Prepared {
    beta: G2Prepared,
    gamma: G2Prepared,
    delta: G2Prepared,
}

/// Most public signals that a key may have, as in the Python verifier.
const MAX_PUBLIC: usize = 64;
const KEY: [&str; 8] =
    ["protocol", "curve", "nPublic", "vk_alpha_1", "vk_beta_2", "vk_gamma_2", "vk_delta_2", "IC"];
const PROOF: [&str; 5] = ["pi_a", "pi_b", "pi_c", "protocol", "curve"];
/// e(alpha, beta), which snarkjs writes beside alpha and beta; never read.
pub const DERIVED: &str = "vk_alphabeta_12";

impl VerifyingKey {
    /// From snarkjs's verification_key.json.
    pub fn parse(value: &Value) -> Result<Self> {
        let key = Self::parse_unchecked(value)?;
        key.check()?;
        Ok(key)
    }

    fn parse_unchecked(value: &Value) -> Result<Self> {
        let name = "verification_key";
        value.only(name, &KEY, Some(DERIVED))?;
        protocol(value, name)?;
        let public = value.field(name, "nPublic")?.integer("verification_key.nPublic")?;
        if !(1..=MAX_PUBLIC as u64).contains(&public) {
            return Err(Error::format("verification_key.nPublic", format!("is not from 1 to {MAX_PUBLIC}")));
        }
        let ic = value.field(name, "IC")?.list("verification_key.IC")?;
        if ic.len() as u64 != public + 1 {
            return Err(Error::format("verification_key.IC", "does not have nPublic + 1 points"));
        }
        let second = |field: &str| point_2(value.field(name, field)?, &format!("{name}.{field}"));
        let alpha = point_1(value.field(name, "vk_alpha_1")?, "verification_key.vk_alpha_1")?;
        let beta = second("vk_beta_2")?;
        let gamma = second("vk_gamma_2")?;
        let delta = second("vk_delta_2")?;
        let ic = ic
            .iter()
            .enumerate()
            .map(|(i, point)| point_1(point, &format!("verification_key.IC[{i}]")))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            prepared: Prepared {
                beta: beta.into(),
                gamma: gamma.into(),
                delta: delta.into(),
            },
            alpha,
            beta,
            gamma,
            delta,
            ic,
        })
    }

    /// Refuses what makes forgery possible.
    fn check(&self) -> Result<()> {
        let Self { alpha, beta, gamma, delta, ic, .. } = self;
        // With gamma = −delta the same forgery works with C negated, so abscissas are compared.
        if gamma.x == delta.x {
            return Err(Error::invalid(
                "the key has gamma = delta: nobody made its second phase, so anybody can forge proofs",
            ));
        }
        if delta.x == G2Affine::generator().x {
            return Err(Error::invalid("the key's delta is the group's generator: it has no contribution"));
        }
        if beta.x == gamma.x || beta.x == delta.x || alpha.x == G1Affine::generator().x {
            return Err(Error::invalid(
                "the key has beta = gamma, beta = delta or alpha = the generator: nobody made its first phase, so \
                 anybody can forge proofs",
            ));
        }
        let mut abscissas: Vec<_> = ic.iter().map(|point| point.x.into_bigint()).collect();
        abscissas.sort_unstable();
        if abscissas.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::invalid(
                "the key has IC points that are equal or opposite, so it confuses public signals",
            ));
        }
        Ok(())
    }

    pub fn public(&self) -> usize {
        self.ic.len() - 1
    }

    /// Whether the proof holds. Signals in the wrong number, and a proof that is no proof, are errors.
    pub fn verify(&self, public: &[Limbs], proof: &Proof) -> Result<bool> {
        self.check_length(public.len())?;
        let left = [-proof.a, self.alpha, self.signals(public), proof.c];
        let right = [
            proof.b.into(),
            self.prepared.beta.clone(),
            self.prepared.gamma.clone(),
            self.prepared.delta.clone(),
        ];
        Ok(is_one(Bn254::multi_miller_loop(left, right).0))
    }

    fn check_length(&self, count: usize) -> Result<()> {
        if count == self.public() {
            return Ok(());
        }
        Err(Error::format(
            "public",
            format!("has {count} signals where the key takes {}", self.public()),
        ))
    }

    fn signals(&self, public: &[Limbs]) -> G1Affine {
        let mut sum = self.ic[0].into_group();
        for (value, point) in public.iter().zip(&self.ic[1..]) {
            sum += point.mul_bigint(BigInt(*value));
        }
        sum.into_affine()
    }

    /// The places of the proofs that do not hold, in ascending order.
    ///
    /// All proofs go into one equation, each times a random coefficient that is drawn from a hash of the key, every
    /// signal and every proof, so that nobody can choose proofs whose errors cancel. When it fails, halves are tried.
    pub fn verify_batch(&self, items: &[(Vec<Limbs>, Proof)]) -> Result<Vec<usize>> {
        for (public, _) in items {
            self.check_length(public.len())?;
        }
        let seed = self.transcript(items);
        let terms: Vec<Item> = items
            .par_iter()
            .enumerate()
            .map(|(i, (public, proof))| {
                let weight = coefficient(&seed, i);
                let times = |point: &G1Affine| point.mul_bigint(weight.into_bigint());
                let a = times(&proof.a).into_affine();
                Item {
                    weight,
                    public: public.iter().map(|value| crate::field::fr(*value).unwrap_or_default() * weight).collect(),
                    c: times(&proof.c),
                    paired: Bn254::multi_miller_loop([-a], [proof.b]).0,
                }
            })
            .collect();
        let mut bad = Vec::new();
        self.bisect(&terms, 0, &mut bad);
        Ok(bad)
    }

    /// As `verify_batch`, for signals and proofs as JSON-like values: malformed ones are bad too.
    pub fn verify_batch_values(&self, items: &[(Value, Value)]) -> Result<Vec<usize>> {
        let read: Vec<_> = items
            .par_iter()
            .map(|(public, proof)| -> Result<_> {
                let public = parse_public(public)?;
                self.check_length(public.len())?;
                Ok((public, parse_proof(proof)?))
            })
            .collect();
        let mut places = Vec::new();
        let mut good = Vec::new();
        let mut bad = Vec::new();
        for (i, item) in read.into_iter().enumerate() {
            match item {
                Ok(item) => {
                    places.push(i);
                    good.push(item);
                }
                Err(_) => bad.push(i),
            }
        }
        bad.extend(self.verify_batch(&good)?.into_iter().map(|i| places[i]));
        bad.sort_unstable();
        Ok(bad)
    }

    fn bisect(&self, terms: &[Item], first: usize, bad: &mut Vec<usize>) {
        if terms.is_empty() || self.holds(terms) {
            return;
        }
        if terms.len() == 1 {
            bad.push(first);
            return;
        }
        let half = terms.len() / 2;
        self.bisect(&terms[..half], first, bad);
        self.bisect(&terms[half..], first + half, bad);
    }

    fn holds(&self, terms: &[Item]) -> bool {
        let weight: Fr = terms.iter().map(|term| term.weight).sum();
        let c: G1Projective = terms.iter().map(|term| term.c).sum();
        let mut signals = self.ic[0].mul_bigint(weight.into_bigint());
        for (i, point) in self.ic[1..].iter().enumerate() {
            let sum: Fr = terms.iter().map(|term| term.public[i]).sum();
            signals += point.mul_bigint(sum.into_bigint());
        }
        let alpha = self.alpha.mul_bigint(weight.into_bigint());
        let left = G1Projective::normalize_batch(&[alpha, signals, c]);
        let right = [self.prepared.beta.clone(), self.prepared.gamma.clone(), self.prepared.delta.clone()];
        let mut product = Bn254::multi_miller_loop(left, right).0;
        for term in terms {
            product *= term.paired;
        }
        is_one(product)
    }

    fn transcript(&self, items: &[(Vec<Limbs>, Proof)]) -> [u8; 64] {
        let mut hash = Blake2b512::new();
        hash.update(b"zksolvency/batch-verification/1/");
        hash.update(to_plain::<Fq>(&self.alpha));
        for point in [&self.beta, &self.gamma, &self.delta] {
            hash.update(to_plain::<Fq2>(point));
        }
        hash.update((self.ic.len() as u64).to_be_bytes());
        for point in &self.ic {
            hash.update(to_plain::<Fq>(point));
        }
        hash.update((items.len() as u64).to_be_bytes());
        for (public, proof) in items {
            for value in public {
                hash.update(crate::field::le_bytes(value));
            }
            hash.update(to_plain::<Fq>(&proof.a));
            hash.update(to_plain::<Fq2>(&proof.b));
            hash.update(to_plain::<Fq>(&proof.c));
        }
        hash.finalize().into()
    }
}

struct Item {
    weight: Fr,
    public: Vec<Fr>,
    c: G1Projective,
    paired: Target,
}

/// 128 bits, never zero.
fn coefficient(seed: &[u8; 64], index: usize) -> Fr {
    let hash = Blake2b512::new().chain_update(seed).chain_update((index as u64).to_be_bytes()).finalize();
    let mut bits = [0; 16];
    bits.copy_from_slice(&hash[..16]);
    Fr::from(u128::from_le_bytes(bits) | 1)
}

fn is_one(product: Target) -> bool {
    Bn254::final_exponentiation(ark_ec::pairing::MillerLoopOutput(product)).is_some_and(|output| output.0 == Target::ONE)
}

/// snarkjs's proof.json.
pub fn parse_proof(value: &Value) -> Result<Proof> {
    value.only("proof", &PROOF, None)?;
    protocol(value, "proof")?;
    Ok(Proof {
        a: point_1(value.field("proof", "pi_a")?, "proof.pi_a")?,
        b: point_2(value.field("proof", "pi_b")?, "proof.pi_b")?,
        c: point_1(value.field("proof", "pi_c")?, "proof.pi_c")?,
    })
}

/// snarkjs's public.json.
pub fn parse_public(value: &Value) -> Result<Vec<Limbs>> {
    let items = value.list("public")?;
    if items.len() > MAX_PUBLIC {
        return Err(Error::format("public", "has too many signals"));
    }
    items.iter().enumerate().map(|(i, item)| item.scalar(&format!("public[{i}]"))).collect()
}

fn protocol(value: &Value, place: &str) -> Result<()> {
    for (name, wanted) in [("protocol", "groth16"), ("curve", "bn128")] {
        let member = format!("{place}.{name}");
        if value.field(place, name)?.text(&member)? != wanted {
            return Err(Error::format(member, format!("is not {wanted}")));
        }
    }
    Ok(())
}

fn point_1(value: &Value, place: &str) -> Result<G1Affine> {
    let [x, y, z] = three(value, place)?;
    let coordinate = |value: &Value, i: usize| base(value, &format!("{place}[{i}]"));
    let (x, y) = (coordinate(x, 0)?, coordinate(y, 1)?);
    if z.coordinate(&format!("{place}[2]"))? != [1, 0, 0, 0] {
        return Err(Error::format(format!("{place}[2]"), "is not 1"));
    }
    checked::<Fq>(x, y, place)
}

fn point_2(value: &Value, place: &str) -> Result<G2Affine> {
    let [x, y, z] = three(value, place)?;
    let pair = |value: &Value, i: usize| -> Result<Fq2> {
        let place = format!("{place}[{i}]");
        match value.list(&place)? {
            [c0, c1] => Ok(Fq2::new(base(c0, &format!("{place}[0]"))?, base(c1, &format!("{place}[1]"))?)),
            _ => Err(Error::format(place, "does not have two parts")),
        }
    };
    let (x, y, z) = (pair(x, 0)?, pair(y, 1)?, pair(z, 2)?);
    if z != Fq2::ONE {
        return Err(Error::format(format!("{place}[2]"), "is not 1"));
    }
    checked::<Fq2>(x, y, place)
}

fn three<'a>(value: &'a Value, place: &str) -> Result<[&'a Value; 3]> {
    match value.list(place)? {
        [x, y, z] => Ok([x, y, z]),
        _ => Err(Error::format(place, "does not have three coordinates")),
    }
}

fn base(value: &Value, place: &str) -> Result<Fq> {
    fq(value.coordinate(place)?).ok_or_else(|| Error::format(place, "is not below the base field's order"))
}

fn checked<F: Coordinate>(x: F, y: F, place: &str) -> Result<F::Affine> {
    if y.square() != x.square() * x + F::curve_b() {
        return Err(Error::format(place, "is not a point of the curve"));
    }
    let point = F::affine(x, y);
    if !in_group::<F>(&point) {
        return Err(Error::format(place, "is not in the subgroup of prime order"));
    }
    Ok(point)
}

/// A proof as snarkjs writes it: pi_a, pi_b, pi_c in decimal, with their third coordinate.
pub fn proof_text(proof: &Proof) -> ([String; 3], [[String; 2]; 3], [String; 3]) {
    let first = |point: &G1Affine| match point.xy() {
        Some((x, y)) => [text(&x), text(&y), "1".to_owned()],
        None => ["0".to_owned(), "1".to_owned(), "0".to_owned()],
    };
    let pair = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
    let b = match proof.b.xy() {
        Some((x, y)) => [[text(&x.c0), text(&x.c1)], [text(&y.c0), text(&y.c1)], pair("1", "0")],
        None => [pair("0", "0"), pair("1", "0"), pair("0", "0")],
    };
    (first(&proof.a), b, first(&proof.c))
}

fn text(value: &Fq) -> String {
    to_decimal(&value.into_bigint().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Option<serde_json::Value> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/crypto").join(name);
        let text = std::fs::read_to_string(path).ok()?;
        serde_json::from_str(&text).ok()
    }

    #[test]
    fn every_published_case() {
        let Some(matrix) = read("groth16/accept_reject_matrix.json") else {
            println!("skipped: the shared vectors are not present");
            return;
        };
        let cases = matrix["cases"].as_array().cloned().unwrap_or_default();
        assert!(!cases.is_empty());
        for case in cases {
            let key = read(case["vk"].as_str().unwrap_or_default()).unwrap_or_default();
            let key = Value::from(&key);
            assert!(matches!(VerifyingKey::parse(&key), Err(Error::Invalid(_))), "{}", case["case"]);
            // Without the key's own checks the verdict is the equation's and the encodings'.
            let key = VerifyingKey::parse_unchecked(&key).unwrap_or_else(|e| panic!("{e}"));
            let mut proof = case["proof"].clone();
            proof["protocol"] = "groth16".into();
            proof["curve"] = "bn128".into();
            let verdict = parse_public(&Value::from(&case["public"]))
                .and_then(|public| Ok((public, parse_proof(&Value::from(&proof))?)))
                .and_then(|(public, proof)| key.verify(&public, &proof));
            let wanted = case["expect_without_vk_policy"].as_str().unwrap_or_default();
            match wanted {
                "accept" => assert_eq!(verdict, Ok(true), "{}", case["case"]),
                "reject:pairing" => assert_eq!(verdict, Ok(false), "{}", case["case"]),
                _ => assert!(matches!(verdict, Err(Error::Format { .. })), "{}: {verdict:?}", case["case"]),
            }
        }
    }

    #[test]
    fn published_proofs_alone_and_together() {
        for name in ["ark_bn254", "privacy_pools_commitment", "risc0_v2_hez_ptau", "sp1_gnark"] {
            let Some(case) = read(&format!("groth16/valid_{name}.json")) else { return };
            let key = VerifyingKey::parse(&Value::from(&case["vk"])).unwrap_or_else(|e| panic!("{name}: {e}"));
            let public = parse_public(&Value::from(&case["public"])).unwrap_or_else(|e| panic!("{e}"));
            let proof = parse_proof(&Value::from(&case["proof"])).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(key.verify(&public, &proof), Ok(true), "{name}");
            let mut wrong = public.clone();
            wrong[0][0] ^= 1;
            assert_eq!(key.verify(&wrong, &proof), Ok(false), "{name}");
            let negated = Proof { a: -proof.a, ..proof };
            let good = (public.clone(), proof);
            let items = vec![
                good.clone(), (wrong, proof), good.clone(), good.clone(), (public, negated), good.clone(), good,
            ];
            assert_eq!(key.verify_batch(&items), Ok(vec![1, 4]));
            assert_eq!(key.verify_batch(&items[2..4]), Ok(vec![]));
            assert_eq!(key.verify_batch(&[]), Ok(vec![]));
        }
    }

    #[test]
    fn keys_without_a_second_phase() {
        for name in ["must_refuse_gamma_equals_delta", "must_refuse_no_contribution"] {
            let Some(key) = read(&format!("groth16/{name}.vk.json")) else { return };
            assert!(matches!(VerifyingKey::parse(&Value::from(&key)), Err(Error::Invalid(_))), "{name}");
        }
    }

    #[test]
    fn points_outside_the_subgroup() {
        let Some(case) = read("groth16/g2_not_in_subgroup.json") else { return };
        let read = point_2(&Value::from(&case["pi_b"]), "pi_b");
        assert_eq!(read, Err(Error::format("pi_b", "is not in the subgroup of prime order")));
    }
}
