//! Wrong values are refused, and the message says where.

use rstest::rstest;
use serde_json::{Value, json};

use crate::helm::rendered;

/// One policy that requires nothing.
fn open(more: Value) -> Value {
    let mut values = json!({
        "runAsUser": {"rule": "RunAsAny"}, "seLinux": {"rule": "RunAsAny"},
        "supplementalGroups": {"rule": "RunAsAny"}, "fsGroup": {"rule": "RunAsAny"},
    });
    values.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    values
}

fn listed(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"metadata": {"name": name}, "spec": open(json!({}))})).collect()
}

/// The schema's objections, without Helm's head.
fn objections(values: &Value) -> Vec<String> {
    let error = rendered(values).unwrap_err();
    error.lines().filter_map(|line| line.strip_prefix("- ")).map(str::to_owned).collect()
}

#[rstest]
#[ignore = "needs Helm: make chart-test"]
#[case::unknown_key(open(json!({"privilegd": true})), "x")]
#[case::wrong_type(open(json!({"privileged": "true"})), "x")]
#[case::in_a_policy(json!({"policies": [{"metadata": {"name": "a"}, "spec": {}}]}), "x")]
#[case::unknown_volume(open(json!({"volumes": ["configMap", "confgMap"]})), "x")]
#[case::strategy_missing(json!({"privileged": false}), "x")]
#[case::no_ranges(open(json!({"runAsGroup": {"rule": "MustRunAs"}})), "x")]
#[case::no_authorization(json!({"policies": listed(&["a", "b"])}), "x")]
#[case::mode(json!({"mode": "enforce"}), "x")]
#[case::failure_policy(json!({"failurePolicy": "fail"}), "x")]
#[case::distribution(json!({"exemptNamespaces": ["@k3s"]}), "x")]
#[case::grant(json!({"grants": [{"groups": ["a"]}]}), "x")]
#[case::replicas(json!({"policyServer": {"replicas": "three"}}), "x")]
#[case::digest(json!({"module": {"digest": "latest"}}), "x")]
#[case::option(json!({"enforcement": {"rules": {"privileged": "warn"}}}), "x")]
fn by_the_schema(#[case] values: Value, #[case] expected: &str) {
    assert_eq!(objections(&values).join("\n"), expected);
}

#[rstest]
#[ignore = "needs Helm: make chart-test"]
#[case::a_list_and_fields(
    open(json!({"policies": listed(&["a"])})),
    "policies: stands next to the fields of a spec, such as runAsUser: give a list of policies, or the fields of one"
)]
#[case::unknown_policy(
    json!({"grants": [{"policy": "privilegd"}]}),
    "grants[0].policy: there is no policy \"privilegd\"; there are: privileged, restricted"
)]
#[case::grants_without_rbac(open(json!({"grants": [{"policy": "default"}]})), "grants[0]: nobody asks for it: set authorization: RBAC")]
#[case::two_budgets(
    json!({"policyServer": {"create": true, "minAvailable": 1}}),
    "policyServer: minAvailable and maxUnavailable exclude each other; set one to the empty string"
)]
#[case::nothing(json!({"defaultPolicies": false}), "nothing to install: give policies, podSecurityStandards or namespaceLabels")]
fn by_the_templates(#[case] values: Value, #[case] expected: &str) {
    let error = rendered(&values).unwrap_err();
    assert!(error.lines().any(|line| line == expected), "{error}");
}
