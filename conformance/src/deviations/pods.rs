//! Properties of pods that deviations concern.

use serde_json::{Map, Value};

use crate::case::Case;
use crate::generate::{PASSING_SUBRESOURCES, VOLUME_SOURCES};

/// A member, or nothing at all.
pub(super) fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').try_fold(value, |value, key| value.get(key)).unwrap_or(&Value::Null)
}

pub(super) fn list<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    at(value, path).as_array().into_iter().flatten()
}

pub(super) fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["spec.initContainers", "spec.containers", "spec.ephemeralContainers"]
        .into_iter()
        .flat_map(|path| list(pod, path))
}

pub(super) fn annotation<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    at(object, "metadata.annotations").get(key)?.as_str()
}

fn pod_and_containers(case: &Case) -> impl Iterator<Item = &Value> {
    std::iter::once(at(&case.pod, "spec")).chain(containers(&case.pod))
}

/// A list of the pod has an entry that is `null`.
pub(super) fn null_entry(case: &Case) -> bool {
    fn has_one(value: &Value) -> bool {
        match value {
            Value::Array(entries) => entries.iter().any(|entry| entry.is_null() || has_one(entry)),
            Value::Object(members) => members.values().any(has_one),
            _ => false,
        }
    }
    has_one(&case.pod) || has_one(&case.old_pod)
}

/// Whether a path is that of an entry.
pub(super) fn is_entry(_: &Case, path: &str) -> bool {
    path.ends_with(']')
}

pub(super) fn app_armor_field(case: &Case) -> bool {
    pod_and_containers(case).any(|object| !at(object, "securityContext.appArmorProfile").is_null())
}

fn volumes(case: &Case) -> impl Iterator<Item = &Map<String, Value>> {
    list(&case.pod, "spec.volumes").filter_map(Value::as_object)
}

/// The number of a volume's sources that the original knows, and of those that it does not.
fn sources(volume: &Map<String, Value>) -> (usize, usize) {
    let keys = volume.iter().filter(|(key, value)| *key != "name" && !value.is_null());
    let (known, unknown): (Vec<_>, Vec<_>) =
        keys.partition(|(key, _)| VOLUME_SOURCES.contains(&key.as_str()));
    (known.len(), unknown.len())
}

pub(super) fn unknown_source(case: &Case) -> bool {
    volumes(case).any(|volume| sources(volume).1 > 0)
}

pub(super) fn no_source_undefaulted(case: &Case) -> bool {
    case.raw && volumes(case).any(|volume| sources(volume) == (0, 0))
}

pub(super) fn two_sources(case: &Case) -> bool {
    volumes(case).any(|volume| sources(volume).0 > 1)
}

fn paths(case: &Case) -> impl Iterator<Item = &str> {
    let prefixes = case.psps.iter().flat_map(|policy| list(policy, "spec.allowedHostPaths"));
    let prefixes = prefixes.map(|prefix| at(prefix, "pathPrefix"));
    let paths = volumes(case).filter_map(|volume| volume.get("hostPath")).map(|source| at(source, "path"));
    prefixes.chain(paths).filter_map(Value::as_str)
}

pub(super) fn unclean_path(case: &Case) -> bool {
    paths(case).any(|path| path.contains("//") || path.split('/').any(|element| element == "."))
}

pub(super) fn empty_path(case: &Case) -> bool {
    let sources = volumes(case).filter_map(|volume| volume.get("hostPath"));
    sources.map(|source| at(source, "path")).any(|path| path.as_str().is_none_or(str::is_empty))
}

/// Windows separates folders with `\\` as well.
pub(super) fn path_leads_up(case: &Case) -> bool {
    paths(case).any(|path| path.split(['/', '\\']).any(|element| element == ".."))
}

/// A pod or a policy names a sysctl with slashes.
pub(super) fn slashed_sysctl(case: &Case) -> bool {
    let names = list(&case.pod, "spec.securityContext.sysctls").map(|sysctl| at(sysctl, "name"));
    let patterns = case.psps.iter().flat_map(|policy| SYSCTLS.iter().flat_map(|field| list(policy, field)));
    names.chain(patterns).filter_map(Value::as_str).any(|name| name.contains('/'))
}

const SYSCTLS: [&str; 2] = ["spec.allowedUnsafeSysctls", "spec.forbiddenSysctls"];

/// Whether a path belongs to such a pattern, if it belongs to a policy.
pub(super) fn is_slashed_pattern(case: &Case, path: &str) -> bool {
    let Some((field, index)) = SYSCTLS.iter().find_map(|field| Some((field, path.split_once(field)?.1)))
    else {
        return true;
    };
    let index = index.strip_prefix('[').and_then(|index| index.split_once(']')?.0.parse::<usize>().ok());
    let Some(index) = index else { return false };
    let named = |policy| list(policy, field).nth(index).and_then(Value::as_str);
    case.psps.iter().filter_map(named).any(|pattern| pattern.contains('/'))
}

/// A request for the subresource, or an API server that did not know ephemeral containers yet.
pub(super) fn adds_ephemeral_containers(case: &Case) -> bool {
    (case.op == "UPDATE" && case.sub == "ephemeralcontainers") || case.gates == "EphemeralContainers=false"
}

/// A policy requires `allowPrivilegeEscalation: false` together with a value that the API server then rejects, or adds
/// such a value.
pub(super) fn is_impossible(case: &Case) -> bool {
    let adds = |object: &Value, path: &str| list(object, path).any(|name| name == "CAP_SYS_ADMIN");
    let policies = || case.psps.iter();
    let denied = |policy: &Value, field: &str| *at(policy, field) == Value::Bool(false);
    let refuses = policies().any(|policy| denied(policy, "spec.allowPrivilegeEscalation"));
    let added = policies().any(|policy| adds(policy, "spec.defaultAddCapabilities"));
    containers(&case.pod).any(|container| {
        let own = at(container, "securityContext");
        let strong = *at(own, "privileged") == Value::Bool(true) || adds(own, "capabilities.add");
        let written = *at(own, "allowPrivilegeEscalation") == Value::Bool(false);
        (refuses && (strong || added)) || (written && added)
    })
}

/// A policy's default would be `allowPrivilegeEscalation: false` together with a value that the API server then
/// rejects.
pub(super) fn default_is_impossible(case: &Case) -> bool {
    let adds = |object: &Value, path: &str| list(object, path).any(|name| name == "CAP_SYS_ADMIN");
    let by_default = |policy: &&Value| {
        *at(policy, "spec.defaultAllowPrivilegeEscalation") == Value::Bool(false)
            && *at(policy, "spec.allowPrivilegeEscalation") != Value::Bool(false)
    };
    containers(&case.pod).any(|container| {
        let own = at(container, "securityContext");
        let strong = *at(own, "privileged") == Value::Bool(true) || adds(own, "capabilities.add");
        let unset = at(own, "allowPrivilegeEscalation").is_null();
        let mut policies = case.psps.iter().filter(by_default);
        unset && policies.any(|policy| strong || adds(policy, "spec.defaultAddCapabilities"))
    })
}

/// The sysctls that Kubernetes has added to the safe ones since 1.24.
const SAFE_SINCE: [&str; 9] = [
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_notsent_lowat",
];

pub(super) fn safe_since(case: &Case) -> bool {
    let names = list(&case.pod, "spec.securityContext.sysctls").map(|sysctl| at(sysctl, "name"));
    names.filter_map(Value::as_str).any(|name| SAFE_SINCE.contains(&name.replace('/', ".").as_str()))
}

/// The pod has a user namespace, and a policy requires ids that do not exist in one.
pub(super) fn beyond_user_namespace(case: &Case) -> bool {
    let beyond = |policy: &Value| {
        ["runAsUser", "runAsGroup", "fsGroup", "supplementalGroups"].into_iter().any(|field| {
            *at(policy, &format!("spec.{field}.rule")) == "MustRunAs"
                && list(policy, &format!("spec.{field}.ranges"))
                    .next()
                    .is_some_and(|range| at(range, "min").as_i64().is_some_and(|min| min > 65_535))
        })
    };
    *at(&case.pod, "spec.hostUsers") == Value::Bool(false) && case.psps.iter().any(beyond)
}

/// A request for a subresource that may bring a pod.
pub(super) fn in_unknown_subresource(case: &Case) -> bool {
    !case.sub.is_empty()
        && case.sub != "ephemeralcontainers"
        && !PASSING_SUBRESOURCES.contains(&case.sub.as_str())
}

/// Containers are added to a pod without SELinux options, and a policy requires some.
pub(super) fn adds_beside_no_se_linux(case: &Case) -> bool {
    case.sub == "ephemeralcontainers"
        && at(&case.old_pod, "spec.securityContext.seLinuxOptions").is_null()
        && case.psps.iter().any(|policy| *at(policy, "spec.seLinux.rule") == "MustRunAs")
}

/// An update that leaves an ephemeral container unchanged.
pub(super) fn keeps_ephemeral_containers(case: &Case) -> bool {
    case.op == "UPDATE"
        && case.sub != "ephemeralcontainers"
        && list(&case.pod, "spec.ephemeralContainers").any(|container| is_old(case, container))
}

fn is_old(case: &Case, container: &Value) -> bool {
    list(&case.old_pod, "spec.ephemeralContainers").any(|old| old == container)
}

/// Whether a path belongs to an ephemeral container that was there before; the choice of a policy belongs to any.
pub(super) fn is_kept(case: &Case, path: &str) -> bool {
    container_at(case, path).is_none_or(|container| is_old(case, container))
}

/// The container of the path of a violation (`spec.`) or of a field (`pod.`); `None` if it belongs to none.
pub(super) fn container_at<'c>(case: &'c Case, path: &str) -> Option<&'c Value> {
    let (of_fields, path) = match path.strip_prefix("pod.") {
        Some(path) => (true, path),
        None => (false, path.strip_prefix("spec.")?),
    };
    let (field, rest) = path.split_once('[')?;
    let index: usize = rest.split_once(']')?.0.parse().ok()?;
    match field {
        // The comparison of fields treats all lists as one, or has ephemeral containers only.
        "containers" if of_fields && case.sub == "ephemeralcontainers" => {
            list(&case.pod, "spec.ephemeralContainers").nth(index)
        }
        "containers" if of_fields => containers(&case.pod).nth(index),
        "initContainers" | "containers" | "ephemeralContainers" => {
            list(&case.pod, &format!("spec.{field}")).nth(index)
        }
        _ => None,
    }
}

pub(super) fn host_process(case: &Case) -> bool {
    pod_and_containers(case)
        .any(|object| *at(object, "securityContext.windowsOptions.hostProcess") == Value::Bool(true))
}

pub(super) fn windows(case: &Case) -> bool {
    at(&case.pod, "spec.os.name") == "windows"
}
