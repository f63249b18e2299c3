//! The Pod Security Standards, with policies and alone.

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{
    annotated, ask, create, debug, laid_over, pod, problem, psp, secured, update, with_ephemeral,
};

fn standards(modes: Value) -> Value {
    json!({ "podSecurityStandards": modes })
}

fn restricted() -> Value {
    standards(json!({"enforce": "restricted"}))
}

/// The violations of a container `c` without a security context.
const BARE: &str = r#"allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#;

fn compliant() -> Value {
    json!({"allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"}})
}

#[test]
fn one_word_is_enough() {
    assert_eq!(problem(&restricted()), None);
    ask(&restricted(), &create(pod(json!({}))))
        .is_rejected(&format!("violates PodSecurity \"restricted:latest\": {BARE}"));
    let verdict = ask(&restricted(), &create(secured(compliant())));
    verdict.passes();
    assert_eq!(verdict.audit, json!({"enforce-policy": "restricted:latest (v1.37)"}));
}

#[rstest]
#[case::version(
    "restricted:v1.0",
    r#"runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)"#
)]
#[case::a_version_to_come("restricted:v1.99", BARE)]
fn a_version_counts_and_is_reported(#[case] standard: &str, #[case] details: &str) {
    ask(&standards(json!({ "enforce": standard })), &create(pod(json!({}))))
        .is_rejected(&format!("violates PodSecurity \"{standard}\": {details}"));
}

#[test]
fn warn_and_audit_are_reported_and_deny_nothing() {
    let modes = json!({"enforce": "baseline", "warn": "restricted", "audit": "restricted:v1.0"});
    let verdict = ask(&standards(modes), &create(pod(json!({}))));
    verdict.passes();
    assert_eq!(verdict.warnings, [format!("would violate PodSecurity \"restricted:latest\": {BARE}")]);
    let audited = r#"would violate PodSecurity "restricted:v1.0": runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)"#;
    assert_eq!(
        verdict.audit,
        json!({"enforce-policy": "baseline:latest (v1.37)", "audit-violations": audited})
    );
}

/// A policy with the defaults that the restricted level requires.
fn filling() -> Value {
    psp(json!({
        "runAsUser": {"rule": "MustRunAsNonRoot"},
        "allowPrivilegeEscalation": false,
        "requiredDropCapabilities": ["ALL"],
        "annotations": {
            "seccomp.security.alpha.kubernetes.io/allowedProfileNames": "runtime/default",
            "seccomp.security.alpha.kubernetes.io/defaultProfileName": "runtime/default",
        },
        "podSecurityStandards": {"enforce": "restricted"},
    }))
}

#[test]
fn the_pod_is_judged_as_the_policy_leaves_it() {
    let verdict = ask(&filling(), &create(pod(json!({}))));
    let written =
        json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true});
    verdict.writes(json!([
        {"op": "add", "path": "/spec/containers/0/securityContext", "value": written},
        {"op": "add", "path": "/spec/securityContext", "value": {"seccompProfile": {"type": "RuntimeDefault"}}},
    ]));
    assert_eq!((verdict.winner(), &verdict.warnings), ("default", &vec![]));
}

#[test]
fn what_the_policy_allows_the_standard_can_refuse() {
    let verdict =
        ask(&filling(), &create(pod(json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}))));
    verdict.is_rejected(
        r#"violates PodSecurity "restricted:latest": restricted volume types (volume "v" uses restricted volume type "hostPath")"#,
    );
    assert_eq!(verdict.audit, json!({"policy": "default", "enforce-policy": "restricted:latest (v1.37)"}));
}

#[test]
fn what_the_standard_allows_the_policy_can_refuse() {
    let settings = laid_over(filling(), &json!({"podSecurityStandards": {"enforce": "baseline"}}));
    ask(&settings, &create(secured(json!({"runAsUser": 0})))).is_rejected(
        "spec.containers[0].securityContext.runAsUser: Invalid value: 0: running with the root UID is forbidden",
    );
}

fn deployment(template: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": template}})
}

#[test]
fn a_workload_is_never_denied_and_its_author_is_warned() {
    let ports = json!([{"containerPort": 80}, {"containerPort": 443, "hostPort": 8443}]);
    let spec = json!({"hostNetwork": true, "containers": [{"name": "c", "ports": ports}]});
    let verdict = ask(&standards(json!({"enforce": "baseline"})), &create(deployment(pod(spec))));
    verdict.passes();
    // On the host network the API server gives a port to the pod, not to the template.
    let expected = r#"would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true), hostPort (container "c" uses hostPort 8443)"#;
    assert_eq!((verdict.warnings, verdict.audit), (vec![expected.to_owned()], json!({})));
}

#[test]
fn a_workload_is_warned_of_whenever_it_is_updated() {
    let old = deployment(pod(json!({"hostPID": true})));
    let new = laid_over(old.clone(), &json!({"metadata": {"name": "d", "labels": {"a": "b"}}}));
    let settings = standards(json!({"warn": "baseline"}));
    let verdict = ask(&settings, &update(old, new));
    verdict.passes();
    let expected = r#"would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)"#;
    assert_eq!(verdict.warnings, [expected]);
}

#[test]
fn an_update_of_a_pod_counts_if_it_is_significant() {
    let old = pod(json!({"hostPID": true}));
    let labelled = laid_over(old.clone(), &json!({"metadata": {"name": "p", "labels": {"a": "b"}}}));
    ask(&restricted(), &update(old.clone(), labelled)).passes();
    let unconfined = json!({"container.apparmor.security.beta.kubernetes.io/c": "unconfined"});
    ask(&restricted(), &update(old.clone(), annotated(old.clone(), unconfined))).passes();
    let image = pod(json!({"hostPID": true, "containers": [{"name": "c", "image": "other"}]}));
    ask(&restricted(), &update(old, image)).is_rejected(&format!(
        "violates PodSecurity \"restricted:latest\": host namespaces (hostPID=true), {BARE}"
    ));
}

#[test]
fn ephemeral_containers_are_judged_with_their_pod() {
    let old = secured(compliant());
    let new = with_ephemeral(old.clone(), json!([{"name": "shell", "image": "i"}]));
    ask(&restricted(), &debug(old.clone(), new)).is_rejected(
        r#"violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "shell" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "shell" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "shell" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "shell" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#,
    );
    let own = json!([{"name": "shell", "image": "i", "securityContext": compliant()}]);
    ask(&restricted(), &debug(old.clone(), with_ephemeral(old, own))).passes();
}

#[test]
fn policies_that_contradict_the_standard_are_refused() {
    let annotations = json!({"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "unconfined"});
    let settings = laid_over(filling(), &json!({ "annotations": annotations }));
    assert_eq!(
        problem(&settings).unwrap(),
        r#"annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]: Forbidden: no pod could satisfy this and the enforced standard "restricted:latest": seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")"#
    );
}
