//! Needs of a container.

use std::collections::BTreeSet;

use pod_security_policy::pod::{APP_ARMOR_CONTAINER, Container, Pod, Profile, Slot};

use super::{Needs, Place, fields, note_id};

impl Needs {
    pub(super) fn add_container(
        &mut self,
        pod: &Pod<'_>,
        slot: Slot,
        container: &Container<'_>,
        at: Place<'_>,
    ) {
        let own = &container.security_context;
        let linux = !pod.is_windows();
        let field = |name: &str| format!("{slot}.securityContext.{name}");
        if own.privileged == Some(true) {
            at.note(&mut self.privileged, &field("privileged"));
        }
        if own.windows_options.host_process == Some(true) {
            at.note(&mut self.host_process, &field("windowsOptions.hostProcess"));
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

    pub(super) fn add_seccomp(
        &mut self,
        profile: Option<&Profile<'_>>,
        linux: bool,
        path: &str,
        at: Place<'_>,
    ) {
        match profile.map(Profile::name) {
            None if !linux => {}
            None => at.used(&mut self.seccomp, String::new(), path),
            Some(Some(name)) => at.used(&mut self.seccomp, name.into_owned(), path),
            Some(None) => at.note(&mut self.odd_seccomp, path),
        }
    }

    pub(super) fn add_app_armor(&mut self, name: Option<&str>, path: &str, at: Place<'_>) {
        let known =
            |name: &&str| matches!(*name, "runtime/default" | "unconfined") || name.starts_with("localhost/");
        match name.filter(known).filter(|name| !name.contains(',')) {
            Some(name) => at.used(&mut self.app_armor, name.to_owned(), path),
            None => at.note(&mut self.app_armor_open, path),
        }
    }
}
