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
#[case::unknown_key(open(json!({"privilegd": true})), "at '': additional properties 'privilegd' not allowed")]
#[case::wrong_type(open(json!({"privileged": "true"})), "at '/privileged': got string, want boolean")]
#[case::in_a_policy(json!({"policies": [{"metadata": {"name": "a"}, "spec": {}}]}), "at '/policies/0/spec': missing properties 'fsGroup', 'supplementalGroups', 'runAsUser', 'seLinux'")]
#[case::strategy_missing(json!({"privileged": false}), "at '': missing properties 'fsGroup', 'supplementalGroups', 'runAsUser', 'seLinux'")]
#[case::no_ranges(open(json!({"runAsGroup": {"rule": "MustRunAs"}})), "at '/runAsGroup': missing property 'ranges'")]
#[case::a_number_that_helm_cannot_read(
    open(json!({"runAsGroup": {"rule": "MustRunAs", "ranges": [{"min": 1, "max": i64::MAX}]}})),
    "at '/runAsGroup/ranges/0/max': maximum: got 9.223372036854776×10¹⁸, want 9.007199254740992×10¹⁵"
)]
#[case::no_authorization(json!({"policies": listed(&["a", "b"])}), "at '': missing property 'authorization'")]
#[case::mode(json!({"mode": "enforce"}), "at '/mode': value must be one of 'monitor', 'protect'")]
#[case::failure_policy(json!({"failurePolicy": "fail"}), "at '/failurePolicy': value must be one of '', 'Ignore', 'Fail'")]
#[case::distribution(json!({"exemptNamespaces": ["@k3s"]}), "at '/exemptNamespaces/0': '@k3s' does not match pattern '^(@(kubeadm|rke2|rancher|eks|gke|aks)|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$'")]
#[case::grant(json!({"grants": [{"groups": ["a"]}]}), "at '/grants/0': missing property 'policy'")]
#[case::replicas(json!({"policyServer": {"replicas": "three"}}), "at '/policyServer/replicas': got string, want integer")]
#[case::digest(json!({"module": {"digest": "latest"}}), "at '/module/digest': 'latest' does not match pattern '^(sha256:[0-9a-f]{64})?$'")]
#[case::option(json!({"enforcement": {"rules": {"privileged": "warn"}}}), "at '/enforcement/rules/privileged': value must be one of 'Deny', 'Warn', 'Audit', 'Ignore'")]
fn by_the_schema(#[case] values: Value, #[case] expected: &str) {
    assert_eq!(objections(&values).join("\n"), expected);
}

#[test]
fn an_unknown_volume_is_refused_with_those_that_are_known() {
    let found = objections(&open(json!({"volumes": ["configMap", "confgMap"]}))).join("\n");
    assert!(
        found.starts_with("at '/volumes/1': value must be one of '*', 'awsElasticBlockStore', "),
        "{found}"
    );
}

#[rstest]
#[case::a_list_and_fields(
    open(json!({"policies": listed(&["a"])})),
    "policies: stands next to the fields of a spec, such as runAsUser: give a list of policies, or the fields of one"
)]
#[case::unknown_policy(
    json!({"grants": [{"policy": "privilegd"}]}),
    "grants[0].policy: there is no policy \"privilegd\"; there are: privileged, restricted"
)]
#[case::grants_without_rbac(open(json!({"grants": [{"policy": "default"}]})), "grants[0]: has no effect: set authorization: RBAC")]
#[case::two_budgets(
    json!({"policyServer": {"create": true, "minAvailable": 1}}),
    "policyServer: minAvailable and maxUnavailable exclude each other; set one to the empty string"
)]
#[case::nothing(json!({"defaultPolicies": false}), "nothing to install: give policies, podSecurityStandards or namespaceLabels")]
fn by_the_templates(#[case] values: Value, #[case] expected: &str) {
    let error = rendered(&values).unwrap_err();
    assert!(error.lines().any(|line| line == expected), "{error}");
}
