//! Capabilities beyond those that container runtimes give by default reach into the node or its network.
//!
//! | | |
//! |---|---|
//! | Level | baseline; restricted has its own check since v1.22 |
//! | Pod fields | containers' `securityContext.capabilities.add` |
//! | Accepts | the 13 capabilities of the runtimes' default that are safe to state |
//! | Source | Pod Security Standards, Baseline, "Capabilities" |
//!
//! `NET_RAW` is a runtime default too, and not accepted: it can forge packets, and led out of a container in
//! CVE-2020-14386.

use super::phrases::{containers, quoted, set};
use super::{Check, Level, Objection, Subject, Variant, doc_only};

pub(super) const CHECK: Check = Check {
    id: "capabilities_baseline",
    level: Level::Baseline,
    purpose: doc_only("No capabilities may be added beyond the runtimes' defaults."),
    pod_fields: doc_only("containers' `securityContext.capabilities.add`"),
    variants: &[Variant { since: 0, judge }],
};

/// The capabilities that the baseline level allows: those of the runtimes.
pub const ALLOWED: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let detail = additions(subject, &ALLOWED)?;
    Some(Objection { reason: "non-default capabilities", detail })
}

/// The containers that add capabilities other than these, and the capabilities, in a sentence; `None` if none does.
#[inline(never)]
pub(super) fn additions(subject: &Subject<'_>, allowed: &[&str]) -> Option<String> {
    let (names, added) = subject.search(&mut |container, added| {
        for capability in &container.security_context.capabilities.add {
            if !allowed.contains(&&**capability) {
                added.push(capability);
            }
        }
    })?;
    let (names, added) = (containers(&names), quoted(&set(added)));
    Some([&names, " must not include ", &added, " in securityContext.capabilities.add"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOTHING, containers, one, says, secured};
    use rstest::rstest;
    use serde_json::{Value, json};

    fn adding(capabilities: &[&str]) -> Value {
        one(json!({"capabilities": {"add": capabilities}}))
    }

    #[rstest]
    #[case::unset(one(json!({})), NOTHING)]
    #[case::empty(adding(&[]), NOTHING)]
    #[case::all_that_are_allowed(adding(&ALLOWED), NOTHING)]
    #[case::dropped(one(json!({"capabilities": {"drop": ["NET_RAW"]}})), NOTHING)]
    #[case::net_raw(adding(&["NET_RAW"]),
        r#"non-default capabilities (container "a" must not include "NET_RAW" in securityContext.capabilities.add)"#)]
    #[case::other_spellings(adding(&["chown", "CAP_CHOWN", ""]),
        r#"non-default capabilities (container "a" must not include "", "CAP_CHOWN", "chown" in securityContext.capabilities.add)"#)]
    #[case::all(adding(&["ALL"]),
        r#"non-default capabilities (container "a" must not include "ALL" in securityContext.capabilities.add)"#)]
    #[case::all_lists_in_visiting_order(
        containers(vec![
            secured("z", json!({"capabilities": {"add": ["SYS_ADMIN"]}})),
            secured("y", json!({"capabilities": {"add": ["KILL"]}})),
            secured("x", json!({"capabilities": {"add": ["BPF", "SYS_ADMIN"]}})),
            secured("a", json!({"capabilities": {"add": ["BPF"]}})),
        ]),
        r#"non-default capabilities (containers "z", "x", "a" must not include "BPF", "SYS_ADMIN" in securityContext.capabilities.add)"#)]
    fn judges_at_every_version(#[case] pod: Value, #[case] expected: &str) {
        for version in ["v1.0", "v1.22", "latest"] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }
}
