//! Errors of a command: its input is invalid. Objections of policies are not errors, but results.

mod frame;

use std::fmt::{self, Display};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A position in the input. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file, as it was named on the command line, or `stdin`.
    pub(crate) file: Arc<str>,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One error in the input.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    /// The position, if there is one.
    pub(crate) place: Option<Place>,
    /// The problem.
    pub(crate) reason: String,
    /// A hint.
    pub(crate) remedy: Option<String>,
}

/// All errors in the input; at least one.
#[derive(Clone, Debug)]
pub(crate) struct Errors(pub(crate) Vec<Error>);

/// The result of a command, unless its input is invalid.
pub(crate) type Outcome<T> = Result<T, Errors>;

impl Error {
    pub(crate) fn new(reason: impl Display) -> Self {
        Error { place: None, reason: reason.to_string(), remedy: None }
    }

    pub(crate) fn at(place: Place, reason: impl Display) -> Self {
        Error { place: Some(place), ..Error::new(reason) }
    }

    pub(crate) fn help(mut self, remedy: impl Display) -> Self {
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

/// `psp.yaml:3:7: unknown field; did you mean "privileged"?`
impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.reason)
    }
}

/// At most so many errors are printed: an invalid dump has thousands, all of one kind.
const TOLD: usize = 10;

impl Errors {
    /// Prints errors to standard error, with their source lines.
    pub(crate) fn report(&self) {
        for error in self.0.iter().take(TOLD) {
            let style = anstyle::AnsiColor::Red.on_default().bold();
            anstream::eprintln!("{style}error{style:#}: {error}");
            if let Some(frame) = error.place.as_ref().and_then(frame::of) {
                anstream::eprint!("{frame}");
            }
            if let Some(remedy) = &error.remedy {
                anstream::eprintln!("  help: {remedy}");
            }
        }
        let more = self.0.len().saturating_sub(TOLD);
        if more > 0 {
            let noun = if more == 1 { "error" } else { "errors" };
            anstream::eprintln!("and {more} more {noun}");
        }
    }
}
