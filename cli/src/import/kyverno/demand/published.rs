//! What the published policies demand, for messages about others.

use super::super::fact::{Fact, Lists, Scope};
use super::super::pattern::APP_ARMOR;

/// What the published policies demand of fields, for the message about an edited one.
const PUBLISHED: &[(&str, &str, &str)] = &[
    ("hostNetwork", "disallow-host-namespaces", "`false`, or not set"),
    ("hostPID", "disallow-host-namespaces", "`false`, or not set"),
    ("hostIPC", "disallow-host-namespaces", "`false`, or not set"),
    ("volumes[].hostPath", "disallow-host-path", "not set"),
    ("volumes[].keys", "restrict-volume-types", "a list of types"),
    ("volumes[].hostPath.path", "limit-hostpath-vols", "a first folder"),
    ("runtimeClassName", "restrict-runtimeclass", "a list of names"),
    ("ports[].hostPort", "disallow-host-ports-range", "ranges, or not set"),
    ("securityContext.privileged", "disallow-privileged-containers", "`false`, or not set"),
    ("securityContext.allowPrivilegeEscalation", "disallow-privilege-escalation", "`false`"),
    ("securityContext.capabilities.add", "disallow-capabilities", "a list of names"),
    ("securityContext.capabilities.drop", "disallow-capabilities-strict", "`ALL`"),
    ("securityContext.procMount", "disallow-proc-mount", "`Default`, or not set"),
    ("securityContext.readOnlyRootFilesystem", "require-ro-rootfs", "`true`"),
    ("securityContext.runAsNonRoot", "require-run-as-nonroot", "`true` in the pod, or in each container"),
    ("securityContext.runAsUser", "require-run-as-non-root-user", "more than 0, or not set"),
    ("securityContext.runAsGroup", "require-non-root-groups", "more than 0 in the pod, or in each container"),
    ("securityContext.fsGroup", "require-non-root-groups", "more than 0, or not set"),
    ("securityContext.supplementalGroups", "psp-check-supplemental-groups", "ranges, or not set"),
    ("securityContext.seccompProfile.type", "restrict-seccomp", "`RuntimeDefault` or `Localhost`"),
    ("securityContext.seLinuxOptions.type", "disallow-selinux", "the three types for containers, or not set"),
    ("securityContext.seLinuxOptions.user", "disallow-selinux", "not set"),
    ("securityContext.seLinuxOptions.role", "disallow-selinux", "not set"),
    ("securityContext.sysctls[].name", "restrict-sysctls", "a list of names"),
    ("securityContext.windowsOptions.hostProcess", "disallow-host-process", "`false`, or not set"),
    (APP_ARMOR, "restrict-apparmor-profiles", "`runtime/default` or `localhost/*`"),
];

/// Why a fact cannot be said in settings.
pub(super) fn refusal(fact: &Fact) -> String {
    let scope = match fact.scope {
        Scope::Pod => "in the pod".to_owned(),
        Scope::Containers(Lists::ALL) => "in all containers".to_owned(),
        Scope::Containers(lists) => format!("in containers other than {}", lists.missing().join(" and ")),
        Scope::Inherited(_) => "in the pod or in each container".to_owned(),
    };
    let nearest = PUBLISHED.iter().find(|(path, ..)| *path == fact.path);
    match nearest {
        Some((_, name, demand)) => {
            format!("{fact} {scope}, which settings cannot say: {name} demands {demand}")
        }
        None => format!("{fact} {scope}, which settings cannot say"),
    }
}
