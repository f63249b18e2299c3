//! Policies that PodSecurityPolicy accepted and settings reject: `kubectl psp migrate` rewrites them to their effect.

use serde_json::{Value, json};

use super::Rng;

/// Changes a policy in one to three of these respects, where it has the fields.
pub(super) fn spoil(rng: &mut Rng, policy: &mut Value) {
    let changes: [fn(&mut Rng, &mut Value); 5] =
        [open_range, misspelt_annotation, port_range, relative_prefix, unlisted_default];
    let count = rng.count(1, 3);
    for change in rng.some(&changes, count) {
        change(rng, policy);
    }
}

/// An end that is absent was 0.
fn open_range(rng: &mut Rng, policy: &mut Value) {
    for field in ["runAsUser", "runAsGroup", "supplementalGroups", "fsGroup"] {
        let ranges = policy.pointer_mut(&format!("/spec/{field}/ranges")).and_then(Value::as_array_mut);
        for range in ranges.into_iter().flatten().filter_map(Value::as_object_mut) {
            if range.get("max").and_then(Value::as_i64).is_some() && rng.percent(60) {
                range.remove("min");
            }
        }
    }
}

/// Annotations with PodSecurityPolicy's prefixes that it did not read.
fn misspelt_annotation(rng: &mut Rng, policy: &mut Value) {
    let key = rng.pick(&[
        "seccomp.security.alpha.kubernetes.io/allowedProfileName",
        "seccomp.security.alpha.kubernetes.io/defaultprofilename",
        "apparmor.security.beta.kubernetes.io/allowedProfiles",
    ]);
    if let Some(metadata) = policy.get_mut("metadata").and_then(Value::as_object_mut)
        && let Some(annotations) = metadata.entry("annotations").or_insert_with(|| json!({})).as_object_mut()
    {
        annotations.insert(key.to_owned(), "localhost/x".into());
    }
}

/// The API server did not validate ranges of ports.
fn port_range(rng: &mut Rng, policy: &mut Value) {
    let range = rng.pick(&[
        json!({"min": 90, "max": 80}),
        json!({"max": 80}),
        json!({"min": 443}),
        json!({"min": -1, "max": 80}),
        json!({"min": 8000, "max": 70000}),
        json!({"min": 70000, "max": 80000}),
    ]);
    if let Some(ranges) = policy.pointer_mut("/spec/hostPorts").and_then(Value::as_array_mut) {
        ranges.push(range);
    }
}

/// Prefixes were compared as text, and the paths of pods are absolute.
fn relative_prefix(rng: &mut Rng, policy: &mut Value) {
    let all = rng.percent(20);
    if let Some(paths) = policy.pointer_mut("/spec/allowedHostPaths").and_then(Value::as_array_mut)
        && !paths.is_empty()
    {
        if all {
            paths.clear();
        }
        paths.push(json!({"pathPrefix": rng.pick(&["data", "var/log", "."])}));
    }
}

/// A default that the list of allowed profiles lacks.
fn unlisted_default(rng: &mut Rng, policy: &mut Value) {
    let annotations = policy.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    if let Some(annotations) = annotations
        && annotations.contains_key("seccomp.security.alpha.kubernetes.io/allowedProfileNames")
    {
        let default = rng.pick(&["localhost/unlisted", "unconfined", "runtime/default"]);
        annotations
            .insert("seccomp.security.alpha.kubernetes.io/defaultProfileName".to_owned(), default.into());
    }
}
