//! The types of volumes, which four rules read.

use crate::json::{Read, Reader, Tree, Value, lookup, place_of};
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
        if same(first.as_bytes(), name.as_bytes()) {
            return bit;
        }
        bit <<= 1;
        types = rest;
    }
    0
}

const fn same(mut one: &[u8], mut other: &[u8]) -> bool {
    while let (Some((a, one_rest)), Some((b, other_rest))) = (one.split_first(), other.split_first()) {
        if *a != *b {
            return false;
        }
        (one, other) = (one_rest, other_rest);
    }
    one.is_empty() && other.is_empty()
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
            Some(VolumeSource { detail: VolumeDetail::Projected(text), .. }) => {
                self.list(PROJECTED) || (self.list(SECRET) && is_token(text))
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

/// Whether a projected volume holds only the sources of a service account's token (`IsOnlyServiceAccountTokenSources`).
///
/// Read only when `secret` is listed and `projected` is not. A volume that cannot be read is not one.
fn is_token(text: &str) -> bool {
    let holds_tokens = |tree: Tree<'_>| {
        each(tree.root(), "sources", |source| {
            let [token, map, api] = [
                lookup::at(source, &["serviceAccountToken"])?,
                lookup::at(source, &["configMap"])?,
                lookup::at(source, &["downwardAPI"])?,
            ];
            Ok(!(token.is_null() && map.is_null() && api.is_null())
                && (token.is_null()
                    || (says(token, &["path"], &["token"])? && says(token, &["audience"], &[""])?))
                && (map.is_null() || says(map, &["name"], &["kube-root-ca.crt"])?)
                && each(api, "items", |item| {
                    Ok(says(item, &["path"], &["namespace"])?
                        // The API server sets an absent version to v1.
                        && says(item, &["fieldRef", "apiVersion"], &["", "v1"])?
                        && says(item, &["fieldRef", "fieldPath"], &["metadata.namespace"])?)
                })?)
        })
    };
    Reader::document(text).and_then(holds_tokens).unwrap_or(false)
}

/// Whether the string at the end of a path is one of the known ones; an absent one is empty.
fn says(value: Value<'_, '_>, way: &[&str], known: &[&str]) -> Read<bool> {
    lookup::text(value, way).map(|text| known.contains(&&*text.unwrap_or_default()))
}

/// Whether all elements of a list in an object match; an absent list has none.
fn each(object: Value<'_, '_>, key: &str, mut fits: impl FnMut(Value<'_, '_>) -> Read<bool>) -> Read<bool> {
    let list = lookup::at(object, &[key])?;
    let mut all = list.is_null() || list.is_list();
    for element in list.elements() {
        all = all && fits(element)?;
    }
    Ok(all)
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
