//! Needs of pods, by field of the policy, each with the first place that has it.

mod container;
mod pod;

use std::collections::{BTreeMap, BTreeSet};

use pod_security_policy::pod::{Pod, SeLinuxOptions};
use pod_security_policy::standards::{Level, Standard, Version};

use super::evidence::{Count, Evidence};
use crate::input::Object;
use crate::judge::{self, Failing};
use pod::unfit;

/// Values that are used, each with the first place that uses it.
pub(super) type Used<T> = BTreeMap<T, Evidence>;

/// The pod being examined.
#[derive(Clone, Copy)]
pub(crate) struct Place<'o> {
    pub(crate) object: &'o Object,
    /// Its index among all objects.
    pub(crate) nth: usize,
    pub(crate) title: &'o str,
    /// The path from the object to the pod, with a trailing dot.
    pub(crate) root: &'o str,
}

/// Ids in use, and where none is set.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    pub(super) used: Used<i64>,
    pub(super) open: Option<Evidence>,
}

/// The needs of a set of pods.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    pub(crate) workloads: Count,
    pub(super) privileged: Option<Evidence>,
    /// HostProcess containers of Windows.
    pub(super) host_process: Option<Evidence>,
    /// Containers with privilege escalation, explicit or implied.
    pub(super) escalating: Option<Evidence>,
    /// Containers that leave it unset.
    pub(super) escalation_open: Option<Evidence>,
    pub(super) host_network: Option<Evidence>,
    pub(super) host_pid: Option<Evidence>,
    pub(super) host_ipc: Option<Evidence>,
    pub(super) host_ports: Used<i64>,
    pub(super) volumes: Used<String>,
    /// Cleaned paths, and whether they are mounted writable.
    pub(super) host_paths: BTreeMap<String, (bool, Evidence)>,
    /// Paths that no prefix can match.
    pub(super) odd_paths: Option<Evidence>,
    pub(super) flex_volumes: Used<String>,
    pub(super) csi_drivers: Used<String>,
    pub(super) capabilities: Used<String>,
    /// The capabilities that every container drops; `None` before the first one.
    pub(super) dropped: Option<BTreeSet<String>>,
    /// Containers that do not drop ALL.
    pub(super) undropped: Option<Evidence>,
    pub(super) users: Ids,
    /// Containers that run as root, or are explicitly allowed to.
    pub(super) root: Option<Evidence>,
    /// Containers whose user is set by the image.
    pub(super) root_open: Option<Evidence>,
    pub(super) groups: Ids,
    pub(super) supplemental_groups: Ids,
    pub(super) fs_groups: Ids,
    pub(super) se_linux: Used<[String; 4]>,
    pub(super) se_linux_open: Option<Evidence>,
    /// Names of seccomp profiles; the empty one stands for none.
    pub(super) seccomp: Used<String>,
    /// Profiles that cannot be listed.
    pub(super) odd_seccomp: Option<Evidence>,
    pub(super) app_armor: Used<String>,
    pub(super) app_armor_open: Option<Evidence>,
    /// Containers that explicitly write to their root filesystem.
    pub(super) writing: Option<Evidence>,
    /// Containers that leave it unset.
    pub(super) writing_open: Option<Evidence>,
    pub(super) sysctls: Used<String>,
    pub(super) unmasked: Option<Evidence>,
    pub(super) runtime_classes: Used<String>,
    /// Pods that share the users of the node, or leave that open.
    pub(super) sharing_users: Option<Evidence>,
    /// Pods that cannot have a user namespace of their own, or say that they have none.
    pub(super) bound_to_users: Option<Evidence>,
    /// Pods that could move into a user namespace, and do not say so.
    pub(crate) movable: Option<Evidence>,
    /// Pods that run with groups of their images, or leave that open.
    pub(super) merging_groups: Option<Evidence>,
    /// Pods that say so.
    pub(super) merging: Option<Evidence>,
    /// Pods that no policy can admit, and why.
    pub(crate) unfit: Vec<(Evidence, &'static str)>,
    /// The checks of the Pod Security Standards that pods fail, with the level they belong to.
    pub(crate) failing: BTreeMap<(Level, &'static str), (String, Evidence)>,
}

impl Place<'_> {
    fn evidence(&self, path: &str) -> Evidence {
        let path = format!("{}{path}", self.root);
        let workloads = Count { count: 1, last: Some(self.nth) };
        Evidence { workload: self.title.to_owned(), place: self.object.place(&path), path, workloads }
    }

    fn note(&self, slot: &mut Option<Evidence>, path: &str) {
        match slot {
            Some(known) => known.workloads.add(self.nth),
            None => *slot = Some(self.evidence(path)),
        }
    }

    fn used<T: Ord>(&self, used: &mut Used<T>, value: T, path: &str) {
        used.entry(value)
            .and_modify(|known| known.workloads.add(self.nth))
            .or_insert_with(|| self.evidence(path));
    }
}

impl Needs {
    /// Adds the needs of a pod; none if no policy can admit it.
    pub(crate) fn add(&mut self, pod: &Pod<'_>, at: Place<'_>) {
        self.hold_to_standards(pod, at);
        // Annotations become fields when the pod is created.
        let adopted = pod_security_policy::rules::adopt_annotations(pod);
        let pod = adopted.as_deref().unwrap_or(pod);
        if let Some((path, reason)) = unfit(pod) {
            self.unfit.push((at.evidence(&path), reason));
            return;
        }
        self.workloads.add(at.nth);
        self.add_pod(pod, at);
        for (slot, container) in pod.containers() {
            self.add_container(pod, slot, container, at);
        }
    }

    fn hold_to_standards(&mut self, pod: &Pod<'_>, at: Place<'_>) {
        for level in [Level::Baseline, Level::Restricted] {
            let standard = Standard { level, version: Version::LATEST };
            for Failing { check, problem, paths } in judge::failures(standard, pod, at.root) {
                // A violation of baseline is one of restricted too, often under another name.
                let path = paths.first().map_or("", |path| path.strip_prefix(at.root).unwrap_or(path));
                self.failing
                    .entry((level, check))
                    .and_modify(|(_, known)| known.workloads.add(at.nth))
                    .or_insert_with(|| (problem, at.evidence(path)));
            }
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
