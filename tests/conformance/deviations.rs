//! Where we differ from the original on purpose: product deviations, as predicates of a case.
//!
//! A predicate says that a case has what a deviation is about, not that the answers differ: many such cases agree.

use pod_security_policy::settings::Settings;
use serde_json::{Value, json};

/// A deviation: its name, why it is one, and which cases it can show in.
pub(crate) struct Deviation {
    pub name: &'static str,
    pub concerns: fn(&Value) -> bool,
}

/// All of them; the first that concerns a case names it.
pub(crate) const DEVIATIONS: &[Deviation] = &[
    Deviation { name: "settings are stricter", concerns: is_stricter },
    Deviation { name: "seccomp: only the field counts", concerns: has_seccomp },
    Deviation { name: "volumes: sources", concerns: has_odd_volume },
    Deviation { name: "host paths are cleaned", concerns: has_unclean_path },
    Deviation { name: "sysctls have two spellings", concerns: has_slashed_sysctl },
    Deviation { name: "ephemeral containers are judged", concerns: adds_ephemeral_containers },
    Deviation { name: "no pod that the API server refuses", concerns: is_impossible },
];

/// The name of the deviation that a case touches.
pub(crate) fn explain(case: &Value) -> Option<&'static str> {
    DEVIATIONS.iter().find(|deviation| (deviation.concerns)(case)).map(|deviation| deviation.name)
}

/// The policies do not load: product section 1 lists what PodSecurityPolicy forgot to check.
pub(crate) fn is_stricter(case: &Value) -> bool {
    let settings = json!({"policies": case["Psps"], "authorization": "None"}).to_string();
    Settings::parse(&settings).is_err()
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    lists.into_iter().flat_map(|list| pod["spec"][list].as_array().into_iter().flatten())
}

fn policies(case: &Value) -> impl Iterator<Item = &Value> {
    case["Psps"].as_array().into_iter().flatten()
}

/// The pod has a profile, in a field or an annotation, or a policy has a default: PodSecurityPolicy judged and wrote
/// annotations, we fields.
fn has_seccomp(case: &Value) -> bool {
    let pod = &case["Pod"];
    let field = |value: &Value| !value["securityContext"]["seccompProfile"].is_null();
    let annotated = pod["metadata"]["annotations"]
        .as_object()
        .is_some_and(|annotations| annotations.keys().any(|key| key.contains("seccomp.security")));
    let default = "seccomp.security.alpha.kubernetes.io/defaultProfileName";
    field(&pod["spec"])
        || containers(pod).any(field)
        || annotated
        || policies(case).any(|policy| !policy["metadata"]["annotations"][default].is_null())
}

fn volumes(case: &Value) -> impl Iterator<Item = &serde_json::Map<String, Value>> {
    case["Pod"]["spec"]["volumes"].as_array().into_iter().flatten().filter_map(Value::as_object)
}

/// A volume has no source, two, or one that PodSecurityPolicy did not know.
fn has_odd_volume(case: &Value) -> bool {
    volumes(case).any(|volume| volume.len() != 2 || volume.contains_key("image"))
}

fn has_unclean_path(case: &Value) -> bool {
    let unclean =
        |path: &str| path.contains("//") || path.split('/').any(|element| matches!(element, "." | ".."));
    let prefixes =
        policies(case).flat_map(|policy| policy["spec"]["allowedHostPaths"].as_array().into_iter().flatten());
    let prefixes = prefixes.map(|prefix| &prefix["pathPrefix"]);
    let paths = volumes(case).filter_map(|volume| volume.get("hostPath")).map(|source| &source["path"]);
    prefixes.chain(paths).filter_map(Value::as_str).any(unclean)
}

fn has_slashed_sysctl(case: &Value) -> bool {
    let sysctls = case["Pod"]["spec"]["securityContext"]["sysctls"].as_array().into_iter().flatten();
    sysctls.filter_map(|sysctl| sysctl["name"].as_str()).any(|name| name.contains('/'))
}

fn adds_ephemeral_containers(case: &Value) -> bool {
    case["Sub"] == "ephemeralcontainers" || case["Gates"] == "EphemeralContainers=false"
}

/// A policy would write `allowPrivilegeEscalation: false` beside what the API server refuses there.
fn is_impossible(case: &Value) -> bool {
    let added = |list: &Value| list.as_array().into_iter().flatten().any(|name| name == "CAP_SYS_ADMIN");
    let escalates = policies(case).any(|policy| {
        let spec = &policy["spec"];
        spec["allowPrivilegeEscalation"] == false
            || spec["defaultAllowPrivilegeEscalation"] == false
            || added(&spec["defaultAddCapabilities"])
    });
    escalates
        && containers(&case["Pod"]).any(|container| {
            let own = &container["securityContext"];
            own["privileged"] == true
                || added(&own["capabilities"]["add"])
                || policies(case).any(|policy| added(&policy["spec"]["defaultAddCapabilities"]))
        })
}
