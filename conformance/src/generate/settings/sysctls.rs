//! Sysctl patterns, each and against each other.

use serde_json::json;

use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const LISTS: [&str; 2] = ["allowedUnsafeSysctls", "forbiddenSysctls"];

const ENTRIES: [&str; 22] = [
    "kernel.msgmax",
    "kernel.msg*",
    "kernel.*",
    "kernel*",
    "*",
    "",
    "a*b",
    "a.*.b",
    "a**",
    "Kernel.msgmax",
    "kernel/msgmax",
    "kernel..msgmax",
    ".kernel",
    "kernel.",
    "-kernel",
    "kernel-",
    "_a",
    "a_b-c.d",
    "net.ipv4.conf.eth0.x",
    " kernel.msgmax",
    "a.b_",
    "a.b-",
];

/// Boundary values of the pattern, alone in one of the two lists.
pub(super) fn entry(rng: &mut Rng, policy: &mut Policy) {
    for list in LISTS {
        policy.spec.remove(list);
    }
    let count = rng.count(1, 3);
    let mut entries: Vec<String> = rng.some(&ENTRIES, count).into_iter().map(str::to_owned).collect();
    match rng.count(0, 7) {
        0 => entries.push("a".repeat(253)),
        1 => entries.push("a".repeat(254)),
        2 => entries.push(format!("{}*", "a".repeat(252))),
        3 => entries.push("*".to_owned()),
        _ => {}
    }
    policy.set(rng.pick(&LISTS), entries);
}

/// Valid entries in both lists, which may have names in common.
pub(super) fn overlap(rng: &mut Rng, policy: &mut Policy) {
    let entries = [
        "kernel.msgmax",
        "kernel.msg*",
        "kernel.*",
        "kernel.shmmax",
        "kernel.sh*",
        "net.*",
        "net.core.somaxconn",
        "kernel.msg",
    ];
    for list in LISTS {
        let count = rng.count(0, 3);
        let chosen = if rng.percent(10) { vec!["*"] } else { rng.some(&entries, count) };
        policy.set(list, json!(chosen));
    }
}
