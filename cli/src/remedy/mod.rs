//! The smallest change of a manifest that a policy would be satisfied by.
//!
//! Candidates for each objection are tried in order, the gentlest first, and asked of the engine: what is shown has been
//! judged. A field that is left out is gentler than one that is set, since the policy may fill it in.

mod candidate;
mod candidates;
mod origins;

use serde_json::Value;

use crate::input::steps;
use candidate::written;
use candidates::candidates;
use origins::Origins;

/// An objection that is to go.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Objection {
    pub(crate) rule: String,
    pub(crate) path: String,
    pub(crate) problem: String,
}

/// A changed manifest, and what was changed in it.
#[derive(Clone, Debug)]
pub(crate) struct Remedy {
    pub(crate) object: Value,
    pub(crate) steps: Vec<String>,
}

/// Every objection takes one change at least; an object that needs more is to be written anew.
const MOST: usize = 256;

/// What there is against an object; nothing if it cannot be read.
pub(crate) type Objections<'o> = &'o dyn Fn(&Value) -> Option<Vec<Objection>>;

/// Changes an object until nobody objects; nothing if that cannot be done.
pub(crate) fn find(object: &Value, object_to: Objections<'_>) -> Option<Remedy> {
    let mut remedy = Remedy { object: object.clone(), steps: Vec::new() };
    let mut origins = Origins::default();
    let mut left = object_to(&remedy.object)?;
    while let Some(first) = left.first() {
        let known = originally(first, &origins);
        let (candidate, changed, moved, now) =
            candidates(&remedy.object, first).into_iter().find_map(|candidate| {
                let (changed, gone) = candidate.apply(&remedy.object)?;
                let mut moved = origins.clone();
                gone.iter().for_each(|(list, index)| moved.take_out(list, *index));
                let now = object_to(&changed)?;
                let remains = now.iter().any(|objection| originally(objection, &moved) == known);
                (!remains && now.len() < left.len()).then_some((candidate, changed, moved, now))
            })?;
        remedy.steps.extend(candidate.describe(&remedy.object, &origins));
        (remedy.object, origins, left) = (changed, moved, now);
        if remedy.steps.len() > MOST {
            return None;
        }
    }
    Some(remedy)
}

/// An objection with the path that its field had at first.
fn originally(objection: &Objection, origins: &Origins) -> Objection {
    Objection { path: written(&origins.of(&steps(&objection.path))), ..objection.clone() }
}
