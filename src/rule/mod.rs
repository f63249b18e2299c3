//! The interface of a rule, its source and its findings.
//!
//! ```
//! use pod_security_policy::rule::{SysctlPattern, is_within};
//!
//! assert!(SysctlPattern::new("net.*".into()).matches("net.ipv4.ip_forward"));
//! assert!(is_within("/data/a", "/data") && !is_within("/database", "/data"));
//! ```

mod findings;
pub(crate) mod pattern;
pub(crate) mod ranges;
mod set;
pub(crate) mod spec;
pub(crate) mod strategy;
mod violation;

use crate::pod::{Container, Pod};
use crate::schema::Shape;

pub use findings::Findings;
pub use pattern::{SysctlPattern, dotted, has_parent_dir, has_parent_element, is_within, starts_with_folder};
pub use set::{RuleSet, RulesByContainer};
pub(crate) use spec::Spec;
pub use violation::{Action, Enforcement, NonDenying, ROOM, SPELT_OUT, Violation, ViolationKind, join};
pub(crate) use violation::{Row, TAIL, and_more, cut, join_within};

/// One field of the PSP spec, loaded from a policy: its default and its demand.
///
/// A rule that does not concern pod-level fields, or containers, leaves the method out.
pub trait Rule {
    /// Sets the default of the policy for the pod as a whole.
    ///
    /// Never overrides the choice of the author of the pod, and changes nothing when run again.
    fn mutate(&self, _pod: &mut Pod<'_>) {}

    /// Sets the default of the policy for a container, given what it inherits.
    fn mutate_container(&self, _pod: &Pod<'_>, _container: &mut Container<'_>, _demands: Demands) {}

    /// Reports violations of the policy by pod-level fields, in document order.
    fn validate(&self, _pod: &Pod<'_>, _found: &mut Findings<'_>) {}

    /// Reports violations of the policy by fields of a container, and by what it inherits.
    fn validate_container(&self, _pod: &Pod<'_>, _container: &Container<'_>, _found: &mut Findings<'_>) {}
}

/// What a container has to satisfy apart from the policy, as far as defaults depend on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Demands {
    /// The enforced Pod Security Standard rejects the container unless `runAsNonRoot: true` holds for it.
    pub non_root: bool,
}

/// A rule in the registry.
#[derive(Debug)]
pub struct Entry {
    /// The field of the PSP spec, or `seccomp` and `appArmor` for the two that PSP kept in annotations. Users name
    /// rules by it.
    pub id: &'static str,
    /// The purpose of the control, in one sentence.
    pub purpose: &'static str,
    /// The allowed form of the setting; `None` for a rule that is set by annotations.
    pub shape: Option<Shape>,
    /// The fields of the spec that the rule reads in addition to its own.
    pub reads: &'static [&'static str],
    /// The annotations of the policy that the rule reads.
    pub annotations: &'static [&'static str],
    /// The fields of the pod that it reads.
    pub pod_fields: &'static str,
    /// The default that it sets.
    pub mutates: &'static str,
    /// The behaviour without the setting.
    pub default: &'static str,
}

impl Entry {
    /// The usual parts of an entry: the rule reads no field but its own, and sets no default.
    pub(crate) const USUAL: Entry = Entry {
        id: "",
        purpose: "",
        shape: None,
        reads: &[],
        annotations: &[],
        pod_fields: "",
        mutates: "nothing",
        default: "",
    };
}

/// The note behind a problem of a value which containers inherit.
pub(crate) fn note_inherited(is_own: bool) -> &'static str {
    if is_own { "" } else { " (inherited from the pod)" }
}
