//! The governed view: what policies read of a pod, and what they may fill in.
//!
//! Every struct names the fields it knows, all others are skipped unread. Absent, `null` and empty are the same thing
//! ([`Default`]) wherever PodSecurityPolicy makes no difference between them, and an [`Option`] where it does. A field
//! of the wrong type is a fault with its path: reading `runAsUser: "0"` as absent would let root through.

use std::borrow::Cow;
use std::fmt;

use crate::json::{Brief, Decode, Fault, Read, Reader, Text, decode, once};
use crate::volume_types::VolumeType;

/// The annotation that names a pod's seccomp profile, before the field did (Kubernetes 1.3 to 1.26).
pub const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
/// The annotation, less the container's name, for the seccomp profile of one container.
pub const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
/// The annotation, less the container's name, for the AppArmor profile of one container.
pub const APP_ARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";
/// The annotation that names the policy which admitted a pod.
pub const ADMITTED_BY: &str = "kubernetes.io/psp";

/// A pod, or the pod that a template describes.
#[derive(Debug, Clone, Default)]
pub struct Pod<'a> {
    /// The annotations that policies read, in document order.
    pub annotations: Annotations<'a>,
    /// What holds for the pod as a whole.
    pub spec: PodSpec<'a>,
}

/// The governed annotations of a pod; all others are skipped.
#[derive(Debug, Clone, Default)]
pub struct Annotations<'a>(Vec<(Text<'a>, Text<'a>)>);

/// The governed fields of a `PodSpec`.
#[derive(Debug, Clone, Default)]
pub struct PodSpec<'a> {
    /// `hostNetwork`
    pub host_network: bool,
    /// `hostPID`
    pub host_pid: bool,
    /// `hostIPC`
    pub host_ipc: bool,
    /// `hostUsers`
    pub host_users: Option<bool>,
    /// `os.name`
    pub os: Os<'a>,
    /// `runtimeClassName`
    pub runtime_class_name: Option<Text<'a>>,
    /// `serviceAccountName`
    pub service_account_name: Text<'a>,
    /// `serviceAccount`, the older name of the same field
    pub service_account: Text<'a>,
    /// `automountServiceAccountToken`
    pub automount_service_account_token: Option<bool>,
    /// `securityContext`
    pub security_context: PodSecurityContext<'a>,
    /// `volumes`
    pub volumes: Vec<Volume<'a>>,
    /// `initContainers`
    pub init_containers: Vec<Container<'a>>,
    /// `containers`
    pub containers: Vec<Container<'a>>,
    /// `ephemeralContainers`
    pub ephemeral_containers: Vec<Container<'a>>,
}

/// `spec.os`
#[derive(Debug, Clone, Default)]
pub struct Os<'a> {
    /// `name`
    pub name: Text<'a>,
}

/// `spec.securityContext`
#[derive(Debug, Clone, Default)]
pub struct PodSecurityContext<'a> {
    /// `runAsUser`, inherited by containers that set none
    pub run_as_user: Option<i64>,
    /// `runAsGroup`, inherited by containers that set none
    pub run_as_group: Option<i64>,
    /// `runAsNonRoot`, inherited by containers that set none
    pub run_as_non_root: Option<bool>,
    /// `fsGroup`
    pub fs_group: Option<i64>,
    /// `supplementalGroups`; an empty list is not the same as none
    pub supplemental_groups: Option<Vec<i64>>,
    /// `seLinuxOptions`, inherited as a whole by containers that set none
    pub se_linux_options: Option<SeLinuxOptions<'a>>,
    /// `seccompProfile`, inherited by containers that set none
    pub seccomp_profile: Option<Profile<'a>>,
    /// `appArmorProfile`, inherited by containers that set none
    pub app_armor_profile: Option<Profile<'a>>,
    /// `sysctls`
    pub sysctls: Vec<Sysctl<'a>>,
    /// `windowsOptions`
    pub windows_options: WindowsOptions,
}

/// One container, of whichever list.
#[derive(Debug, Clone, Default)]
pub struct Container<'a> {
    /// `name`
    pub name: Text<'a>,
    /// `image`
    pub image: Text<'a>,
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
    pub windows_options: WindowsOptions,
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

/// `securityContext.sysctls[*]`
#[derive(Debug, Clone, Default)]
pub struct Sysctl<'a> {
    /// `name`
    pub name: Text<'a>,
}

/// `securityContext.windowsOptions`
#[derive(Debug, Clone, Copy, Default)]
pub struct WindowsOptions {
    /// `hostProcess`: whether containers run as processes of their node
    pub host_process: Option<bool>,
}

/// `livenessProbe`, `readinessProbe` and `startupProbe`
#[derive(Debug, Clone, Default)]
pub struct Probe<'a> {
    /// `httpGet.host` and `tcpSocket.host`: whom the kubelet calls if not the pod itself.
    pub hosts: Vec<Text<'a>>,
}

/// `lifecycle`
#[derive(Debug, Clone, Default)]
pub struct Lifecycle<'a> {
    /// `httpGet.host` and `tcpSocket.host` of `postStart` and `preStop`.
    pub hosts: Vec<Text<'a>>,
}

/// `ports[*]`
#[derive(Debug, Clone, Copy, Default)]
pub struct Port {
    /// `containerPort`
    pub container_port: i64,
    /// `hostPort`; 0 means none
    pub host_port: i64,
    /// Whether `host_port` is what the API server will give to the pods of a template, which itself has none.
    pub foreseen: bool,
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

/// `spec.volumes[*]`
#[derive(Debug, Clone, Default)]
pub struct Volume<'a> {
    /// `name`
    pub name: Text<'a>,
    /// The source; a volume without one is an `emptyDir` by API default.
    pub source: Option<VolumeSource<'a>>,
    /// Who put the volume into the pod.
    pub origin: Origin,
    /// Whether this request is not about the volume: an ephemeral container that does not mount it is not to blame,
    /// and no pod will have it if its `StatefulSet` puts a claim in its place.
    pub unconcerned: bool,
}

/// Who put a volume into a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origin {
    /// The author of the pod.
    #[default]
    Written,
    /// The API server will: it carries the service account's token.
    Token,
    /// The StatefulSet controller will, for the claim template at this path from the root of the object.
    Claim(String),
}

/// Where a volume comes from: the JSON key, and what policies read beneath it.
#[derive(Debug, Clone)]
pub struct VolumeSource<'a> {
    /// The key, such as `configMap`.
    pub key: Text<'a>,
    /// The type that policies know the key by; nothing for a source that is not known.
    pub kind: Option<VolumeType>,
    /// The governed part of the value.
    pub detail: VolumeDetail<'a>,
}

/// What policies read of a volume source.
#[derive(Debug, Clone)]
pub enum VolumeDetail<'a> {
    /// `hostPath.path`
    HostPath(Text<'a>),
    /// `flexVolume.driver`
    FlexVolume(Text<'a>),
    /// `csi.driver`
    Csi(Text<'a>),
    /// The text of `projected`, read only by the rule that wants to know whether it is a service account's token.
    Projected(&'a str),
    /// Nothing: the type is all that counts.
    Other,
}

/// The list that a container stands in. The order is that in which containers are visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// `spec.initContainers`
    Init,
    /// `spec.containers`
    Regular,
    /// `spec.ephemeralContainers`
    Ephemeral,
}

/// Which container of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The list it stands in.
    pub list: List,
    /// Its index there.
    pub index: usize,
}

impl List {
    /// All three, in visiting order.
    pub const ALL: [List; 3] = [List::Init, List::Regular, List::Ephemeral];

    /// The field of `spec` that holds the list.
    pub fn key(self) -> &'static str {
        match self {
            List::Init => "initContainers",
            List::Regular => "containers",
            List::Ephemeral => "ephemeralContainers",
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spec.{}[{}]", self.list.key(), self.index)
    }
}

impl<'a> Pod<'a> {
    /// The containers of one list.
    pub fn list(&self, list: List) -> &[Container<'a>] {
        match list {
            List::Init => &self.spec.init_containers,
            List::Regular => &self.spec.containers,
            List::Ephemeral => &self.spec.ephemeral_containers,
        }
    }

    /// The containers of one list, to be changed.
    pub fn list_mut(&mut self, list: List) -> &mut Vec<Container<'a>> {
        match list {
            List::Init => &mut self.spec.init_containers,
            List::Regular => &mut self.spec.containers,
            List::Ephemeral => &mut self.spec.ephemeral_containers,
        }
    }

    /// All containers with their places: init, regular and ephemeral ones, each in list order.
    pub fn containers(&self) -> impl Iterator<Item = (Slot, &Container<'a>)> {
        List::ALL.into_iter().flat_map(|list| {
            self.list(list)
                .iter()
                .enumerate()
                .map(move |(index, container)| (Slot { list, index }, container))
        })
    }

    /// Calls `visit` for every container, with the rest of the pod at hand.
    ///
    /// While a list is visited the pod that `visit` sees has that list empty: what holds for the pod as a whole is
    /// not kept there.
    pub fn visit_containers(&mut self, mut visit: impl FnMut(&Pod<'a>, Slot, &mut Container<'a>)) {
        for list in List::ALL {
            let mut containers = std::mem::take(self.list_mut(list));
            for (index, container) in containers.iter_mut().enumerate() {
                visit(self, Slot { list, index }, container);
            }
            *self.list_mut(list) = containers;
        }
    }

    /// The volumes that the request is about, with their indexes.
    pub fn judged_volumes(&self) -> impl Iterator<Item = (usize, &Volume<'a>)> {
        self.spec.volumes.iter().enumerate().filter(|(_, volume)| !volume.unconcerned)
    }

    /// Whether the pod says that it is made for Windows, where Linux-only fields must stay unset.
    pub fn is_windows(&self) -> bool {
        self.spec.os.name == "windows"
    }

    /// The service account that the pod names, if it names one; the API server leaves only mirror pods without.
    pub fn service_account(&self) -> Option<&str> {
        let spec = &self.spec;
        [&spec.service_account_name, &spec.service_account]
            .into_iter()
            .map(|name| &**name)
            .find(|name| !name.is_empty())
    }
}

impl<'a> VolumeSource<'a> {
    /// The source under this key.
    pub fn new(key: Text<'a>, detail: VolumeDetail<'a>) -> Self {
        VolumeSource { kind: VolumeType::of_source(&key), key, detail }
    }

    /// What policies call it: its type, or the key if that is not known.
    pub fn name(&self) -> &str {
        match self.kind {
            Some(kind) => kind.name(),
            None => &self.key,
        }
    }
}

impl<'a> Volume<'a> {
    /// Whether this is the key of its source.
    pub fn has_source(&self, key: &str) -> bool {
        self.source.as_ref().is_some_and(|source| source.key == key)
    }
}

impl<'a> Container<'a> {
    /// Whether the container mounts the volume, as files or as a device.
    pub fn uses(&self, volume: &str) -> bool {
        self.volume_mounts.iter().any(|mount| mount.name == volume)
            || self.volume_devices.iter().any(|device| device.name == volume)
    }

    /// The user the container runs as, if the pod says so: its own, else the pod's.
    pub fn run_as_user(&self, pod: &Pod<'a>) -> Option<i64> {
        self.security_context.run_as_user.or(pod.spec.security_context.run_as_user)
    }

    /// The group the container runs as, if the pod says so: its own, else the pod's.
    pub fn run_as_group(&self, pod: &Pod<'a>) -> Option<i64> {
        self.security_context.run_as_group.or(pod.spec.security_context.run_as_group)
    }

    /// Whether the container must not run as root: its own word, else the pod's.
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
    /// `localhost/…`; nothing for any other name.
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

    /// The name that policies know the profile by; nothing if the API server would refuse it.
    pub fn name(&self) -> Option<Cow<'static, str>> {
        match (&*self.kind, &*self.localhost_profile) {
            ("RuntimeDefault", "") => Some("runtime/default".into()),
            ("Unconfined", "") => Some("unconfined".into()),
            ("Localhost", path) if !path.is_empty() => Some(format!("localhost/{path}").into()),
            _ => None,
        }
    }
}

impl<'a> Annotations<'a> {
    /// The value of an annotation.
    pub fn get(&self, key: &str) -> Option<&Text<'a>> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value of an annotation whose key is a prefix and a container's name.
    pub fn of_container(&self, prefix: &str, container: &str) -> Option<&Text<'a>> {
        self.0
            .iter()
            .find(|(name, _)| name.strip_prefix(prefix).is_some_and(|rest| rest == container))
            .map(|(_, value)| value)
    }

    /// All governed annotations, in document order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Text<'a>)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }
}

/// Reads `metadata` and `spec`; a pod without `spec` cannot be judged.
impl<'a> Decode<'a> for Pod<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        let mut metadata = Metadata::default();
        let mut seen = 0;
        let mut specified = false;
        reader.object(|reader, key| match &**key {
            "metadata" => {
                once(&mut seen, 0)?;
                reader.field(&mut metadata)
            }
            "spec" => {
                once(&mut seen, 1)?;
                specified = !reader.null()?;
                if specified { self.spec.decode(reader) } else { Ok(()) }
            }
            _ => reader.leap(),
        })?;
        self.annotations = metadata.annotations;
        if specified { Ok(()) } else { Err(Fault::new("must be set").under("spec")) }
    }
}

/// How many annotations are read: keys and values that the API server takes have 256 KiB in all, which is less than this
/// many keys need. It looks only after webhooks that mutate, and here each is looked for among those before it.
const ANNOTATIONS: usize = 8192;

#[derive(Default)]
struct Metadata<'a> {
    annotations: Annotations<'a>,
}

impl<'a> Decode<'a> for Annotations<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        let Annotations(governed) = self;
        reader.object(|reader, key| {
            let known = key == SECCOMP_POD
                || key == ADMITTED_BY
                || key.starts_with(SECCOMP_CONTAINER)
                || key.starts_with(APP_ARMOR_CONTAINER);
            if !known {
                return reader.leap();
            }
            if governed.iter().any(|(name, _)| name == key) {
                return Err(Fault::new("stands twice in the same object"));
            }
            if governed.len() == ANNOTATIONS {
                return Err(Fault::new("is one annotation too many: the API server takes none of so many"));
            }
            let mut value = Text::default();
            reader.field(&mut value)?;
            governed.push((key.clone(), value));
            Ok(())
        })
    }
}

/// Every key but `name` is a source: a closed list would take a source newer than itself for none at all. Of two, nobody
/// can tell which one counts, and no leniency may let them through, so that they are a fault.
impl<'a> Decode<'a> for Volume<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        let mut named = 0;
        let mut second = None;
        reader.object(|reader, key| {
            if key == "name" {
                once(&mut named, 0)?;
                return reader.field(&mut self.name);
            }
            if reader.null()? {
                return Ok(());
            }
            let detail = match &**key {
                "hostPath" => VolumeDetail::HostPath(reader.value::<HostPath<'_>>()?.path),
                "flexVolume" => VolumeDetail::FlexVolume(reader.value::<Driver<'_>>()?.driver),
                "csi" => VolumeDetail::Csi(reader.value::<Driver<'_>>()?.driver),
                "projected" => VolumeDetail::Projected(reader.raw()?),
                _ => {
                    reader.leap()?;
                    VolumeDetail::Other
                }
            };
            match self.source {
                None => self.source = Some(VolumeSource::new(key.clone(), detail)),
                Some(_) => second = Some(key.clone()),
            }
            Ok(())
        })?;
        if let (Some(VolumeSource { key: first, .. }), Some(second)) = (&self.source, &second) {
            let (first, second) = (Brief(first), Brief(second));
            return Err(Fault::new(format!("must have one source, not both `{first}` and `{second}`")));
        }
        Ok(())
    }
}

/// The way from a probe to its hosts: one key of each level.
const HOSTS: &[&[&str]] = &[&["httpGet", "tcpSocket"], &["host"]];
/// The way from `lifecycle` to the hosts of its hooks.
const HOSTS_OF_HOOKS: &[&[&str]] = &[&["postStart", "preStop"], &["httpGet", "tcpSocket"], &["host"]];

impl<'a> Decode<'a> for Probe<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        read_texts(reader, HOSTS, &mut self.hosts)
    }
}

impl<'a> Decode<'a> for Lifecycle<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        read_texts(reader, HOSTS_OF_HOOKS, &mut self.hosts)
    }
}

/// Reads the strings at the ends of a way and nothing beside it.
fn read_texts<'a>(reader: &mut Reader<'a>, way: &[&[&str]], texts: &mut Vec<Text<'a>>) -> Read<()> {
    if reader.null()? {
        return Ok(());
    }
    let Some((keys, rest)) = way.split_first() else {
        texts.push(reader.string()?);
        return Ok(());
    };
    let mut seen = 0;
    reader.object(|reader, key| match (0..).zip(*keys).find(|(_, known)| key == **known) {
        Some((nth, _)) => {
            once(&mut seen, nth)?;
            read_texts(reader, rest, texts)
        }
        None => reader.skip(),
    })
}

#[derive(Default)]
struct HostPath<'a> {
    path: Text<'a>,
}

#[derive(Default)]
struct Driver<'a> {
    driver: Text<'a>,
}

decode!(Metadata<'a> { "annotations" => annotations });
decode!(HostPath<'a> { "path" => path });
decode!(Driver<'a> { "driver" => driver });
decode!(PodSpec<'a> {
    "hostNetwork" => host_network,
    "hostPID" => host_pid,
    "hostIPC" => host_ipc,
    "hostUsers" => host_users,
    "os" => os,
    "runtimeClassName" => runtime_class_name,
    "serviceAccountName" => service_account_name,
    "serviceAccount" => service_account,
    "automountServiceAccountToken" => automount_service_account_token,
    "securityContext" => security_context,
    "volumes" => volumes,
    "initContainers" => init_containers,
    "containers" => containers,
    "ephemeralContainers" => ephemeral_containers,
});
decode!(Os<'a> { "name" => name });
decode!(PodSecurityContext<'a> {
    "runAsUser" => run_as_user,
    "runAsGroup" => run_as_group,
    "runAsNonRoot" => run_as_non_root,
    "fsGroup" => fs_group,
    "supplementalGroups" => supplemental_groups,
    "seLinuxOptions" => se_linux_options,
    "seccompProfile" => seccomp_profile,
    "appArmorProfile" => app_armor_profile,
    "sysctls" => sysctls,
    "windowsOptions" => windows_options,
});
decode!(Container<'a> {
    "name" => name,
    "image" => image,
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
decode!(Sysctl<'a> { "name" => name });
decode!(WindowsOptions { "hostProcess" => host_process });
decode!(Port { "containerPort" => container_port, "hostPort" => host_port });
decode!(VolumeMount<'a> { "name" => name, "mountPath" => mount_path, "readOnly" => read_only });
decode!(VolumeDevice<'a> { "name" => name });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_annotations_than_the_api_server_takes_are_refused() {
        let annotation = |number| format!(r#""{APP_ARMOR_CONTAINER}{number:04}": "unconfined""#);
        let pod = |count| {
            let annotations: Vec<String> = (0..count).map(annotation).collect();
            format!(r#"{{"metadata": {{"annotations": {{{}}}}}, "spec": {{}}}}"#, annotations.join(", "))
        };
        assert!(Reader::document::<Pod<'_>>(&pod(ANNOTATIONS)).is_ok());
        assert_eq!(
            Reader::document::<Pod<'_>>(&pod(ANNOTATIONS + 1)).unwrap_err().to_string(),
            format!(
                "metadata.annotations[{APP_ARMOR_CONTAINER}8192]: is one annotation too many: the API server takes none of so many"
            )
        );
    }
}
