//! Messages that are known word for word.

use rstest::rstest;
use serde_json::{Value, json};

use crate::{annotated, compliant, container, of, pod, says, secured};
use pod_security_policy::standards::{Standard, reasons};

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP: &str = "container.seccomp.security.alpha.kubernetes.io/";

#[rstest]
#[case::app_armor_annotation(
    "baseline:latest",
    annotated(of(&[container("container1", json!({}))]), json!({format!("{APP_ARMOR}container1"): "unconfined"})),
    r#"forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/container1="unconfined"")"#
)]
#[case::app_armor_everywhere(
    "baseline:latest",
    annotated(
        pod(json!({
            "securityContext": {"appArmorProfile": {"type": "Unconfined"}},
            "containers": [
                secured("a", json!({"appArmorProfile": {"type": "Unconfined"}})),
                secured("b", json!({"appArmorProfile": {"type": "Unconfined"}})),
            ],
        })),
        json!({format!("{APP_ARMOR}a"): "unconfined"}),
    ),
    r#"forbidden AppArmor profiles (pod and containers "a", "b" and annotation must not set AppArmor profile type to "Unconfined", "container.apparmor.security.beta.kubernetes.io/a="unconfined"")"#
)]
#[case::capabilities(
    "baseline:latest",
    of(&[secured("container1", json!({"capabilities": {"add": ["NET_RAW"]}}))]),
    r#"non-default capabilities (container "container1" must not include "NET_RAW" in securityContext.capabilities.add)"#
)]
#[case::host_namespaces(
    "baseline:latest",
    compliant(json!({"hostNetwork": true, "hostPID": true, "hostIPC": true})),
    "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)"
)]
#[case::host_path_at_baseline(
    "baseline:latest",
    compliant(json!({"volumes": [{"name": "a", "hostPath": {}}, {"name": "b", "hostPath": {}}]})),
    r#"hostPath volumes (volumes "a", "b")"#
)]
#[case::host_path_at_restricted(
    "restricted:latest",
    compliant(json!({"volumes": [{"name": "a", "hostPath": {}}, {"name": "b", "hostPath": {}}]})),
    r#"restricted volume types (volumes "a", "b" use restricted volume type "hostPath")"#
)]
#[case::host_ports(
    "baseline:latest",
    pod(json!({
        "containers": [container("container1", json!({"ports": [{"hostPort": 12345}]}))],
        "initContainers": [container("initcontainer1", json!({"ports": [{"hostPort": 12346}]}))],
    })),
    r#"hostPort (containers "initcontainer1", "container1" use hostPorts 12345, 12346)"#
)]
#[case::host_ports_of_the_host_network(
    "baseline:latest",
    pod(json!({
        "hostNetwork": true,
        "containers": [container("a", json!({"ports": [
            {"hostPort": 80}, {"hostPort": 8080}, {"hostPort": 9}, {"hostPort": 10080},
        ]}))],
    })),
    r#"host namespaces (hostNetwork=true), hostPort (container "a" uses hostPorts 10080, 80, 8080, 9)"#
)]
#[case::probes(
    "baseline:v1.34",
    of(&[container("a", json!({
        "livenessProbe": {"httpGet": {"host": "127.0.0.1"}},
        "readinessProbe": {"httpGet": {"host": "localhost"}},
        "startupProbe": {"tcpSocket": {"host": "::1"}},
    }))]),
    r#"probe or lifecycle host (container "a" uses probe or lifecycle hosts "127.0.0.1", "::1", "localhost")"#
)]
#[case::privileged(
    "restricted:latest",
    of(&[secured("container1", json!({"privileged": true, "allowPrivilegeEscalation": null}))]),
    r#"privileged (container "container1" must not set securityContext.privileged=true), allowPrivilegeEscalation != false (container "container1" must set securityContext.allowPrivilegeEscalation=false)"#
)]
#[case::proc_mount(
    "baseline:latest",
    of(&[
        secured("c", json!({"procMount": "Default"})),
        secured("d", json!({"procMount": "Unmasked"})),
        secured("e", json!({"procMount": "other"})),
    ]),
    r#"procMount (containers "d", "e" must not set securityContext.procMount to "Unmasked", "other")"#
)]
#[case::se_linux(
    "baseline:latest",
    pod(json!({
        "securityContext": {"seLinuxOptions": {"type": "foo", "user": "u"}},
        "containers": [
            secured("d", json!({"seLinuxOptions": {"type": "container_t"}})),
            secured("e", json!({"seLinuxOptions": {"type": "bar"}})),
            secured("f", json!({"seLinuxOptions": {"user": "u"}})),
            secured("g", json!({"seLinuxOptions": {"role": "r"}})),
        ],
    })),
    r#"seLinuxOptions (pod and containers "e", "f", "g" set forbidden securityContext.seLinuxOptions: types "bar", "foo"; user may not be set; role may not be set)"#
)]
#[case::seccomp_annotations(
    "baseline:v1.18",
    annotated(
        of(&[container("a", json!({})), container("b", json!({}))]),
        json!({
            "seccomp.security.alpha.kubernetes.io/pod": "unconfined",
            format!("{SECCOMP}b"): "unknown",
            format!("{SECCOMP}a"): "unconfined",
        }),
    ),
    r#"seccompProfile (forbidden annotations container.seccomp.security.alpha.kubernetes.io/a="unconfined", container.seccomp.security.alpha.kubernetes.io/b="unknown", seccomp.security.alpha.kubernetes.io/pod="unconfined")"#
)]
#[case::seccomp_fields(
    "baseline:v1.19",
    pod(json!({
        "securityContext": {"seccompProfile": {"type": "Unconfined"}},
        "containers": [
            secured("b", json!({"seccompProfile": {"type": "Localhost"}})),
            secured("c", json!({"seccompProfile": {"type": "Unconfined"}})),
            secured("d", json!({"seccompProfile": {"type": "Unconfined"}})),
        ],
    })),
    r#"seccompProfile (pod and containers "c", "d" must not set securityContext.seccompProfile.type to "Unconfined")"#
)]
#[case::no_seccomp(
    "restricted:v1.19",
    pod(json!({
        "containers": [secured("container1", json!({"seccompProfile": null}))],
        "initContainers": [secured("initcontainer1", json!({"seccompProfile": null}))],
    })),
    r#"seccompProfile (pod or containers "initcontainer1", "container1" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#
)]
#[case::sysctls(
    "baseline:latest",
    compliant(json!({"securityContext": {"sysctls": [{"name": "a"}, {"name": "b"}]}})),
    "forbidden sysctls (a, b)"
)]
#[case::host_process(
    "baseline:latest",
    pod(json!({
        "securityContext": {"windowsOptions": {"hostProcess": true}},
        "containers": [
            secured("d", json!({"windowsOptions": {"hostProcess": false}})),
            secured("e", json!({"windowsOptions": {"hostProcess": true}})),
            secured("f", json!({"windowsOptions": {"hostProcess": true}})),
        ],
    })),
    r#"hostProcess (pod and containers "e", "f" must not set securityContext.windowsOptions.hostProcess=true)"#
)]
#[case::capabilities_kept_and_added(
    "restricted:latest",
    of(&[
        secured("a", json!({"capabilities": {"drop": ["FOO"], "add": ["FOO"]}})),
        secured("b", json!({"capabilities": {"drop": null, "add": ["BAR", "BAZ"]}})),
        secured("c", json!({"capabilities": {"add": ["NET_BIND_SERVICE", "CHOWN"]}})),
        secured("d", json!({"capabilities": {"add": ["NET_BIND_SERVICE"]}})),
    ]),
    r#"unrestricted capabilities (containers "a", "b" must set securityContext.capabilities.drop=["ALL"]; containers "a", "b", "c" must not include "BAR", "BAZ", "CHOWN", "FOO" in securityContext.capabilities.add)"#
)]
#[case::root_not_ruled_out(
    "restricted:latest",
    of(&[secured("a", json!({"runAsNonRoot": null}))]),
    r#"runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)"#
)]
#[case::root(
    "restricted:latest",
    of(&[
        secured("b", json!({"runAsUser": 1})),
        secured("c", json!({"runAsUser": 0})),
        secured("d", json!({"runAsUser": 0})),
    ]),
    r#"runAsUser=0 (containers "c", "d" must not set runAsUser=0)"#
)]
#[case::bare_at_v1_0(
    "restricted:v1.0",
    of(&[json!({"name": "nginx"})]),
    r#"runAsNonRoot != true (pod or container "nginx" must set securityContext.runAsNonRoot=true)"#
)]
#[case::bare_at_v1_8(
    "restricted:v1.8",
    of(&[json!({"name": "nginx"})]),
    r#"allowPrivilegeEscalation != false (container "nginx" must set securityContext.allowPrivilegeEscalation=false), runAsNonRoot != true (pod or container "nginx" must set securityContext.runAsNonRoot=true)"#
)]
#[case::much_at_once(
    "restricted:latest",
    pod(json!({
        "hostNetwork": true,
        "hostPID": true,
        "volumes": [{"name": "h", "hostPath": {"path": "/"}}],
        "securityContext": {"runAsUser": 0, "sysctls": [{"name": "kernel.msgmax", "value": "1"}]},
        "containers": [{
            "name": "c1",
            "ports": [{"containerPort": 80, "hostPort": 80}],
            "securityContext": {"privileged": true, "capabilities": {"add": ["NET_RAW"]}},
        }],
    })),
    r#"host namespaces (hostNetwork=true, hostPID=true), hostPort (container "c1" uses hostPort 80), privileged (container "c1" must not set securityContext.privileged=true), forbidden sysctls (kernel.msgmax), allowPrivilegeEscalation != false (container "c1" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c1" must set securityContext.capabilities.drop=["ALL"]; container "c1" must not include "NET_RAW" in securityContext.capabilities.add), restricted volume types (volume "h" uses restricted volume type "hostPath"), runAsNonRoot != true (pod or container "c1" must set securityContext.runAsNonRoot=true), runAsUser=0 (pod must not set runAsUser=0), seccompProfile (pod or container "c1" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#
)]
fn details(#[case] standard: &str, #[case] pod: Value, #[case] expected: &str) {
    assert_eq!(says(standard, &pod), expected);
}

const BARE: &str = r#"allowPrivilegeEscalation != false (container "nginx" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "nginx" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "nginx" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "nginx" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#;

#[test]
fn texts_of_a_bare_container() {
    let failures = crate::evaluate("restricted:latest", &of(&[json!({"name": "nginx"})]));
    let standard: Standard = "restricted".parse().unwrap();
    let denial = format!(r#"violates PodSecurity "restricted:latest": {BARE}"#);
    assert_eq!(standard.violated(&failures), denial);
    assert_eq!(
        standard.would_be_violated(&failures),
        format!(r#"would violate PodSecurity "restricted:latest": {BARE}"#)
    );
    assert_eq!(standard.forbidden("nginx", &failures), format!(r#"pods "nginx" is forbidden: {denial}"#));
    assert_eq!(standard.forbidden("", &failures), format!("pods is forbidden: {denial}"));
    assert_eq!(
        reasons(&failures),
        "allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile"
    );
}

#[test]
fn texts_of_some_of_the_failures() {
    let failures = crate::evaluate("restricted:latest", &of(&[json!({"name": "nginx"})]));
    let standard: Standard = "restricted:v1.99".parse().unwrap();
    let some = failures.iter().filter(|failure| failure.id == "runAsNonRoot");
    assert_eq!(
        standard.violated(some),
        r#"violates PodSecurity "restricted:v1.99": runAsNonRoot != true (pod or container "nginx" must set securityContext.runAsNonRoot=true)"#
    );
}
