//! A template and its pod agree.

use serde_json::{Value, json};

use super::Held;
use crate::case::Case;
use crate::generate::Rng;
use crate::ours::{self, Answer};

/// API group, version, kind, and the path of the template.
const KINDS: [(&str, &str, &str, &str); 8] = [
    ("apps", "v1", "Deployment", "spec.template"),
    ("apps", "v1", "ReplicaSet", "spec.template"),
    ("apps", "v1", "StatefulSet", "spec.template"),
    ("apps", "v1", "DaemonSet", "spec.template"),
    ("", "v1", "ReplicationController", "spec.template"),
    ("batch", "v1", "Job", "spec.template"),
    ("batch", "v1", "CronJob", "spec.jobTemplate.spec.template"),
    ("", "v1", "PodTemplate", "template"),
];

pub(super) fn holds(case: &Case, _: &Answer, rng: &mut Rng) -> Held {
    compare(case, rng.count(0, 7))
}

pub(super) fn of_deployment(case: &Case) -> Held {
    compare(case, 0)
}

fn compare(case: &Case, kind: usize) -> Held {
    let Some((group, version, kind, path)) = KINDS.get(kind) else { return Held::Silent };
    // A dry run asks for other accounts than the pod, so everybody may use everything.
    let mut case = Case {
        op: String::new(),
        sub: String::new(),
        steps: String::new(),
        old_pod: Value::Null,
        grants: None,
        no_user: false,
        ..case.clone()
    };
    // What the pod of a template does not have: a hint, ephemeral containers, a status.
    for (parent, key) in
        [("/metadata/annotations", "kubernetes.io/psp"), ("/spec", "ephemeralContainers"), ("", "status")]
    {
        if let Some(parent) = case.pod.pointer_mut(parent).and_then(Value::as_object_mut) {
            parent.remove(key);
        }
    }
    if let Some(spec) = case.pod.get_mut("spec").and_then(Value::as_object_mut) {
        // No volume is foreseen for it.
        spec.insert("automountServiceAccountToken".to_owned(), false.into());
    }
    let pod = ours::natively(&case);
    let found = ours::of_payload(&case, &payload(&case, group, version, kind, path));
    let expected = pod.message.as_deref().map(|message| at_template(message, path));
    if found.message == expected && found.mutated.is_none() {
        return Held::Holds;
    }
    Held::Broken(format!("of a {kind} we say {found:?}, of its pod {pod:?}"))
}

/// The review of a workload.
fn payload(case: &Case, group: &str, version: &str, kind: &str, path: &str) -> String {
    let annotations = case.pod.pointer("/metadata/annotations");
    let template = json!({"metadata": {"annotations": annotations}, "spec": case.pod.get("spec")});
    let mut object = template;
    for key in path.rsplit('.') {
        object = json!({key: object});
    }
    let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    if let Some(object) = object.as_object_mut() {
        object.insert("apiVersion".to_owned(), api_version.into());
        object.insert("kind".to_owned(), kind.into());
        object.insert(
            "metadata".to_owned(),
            json!({"name": "web", "namespace": case.pod.pointer("/metadata/namespace")}),
        );
    }
    let mut request = ours::request(case);
    if let Some(request) = request.as_object_mut() {
        request.insert("kind".to_owned(), json!({"group": group, "version": version, "kind": kind}));
        request.insert("object".to_owned(), object);
    }
    json!({"request": request, "settings": ours::settings(case)}).to_string()
}

/// A message about a pod, at the path of its template.
fn at_template(message: &str, path: &str) -> String {
    let mut found = String::new();
    let mut rest = message;
    while let Some(at) = ["spec.", "metadata.annotations["].iter().filter_map(|root| rest.find(root)).min() {
        let (before, behind) = rest.split_at(at);
        found.push_str(before);
        // Where a path begins, and not within one.
        if before.is_empty() || before.ends_with([' ', '[', '(', '"', '`']) {
            found.push_str(path);
            found.push('.');
        }
        let (root, behind) = behind.split_at(5);
        found.push_str(root);
        rest = behind;
    }
    found.push_str(rest);
    found
}
