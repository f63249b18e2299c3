//! The types of volumes, which four rules read.

use crate::json::{Value, place_of};
use crate::pod::{Volume, VolumeDetail, VolumeSource};

/// Every type that a policy may list, byte-sorted: PSP's own and `image` (Kubernetes 1.31), which is younger than PSP.
///
/// A type is named by the key of its source, except `cephFS`, whose key is `cephfs`.
pub const TYPES: &[&str] = &[
    "*",
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephFS",
    "cinder",
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "image",
    "iscsi",
    "nfs",
    "persistentVolumeClaim",
    "photonPersistentDisk",
    "portworxVolume",
    "projected",
    "quobyte",
    "rbd",
    "scaleIO",
    "secret",
    "storageos",
    "vsphereVolume",
];

/// The types that a policy lists: a bit for each of [`TYPES`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct VolumeTypes(u64);

/// The bit of a type; none for a name that is not one.
const fn bit(name: &str) -> u64 {
    let mut bit = 1;
    let mut types = TYPES;
    while let Some((first, rest)) = types.split_first() {
        if first.eq_ignore_ascii_case(name) {
            return bit;
        }
        bit <<= 1;
        types = rest;
    }
    0
}

const ANY: u64 = bit("*");
const EMPTY_DIR: u64 = bit("emptyDir");

/// The types that are younger than the oldest version that settings may name, each with its minor version.
const YOUNG: &[(&str, u64)] = &[("image", 31)];

const PROJECTED: u64 = bit("projected");
const SECRET: u64 = bit("secret");

impl VolumeTypes {
    /// The types in a list; an unknown name is reported by the check of the list's shape.
    pub(crate) fn listed(list: Value<'_, '_>) -> Self {
        let names = list.elements().filter_map(|name| place_of(&name.text()?, TYPES));
        VolumeTypes(names.fold(0, |bits, index| bits | 1 << index))
    }

    /// A listed type that a minor version of Kubernetes does not have yet, and the first that does.
    pub(crate) fn too_young(self, minor: u64) -> Option<(&'static str, u64)> {
        YOUNG.iter().copied().find(|(name, since)| minor < *since && self.list(bit(name)))
    }

    fn list(self, bit: u64) -> bool {
        self.0 & bit != 0
    }

    /// Whether a volume is of a listed type.
    ///
    /// A source that is not known has no type, so only `*` allows it. A `secret` used to carry the service account's
    /// token: a policy that lists it allows the projected volume that carries it since Kubernetes 1.21
    /// (`IsOnlyServiceAccountTokenSources` in pkg/security/podsecuritypolicy/util/util.go).
    pub(crate) fn allow(self, volume: &Volume<'_>) -> bool {
        if self.list(ANY) {
            return true;
        }
        match &volume.source {
            None => self.list(EMPTY_DIR),
            Some(VolumeSource { detail: VolumeDetail::Projected(volume), .. }) => {
                self.list(PROJECTED) || (self.list(SECRET) && volume.is_token())
            }
            Some(VolumeSource { kind, .. }) => kind.is_some_and(|kind| self.list(1 << kind.0)),
        }
    }
}

/// A type of volume, by its index in [`TYPES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeType(usize);

impl VolumeType {
    /// The type of a source's key; `None` for a source that is not known.
    pub fn of_source(key: &str) -> Option<Self> {
        let name = match key {
            "cephfs" => "cephFS",
            "cephFS" | "*" => return None,
            key => key,
        };
        TYPES.binary_search(&name).ok().map(VolumeType)
    }

    /// Its name in policies.
    pub fn name(self) -> &'static str {
        TYPES.get(self.0).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_sorted_so_that_they_can_be_searched() {
        assert!(TYPES.is_sorted());
    }

    #[test]
    fn every_type_has_a_bit_of_its_own() {
        let bits: Vec<u64> = TYPES.iter().map(|name| bit(name)).collect();
        let expected: Vec<u64> = (0..TYPES.len()).map(|index| 1 << index).collect();
        assert_eq!((bits, bit("moonDisk"), bit("")), (expected, 0, 0));
    }

    #[test]
    fn the_key_cephfs_is_the_type_with_the_capital_letters() {
        let name = |key| VolumeType::of_source(key).map(VolumeType::name);
        assert_eq!((name("cephfs"), name("cephFS"), name("*")), (Some("cephFS"), None, None));
    }
}
