//! The option `unknownFields`: what a field of a pod gets that this version does not know.
//!
//! A field that a newer Kubernetes brings is not judged by any rule. An API server that does not know a field drops it, so
//! that only a cluster newer than the policy sends one.

use crate::json::{Text, Value};
use crate::rule::Action;
use crate::rule::spec::texts;
use crate::schema::{Field, Path, Problems, Shape};
use crate::settings::enforcement;

const ACTION: Shape = Shape::OneOf(&["Ignore", "Warn", "Audit", "Deny"]);

pub(crate) const FIELD: Field = Field::new(
    "unknownFields",
    Shape::Either(
        &ACTION,
        &Shape::Object(&[
            Field::new("action", ACTION, "The action; `Ignore` unless given."),
            Field::new(
                "except",
                Shape::List(&Shape::Text),
                "Paths of fields that are ignored, from the pod: `spec.containers[*].securityContext.newField`.",
            ),
        ]),
    ),
    "Action for fields of pods that this version does not know: `Ignore`, `Warn`, `Audit` or `Deny`; or an object, to except some.",
);

/// The action for unknown fields.
#[derive(Debug)]
pub struct UnknownFields<'s> {
    /// The action.
    pub action: Action,
    /// The paths of fields that are ignored, with `[*]` for indexes.
    pub except: Vec<Text<'s>>,
}

/// Reads the option, whose shape has been checked; `None` if unknown fields are ignored.
pub(crate) fn load<'s>(option: Option<Value<'_, 's>>, problems: &mut Problems) -> Option<UnknownFields<'s>> {
    let option = option?;
    let action = if option.is_object() { option.get("action") } else { Some(option) };
    let except = option.get("except").map(texts).unwrap_or_default();
    for (index, path) in except.iter().enumerate().filter(|(_, path)| !path.starts_with("spec.")) {
        let at = Path::ROOT.key(FIELD.name);
        problems.invalid(at.key("except").index(index), path, "must be a path that starts with `spec.`");
    }
    let action = enforcement::action(action).filter(|action| *action != Action::Ignore)?;
    Some(UnknownFields { action, except })
}
