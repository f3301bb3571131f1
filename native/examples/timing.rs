//! Times one proof's stages: `cargo run --release --example timing -- KEY WITNESS [RUNS]`.

use std::path::Path;

use zksolvency_native::formats::wtns::Witness;
use zksolvency_native::prove::{prove, silent, ProvingKey};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, key, witness, rest @ ..] = &arguments[..] else {
        return Err("usage: timing KEY WITNESS [RUNS]".into());
    };
    let runs = rest.first().map_or(Ok(5), |text| text.parse())?;
    let key = ProvingKey::load(Path::new(key))?;
    let witness = std::fs::read(witness)?;
    for _ in 0..runs {
        let (_, _, timings) = prove(&key, Witness::parse(&witness)?, &silent)?;
        println!("{timings:.4?}");
    }
    Ok(())
}
