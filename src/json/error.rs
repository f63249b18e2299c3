//! Why a document cannot be read.

use std::fmt;

use super::DEPTH;
use super::path::Step;

/// Why a document cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Problem>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    /// The path of the wrong value, as it continues another.
    path: String,
    reason: String,
    wants_string: bool,
}

/// The reason for a key that an object has twice.
pub(crate) const TWICE: &str = "duplicate key";

/// How messages call the type of a string.
pub(crate) const STRING: &str = "a string";

/// The result of reading.
pub type Read<T> = Result<T, Error>;

impl Error {
    /// An error at the place that is being read.
    pub fn new(reason: impl Into<String>) -> Self {
        Error(Box::new(Problem { path: String::new(), reason: reason.into(), wants_string: false }))
    }

    /// An error about a value of the wrong type.
    pub(super) fn mismatch(wanted: &str, found: impl fmt::Display) -> Self {
        let mut error = Error::new(format!("must be {wanted}, not {found}"));
        error.0.wants_string = wanted == STRING;
        error
    }

    /// An error of what is not JSON, at a position.
    #[cold]
    pub(super) fn malformed(reason: &str, at: usize) -> Self {
        Error::new(format!("is not JSON: {reason} (byte {at})"))
    }

    #[cold]
    pub(super) fn too_deep() -> Self {
        Error::new(format!("is nested deeper than {DEPTH} levels"))
    }

    /// The path of the value that cannot be read; empty for the whole document.
    pub fn path(&self) -> String {
        let path = &self.0.path;
        path.strip_prefix('.').unwrap_or(path).to_owned()
    }

    /// The reason without the path.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Whether the value should be a string.
    pub fn wants_string(&self) -> bool {
        self.0.wants_string
    }

    /// The same error, seen from the object that holds the wrong value under `key`.
    #[must_use]
    #[cold]
    pub fn in_key(self, key: &str) -> Self {
        self.in_step(Step::Key(key))
    }

    /// The same error, seen from further up: `path` leads to the object that was read.
    #[must_use]
    #[cold]
    pub fn in_path(mut self, path: &str) -> Self {
        if self.0.path.starts_with(|first| first != '.' && first != '[') {
            self.0.path.insert(0, '.');
        }
        self.0.path.insert_str(0, path);
        self
    }

    /// The same error, seen from the list that holds the wrong value at `index`.
    #[must_use]
    #[cold]
    pub(super) fn at(self, index: usize) -> Self {
        self.in_step(Step::Index(index))
    }

    fn in_step(self, step: Step<&str>) -> Self {
        let mut written = String::new();
        // Writing to a String cannot fail.
        let _ = step.write_to(&mut written, false);
        self.in_path(&written)
    }
}

/// `spec.containers[0].ports: must be a list, not a string`; an error of the whole document has no path.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())?;
        if !self.0.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(self.reason())
    }
}

impl std::error::Error for Error {}

/// The first characters of a text from another author, so that no payload is echoed whole.
pub struct Brief<'a>(pub &'a str);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 100;
        match self.0.char_indices().nth(LONGEST).and_then(|(end, _)| self.0.get(..end)) {
            Some(start) => write!(f, "{start}…"),
            None => f.write_str(self.0),
        }
    }
}
