//! Paths of the node: a writable one can mean the node itself.
//!
//! A prefix stands for whole path elements: `/foo` allows `/foo/bar` and not `/foobar`. Pods may mount a path that is
//! allowed only for reading with `readOnly: true` everywhere, or leave it unmounted.

use crate::json::{Quoted, Text};
use crate::pattern::{leads_up, lies_beneath};
use crate::pod::{Container, Pod, Volume, VolumeDetail, VolumeSource};
use crate::rule::{Entry, Rule};
use crate::shape::{Field, Shape};
use crate::spec::Spec;
use crate::value::Value;
use crate::violation::Findings;
use crate::volume_types::VolumeTypes;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "allowedHostPaths",
    purpose: "The paths of the node that `hostPath` volumes may start with.",
    shape: Some(Shape::List(&Shape::Object(&[
        Field {
            name: "pathPrefix",
            shape: Shape::Text,
            doc: "An absolute path; what lies beneath it is allowed too.",
        },
        Field {
            name: "readOnly",
            shape: Shape::Flag,
            doc: "Whether it may be mounted only with `readOnly: true`.",
        },
    ]))),
    annotations: &[],
    pod_fields: "`volumes[*].hostPath.path`, containers' `volumeMounts[*].readOnly`",
    mutates: "nothing",
    default: "empty: every path is allowed, if `volumes` lists `hostPath`",
    load,
}];

/// Refuses paths that no prefix allows.
#[derive(Debug)]
struct HostPaths<'s> {
    types: VolumeTypes<'s>,
    prefixes: Vec<Prefix<'s>>,
}

#[derive(Debug)]
struct Prefix<'s> {
    path: Text<'s>,
    read_only: bool,
}

/// What the prefixes say of a path.
#[derive(PartialEq, Eq)]
enum Access {
    None,
    ReadOnly,
    Full,
}

fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    let list = spec.get("allowedHostPaths").map(Value::elements).unwrap_or_default();
    let prefixes: Vec<_> = list
        .iter()
        .map(|prefix| Prefix {
            path: prefix.get("pathPrefix").and_then(Value::text).cloned().unwrap_or_default(),
            read_only: prefix.get("readOnly").and_then(Value::flag).unwrap_or_default(),
        })
        .collect();
    for (index, Prefix { path, .. }) in prefixes.iter().enumerate() {
        let place = format_args!("allowedHostPaths[{index}].pathPrefix");
        if path.is_empty() {
            spec.problem(place, "Required value: is required");
        } else if leads_up(path) {
            spec.problem(place, format_args!("Invalid value: {}: must not contain '..'", Quoted(path)));
        } else if !path.starts_with('/') {
            let path = Quoted(path);
            spec.problem(
                place,
                format_args!("Invalid value: {path}: must be an absolute path: it would match nothing"),
            );
        }
    }
    Some(Box::new(HostPaths { types: VolumeTypes::load(spec), prefixes }))
}

impl HostPaths<'_> {
    fn access(&self, path: &str) -> Access {
        if self.prefixes.is_empty() {
            return Access::Full;
        }
        let mut matching = self.prefixes.iter().filter(|prefix| lies_beneath(path, &prefix.path)).peekable();
        if matching.peek().is_none() {
            return Access::None;
        }
        // Any writable match wins, whatever its place in the list and however specific the others are.
        if matching.all(|prefix| prefix.read_only) { Access::ReadOnly } else { Access::Full }
    }

    /// The path of a volume of the node, unless the volume is refused for its type already.
    fn path<'v>(&self, volume: &'v Volume<'_>, found: &Findings<'_>) -> Option<&'v str> {
        match &volume.source {
            Some(VolumeSource { detail: VolumeDetail::HostPath(path), .. })
                if self.types.allow(volume) || !found.denies("volumes") =>
            {
                Some(path)
            }
            _ => None,
        }
    }
}

impl Rule for HostPaths<'_> {
    fn is_about_volumes(&self) -> bool {
        true
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        for (index, volume) in pod.judged_volumes() {
            let Some(path) = self.path(volume, found) else { continue };
            let place = format_args!("spec.volumes[{index}].hostPath.path");
            if leads_up(path) {
                found.invalid(place, Quoted(path), "must not contain '..'");
            } else if self.access(path) == Access::None {
                found.invalid(place, Quoted(path), "is not allowed to be used");
            }
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        if self.prefixes.iter().all(|prefix| !prefix.read_only) {
            return;
        }
        for (index, mount) in container.volume_mounts.iter().enumerate().filter(|(_, mount)| !mount.read_only)
        {
            let mut named = pod.spec.volumes.iter().filter(|volume| volume.name == mount.name);
            let must_not_write = named.any(|volume| {
                self.path(volume, found).is_some_and(|path| self.access(path) == Access::ReadOnly)
            });
            if must_not_write {
                found.invalid(format_args!("volumeMounts[{index}].readOnly"), false, "must be read-only");
            }
        }
    }
}
