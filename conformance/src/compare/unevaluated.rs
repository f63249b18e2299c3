//! Updates that change no field that a policy governs. They pass without an evaluation of the pod, which runs
//! already.

use serde_json::{Map, Value};

use crate::case::Case;
use crate::generate::PASSING_SUBRESOURCES;

/// The fields of the spec that may differ.
const FREE: [&str; 6] = [
    "tolerations",
    "schedulingGates",
    "nodeSelector",
    "affinity",
    "activeDeadlineSeconds",
    "terminationGracePeriodSeconds",
];
/// The annotations that may not: they were replaced by fields.
const PROFILES: [&str; 3] = [
    "seccomp.security.alpha.kubernetes.io/pod",
    "container.seccomp.security.alpha.kubernetes.io/",
    "container.apparmor.security.beta.kubernetes.io/",
];

/// Whether a case is such an update of a pod, or of a subresource that may bring a whole pod.
#[must_use]
pub fn is_unevaluated(case: &Case) -> bool {
    case.op == "UPDATE"
        && !PASSING_SUBRESOURCES.contains(&case.sub.as_str())
        && case.sub != "ephemeralcontainers"
        && governed(&case.old_pod) == governed(&case.pod)
}

/// The pod without all that may change.
fn governed(pod: &Value) -> Value {
    let mut left = present(pod);
    let annotations = pod.pointer("/metadata/annotations").and_then(Value::as_object);
    let profiles: Map<String, Value> = annotations
        .into_iter()
        .flatten()
        .filter(|(key, _)| PROFILES.iter().any(|profile| matches(profile, key)))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if let Some(pod) = left.as_object_mut() {
        pod.remove("status");
        pod.insert("metadata".to_owned(), profiles.into());
        if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
            spec.retain(|field, _| !FREE.contains(&field.as_str()));
        }
    }
    left
}

fn matches(profile: &str, key: &str) -> bool {
    if profile.ends_with('/') { key.starts_with(profile) } else { key == profile }
}

/// The value without the members that are `null`.
fn present(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), present(value)))
            .collect(),
        Value::Array(elements) => elements.iter().map(present).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn update(sub: &str, old: Value, new: Value) -> Case {
        let pod = |more: Value| {
            let mut pod = json!({"metadata": {"name": "web"}, "spec": {"hostPID": true}});
            for (path, value) in more.as_object().into_iter().flatten() {
                let (parent, key) = path.rsplit_once('/').unwrap();
                let parent = pod.pointer_mut(parent).unwrap().as_object_mut().unwrap();
                parent.insert(key.to_owned(), value.clone());
            }
            pod
        };
        Case { op: "UPDATE".into(), sub: sub.into(), old_pod: pod(old), pod: pod(new), ..Case::default() }
    }

    #[test]
    fn reports_what_is_governed() {
        let nothing = json!({});
        for (change, error) in [
            (json!({}), true),
            (json!({"/metadata/labels": {"app": "web"}}), true),
            (json!({"/metadata/finalizers": ["example.com/wait"]}), true),
            (json!({"/metadata/annotations": {"kubernetes.io/psp": "a"}}), true),
            (json!({"/metadata/annotations": {"seccomp.security.alpha.kubernetes.io/pods": "a"}}), true),
            (json!({"/spec/schedulingGates": [], "/spec/tolerations": [{"operator": "Exists"}]}), true),
            (json!({"/spec/nodeSelector": {"a": "b"}, "/spec/affinity": null}), true),
            (json!({"/spec/activeDeadlineSeconds": 7, "/spec/terminationGracePeriodSeconds": 7}), true),
            (json!({"/spec/hostIPC": null}), true),
            (json!({"/spec/hostIPC": false}), false),
            (json!({"/spec/futureField": 7}), false),
            (json!({"/spec/tolerations": [], "/spec/nodeName": "a"}), false),
            (json!({"/metadata/annotations": {"seccomp.security.alpha.kubernetes.io/pod": "a"}}), false),
            (
                json!({"/metadata/annotations": {"container.apparmor.security.beta.kubernetes.io/a": ""}}),
                false,
            ),
        ] {
            for (old, new) in [(&nothing, &change), (&change, &nothing)] {
                let case = update("", old.clone(), new.clone());
                assert_eq!(is_unevaluated(&case), error, "{old} {new}");
            }
        }
        assert!(is_unevaluated(&update("future", nothing.clone(), nothing.clone())));
        assert!(!is_unevaluated(&update("status", nothing.clone(), nothing.clone())));
        assert!(!is_unevaluated(&update("ephemeralcontainers", nothing.clone(), nothing.clone())));
        assert!(!is_unevaluated(&Case { op: "CREATE".into(), ..update("", nothing.clone(), nothing) }));
    }
}
