//! File contents that are shared between threads without being copied, and a bounds-checked reader over them.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use crate::error::{Error, Result};

/// Read-only bytes: a mapped file, or a buffer.
#[derive(Clone)]
pub struct Bytes(Arc<dyn AsRef<[u8]> + Send + Sync>);

impl Bytes {
    /// Map a file. It must not be shortened while it is in use: the operating system would end the process.
    pub fn map(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io(path, &e))?;
        let length = file.metadata().map_err(|e| Error::io(path, &e))?.len();
        if length == 0 {
            return Ok(Self(Arc::new(Vec::<u8>::new())));
        }
        // SAFETY: the map is private to this value and read-only. Another process that rewrites the file in
        // place could change what is read, but every value is a plain integer for which any bit pattern is
        // allowed, and every index derived from the bytes was copied out when the file was checked.
        let map = unsafe { Mmap::map(&file) }.map_err(|e| Error::io(path, &e))?;
        Ok(Self(Arc::new(map)))
    }

    pub fn owned(data: Vec<u8>) -> Self {
        Self(Arc::new(data))
    }

    pub fn get(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// Reads little-endian numbers from a slice and never past its end.
pub struct Reader<'a> {
    rest: &'a [u8],
    place: &'a str,
}

impl<'a> Reader<'a> {
    pub fn new(data: &'a [u8], place: &'a str) -> Self {
        Self { rest: data, place }
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        if count > self.rest.len() {
            return Err(Error::format(self.place, "ends too early"));
        }
        let (head, tail) = self.rest.split_at(count);
        self.rest = tail;
        Ok(head)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Nothing may be left over.
    pub fn end(&self) -> Result<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Error::format(self.place, "is longer than its content"))
        }
    }
}
