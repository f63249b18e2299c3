//! Edge cases: values of the fields of a security context.

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{annotated, ask, create, laid_over, pod, problem, psp, secured};

const FIELD: &str = "spec.containers[0].securityContext";
const PROFILES: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames";
const DEFAULT_PROFILE: &str = "seccomp.security.alpha.kubernetes.io/defaultProfileName";

/// Whether a pod passes unchanged, or is rejected for this reason after the path of its container's security context.
#[track_caller]
fn judged(policy: Value, pod: Value, expected: Option<&str>) {
    let verdict = ask(&psp(policy), &create(pod));
    assert_eq!(verdict.rejection, expected.map(|problem| format!("{FIELD}.{problem}")));
    assert_eq!(verdict.patch, json!([]));
}

#[rstest]
#[case::lower_case(json!(["sys_admin"]), Some("capabilities.add: Invalid value: \"sys_admin\": capability may not be added"))]
#[case::prefixed(json!(["CAP_SYS_ADMIN"]), Some("capabilities.add: Invalid value: \"CAP_SYS_ADMIN\": capability may not be added"))]
#[case::all(json!(["ALL"]), Some("capabilities.add: Invalid value: \"ALL\": capability may not be added"))]
#[case::all_in_lower_case(json!(["all"]), Some("capabilities.add: Invalid value: \"all\": capability may not be added"))]
#[case::as_listed(json!(["NET_ADMIN"]), None)]
fn s18_names_of_capabilities_are_compared_to_the_letter(#[case] add: Value, #[case] expected: Option<&str>) {
    judged(
        json!({"allowedCapabilities": ["NET_ADMIN"]}),
        secured(json!({"capabilities": {"add": add}})),
        expected,
    );
}

#[test]
fn s18_all_in_lower_case_drops_nothing_that_must_be_dropped() {
    let settings = psp(json!({"requiredDropCapabilities": ["ALL"]}));
    ask(&settings, &create(secured(json!({"capabilities": {"drop": ["all"]}})))).writes(json!([
        {"op": "replace", "path": "/spec/containers/0/securityContext/capabilities/drop/0", "value": "ALL"},
        {"op": "add", "path": "/spec/containers/0/securityContext/capabilities/drop/1", "value": "all"}]));
}

#[rstest]
#[case::everything_allowed(json!({"allowedCapabilities": ["*"], "requiredDropCapabilities": ["KILL"]}),
    Some("must be empty when all capabilities are allowed by a wildcard"))]
#[case::allowed_and_dropped(json!({"allowedCapabilities": ["KILL"], "requiredDropCapabilities": ["KILL"]}), Some("KILL"))]
#[case::added_and_dropped(json!({"defaultAddCapabilities": ["KILL"], "requiredDropCapabilities": ["KILL"]}), Some("KILL"))]
#[case::apart(json!({"defaultAddCapabilities": ["KILL"], "requiredDropCapabilities": ["CHOWN"]}), None)]
fn s19_what_must_be_dropped_is_neither_allowed_nor_added(
    #[case] policy: Value,
    #[case] expected: Option<&str>,
) {
    match (problem(&psp(policy)), expected) {
        (None, None) => {}
        (Some(message), Some(part)) => assert!(message.contains(part), "{message}"),
        (message, _) => panic!("{message:?}"),
    }
}

#[test]
fn s20_what_a_container_drops_is_not_added() {
    let policy = json!({"defaultAddCapabilities": ["KILL"]});
    judged(policy.clone(), secured(json!({"capabilities": {"drop": ["KILL"]}})), None);
    ask(&psp(policy), &create(pod(json!({})))).writes(json!([
        {"op": "add", "path": "/spec/containers/0/securityContext", "value": {"capabilities": {"add": ["KILL"]}}}]));
}

#[rstest]
#[case::privileged(json!({"privileged": true}), "privileged: true")]
#[case::prefixed_capability(json!({"capabilities": {"add": ["CAP_SYS_ADMIN"]}}), "the added capability CAP_SYS_ADMIN")]
fn s21_no_pod_is_made_that_the_api_server_refuses(#[case] context: Value, #[case] cause: &str) {
    let open = |field: &str| json!({"privileged": true, "allowedCapabilities": ["*"], (field): false});
    judged(open("defaultAllowPrivilegeEscalation"), secured(context.clone()), None);
    judged(
        open("allowPrivilegeEscalation"),
        secured(context),
        Some(&format!(
            "allowPrivilegeEscalation: Required value: the policy demands false, which Kubernetes refuses together with {cause}; \
             such a container needs a policy with allowPrivilegeEscalation: true"
        )),
    );
}

fn profiles(allowed: &str) -> Value {
    json!({"annotations": {(PROFILES): allowed}})
}

#[test]
fn s22_an_annotation_opens_nothing_beside_a_field() {
    let context = json!({"seccompProfile": {"type": "Unconfined"}});
    let pod = annotated(
        secured(context),
        json!({
        "seccomp.security.alpha.kubernetes.io/pod": "runtime/default",
        "container.seccomp.security.alpha.kubernetes.io/c": "runtime/default"}),
    );
    judged(
        profiles("runtime/default"),
        pod,
        Some(
            "seccompProfile: Forbidden: unconfined is not an allowed seccomp profile. Valid values are runtime/default",
        ),
    );
}

#[test]
fn s22_an_annotation_alone_becomes_the_field_that_counts() {
    let pod =
        annotated(pod(json!({})), json!({"seccomp.security.alpha.kubernetes.io/pod": "runtime/default"}));
    ask(&psp(profiles("runtime/default")), &create(pod)).writes(json!([
        {"op": "add", "path": "/spec/securityContext", "value": {"seccompProfile": {"type": "RuntimeDefault"}}}]));
}

#[rstest]
#[case::empty(json!({"type": "Localhost", "localhostProfile": ""}))]
#[case::absent(json!({"type": "Localhost"}))]
fn s23_a_local_profile_has_a_name(#[case] profile: Value) {
    let reason = "Forbidden: is not a seccomp profile: type must be RuntimeDefault, Unconfined, or Localhost with a localhostProfile";
    let request = create(pod(json!({"securityContext": {"seccompProfile": profile}})));
    ask(&psp(profiles("localhost/a,runtime/default")), &request).is_rejected(&format!(
        "spec.securityContext.seccompProfile: {reason}; {FIELD}.seccompProfile: {reason} (inherited from the pod)"
    ));
}

#[rstest]
#[case::field_beats_annotation(json!({"appArmorProfile": {"type": "Unconfined"}}), json!({"container.apparmor.security.beta.kubernetes.io/c": "runtime/default"}),
    Some("spec.containers[0].securityContext.appArmorProfile: Forbidden: unconfined is not an allowed profile. Allowed values: \"runtime/default\""))]
#[case::annotation(json!({}), json!({"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}),
    Some("metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden: unconfined is not an allowed profile. Allowed values: \"runtime/default\""))]
#[case::annotation_of_nobody(json!({}), json!({"container.apparmor.security.beta.kubernetes.io/x": "runtime/default"}),
    Some("spec.containers[0].securityContext.appArmorProfile: Forbidden: AppArmor profile must be set. Allowed values: \"runtime/default\""))]
#[case::field(json!({"appArmorProfile": {"type": "RuntimeDefault"}}), json!({}), None)]
fn s24_app_armor_is_what_the_kubelet_would_use(
    #[case] context: Value,
    #[case] annotations: Value,
    #[case] expected: Option<&str>,
) {
    let settings = psp(
        json!({"annotations": {"apparmor.security.beta.kubernetes.io/allowedProfileNames": "runtime/default"}}),
    );
    let verdict = ask(&settings, &create(annotated(secured(context), annotations)));
    assert_eq!(verdict.rejection.as_deref(), expected);
}

#[test]
fn s24_init_containers_and_the_pods_own_profile_count_too() {
    let settings = psp(
        json!({"annotations": {"apparmor.security.beta.kubernetes.io/allowedProfileNames": "runtime/default"}}),
    );
    let own = json!({"appArmorProfile": {"type": "RuntimeDefault"}});
    let pod = pod(json!({"securityContext": {"appArmorProfile": {"type": "Unconfined"}},
        "initContainers": [{"name": "i"}], "containers": [{"name": "c", "securityContext": own}]}));
    ask(&settings, &create(pod)).is_rejected(
        "spec.securityContext.appArmorProfile: Forbidden: unconfined is not an allowed profile. Allowed values: \"runtime/default\"; \
         spec.initContainers[0].securityContext.appArmorProfile: Forbidden: unconfined is not an allowed profile. Allowed values: \"runtime/default\" (inherited from the pod)",
    );
}

#[test]
fn s25_a_user_namespace_unmasks_no_proc_mount() {
    let pod = laid_over(
        pod(json!({})),
        &json!({"spec": {"hostUsers": false, "containers": [
        {"name": "c", "securityContext": {"procMount": "Unmasked"}}]}}),
    );
    judged(json!({}), pod, Some("procMount: Invalid value: \"Unmasked\": ProcMountType is not allowed"));
}

#[test]
fn s28_a_sysctl_has_two_spellings() {
    let set =
        |name: &str| create(pod(json!({"securityContext": {"sysctls": [{"name": name, "value": "1"}]}})));
    let settings =
        psp(json!({"forbiddenSysctls": ["kernel.shm*"], "allowedUnsafeSysctls": ["kernel.msgmax"]}));
    ask(&settings, &set("kernel/shm_rmid_forced")).is_rejected(
        "spec.securityContext.sysctls[0]: Forbidden: sysctl \"kernel/shm_rmid_forced\" is not allowed",
    );
    ask(&settings, &set("kernel/msgmax")).passes();
}

#[rstest]
#[case::past_32_bits(json!(4_294_967_296_i64 + 1000), Some("runAsUser: Invalid value: 4294968296: must be in the ranges: [{1000 2000}]"))]
#[case::negative(json!(-1), Some("runAsUser: Invalid value: -1: must be in the ranges: [{1000 2000}]"))]
#[case::inside(json!(1000), None)]
fn s31_ids_do_not_wrap(#[case] user: Value, #[case] expected: Option<&str>) {
    let policy = json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 2000}]}});
    judged(policy, secured(json!({"runAsUser": user})), expected);
}

#[test]
fn s31_a_number_in_quotes_is_no_number() {
    let policy = json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 2000}]}});
    ask(&psp(policy), &create(secured(json!({"runAsUser": "2147483648"})))).is_rejected(
        "the object cannot be read: spec.containers[0].securityContext.runAsUser: must be a whole number, not the string \"2147483648\"");
}

#[test]
fn s32_who_must_not_be_root_is_reported_so() {
    ask(&psp(json!({"runAsUser": {"rule": "MustRunAsNonRoot"}})), &create(pod(json!({})))).writes(json!([
        {"op": "add", "path": "/spec/containers/0/securityContext", "value": {"runAsNonRoot": true}}]));
}

#[rstest]
#[case::false_at_the_container(json!({"runAsNonRoot": false}), "runAsNonRoot: Invalid value: false: must be true")]
#[case::root_at_the_container(json!({"runAsUser": 0}), "runAsUser: Invalid value: 0: running with the root UID is forbidden")]
fn s33_a_container_is_nearer_than_its_pod(#[case] context: Value, #[case] expected: &str) {
    let mut pod = secured(context);
    pod["spec"]["securityContext"] = json!({"runAsNonRoot": true, "runAsUser": 1000});
    judged(json!({"runAsUser": {"rule": "MustRunAsNonRoot"}}), pod, Some(expected));
}

#[test]
fn s34_the_policy_of_supplemental_groups_survives() {
    let settings =
        psp(json!({"supplementalGroups": {"rule": "MustRunAs", "ranges": [{"min": 5, "max": 9}]}}));
    let pod = pod(json!({"securityContext": {"supplementalGroupsPolicy": "Strict"}}));
    ask(&settings, &create(pod)).writes(json!([
        {"op": "add", "path": "/spec/securityContext/supplementalGroups", "value": [5]}]));
}

/// Every default of a policy.
fn demanding() -> Value {
    let range = json!([{"min": 5, "max": 9}]);
    psp(json!({
        "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false, "requiredDropCapabilities": ["ALL"],
        "runAsUser": {"rule": "MustRunAs", "ranges": range}, "runAsGroup": {"rule": "MustRunAs", "ranges": range},
        "seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"level": "s0"}},
        "annotations": {(DEFAULT_PROFILE): "runtime/default", (PROFILES): "runtime/default"},
    }))
}

#[test]
fn s41_nothing_that_only_linux_has_is_written_to_a_windows_pod() {
    ask(&demanding(), &create(pod(json!({"os": {"name": "windows"}})))).passes();
}

#[test]
fn s41_a_host_process_is_privileged() {
    let pod =
        pod(json!({"os": {"name": "windows"}, "securityContext": {"windowsOptions": {"hostProcess": true}}}));
    let reason = "windowsOptions.hostProcess: Invalid value: true: ";
    let verdict = ask(&psp(json!({})), &create(pod.clone()));
    let message = verdict.rejection.unwrap();
    assert!(message.starts_with(&format!("spec.securityContext.{reason}")), "{message}");
    assert!(message.contains(&format!("; {FIELD}.{reason}")), "{message}");
    ask(&psp(json!({"privileged": true})), &create(pod)).passes();
}

#[test]
fn s42_what_no_policy_knows_is_not_in_the_patch() {
    let container = json!({"name": "c", "image": "i", "resources": {"claims": null}, "restartPolicyRules": [{"x": 1.50}]});
    let pod = pod(
        json!({"containers": [container], "resources": {"limits": {"cpu": "1"}}, "workloadRef": {"name": "w"},
        "securityContext": null, "volumes": [{"name": "v", "image": {"reference": "r"}}], "futureField": [null, {}]}),
    );
    ask(&demanding(), &create(pod)).writes(json!([
        {"op": "add", "path": "/spec/containers/0/securityContext", "value": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": true,
            "runAsGroup": 5, "runAsUser": 5}},
        {"op": "replace", "path": "/spec/securityContext", "value": {
            "seLinuxOptions": {"level": "s0"}, "seccompProfile": {"type": "RuntimeDefault"}}},
    ]));
}

#[rstest]
#[case::none_allowed(json!({"allowedRuntimeClassNames": []}), json!("b"), Some("spec.runtimeClassName: Invalid value: \"b\""))]
#[case::unset_passes(json!({"allowedRuntimeClassNames": []}), json!(null), None)]
#[case::any(json!({"allowedRuntimeClassNames": ["*"]}), json!("b"), None)]
#[case::one(json!({"allowedRuntimeClassNames": ["b"], "defaultRuntimeClassName": "b"}), json!("b"), None)]
fn s43_runtime_classes(#[case] classes: Value, #[case] class: Value, #[case] expected: Option<&str>) {
    let verdict =
        ask(&psp(json!({"runtimeClass": classes})), &create(pod(json!({"runtimeClassName": class}))));
    assert_eq!((verdict.rejection.as_deref(), verdict.patch), (expected, json!([])));
}

#[test]
fn s43_a_default_class_is_written_where_none_is_named() {
    let settings =
        psp(json!({"runtimeClass": {"allowedRuntimeClassNames": ["b"], "defaultRuntimeClassName": "b"}}));
    ask(&settings, &create(pod(json!({}))))
        .writes(json!([{"op": "add", "path": "/spec/runtimeClassName", "value": "b"}]));
}

#[rstest]
#[case::no_spec(json!({"kind": "Pod", "metadata": {}}), "spec: must be set")]
#[case::text(json!({"kind": "Pod", "spec": {"containers": "c"}}), "spec.containers: must be a list, not the string \"c\"")]
#[case::no_boolean(json!({"kind": "Pod", "spec": {"hostPID": "false"}}), "spec.hostPID: must be true or false, not the string \"false\"")]
#[case::no_pod(json!([]), "must be an object, not a list")]
fn s44_what_cannot_be_read_is_rejected(#[case] object: Value, #[case] expected: &str) {
    let request = laid_over(create(pod(json!({}))), &json!({"object": object}));
    ask(&psp(json!({"privileged": true})), &request)
        .is_rejected(&format!("the object cannot be read: {expected}"));
}

#[test]
fn s44_a_kind_that_is_not_judged_is_rejected_by_name() {
    let request = create(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}));
    ask(&psp(json!({})), &request).is_rejected(
        "request.kind: \"Service\" is not judged by this policy; judged are: Pod, Deployment, ReplicaSet, StatefulSet, \
         DaemonSet, ReplicationController, Job, CronJob, PodTemplate; register it for those, or name further kinds in `podTemplates`");
}

#[rstest]
#[case::in_another_order("s0:c1,c0", None)]
#[case::more(
    "s0:c0,c1,c2",
    Some(
        "spec.containers[0].securityContext.seLinuxOptions.level: Invalid value: \"s0:c0,c1,c2\": must be s0:c0,c1"
    )
)]
fn categories_of_a_level_have_no_order(#[case] level: &str, #[case] expected: Option<&str>) {
    let settings = psp(json!({"seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"level": "s0:c0,c1"}}}));
    let mut pod = secured(json!({"seLinuxOptions": {"level": level}}));
    pod["spec"]["securityContext"] = json!({"seLinuxOptions": {"level": "s0:c0,c1"}});
    assert_eq!(ask(&settings, &create(pod)).rejection.as_deref(), expected);
}
