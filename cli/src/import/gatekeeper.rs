//! Gatekeeper: the constraints of its library's pod security policies, and the mutators that go with them.
//!
//! A constraint names a template by its kind, and the template's code decides. The library's code is known, so its kinds
//! are read without their templates; where templates are part of the input, they must be ones that the library has
//! published.

mod config;
mod constraint;
mod demands;
mod enforcement;
mod globs;
mod images;
mod mutators;
mod parameters;
mod reading;
mod selection;
mod template;

use super::{Findings, Surroundings};
use crate::error::Error;
use crate::input::Object;

use config::Exclusions;
use reading::Read;
use template::Templates;

const CONSTRAINTS: &str = "constraints.gatekeeper.sh";
const MUTATIONS: &str = "mutations.gatekeeper.sh";

/// Whether an object is one that [`read`] accounts for.
pub(super) fn recognizes(object: &Object) -> bool {
    match object.group() {
        CONSTRAINTS => is_of_library(&object.kind),
        "templates.gatekeeper.sh" => template::kind(object).is_some_and(|kind| is_of_library(&kind)),
        "config.gatekeeper.sh" => object.kind == "Config",
        "expansion.gatekeeper.sh" => object.kind == "ExpansionTemplate",
        MUTATIONS => ["Assign", "AssignImage", "AssignMetadata", "ModifySet"].contains(&&*object.kind),
        _ => false,
    }
}

/// Whether a kind of constraints has a name as the library's have.
fn is_of_library(kind: &str) -> bool {
    kind.starts_with("K8sPSP")
}

/// Reads all objects of Gatekeeper: they depend on one another.
pub(super) fn read(objects: &[Object], around: &Surroundings) -> Findings {
    let mut findings = Findings::default();
    let (exclusions, read) = Exclusions::read(objects);
    let (templates, known) = Templates::read(objects);
    findings.left_alone.extend(read.into_iter().chain(known));
    for object in objects.iter().filter(|object| object.group() == CONSTRAINTS) {
        if let Some(edit) = templates.edited(&object.kind) {
            let reason = format_args!("{}: cannot be converted: {edit}", object.title());
            findings.refused.push(Error::at(object.start(), reason));
            continue;
        }
        match reading::read(object, &exclusions, around) {
            Ok(Read::Demands(mut pieces)) => {
                if let Some(piece) = pieces.first_mut().filter(|_| templates.is_older(&object.kind)) {
                    template::note_age(piece);
                }
                findings.pieces.extend(pieces);
            }
            Ok(Read::Nothing(reason)) => findings.left_alone.push((object.title(), reason)),
            Err(mut errors) => findings.refused.append(&mut errors),
        }
    }
    reading::note_windows(&mut findings.pieces);
    let of_mutators = objects.iter().filter(|object| object.group() == MUTATIONS);
    mutators::read(of_mutators, &exclusions, around, &mut findings);
    findings
}

#[cfg(test)]
mod tests;
