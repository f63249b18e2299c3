//! Mutators: where they fill in what pods leave open, settings have a default.
//!
//! Most defaults of settings belong to a demand: a user is filled in because one is demanded. So a mutator becomes the
//! default of the constraint that demands the field of the same pods. Two fields have defaults without a demand.

mod demand;
mod location;

use serde_json::Value;

use super::config::{Exclusions, Process};
use super::selection::{Selected, Selection, read as read_selection};
use crate::error::Error;
use crate::import::piece::Piece;
use crate::import::{Findings, Surroundings};
use crate::input::Object;

use demand::{selects_the_same, with_default};
use location::{FIELDS, field, fills_in};

const SECCOMP_DEFAULT: &str = "seccomp.security.alpha.kubernetes.io/defaultProfileName";

/// What becomes of a mutator.
enum Outcome {
    /// A piece that fills in a default.
    Piece(Box<Piece>),
    /// It is not converted by itself, and why.
    LeftAlone(String),
    Refused(String),
}

/// Reads mutators, after the constraints.
pub(super) fn read<'o>(
    objects: impl Iterator<Item = &'o Object>,
    exclusions: &Exclusions,
    around: &Surroundings,
    findings: &mut Findings,
) {
    for object in objects {
        let outcome = match read_selection(object, Process::Mutation, exclusions, around) {
            Err(mut errors) => {
                findings.refused.append(&mut errors);
                continue;
            }
            Ok(Selected::None(reason)) => Outcome::LeftAlone(reason),
            Ok(Selected::Pods(_)) if !applies_to_pods(object) => {
                Outcome::LeftAlone("it applies to no pods".to_owned())
            }
            Ok(Selected::Pods(selection)) => Mutator { object, selection }.read(&mut findings.pieces),
        };
        match outcome {
            Outcome::Piece(piece) => findings.pieces.push(*piece),
            Outcome::LeftAlone(reason) => findings.left_alone.push((object.title(), reason)),
            Outcome::Refused(reason) => {
                let text = format_args!("{}: cannot be converted: {reason}", object.title());
                findings.refused.push(Error::at(object.place("spec.location"), text));
            }
        }
    }
}

fn applies_to_pods(object: &Object) -> bool {
    let value = object.value();
    // Metadata of every kind is changed unless `match` says otherwise.
    let Some(list) = value.pointer("/spec/applyTo").and_then(Value::as_array) else { return true };
    list.iter().any(|entry| {
        let kinds = entry.get("kinds").and_then(Value::as_array).into_iter().flatten();
        kinds.filter_map(Value::as_str).any(|kind| kind == "Pod" || kind == "*")
    })
}

struct Mutator<'o> {
    object: &'o Object,
    selection: Selection,
}

impl Mutator<'_> {
    fn read(&self, pieces: &mut [Piece]) -> Outcome {
        let nothing = "PodSecurityPolicy has no field for what it sets";
        if matches!(&*self.object.kind, "AssignMetadata" | "AssignImage") {
            return Outcome::LeftAlone(nothing.to_owned());
        }
        let spec = self.object.value();
        let location = spec.pointer("/spec/location").and_then(Value::as_str).unwrap_or_default();
        let Some((field, only)) = field(location) else { return Outcome::LeftAlone(nothing.to_owned()) };
        if !FIELDS.contains(&field) {
            return Outcome::LeftAlone(nothing.to_owned());
        }
        if only.as_deref().is_some_and(|name| name != "*") {
            let reason = "a default is for all containers, not for those of one name";
            return Outcome::Refused(reason.to_owned());
        }
        if self.object.kind == "ModifySet" {
            return self.modified(field, &spec);
        }
        if field.starts_with("capabilities") {
            return Outcome::Refused(
                "it replaces the capabilities of containers; ModifySet, which adds to them, has a counterpart".to_owned(),
            );
        }
        if !fills_in(&spec, location) {
            return Outcome::Refused(
                "it overwrites what pods set, which settings never do: add a path test with MustNotExist for its location".to_owned(),
            );
        }
        let Some(value) = spec.pointer("/spec/parameters/assign/value") else {
            return Outcome::Refused("it sets no constant value".to_owned());
        };
        match (field, value) {
            ("allowPrivilegeEscalation", Value::Bool(_)) => {
                let mut piece = self.piece();
                piece.set("defaultAllowPrivilegeEscalation", value.clone());
                Outcome::Piece(Box::new(piece))
            }
            ("seccompProfile", value) => self.seccomp(value, location),
            _ => self.default_of_a_demand(field, value, pieces),
        }
    }

    fn piece(&self) -> Piece {
        let mut piece = Piece::new(self.object, self.selection.reach.clone());
        piece.writes = true;
        piece.differs(
            "spec.location",
            "the containers of one list were changed",
            "regular, init and ephemeral containers get the default",
            "a default is for all containers",
        );
        piece
    }

    fn modified(&self, field: &str, spec: &Value) -> Outcome {
        let parameters = spec.pointer("/spec/parameters").unwrap_or(&Value::Null);
        let list = parameters.pointer("/values/fromList").and_then(Value::as_array);
        let merges =
            parameters.get("operation").and_then(Value::as_str).is_none_or(|operation| operation == "merge");
        let Some(list) = list.filter(|_| merges) else {
            return Outcome::Refused("it takes values away, which settings never do".to_owned());
        };
        let mut piece = self.piece();
        match field {
            "capabilities.add" => {
                piece.set("defaultAddCapabilities", list.clone());
                piece.differs(
                    "spec.parameters.values",
                    "capabilities were added even where a container drops them",
                    "they are not added there",
                    "PodSecurityPolicy respects what a container drops",
                );
            }
            "capabilities.drop" => {
                piece.set("requiredDropCapabilities", list.clone());
                piece.differs(
                    "spec.parameters.values",
                    "capabilities were dropped even where a container drops `ALL`",
                    "nothing is added there",
                    "nothing is left to be dropped",
                );
            }
            _ => return Outcome::Refused("it adds to a list that has no default in settings".to_owned()),
        }
        Outcome::Piece(Box::new(piece))
    }

    fn seccomp(&self, value: &Value, location: &str) -> Outcome {
        let text = |key| value.get(key).and_then(Value::as_str).unwrap_or_default();
        let name = match (text("type"), text("localhostProfile")) {
            ("RuntimeDefault", "") => "runtime/default".to_owned(),
            ("Unconfined", "") => "unconfined".to_owned(),
            ("Localhost", file) if !file.is_empty() => format!("localhost/{file}"),
            _ => return Outcome::Refused("it sets what is not a seccomp profile".to_owned()),
        };
        let mut piece = Piece::new(self.object, self.selection.reach.clone());
        piece.writes = true;
        piece.annotate(SECCOMP_DEFAULT, name);
        if location.starts_with("spec.securityContext") {
            piece.differs(
                "spec.location",
                "the profile was set for the pod even where each container has one",
                "it is not set there",
                "no container would inherit it",
            );
        } else {
            piece.differs(
                "spec.location",
                "the profile was set for each container",
                "it is set for the pod",
                "containers inherit it",
            );
        }
        Outcome::Piece(Box::new(piece))
    }

    /// Makes the value the default of the piece that demands the field of the same pods.
    fn default_of_a_demand(&self, field: &str, value: &Value, pieces: &mut [Piece]) -> Outcome {
        let reach = &self.selection.reach;
        let piece = pieces.iter_mut().find(|piece| {
            selects_the_same(&piece.reach, reach)
                && piece.spec.len() == 1
                && with_default(piece, field, value).is_some()
        });
        let Some(piece) = piece else {
            return Outcome::Refused(format!(
                "settings fill in `{field}` only where they demand it, and no constraint of the input demands of the same pods what this value satisfies"
            ));
        };
        if let Some((of, demand)) = with_default(piece, field, value) {
            piece.set(of, demand);
        }
        piece.writes = true;
        Outcome::LeftAlone(format!("its value is the default of {}", piece.title))
    }
}

#[cfg(test)]
mod tests;
