//! Why a command gives up: its input is bad. What policies object to is no error, but what was asked for.

use std::fmt::{self, Display};
use std::io;
use std::path::Path;
use std::sync::Arc;

use ariadne::{Config, IndexType, Label, ReportKind, Source};

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
pub(crate) struct Fault {
    /// Where, if it stands somewhere.
    pub(crate) place: Option<Place>,
    /// What.
    pub(crate) reason: String,
    /// What to do about it.
    pub(crate) remedy: Option<String>,
}

/// Everything that is wrong with the input; at least one thing.
#[derive(Clone, Debug)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

/// What a command comes to, unless its input is bad.
pub(crate) type Outcome<T> = Result<T, Faults>;

impl Fault {
    pub(crate) fn new(reason: impl Display) -> Self {
        Fault { place: None, reason: reason.to_string(), remedy: None }
    }

    pub(crate) fn at(place: Place, reason: impl Display) -> Self {
        Fault { place: Some(place), ..Fault::new(reason) }
    }

    pub(crate) fn help(mut self, remedy: impl Display) -> Self {
        self.remedy = Some(remedy.to_string());
        self
    }

    /// A file that the system would not give.
    pub(crate) fn unread(path: &Path, reason: &io::Error) -> Self {
        Fault::new(format_args!("{}: cannot be read: {reason}", path.display()))
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Faults(vec![fault])
    }
}

/// `psp.yaml:3:7: unknown field; did you mean "privileged"?`
impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.reason)
    }
}

/// Files beyond this size are not read a second time to show the line.
const SHOWN: u64 = 1 << 20;

impl Faults {
    /// Tells all faults on standard error, with the lines they stand in.
    pub(crate) fn tell(&self) {
        for fault in &self.0 {
            let style = anstyle::AnsiColor::Red.on_default().bold();
            anstream::eprintln!("{style}error{style:#}: {fault}");
            if let Some(snippet) = fault.place.as_ref().and_then(snippet) {
                anstream::eprint!("{snippet}");
            }
            if let Some(remedy) = &fault.remedy {
                anstream::eprintln!("  help: {remedy}");
            }
        }
    }
}

/// The line with a mark under the place.
fn snippet(place: &Place) -> Option<String> {
    let path = Path::new(&*place.file);
    if !std::fs::metadata(path).is_ok_and(|known| known.is_file() && known.len() <= SHOWN) {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    let source = Source::from(text.as_str());
    let line = source.line(usize::try_from(place.line).ok()?.checked_sub(1)?)?;
    let column = usize::try_from(place.column).ok()?.saturating_sub(1).min(line.len().saturating_sub(1));
    let start = line.offset() + column;
    let end = (line.offset() + line.len()).max(start + 1);
    let file = &*place.file;
    let mut shown = Vec::new();
    let config = Config::default().with_index_type(IndexType::Char);
    ariadne::Report::build(ReportKind::Error, (file, start..end))
        .with_config(config)
        .with_label(Label::new((file, start..end)))
        .finish()
        .write((file, source), &mut shown)
        .ok()?;
    let shown = String::from_utf8(shown).ok()?;
    // Its first line repeats that this is an error.
    shown.split_once('\n').map(|(_, rest)| rest.to_owned())
}
