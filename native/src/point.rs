//! Affine points as the files write them: two coordinates in Montgomery form, all zero for infinity.

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, Field, PrimeField};

use crate::error::{Error, Result};
use crate::field::{fq_raw, le_bytes, less, limbs, Fq, Fq2, Q};

/// Bytes of a coordinate in the base field.
pub const SIZE_F: usize = 32;
pub const SIZE_G1: usize = 2 * SIZE_F;
pub const SIZE_G2: usize = 4 * SIZE_F;

/// A coordinate field and its curve: what the multiexponentiation needs, and how the files write it.
pub trait Coordinate: Field + Send + Sync {
    /// Bytes of a point.
    const POINT: usize;
    type Affine: AffineRepr<BaseField = Self, ScalarField = crate::field::Fr>;

    /// Any bit pattern is read; `checked` is for those that are below the modulus.
    fn read(bytes: &[u8]) -> Self;
    fn checked(bytes: &[u8]) -> Option<Self>;
    fn write(&self, out: &mut [u8]);
    /// Plain big-endian bytes, the higher part of an extension first.
    fn write_plain(&self, out: &mut [u8]);
    fn curve_b() -> Self;
    fn affine(x: Self, y: Self) -> Self::Affine;
    fn is_negative(&self) -> bool;
    /// 1/x, or `None` for zero.
    fn invert(&self) -> Option<Self>;
    /// The fastest batched addition for this processor.
    fn kernel() -> &'static dyn crate::msm::Kernel<Self>;
}

fn below_modulus(bytes: &[u8]) -> bool {
    less(&limbs(bytes), &Q)
}

impl Coordinate for Fq {
    const POINT: usize = SIZE_G1;
    type Affine = G1Affine;

    fn read(bytes: &[u8]) -> Self {
        fq_raw(limbs(bytes))
    }

    fn checked(bytes: &[u8]) -> Option<Self> {
        below_modulus(bytes).then(|| Self::read(bytes))
    }

    fn write(&self, out: &mut [u8]) {
        out.copy_from_slice(&le_bytes(&self.0 .0));
    }

    fn write_plain(&self, out: &mut [u8]) {
        out.copy_from_slice(&le_bytes(&self.into_bigint().0));
        out.reverse();
    }

    fn curve_b() -> Self {
        ark_bn254::g1::Config::COEFF_B
    }

    fn affine(x: Self, y: Self) -> G1Affine {
        G1Affine::new_unchecked(x, y)
    }

    fn invert(&self) -> Option<Self> {
        crate::inverse::invert(self)
    }

    fn is_negative(&self) -> bool {
        self.into_bigint() > Self::MODULUS_MINUS_ONE_DIV_TWO
    }

    fn kernel() -> &'static dyn crate::msm::Kernel<Self> {
        #[cfg(target_arch = "x86_64")]
        if crate::msm::vectorised() {
            return &crate::msm::vector::Vector::<1>;
        }
        &crate::msm::scalar::Scalar
    }
}

impl Coordinate for Fq2 {
    const POINT: usize = SIZE_G2;
    type Affine = G2Affine;

    fn read(bytes: &[u8]) -> Self {
        Self::new(Fq::read(&bytes[..SIZE_F]), Fq::read(&bytes[SIZE_F..2 * SIZE_F]))
    }

    fn checked(bytes: &[u8]) -> Option<Self> {
        (below_modulus(&bytes[..SIZE_F]) && below_modulus(&bytes[SIZE_F..2 * SIZE_F])).then(|| Self::read(bytes))
    }

    fn write(&self, out: &mut [u8]) {
        self.c0.write(&mut out[..SIZE_F]);
        self.c1.write(&mut out[SIZE_F..]);
    }

    fn write_plain(&self, out: &mut [u8]) {
        self.c1.write_plain(&mut out[..SIZE_F]);
        self.c0.write_plain(&mut out[SIZE_F..]);
    }

    fn curve_b() -> Self {
        ark_bn254::g2::Config::COEFF_B
    }

    fn affine(x: Self, y: Self) -> G2Affine {
        G2Affine::new_unchecked(x, y)
    }

    fn invert(&self) -> Option<Self> {
        let norm = self.c0.square() + self.c1.square();
        crate::inverse::invert(&norm).map(|inverse| Self::new(self.c0 * inverse, -self.c1 * inverse))
    }

    fn is_negative(&self) -> bool {
        if self.c1 == Fq::ZERO {
            self.c0.is_negative()
        } else {
            self.c1.is_negative()
        }
    }

    fn kernel() -> &'static dyn crate::msm::Kernel<Self> {
        #[cfg(target_arch = "x86_64")]
        if crate::msm::vectorised() {
            return &crate::msm::vector::Vector::<2>;
        }
        &crate::msm::scalar::Scalar
    }
}

/// A point that is known to be well-formed, or whose form does not matter.
pub fn read<F: Coordinate>(bytes: &[u8]) -> F::Affine {
    let half = F::POINT / 2;
    if bytes[..F::POINT].iter().all(|&byte| byte == 0) {
        return F::Affine::zero();
    }
    F::affine(F::read(&bytes[..half]), F::read(&bytes[half..F::POINT]))
}

/// Whether the bytes are infinity or canonical coordinates of a point on the curve.
pub fn on_curve<F: Coordinate>(bytes: &[u8]) -> bool {
    let half = F::POINT / 2;
    let (Some(x), Some(y)) = (F::checked(&bytes[..half]), F::checked(&bytes[half..F::POINT])) else {
        return false;
    };
    if x.is_zero() && y.is_zero() {
        return true;
    }
    y.square() == x.square() * x + F::curve_b()
}

/// A finite point of the curve.
pub fn read_finite<F: Coordinate>(bytes: &[u8], place: &str) -> Result<F::Affine> {
    if !on_curve::<F>(bytes) {
        return Err(Error::format(place, "is not a point of the curve"));
    }
    let point = read::<F>(bytes);
    if point.is_zero() {
        return Err(Error::format(place, "is the point at infinity"));
    }
    Ok(point)
}

/// A finite point of the group of prime order.
pub fn read_in_group<F: Coordinate>(bytes: &[u8], place: &str) -> Result<F::Affine> {
    let point = read_finite::<F>(bytes, place)?;
    if in_group::<F>(&point) {
        Ok(point)
    } else {
        Err(Error::format(place, "is not in the subgroup of prime order"))
    }
}

pub fn in_group<F: Coordinate>(point: &F::Affine) -> bool {
    use ark_ff::BigInteger;
    // G1 has no cofactor; multiplying there as well keeps this one function.
    let order = crate::field::Fr::MODULUS;
    debug_assert_eq!(order.num_bits(), 254);
    point.mul_bigint(order) == <F::Affine as AffineRepr>::Group::ZERO
}

pub fn write<F: Coordinate>(point: &F::Affine, out: &mut [u8]) {
    let half = F::POINT / 2;
    match point.xy() {
        Some((x, y)) => {
            x.write(&mut out[..half]);
            y.write(&mut out[half..]);
        }
        None => out.fill(0),
    }
}

pub fn to_bytes<F: Coordinate>(point: &F::Affine) -> Vec<u8> {
    let mut out = vec![0; F::POINT];
    write::<F>(point, &mut out);
    out
}

/// snarkjs's "uncompressed" form, which its transcripts hash.
pub fn to_plain<F: Coordinate>(point: &F::Affine) -> Vec<u8> {
    let half = F::POINT / 2;
    let mut out = vec![0; F::POINT];
    if let Some((x, y)) = point.xy() {
        x.write_plain(&mut out[..half]);
        y.write_plain(&mut out[half..]);
    }
    out
}
