//! The types of volumes, which four rules read.

use crate::json::{Reader, Text, decode};
use crate::pod::{Volume, VolumeDetail, VolumeSource};
use crate::shape::place_of;
use crate::value::Value;

/// Every type that a policy may list, byte-sorted: PSP's own and `image` (Kubernetes 1.31), which is younger than PSP.
///
/// A type is named by the key of its source, except `cephFS`, whose key is `cephfs`.
pub(crate) const TYPES: &[&str] = &[
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
const PROJECTED: u64 = bit("projected");
const SECRET: u64 = bit("secret");

impl VolumeTypes {
    /// The types in a list; a name that is none is a matter of the list's shape.
    pub(crate) fn listed(list: Value<'_, '_>) -> Self {
        let names = list.elements().filter_map(|name| place_of(&name.text()?, TYPES));
        VolumeTypes(names.fold(0, |bits, index| bits | 1 << index))
    }

    fn list(self, bit: u64) -> bool {
        self.0 & bit != 0
    }

    /// Whether a volume is of a listed type.
    ///
    /// A source that is not known is of no type, so only `*` allows it. A `secret` used to carry the service account's
    /// token: a policy that lists it allows the projected volume that carries it since Kubernetes 1.21 (spec 5.8).
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

/// A type of volume, by its place among [`TYPES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeType(usize);

impl VolumeType {
    /// The type that the key of a source stands for; nothing for a source that is not known.
    pub fn of_source(key: &str) -> Option<Self> {
        let name = match key {
            "cephfs" => "cephFS",
            "cephFS" | "*" => return None,
            key => key,
        };
        TYPES.binary_search(&name).ok().map(VolumeType)
    }

    /// The name that policies know it by.
    pub fn name(self) -> &'static str {
        TYPES.get(self.0).copied().unwrap_or_default()
    }
}

/// Whether a projected volume holds what the token of a service account comes in, and nothing else (spec 5.8).
///
/// Read only when `secret` is listed and `projected` is not. What cannot be read is not one.
fn is_token(text: &str) -> bool {
    Reader::document::<Projected<'_>>(text)
        .is_ok_and(|projected| projected.sources.iter().all(Source::is_of_a_token))
}

#[derive(Default)]
struct Projected<'a> {
    sources: Vec<Source<'a>>,
}

#[derive(Default)]
struct Source<'a> {
    service_account_token: Option<Token<'a>>,
    config_map: Option<Named<'a>>,
    downward_api: Option<DownwardApi<'a>>,
}

#[derive(Default)]
struct Token<'a> {
    path: Text<'a>,
    audience: Text<'a>,
}

#[derive(Default)]
struct Named<'a> {
    name: Text<'a>,
}

#[derive(Default)]
struct DownwardApi<'a> {
    items: Vec<Item<'a>>,
}

#[derive(Default)]
struct Item<'a> {
    path: Text<'a>,
    field_ref: Option<FieldRef<'a>>,
}

#[derive(Default)]
struct FieldRef<'a> {
    api_version: Text<'a>,
    field_path: Text<'a>,
}

decode!(Projected<'a> { "sources" => sources });
decode!(Source<'a> {
    "serviceAccountToken" => service_account_token,
    "configMap" => config_map,
    "downwardAPI" => downward_api,
});
decode!(Token<'a> { "path" => path, "audience" => audience });
decode!(Named<'a> { "name" => name });
decode!(DownwardApi<'a> { "items" => items });
decode!(Item<'a> { "path" => path, "fieldRef" => field_ref });
decode!(FieldRef<'a> { "apiVersion" => api_version, "fieldPath" => field_path });

impl Source<'_> {
    fn is_of_a_token(&self) -> bool {
        let Source { service_account_token, config_map, downward_api } = self;
        (service_account_token.is_some() || config_map.is_some() || downward_api.is_some())
            && service_account_token
                .as_ref()
                .is_none_or(|token| token.path == "token" && token.audience.is_empty())
            && config_map.as_ref().is_none_or(|map| map.name == "kube-root-ca.crt")
            && downward_api.as_ref().is_none_or(|api| api.items.iter().all(Item::is_the_namespace))
    }
}

impl Item<'_> {
    fn is_the_namespace(&self) -> bool {
        self.path == "namespace"
            && self.field_ref.as_ref().is_some_and(|field| {
                // The API server fills in an absent version with v1.
                matches!(&*field.api_version, "" | "v1") && field.field_path == "metadata.namespace"
            })
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
