use super::{TYPES, digest, pattern};
use rstest::rstest;
use serde_json::{Value, json};

use super::unknown_fields;
use crate::testing::{policy, problems, review};

fn settings(option: Value) -> Value {
    let mut settings = policy(&json!({"volumes": ["*"]}));
    settings["unknownFields"] = option;
    settings
}

fn request(kind: &str, object: Value) -> Value {
    let group = if kind == "Deployment" { "apps" } else { "" };
    json!({"operation": "CREATE", "kind": {"group": group, "kind": kind}, "namespace": "n", "object": object})
}

fn pod(context: Value) -> Value {
    json!({"metadata": {"unknown": 1}, "unknown": 2, "spec": {"automountServiceAccountToken": false,
        "containers": [{"name": "a"}, {"name": "b", "securityContext": context}]}})
}

fn typo() -> Value {
    pod(json!({"priviledged": true}))
}

const TYPO: &str =
    "spec.containers[1].securityContext.priviledged: Forbidden: unknown field; did you mean \"privileged\"?";

/// The values of the function's authors.
#[rstest]
#[case::nothing("", 0xcbf2_9ce4_8422_2325)]
#[case::a_letter("a", 0xaf63_dc4c_8601_ec8c)]
#[case::a_word("foobar", 0x8594_4171_f739_67e8)]
fn digests_are_those_of_fnv(#[case] text: &str, #[case] expected: u64) {
    assert_eq!(digest(text), expected);
}

#[rstest]
#[case::indexes("spec.containers[12].env[0].x", "spec.containers[*].env[*].x")]
#[case::keys("metadata.annotations[a.b/c].x", "metadata.annotations[a.b/c].x")]
#[case::no_bracket_before("0]x.y[1]", "0]x.y[*]")]
#[case::no_bracket_behind("a[0", "a[0")]
fn patterns_have_no_indexes(#[case] path: &str, #[case] expected: &str) {
    assert_eq!(pattern(path), expected);
}

#[rstest]
#[case::none(json!({}), &[])]
#[case::in_the_spec(json!({"hostUser": 1}), &["spec.hostUser (hostUsers)"])]
#[case::nothing_is_near(json!({"futureDanger": null}), &["spec.futureDanger (-)"])]
#[case::in_the_security_context(json!({"securityContext": {"supplementalGroupPolicy": 1}}),
    &["spec.securityContext.supplementalGroupPolicy (supplementalGroupsPolicy)"])]
#[case::in_each_list(json!({"initContainers": [{"imag": 1}], "containers": [{}, {"ulimits": []}], "ephemeralContainers": [{"x": {"y": 1}}]}),
    &["spec.initContainers[0].imag (image)", "spec.containers[1].ulimits (-)", "spec.ephemeralContainers[0].x (-)"])]
#[case::in_sources_of_volumes(json!({"volumes": [{"name": "v", "emptyDir": {"sizeLimits": 1}}, {"moonDisk": {"any": 1}}]}),
    &["spec.volumes[0].emptyDir.sizeLimits (sizeLimit)", "spec.volumes[1].moonDisk (-)"])]
#[case::in_projected_sources(json!({"volumes": [{"projected": {"sources": [{"podCertificate": {"signer": 1}}]}}]}),
    &["spec.volumes[0].projected.sources[0].podCertificate.signer (signerName)"])]
#[case::under_known_fields(json!({"affinity": {"nodeAffinity": {"x": 1}}, "containers": [{"livenessProbe": {"httpGet": {"hosts": 1}}}]}),
    &["spec.affinity.nodeAffinity.x (-)", "spec.containers[0].livenessProbe.httpGet.hosts (host)"])]
#[case::free_keys(json!({"nodeSelector": {"any": "x"}, "overhead": {"cpu": 1}, "containers": [{"resources": {"limits": {"a.b/c": 1}}}]}), &[])]
#[case::another_type(json!({"containers": "x", "securityContext": [5]}), &[])]
fn finds(#[case] spec: Value, #[case] expected: &[&str]) {
    let found = unknown_fields(&json!({"spec": spec}).to_string()).unwrap();
    let found: Vec<String> =
        found.iter().map(|field| format!("{} ({})", field.path, field.nearest().unwrap_or("-"))).collect();
    assert_eq!(found, expected);
}

#[rstest]
#[case::unset(json!(null), None, &[])]
#[case::ignore(json!("Ignore"), None, &[])]
#[case::ignored_in_an_object(json!({"except": ["spec.x"]}), None, &[])]
#[case::warn(json!("Warn"), None, &[TYPO])]
#[case::audit(json!("Audit"), None, &[])]
#[case::deny(json!("Deny"), Some(TYPO), &[])]
#[case::deny_in_an_object(json!({"action": "Deny"}), Some(TYPO), &[])]
#[case::excepted(json!({"action": "Deny", "except": ["spec.containers[*].securityContext.priviledged"]}), None, &[])]
#[case::another_excepted(json!({"action": "Deny", "except": ["spec.initContainers[*].securityContext.priviledged"]}), Some(TYPO), &[])]
fn acts(#[case] option: Value, #[case] rejection: Option<&str>, #[case] warnings: &[&str]) {
    let response = review(&settings(option.clone()), &request("Pod", typo()));
    assert_eq!(response.rejection.as_deref(), rejection);
    assert_eq!(response.warnings, warnings);
    let audited = response.tolerated.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(audited.concat() == TYPO, option == "Audit" || option == "Warn");
}

#[test]
fn a_template_is_judged_with_its_path() {
    let template = json!({"spec": {"template": typo()}});
    let response = review(&settings(json!("Deny")), &request("Deployment", template.clone()));
    assert_eq!(response.rejection, Some(format!("spec.template.{TYPO}")));
    let mut settings = settings(json!("Deny"));
    settings["workloads"] = json!("Warn");
    let response = review(&settings, &request("Deployment", template));
    let warning = format!("pods of this Deployment would be rejected: spec.template.{TYPO}");
    assert_eq!((response.rejection, response.warnings), (None, vec![warning]));
}

#[test]
fn templates_of_other_kinds_are_not_looked_at() {
    let mut settings = settings(json!("Deny"));
    settings["podTemplates"] =
        json!([{"apiGroup": "argoproj.io", "kind": "Rollout", "path": "spec.template"}]);
    let mut request = request("Rollout", json!({"spec": {"template": typo()}}));
    request["kind"]["group"] = json!("argoproj.io");
    assert_eq!(review(&settings, &request).rejection, None);
}

#[test]
fn stands_behind_what_the_policy_rejects() {
    let response = review(
        &settings(json!("Deny")),
        &request("Pod", pod(json!({"privileged": true, "priviledged": true}))),
    );
    let privileged = "spec.containers[1].securityContext.privileged: Invalid value: true: Privileged containers are not allowed";
    assert_eq!(response.rejection, Some(format!("{privileged}; {TYPO}")));
}

#[test]
fn a_rejected_pod_is_not_mutated() {
    let mut settings = settings(json!("Deny"));
    settings["readOnlyRootFilesystem"] = json!(true);
    let response = review(&settings, &request("Pod", typo()));
    assert_eq!(
        (response.rejection.as_deref(), response.mutated_object, response.edits),
        (Some(TYPO), None, vec![])
    );
}

#[rstest]
#[case::that_had_it(typo(), None)]
#[case::that_lacked_it(pod(json!({"privileged": false})), Some(TYPO))]
fn an_update_is_judged_by_what_it_adds(#[case] old: Value, #[case] expected: Option<&str>) {
    let mut new = typo();
    new["spec"]["containers"][0]["image"] = json!("another");
    let mut request = request("Pod", new);
    request["operation"] = json!("UPDATE");
    request["oldObject"] = old;
    assert_eq!(review(&settings(json!("Deny")), &request).rejection.as_deref(), expected);
}

#[rstest]
#[case::that_had_it(typo(), None)]
#[case::that_lacked_it(pod(json!({})), Some(TYPO))]
fn an_update_of_a_workload_too(#[case] old: Value, #[case] expected: Option<&str>) {
    let mut new = typo();
    new["spec"]["containers"][0]["image"] = json!("another");
    let mut request = request("Deployment", json!({"spec": {"template": new}}));
    request["operation"] = json!("UPDATE");
    request["oldObject"] = json!({"spec": {"template": old}});
    let expected = expected.map(|expected| format!("spec.template.{expected}"));
    assert_eq!(review(&settings(json!("Deny")), &request).rejection, expected);
}

/// Of such a request the API server keeps the ephemeral containers alone.
#[test]
fn of_added_containers_their_own_fields_count() {
    let mut new = typo();
    new["spec"]["ephemeralContainers"] = json!([{"name": "e", "ulimits": 1}]);
    let mut request = request("Pod", new);
    request["operation"] = json!("UPDATE");
    request["subResource"] = json!("ephemeralcontainers");
    request["oldObject"] = pod(json!({}));
    let rejection = review(&settings(json!("Deny")), &request).rejection;
    assert_eq!(rejection.as_deref(), Some("spec.ephemeralContainers[0].ulimits: Forbidden: unknown field"));
}

#[test]
fn many_are_counted() {
    let containers: Vec<Value> = (0..40).map(|nth| json!({"name": format!("c{nth}"), "x": 1})).collect();
    let object = json!({"spec": {"automountServiceAccountToken": false, "containers": containers}});
    let rejection = review(&settings(json!("Deny")), &request("Pod", object)).rejection.unwrap();
    assert!(
        rejection.ends_with("spec.containers[31].x: Forbidden: unknown field; and 8 more"),
        "{rejection}"
    );
}

#[rstest]
#[case::text(json!("deny"), "unknownFields: Unsupported value: \"deny\": supported values: \"Ignore\", \"Warn\", \"Audit\", \"Deny\"")]
#[case::list(json!([]), "unknownFields: must be a string, not a list")]
#[case::action(json!({"action": 1}), "unknownFields.action: must be a string, not 1")]
#[case::path(json!({"except": ["containers"]}), "unknownFields.except[0]: Invalid value: \"containers\": must be a path that starts with `spec.`")]
#[case::unknown(json!({"excepts": []}), "unknownFields.excepts: unknown field; did you mean \"except\"?")]
fn refuses_settings(#[case] option: Value, #[case] expected: &str) {
    assert_eq!(problems(&json!({"unknownFields": option})), expected);
}

/// They are searched by halving.
#[test]
fn types_and_their_fields_are_sorted() {
    assert!(TYPES.0.is_sorted_by_key(|(name, _)| *name));
    assert!(TYPES.0.iter().all(|(_, fields)| fields.is_sorted_by_key(|(name, _)| *name)));
    assert_eq!(TYPES.fields("Capabilities"), [("add", ""), ("drop", "")]);
}
