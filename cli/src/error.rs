//! Why a command gives up: its input is bad. What policies object to is no error, but what was asked for.

mod frame;

use std::fmt::{self, Display};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Where something stands in the input. Lines and columns count from 1, columns in characters.
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

/// One thing that is wrong with the input.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    /// Where, if it stands somewhere.
    pub(crate) place: Option<Place>,
    /// What.
    pub(crate) reason: String,
    /// What to do about it.
    pub(crate) remedy: Option<String>,
}

/// Everything that is wrong with the input; at least one thing.
#[derive(Clone, Debug)]
pub(crate) struct Errors(pub(crate) Vec<Error>);

/// What a command comes to, unless its input is bad.
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

    /// A file that the system would not give.
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

/// So many errors are told: a wrong dump has thousands, all of one kind.
const TOLD: usize = 10;

impl Errors {
    /// Tells errors on standard error, with the lines they stand in.
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
