//! The patterns of two policies that `docs/continued.md` describes.
#![allow(clippy::needless_pass_by_value, clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::path::Path;

use pod_security_policy::admission::{Cluster, Question, Response, review};
use rstest::rstest;
use serde_json::{Value, json};

struct NoCluster;

impl Cluster for NoCluster {
    fn may_use(&self, _: &Question<'_>) -> Result<bool, String> {
        Err("not asked".to_owned())
    }
}

fn submitted(example: &str, mutate: bool, spec: &Value) -> Response {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
    let mut settings: Value = serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    settings["mutate"] = mutate.into();
    let object = json!({"metadata": {"name": "p"}, "spec": spec});
    let request = json!({"operation": "CREATE", "kind": {"group": "", "kind": "Pod"}, "namespace": "n", "object": object});
    review(&json!({"request": request, "settings": settings}).to_string(), &NoCluster)
}

fn spec(fields: Value, context: Value) -> Value {
    let mut spec = json!({"containers": [{"name": "c", "securityContext": context}]});
    spec.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    spec
}

fn tight(user: i64) -> Value {
    json!({"runAsNonRoot": true, "runAsUser": user, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}})
}

#[rstest]
#[case::non_root_stays(spec(json!({}), tight(1000)), Some("a-non-root"), None)]
#[case::root_moves(spec(json!({}), json!({"runAsUser": 0})), Some("b-root-in-a-user-namespace"), Some(json!(false)))]
#[case::root_in_a_user_namespace(spec(json!({"hostUsers": false}), json!({"runAsUser": 0})), Some("b-root-in-a-user-namespace"), Some(json!(false)))]
#[case::root_on_the_node(spec(json!({"hostUsers": true}), json!({"runAsUser": 0})), None, None)]
fn root_runs_in_a_user_namespace(
    #[case] spec: Value,
    #[case] policy: Option<&str>,
    #[case] host_users: Option<Value>,
) {
    let response = submitted("user-namespaces.yaml", true, &spec);
    assert_eq!(response.policy.as_deref(), policy, "{response:?}");
    let pod: Value =
        response.mutated_object.as_deref().map_or(Value::Null, |pod| serde_json::from_str(pod).unwrap());
    assert_eq!(pod["spec"].get("hostUsers"), host_users.as_ref());
}

/// An API server without the feature drops the field: the judging half sees the pod as it was stored.
#[test]
fn the_judging_half_rejects_root_without_it() {
    let response = submitted("user-namespaces.yaml", false, &spec(json!({}), json!({"runAsUser": 0})));
    let rejection = response.rejection.unwrap();
    assert!(
        rejection.ends_with("\"b-root-in-a-user-namespace\": spec.hostUsers: Required value: must be false; would have to be changed: spec.hostUsers = false")
            || rejection.ends_with("\"b-root-in-a-user-namespace\": would be filled in: spec.hostUsers = false"),
        "{rejection}"
    );
}

#[rstest]
#[case::restricted(spec(json!({}), tight(1000)), Some("a-restricted"), None)]
#[case::restricted_in_a_sandbox(spec(json!({"runtimeClassName": "kata"}), tight(1000)), Some("a-restricted"), Some(json!("kata")))]
#[case::privileged_moves(spec(json!({}), json!({"privileged": true})), Some("b-privileged-in-a-sandbox"), Some(json!("kata")))]
#[case::privileged_elsewhere(spec(json!({"runtimeClassName": "runc"}), json!({"privileged": true})), None, None)]
fn privileged_containers_run_in_a_sandbox(
    #[case] spec: Value,
    #[case] policy: Option<&str>,
    #[case] class: Option<Value>,
) {
    let response = submitted("sandboxes.yaml", true, &spec);
    assert_eq!(response.policy.as_deref(), policy, "{response:?}");
    let pod: Value =
        response.mutated_object.as_deref().map_or(Value::Null, |pod| serde_json::from_str(pod).unwrap());
    assert_eq!(pod["spec"].get("runtimeClassName"), class.as_ref());
}
