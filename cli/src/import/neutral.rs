//! The policy that admits every pod, and how two values of one of its fields are combined.

use serde_json::{Map, Value, json};

pub(super) const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames";

/// The spec that rejects nothing, in the order in which fields are written.
pub(super) fn spec() -> Map<String, Value> {
    let Value::Object(spec) = json!({
        "privileged": true,
        "allowPrivilegeEscalation": true,
        "hostNetwork": true,
        "hostPID": true,
        "hostIPC": true,
        "hostPorts": [{"min": 0, "max": 65535}],
        "volumes": ["*"],
        "allowedCapabilities": ["*"],
        "allowedProcMountTypes": ["Default", "Unmasked"],
        "allowedUnsafeSysctls": ["*"],
        "runAsUser": {"rule": "RunAsAny"},
        "seLinux": {"rule": "RunAsAny"},
        "supplementalGroups": {"rule": "RunAsAny"},
        "fsGroup": {"rule": "RunAsAny"},
    }) else {
        return Map::new();
    };
    spec
}

/// The annotations that reject nothing.
pub(super) fn annotations() -> Map<String, Value> {
    Map::from_iter([(SECCOMP.to_owned(), "*".into())])
}

/// Whether a value of a field rejects nothing.
pub(super) fn admits_all(field: &str, value: &Value) -> bool {
    match field {
        // Without the key, `privileged` decides about HostProcess containers.
        "windowsOptions" => *value == json!({"hostProcess": true}),
        _ => spec().get(field) == Some(value),
    }
}

/// The value of a field that demands what both values demand; `None` if there is none.
pub(super) fn both(field: &str, a: &Value, b: &Value) -> Option<Value> {
    if a == b || admits_all(field, b) {
        return Some(a.clone());
    }
    if admits_all(field, a) {
        return Some(b.clone());
    }
    match (field, a, b) {
        ("readOnlyRootFilesystem", Value::Bool(a), Value::Bool(b)) => Some((*a || *b).into()),
        (_, Value::Bool(a), Value::Bool(b)) => Some((*a && *b).into()),
        // What is demanded of every container adds up.
        (
            "requiredDropCapabilities" | "defaultAddCapabilities" | "forbiddenSysctls",
            Value::Array(a),
            Value::Array(b),
        ) => {
            let more = b.iter().filter(|value| !a.contains(value));
            Some(a.iter().chain(more).cloned().collect())
        }
        // Lists of names; patterns would have to be compared by what they match.
        ("volumes" | "allowedCapabilities" | "allowedProcMountTypes", Value::Array(a), Value::Array(b)) => {
            Some(a.iter().filter(|value| b.contains(value)).cloned().collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::the_same("runAsUser", json!({"rule": "MustRunAsNonRoot"}), json!({"rule": "MustRunAsNonRoot"}), Some(json!({"rule": "MustRunAsNonRoot"})))]
    #[case::any_user_demands_nothing("runAsUser", json!({"rule": "RunAsAny"}), json!({"rule": "MustRunAsNonRoot"}), Some(json!({"rule": "MustRunAsNonRoot"})))]
    #[case::two_demands_on_users("fsGroup", json!({"rule": "MayRunAs", "ranges": [{"min": 1, "max": 9}]}), json!({"rule": "MayRunAs", "ranges": [{"min": 5, "max": 7}]}), None)]
    #[case::host_processes("windowsOptions", json!({"hostProcess": true}), json!({"hostProcess": false}), Some(json!({"hostProcess": false})))]
    #[case::permission("hostPID", json!(true), json!(false), Some(json!(false)))]
    #[case::demand("readOnlyRootFilesystem", json!(false), json!(true), Some(json!(true)))]
    #[case::drops_add_up("requiredDropCapabilities", json!(["A", "B"]), json!(["B", "C"]), Some(json!(["A", "B", "C"])))]
    #[case::what_both_allow("volumes", json!(["secret", "hostPath"]), json!(["secret", "nfs"]), Some(json!(["secret"])))]
    #[case::everything_and_some("allowedCapabilities", json!(["*"]), json!(["CHOWN"]), Some(json!(["CHOWN"])))]
    #[case::patterns("allowedUnsafeSysctls", json!(["a*"]), json!(["a.b"]), None)]
    fn combines(#[case] field: &str, #[case] a: Value, #[case] b: Value, #[case] expected: Option<Value>) {
        assert_eq!(both(field, &a, &b), expected);
        let sorted = |value: Option<Value>| {
            let mut value = value;
            if let Some(Value::Array(list)) = &mut value {
                list.sort_by_key(ToString::to_string);
            }
            value
        };
        assert_eq!(sorted(both(field, &b, &a)), sorted(expected));
    }
}
