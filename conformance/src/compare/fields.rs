//! The fields that a policy may write.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The fields of a pod that a policy may write, with absent, `null` and empty normalised, and a container's AppArmor
/// profile as the name of the effective one.
pub(super) fn governed(pod: &Value) -> Value {
    let spec = pod.get("spec").unwrap_or(&Value::Null);
    let list = |name: &str| spec.get(name).and_then(Value::as_array).into_iter().flatten();
    let containers: Vec<Value> = ["initContainers", "containers", "ephemeralContainers"]
        .into_iter()
        .flat_map(list)
        .map(|container| {
            let mut context = members(container.get("securityContext"));
            context.remove("appArmorProfile");
            // No rule writes it; the original's API server resets it when it stores the pod with the feature gate off.
            context.remove("procMount");
            json!({
                "name": container.get("name"),
                "securityContext": dense(&Value::Object(context)),
                "appArmor": app_armor(pod, container),
            })
        })
        .collect();
    let mut context = members(spec.get("securityContext"));
    context.remove("appArmorProfile");
    json!({
        "containers": containers,
        "securityContext": dense(&Value::Object(context)),
        "runtimeClassName": spec.get("runtimeClassName"),
    })
}

/// The pod with its ephemeral containers alone, which inherit nothing.
pub(super) fn only_ephemeral(pod: &Value) -> Value {
    json!({
        "metadata": pod.get("metadata"),
        "spec": {"ephemeralContainers": pod.pointer("/spec/ephemeralContainers")},
    })
}

/// The pod without its ephemeral containers.
pub(super) fn without_ephemeral(pod: &Value) -> Value {
    let mut pod = pod.clone();
    pod.get_mut("spec").and_then(Value::as_object_mut).map(|spec| spec.remove("ephemeralContainers"));
    pod
}

/// Where two values differ, and how.
pub(super) fn differing(path: &str, original: &Value, ours: &Value, found: &mut Vec<String>) {
    match (original, ours) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let [one, other] = [one, other].map(|members| members.get(key).unwrap_or(&Value::Null));
                differing(&format!("{path}.{key}"), one, other, found);
            }
        }
        (Value::Array(one), Value::Array(other))
            if one.len() == other.len() && !path.contains(".capabilities.") =>
        {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                differing(&format!("{path}[{index}]"), one, other, found);
            }
        }
        (one, other) if one == other => {}
        // The original sorts both lists of a container when it writes to one of them.
        (Value::Array(one), Value::Array(other))
            if path.contains(".capabilities.") && same_set(one, other) =>
        {
            found.push(format!("{path}.order of the original is {one:?}, of ours {other:?}"));
        }
        (one, other) => found.push(format!("{path} of the original is {one}, of ours {other}")),
    }
}

/// Whether two lists have the same entries, whatever their order and however often.
pub(super) fn same_set(one: &[Value], other: &[Value]) -> bool {
    one.iter().all(|entry| other.contains(entry)) && other.iter().all(|entry| one.contains(entry))
}

fn members(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

/// The name of the effective AppArmor profile of a container: its field, else its annotation, else the pod's field.
fn app_armor(pod: &Value, container: &Value) -> String {
    let field = |object: &Value| {
        let profile =
            object.pointer("/securityContext/appArmorProfile").filter(|profile| !profile.is_null())?;
        let text = |key: &str| profile.get(key).and_then(Value::as_str).unwrap_or_default();
        Some(match text("type") {
            "RuntimeDefault" => "runtime/default".to_owned(),
            "Unconfined" => "unconfined".to_owned(),
            _ => format!("localhost/{}", text("localhostProfile")),
        })
    };
    let annotation = || {
        let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
        let annotations = pod.pointer("/metadata/annotations")?;
        let value = annotations.get(format!("{APP_ARMOR}{name}"))?.as_str()?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    let inherited = || field(pod.get("spec").unwrap_or(&Value::Null));
    field(container).or_else(annotation).or_else(inherited).unwrap_or_default()
}

/// A value without `null`s and empty objects and lists.
fn dense(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: Map<_, _> = members
                .iter()
                .map(|(key, value)| (key.clone(), dense(value)))
                .filter(|(key, value)| !value.is_null() && !is_empty_label(key, value))
                .collect();
            if members.is_empty() { Value::Null } else { Value::Object(members) }
        }
        Value::Array(elements) if elements.is_empty() => Value::Null,
        Value::Array(elements) => elements.iter().map(dense).collect(),
        other => other.clone(),
    }
}

/// An empty part of an SELinux label, or name of a sysctl, which the API does not distinguish from an absent one.
fn is_empty_label(key: &str, value: &Value) -> bool {
    matches!(key, "user" | "role" | "type" | "level" | "name") && value == ""
}
