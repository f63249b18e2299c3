//! Containers: init, regular and ephemeral ones are one type, so that a rule cannot forget one of them.

use std::borrow::Cow;

use super::{Lifecycle, Named, Pod, Probe};
use crate::json::{Text, decode};

decode! {
    /// One container, of whichever list.
    #[derive(Debug, Clone)]
    pub struct Container<'a> {
        /// `name`
        pub name: Text<'a> = "name",
        /// `image`
        pub image: Text<'a> = "image",
        /// `targetContainerName` of an ephemeral container, whose process namespace it shares
        pub target_container_name: Text<'a> = "targetContainerName",
        /// `ports`
        pub ports: Vec<Port> = "ports",
        /// `volumeMounts`
        pub volume_mounts: Vec<VolumeMount<'a>> = "volumeMounts",
        /// `volumeDevices`, by the names of their volumes
        pub volume_devices: Vec<Named<'a>> = "volumeDevices",
        /// `livenessProbe`
        pub liveness_probe: Probe<'a> = "livenessProbe",
        /// `readinessProbe`
        pub readiness_probe: Probe<'a> = "readinessProbe",
        /// `startupProbe`
        pub startup_probe: Probe<'a> = "startupProbe",
        /// `lifecycle`
        pub lifecycle: Lifecycle<'a> = "lifecycle",
        /// `securityContext`
        pub security_context: SecurityContext<'a> = "securityContext",
    }

    /// `securityContext` of a container.
    #[derive(Debug, Clone)]
    pub struct SecurityContext<'a> {
        /// `privileged`
        pub privileged: Option<bool> = "privileged",
        /// `allowPrivilegeEscalation`
        pub allow_privilege_escalation: Option<bool> = "allowPrivilegeEscalation",
        /// `readOnlyRootFilesystem`
        pub read_only_root_filesystem: Option<bool> = "readOnlyRootFilesystem",
        /// `runAsUser`
        pub run_as_user: Option<i64> = "runAsUser",
        /// `runAsGroup`
        pub run_as_group: Option<i64> = "runAsGroup",
        /// `runAsNonRoot`
        pub run_as_non_root: Option<bool> = "runAsNonRoot",
        /// `procMount`; absent reads as `Default`
        pub proc_mount: Option<Text<'a>> = "procMount",
        /// `capabilities`
        pub capabilities: Capabilities<'a> = "capabilities",
        /// `seLinuxOptions`
        pub se_linux_options: Option<SeLinuxOptions<'a>> = "seLinuxOptions",
        /// `seccompProfile`
        pub seccomp_profile: Option<Profile<'a>> = "seccompProfile",
        /// `appArmorProfile`
        pub app_armor_profile: Option<Profile<'a>> = "appArmorProfile",
        /// `windowsOptions`
        pub windows_options: WindowsOptions<'a> = "windowsOptions",
    }

    /// `securityContext.capabilities`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Capabilities<'a> {
        /// `add`
        pub add: Vec<Text<'a>> = "add",
        /// `drop`
        pub drop: Vec<Text<'a>> = "drop",
    }

    /// `securityContext.seLinuxOptions`; an absent string is the empty one
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SeLinuxOptions<'a> {
        /// `user`
        pub user: Text<'a> = "user",
        /// `role`
        pub role: Text<'a> = "role",
        /// `type`
        pub kind: Text<'a> = "type",
        /// `level`
        pub level: Text<'a> = "level",
    }

    /// `seccompProfile` and `appArmorProfile`, which are alike.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Profile<'a> {
        /// `type`
        pub kind: Text<'a> = "type",
        /// `localhostProfile`, which goes with the type `Localhost`
        pub localhost_profile: Text<'a> = "localhostProfile",
    }

    /// `securityContext.windowsOptions`
    #[derive(Debug, Clone)]
    pub struct WindowsOptions<'a> {
        /// `hostProcess`: whether containers run as processes of their node
        pub host_process: Option<bool> = "hostProcess",
        /// `runAsUserName`, inherited by containers that set none
        pub run_as_user_name: Option<Text<'a>> = "runAsUserName",
        /// `gmsaCredentialSpecName`
        pub gmsa_credential_spec_name: Text<'a> = "gmsaCredentialSpecName",
        /// `gmsaCredentialSpec`, the credentials themselves
        pub gmsa_credential_spec: Text<'a> = "gmsaCredentialSpec",
    }

    /// `ports[*]`
    #[derive(Debug, Clone, Copy)]
    pub struct Port {
        /// `containerPort`
        pub container_port: i64 = "containerPort",
        /// `hostPort`; 0 means none
        pub host_port: i64 = "hostPort",
        /// Whether `host_port` is the one that the API server will give to the pods of a template, which itself has none.
        pub defaulted: bool,
    }

    /// `volumeMounts[*]`
    #[derive(Debug, Clone)]
    pub struct VolumeMount<'a> {
        /// `name` of the volume
        pub name: Text<'a> = "name",
        /// `mountPath`
        pub mount_path: Text<'a> = "mountPath",
        /// `readOnly`
        pub read_only: bool = "readOnly",
    }
}

impl<'a> Container<'a> {
    /// The names of the volumes that the container mounts, as files or as devices.
    pub fn used_volumes(&self) -> impl Iterator<Item = &Text<'a>> {
        let devices = self.volume_devices.iter().map(|device| &device.name);
        self.volume_mounts.iter().map(|mount| &mount.name).chain(devices)
    }

    /// Whether the container sets `privileged: true`.
    pub fn is_privileged(&self) -> bool {
        self.security_context.privileged == Some(true)
    }

    /// The user the container runs as, if the pod sets one: its own, else the pod's.
    pub fn run_as_user(&self, pod: &Pod<'a>) -> Option<i64> {
        self.security_context.run_as_user.or(pod.spec.security_context.run_as_user)
    }

    /// Whether the container is a process of its Windows node: its own value, else the pod's.
    pub fn is_host_process(&self, pod: &Pod<'a>) -> bool {
        let inherited = pod.spec.security_context.windows_options.host_process;
        self.security_context.windows_options.host_process.or(inherited) == Some(true)
    }

    /// The group the container runs as, if the pod sets one: its own, else the pod's.
    pub fn run_as_group(&self, pod: &Pod<'a>) -> Option<i64> {
        self.security_context.run_as_group.or(pod.spec.security_context.run_as_group)
    }

    /// Whether the container must not run as root: its own value, else the pod's.
    pub fn run_as_non_root(&self, pod: &Pod<'a>) -> Option<bool> {
        self.security_context.run_as_non_root.or(pod.spec.security_context.run_as_non_root)
    }

    /// The SELinux context: its own as a whole, else the pod's.
    pub fn se_linux_options<'p>(&'p self, pod: &'p Pod<'a>) -> Option<&'p SeLinuxOptions<'a>> {
        let inherited = pod.spec.security_context.se_linux_options.as_ref();
        self.security_context.se_linux_options.as_ref().or(inherited)
    }

    /// The seccomp profile: its own, else the pod's. Annotations no longer count (KEP-135, Kubernetes 1.27).
    pub fn seccomp_profile<'p>(&'p self, pod: &'p Pod<'a>) -> Option<&'p Profile<'a>> {
        self.security_context.seccomp_profile.as_ref().or(pod.spec.security_context.seccomp_profile.as_ref())
    }
}

impl<'a> Profile<'a> {
    /// The profile that an annotation or a policy calls `runtime/default`, `docker/default`, `unconfined` or
    /// `localhost/…`; `None` for any other name.
    pub fn named(name: &str) -> Option<Profile<'static>> {
        let (kind, localhost_profile) = match name {
            "runtime/default" | "docker/default" => ("RuntimeDefault", ""),
            "unconfined" => ("Unconfined", ""),
            _ => ("Localhost", name.strip_prefix("localhost/").filter(|path| !path.is_empty())?),
        };
        Some(Profile { kind: kind.into(), localhost_profile: localhost_profile.to_owned().into() })
    }

    /// The name of the profile in policies; `None` if the API server would refuse it.
    pub fn name(&self) -> Option<Cow<'static, str>> {
        match (&*self.kind, &*self.localhost_profile) {
            ("RuntimeDefault", "") => Some("runtime/default".into()),
            ("Unconfined", "") => Some("unconfined".into()),
            ("Localhost", path) if !path.is_empty() => Some(format!("localhost/{path}").into()),
            _ => None,
        }
    }
}
