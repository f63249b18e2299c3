//! What a rule is, what it is loaded from, and what it finds.

mod findings;
pub mod pattern;
pub mod ranges;
mod set;
pub mod spec;
pub(crate) mod strategy;
mod violation;

use crate::pod::{Container, Pod};
use crate::schema::Shape;

pub use findings::Findings;
pub use set::{RuleSet, RulesByContainer};
pub use violation::{Action, Enforcement, NonDenying, ROOM, SPELT_OUT, Violation, join};
pub(crate) use violation::{Row, TAIL, and_more, cut, join_within};

/// One field of the PSP spec, loaded from a policy: its default and its demand.
///
/// A rule that has nothing to say to a pod-level field or to a container leaves the method out.
pub trait Rule {
    /// Fills in what the policy demands and the pod, as a whole, leaves open.
    ///
    /// Never overrides what the author of the pod chose, and changes nothing when run again.
    fn mutate(&self, _pod: &mut Pod<'_>) {}

    /// Fills in what the policy demands and a container, with what it inherits, leaves open.
    fn mutate_container(&self, _pod: &Pod<'_>, _container: &mut Container<'_>, _demands: Demands) {}

    /// Objects to pod-level fields that break the policy, in document order.
    fn validate(&self, _pod: &Pod<'_>, _found: &mut Findings<'_>) {}

    /// Objects to fields of a container, and to what it inherits, that break the policy.
    fn validate_container(&self, _pod: &Pod<'_>, _container: &Container<'_>, _found: &mut Findings<'_>) {}
}

/// What a container has to satisfy apart from the policy, as far as defaults depend on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Demands {
    /// The enforced Pod Security Standard rejects the container unless `runAsNonRoot: true` holds for it.
    pub non_root: bool,
}

/// A rule as the registry knows it.
#[derive(Debug)]
pub struct Entry {
    /// The field of the PSP spec, or `seccomp` and `appArmor` for the two that PSP kept in annotations. Users name
    /// rules by it.
    pub id: &'static str,
    /// What the control is for, in one sentence.
    pub purpose: &'static str,
    /// What the setting may look like; nothing for a rule that lives in annotations.
    pub shape: Option<Shape>,
    /// The fields of the spec that the rule reads beside its own.
    pub reads: &'static [&'static str],
    /// The annotations of the policy that the rule reads.
    pub annotations: &'static [&'static str],
    /// The fields of the pod that it reads.
    pub pod_fields: &'static str,
    /// What it writes where the pod leaves it open.
    pub mutates: &'static str,
    /// What holds without the setting.
    pub default: &'static str,
}
