use rstest::rstest;
use serde_json::{Value, json};

use crate::admission::response::Response;
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

fn created(settings: &Value, labels: Value) -> Response {
    review(settings, &request("CREATE", namespace(labels)))
}

fn updated(settings: &Value, old: Value, new: Value) -> Response {
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
    let response = created(&settings(stated), labels);
    let object: Value = serde_json::from_str(&response.mutated_object.unwrap()).unwrap();
    assert_eq!((response.rejection, object), (None, namespace(expected)));
}

#[test]
fn what_else_a_namespace_has_stays() {
    let object =
        json!({"metadata": {"name": "shop"}, "spec": {"finalizers": ["kubernetes"]}, "status": null});
    let response = review(&settings(json!({"enforce": "baseline"})), &request("CREATE", object));
    let mutated: Value = serde_json::from_str(&response.mutated_object.unwrap()).unwrap();
    let labels = json!({"pod-security.kubernetes.io/enforce": "baseline"});
    let expected = json!({"metadata": {"name": "shop", "labels": labels}, "spec": {"finalizers": ["kubernetes"]}, "status": null});
    assert_eq!(mutated, expected);
    let paths: Vec<String> = response.edits.iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["metadata.labels[pod-security.kubernetes.io/enforce]"]);
}

#[rstest]
#[case::as_stated(json!({"enforce": "baseline", "enforce-version": "v1.31"}))]
#[case::stricter_and_newer(json!({"enforce": "restricted", "enforce-version": "v1.32"}))]
#[case::latest(json!({"enforce": "baseline", "enforce-version": "latest"}))]
#[case::no_version_is_the_newest(json!({"enforce": "baseline"}))]
#[case::other_labels(json!({"enforce": "baseline", "enforced": "privileged"}))]
fn a_new_namespace_that_is_strict_enough_passes(#[case] labels: Value) {
    let response = created(&settings(json!({"enforce": "baseline:v1.31"})), labels);
    assert_eq!((response.rejection, response.mutated_object), (None, None));
}

/// All checks of the baseline level at v1.31.
const BASELINE: &str = "appArmorProfile, capabilities_baseline, hostNamespaces, hostPathVolumes, hostPorts, privileged, procMount, seLinuxOptions, seccompProfile_baseline, sysctls, windowsHostProcess";

fn weak() -> String {
    format!(
        "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"privileged\": lacks {BASELINE} of \"baseline:v1.31\"; must be \"baseline\" or \"restricted\""
    )
}

fn outdated(version: &str) -> String {
    format!(
        "metadata.labels[pod-security.kubernetes.io/enforce-version]: Invalid value: \"{version}\": lacks seccompProfile_baseline of \"baseline:v1.31\"; must be \"v1.19\" or newer"
    )
}

#[rstest]
#[case::weaker(json!({"enforce": "privileged"}), weak())]
#[case::older(json!({"enforce": "baseline", "enforce-version": "v1.18"}), outdated("v1.18"))]
#[case::stricter_and_older(json!({"enforce": "restricted", "enforce-version": "v1.18"}), outdated("v1.18"))]
#[case::older_alone(json!({"enforce-version": "v1.0"}), outdated("v1.0"))]
#[case::weaker_and_older(json!({"enforce": "privileged", "enforce-version": "v1.18"}), weak())]
#[case::misspelt(json!({"enforce": "Restricted"}),
    "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"Restricted\": must be \"baseline\" or \"restricted\"".to_owned())]
#[case::no_version(json!({"enforce": "baseline", "enforce-version": "1.32"}),
    "metadata.labels[pod-security.kubernetes.io/enforce-version]: Invalid value: \"1.32\": must be \"v1.19\" or newer".to_owned())]
#[case::misspelt_and_older(json!({"enforce": "Restricted", "enforce-version": "v1.9"}),
    format!("metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"Restricted\": must be \"baseline\" or \"restricted\"; {}", outdated("v1.9")))]
#[case::empty(json!({"enforce": ""}),
    "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"\": must be \"baseline\" or \"restricted\"".to_owned())]
fn a_new_namespace_that_is_too_weak_is_rejected(#[case] labels: Value, #[case] expected: String) {
    let response = created(&settings(json!({"enforce": "baseline:v1.31"})), labels);
    assert_eq!((response.rejection, response.mutated_object), (Some(expected), None));
}

/// The checks that a version lacks count, not its number.
#[rstest]
#[case::nothing_at_an_older_version("baseline:v1.31", json!({"enforce": "baseline", "enforce-version": "v1.19"}), None)]
#[case::nothing_at_a_version_before_probes_counted("baseline:v1.33", json!({"enforce": "restricted", "enforce-version": "v1.20"}), None)]
#[case::probes("baseline:v1.34", json!({"enforce": "baseline", "enforce-version": "v1.33"}),
    Some(r#"enforce-version]: Invalid value: "v1.33": lacks hostProbesAndHostLifecycle of "baseline:v1.34"; must be "v1.34" or newer"#))]
#[case::probes_of_the_newest("baseline", json!({"enforce": "restricted", "enforce-version": "v1.31"}),
    Some(r#"enforce-version]: Invalid value: "v1.31": lacks hostProbesAndHostLifecycle of "baseline:latest"; must be "v1.34" or newer"#))]
#[case::the_version_that_is_the_newest("baseline:latest", json!({"enforce": "baseline", "enforce-version": "v1.37"}), None)]
#[case::a_version_to_come("restricted", json!({"enforce": "restricted", "enforce-version": "v1.99"}), None)]
#[case::users("restricted:v1.23", json!({"enforce": "restricted", "enforce-version": "v1.22"}),
    Some(r#"enforce-version]: Invalid value: "v1.22": lacks runAsUser of "restricted:v1.23"; must be "v1.23" or newer"#))]
#[case::seccomp_fields("restricted:v1.31", json!({"enforce": "restricted", "enforce-version": "v1.18"}),
    Some(r#"enforce-version]: Invalid value: "v1.18": lacks capabilities_restricted, runAsUser, seccompProfile_restricted of "restricted:v1.31"; must be "v1.23" or newer"#))]
#[case::seccomp_annotations("baseline:v1.18", json!({"enforce": "restricted", "enforce-version": "v1.0"}), None)]
#[case::a_level("restricted:v1.31", json!({"enforce": "baseline"}),
    Some(r#"enforce]: Invalid value: "baseline": lacks allowPrivilegeEscalation, capabilities_restricted, restrictedVolumes, runAsNonRoot, runAsUser, seccompProfile_restricted of "restricted:v1.31"; must be "restricted""#))]
#[case::nothing_that_privileged_demands("privileged:v1.31", json!({"enforce": "privileged", "enforce-version": "v1.0"}), None)]
#[case::a_misspelt_level("privileged", json!({"enforce": "none"}),
    Some(r#"enforce]: Invalid value: "none": must be "privileged", "baseline" or "restricted""#))]
fn weaker_is_what_lacks_a_check(#[case] stated: &str, #[case] labels: Value, #[case] expected: Option<&str>) {
    let expected = expected.map(|expected| format!("metadata.labels[pod-security.kubernetes.io/{expected}"));
    let settings = settings(json!({ "enforce": stated }));
    assert_eq!(created(&settings, labels.clone()).rejection, expected);
    let mut before = json!({"enforce": "restricted"});
    if labels.get("enforce-version").is_some() {
        before["enforce-version"] = json!("latest");
    }
    assert_eq!(updated(&settings, before, labels).rejection, expected);
}

#[test]
fn where_nothing_is_written_a_missing_label_is_reported() {
    let mut settings = settings(json!({"enforce": "restricted"}));
    settings["mutate"] = json!(false);
    assert_eq!(
        created(&settings, json!({})).rejection.unwrap(),
        "metadata.labels[pod-security.kubernetes.io/enforce]: Required value: must be \"restricted\""
    );
}

const GONE: &str = "metadata.labels[pod-security.kubernetes.io/enforce]: Required value: must be \"baseline\" or \"restricted\"";
const UNPINNED: &str = "metadata.labels[pod-security.kubernetes.io/enforce-version]: Required value: must stay \"v1.19\" or newer";

#[rstest]
#[case::weak_as_before(json!({"enforce": "privileged", "enforce-version": "v1.18"}), json!({"enforce": "privileged", "enforce-version": "v1.18"}), None)]
#[case::none_as_before(json!({}), json!({"audit": "privileged"}), None)]
#[case::to_a_weaker_level(json!({"enforce": "restricted"}), json!({"enforce": "privileged"}), Some(weak()))]
#[case::to_no_level(json!({"enforce": "restricted"}), json!({}), Some(GONE.to_owned()))]
#[case::to_no_level_from_a_weak_one(json!({"enforce": "privileged"}), json!({}), Some(GONE.to_owned()))]
#[case::to_what_is_stated(json!({"enforce": "restricted"}), json!({"enforce": "baseline"}), None)]
#[case::to_an_older_version(json!({"enforce": "baseline"}), json!({"enforce": "baseline", "enforce-version": "v1.18"}), Some(outdated("v1.18")))]
#[case::to_an_older_version_without_a_level(json!({}), json!({"enforce-version": "v1.18"}), Some(outdated("v1.18")))]
#[case::to_another_level_of_an_old_version(json!({"enforce": "privileged", "enforce-version": "v1.18"}), json!({"enforce": "baseline", "enforce-version": "v1.18"}), Some(outdated("v1.18")))]
#[case::to_an_idle_version_of_a_weak_level(json!({"enforce": "privileged"}), json!({"enforce": "privileged", "enforce-version": "v1.18"}), None)]
#[case::to_a_newer_version(json!({"enforce": "baseline", "enforce-version": "v1.18"}), json!({"enforce": "baseline", "enforce-version": "v1.31"}), None)]
#[case::to_no_version(json!({"enforce": "baseline", "enforce-version": "v1.31"}), json!({"enforce": "baseline"}), Some(UNPINNED.to_owned()))]
#[case::to_nothing(json!({"enforce": "baseline", "enforce-version": "v1.31"}), json!({}), Some([GONE, UNPINNED].join("; ")))]
fn an_update(#[case] old: Value, #[case] new: Value, #[case] expected: Option<String>) {
    let response = updated(&settings(json!({"enforce": "baseline:v1.31"})), old, new);
    assert_eq!((response.rejection, response.mutated_object), (expected, None));
}

#[test]
fn where_no_version_is_stated_none_is_needed() {
    let pinned = json!({"enforce": "baseline", "enforce-version": "v1.37"});
    let response = updated(&settings(json!({"enforce": "baseline"})), pinned, json!({"enforce": "baseline"}));
    assert_eq!(response.rejection, None);
}

#[test]
fn an_update_without_the_old_object_is_judged_as_a_whole() {
    let response = review(
        &settings(json!({"enforce": "baseline:v1.31"})),
        &request("UPDATE", namespace(json!({"enforce": "privileged"}))),
    );
    assert_eq!(response.rejection, Some(weak()));
}

/// What was misspelt before and stays so is no fault of this update.
#[rstest]
#[case::a_level_beside_a_new_version("baseline:v1.31", json!({"enforce": "Restricted"}), json!({"enforce": "Restricted", "enforce-version": "v1.32"}), None)]
#[case::a_level_that_becomes_so("baseline:v1.31", json!({"enforce": "restricted"}), json!({"enforce": "Restricted", "enforce-version": "v1.32"}),
    Some("metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"Restricted\": must be \"baseline\" or \"restricted\""))]
#[case::a_version_beside_a_new_level("baseline:v1.31", json!({"enforce": "baseline", "enforce-version": "1.32"}), json!({"enforce": "restricted", "enforce-version": "1.32"}), None)]
#[case::a_version_that_makes_no_difference("privileged", json!({"enforce": "privileged"}), json!({"enforce": "privileged", "enforce-version": "1.32"}), None)]
fn only_labels_that_change_are_objected_to(
    #[case] stated: &str,
    #[case] old: Value,
    #[case] new: Value,
    #[case] expected: Option<&str>,
) {
    let response = updated(&settings(json!({ "enforce": stated })), old, new);
    assert_eq!((response.rejection.as_deref(), response.mutated_object), (expected, None));
}

/// The API server keeps labels that are sent to a subresource.
#[rstest]
#[case::status("status")]
#[case::finalize("finalize")]
#[case::of_tomorrow("future")]
fn a_subresource_is_judged_like_an_update(#[case] sub_resource: &str) {
    let sent = |settings: &Value, old: Value, new: Value| {
        let mut request = request("UPDATE", namespace(new));
        request["oldObject"] = namespace(old);
        request["subResource"] = json!(sub_resource);
        review(settings, &request)
    };
    let mut settings =
        settings(json!({"enforce": "baseline:v1.31", "guard": ["pod-security.kubernetes.io/team"]}));
    let strict = json!({"enforce": "restricted"});
    assert_eq!(sent(&settings, strict.clone(), json!({"enforce": "privileged"})).rejection, Some(weak()));
    assert_eq!(sent(&settings, strict.clone(), json!({})).rejection.as_deref(), Some(GONE));
    let guarded = sent(&settings, strict.clone(), json!({"enforce": "restricted", "team": "a"}));
    assert_eq!(guarded.rejection, Some(guards("pod-security.kubernetes.io/team")));
    assert_eq!(sent(&settings, strict.clone(), strict.clone()), Response::accepted());
    assert_eq!(sent(&settings, json!({}), json!({})), Response::accepted(), "it is not mutated");
    settings["namespaceLabels"] = json!(null);
    let ignored = sent(&settings, strict, json!({"enforce": "privileged"}));
    // A subresource that is not known is rejected like its namespace: the registration must be a mistake.
    assert_eq!(ignored.is_accepted(), sub_resource != "future", "{ignored:?}");
}

#[rstest]
#[case::delete("DELETE", "")]
#[case::connect("CONNECT", "proxy")]
fn nothing_else_is_looked_at(#[case] operation: &str, #[case] sub_resource: &str) {
    let mut request = request(operation, namespace(json!({"enforce": "privileged"})));
    request["subResource"] = json!(sub_resource);
    assert_eq!(review(&settings(json!({"enforce": "baseline"})), &request), Response::accepted());
}

fn guards(label: &str) -> String {
    format!(
        "metadata.labels[{label}]: Forbidden: may be set, changed or removed only under an exemption from `namespaceLabels/guard`"
    )
}

const ADMIN: &str = "resource.kubernetes.io/admin-access";

/// Settings with only a guarded label, and the exemption that lets administrators set it.
fn guarding(rules: Value) -> Value {
    json!({
        "namespaceLabels": {"guard": [ADMIN]},
        "exemptions": [{"name": "admins", "match": {"groups": ["system:masters"]}, "rules": rules}],
    })
}

fn by(group: &str, old: Option<Value>, new: Value) -> Value {
    let labelled = |labels: Value| json!({"metadata": {"name": "shop", "labels": labels}});
    let mut request = request(if old.is_some() { "UPDATE" } else { "CREATE" }, labelled(new));
    request["oldObject"] = old.map_or(json!(null), labelled);
    request["userInfo"] = json!({"username": "eve", "groups": [group, "system:authenticated"]});
    request
}

#[rstest]
#[case::created_with_it(None, json!({ADMIN: "true"}), true)]
#[case::created_with_an_empty_one(None, json!({ADMIN: ""}), true)]
#[case::set(Some(json!({})), json!({ADMIN: "true"}), true)]
#[case::changed(Some(json!({ADMIN: "false"})), json!({ADMIN: "true"}), true)]
#[case::removed(Some(json!({ADMIN: "true"})), json!({}), true)]
#[case::kept(Some(json!({ADMIN: "true"})), json!({ADMIN: "true", "team": "a"}), false)]
#[case::created_without_it(None, json!({"team": "a"}), false)]
#[case::no_labels(Some(json!(null)), json!(null), false)]
fn a_guarded_label(#[case] old: Option<Value>, #[case] new: Value, #[case] needs_exemption: bool) {
    let settings = guarding(json!(["namespaceLabels/guard"]));
    let response = review(&settings, &by("devs", old.clone(), new.clone()));
    assert_eq!((response.rejection, response.exemptions), (needs_exemption.then(|| guards(ADMIN)), vec![]));
    let response = review(&settings, &by("system:masters", old, new));
    let used = if needs_exemption { vec!["admins".to_owned()] } else { vec![] };
    assert_eq!((response.rejection, response.mutated_object, response.exemptions), (None, None, used));
}

#[rstest]
#[case::from_other_labels(json!(["namespaceLabels"]))]
#[case::from_all_rules(json!(["*", "pss/*"]))]
fn another_exemption_does_not_free_a_guarded_label(#[case] rules: Value) {
    let response = review(&guarding(rules), &by("system:masters", None, json!({ADMIN: "true"})));
    assert_eq!((response.rejection, response.exemptions), (Some(guards(ADMIN)), vec![]));
}

#[test]
fn an_exempt_namespace_neither_gets_labels_nor_has_to_keep_them() {
    let mut settings = settings(json!({"enforce": "baseline:v1.31"}));
    settings["exemptions"] =
        json!([{"name": "shop", "match": {"namespaces": ["shop"]}, "rules": ["namespaceLabels"]}]);
    let used = vec!["shop".to_owned()];
    for response in [
        created(&settings, json!({})),
        created(&settings, json!({"enforce": "privileged"})),
        updated(&settings, json!({"enforce": "baseline"}), json!({})),
    ] {
        assert_eq!(
            (response.rejection, response.mutated_object, response.exemptions),
            (None, None, used.clone())
        );
    }
    let response = created(&settings, json!({"enforce": "baseline"}));
    assert_eq!(response, Response::accepted(), "an exemption that is not needed is not reported");
    let mut other = request("CREATE", namespace(json!({"enforce": "privileged"})));
    other["name"] = json!("other");
    assert_eq!(review(&settings, &other).rejection, Some(weak()));
}

#[test]
fn what_guards_namespaces_alone_judges_no_pods() {
    let settings = guarding(json!(["namespaceLabels/guard"]));
    let judged = |kind: &str| {
        let request =
            json!({"operation": "CREATE", "kind": {"group": "", "kind": kind}, "object": {"spec": {}}});
        review(&settings, &request)
    };
    for kind in ["Pod", "ReplicationController"] {
        let response = judged(kind);
        let expected = format!(
            "request.kind: \"{kind}\" is not judged by this policy; judged are: Namespace; register it for those, or give a policy or `podSecurityStandards`"
        );
        assert_eq!((response.rejection, response.error), (Some(expected), true));
    }
}

#[test]
fn a_label_that_stands_twice_is_a_fault() {
    let object = r#"{"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce": "privileged"}}}"#;
    let request = request("CREATE", json!("@")).to_string().replace("\"@\"", object);
    let settings = settings(json!({"enforce": "baseline"}));
    let payload = format!(r#"{{"request": {request}, "settings": {settings}}}"#);
    assert_eq!(
        crate::admission::review(&payload, &crate::testing::NoCluster).rejection.unwrap(),
        "the object cannot be read: metadata.labels[pod-security.kubernetes.io/enforce]: duplicate key"
    );
}

#[rstest]
#[case::level(json!({"enforce": "strict"}),
    "namespaceLabels.enforce: Invalid value: \"strict\": must be one of privileged, baseline, restricted")]
#[case::mode(json!({"enforced": "baseline"}), "namespaceLabels.enforced: unknown field; did you mean \"enforce\"?")]
#[case::guard(json!({"guard": ["a", "b/*", ""]}),
    "namespaceLabels.guard[1]: Invalid value: \"b/*\": must be the name of a label, such as `example.org/team`; \
     namespaceLabels.guard[2]: Invalid value: \"\": must be the name of a label, such as `example.org/team`")]
#[case::no_list(json!({"guard": "a"}), "namespaceLabels.guard: must be a list, not the string \"a\"")]
fn refuses(#[case] labels: Value, #[case] expected: &str) {
    assert_eq!(Settings::parse(&settings(labels).to_string()).unwrap_err().to_string(), expected);
}

#[test]
fn without_the_option_namespaces_are_not_judged() {
    let settings = json!({"podSecurityStandards": {"enforce": "baseline"}});
    let response = created(&settings, json!({}));
    assert_eq!(
        response.rejection.unwrap(),
        "request.kind: \"Namespace\" is not judged by this policy; judged are: Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job, CronJob, PodTemplate; register it for those, or set `namespaceLabels`"
    );
}
