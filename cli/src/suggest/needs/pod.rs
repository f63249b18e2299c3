//! Needs of a pod as a whole, and of its volumes.

use pod_security_policy::pod::{Origin, Pod, VolumeDetail};
use pod_security_policy::rule::has_parent_dir;

use super::{Needs, Place, fields, note_id};

impl Needs {
    pub(super) fn add_pod(&mut self, pod: &Pod<'_>, at: Place<'_>) {
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
        self.add_users(pod, at);
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
            let name = pod_security_policy::rule::dotted(&sysctl.name).into_owned();
            at.used(&mut self.sysctls, name, &format!("spec.securityContext.sysctls[{index}]"));
        }
        if let Some(class) = &spec.runtime_class_name {
            at.used(&mut self.runtime_classes, class.to_string(), "spec.runtimeClassName");
        }
        if own.windows_options.host_process == Some(true) {
            at.note(&mut self.host_process, "spec.securityContext.windowsOptions.hostProcess");
        }
    }

    /// Whether a user namespace of its own would do for the pod. The API server refuses it together with the node's
    /// namespaces and block devices; with host paths files belong to users that the pod does not have.
    fn add_users(&mut self, pod: &Pod<'_>, at: Place<'_>) {
        let spec = &pod.spec;
        let linux = !pod.is_windows();
        let has_devices = pod.containers().any(|(_, container)| !container.volume_devices.is_empty());
        let has_paths = pod.judged_volumes().any(|(_, volume)| volume.has_source("hostPath"));
        let is_privileged = pod.containers().any(|(_, container)| container.is_privileged());
        let obstacle = match () {
            () if !linux => Some("spec.os.name"),
            () if spec.host_network => Some("spec.hostNetwork"),
            () if spec.host_pid => Some("spec.hostPID"),
            () if spec.host_ipc => Some("spec.hostIPC"),
            () if spec.host_users == Some(true) => Some("spec.hostUsers"),
            () if has_devices || has_paths || is_privileged || has_unmapped_ids(pod) => Some("spec"),
            () => None,
        };
        match (pod.has_user_namespace(), obstacle) {
            (true, _) => {}
            (false, Some(path)) => {
                at.note(&mut self.sharing_users, path);
                at.note(&mut self.bound_to_users, path);
            }
            (false, None) => {
                at.note(&mut self.sharing_users, "spec.hostUsers");
                at.note(&mut self.movable, "spec.hostUsers");
            }
        }
        let field = "spec.securityContext.supplementalGroupsPolicy";
        match spec.security_context.supplemental_groups_policy.as_deref() {
            Some("Strict") => {}
            Some(_) => {
                at.note(&mut self.merging, field);
                at.note(&mut self.merging_groups, field);
            }
            None if linux => at.note(&mut self.merging_groups, field),
            None => {}
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
                    let evidence = || (written, at.evidence(&path));
                    let known = self.host_paths.entry(cleaned(host)).or_insert_with(evidence);
                    // A writable mount overrides a read-only one.
                    if written && !known.0 {
                        *known = evidence();
                    } else if written == known.0 {
                        known.1.workloads.add(at.nth);
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
}

/// Whether a pod uses ids that do not exist in a user namespace.
fn has_unmapped_ids(pod: &Pod<'_>) -> bool {
    let context = &pod.spec.security_context;
    let of_containers = pod
        .containers()
        .flat_map(|(_, container)| [container.run_as_user(pod), container.run_as_group(pod)])
        .flatten();
    let groups = context.supplemental_groups.iter().flatten().copied();
    of_containers.chain(groups).chain(context.fs_group).any(|id| id > 65_535)
}

/// The path in the form in which policies compare it.
fn cleaned(path: &str) -> String {
    let elements: Vec<&str> =
        path.split('/').filter(|element| !element.is_empty() && *element != ".").collect();
    format!("/{}", elements.join("/"))
}

/// Why no policy can admit a pod, and the field responsible.
pub(super) fn unfit(pod: &Pod<'_>) -> Option<(String, &'static str)> {
    for (index, volume) in pod.judged_volumes() {
        if let Some(VolumeDetail::HostPath(path)) = volume.source.as_ref().map(|source| &source.detail)
            && has_parent_dir(path)
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
