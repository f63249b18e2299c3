//! A tighter policy never admits more.

use serde_json::{Map, Value, json};

use super::Held;
use crate::case::Case;
use crate::generate::Rng;
use crate::ours::{self, Answer};

/// Makes one field of a policy tighter; false if it cannot be.
type Tighten = fn(&mut Map<String, Value>, &mut Map<String, Value>, &mut Rng) -> bool;

/// The order of tightness of every field: the next step, from what a policy says to something stricter. The spec and
/// the annotations are those of the policy.
const ORDERS: [(&str, Tighten); 33] = [
    ("privileged", |spec, _, _| switch(spec, "privileged", false)),
    ("hostNetwork", |spec, _, _| switch(spec, "hostNetwork", false)),
    ("hostPID", |spec, _, _| switch(spec, "hostPID", false)),
    ("hostIPC", |spec, _, _| switch(spec, "hostIPC", false)),
    ("readOnlyRootFilesystem", |spec, _, _| switch(spec, "readOnlyRootFilesystem", true)),
    ("allowPrivilegeEscalation", |spec, _, _| switch(spec, "allowPrivilegeEscalation", false)),
    ("hostPorts", |spec, _, rng| drop_one(spec, "hostPorts", 0, rng)),
    ("hostPorts' ends", |spec, _, _| narrow(spec.get_mut("hostPorts"))),
    ("volumes", |spec, _, rng| drop_one(spec, "volumes", 0, rng)),
    ("volumes, not all", |spec, _, rng| name_all(spec, "volumes", &["secret", "emptyDir"], rng)),
    ("allowedCapabilities", |spec, _, rng| drop_one(spec, "allowedCapabilities", 0, rng)),
    ("allowedCapabilities, not all", |spec, _, rng| name_all(spec, "allowedCapabilities", &["NET_RAW"], rng)),
    ("requiredDropCapabilities", |spec, _, rng| {
        add(spec, "requiredDropCapabilities", rng.pick(&["NET_RAW", "KILL", "ALL", "CAP_SYS_TIME"]))
    }),
    ("allowedUnsafeSysctls", |spec, _, rng| drop_one(spec, "allowedUnsafeSysctls", 0, rng)),
    ("forbiddenSysctls", |spec, _, rng| {
        add(spec, "forbiddenSysctls", rng.pick(&["kernel.shm_rmid_forced", "net.*", "kernel.msgmax"]))
    }),
    // An empty one is the same as `Default` alone.
    ("allowedProcMountTypes", |spec, _, rng| drop_one(spec, "allowedProcMountTypes", 1, rng)),
    // An empty list of these allows everything.
    ("allowedHostPaths", |spec, _, rng| drop_one(spec, "allowedHostPaths", 1, rng)),
    ("allowedHostPaths, not all", |spec, _, _| {
        limit(spec, "allowedHostPaths", json!([{"pathPrefix": "/data"}]))
    }),
    ("allowedHostPaths, read-only", |spec, _, _| {
        let paths = spec.get_mut("allowedHostPaths").and_then(Value::as_array_mut);
        let paths: Vec<_> = paths.into_iter().flatten().filter_map(Value::as_object_mut).collect();
        let some = !paths.is_empty();
        paths.into_iter().for_each(|path| drop(path.insert("readOnly".to_owned(), true.into())));
        some
    }),
    ("allowedFlexVolumes", |spec, _, rng| drop_one(spec, "allowedFlexVolumes", 1, rng)),
    ("allowedFlexVolumes, not all", |spec, _, _| {
        limit(spec, "allowedFlexVolumes", json!([{"driver": "acme/lvm"}]))
    }),
    ("allowedCSIDrivers", |spec, _, rng| drop_one(spec, "allowedCSIDrivers", 1, rng)),
    ("allowedCSIDrivers, not all", |spec, _, _| {
        limit(spec, "allowedCSIDrivers", json!([{"name": "csi.acme.io"}]))
    }),
    ("runtimeClass", |spec, _, rng| {
        let class = spec.get_mut("runtimeClass").and_then(Value::as_object_mut);
        class.is_some_and(|class| drop_one(class, "allowedRuntimeClassNames", 0, rng))
    }),
    ("a user", |spec, _, rng| strategy(spec, "runAsUser", rng)),
    ("a group", |spec, _, rng| strategy(spec, "runAsGroup", rng)),
    ("further groups", |spec, _, rng| strategy(spec, "supplementalGroups", rng)),
    ("a group of volumes", |spec, _, rng| strategy(spec, "fsGroup", rng)),
    ("seLinux", |spec, _, _| {
        let any = spec
            .get("seLinux")
            .and_then(|strategy| strategy.get("rule"))
            .is_some_and(|rule| rule == "RunAsAny");
        let must = json!({"rule": "MustRunAs", "seLinuxOptions": {"level": "s0:c1,c2"}});
        any && spec.insert("seLinux".to_owned(), must).is_some()
    }),
    ("seccomp", |_, annotations, rng| {
        profiles(annotations, "seccomp.security.alpha.kubernetes.io/", "runtime/default", rng)
    }),
    ("AppArmor", |_, annotations, rng| {
        profiles(annotations, "apparmor.security.beta.kubernetes.io/", "runtime/default", rng)
    }),
    ("userNamespaceLevel", |spec, _, _| raise(spec, "userNamespaceLevel", "RequirePodLevel")),
    ("supplementalGroupsPolicy", |spec, _, _| raise(spec, "supplementalGroupsPolicy", "Strict")),
];

pub(super) fn holds(case: &Case, answer: &Answer, rng: &mut Rng) -> Held {
    if answer.accepted || ours::problems(case).is_some() {
        return Held::Silent;
    }
    let index = rng.count(0, u32::try_from(case.psps.len().saturating_sub(1)).unwrap_or_default());
    let mut tighter = case.clone();
    let Some(policy) = tighter.psps.get_mut(index) else { return Held::Silent };
    let mut annotations =
        policy.pointer("/metadata/annotations").and_then(Value::as_object).cloned().unwrap_or_default();
    let Some(spec) = policy.get_mut("spec").and_then(Value::as_object_mut) else { return Held::Silent };
    let orders = ORDERS.map(Some);
    // Most fields of most policies can be tightened.
    let tightened = (0..6).find_map(|_| {
        let (name, order) = rng.pick(&orders)?;
        order(spec, &mut annotations, rng).then_some(name)
    });
    let Some(name) = tightened else { return Held::Silent };
    if let Some(metadata) = policy.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("annotations".to_owned(), annotations.into());
    }
    if ours::problems(&tighter).is_some() {
        return Held::Silent;
    }
    let found = ours::natively(&tighter);
    if !found.accepted {
        return Held::Holds;
    }
    Held::Broken(format!(
        "{name} tightened to {:?}: {found:?}, before {:?}",
        tighter.psps.get(index),
        answer.message
    ))
}

fn switch(spec: &mut Map<String, Value>, field: &str, tight: bool) -> bool {
    spec.insert(field.to_owned(), tight.into()) != Some(tight.into())
}

fn raise(spec: &mut Map<String, Value>, field: &str, tight: &str) -> bool {
    spec.insert(field.to_owned(), tight.into()) != Some(tight.into())
}

/// Takes an entry out of a list that has more than `least`.
fn drop_one(object: &mut Map<String, Value>, field: &str, least: usize, rng: &mut Rng) -> bool {
    let Some(list) = object.get_mut(field).and_then(Value::as_array_mut) else { return false };
    if list.len() <= least {
        return false;
    }
    list.remove(rng.count(0, u32::try_from(list.len() - 1).unwrap_or_default()));
    true
}

/// Puts names in the place of all.
fn name_all(spec: &mut Map<String, Value>, field: &str, names: &[&str], _: &mut Rng) -> bool {
    let Some(list) = spec.get_mut(field).and_then(Value::as_array_mut) else { return false };
    let all = list.iter().any(|name| name == "*");
    if all {
        *list = names.iter().map(|name| Value::from(*name)).collect();
    }
    all
}

/// Limits what an empty list leaves open.
fn limit(spec: &mut Map<String, Value>, field: &str, list: Value) -> bool {
    let open = spec.get(field).and_then(Value::as_array).is_none_or(Vec::is_empty);
    if open {
        spec.insert(field.to_owned(), list);
    }
    open
}

fn add(spec: &mut Map<String, Value>, field: &str, name: &str) -> bool {
    let list = spec.entry(field).or_insert_with(|| json!([]));
    if !list.is_array() {
        *list = json!([]);
    }
    let Some(list) = list.as_array_mut() else { return false };
    list.push(name.into());
    true
}

/// Takes the upper end of each range down to the lower one, which is the default.
fn narrow(ranges: Option<&mut Value>) -> bool {
    let mut narrowed = false;
    for range in ranges.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(min) = range.get("min").cloned() {
            narrowed = range.insert("max".to_owned(), min.clone()) != Some(min) || narrowed;
        }
    }
    narrowed
}

/// Any id, then one of some ranges if one is given, then one of some ranges. The default stays the same: another one
/// can suit another rule.
fn strategy(spec: &mut Map<String, Value>, field: &str, rng: &mut Rng) -> bool {
    let strategy = spec.entry(field).or_insert_with(|| json!({"rule": "RunAsAny"}));
    let Some(rule) = strategy.get("rule").and_then(Value::as_str).map(str::to_owned) else { return false };
    let ranges = json!([{"min": 1000, "max": 2000}]);
    match rule.as_str() {
        "RunAsAny" => {
            *strategy = json!({"rule": rng.pick(&["MayRunAs", "MustRunAs"]), "ranges": ranges});
            true
        }
        "MayRunAs" if rng.percent(50) => {
            if let Some(strategy) = strategy.as_object_mut() {
                strategy.insert("rule".to_owned(), "MustRunAs".into());
            }
            true
        }
        "MayRunAs" | "MustRunAs" => {
            let more =
                strategy.get("ranges").and_then(Value::as_array).is_some_and(|ranges| ranges.len() > 1);
            if more && let Some(ranges) = strategy.get_mut("ranges").and_then(Value::as_array_mut) {
                ranges.pop();
                return true;
            }
            narrow(strategy.get_mut("ranges"))
        }
        _ => false,
    }
}

/// Lists one profile less, or the first ones where none were listed.
fn profiles(annotations: &mut Map<String, Value>, prefix: &str, first: &str, rng: &mut Rng) -> bool {
    let (allowed, default) = (format!("{prefix}allowedProfileNames"), format!("{prefix}defaultProfileName"));
    let default = annotations.get(&default).and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(list) = annotations.get(&allowed).and_then(Value::as_str).map(str::to_owned) else {
        // Without a list seccomp accepts the runtime's profile and none, and AppArmor any.
        let open = prefix.starts_with("apparmor") && default.is_empty();
        if open {
            annotations.insert(allowed, first.into());
        }
        return open;
    };
    let mut names: Vec<&str> = list.split(',').collect();
    let others: Vec<usize> =
        names.iter().enumerate().filter(|(_, name)| **name != default).map(|(index, _)| index).collect();
    if names.len() < 2 || others.is_empty() {
        return false;
    }
    let taken = rng.pick(&others);
    names.remove(taken);
    let left = names.join(",");
    annotations.insert(allowed, left.into());
    true
}
