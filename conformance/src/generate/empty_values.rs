//! Empty values in several spellings: `{}`, `[]`, `null`. They mean the same as an absent key, and must continue to.

use serde_json::{Value, json};

use super::pod::{Object, Pod};
use super::policy::Policy;
use super::rng::Rng;

const ON_POD: [&str; 6] =
    ["runAsUser", "runAsGroup", "fsGroup", "supplementalGroups", "seLinuxOptions", "seccompProfile"];
const ON_CONTAINER: [&str; 7] = [
    "runAsUser",
    "runAsNonRoot",
    "capabilities",
    "privileged",
    "seLinuxOptions",
    "readOnlyRootFilesystem",
    "allowPrivilegeEscalation",
];
const ON_POLICY: [&str; 8] = [
    "runAsGroup",
    "runtimeClass",
    "allowedHostPaths",
    "allowedCapabilities",
    "allowPrivilegeEscalation",
    "defaultAllowPrivilegeEscalation",
    "privileged",
    "hostPorts",
];

/// Spells out some absent fields of a pod.
pub(super) fn pod(rng: &mut Rng, pod: &mut Pod) {
    for container in &mut pod.containers {
        container.context_even_if_empty = rng.percent(8);
        if rng.percent(3) {
            spell_out(rng, &mut container.context, &ON_CONTAINER, Value::Null);
        }
        if rng.percent(3) {
            let empty = rng.pick(&[Value::Null, json!([])]);
            spell_out(rng, &mut container.fields, &["ports", "volumeMounts"], empty);
        }
    }
    match rng.count(0, 39) {
        0 => spell_out(rng, &mut pod.context, &ON_POD, Value::Null),
        1 => spell_out(rng, &mut pod.spec, &["volumes", "initContainers"], json!([])),
        2 => spell_out(rng, &mut pod.spec, &["hostNetwork", "volumes", "runtimeClassName"], Value::Null),
        3 => spell_out(rng, &mut pod.metadata, &["annotations", "labels"], Value::Null),
        4 => spell_out(rng, &mut pod.metadata, &["annotations", "labels"], json!({})),
        5 => spell_out(rng, &mut pod.context, &["sysctls"], json!([])),
        6 if pod.context.is_empty() => spell_out(rng, &mut pod.spec, &["securityContext"], json!({})),
        7 if pod.context.is_empty() => spell_out(rng, &mut pod.spec, &["securityContext"], Value::Null),
        _ => {}
    }
}

/// Spells out some absent fields of a policy.
pub(super) fn policy(rng: &mut Rng, policy: &mut Policy) {
    if rng.percent(3) {
        spell_out(rng, &mut policy.spec, &ON_POLICY, Value::Null);
    }
}

/// Gives an absent field an empty value.
fn spell_out(rng: &mut Rng, object: &mut Object, fields: &[&str], empty: Value) {
    let field = rng.pick(fields);
    if !object.contains_key(field) {
        object.insert(field.to_owned(), empty);
    }
}
