//! Helpers for tests of checks.

use serde_json::{Value, json};

use super::subject::Subject;
use super::{Check, Failure, Version, details};
use crate::json::Reader;
use crate::pod::Pod;
use crate::rule::RulesByContainer;

/// The result of a check for a pod that passes.
pub(super) const NOTHING: &str = "";
/// The result of a check before its first version.
pub(super) const NOT_YET: &str = "not in force";

/// The result of a check at a version: `reason (detail)`.
pub(super) fn says(check: &'static Check, version: &str, pod: &Value) -> String {
    let version: Version = version.parse().unwrap();
    let Some(variant) = check.at(version) else { return NOT_YET.to_owned() };
    let text = pod.to_string();
    let pod: Pod<'_> = Reader::document(&text).unwrap();
    let subject = Subject { pod: &pod, exempt: &RulesByContainer::NONE, check: 0 };
    let failure = (variant.judge)(&subject).map(|objection| Failure {
        id: check.id,
        index: 0,
        reason: objection.reason,
        detail: objection.detail,
    });
    details(&failure)
}

/// A pod with this spec.
pub(super) fn spec(spec: Value) -> Value {
    json!({"metadata": {"name": "pod"}, "spec": spec})
}

/// A pod with these containers: the first is an init container, the last an ephemeral one.
pub(super) fn containers(mut containers: Vec<Value>) -> Value {
    let ephemeral = containers.pop();
    let regular = containers.split_off(1);
    spec(json!({"ephemeralContainers": [ephemeral], "containers": regular, "initContainers": containers}))
}

/// A container of this name with this security context.
pub(super) fn secured(name: &str, security_context: Value) -> Value {
    json!({"name": name, "securityContext": security_context})
}

/// A pod with one container, `a`, with this security context.
pub(super) fn one(security_context: Value) -> Value {
    spec(json!({"containers": [secured("a", security_context)]}))
}

/// A pod with this security context, and one container, `a`, with that.
pub(super) fn both(pod: Value, container: Value) -> Value {
    spec(json!({"securityContext": pod, "containers": [secured("a", container)]}))
}
