//! Namespaces and volumes of the cluster.

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{ask, ask_granting, create, laid_over, listed, problem, psp, update};

fn labelled(labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}})
}

fn defended() -> Value {
    json!({
        "podSecurityStandards": {"enforce": "baseline"},
        "namespaceLabels": {"enforce": "baseline:v1.31", "warn": "restricted"},
    })
}

#[test]
fn a_new_namespace_gets_its_labels() {
    let verdict = ask(&defended(), &create(labelled(json!({"team": "a"}))));
    verdict.writes(json!([
        {"op": "add", "path": "/metadata/labels/pod-security.kubernetes.io~1enforce", "value": "baseline"},
        {"op": "add", "path": "/metadata/labels/pod-security.kubernetes.io~1enforce-version", "value": "v1.31"},
        {"op": "add", "path": "/metadata/labels/pod-security.kubernetes.io~1warn", "value": "restricted"},
    ]));
}

#[rstest]
#[case::weaker(json!({"pod-security.kubernetes.io/enforce": "privileged"}),
    "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"privileged\": lacks appArmorProfile, capabilities_baseline, hostNamespaces, hostPathVolumes, hostPorts, privileged, procMount, seLinuxOptions, seccompProfile_baseline, sysctls, windowsHostProcess of \"baseline:v1.31\"; must be \"baseline\" or \"restricted\"")]
#[case::older(json!({"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "v1.9"}),
    "metadata.labels[pod-security.kubernetes.io/enforce-version]: Invalid value: \"v1.9\": lacks seccompProfile_baseline of \"baseline:v1.31\"; must be \"v1.19\" or newer")]
#[case::misspelt(json!({"pod-security.kubernetes.io/warn": "resticted"}),
    "metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: \"resticted\": must be \"restricted\"")]
fn a_namespace_that_falls_short_is_rejected(#[case] labels: Value, #[case] expected: &str) {
    ask(&defended(), &create(labelled(labels.clone()))).is_rejected(expected);
    let strict = json!({"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"});
    let changed = laid_over(strict.clone(), &labels);
    ask(&defended(), &update(labelled(strict), labelled(changed))).is_rejected(expected);
}

/// The API server keeps labels that are sent there: a user without the right to label a namespace could patch its
/// status.
#[rstest]
#[case::status("status")]
#[case::finalize("finalize")]
fn a_namespace_that_is_weakened_through_a_subresource_is_rejected(#[case] sub_resource: &str) {
    let strict = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let sent = |settings: &Value, new: Value| {
        let mut request = update(labelled(strict.clone()), labelled(new));
        request["subResource"] = json!(sub_resource);
        ask(settings, &request)
    };
    sent(&defended(), json!({})).is_rejected(
        "metadata.labels[pod-security.kubernetes.io/enforce]: Required value: must be \"baseline\" or \"restricted\"",
    );
    let verdict = sent(&defended(), json!({"pod-security.kubernetes.io/enforce": "privileged"}));
    assert!(verdict.rejection.unwrap().contains("lacks appArmorProfile"));
    sent(&defended(), strict.clone()).passes();
    sent(&psp(json!({})), json!({})).passes();
}

#[test]
fn a_guarded_label_needs_an_exemption() {
    let settings = json!({
        "namespaceLabels": {"guard": ["resource.kubernetes.io/admin-access"]},
        "exemptions": [{"name": "admins", "match": {"groups": ["system:masters"]}, "rules": ["namespaceLabels/guard"]}],
    });
    assert_eq!(problem(&settings), None);
    let mut request =
        update(labelled(json!({})), labelled(json!({"resource.kubernetes.io/admin-access": "true"})));
    ask(&settings, &request).is_rejected(
        "metadata.labels[resource.kubernetes.io/admin-access]: Forbidden: may be set, changed or removed only under an exemption from `namespaceLabels/guard`",
    );
    request["userInfo"]["groups"] = json!(["system:masters", "system:authenticated"]);
    let verdict = ask(&settings, &request);
    verdict.passes();
    assert_eq!(verdict.audit, json!({"exemptions": "admins"}));
}

#[test]
fn other_updates_of_a_namespace_pass() {
    let weak = json!({"pod-security.kubernetes.io/enforce": "privileged"});
    let verdict =
        ask(&defended(), &update(labelled(weak.clone()), labelled(laid_over(weak, &json!({"team": "b"})))));
    verdict.passes();
}

#[test]
fn a_label_that_is_taken_away_is_missed() {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    ask(&defended(), &update(labelled(labels), labelled(json!({})))).is_rejected(
        "metadata.labels[pod-security.kubernetes.io/enforce]: Required value: must be \"baseline\" or \"restricted\"",
    );
}

fn volume(spec: Value) -> Value {
    let object =
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv"}, "spec": spec});
    laid_over(create(object), &json!({"namespace": null}))
}

fn host_path(path: &str) -> Value {
    volume(json!({"hostPath": {"path": path}}))
}

fn volumes() -> Value {
    laid_over(
        listed(
            "RBAC",
            &[
                ("paths", json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/mnt"}]})),
                ("none", json!({"volumes": ["secret"]})),
            ],
        ),
        &json!({"persistentVolumes": "Deny"}),
    )
}

#[test]
fn s1_a_volume_of_a_path_needs_a_policy_that_its_author_may_use_everywhere() {
    let (verdict, asked) = ask_granting(&[("alice", "paths")], &volumes(), &host_path("/mnt/ssd"));
    verdict.passes();
    assert_eq!(verdict.audit, json!({"policy": "paths"}));
    assert_eq!(asked.last().unwrap(), "alice policy paths");
    let (verdict, _) = ask_granting(&[("alice", "paths")], &volumes(), &host_path("/mnt-evil"));
    verdict.is_rejected(
        "no PodSecurityPolicy admits this volume: \"paths\": spec.hostPath.path: Invalid value: \"/mnt-evil\": is not allowed to be used",
    );
    let (verdict, _) = ask_granting(&[], &volumes(), &host_path("/mnt"));
    verdict.is_rejected(
        "no PodSecurityPolicy admits this volume: none may be used by user \"alice\" in all namespaces",
    );
}

#[test]
fn a_provisioned_volume_is_not_touched() {
    let (verdict, asked) =
        ask_granting(&[], &volumes(), &volume(json!({"csi": {"driver": "d", "volumeHandle": "h"}})));
    verdict.passes();
    assert_eq!(asked, Vec::<String>::new());
}

#[test]
fn volumes_may_only_be_warned_of() {
    let settings = psp(json!({"volumes": ["secret"], "persistentVolumes": "Warn"}));
    let verdict = ask(&settings, &volume(json!({"local": {"path": "/mnt/ssd"}})));
    verdict.passes();
    assert_eq!(
        verdict.warnings,
        [
            "this PersistentVolume would be rejected: spec.local: Invalid value: \"hostPath\": hostPath volumes are not allowed to be used"
        ]
    );
}

#[test]
fn a_volume_that_nobody_judges_passes() {
    assert_eq!(problem(&psp(json!({"persistentVolumes": "Ignore"}))), None);
    ask(&psp(json!({"persistentVolumes": "Ignore"})), &host_path("/")).passes();
}

/// A kind for which the policy is registered is expected to be guarded.
#[rstest]
#[case::namespace(labelled(json!({})), "Namespace", "namespaceLabels")]
#[case::volume(host_path("/")["object"].clone(), "PersistentVolume", "persistentVolumes")]
fn a_kind_without_its_option_is_rejected(#[case] object: Value, #[case] kind: &str, #[case] option: &str) {
    ask(&psp(json!({})), &create(object)).is_rejected(&format!(
        "request.kind: \"{kind}\" is not judged by this policy; judged are: Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job, CronJob, PodTemplate; register it for those, or set `{option}`"
    ));
}
