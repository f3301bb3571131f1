//! Any bytes as a powers-of-tau file, then every point of what was accepted.
#![no_main]
use libfuzzer_sys::fuzz_target;
use zksolvency_native::bytes::Bytes;
use zksolvency_native::field::{Fq, Fq2};
use zksolvency_native::formats::ptau::Ptau;

fuzz_target!(|data: &[u8]| {
    if let Ok(ptau) = Ptau::parse(Bytes::owned(data.to_vec())) {
        let _ = ptau.check_points::<Fq>("tau", &ptau.tau_1);
        let _ = ptau.check_points::<Fq2>("tau", &ptau.tau_2);
        if let Some([first, second, ..]) = &ptau.lagrange {
            let _ = ptau.check_points::<Fq>("lagrange", first);
            let _ = ptau.check_points::<Fq2>("lagrange", second);
        }
    }
});
