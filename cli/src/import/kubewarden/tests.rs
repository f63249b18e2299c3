use rstest::rstest;
use serde_json::{Value, json};

use super::super::testing::{Effect, effect};
use super::*;

pub(super) fn registration(module: &str, mutating: bool, settings: &Value) -> Object {
    Object::of_value(&json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": "old"},
        "spec": {"module": format!("registry://ghcr.io/kubewarden/policies/{module}:v1.0.0"), "mutating": mutating,
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
            "settings": settings}}))
}

fn reasons(findings: &Findings) -> Vec<&str> {
    findings.refused.iter().map(|error| &*error.reason).collect()
}

fn context(context: Value) -> Value {
    json!({"containers": [{"name": "c", "image": "i", "securityContext": context}]})
}

fn with(more: Value) -> Value {
    let mut spec = context(json!({}));
    if let (Value::Object(spec), Value::Object(more)) = (&mut spec, more) {
        spec.extend(more);
    }
    spec
}

use Effect::{Admitted, Changed, Rejected};

#[rstest]
#[case::privileged("pod-privileged", false, json!({}), context(json!({"privileged": true})), Rejected)]
#[case::not_privileged("pod-privileged", false, json!({}), context(json!({})), Admitted)]
#[case::escalation("allow-privilege-escalation-psp", true, json!({"default_allow_privilege_escalation": false}), context(json!({"allowPrivilegeEscalation": true})), Rejected)]
#[case::escalation_absent("allow-privilege-escalation-psp", true, json!({"default_allow_privilege_escalation": false}), context(json!({})), Changed)]
#[case::escalation_absent_by_default("allow-privilege-escalation-psp", true, json!({}), context(json!({})), Changed)]
#[case::host_network("host-namespaces-psp", false, json!({}), with(json!({"hostNetwork": true})), Rejected)]
#[case::host_network_allowed("host-namespaces-psp", false, json!({"allow_host_network": true}), with(json!({"hostNetwork": true})), Admitted)]
#[case::host_port("host-namespaces-psp", false, json!({"allow_host_ports": [{"min": 10, "max": 20}]}), with(json!({"containers": [{"name": "c", "ports": [{"containerPort": 1, "hostPort": 15}]}]})), Admitted)]
#[case::another_host_port("host-namespaces-psp", false, json!({"allow_host_ports": [{"min": 10, "max": 20}]}), with(json!({"containers": [{"name": "c", "ports": [{"containerPort": 1, "hostPort": 25}]}]})), Rejected)]
#[case::host_path("hostpaths-psp", false, json!({"allowedHostPaths": [{"pathPrefix": "/a", "readOnly": true}]}), with(json!({"volumes": [{"name": "v", "hostPath": {"path": "/a/b"}}]})), Admitted)]
#[case::another_host_path("hostpaths-psp", false, json!({"allowedHostPaths": [{"pathPrefix": "/a", "readOnly": true}]}), with(json!({"volumes": [{"name": "v", "hostPath": {"path": "/b"}}]})), Rejected)]
#[case::volume("volumes-psp", false, json!({"allowedTypes": ["configMap", "cephfs"]}), with(json!({"volumes": [{"name": "v", "configMap": {"name": "x"}}, {"name": "w", "cephfs": {"monitors": []}}]})), Admitted)]
#[case::another_volume("volumes-psp", false, json!({"allowedTypes": ["configMap"]}), with(json!({"volumes": [{"name": "v", "secret": {"secretName": "x"}}]})), Rejected)]
#[case::every_volume("volumes-psp", false, json!({"allowedTypes": ["*"]}), with(json!({"volumes": [{"name": "v", "moon": {}}]})), Admitted)]
#[case::capability("capabilities-psp", true, json!({"allowed_capabilities": ["CHOWN"]}), context(json!({"capabilities": {"add": ["CHOWN"]}})), Admitted)]
#[case::another_capability("capabilities-psp", true, json!({"allowed_capabilities": ["CHOWN"]}), context(json!({"capabilities": {"add": ["KILL"]}})), Rejected)]
#[case::any_capability("capabilities-psp", true, json!({"allowed_capabilities": ["*"]}), context(json!({"capabilities": {"add": ["KILL"]}})), Admitted)]
#[case::a_drop_is_filled_in("capabilities-psp", true, json!({"required_drop_capabilities": ["KILL"]}), context(json!({})), Changed)]
#[case::a_drop_is_demanded("capabilities-psp", false, json!({"required_drop_capabilities": ["KILL"]}), context(json!({})), Rejected)]
#[case::an_addition("capabilities-psp", true, json!({"allowed_capabilities": ["*"], "default_add_capabilities": ["CHOWN"]}), context(json!({})), Changed)]
#[case::read_only("readonly-root-filesystem-psp", false, json!({}), context(json!({"readOnlyRootFilesystem": true})), Admitted)]
#[case::read_only_is_not_filled_in("readonly-root-filesystem-psp", true, json!({}), context(json!({})), Rejected)]
#[case::user("user-group-psp", true, json!({"run_as_user": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 2000}]}}), context(json!({"runAsUser": 1500})), Admitted)]
#[case::user_is_filled_in("user-group-psp", true, json!({"run_as_user": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 2000}]}}), context(json!({})), Changed)]
#[case::user_outside("user-group-psp", true, json!({"run_as_user": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 2000}]}}), context(json!({"runAsUser": 0})), Rejected)]
#[case::group_may("user-group-psp", true, json!({"run_as_group": {"rule": "MayRunAs", "ranges": [{"min": 1, "max": 2}]}}), context(json!({})), Admitted)]
#[case::group_outside("user-group-psp", true, json!({"run_as_group": {"rule": "MayRunAs", "ranges": [{"min": 1, "max": 2}]}}), context(json!({"runAsGroup": 3})), Rejected)]
#[case::non_root_validated("user-group-psp", true, json!({"run_as_user": {"rule": "MustRunAsNonRoot"}, "validate_only": true}), context(json!({"runAsNonRoot": true})), Admitted)]
#[case::root_validated("user-group-psp", true, json!({"run_as_user": {"rule": "MustRunAsNonRoot"}, "validate_only": true}), context(json!({})), Rejected)]
#[case::fs_group("allowed-fsgroups-psp", true, json!({"rule": "MustRunAs", "ranges": [{"min": 5, "max": 6}]}), with(json!({"securityContext": {"fsGroup": 6}})), Admitted)]
#[case::fs_group_is_filled_in("allowed-fsgroups-psp", true, json!({"rule": "MustRunAs", "ranges": [{"min": 5, "max": 6}]}), with(json!({})), Changed)]
#[case::se_linux("selinux-psp", true, json!({"rule": "MustRunAs", "level": "s0:c1"}), with(json!({"securityContext": {"seLinuxOptions": {"level": "s0:c2"}}})), Rejected)]
#[case::no_seccomp("seccomp-psp", false, json!({"allowed_profiles": ["localhost/a"]}), context(json!({})), Admitted)]
#[case::seccomp("seccomp-psp", false, json!({"allowed_profiles": ["localhost/a"]}), context(json!({"seccompProfile": {"type": "Localhost", "localhostProfile": "a"}})), Admitted)]
#[case::another_seccomp("seccomp-psp", false, json!({"profile_types": ["Localhost"], "localhost_profiles": ["a"]}), context(json!({"seccompProfile": {"type": "Localhost", "localhostProfile": "b"}})), Rejected)]
#[case::seccomp_unconfined("seccomp-psp", false, json!({"profile_types": ["RuntimeDefault"]}), context(json!({"seccompProfile": {"type": "Unconfined"}})), Rejected)]
#[case::app_armor("apparmor-psp", false, json!({"allowed_profiles": ["runtime/default"]}), context(json!({"appArmorProfile": {"type": "RuntimeDefault"}})), Admitted)]
#[case::app_armor_unconfined("apparmor-psp", false, json!({}), context(json!({"appArmorProfile": {"type": "Unconfined"}})), Rejected)]
#[case::proc_mount("allowed-proc-mount-types-psp", false, json!({"allow_unmasked_proc_mount_type": false}), context(json!({"procMount": "Unmasked"})), Rejected)]
#[case::no_flex_volume("flexvolume-drivers-psp", false, json!({"allowedFlexVolumes": []}), with(json!({"volumes": [{"name": "v", "flexVolume": {"driver": "a"}}]})), Rejected)]
#[case::flex_volume("flexvolume-drivers-psp", false, json!({"allowedFlexVolumes": [{"driver": "a"}]}), with(json!({"volumes": [{"name": "v", "flexVolume": {"driver": "a"}}]})), Admitted)]
#[case::sysctl_forbidden("sysctl-psp", false, json!({"forbiddenSysctls": ["net.*"]}), with(json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]}})), Rejected)]
#[case::sysctl_allowed_within_forbidden("sysctl-psp", false, json!({"forbiddenSysctls": ["kernel.*"], "allowedUnsafeSysctls": ["kernel.msgmax"]}), with(json!({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}})), Admitted)]
#[case::sysctl_safe_but_forbidden("sysctl-psp", false, json!({"forbiddenSysctls": ["kernel.*"], "allowedUnsafeSysctls": ["kernel.msgmax"]}), with(json!({"securityContext": {"sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}]}})), Rejected)]
#[case::sysctl_that_became_safe_later("sysctl-psp", false, json!({}), with(json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1"}]}})), Rejected)]
fn judges_as_the_module_did(
    #[case] module: &str,
    #[case] mutating: bool,
    #[case] settings: Value,
    #[case] pod: Value,
    #[case] expected: Effect,
) {
    let findings = read(&[registration(module, mutating, &settings)], &Surroundings::default());
    assert_eq!(reasons(&findings), [""; 0]);
    assert_eq!(effect(&findings.pieces, &pod), expected);
}

#[rstest]
#[case::of_containers("pod-privileged", json!({"skip_init_containers": true}),
    &["skip_init_containers: was true, is that these containers are judged, too"])]
#[case::dead_key("allow-privilege-escalation-psp", json!({"default_allow_privilege_escalation": false, "allowPrivilegeEscalation": false}),
    &["allowPrivilegeEscalation: was passed over, is left out"])]
#[case::overwrite("user-group-psp", json!({"run_as_user": {"rule": "MustRunAsNonRoot", "overwrite": true}}),
    &["runAsUser.overwrite: was true, which replaces what the pod says, is that the pod is rejected if it says otherwise",
      "run_as_user: was read in, and written to, each container alone, is read from the pod where the container says nothing"])]
#[case::image("user-group-psp", json!({"validate_container_image_configuration": true}),
    &["validate_container_image_configuration: was true, which reads USER of the image, is that only the pod is read"])]
#[case::labels("psa-label-enforcer", json!({"modes": {"audit": "baseline"}}),
    &["modes: was that all other labels are rewritten, whenever the namespace is written, is that a new namespace without them gets them, weaker ones are rejected and stricter ones kept",
      "modes.audit-version: was any version, is that an older one is rejected where it leaves checks out"])]
#[case::exact("volumes-psp", json!({"allowedTypes": ["secret"]}), &[])]
fn names_what_is_not_the_same(#[case] module: &str, #[case] settings: Value, #[case] expected: &[&str]) {
    let findings = read(&[registration(module, true, &settings)], &Surroundings::default());
    let inexact = findings.pieces.iter().flat_map(|piece| &piece.inexact);
    let inexact: Vec<String> =
        inexact.map(|one| format!("{}: was {}, is {}", one.key, one.was, one.is)).collect();
    assert_eq!(inexact, expected);
}

#[rstest]
#[case::this_policy("ghcr.io/x/pod-security-policy@sha256:1", "already registers PodSecurityPolicies")]
#[case::another(
    "ghcr.io/x/verify-image-signatures:v1",
    "the module verify-image-signatures is not one of those for pod security"
)]
#[case::without_effect("file:///modules/hostpaths-psp.wasm", "demands nothing")]
fn leaves_alone(#[case] module: &str, #[case] reason: &str) {
    let object =
        Object::of_value(&json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "AdmissionPolicy",
        "metadata": {"name": "p", "namespace": "shop"}, "spec": {"module": module}}));
    let findings = read(&[object], &Surroundings::default());
    assert_eq!(findings.left_alone.iter().map(|(_, reason)| &**reason).collect::<Vec<_>>(), [reason]);
    assert!(findings.pieces.is_empty() && findings.refused.is_empty());
}

#[rstest]
#[case::bad_type("pod-privileged", json!({"skip_init_containers": "yes"}), "ClusterAdmissionPolicy old (pod-privileged): skip_init_containers is \"yes\", not a boolean")]
#[case::reserved_default("pod-runtime-class", json!({"defaultRuntimeReserved": true}), "ClusterAdmissionPolicy old (pod-runtime-class): defaultRuntimeReserved: a pod that names no runtime class is admitted by every PodSecurityPolicy")]
#[case::null_mode("psa-label-enforcer", json!({"modes": {"enforce": null}}), "ClusterAdmissionPolicy old (psa-label-enforcer): modes demands nothing, so that the policy server does not start with it")]
#[case::no_mode("psa-label-enforcer", json!({"modes": {}}), "ClusterAdmissionPolicy old (psa-label-enforcer): modes demands nothing, so that the policy server does not start with it")]
#[case::lone_version("psa-label-enforcer", json!({"modes": {"warn-version": "latest"}}), "ClusterAdmissionPolicy old (psa-label-enforcer): modes.warn-version is of no use without modes.warn")]
#[case::no_text("psa-label-enforcer", json!({"modes": {"warn": 1}}), "ClusterAdmissionPolicy old (psa-label-enforcer): modes.warn or modes.warn-version is not a text")]
#[case::unknown_mode("psa-label-enforcer", json!({"modes": {"warn": "baseline", "block": "baseline"}}), "ClusterAdmissionPolicy old (psa-label-enforcer): modes.block is not known to it")]
fn refuses(#[case] module: &str, #[case] settings: Value, #[case] expected: &str) {
    let findings = read(&[registration(module, true, &settings)], &Surroundings::default());
    assert_eq!(reasons(&findings), [expected]);
}

#[test]
fn a_group_is_refused_if_it_has_a_member_that_matters() {
    let group = |module: &str| {
        Object::of_value(
            &json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicyGroup",
            "metadata": {"name": "g"}, "spec": {"expression": "a() || b()", "policies": {"a": {"module": module}, "b": {"module": "x"}}}}),
        )
    };
    let findings = read(&[group("r/volumes-psp:v1"), group("other")], &Surroundings::default());
    assert_eq!(
        reasons(&findings),
        [
            "ClusterAdmissionPolicyGroup g: its expression decides what its members a mean together, which settings cannot say"
        ]
    );
    assert_eq!(findings.left_alone.len(), 1);
}

#[test]
fn allowed_runtime_classes_are_those_of_the_cluster_that_are_not_reserved() {
    let mut around = Surroundings::default();
    for name in ["kata", "gvisor"] {
        around.keep(&Object::of_value(
            &json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": name}}),
        ));
    }
    let findings =
        read(&[registration("pod-runtime-class", true, &json!({"reservedRuntimes": ["kata"]}))], &around);
    assert_eq!(effect(&findings.pieces, &with(json!({"runtimeClassName": "kata"}))), Rejected);
    assert_eq!(effect(&findings.pieces, &with(json!({"runtimeClassName": "gvisor"}))), Admitted);
}

#[test]
fn the_reach_stays() {
    let object =
        Object::of_value(&json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "AdmissionPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"module": "r/pod-privileged:v1", "mode": "monitor", "policyServer": "own",
            "objectSelector": {"matchLabels": {"a": "b"}},
            "matchConditions": [{"name": "c", "expression": "true"}],
            "rules": [{"resources": ["pods"]}, {"resources": ["deployments"]}]}}));
    let findings = read(&[object], &Surroundings::default());
    let expected = Reach {
        namespace: Some("shop".to_owned()),
        policy_server: Some("own".to_owned()),
        objects: vec![json!({"key": "a", "operator": "In", "values": ["b"]})],
        conditions: vec![("c".to_owned(), "true".to_owned())],
        workloads: true,
        ..Reach::default()
    };
    assert_eq!(
        findings.pieces.iter().map(|piece| (&piece.reach, piece.action)).collect::<Vec<_>>(),
        [(&expected, Action::Audit)]
    );
}

#[rstest]
#[case::written(true, json!({"enforce": "baseline", "enforce-version": "v1.31", "warn": "restricted", "audit": null}),
    json!({"enforce": "baseline:v1.31", "warn": "restricted"}))]
#[case::demanded(false, json!({"enforce": "privileged", "enforce-version": "latest"}), json!({"enforce": "privileged:latest"}))]
fn labels_of_namespaces_are_an_option(#[case] mutating: bool, #[case] modes: Value, #[case] expected: Value) {
    let object = registration("psa-label-enforcer", mutating, &json!({"modes": modes}));
    let findings = read(&[object], &Surroundings::default());
    assert_eq!(reasons(&findings), [""; 0]);
    let [piece] = &*findings.pieces else { panic!("one registration") };
    assert_eq!((piece.writes, piece.reach.subject), (mutating, Subject::Namespaces));
    assert_eq!(Value::Object(piece.options.clone()), json!({"namespaceLabels": expected}));
}

#[test]
fn labels_that_were_only_logged_are_rejected_and_that_is_said() {
    let mut value = registration(
        "psa-label-enforcer",
        true,
        &json!({"modes": {"warn": "baseline", "warn-version": "latest"}}),
    )
    .value();
    value["spec"]["mode"] = "monitor".into();
    let findings = read(&[Object::of_value(&value)], &Surroundings::default());
    let inexact = findings.pieces.iter().flat_map(|piece| &piece.inexact);
    let inexact: Vec<String> =
        inexact.map(|one| format!("{}: was {}, is {}", one.key, one.was, one.is)).collect();
    assert_eq!(
        inexact,
        [
            "modes: was that all other labels are logged, is that a new namespace without them gets them, weaker ones are rejected and stricter ones kept",
            "mode: was monitor, is that weaker labels are rejected once the registration protects"
        ]
    );
}
