//! What a rule is.

use crate::pod::{Container, Pod};
use crate::shape::Shape;
use crate::violation::Findings;

/// One field of the PSP spec, loaded from a policy: its default and its demand.
///
/// A rule that has nothing to say to a pod-level field or to a container leaves the method out.
pub trait Rule {
    /// Fills in what the policy demands and the pod, as a whole, leaves open.
    ///
    /// Never overrides what the author of the pod chose, and changes nothing when run again.
    fn mutate(&self, _pod: &mut Pod<'_>) {}

    /// Fills in what the policy demands and a container, with what it inherits, leaves open.
    fn mutate_container(&self, _pod: &Pod<'_>, _container: &mut Container<'_>) {}

    /// Objects to pod-level fields that break the policy, in document order.
    fn validate(&self, _pod: &Pod<'_>, _found: &mut Findings<'_>) {}

    /// Whether [`Rule::validate`] is about volumes alone. Such a rule is asked about a new ephemeral container too, which
    /// mounts volumes that the pod has; what else the pod is as a whole was settled when it was created.
    fn is_about_volumes(&self) -> bool {
        false
    }

    /// Objects to fields of a container, and to what it inherits, that break the policy.
    fn validate_container(&self, _pod: &Pod<'_>, _container: &Container<'_>, _found: &mut Findings<'_>) {}
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

/// A set of rules, by their index in the registry; the checks of the Pod Security Standards follow behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleSet(u64);

impl RuleSet {
    /// No rule at all.
    pub const NONE: RuleSet = RuleSet(0);

    /// The set with one more rule.
    #[must_use]
    pub fn with(self, index: usize) -> Self {
        RuleSet(self.0 | 1_u64.unbounded_shl(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// Whether the rule is in the set.
    pub fn has(self, index: usize) -> bool {
        self.0.unbounded_shr(u32::try_from(index).unwrap_or(u32::MAX)) & 1 == 1
    }

    /// Whether no rule is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The rules of both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        RuleSet(self.0 & other.0)
    }

    /// The rules of either set.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        RuleSet(self.0 | other.0)
    }
}
