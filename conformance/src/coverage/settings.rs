//! The rules of the policies' own validation, by the texts of their errors.

/// A rule: its name, the start of an error's text, and the end or a part of it.
pub(super) const FAULTS: [(&str, &str, &str); 45] = [
    ("name missing", "metadata.name: Required value", ""),
    ("name too long", "metadata.name: Invalid value", "must be no more than 253 characters"),
    ("name no subdomain", "metadata.name: Invalid value", "a lowercase RFC 1123 subdomain"),
    (
        "AppArmor default",
        "metadata.annotations[apparmor.security.beta.kubernetes.io/default",
        "invalid AppArmor profile name",
    ),
    (
        "AppArmor list",
        "metadata.annotations[apparmor.security.beta.kubernetes.io/allowed",
        "invalid AppArmor profile name",
    ),
    (
        "seccomp default",
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/default",
        "must be a valid seccomp profile",
    ),
    (
        "seccomp default, absolute",
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/default",
        "must be a relative path",
    ),
    (
        "seccomp default, ..",
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/default",
        "must not contain '..'",
    ),
    (
        "seccomp list",
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/allowed",
        "must be a valid seccomp profile",
    ),
    (
        "seccomp list, absolute",
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/allowed",
        "must be a relative path",
    ),
    (
        "seccomp list, ..",
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/allowed",
        "must not contain '..'",
    ),
    ("runAsUser rule", "spec.runAsUser.rule: Unsupported value", ""),
    ("runAsGroup rule", "spec.runAsGroup.rule: Unsupported value", ""),
    ("runAsGroup, ranges too many", "spec.runAsGroup.ranges: Invalid value", "Ranges must be empty"),
    (
        "runAsGroup, ranges missing",
        "spec.runAsGroup.ranges: Invalid value",
        "must provide at least one range",
    ),
    ("seLinux rule", "spec.seLinux.rule: Unsupported value", ""),
    ("supplementalGroups rule", "spec.supplementalGroups.rule: Unsupported value", ""),
    ("fsGroup rule", "spec.fsGroup.rule: Unsupported value", ""),
    ("range, min negative", "spec.", "min cannot be negative"),
    ("range, max negative", "spec.", "max cannot be negative"),
    ("range, wrong way round", "spec.", "min cannot be greater than max"),
    ("volumes", "spec.volumes: Unsupported value", ""),
    (
        "wildcard and drops",
        "requiredDropCapabilities: ",
        "must be empty when all capabilities are allowed by a wildcard",
    ),
    (
        "adds and drops",
        "defaultAddCapabilities: ",
        "listed in defaultAddCapabilities and requiredDropCapabilities",
    ),
    (
        "allowed and drops",
        "allowedCapabilities: ",
        "listed in allowedCapabilities and requiredDropCapabilities",
    ),
    ("default escalation", "spec.defaultAllowPrivilegeEscalation: Invalid value", ""),
    ("proc mounts", "spec.allowedProcMountTypes[", "Unsupported value"),
    ("host path missing", "spec.allowedHostPaths[", "Required value"),
    ("host path with ..", "spec.allowedHostPaths[", "must not contain '..'"),
    ("flex driver missing", "spec.allowedFlexVolumes.", "must specify a driver"),
    ("CSI driver missing", "spec.allowedCSIDrivers.", "Required value"),
    ("CSI driver too long", "spec.allowedCSIDrivers.", "Too long"),
    ("CSI driver no subdomain", "spec.allowedCSIDrivers.", "a lowercase RFC 1123 subdomain"),
    ("sysctl empty", "spec.", "empty sysctl not allowed"),
    (
        "allowed sysctl pattern",
        "spec.allowedUnsafeSysctls[",
        "must have at most 253 characters and match regex",
    ),
    (
        "forbidden sysctl pattern",
        "spec.forbiddenSysctls[",
        "must have at most 253 characters and match regex",
    ),
    ("sysctl * not alone", "spec.", "if '*' is present, must not specify other sysctls"),
    ("sysctl overlap, at allowed", "spec.allowedUnsafeSysctls[", "sysctl overlaps with"),
    ("sysctl overlap, at forbidden", "spec.forbiddenSysctls[", "sysctl overlaps with"),
    (
        "runtime class no subdomain",
        "spec.runtimeClass.allowedRuntimeClassNames[",
        "a lowercase RFC 1123 subdomain",
    ),
    (
        "runtime class too long",
        "spec.runtimeClass.allowedRuntimeClassNames[",
        "must be no more than 253 characters",
    ),
    ("runtime class twice", "spec.runtimeClass.allowedRuntimeClassNames[", "Duplicate value"),
    ("default runtime class", "spec.runtimeClass.defaultRuntimeClassName: Invalid value", ""),
    ("default runtime class not allowed", "spec.runtimeClass.allowedRuntimeClassNames: Required value", ""),
    ("runtime class * not alone", "spec.runtimeClass.allowedRuntimeClassNames: Invalid value", ""),
];

/// The rule that found an error, as an index of [`FAULTS`].
pub(super) fn rule(fault: &str) -> Option<usize> {
    FAULTS.iter().position(|(_, start, part)| fault.starts_with(start) && fault.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_reported_apart() {
        for (fault, expected) in [
            ("spec.fsGroup.ranges[0].min: Invalid value: -1: min cannot be negative", "range, min negative"),
            ("spec.runtimeClass.allowedRuntimeClassNames[1]: Duplicate value: \"a\"", "runtime class twice"),
            ("spec.forbiddenSysctls[0]: Invalid value: \"\": empty sysctl not allowed", "sysctl empty"),
        ] {
            assert_eq!(rule(fault).and_then(|index| FAULTS.get(index)).unwrap().0, expected);
        }
        assert_eq!(rule("spec.shape: Invalid value: 1"), None);
    }
}
