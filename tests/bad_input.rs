//! Input that must not occur: each gets a response of one line that names the place, in bounded time and space.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice, missing_docs)]
#![allow(clippy::needless_pass_by_value, reason = "the cases of a table own what they hold")]

use pod_security_policy::admission::{Cluster, Question, Response, review};
use rstest::rstest;
use serde_json::{Value, json};

struct NoCluster;

impl Cluster for NoCluster {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        panic!("the cluster is not asked without RBAC, but there is {question:?}");
    }
}

fn settings(fields: Value) -> Value {
    let any = json!({"rule": "RunAsAny"});
    let mut settings = json!({"runAsUser": any, "seLinux": any, "supplementalGroups": any, "fsGroup": any});
    for (key, value) in fields.as_object().unwrap() {
        settings[key] = value.clone();
    }
    settings
}

/// A request to create the pod that is written in `object`.
fn create(fields: Value, object: &str) -> String {
    let request =
        json!({"operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": "@"});
    json!({"request": request, "settings": settings(fields)}).to_string().replace("\"@\"", object)
}

fn judge(fields: Value, object: &str) -> Response {
    review(&create(fields, object), &NoCluster)
}

fn rejection(fields: Value, object: &str) -> String {
    judge(fields, object).rejection.unwrap_or_else(|| panic!("{object} is admitted"))
}

#[rstest]
#[case::empty("", "the request cannot be read: is not JSON: the document ends too early (byte 0)")]
#[case::not_json("pod", "the request cannot be read: is not JSON: a value must come here (byte 0)")]
#[case::no_object("[]", "the request cannot be read: must be an object, not a list")]
#[case::no_request("{}", "the request cannot be read: request: must be set")]
#[case::null_request(r#"{"request": null}"#, "the request cannot be read: request: must be set")]
#[case::request_twice(
    r#"{"request": {}, "request": {}}"#,
    "the request cannot be read: request: duplicate key"
)]
#[case::settings_twice(
    r#"{"settings": {}, "settings": {}}"#,
    "the request cannot be read: settings: duplicate key"
)]
#[case::no_settings(
    r#"{"request": {}}"#,
    "the policy's settings are not valid: settings must be an object, not null"
)]
#[case::operation_is_no_string(
    r#"{"request": {"operation": 5}}"#,
    "the request cannot be read: request.operation: must be a string, not 5"
)]
#[case::object_in_both_spellings(
    r#"{"request": {"oldObject": {}, "old_object": {}}}"#,
    "the request cannot be read: request.old_object: duplicate key"
)]
fn requests(#[case] payload: &str, #[case] expected: &str) {
    assert_eq!(review(payload, &NoCluster).rejection.as_deref(), Some(expected));
}

#[rstest]
#[case::no_operation(json!({"kind": {"kind": "Pod"}}),
    "request.operation: Unsupported value: \"\": supported values: \"CREATE\", \"UPDATE\", \"DELETE\", \"CONNECT\"")]
#[case::null_object(json!({"operation": "CREATE", "kind": {"kind": "Pod"}, "object": null}),
    "request.object: Required value: there is no object to review")]
#[case::null_object_on_update(json!({"operation": "UPDATE", "kind": {"kind": "Pod"}, "object": null, "oldObject": {"spec": {}}}),
    "request.object: Required value: there is no object to review")]
#[case::null_object_on_a_subresource(json!({"operation": "UPDATE", "kind": {"kind": "Pod"}, "subResource": "ephemeralcontainers"}),
    "request.object: Required value: there is no object to review")]
#[case::null_workload(json!({"operation": "CREATE", "kind": {"group": "apps", "kind": "Deployment"}}),
    "request.object: Required value: there is no object to review")]
#[case::no_kind(json!({"operation": "CREATE", "object": {}}),
    "request.kind: \"\" is not judged by this policy; judged are: Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job, CronJob, PodTemplate; register it for those, or name further kinds in `podTemplates`")]
#[case::other_kind(json!({"operation": "CREATE", "kind": {"group": "a.b", "kind": "Pod"}, "object": {}}),
    "request.kind: \"Pod\" of the API group \"a.b\" is not judged by this policy; judged are: Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job, CronJob, PodTemplate; register it for those, or name further kinds in `podTemplates`")]
fn requests_that_hold_no_pod(#[case] request: Value, #[case] expected: &str) {
    let payload = json!({"request": request, "settings": settings(json!({}))}).to_string();
    assert_eq!(review(&payload, &NoCluster).rejection.as_deref(), Some(expected));
}

#[rstest]
#[case::object_is_a_string("\"x\"", "must be an object, not the string \"x\"")]
#[case::object_is_a_list("[]", "must be an object, not a list")]
#[case::no_spec("{}", "spec: must be set")]
#[case::null_spec(r#"{"spec": null}"#, "spec: must be set")]
#[case::spec_is_a_list(r#"{"spec": []}"#, "spec: must be an object, not a list")]
#[case::containers_are_a_string(
    r#"{"spec": {"containers": "c"}}"#,
    "spec.containers: must be a list, not the string \"c\""
)]
#[case::container_is_null(
    r#"{"spec": {"containers": [{}, null]}}"#,
    "spec.containers[1]: must be an object, not null"
)]
#[case::user_is_a_string(
    r#"{"spec": {"initContainers": [{"securityContext": {"runAsUser": "0"}}]}}"#,
    "spec.initContainers[0].securityContext.runAsUser: must be a whole number, not the string \"0\""
)]
#[case::user_is_a_fraction(
    r#"{"spec": {"securityContext": {"runAsUser": 0.0}}}"#,
    "spec.securityContext.runAsUser: must be a whole number of 64 bits, not 0.0"
)]
#[case::privileged_is_a_string(
    r#"{"spec": {"containers": [{"securityContext": {"privileged": "true"}}]}}"#,
    "spec.containers[0].securityContext.privileged: must be true or false, not the string \"true\""
)]
#[case::host_path_is_a_string(
    r#"{"spec": {"volumes": [{"hostPath": "/"}]}}"#,
    "spec.volumes[0].hostPath: must be an object, not the string \"/\""
)]
#[case::volume_of_two_sources(
    r#"{"spec": {"volumes": [{"name": "v"}, {"secret": {}, "name": "w", "hostPath": {"path": "/"}}]}}"#,
    "spec.volumes[1]: must have one source, not both `secret` and `hostPath`"
)]
#[case::annotation_is_a_number(
    r#"{"metadata": {"annotations": {"kubernetes.io/psp": 5}}, "spec": {}}"#,
    "metadata.annotations[kubernetes.io/psp]: must be a string, not 5"
)]
#[case::spec_twice(r#"{"spec": {}, "spec": {"hostPID": true}}"#, "spec: duplicate key")]
#[case::field_twice(r#"{"spec": {"hostPID": false, "hostPID": true}}"#, "spec.hostPID: duplicate key")]
#[case::field_twice_in_an_escape(
    r#"{"spec": {"hostPID": false, "host\u0050ID": true}}"#,
    "spec.hostPID: duplicate key"
)]
#[case::annotation_twice(
    r#"{"metadata": {"annotations": {"kubernetes.io/psp": "a", "kubernetes.io/psp": "b"}}, "spec": {}}"#,
    "metadata.annotations[kubernetes.io/psp]: duplicate key"
)]
fn pods_that_cannot_be_read(#[case] object: &str, #[case] expected: &str) {
    assert_eq!(rejection(json!({}), object), format!("the object cannot be read: {expected}"));
}

#[test]
fn what_is_not_governed_may_stand_twice_and_stays() {
    let object = r#"{"x":1,"x":2,"metadata":{"annotations":{"a":"b","a":"c"}},"spec":{"y":1,"y":[],"containers":[{"z":1,"z":2}]}}"#;
    let response = judge(json!({"readOnlyRootFilesystem": true}), object);
    let expected =
        object.replace("\"z\":2}", "\"z\":2,\"securityContext\":{\"readOnlyRootFilesystem\":true}}");
    assert_eq!(response.mutated_object, Some(expected));
}

const RANGES: &str = r#"{"rule": "MustRunAs", "ranges": [{"min": 1, "max": 65535}]}"#;
const NON_ROOT: &str = r#"{"rule": "MustRunAsNonRoot"}"#;
const ANY: &str = r#"{"rule": "RunAsAny"}"#;

/// Ids that no kernel has are left to the API server to refuse; no rule takes them for others.
#[rstest]
#[case::large_in_ranges(RANGES, 1 << 40, Some("Invalid value: 1099511627776: must be in the ranges: [{1 65535}]"))]
#[case::large_under_non_root(NON_ROOT, 1 << 40, None)]
#[case::large_under_any(ANY, 1 << 40, None)]
#[case::would_wrap_to_root(NON_ROOT, 1 << 32, None)]
#[case::negative_in_ranges(RANGES, -1, Some("Invalid value: -1: must be in the ranges: [{1 65535}]"))]
#[case::negative_under_non_root(NON_ROOT, -1, None)]
#[case::negative_under_any(ANY, -1, None)]
fn users_that_no_kernel_has(#[case] strategy: &str, #[case] user: i64, #[case] expected: Option<&str>) {
    let object = json!({"spec": {"containers": [{"securityContext": {"runAsUser": user}}]}});
    let strategy: Value = serde_json::from_str(strategy).unwrap();
    let response = judge(json!({"runAsUser": strategy}), &object.to_string());
    let expected = expected.map(|problem| format!("spec.containers[0].securityContext.runAsUser: {problem}"));
    assert_eq!(response.rejection, expected);
}

#[test]
fn five_thousand_bad_containers_are_counted() {
    let containers = vec![json!({"name": "c", "securityContext": {"privileged": true}}); 5_000];
    let message = rejection(json!({}), &json!({"spec": {"containers": containers}}).to_string());
    let spelt_out: Vec<String> = (0..32)
        .map(|index| format!("spec.containers[{index}].securityContext.privileged: Invalid value: true: Privileged containers are not allowed"))
        .collect();
    assert_eq!(message, format!("{}; and 4968 more", spelt_out.join("; ")));
}

#[test]
fn five_thousand_silent_containers_are_filled_in() {
    let containers = vec![json!({"name": "c"}); 5_000];
    let response = judge(
        json!({"readOnlyRootFilesystem": true}),
        &json!({"spec": {"containers": containers}}).to_string(),
    );
    let object: Value = serde_json::from_str(&response.mutated_object.unwrap()).unwrap();
    let filled = json!({"name": "c", "securityContext": {"readOnlyRootFilesystem": true}});
    assert_eq!(object["spec"]["containers"], json!(vec![filled; 5_000]));
}

#[test]
fn five_thousand_silent_containers_that_may_not_be_filled_in_are_counted() {
    let containers = vec![json!({"name": "c"}); 5_000];
    let fields = json!({"readOnlyRootFilesystem": true, "mutate": false});
    let message = rejection(fields, &json!({"spec": {"containers": containers}}).to_string());
    let spelt_out: Vec<String> = (0..32)
        .map(|index| {
            format!(
                "would be filled in: spec.containers[{index}].securityContext.readOnlyRootFilesystem = true"
            )
        })
        .collect();
    assert_eq!(message, format!("{}; and 4968 more", spelt_out.join("; ")));
}

fn long() -> String {
    "long".repeat(250_000)
}

#[test]
fn a_long_annotation_that_is_not_governed_is_no_matter() {
    let object = json!({"metadata": {"annotations": {"a": long().repeat(10)}}, "spec": {"containers": [{"name": "c"}]}})
        .to_string();
    assert_eq!(judge(json!({}), &object).rejection, None);
    let mutated = judge(json!({"readOnlyRootFilesystem": true}), &object).mutated_object.unwrap();
    assert_eq!(mutated.len(), object.len() + r#","securityContext":{"readOnlyRootFilesystem":true}"#.len());
}

/// Whatever a pod holds, its rejection is short, and names the place.
#[rstest]
#[case::annotation(json!({"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/c": long().repeat(10)}}}),
    "metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden: longlong")]
#[case::name_of_a_container(json!({"metadata": {"annotations": {format!("container.apparmor.security.beta.kubernetes.io/{}", long()): "x"}},
    "spec": {"containers": [{"name": long()}]}}), "metadata.annotations[container.apparmor.security.beta.kubernetes.io/longlong")]
#[case::host_path(json!({"spec": {"volumes": [{"hostPath": {"path": long()}}]}}), "spec.volumes[0].hostPath.path: Invalid value: \"longlong")]
#[case::driver(json!({"spec": {"volumes": [{"csi": {"driver": long()}}]}}), "spec.volumes[0].csi.driver: Invalid value: \"longlong")]
#[case::volume_source(json!({"spec": {"volumes": [{long(): {}}]}}), "spec.volumes[0]: Invalid value: \"longlong")]
#[case::runtime_class(json!({"spec": {"runtimeClassName": long()}}), "spec.runtimeClassName: Invalid value: \"longlong")]
#[case::capability(json!({"spec": {"initContainers": [{"securityContext": {"capabilities": {"add": [long()]}}}]}}),
    "spec.initContainers[0].securityContext.capabilities.add: Invalid value: \"longlong")]
#[case::se_linux(json!({"spec": {"securityContext": {"seLinuxOptions": {"level": long()}}}}),
    "spec.securityContext.seLinuxOptions.level: Invalid value: \"longlong")]
#[case::sysctl(json!({"spec": {"securityContext": {"sysctls": [{"name": long()}]}}}),
    "spec.securityContext.sysctls[0]: Forbidden: unsafe sysctl \"longlong")]
#[case::seccomp(json!({"spec": {"securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": long()}}}}),
    "spec.securityContext.seccompProfile: Forbidden: seccomp may not be set to localhost/longlong")]
#[case::groups(json!({"spec": {"securityContext": {"supplementalGroups": vec![0; 100_000]}}}),
    "spec.securityContext.supplementalGroups: Invalid value: [0, 0, 0")]
#[case::proc_mount(json!({"spec": {"containers": [{"securityContext": {"procMount": long()}}]}}),
    "spec.containers[0].securityContext.procMount: Invalid value: \"longlong")]
fn a_rejection_is_short(#[case] pod: Value, #[case] start: &str) {
    let mut pod = pod;
    if pod["spec"].is_null() {
        pod["spec"] = json!({"containers": [{"name": "c"}]});
    }
    let app_armor = if pod["metadata"].is_null() { json!(null) } else { json!("runtime/default") };
    let fields = json!({
        "volumes": ["hostPath", "csi", "emptyDir"],
        "allowedHostPaths": [{"pathPrefix": "/a"}],
        "allowedCSIDrivers": [{"name": "a"}],
        "runtimeClass": {"allowedRuntimeClassNames": ["a"]},
        "seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"level": "s0"}},
        "supplementalGroups": {"rule": "MustRunAs", "ranges": [{"min": 1, "max": 2}]},
        "annotations": {"apparmor.security.beta.kubernetes.io/allowedProfileNames": app_armor},
    });
    let message = rejection(fields, &pod.to_string());
    assert!(
        message.starts_with(start) || message.contains(&format!("; {start}")),
        "{}",
        &message[..message.len().min(300)]
    );
    assert!(message.len() < 32 * 3_000, "{} bytes", message.len());
}

#[rstest]
#[case::annotations(
    r#"{"metadata": {"annotations": "@"}, "spec": {}}"#,
    "metadata.annotations: must be an object, not the string \"long"
)]
#[case::user(
    r#"{"spec": {"securityContext": {"runAsUser": "@"}}}"#,
    "spec.securityContext.runAsUser: must be a whole number, not the string \"long"
)]
#[case::key(r#"{"@": x}"#, "longlong")]
fn a_fault_is_short(#[case] object: &str, #[case] start: &str) {
    let message = rejection(json!({}), &object.replace('@', &long()));
    assert!(message.len() < 500, "{} bytes", message.len());
    // Malformed JSON is an error of the request, which holds the object.
    assert!(message.contains(start), "{message}");
}

#[rstest]
#[case::in_what_is_not_governed(r#"{"spec": {"x": @}}"#)]
#[case::in_metadata(r#"{"metadata": {"x": @}, "spec": {}}"#)]
fn nesting(#[case] object: &str) {
    let nested =
        |levels: usize| object.replace('@', &format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
    assert_eq!(judge(json!({}), &nested(100)).rejection, None);
    let error = rejection(json!({}), &nested(200));
    assert_eq!(error, "the request cannot be read: request.object: is nested deeper than 128 levels");
}

#[test]
fn a_request_cut_off_anywhere_is_rejected() {
    let object = json!({
        "metadata": {"annotations": {"kubernetes.io/psp": "a", "container.apparmor.security.beta.kubernetes.io/ü": "\u{1}😀"}},
        "spec": {"hostPID": true, "volumes": [{"name": "v", "hostPath": {"path": "/"}}], "containers": [
            {"name": "ü\"", "ports": [{"hostPort": 1}], "securityContext": {"runAsUser": 5, "capabilities": {"add": ["X"], "drop": null}}},
        ]},
    });
    let payload = create(json!({"volumes": ["*"], "readOnlyRootFilesystem": true}), &object.to_string());
    assert!(review(&payload, &NoCluster).rejection.unwrap().starts_with("spec.hostPID: "));
    for (end, _) in payload.char_indices() {
        let message = review(&payload[..end], &NoCluster).rejection.unwrap();
        assert!(message.starts_with("the request cannot be read: "), "cut at {end}: {message}");
        assert!(message.contains("is not JSON: "), "cut at {end}: {message}");
    }
}

/// The object on its own, for an error in it when its text is read a second time.
#[test]
fn settings_cut_off_anywhere_are_refused() {
    use pod_security_policy::settings::Settings;
    let text =
        settings(json!({"volumes": ["*"], "hostPorts": [{"min": 1, "max": 2}], "mutate": false})).to_string();
    assert!(Settings::parse(&text).is_ok());
    for (end, _) in text.char_indices() {
        let problems = Settings::parse(&text[..end]).unwrap_err().to_string();
        assert!(problems.contains("is not JSON: "), "cut at {end}: {problems}");
    }
}

#[test]
fn settings_that_are_not_valid_reject_every_request() {
    let payload = json!({"request": {"operation": "DELETE"}, "settings": {"privilegd": true}}).to_string();
    let message = review(&payload, &NoCluster).rejection.unwrap();
    assert!(
        message.starts_with(
            "the policy's settings are not valid: privilegd: unknown field; did you mean \"privileged\"?; "
        ),
        "{message}"
    );
}
