//! The option `persistentVolumes`: whether volumes of the cluster must satisfy the policies' rules for volumes in pods.
//!
//! A pod that mounts a claim does not show the volume behind it, which can be any path of the node (finding TOB-K8S-038
//! of the Kubernetes audit of 2019). The creator of a `PersistentVolume` of a path or a driver of the node needs a
//! policy that allows pods to have it, everywhere.

use crate::json::Value;
use crate::policy::Policy;
use crate::schema::{Field, Path, Problems, Shape};

pub(crate) const FIELD: Field = Field::new(
    "persistentVolumes",
    Shape::OneOf(&["Deny", "Warn", "Ignore"]),
    "Action for PersistentVolumes of a path or a driver of the node that no policy allows.",
);

/// The action for an object of the cluster that no policy allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnObjects {
    /// Rejected.
    Deny,
    /// Accepted, with a warning.
    Warn,
    /// Accepted without a review.
    Ignore,
}

/// Reads the option, whose shape has been checked.
pub(crate) fn load(
    option: Option<Value<'_, '_>>,
    policies: &[Policy<'_>],
    problems: &mut Problems,
) -> Option<OnObjects> {
    action(option, (FIELD.name, "volume"), policies, problems)
}

/// Reads an option that says what objects get which no policy allows: its name, and what the objects are called.
pub(super) fn action(
    option: Option<Value<'_, '_>>,
    (name, object): (&str, &str),
    policies: &[Policy<'_>],
    problems: &mut Problems,
) -> Option<OnObjects> {
    let action = match option.and_then(Value::text).as_deref() {
        Some("Deny") => OnObjects::Deny,
        Some("Warn") => OnObjects::Warn,
        Some(_) => OnObjects::Ignore,
        None => return None,
    };
    if policies.is_empty() && action != OnObjects::Ignore {
        problems.add(Path::ROOT.key(name), format_args!("needs a policy: no other could allow a {object}"));
    }
    Some(action)
}
