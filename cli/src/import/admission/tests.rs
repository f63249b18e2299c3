use std::collections::BTreeMap;
use std::path::Path;

use conformance::case::{Answered, StandardCase, StandardOutcome};
use conformance::standards::{Compared, compared};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::import::testing::{judged, judged_by, registered};
use crate::judge::Verdict;
use crate::policies::Policies;

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
            level("restricted:latest", "restricted:latest", "restricted:latest"),
            level("baseline:v1.29", "restricted:latest", "restricted:latest"),
        ]
    );
    assert_eq!(
        findings.left_alone,
        [
            ("Namespace d".to_owned(), "is exempt in the configuration".to_owned()),
            ("Namespace f".to_owned(), "all modes are privileged, which demands nothing".to_owned()),
        ]
    );
}

/// Without a label of its own `warn` follows a stricter `enforce`, as in `policy.go` of k8s.io/pod-security-admission/api.
#[rstest]
#[case::without_a_configuration(json!({}), json!({"enforce": "baseline"}), "baseline:latest")]
#[case::with_the_version(json!({"warn": "baseline", "warn-version": "v1.20"}), json!({"enforce": "restricted", "enforce-version": "v1.30"}), "restricted:v1.30")]
#[case::with_the_default_version(json!({"enforce-version": "v1.28"}), json!({"enforce": "baseline"}), "baseline:v1.28")]
#[case::but_for_a_version_of_its_own(json!({}), json!({"enforce": "baseline", "enforce-version": "v1.30", "warn-version": "v1.31"}), "baseline:v1.31")]
#[case::not_where_it_has_a_label(json!({}), json!({"enforce": "baseline", "warn": "privileged"}), "privileged:latest")]
#[case::not_where_it_is_stricter(json!({"warn": "restricted"}), json!({"enforce": "baseline"}), "restricted:latest")]
#[case::not_where_only_the_default_enforces(json!({"enforce": "baseline"}), json!({"audit": "restricted"}), "privileged:latest")]
fn warn_follows_enforce(#[case] defaults: Value, #[case] labels: Value, #[case] expected: &str) {
    let labels: Map<String, Value> = labels
        .as_object()
        .unwrap()
        .iter()
        .map(|(label, value)| (format!("{PREFIX}{label}"), value.clone()))
        .collect();
    let objects = [configuration_of(&defaults, &json!({})), namespace("a", &labels.into())];
    let findings = read(&objects, &Surroundings::default());
    let own = findings.pieces.iter().find(|piece| piece.title == "Namespace a").unwrap();
    assert_eq!(own.options["podSecurityStandards"]["warn"], expected);
}

#[rstest]
#[case::level(namespace("a", &json!({"pod-security.kubernetes.io/enforce": "strict"})),
    "Namespace a: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted")]
#[case::version(namespace("a", &json!({"pod-security.kubernetes.io/warn-version": "v1.01"})),
    "Namespace a: metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"v1.01\": must be \"latest\" or \"v1.x\"")]
#[case::default(configuration_of(&json!({"audit-version": "1.30"}), &json!({})),
    "AdmissionConfiguration without a name: plugins[1].configuration.defaults.audit-version: Invalid value: \"1.30\": must be \"latest\" or \"v1.x\"")]
#[case::another_file(Object::of_value(&json!({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration",
    "plugins": [{"name": "PodSecurity", "path": "psa.yaml"}]})),
    "AdmissionConfiguration without a name: the configuration of PodSecurity is in another file: psa.yaml")]
fn refuses(#[case] object: Object, #[case] expected: &str) {
    let findings = read(&[object], &Surroundings::default());
    assert_eq!(findings.refused.iter().map(|error| &*error.reason).collect::<Vec<_>>(), [expected]);
}

/// The place is that of the default, which no label of the namespace has.
#[test]
fn a_namespace_that_takes_over_a_wrong_default_is_refused() {
    let objects = [
        configuration_of(&json!({"audit": "strict"}), &json!({})),
        namespace("a", &json!({"pod-security.kubernetes.io/enforce": "baseline"})),
    ];
    let findings = read(&objects, &Surroundings::default());
    let reason = "plugins[1].configuration.defaults.audit: Invalid value: \"strict\": must be one of privileged, baseline, restricted";
    let expected =
        ["AdmissionConfiguration without a name", "Namespace a"].map(|title| format!("{title}: {reason}"));
    assert_eq!(findings.refused.iter().map(|error| error.reason.clone()).collect::<Vec<_>>(), expected);
    assert!(findings.pieces.is_empty());
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

/// Pods that the original evaluator has judged, in namespaces with the labels of their level and version.
#[test]
fn pods_of_a_labelled_namespace_get_the_verdicts_of_pod_security_admission() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/golden/standards.jsonl.gz");
    let mut registrations: BTreeMap<(String, String), Option<Policies>> = BTreeMap::new();
    let (mut agree, mut differ) = (0, Vec::new());
    for answered in conformance::files::read::<Answered<StandardCase, StandardOutcome>>(&path).unwrap() {
        let answered = answered.unwrap();
        let Answered { case, result } = &answered;
        let labels = json!({"pod-security.kubernetes.io/enforce": case.level,
            "pod-security.kubernetes.io/enforce-version": case.version});
        let policies = registrations.entry((case.level.clone(), case.version.clone())).or_insert_with(|| {
            let findings = read(&[namespace("shop", &labels)], &Surroundings::default());
            // A level that demands nothing is left alone.
            (!findings.pieces.is_empty()).then(|| registered(&findings.pieces))
        });
        let is_allowed = policies
            .as_ref()
            .is_none_or(|policies| judged_by(policies, &case.pod).verdict == Verdict::Allowed);
        if is_allowed == result.allowed {
            agree += 1;
        } else if compared(&answered) != Compared::TwoSources && !has_bare_volume(&case.pod) {
            differ.push(case.name.clone());
        }
    }
    assert_eq!(differ, Vec::<String>::new());
    assert!(agree > 3900, "{agree}");
}

/// The API server makes such a volume an `emptyDir` before it asks, as the command line does.
fn has_bare_volume(pod: &Value) -> bool {
    let volumes = pod.pointer("/spec/volumes").and_then(Value::as_array);
    volumes.into_iter().flatten().any(|volume| volume.as_object().is_some_and(|fields| fields.len() == 1))
}
