//! The tightest spec that what is needed leaves room for.

use std::collections::{BTreeMap, BTreeSet};

use pod_security_policy::pattern::{SysctlPattern, lies_beneath};
use pod_security_policy::rules;
use pod_security_policy::shape::Shape;
use serde_json::{Map, Value, json};

use super::needs::{Ids, Used};
use super::{Evidence, Needs, Reason, Suggestion};

/// How much is demanded of pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rigour {
    /// What every pod declares: nothing is filled in, and what runs goes on as it does.
    Declared,
    /// What is left open too: it is filled in, which an image may not bear.
    FilledIn,
}

/// Ids that are no system user's.
const USUAL: (i64, i64) = (1, 65535);

impl Needs {
    /// The tightest policy.
    pub(crate) fn suggest(&self, rigour: Rigour) -> Suggestion {
        let mut draft = Draft { rigour, spec: Map::new(), annotations: Map::new(), reasons: Vec::new() };
        draft.flag("privileged", &self.privileged);
        draft.escalation(self);
        draft.capabilities(self);
        draft.flag("hostNetwork", &self.host_network);
        draft.flag("hostPID", &self.host_pid);
        draft.flag("hostIPC", &self.host_ipc);
        draft.host_ports(&self.host_ports);
        draft.volumes(self);
        draft.users(self);
        draft.ids("runAsGroup", &self.groups);
        draft.ids("supplementalGroups", &self.supplemental_groups);
        draft.ids("fsGroup", &self.fs_groups);
        draft.se_linux(self);
        draft.seccomp(self);
        draft.app_armor(self);
        draft.root_filesystem(self);
        draft.sysctls(&self.sysctls);
        draft.proc_mounts(&self.unmasked);
        draft.runtime_classes(&self.runtime_classes);
        let Draft { spec, annotations, reasons, .. } = draft;
        Suggestion { spec, annotations, reasons }
    }
}

struct Draft {
    rigour: Rigour,
    spec: Map<String, Value>,
    annotations: Map<String, Value>,
    reasons: Vec<Reason>,
}

impl Draft {
    fn set(&mut self, field: &str, value: Value) {
        self.spec.insert(field.to_owned(), value);
    }

    fn because(&mut self, field: &'static str, need: impl Into<String>, evidence: &Evidence) {
        self.reasons.push(Reason { field, need: need.into(), evidence: evidence.clone() });
    }

    /// A boolean that is `true` if somebody needs it.
    fn flag(&mut self, field: &'static str, needed: &Option<Evidence>) {
        self.set(field, needed.is_some().into());
        if let Some(evidence) = needed {
            self.because(field, "true", evidence);
        }
    }

    fn escalation(&mut self, needs: &Needs) {
        let open = needs.escalation_open.as_ref().filter(|_| self.rigour == Rigour::Declared);
        let needed = needs.escalating.as_ref().or(open);
        self.set("allowPrivilegeEscalation", needed.is_some().into());
        if let Some(evidence) = needed {
            let need = if needs.escalating.is_some() { "true" } else { "true: it is left open" };
            self.because("allowPrivilegeEscalation", need, evidence);
        }
    }

    fn capabilities(&mut self, needs: &Needs) {
        for (name, evidence) in &needs.capabilities {
            self.because("allowedCapabilities", name, evidence);
        }
        let added: Vec<&String> = needs.capabilities.keys().collect();
        if !added.is_empty() {
            self.set("allowedCapabilities", json!(added));
        }
        let any = added.iter().any(|name| *name == "*");
        let mut dropped: BTreeSet<String> = needs.dropped.clone().unwrap_or_default();
        if self.rigour == Rigour::FilledIn {
            dropped.insert("ALL".to_owned());
        } else if let Some(evidence) = &needs.undropped {
            self.because("requiredDropCapabilities", "ALL is not dropped", evidence);
        }
        dropped.retain(|name| !needs.capabilities.contains_key(name));
        // One that drops all needs no other named.
        if dropped.contains("ALL") && self.rigour == Rigour::Declared {
            dropped.retain(|name| name == "ALL");
        }
        if !any && !dropped.is_empty() {
            self.set("requiredDropCapabilities", json!(dropped));
        }
    }

    fn host_ports(&mut self, ports: &Used<i64>) {
        for (port, evidence) in ports {
            self.because("hostPorts", port.to_string(), evidence);
        }
        if !ports.is_empty() {
            self.set("hostPorts", ranges(ports.keys().copied()));
        }
    }

    fn volumes(&mut self, needs: &Needs) {
        let known = known_volumes();
        let mut types = BTreeSet::new();
        for (key, evidence) in &needs.volumes {
            let name = if key == "cephfs" { "cephFS" } else { key.as_str() };
            let is_known = known.contains(&name) && key != "cephFS" && key != "*";
            let name = if is_known { name } else { "*" };
            types.insert(name);
            if !HARMLESS.contains(&name) {
                self.because(
                    "volumes",
                    if is_known { name.to_owned() } else { format!("* for {key}") },
                    evidence,
                );
            }
        }
        if types.contains("*") {
            types = BTreeSet::from(["*"]);
        }
        self.set("volumes", json!(types));
        let paths = prefixes(&needs.host_paths);
        match &needs.odd_paths {
            Some(evidence) => {
                self.because("allowedHostPaths", "all: a path that does not start with /", evidence);
            }
            None if !paths.is_empty() => {
                for (path, (written, evidence)) in &paths {
                    let need = if *written { format!("{path}, written") } else { (*path).clone() };
                    self.because("allowedHostPaths", need, evidence);
                }
                let entries = paths.iter().map(|(path, (written, _))| {
                    if *written {
                        json!({"pathPrefix": path})
                    } else {
                        json!({"pathPrefix": path, "readOnly": true})
                    }
                });
                self.set("allowedHostPaths", entries.collect());
            }
            None => {}
        }
        self.drivers("allowedFlexVolumes", "driver", &needs.flex_volumes, |name| !name.is_empty());
        self.drivers("allowedCSIDrivers", "name", &needs.csi_drivers, |name| {
            name.len() <= 63 && is_subdomain(&name.to_ascii_lowercase())
        });
    }

    /// Drivers by name, unless one has a name that no policy may list.
    fn drivers(
        &mut self,
        field: &'static str,
        key: &str,
        drivers: &Used<String>,
        valid: impl Fn(&str) -> bool,
    ) {
        for (name, evidence) in drivers {
            self.because(field, name, evidence);
        }
        if !drivers.is_empty() && drivers.keys().all(|name| valid(name)) {
            self.set(field, drivers.keys().map(|name| json!({key: name})).collect());
        }
    }

    fn users(&mut self, needs: &Needs) {
        let open = needs.root_open.as_ref().filter(|_| self.rigour == Rigour::Declared);
        let ids = &needs.users;
        if ids.open.is_none() && !ids.used.is_empty() && ids.used.keys().all(|id| *id >= 0) {
            if let Some(evidence) = &needs.root {
                self.because("runAsUser", "root", evidence);
            }
            self.set("runAsUser", json!({"rule": "MustRunAs", "ranges": ranges(ids.used.keys().copied())}));
        } else if let Some(evidence) = needs.root.as_ref().or(open) {
            let need = if needs.root.is_some() { "root" } else { "it is left open" };
            self.because("runAsUser", need, evidence);
            self.set("runAsUser", json!({"rule": "RunAsAny"}));
        } else {
            self.set("runAsUser", json!({"rule": "MustRunAsNonRoot"}));
        }
    }

    /// Ids of groups: demanded where all pods have one, else restricted to those that are used.
    fn ids(&mut self, field: &'static str, ids: &Ids) {
        if let Some((id, evidence)) = ids.used.first_key_value().filter(|(id, _)| **id <= 0) {
            self.because(field, id.to_string(), evidence);
        }
        let value = if ids.used.keys().any(|id| *id < 0) {
            json!({"rule": "RunAsAny"})
        } else if ids.used.is_empty() {
            json!({"rule": "MayRunAs", "ranges": [{"min": USUAL.0, "max": USUAL.1}]})
        } else {
            let rule = if ids.open.is_some() { "MayRunAs" } else { "MustRunAs" };
            json!({"rule": rule, "ranges": ranges(ids.used.keys().copied())})
        };
        self.set(field, value);
    }

    fn se_linux(&mut self, needs: &Needs) {
        let mut used = needs.se_linux.iter();
        let value = match (used.next(), used.next(), &needs.se_linux_open) {
            (Some(([user, role, kind, level], _)), None, None) => {
                let options = [("user", user), ("role", role), ("type", kind), ("level", level)];
                let options: Map<String, Value> = options
                    .into_iter()
                    .filter(|(_, value)| !value.is_empty())
                    .map(|(key, value)| (key.to_owned(), value.as_str().into()))
                    .collect();
                json!({"rule": "MustRunAs", "seLinuxOptions": options})
            }
            (Some((_, evidence)), ..) => {
                self.because("seLinux", "options of their own", evidence);
                json!({"rule": "RunAsAny"})
            }
            (None, ..) => json!({"rule": "RunAsAny"}),
        };
        self.set("seLinux", value);
    }

    fn seccomp(&mut self, needs: &Needs) {
        let names: Vec<&str> = needs.seccomp.keys().map(String::as_str).collect();
        let listable = |name: &str| match name.strip_prefix("localhost/") {
            Some(path) => {
                !path.starts_with('/')
                    && !path.split('/').any(|element| element == "..")
                    && !path.contains(',')
            }
            None => true,
        };
        let none = needs.seccomp.get("");
        let filled = self.rigour == Rigour::FilledIn
            && names.iter().all(|name| matches!(*name, "" | "runtime/default"));
        let odd = needs
            .odd_seccomp
            .as_ref()
            .or_else(|| needs.seccomp.iter().find(|(name, _)| !listable(name)).map(|(_, evidence)| evidence));
        for (name, evidence) in &needs.seccomp {
            match &**name {
                "" if !filled => self.because("seccomp", "none: it is left open", evidence),
                "" | "runtime/default" => {}
                name => self.because("seccomp", name, evidence),
            }
        }
        let allowed = match odd {
            Some(evidence) => {
                self.because("seccomp", "*: a profile that no list can name", evidence);
                Some("*".to_owned())
            }
            None if filled => {
                self.annotate(&format!("{SECCOMP}defaultProfileName"), "runtime/default");
                Some("runtime/default".to_owned())
            }
            // Without a list none is allowed, and RuntimeDefault, which is never weaker.
            None if none.is_some() => {
                (!names.iter().all(|name| matches!(*name, "" | "runtime/default"))).then(|| "*".to_owned())
            }
            None => Some(names.join(",")),
        };
        if let Some(allowed) = allowed {
            self.annotate(&format!("{SECCOMP}allowedProfileNames"), &allowed);
        }
    }

    fn annotate(&mut self, key: &str, value: &str) {
        self.annotations.insert(key.to_owned(), value.into());
    }

    fn app_armor(&mut self, needs: &Needs) {
        for (name, evidence) in needs.app_armor.iter().filter(|(name, _)| *name != "runtime/default") {
            self.because("appArmor", name, evidence);
        }
        match &needs.app_armor_open {
            Some(evidence) if !needs.app_armor.is_empty() => {
                self.because("appArmor", "any: it is left open", evidence);
            }
            None if !needs.app_armor.is_empty() => {
                let names: Vec<&str> = needs.app_armor.keys().map(String::as_str).collect();
                self.annotate(&format!("{APP_ARMOR}allowedProfileNames"), &names.join(","));
            }
            _ => {}
        }
    }

    fn root_filesystem(&mut self, needs: &Needs) {
        let open = needs.writing_open.as_ref().filter(|_| self.rigour == Rigour::Declared);
        let needed = needs.writing.as_ref().or(open);
        self.set("readOnlyRootFilesystem", needed.is_none().into());
        if let Some(evidence) = needed {
            let need = if needs.writing.is_some() { "false" } else { "false: it is left open" };
            self.because("readOnlyRootFilesystem", need, evidence);
        }
    }

    fn sysctls(&mut self, sysctls: &Used<String>) {
        for (name, evidence) in sysctls {
            self.because("allowedUnsafeSysctls", name, evidence);
        }
        if sysctls.is_empty() {
            self.set("forbiddenSysctls", json!(["*"]));
        } else if sysctls
            .keys()
            .all(|name| SysctlPattern::new(name.as_str().into()).is_well_formed() && !name.contains('*'))
        {
            self.set("allowedUnsafeSysctls", json!(sysctls.keys().collect::<Vec<_>>()));
        } else {
            self.set("allowedUnsafeSysctls", json!(["*"]));
        }
    }

    fn proc_mounts(&mut self, unmasked: &Option<Evidence>) {
        if let Some(evidence) = unmasked {
            self.because("allowedProcMountTypes", "Unmasked", evidence);
            self.set("allowedProcMountTypes", json!(["Default", "Unmasked"]));
        }
    }

    fn runtime_classes(&mut self, classes: &Used<String>) {
        for (name, evidence) in classes {
            self.because("runtimeClass", name, evidence);
        }
        let names: Vec<&String> = classes.keys().collect();
        let names = if names.iter().all(|name| is_subdomain(name)) { json!(names) } else { json!(["*"]) };
        self.set("runtimeClass", json!({"allowedRuntimeClassNames": names}));
    }
}

const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "apparmor.security.beta.kubernetes.io/";

/// The types that every level of the Pod Security Standards allows.
const HARMLESS: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// The types that a policy may list, as the rule for them says.
fn known_volumes() -> &'static [&'static str] {
    let shape = rules::all().find(|(_, entry)| entry.id == "volumes").and_then(|(_, entry)| entry.shape);
    match shape {
        Some(Shape::List(Shape::OneOf(names))) => names,
        _ => &[],
    }
}

/// Numbers as ranges, neighbours together.
fn ranges(numbers: impl Iterator<Item = i64>) -> Value {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, max)) if max.checked_add(1) == Some(number) => *max = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges.iter().map(|(min, max)| json!({"min": min, "max": max})).collect()
}

/// The paths that are not covered by others.
fn prefixes(paths: &BTreeMap<String, (bool, Evidence)>) -> Vec<(&String, &(bool, Evidence))> {
    let covered = |path: &str, written: bool| {
        paths.iter().any(|(other, (other_written, _))| {
            other != path && lies_beneath(path, other) && (*other_written || !written)
        })
    };
    paths.iter().filter(|(path, (written, _))| !covered(path, *written)).collect()
}

fn is_subdomain(name: &str) -> bool {
    let label = |label: &str| {
        let edge =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let bytes = label.as_bytes();
        edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
    };
    name.len() <= 253 && name.split('.').all(label)
}
