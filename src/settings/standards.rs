//! The option `podSecurityStandards`: what Pod Security admission does with levels, beside or instead of policies.
//!
//! A pod must satisfy the `enforce` standard. `warn` tells the requesting user and `audit` the audit log what would be
//! violated. Workloads are never denied. Unless it is given, `warn` is what `enforce` is, as it is for a namespace with
//! that label alone: else nobody would be told that the pods of a workload cannot run.

use crate::json::{Quoted, Value};
use crate::schema::{Field, Path, Problems, Shape, doc_only};
use crate::standards::Standard;

/// The three modes of Pod Security admission.
pub(crate) const MODES: Shape = Shape::Object(&[
    Field {
        name: "enforce",
        shape: Shape::Text,
        doc: doc_only("What pods must satisfy: `baseline`, `restricted:v1.31`."),
    },
    Field {
        name: "warn",
        shape: Shape::Text,
        doc: doc_only("What the requesting user is warned of; unless given, `enforce`."),
    },
    Field {
        name: "audit",
        shape: Shape::Text,
        doc: doc_only("The standard whose violations the audit log records."),
    },
]);

pub(crate) const FIELD: Field = Field {
    name: "podSecurityStandards",
    shape: MODES,
    doc: doc_only(
        "Levels of the Pod Security Standards with their versions, together with policies or instead of them.",
    ),
};

/// Which standard is held up in which mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Modes {
    /// What pods must satisfy.
    pub enforce: Option<Standard>,
    /// What the requesting user is warned of.
    pub warn: Option<Standard>,
    /// The standard whose violations the audit log records.
    pub audit: Option<Standard>,
}

/// Reads the option, whose shape has been checked.
pub(crate) fn load(root: Value<'_, '_>, problems: &mut Problems) -> Modes {
    let Some(option) = root.get(FIELD.name) else { return Modes::default() };
    let at = Path::Key(&Path::Root, FIELD.name);
    let mut modes = load_modes(option, &at, problems);
    modes.warn = modes.warn.or(modes.enforce);
    modes
}

/// Reads an object of modes.
pub(crate) fn load_modes(option: Value<'_, '_>, at: &Path<'_>, problems: &mut Problems) -> Modes {
    let mut mode = |key| {
        let text = option.get(key)?.text()?;
        match text.parse() {
            Ok(standard) => Some(standard),
            Err(reason) => {
                let value = Quoted(&text);
                problems.add(Path::Key(at, key), format_args!("Invalid value: {value}: {reason}"));
                None
            }
        }
    };
    Modes { enforce: mode("enforce"), warn: mode("warn"), audit: mode("audit") }
}

impl Modes {
    /// Whether nothing is held up.
    pub fn is_none(&self) -> bool {
        *self == Modes::default()
    }
}
