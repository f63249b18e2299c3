//! Borders of the checks that look at containers.

use serde_json::{Value, json};

use crate::generate::dice::Dice;
use crate::generate::pod::{Container, Pod};

/// Does something to one container, or to each.
fn touch(dice: &mut Dice, pod: &mut Pod, mut change: impl FnMut(&mut Dice, &mut Container)) {
    if dice.percent(70) {
        if let Some(container) = pod.any(dice) {
            change(dice, container);
        }
    } else {
        for container in &mut pod.containers {
            change(dice, container);
        }
    }
}

pub(super) fn privileged(dice: &mut Dice, pod: &mut Pod) {
    touch(dice, pod, |dice, container| container.secure("privileged", dice.percent(70)));
}

pub(super) fn privilege_escalation(dice: &mut Dice, pod: &mut Pod) {
    touch(dice, pod, |dice, container| match dice.count(0, 3) {
        0 => drop(container.context.remove("allowPrivilegeEscalation")),
        1 => container.secure("allowPrivilegeEscalation", Value::Null),
        2 => container.secure("allowPrivilegeEscalation", true),
        _ => container.secure("allowPrivilegeEscalation", false),
    });
}

pub(super) fn proc_mount(dice: &mut Dice, pod: &mut Pod) {
    touch(dice, pod, |dice, container| {
        container.secure("procMount", dice.pick(&["Default", "Default", "Unmasked", "unmasked", ""]));
    });
}

pub(super) fn capabilities(dice: &mut Dice, pod: &mut Pod) {
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
    touch(dice, pod, |dice, container| {
        let mut both = json!({});
        let count = dice.count(0, 3);
        let mut added = dice.some(&ADDED, count);
        if dice.percent(10)
            && let Some(first) = added.first().copied()
        {
            added.push(first);
        }
        if let Some(both) = both.as_object_mut() {
            if !added.is_empty() || dice.percent(10) {
                both.insert("add".to_owned(), added.into());
            }
            both.insert("drop".to_owned(), dice.pick(&DROPPED).into());
        }
        match dice.count(0, 9) {
            0 => drop(container.context.remove("capabilities")),
            1 => container.context.clear(),
            _ => container.secure("capabilities", both),
        }
    });
}

pub(super) fn host_ports(dice: &mut Dice, pod: &mut Pod) {
    touch(dice, pod, |dice, container| {
        for _ in 0..dice.count(1, 3) {
            let port =
                dice.pick(&[json!({"containerPort": 80}), json!({"containerPort": 80, "hostPort": 0})]);
            let host = dice.pick(&[80, 443, 8080, 10_080, 65_535]);
            let port = if dice.percent(50) { json!({"containerPort": 80, "hostPort": host}) } else { port };
            container.append("ports", port);
        }
    });
}

pub(super) fn probes(dice: &mut Dice, pod: &mut Pod) {
    touch(dice, pod, |dice, container| {
        for _ in 0..dice.count(1, 2) {
            let host = dice.pick(&["", "", "127.0.0.1", "::1", "localhost", "10.0.0.1", "169.254.169.254"]);
            let handler = dice.pick(&[
                json!({"httpGet": {"port": 80, "host": host}}),
                json!({"httpGet": {"port": 80, "httpHeaders": [{"name": "Host", "value": "example.com"}]}}),
                json!({"tcpSocket": {"port": 80, "host": host}}),
                json!({"exec": {"command": ["true"]}}),
            ]);
            if dice.percent(60) {
                let probe = dice.pick(&["livenessProbe", "readinessProbe", "startupProbe"]);
                container.fields.insert(probe.to_owned(), handler);
            } else {
                let hook = dice.pick(&["postStart", "preStop"]);
                container.fields.insert("lifecycle".to_owned(), json!({hook: handler}));
            }
        }
    });
}
