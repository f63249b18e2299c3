//! Rules that warn or are audited instead of denying.

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{ask, create, laid_over, listed, pod, problem, psp, secured, update};

fn lenient(rules: Value, fields: Value) -> Value {
    laid_over(psp(fields), &json!({"enforcement": { "rules": rules }}))
}

const ROOT: &str = "spec.containers[0].securityContext.readOnlyRootFilesystem: Invalid value: false: ReadOnlyRootFilesystem must be set to true";

/// The recommended 120 characters of a warning have no room for the value.
const SHORT: &str =
    "spec.containers[0].securityContext.readOnlyRootFilesystem: ReadOnlyRootFilesystem must be set to true";

#[rstest]
#[case::warn("Warn", &[SHORT])]
#[case::audit("Audit", &[])]
fn a_rule_that_does_not_deny(#[case] action: &str, #[case] warned: &[&str]) {
    let settings =
        lenient(json!({"readOnlyRootFilesystem": action}), json!({"readOnlyRootFilesystem": true}));
    let verdict = ask(&settings, &create(secured(json!({"readOnlyRootFilesystem": false}))));
    verdict.passes();
    assert_eq!(verdict.warnings, warned);
    assert_eq!(verdict.audit, json!({"policy": "default", "violations": ROOT}));
}

#[test]
fn defaults_are_filled_in_all_the_same() {
    let settings =
        lenient(json!({"readOnlyRootFilesystem": "Warn"}), json!({"readOnlyRootFilesystem": true}));
    ask(&settings, &create(pod(json!({})))).writes(json!([
        {"op": "add", "path": "/spec/containers/0/securityContext", "value": {"readOnlyRootFilesystem": true}},
    ]));
}

#[test]
fn where_nothing_may_change_a_missing_default_denies_no_more_than_its_rule() {
    let settings =
        lenient(json!({"readOnlyRootFilesystem": "Warn"}), json!({"readOnlyRootFilesystem": true}));
    let missing = "spec.containers[0].securityContext.readOnlyRootFilesystem: Required value: ReadOnlyRootFilesystem must be set to true";
    let validating = laid_over(settings.clone(), &json!({"mutate": false}));
    let changed = pod(json!({"containers": [{"name": "c", "image": "other"}]}));
    for verdict in
        [ask(&validating, &create(pod(json!({})))), ask(&settings, &update(pod(json!({})), changed))]
    {
        verdict.passes();
        assert_eq!(verdict.warnings, [missing]);
    }
}

#[test]
fn the_policy_that_denies_nothing_wins() {
    let strict = json!({"hostPID": false, "readOnlyRootFilesystem": true});
    let mut settings = listed("None", &[("a", strict), ("b", json!({"hostPID": true}))]);
    settings["enforcement"] = json!({"rules": {"hostPID": "Warn"}});
    let verdict = ask(&settings, &create(pod(json!({"hostPID": true, "containers": [{"name": "c"}]}))));
    assert_eq!((verdict.rejection.as_deref(), verdict.winner()), (None, "b"));
    let verdict =
        ask(&settings, &create(laid_over(secured(json!({"readOnlyRootFilesystem": true})), &json!({}))));
    assert_eq!((verdict.rejection.as_deref(), verdict.winner()), (None, "a"));
}

#[test]
fn checks_of_the_standards_have_names_of_their_own() {
    let settings = json!({
        "podSecurityStandards": {"enforce": "baseline", "warn": "privileged"},
        "enforcement": {"default": "Audit", "rules": {"pss/privileged": "Deny", "pss/hostNamespaces": "Warn"}},
    });
    let spec = json!({"hostPID": true, "containers": [{"name": "c", "ports": [{"hostPort": 80}], "securityContext": {"privileged": true}}]});
    let verdict = ask(&settings, &create(pod(spec)));
    verdict.is_rejected(
        r#"violates PodSecurity "baseline:latest": privileged (container "c" must not set securityContext.privileged=true)"#,
    );
    let namespaces = r#"would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)"#;
    let ports = r#"would violate PodSecurity "baseline:latest": hostPort (container "c" uses hostPort 80)"#;
    assert_eq!(verdict.warnings, [namespaces]);
    assert_eq!(
        verdict.audit,
        json!({"enforce-policy": "baseline:latest (v1.37)", "violations": format!("{namespaces}; {ports}")})
    );
}

#[rstest]
#[case::rule(json!({"readOnlyRootFileSystems": "Warn"}),
    "enforcement.rules.readOnlyRootFileSystems: unknown rule; did you mean \"readOnlyRootFilesystem\"?")]
#[case::check(json!({"pss/seccompProfile": "Warn"}),
    "enforcement.rules[pss/seccompProfile]: unknown rule; did you mean \"pss/appArmorProfile\"?")]
#[case::action(json!({"hostPID": "Log"}),
    "enforcement.rules.hostPID: Unsupported value: \"Log\": supported values: \"Deny\", \"Warn\", \"Audit\", \"Ignore\"")]
fn what_is_unknown_is_an_error(#[case] rules: Value, #[case] expected: &str) {
    assert_eq!(problem(&lenient(rules, json!({}))).as_deref(), Some(expected));
}
