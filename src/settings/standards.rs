//! The option `podSecurityStandards`: the modes of Pod Security admission, in addition to or instead of policies.
//!
//! A pod must satisfy the `enforce` standard. `warn` reports violations to the requesting user and `audit` to the audit
//! log. Workloads are never denied. The default of `warn` is `enforce`, as for a namespace with that label alone:
//! otherwise nothing would report that the pods of a workload cannot run.

use crate::json::Value;
use crate::schema::{Field, Path, Problems, Shape};
use crate::standards::Standard;

pub(crate) const FIELD: Field = Field::new(
    "podSecurityStandards",
    Shape::Object(&[
        Field::new("enforce", Shape::Text, "What pods must satisfy: `baseline`, `restricted:v1.31`."),
        Field::new("warn", Shape::Text, "What the requesting user is warned of; unless given, `enforce`."),
        Field::new("audit", Shape::Text, "The standard whose violations the audit log records."),
    ]),
    "Levels of the Pod Security Standards with their versions, together with policies or instead of them.",
);

/// The standard of each mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Modes {
    /// The standard that pods must satisfy.
    pub enforce: Option<Standard>,
    /// The standard whose violations warn the requesting user.
    pub warn: Option<Standard>,
    /// The standard whose violations the audit log records.
    pub audit: Option<Standard>,
}

/// Reads the option, whose shape has been checked.
pub(crate) fn load(option: Option<Value<'_, '_>>, newest: u64, problems: &mut Problems) -> Modes {
    let Some(option) = option else { return Modes::default() };
    let at = Path::ROOT.key(FIELD.name);
    let mut modes = load_modes(option, newest, &at, problems);
    modes.warn = modes.warn.or(modes.enforce);
    modes
}

/// Reads an object of modes, where `latest` stands for the minor version `newest`.
pub(crate) fn load_modes(
    option: Value<'_, '_>,
    newest: u64,
    at: &Path<'_>,
    problems: &mut Problems,
) -> Modes {
    let mut mode = |key| {
        let text = option.get(key)?.text()?;
        let standard: Result<Standard, _> = text.parse();
        let standard = standard.map_err(|reason| problems.invalid(at.key(key), &text, reason)).ok()?;
        Some(Standard { version: standard.version.as_of(newest), ..standard })
    };
    Modes { enforce: mode("enforce"), warn: mode("warn"), audit: mode("audit") }
}

impl Modes {
    /// Whether no standard is set.
    pub fn is_none(&self) -> bool {
        *self == Modes::default()
    }
}
