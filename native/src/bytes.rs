//! File contents that are shared between threads without being copied, and a bounds-checked reader over them.

use std::fs::{File, Metadata};
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
        let (file, data) = open(path)?;
        Self::map_open(path, &file, &data)
    }

    /// As `map`, for what `open` gave.
    pub fn map_open(path: &Path, file: &File, data: &Metadata) -> Result<Self> {
        if data.len() == 0 {
            return Ok(Self(Arc::new(Vec::<u8>::new())));
        }
        // SAFETY: the map is read-only and outlives every slice of it. What remains to the caller is that nobody
        // shortens or rewrites the file while it is mapped. Against those who do all the same: bytes are only
        // ever read as plain integers, and an index that is read again after the check is checked again, so
        // that a rewritten file gives wrong results or an error and no access outside of the map.
        let map = unsafe { Mmap::map(file) }.map_err(|e| Error::io(path, &e))?;
        Ok(Self(Arc::new(map)))
    }

    pub fn owned(data: Vec<u8>) -> Self {
        Self(Arc::new(data))
    }

    pub fn get(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// Open a regular file, and what the system says about the very file that is open.
pub fn open(path: &Path) -> Result<(File, Metadata)> {
    let regular = |data: Metadata| {
        if data.is_file() {
            Ok(data)
        } else {
            Err(Error::Io(format!("{}: is not a regular file", path.display())))
        }
    };
    // Asked first because opening a pipe waits for a writer.
    regular(path.metadata().map_err(|e| Error::io(path, &e))?)?;
    let file = File::open(path).map_err(|e| Error::io(path, &e))?;
    let data = regular(file.metadata().map_err(|e| Error::io(path, &e))?)?;
    Ok((file, data))
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
