//! The namespaces of the node: its network interfaces, its processes, its shared memory.
//!
//! | | |
//! |---|---|
//! | Level | baseline |
//! | Pod fields | `spec.hostNetwork`, `spec.hostPID`, `spec.hostIPC` |
//! | Accepts | unset or `false` |
//! | Source | Pod Security Standards, Baseline, "Host Namespaces"; on the host network, abstract sockets of the node are in reach (CVE-2020-15257) |

use super::phrases::applicable;
use super::{Check, Level, Objection, Subject, Variant, doc_only};

pub(super) const CHECK: Check = Check {
    id: "hostNamespaces",
    level: Level::Baseline,
    purpose: doc_only("Pods may not share the network, the processes or the memory of their node."),
    pod_fields: doc_only("`hostNetwork`, `hostPID`, `hostIPC`"),
    variants: &[Variant { since: 0, judge }],
};

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let spec = &subject.pod.spec;
    let set = [
        (spec.host_network, "hostNetwork=true"),
        (spec.host_pid, "hostPID=true"),
        (spec.host_ipc, "hostIPC=true"),
    ];
    let detail = applicable(&set, ", ");
    if detail.is_empty() { None } else { Some(Objection { reason: "host namespaces", detail }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOTHING, says, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    #[rstest]
    #[case::unset(json!({}), NOTHING)]
    #[case::switched_off(json!({"hostNetwork": false, "hostPID": false, "hostIPC": null}), NOTHING)]
    #[case::network(json!({"hostNetwork": true}), "host namespaces (hostNetwork=true)")]
    #[case::processes(json!({"hostPID": true}), "host namespaces (hostPID=true)")]
    #[case::memory(json!({"hostIPC": true}), "host namespaces (hostIPC=true)")]
    #[case::in_one_order(json!({"hostIPC": true, "hostPID": true, "hostNetwork": true}),
        "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)")]
    fn judges_at_every_version(#[case] pod: Value, #[case] expected: &str) {
        for version in ["v1.0", "latest"] {
            assert_eq!(says(&CHECK, version, &spec(pod.clone())), expected, "{version}");
        }
    }
}
