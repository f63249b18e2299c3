//! What the API server receives.

use rstest::rstest;
use serde_json::{Value, json};

use crate::common::{YES, answering, guest};
use crate::harness::{Folder, response, review, reviewed};

const NO: &str = r#"{"valid":true,"accepted":false,"message":"no","code":403}"#;
const MUTATES: &str = r#"{"valid":true,"accepted":true,"mutated_object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"api"}},"warnings":["w"],"audit_annotations":{"policy":"a"}}"#;
/// `[{"op":"replace","path":"/metadata/name","value":"api"}]`
const PATCH: &str = "W3sib3AiOiJyZXBsYWNlIiwicGF0aCI6Ii9tZXRhZGF0YS9uYW1lIiwidmFsdWUiOiJhcGkifV0=";

fn patched() -> Value {
    json!({"uid": "1", "allowed": true, "patchType": "JSONPatch", "patch": PATCH,
        "auditAnnotations": {"policy": "a"}, "warnings": ["w"]})
}

#[rstest]
#[case::accepted(YES, json!({}), response(true))]
#[case::rejected(NO, json!({}), json!({"uid": "1", "allowed": false, "status": {"message": "no", "code": 403},
    "auditAnnotations": null, "warnings": null}))]
#[case::rejected_with_a_message_of_the_registration(NO, json!({"message": "ask us"}),
    json!({"uid": "1", "allowed": false, "status": {"message": "ask us",
        "details": {"causes": [{"reason": null, "message": "no", "field": null}]}, "code": 403},
        "auditAnnotations": null, "warnings": null}))]
#[case::accepted_whatever_the_message(YES, json!({"message": "ask us"}), response(true))]
#[case::mutated(MUTATES, json!({"allowedToMutate": true}), patched())]
#[case::must_not_mutate(MUTATES, json!({}), json!({"uid": "1", "allowed": false, "status": {"message":
    "Request rejected by policy p. The policy attempted to mutate the request, but it is currently configured to not allow mutations."},
    "auditAnnotations": {"policy": "a"}, "warnings": ["w"]}))]
#[case::must_not_mutate_with_a_message(MUTATES, json!({"allowedToMutate": false, "message": "ask us"}),
    json!({"uid": "1", "allowed": false, "status": {"message": "ask us", "details": {"causes": [{"reason": null,
        "message": "Request rejected by policy p. The policy attempted to mutate the request, but it is currently configured to not allow mutations.",
        "field": null}]}}, "auditAnnotations": {"policy": "a"}, "warnings": ["w"]}))]
#[case::rejection_is_only_logged(NO, json!({"policyMode": "monitor", "message": "ask us"}), response(true))]
#[case::mutation_is_only_logged(MUTATES, json!({"policyMode": "monitor", "allowedToMutate": true}),
    json!({"uid": "1", "allowed": true, "auditAnnotations": {"policy": "a"}, "warnings": ["w"]}))]
#[tokio::test]
async fn reviews_are_answered(#[case] answer: &str, #[case] registration: Value, #[case] expected: Value) {
    let serving = Folder::with(&[("p", &answering(answer), registration)]).serve().await;

    assert_eq!(serving.validate("p").await, reviewed(expected));
    serving.stop().await;
}

#[rstest]
#[case::rejection(NO, json!({"uid": "1", "allowed": false, "status": {"message": "no", "code": 403},
    "auditAnnotations": null, "warnings": null}))]
#[case::mutation(MUTATES, patched())]
#[tokio::test]
async fn audits_get_the_response_of_the_policy(#[case] answer: &str, #[case] expected: Value) {
    let registration = json!({"policyMode": "monitor", "message": "ask us"});
    let serving = Folder::with(&[("p", &answering(answer), registration)]).serve().await;

    assert_eq!(serving.post("/audit/p", &review()).await, (200, reviewed(expected)));
    serving.stop().await;
}

#[tokio::test]
async fn requests_of_another_form_are_answered_without_a_review() {
    let mutates = answering(r#"{"valid":true,"accepted":true,"mutated_object":{"uid":"7","b":2}}"#);
    let serving = Folder::with(&[("p", &mutates, json!({"allowedToMutate": true}))]).serve().await;

    // `[{"op":"replace","path":"/b","value":2}]`
    let expected = json!({"response": {"uid": "7", "allowed": true, "patchType": "JSONPatch",
        "patch": "W3sib3AiOiJyZXBsYWNlIiwicGF0aCI6Ii9iIiwidmFsdWUiOjJ9XQ==", "auditAnnotations": null, "warnings": null}});
    let answer = serving.post("/validate_raw/p", &json!({"request": {"uid": "7", "b": 1}})).await;
    assert_eq!(answer, (200, expected));
    serving.stop().await;
}

#[tokio::test]
async fn each_request_gets_a_new_instance() {
    let text = r#"{"valid":true,"accepted":false,"message":"/"}"#;
    let body = format!(
        "(i32.store8 (i32.const {place}) (i32.add (i32.load8_u (i32.const {place})) (i32.const 1))) (call $answer)",
        place = text.find('/').unwrap()
    );
    let serving = Folder::with(&[("p", &guest(text, &body), json!({}))]).serve().await;

    for _ in 0..3 {
        assert_eq!(serving.validate("p").await["response"]["status"]["message"], "0");
    }
    serving.stop().await;
}

#[rstest]
#[case::endless(
    "(loop (br 0))",
    "Policy execution interrupted because it exceeded the allowed execution time"
)]
#[case::trap("unreachable", "internal server error: Guest call failure: ")]
#[tokio::test]
async fn failures_of_a_policy_are_rejections(#[case] body: &str, #[case] expected: &str) {
    let body = format!("(if (i32.eq (local.get $length) (i32.const 8)) (then {body})) (call $answer)");
    let module = guest(YES, &body);
    let serving = Folder::with(&[("p", &module, json!({"timeoutEvalSeconds": 1}))]).serve().await;

    let answer = serving.validate("p").await;

    let message = answer["response"]["status"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with(expected), "{message}");
    let expected = json!({"uid": "1", "allowed": false, "status": {"message": message, "code": 500},
        "auditAnnotations": null, "warnings": null});
    assert_eq!(answer, reviewed(expected));
    serving.stop().await;
}

#[tokio::test]
async fn one_namespace_can_be_accepted() {
    let folder = Folder::with(&[("p", &answering(NO), json!({}))]);
    let mut options = folder.options();
    options.accepted_namespace = Some("kubewarden".to_owned());
    let serving = folder.serve_with(options).await;

    let mut inside = review();
    inside["request"]["namespace"] = "kubewarden".into();
    assert_eq!(serving.post("/validate/p", &inside).await, (200, reviewed(response(true))));
    inside["request"]["namespace"] = "team".into();
    assert_eq!(serving.post("/validate/p", &inside).await.1["response"]["allowed"], false);
    serving.stop().await;
}
