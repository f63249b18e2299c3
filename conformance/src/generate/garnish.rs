//! Nothing, in its several spellings: `{}`, `[]`, `null`. They mean the same as an absent key, and must go on to.

use serde_json::{Value, json};

use super::dice::Dice;
use super::pod::{Object, Pod};
use super::policy::Policy;

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

/// Spells out some of what a pod does not have.
pub(super) fn pod(dice: &mut Dice, pod: &mut Pod) {
    for container in &mut pod.containers {
        container.context_even_if_empty = dice.percent(8);
        if dice.percent(3) {
            spell_out(dice, &mut container.context, &ON_CONTAINER, Value::Null);
        }
        if dice.percent(3) {
            let empty = dice.pick(&[Value::Null, json!([])]);
            spell_out(dice, &mut container.fields, &["ports", "volumeMounts"], empty);
        }
    }
    match dice.count(0, 39) {
        0 => spell_out(dice, &mut pod.context, &ON_POD, Value::Null),
        1 => spell_out(dice, &mut pod.spec, &["volumes", "initContainers"], json!([])),
        2 => spell_out(dice, &mut pod.spec, &["hostNetwork", "volumes", "runtimeClassName"], Value::Null),
        3 => spell_out(dice, &mut pod.metadata, &["annotations", "labels"], Value::Null),
        4 => spell_out(dice, &mut pod.metadata, &["annotations", "labels"], json!({})),
        5 => spell_out(dice, &mut pod.context, &["sysctls"], json!([])),
        6 if pod.context.is_empty() => spell_out(dice, &mut pod.spec, &["securityContext"], json!({})),
        7 if pod.context.is_empty() => spell_out(dice, &mut pod.spec, &["securityContext"], Value::Null),
        _ => {}
    }
}

/// Spells out some of what a policy does not set.
pub(super) fn policy(dice: &mut Dice, policy: &mut Policy) {
    if dice.percent(3) {
        spell_out(dice, &mut policy.spec, &ON_POLICY, Value::Null);
    }
}

/// Gives one of the fields that are absent an empty value.
fn spell_out(dice: &mut Dice, object: &mut Object, fields: &[&str], empty: Value) {
    let field = dice.pick(fields);
    if !object.contains_key(field) {
        object.insert(field.to_owned(), empty);
    }
}
