//! The texts by which a rejection shows which rule objects.

/// An objection: the rule, its subject, and words that occur in no other objection.
pub(super) const OBJECTIONS: [(&str, &str, &str); 38] = [
    ("privileged", "set", "Privileged containers are not allowed"),
    ("capabilities", "added", "capability may not be added"),
    ("volumes", "type", "volumes are not allowed to be used"),
    ("hostNetwork", "set", "Host network is not allowed to be used"),
    ("hostPorts", "port", "is not allowed to be used. Allowed ports: ["),
    ("hostPID", "set", "Host PID is not allowed to be used"),
    ("hostIPC", "set", "Host IPC is not allowed to be used"),
    ("seLinux", "level", "seLinuxOptions.level: Invalid value"),
    ("seLinux", "role", "seLinuxOptions.role: Invalid value"),
    ("seLinux", "type", "seLinuxOptions.type: Invalid value"),
    ("seLinux", "user", "seLinuxOptions.user: Invalid value"),
    ("seLinux", "pod", "spec.securityContext.seLinuxOptions."),
    ("seLinux", "container", "].securityContext.seLinuxOptions."),
    ("runAsUser", "range", "securityContext.runAsUser: Invalid value: "),
    ("runAsUser", "root", "running with the root UID is forbidden"),
    ("runAsUser", "runAsNonRoot", "securityContext.runAsNonRoot: Invalid value: false: must be true"),
    ("runAsGroup", "range", "].securityContext: Invalid value: []int64{"),
    ("supplementalGroups", "range", "spec.securityContext.supplementalGroups: Invalid value: []int64{"),
    ("supplementalGroups", "empty", "unable to validate empty groups against required ranges"),
    ("fsGroup", "range", "spec.securityContext.fsGroup: Invalid value: []int64{"),
    ("readOnlyRootFilesystem", "false", "ReadOnlyRootFilesystem must be set to true"),
    ("readOnlyRootFilesystem", "absent", "ReadOnlyRootFilesystem may not be nil"),
    ("allowPrivilegeEscalation", "true", "Allowing privilege escalation for containers is not allowed"),
    ("allowedHostPaths", "path", ".hostPath.pathPrefix: Invalid value: "),
    ("allowedHostPaths", "writable", ".readOnly: Invalid value: false: must be read-only"),
    ("allowedFlexVolumes", "driver", "Flexvolume driver is not allowed to be used"),
    ("allowedCSIDrivers", "driver", "Inline CSI driver is not allowed to be used"),
    ("allowedUnsafeSysctls", "unsafe", "Forbidden: unsafe sysctl "),
    ("forbiddenSysctls", "forbidden", "Forbidden: sysctl "),
    ("allowedProcMountTypes", "type", "ProcMountType is not allowed"),
    ("runtimeClass", "name", "spec.runtimeClassName: Invalid value"),
    ("seccomp", "set", "seccomp may not be set"),
    ("seccomp", "pod", "[seccomp.security.alpha.kubernetes.io/pod]: Forbidden: "),
    ("seccomp", "container", "[container.seccomp.security.alpha.kubernetes.io/"),
    ("seccomp", "listed", "is not an allowed seccomp profile. Valid values are "),
    ("seccomp", "missing", "Forbidden:  is not an allowed seccomp profile"),
    ("appArmor", "missing", "AppArmor profile must be set"),
    ("appArmor", "listed", "is not an allowed profile. Allowed values: "),
];

/// The objections in a rejection, as indexes of [`OBJECTIONS`].
pub(super) fn objections(refusal: &str) -> impl Iterator<Item = usize> + '_ {
    OBJECTIONS.iter().enumerate().filter(|(_, (_, _, words))| refusal.contains(words)).map(|(index, _)| index)
}

/// The rules that object, each once.
pub(super) fn rules(refusal: &str) -> Vec<&'static str> {
    let mut rules: Vec<&str> =
        objections(refusal).filter_map(|index| OBJECTIONS.get(index)).map(|(rule, _, _)| *rule).collect();
    rules.dedup();
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_reported_apart() {
        for (refusal, expected) in [
            (
                "spec.containers[0].securityContext: Invalid value: []int64{5}: group 5 must be",
                vec!["runAsGroup"],
            ),
            ("spec.securityContext.fsGroup: Invalid value: []int64{5}: group 5 must be", vec!["fsGroup"]),
            (
                "spec.containers[0].hostPort: Invalid value: 5: Host port 5 is not allowed to be used. Allowed ports: []",
                vec!["hostPorts"],
            ),
            (
                "spec.volumes[0]: Invalid value: \"nfs\": nfs volumes are not allowed to be used \
                 spec.containers[0].securityContext.runAsUser: Invalid value: 0: running with the root UID is forbidden",
                vec!["volumes", "runAsUser"],
            ),
        ] {
            assert_eq!(rules(refusal), expected);
        }
    }
}
