//! Why a document cannot be read.

use std::fmt;

use super::path::Step;

/// Why a document cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Problem>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    /// The path of the wrong value, its end first.
    steps: Vec<Part>,
    reason: String,
    wants_string: bool,
}

/// The reason for a key that an object has twice.
pub(crate) const TWICE: &str = "duplicate key";

/// How messages call the type of a string.
pub(crate) const STRING: &str = "a string";

/// A step of a path, or several in writing.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Step(Step<String>),
    Path(String),
}

/// The result of reading.
pub type Read<T> = Result<T, Error>;

impl Error {
    /// An error at the place that is being read.
    pub fn new(reason: impl Into<String>) -> Self {
        Error(Box::new(Problem { steps: Vec::new(), reason: reason.into(), wants_string: false }))
    }

    /// An error about a value of the wrong type.
    pub(super) fn mismatch(wanted: &str, found: impl fmt::Display) -> Self {
        let mut error = Error::new(format!("must be {wanted}, not {found}"));
        error.0.wants_string = wanted == STRING;
        error
    }

    /// The path of the value that cannot be read; empty for the whole document.
    pub fn path(&self) -> String {
        At(&self.0.steps).to_string()
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
    pub fn in_key(mut self, key: &str) -> Self {
        self.0.steps.push(Part::Step(Step::Key(key.to_owned())));
        self
    }

    /// The same error, seen from further up: `path` leads to the object that was read.
    #[must_use]
    #[cold]
    pub fn in_path(mut self, path: &str) -> Self {
        self.0.steps.push(Part::Path(path.to_owned()));
        self
    }

    /// The same error, seen from the list that holds the wrong value at `index`.
    #[must_use]
    #[cold]
    pub(super) fn at(mut self, index: usize) -> Self {
        self.0.steps.push(Part::Step(Step::Index(index)));
        self
    }
}

/// The path that steps make, which start at its end.
struct At<'s>(&'s [Part]);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, step) in self.0.iter().rev().enumerate() {
            match step {
                Part::Step(step) => step.write_to(f, nth == 0)?,
                Part::Path(path) => f.write_str(path)?,
            }
        }
        Ok(())
    }
}

/// `spec.containers[0].ports: must be a list, not a string`; an error of the whole document has no path.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { steps, reason, .. } = &*self.0;
        At(steps).fmt(f)?;
        if !steps.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(reason)
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
