use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::import::testing::judged;
use crate::judge::Verdict;

fn configuration_of(defaults: &Value, exemptions: &Value) -> Object {
    Object::of_value(&json!({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration",
        "plugins": [{"name": "Other"}, {"name": "PodSecurity", "configuration": {
            "apiVersion": "pod-security.admission.config.k8s.io/v1", "kind": "PodSecurityConfiguration",
            "defaults": defaults, "exemptions": exemptions}}]}))
}

fn namespace(name: &str, labels: &Value) -> Object {
    Object::of_value(
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}),
    )
}

fn options(findings: &Findings) -> Vec<Value> {
    findings.pieces.iter().map(|piece| Value::Object(piece.options.clone())).collect()
}

#[test]
fn defaults_hold_where_no_label_is() {
    let configuration = configuration_of(
        &json!({"enforce": "baseline", "enforce-version": "v1.30", "warn": "restricted"}),
        &json!({"usernames": ["jane"], "namespaces": ["kube-system"], "runtimeClasses": ["kata"]}),
    );
    let findings = read(&[configuration], &Surroundings::default());
    assert_eq!(
        options(&findings),
        [
            json!({"podSecurityStandards": {"enforce": "baseline:v1.30", "warn": "restricted:latest", "audit": "privileged:latest"},
            "exemptions": [{"name": "exempt-users", "reason": "exempt from Pod Security admission",
                "match": {"usernames": ["jane"]}, "rules": ["pss/*"]}]})
        ]
    );
    let reach = &findings.pieces.first().unwrap().reach.namespaces;
    assert_eq!(reach.len(), 7);
    assert_eq!(reach[0], json!({"key": "pod-security.kubernetes.io/enforce", "operator": "DoesNotExist"}));
    assert_eq!(
        reach[6],
        json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]})
    );
    let inexact: Vec<&str> =
        findings.pieces.iter().flat_map(|piece| &piece.inexact).map(|one| &*one.key).collect();
    assert_eq!(inexact, ["exemptions.usernames", "exemptions.runtimeClasses"]);
}

#[test]
fn namespaces_with_the_same_labels_have_one_registration() {
    let restricted = json!({"pod-security.kubernetes.io/enforce": "restricted", "team": "a"});
    let pinned = json!({"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/enforce-version": "v1.29",
        "pod-security.kubernetes.io/warn": "restricted"});
    let objects = [
        configuration_of(&json!({"audit": "restricted"}), &json!({"namespaces": ["d"]})),
        namespace("a", &restricted),
        namespace("b", &restricted),
        namespace("c", &pinned),
        namespace("d", &pinned),
        namespace("e", &json!({"team": "a"})),
        namespace(
            "f",
            &json!({"pod-security.kubernetes.io/enforce": "privileged", "pod-security.kubernetes.io/audit": "privileged"}),
        ),
    ];
    let findings = read(&objects, &Surroundings::default());
    let level = |enforce: &str, warn: &str, audit: &str| json!({"podSecurityStandards": {"enforce": enforce, "warn": warn, "audit": audit}});
    assert_eq!(
        options(&findings),
        [
            level("privileged:latest", "privileged:latest", "restricted:latest"),
            level("restricted:latest", "privileged:latest", "restricted:latest"),
            level("baseline:v1.29", "restricted:latest", "restricted:latest"),
        ]
    );
    assert_eq!(
        findings.left_alone,
        [("Namespace f".to_owned(), "all modes are privileged, which demands nothing".to_owned())]
    );
}

#[rstest]
#[case::level(namespace("a", &json!({"pod-security.kubernetes.io/enforce": "strict"})),
    "Namespace a: enforce is strict latest: must be one of privileged, baseline, restricted")]
#[case::another_file(Object::of_value(&json!({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration",
    "plugins": [{"name": "PodSecurity", "path": "psa.yaml"}]})),
    "AdmissionConfiguration without a name: the configuration of PodSecurity is in another file: psa.yaml")]
fn refuses(#[case] object: Object, #[case] expected: &str) {
    let findings = read(&[object], &Surroundings::default());
    assert_eq!(findings.refused.iter().map(|error| &*error.reason).collect::<Vec<_>>(), [expected]);
}

#[rstest]
#[case::baseline("baseline", json!({"hostPID": true}), Verdict::Rejected)]
#[case::within_baseline("baseline", json!({}), Verdict::Allowed)]
#[case::restricted("restricted", json!({}), Verdict::Rejected)]
fn judges_as_admission_did(#[case] level: &str, #[case] more: Value, #[case] expected: Verdict) {
    let configuration = Object::of_value(&json!({"apiVersion": "pod-security.admission.config.k8s.io/v1",
        "kind": "PodSecurityConfiguration", "defaults": {"enforce": level}}));
    let findings = read(&[configuration], &Surroundings::default());
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    if let (Value::Object(spec), Value::Object(more)) = (&mut pod["spec"], more) {
        spec.extend(more);
    }
    assert_eq!(judged(&findings.pieces, &pod).verdict, expected);
}
