//! The sources a volume can have.

use serde_json::{Value, json};

use crate::generate::rng::Rng;

/// The keys of all volume sources of Kubernetes 1.24.
pub(crate) const TYPES: [&str; 29] = [
    "hostPath",
    "emptyDir",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "persistentVolumeClaim",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "downwardAPI",
    "fc",
    "azureFile",
    "configMap",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "storageos",
    "projected",
    "portworxVolume",
    "scaleIO",
    "csi",
    "ephemeral",
];

/// The policy's name for the source with this key.
pub(crate) fn fs_type(key: &str) -> &str {
    if key == "cephfs" { "cephFS" } else { key }
}

/// A source that the API accepts.
pub(crate) fn source(rng: &mut Rng, key: &str) -> Value {
    match key {
        "hostPath" => json!({"path": rng.pick(&["/foo", "/foo/bar", "/etc"])}),
        "gcePersistentDisk" => json!({"pdName": "disk"}),
        "awsElasticBlockStore" | "cinder" => json!({"volumeID": "disk"}),
        "gitRepo" => json!({"repository": "https://git.example.com/repo"}),
        "secret" => json!({"secretName": "secret"}),
        "nfs" => json!({"server": "nfs.example.com", "path": "/"}),
        "iscsi" => json!({"targetPortal": "10.0.0.1:3260", "iqn": "iqn.2001-04.com.example:disk", "lun": 0}),
        "glusterfs" => json!({"endpoints": "cluster", "path": "volume"}),
        "persistentVolumeClaim" => json!({"claimName": "claim"}),
        "rbd" => json!({"monitors": ["10.0.0.1:6789"], "image": "image"}),
        "flexVolume" => json!({"driver": rng.pick(&["acme/lvm", "acme/other"])}),
        "cephfs" => json!({"monitors": ["10.0.0.1:6789"]}),
        "flocker" => json!({"datasetName": "set"}),
        "downwardAPI" => json!({"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}),
        "fc" => json!({"targetWWNs": ["500a0982991b8dc5"], "lun": 2}),
        "azureFile" => json!({"secretName": "secret", "shareName": "share"}),
        "configMap" => json!({"name": "map"}),
        "vsphereVolume" => json!({"volumePath": "[datastore] volume"}),
        "quobyte" => json!({"registry": "10.0.0.1:7861", "volume": "volume"}),
        "azureDisk" => json!({"diskName": "disk", "diskURI": "https://disks.example.com/disk"}),
        "photonPersistentDisk" => json!({"pdID": "disk"}),
        "storageos" => json!({"volumeName": "volume"}),
        "projected" => token_or_nearly(rng),
        "portworxVolume" => json!({"volumeID": "volume"}),
        "scaleIO" => {
            json!({"gateway": "https://gateway.example.com", "system": "s", "secretRef": {"name": "secret"}, "volumeName": "v"})
        }
        "csi" => json!({"driver": rng.pick(&["csi.acme.io", "csi.other.io"])}),
        "ephemeral" => json!({"volumeClaimTemplate": {"spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}),
        _ => json!({}),
    }
}

/// A projected volume like the one the API server adds for a service account's token, in one of its allowed shapes.
pub(crate) fn token(rng: &mut Rng) -> Value {
    let sources = [
        json!({"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}),
        json!({"serviceAccountToken": {"path": "token", "audience": ""}}),
        json!({"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}),
        json!({"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}),
        json!({"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}}),
        json!({"downwardAPI": {}}),
    ];
    let count = rng.count(0, 3);
    json!({"sources": rng.some(&sources, count)})
}

/// The same with one error, mostly.
fn token_or_nearly(rng: &mut Rng) -> Value {
    let namespace = |path: &str, version: &str, field: &str| json!({"downwardAPI": {"items": [{"path": path, "fieldRef": {"apiVersion": version, "fieldPath": field}}]}});
    let wrong = [
        json!({"serviceAccountToken": {"path": "token", "audience": "vault"}}),
        json!({"serviceAccountToken": {"path": "token2"}}),
        json!({"configMap": {"name": "kube-root-ca.crt2"}}),
        json!({"configMap": {"name": "map"}}),
        json!({"secret": {"name": "secret"}}),
        json!({}),
        namespace("namespace2", "v1", "metadata.namespace"),
        namespace("namespace", "v1beta1", "metadata.namespace"),
        namespace("namespace", "v1", "metadata.name"),
        json!({"downwardAPI": {"items": [{"path": "namespace", "resourceFieldRef": {"resource": "limits.cpu"}}]}}),
        // Other fields next to a permitted key of the same source are ignored.
        json!({"serviceAccountToken": {"path": "token"}, "secret": {"name": "secret"}}),
    ];
    let mut projected = token(rng);
    if let Some(sources) = projected.get_mut("sources").and_then(Value::as_array_mut)
        && rng.percent(90)
    {
        sources.insert(rng.count(0, u32::from(!sources.is_empty())), rng.pick(&wrong));
    }
    projected
}
