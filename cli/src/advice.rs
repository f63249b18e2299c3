//! What is legal in settings, and unwise.

use serde_json::Value;

use crate::input::Object;
use crate::policies::{Judge, Registration};
use crate::rbac::{Rbac, mistakes};

/// Advice about a policy, settings or a registration, with its place.
pub(crate) fn of_object(object: &Object) -> Vec<String> {
    let value = object.value();
    let mut told = Vec::new();
    for (path, spec) in specs(&value) {
        for (field, advice) in of_spec(spec) {
            let at = if path.is_empty() { field } else { format!("{path}.{field}") };
            told.push(format!("{}: {at}: {advice}", object.place(&at)));
        }
    }
    told
}

/// The specs in a document, with their paths.
fn specs(document: &Value) -> Vec<(String, &Value)> {
    let kind = document.get("kind").and_then(Value::as_str).unwrap_or_default();
    if kind.ends_with("AdmissionPolicy") {
        let inside = document.pointer("/spec/settings").map(specs).unwrap_or_default();
        let under = |path: String| {
            if path.is_empty() { "spec.settings".to_owned() } else { format!("spec.settings.{path}") }
        };
        return inside.into_iter().map(|(path, spec)| (under(path), spec)).collect();
    }
    if let Some(policies) = document.get("policies").and_then(Value::as_array) {
        return policies
            .iter()
            .enumerate()
            .filter_map(|(index, policy)| Some((format!("policies[{index}].spec"), policy.get("spec")?)))
            .collect();
    }
    match document.get("spec") {
        Some(spec) => vec![("spec".to_owned(), spec)],
        None => vec![(String::new(), document)],
    }
}

/// What is unwise about one spec: fields, and why.
fn of_spec(spec: &Value) -> Vec<(String, String)> {
    let list = |key: &str| spec.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut told = Vec::new();
    for (index, prefix) in list("allowedHostPaths").iter().enumerate() {
        let writable = prefix.get("readOnly") != Some(&Value::Bool(true));
        if let (true, Some(path)) = (writable, prefix.get("pathPrefix").and_then(Value::as_str)) {
            told.push((
                format!("allowedHostPaths[{index}]"),
                format!("{path} may be written: through a symbolic link or a log file a pod gets out of it; readOnly: true if reading is enough"),
            ));
        }
    }
    let volumes = list("volumes");
    let lists = |name: &str| volumes.iter().any(|volume| volume == name);
    if lists("*") {
        told.push((
            "volumes".to_owned(),
            "`*` holds gitRepo, which runs git as root on the node, hostPath, and every type that Kubernetes will ever have; list what pods need".to_owned(),
        ));
    } else if lists("gitRepo") {
        told.push((
            "volumes".to_owned(),
            "gitRepo runs git as root on the node; an init container clones as well".to_owned(),
        ));
    }
    let host_paths = lists("*") || lists("hostPath");
    if host_paths && list("allowedHostPaths").is_empty() {
        told.push((
            "allowedHostPaths".to_owned(),
            "is empty, so that every path of the node may be mounted and written; name prefixes, or leave hostPath out of volumes".to_owned(),
        ));
    }
    for field in ["allowedCapabilities", "defaultAddCapabilities", "requiredDropCapabilities"] {
        for (index, name) in list(field).iter().enumerate() {
            if let Some(bare) = name.as_str().and_then(|name| name.strip_prefix("CAP_")) {
                told.push((
                    format!("{field}[{index}]"),
                    format!("names are compared as they are written, and pods write {bare}: this entry meets none of them"),
                ));
            }
        }
    }
    told
}

/// What is unwise about how policies are granted.
pub(crate) fn of_grants(registrations: &[Registration], rbac: &Rbac) -> Vec<String> {
    let mut told = Vec::new();
    for registration in registrations {
        let Judge::Settings(settings) = &registration.judge else { continue };
        for policy in &settings.policies {
            for mistake in mistakes(rbac, &policy.name) {
                let advice = format!("{}: {mistake}", policy.name);
                // Both halves of a pair have the same policies.
                if !told.contains(&advice) {
                    told.push(advice);
                }
            }
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(document: Value) -> Vec<String> {
        let told = of_object(&Object::of_value(&document));
        told.iter().filter_map(|line| line.split(": ").nth(1).map(str::to_owned)).collect()
    }

    #[test]
    fn what_is_unwise_is_told_in_every_shape() {
        let spec = json!({"volumes": ["*"], "allowedCapabilities": ["NET_RAW", "CAP_CHOWN"],
            "allowedHostPaths": [{"pathPrefix": "/var/log", "readOnly": true}, {"pathPrefix": "/tmp"}]});
        let fields = ["allowedHostPaths[1]", "volumes", "allowedCapabilities[1]"];
        assert_eq!(paths(spec.clone()), fields);
        let manifest = json!({"kind": "PodSecurityPolicy", "spec": spec});
        assert_eq!(paths(manifest.clone()), fields.map(|field| format!("spec.{field}")));
        let settings = json!({"policies": [{"spec": {"volumes": ["gitRepo"]}}, manifest]});
        let listed: Vec<_> = std::iter::once("policies[0].spec.volumes".to_owned())
            .chain(fields.map(|field| format!("policies[1].spec.{field}")))
            .collect();
        assert_eq!(paths(settings.clone()), listed);
        let registration = json!({"kind": "ClusterAdmissionPolicy", "spec": {"settings": settings}});
        assert_eq!(paths(registration)[0], "spec.settings.policies[0].spec.volumes");
    }

    #[test]
    fn what_is_wise_is_not() {
        assert_eq!(
            paths(json!({"volumes": ["configMap"], "requiredDropCapabilities": ["ALL"]})),
            Vec::<String>::new()
        );
        assert_eq!(paths(json!({"volumes": ["hostPath"]})), ["allowedHostPaths"]);
    }
}
