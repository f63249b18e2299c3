//! Descriptions of file contents that are not, or not complete, Kubernetes objects.

use std::path::Path;

use pod_security_policy::pod::{Kind, template};
use serde_json::Value;

use super::object::Object;

/// The hint about a template.
pub(super) const RENDER: &str =
    "render it first: helm template . | kubectl psp …; or leave it out: --exclude";

const BUILD: &str = "kubectl kustomize FOLDER | kubectl psp …";

/// Whether a text that is not YAML is a template of YAML.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("{{")
}

/// Describes a value that is not an object; `is_element` if it is an element of a list.
pub(super) fn of_value(value: &Value, is_element: bool) -> String {
    let list = |one: &Value| match one {
        Value::Object(_) if is_operation(one) => "a JSON patch",
        Value::Object(_) => "a list of objects",
        Value::Array(_) => "a list of lists",
        Value::String(_) => "a list of texts",
        Value::Number(_) => "a list of numbers",
        Value::Bool(_) => "a list of booleans",
        Value::Null => "a list",
    };
    let what = match value {
        one if is_element => list(one),
        Value::Array(elements) => elements.first().map_or("an empty list", list),
        Value::Object(_) => "an object",
        Value::String(_) => "a text",
        Value::Number(_) => "a number",
        Value::Bool(_) => "a boolean",
        Value::Null => "nothing",
    };
    what.to_owned()
}

fn is_operation(value: &Value) -> bool {
    value.get("op").is_some_and(Value::is_string) && value.get("path").is_some_and(Value::is_string)
}

/// Whether an element of a list is a Kubernetes object while the list itself is not.
pub(super) fn holds_objects(value: &Value) -> bool {
    let is_object = |one: &Value| one.get("kind").is_some() || one.get("apiVersion").is_some();
    value.as_array().is_some_and(|elements| elements.iter().any(is_object))
}

/// Describes an object that is not a Kubernetes object, or only a part of one.
pub(super) fn of_object(object: &Object, is_element: bool) -> Option<String> {
    let name = Path::new(&*object.file).file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_kustomize = object.group() == "kustomize.config.k8s.io";
    if is_kustomize || (object.kind.is_empty() && name == "kustomization") {
        return Some(format!("a kustomization, which only says what to build: {BUILD}"));
    }
    if object.kind.is_empty() {
        let value = object.value();
        if name == "chart" && value.get("version").is_some() {
            return Some("the description of a Helm chart".to_owned());
        }
        if !object.api_version.is_empty() {
            return None;
        }
        if is_element && is_operation(&value) {
            return Some(of_value(&value, true));
        }
        if name.starts_with("values") {
            return Some("values of a Helm chart, without `apiVersion` and `kind`".to_owned());
        }
        return Some("an object without `apiVersion` and `kind`".to_owned());
    }
    let kind = Kind { group: object.group().into(), kind: (&*object.kind).into() };
    // Most have the key, which settles it.
    let carries =
        (kind.is_pod() || template::built_in(&kind).is_some()) && !object.json.contains("\"containers\"");
    let why = if carries && !has_cluster_fields(object) {
        "it has no containers"
    } else if object.json.contains("\"$patch\"") {
        "it has a `$patch`"
    } else {
        return None;
    };
    Some(format!(
        "a patch of {}, not a whole {}: {why}; apply it first: {BUILD}",
        object.title(),
        object.kind
    ))
}

/// Whether an object comes from a cluster, which stores no patches.
fn has_cluster_fields(object: &Object) -> bool {
    object.value().pointer("/metadata/uid").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::whole(json!({"kind": "Pod", "spec": {"containers": []}}), None)]
    #[case::part(json!({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "web"}}),
        Some("a patch of Deployment web, not a whole Deployment: it has no containers; apply it first: kubectl kustomize FOLDER | kubectl psp …"))]
    #[case::removal(json!({"kind": "Service", "metadata": {"name": "web"}, "$patch": "delete"}),
        Some("a patch of Service web, not a whole Service: it has a `$patch`; apply it first: kubectl kustomize FOLDER | kubectl psp …"))]
    #[case::kustomization(json!({"kind": "Component", "apiVersion": "kustomize.config.k8s.io/v1alpha1"}),
        Some("a kustomization, which only says what to build: kubectl kustomize FOLDER | kubectl psp …"))]
    #[case::flux(json!({"kind": "Kustomization", "apiVersion": "kustomize.toolkit.fluxcd.io/v1"}), None)]
    #[case::nothing(json!({"a": 1}), Some("an object without `apiVersion` and `kind`"))]
    fn objects_are_named_for_what_they_are(#[case] value: Value, #[case] expected: Option<&str>) {
        assert_eq!(of_object(&Object::of_value(&value), false).as_deref(), expected);
    }

    #[rstest]
    #[case(json!([1, 2]), "a list of numbers")]
    #[case(json!([{"op": "add", "path": "/a", "value": 1}]), "a JSON patch")]
    #[case(json!("hello"), "a text")]
    fn values_are_named_for_what_they_are(#[case] value: Value, #[case] expected: &str) {
        assert_eq!(of_value(&value, false), expected);
    }
}
