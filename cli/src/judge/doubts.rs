//! What the API server makes of an object before policies see it: fields that it drops, and combinations that it refuses.

use std::fmt::Display;

use pod_security_policy::admission::unknown_fields;
use pod_security_policy::json::Reader;
use pod_security_policy::pod::is_safe_sysctl;
use pod_security_policy::pod::{Container, Pod, Profile, template};
use pod_security_policy::rule::dotted;
use pod_security_policy::schema::kubernetes::NEWEST;

use super::requester::kind;
use crate::input::Object;

/// How many unknown fields of an object are named.
const NAMED: usize = 10;

/// Warnings about the fields of an object's pods, whatever the policies, in a cluster of a minor version.
pub(super) fn about(object: &Object, minor: u64) -> Vec<String> {
    let kind = kind(object);
    let mut warnings = Vec::new();
    if kind.is_pod() {
        about_pod("", &object.json, minor, &mut warnings);
    } else if let Some(path) = template::built_in(&kind) {
        // What cannot be read is reported by those who judge it.
        for template in template::find(&object.json, &path).unwrap_or_default() {
            about_pod(&format!("{}.", template.path), template.text, minor, &mut warnings);
        }
    }
    warnings
}

fn about_pod(root: &str, text: &str, minor: u64, warnings: &mut Vec<String>) {
    let unknown = unknown_fields(text).unwrap_or_default();
    let named = unknown.iter().take(NAMED);
    warnings.extend(named.map(|field| format!("{root}{}: {}", field.path, field.problem())));
    if let Some(more) = unknown.len().checked_sub(NAMED).filter(|more| *more > 0) {
        warnings.push(format!("{more} more unknown fields"));
    }
    let Ok(pod) = Reader::document::<Pod<'_>>(text) else { return };
    let doubts = refused(&pod).into_iter().chain(too_young(&pod, minor));
    warnings.extend(doubts.map(|(path, why)| format!("{root}{path}: {why}")));
}

/// Sysctls that later versions take for safe: a path, and what an older kubelet does.
fn too_young(pod: &Pod<'_>, minor: u64) -> Vec<(String, String)> {
    let sysctls = pod.spec.security_context.sysctls.iter().enumerate();
    let young = sysctls.filter_map(|(index, sysctl)| {
        let name = dotted(&sysctl.name);
        let is_young = is_safe_sysctl(&name, NEWEST) && !is_safe_sysctl(&name, minor);
        is_young.then(|| {
            let why = format!(
                "the kubelet of Kubernetes 1.{minor} refuses {name} unless --allowed-unsafe-sysctls names it"
            );
            (format!("spec.securityContext.sysctls[{index}].name"), why)
        })
    });
    young.collect()
}

/// Combinations that the API server refuses: a path, and the reason.
fn refused(pod: &Pod<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let spec = &pod.spec;
    if pod.has_user_namespace() {
        let devices = pod.containers().any(|(_, container)| !container.volume_devices.is_empty());
        for (present, what) in [
            (spec.host_network, "hostNetwork: true"),
            (spec.host_pid, "hostPID: true"),
            (spec.host_ipc, "hostIPC: true"),
            (devices, "volumeDevices"),
        ] {
            if present {
                found
                    .push(("spec.hostUsers".to_owned(), format!("the API server refuses false with {what}")));
            }
        }
    }
    let own = &spec.security_context;
    profiles("spec", &own.seccomp_profile, &own.app_armor_profile, &mut found);
    for (slot, container) in pod.containers() {
        let own = &container.security_context;
        profiles(slot, &own.seccomp_profile, &own.app_armor_profile, &mut found);
        // `ValidateSecurityContext` in pkg/apis/core/validation/validation.go, which knows this one spelling.
        if own.allow_privilege_escalation == Some(false) {
            let administers = own.capabilities.add.iter().any(|name| name == "CAP_SYS_ADMIN");
            for (present, what) in [
                (own.privileged == Some(true), "privileged: true"),
                (administers, "the capability CAP_SYS_ADMIN"),
            ] {
                if present {
                    let path = format!("{slot}.securityContext.allowPrivilegeEscalation");
                    found.push((path, format!("the API server refuses false with {what}")));
                }
            }
        }
        let unmasked = container.security_context.proc_mount.as_deref() == Some("Unmasked");
        if unmasked && !pod.has_user_namespace() {
            let path = format!("{slot}.securityContext.procMount");
            found.push((path, "the API server refuses Unmasked without hostUsers: false".to_owned()));
        }
        if container.is_host_process(pod) && !spec.host_network {
            let path = format!("{slot}.securityContext.windowsOptions.hostProcess");
            found.push((path, "the API server refuses true without hostNetwork: true".to_owned()));
        }
    }
    if pod.is_windows() {
        let refuse =
            |path: String| (path, "the API server refuses it in pods with os.name: windows".to_owned());
        found.extend(of_linux(pod).into_iter().map(|field| refuse(format!("spec.{field}"))));
        for (slot, container) in pod.containers() {
            let fields = of_linux_container(container);
            found.extend(fields.into_iter().map(|field| refuse(format!("{slot}.securityContext.{field}"))));
        }
    }
    found
}

/// Profiles that are none (`validateSeccompProfileField` and `ValidateAppArmorProfileField` in
/// pkg/apis/core/validation/validation.go).
fn profiles(
    at: impl Display,
    seccomp: &Option<Profile<'_>>,
    app_armor: &Option<Profile<'_>>,
    found: &mut Vec<(String, String)>,
) {
    let leads_out = |profile: &&Profile<'_>| {
        let path = &profile.localhost_profile;
        path.starts_with('/') || path.split('/').any(|part| part == "..")
    };
    for (field, profile) in [("seccompProfile", seccomp), ("appArmorProfile", app_armor)] {
        if profile.as_ref().is_some_and(|profile| profile.name().is_none()) {
            let why = "the API server refuses it: type must be RuntimeDefault, Unconfined, or Localhost with a localhostProfile";
            found.push((format!("{at}.securityContext.{field}"), why.to_owned()));
        }
    }
    if seccomp.as_ref().filter(leads_out).is_some() {
        let path = format!("{at}.securityContext.seccompProfile.localhostProfile");
        found.push((path, "the API server refuses a path that leads out of the kubelet's folder".to_owned()));
    }
}

/// The fields of the pod as a whole that Linux has and Windows has not (`validateWindows` in
/// pkg/apis/core/validation/validation.go).
fn of_linux(pod: &Pod<'_>) -> Vec<&'static str> {
    let (spec, context) = (&pod.spec, &pod.spec.security_context);
    let fields = [
        (spec.host_users.is_some(), "hostUsers"),
        (spec.host_pid, "hostPID"),
        (spec.host_ipc, "hostIPC"),
        (spec.share_process_namespace, "shareProcessNamespace"),
        (context.se_linux_options.is_some(), "securityContext.seLinuxOptions"),
        (context.seccomp_profile.is_some(), "securityContext.seccompProfile"),
        (context.app_armor_profile.is_some(), "securityContext.appArmorProfile"),
        (context.fs_group.is_some(), "securityContext.fsGroup"),
        (!context.sysctls.is_empty(), "securityContext.sysctls"),
        (context.run_as_user.is_some(), "securityContext.runAsUser"),
        (context.run_as_group.is_some(), "securityContext.runAsGroup"),
        (context.supplemental_groups.is_some(), "securityContext.supplementalGroups"),
        (context.supplemental_groups_policy.is_some(), "securityContext.supplementalGroupsPolicy"),
    ];
    fields.into_iter().filter(|(present, _)| *present).map(|(_, field)| field).collect()
}

fn of_linux_container(container: &Container<'_>) -> Vec<&'static str> {
    let own = &container.security_context;
    let capabilities = !own.capabilities.add.is_empty() || !own.capabilities.drop.is_empty();
    let fields = [
        (own.se_linux_options.is_some(), "seLinuxOptions"),
        (own.seccomp_profile.is_some(), "seccompProfile"),
        (own.app_armor_profile.is_some(), "appArmorProfile"),
        (capabilities, "capabilities"),
        (own.read_only_root_filesystem.is_some(), "readOnlyRootFilesystem"),
        (own.privileged.is_some(), "privileged"),
        (own.allow_privilege_escalation.is_some(), "allowPrivilegeEscalation"),
        (own.proc_mount.is_some(), "procMount"),
        (own.run_as_user.is_some(), "runAsUser"),
        (own.run_as_group.is_some(), "runAsGroup"),
    ];
    fields.into_iter().filter(|(present, _)| *present).map(|(_, field)| field).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn warnings(kind: &str, object: Value) -> Vec<String> {
        let mut object = object;
        object["kind"] = kind.into();
        object["apiVersion"] = if kind == "Pod" { "v1" } else { "apps/v1" }.into();
        about(&Object::of_value(&object), 31)
    }

    #[rstest]
    #[case::nothing(json!({"containers": [{"name": "c"}]}), &[])]
    #[case::typo(json!({"containers": [{"securityContext": {"priviledged": true}}]}),
        &["spec.containers[0].securityContext.priviledged: unknown field; did you mean \"privileged\"?"])]
    #[case::of_the_future(json!({"futureDanger": true}), &["spec.futureDanger: unknown field"])]
    #[case::user_namespace(json!({"hostUsers": false, "hostNetwork": true, "hostPID": true, "hostIPC": true,
        "containers": [{"volumeDevices": [{"name": "v"}]}]}), &[
        "spec.hostUsers: the API server refuses false with hostNetwork: true",
        "spec.hostUsers: the API server refuses false with hostPID: true",
        "spec.hostUsers: the API server refuses false with hostIPC: true",
        "spec.hostUsers: the API server refuses false with volumeDevices"])]
    #[case::host_namespaces_without_one(json!({"hostUsers": true, "hostNetwork": true}), &[])]
    #[case::unmasked(json!({"initContainers": [{"securityContext": {"procMount": "Unmasked"}}]}),
        &["spec.initContainers[0].securityContext.procMount: the API server refuses Unmasked without hostUsers: false"])]
    #[case::unmasked_in_a_user_namespace(json!({"hostUsers": false, "containers": [{"securityContext": {"procMount": "Unmasked"}}]}), &[])]
    #[case::host_process(json!({"containers": [{"securityContext": {"windowsOptions": {"hostProcess": true}}}]}),
        &["spec.containers[0].securityContext.windowsOptions.hostProcess: the API server refuses true without hostNetwork: true"])]
    #[case::host_process_on_the_host_network(json!({"hostNetwork": true, "securityContext": {"windowsOptions": {"hostProcess": true}}, "containers": [{}]}), &[])]
    #[case::escalation(json!({"containers": [{"securityContext": {"privileged": true, "allowPrivilegeEscalation": false, "capabilities": {"add": ["SYS_ADMIN", "CAP_SYS_ADMIN"]}}}]}), &[
        "spec.containers[0].securityContext.allowPrivilegeEscalation: the API server refuses false with privileged: true",
        "spec.containers[0].securityContext.allowPrivilegeEscalation: the API server refuses false with the capability CAP_SYS_ADMIN"])]
    #[case::escalation_of_others(json!({"containers": [{"securityContext": {"privileged": true}}, {"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"add": ["SYS_ADMIN"]}}}]}), &[])]
    #[case::profiles(json!({"securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "a/b"}, "appArmorProfile": {"type": "Localhost", "localhostProfile": "/a"}},
        "containers": [{"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, "appArmorProfile": {"type": "Unconfined"}}}]}), &[])]
    #[case::no_profiles(json!({"securityContext": {"seccompProfile": {"type": "Localhost"}}, "containers": [{"securityContext": {
        "seccompProfile": {"type": "RuntimeDefault", "localhostProfile": "x"}, "appArmorProfile": {}}}]}), &[
        "spec.securityContext.seccompProfile: the API server refuses it: type must be RuntimeDefault, Unconfined, or Localhost with a localhostProfile",
        "spec.containers[0].securityContext.seccompProfile: the API server refuses it: type must be RuntimeDefault, Unconfined, or Localhost with a localhostProfile",
        "spec.containers[0].securityContext.appArmorProfile: the API server refuses it: type must be RuntimeDefault, Unconfined, or Localhost with a localhostProfile"])]
    #[case::profiles_of_other_folders(json!({"securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "../x"}},
        "containers": [{"securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "/x"}}}]}), &[
        "spec.securityContext.seccompProfile.localhostProfile: the API server refuses a path that leads out of the kubelet's folder",
        "spec.containers[0].securityContext.seccompProfile.localhostProfile: the API server refuses a path that leads out of the kubelet's folder"])]
    #[case::sysctls_of_later_versions(json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_syncookies"}, {"name": "net/ipv4/tcp_rmem"}, {"name": "kernel.msgmax"}]}}),
        &["spec.securityContext.sysctls[1].name: the kubelet of Kubernetes 1.31 refuses net.ipv4.tcp_rmem unless --allowed-unsafe-sysctls names it"])]
    #[case::windows(json!({"os": {"name": "windows"}, "hostUsers": true, "securityContext": {"fsGroup": 1},
        "containers": [{"securityContext": {"runAsUser": 1, "capabilities": {"drop": ["ALL"]}}}]}), &[
        "spec.hostUsers: the API server refuses it in pods with os.name: windows",
        "spec.securityContext.fsGroup: the API server refuses it in pods with os.name: windows",
        "spec.containers[0].securityContext.capabilities: the API server refuses it in pods with os.name: windows",
        "spec.containers[0].securityContext.runAsUser: the API server refuses it in pods with os.name: windows"])]
    fn warns(#[case] spec: Value, #[case] expected: &[&str]) {
        assert_eq!(warnings("Pod", json!({"spec": spec})), expected);
        let template = json!({"spec": {"template": {"spec": spec}}});
        let expected: Vec<String> =
            expected.iter().map(|warning| format!("spec.template.{warning}")).collect();
        assert_eq!(warnings("Deployment", template), expected);
    }

    #[test]
    fn many_unknown_fields_are_counted() {
        let containers: Vec<Value> = (0..12).map(|_| json!({"x": 1})).collect();
        let found = warnings("Pod", json!({"spec": {"containers": containers}}));
        assert_eq!((found.len(), found.last().unwrap().as_str()), (11, "2 more unknown fields"));
    }
}
