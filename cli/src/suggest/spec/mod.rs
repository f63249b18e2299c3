//! The tightest spec that admits the collected needs.

mod ids;
mod profiles;
mod volumes;

use std::collections::BTreeSet;

use pod_security_policy::pod::is_safe_sysctl;
use pod_security_policy::rule::SysctlPattern;
use pod_security_policy::schema::kubernetes::NEWEST;
use serde_json::{Map, Value, json};

use super::evidence::{Evidence, Reason, Tightest};
use super::needs::{Needs, Used};

/// How much is required of pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Only what every pod declares: nothing is filled in, and running workloads are not changed.
    Declared,
    /// Unset fields as well: they are filled in, and an image may not support the default.
    FilledIn,
}

impl Needs {
    /// The tightest policy.
    pub(crate) fn suggest(&self, strictness: Strictness) -> Tightest {
        let mut draft = Draft { strictness, spec: Map::new(), annotations: Map::new(), reasons: Vec::new() };
        draft.flag("privileged", &self.privileged);
        draft.host_processes(self);
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
        draft.user_namespace(self);
        draft.groups_of_images(self);
        let Draft { spec, annotations, reasons, .. } = draft;
        Tightest { spec, annotations, reasons }
    }
}

struct Draft {
    strictness: Strictness,
    spec: Map<String, Value>,
    annotations: Map<String, Value>,
    reasons: Vec<Reason>,
}

impl Draft {
    fn set(&mut self, field: &str, value: Value) {
        self.spec.insert(field.to_owned(), value);
    }

    fn with_cause(&mut self, field: &'static str, need: impl Into<String>, evidence: &Evidence) {
        self.reasons.push(Reason { field, need: need.into(), evidence: evidence.clone() });
    }

    /// A boolean that is `true` if any workload needs it.
    fn flag(&mut self, field: &'static str, needed: &Option<Evidence>) {
        self.set(field, needed.is_some().into());
        if let Some(evidence) = needed {
            self.with_cause(field, "true", evidence);
        }
    }

    fn escalation(&mut self, needs: &Needs) {
        let open = needs.escalation_open.as_ref().filter(|_| self.strictness == Strictness::Declared);
        let needed = needs.escalating.as_ref().or(open);
        self.set("allowPrivilegeEscalation", needed.is_some().into());
        if let Some(evidence) = needed {
            let need = if needs.escalating.is_some() { "true" } else { "true: it is left open" };
            self.with_cause("allowPrivilegeEscalation", need, evidence);
        }
    }

    fn capabilities(&mut self, needs: &Needs) {
        for (name, evidence) in &needs.capabilities {
            self.with_cause("allowedCapabilities", name, evidence);
        }
        let added: Vec<&String> = needs.capabilities.keys().collect();
        if !added.is_empty() {
            self.set("allowedCapabilities", json!(added));
        }
        let any = added.iter().any(|name| *name == "*");
        let mut dropped: BTreeSet<String> = needs.dropped.clone().unwrap_or_default();
        if self.strictness == Strictness::FilledIn {
            dropped.insert("ALL".to_owned());
        } else if let Some(evidence) = &needs.undropped {
            self.with_cause("requiredDropCapabilities", "ALL is not dropped", evidence);
        }
        // Spelt with its prefix a name drops nothing, and a policy that requires it reads it without the prefix.
        dropped.retain(|name| !needs.capabilities.contains_key(name) && !name.starts_with("CAP_"));
        // Dropping ALL makes all other names redundant.
        if dropped.contains("ALL") && self.strictness == Strictness::Declared {
            dropped.retain(|name| name == "ALL");
        }
        if !any && !dropped.is_empty() {
            self.set("requiredDropCapabilities", json!(dropped));
        }
    }

    fn root_filesystem(&mut self, needs: &Needs) {
        let open = needs.writing_open.as_ref().filter(|_| self.strictness == Strictness::Declared);
        let needed = needs.writing.as_ref().or(open);
        self.set("readOnlyRootFilesystem", needed.is_none().into());
        if let Some(evidence) = needed {
            let need = if needs.writing.is_some() { "false" } else { "false: it is left open" };
            self.with_cause("readOnlyRootFilesystem", need, evidence);
        }
    }

    /// Where containers may be privileged, HostProcess containers are allowed as well.
    fn host_processes(&mut self, needs: &Needs) {
        if let Some(evidence) = needs.host_process.as_ref().filter(|_| needs.privileged.is_none()) {
            self.set("windowsOptions", json!({"hostProcess": true}));
            self.with_cause("windowsOptions", "hostProcess: true", evidence);
        }
    }

    fn sysctls(&mut self, sysctls: &Used<String>) {
        if sysctls.is_empty() {
            self.set("forbiddenSysctls", json!(["*"]));
            return;
        }
        let is_unsafe = |name: &String| !is_safe_sysctl(name, NEWEST);
        let listed: Vec<&String> = sysctls.keys().filter(|name| is_unsafe(name)).collect();
        for (name, evidence) in sysctls.iter().filter(|(name, _)| is_unsafe(name)) {
            self.with_cause("allowedUnsafeSysctls", name, evidence);
        }
        if listed.is_empty() {
            return;
        }
        if listed
            .iter()
            .all(|name| SysctlPattern::new(name.as_str().into()).is_well_formed() && !name.contains('*'))
        {
            self.set("allowedUnsafeSysctls", json!(listed));
        } else {
            self.set("allowedUnsafeSysctls", json!(["*"]));
        }
    }

    fn proc_mounts(&mut self, unmasked: &Option<Evidence>) {
        if let Some(evidence) = unmasked {
            self.with_cause("allowedProcMountTypes", "Unmasked", evidence);
            self.set("allowedProcMountTypes", json!(["Default", "Unmasked"]));
        }
    }

    /// Demanded where every pod has a user namespace, or, if defaults are written, could have one.
    fn user_namespace(&mut self, needs: &Needs) {
        let sharing = match self.strictness {
            Strictness::Declared => &needs.sharing_users,
            Strictness::FilledIn => &needs.bound_to_users,
        };
        if sharing.is_none() && needs.workloads.count > 0 {
            self.set("userNamespaceLevel", "RequirePodLevel".into());
        }
    }

    /// The same for groups of images.
    fn groups_of_images(&mut self, needs: &Needs) {
        let merging = match self.strictness {
            Strictness::Declared => &needs.merging_groups,
            Strictness::FilledIn => &needs.merging,
        };
        if merging.is_none() && needs.workloads.count > 0 {
            self.set("supplementalGroupsPolicy", "Strict".into());
        }
    }

    fn runtime_classes(&mut self, classes: &Used<String>) {
        for (name, evidence) in classes {
            self.with_cause("runtimeClass", name, evidence);
        }
        let names: Vec<&String> = classes.keys().collect();
        let names = if names.iter().all(|name| is_subdomain(name)) { json!(names) } else { json!(["*"]) };
        self.set("runtimeClass", json!({"allowedRuntimeClassNames": names}));
    }
}

pub(super) fn is_subdomain(name: &str) -> bool {
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
