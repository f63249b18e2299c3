//! Where we differ from the original on purpose: product deviations, as predicates of a case.
//!
//! A predicate says that a case has what a deviation is about, not that the answers differ: many such cases agree.

use serde_json::{Map, Value};

use crate::case::Case;
use crate::ours;

/// A deviation: its name, and which cases it can show in.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// What it is called.
    pub name: &'static str,
    /// Whether it can show in a case.
    pub concerns: fn(&Case) -> bool,
}

/// All of them; the first that concerns a case names it.
pub const DEVIATIONS: &[Deviation] = &[
    Deviation { name: "settings are stricter", concerns: is_stricter },
    Deviation { name: "seccomp: only the field counts", concerns: has_seccomp },
    Deviation { name: "volumes: sources", concerns: has_odd_volume },
    Deviation { name: "host paths are cleaned", concerns: has_unclean_path },
    Deviation { name: "sysctls have two spellings", concerns: has_slashed_sysctl },
    Deviation { name: "ephemeral containers are judged", concerns: adds_ephemeral_containers },
    Deviation { name: "no pod that the API server refuses", concerns: is_impossible },
];

/// The name of the deviation that a case touches.
#[must_use]
pub fn explain(case: &Case) -> Option<&'static str> {
    DEVIATIONS.iter().find(|deviation| (deviation.concerns)(case)).map(|deviation| deviation.name)
}

/// The policies do not load: product section 1 lists what PodSecurityPolicy forgot to check.
pub(crate) fn is_stricter(case: &Case) -> bool {
    ours::problems(case).is_some()
}

/// A member, or nothing at all.
fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').try_fold(value, |value, key| value.get(key)).unwrap_or(&Value::Null)
}

fn list<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    at(value, path).as_array().into_iter().flatten()
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["spec.initContainers", "spec.containers", "spec.ephemeralContainers"]
        .into_iter()
        .flat_map(|path| list(pod, path))
}

fn annotations(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    at(object, "metadata.annotations").as_object().into_iter().flatten()
}

/// The pod has a profile, in a field or an annotation, or a policy has a default: PodSecurityPolicy judged and wrote
/// annotations, we fields.
fn has_seccomp(case: &Case) -> bool {
    let field = |value: &Value| !at(value, "securityContext.seccompProfile").is_null();
    let default = "seccomp.security.alpha.kubernetes.io/defaultProfileName";
    field(at(&case.pod, "spec"))
        || containers(&case.pod).any(field)
        || annotations(&case.pod).any(|(key, _)| key.contains("seccomp.security"))
        || case.psps.iter().any(|policy| annotations(policy).any(|(key, _)| key == default))
}

fn volumes(case: &Case) -> impl Iterator<Item = &Map<String, Value>> {
    list(&case.pod, "spec.volumes").filter_map(Value::as_object)
}

/// A volume has no source, two, or one that PodSecurityPolicy did not know.
fn has_odd_volume(case: &Case) -> bool {
    volumes(case).any(|volume| volume.len() != 2 || volume.contains_key("image"))
}

fn has_unclean_path(case: &Case) -> bool {
    let unclean =
        |path: &str| path.contains("//") || path.split('/').any(|element| matches!(element, "." | ".."));
    let prefixes = case.psps.iter().flat_map(|policy| list(policy, "spec.allowedHostPaths"));
    let prefixes = prefixes.map(|prefix| at(prefix, "pathPrefix"));
    let paths = volumes(case).filter_map(|volume| volume.get("hostPath")).map(|source| at(source, "path"));
    prefixes.chain(paths).filter_map(Value::as_str).any(unclean)
}

fn has_slashed_sysctl(case: &Case) -> bool {
    let names = list(&case.pod, "spec.securityContext.sysctls").map(|sysctl| at(sysctl, "name"));
    names.filter_map(Value::as_str).any(|name| name.contains('/'))
}

fn adds_ephemeral_containers(case: &Case) -> bool {
    case.sub == "ephemeralcontainers" || case.gates == "EphemeralContainers=false"
}

/// A policy would write `allowPrivilegeEscalation: false` beside what the API server refuses there.
fn is_impossible(case: &Case) -> bool {
    let added = |object: &Value, path: &str| list(object, path).any(|name| name == "CAP_SYS_ADMIN");
    let adds = |policy: &Value| added(policy, "spec.defaultAddCapabilities");
    let escalates = case.psps.iter().any(|policy| {
        let denied = |field: &str| *at(policy, field) == Value::Bool(false);
        denied("spec.allowPrivilegeEscalation")
            || denied("spec.defaultAllowPrivilegeEscalation")
            || adds(policy)
    });
    escalates
        && containers(&case.pod).any(|container| {
            *at(container, "securityContext.privileged") == Value::Bool(true)
                || added(container, "securityContext.capabilities.add")
                || case.psps.iter().any(adds)
        })
}
