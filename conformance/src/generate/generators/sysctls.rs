//! `allowedUnsafeSysctls`, `forbiddenSysctls`.

use serde_json::json;

use super::Generator;
use crate::generate::pod::{Pod, append};
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const ALLOWED: &str = "allowedUnsafeSysctls";
const FORBIDDEN: &str = "forbiddenSysctls";

/// Safe in the last release that had PodSecurityPolicy.
const SAFE: [&str; 5] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
];
/// Names and patterns that contain one another, or just do not.
const ENTRIES: [&str; 14] = [
    "kernel.msg*",
    "kernel.msgmax",
    "kernel.msg",
    "kernel.*",
    "kernel.shm*",
    "kernel.sem",
    "net.core.somaxconn",
    "net.core.*",
    "net.*",
    "net.ipv4.tcp_syncookies",
    "fs.mqueue.*",
    "fs.mqueue.msg_max",
    "net.ipv4.tcp*",
    "k*",
];
/// Sysctls that pods set, with either separator and with both: safe today, safe in no release, and nearly so.
const NAMES: [&str; 33] = [
    "kernel.msgmax",
    "kernel.msg",
    "kernel.msgmnb",
    "kernel.ms",
    "kernel",
    "kernel.shmmax",
    "kernel.sem",
    "kernel/msgmax",
    "kernel/shm_rmid_forced",
    "net.core.somaxconn",
    "net/core/somaxconn",
    "net.core",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_notsent_lowat2",
    "net/ipv4/tcp_rmem",
    "net/ipv4.tcp_syncookies",
    "net.ipv4/tcp_syncookies",
    "net.ipv4/tcp_wmem",
    "net/core.somaxconn",
    "fs/mqueue.msg_max",
    "kernel/msg.max",
    "net.ipv4.tcp_syncookies2",
    "net.ipv4.ip_local_reserved_ports",
    "fs.mqueue.msg_max",
    "fs.mqueue.",
    "Kernel.msgmax",
];

#[derive(Debug)]
pub(super) struct Sysctls;

impl Generator for Sysctls {
    fn name(&self) -> &'static str {
        "sysctls"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        let count = rng.weighed(&[(55, 0), (25, 1), (15, 2), (5, 3)]);
        let allowed = if rng.percent(5) { vec!["*"] } else { rng.some(&ENTRIES, count) };
        let count = rng.weighed(&[(60, 0), (25, 1), (15, 2)]);
        let forbidden = if rng.percent(5) { vec!["*"] } else { rng.some(&ENTRIES, count) };
        // INVARIANT: nothing is both allowed and forbidden.
        let forbidden: Vec<&str> = forbidden
            .into_iter()
            .filter(|entry| !allowed.iter().any(|other| overlap(entry, other)))
            .collect();
        for (field, list) in [(ALLOWED, allowed), (FORBIDDEN, forbidden)] {
            if !list.is_empty() || rng.percent(5) {
                policy.set(field, list);
            }
        }
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, _explicit: bool, pod: &mut Pod) {
        let (fitting, _) = sort(policy);
        for _ in 0..rng.weighed(&[(65, 0), (25, 1), (10, 2)]) {
            if !fitting.is_empty() {
                add(rng, pod, &fitting);
            }
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        let (_, unfitting) = sort(policy);
        let forbidden = policy.strings(FORBIDDEN);
        let named: Vec<&str> = unfitting
            .iter()
            .copied()
            .filter(|name| forbidden.iter().any(|entry| covers(entry, name)))
            .collect();
        if unfitting.is_empty() {
            return false;
        }
        let names = if !named.is_empty() && rng.percent(60) { named } else { unfitting };
        add(rng, pod, &names);
        true
    }
}

fn add(rng: &mut Rng, pod: &mut Pod, names: &[&str]) {
    let sysctl = json!({"name": rng.pick(names), "value": "1"});
    append(&mut pod.context, "sysctls", sysctl);
}

/// Splits the names a pod could set into those the policy allows, and the rest.
fn sort(policy: &Policy) -> (Vec<&'static str>, Vec<&'static str>) {
    let (allowed, forbidden) = (policy.strings(ALLOWED), policy.strings(FORBIDDEN));
    let matches = |list: &[String], name: &str| list.iter().any(|entry| covers(entry, name));
    SAFE.into_iter()
        .chain(NAMES)
        .partition(|name| !matches(&forbidden, name) && (SAFE.contains(name) || matches(&allowed, name)))
}

fn covers(entry: &str, name: &str) -> bool {
    entry.strip_suffix('*').map_or(entry == name, |prefix| name.starts_with(prefix))
}

/// Whether two entries have a name in common.
fn overlap(one: &str, other: &str) -> bool {
    match (one.strip_suffix('*'), other.strip_suffix('*')) {
        (Some(one), Some(other)) => one.starts_with(other) || other.starts_with(one),
        (Some(prefix), None) => other.starts_with(prefix),
        (None, Some(prefix)) => one.starts_with(prefix),
        (None, None) => one == other,
    }
}
