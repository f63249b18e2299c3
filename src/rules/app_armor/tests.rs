use rstest::rstest;
use serde_json::{Value, json};

use super::{ALLOWED, DEFAULT};
use crate::testing::Outcome::{self, Admitted, Mutated, Objected, Rejected};
use crate::testing::{judge, judge_pod, judge_within, problems};

/// A policy with an allow list and a default; `null` is an annotation that is absent.
fn profiles(allowed: Value, default: Value) -> Value {
    json!({"annotations": {ALLOWED: allowed, DEFAULT: default}})
}

fn context(profile: Value) -> Value {
    json!({"securityContext": {"appArmorProfile": profile}})
}

fn runtime_default() -> Value {
    json!({"type": "RuntimeDefault"})
}

#[rstest]
#[case::nothing_said(json!(null), json!({"type": "Unconfined"}), Admitted)]
#[case::listed(json!("unconfined,runtime/default"), runtime_default(), Admitted)]
#[case::listed_file(json!("localhost/a"), json!({"type": "Localhost", "localhostProfile": "a"}), Admitted)]
#[case::not_listed(json!("runtime/default,localhost/a"), json!({"type": "Localhost", "localhostProfile": "b"}),
    Rejected("securityContext.appArmorProfile: Forbidden: localhost/b is not an allowed profile. Allowed values: \"runtime/default,localhost/a\""))]
#[case::none_set(json!("runtime/default"), json!(null),
    Rejected("securityContext.appArmorProfile: Forbidden: AppArmor profile must be set. Allowed values: \"runtime/default\""))]
#[case::the_wildcard_is_no_wildcard(json!("runtime/default"), json!({"type": "Unconfined"}),
    Rejected("securityContext.appArmorProfile: Forbidden: unconfined is not an allowed profile. Allowed values: \"runtime/default\""))]
#[case::an_empty_list_refuses_all(json!(""), runtime_default(),
    Rejected("securityContext.appArmorProfile: Forbidden: runtime/default is not an allowed profile. Allowed values: \"\""))]
#[case::an_empty_list_refuses_none_too(json!(""), json!(null),
    Rejected("securityContext.appArmorProfile: Forbidden: AppArmor profile must be set. Allowed values: \"\""))]
#[case::no_profile(json!("runtime/default"), json!({"type": "Localhost"}),
    Rejected("securityContext.appArmorProfile: Forbidden: is not an AppArmor profile: type must be RuntimeDefault, Unconfined, or Localhost with a localhostProfile"))]
fn judges_fields(#[case] allowed: Value, #[case] profile: Value, #[case] expected: Outcome) {
    judge(profiles(allowed, json!(null)), context(profile), expected);
}

#[rstest]
#[case::allowed("runtime/default", json!(null), Admitted)]
#[case::not_allowed("unconfined", json!(null),
    Rejected("metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden: unconfined is not an allowed profile. Allowed values: \"runtime/default\""))]
#[case::not_a_profile("default", json!(null),
    Rejected("metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden: default is not an allowed profile. Allowed values: \"runtime/default\""))]
#[case::empty_is_none("", json!(null),
    Rejected("securityContext.appArmorProfile: Forbidden: AppArmor profile must be set. Allowed values: \"runtime/default\""))]
#[case::the_field_wins("unconfined", runtime_default(), Admitted)]
#[case::the_field_wins_when_it_is_worse("runtime/default", json!({"type": "Unconfined"}),
    Rejected("securityContext.appArmorProfile: Forbidden: unconfined is not an allowed profile. Allowed values: \"runtime/default\""))]
fn judges_annotations(#[case] annotation: &str, #[case] profile: Value, #[case] expected: Outcome) {
    let pod = json!({"metadata": {"annotations": {
        "container.apparmor.security.beta.kubernetes.io/c": annotation,
        "container.apparmor.security.beta.kubernetes.io/nobody": "unconfined",
    }}});
    judge_within(pod, profiles(json!("runtime/default"), json!(null)), context(profile), expected);
}

#[rstest]
#[case::allowed(runtime_default(), json!(null), Admitted)]
#[case::not_allowed(json!({"type": "Unconfined"}), json!(null), Objected(&[
    "spec.securityContext.appArmorProfile: Forbidden: unconfined is not an allowed profile. Allowed values: \"runtime/default\"",
    "securityContext.appArmorProfile: Forbidden: unconfined is not an allowed profile. Allowed values: \"runtime/default\" (inherited from the pod)",
]))]
#[case::not_allowed_even_if_every_container_has_its_own(json!({"type": "Unconfined"}), runtime_default(), Objected(&[
    "spec.securityContext.appArmorProfile: Forbidden: unconfined is not an allowed profile. Allowed values: \"runtime/default\"",
]))]
#[case::no_help_for_a_container_of_its_own(runtime_default(), json!({"type": "Unconfined"}), Objected(&[
    "securityContext.appArmorProfile: Forbidden: unconfined is not an allowed profile. Allowed values: \"runtime/default\"",
]))]
fn judges_the_pod(#[case] of_pod: Value, #[case] own: Value, #[case] expected: Outcome) {
    let pod = json!({"spec": {"securityContext": {"appArmorProfile": of_pod}}});
    judge_within(pod, profiles(json!("runtime/default"), json!(null)), context(own), expected);
}

#[rstest]
#[case::the_runtimes("runtime/default", runtime_default())]
#[case::none("unconfined", json!({"type": "Unconfined"}))]
#[case::a_file("localhost/a/b", json!({"type": "Localhost", "localhostProfile": "a/b"}))]
fn writes_the_default_into_containers(#[case] name: &str, #[case] profile: Value) {
    let mutated = Mutated(json!({"appArmorProfile": profile}));
    judge(profiles(json!(name), json!(name)), json!({}), mutated.clone());
    judge(profiles(json!(null), json!(name)), json!({"securityContext": {}}), mutated);
}

#[rstest]
#[case::of_the_container(json!({}), json!({"type": "Unconfined"}))]
#[case::of_its_annotation(json!({"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}}}), json!(null))]
#[case::of_the_pod(json!({"spec": {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}}), json!(null))]
#[case::of_windows(json!({"spec": {"os": {"name": "windows"}}}), json!(null))]
fn the_default_overrides_no_profile(#[case] pod: Value, #[case] own: Value) {
    judge_within(pod, profiles(json!(null), json!("runtime/default")), context(own), Admitted);
}

#[test]
fn windows_pods_need_none() {
    let windows = json!({"spec": {"os": {"name": "windows"}}});
    judge_pod(profiles(json!("runtime/default"), json!(null)), windows, Admitted);
}

#[rstest]
#[case::unknown_default(json!(null), json!("docker/default"), DEFAULT,
    "Invalid value: \"docker/default\": invalid AppArmor profile name: \"docker/default\"")]
#[case::default_without_a_name(json!(null), json!("localhost/"), DEFAULT,
    "Invalid value: \"localhost/\": invalid AppArmor profile name: \"localhost/\"")]
#[case::unknown_entry(json!("unconfined,,*"), json!(null), ALLOWED,
    "Invalid value: \"unconfined,,*\": invalid AppArmor profile name: \"*\"")]
fn refuses_settings(
    #[case] allowed: Value,
    #[case] default: Value,
    #[case] key: &str,
    #[case] expected: &str,
) {
    assert_eq!(problems(&profiles(allowed, default)), format!("annotations[{key}]: {expected}"));
}
