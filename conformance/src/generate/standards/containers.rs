//! Boundary values of the checks that look at containers.

use serde_json::{Value, json};

use crate::generate::pod::{Container, Pod};
use crate::generate::rng::Rng;

/// Changes one container, or each.
fn touch(rng: &mut Rng, pod: &mut Pod, mut change: impl FnMut(&mut Rng, &mut Container)) {
    if rng.percent(70) {
        if let Some(container) = pod.any(rng) {
            change(rng, container);
        }
    } else {
        for container in &mut pod.containers {
            change(rng, container);
        }
    }
}

pub(super) fn privileged(rng: &mut Rng, pod: &mut Pod) {
    touch(rng, pod, |rng, container| container.secure("privileged", rng.percent(70)));
}

pub(super) fn privilege_escalation(rng: &mut Rng, pod: &mut Pod) {
    touch(rng, pod, |rng, container| match rng.count(0, 3) {
        0 => drop(container.context.remove("allowPrivilegeEscalation")),
        1 => container.secure("allowPrivilegeEscalation", Value::Null),
        2 => container.secure("allowPrivilegeEscalation", true),
        _ => container.secure("allowPrivilegeEscalation", false),
    });
}

pub(super) fn proc_mount(rng: &mut Rng, pod: &mut Pod) {
    touch(rng, pod, |rng, container| {
        container.secure("procMount", rng.pick(&["Default", "Default", "Unmasked", "unmasked", ""]));
    });
}

pub(super) fn capabilities(rng: &mut Rng, pod: &mut Pod) {
    const ADDED: [&str; 12] = [
        "NET_BIND_SERVICE",
        "NET_BIND_SERVICE",
        "CHOWN",
        "SETPCAP",
        "SYS_CHROOT",
        "AUDIT_WRITE",
        "NET_RAW",
        "SYS_ADMIN",
        "ALL",
        "chown",
        "CAP_CHOWN",
        "",
    ];
    const DROPPED: [&[&str]; 6] = [&["ALL"], &["ALL"], &["NET_RAW", "ALL"], &["all"], &["NET_RAW"], &[]];
    touch(rng, pod, |rng, container| {
        let mut both = json!({});
        let count = rng.count(0, 3);
        let mut added = rng.some(&ADDED, count);
        if rng.percent(10)
            && let Some(first) = added.first().copied()
        {
            added.push(first);
        }
        if let Some(both) = both.as_object_mut() {
            if !added.is_empty() || rng.percent(10) {
                both.insert("add".to_owned(), added.into());
            }
            both.insert("drop".to_owned(), rng.pick(&DROPPED).into());
        }
        match rng.count(0, 9) {
            0 => drop(container.context.remove("capabilities")),
            1 => container.context.clear(),
            _ => container.secure("capabilities", both),
        }
    });
}

pub(super) fn host_ports(rng: &mut Rng, pod: &mut Pod) {
    touch(rng, pod, |rng, container| {
        for _ in 0..rng.count(1, 3) {
            let port = rng.pick(&[json!({"containerPort": 80}), json!({"containerPort": 80, "hostPort": 0})]);
            let host = rng.pick(&[80, 443, 8080, 10_080, 65_535]);
            let port = if rng.percent(50) { json!({"containerPort": 80, "hostPort": host}) } else { port };
            container.append("ports", port);
        }
    });
}

pub(super) fn probes(rng: &mut Rng, pod: &mut Pod) {
    touch(rng, pod, |rng, container| {
        for _ in 0..rng.count(1, 2) {
            let host = rng.pick(&["", "", "127.0.0.1", "::1", "localhost", "10.0.0.1", "169.254.169.254"]);
            let handler = rng.pick(&[
                json!({"httpGet": {"port": 80, "host": host}}),
                json!({"httpGet": {"port": 80, "httpHeaders": [{"name": "Host", "value": "example.com"}]}}),
                json!({"tcpSocket": {"port": 80, "host": host}}),
                json!({"exec": {"command": ["true"]}}),
            ]);
            if rng.percent(60) {
                let probe = rng.pick(&["livenessProbe", "readinessProbe", "startupProbe"]);
                container.fields.insert(probe.to_owned(), handler);
            } else {
                let hook = rng.pick(&["postStart", "preStop"]);
                container.fields.insert("lifecycle".to_owned(), json!({hook: handler}));
            }
        }
    });
}
