//! Deliberate deviations from the original.
//!
//! A difference is explained only if each part of it is: every violation that only one side has, every field that
//! differs, at a path that a deviation covers, in a case to which the deviation applies.

mod capabilities;
mod pods;
mod seccomp;
mod settings;
mod table;

use crate::case::Case;
use crate::difference::Difference;

pub(crate) use settings::{each, problems};
pub use table::DEVIATIONS;

/// The one deviation that generated cases cannot show: all of them have the API server's defaults.
pub(crate) const WITHOUT_SOURCE: &str = "volumes: no source is an emptyDir";
/// The deviation that only enumerated cases show.
pub(crate) const NULL_ENTRY: &str = "lists have no null entries";
/// The deviation that explains no difference from the law, because it is why there is one.
const EPHEMERAL: &str = "ephemeral containers are judged";

/// A deliberate deviation.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// Its name.
    pub name: &'static str,
    /// The changed behaviour, and why.
    pub reason: &'static str,
    /// Where it is documented.
    pub backed_by: &'static str,
    /// Whether the deviation applies to a case.
    pub concerns: fn(&Case) -> bool,
    /// Substrings of the paths of all that differs because of it.
    pub touches: &'static [&'static str],
    /// Whether it can be the reason at such a path of a case; [`anywhere`] if the conditions above are sufficient.
    pub at: fn(&Case, &str) -> bool,
}

/// A deviation whose paths need no further check.
fn anywhere(_: &Case, _: &str) -> bool {
    true
}

impl Deviation {
    fn explains(&self, case: &Case, path: &str) -> bool {
        self.touches.iter().any(|part| path.contains(part)) && (self.at)(case, path)
    }
}

/// The name of the deviation behind a difference, if deviations explain all of it.
#[must_use]
pub fn explain(case: &Case, difference: &Difference) -> Option<&'static str> {
    let concerned: Vec<&Deviation> =
        DEVIATIONS.iter().filter(|deviation| (deviation.concerns)(case)).collect();
    let explained_by = |path: &str| {
        concerned.iter().find(|deviation| {
            !(difference.from_law && deviation.name == EPHEMERAL) && deviation.explains(case, path)
        })
    };
    difference.ways.iter().find_map(|paths| {
        let mut names = paths.iter().map(|path| explained_by(path).map(|deviation| deviation.name));
        let first = names.next()?;
        if names.all(|name| name.is_some()) { first } else { None }
    })
}

/// The table for the documentation.
#[must_use]
pub fn as_markdown() -> String {
    let rows = DEVIATIONS.iter().map(|deviation| format!("| {} | {} |\n", deviation.name, deviation.reason));
    std::iter::once("| Deviation | Reason |\n|---|---|\n".to_owned()).chain(rows).collect()
}
