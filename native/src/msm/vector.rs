//! To come.

pub fn available() -> bool {
    false
}
