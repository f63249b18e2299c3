use rstest::rstest;
use serde_json::{Value, json};

use super::{ALLOWED, DEFAULT};
use crate::testing::Outcome::{self, Admitted, Mutated, Objected, Rejected};
use crate::testing::{judge, judge_pod, judge_within, policy, problems, review, review_added};

/// A policy with an allow list and a default; `null` is an annotation that is absent.
fn profiles(allowed: Value, default: Value) -> Value {
    json!({"annotations": {ALLOWED: allowed, DEFAULT: default}})
}

fn runtime_default() -> Value {
    json!({"type": "RuntimeDefault"})
}

fn localhost(path: &str) -> Value {
    json!({"type": "Localhost", "localhostProfile": path})
}

const NO_PROFILE: &str =
    "is not a seccomp profile: type must be RuntimeDefault, Unconfined, or Localhost with a localhostProfile";

/// A profile of the pod counts for the pod and for each container that has none.
#[rstest]
#[case::nothing_said_and_none_set(json!(null), json!(null), Admitted)]
#[case::nothing_said_and_the_runtimes(json!(null), runtime_default(), Admitted)]
#[case::nothing_said_and_unconfined(json!(null), json!({"type": "Unconfined"}), Objected(&[
    "spec.securityContext.seccompProfile: Forbidden: seccomp may not be set to unconfined, only to runtime/default",
    "securityContext.seccompProfile: Forbidden: seccomp may not be set to unconfined, only to runtime/default (inherited from the pod)",
]))]
#[case::nothing_said_and_a_file(json!(null), localhost("a.json"), Objected(&[
    "spec.securityContext.seccompProfile: Forbidden: seccomp may not be set to localhost/a.json, only to runtime/default",
    "securityContext.seccompProfile: Forbidden: seccomp may not be set to localhost/a.json, only to runtime/default (inherited from the pod)",
]))]
#[case::any(json!("*"), localhost("a.json"), Admitted)]
#[case::any_and_none_set(json!("*"), json!(null), Admitted)]
#[case::any_among_others(json!("unconfined,*"), localhost("a.json"), Admitted)]
#[case::listed(json!("runtime/default,unconfined"), json!({"type": "Unconfined"}), Admitted)]
#[case::listed_by_its_old_name(json!("docker/default"), runtime_default(), Admitted)]
#[case::listed_file(json!("localhost/a/b.json"), localhost("a/b.json"), Admitted)]
#[case::listed_and_none_set(json!("runtime/default"), json!(null), Objected(&[
    "spec.securityContext.seccompProfile: Required value: no profile is set, which is not an allowed seccomp profile. Valid values are runtime/default",
    "securityContext.seccompProfile: Required value: no profile is set, which is not an allowed seccomp profile. Valid values are runtime/default",
]))]
#[case::not_listed(json!("runtime/default,localhost/a"), localhost("b"), Objected(&[
    "spec.securityContext.seccompProfile: Forbidden: localhost/b is not an allowed seccomp profile. Valid values are runtime/default,localhost/a",
    "securityContext.seccompProfile: Forbidden: localhost/b is not an allowed seccomp profile. Valid values are runtime/default,localhost/a (inherited from the pod)",
]))]
#[case::the_end_of_a_listed_path_is_another_path(json!("localhost/profiles/audit.json"), localhost("audit.json"), Objected(&[
    "spec.securityContext.seccompProfile: Forbidden: localhost/audit.json is not an allowed seccomp profile. Valid values are localhost/profiles/audit.json",
    "securityContext.seccompProfile: Forbidden: localhost/audit.json is not an allowed seccomp profile. Valid values are localhost/profiles/audit.json (inherited from the pod)",
]))]
#[case::an_empty_list_allows_none_to_be_set(json!(""), json!(null), Admitted)]
#[case::an_empty_list_refuses_each(json!(""), runtime_default(), Objected(&[
    "spec.securityContext.seccompProfile: Forbidden: runtime/default is not an allowed seccomp profile. Valid values are ",
    "securityContext.seccompProfile: Forbidden: runtime/default is not an allowed seccomp profile. Valid values are  (inherited from the pod)",
]))]
fn judges(#[case] allowed: Value, #[case] profile: Value, #[case] expected: Outcome) {
    judge_pod(
        profiles(allowed, json!(null)),
        json!({"spec": {"securityContext": {"seccompProfile": profile}}}),
        expected,
    );
}

/// A profile that the API server would refuse is refused here already, whatever is allowed.
#[rstest]
#[case::file_without_a_path(json!({"type": "Localhost"}))]
#[case::file_with_an_empty_path(localhost(""))]
#[case::path_beside_another_type(json!({"type": "RuntimeDefault", "localhostProfile": "a"}))]
#[case::no_type(json!({}))]
#[case::unknown_type(json!({"type": "runtime/default"}))]
fn refuses_what_is_no_profile(#[case] profile: Value) {
    let container = json!({"securityContext": {"seccompProfile": profile}});
    let pod = json!({"spec": {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}});
    let objection: &'static str = format!("securityContext.seccompProfile: Forbidden: {NO_PROFILE}").leak();
    judge_within(pod.clone(), profiles(json!(null), json!(null)), container.clone(), Rejected(objection));
    judge_within(pod, profiles(json!("runtime/default"), json!(null)), container, Rejected(objection));
}

/// A policy that allows any profile and sets no default has no such rule.
#[test]
fn where_any_is_allowed_no_profile_is_judged() {
    let container = json!({"securityContext": {"seccompProfile": {"type": "Localhost"}}});
    judge(profiles(json!("*"), json!(null)), container, Admitted);
}

#[rstest]
#[case::of_its_own(json!("runtime/default"), runtime_default(), localhost("b"),
    Rejected("securityContext.seccompProfile: Forbidden: localhost/b is not an allowed seccomp profile. Valid values are runtime/default"))]
#[case::of_its_own_is_allowed(json!("runtime/default,localhost/b"), runtime_default(), localhost("b"), Admitted)]
#[case::of_its_own_in_a_pod_without_one(json!("runtime/default"), json!(null), runtime_default(), Admitted)]
#[case::of_its_own_in_a_pod_with_another(json!("localhost/b"), json!({"type": "Unconfined"}), localhost("b"), Admitted)]
#[case::of_its_own_where_any_is_allowed(json!("*"), json!({"type": "Unconfined"}), localhost("b"), Admitted)]
#[case::of_its_own_that_is_not_listed(json!("localhost/c"), localhost("c"), localhost("b"),
    Rejected("securityContext.seccompProfile: Forbidden: localhost/b is not an allowed seccomp profile. Valid values are localhost/c"))]
#[case::of_its_own_where_none_is_listed(json!(null), json!({"type": "Unconfined"}), runtime_default(),
    Rejected("spec.securityContext.seccompProfile: Forbidden: seccomp may not be set to unconfined, only to runtime/default"))]
#[case::unconfined_in_a_confined_pod(json!(null), runtime_default(), json!({"type": "Unconfined"}),
    Rejected("securityContext.seccompProfile: Forbidden: seccomp may not be set to unconfined, only to runtime/default"))]
fn judges_a_container_with_a_profile(
    #[case] allowed: Value,
    #[case] of_pod: Value,
    #[case] own: Value,
    #[case] expected: Outcome,
) {
    let pod = json!({"spec": {"securityContext": {"seccompProfile": of_pod}}});
    let container = json!({"securityContext": {"seccompProfile": own}});
    judge_within(pod, profiles(allowed, json!(null)), container, expected);
}

#[rstest]
#[case::the_runtimes("runtime/default", runtime_default())]
#[case::the_runtimes_by_its_old_name("docker/default", runtime_default())]
#[case::none("unconfined", json!({"type": "Unconfined"}))]
#[case::a_file("localhost/a/b.json", localhost("a/b.json"))]
fn writes_the_default_into_the_pod(#[case] name: &str, #[case] profile: Value) {
    let mutated = json!({"securityContext": {"seccompProfile": profile}});
    judge_pod(profiles(json!(name), json!(name)), json!({}), Mutated(mutated.clone()));
    judge_pod(profiles(json!("*"), json!(name)), json!({"spec": {"securityContext": {}}}), Mutated(mutated));
}

#[test]
fn the_default_overrides_nothing() {
    let pod = json!({"spec": {"securityContext": {"seccompProfile": {"type": "Unconfined"}}}});
    judge_pod(profiles(json!("*"), json!("runtime/default")), pod, Admitted);
}

fn container(name: &str, profile: Value) -> Value {
    json!({"name": name, "securityContext": {"seccompProfile": profile}})
}

/// The pod's field has no effect where every container has a field of its own.
#[rstest]
#[case::where_any_is_allowed(json!("*"), json!([container("b", localhost("a")), container("c", runtime_default())]), true)]
#[case::where_both_are_listed(json!("localhost/a,runtime/default"), json!([container("b", localhost("a")), container("c", runtime_default())]), true)]
#[case::but_for_one_without(json!("*"), json!([container("b", localhost("a")), container("c", json!(null))]), false)]
#[case::where_one_is_listed(json!("runtime/default"), json!([container("b", runtime_default())]), true)]
#[case::not_where_nothing_is_listed(json!(null), json!([container("b", runtime_default())]), false)]
fn profiles_of_all_containers_keep_the_default_from_the_pod(
    #[case] allowed: Value,
    #[case] containers: Value,
    #[case] unchanged: bool,
) {
    let default = Mutated(json!({"securityContext": {"seccompProfile": runtime_default()}}));
    let expected = if unchanged { Admitted } else { default };
    let policy = profiles(allowed, json!("runtime/default"));
    let pod =
        json!({"spec": {"containers": containers, "initContainers": [container("a", runtime_default())]}});
    judge_pod(policy.clone(), pod, expected);
    // An init container without a profile inherits the pod's.
    let pod = json!({"spec": {"containers": containers, "initContainers": [{"name": "a"}]}});
    judge_pod(policy, pod, Mutated(json!({"securityContext": {"seccompProfile": runtime_default()}})));
}

#[test]
fn a_profile_that_is_not_listed_does_not_keep_the_default_from_the_pod() {
    let pod =
        json!({"spec": {"containers": [container("b", runtime_default()), container("c", localhost("a"))]}});
    judge_pod(
        profiles(json!("runtime/default"), json!("runtime/default")),
        pod,
        Rejected(
            "spec.containers[1].securityContext.seccompProfile: Forbidden: localhost/a is not an allowed seccomp profile. Valid values are runtime/default",
        ),
    );
}

#[test]
fn a_malformed_profile_of_the_pod_is_refused_whoever_inherits_it() {
    let pod = json!({"spec": {"securityContext": {"seccompProfile": {"type": "Localhost"}},
        "containers": [container("c", runtime_default())]}});
    let objection: &'static str =
        format!("spec.securityContext.seccompProfile: Forbidden: {NO_PROFILE}").leak();
    judge_pod(profiles(json!("runtime/default"), json!(null)), pod, Rejected(objection));
}

#[test]
fn the_runtimes_default_needs_no_allow_list() {
    let mutated = json!({"securityContext": {"seccompProfile": runtime_default()}});
    judge_pod(profiles(json!(null), json!("runtime/default")), json!({}), Mutated(mutated));
}

#[test]
fn windows_pods_need_none_and_get_none() {
    let windows = json!({"spec": {"os": {"name": "windows"}}});
    judge_pod(profiles(json!("runtime/default"), json!("runtime/default")), windows, Admitted);
}

#[rstest]
#[case::in_a_pod_that_has_none(json!({"containers": [{"name": "c"}]}), Some(runtime_default()))]
#[case::but_not_in_a_pod_that_has_one(json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}), None)]
#[case::nor_in_a_pod_of_windows(json!({"os": {"name": "windows"}}), None)]
fn an_added_container_gets_the_default(#[case] spec: Value, #[case] expected: Option<Value>) {
    let response =
        review_added(profiles(json!("*"), json!("runtime/default")), json!({"spec": spec}), json!({}));
    let expected = expected.map(|profile| {
        let container = json!({"name": "e", "securityContext": {"seccompProfile": profile}});
        let mut pod = json!({"spec": spec});
        pod["spec"]["ephemeralContainers"] = json!([container]);
        pod
    });
    let mutated = response.mutated_object.map(|object| serde_json::from_str(&object).unwrap());
    assert_eq!((response.rejection, mutated), (None, expected));
}

/// The pod's profile counts only where it is inherited.
#[rstest]
#[case::has_its_own(json!({}), runtime_default(), None)]
#[case::has_its_own_in_a_pod_with_another(json!({"seccompProfile": {"type": "Unconfined"}}), runtime_default(), None)]
#[case::inherits_an_allowed_one(json!({"seccompProfile": {"type": "RuntimeDefault"}}), json!(null), None)]
#[case::inherits_another(json!({"seccompProfile": {"type": "Unconfined"}}), json!(null),
    Some("spec.ephemeralContainers[0].securityContext.seccompProfile: Forbidden: unconfined is not an allowed seccomp profile. Valid values are runtime/default (inherited from the pod)"))]
#[case::has_another(json!({"seccompProfile": {"type": "RuntimeDefault"}}), json!({"type": "Unconfined"}),
    Some("spec.ephemeralContainers[0].securityContext.seccompProfile: Forbidden: unconfined is not an allowed seccomp profile. Valid values are runtime/default"))]
#[case::has_none(json!({}), json!(null),
    Some("spec.ephemeralContainers[0].securityContext.seccompProfile: Required value: no profile is set, which is not an allowed seccomp profile. Valid values are runtime/default"))]
fn an_added_container_is_judged_by_its_effective_profile(
    #[case] of_pod: Value,
    #[case] own: Value,
    #[case] expected: Option<&str>,
) {
    let pod = json!({"spec": {"securityContext": of_pod, "containers": [container("c", runtime_default())]}});
    let added = json!({"securityContext": {"seccompProfile": own}});
    let response = review_added(profiles(json!("runtime/default"), json!(null)), pod, added);
    assert_eq!((response.rejection.as_deref(), response.mutated_object), (expected, None));
}

#[test]
fn windows_pods_keep_their_annotations_as_they_are() {
    let annotations = json!({"seccomp.security.alpha.kubernetes.io/pod": "runtime/default",
        "container.seccomp.security.alpha.kubernetes.io/c": "unconfined"});
    let windows = json!({"metadata": {"annotations": annotations}, "spec": {"os": {"name": "windows"}}});
    judge_pod(profiles(json!("*"), json!(null)), windows, Admitted);
}

fn annotated(of_pod: Option<&str>, of_container: Option<&str>, context: Value) -> Value {
    let mut annotations = json!({"other": "stays"});
    for (key, name) in [
        ("seccomp.security.alpha.kubernetes.io/pod", of_pod),
        ("container.seccomp.security.alpha.kubernetes.io/c", of_container),
    ] {
        if let Some(name) = name {
            annotations[key] = json!(name);
        }
    }
    json!({
        "metadata": {"annotations": annotations},
        "spec": {"securityContext": context, "containers": [{"name": "b"}, {"name": "c"}]},
    })
}

fn reviewed(operation: &str, allowed: &str, pod: &Value) -> Result<Option<Value>, String> {
    reviewed_by(&profiles(json!(allowed), json!(null)), operation, pod)
}

fn reviewed_by(profiles: &Value, operation: &str, pod: &Value) -> Result<Option<Value>, String> {
    let request = json!({"operation": operation, "kind": {"kind": "Pod"}, "object": pod});
    let response = review(&policy(profiles), &request);
    let mutated = response.mutated_object.map(|object| serde_json::from_str(&object).unwrap());
    response.rejection.map_or(Ok(mutated), Err)
}

#[test]
fn annotations_become_fields_when_a_pod_is_created() {
    let pod = annotated(Some("docker/default"), Some("localhost/a"), json!(null));
    let mut mutated = pod.clone();
    mutated["spec"]["securityContext"] = json!({"seccompProfile": runtime_default()});
    mutated["spec"]["containers"][1]["securityContext"] = json!({"seccompProfile": localhost("a")});
    assert_eq!(reviewed("CREATE", "runtime/default,localhost/a", &pod), Ok(Some(mutated)));
}

#[rstest]
#[case::fields_win(annotated(Some("unconfined"), None, json!({"seccompProfile": {"type": "RuntimeDefault"}})))]
#[case::unknown_names_are_nothing(annotated(None, Some("default"), json!({"seccompProfile": {"type": "RuntimeDefault"}})))]
#[case::so_is_the_empty_one(annotated(Some(""), Some(""), json!({"seccompProfile": {"type": "RuntimeDefault"}})))]
fn annotations_that_change_nothing(#[case] pod: Value) {
    assert_eq!(reviewed("CREATE", "runtime/default", &pod), Ok(None));
}

fn created(allowed: &str, default: &str, pod: &Value) -> Result<Option<Value>, String> {
    reviewed_by(&profiles(json!(allowed), json!(default)), "CREATE", pod)
}

/// The API server takes the annotation, and refuses a field of the pod that differs.
#[test]
fn the_default_goes_into_containers_next_to_an_annotation_that_names_no_profile() {
    let pod = annotated(Some("localhost/"), None, json!(null));
    let mut mutated = pod.clone();
    for container in mutated["spec"]["containers"].as_array_mut().unwrap() {
        container["securityContext"] = json!({"seccompProfile": localhost("a")});
    }
    assert_eq!(created("localhost/a", "localhost/a", &pod), Ok(Some(mutated)));
}

#[test]
fn no_default_is_filled_in_where_the_api_server_would_refuse_it() {
    let pod = annotated(Some("localhost/"), Some("localhost/"), json!(null));
    assert_eq!(
        created("localhost/a", "localhost/a", &pod).unwrap_err(),
        "spec.securityContext.seccompProfile: Required value: no profile is set, which is not an allowed seccomp profile. Valid values are localhost/a \
         (the annotation names none, and the API server would refuse a field that differs: remove the annotation); \
         spec.containers[1].securityContext.seccompProfile: Required value: no profile is set, which is not an allowed seccomp profile. Valid values are localhost/a \
         (the annotation names none, and the API server would refuse a field that differs: remove the annotation)"
    );
}

#[test]
fn an_annotation_is_judged_as_the_field_that_it_becomes() {
    let pod = annotated(Some("unconfined"), None, json!(null));
    assert_eq!(
        reviewed("CREATE", "runtime/default", &pod).unwrap_err(),
        "spec.securityContext.seccompProfile: Forbidden: unconfined is not an allowed seccomp profile. Valid values are runtime/default; \
         spec.containers[0].securityContext.seccompProfile: Forbidden: unconfined is not an allowed seccomp profile. Valid values are runtime/default (inherited from the pod); \
         spec.containers[1].securityContext.seccompProfile: Forbidden: unconfined is not an allowed seccomp profile. Valid values are runtime/default (inherited from the pod)"
    );
}

#[test]
fn an_annotation_alone_satisfies_nothing_when_a_pod_is_updated() {
    let pod = annotated(Some("runtime/default"), None, json!(null));
    assert_eq!(
        reviewed("UPDATE", "runtime/default", &pod).unwrap_err(),
        "spec.securityContext.seccompProfile: Required value: no profile is set, which is not an allowed seccomp profile. Valid values are runtime/default; \
         spec.containers[0].securityContext.seccompProfile: Required value: no profile is set, which is not an allowed seccomp profile. Valid values are runtime/default; \
         spec.containers[1].securityContext.seccompProfile: Required value: no profile is set, which is not an allowed seccomp profile. Valid values are runtime/default"
    );
}

#[test]
fn every_container_is_judged() {
    let objection = "securityContext.seccompProfile: Forbidden: seccomp may not be set to unconfined, only to runtime/default";
    judge(
        json!({}),
        json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}),
        Rejected(objection),
    );
}

#[rstest]
#[case::unknown_default(json!("*"), json!("default"), DEFAULT, "Invalid value: \"default\": must be a valid seccomp profile")]
#[case::wildcard_is_no_default(json!("*"), json!("*"), DEFAULT, "Invalid value: \"*\": must be a valid seccomp profile")]
#[case::absolute_path(json!("*"), json!("localhost//a"), DEFAULT, "Invalid value: \"/a\": must be a relative path")]
#[case::a_way_up(json!("localhost/a/../b"), json!(null), ALLOWED, "Invalid value: \"a/../b\": must not contain '..'")]
#[case::empty_path(json!("localhost/"), json!(null), ALLOWED, "Invalid value: \"localhost/\": must be a valid seccomp profile")]
#[case::empty_entry(json!("unconfined,"), json!(null), ALLOWED, "Invalid value: \"\": must be a valid seccomp profile")]
#[case::entries_are_not_trimmed(json!("unconfined, runtime/default"), json!(null), ALLOWED,
    "Invalid value: \" runtime/default\": must be a valid seccomp profile")]
#[case::default_is_left_out(json!("unconfined"), json!("runtime/default"), DEFAULT,
    "Invalid value: \"runtime/default\": the allowed profiles leave it out, so that no pod that relies on it could be admitted")]
#[case::default_without_a_list(json!(null), json!("unconfined"), DEFAULT,
    "Invalid value: \"unconfined\": the allowed profiles leave it out, so that no pod that relies on it could be admitted")]
fn refuses_settings(
    #[case] allowed: Value,
    #[case] default: Value,
    #[case] key: &str,
    #[case] expected: &str,
) {
    assert_eq!(problems(&profiles(allowed, default)), format!("annotations[{key}]: {expected}"));
}
