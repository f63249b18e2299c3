//! `can_i`: asked of an API server by `SubjectAccessReview`s.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::common::{YES, guest};
use crate::harness::{ApiServer, Folder, Serving, response, reviewed};

/// Asks once for each `validate`, and accepts whatever the answer is.
fn asks() -> Vec<u8> {
    guest(YES, "(if (i32.eq (local.get $length) (i32.const 8)) (then (drop (call $ask)))) (call $answer)")
}

/// Passes the answer on, as if it were its own response; settings are valid.
fn passes_on() -> Vec<u8> {
    guest(YES, "(if (i32.eq (local.get $length) (i32.const 8)) (then (return (call $ask)))) (call $answer)")
}

fn may_ask() -> Value {
    json!({"hostCapabilities": ["kubernetes/can_i"]})
}

async fn serving(module: &[u8], keys: Value, cache: Duration, api_server: &ApiServer) -> Serving {
    let folder = Folder::with(&[("p", module, keys.clone()), ("q", module, keys)]);
    let mut options = folder.options();
    options.kubeconfig = Some(folder.kubeconfig(api_server.address));
    options.access_review_cache = cache;
    folder.serve_with(options).await
}

fn allowed(_: &Value) -> Value {
    json!({"allowed": true})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_question_reaches_the_api_server_whole_and_once() {
    let api_server = ApiServer::answering(allowed).await;
    let serving = serving(&asks(), may_ask(), Duration::from_secs(3600), &api_server).await;

    for policy in ["p", "p", "q"] {
        assert_eq!(serving.validate(policy).await, reviewed(response(true)));
    }

    let expected = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "metadata": {},
        "spec": {"resourceAttributes": {"group": "policy", "name": "restricted", "namespace": "team",
            "resource": "podsecuritypolicies", "verb": "use"}, "user": "alice"}});
    assert_eq!(api_server.reviews(), [expected]);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cache_each_question_is_sent() {
    let api_server = ApiServer::answering(allowed).await;
    let serving = serving(&asks(), may_ask(), Duration::ZERO, &api_server).await;

    for _ in 0..3 {
        serving.validate("p").await;
    }

    assert_eq!(api_server.reviews().len(), 3);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_questions_at_the_same_time_are_sent_once() {
    let permits = Arc::new(Semaphore::new(0));
    let api_server = ApiServer::waiting(Arc::clone(&permits), allowed).await;
    let serving = serving(&asks(), may_ask(), Duration::from_secs(3600), &api_server).await;

    permits.add_permits(1);
    let (one, other) = tokio::join!(serving.validate("p"), serving.validate("q"));

    assert_eq!([one, other], [reviewed(response(true)), reviewed(response(true))]);
    assert_eq!(api_server.reviews().len(), 1);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_gets_the_status() {
    let status =
        |_: &Value| json!({"allowed": false, "denied": true, "reason": "RBAC", "evaluationError": "broken"});
    let api_server = ApiServer::answering(status).await;
    let serving = serving(&passes_on(), may_ask(), Duration::ZERO, &api_server).await;

    // It is not a response of a policy, which says so.
    let message = serving.validate("p").await["response"]["status"]["message"].clone();

    let expected = r#"{"allowed":false,"denied":true,"evaluationError":"broken","reason":"RBAC"}"#;
    let end = expected.len();
    assert_eq!(
        message,
        format!(
            "internal server error: invalid response from policy: missing field `accepted` at line 1 column {end}"
        )
    );
    serving.stop().await;
}

/// The policy's error is the host's, word for word.
async fn error(keys: Value, api_server: &ApiServer) -> String {
    let serving = serving(&passes_on(), keys, Duration::from_secs(3600), api_server).await;
    let answer = serving.validate("p").await;
    serving.stop().await;
    answer["response"]["status"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_capability_nothing_is_asked() {
    let api_server = ApiServer::answering(allowed).await;

    let error = error(json!({}), &api_server).await;

    assert_eq!(
        error,
        "internal server error: Guest call failure: Policy has not been granted access to the 'kubernetes/can_i' host \
         capability. The violation has been reported."
    );
    assert_eq!(api_server.reviews(), [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cluster_the_policy_hears_of_it() {
    let serving = Folder::with(&[("p", &passes_on(), may_ask())]).serve().await;

    assert_eq!(
        serving.validate("p").await["response"]["status"]["message"],
        "internal server error: Guest call failure: Callback evaluation failure: kube::Client was not initialized properly"
    );
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_api_server_are_not_kept() {
    let api_server = ApiServer::answering(|_: &Value| Value::Null).await;
    let serving = serving(&passes_on(), may_ask(), Duration::from_secs(3600), &api_server).await;

    for _ in 0..2 {
        assert_eq!(
            serving.validate("p").await["response"]["status"]["message"],
            "internal server error: Guest call failure: Callback evaluation failure: SubjectAccessReview did not return \
             a response"
        );
    }
    assert_eq!(api_server.reviews().len(), 2);
    serving.stop().await;
}
