//! Types of volumes, paths of the node, and drivers.

use pod_security_policy::pod::VOLUME_TYPES as TYPES;
use serde_json::{Value, json};

use super::BASELINE;
use crate::import::gatekeeper::constraint::{Constraint, Demanded, Why};

/// The name of a type in settings, by the key of a volume; `None` if volumes have no such key.
fn of_key(key: &str) -> Option<&str> {
    match key {
        "cephfs" => Some("cephFS"),
        "cephFS" | "*" => None,
        key => TYPES.contains(&key).then_some(key),
    }
}

pub(super) fn types(constraint: &mut Constraint<'_>) -> Demanded {
    let keys = constraint.parameters.texts("volumes");
    if keys.iter().any(|key| key == "*") {
        return Why::nothing("it allows every type of volume");
    }
    let mut piece = constraint.piece();
    let (known, unknown): (Vec<_>, Vec<_>) = keys.iter().partition(|key| of_key(key).is_some());
    let mut names: Vec<&str> = known.into_iter().filter_map(|key| of_key(key)).collect();
    names.sort_unstable();
    names.dedup();
    if names.contains(&"secret") && !names.contains(&"projected") {
        piece.differs(
            "parameters.volumes",
            "the volume of the service account's token was rejected, which `projected` allows",
            "it is admitted",
            "where `secret` is allowed, PodSecurityPolicy allows that volume, which was a secret before",
        );
    }
    for key in unknown {
        piece.differs(
            "parameters.volumes",
            format!("volumes with the key `{key}` were admitted"),
            "they are rejected",
            "Kubernetes has no type of volume of that name",
        );
    }
    piece.set("volumes", json!(names));
    Ok(vec![piece])
}

pub(super) fn flex_volumes(constraint: &mut Constraint<'_>) -> Demanded {
    let entries = constraint.parameters.objects("allowedFlexVolumes");
    let drivers = entries.iter().filter_map(|entry| entry.get("driver")?.as_str());
    let drivers: Vec<Value> =
        drivers.filter(|driver| !driver.is_empty()).map(|driver| json!({"driver": driver})).collect();
    if !drivers.is_empty() {
        return constraint.restricts("allowedFlexVolumes", drivers);
    }
    // An empty list of drivers would allow them all.
    let mut piece = constraint.piece();
    let others = TYPES.iter().filter(|name| !matches!(**name, "*" | "flexVolume"));
    piece.set("volumes", json!(others.collect::<Vec<_>>()));
    piece.differs(
        "parameters.allowedFlexVolumes",
        "volumes of a type that Kubernetes does not have yet were admitted",
        "they are rejected",
        "all types but `flexVolume` are listed",
    );
    Ok(vec![piece])
}

pub(super) fn host_paths(constraint: &mut Constraint<'_>) -> Demanded {
    let mut piece = constraint.piece();
    let mut prefixes = Vec::new();
    for entry in constraint.parameters.objects("allowedHostPaths") {
        let prefix = entry.get("pathPrefix").and_then(Value::as_str).unwrap_or_default();
        let read_only = entry.get("readOnly").and_then(Value::as_bool).unwrap_or_default();
        match absolute(prefix) {
            Some(path) if read_only => prefixes.push(json!({"pathPrefix": path, "readOnly": true})),
            Some(path) => prefixes.push(json!({"pathPrefix": path})),
            None => piece.differs(
                "parameters.allowedHostPaths",
                format!("the prefix `{prefix}` was compared with paths"),
                "it is left out",
                "no path of a pod that the API server accepts starts with it",
            ),
        }
    }
    if prefixes.iter().any(|prefix| *prefix == json!({"pathPrefix": "/"})) {
        return Why::nothing("it allows every path");
    }
    if prefixes.is_empty() {
        // An empty list of paths would allow them all.
        piece.demand(BASELINE, Some(vec!["hostPathVolumes"]));
    } else {
        piece.set("allowedHostPaths", prefixes);
        piece.repaired.push("the template compared paths of the node as they are written, so that `//` made another path and `..` led out of the prefix");
    }
    Ok(vec![piece])
}

/// A prefix as settings have it: without a `/` in front, it is compared as if it had one.
fn absolute(prefix: &str) -> Option<String> {
    let path = prefix.trim_matches('/');
    let is_drive = matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if path.split(['/', '\\']).any(|element| element == "..") {
        None
    } else if prefix == "/" {
        Some("/".to_owned())
    } else if path.is_empty() {
        None
    } else if is_drive || path.starts_with(r"\\") {
        Some(path.to_owned())
    } else {
        Some(format!("/{path}"))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::absolute("/var/log", Some("/var/log"))]
    #[case::slash_at_the_end("/var/log/", Some("/var/log"))]
    #[case::relative("var", Some("/var"))]
    #[case::root("/", Some("/"))]
    #[case::drive("c:/data", Some("c:/data"))]
    #[case::pipe(r"\\.\pipe\x", Some(r"\\.\pipe\x"))]
    #[case::upwards("/var/../etc", None)]
    #[case::slashes("//", None)]
    #[case::empty("", None)]
    fn prefixes_are_absolute(#[case] prefix: &str, #[case] expected: Option<&str>) {
        assert_eq!(absolute(prefix).as_deref(), expected);
    }

    #[rstest]
    #[case::key("cephfs", Some("cephFS"))]
    #[case::name_of_settings("cephFS", None)]
    #[case::any("*", None)]
    #[case::newer_than_psp("image", Some("image"))]
    #[case::unknown("moon", None)]
    fn types_are_named_by_their_keys(#[case] key: &str, #[case] expected: Option<&str>) {
        assert_eq!(of_key(key), expected);
    }
}
