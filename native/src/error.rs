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
        }
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;
