//! Volumes: each is judged alone, by its type, its path with the way it is mounted, its driver, its signer.
//!
//! Paths are alike if the same prefixes allow them, and signers if the same patterns match: the longest one decides
//! which of the others do.

use std::collections::BTreeSet;

use pod_security_policy::pod::VOLUME_TYPES;
use serde_json::{Value, json};

use crate::prove::component::{Element, Group, World};
use crate::prove::context::Context;

pub(in crate::prove) fn groups(world: &World, _: Context) -> Vec<Group> {
    let fresh = &world.vocabulary.fresh;
    let others = VOLUME_TYPES.iter().filter(|name| !USUAL.contains(name) && **name != "*");
    let keys = others.map(|name| if *name == "cephFS" { "cephfs" } else { name });
    let mut sources: Vec<(String, Value)> =
        keys.map(|key| (key.to_owned(), json!({}))).filter(|(key, _)| !is_detailed(key)).collect();
    sources.push((format!("{fresh}Volume"), json!({})));
    let outside = |mut names: BTreeSet<String>| {
        names.insert(fresh.clone());
        names
    };
    for driver in outside(world.vocabulary.members("allowedFlexVolumes", "driver")) {
        sources.push(("flexVolume".to_owned(), json!({"driver": driver})));
    }
    for driver in outside(world.vocabulary.members("allowedCSIDrivers", "name")) {
        sources.push(("csi".to_owned(), json!({"driver": driver})));
    }
    for source in projections(world) {
        sources.push(("projected".to_owned(), json!({"sources": [source]})));
    }
    let mut elements: Vec<Element> = Vec::new();
    let mut add = |key: &str, source: Value, is_written: bool| {
        let name = format!("v{}", elements.len() + 1);
        let mount = json!({"volumeMounts": [{"name": name, "mountPath": format!("/{name}")}]});
        let container = if is_written { mount } else { Value::Null };
        let volume = json!({"spec": {"volumes": [{"name": name, key: source}]}});
        elements.push(Element { container, ..Element::of_pod(volume) });
    };
    // Of those that are equally small, the first is shown.
    for key in USUAL {
        add(key, usual(key, fresh), false);
    }
    for path in paths(world) {
        for is_written in [false, true] {
            add("hostPath", json!({"path": path}), is_written);
        }
    }
    for (key, source) in sources {
        add(&key, source, false);
    }
    vec![Group::list(elements)]
}

/// Whether more than the type counts.
fn is_detailed(key: &str) -> bool {
    matches!(key, "hostPath" | "flexVolume" | "csi" | "projected")
}

/// The types that most pods have, and of which the type alone counts.
const USUAL: &[&str] =
    &["emptyDir", "configMap", "secret", "persistentVolumeClaim", "downwardAPI", "image", "nfs", "ephemeral"];

/// A source of a usual type, with what the API server demands.
fn usual(key: &str, name: &str) -> Value {
    match key {
        "configMap" => json!({"name": name}),
        "secret" => json!({"secretName": name}),
        "persistentVolumeClaim" => json!({"claimName": name}),
        "nfs" => json!({"server": name, "path": "/"}),
        "image" => json!({"reference": name}),
        _ => json!({}),
    }
}

/// The prefixes themselves, and paths that none of them allows: of Linux and of Windows.
fn paths(world: &World) -> BTreeSet<String> {
    let mut paths = world.vocabulary.members("allowedHostPaths", "pathPrefix");
    let fresh = &world.vocabulary.fresh;
    paths.extend([format!("/{fresh}"), format!(r"\\{fresh}\share")]);
    paths
}

/// Sources of projected volumes: the token that `secret` allows as well, another one, and those with signers.
fn projections(world: &World) -> Vec<Value> {
    let fresh = &world.vocabulary.fresh;
    let mut sources = vec![
        json!({"serviceAccountToken": {"path": "token"}}),
        json!({"configMap": {"name": fresh}}),
        json!({"clusterTrustBundle": {"name": fresh, "path": "ca.pem"}}),
    ];
    let certificate = |signer| json!({"podCertificate": {"signerName": signer, "keyType": "ED25519"}});
    let bundle = |signer| json!({"clusterTrustBundle": {"signerName": signer, "path": "ca.pem"}});
    sources.extend(signers(world, "allowedPodCertificateSigners").into_iter().map(certificate));
    sources.extend(signers(world, "allowedClusterTrustBundleSigners").into_iter().map(bundle));
    sources
}

fn signers(world: &World, key: &str) -> BTreeSet<String> {
    let vocabulary = &world.vocabulary;
    let listed = vocabulary.texts(key);
    let prefixes: Vec<&str> = listed.iter().filter_map(|name| name.strip_suffix('*')).collect();
    let mut signers: BTreeSet<String> = listed.iter().filter(|name| !name.ends_with('*')).cloned().collect();
    for prefix in std::iter::once("").chain(prefixes.iter().copied()) {
        let end = if prefix.contains('/') { "" } else { ".example/signer" };
        signers.extend(vocabulary.beyond(prefix, prefixes.iter().copied(), end));
    }
    signers
}
