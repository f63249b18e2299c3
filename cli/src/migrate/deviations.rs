//! Deviations from PodSecurityPolicy, and the policies that they affect.

use serde_json::Value;

/// One deliberate deviation, by the name that it has in docs/conformance.md.
pub(crate) struct Deviation {
    pub(crate) name: &'static str,
    /// Its effect on a policy, and the reason.
    pub(crate) effect: &'static str,
    /// Whether a PodSecurityPolicy is affected.
    concerns: fn(&Value) -> bool,
}

/// The deviations that affect a policy.
pub(crate) fn of(policy: &Value) -> impl Iterator<Item = &'static Deviation> {
    DEVIATIONS.iter().filter(move |deviation| (deviation.concerns)(policy))
}

/// Applies to every policy.
pub(crate) const ALWAYS: &[(&str, &str)] = &[
    (
        "ephemeral containers are judged",
        "kubectl debug is held to the policies; PodSecurityPolicy let ephemeral containers through",
    ),
    (
        "volumes: two sources are refused",
        "such a volume cannot be read; PodSecurityPolicy judged one of the two",
    ),
    (
        "Windows pods need nothing that is Linux's",
        "Linux-only fields are neither filled in nor demanded where spec.os.name is windows: the API server refuses them",
    ),
    (
        "sysctls: safe ones are today's",
        "what kubelets have found safe since 1.24 needs no allowedUnsafeSysctls, unless it is forbidden",
    ),
];

const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "apparmor.security.beta.kubernetes.io/";

const DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "seccomp: a field needs no annotation",
        effect: "the default profile is written to seccompProfile: since Kubernetes 1.27 only the field counts",
        concerns: |policy| annotation(policy, SECCOMP, "defaultProfileName").is_some(),
    },
    Deviation {
        name: "seccomp: an annotation that is not adopted satisfies nothing",
        effect: "pods that exist, and annotations that name no profile, need the field: annotations have no effect any more",
        concerns: |policy| {
            annotation(policy, SECCOMP, "allowedProfileNames")
                .is_some_and(|list| !list.split(',').any(|name| name == "*"))
        },
    },
    Deviation {
        name: "seccomp: RuntimeDefault needs no allow list",
        effect: "pods may ask for RuntimeDefault although the policy lists no profiles: it is never weaker than none",
        concerns: |policy| annotation(policy, SECCOMP, "allowedProfileNames").is_none(),
    },
    Deviation {
        name: "AppArmor: fields count",
        effect: "profiles are read from, and written to, the fields that Kubernetes has since 1.30; annotations count where no field is set",
        concerns: |policy| {
            ["allowedProfileNames", "defaultProfileName"]
                .iter()
                .any(|name| annotation(policy, APP_ARMOR, name).is_some())
        },
    },
    Deviation {
        name: "`image` is a volume type",
        effect: "image volumes are admitted, which Kubernetes has since 1.31",
        concerns: |policy| lists(policy, "volumes", "*") || lists(policy, "volumes", "image"),
    },
    Deviation {
        name: "volumes: an unknown source is refused",
        effect: "a source that is not known is refused instead of being taken for an emptyDir",
        concerns: |policy| lists(policy, "volumes", "emptyDir") && !lists(policy, "volumes", "*"),
    },
    Deviation {
        name: "host paths are cleaned",
        effect: "`.`, `//` and a trailing `/` make no other path, in prefixes and in pods",
        concerns: |policy| prefixes(policy).any(is_unclean),
    },
    Deviation {
        name: "host paths may not lead up",
        effect: "a host path with `..` is refused: it leaves what a prefix allows",
        concerns: |policy| lists(policy, "volumes", "*") || lists(policy, "volumes", "hostPath"),
    },
    Deviation {
        name: "sysctls have two spellings",
        effect: "kernel/msgmax is kernel.msgmax, so that a pattern meets both",
        concerns: |policy| {
            ["allowedUnsafeSysctls", "forbiddenSysctls"].iter().any(|field| !list(policy, field).is_empty())
        },
    },
    Deviation {
        name: "capabilities: dropping all drops each",
        effect: "`drop: [ALL]` satisfies every required drop, and no other name is added to it",
        concerns: |policy| !list(policy, "requiredDropCapabilities").is_empty(),
    },
    Deviation {
        name: "capabilities: required drops have no prefix",
        effect: "CAP_X among the required drops reads as X, which runtimes know: PodSecurityPolicy wrote a name that drops nothing",
        concerns: |policy| {
            let names = list(policy, "requiredDropCapabilities").iter().filter_map(Value::as_str);
            names.into_iter().any(|name| name.starts_with("CAP_"))
        },
    },
    Deviation {
        name: "seccomp: containers' own profiles suffice",
        effect: "a pod whose containers all have an allowed profile of their own needs none for the pod, and none is written",
        concerns: |policy| {
            annotation(policy, SECCOMP, "allowedProfileNames")
                .is_some_and(|list| !list.split(',').any(|name| name == "*"))
        },
    },
    Deviation {
        name: "escalation: no default for those who have it",
        effect: "defaultAllowPrivilegeEscalation: false is not written into privileged containers and those that add CAP_SYS_ADMIN, which are admitted as they are if the rest allows it",
        concerns: |policy| {
            policy.pointer("/spec/defaultAllowPrivilegeEscalation") == Some(&Value::Bool(false))
        },
    },
    Deviation {
        name: "user namespaces have 65,536 ids",
        effect: "pods with hostUsers: false are rejected where an id above 65535 would have to be filled in: they could not start",
        concerns: |policy| {
            ["runAsUser", "runAsGroup", "supplementalGroups", "fsGroup"].iter().any(|field| {
                let strategy = policy.get("spec").and_then(|spec| spec.get(field));
                let demands = strategy
                    .and_then(|strategy| strategy.get("rule"))
                    .is_some_and(|rule| rule == "MustRunAs");
                let first =
                    strategy.and_then(|strategy| strategy.pointer("/ranges/0/min")).and_then(Value::as_i64);
                demands && first.is_some_and(|first| first > 65535)
            })
        },
    },
    Deviation {
        name: "no pod that the API server refuses",
        effect: "privileged containers, and those that add CAP_SYS_ADMIN, are rejected with the reason: Kubernetes rejects allowPrivilegeEscalation: false for these, which the policy would write",
        concerns: |policy| {
            let denied = |field: &str| policy.pointer(&format!("/spec/{field}")) == Some(&Value::Bool(false));
            let strong = policy.pointer("/spec/privileged") == Some(&Value::Bool(true))
                || ["allowedCapabilities", "defaultAddCapabilities"]
                    .iter()
                    .any(|field| lists(policy, field, "*") || lists(policy, field, "CAP_SYS_ADMIN"));
            strong && denied("allowPrivilegeEscalation")
        },
    },
    Deviation {
        name: "host process containers are privileged",
        effect: "Windows containers with hostProcess: true are refused: they get what privileged gives",
        concerns: |policy| policy.pointer("/spec/privileged") != Some(&Value::Bool(true)),
    },
];

fn annotation<'p>(policy: &'p Value, prefix: &str, name: &str) -> Option<&'p str> {
    policy.get("metadata")?.get("annotations")?.get(format!("{prefix}{name}"))?.as_str()
}

fn list<'p>(policy: &'p Value, field: &str) -> &'p [Value] {
    policy
        .get("spec")
        .and_then(|spec| spec.get(field))
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn lists(policy: &Value, field: &str, name: &str) -> bool {
    list(policy, field).iter().any(|entry| entry == name)
}

fn prefixes(policy: &Value) -> impl Iterator<Item = &str> {
    list(policy, "allowedHostPaths").iter().filter_map(|entry| entry.get("pathPrefix")?.as_str())
}

fn is_unclean(path: &str) -> bool {
    path.len() > 1
        && (path.ends_with('/') || path.contains("//") || path.split('/').any(|element| element == "."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_name_is_one_of_the_documented_ones() {
        let documented = include_str!("../../../docs/conformance.md");
        for name in
            DEVIATIONS.iter().map(|deviation| deviation.name).chain(ALWAYS.iter().map(|(name, _)| *name))
        {
            assert!(documented.contains(&format!("| {name} |")), "{name}");
        }
    }

    fn names(policy: Value) -> Vec<&'static str> {
        of(&policy).map(|deviation| deviation.name).collect()
    }

    #[test]
    fn a_policy_is_touched_by_what_it_has() {
        let closed = "host process containers are privileged";
        let unlisted = "seccomp: RuntimeDefault needs no allow list";
        assert_eq!(names(json!({"spec": {}})), [unlisted, closed]);
        let annotations = json!({"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "runtime/default",
            "seccomp.security.alpha.kubernetes.io/defaultProfileName": "runtime/default",
            "apparmor.security.beta.kubernetes.io/defaultProfileName": "runtime/default"});
        assert_eq!(
            names(json!({"metadata": {"annotations": annotations}, "spec": {"privileged": true}})),
            [
                "seccomp: a field needs no annotation",
                "seccomp: an annotation that is not adopted satisfies nothing",
                "AppArmor: fields count",
                "seccomp: containers' own profiles suffice"
            ]
        );
        let spec = json!({"privileged": true, "allowPrivilegeEscalation": false, "volumes": ["hostPath", "emptyDir"],
            "allowedHostPaths": [{"pathPrefix": "/a/"}], "forbiddenSysctls": ["*"]});
        assert_eq!(
            names(json!({"spec": spec})),
            [
                unlisted,
                "volumes: an unknown source is refused",
                "host paths are cleaned",
                "host paths may not lead up",
                "sysctls have two spellings",
                "no pod that the API server refuses"
            ]
        );
    }

    #[test]
    fn drops_defaults_and_ranges_touch_a_policy() {
        let spec = json!({"privileged": true, "requiredDropCapabilities": ["CAP_NET_RAW"], "defaultAllowPrivilegeEscalation": false,
            "fsGroup": {"rule": "MustRunAs", "ranges": [{"min": 100000, "max": 200000}]}});
        assert_eq!(
            names(json!({"spec": spec})),
            [
                "seccomp: RuntimeDefault needs no allow list",
                "capabilities: dropping all drops each",
                "capabilities: required drops have no prefix",
                "escalation: no default for those who have it",
                "user namespaces have 65,536 ids"
            ]
        );
    }
}
