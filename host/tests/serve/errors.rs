//! Requests that no policy evaluates, and servers that do not start.

use policy_host::Server;
use rstest::rstest;
use serde_json::{Value, json};

use crate::common::{YES, answering};
use crate::harness::{Folder, review};

async fn serving() -> crate::harness::Serving {
    Folder::with(&[("p", &answering(YES), json!({}))]).serve().await
}

#[rstest]
#[case::unknown("/validate/q", review(), 404, "unknown policy: q")]
#[case::no_request("/validate/p", json!({"kind": "AdmissionReview"}), 422,
    "Failed to deserialize the JSON body into the target type: missing field `request` at line 1 column 26")]
#[case::no_uid("/audit/p", json!({"request": {}}), 422,
    "Failed to deserialize the JSON body into the target type: request: missing field `uid` at line 1 column 13")]
#[tokio::test]
async fn others_are_refused(
    #[case] path: &str,
    #[case] body: Value,
    #[case] status: u16,
    #[case] message: &str,
) {
    let serving = serving().await;

    assert_eq!(serving.post(path, &body).await, (status, json!({"message": message, "status": status})));
    serving.stop().await;
}

#[rstest]
#[case::no_json("application/json", "{".to_owned(), 400)]
#[case::no_type("text/plain", review().to_string(), 415)]
#[case::too_large("application/json", format!("{}{}", " ".repeat(2 * 1024 * 1024), review()), 413)]
#[case::large("application/json", format!("{}{}", " ".repeat(2 * 1024 * 1024 - 1000), review()), 200)]
#[tokio::test]
async fn bodies_are_bounded(#[case] kind: &str, #[case] body: String, #[case] status: u16) {
    let serving = serving().await;

    let url = format!("{}/validate/p", serving.url);
    let answer = serving.client.post(url).header("content-type", kind).body(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), status);
    serving.stop().await;
}

#[tokio::test]
async fn it_is_ready_on_both_ports() {
    let serving = serving().await;

    for url in [&serving.url, &serving.probe_url] {
        assert_eq!(serving.get(&format!("{url}/readiness")).await, (200, String::new()));
    }
    serving.stop().await;
}

#[tokio::test]
async fn bad_settings_end_the_start_and_each_is_named() {
    let refuses = answering(r#"{"valid":false,"message":"privilegd: unknown field"}"#);
    let silent = answering(r#"{"valid":false}"#);
    let folder = Folder::with(&[
        ("a", &refuses, json!({})),
        ("b", &answering(YES), json!({})),
        ("c", &silent, json!({})),
    ]);

    let error = Server::bind(folder.options()).await.unwrap_err().to_string();

    let file = folder.path("policies.yml");
    assert_eq!(
        error,
        format!(
            "{}: policy `a`: Policy settings are invalid: privilegd: unknown field\n\
             policy `c`: Policy settings are invalid: no message",
            file.display()
        )
    );
}

#[tokio::test]
async fn a_cluster_is_needed_unless_it_is_done_without() {
    let folder = Folder::with(&[("p", &answering(YES), json!({}))]);
    let mut options = folder.options();
    options.without_cluster = false;

    let error = Server::bind(options).await.unwrap_err().to_string();

    assert!(error.starts_with("Kubernetes: failed to read kubeconfig from "), "{error}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let first = serving().await;
    let folder = Folder::with(&[("p", &answering(YES), json!({}))]);
    let mut options = folder.options();
    let address = first.url.strip_prefix("http://").unwrap();
    options.address = address.parse().unwrap();

    let error = Server::bind(options).await.unwrap_err().to_string();

    assert!(error.starts_with(&format!("cannot listen on {address}: ")), "{error}");
    first.stop().await;
}
