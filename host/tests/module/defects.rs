//! Defects of shipped policies, one test each.

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{ask, create, debug, laid_over, pod, psp, secured, update, with_ephemeral};

#[test]
fn capabilities_a_container_that_needs_no_patch_keeps_its_security_context() {
    let dropped = json!({"runAsUser": 5, "capabilities": {"drop": ["ALL"]}});
    let request =
        create(pod(json!({"containers": [{"name": "a"}, {"name": "b", "securityContext": dropped}]})));
    ask(&psp(json!({"requiredDropCapabilities": ["ALL"]})), &request).writes(json!([
        {"op": "add", "path": "/spec/containers/0/securityContext", "value": {"capabilities": {"drop": ["ALL"]}}}]));
}

#[test]
fn fs_group_the_pods_security_context_is_added_to() {
    let request = create(pod(json!({"securityContext": {"runAsUser": 5, "fsGroupChangePolicy": "Always"}})));
    let range = json!({"rule": "MustRunAs", "ranges": [{"min": 7, "max": 9}]});
    ask(&psp(json!({"fsGroup": range})), &request)
        .writes(json!([{"op": "add", "path": "/spec/securityContext/fsGroup", "value": 7}]));
}

fn user(mutate: bool) -> Value {
    laid_over(
        psp(json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 5, "max": 9}]}})),
        &json!({"mutate": mutate}),
    )
}

#[test]
fn users_a_pod_that_complies_passes_where_nothing_is_written() {
    ask(&user(false), &create(secured(json!({"runAsUser": 5})))).passes();
}

#[test]
fn users_what_the_pod_says_holds_for_its_containers() {
    ask(&user(true), &create(pod(json!({"securityContext": {"runAsUser": 8}})))).passes();
}

#[test]
fn users_an_ephemeral_container_is_not_root() {
    let old = secured(json!({"runAsUser": 5}));
    let request =
        debug(old.clone(), with_ephemeral(old, json!([{"name": "e", "securityContext": {"runAsUser": 0}}])));
    ask(&user(true), &request).is_rejected(
        "spec.ephemeralContainers[0].securityContext.runAsUser: Invalid value: 0: must be in the ranges: [{5 9}]");
}

#[test]
fn users_an_empty_list_of_groups_is_in_no_range() {
    let settings =
        psp(json!({"supplementalGroups": {"rule": "MustRunAs", "ranges": [{"min": 5, "max": 9}]}}));
    ask(&settings, &create(pod(json!({"securityContext": {"supplementalGroups": []}})))).is_rejected(
        "spec.securityContext.supplementalGroups: Invalid value: []: unable to validate empty groups against required ranges");
}

#[rstest]
#[case::suffix("localhost/profiles/audit.json", json!({"type": "Localhost", "localhostProfile": "json"}),
    Some("spec.securityContext.seccompProfile: Forbidden: localhost/json is not an allowed seccomp profile. Valid values are localhost/profiles/audit.json; \
        spec.containers[0].securityContext.seccompProfile: Forbidden: localhost/json is not an allowed seccomp profile. Valid values are localhost/profiles/audit.json (inherited from the pod)"))]
#[case::unset("runtime/default", json!(null),
    Some("spec.securityContext.seccompProfile: Required value: no profile is set, which is not an allowed seccomp profile. Valid values are runtime/default; \
        spec.containers[0].securityContext.seccompProfile: Required value: no profile is set, which is not an allowed seccomp profile. Valid values are runtime/default"))]
#[case::any("*", json!({"type": "Unconfined"}), None)]
fn seccomp_profiles_are_compared_whole(
    #[case] allowed: &str,
    #[case] profile: Value,
    #[case] expected: Option<&str>,
) {
    let settings =
        psp(json!({"annotations": {"seccomp.security.alpha.kubernetes.io/allowedProfileNames": allowed}}));
    let verdict = ask(&settings, &create(pod(json!({"securityContext": {"seccompProfile": profile}}))));
    assert_eq!(verdict.rejection.as_deref(), expected);
}

#[rstest]
#[case::expected_and_missing(json!({"level": "s0"}), json!({}), "level: Invalid value: \"\": must be s0")]
#[case::not_expected_and_set(json!({}), json!({"level": "s0"}), "level: Invalid value: \"s0\": must be ")]
fn se_linux_every_part_counts(#[case] expected: Value, #[case] actual: Value, #[case] problem: &str) {
    let settings = psp(json!({"seLinux": {"rule": "MustRunAs", "seLinuxOptions": expected}}));
    let request = create(pod(json!({"securityContext": {"seLinuxOptions": actual}})));
    let message = ask(&settings, &request).rejection.unwrap();
    assert!(message.starts_with(&format!("spec.securityContext.seLinuxOptions.{problem}")), "{message}");
}

fn host_path(path: &str, read_only: Option<bool>) -> Value {
    let mounts: Vec<_> = read_only
        .iter()
        .map(|read_only| json!({"name": "v", "mountPath": "/v", "readOnly": read_only}))
        .collect();
    create(pod(
        json!({"volumes": [{"name": "v", "hostPath": {"path": path}}], "containers": [{"name": "c", "volumeMounts": mounts}]}),
    ))
}

#[rstest]
#[case::read_only_mount_of_a_writable_path(json!([{"pathPrefix": "/foo"}]), host_path("/foo", Some(true)), None)]
#[case::any_writable_match_wins(json!([{"pathPrefix": "/foo"}, {"pathPrefix": "/foo/bar", "readOnly": true}]), host_path("/foo/bar", Some(false)), None)]
#[case::not_mounted(json!([{"pathPrefix": "/foo"}]), host_path("/etc", None),
    Some("spec.volumes[0].hostPath.path: Invalid value: \"/etc\": is not allowed to be used"))]
fn host_paths_as_the_original(
    #[case] prefixes: Value,
    #[case] request: Value,
    #[case] expected: Option<&str>,
) {
    assert_eq!(ask(&psp(json!({"allowedHostPaths": prefixes})), &request).rejection.as_deref(), expected);
}

/// In the original an empty list allows every path; without `hostPath` among the volumes that has no effect.
#[test]
fn host_paths_need_the_volume_type_whatever_the_list_says() {
    let settings = psp(json!({"allowedHostPaths": [], "volumes": ["emptyDir"]}));
    ask(&settings, &host_path("/etc", None)).is_rejected(
        "spec.volumes[0]: Invalid value: \"hostPath\": hostPath volumes are not allowed to be used",
    );
}

#[test]
fn volumes_an_empty_list_admits_a_pod_without_volumes() {
    ask(&psp(json!({"volumes": []})), &create(pod(json!({})))).passes();
}

#[test]
fn volumes_a_listed_secret_allows_the_projected_token() {
    let sources = json!([{"serviceAccountToken": {"path": "token"}}]);
    let request = create(pod(json!({"volumes": [{"name": "t", "projected": {"sources": sources}}]})));
    ask(&psp(json!({"volumes": ["secret"]})), &request).passes();
}

#[rstest]
#[case::pattern(json!({"allowedUnsafeSysctls": ["net.*"]}), "net.ipv4.tcp_keepalive_time", None)]
#[case::forbidden_beats_safe(json!({"forbiddenSysctls": ["*"]}), "kernel.shm_rmid_forced",
    Some("spec.securityContext.sysctls[0]: Forbidden: sysctl \"kernel.shm_rmid_forced\" is not allowed"))]
fn sysctls_have_patterns_and_forbidden_wins(
    #[case] policy: Value,
    #[case] name: &str,
    #[case] expected: Option<&str>,
) {
    let request = create(pod(json!({"securityContext": {"sysctls": [{"name": name, "value": "1"}]}})));
    assert_eq!(ask(&psp(policy), &request).rejection.as_deref(), expected);
}

#[test]
fn runtime_class_an_allowed_one_is_not_overwritten() {
    let classes = json!({"allowedRuntimeClassNames": ["a", "b"], "defaultRuntimeClassName": "a"});
    ask(&psp(json!({"runtimeClass": classes})), &create(pod(json!({"runtimeClassName": "b"})))).passes();
}

#[test]
fn typed_write_back_nulls_and_young_fields_stay() {
    let request = create(pod(
        json!({"dnsConfig": null, "youngField": {"a": null}, "containers": [{"name": "c", "env": null, "young": 1}]}),
    ));
    ask(&psp(json!({"readOnlyRootFilesystem": true})), &request).writes(json!([
        {"op": "add", "path": "/spec/containers/0/securityContext", "value": {"readOnlyRootFilesystem": true}}]));
}

#[test]
fn undecodable_requests_are_rejected() {
    ask(&psp(json!({})), &create(secured(json!({"privileged": "yes"})))).is_rejected(
        "the object cannot be read: spec.containers[0].securityContext.privileged: must be true or false, not the string \"yes\"");
}

#[test]
fn updates_are_not_mutated() {
    let settings = psp(json!({"readOnlyRootFilesystem": true}));
    let mut new = pod(json!({}));
    new["spec"]["containers"][0]["image"] = json!("other");
    ask(&settings, &update(pod(json!({})), new)).is_rejected(
        "would have to be changed: spec.containers[0].securityContext.readOnlyRootFilesystem = true",
    );
}

#[test]
fn messages_name_container_and_field_in_an_order_that_never_changes() {
    let bad = json!({"privileged": true, "procMount": "Unmasked"});
    let request = create(pod(json!({"hostPID": true, "hostIPC": true,
        "containers": [{"name": "a", "securityContext": bad}, {"name": "b", "securityContext": bad}]})));
    let first = ask(&psp(json!({})), &request).rejection.unwrap();
    assert_eq!(
        first,
        "spec.hostPID: Invalid value: true: Host PID is not allowed to be used; \
         spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used; \
         spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed; \
         spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": ProcMountType is not allowed; \
         spec.containers[1].securityContext.privileged: Invalid value: true: Privileged containers are not allowed; \
         spec.containers[1].securityContext.procMount: Invalid value: \"Unmasked\": ProcMountType is not allowed"
    );
    (0..5).for_each(|_| assert_eq!(ask(&psp(json!({})), &request).rejection.as_ref(), Some(&first)));
}
