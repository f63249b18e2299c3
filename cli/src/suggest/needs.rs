//! What pods need of a policy, field by field, with the first place that needs it.

use std::collections::{BTreeMap, BTreeSet};

use pod_security_policy::pattern::leads_up;
use pod_security_policy::pod::{
    APP_ARMOR_CONTAINER, Container, Origin, Pod, Profile, SeLinuxOptions, Slot, VolumeDetail,
};
use pod_security_policy::standards::{Level, Standard, Version};

use super::Evidence;
use crate::input::Object;
use crate::judge::{self, Failing};

/// Values that are used, each with the first place that uses it.
pub(super) type Used<T> = BTreeMap<T, Evidence>;

/// The pod being looked at.
#[derive(Clone, Copy)]
pub(crate) struct Place<'o> {
    pub(crate) object: &'o Object,
    pub(crate) title: &'o str,
    /// The way from the object to the pod, with a trailing dot.
    pub(crate) root: &'o str,
}

/// Ids that are used, and where none is set.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    pub(super) used: Used<i64>,
    pub(super) open: Option<Evidence>,
}

/// What a set of pods needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    pub(crate) pods: usize,
    pub(super) privileged: Option<Evidence>,
    /// Containers that may gain privileges because they say so, or have to.
    pub(super) escalating: Option<Evidence>,
    /// Containers that do not say.
    pub(super) escalation_open: Option<Evidence>,
    pub(super) host_network: Option<Evidence>,
    pub(super) host_pid: Option<Evidence>,
    pub(super) host_ipc: Option<Evidence>,
    pub(super) host_ports: Used<i64>,
    pub(super) volumes: Used<String>,
    /// Cleaned paths, and whether they are written.
    pub(super) host_paths: BTreeMap<String, (bool, Evidence)>,
    /// Paths that no prefix can name.
    pub(super) odd_paths: Option<Evidence>,
    pub(super) flex_volumes: Used<String>,
    pub(super) csi_drivers: Used<String>,
    pub(super) capabilities: Used<String>,
    /// The capabilities that every container drops; nothing before the first one.
    pub(super) dropped: Option<BTreeSet<String>>,
    /// Containers that do not drop ALL.
    pub(super) undropped: Option<Evidence>,
    pub(super) users: Ids,
    /// Containers that run as root, or say that they may.
    pub(super) root: Option<Evidence>,
    /// Containers whose image decides.
    pub(super) root_open: Option<Evidence>,
    pub(super) groups: Ids,
    pub(super) supplemental_groups: Ids,
    pub(super) fs_groups: Ids,
    pub(super) se_linux: Used<[String; 4]>,
    pub(super) se_linux_open: Option<Evidence>,
    /// Names of seccomp profiles; the empty one stands for none.
    pub(super) seccomp: Used<String>,
    /// Profiles that no list can name.
    pub(super) odd_seccomp: Option<Evidence>,
    pub(super) app_armor: Used<String>,
    pub(super) app_armor_open: Option<Evidence>,
    /// Containers that say they write to their image.
    pub(super) writing: Option<Evidence>,
    /// Containers that do not say.
    pub(super) writing_open: Option<Evidence>,
    pub(super) sysctls: Used<String>,
    pub(super) unmasked: Option<Evidence>,
    pub(super) runtime_classes: Used<String>,
    /// What no policy admits, and why.
    pub(crate) unfit: Vec<(Evidence, &'static str)>,
    /// The checks of the Pod Security Standards that pods fail, with the level they belong to.
    pub(crate) failing: BTreeMap<(Level, &'static str), (String, Evidence)>,
}

impl Place<'_> {
    fn evidence(&self, path: &str) -> Evidence {
        let path = format!("{}{path}", self.root);
        Evidence { workload: self.title.to_owned(), place: self.object.place(&path), path, count: 1 }
    }

    fn note(&self, slot: &mut Option<Evidence>, path: &str) {
        match slot {
            Some(known) => known.count += 1,
            None => *slot = Some(self.evidence(path)),
        }
    }

    fn used<T: Ord>(&self, used: &mut Used<T>, value: T, path: &str) {
        used.entry(value).and_modify(|known| known.count += 1).or_insert_with(|| self.evidence(path));
    }
}

impl Needs {
    /// Adds what a pod needs; nothing of one that no policy admits.
    pub(crate) fn add(&mut self, pod: &Pod<'_>, at: Place<'_>) {
        self.hold_to_standards(pod, at);
        // Annotations become fields when the pod is created.
        let adopted = pod_security_policy::rules::adopt_annotations(pod);
        let pod = adopted.as_ref().unwrap_or(pod);
        if let Some((path, reason)) = unfit(pod) {
            self.unfit.push((at.evidence(&path), reason));
            return;
        }
        self.pods += 1;
        self.add_pod(pod, at);
        for (slot, container) in pod.containers() {
            self.add_container(pod, slot, container, at);
        }
    }

    fn hold_to_standards(&mut self, pod: &Pod<'_>, at: Place<'_>) {
        for level in [Level::Baseline, Level::Restricted] {
            let standard = Standard { level, version: Version::Latest };
            for Failing { check, problem, paths } in judge::failures(standard, pod, at.root) {
                // What fails at baseline fails at restricted too, often under another name.
                let path = paths.first().map_or("", |path| path.strip_prefix(at.root).unwrap_or(path));
                self.failing
                    .entry((level, check))
                    .and_modify(|(_, known)| known.count += 1)
                    .or_insert_with(|| (problem, at.evidence(path)));
            }
        }
    }

    fn add_pod(&mut self, pod: &Pod<'_>, at: Place<'_>) {
        let (spec, own) = (&pod.spec, &pod.spec.security_context);
        let linux = !pod.is_windows();
        for (wanted, slot, field) in [
            (spec.host_network, &mut self.host_network, "spec.hostNetwork"),
            (spec.host_pid, &mut self.host_pid, "spec.hostPID"),
            (spec.host_ipc, &mut self.host_ipc, "spec.hostIPC"),
        ] {
            if wanted {
                at.note(slot, field);
            }
        }
        self.add_volumes(pod, at);
        let field = "spec.securityContext.supplementalGroups";
        match own.supplemental_groups.as_deref().unwrap_or_default() {
            [] if linux => at.note(&mut self.supplemental_groups.open, field),
            groups => groups.iter().for_each(|id| at.used(&mut self.supplemental_groups.used, *id, field)),
        }
        note_id(own.fs_group, linux, &mut self.fs_groups, "spec.securityContext.fsGroup", at);
        let field = "spec.securityContext.seLinuxOptions";
        match &own.se_linux_options {
            Some(options) => at.used(&mut self.se_linux, fields(options), field),
            None if linux => at.note(&mut self.se_linux_open, field),
            None => {}
        }
        self.add_seccomp(own.seccomp_profile.as_ref(), linux, "spec.securityContext.seccompProfile", at);
        if let Some(profile) = &own.app_armor_profile {
            self.add_app_armor(profile.name().as_deref(), "spec.securityContext.appArmorProfile", at);
        }
        for (index, sysctl) in own.sysctls.iter().enumerate() {
            let name = pod_security_policy::pattern::dotted(&sysctl.name).into_owned();
            at.used(&mut self.sysctls, name, &format!("spec.securityContext.sysctls[{index}]"));
        }
        if let Some(class) = &spec.runtime_class_name {
            at.used(&mut self.runtime_classes, class.to_string(), "spec.runtimeClassName");
        }
        if own.windows_options.host_process == Some(true) {
            at.note(&mut self.privileged, "spec.securityContext.windowsOptions.hostProcess");
        }
    }

    fn add_volumes(&mut self, pod: &Pod<'_>, at: Place<'_>) {
        for (index, volume) in pod.judged_volumes() {
            let Some(source) = &volume.source else { continue };
            let path = match volume.origin {
                Origin::Written => format!("spec.volumes[{index}]"),
                Origin::Token | Origin::Claim(_) => "spec".to_owned(),
            };
            at.used(&mut self.volumes, source.key.to_string(), &path);
            match &source.detail {
                VolumeDetail::HostPath(host) => {
                    let path = format!("{path}.hostPath.path");
                    if !host.starts_with('/') {
                        at.note(&mut self.odd_paths, &path);
                        continue;
                    }
                    let written = pod.containers().any(|(_, container)| {
                        container
                            .volume_mounts
                            .iter()
                            .any(|mount| mount.name == volume.name && !mount.read_only)
                    });
                    let known =
                        self.host_paths.entry(cleaned(host)).or_insert_with(|| (false, at.evidence(&path)));
                    if written && !known.0 {
                        *known = (true, at.evidence(&path));
                    }
                }
                VolumeDetail::FlexVolume(driver) => {
                    at.used(&mut self.flex_volumes, driver.to_string(), &format!("{path}.flexVolume.driver"));
                }
                VolumeDetail::Csi(driver) => {
                    at.used(&mut self.csi_drivers, driver.to_string(), &format!("{path}.csi.driver"));
                }
                VolumeDetail::Projected(_) | VolumeDetail::Other => {}
            }
        }
    }

    fn add_container(&mut self, pod: &Pod<'_>, slot: Slot, container: &Container<'_>, at: Place<'_>) {
        let own = &container.security_context;
        let linux = !pod.is_windows();
        let field = |name: &str| format!("{slot}.securityContext.{name}");
        if own.privileged == Some(true) {
            at.note(&mut self.privileged, &field("privileged"));
        }
        if own.windows_options.host_process == Some(true) {
            at.note(&mut self.privileged, &field("windowsOptions.hostProcess"));
        }
        let strong =
            own.privileged == Some(true) || own.capabilities.add.iter().any(|name| name == "CAP_SYS_ADMIN");
        match own.allow_privilege_escalation {
            Some(true) => at.note(&mut self.escalating, &field("allowPrivilegeEscalation")),
            None if linux && strong => at.note(&mut self.escalating, &field("privileged")),
            None if linux => at.note(&mut self.escalation_open, &field("allowPrivilegeEscalation")),
            _ => {}
        }
        for (index, port) in container.ports.iter().enumerate().filter(|(_, port)| port.host_port != 0) {
            at.used(&mut self.host_ports, port.host_port, &format!("{slot}.ports[{index}].hostPort"));
        }
        for name in &own.capabilities.add {
            at.used(&mut self.capabilities, name.to_string(), &field("capabilities.add"));
        }
        if linux {
            let drops: BTreeSet<String> = own.capabilities.drop.iter().map(ToString::to_string).collect();
            if !drops.contains("ALL") {
                at.note(&mut self.undropped, &field("capabilities.drop"));
            }
            self.dropped = Some(match self.dropped.take() {
                None => drops,
                Some(known) => known.intersection(&drops).cloned().collect(),
            });
        }
        let user = container.run_as_user(pod);
        note_id(user, linux, &mut self.users, &field("runAsUser"), at);
        match (container.run_as_non_root(pod), user) {
            (Some(false), _) => at.note(&mut self.root, &field("runAsNonRoot")),
            (_, Some(0)) => at.note(&mut self.root, &field("runAsUser")),
            (None, None) => at.note(&mut self.root_open, &field("runAsNonRoot")),
            _ => {}
        }
        note_id(container.run_as_group(pod), linux, &mut self.groups, &field("runAsGroup"), at);
        if let Some(options) = &own.se_linux_options {
            at.used(&mut self.se_linux, fields(options), &field("seLinuxOptions"));
        }
        self.add_seccomp(container.seccomp_profile(pod), linux, &field("seccompProfile"), at);
        let annotated = pod
            .annotations
            .of_container(APP_ARMOR_CONTAINER, &container.name)
            .filter(|name| !name.is_empty());
        let inherited = pod.spec.security_context.app_armor_profile.as_ref();
        match (&own.app_armor_profile, annotated, inherited) {
            (Some(profile), ..) => {
                self.add_app_armor(profile.name().as_deref(), &field("appArmorProfile"), at);
            }
            (None, Some(name), _) => self.add_app_armor(Some(name), &field("appArmorProfile"), at),
            (None, None, Some(profile)) => {
                self.add_app_armor(profile.name().as_deref(), &field("appArmorProfile"), at);
            }
            (None, None, None) if linux => at.note(&mut self.app_armor_open, &field("appArmorProfile")),
            (None, None, None) => {}
        }
        match own.read_only_root_filesystem {
            Some(false) => at.note(&mut self.writing, &field("readOnlyRootFilesystem")),
            None if linux => at.note(&mut self.writing_open, &field("readOnlyRootFilesystem")),
            _ => {}
        }
        if own.proc_mount.as_deref() == Some("Unmasked") {
            at.note(&mut self.unmasked, &field("procMount"));
        }
    }

    fn add_seccomp(&mut self, profile: Option<&Profile<'_>>, linux: bool, path: &str, at: Place<'_>) {
        match profile.map(Profile::name) {
            None if !linux => {}
            None => at.used(&mut self.seccomp, String::new(), path),
            Some(Some(name)) => at.used(&mut self.seccomp, name.into_owned(), path),
            Some(None) => at.note(&mut self.odd_seccomp, path),
        }
    }

    fn add_app_armor(&mut self, name: Option<&str>, path: &str, at: Place<'_>) {
        let known =
            |name: &&str| matches!(*name, "runtime/default" | "unconfined") || name.starts_with("localhost/");
        match name.filter(known).filter(|name| !name.contains(',')) {
            Some(name) => at.used(&mut self.app_armor, name.to_owned(), path),
            None => at.note(&mut self.app_armor_open, path),
        }
    }
}

fn note_id(id: Option<i64>, linux: bool, ids: &mut Ids, path: &str, at: Place<'_>) {
    match id {
        Some(id) => at.used(&mut ids.used, id, path),
        None if linux => at.note(&mut ids.open, path),
        None => {}
    }
}

fn fields(options: &SeLinuxOptions<'_>) -> [String; 4] {
    let SeLinuxOptions { user, role, kind, level } = options;
    [user, role, kind, level].map(ToString::to_string)
}

/// The path as policies compare it.
fn cleaned(path: &str) -> String {
    let elements: Vec<&str> =
        path.split('/').filter(|element| !element.is_empty() && *element != ".").collect();
    format!("/{}", elements.join("/"))
}

/// Why no policy whatsoever admits a pod, and the field to look at.
fn unfit(pod: &Pod<'_>) -> Option<(String, &'static str)> {
    for (index, volume) in pod.judged_volumes() {
        if let Some(VolumeDetail::HostPath(path)) = volume.source.as_ref().map(|source| &source.detail)
            && leads_up(path)
        {
            return Some((
                format!("spec.volumes[{index}].hostPath.path"),
                "a host path with `..` is always refused",
            ));
        }
    }
    for (slot, container) in pod.containers() {
        let odd = container.ports.iter().position(|port| !(0..=65535).contains(&port.host_port));
        if let Some(index) = odd {
            return Some((format!("{slot}.ports[{index}].hostPort"), "there is no such port"));
        }
        let own = &container.security_context;
        if own.proc_mount.as_deref().is_some_and(|kind| !matches!(kind, "Default" | "Unmasked")) {
            return Some((
                format!("{slot}.securityContext.procMount"),
                "there is no such type of /proc mount",
            ));
        }
    }
    None
}
