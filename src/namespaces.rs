//! The option `namespaceLabels`: how weak the labels of namespaces for Pod Security admission may be.
//!
//! A namespace that is created without a label gets it. One that is created with, or changed to, a weaker level or an
//! older version than stated is rejected. What else is changed, and what stays as weak as it was, is not looked at.

use crate::answer::Answer;
use crate::graft::{Edit, Step, graft};
use crate::json::{Quoted, Read, Reader, Text};
use crate::lookup;
use crate::pod_security::{MODES, load_modes};
use crate::prose::prose;
use crate::request::Request;
use crate::settings::Settings;
use crate::shape::{Field, Path, Problems};
use crate::standards::{Level, Standard, Version};
use crate::value::{Tree, Value};
use crate::violation::cut;

pub(crate) const FIELD: Field = Field {
    name: "namespaceLabels",
    shape: MODES,
    doc: prose("The labels for Pod Security admission that namespaces get, and may not fall short of."),
};

/// One mode's labels.
#[derive(Debug)]
pub struct Labels {
    level: &'static str,
    version: &'static str,
    /// What is stated.
    stated: Standard,
    /// Whether the version is; without that label it is the newest one.
    has_version: bool,
}

/// Reads the option, whose shape has been checked.
pub(crate) fn load(root: Value<'_, '_>, problems: &mut Problems) -> Vec<Labels> {
    let Some(option) = root.get(FIELD.name) else { return Vec::new() };
    let modes = load_modes(option, &Path::Key(&Path::Root, FIELD.name), problems);
    let labels = |mode, level, version, stated: Option<Standard>| {
        let text = option.get(mode).and_then(Value::text);
        let has_version = text.is_some_and(|text| text.contains(':'));
        stated.map(|stated| Labels { level, version, stated, has_version })
    };
    let [enforce, warn, audit] = [
        labels(
            "enforce",
            "pod-security.kubernetes.io/enforce",
            "pod-security.kubernetes.io/enforce-version",
            modes.enforce,
        ),
        labels(
            "warn",
            "pod-security.kubernetes.io/warn",
            "pod-security.kubernetes.io/warn-version",
            modes.warn,
        ),
        labels(
            "audit",
            "pod-security.kubernetes.io/audit",
            "pod-security.kubernetes.io/audit-version",
            modes.audit,
        ),
    ];
    [enforce, warn, audit].into_iter().flatten().collect()
}

fn label<'s>(namespace: &Tree<'s>, label: &str) -> Read<Option<Text<'s>>> {
    lookup::text(namespace.root(), &["metadata", "labels", label])
}

impl Settings<'_> {
    /// Judges the labels of a namespace.
    pub(crate) fn review_namespace(&self, request: &Request<'_>) -> Read<Answer> {
        let Some(object) = request.object else { return Ok(Answer::missing_object()) };
        let new: Tree<'_> = Reader::document(object)?;
        let mut old: Option<Tree<'_>> = None;
        if let ("UPDATE", Some(text)) = (&*request.operation, request.old_object) {
            old = Some(Reader::document(text).map_err(|fault| fault.beneath("oldObject"))?);
        }
        let fills = request.operation == "CREATE" && self.mutate;
        let mut problems = Vec::new();
        let mut edits = Vec::new();
        for Labels { level, version, stated, has_version } in &self.namespace_labels {
            let (new_level, new_version) = (label(&new, level)?, label(&new, version)?);
            let (mut level_changed, mut version_changed) = (true, true);
            if let Some(old) = &old {
                level_changed = label(old, level)? != new_level;
                version_changed = label(old, version)? != new_version;
            }
            let mut object_to = |label: &str, value: Option<&str>, reason: &str| {
                let value = value
                    .map_or("Required value".to_owned(), |value| format!("Invalid value: {}", Quoted(value)));
                problems.push(cut(&format_args!("metadata.labels[{label}]: {value}: {reason}")));
            };
            let mut fill = |label, value: &str| {
                let path = vec![Step::Key("metadata"), Step::Key("labels"), Step::Key(label)];
                edits.push(Edit { path, value: Quoted(value).to_string() });
            };
            let actual = new_level.as_deref().and_then(|level| level.parse().ok());
            let fits = actual.is_some_and(|actual: Level| actual >= stated.level);
            if new_level.is_none() && fills {
                fill(level, stated.level.name());
                if *has_version && new_version.is_none() {
                    fill(version, &stated.version.to_string());
                }
            } else if level_changed && !fits {
                let demanded = match stated.level {
                    Level::Restricted => "must be \"restricted\"",
                    Level::Baseline => "must be \"baseline\" or \"restricted\"",
                    Level::Privileged => "must be \"privileged\", \"baseline\" or \"restricted\"",
                };
                object_to(level, new_level.as_deref(), demanded);
            }
            // Without this label the version is the newest one, and at the level that demands nothing it is idle.
            let Some(actual) = new_version.filter(|_| stated.level > Level::Privileged) else { continue };
            if version_changed && !actual.parse().is_ok_and(|actual: Version| actual >= stated.version) {
                let or_newer = if stated.version == Version::Latest { "" } else { " or newer" };
                object_to(version, Some(&actual), &format!("must be \"{}\"{or_newer}", stated.version));
            }
        }
        if !problems.is_empty() {
            return Ok(Answer::rejected(problems.join("; ")));
        }
        let mut answer = Answer { edits, ..Answer::accepted() };
        if !answer.edits.is_empty() {
            answer.mutated_object = Some(graft(object, &answer.edits)?);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
