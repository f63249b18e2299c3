//! What the pod and its containers say of each field that a rule judges.

use serde_json::Value;

use super::{Dimension, unique};
use crate::case::Case;

const FLAG: [&str; 3] = ["absent", "false", "true"];
const PRESENT: [&str; 2] = ["absent", "present"];
const ID: [&str; 3] = ["absent", "0", "present"];

/// A dimension of a field of the pod, or of the containers.
macro_rules! field {
    (pod $path:literal, $values:ident, $read:ident) => {
        Dimension {
            name: concat!("pod: ", $path),
            values: &$values,
            of: |case| vec![$read(at(&case.pod, concat!("/spec/", $path)))],
        }
    };
    (containers $path:literal, $values:ident, $read:ident) => {
        Dimension {
            name: concat!("container: ", $path),
            values: &$values,
            of: |case| of(case, concat!("/", $path), $read),
        }
    };
}

pub(super) const DIMENSIONS: [Dimension; 29] = [
    field!(pod "hostNetwork", FLAG, flag),
    field!(pod "hostPID", FLAG, flag),
    field!(pod "hostIPC", FLAG, flag),
    field!(pod "hostUsers", FLAG, flag),
    field!(pod "os", PRESENT, present),
    field!(pod "runtimeClassName", PRESENT, present),
    field!(pod "volumes", PRESENT, present),
    field!(pod "securityContext/runAsUser", ID, id),
    field!(pod "securityContext/runAsNonRoot", FLAG, flag),
    field!(pod "securityContext/runAsGroup", ID, id),
    field!(pod "securityContext/fsGroup", ID, id),
    field!(pod "securityContext/supplementalGroups", PRESENT, present),
    field!(pod "securityContext/seLinuxOptions", PRESENT, present),
    field!(pod "securityContext/seccompProfile", PRESENT, present),
    field!(pod "securityContext/appArmorProfile", PRESENT, present),
    field!(pod "securityContext/sysctls", PRESENT, present),
    field!(containers "securityContext/privileged", FLAG, flag),
    field!(containers "securityContext/allowPrivilegeEscalation", FLAG, flag),
    field!(containers "securityContext/readOnlyRootFilesystem", FLAG, flag),
    field!(containers "securityContext/runAsUser", ID, id),
    field!(containers "securityContext/runAsNonRoot", FLAG, flag),
    field!(containers "securityContext/runAsGroup", ID, id),
    field!(containers "securityContext/capabilities/add", PRESENT, present),
    field!(containers "securityContext/capabilities/drop", PRESENT, present),
    field!(containers "securityContext/seLinuxOptions", PRESENT, present),
    field!(containers "securityContext/seccompProfile", PRESENT, present),
    field!(containers "securityContext/appArmorProfile", PRESENT, present),
    field!(containers "securityContext/procMount", PRESENT, present),
    field!(containers "ports", PRESENT, present),
];

fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    value.pointer(path).filter(|value| !value.is_null())
}

/// The values of a field in all containers.
fn of(case: &Case, path: &str, read: fn(Option<&Value>) -> &'static str) -> Vec<&'static str> {
    let lists = ["/spec/initContainers", "/spec/containers", "/spec/ephemeralContainers"];
    let lists = lists.into_iter().filter_map(|list| case.pod.pointer(list)?.as_array());
    unique(lists.flatten().map(|container| read(at(container, path))))
}

fn flag(value: Option<&Value>) -> &'static str {
    match value.and_then(Value::as_bool) {
        None => "absent",
        Some(false) => "false",
        Some(true) => "true",
    }
}

fn present(value: Option<&Value>) -> &'static str {
    if value.is_some() { "present" } else { "absent" }
}

fn id(value: Option<&Value>) -> &'static str {
    match value.and_then(Value::as_i64) {
        None => "absent",
        Some(0) => "0",
        Some(_) => "present",
    }
}
