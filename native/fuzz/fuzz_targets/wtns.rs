//! Any bytes as a witness, then every value of what was accepted.
#![no_main]
use libfuzzer_sys::fuzz_target;
use zksolvency_native::field::{less, R};
use zksolvency_native::formats::wtns::Witness;

fuzz_target!(|data: &[u8]| {
    if let Ok(witness) = Witness::parse(data) {
        assert_eq!(witness.get(0), [1, 0, 0, 0]);
        assert!((0..witness.len()).all(|wire| less(&witness.get(wire), &R)));
    }
});
