//! Tables of what each check finds.

use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// A registration without findings.
fn half(mutating: bool) -> Value {
    let mut settings = json!({"volumes": ["configMap", "projected"], "runAsUser": {"rule": "MustRunAsNonRoot"},
        "seLinux": {"rule": "RunAsAny"}, "supplementalGroups": {"rule": "RunAsAny"}, "fsGroup": {"rule": "RunAsAny"}});
    if !mutating {
        settings["mutate"] = false.into();
    }
    let name = if mutating { "psp-mutating" } else { "psp-validating" };
    json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy", "metadata": {"name": name}, "spec": {
        "module": "registry://r.example/pod-security-policy:v1", "mutating": mutating, "mode": "protect",
        "backgroundAudit": !mutating, "settings": settings, "rules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]},
            {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods/ephemeralcontainers"], "operations": ["UPDATE"]}]}})
}

fn with(mutating: bool, pointer: &str, value: Value) -> Value {
    let mut registration = half(mutating);
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = registration.pointer_mut(parent).unwrap();
    match key.parse::<usize>() {
        Ok(index) => parent[index] = value,
        Err(_) => parent[key] = value,
    }
    registration
}

fn found(objects: &[Value]) -> Vec<String> {
    let objects: Vec<Object> = objects.iter().map(Object::of_value).collect();
    let linted = lint(&objects, &Modules::default());
    linted.findings.iter().map(|found| format!("{} {} {found}", found.level.name(), found.rule)).collect()
}

#[test]
fn a_pair_without_faults_has_no_findings() {
    assert_eq!(found(&[half(true), half(false)]), Vec::<String>::new());
}

#[rstest]
#[case::refused(with(true, "/spec/settings/privilegd", json!(true)),
    "error settings spec.settings.privilegd: unknown field; did you mean \"privileged\"?")]
#[case::match_labels(with(true, "/spec/namespaceSelector", json!({"matchLabels": {"a": "b"}})),
    "error registration spec.namespaceSelector.matchLabels: is ignored by Kubewarden's controller, so that all namespaces match; write matchExpressions, on kubernetes.io/metadata.name for example")]
#[case::unknown_kind(with(true, "/spec/rules/0/resources", json!(["pods", "services"])),
    "error registration spec.rules[0].resources[1]: `services` are all rejected: the policy does not judge them; `podTemplates` lists further kinds with pods")]
#[case::wrong_group(with(true, "/spec/rules/0/resources", json!(["pods", "deployments"])),
    "error registration spec.rules[0].resources[1]: `deployments` matches nothing: its API group is apps")]
#[case::no_option(with(true, "/spec/rules/0/resources", json!(["pods", "namespaces"])),
    "error registration spec.rules[0].resources[1]: `namespaces` are all rejected: the settings have no `namespaceLabels`")]
#[case::no_rule(with(true, "/spec/settings/persistentVolumes", json!("Deny")),
    "warning registration spec.settings.persistentVolumes: has no effect: no rule sends persistentvolumes")]
#[case::writes_nothing(with(true, "/spec/settings/mutate", json!(false)),
    "warning registration spec.settings.mutate: writes nothing, and the registration is a mutating one: leave it out, or set spec.mutating: false")]
#[case::audit(with(true, "/spec/backgroundAudit", json!(true)),
    "warning registration spec.backgroundAudit: is not false, and an audit by a mutating registration counts pods that would be changed as compliant")]
fn a_mutating_registration(#[case] registration: Value, #[case] expected: &str) {
    let all = found(&[registration]);
    let own: Vec<_> = all.iter().filter(|found| !found.contains(" pair ")).collect();
    assert_eq!(own, [expected]);
}

#[rstest]
#[case::does_not_judge(with(false, "/spec/settings/mutate", json!(true)),
    "warning registration spec.settings: lacks mutate: false, which a registration with mutating: false needs: a pod with a missing default is rejected without its name")]
#[case::no_debugging(with(false, "/spec/rules/1/resources", json!(["pods"])),
    "warning registration spec.rules: lacks pods/ephemeralcontainers, so that `kubectl debug` adds containers that no policy judges: a rule of its own, with UPDATE only")]
#[case::shared_rule(with(false, "/spec/rules/1/operations", json!(["CREATE", "UPDATE"])),
    "warning registration spec.rules[1].resources[0]: shares its rule, so that the audit scanner drops the policy: a rule of its own, with UPDATE only")]
#[case::templates(with(false, "/spec/settings/podTemplates", json!([{"apiGroup": "argoproj.io", "kind": "Rollout", "path": "spec.template"}])),
    "warning registration spec.settings.podTemplates[0]: has no effect: no rule sends objects of `argoproj.io`")]
#[case::unwise(with(false, "/spec/settings/runAsUser", json!({"rule": "MayRunAs", "ranges": [{"min": 1, "max": 9}]})),
    "note advice spec.settings.runAsUser.rule: `MayRunAs` lets an image run as root: it judges only users that pods name; MustRunAsNonRoot if images have users of their own")]
fn a_judging_registration(#[case] registration: Value, #[case] expected: &str) {
    assert_eq!(found(&[registration]), [expected]);
}

#[rstest]
#[case::settings(with(false, "/spec/settings/volumes", json!(["configMap"])), &[
    "error pair spec.settings.volumes: differs from ClusterAdmissionPolicy psp-mutating, where it is [\"configMap\",\"projected\"]"])]
#[case::a_field_more(with(false, "/spec/settings/hostPID", json!(true)), &[
    "error pair spec.settings.hostPID: differs from ClusterAdmissionPolicy psp-mutating, where it is unset"])]
#[case::module(with(false, "/spec/module", json!("registry://r.example/pod-security-policy:v1@sha256:00")), &[
    "error pair spec.module: differs from ClusterAdmissionPolicy psp-mutating, where it is \"registry://r.example/pod-security-policy:v1\""])]
#[case::namespaces(with(false, "/spec/namespaceSelector", json!({"matchExpressions": []})), &[
    "error pair spec.namespaceSelector: differs from ClusterAdmissionPolicy psp-mutating, where it is unset"])]
#[case::mode_alone(with(false, "/spec/mode", json!("monitor")), &[])]
fn halves_are_held_against_each_other(#[case] judging: Value, #[case] expected: &[&str]) {
    assert_eq!(found(&[half(true), judging]), expected);
}

#[test]
fn the_half_that_fills_in_is_switched_on_first() {
    let found = found(&[with(true, "/spec/mode", json!("monitor")), half(false)]);
    assert_eq!(
        found,
        [
            "error pair spec.mode: is protect while ClusterAdmissionPolicy psp-mutating is in monitor mode and fills in nothing, so that pods that need defaults are rejected: switch that one first"
        ]
    );
}

#[rstest]
#[case::alone(
    half(true),
    "warning pair spec.mutating: fills in and judges alone: webhooks that run later can undo it, and neither updates of pods nor workloads are judged; register the same settings with mutating: false and mutate: false"
)]
#[case::with_what_is_dropped(with(true, "/spec/settings/userNamespaceLevel", json!("RequirePodLevel")),
    "error pair spec.settings.userNamespaceLevel: needs a second registration with mutating: false: an API server without the field drops what this one fills in")]
fn a_mutating_half_needs_the_other(#[case] registration: Value, #[case] expected: &str) {
    assert_eq!(found(&[registration]), [expected]);
}

#[test]
fn policies_are_loaded_as_one_list() {
    let policy = |spec: Value| json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": "p"}, "spec": spec});
    let strategies = json!({"volumes": ["projected"], "runAsUser": {"rule": "MustRunAs"}, "seLinux": {"rule": "RunAsAny"},
        "supplementalGroups": {"rule": "RunAsAny"}, "fsGroup": {"rule": "RunAsAny"}});
    assert_eq!(
        found(&[policy(strategies)]),
        ["error settings spec.runAsUser.ranges: Required value: must provide at least one range"]
    );
}

#[test]
fn others_are_skipped() {
    let other = json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": "drop"}, "spec": {"module": "registry://r.example/drop:v1"}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}});
    let objects = [other, pod].map(|value| Object::of_value(&value));
    let linted = lint(&objects, &Modules::default());
    assert_eq!(
        linted.skipped,
        [
            "ClusterAdmissionPolicy drop (registry://r.example/drop:v1) is skipped: it registers no policy of this module; --module names the module if it has another name",
            "Pod web is skipped: it holds no policy",
        ]
    );
    assert!(linted.summary.is_empty());
}
