//! Times the addition kernels: nanoseconds for each addition.

use std::time::Instant;

use ark_ec::{AffineRepr, CurveGroup};
use zksolvency_native::field::{Fq, Fq2, Fr};
use zksolvency_native::msm::{kernel, scalar::Scalar, Kernel, Sums};
use zksolvency_native::point::{to_bytes, Coordinate};

fn points<F: Coordinate>(count: usize) -> Vec<u8> {
    let base = F::Affine::generator();
    let mut current = base.into_group();
    let mut out = Vec::new();
    for _ in 0..count {
        out.extend(to_bytes::<F>(&current.into_affine()));
        current = current * Fr::from(3u64) + base;
    }
    out
}

fn time<F: Coordinate>(name: &str, kernel: &dyn Kernel<F>) {
    let count = 4096;
    let from = points::<F>(2 * count);
    let mut sums = Sums::default();
    for i in 0..count as u32 {
        sums.push(2 * i, 2 * i + 1, i);
    }
    let mut out = vec![0; count * F::POINT];
    kernel.add(&from, &sums, &mut out);
    let start = Instant::now();
    let runs = 50;
    for _ in 0..runs {
        kernel.add(&from, &sums, &mut out);
    }
    println!("{name}: {:.1} ns", start.elapsed().as_nanos() as f64 / f64::from(runs) / count as f64);
}

fn main() {
    time::<Fq>("G1 scalar", &Scalar);
    time::<Fq>("G1 chosen", kernel::<Fq>());
    time::<Fq2>("G2 scalar", &Scalar);
    time::<Fq2>("G2 chosen", kernel::<Fq2>());
}
