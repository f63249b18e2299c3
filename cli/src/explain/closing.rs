//! The end of an explanation of a rejection: what would have to change.

use std::rc::Rc;

use super::prose::Prose;
use crate::input::{Object, Text};
use crate::patch::Patch;
use crate::policies::{Judge, Registration};
use crate::remedy::{Change, Objection};
use crate::report::{Look, diff};

/// An object to explain, and its position.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The object.
    pub object: Object,
    /// The text that holds it.
    pub text: Rc<Text>,
    /// Its index among the objects of the text.
    pub nth: usize,
}

/// The change that would satisfy a policy.
#[derive(Clone, Debug)]
pub struct Remedy {
    /// Its steps, or why there is none.
    pub text: String,
    /// The patch of the text, if there is such a change.
    pub patch: Option<String>,
}

/// The smallest change that satisfies a policy.
pub(super) fn remedy(
    registration: &Registration,
    policy: &str,
    change: &Change,
    subject: &Subject,
    look: Look,
) -> Remedy {
    let by = called(registration, policy);
    let mut prose = Prose::new(look);
    let bold = look.bold();
    prose.line(format_args!("\n{bold}The smallest change{bold:#} that satisfies {by}"));
    for step in &change.steps {
        prose.line(format_args!("  {step}"));
    }
    let Subject { object, text, nth } = subject;
    let mut patch = Patch::new(text);
    patch.change(*nth, object, &change.object);
    // Changes that cannot be patched into the text are shown in a new layout.
    let patch = patch.finish().0.or_else(|| diff(&object.value(), &change.object, &object.title()));
    Remedy { text: prose.text, patch }
}

/// Why there is no such change.
pub(super) fn stuck(registration: &Registration, policy: &str, objection: &Objection, look: Look) -> Remedy {
    let by = called(registration, policy);
    let Objection { path, problem, .. } = objection;
    let mut prose = Prose::new(look);
    let bold = look.bold();
    prose.line(format_args!("\n{bold}No change of single fields{bold:#} satisfies {by}: {path}: {problem} stays, whatever is tried"));
    Remedy { text: prose.text, patch: None }
}

/// A policy, with its registration where that adds information.
fn called(registration: &Registration, policy: &str) -> String {
    let only = matches!(&registration.judge, Judge::Settings(settings) if settings.policies.len() == 1);
    match policy == registration.name || only {
        true => policy.to_owned(),
        false => format!("{policy}, of {}", registration.name),
    }
}
