//! The fields of SecurityContextConstraints as those of a policy.

use pod_security_policy::pod::VOLUME_TYPES;
use serde_json::{Map, Value, json};

use super::super::piece::Inexact;

const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/";

/// What a namespace's annotations say of its users, groups and SELinux level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    users: Vec<Value>,
    groups: Vec<Value>,
    level: String,
}

impl Ranges {
    /// The ranges of a namespace; `None` if it has no annotation for them.
    pub(super) fn of(namespace: &Value) -> Option<Self> {
        let annotations = namespace.pointer("/metadata/annotations")?;
        let text =
            |name: &str| annotations.get(format!("openshift.io/sa.scc.{name}")).and_then(Value::as_str);
        let users = ranges(text("uid-range")?)?;
        // Without groups of its own, a namespace has those with the numbers of its users.
        let groups = text("supplemental-groups").and_then(ranges).unwrap_or_else(|| users.clone());
        Some(Ranges { users, groups, level: text("mcs").unwrap_or_default().to_owned() })
    }
}

/// Ranges as in `1000/10,2000-2999`: a start with a size, or with an end.
fn ranges(text: &str) -> Option<Vec<Value>> {
    let range = |text: &str| {
        let (min, max) = match text.split_once('/') {
            Some((min, size)) => {
                let min: i64 = min.trim().parse().ok()?;
                (min, min.checked_add(size.trim().parse::<i64>().ok()?)?.checked_sub(1)?)
            }
            None => {
                let (min, max) = text.split_once('-')?;
                (min.trim().parse().ok()?, max.trim().parse().ok()?)
            }
        };
        Some(json!({"min": min, "max": max}))
    };
    text.split(',').map(range).collect()
}

fn kind<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(|strategy| strategy.get("type")).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn is_set(value: &Value, field: &str) -> bool {
    value.get(field) == Some(&Value::Bool(true))
}

fn range_of_strategy(value: &Value, field: &str) -> Vec<Value> {
    list(value.get(field).unwrap_or(&Value::Null), "ranges").to_vec()
}

/// Whether any of the ranges is that of the namespace.
pub(super) fn needs_ranges(value: &Value) -> bool {
    let bound = |name: &str| value.pointer(&format!("/runAsUser/{name}")).is_some_and(Value::is_i64);
    let users =
        kind(value, "runAsUser") == "MustRunAsRange" && !(bound("uidRangeMin") && bound("uidRangeMax"));
    let level = kind(value, "seLinuxContext") == "MustRunAs"
        && value.pointer("/seLinuxContext/seLinuxOptions").is_none_or(Value::is_null);
    let groups = ["fsGroup", "supplementalGroups"]
        .iter()
        .any(|field| kind(value, field) == "MustRunAs" && range_of_strategy(value, field).is_empty());
    users || level || groups
}

type Converted = (Map<String, Value>, Map<String, Value>);

/// The spec and the annotations of the policy.
pub(super) fn convert(
    value: &Value,
    ranges: &Ranges,
    inexact: &mut Vec<Inexact>,
) -> Result<Converted, String> {
    let mut spec = Map::new();
    let mut set = |field: &str, value: Value| spec.insert(field.to_owned(), value);
    set("privileged", is_set(value, "allowPrivilegedContainer").into());
    for (from, to) in
        [("allowHostNetwork", "hostNetwork"), ("allowHostPID", "hostPID"), ("allowHostIPC", "hostIPC")]
    {
        set(to, is_set(value, from).into());
    }
    let ports = if is_set(value, "allowHostPorts") { json!([{"min": 0, "max": 65535}]) } else { json!([]) };
    set("hostPorts", ports);
    set(
        "allowPrivilegeEscalation",
        (value.get("allowPrivilegeEscalation") != Some(&Value::Bool(false))).into(),
    );
    for field in [
        "defaultAllowPrivilegeEscalation",
        "allowedCapabilities",
        "requiredDropCapabilities",
        "defaultAddCapabilities",
        "allowedFlexVolumes",
        "allowedUnsafeSysctls",
        "forbiddenSysctls",
        "userNamespaceLevel",
    ] {
        if let Some(own) = value.get(field).filter(|own| !own.is_null()) {
            set(field, own.clone());
        }
    }
    if is_set(value, "readOnlyRootFilesystem") {
        set("readOnlyRootFilesystem", true.into());
    }
    set("volumes", volumes(value, inexact)?);
    set("runAsUser", run_as_user(value, ranges, inexact)?);
    set("seLinux", se_linux(value, ranges)?);
    for field in ["fsGroup", "supplementalGroups"] {
        set(field, groups(value, field, ranges)?);
    }
    let annotations = seccomp(value, inexact);
    Ok((spec, annotations))
}

/// Volumes have the names of the API there, and two of their own.
fn volumes(value: &Value, inexact: &mut Vec<Inexact>) -> Result<Value, String> {
    let mut types: Vec<&str> = Vec::new();
    for name in list(value, "volumes").iter().filter_map(Value::as_str) {
        let name = match name {
            "none" => continue,
            "vsphere" => "vsphereVolume",
            "serviceAccountToken" => {
                inexact.push(Inexact {
                    key: "volumes".to_owned(),
                    was: "serviceAccountToken, which is a projected volume with nothing else".to_owned(),
                    is: "projected".to_owned(),
                    because: "PodSecurityPolicy knows types of volumes, not what is in them".to_owned(),
                });
                "projected"
            }
            name => name,
        };
        let known = VOLUME_TYPES.iter().find(|known| known.eq_ignore_ascii_case(name));
        let known = known.ok_or_else(|| format!("volumes: {name} is not known"))?;
        if !types.contains(known) {
            types.push(known);
        }
    }
    if is_set(value, "allowHostDirVolumePlugin") && !types.contains(&"*") && !types.contains(&"hostPath") {
        types.push("hostPath");
    }
    if types.contains(&"*") {
        types = vec!["*"];
    }
    Ok(types.into())
}

fn run_as_user(value: &Value, ranges: &Ranges, inexact: &mut Vec<Inexact>) -> Result<Value, String> {
    let own = |name: &str| value.pointer(&format!("/runAsUser/{name}")).and_then(Value::as_i64);
    let must = |ranges: Value| json!({"rule": "MustRunAs", "ranges": ranges});
    Ok(match kind(value, "runAsUser") {
        "MustRunAs" => {
            let uid = own("uid").ok_or("runAsUser: MustRunAs needs a uid")?;
            must(json!([{"min": uid, "max": uid}]))
        }
        "MustRunAsRange" => match (own("uidRangeMin"), own("uidRangeMax")) {
            (Some(min), Some(max)) => must(json!([{"min": min, "max": max}])),
            _ => must(json!(ranges.users)),
        },
        "MustRunAsNonRoot" => {
            inexact.push(Inexact {
                key: "runAsUser".to_owned(),
                was: "MustRunAsNonRoot, which fills in nothing".to_owned(),
                is: "MustRunAsNonRoot, which fills in runAsNonRoot: true".to_owned(),
                because: "so does PodSecurityPolicy, and the kubelet then holds the image to it".to_owned(),
            });
            json!({"rule": "MustRunAsNonRoot"})
        }
        "RunAsAny" => json!({"rule": "RunAsAny"}),
        other => {
            return Err(unknown(
                "runAsUser",
                other,
                &["MustRunAs", "MustRunAsRange", "MustRunAsNonRoot", "RunAsAny"],
            ));
        }
    })
}

fn se_linux(value: &Value, ranges: &Ranges) -> Result<Value, String> {
    Ok(match kind(value, "seLinuxContext") {
        "RunAsAny" => json!({"rule": "RunAsAny"}),
        "MustRunAs" => match value.pointer("/seLinuxContext/seLinuxOptions").filter(|own| !own.is_null()) {
            Some(own) => json!({"rule": "MustRunAs", "seLinuxOptions": own}),
            None => json!({"rule": "MustRunAs", "seLinuxOptions": {"level": ranges.level}}),
        },
        other => return Err(unknown("seLinuxContext", other, &["MustRunAs", "RunAsAny"])),
    })
}

fn groups(value: &Value, field: &str, of_namespace: &Ranges) -> Result<Value, String> {
    match kind(value, field) {
        "RunAsAny" => Ok(json!({"rule": "RunAsAny"})),
        "MustRunAs" => {
            let mut ranges = range_of_strategy(value, field);
            if ranges.is_empty() {
                ranges.clone_from(&of_namespace.groups);
                // OpenShift allows the first group of the namespace alone to own volumes.
                if let Some(first) =
                    ranges.first().and_then(|range| range.get("min")).filter(|_| field == "fsGroup")
                {
                    ranges = vec![json!({"min": first, "max": first})];
                }
            }
            Ok(json!({"rule": "MustRunAs", "ranges": ranges}))
        }
        other => Err(unknown(field, other, &["MustRunAs", "RunAsAny"])),
    }
}

/// The problem of a strategy whose type OpenShift does not have.
fn unknown(field: &str, found: &str, known: &[&str]) -> String {
    let found = if found.is_empty() { "is not set".to_owned() } else { format!("is {found}") };
    format!("{field}.type: {found}; it must be one of {}", known.join(", "))
}

/// The first profile that is not a wildcard is filled in. Without profiles none may be set; a policy without
/// annotations admits `RuntimeDefault` as well.
fn seccomp(value: &Value, inexact: &mut Vec<Inexact>) -> Map<String, Value> {
    let profiles: Vec<&str> = list(value, "seccompProfiles").iter().filter_map(Value::as_str).collect();
    let mut annotations = Map::new();
    if profiles.is_empty() {
        inexact.push(Inexact {
            key: "seccompProfiles".to_owned(),
            was: "no profile allowed".to_owned(),
            is: "RuntimeDefault allowed".to_owned(),
            because: "a policy without a list of profiles does not refuse the one that restricts".to_owned(),
        });
        return annotations;
    }
    annotations.insert(format!("{SECCOMP}allowedProfileNames"), profiles.join(",").into());
    if let Some(default) = profiles.iter().find(|name| **name != "*") {
        annotations.insert(format!("{SECCOMP}defaultProfileName"), (*default).into());
    }
    annotations
}

/// How little constraints restrict, as OpenShift counts it: fewer points are tried first
/// (`pkg/securitycontextconstraints/util/sort/byrestrictions.go` of openshift/apiserver-library-go).
pub(super) fn points(value: &Value) -> i64 {
    let mut total = 0;
    for (field, points) in
        [("allowPrivilegedContainer", 1_600_000), ("allowHostPorts", 800_000), ("allowHostNetwork", 400_000)]
    {
        if is_set(value, field) {
            total += points;
        }
    }
    let volumes: Vec<&str> = list(value, "volumes").iter().filter_map(Value::as_str).collect();
    let trivial = [
        "none",
        "configMap",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    total += match &*volumes {
        volumes if volumes.iter().any(|name| ["*", "hostPath"].contains(name)) => 200_000,
        volumes if volumes.iter().any(|name| !trivial.contains(name)) => 100_000,
        _ => 0,
    };
    for field in ["runAsUser", "seLinuxContext"] {
        total += match kind(value, field) {
            "RunAsAny" => 40_000,
            "MustRunAsNonRoot" => 30_000,
            "MustRunAsRange" => 20_000,
            "MustRunAs" => 10_000,
            _ => 0,
        };
    }
    total + capabilities(value)
}

fn capabilities(value: &Value) -> i64 {
    let is_all =
        |name: &Value| name.as_str().is_some_and(|name| name == "*" || name.eq_ignore_ascii_case("ALL"));
    let count = |field: &str| i64::try_from(list(value, field).len()).unwrap_or(i64::MAX);
    let mut points: i64 = 5000_i64.saturating_add(count("defaultAddCapabilities").saturating_mul(300));
    points = points.saturating_add(match list(value, "allowedCapabilities").iter().any(is_all) {
        true => 4000,
        false => count("allowedCapabilities").saturating_mul(10),
    });
    points = points.saturating_sub(match list(value, "requiredDropCapabilities").iter().any(is_all) {
        true => 3000,
        false => count("requiredDropCapabilities").saturating_mul(50),
    });
    points.clamp(0, 9999)
}
