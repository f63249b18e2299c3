use rstest::rstest;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::settings::Settings;
use crate::testing::review;

fn settings(labels: Value) -> Value {
    json!({"podSecurityStandards": {"enforce": "baseline"}, "namespaceLabels": labels})
}

fn namespace(labels: Value) -> Value {
    let prefixed =
        |(key, value): (&String, &Value)| (format!("pod-security.kubernetes.io/{key}"), value.clone());
    let labels: serde_json::Map<_, _> = labels.as_object().unwrap().iter().map(prefixed).collect();
    json!({"metadata": {"name": "shop", "labels": labels}})
}

fn request(operation: &str, object: Value) -> Value {
    json!({"operation": operation, "kind": {"group": "", "kind": "Namespace"}, "name": "shop", "object": object})
}

fn created(settings: &Value, labels: Value) -> Answer {
    review(settings, &request("CREATE", namespace(labels)))
}

fn updated(settings: &Value, old: Value, new: Value) -> Answer {
    let mut request = request("UPDATE", namespace(new));
    request["oldObject"] = namespace(old);
    review(settings, &request)
}

#[rstest]
#[case::of_a_level(json!({"enforce": "restricted"}), json!({}), json!({"enforce": "restricted"}))]
#[case::of_a_version(json!({"enforce": "restricted:v1.31"}), json!({}), json!({"enforce": "restricted", "enforce-version": "v1.31"}))]
#[case::of_all_modes(json!({"enforce": "baseline", "warn": "restricted:latest", "audit": "restricted"}), json!({}),
    json!({"enforce": "baseline", "warn": "restricted", "warn-version": "latest", "audit": "restricted"}))]
#[case::that_are_missing(json!({"enforce": "baseline", "warn": "restricted"}), json!({"warn": "restricted"}),
    json!({"warn": "restricted", "enforce": "baseline"}))]
#[case::beside_a_newer_version(json!({"enforce": "restricted:v1.31"}), json!({"enforce-version": "v1.32"}),
    json!({"enforce-version": "v1.32", "enforce": "restricted"}))]
fn a_new_namespace_gets_labels(#[case] stated: Value, #[case] labels: Value, #[case] expected: Value) {
    let answer = created(&settings(stated), labels);
    let object: Value = serde_json::from_str(&answer.mutated_object.unwrap()).unwrap();
    assert_eq!((answer.rejection, object), (None, namespace(expected)));
}

#[test]
fn what_else_a_namespace_has_stays() {
    let object =
        json!({"metadata": {"name": "shop"}, "spec": {"finalizers": ["kubernetes"]}, "status": null});
    let answer = review(&settings(json!({"enforce": "baseline"})), &request("CREATE", object));
    let mutated: Value = serde_json::from_str(&answer.mutated_object.unwrap()).unwrap();
    let labels = json!({"pod-security.kubernetes.io/enforce": "baseline"});
    let expected = json!({"metadata": {"name": "shop", "labels": labels}, "spec": {"finalizers": ["kubernetes"]}, "status": null});
    assert_eq!(mutated, expected);
    let paths: Vec<String> = answer.edits.iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["metadata.labels[pod-security.kubernetes.io/enforce]"]);
}

#[rstest]
#[case::as_stated(json!({"enforce": "baseline", "enforce-version": "v1.31"}))]
#[case::stricter_and_newer(json!({"enforce": "restricted", "enforce-version": "v1.32"}))]
#[case::latest(json!({"enforce": "baseline", "enforce-version": "latest"}))]
#[case::no_version_is_the_newest(json!({"enforce": "baseline"}))]
#[case::other_labels(json!({"enforce": "baseline", "enforced": "privileged"}))]
fn a_new_namespace_that_is_strict_enough_passes(#[case] labels: Value) {
    let answer = created(&settings(json!({"enforce": "baseline:v1.31"})), labels);
    assert_eq!((answer.rejection, answer.mutated_object), (None, None));
}

const WEAK: &str = "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"privileged\": must be \"baseline\" or \"restricted\"";
const OLD: &str = "metadata.labels[pod-security.kubernetes.io/enforce-version]: Invalid value: \"v1.30\": must be \"v1.31\" or newer";

#[rstest]
#[case::weaker(json!({"enforce": "privileged"}), WEAK)]
#[case::older(json!({"enforce": "restricted", "enforce-version": "v1.30"}), OLD)]
#[case::older_alone(json!({"enforce-version": "v1.30"}), OLD)]
#[case::both(json!({"enforce": "privileged", "enforce-version": "v1.30"}), &[WEAK, OLD].join("; "))]
#[case::misspelt(json!({"enforce": "Restricted"}),
    "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"Restricted\": must be \"baseline\" or \"restricted\"")]
#[case::no_version(json!({"enforce": "baseline", "enforce-version": "1.32"}),
    "metadata.labels[pod-security.kubernetes.io/enforce-version]: Invalid value: \"1.32\": must be \"v1.31\" or newer")]
#[case::empty(json!({"enforce": ""}),
    "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"\": must be \"baseline\" or \"restricted\"")]
fn a_new_namespace_that_is_too_weak_is_rejected(#[case] labels: Value, #[case] expected: &str) {
    let answer = created(&settings(json!({"enforce": "baseline:v1.31"})), labels);
    assert_eq!((answer.rejection.as_deref(), answer.mutated_object), (Some(expected), None));
}

#[test]
fn where_nothing_is_written_a_missing_label_is_told() {
    let mut settings = settings(json!({"enforce": "restricted"}));
    settings["mutate"] = json!(false);
    assert_eq!(
        created(&settings, json!({})).rejection.unwrap(),
        "metadata.labels[pod-security.kubernetes.io/enforce]: Required value: must be \"restricted\""
    );
}

const GONE: &str = "metadata.labels[pod-security.kubernetes.io/enforce]: Required value: must be \"baseline\" or \"restricted\"";

#[rstest]
#[case::weak_as_before(json!({"enforce": "privileged", "enforce-version": "v1.30"}), json!({"enforce": "privileged", "enforce-version": "v1.30"}), None)]
#[case::none_as_before(json!({}), json!({"audit": "privileged"}), None)]
#[case::to_a_weaker_level(json!({"enforce": "restricted"}), json!({"enforce": "privileged"}), Some(WEAK))]
#[case::to_no_level(json!({"enforce": "restricted"}), json!({}), Some(GONE))]
#[case::to_what_is_stated(json!({"enforce": "restricted"}), json!({"enforce": "baseline"}), None)]
#[case::to_an_older_version(json!({"enforce": "baseline"}), json!({"enforce": "baseline", "enforce-version": "v1.30"}), Some(OLD))]
#[case::to_a_newer_version(json!({"enforce": "baseline", "enforce-version": "v1.29"}), json!({"enforce": "baseline", "enforce-version": "v1.31"}), None)]
#[case::to_no_version(json!({"enforce": "baseline", "enforce-version": "v1.31"}), json!({"enforce": "baseline"}), None)]
fn an_update(#[case] old: Value, #[case] new: Value, #[case] expected: Option<&str>) {
    let answer = updated(&settings(json!({"enforce": "baseline:v1.31"})), old, new);
    assert_eq!((answer.rejection.as_deref(), answer.mutated_object), (expected, None));
}

#[test]
fn an_update_without_the_old_object_is_judged_as_a_whole() {
    let answer = review(
        &settings(json!({"enforce": "baseline"})),
        &request("UPDATE", namespace(json!({"enforce": "privileged"}))),
    );
    assert_eq!(answer.rejection.as_deref(), Some(WEAK));
}

#[test]
fn a_label_that_stands_twice_is_a_fault() {
    let object = r#"{"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce": "privileged"}}}"#;
    let request = request("CREATE", json!("@")).to_string().replace("\"@\"", object);
    let settings = settings(json!({"enforce": "baseline"}));
    let payload = format!(r#"{{"request": {request}, "settings": {settings}}}"#);
    assert_eq!(
        crate::admission::review(&payload, &crate::testing::NoCluster).rejection.unwrap(),
        "the object cannot be read: metadata.labels[pod-security.kubernetes.io/enforce]: stands twice in the same object"
    );
}

#[rstest]
#[case::level(json!({"enforce": "strict"}),
    "namespaceLabels.enforce: Invalid value: \"strict\": must be one of privileged, baseline, restricted")]
#[case::mode(json!({"enforced": "baseline"}), "namespaceLabels.enforced: unknown field; did you mean \"enforce\"?")]
fn refuses(#[case] labels: Value, #[case] expected: &str) {
    assert_eq!(Settings::parse(&settings(labels).to_string()).unwrap_err().to_string(), expected);
}

#[test]
fn without_the_option_namespaces_are_not_judged() {
    let settings = json!({"podSecurityStandards": {"enforce": "baseline"}});
    let answer = created(&settings, json!({}));
    assert_eq!(
        answer.rejection.unwrap(),
        "request.kind: \"Namespace\" is not judged by this policy; judged are: Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job, CronJob, PodTemplate; register it for those, or name further kinds in `podTemplates`"
    );
}
