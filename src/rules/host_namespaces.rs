//! The namespaces of the node: a pod that shares them sees its traffic, its processes, its memory.

use crate::pod::Pod;
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::schema::Shape;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        id: "hostNetwork",
        purpose: "Whether pods may use the node's network.",
        pod_fields: "`hostNetwork`",
        ..HOST_NAMESPACE
    },
    Entry {
        id: "hostPID",
        purpose: "Whether pods may see the node's processes.",
        pod_fields: "`hostPID`",
        ..HOST_NAMESPACE
    },
    Entry {
        id: "hostIPC",
        purpose: "Whether pods may use the node's inter-process communication.",
        pod_fields: "`hostIPC`",
        ..HOST_NAMESPACE
    },
];

/// The common part of the three.
const HOST_NAMESPACE: Entry = Entry { shape: Some(Shape::Flag), default: "`false`: refused", ..Entry::USUAL };

/// Refuses one namespace of the node; a policy that allows it has no such rule.
pub(crate) enum Refused {
    Network,
    Pid,
    Ipc,
}

pub(super) fn load_network(spec: &mut Spec<'_, '_>) -> Option<Refused> {
    Some(Refused::Network).filter(|_| !spec.flag("hostNetwork"))
}

pub(super) fn load_pid(spec: &mut Spec<'_, '_>) -> Option<Refused> {
    Some(Refused::Pid).filter(|_| !spec.flag("hostPID"))
}

pub(super) fn load_ipc(spec: &mut Spec<'_, '_>) -> Option<Refused> {
    Some(Refused::Ipc).filter(|_| !spec.flag("hostIPC"))
}

impl Rule for Refused {
    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        let (used, field, what) = match self {
            Refused::Network => (pod.spec.host_network, "spec.hostNetwork", "network"),
            Refused::Pid => (pod.spec.host_pid, "spec.hostPID", "PID"),
            Refused::Ipc => (pod.spec.host_ipc, "spec.hostIPC", "IPC"),
        };
        if used {
            found.invalid(field, true, format_args!("Host {what} is not allowed to be used"));
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Objected, Rejected};
    use crate::testing::judge_pod;

    #[rstest]
    #[case::none(json!({}), json!({"hostNetwork": false, "hostPID": null}), Admitted)]
    #[case::network(json!({}), json!({"hostNetwork": true}),
        Rejected("spec.hostNetwork: Invalid value: true: Host network is not allowed to be used"))]
    #[case::pid(json!({}), json!({"hostPID": true}), Rejected("spec.hostPID: Invalid value: true: Host PID is not allowed to be used"))]
    #[case::ipc(json!({}), json!({"hostIPC": true}), Rejected("spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used"))]
    #[case::network_allowed(json!({"hostNetwork": true}), json!({"hostNetwork": true}), Admitted)]
    #[case::pid_allowed(json!({"hostPID": true}), json!({"hostPID": true}), Admitted)]
    #[case::ipc_allowed(json!({"hostIPC": true}), json!({"hostIPC": true}), Admitted)]
    #[case::one_allowed_is_not_the_other(json!({"hostPID": true}), json!({"hostPID": true, "hostIPC": true}),
        Rejected("spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used"))]
    #[case::all_three(json!({}), json!({"hostIPC": true, "hostPID": true, "hostNetwork": true}), Objected(&[
        "spec.hostNetwork: Invalid value: true: Host network is not allowed to be used",
        "spec.hostPID: Invalid value: true: Host PID is not allowed to be used",
        "spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used",
    ]))]
    fn judges(#[case] policy: Value, #[case] spec: Value, #[case] expected: Outcome) {
        judge_pod(policy, json!({"spec": spec}), expected);
    }
}
