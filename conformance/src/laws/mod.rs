//! Properties of this project's answers alone: how the answers to two cases have to relate, whatever each is.
//!
//! A law holds for every case, random or enumerated. What it changes in a case is drawn from the name of the case, so
//! that a case breaks the same law on every run.

mod another_policy;
mod book;
mod exemptions;
mod idempotence;
mod options;
mod profiles;
mod renaming;
mod respelt;
mod spelling;
mod template;
mod tightening;
mod updates;

use crate::case::Case;
use crate::difference::Difference;
use crate::generate::Rng;
use crate::ours::{self, Answer};

pub use book::{Lawbook, Row};
pub use options::broken;

/// A law.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Its name.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub says: &'static str,
    holds: fn(&Case, &Answer, &mut Rng) -> Held,
}

/// Whether a law holds for a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// It says nothing about such a case.
    Silent,
    /// It holds.
    Holds,
    /// It is broken.
    Broken(String),
}

/// All laws.
pub const LAWS: [Law; 13] = [
    Law {
        name: "a tighter policy admits no more",
        says: "A pod that a policy rejects is rejected when any field of the policy becomes stricter.",
        holds: tightening::holds,
    },
    Law {
        name: "another policy rejects nothing",
        says: "A pod that is admitted stays admitted when another policy is added to the list.",
        holds: another_policy::holds,
    },
    Law {
        name: "mutation settles",
        says: "A mutated pod is admitted again, without a change, and by the judging half.",
        holds: idempotence::holds,
    },
    Law {
        name: "unknown fields change nothing",
        says: "Fields that no rule knows change neither the verdict nor what is written, and stay.",
        holds: spelling::unknown_fields,
    },
    Law {
        name: "spelling changes nothing",
        says: "The order of keys, white space and escapes in strings and keys change nothing.",
        holds: spelling::spelling,
    },
    Law {
        name: "names are names",
        says: "Other names of the containers change nothing but names in messages.",
        holds: renaming::holds,
    },
    Law {
        name: "a template and its pod agree",
        says: "A workload is rejected if and only if its pod is, for the same reasons, in each built-in kind.",
        holds: template::holds,
    },
    Law {
        name: "exemptions and tolerance only loosen",
        says: "A pod that is admitted is admitted under every exemption and every enforcement.",
        holds: exemptions::only_loosen,
    },
    Law {
        name: "two exemptions are one",
        says: "An exemption from two sets of rules, or on two grounds, is as good as two exemptions.",
        holds: exemptions::merge,
    },
    Law {
        name: "what is not governed is free",
        says: "An update of labels, finalizers, tolerations and the like passes, whatever the policies say of the pod.",
        holds: updates::holds,
    },
    Law {
        name: "two spellings are one",
        says: "A sysctl gets the same verdict with dots and with slashes, and a path of the node with more slashes and dots.",
        holds: respelt::holds,
    },
    Law {
        name: "a profile is a profile",
        says: "An AppArmor profile gets the same verdict in a container's field and in its annotation.",
        holds: profiles::holds,
    },
    Law {
        name: "options decide nothing",
        says: "Tolerance and exemptions change neither the policy that wins nor what it fills in; `Ignore` is as good as absence; defaults satisfy `restricted`.",
        holds: options::holds,
    },
];

impl Law {
    /// Whether it holds for a case.
    #[must_use]
    pub fn check(&self, case: &Case, answer: &Answer) -> Held {
        if case.validate_policies || case.psps.is_empty() {
            return Held::Silent;
        }
        (self.holds)(case, answer, &mut Rng::of_name(&format!("{}{}", self.name, case.name)))
    }
}

/// The first law that a case breaks.
#[must_use]
pub fn first_broken(case: &Case) -> Option<Difference> {
    let answer = ours::natively(case);
    LAWS.iter().find_map(|law| difference(law.name, law.check(case, &answer)))
}

/// How the pod of a case and the template of a Deployment with it disagree.
#[must_use]
pub fn template(case: &Case) -> Option<Difference> {
    difference("a template and its pod agree", template::of_deployment(case))
}

fn difference(what: &'static str, held: Held) -> Option<Difference> {
    match held {
        Held::Silent | Held::Holds => None,
        Held::Broken(text) => Some(Difference { what, text, ..Difference::default() }),
    }
}

/// Whether two answers that have to be equal are.
fn equal(found: &Answer, expected: &Answer, how: &dyn std::fmt::Display) -> Held {
    if found == expected {
        return Held::Holds;
    }
    Held::Broken(format!("{how}: we say {found:?} instead of {expected:?}"))
}
