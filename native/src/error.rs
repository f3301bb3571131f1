//! The one error type of the crate.

use std::fmt;

/// What can go wrong. The Python layer maps each case to its own exception class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A file's or an object's content is malformed. `place` names the part ("zkey section 5"), never a value
    /// that could be private.
    Format { place: String, problem: String },
    /// Well-formed input that does not hold or must not be used: a key without contributions, a witness that
    /// does not fit the key, a transcript that does not check out.
    Invalid(String),
    /// The operating system refused something.
    Io(String),
    /// The caller's progress report asked to stop.
    Stopped,
    /// A bug: something panicked.
    Internal,
}

impl Error {
    pub fn format(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Format {
            place: place.into(),
            problem: problem.into(),
        }
    }

    pub fn invalid(problem: impl Into<String>) -> Self {
        Self::Invalid(problem.into())
    }

    /// What was checked when the file was opened no longer holds.
    pub fn changed() -> Self {
        Self::Io("a file was changed while it was in use".to_owned())
    }

    pub fn io(path: &std::path::Path, cause: &std::io::Error) -> Self {
        Self::Io(format!("{}: {cause}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format { place, problem } => write!(out, "{place}: {problem}"),
            Self::Invalid(problem) | Self::Io(problem) => out.write_str(problem),
            Self::Stopped => out.write_str("stopped"),
            Self::Internal => out.write_str("the native kernel failed; this is a bug"),
        }
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;

/// What `work` returns, with a panic as an error: a caller's `except` clauses see no panic.
pub fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // What a panic leaves half-changed belongs to the call that failed.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(Err(Error::Internal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_errors() {
        let none: &[u8] = &[];
        assert_eq!(guarded(|| Ok(none[std::hint::black_box(3)])), Err(Error::Internal));
        assert_eq!(guarded(|| Ok(5)), Ok(5));
    }
}
