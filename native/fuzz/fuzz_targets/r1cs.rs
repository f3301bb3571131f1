//! Any bytes as a constraint file, then every constraint of what was accepted.
#![no_main]
use libfuzzer_sys::fuzz_target;
use zksolvency_native::bytes::Bytes;
use zksolvency_native::formats::r1cs::R1cs;

fuzz_target!(|data: &[u8]| {
    if let Ok(r1cs) = R1cs::parse(Bytes::owned(data.to_vec())) {
        let mut terms = 0;
        for row in 0..r1cs.constraints as usize {
            for which in 0..3 {
                terms += r1cs.combination(row, which).filter(|term| term.wire < r1cs.wires).count();
            }
        }
        assert!(terms <= data.len());
        assert!(r1cs.power() <= 33);
        let _ = (r1cs.label(0), r1cs.label(r1cs.wires));
    }
});
