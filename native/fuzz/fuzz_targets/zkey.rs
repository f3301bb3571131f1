//! Any bytes as a proving key, then a proof with what was accepted.
#![no_main]
use libfuzzer_sys::fuzz_target;
use zksolvency_native::bytes::Bytes;
use zksolvency_native::field::{le_bytes, R};
use zksolvency_native::formats::wtns::Witness;
use zksolvency_native::formats::zkey::{Check, Zkey};
use zksolvency_native::prove::{prove, silent, ProvingKey};

fuzz_target!(|data: &[u8]| {
    let Ok(zkey) = Zkey::parse(Bytes::owned(data.to_vec()), Check::Full) else { return };
    let wires = zkey.wires;
    assert!(wires as usize * 64 <= data.len() && zkey.domain as usize * 64 <= data.len());
    let Ok(key) = ProvingKey::new(Bytes::owned(data.to_vec())) else { return };
    let mut witness = b"wtns\x02\0\0\0\x02\0\0\0\x01\0\0\0\x28\0\0\0\0\0\0\0\x20\0\0\0".to_vec();
    witness.extend(le_bytes(&R));
    witness.extend(wires.to_le_bytes());
    witness.extend(b"\x02\0\0\0");
    witness.extend((u64::from(wires) * 32).to_le_bytes());
    for wire in 0..wires {
        witness.extend(le_bytes(&[u64::from(wire) + 1, u64::from(wire % 3), 0, 0]));
    }
    let witness = Witness::parse(&witness).expect("a witness made here is well-formed");
    prove(&key, witness, &silent).expect("an accepted key proves something");
});
