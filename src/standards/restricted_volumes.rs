//! Volumes that are neither local to the pod nor claimed give a pod storage without an administrator's control, or its
//! node.
//!
//! | | |
//! |---|---|
//! | Level | restricted, in place of `hostPathVolumes` |
//! | Pod fields | the sources of `spec.volumes[*]` |
//! | Accepts | nine types, at every version |
//! | Source | Pod Security Standards, Restricted, "Volume Types" |
//!
//! A source that is not known is refused as `unknown`. So is none at all, but the API server makes an `emptyDir` of
//! that before a pod is reviewed.

use super::phrases::{plural, quoted, set};
use super::{Check, Level, Objection, Subject, Variant, doc_only};
use crate::pod::Volume;

pub(super) const CHECK: Check = Check {
    id: "restrictedVolumes",
    level: Level::Restricted,
    purpose: doc_only("Volumes must be of types that neither reach into the node nor around claims."),
    pod_fields: doc_only("`volumes[*]`"),
    variants: &[Variant { since: 0, judge }],
};

/// The types of volumes that the restricted level allows, by the keys of their sources.
pub const ALLOWED: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let mut kinds = Vec::new();
    let names = subject.volumes(&mut |volume| {
        let kind = refused_type(volume);
        kinds.extend(kind);
        kind.is_some()
    })?;
    let kinds = set(kinds);
    let volumes = plural(names.len(), "volume ", "volumes ");
    let verb = plural(names.len(), " uses ", " use ");
    let noun = plural(kinds.len(), "restricted volume type ", "restricted volume types ");
    let detail = [volumes, &quoted(&names), verb, noun, &quoted(&kinds)].concat();
    Some(Objection { reason: "restricted volume types", detail })
}

/// The type of a volume by the key of its source; `None` if it is allowed.
fn refused_type<'p>(volume: &'p Volume<'_>) -> Option<&'p str> {
    let known = volume.source.as_ref().filter(|source| source.kind.is_some());
    let kind = known.map_or("unknown", |source| &*source.key);
    (!ALLOWED.contains(&kind)).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::VOLUME_TYPES;
    use crate::standards::testing::{NOTHING, says, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    fn volumes(volumes: Value) -> Value {
        spec(json!({"volumes": volumes}))
    }

    #[rstest]
    #[case::none(volumes(json!(null)), NOTHING)]
    #[case::one_unknown(volumes(json!([{"name": "v", "fromTheFuture": {}}])),
        r#"restricted volume types (volume "v" uses restricted volume type "unknown")"#)]
    #[case::no_source(volumes(json!([{"name": "v"}])),
        r#"restricted volume types (volume "v" uses restricted volume type "unknown")"#)]
    #[case::null_source(volumes(json!([{"name": "v", "emptyDir": null}])),
        r#"restricted volume types (volume "v" uses restricted volume type "unknown")"#)]
    #[case::name_of_a_type_in_psp(volumes(json!([{"name": "v", "cephFS": {}}])),
        r#"restricted volume types (volume "v" uses restricted volume type "unknown")"#)]
    #[case::several_of_one_type(volumes(json!([{"name": "w", "nfs": {}}, {"name": "v", "nfs": {}}])),
        r#"restricted volume types (volumes "w", "v" use restricted volume type "nfs")"#)]
    #[case::several_types(
        volumes(json!([{"name": "w", "nfs": {}}, {"name": "x", "csi": {}}, {"name": "v", "cephfs": {}}])),
        r#"restricted volume types (volumes "w", "v" use restricted volume types "cephfs", "nfs")"#)]
    fn judges_at_every_version(#[case] pod: Value, #[case] expected: &str) {
        for version in ["v1.0", "latest"] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }

    /// The types that Pod Security admission refuses by name.
    const NAMED: [&str; 21] = [
        "hostPath",
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "gitRepo",
        "nfs",
        "iscsi",
        "glusterfs",
        "rbd",
        "flexVolume",
        "cinder",
        "cephfs",
        "flocker",
        "fc",
        "azureFile",
        "vsphereVolume",
        "quobyte",
        "azureDisk",
        "photonPersistentDisk",
        "portworxVolume",
        "scaleIO",
        "storageos",
    ];

    #[test]
    fn every_type_is_reported_by_its_key() {
        // `*` is among the types that policies list, and no type.
        assert_eq!(ALLOWED.len() + NAMED.len() + 1, VOLUME_TYPES.len());
        for kind in ALLOWED {
            assert_eq!(says(&CHECK, "v1.0", &volumes(json!([{"name": "v", kind: {}}]))), NOTHING);
        }
        for kind in NAMED {
            let expected =
                format!(r#"restricted volume types (volume "v" uses restricted volume type "{kind}")"#);
            assert_eq!(says(&CHECK, "latest", &volumes(json!([{"name": "v", kind: {}}]))), expected);
        }
    }
}
