//! What pods can have that deviations are about.

use serde_json::{Map, Value};

use crate::case::Case;
use crate::generate::VOLUME_SOURCES;

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

pub(super) fn app_armor_field(case: &Case) -> bool {
    pod_and_containers(case).any(|object| !at(object, "securityContext.appArmorProfile").is_null())
}

fn volumes(case: &Case) -> impl Iterator<Item = &Map<String, Value>> {
    list(&case.pod, "spec.volumes").filter_map(Value::as_object)
}

/// How many sources a volume has that the original knows, and how many that it does not.
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

pub(super) fn slashed_sysctl(case: &Case) -> bool {
    let names = list(&case.pod, "spec.securityContext.sysctls").map(|sysctl| at(sysctl, "name"));
    let patterns = case.psps.iter().flat_map(|policy| {
        list(policy, "spec.allowedUnsafeSysctls").chain(list(policy, "spec.forbiddenSysctls"))
    });
    names.chain(patterns).filter_map(Value::as_str).any(|name| name.contains('/'))
}

/// A request for the subresource, or an API server that did not know ephemeral containers yet.
pub(super) fn adds_ephemeral_containers(case: &Case) -> bool {
    (case.op == "UPDATE" && case.sub == "ephemeralcontainers") || case.gates == "EphemeralContainers=false"
}

/// A policy would write `allowPrivilegeEscalation: false` beside what the API server refuses there, or add such a thing
/// beside it.
pub(super) fn is_impossible(case: &Case) -> bool {
    let adds = |object: &Value, path: &str| list(object, path).any(|name| name == "CAP_SYS_ADMIN");
    let policies = || case.psps.iter();
    let denied = |policy: &Value, field: &str| *at(policy, field) == Value::Bool(false);
    let refuses = policies().any(|policy| {
        denied(policy, "spec.allowPrivilegeEscalation")
            || denied(policy, "spec.defaultAllowPrivilegeEscalation")
    });
    let added = policies().any(|policy| adds(policy, "spec.defaultAddCapabilities"));
    containers(&case.pod).any(|container| {
        let own = at(container, "securityContext");
        let strong = *at(own, "privileged") == Value::Bool(true) || adds(own, "capabilities.add");
        let written = *at(own, "allowPrivilegeEscalation") == Value::Bool(false);
        (refuses && (strong || added)) || (written && added)
    })
}

/// The sysctls that Kubernetes has found safe since 1.24.
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

/// A policy's default would be `allowPrivilegeEscalation: false` beside what the API server refuses there.
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

/// The pod has a user namespace, and a policy demands ids that such a one lacks.
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

pub(super) fn host_process(case: &Case) -> bool {
    pod_and_containers(case)
        .any(|object| *at(object, "securityContext.windowsOptions.hostProcess") == Value::Bool(true))
}

pub(super) fn windows(case: &Case) -> bool {
    at(&case.pod, "spec.os.name") == "windows"
}
