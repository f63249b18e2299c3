//! Kinds of requests and of grants.

use serde_json::{Value, json};

use crate::case::Case;
use crate::compare::is_unevaluated;
use crate::generate::PASSING_SUBRESOURCES;

/// Every kind of request, as [`request`] names them.
pub(crate) const REQUESTS: [&str; 18] = [
    "CREATE",
    "CREATE, generated name",
    "CREATE, validating phase only",
    "CREATE of a subresource",
    "CREATE of an unknown subresource",
    "UPDATE of nothing",
    "UPDATE for the garbage collector",
    "UPDATE of the status",
    "UPDATE of labels",
    "UPDATE of annotations",
    "UPDATE of metadata and more",
    "UPDATE of the spec",
    "UPDATE of ephemeral containers",
    "UPDATE of pods/ephemeralcontainers",
    "UPDATE of a subresource without a pod",
    "UPDATE of an unknown subresource",
    "UPDATE of nothing that is governed",
    "DELETE",
];

/// The kind of request that a case makes.
pub(crate) fn request(case: &Case) -> &'static str {
    match (case.op.as_str(), case.sub.as_str()) {
        ("" | "CREATE", "") if case.steps == "validate" => "CREATE, validating phase only",
        ("" | "CREATE", "") if case.pod.pointer("/metadata/name").is_none() => "CREATE, generated name",
        ("" | "CREATE", "") => "CREATE",
        ("" | "CREATE", sub) if PASSING_SUBRESOURCES.contains(&sub) => "CREATE of a subresource",
        ("" | "CREATE", _) => "CREATE of an unknown subresource",
        ("UPDATE", "") => match update(&case.old_pod, &case.pod) {
            "UPDATE of the spec" if is_unevaluated(case) => "UPDATE of nothing that is governed",
            other => other,
        },
        ("UPDATE", "ephemeralcontainers") => "UPDATE of pods/ephemeralcontainers",
        ("UPDATE", sub) if PASSING_SUBRESOURCES.contains(&sub) => "UPDATE of a subresource without a pod",
        ("UPDATE", _) => "UPDATE of an unknown subresource",
        _ => "DELETE",
    }
}

fn update(old: &Value, new: &Value) -> &'static str {
    let paths = [
        "/metadata/finalizers",
        "/metadata/ownerReferences",
        "/metadata/managedFields",
        "/metadata/selfLink",
        "/metadata/labels",
        "/metadata/annotations",
        "/spec/ephemeralContainers",
        "/status",
    ];
    let differs = |path: &str| old.pointer(path) != new.pointer(path);
    let changes: Vec<&str> = paths.into_iter().filter(|path| differs(path)).collect();
    let rest = |pod: &Value| {
        let mut spec = pod.get("spec").cloned().unwrap_or_else(|| json!({}));
        spec.as_object_mut().map(|spec| spec.remove("ephemeralContainers"));
        spec
    };
    let collected = |path: &&str| {
        ["finalizers", "ownerReferences", "managedFields", "selfLink"]
            .iter()
            .any(|field| path.ends_with(field))
    };
    match changes.as_slice() {
        _ if rest(old) != rest(new) => "UPDATE of the spec",
        [] => "UPDATE of nothing",
        ["/metadata/labels"] => "UPDATE of labels",
        ["/metadata/annotations"] => "UPDATE of annotations",
        ["/spec/ephemeralContainers"] => "UPDATE of ephemeral containers",
        ["/status"] => "UPDATE of the status",
        changes if changes.iter().all(collected) => "UPDATE for the garbage collector",
        _ => "UPDATE of metadata and more",
    }
}

/// Every property a set of grants can have, as [`grants`] names them.
pub(crate) const GRANTS: [&str; 14] = [
    "everybody",
    "nobody",
    "several",
    "no user",
    "to the user",
    "to a group of the user",
    "to the service account",
    "to all service accounts",
    "to the service accounts of a namespace",
    "in the whole cluster",
    "in a namespace",
    "in any API group",
    "in API group policy",
    "in API group extensions",
];

/// The properties of a case's grants.
pub(crate) fn grants(case: &Case) -> Vec<&'static str> {
    let mut found = Vec::new();
    let Some(grants) = &case.grants else { return vec!["everybody"] };
    match grants.as_slice() {
        [] => found.push("nobody"),
        [_] => {}
        _ => found.push("several"),
    }
    if case.no_user {
        found.push("no user");
    }
    for grant in grants {
        found.push(match grant.subject.as_str() {
            subject if subject == case.user => "to the user",
            subject if case.groups.iter().any(|group| group == subject) => "to a group of the user",
            "system:serviceaccounts" => "to all service accounts",
            subject if subject.starts_with("system:serviceaccounts:") => {
                "to the service accounts of a namespace"
            }
            _ => "to the service account",
        });
        found.push(if grant.namespace.is_empty() { "in the whole cluster" } else { "in a namespace" });
        match grant.group.as_str() {
            "" => found.push("in any API group"),
            "policy" => found.push("in API group policy"),
            "extensions" => found.push("in API group extensions"),
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_are_reported_apart() {
        let old = json!({"metadata": {"name": "web"}, "spec": {"hostPID": true}});
        for (path, value, expected) in [
            ("/metadata", json!({"name": "web"}), "UPDATE of nothing"),
            ("/metadata", json!({"name": "web", "finalizers": ["f"]}), "UPDATE for the garbage collector"),
            ("/metadata", json!({"name": "web", "labels": {}}), "UPDATE of labels"),
            (
                "/metadata",
                json!({"name": "web", "labels": {}, "finalizers": ["f"]}),
                "UPDATE of metadata and more",
            ),
            ("/spec", json!({"hostPID": true, "ephemeralContainers": []}), "UPDATE of ephemeral containers"),
            ("/spec", json!({}), "UPDATE of the spec"),
        ] {
            let mut new = old.clone();
            *new.pointer_mut(path).unwrap() = value;
            assert_eq!(update(&old, &new), expected);
        }
    }
}
