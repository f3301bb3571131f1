//! Readers of the files that circom and snarkjs write. Nothing in a file is trusted: every length is checked
//! against the bytes that are there before anything is allocated, every index before it is used.

pub mod ptau;
pub mod r1cs;
pub mod sym;
pub mod wtns;
pub mod zkey;
