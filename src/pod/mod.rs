//! The governed view: the fields of a pod that policies read, and those that they may set.
//!
//! Every struct names the fields it knows, all others are skipped unread. Absent, `null` and empty are the same thing
//! ([`Default`]) wherever PodSecurityPolicy does not distinguish them, and an [`Option`] where it does. A field of the
//! wrong type is an error with its path: reading `runAsUser: "0"` as absent would let root through.
//!
//! A pod is one of [`annotations`], [`volume`]s and [`container`]s, whose [`probe`]s are read for the hosts they name.
//!
//! ```
//! use pod_security_policy::{json::Reader, pod::Pod};
//!
//! let text = r#"{"spec": {"containers": [{"name": "web", "image": "nginx:1", "env": [{"name": "UNREAD"}]}]}}"#;
//! let pod: Pod<'_> = Reader::document(text).unwrap();
//! let (slot, container) = pod.containers().next().unwrap();
//! assert_eq!((slot.to_string(), &*container.image), ("spec.containers[0]".to_owned(), "nginx:1"));
//! ```

mod annotations;
mod container;
pub(crate) mod controllers;
pub(crate) mod diff;
mod kind;
mod names;
mod probe;
mod projected;
mod slot;
mod sysctl;
pub mod template;
mod volume;
pub(crate) mod volume_type;

use crate::json::{Decode, Error, Read, Reader, Text, decode, once};

pub(crate) use annotations::names_profile;
pub use annotations::{ADMITTED_BY, APP_ARMOR_CONTAINER, Annotations, SECCOMP_CONTAINER, SECCOMP_POD};
pub use container::{
    Capabilities, Container, Port, Profile, SeLinuxOptions, SecurityContext, VolumeMount, WindowsOptions,
};
pub use controllers::Controllers;
pub use kind::Kind;
pub use names::Names;
pub use probe::{Lifecycle, Probe};
pub use projected::Projected;
pub use slot::{List, Slot};
pub use sysctl::{is_safe_sysctl, safe_sysctls};
pub use volume::{Origin, Volume, VolumeDetail, VolumeSource};
pub use volume_type::{TYPES as VOLUME_TYPES, VolumeType};

/// A pod, or the pod that a template describes.
#[derive(Debug, Clone, Default)]
pub struct Pod<'a> {
    /// The annotations that policies read, in document order.
    pub annotations: Annotations<'a>,
    /// The fields of the pod as a whole.
    pub spec: PodSpec<'a>,
    /// Whether containers are being added to this pod, which runs: pod-level defaults can no longer be set, so
    /// inherited values only matter for the new containers.
    pub gains_containers: bool,
}

decode! {
    /// The governed fields of a `PodSpec`.
    #[derive(Debug, Clone)]
    pub struct PodSpec<'a> {
        /// `hostNetwork`
        pub host_network: bool = "hostNetwork",
        /// `hostPID`
        pub host_pid: bool = "hostPID",
        /// `hostIPC`
        pub host_ipc: bool = "hostIPC",
        /// `hostUsers`
        pub host_users: Option<bool> = "hostUsers",
        /// `shareProcessNamespace`
        pub share_process_namespace: bool = "shareProcessNamespace",
        /// `os`, by its name
        pub os: Named<'a> = "os",
        /// `runtimeClassName`
        pub runtime_class_name: Option<Text<'a>> = "runtimeClassName",
        /// `serviceAccountName`
        pub service_account_name: Text<'a> = "serviceAccountName",
        /// `serviceAccount`, the older name of the same field
        pub service_account: Text<'a> = "serviceAccount",
        /// `automountServiceAccountToken`
        pub automount_service_account_token: Option<bool> = "automountServiceAccountToken",
        /// `securityContext`
        pub security_context: PodSecurityContext<'a> = "securityContext",
        /// `volumes`
        pub volumes: Vec<Volume<'a>> = "volumes",
        /// `initContainers`
        pub init_containers: Vec<Container<'a>> = "initContainers",
        /// `containers`
        pub containers: Vec<Container<'a>> = "containers",
        /// `ephemeralContainers`
        pub ephemeral_containers: Vec<Container<'a>> = "ephemeralContainers",
    }

    /// `spec.securityContext`
    #[derive(Debug, Clone)]
    pub struct PodSecurityContext<'a> {
        /// `runAsUser`, inherited by containers that set none
        pub run_as_user: Option<i64> = "runAsUser",
        /// `runAsGroup`, inherited by containers that set none
        pub run_as_group: Option<i64> = "runAsGroup",
        /// `runAsNonRoot`, inherited by containers that set none
        pub run_as_non_root: Option<bool> = "runAsNonRoot",
        /// `fsGroup`
        pub fs_group: Option<i64> = "fsGroup",
        /// `supplementalGroups`; an empty list is not the same as none
        pub supplemental_groups: Option<Vec<i64>> = "supplementalGroups",
        /// `supplementalGroupsPolicy`: whether groups of the image count as well
        pub supplemental_groups_policy: Option<Text<'a>> = "supplementalGroupsPolicy",
        /// `seLinuxChangePolicy`: how volumes get the SELinux label
        pub se_linux_change_policy: Option<Text<'a>> = "seLinuxChangePolicy",
        /// `seLinuxOptions`, inherited as a whole by containers that set none
        pub se_linux_options: Option<SeLinuxOptions<'a>> = "seLinuxOptions",
        /// `seccompProfile`, inherited by containers that set none
        pub seccomp_profile: Option<Profile<'a>> = "seccompProfile",
        /// `appArmorProfile`, inherited by containers that set none
        pub app_armor_profile: Option<Profile<'a>> = "appArmorProfile",
        /// `sysctls`
        pub sysctls: Vec<Named<'a>> = "sysctls",
        /// `windowsOptions`
        pub windows_options: WindowsOptions<'a> = "windowsOptions",
    }

    /// An object of which only the name counts: an operating system, a sysctl, a device, the metadata of a claim.
    #[derive(Debug, Clone)]
    pub struct Named<'a> {
        /// `name`
        pub name: Text<'a> = "name",
    }

    struct Metadata<'a> {
        annotations: Annotations<'a> = "annotations",
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

    /// The containers of one list, mutable.
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
            let containers = self.list(list).iter().enumerate();
            containers.map(move |(index, container)| (Slot { list, index }, container))
        })
    }

    /// Calls `visit` for every container, together with the rest of the pod.
    ///
    /// While a list is visited the pod that `visit` sees has that list empty: pod-level fields are not kept there.
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
        self.spec.volumes.iter().enumerate().filter(|(_, volume)| !volume.not_reviewed)
    }

    /// Whether the pod is for Windows (`os.name`), where Linux-only fields must stay unset.
    pub fn is_windows(&self) -> bool {
        self.spec.os.name == "windows"
    }

    /// Whether the pod asks for a user namespace of its own (KEP-127).
    pub fn has_user_namespace(&self) -> bool {
        self.spec.host_users == Some(false)
    }

    /// The service account that the pod names, if it names one; the API server leaves only mirror pods without.
    pub fn service_account(&self) -> Option<&str> {
        let names = [&*self.spec.service_account_name, &*self.spec.service_account];
        names.into_iter().find(|name| !name.is_empty())
    }
}

/// Reads `metadata` and `spec`; a pod without `spec` cannot be evaluated.
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
            _ => reader.skip_unchecked(),
        })?;
        self.annotations = metadata.annotations;
        if specified { Ok(()) } else { Err(Error::new("must be set").in_key("spec")) }
    }
}
