//! What the policies say about each rule.

use serde_json::Value;

use super::{Dimension, unique};
use crate::case::Case;

const FLAG: [&str; 3] = ["absent", "false", "true"];
const LIST: [&str; 3] = ["absent", "empty", "entries"];
const NAMES: [&str; 4] = ["absent", "empty", "entries", "all"];
const RULES: [&str; 5] = ["absent", "RunAsAny", "MayRunAs", "MustRunAs", "MustRunAsNonRoot"];

/// A dimension of a field.
macro_rules! field {
    ($path:literal, $values:ident, $read:ident) => {
        Dimension {
            name: concat!("policy: ", $path),
            values: &$values,
            of: |case| of(case, concat!("/spec/", $path), $read),
        }
    };
}

pub(super) const DIMENSIONS: [Dimension; 28] = [
    field!("privileged", FLAG, flag),
    field!("hostNetwork", FLAG, flag),
    field!("hostPID", FLAG, flag),
    field!("hostIPC", FLAG, flag),
    field!("readOnlyRootFilesystem", FLAG, flag),
    field!("allowPrivilegeEscalation", FLAG, flag),
    field!("defaultAllowPrivilegeEscalation", FLAG, flag),
    field!("hostPorts", LIST, list),
    field!("volumes", NAMES, list),
    field!("allowedCapabilities", NAMES, list),
    field!("defaultAddCapabilities", LIST, list),
    field!("requiredDropCapabilities", LIST, list),
    field!("allowedHostPaths", LIST, list),
    field!("allowedFlexVolumes", LIST, list),
    field!("allowedCSIDrivers", LIST, list),
    field!("allowedUnsafeSysctls", NAMES, list),
    field!("forbiddenSysctls", NAMES, list),
    field!("allowedProcMountTypes", LIST, list),
    field!("runtimeClass/allowedRuntimeClassNames", NAMES, list),
    field!("runtimeClass/defaultRuntimeClassName", PRESENT, present),
    field!("runAsUser/rule", USERS, rule),
    field!("runAsGroup/rule", GROUPS, rule),
    field!("supplementalGroups/rule", STRATEGIES, rule),
    field!("fsGroup/rule", STRATEGIES, rule),
    field!("seLinux/rule", LABELS, rule),
    Dimension {
        name: "policy: seccomp's list",
        values: &["absent", "present", "all"],
        of: |case| {
            of(
                case,
                "/metadata/annotations/seccomp.security.alpha.kubernetes.io~1allowedProfileNames",
                profiles,
            )
        },
    },
    Dimension {
        name: "policy: seccomp's default",
        values: &PRESENT,
        of: |case| {
            of(
                case,
                "/metadata/annotations/seccomp.security.alpha.kubernetes.io~1defaultProfileName",
                present,
            )
        },
    },
    Dimension {
        name: "policy: AppArmor's default",
        values: &PRESENT,
        of: |case| {
            of(
                case,
                "/metadata/annotations/apparmor.security.beta.kubernetes.io~1defaultProfileName",
                present,
            )
        },
    },
];

const PRESENT: [&str; 2] = ["absent", "present"];
const USERS: [&str; 4] = ["RunAsAny", "MayRunAs", "MustRunAs", "MustRunAsNonRoot"];
const GROUPS: [&str; 4] = ["absent", "RunAsAny", "MayRunAs", "MustRunAs"];
const STRATEGIES: [&str; 3] = ["RunAsAny", "MayRunAs", "MustRunAs"];
const LABELS: [&str; 2] = ["RunAsAny", "MustRunAs"];

/// The values of a field in all policies.
fn of(case: &Case, path: &str, read: fn(Option<&Value>) -> &'static str) -> Vec<&'static str> {
    unique(case.psps.iter().map(|policy| read(policy.pointer(path).filter(|value| !value.is_null()))))
}

fn flag(value: Option<&Value>) -> &'static str {
    match value.and_then(Value::as_bool) {
        None => "absent",
        Some(false) => "false",
        Some(true) => "true",
    }
}

fn list(value: Option<&Value>) -> &'static str {
    match value.and_then(Value::as_array).map(Vec::as_slice) {
        None => "absent",
        Some([]) => "empty",
        Some(list) if list.iter().any(|name| name == "*") => "all",
        Some(_) => "entries",
    }
}

fn present(value: Option<&Value>) -> &'static str {
    if value.is_some() { "present" } else { "absent" }
}

fn profiles(value: Option<&Value>) -> &'static str {
    match value.and_then(Value::as_str) {
        None => "absent",
        Some(list) if list.split(',').any(|name| name == "*") => "all",
        Some(_) => "present",
    }
}

fn rule(value: Option<&Value>) -> &'static str {
    let name = value.and_then(Value::as_str);
    RULES.into_iter().find(|rule| name == Some(*rule)).unwrap_or("absent")
}
