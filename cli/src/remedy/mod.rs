//! The smallest change of a manifest that would satisfy a policy.
//!
//! Candidates for each objection are tried in order, the least invasive first, and evaluated by the engine: a remedy
//! that is shown has been verified. Removing a field is less invasive than setting it, since the policy may fill it in.

mod candidate;
mod candidates;
mod objection;
mod origins;
mod places;
mod standards;

use serde_json::Value;

use crate::input::steps;
use candidate::{Candidate, written};
use candidates::candidates;
use origins::Origins;

pub(crate) use objection::Objection;

/// A changed manifest, and its changes.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) object: Value,
    pub(crate) steps: Vec<String>,
}

/// Each objection takes at least one change; an object that needs more should be rewritten.
const MOST: usize = 256;

/// The objections to an object; `None` if it cannot be read.
pub(crate) type Objections<'o> = &'o dyn Fn(&Value) -> Option<Vec<Objection>>;

/// The result of a search.
#[derive(Clone, Debug)]
pub(crate) enum Search {
    Found(Change),
    /// This objection remains, whatever is tried.
    Stuck(Objection),
}

/// Changes an object until it has no objections.
pub(crate) fn find(object: &Value, object_to: Objections<'_>) -> Search {
    let mut here = State { object: object.clone(), ..State::default() };
    here.left = object_to(object).unwrap_or_default();
    while let Some(first) = here.left.first() {
        // Some changes replace an objection by another one, which the next change resolves.
        let next = [false, true].iter().find_map(|is_patient| here.without(first, *is_patient, object_to));
        let Some(next) = next.filter(|next| next.steps.len() <= MOST) else {
            return Search::Stuck(originally(first, &here.origins));
        };
        here = next;
    }
    Search::Found(Change { object: here.object, steps: here.steps })
}

/// The state of a search.
#[derive(Default)]
struct State {
    object: Value,
    origins: Origins,
    steps: Vec<String>,
    left: Vec<Objection>,
}

impl State {
    /// The state with fewer objections, and without this one; optionally after two changes.
    fn without(&self, objection: &Objection, is_patient: bool, object_to: Objections<'_>) -> Option<State> {
        let known = originally(objection, &self.origins);
        candidates(&self.object, objection).into_iter().find_map(|candidate| {
            let next = self.changed(&candidate, object_to)?;
            let mut left = next.left.iter().map(|left| originally(left, &next.origins));
            if left.any(|left| left == known) {
                return None;
            }
            if !is_patient {
                return (next.left.len() < self.left.len()).then_some(next);
            }
            let before: Vec<Objection> =
                self.left.iter().map(|left| originally(left, &self.origins)).collect();
            let mut new = next.left.iter().filter(|left| !before.contains(&originally(left, &next.origins)));
            let after = next.without(new.next()?, false, object_to)?;
            (after.left.len() < self.left.len()).then_some(after)
        })
    }

    fn changed(&self, candidate: &Candidate, object_to: Objections<'_>) -> Option<State> {
        let (object, gone) = candidate.apply(&self.object)?;
        let mut origins = self.origins.clone();
        gone.iter().for_each(|(list, index)| origins.take_out(list, *index));
        let left = object_to(&object)?;
        let mut steps = self.steps.clone();
        steps.extend(candidate.describe(&self.object, &self.origins));
        Some(State { object, origins, steps, left })
    }
}

/// An objection with the original path of its field.
fn originally(objection: &Objection, origins: &Origins) -> Objection {
    Objection { path: written(&origins.of(&steps(&objection.path))), ..objection.clone() }
}
