//! The option `namespaceLabels`: which labels namespaces must have for Pod Security admission, and which labels are
//! guarded.
//!
//! A namespace that is created without a label gets it. One that is created with, or changed to, labels under which Pod
//! Security admission would leave out a check of the stated standard is rejected. Other changes, and labels that stay
//! as weak as before, are not reviewed. The API server keeps labels that are sent to the subresources `status` and
//! `finalize`, so these are reviewed like updates.

use crate::json::{Text, Value};
use crate::rule::spec::texts;
use crate::schema::names::label_problem;
use crate::schema::{Field, Path, Problems, Shape};
use crate::settings::standards::load_modes;
use crate::standards::Standard;

const GUARD: &str = "guard";

pub(crate) const FIELD: Field = Field::new(
    "namespaceLabels",
    Shape::Object(&[
        Field::new(
            "enforce",
            Shape::Text,
            "The level and version that `pod-security.kubernetes.io/enforce` may not fall short of: `baseline`, `restricted:v1.31`.",
        ),
        Field::new(
            "warn",
            Shape::Text,
            "The same for `pod-security.kubernetes.io/warn`, which rejects no pod; unless given, that label is free.",
        ),
        Field::new(
            "audit",
            Shape::Text,
            "The same for `pod-security.kubernetes.io/audit`, which rejects no pod; unless given, that label is free.",
        ),
        Field::new(
            GUARD,
            Shape::List(&Shape::Text),
            "Labels that may be set, changed or removed only under an exemption from `namespaceLabels/guard`.",
        ),
    ]),
    "The labels for Pod Security admission that namespaces get and may not fall short of, and labels that are guarded.",
);

/// The modes of Pod Security admission, each with the labels of its level and of its version.
pub const MODES: [(&str, &str, &str); 3] = [
    ("enforce", "pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/enforce-version"),
    ("warn", "pod-security.kubernetes.io/warn", "pod-security.kubernetes.io/warn-version"),
    ("audit", "pod-security.kubernetes.io/audit", "pod-security.kubernetes.io/audit-version"),
];

/// The demands on the labels of namespaces.
#[derive(Debug, Default)]
pub struct NamespaceLabels<'s> {
    pub(crate) modes: Vec<Mode>,
    pub(crate) guard: Vec<Text<'s>>,
}

/// The demands on one mode's labels.
#[derive(Debug)]
pub(crate) struct Mode {
    pub(crate) level: &'static str,
    pub(crate) version: &'static str,
    /// The stated standard.
    pub(crate) stated: Standard,
    /// Whether the version is stated; without that label it is the newest one.
    pub(crate) has_version: bool,
}

impl NamespaceLabels<'_> {
    /// Whether nothing is demanded: the option is not set.
    pub fn is_empty(&self) -> bool {
        self.modes.is_empty() && self.guard.is_empty()
    }
}

/// Reads the option, whose shape has been checked.
pub(crate) fn load<'s>(
    option: Option<Value<'_, 's>>,
    newest: u64,
    problems: &mut Problems,
) -> NamespaceLabels<'s> {
    let Some(option) = option else { return NamespaceLabels::default() };
    let at = Path::ROOT.key(FIELD.name);
    let stated = load_modes(option, newest, &at, problems);
    let modes = MODES.into_iter().zip([stated.enforce, stated.warn, stated.audit]);
    let modes = modes.filter_map(|((mode, level, version), stated)| {
        let has_version = option.get(mode)?.text()?.contains(':');
        Some(Mode { level, version, stated: stated?, has_version })
    });
    let guard = option.get(GUARD).map(texts).unwrap_or_default();
    let guard_at = at.key(GUARD);
    for (index, label) in guard.iter().enumerate() {
        if let Some(problem) = label_problem(label) {
            problems.invalid(guard_at.index(index), label, problem);
        }
    }
    NamespaceLabels { modes: modes.collect(), guard }
}
