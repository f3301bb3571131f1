//! The fuzzers' seeds: whole files are read, and a file that is cut anywhere is refused.

use std::path::Path;

use zksolvency_native::bytes::Bytes;
use zksolvency_native::error::{Error, Result};
use zksolvency_native::formats::ptau::Ptau;
use zksolvency_native::formats::r1cs::R1cs;
use zksolvency_native::formats::sym::Symbols;
use zksolvency_native::formats::wtns::Witness;
use zksolvency_native::formats::zkey::{Check, Zkey};

fn seed(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn cut_anywhere(name: &str, step: usize, read: impl Fn(Vec<u8>) -> Result<()>) {
    let whole = seed(name);
    assert_eq!(read(whole.clone()), Ok(()), "{name}");
    for length in (0..whole.len()).step_by(step) {
        let outcome = read(whole[..length].to_vec());
        assert!(matches!(outcome, Err(Error::Format { .. })), "{name} cut to {length}: {outcome:?}");
    }
    let mut longer = whole;
    longer.push(0);
    assert!(matches!(read(longer), Err(Error::Format { .. })), "{name} with a byte more");
}

#[test]
fn r1cs() {
    cut_anywhere("r1cs/tiny.r1cs", 1, |data| R1cs::parse(Bytes::owned(data)).map(|_| ()));
}

#[test]
fn wtns() {
    cut_anywhere("wtns/tiny.wtns", 1, |data| Witness::parse(&data).map(|_| ()));
}

#[test]
fn zkey() {
    cut_anywhere("zkey/tiny.zkey", 7, |data| Zkey::parse(Bytes::owned(data), Check::Full).map(|_| ()));
}

#[test]
fn ptau() {
    cut_anywhere("ptau/q.ptau", 13, |data| Ptau::parse(Bytes::owned(data)).map(|_| ()));
}

#[test]
fn a_key_that_nobody_contributed_to() {
    let zkey = Zkey::parse(Bytes::owned(seed("zkey/tiny0.zkey")), Check::Full).unwrap_or_else(|e| panic!("{e}"));
    assert!(zkey.contributions.is_empty());
    assert!(matches!(zkey.check_usable(), Err(Error::Invalid(_))));
}

/// What the fuzzers found worth keeping: no reader panics on it, whatever it says of it.
#[test]
fn every_seed_is_survived() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut seen = 0;
    for entry in ["r1cs", "wtns", "sym", "zkey", "ptau"] {
        let files = std::fs::read_dir(folder.join(entry)).unwrap_or_else(|e| panic!("{entry}: {e}"));
        for file in files.flatten() {
            let data = std::fs::read(file.path()).unwrap_or_default();
            let bytes = || Bytes::owned(data.clone());
            let _ = (R1cs::parse(bytes()), Witness::parse(&data), Symbols::parse(&data));
            let _ = (Zkey::parse(bytes(), Check::Full), Ptau::parse(bytes()));
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}
