//! Errors: the input is invalid. Objections of policies are not errors, but results.
//!
//! ```
//! use kubectl_psp::error::{Error, Place};
//!
//! let place = Place { file: "psp.yaml".into(), line: 3, column: 7 };
//! let error = Error::at(place, "unknown field").help("privileged: false");
//! assert_eq!(error.to_string(), "psp.yaml:3:7: unknown field");
//! assert_eq!(error.remedy.as_deref(), Some("privileged: false"));
//! ```

use std::fmt::{self, Display};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A position in the input. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of the text: a path, or `stdin`.
    pub file: Arc<str>,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One error in the input. Prints without its remedy: `psp.yaml:3:7: unknown field; did you mean "privileged"?`
#[derive(Clone, Debug)]
pub struct Error {
    /// The position, if there is one.
    pub place: Option<Place>,
    /// The problem.
    pub reason: String,
    /// A hint.
    pub remedy: Option<String>,
}

/// All errors in the input; at least one.
#[derive(Clone, Debug)]
pub struct Errors(pub Vec<Error>);

/// A result, unless the input is invalid.
pub type Outcome<T> = Result<T, Errors>;

impl Error {
    /// An error about the input as a whole.
    pub fn new(reason: impl Display) -> Self {
        Error { place: None, reason: reason.to_string(), remedy: None }
    }

    /// An error at a position.
    pub fn at(place: Place, reason: impl Display) -> Self {
        Error { place: Some(place), ..Error::new(reason) }
    }

    /// The same with a hint.
    #[must_use]
    pub fn help(mut self, remedy: impl Display) -> Self {
        self.remedy = Some(remedy.to_string());
        self
    }

    /// A file that could not be read.
    pub(crate) fn unread(path: &Path, reason: &io::Error) -> Self {
        Error::new(format_args!("{}: cannot be read: {reason}", path.display()))
    }
}

impl From<Error> for Errors {
    fn from(error: Error) -> Self {
        Errors(vec![error])
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.reason)
    }
}

/// One error a line.
impl Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, error) in self.0.iter().enumerate() {
            let before = if nth == 0 { "" } else { "\n" };
            write!(f, "{before}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
impl std::error::Error for Errors {}
