//! Whether a rule is about fields that settings govern.

use serde_json::Value;

/// Words in the names of the fields that settings govern.
const WORDS: [&str; 24] = [
    "privileged",
    "allowPrivilegeEscalation",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "hostPort",
    "hostPath",
    "flexVolume",
    "capabilities",
    "procMount",
    "readOnlyRootFilesystem",
    "runAsUser",
    "runAsGroup",
    "runAsNonRoot",
    "supplementalGroups",
    "fsGroup",
    "seLinuxOptions",
    "seccomp",
    "appArmor",
    "apparmor",
    "sysctls",
    "runtimeClassName",
    "hostProcess",
    "volumes[].keys",
];

/// The first word that a rule has, messages aside.
pub(super) fn word(value: &Value) -> Option<&'static str> {
    let in_text = |text: &str| {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        WORDS.into_iter().find(|word| text.contains(word))
    };
    match value {
        Value::String(text) => in_text(text).or_else(|| text.contains(".downwardAPI)").then_some("volumes")),
        Value::Array(list) => list.iter().find_map(word),
        Value::Object(members) => members
            .iter()
            // What a patch depends on is not what it changes.
            .filter(|(key, _)| {
                !["message", "messageExpression"].contains(&key.as_str()) && !key.starts_with(['(', '<'])
            })
            .find_map(|(key, value)| in_text(key).or_else(|| word(value))),
        _ => None,
    }
}

/// Whether a kind is that of a workload.
pub(super) fn is_workload(kind: &str) -> bool {
    let name = kind.rsplit('/').next().unwrap_or_default();
    ["CronJob", "DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"]
        .contains(&name)
}

/// Whether a resource is that of workloads.
pub(super) fn is_workload_resource(name: &str) -> bool {
    ["cronjobs", "daemonsets", "deployments", "jobs", "replicasets", "replicationcontrollers", "statefulsets"]
        .contains(&name)
}
