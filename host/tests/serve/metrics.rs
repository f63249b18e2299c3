//! What Prometheus reads.

use serde_json::json;

use crate::common::answering;
use crate::harness::{Folder, review};

#[tokio::test]
async fn evaluations_are_counted_under_kubewardens_names() {
    let no = answering(r#"{"valid":true,"accepted":false,"message":"no","code":403}"#);
    let serving = Folder::with(&[("p", &no, json!({"policyMode": "monitor"}))]).serve().await;
    let mut body = review();
    body["request"]["namespace"] = "team".into();
    body["request"]["requestKind"] = json!({"group": "", "version": "v1", "kind": "Pod"});

    serving.post("/validate/p", &body).await;
    serving.post("/validate/p", &body).await;
    serving.post("/audit/p", &review()).await;
    serving.post("/validate_raw/p", &json!({"request": {"uid": "7"}})).await;

    let (status, text) = serving.get(&format!("{}/metrics", serving.probe_url)).await;
    assert_eq!(status, 200);
    let mut counters: Vec<_> =
        text.lines().filter(|line| line.starts_with("kubewarden_policy_evaluations_total")).collect();
    counters.sort_unstable();
    assert_eq!(
        counters,
        [
            r#"kubewarden_policy_evaluations_total{policy_name="p",policy_mode="monitor",accepted="false",mutated="false",error_code="403"} 1"#,
            r#"kubewarden_policy_evaluations_total{policy_name="p",policy_mode="monitor",resource_kind="",resource_request_operation="CREATE",request_origin="audit",accepted="false",mutated="false",error_code="403"} 1"#,
            r#"kubewarden_policy_evaluations_total{policy_name="p",policy_mode="monitor",resource_kind="Pod",resource_request_operation="CREATE",request_origin="validate",resource_namespace="team",accepted="false",mutated="false",error_code="403"} 2"#,
        ]
    );
    let latency = r#"kubewarden_policy_evaluation_latency_milliseconds_count{policy_name="p",policy_mode="monitor",accepted="false",mutated="false",error_code="403"} 1"#;
    assert!(text.lines().any(|line| line == latency), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    serving.stop().await;
}
