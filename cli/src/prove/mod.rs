//! The exact difference of two sets of policies: over all pods, not a sample.
//!
//! ```
//! use kubectl_psp::judge::Requester;
//! use kubectl_psp::policies::{Modules, Policies, of_objects};
//! use kubectl_psp::prove::prove;
//! use kubectl_psp::rbac::Authority;
//!
//! fn level(name: &str) -> Policies {
//!     of_objects(&[], &[name.parse().unwrap()], &Modules::default(), Authority::Everybody).unwrap()
//! }
//!
//! let requester = Requester::new(String::new(), Vec::new(), "shop".to_owned());
//! let difference = prove(&level("baseline"), &level("privileged"), &requester);
//! assert!(difference.lost.is_nothing(), "privileged admits all that baseline does");
//! assert!(difference.gained.witnesses.iter().any(|witness| witness.pod["spec"]["hostPID"] == true));
//! ```

mod bits;
mod component;
mod context;
mod evaluate;
mod fields;
mod parts;
mod pick;
mod report;
mod search;
mod side;
mod verify;
mod vocabulary;
mod witness;

use bits::Bits;
use component::{Component, World};
use context::Context;
use evaluate::{Evaluated, evaluate};
use parts::COMPONENTS;
use search::{InContext, search};
use side::{Alternative, Side};
use verify::{Sets, verified};
use vocabulary::Vocabulary;

use crate::judge::Requester;
use crate::policies::Policies;

pub use report::{Answer, Difference, Reason, Witness};

const ORDER: &str =
    "next to several policies, a standard judges the pod as the first one that admits it changes it";

const RBAC: &str = "with `authorization: RBAC`, who asks decides which policies count: compare the policies of one audience, with `authorization: None`";

/// Decides whether one set of policies admits pods that the other one rejects, in both directions.
pub fn prove(old: &Policies, new: &Policies, requester: &Requester) -> Difference {
    let sides = (Side::of(old, requester), Side::of(new, requester));
    let (old_side, new_side) = match sides {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let reasons = [("OLD", old.err()), ("NEW", new.err())];
            let reasons: Vec<String> = reasons
                .into_iter()
                .filter_map(|(side, reason)| reason.map(|reason| format!("{side}: {reason}")))
                .collect();
            return Difference {
                gained: Answer::undecided(reasons.clone()),
                lost: Answer::undecided(reasons),
            };
        }
    };
    let documents: Vec<&str> =
        [old, new].into_iter().flat_map(|set| set.documents()).map(|(_, document)| document).collect();
    let alternatives: Vec<&Alternative<'_>> =
        old_side.alternatives.iter().chain(&new_side.alternatives).collect();
    let world = World {
        vocabulary: Vocabulary::of(&documents),
        standards: alternatives.iter().any(|alternative| alternative.has_standards()),
    };
    let user_namespaces =
        world.vocabulary.under("userNamespaceLevel").iter().any(|level| *level == "RequirePodLevel");
    let contexts = Context::all(user_namespaces);
    let evaluated = match Cache::fill(&world, &contexts, &alternatives) {
        Ok(evaluated) => evaluated,
        Err(reason) => {
            let undecided = Answer::undecided(vec![reason]);
            return Difference { gained: undecided.clone(), lost: undecided };
        }
    };
    let contexts = evaluated.by_context(&contexts);
    let olds: Vec<usize> = (0..old_side.alternatives.len()).collect();
    let news: Vec<usize> = (olds.len()..alternatives.len()).collect();
    let direction = |admitting: &[usize], rejecting: &[usize], sets: Sets<'_>, side: &Side<'_>| {
        let searched = search(&contexts, admitting, &Bits::of(rejecting.iter().copied()));
        let mut doubts = Vec::new();
        if side.depends_on_order {
            doubts.push(ORDER);
        }
        // Policies that are not granted are no alternatives: the sets would have to be compared for each who asks.
        if old_side.asks_rbac || new_side.asks_rbac {
            doubts.push(RBAC);
        }
        verified(&searched, &doubts, sets, requester)
    };
    Difference {
        gained: direction(&news, &olds, Sets { admitting: new, rejecting: old }, &old_side),
        lost: direction(&olds, &news, Sets { admitting: old, rejecting: new }, &new_side),
    }
}

/// The values of each part, for each context in which its rules read something else.
struct Cache(Vec<(&'static Component, Vec<(Context, Evaluated)>)>);

impl Cache {
    fn fill(world: &World, contexts: &[Context], alternatives: &[&Alternative<'_>]) -> Result<Self, String> {
        let mut parts = Vec::new();
        for component in COMPONENTS {
            let mut known: Vec<(Context, Evaluated)> = Vec::new();
            for context in contexts {
                let read = (component.reads)(*context);
                if known.iter().all(|(other, _)| *other != read) {
                    known.push((read, evaluate(component, world, read, alternatives)?));
                }
            }
            parts.push((component, known));
        }
        Ok(Cache(parts))
    }

    fn by_context(&self, contexts: &[Context]) -> Vec<InContext<'_>> {
        let in_context = |context: &Context| {
            let parts = self.0.iter().filter_map(|(component, known)| {
                let read = (component.reads)(*context);
                known.iter().find(|(other, _)| *other == read).map(|(_, evaluated)| evaluated)
            });
            InContext { context: *context, parts: parts.collect() }
        };
        contexts.iter().map(in_context).collect()
    }
}
