//! Selection among policies, and the messages about them.

use std::sync::Arc;

use policy_host::{LogLevel, Probe, Recorder, Unanswered};
use serde_json::{Value, json};

use crate::harness::{self, annotated, ask, create, laid_over, listed, pod, psp, secured, update};

fn user(id: i64) -> Value {
    json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": id, "max": id}]}})
}

#[test]
fn the_first_by_name_that_accepts_unchanged_wins() {
    let settings = listed("None", &[("c", json!({})), ("b", json!({})), ("a", user(5))]);
    let verdict = ask(&settings, &create(pod(json!({}))));
    verdict
        .writes(json!([{"op": "add", "path": "/metadata/annotations", "value": {"kubernetes.io/psp": "b"}}]));
    assert_eq!(verdict.audit, json!({"policy": "b", "mutated": "metadata.annotations[kubernetes.io/psp]"}));
}

#[test]
fn else_the_first_by_name_that_accepts_after_mutation() {
    let verdict = ask(&listed("None", &[("c", user(7)), ("b", user(6))]), &create(pod(json!({}))));
    verdict.writes(json!([
        {"op": "add", "path": "/metadata/annotations", "value": {"kubernetes.io/psp": "b"}},
        {"op": "add", "path": "/spec/containers/0/securityContext", "value": {"runAsUser": 6}}]));
    assert_eq!(
        verdict.audit["mutated"],
        "spec.containers[0].securityContext.runAsUser, metadata.annotations[kubernetes.io/psp]"
    );
}

#[test]
fn the_mark_stands_beside_other_annotations_and_is_written_once() {
    let settings = listed("None", &[("a", json!({}))]);
    let pod = |annotations: Value| create(annotated(pod(json!({})), annotations));
    ask(&settings, &pod(json!({"x": "y"})))
        .writes(json!([{"op": "add", "path": "/metadata/annotations/kubernetes.io~1psp", "value": "a"}]));
    ask(&settings, &pod(json!({"kubernetes.io/psp": "a"}))).passes();
    let checking = laid_over(settings, &json!({"mutate": false}));
    ask(&checking, &pod(json!({}))).passes();
}

#[test]
fn a_rejection_names_each_policy_with_its_own_reasons() {
    let settings = listed("None", &[("b", user(6)), ("a", json!({"allowPrivilegeEscalation": false}))]);
    ask(&settings, &create(secured(json!({"runAsUser": 5, "allowPrivilegeEscalation": true, "privileged": true})))).is_rejected(
        "no PodSecurityPolicy admits this pod: \
         \"a\": spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed; \
         spec.containers[0].securityContext.allowPrivilegeEscalation: Invalid value: true: Allowing privilege escalation for containers is not allowed; \
         \"b\": spec.containers[0].securityContext.runAsUser: Invalid value: 5: must be in the ranges: [{6 6}]; \
         spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed");
}

#[test]
fn an_update_that_no_policy_accepts_unchanged_is_reported_what_each_would_change() {
    let mut new = pod(json!({}));
    new["spec"]["containers"][0]["image"] = json!("other");
    ask(&listed("None", &[("a", user(6)), ("b", user(7))]), &update(pod(json!({})), new)).is_rejected(
        "no PodSecurityPolicy admits this pod: \
         \"a\": would have to be changed: spec.containers[0].securityContext.runAsUser = 6; \
         \"b\": would have to be changed: spec.containers[0].securityContext.runAsUser = 7",
    );
}

#[test]
fn where_nothing_is_written_a_creation_is_reported_the_same() {
    let settings = laid_over(psp(user(6)), &json!({"mutate": false}));
    ask(&settings, &create(pod(json!({}))))
        .is_rejected("would be filled in: spec.containers[0].securityContext.runAsUser = 6");
    ask(&settings, &create(secured(json!({"runAsUser": 6})))).passes();
}

#[test]
fn a_long_list_of_reasons_ends_in_a_number() {
    let containers: Vec<_> =
        (0..40).map(|n| json!({"name": format!("c{n}"), "securityContext": {"privileged": true}})).collect();
    let message = ask(&psp(json!({})), &create(pod(json!({"containers": containers})))).rejection.unwrap();
    assert_eq!(message.matches("Privileged containers are not allowed").count(), 32);
    assert!(message.ends_with("; and 8 more"), "{message}");
}

#[test]
fn a_long_list_of_changes_ends_in_a_number() {
    let containers: Vec<_> = (0..40).map(|n| json!({"name": format!("c{n}")})).collect();
    let verdict =
        ask(&psp(json!({"readOnlyRootFilesystem": true})), &create(pod(json!({"containers": containers}))));
    let mutated = verdict.audit["mutated"].as_str().unwrap();
    assert_eq!(
        (mutated.matches("readOnlyRootFilesystem").count(), mutated.ends_with(", and 8 more")),
        (32, true),
        "{mutated}"
    );
    assert_eq!(verdict.patch.as_array().unwrap().len(), 40);
}

/// A failure to evaluate concerns the operators of the policy, so it is logged; a verdict is not.
#[test]
fn what_could_not_be_judged_is_logged_once() {
    let logged = |settings: &Value, request: &Value| {
        let host = Arc::new(Recorder::new(Unanswered));
        harness::ask_with(settings, request, Arc::clone(&host) as _);
        host.lines()
    };
    let mut request = create(pod(json!({"hostNetwork": true})));
    request["name"] = json!("we\"b");
    assert_eq!(logged(&psp(json!({})), &request), []);
    let lines = logged(&json!({"privilegd": true}), &request);
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((line.level, line.message.as_str()), (LogLevel::Warning, "rejected without a verdict"));
    let reason = line.data["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("the policy's settings are not valid: privilegd: unknown field; "),
        "{reason}"
    );
    assert_eq!(
        [&line.data["policy"], &line.data["operation"], &line.data["kind"], &line.data["name"]],
        ["pod-security-policy", "CREATE", "Pod", "we\"b"]
    );
    assert_eq!(line.data["namespace"], request["namespace"]);
}

/// A host that accepts no log line must not cause a trap: this one returns an error for every call.
#[test]
fn a_request_is_answered_even_if_its_log_line_is_lost() {
    let payload = json!({"request": create(pod(json!({}))), "settings": {"privilegd": true}}).to_string();
    let mut module = Probe::new(&std::fs::read(harness::path()).unwrap()).unwrap();
    let answer: Value = serde_json::from_slice(&module.validate(payload.as_bytes()).unwrap()).unwrap();
    assert_eq!((&answer["accepted"], &answer["code"]), (&json!(false), &json!(403)));
    let reported =
        "the policy's settings are not valid: privilegd: unknown field; did you mean \"privileged\"?; ";
    assert!(answer["message"].as_str().unwrap().starts_with(reported), "{answer}");
}
