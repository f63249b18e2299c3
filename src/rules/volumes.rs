//! The types of volumes that pods may mount: some reach into the node, some carry credentials.

use crate::json::Quoted;
use crate::pod::{Origin, Pod, Volume};
use crate::rule::{Entry, Rule};
use crate::shape::Shape;
use crate::spec::Spec;
use crate::violation::Findings;
use crate::volume_types::{TYPES, VolumeTypes, type_of};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "volumes",
    purpose: "The types of volumes that pods may have; `*` is every type.",
    shape: Some(Shape::List(&Shape::OneOf(TYPES))),
    annotations: &[],
    pod_fields: "`volumes[*]`",
    mutates: "nothing",
    default: "none: no volume is allowed",
    load,
}];

/// Refuses volumes of types that are not listed.
#[derive(Debug)]
struct Volumes<'s>(VolumeTypes<'s>);

fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    Some(Box::new(Volumes(VolumeTypes::load(spec))))
}

impl Rule for Volumes<'_> {
    fn is_about_volumes(&self) -> bool {
        true
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        for (index, volume) in pod.judged_volumes() {
            if let Some(second) = &volume.second_source {
                let path = format_args!("spec.volumes[{index}]");
                found.invalid(path, Quoted(second), "may not specify more than 1 volume type");
            } else if !self.0.allow(volume) {
                object(index, volume, found);
            }
        }
    }
}

fn object(index: usize, volume: &Volume<'_>, found: &mut Findings<'_>) {
    let key = volume.source.as_ref().map_or("emptyDir", |source| &source.key);
    let name = type_of(key).unwrap_or(key);
    let detail = format_args!("{name} volumes are not allowed to be used");
    match &volume.origin {
        Origin::Written => found.invalid(format_args!("spec.volumes[{index}]"), Quoted(name), detail),
        Origin::Token => found.invalid(
            "spec.automountServiceAccountToken",
            true,
            format_args!("{detail}, and one carries the service account's token; allow `projected` or `secret`, or set this to false"),
        ),
        Origin::Claim(path) => found.invalid_elsewhere(path, Quoted(name), detail),
    }
}
