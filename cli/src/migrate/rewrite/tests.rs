//! Policies that settings would reject.

use conformance::case::{Answered, Case, Outcome};
use conformance::{compare, deviations, files};
use rstest::rstest;
use serde_json::json;

use super::*;

fn policy(annotations: Value, over: Value) -> Value {
    let mut spec = json!({"volumes": ["secret", "hostPath"], "runAsUser": {"rule": "RunAsAny"}});
    spec.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
    json!({"metadata": {"name": "p", "annotations": annotations}, "spec": spec})
}

/// The remaining part of the policy, and the note about it.
fn done(mut policy: Value, pointer: &str) -> (Value, Vec<(String, &'static str)>, Option<&'static str>) {
    let Rewritten { rewrites, useless } = rewrite(&mut policy);
    let reported = rewrites.into_iter().map(|Rewrite { path, text, .. }| (path, text)).collect();
    (policy.pointer(pointer).cloned().unwrap_or_default(), reported, useless.map(|(_, why)| why))
}

#[rstest]
#[case::kept(json!([{"min": 1, "max": 65535}]), json!([{"min": 1, "max": 65535}]), &[])]
#[case::one_too_many(json!([{"min": 1, "max": 65536}]), json!([{"min": 1, "max": 65535}]), &[("[0]", CLAMPED)])]
#[case::negative(json!([{"min": -1, "max": 80}]), json!([{"min": 0, "max": 80}]), &[("[0]", CLAMPED)])]
#[case::backwards(json!([{"min": 90, "max": 80}, {"min": 1, "max": 2}]), json!([{"min": 1, "max": 2}]), &[("[0]", NO_PORT)])]
#[case::far_away(json!([{"min": 70000, "max": 80000}]), json!([]), &[("[0]", NO_PORT)])]
#[case::no_max(json!([{"min": 80}]), json!([]), &[("[0]", NO_PORT)])]
#[case::no_min(json!([{"max": 80}]), json!([{"max": 80, "min": 0}]), &[("[0]", NO_MIN_PORT)])]
#[case::neither(json!([{}]), json!([{"min": 0, "max": 0}]), &[("[0]", NO_MIN_PORT)])]
#[case::no_number(json!([{"min": "a", "max": 1}]), json!([{"min": "a", "max": 1}]), &[])]
fn host_ports_are_kept(
    #[case] ports: Value,
    #[case] expected: Value,
    #[case] reported: &[(&str, &'static str)],
) {
    let reported: Vec<_> =
        reported.iter().map(|(path, text)| (format!("spec.hostPorts{path}"), *text)).collect();
    let policy = policy(json!({}), json!({"hostPorts": ports}));
    assert_eq!(done(policy, "/spec/hostPorts"), (expected, reported, None));
}

#[rstest]
#[case::kept(json!([{"min": 1, "max": 2}]), json!([{"min": 1, "max": 2}]), None)]
#[case::no_min(json!([{"min": 1, "max": 2}, {"max": 65535}]), json!([{"min": 1, "max": 2}, {"max": 65535, "min": 0}]), Some(NO_MIN))]
#[case::null(json!([{"min": 1, "max": 2}, {"min": null, "max": 5}]), json!([{"min": 1, "max": 2}, {"min": 0, "max": 5}]), Some(NO_MIN))]
#[case::no_max(json!([{"min": 1, "max": 2}, {"min": 0}]), json!([{"min": 1, "max": 2}, {"min": 0, "max": 0}]), Some(NO_MAX))]
#[case::refused_by_the_api_server(json!([{"min": 5}]), json!([{"min": 5}]), None)]
fn ranges_of_ids_are_completed(
    #[case] ranges: Value,
    #[case] expected: Value,
    #[case] reported: Option<&'static str>,
) {
    let reported = reported.map(|text| ("spec.fsGroup.ranges[1]".to_owned(), text)).into_iter().collect();
    let policy = policy(json!({}), json!({"fsGroup": {"rule": "MustRunAs", "ranges": ranges}}));
    assert_eq!(done(policy, "/spec/fsGroup/ranges"), (expected, reported, None));
}

#[rstest]
#[case::of_linux(&["/a"], &["/a"], &[], &["secret", "hostPath"])]
#[case::of_windows(&["c:/etc/agent", "\\\\.\\pipe\\agent"], &["c:/etc/agent", "\\\\.\\pipe\\agent"], &[], &["secret", "hostPath"])]
#[case::some_relative(&["/a", "b", "./c"], &["/a"], &[1, 2], &["secret", "hostPath"])]
#[case::all_relative(&["b"], &[], &[0], &["secret"])]
#[case::has_parent_element(&["../b"], &["../b"], &[], &["secret", "hostPath"])]
fn relative_prefixes_are_left_out(
    #[case] prefixes: &[&str],
    #[case] left: &[&str],
    #[case] reported: &[usize],
    #[case] volumes: &[&str],
) {
    let entries = |prefixes: &[&str]| -> Vec<Value> {
        prefixes.iter().map(|prefix| json!({"pathPrefix": prefix})).collect()
    };
    let policy = policy(json!({}), json!({"allowedHostPaths": entries(prefixes)}));
    let mut expected: Vec<_> = reported
        .iter()
        .map(|index| (format!("spec.allowedHostPaths[{index}].pathPrefix"), RELATIVE))
        .collect();
    if left.is_empty() {
        expected.push(("spec.volumes".to_owned(), ALL_RELATIVE));
    }
    let (spec, reported, _) = done(policy, "/spec");
    assert_eq!((&spec["volumes"], reported), (&json!(volumes), expected));
    let kept = spec.get("allowedHostPaths").cloned().unwrap_or(json!([]));
    assert_eq!(kept, Value::Array(entries(left)));
}

/// `*` includes hostPath as well.
#[test]
fn a_star_stands_for_all_but_host_paths_where_every_prefix_is_relative() {
    let over = json!({"volumes": ["*"], "allowedHostPaths": [{"pathPrefix": "var/log"}]});
    let (volumes, ..) = done(policy(json!({}), over), "/spec/volumes");
    let listed: Vec<&str> = volumes.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(listed.contains(&"configMap") && listed.contains(&"image"), "{listed:?}");
    assert!(!listed.contains(&"hostPath") && !listed.contains(&"*"), "{listed:?}");
}

#[rstest]
#[case::misspelt(json!({"seccomp.security.alpha.kubernetes.io/allowedProfilesNames": "*"}), json!({}),
    Some(("seccomp.security.alpha.kubernetes.io/allowedProfilesNames", UNKNOWN)), None)]
#[case::of_a_pod(json!({"apparmor.security.beta.kubernetes.io/pod": "runtime/default", "a/b": "c"}), json!({"a/b": "c"}),
    Some(("apparmor.security.beta.kubernetes.io/pod", UNKNOWN)), None)]
#[case::no_default(json!({ALLOWED: "runtime/default"}), json!({ALLOWED: "runtime/default"}), None, None)]
#[case::a_default(json!({ALLOWED: "docker/default", DEFAULT: "runtime/default"}), json!({ALLOWED: "docker/default", DEFAULT: "runtime/default"}), None, None)]
#[case::another_default(json!({ALLOWED: "localhost/a", DEFAULT: "runtime/default"}), json!({ALLOWED: "localhost/a"}), Some((DEFAULT, UNREACHED)), None)]
#[case::nothing_is_allowed(json!({ALLOWED: "", DEFAULT: "runtime/default"}), json!({ALLOWED: "", DEFAULT: "runtime/default"}), None, Some(UNSTATED))]
#[case::no_list(json!({DEFAULT: "unconfined"}), json!({DEFAULT: "unconfined"}), None, Some(UNSTATED))]
#[case::no_list_for_the_runtime(json!({DEFAULT: "docker/default"}), json!({DEFAULT: "docker/default"}), None, None)]
fn annotations_mean_what_they_did(
    #[case] annotations: Value,
    #[case] expected: Value,
    #[case] reported: Option<(&str, &'static str)>,
    #[case] useless: Option<&'static str>,
) {
    let reported = reported.map(|(key, text)| (annotation_path(key), text)).into_iter().collect();
    assert_eq!(done(policy(annotations, json!({})), "/metadata/annotations"), (expected, reported, useless));
}

/// What the original answered for policies of these kinds, as it took them; and what we answer once they are rewritten.
#[test]
fn rewritten_policies_answer_as_the_original_did() {
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/../conformance/golden/rewritable.jsonl.gz");
    let (mut compared, mut rewritten, mut useless_ones) = (0, 0, 0);
    let mut differences = Vec::new();
    for answered in files::read::<Answered<Case, Outcome>>(recorded.as_ref()).unwrap() {
        let Answered { case, result } = answered.unwrap();
        let mut ours = case.clone();
        ours.psps.retain_mut(|policy| {
            let done = rewrite(policy);
            rewritten += done.rewrites.len();
            useless_ones += usize::from(done.useless.is_some());
            done.useless.is_none()
        });
        compared += 1;
        if ours.psps.is_empty() {
            let refused =
                result.refusal().is_some() || compare::is_unevaluated(&case) || result.law.is_some();
            if !refused {
                differences.push(format!("{}: no policy is left, and the original admits", case.name));
            }
            continue;
        }
        let answer = conformance::ours::natively(&ours);
        if let Err(difference) = compare::admission(&ours, &result, &answer)
            && deviations::explain(&ours, &difference).is_none()
            // Both reject the pod: another field can be the reason, such as `volumes` in place of a path.
            && difference.what != "violations"
        {
            differences.push(format!("{}: {}: {}", case.name, difference.what, difference.text));
        }
    }
    assert_eq!(differences, Vec::<String>::new());
    assert!(
        compared == 1500 && rewritten > 1500 && useless_ones > 10,
        "{compared}, {rewritten}, {useless_ones}"
    );
}
