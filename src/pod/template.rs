//! The paths of the pod templates of each kind.
//!
//! ```
//! use pod_security_policy::pod::template::{parse_path, templates};
//!
//! let path = parse_path("spec.templates[*]").unwrap();
//! let found = templates(r#"{"spec": {"templates": [{"spec": {}}, {"spec": {}}]}}"#, &path).unwrap();
//! assert_eq!(found[1].path, "spec.templates[1]");
//! ```

use std::collections::BinaryHeap;

use crate::json::path::Step;
use crate::json::{Error, Read, Reader, TWICE, Text, decode};
use crate::pod::{Container, Kind, Named, Origin, Pod, Projected, Volume, VolumeDetail, VolumeSource};

/// One segment of the path from an object to a template in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathSegment<'s> {
    /// To the value of a key.
    Key(Text<'s>),
    /// To each element of a list, or each value of an object whose keys are free.
    Each,
}

/// A kind that carries pod templates, and their path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload<'s> {
    /// The kind.
    pub kind: Kind<'s>,
    /// The path to the templates.
    pub path: Vec<PathSegment<'s>>,
}

/// A template in the object that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template<'a> {
    /// Its path from the root of the object.
    pub path: String,
    /// The template, as JSON.
    pub text: &'a str,
}

/// The kinds that Kubernetes has.
const BUILT_IN: &[(&str, &str, &[&str])] = &[
    ("apps", "Deployment", &["spec", "template"]),
    ("apps", "ReplicaSet", &["spec", "template"]),
    ("apps", "StatefulSet", &["spec", "template"]),
    ("apps", "DaemonSet", &["spec", "template"]),
    ("", "ReplicationController", &["spec", "template"]),
    ("batch", "Job", &["spec", "template"]),
    ("batch", "CronJob", &["spec", "jobTemplate", "spec", "template"]),
    ("", "PodTemplate", &["template"]),
];

/// The names of the built-in kinds.
pub fn built_in_kinds() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(_, kind, _)| *kind)
}

/// The path to the template of a built-in kind.
pub fn built_in(kind: &Kind<'_>) -> Option<Vec<PathSegment<'static>>> {
    let (_, _, path) = BUILT_IN.iter().find(|(group, name, _)| *group == kind.group && *name == kind.kind)?;
    Some(path.iter().map(|key| PathSegment::Key((*key).into())).collect())
}

/// The path that `spec.templates[*].pod` describes; `None` if it describes none.
pub fn parse_path<'s>(text: &str) -> Option<Vec<PathSegment<'s>>> {
    let mut path = Vec::new();
    for part in text.split('.') {
        let (mut key, mut lists) = (part, 0);
        while let Some(rest) = key.strip_suffix("[*]") {
            (key, lists) = (rest, lists + 1);
        }
        if key.is_empty() || key.contains(['[', ']', '*']) {
            return None;
        }
        path.push(PathSegment::Key(key.to_owned().into()));
        path.extend((0..lists).map(|_| PathSegment::Each));
    }
    Some(path)
}

/// The pod templates at a path, in document order. An absent or `null` value on the path is skipped.
///
/// A template without a `spec` is left out: there is nothing to evaluate in it. Operators complete such a template, and
/// the API server accepts none in its own kinds. The operator's pods are reviewed when they are created.
///
/// # Errors
///
/// If something on the path is neither an object nor a list.
pub fn templates<'a>(document: &'a str, path: &[PathSegment<'_>]) -> Read<Vec<Template<'a>>> {
    let found = find(document, path)?.into_iter();
    found.filter_map(|template| has_spec(&template).map(|has| has.then_some(template)).transpose()).collect()
}

/// Whether a template has a `spec`. A template that is not an object is kept, so that decoding rejects it.
fn has_spec(template: &Template<'_>) -> Read<bool> {
    let mut reader = Reader::new(template.text);
    if reader.next_byte() != Some(b'{') {
        return Ok(true);
    }
    let mut has_spec = false;
    let read = reader.object(|reader, key| {
        if key == "spec" {
            if reader.null()? {
                return Ok(());
            }
            has_spec = true;
        }
        reader.skip_unchecked()
    });
    read.map(|()| has_spec).map_err(|error| error.in_path(&template.path))
}

/// Every value at a path, in document order. An absent or `null` value on the path is skipped.
///
/// # Errors
///
/// If something on the path is neither an object nor a list.
pub fn find<'a>(document: &'a str, path: &[PathSegment<'_>]) -> Read<Vec<Template<'a>>> {
    let mut found = Vec::new();
    walk(&mut Reader::new(document), path, String::new(), &mut found)?;
    Ok(found)
}

fn walk<'a>(
    reader: &mut Reader<'a>,
    path: &[PathSegment<'_>],
    at: String,
    found: &mut Vec<Template<'a>>,
) -> Read<()> {
    if reader.null()? {
        return Ok(());
    }
    match path.split_first() {
        None => {
            found.push(Template { path: at, text: reader.raw()? });
            Ok(())
        }
        Some((PathSegment::Each, rest)) if reader.next_byte() == Some(b'{') => {
            reader.object(|reader, key| walk(reader, rest, member(&at, key), found))
        }
        Some((PathSegment::Each, rest)) => {
            reader.list(|reader, index| walk(reader, rest, format!("{at}[{index}]"), found))
        }
        Some((PathSegment::Key(wanted), rest)) => {
            let mut met = false;
            reader.object(|reader, key| {
                if key != wanted {
                    return reader.skip();
                }
                if std::mem::replace(&mut met, true) {
                    return Err(Error::new(TWICE));
                }
                let dot = if at.is_empty() { "" } else { "." };
                walk(reader, rest, format!("{at}{dot}{key}"), found)
            })
        }
    }
}

/// The path of an object's value under a key that the author of the object chose: it is cut, since each template has
/// one.
fn member(at: &str, key: &str) -> String {
    let mut path = at.to_owned();
    // Writing to a String cannot fail.
    let _ = Step::Key(key).write_to(&mut path, false);
    path
}

/// Sets the values that the API server and controllers set in pods before policies see them, in a template's pod.
///
/// # Errors
///
/// If the claims of a `StatefulSet` cannot be read.
pub fn complete<'a>(pod: &mut Pod<'a>, kind: &Kind<'_>, document: &'a str) -> Read<()> {
    set_defaults(pod, true);
    if kind.kind == "StatefulSet" && kind.group == "apps" {
        claim_volumes(pod, document)?;
    }
    if gets_token(pod) {
        let detail = VolumeDetail::Projected(Projected::new(TOKEN_VOLUME));
        pod.spec.volumes.push(made("kube-api-access".into(), Origin::Token, "projected", detail));
    }
    Ok(())
}

/// Sets the values that the API server sets in pods before policies see them, as far as policies read them.
///
/// A live request has it already; a manifest that was never sent does not.
pub fn default_pod(pod: &mut Pod<'_>) {
    set_defaults(pod, false);
}

/// On the host network every container port is a host port. The API server writes that into pods only (since Kubernetes
/// 1.28): in a template it is predicted. A volume without a source is an `emptyDir`.
fn set_defaults(pod: &mut Pod<'_>, is_template: bool) {
    let spec = &mut pod.spec;
    if spec.host_network {
        let containers = spec.init_containers.iter_mut().chain(&mut spec.containers);
        for port in containers.flat_map(|container| &mut container.ports).filter(|port| port.host_port == 0) {
            port.host_port = port.container_port;
            port.defaulted = is_template;
        }
    }
    for volume in spec.volumes.iter_mut().filter(|volume| volume.source.is_none()) {
        volume.source = Some(VolumeSource::new("emptyDir".into(), VolumeDetail::Other));
    }
}

/// The mount path of the service account's token.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const TOKEN_VOLUME: &str = r#"{"sources":[{"serviceAccountToken":{"path":"token"}},{"configMap":{"name":"kube-root-ca.crt"}},{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}]}"#;

/// Whether the `ServiceAccount` plug-in mounts a token: into every container that has no mount at that path.
pub fn gets_token(pod: &Pod<'_>) -> bool {
    let is_covered = |container: &Container<'_>| {
        container.volume_mounts.iter().any(|mount| mount.mount_path == TOKEN_PATH)
    };
    pod.spec.automount_service_account_token != Some(false)
        && !pod.spec.init_containers.iter().chain(&pod.spec.containers).all(is_covered)
}

/// A volume that is not in the template.
fn made<'a>(name: Text<'a>, origin: Origin, source: &'static str, detail: VolumeDetail<'a>) -> Volume<'a> {
    Volume { name, source: Some(VolumeSource::new(source.into(), detail)), origin, not_reviewed: false }
}

/// The `StatefulSet` controller gives each pod a volume per claim template, in place of one of the same name.
fn claim_volumes<'a>(pod: &mut Pod<'a>, document: &'a str) -> Read<()> {
    let path =
        [PathSegment::Key("spec".into()), PathSegment::Key("volumeClaimTemplates".into()), PathSegment::Each];
    let written = pod.spec.volumes.len();
    let mut names = BinaryHeap::new();
    for claim in find(document, &path)? {
        let Claim { metadata } =
            Reader::document(claim.text).map_err(|error: Error| error.in_path(&claim.path))?;
        names.push((metadata.name.clone(), pod.spec.volumes.len()));
        let origin = Origin::Claim(claim.path);
        pod.spec.volumes.push(made(metadata.name, origin, "persistentVolumeClaim", VolumeDetail::Other));
    }
    let names = names.into_sorted_vec();
    // A replaced volume stays: those behind it keep their index in the manifest, and standards evaluate it.
    for (index, volume) in pod.spec.volumes.iter_mut().enumerate() {
        // By any claim of its name; a claim, by a later one. Claims come after all written volumes.
        let last = index.max(written.saturating_sub(1));
        let behind = names.partition_point(|(name, at)| (name, *at) <= (&volume.name, last));
        volume.not_reviewed |= names.get(behind).is_some_and(|(name, _)| *name == volume.name);
    }
    Ok(())
}

decode! {
    struct Claim<'a> {
        metadata: Named<'a> = "metadata",
    }
}

/// Reads the pod of a template.
///
/// # Errors
///
/// If it cannot be read; the path of the error starts at the root of the object.
pub fn decode_pod<'a>(template: &Template<'a>) -> Read<Box<Pod<'a>>> {
    Reader::new(template.text).value().map_err(|error| error.in_path(&template.path))
}

#[cfg(test)]
mod tests;
