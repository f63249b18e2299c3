//! `allowedHostPaths`.

use serde_json::{Value, json};

use super::Facet;
use super::volumes::{allows, mount};
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const FIELD: &str = "allowedHostPaths";
/// Prefixes that contain one another, in several spellings.
const PREFIXES: [&str; 16] = [
    "/",
    "/foo",
    "/foo/",
    "/foo/bar",
    "/foo//",
    "/var/log",
    "/var/log/pods",
    "/var",
    "//foo",
    "/foo/./bar",
    "/fo",
    "c:/x",
    "C:\\data",
    "\\\\.\\pipe\\x",
    "c:/x//y",
    "/foo\\bar",
];
/// What is put behind a prefix to make a path.
const TAILS: [&str; 14] = [
    "",
    "/",
    "/bar",
    "/bar/",
    "//bar",
    "/.",
    "/./bar",
    "/../etc",
    "/..bar",
    "\\..\\etc",
    "\\bar",
    "/..\\etc",
    "\\../etc",
    "/bar\\..",
];
/// Paths in their own right: siblings of prefixes, relative ones, none.
const PATHS: [&str; 15] = [
    "/food",
    "/",
    "/etc",
    "/var/logs",
    "/fo",
    "foo",
    "",
    "/foo bar",
    "/var/log/pods2",
    "/var/../foo",
    "c:/xy",
    "C:/data",
    "c:\\x",
    "..\\foo",
    "\\\\.\\pipe\\x2",
];

#[derive(Debug)]
pub(super) struct HostPaths;

impl Facet for HostPaths {
    fn name(&self) -> &'static str {
        FIELD
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        let count = rng.weighed(&[(40, None), (5, Some(0)), (25, Some(1)), (20, Some(2)), (10, Some(3))]);
        let Some(count) = count else { return };
        let entries: Vec<Value> = rng
            .some(&PREFIXES, count)
            .into_iter()
            .map(|prefix| match rng.count(0, 3) {
                0 => json!({"pathPrefix": prefix}),
                1 => json!({"pathPrefix": prefix, "readOnly": false}),
                _ => json!({"pathPrefix": prefix, "readOnly": true}),
            })
            .collect();
        policy.set(FIELD, entries);
    }

    /// Volumes are made by `volumes`, which asks [`fitting`] for a path.
    fn fit(&self, _dice: &mut Rng, _policy: &Policy, _explicit: bool, _pod: &mut Pod) {}

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.list(FIELD).is_empty() || !allows(policy, "hostPath") {
            return false;
        }
        let wanted = if rng.percent(60) { Access::None } else { Access::Read };
        let Some(path) = path_with(rng, policy, wanted) else { return false };
        mount(rng, pod, "hostPath", &json!({"path": path}), false);
        // A volume that may only be read is a fault once it is mounted for writing.
        let Some(name) =
            pod.spec.get("volumes").and_then(|volumes| volumes.as_array()?.last()?.get("name")).cloned()
        else {
            return false;
        };
        let read_only = rng.pick(&[json!({}), json!({"readOnly": false})]);
        let Some(container) = pod.any(rng) else { return false };
        let mut mounted = json!({"name": name, "mountPath": "/writable"});
        if let (Some(mounted), Value::Object(read_only)) = (mounted.as_object_mut(), read_only) {
            mounted.extend(read_only);
        }
        container.append("volumeMounts", mounted);
        true
    }
}

/// What a policy grants on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    None,
    Read,
    Write,
}

/// A path the policy takes, and whether it may only be read.
pub(super) fn fitting(rng: &mut Rng, policy: &Policy) -> Option<(String, bool)> {
    if policy.list(FIELD).is_empty() {
        return Some((random_path(rng, policy), false));
    }
    let wanted = if rng.percent(50) { Access::Read } else { Access::Write };
    [wanted, Access::Write, Access::Read]
        .into_iter()
        .find_map(|wanted| Some((path_with(rng, policy, wanted)?, wanted == Access::Read)))
}

/// A path with just this access, if one turns up.
fn path_with(rng: &mut Rng, policy: &Policy, wanted: Access) -> Option<String> {
    (0..12).map(|_| random_path(rng, policy)).find(|path| access(policy, path) == wanted)
}

fn random_path(rng: &mut Rng, policy: &Policy) -> String {
    if rng.percent(30) {
        return rng.pick(&PATHS).to_owned();
    }
    let listed: Vec<String> = prefixes(policy).into_iter().map(|(prefix, _)| prefix).collect();
    let prefix = if listed.is_empty() { rng.pick(&PREFIXES).to_owned() } else { rng.pick(&listed) };
    format!("{prefix}{}", rng.pick(&TAILS))
}

fn prefixes(policy: &Policy) -> Vec<(String, bool)> {
    let read_only = |entry: &Value| entry.get("readOnly").and_then(Value::as_bool).unwrap_or(false);
    let entries = policy.list(FIELD);
    entries
        .iter()
        .filter_map(|entry| Some((entry.get("pathPrefix")?.as_str()?.to_owned(), read_only(entry))))
        .collect()
}

/// A rough idea of what the original grants; that it is now and then wrong only moves a case to the other half.
fn access(policy: &Policy, path: &str) -> Access {
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut granted = Access::None;
    for (prefix, read_only) in prefixes(policy) {
        let prefix = prefix.strip_suffix('/').unwrap_or(&prefix);
        let below = path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if below && !read_only {
            return Access::Write;
        }
        if below {
            granted = Access::Read;
        }
    }
    granted
}
