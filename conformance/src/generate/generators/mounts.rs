//! Volumes in pods, and the containers that mount them.

use serde_json::{Value, json};

use super::sources::fs_type;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

/// The list of types in a policy, and of volumes in a pod.
pub(super) const FIELD: &str = "volumes";

/// Whether the policy's list has a type, given by its key in a pod.
pub(super) fn allows(policy: &Policy, volume: &str) -> bool {
    let types = policy.strings(FIELD);
    types.iter().any(|one| one == "*" || one == fs_type(volume))
}

/// Adds a volume, and mounts it in some containers.
pub(crate) fn mount(rng: &mut Rng, pod: &mut Pod, volume: &str, source: &Value, read_only: bool) {
    let name = format!("v{}", pod.spec.get(FIELD).and_then(Value::as_array).map_or(0, Vec::len));
    pod.append(FIELD, json!({"name": name, volume: source}));
    for container in &mut pod.containers {
        if !rng.percent(40) {
            continue;
        }
        let mut mounted = json!({"name": name, "mountPath": format!("/mnt/{name}")});
        if (read_only || rng.percent(20))
            && let Some(mounted) = mounted.as_object_mut()
        {
            mounted.insert("readOnly".to_owned(), Value::Bool(read_only || rng.percent(50)));
        }
        container.append("volumeMounts", mounted);
    }
}
