//! Sym files: the names that a circuit's author gave to its wires.
//!
//! A line is `label,wire,component,name`; a wire of -1 was removed by the compiler.

use std::collections::HashMap;

use crate::error::{Error, Result};

/// Names by wire. Several signals may share one wire; the first, outermost one is kept.
pub struct Symbols {
    names: HashMap<u32, String>,
}

/// circom writes names of a few hundred characters at most.
const MAX_LINE: usize = 4096;

impl Symbols {
    pub fn parse(data: &[u8]) -> Result<Self> {
        let mut names = HashMap::new();
        for (number, line) in data.split(|&byte| byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let (wire, name) = entry(line)
                .ok_or_else(|| Error::format("sym", format!("line {} is not label,wire,component,name", number + 1)))?;
            if let Some(wire) = wire {
                names.entry(wire).or_insert_with(|| name.to_owned());
            }
        }
        Ok(Self { names })
    }

    pub fn name(&self, wire: u32) -> String {
        match self.names.get(&wire) {
            Some(name) => name.clone(),
            None if wire == 0 => "one".to_owned(),
            None => format!("wire {wire}"),
        }
    }
}

fn entry(line: &[u8]) -> Option<(Option<u32>, &str)> {
    if line.len() > MAX_LINE {
        return None;
    }
    let mut parts = std::str::from_utf8(line).ok()?.splitn(4, ',');
    parts.next()?.parse::<u64>().ok()?;
    let wire = parts.next()?;
    let wire = if wire == "-1" { None } else { Some(wire.parse().ok()?) };
    parts.next()?.parse::<u64>().ok()?;
    Some((wire, parts.next()?))
}
