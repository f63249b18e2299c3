//! Each message explained in docs/troubleshooting.md is a real message of the policy, or of the server.

use std::path::Path;
use std::sync::Arc;

use policy_host::{AdmissionRequest, Settings, Unanswered, read_text};
use serde_json::{Value, json};

use crate::harness::{
    MODULE, ask, ask_granting, ask_with, asleep, create, laid_over, listed, pod, problem, psp, secured,
};

/// A message for each heading, in the order of the document.
fn reported() -> Vec<String> {
    let rejected = |settings: Value, object: Value| ask(&settings, &create(object)).rejection.unwrap();
    let granted = |granted, object: Value| {
        let settings = listed("RBAC", &[("a", json!({})), ("b", json!({}))]);
        ask_granting(granted, &settings, &create(object)).0.rejection.unwrap()
    };
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w"},
        "spec": {"template": {"spec": {"hostPID": true, "containers": []}}}});
    vec![
        rejected(
            laid_over(psp(json!({"readOnlyRootFilesystem": true})), &json!({"mutate": false})),
            pod(json!({})),
        ),
        // An update fills nothing in.
        ask(
            &psp(json!({"readOnlyRootFilesystem": true})),
            &update(pod(json!({})), pod(json!({"hostname": "old"}))),
        )
        .rejection
        .unwrap(),
        granted(&[], pod(json!({}))),
        granted(&[("alice", "a")], pod(json!({"hostPID": true}))),
        ask_with(
            &listed("RBAC", &[("a", json!({})), ("b", json!({}))]),
            &create(pod(json!({}))),
            Arc::new(asleep),
        )
        .rejection
        .unwrap(),
        // A workload passes with a warning: its pods come later.
        ask_granting(
            &[],
            &listed("RBAC", &[("a", json!({})), ("b", json!({}))]),
            &create(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w"},
                "spec": {"template": {"spec": {"containers": []}}}})),
        )
        .0
        .warnings
        .concat(),
        rejected(
            psp(json!({})),
            json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}),
        ),
        rejected(psp(json!({})), pod(json!({"containers": "none"}))),
        rejected(
            psp(json!({"privileged": true, "allowPrivilegeEscalation": false})),
            secured(json!({"privileged": true})),
        ),
        rejected(
            psp(json!({"fsGroup": {"rule": "MustRunAs", "ranges": [{"min": 100_000, "max": 200_000}]}})),
            pod(json!({"hostUsers": false})),
        ),
        rejected(
            psp(json!({})),
            pod(json!({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}})),
        ),
        not_allowed_to_mutate(),
        rejected(psp(json!({})), deployment),
        problem(&json!({})).unwrap(),
        problem(&psp(json!({"privilegd": true}))).unwrap(),
        problem(&laid_over(
            listed("RBAC", &[("a", json!({})), ("b", json!({}))]),
            &json!({"authorization": null}),
        ))
        .unwrap(),
    ]
}

fn update(object: Value, old: Value) -> Value {
    let mut request = create(object);
    request["operation"] = "UPDATE".into();
    request["oldObject"] = old;
    request
}

/// The server's message for a non-mutating registration without `mutate: false`.
fn not_allowed_to_mutate() -> String {
    let request = AdmissionRequest::from_value(create(pod(json!({})))).unwrap();
    let settings = Settings::try_from(psp(json!({"readOnlyRootFilesystem": true}))).unwrap();
    let response = MODULE.instance(Arc::new(Unanswered)).unwrap().review(&request, &settings).unwrap();
    response.without_mutation("pod-security-policy-validating").message().to_owned()
}

fn headings() -> Vec<String> {
    let page = read_text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/troubleshooting.md")).unwrap();
    let headings = page.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
    headings.map(str::to_owned).collect()
}

/// Whether a message reads like a heading, in which `…` stands for anything.
fn reads_like(message: &str, heading: &str) -> bool {
    let mut rest = message;
    let mut open = false;
    for part in heading.split('…') {
        let Some(at) = rest.find(part) else { return false };
        if at > 0 && !open {
            return false;
        }
        rest = &rest[at + part.len()..];
        open = true;
    }
    rest.is_empty() || heading.ends_with('…')
}

#[test]
fn every_message_that_is_explained_is_given() {
    let (headings, reported) = (headings(), reported());
    assert_eq!(headings.len(), reported.len());
    for (heading, message) in headings.iter().zip(&reported) {
        assert!(reads_like(message, heading), "`{heading}` is not how this reads: {message}");
    }
}

#[test]
fn a_heading_is_a_pattern() {
    assert!(reads_like("a: b c", "a: …"));
    assert!(reads_like("a: b c", "… c"));
    assert!(reads_like("a: b c", "a: … c"));
    assert!(!reads_like("a: b c", "b …"));
    assert!(!reads_like("a: b c", "a: b"));
}
