//! Capabilities: those dropped already, and spellings of names.

use serde_json::Value;

use super::pods::{containers, list};
use crate::case::Case;

const REQUIRED: &str = "spec.requiredDropCapabilities";

/// A name without the prefix that the kernel's names have, and without letter case.
fn bare(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    name.strip_prefix("CAP_").map(str::to_owned).unwrap_or(name)
}

fn names<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = &'v str> + use<'v> {
    list(value, path).filter_map(Value::as_str)
}

/// Whether a container drops all that some policy requires to be dropped.
fn drops_all(case: &Case, container: &Value) -> bool {
    let added: Vec<String> = names(container, "securityContext.capabilities.add").map(bare).collect();
    let satisfied = |policy: &Value| {
        names(policy, REQUIRED).any(|name| name != "ALL")
            && !names(policy, REQUIRED).any(|name| added.contains(&bare(name)))
    };
    names(container, "securityContext.capabilities.drop").any(|name| name == "ALL")
        && !added.iter().any(|name| name == "ALL")
        && case.psps.iter().any(satisfied)
}

pub(super) fn drop_all(case: &Case) -> bool {
    containers(&case.pod).any(|container| drops_all(case, container))
}

/// Whether a path belongs to a container that drops all; the choice of a policy belongs to any.
pub(super) fn of_one_that_drops_all(case: &Case, path: &str) -> bool {
    super::pods::container_at(case, path).is_none_or(|container| drops_all(case, container))
}

/// A policy requires a name with the prefix to be dropped, and neither allows nor adds it without the prefix.
pub(super) fn prefixed_drop(case: &Case) -> bool {
    let is_read_anew = |policy: &Value| {
        let taken: Vec<&str> = ["spec.allowedCapabilities", "spec.defaultAddCapabilities"]
            .into_iter()
            .flat_map(|path| names(policy, path))
            .collect();
        names(policy, REQUIRED)
            .filter_map(|name| name.strip_prefix("CAP_"))
            .any(|name| !name.is_empty() && !taken.contains(&name))
    };
    case.psps.iter().any(is_read_anew)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn case(required: &Value, own: &Value) -> Case {
        Case {
            psps: vec![json!({"spec": {"requiredDropCapabilities": required}})],
            pod: json!({"spec": {"containers": [{"securityContext": {"capabilities": own}}]}}),
            ..Case::default()
        }
    }

    #[test]
    fn all_is_dropped_unless_some_of_it_is_added() {
        for (own, expected) in [
            (json!({"drop": ["ALL"]}), true),
            (json!({"drop": ["KILL", "ALL"], "add": ["CHOWN"]}), true),
            (json!({"drop": ["all"]}), false),
            (json!({"drop": ["CAP_ALL"]}), false),
            (json!({"drop": ["ALL"], "add": ["ALL"]}), false),
            (json!({"drop": ["ALL"], "add": ["cap_net_raw"]}), false),
            (json!({"add": ["CHOWN"]}), false),
        ] {
            assert_eq!(drop_all(&case(&json!(["NET_RAW"]), &own)), expected, "{own}");
        }
        assert!(!drop_all(&case(&json!(["ALL"]), &json!({"drop": ["ALL"]}))));
    }

    #[test]
    fn a_prefix_counts_where_nothing_speaks_against_it() {
        let plain = case(&json!(["KILL", "CAP_NET_RAW"]), &json!({}));
        assert!(prefixed_drop(&plain));
        assert!(!prefixed_drop(&case(&json!(["NET_RAW", "CAP_"]), &json!({}))));
        let mut allowed = plain.clone();
        allowed.psps[0]["spec"]["allowedCapabilities"] = json!(["NET_RAW"]);
        assert!(!prefixed_drop(&allowed));
    }
}
