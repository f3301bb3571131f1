//! The container that iden3's r1cs, wtns, zkey and ptau files share: a magic word, a version, and sections.

use std::ops::Range;

use crate::bytes::{Bytes, Reader};
use crate::error::{Error, Result};

/// No format uses more than 18 kinds of section; a file with more than this many is not one of them.
pub const MAX_SECTIONS: u32 = 64;

/// The content and the places of its sections.
#[derive(Clone)]
pub struct BinFile {
    pub data: Bytes,
    pub version: u32,
    kind: &'static str,
    sections: Vec<(u32, Range<usize>)>,
}

impl BinFile {
    pub fn parse(data: Bytes, kind: &'static str, max_version: u32) -> Result<Self> {
        let content = data.get();
        let mut reader = Reader::new(content, kind);
        if reader.take(4)? != kind.as_bytes() {
            return Err(Error::format(kind, "does not begin with the file type's magic word"));
        }
        let version = reader.u32()?;
        if version == 0 || version > max_version {
            return Err(Error::format(kind, format!("version {version} is not supported")));
        }
        let count = reader.u32()?;
        if count > MAX_SECTIONS {
            return Err(Error::format(kind, format!("claims {count} sections")));
        }
        let mut sections: Vec<(u32, Range<usize>)> = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let id = reader.u32()?;
            let length = reader.u64()?;
            let start = content.len() - reader.left();
            let length = usize::try_from(length)
                .ok()
                .filter(|&length| length <= reader.left())
                .ok_or_else(|| Error::format(format!("{kind} section {id}"), "is longer than the file"))?;
            reader.take(length)?;
            if sections.iter().any(|(other, _)| *other == id) {
                return Err(Error::format(kind, format!("section {id} is there twice")));
            }
            sections.push((id, start..start + length));
        }
        reader.end()?;
        Ok(Self {
            data,
            version,
            kind,
            sections,
        })
    }

    /// The place of a section that must be there. None is there twice.
    pub fn range(&self, id: u32) -> Result<Range<usize>> {
        self.optional(id)?
            .ok_or_else(|| Error::format(self.kind, format!("section {id} is missing")))
    }

    /// The place of a section that may be absent.
    pub fn optional(&self, id: u32) -> Result<Option<Range<usize>>> {
        Ok(self.sections.iter().find(|(other, _)| *other == id).map(|(_, range)| range.clone()))
    }

    /// As `range`, for a section whose length is known.
    pub fn sized(&self, id: u32, length: u64) -> Result<Range<usize>> {
        let range = self.range(id)?;
        if range.len() as u64 != length {
            return Err(Error::format(
                format!("{} section {id}", self.kind),
                format!("has {} bytes where {length} belong", range.len()),
            ));
        }
        Ok(range)
    }

    pub fn slice(&self, range: &Range<usize>) -> &[u8] {
        &self.data.get()[range.clone()]
    }
}

/// Writes the same container. Sections are given whole.
pub struct BinWriter<W: std::io::Write> {
    out: W,
}

impl<W: std::io::Write> BinWriter<W> {
    pub fn new(mut out: W, kind: &str, version: u32, sections: u32) -> std::io::Result<Self> {
        out.write_all(kind.as_bytes())?;
        out.write_all(&version.to_le_bytes())?;
        out.write_all(&sections.to_le_bytes())?;
        Ok(Self { out })
    }

    pub fn section(&mut self, id: u32, parts: &[&[u8]]) -> std::io::Result<()> {
        let length: u64 = parts.iter().map(|part| part.len() as u64).sum();
        self.out.write_all(&id.to_le_bytes())?;
        self.out.write_all(&length.to_le_bytes())?;
        parts.iter().try_for_each(|part| self.out.write_all(part))
    }

    pub fn finish(mut self) -> std::io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}
