//! Sysctl patterns, each and against each other.

use serde_json::json;

use crate::generate::dice::Dice;
use crate::generate::policy::Policy;

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

/// Entries on the border of the pattern, alone in one of the two lists.
pub(super) fn entry(dice: &mut Dice, policy: &mut Policy) {
    for list in LISTS {
        policy.spec.remove(list);
    }
    let count = dice.count(1, 3);
    let mut entries: Vec<String> = dice.some(&ENTRIES, count).into_iter().map(str::to_owned).collect();
    match dice.count(0, 7) {
        0 => entries.push("a".repeat(253)),
        1 => entries.push("a".repeat(254)),
        2 => entries.push(format!("{}*", "a".repeat(252))),
        3 => entries.push("*".to_owned()),
        _ => {}
    }
    policy.set(dice.pick(&LISTS), entries);
}

/// Valid entries in both lists, which may have names in common.
pub(super) fn overlap(dice: &mut Dice, policy: &mut Policy) {
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
        let count = dice.count(0, 3);
        let chosen = if dice.percent(10) { vec!["*"] } else { dice.some(&entries, count) };
        policy.set(list, json!(chosen));
    }
}
