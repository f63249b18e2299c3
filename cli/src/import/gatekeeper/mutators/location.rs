//! Where a mutator writes.

use serde_json::Value;

/// The fields that PodSecurityPolicy governs, as their places in security contexts.
pub(super) const FIELDS: &[&str] = &[
    "allowPrivilegeEscalation",
    "capabilities.add",
    "capabilities.drop",
    "fsGroup",
    "readOnlyRootFilesystem",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "seLinuxOptions",
    "seccompProfile",
    "supplementalGroups",
];

/// The field of a security context at a location, and the name of the containers that it is in.
pub(super) fn field(location: &str) -> Option<(&str, Option<String>)> {
    let rest = location.strip_prefix("spec.")?;
    if let Some(field) = rest.strip_prefix("securityContext.") {
        return Some((field, None));
    }
    let (list, rest) = rest.split_once('[')?;
    let (key, rest) = rest.split_once(']')?;
    let is_list = ["containers", "initContainers", "ephemeralContainers"].contains(&list);
    let name = key.strip_prefix("name:").map(str::trim).filter(|_| is_list)?;
    let name = name.trim_matches(['"', '\'']).to_owned();
    Some((rest.strip_prefix(".securityContext.")?, Some(name)))
}

/// Whether the location is changed only where it is absent.
pub(super) fn fills_in(spec: &Value, location: &str) -> bool {
    let tests = spec.pointer("/spec/parameters/pathTests").and_then(Value::as_array);
    tests.into_iter().flatten().any(|test| {
        test.get("condition").is_some_and(|condition| condition == "MustNotExist")
            && test.get("subPath").is_some_and(|path| path == location)
    })
}
