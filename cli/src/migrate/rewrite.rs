//! Values that PodSecurityPolicy accepted and settings reject: rewritten to what PodSecurityPolicy did with them.
//!
//! The API server checked less than settings do, and no policy of a running cluster may stop a migration. A field is
//! replaced by its effect; a field without effect is left out.

use pod_security_policy::pod::VOLUME_TYPES;
use serde_json::{Map, Value};

use super::annotations::ANNOTATIONS;

/// One rewritten place of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rewrite {
    pub(crate) path: String,
    /// The old value; empty where the path contains it.
    pub(crate) was: String,
    /// What PodSecurityPolicy did with it, and what is written; the same for all policies.
    pub(crate) text: &'static str,
}

/// The result for a policy.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rewritten {
    pub(super) rewrites: Vec<Rewrite>,
    /// Why the policy never admitted a pod, with the path of the reason.
    pub(super) useless: Option<(String, &'static str)>,
}

const PREFIXES: [&str; 2] =
    ["seccomp.security.alpha.kubernetes.io/", "apparmor.security.beta.kubernetes.io/"];
const ALLOWED: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames";
const DEFAULT: &str = "seccomp.security.alpha.kubernetes.io/defaultProfileName";

const UNKNOWN: &str = "is not an annotation that PodSecurityPolicy read: it had no effect and is left out";
const UNREACHED: &str = "the default is not among the allowed profiles, so that pods that relied on it were rejected: it is left out, and they still are";
const UNSTATED: &str = "is written into pods and not allowed, for no profile is: every pod was rejected";
const NO_MIN: &str =
    "a range without `min` started at 0, and still does: pods that leave the id open get 0, which is root";
const NO_MAX: &str = "a range without `max` ended at 0, and still does";
const CLAMPED: &str = "ports end at 65535: the range is written as far as it goes";
const NO_PORT: &str = "holds no port, and is left out";
const RELATIVE: &str = "is not an absolute path, so that no host path started with it: it is left out";
const ALL_RELATIVE: &str = "no path was absolute, so that every hostPath volume of an absolute path was rejected: hostPath is taken out of `volumes`";

/// Rewrites a policy to the behaviour of PodSecurityPolicy.
pub(super) fn rewrite(policy: &mut Value) -> Rewritten {
    let mut done = Rewritten::default();
    if let Some(annotations) = policy.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        unknown_annotations(annotations, &mut done.rewrites);
        unreachable_default(annotations, &mut done);
    }
    if let Some(spec) = policy.get_mut("spec").and_then(Value::as_object_mut) {
        for field in ["runAsUser", "runAsGroup", "supplementalGroups", "fsGroup"] {
            open_ranges(spec, field, &mut done.rewrites);
        }
        host_ports(spec, &mut done.rewrites);
        host_paths(spec, &mut done.rewrites);
    }
    done
}

fn annotation_path(key: &str) -> String {
    format!("metadata.annotations[{key}]")
}

fn unknown_annotations(annotations: &mut Map<String, Value>, done: &mut Vec<Rewrite>) {
    annotations.retain(|key, _| {
        let known = ANNOTATIONS.contains(&key.as_str());
        let is_ours = known || !PREFIXES.iter().any(|prefix| key.starts_with(prefix));
        if !is_ours {
            done.push(Rewrite { path: annotation_path(key), was: String::new(), text: UNKNOWN });
        }
        is_ours
    });
}

/// Settings reject a default that is missing in the allow list.
fn unreachable_default(annotations: &mut Map<String, Value>, done: &mut Rewritten) {
    let canonical =
        |name: &str| if name == "docker/default" { "runtime/default".to_owned() } else { name.to_owned() };
    let text = |key: &str| annotations.get(key).and_then(Value::as_str).map(str::to_owned);
    let Some(default) = text(DEFAULT).filter(|name| !name.is_empty()) else { return };
    let Some(allowed) = text(ALLOWED) else {
        if canonical(&default) != "runtime/default" {
            done.useless = Some((annotation_path(DEFAULT), UNSTATED));
        }
        return;
    };
    if allowed.split(',').any(|name| name == "*" || canonical(name) == canonical(&default)) {
        return;
    }
    if allowed.split(',').all(str::is_empty) {
        done.useless = Some((annotation_path(DEFAULT), UNSTATED));
        return;
    }
    annotations.shift_remove(DEFAULT);
    done.rewrites.push(Rewrite { path: annotation_path(DEFAULT), was: default, text: UNREACHED });
}

/// An absent end was 0. The API server rejected ranges with `min` above `max`.
fn open_ranges(spec: &mut Map<String, Value>, field: &str, done: &mut Vec<Rewrite>) {
    let ranges =
        spec.get_mut(field).and_then(|strategy| strategy.get_mut("ranges")).and_then(Value::as_array_mut);
    for (index, range) in ranges.into_iter().flatten().enumerate() {
        let Some(range) = range.as_object_mut() else { continue };
        let bound = |end: &str| range.get(end).and_then(Value::as_i64);
        let (absent, text) = match (bound("min"), bound("max")) {
            (None, Some(max)) if max >= 0 => ("min", NO_MIN),
            (Some(0), None) => ("max", NO_MAX),
            _ => continue,
        };
        if range.get(absent).is_some_and(|value| !value.is_null()) {
            continue;
        }
        range.insert(absent.to_owned(), 0.into());
        done.push(Rewrite { path: format!("spec.{field}.ranges[{index}]"), was: String::new(), text });
    }
}

/// The API server did not validate them.
fn host_ports(spec: &mut Map<String, Value>, done: &mut Vec<Rewrite>) {
    let Some(ranges) = spec.get_mut("hostPorts").and_then(Value::as_array_mut) else { return };
    let mut index = 0;
    ranges.retain_mut(|range| {
        let path = format!("spec.hostPorts[{index}]");
        index += 1;
        let was = range.to_string();
        let Some(range) = range.as_object_mut() else { return true };
        let bound = |end: &str| match range.get(end) {
            None | Some(Value::Null) => Some(0),
            Some(value) => value.as_i64(),
        };
        let (Some(min), Some(max)) = (bound("min"), bound("max")) else { return true };
        let (first, last) = (min.max(0), max.min(65535));
        if first > last {
            done.push(Rewrite { path, was, text: NO_PORT });
            return false;
        }
        let is_open = |end: &str| range.get(end).is_none_or(Value::is_null);
        let text = match (is_open("min"), is_open("max")) {
            (true, _) => NO_MIN_PORT,
            (_, true) => NO_MAX,
            _ if (first, last) != (min, max) => CLAMPED,
            _ => return true,
        };
        range.insert("min".to_owned(), first.into());
        range.insert("max".to_owned(), last.into());
        done.push(Rewrite { path, was, text });
        true
    });
}

const NO_MIN_PORT: &str = "a range without `min` started at 0, and still does";

/// Prefixes were compared as strings, and pods use absolute paths.
fn host_paths(spec: &mut Map<String, Value>, done: &mut Vec<Rewrite>) {
    let Some(prefixes) = spec.get_mut("allowedHostPaths").and_then(Value::as_array_mut) else { return };
    let before = prefixes.len();
    let mut index = 0;
    prefixes.retain(|entry| {
        let path = format!("spec.allowedHostPaths[{index}].pathPrefix");
        index += 1;
        let Some(prefix) = entry.get("pathPrefix").and_then(Value::as_str) else { return true };
        // Empty paths and those with `..` were rejected by the API server as well.
        let kept =
            prefix.is_empty() || is_absolute(prefix) || prefix.split(['/', '\\']).any(|part| part == "..");
        if !kept {
            done.push(Rewrite { path, was: prefix.to_owned(), text: RELATIVE });
        }
        kept
    });
    if before == 0 || !prefixes.is_empty() {
        return;
    }
    // Without any prefix, every path would be allowed.
    spec.shift_remove("allowedHostPaths");
    if let Some(types) = spec.get_mut("volumes").and_then(Value::as_array_mut) {
        if types.iter().any(|name| name == "*") {
            *types =
                VOLUME_TYPES.iter().filter(|name| **name != "*").map(|name| Value::from(*name)).collect();
        }
        let listed = types.len();
        types.retain(|name| name != "hostPath");
        if types.len() < listed {
            done.push(Rewrite { path: "spec.volumes".to_owned(), was: String::new(), text: ALL_RELATIVE });
        }
    }
}

/// A Linux path, a Windows path with its drive, or the path of a share or device there.
fn is_absolute(path: &str) -> bool {
    let mut characters = path.chars();
    let drive = characters.next().is_some_and(|letter| letter.is_ascii_alphabetic())
        && characters.next() == Some(':');
    drive || path.starts_with('/') || path.starts_with("\\\\")
}

#[cfg(test)]
mod tests;
