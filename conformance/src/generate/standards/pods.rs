//! Boundary values of the checks that look at the pod, or at the fields that containers inherit from it.

use serde_json::{Value, json};

use crate::generate::generators::{TYPES, source};
use crate::generate::pod::{Pod, append};
use crate::generate::rng::Rng;

/// Sets a field on the pod or on a container, occasionally on both.
fn either(rng: &mut Rng, pod: &mut Pod, field: &str, values: &[Value]) {
    let (on_pod, on_container) = rng.weighed(&[(45, (true, false)), (45, (false, true)), (10, (true, true))]);
    if on_pod {
        pod.secure(field, rng.pick(values));
    }
    if on_container {
        let value = rng.pick(values);
        if let Some(container) = pod.any(rng) {
            container.secure(field, value);
        }
    }
}

/// Removes a field from the pod, or from a container.
fn neither(rng: &mut Rng, pod: &mut Pod, field: &str) {
    if rng.percent(50) {
        pod.context.remove(field);
    } else if let Some(container) = pod.any(rng) {
        container.context.remove(field);
    }
}

pub(super) fn host_namespaces(rng: &mut Rng, pod: &mut Pod) {
    let count = rng.count(1, 3);
    for namespace in rng.some(&["hostNetwork", "hostPID", "hostIPC"], count) {
        pod.spec.insert(namespace.to_owned(), Value::Bool(rng.percent(50)));
    }
}

pub(super) fn run_as_non_root(rng: &mut Rng, pod: &mut Pod) {
    if rng.percent(40) {
        neither(rng, pod, "runAsNonRoot");
    } else {
        either(rng, pod, "runAsNonRoot", &[json!(true), json!(false), Value::Null]);
    }
}

pub(super) fn run_as_user(rng: &mut Rng, pod: &mut Pod) {
    either(rng, pod, "runAsUser", &[json!(0), json!(1), json!(1000), Value::Null]);
}

pub(super) fn seccomp(rng: &mut Rng, pod: &mut Pod) {
    if rng.percent(30) {
        return neither(rng, pod, "seccompProfile");
    }
    let profiles = [
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Localhost", "localhostProfile": "a.json"}),
        json!({"type": "Localhost"}),
        json!({"type": "Unconfined"}),
        json!({"type": "unconfined"}),
        json!({}),
        Value::Null,
    ];
    either(rng, pod, "seccompProfile", &profiles);
}

pub(super) fn seccomp_annotation(rng: &mut Rng, pod: &mut Pod) {
    let values = [
        "runtime/default",
        "docker/default",
        "localhost/a.json",
        "localhost/",
        "unconfined",
        "",
        "x\ty\"z\\é",
    ];
    for _ in 0..rng.count(1, 2) {
        let name = pod.any(rng).map(|container| container.name.clone()).unwrap_or_default();
        let key = format!("container.seccomp.security.alpha.kubernetes.io/{name}");
        let on_pod = "seccomp.security.alpha.kubernetes.io/pod".to_owned();
        let nobody = "container.seccomp.security.alpha.kubernetes.io/nobody".to_owned();
        let key = rng.weighed(&[(50, on_pod), (40, key), (10, nobody)]);
        let value = rng.pick(&values);
        pod.annotate(key, value);
    }
}

pub(super) fn app_armor(rng: &mut Rng, pod: &mut Pod) {
    if rng.percent(50) {
        let profiles = [
            json!({"type": "RuntimeDefault"}),
            json!({"type": "Localhost", "localhostProfile": "a"}),
            json!({"type": "Unconfined"}),
            json!({"type": ""}),
            json!({}),
        ];
        return either(rng, pod, "appArmorProfile", &profiles);
    }
    let values = [
        "runtime/default",
        "localhost/a",
        "localhost/",
        "",
        "unconfined",
        "docker/default",
        "\"\u{7f}\u{200b}é",
    ];
    let own = pod.any(rng).map(|container| container.name.clone()).unwrap_or_default();
    let name = rng.weighed(&[(70, own), (20, "nobody".to_owned()), (10, String::new())]);
    pod.annotate(format!("container.apparmor.security.beta.kubernetes.io/{name}"), rng.pick(&values));
}

pub(super) fn se_linux(rng: &mut Rng, pod: &mut Pod) {
    let options = [
        json!({}),
        json!({"type": "container_t", "level": "s0:c1"}),
        json!({"type": "container_init_t"}),
        json!({"type": "container_kvm_t", "user": ""}),
        json!({"type": "container_engine_t"}),
        json!({"type": "container_t2"}),
        json!({"type": "spc_t", "role": "object_r"}),
        json!({"user": "system_u"}),
        json!({"role": "object_r", "user": "system_u"}),
    ];
    either(rng, pod, "seLinuxOptions", &options);
}

pub(super) fn sysctls(rng: &mut Rng, pod: &mut Pod) {
    const NAMES: [&str; 18] = [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
        "net.ipv4.tcp_slow_start_after_idle",
        "net.ipv4.tcp_notsent_lowat",
        "kernel.msgmax",
        "net/ipv4/tcp_syncookies",
        "net.ipv4.tcp_rmem2",
        "",
    ];
    for _ in 0..rng.weighed(&[(70, 1), (20, 2), (10, 3)]) {
        append(&mut pod.context, "sysctls", json!({"name": rng.pick(&NAMES), "value": "1"}));
    }
}

pub(super) fn volumes(rng: &mut Rng, pod: &mut Pod) {
    for number in 0..rng.weighed(&[(60, 1), (30, 2), (10, 3)]) {
        let mut volume = json!({"name": format!("v{number}")});
        let Some(fields) = volume.as_object_mut() else { continue };
        // One source; seldom none, two, one that is newer or one that does not exist.
        for _ in 0..rng.weighed(&[(92, 1), (5, 2), (3, 0)]) {
            let likely = rng.pick(&[
                "configMap",
                "secret",
                "projected",
                "emptyDir",
                "downwardAPI",
                "persistentVolumeClaim",
                "csi",
                "ephemeral",
            ]);
            let any = rng.pick(&TYPES);
            let kind =
                rng.weighed(&[(40, likely), (40, any), (10, "hostPath"), (5, "image"), (5, "futureVolume")]);
            fields.insert(kind.to_owned(), source(rng, kind));
        }
        pod.append("volumes", volume);
    }
}

pub(super) fn host_process(rng: &mut Rng, pod: &mut Pod) {
    let options = [
        json!({"hostProcess": true}),
        json!({"hostProcess": false}),
        json!({}),
        json!({"runAsUserName": "user"}),
    ];
    either(rng, pod, "windowsOptions", &options);
}
