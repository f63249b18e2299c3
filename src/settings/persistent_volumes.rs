//! The option `persistentVolumes`: whether volumes of the cluster must satisfy the policies' rules for volumes in pods.
//!
//! A pod that mounts a claim does not show the volume behind it, which can be any path of the node (finding TOB-K8S-038
//! of the Kubernetes audit of 2019). The creator of a `PersistentVolume` of a path or a driver of the node needs a
//! policy that allows pods to have it, everywhere.

use crate::json::Value;
use crate::policy::Policy;
use crate::rule::Action;
use crate::schema::{Field, Problems, Shape};
use crate::settings::enforcement;

pub(crate) const FIELD: Field = Field::new(
    "persistentVolumes",
    Shape::OneOf(&["Deny", "Warn", "Ignore"]),
    "Action for PersistentVolumes of a path or a driver of the node that no policy allows.",
);

/// Reads an option that says what objects of the cluster get which no policy allows, and whose shape has been checked.
/// `object` is what messages call one of them.
pub(crate) fn load(
    option: Option<Value<'_, '_>>,
    field: &Field,
    object: &str,
    policies: &[Policy<'_>],
    problems: &mut Problems,
) -> Option<Action> {
    let action = enforcement::action(option)?;
    if policies.is_empty() && action != Action::Ignore {
        problems.add(field.name, format_args!("needs a policy: no other could allow a {object}"));
    }
    Some(action)
}
