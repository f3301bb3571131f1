//! Witness files. Their content is private: nothing of it goes into an error.

use std::ops::Range;

use rayon::prelude::*;

use crate::binfile::MAX_SECTIONS;
use crate::bytes::Reader;
use crate::error::{Error, Result};
use crate::field::{less, limbs, Limbs, R};

/// A checked witness: canonical values, wire 0 first. Borrows the caller's bytes and copies nothing.
#[derive(Clone, Copy)]
pub struct Witness<'a> {
    values: &'a [u8],
}

impl<'a> Witness<'a> {
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        // The container's reader owns its bytes; a witness is read in place so that no copy needs wiping.
        let sections = sections(data)?;
        let header = sections[0].clone().ok_or_else(|| Error::format("wtns", "section 1 is missing"))?;
        let values = sections[1].clone().ok_or_else(|| Error::format("wtns", "section 2 is missing"))?;
        let mut reader = Reader::new(&data[header], "wtns header");
        if reader.u32()? != 32 || limbs(reader.take(32)?) != R {
            return Err(Error::format("wtns header", "is not over BN254's scalar field"));
        }
        let count = reader.u32()?;
        reader.end()?;
        if values.len() as u64 != u64::from(count) * 32 || count == 0 {
            return Err(Error::format("wtns section 2", "does not hold the values that the header counts"));
        }
        let values = &data[values];
        if limbs(&values[..32]) != [1, 0, 0, 0] {
            return Err(Error::format("wtns section 2", "does not begin with the constant one"));
        }
        if !values.par_chunks_exact(32).with_min_len(4096).all(|value| less(&limbs(value), &R)) {
            return Err(Error::format("wtns section 2", "has a value that is not below the field's order"));
        }
        Ok(Self { values })
    }

    pub fn len(&self) -> usize {
        self.values.len() / 32
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub fn get(&self, wire: usize) -> Limbs {
        limbs(&self.values[32 * wire..32 * wire + 32])
    }

    /// The value of a wire whose number comes from a mapped file, which may have changed since it was checked.
    pub fn lookup(&self, wire: u32) -> Result<Limbs> {
        let start = 32 * wire as usize;
        self.values.get(start..start + 32).map(limbs).ok_or_else(Error::changed)
    }
}

fn sections(data: &[u8]) -> Result<[Option<Range<usize>>; 2]> {
    let mut reader = Reader::new(data, "wtns");
    if reader.take(4)? != b"wtns" {
        return Err(Error::format("wtns", "does not begin with the file type's magic word"));
    }
    if !matches!(reader.u32()?, 1 | 2) {
        return Err(Error::format("wtns", "version is not supported"));
    }
    let count = reader.u32()?;
    if count > MAX_SECTIONS {
        return Err(Error::format("wtns", format!("claims {count} sections")));
    }
    let mut seen = Vec::with_capacity(count as usize);
    let mut found = [None, None];
    for _ in 0..count {
        let id = reader.u32()?;
        let length = usize::try_from(reader.u64()?).unwrap_or(usize::MAX);
        let start = data.len() - reader.left();
        reader.take(length)?;
        if let Some(slot) = (id as usize).checked_sub(1).and_then(|i| found.get_mut(i)) {
            *slot = Some(start..start + length);
        }
        if seen.contains(&id) {
            return Err(Error::format("wtns", format!("section {id} is there twice")));
        }
        seen.push(id);
    }
    reader.end()?;
    Ok(found)
}
