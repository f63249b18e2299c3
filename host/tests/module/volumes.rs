//! Edge cases: volumes and the host resources behind them.

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Verdict, ask, create, debug, pod, problem, psp, update, with_ephemeral};

const READ_WRITE: &str = "Invalid value: false: must be read-only";

fn host_path(path: &str, spec: Value) -> Value {
    let mut pod = pod(spec);
    pod["spec"]["volumes"] = json!([{"name": "v", "hostPath": {"path": path}}]);
    pod
}

fn paths(prefixes: Value) -> Value {
    psp(json!({"allowedHostPaths": prefixes}))
}

fn mounted(pod: Value, prefixes: Value) -> Verdict {
    ask(&paths(prefixes), &create(pod))
}

#[rstest]
#[case::itself("/foo", None)]
#[case::inside("/foo/bar", None)]
#[case::sibling(
    "/foobar",
    Some("spec.volumes[0].hostPath.path: Invalid value: \"/foobar\": is not allowed to be used")
)]
fn s02_a_prefix_allows_no_sibling(#[case] path: &str, #[case] expected: Option<&str>) {
    let verdict = mounted(host_path(path, json!({})), json!([{"pathPrefix": "/foo"}]));
    assert_eq!(verdict.rejection.as_deref(), expected);
}

#[rstest]
#[case::a_way_up(
    "/foo/../etc",
    Some("spec.volumes[0].hostPath.path: Invalid value: \"/foo/../etc\": must not contain '..'")
)]
#[case::double_slash("//foo", None)]
#[case::trailing_slash("/foo/", None)]
#[case::dot("/foo/.", None)]
fn s03_paths_are_cleaned_before_they_are_compared(#[case] path: &str, #[case] expected: Option<&str>) {
    let verdict = mounted(host_path(path, json!({})), json!([{"pathPrefix": "/foo"}]));
    assert_eq!(verdict.rejection.as_deref(), expected);
    let template = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {"template": {"spec": host_path(path, json!({}))["spec"]}}});
    let verdict = mounted(template, json!([{"pathPrefix": "/foo"}]));
    assert_eq!(verdict.rejection, expected.map(|message| format!("spec.template.{message}")));
}

#[rstest]
#[case::root("/", None)]
#[case::empty("", Some("allowedHostPaths[0].pathPrefix: Required value: is required"))]
#[case::relative(
    "foo",
    Some(
        "allowedHostPaths[0].pathPrefix: Invalid value: \"foo\": must be an absolute path: start with `/`, a drive such as `c:`, or `\\\\`"
    )
)]
#[case::a_way_up(
    "/foo/../etc",
    Some("allowedHostPaths[0].pathPrefix: Invalid value: \"/foo/../etc\": must not contain '..'")
)]
fn s04_a_prefix_is_absolute_and_the_root_is_everything(#[case] prefix: &str, #[case] expected: Option<&str>) {
    assert_eq!(problem(&paths(json!([{"pathPrefix": prefix}]))).as_deref(), expected);
    if expected.is_none() {
        mounted(host_path("/any/where", json!({})), json!([{"pathPrefix": prefix}])).passes();
    }
}

#[rstest]
#[case::in_an_init_container(json!({"initContainers": [{"name": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]}), "spec.initContainers[0].volumeMounts[0].readOnly")]
#[case::in_one_of_two_mounts(json!({"containers": [{"name": "c", "volumeMounts": [
    {"name": "v", "mountPath": "/v", "readOnly": true}, {"name": "v", "mountPath": "/w"}]}]}), "spec.containers[0].volumeMounts[1].readOnly")]
fn s06_a_path_to_be_read_is_mounted_read_only_everywhere(#[case] spec: Value, #[case] at: &str) {
    let prefixes = json!([{"pathPrefix": "/foo", "readOnly": true}]);
    mounted(host_path("/foo", spec), prefixes).is_rejected(&format!("{at}: {READ_WRITE}"));
}

#[test]
fn s06_also_in_an_ephemeral_container() {
    let old = host_path("/foo", json!({}));
    let mount = json!([{"name": "e", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]);
    let settings = paths(json!([{"pathPrefix": "/foo", "readOnly": true}]));
    ask(&settings, &debug(old.clone(), with_ephemeral(old, mount)))
        .is_rejected(&format!("spec.ephemeralContainers[0].volumeMounts[0].readOnly: {READ_WRITE}"));
}

#[rstest]
#[case::wider(json!([{"pathPrefix": "/foo", "readOnly": true}, {"pathPrefix": "/"}]))]
#[case::narrower(json!([{"pathPrefix": "/foo", "readOnly": true}, {"pathPrefix": "/foo/bar"}]))]
fn s07_any_writable_prefix_allows_writing(#[case] prefixes: Value) {
    let mount = json!({"containers": [{"name": "c", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]});
    mounted(host_path("/foo/bar", mount), prefixes).passes();
}

#[test]
fn s08_the_path_of_a_volume_that_nobody_mounts_counts_and_its_mode_does_not() {
    mounted(host_path("/foo", json!({})), json!([{"pathPrefix": "/foo", "readOnly": true}])).passes();
    mounted(host_path("/etc", json!({})), json!([{"pathPrefix": "/foo", "readOnly": true}]))
        .is_rejected("spec.volumes[0].hostPath.path: Invalid value: \"/etc\": is not allowed to be used");
}

#[test]
fn s09_sub_paths_are_no_field_of_the_policy() {
    let mount = json!({"containers": [{"name": "c", "volumeMounts": [
        {"name": "v", "mountPath": "/v", "subPath": "a"}, {"name": "v", "mountPath": "/w", "subPathExpr": "$(X)"}]}]});
    mounted(host_path("/foo", mount), json!([{"pathPrefix": "/foo"}])).passes();
}

#[rstest]
#[case::s10_git_repo_is_no_empty_dir(json!(["emptyDir", "configMap"]), json!({"gitRepo": {"repository": "r"}}),
    Some("\"gitRepo\": gitRepo volumes are not allowed to be used"))]
#[case::s10_git_repo_by_name(json!(["gitRepo"]), json!({"gitRepo": {"repository": "r"}}), None)]
#[case::s10_git_repo_by_wildcard(json!(["*"]), json!({"gitRepo": {"repository": "r"}}), None)]
#[case::s35_ephemeral(json!(["persistentVolumeClaim"]), json!({"ephemeral": {}}), Some("\"ephemeral\": ephemeral volumes are not allowed to be used"))]
#[case::s35_image(json!(["emptyDir"]), json!({"image": {"reference": "r"}}), Some("\"image\": image volumes are not allowed to be used"))]
#[case::s35_image_by_name(json!(["image"]), json!({"image": {"reference": "r"}}), None)]
#[case::s35_csi(json!(["emptyDir"]), json!({"csi": {"driver": "d"}}), Some("\"csi\": csi volumes are not allowed to be used"))]
#[case::s35_a_source_of_tomorrow(json!(["emptyDir"]), json!({"moonDisk": {}}), Some("\"moonDisk\": moonDisk volumes are not allowed to be used"))]
#[case::s35_a_source_of_tomorrow_by_wildcard(json!(["*"]), json!({"moonDisk": {}}), None)]
#[case::s37_no_source_is_an_empty_dir(json!(["emptyDir"]), json!({}), None)]
#[case::s37_no_source_is_an_empty_dir_that_is_refused(json!(["secret"]), json!({}), Some("\"emptyDir\": emptyDir volumes are not allowed to be used"))]
fn volume_types(#[case] types: Value, #[case] source: Value, #[case] expected: Option<&str>) {
    let mut pod = pod(json!({"volumes": [source]}));
    pod["spec"]["volumes"][0]["name"] = json!("v");
    let verdict = ask(&psp(json!({"volumes": types})), &create(pod));
    assert_eq!(
        verdict.rejection,
        expected.map(|message| format!("spec.volumes[0]: Invalid value: {message}"))
    );
}

#[rstest]
#[case::allowed(json!(["*"]))]
#[case::not_allowed(json!([]))]
fn s37_two_sources_cannot_be_read(#[case] types: Value) {
    let pod = pod(json!({"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]}));
    ask(&psp(json!({"volumes": types})), &create(pod)).is_rejected(
        "the object cannot be read: spec.volumes[0]: must have one source, not both `emptyDir` and `hostPath`",
    );
}

fn token() -> Value {
    json!([{"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}])
}

#[test]
fn s36_a_listed_secret_allows_the_token_and_no_other_projection() {
    let projected =
        |sources: Value| create(pod(json!({"volumes": [{"name": "t", "projected": {"sources": sources}}]})));
    let settings = psp(json!({"volumes": ["secret"]}));
    ask(&settings, &projected(token())).passes();
    let mut other = token();
    other[0]["serviceAccountToken"]["audience"] = json!("vault");
    let refused =
        "spec.volumes[0]: Invalid value: \"projected\": projected volumes are not allowed to be used";
    ask(&settings, &projected(other)).is_rejected(refused);
    ask(&settings, &projected(json!([{"secret": {"name": "s"}}]))).is_rejected(refused);
    ask(&psp(json!({"volumes": ["configMap"]})), &projected(token())).is_rejected(refused);
}

/// An update cannot change a volume. It is evaluated with the pod all the same.
#[test]
fn a_pod_that_never_conformed_is_refused_when_its_image_changes() {
    let old = host_path("/etc", json!({}));
    let mut new = old.clone();
    new["spec"]["containers"][0]["image"] = json!("other");
    ask(&paths(json!([{"pathPrefix": "/foo"}])), &update(old, new))
        .is_rejected("spec.volumes[0].hostPath.path: Invalid value: \"/etc\": is not allowed to be used");
}
