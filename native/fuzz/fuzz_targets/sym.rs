//! Any bytes as a list of names.
#![no_main]
use libfuzzer_sys::fuzz_target;
use zksolvency_native::formats::sym::Symbols;

fuzz_target!(|data: &[u8]| {
    if let Ok(symbols) = Symbols::parse(data) {
        let _ = (symbols.name(0), symbols.name(1), symbols.name(u32::MAX));
    }
});
