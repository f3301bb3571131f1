//! The native kernel of zksolvency. It makes things faster and decides nothing: the same inputs give the same
//! outputs through snarkjs and Python.

pub mod binfile;
pub mod bytes;
pub mod ceremony;
pub mod check;
pub mod error;
pub mod fft;
pub mod field;
pub mod files;
pub mod formats;
pub mod inverse;
pub mod keys;
pub mod merkle;
pub mod msm;
pub mod pairs;
pub mod point;
pub mod poseidon;
pub mod prove;
pub mod random;
pub mod transcript;
pub mod value;
pub mod verify;

#[cfg(feature = "python")]
mod python;
