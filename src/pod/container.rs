//! Containers: init, regular and ephemeral ones are one type, so that a rule cannot forget one of them.

use std::borrow::Cow;

use super::{Lifecycle, Pod, Probe};
use crate::json::{Text, decode};

/// One container, of whichever list.
#[derive(Debug, Clone, Default)]
pub struct Container<'a> {
    /// `name`
    pub name: Text<'a>,
    /// `image`
    pub image: Text<'a>,
    /// `targetContainerName` of an ephemeral container, whose process namespace it shares
    pub target_container_name: Text<'a>,
    /// `ports`
    pub ports: Vec<Port>,
    /// `volumeMounts`
    pub volume_mounts: Vec<VolumeMount<'a>>,
    /// `volumeDevices`
    pub volume_devices: Vec<VolumeDevice<'a>>,
    /// `livenessProbe`
    pub liveness_probe: Probe<'a>,
    /// `readinessProbe`
    pub readiness_probe: Probe<'a>,
    /// `startupProbe`
    pub startup_probe: Probe<'a>,
    /// `lifecycle`
    pub lifecycle: Lifecycle<'a>,
    /// `securityContext`
    pub security_context: SecurityContext<'a>,
}

/// `securityContext` of a container.
#[derive(Debug, Clone, Default)]
pub struct SecurityContext<'a> {
    /// `privileged`
    pub privileged: Option<bool>,
    /// `allowPrivilegeEscalation`
    pub allow_privilege_escalation: Option<bool>,
    /// `readOnlyRootFilesystem`
    pub read_only_root_filesystem: Option<bool>,
    /// `runAsUser`
    pub run_as_user: Option<i64>,
    /// `runAsGroup`
    pub run_as_group: Option<i64>,
    /// `runAsNonRoot`
    pub run_as_non_root: Option<bool>,
    /// `procMount`; absent reads as `Default`
    pub proc_mount: Option<Text<'a>>,
    /// `capabilities`
    pub capabilities: Capabilities<'a>,
    /// `seLinuxOptions`
    pub se_linux_options: Option<SeLinuxOptions<'a>>,
    /// `seccompProfile`
    pub seccomp_profile: Option<Profile<'a>>,
    /// `appArmorProfile`
    pub app_armor_profile: Option<Profile<'a>>,
    /// `windowsOptions`
    pub windows_options: WindowsOptions<'a>,
}

/// `securityContext.capabilities`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities<'a> {
    /// `add`
    pub add: Vec<Text<'a>>,
    /// `drop`
    pub drop: Vec<Text<'a>>,
}

/// `securityContext.seLinuxOptions`; an absent string is the empty one
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeLinuxOptions<'a> {
    /// `user`
    pub user: Text<'a>,
    /// `role`
    pub role: Text<'a>,
    /// `type`
    pub kind: Text<'a>,
    /// `level`
    pub level: Text<'a>,
}

/// `seccompProfile` and `appArmorProfile`, which are alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile<'a> {
    /// `type`
    pub kind: Text<'a>,
    /// `localhostProfile`, which goes with the type `Localhost`
    pub localhost_profile: Text<'a>,
}

/// `securityContext.windowsOptions`
#[derive(Debug, Clone, Default)]
pub struct WindowsOptions<'a> {
    /// `hostProcess`: whether containers run as processes of their node
    pub host_process: Option<bool>,
    /// `runAsUserName`, inherited by containers that set none
    pub run_as_user_name: Option<Text<'a>>,
    /// `gmsaCredentialSpecName`
    pub gmsa_credential_spec_name: Text<'a>,
    /// `gmsaCredentialSpec`, the credentials themselves
    pub gmsa_credential_spec: Text<'a>,
}

/// `ports[*]`
#[derive(Debug, Clone, Copy, Default)]
pub struct Port {
    /// `containerPort`
    pub container_port: i64,
    /// `hostPort`; 0 means none
    pub host_port: i64,
    /// Whether `host_port` is the one that the API server will give to the pods of a template, which itself has none.
    pub defaulted: bool,
}

/// `volumeMounts[*]`
#[derive(Debug, Clone, Default)]
pub struct VolumeMount<'a> {
    /// `name` of the volume
    pub name: Text<'a>,
    /// `mountPath`
    pub mount_path: Text<'a>,
    /// `readOnly`
    pub read_only: bool,
}

/// `volumeDevices[*]`
#[derive(Debug, Clone, Default)]
pub struct VolumeDevice<'a> {
    /// `name` of the volume
    pub name: Text<'a>,
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
        self.security_context.se_linux_options.as_ref().or(pod
            .spec
            .security_context
            .se_linux_options
            .as_ref())
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
            _ => match name.strip_prefix("localhost/") {
                Some(path) if !path.is_empty() => ("Localhost", path),
                _ => return None,
            },
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

decode!(Container<'a> {
    "name" => name,
    "image" => image,
    "targetContainerName" => target_container_name,
    "ports" => ports,
    "volumeMounts" => volume_mounts,
    "volumeDevices" => volume_devices,
    "livenessProbe" => liveness_probe,
    "readinessProbe" => readiness_probe,
    "startupProbe" => startup_probe,
    "lifecycle" => lifecycle,
    "securityContext" => security_context,
});
decode!(SecurityContext<'a> {
    "privileged" => privileged,
    "allowPrivilegeEscalation" => allow_privilege_escalation,
    "readOnlyRootFilesystem" => read_only_root_filesystem,
    "runAsUser" => run_as_user,
    "runAsGroup" => run_as_group,
    "runAsNonRoot" => run_as_non_root,
    "procMount" => proc_mount,
    "capabilities" => capabilities,
    "seLinuxOptions" => se_linux_options,
    "seccompProfile" => seccomp_profile,
    "appArmorProfile" => app_armor_profile,
    "windowsOptions" => windows_options,
});
decode!(Capabilities<'a> { "add" => add, "drop" => drop });
decode!(SeLinuxOptions<'a> { "user" => user, "role" => role, "type" => kind, "level" => level });
decode!(Profile<'a> { "type" => kind, "localhostProfile" => localhost_profile });
decode!(WindowsOptions<'a> {
    "hostProcess" => host_process,
    "runAsUserName" => run_as_user_name,
    "gmsaCredentialSpecName" => gmsa_credential_spec_name,
    "gmsaCredentialSpec" => gmsa_credential_spec,
});
decode!(Port { "containerPort" => container_port, "hostPort" => host_port });
decode!(VolumeMount<'a> { "name" => name, "mountPath" => mount_path, "readOnly" => read_only });
decode!(VolumeDevice<'a> { "name" => name });
