//! Where we differ from the original on purpose.
//!
//! A difference is explained only if each part of it is: every violation that only one side has, every field that is not
//! the same, at a path that a deviation is about, in a case that has what the deviation is about.

mod capabilities;
mod pods;
mod seccomp;
mod settings;
mod table;

use crate::case::Case;
use crate::compare::Difference;

pub(crate) use settings::{each, problems};
pub use table::DEVIATIONS;

/// The one deviation that generated cases cannot show: all of them are given the API server's defaults.
pub(crate) const WITHOUT_SOURCE: &str = "volumes: no source is an emptyDir";
/// The deviation that explains no difference from the law, for it is why there is one.
const EPHEMERAL: &str = "ephemeral containers are judged";

/// A deviation on purpose.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// What it is called.
    pub name: &'static str,
    /// What people get instead, and why.
    pub reason: &'static str,
    /// Where the product is described so.
    pub backed_by: &'static str,
    /// Whether a case has what the deviation is about.
    pub concerns: fn(&Case) -> bool,
    /// What the paths of all that differs because of it contain.
    pub touches: &'static [&'static str],
    /// Whether it can be the reason at such a path of a case; [`anywhere`] if the parts above say enough.
    pub at: fn(&Case, &str) -> bool,
}

/// A deviation whose paths need no closer look.
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

/// The table as the documentation has it.
#[must_use]
pub fn as_markdown() -> String {
    let rows = DEVIATIONS.iter().map(|deviation| format!("| {} | {} |\n", deviation.name, deviation.reason));
    std::iter::once("| Deviation | Reason |\n|---|---|\n".to_owned()).chain(rows).collect()
}
