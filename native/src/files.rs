//! Writing files so that nobody ever sees half of one.

use std::fs::{self, File, OpenOptions};
use std::io::BufWriter;
use std::path::Path;

use crate::error::{Error, Result};

/// Write through `fill` to a temporary file beside `path`, then put it in place.
pub fn write_atomic(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<()> {
    let mut random = [0u8; 8];
    getrandom::fill(&mut random).map_err(|e| Error::Io(format!("the operating system gives no randomness: {e}")))?;
    let name = path
        .file_name()
        .ok_or_else(|| Error::Io(format!("{}: names no file", path.display())))?
        .to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{:016x}", u64::from_le_bytes(random)));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)
        .and_then(|file| {
            let mut out = BufWriter::with_capacity(1 << 20, file);
            fill(&mut out)?;
            out.into_inner().map_err(|e| e.into_error())?.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    written.map_err(|e| {
        let _ = fs::remove_file(&temporary);
        Error::io(path, &e)
    })
}
