//! The native kernel of zksolvency. It makes things faster and decides nothing: the same inputs give the same
//! outputs through snarkjs and Python.

pub mod binfile;
pub mod bytes;
pub mod error;
pub mod field;
pub mod formats;
pub mod msm;
pub mod point;
