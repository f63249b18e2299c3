//! Checks objects against policies, and compares two sets of policies.
//!
//! ```
//! use kubectl_psp::check::Comparison;
//! use kubectl_psp::input::Text;
//! use kubectl_psp::judge::Requester;
//! use kubectl_psp::policies::{Modules, Policies, of_objects};
//! use kubectl_psp::rbac::Authority;
//!
//! fn level(name: &str) -> Policies {
//!     of_objects(&[], &[name.parse().unwrap()], &Modules::default(), Authority::Everybody).unwrap()
//! }
//!
//! let pod = "kind: Pod\napiVersion: v1\nmetadata: {name: web}\nspec: {containers: [{name: web}]}\n";
//! let pod = Text::new("pod.yaml", pod.to_owned()).read_all().unwrap().remove(0);
//! let requester = Requester::new(String::new(), Vec::new(), "shop".to_owned());
//!
//! let mut comparison = Comparison::default();
//! comparison.add(&pod, &level("baseline"), &level("restricted"), &requester);
//! assert!(comparison.is_worse());
//! ```

mod drift;
mod patch;

use std::collections::BTreeMap;

use crate::input::Object;
use crate::judge::{self, Before, Judged, Requester, Verdict};
use crate::policies::Policies;
use crate::report::{Results, Summary};

pub use drift::Drift;
pub use patch::FilePatch;

/// An object after a check.
#[derive(Clone, Debug)]
pub enum Checked {
    /// It is evaluated.
    Judged(Box<Judged>),
    /// The policies do not evaluate such objects.
    Skipped(Skipped),
}

/// An object that the policies do not evaluate.
#[derive(Clone, Debug)]
pub struct Skipped {
    /// That it is skipped, and constructs in it that readers interpret differently.
    pub notes: Vec<String>,
    /// The warning that it should have been evaluated: its kind does not exist, or it carries pods.
    pub doubt: Option<String>,
}

/// Checks an object, and counts it.
pub fn check(object: &Object, policies: &Policies, requester: &Requester, summary: &mut Summary) -> Checked {
    if judge::is_judged(object, policies) {
        let judged = judge::judge(policies, object, requester);
        summary.count(judged.verdict);
        return Checked::Judged(Box::new(judged));
    }
    summary.skipped += 1;
    let title = object.title();
    let mut notes = vec![format!("{title} is not judged")];
    let warnings = object.warnings().into_iter();
    notes.extend(warnings.map(|warning| format!("{}: {title}: {warning}", object.start())));
    Checked::Skipped(Skipped { notes, doubt: judge::doubt(object) })
}

/// The objects whose verdict differs between two sets of policies.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The objects with their new verdict.
    pub results: Results,
    turns: BTreeMap<(Verdict, Verdict), usize>,
    same: usize,
}

impl Comparison {
    /// Checks an object against both sets of policies.
    pub fn add(&mut self, object: &Object, old: &Policies, new: &Policies, requester: &Requester) {
        if !judge::is_judged(object, old) && !judge::is_judged(object, new) {
            self.results.summary.skipped += 1;
            return;
        }
        let before = judge::judge(old, object, requester);
        let mut after = judge::judge(new, object, requester);
        if before.verdict == after.verdict {
            self.same += 1;
            return;
        }
        *self.turns.entry((before.verdict, after.verdict)).or_default() += 1;
        after.before = Some(Before { verdict: before.verdict, policy: before.policy });
        self.results.summary.count(after.verdict);
        self.results.results.push(after);
    }

    /// Whether the input was empty.
    pub fn is_empty(&self) -> bool {
        self.same == 0 && self.results.summary.is_empty()
    }

    /// Whether an object is rejected that was not.
    pub fn is_worse(&self) -> bool {
        self.turns.keys().any(|(_, after)| *after == Verdict::Rejected)
    }

    /// How many objects went from which verdict to which, and how many keep theirs.
    pub fn notes(&self) -> Vec<String> {
        let turns = self.turns.iter().map(|((before, after), count)| {
            let objects = if *count == 1 { "object" } else { "objects" };
            format!("{count} {objects} from {} to {}", before.name(), after.name())
        });
        let keep = if self.same == 1 { "object keeps its" } else { "objects keep their" };
        turns.chain([format!("{} {keep} verdict", self.same)]).collect()
    }
}
