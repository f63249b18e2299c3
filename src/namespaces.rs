//! The option `namespaceLabels`: which labels namespaces must have for Pod Security admission, and which labels are guarded.
//!
//! A namespace that is created without a label gets it. One that is created with, or changed to, labels under which Pod
//! Security admission would leave out a check of what is stated is rejected. What else is changed, and what stays as weak
//! as it was, is not looked at. The API server keeps labels that are sent to the subresources `status` and `finalize`, so
//! that these are judged like updates.

use crate::answer::{Answer, joined};
use crate::cluster::{Cluster, Identity};
use crate::exemptions::Circumstances;
use crate::graft::{Edit, Path as JsonPath, Step, graft};
use crate::json::{Quoted, Read, Reader, Text};
use crate::lookup;
use crate::names::label_problem;
use crate::pod_security::load_modes;
use crate::prose::prose;
use crate::request::Request;
use crate::rule_ids;
use crate::settings::Settings;
use crate::shape::{Field, Path, Problems, Shape};
use crate::spec::texts;
use crate::standards::{Level, Standard, Version};
use crate::value::{Tree, Value};
use crate::violation::cut;

const GUARD: &str = "guard";

pub(crate) const FIELD: Field = Field {
    name: "namespaceLabels",
    shape: Shape::Object(&[
        Field {
            name: "enforce",
            shape: Shape::Text,
            doc: prose(
                "The level and version that `pod-security.kubernetes.io/enforce` may not fall short of: `baseline`, `restricted:v1.31`.",
            ),
        },
        Field {
            name: "warn",
            shape: Shape::Text,
            doc: prose(
                "The same for `pod-security.kubernetes.io/warn`, which rejects no pod; unless given, that label is free.",
            ),
        },
        Field {
            name: "audit",
            shape: Shape::Text,
            doc: prose(
                "The same for `pod-security.kubernetes.io/audit`, which rejects no pod; unless given, that label is free.",
            ),
        },
        Field {
            name: GUARD,
            shape: Shape::List(&Shape::Text),
            doc: prose(
                "Labels that may be set, changed or removed only under an exemption from `namespaceLabels/guard`.",
            ),
        },
    ]),
    doc: prose(
        "The labels for Pod Security admission that namespaces get and may not fall short of, and labels that are guarded.",
    ),
};

/// The labels of the modes of Pod Security admission.
const MODES: [(&str, &str, &str); 3] = [
    ("enforce", "pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/enforce-version"),
    ("warn", "pod-security.kubernetes.io/warn", "pod-security.kubernetes.io/warn-version"),
    ("audit", "pod-security.kubernetes.io/audit", "pod-security.kubernetes.io/audit-version"),
];

/// What is demanded of the labels of namespaces.
#[derive(Debug, Default)]
pub struct NamespaceLabels<'s> {
    modes: Vec<Mode>,
    guard: Vec<Text<'s>>,
}

/// What is demanded of one mode's labels.
#[derive(Debug)]
struct Mode {
    level: &'static str,
    version: &'static str,
    /// What is stated.
    stated: Standard,
    /// Whether the version is; without that label it is the newest one.
    has_version: bool,
}

/// The labels of one mode, as a namespace has them.
#[derive(PartialEq)]
struct Found<'a> {
    level: Option<Text<'a>>,
    version: Option<Text<'a>>,
}

/// What is to be said of a namespace.
#[derive(Default)]
struct Verdict {
    edits: Vec<Edit<'static>>,
    problems: Vec<String>,
}

impl NamespaceLabels<'_> {
    /// Whether nothing is demanded: the option is not set.
    pub fn is_empty(&self) -> bool {
        self.modes.is_empty() && self.guard.is_empty()
    }
}

/// Reads the option, whose shape has been checked.
pub(crate) fn load<'s>(root: Value<'_, 's>, problems: &mut Problems) -> NamespaceLabels<'s> {
    let Some(option) = root.get(FIELD.name) else { return NamespaceLabels::default() };
    let at = Path::Key(&Path::Root, FIELD.name);
    let stated = load_modes(option, &at, problems);
    let modes = MODES.into_iter().zip([stated.enforce, stated.warn, stated.audit]);
    let modes = modes.filter_map(|((mode, level, version), stated)| {
        let text = option.get(mode).and_then(Value::text);
        let has_version = text.is_some_and(|text| text.contains(':'));
        stated.map(|stated| Mode { level, version, stated, has_version })
    });
    let modes = modes.collect();
    let guard = option.get(GUARD).map(texts).unwrap_or_default();
    let guard_at = Path::Key(&at, GUARD);
    for (index, label) in guard.iter().enumerate() {
        if let Some(problem) = label_problem(label) {
            let label = Quoted(label);
            problems.add(Path::Index(&guard_at, index), format_args!("Invalid value: {label}: {problem}"));
        }
    }
    NamespaceLabels { modes, guard }
}

fn label<'s>(namespace: &Tree<'s>, label: &str) -> Read<Option<Text<'s>>> {
    lookup::text(namespace.root(), &["metadata", "labels", label])
}

impl Verdict {
    fn fill(&mut self, label: &'static str, value: &str) {
        let path = JsonPath::of(&[Step::Key("metadata"), Step::Key("labels")]).then(Step::Key(label), &[]);
        self.edits.push(Edit { path, value: Quoted(value).to_string() });
    }

    /// Objects to the value of a label, or to its absence.
    fn object_to(&mut self, label: &str, value: Option<&str>, reason: &str) {
        let value =
            value.map_or("Required value".to_owned(), |value| format!("Invalid value: {}", Quoted(value)));
        self.problems.push(cut(&format_args!("metadata.labels[{label}]: {value}: {reason}")));
    }
}

impl Mode {
    fn of<'s>(&self, namespace: &Tree<'s>) -> Read<Found<'s>> {
        Ok(Found { level: label(namespace, self.level)?, version: label(namespace, self.version)? })
    }

    /// Judges the labels of a namespace; `old` are those that it has had.
    fn judge(&self, new: &Found<'_>, old: Option<&Found<'_>>, fills: bool, verdict: &mut Verdict) {
        if old == Some(new) {
            return;
        }
        let Mode { stated, .. } = *self;
        let level_changed = old.is_none_or(|old| old.level != new.level);
        let version_changed = old.is_none_or(|old| old.version != new.version);
        let mut actual = Standard { level: stated.level, version: Version::Latest };
        match new.level.as_deref().map(|level| (level, level.parse())) {
            Some((_, Ok(level))) => actual.level = level,
            Some((level, Err(_))) if level_changed => {
                verdict.object_to(self.level, Some(level), stricter(stated.level));
            }
            None if fills => {
                verdict.fill(self.level, stated.level.name());
                if self.has_version && new.version.is_none() {
                    verdict.fill(self.version, &stated.version.to_string());
                }
            }
            None if level_changed => verdict.object_to(self.level, None, stricter(stated.level)),
            // As before.
            Some(_) | None => {}
        }
        match new.version.as_deref().map(|version| (version, version.parse())) {
            Some((_, Ok(version))) => actual.version = version,
            // The level that demands nothing has no use for its version.
            Some((version, Err(_))) if version_changed && stated.level > Level::Privileged => {
                let demanded = oldest(actual.level, stated);
                verdict.object_to(self.version, Some(version), &format!("must be {demanded}"));
            }
            // What counts without the label is up to the configuration of Pod Security admission.
            None if version_changed && self.has_version && old.is_some() => {
                let demanded = oldest(actual.level, stated);
                verdict.object_to(self.version, None, &format!("must stay {demanded}"));
            }
            Some(_) | None => {}
        }
        let missing = actual.missing(stated);
        if missing.is_empty() {
            return;
        }
        let missing = joined(&missing.iter().map(|check| check.id).collect::<Vec<_>>(), ", ");
        let newest = Standard { version: Version::Latest, ..actual };
        if newest.missing(stated).is_empty() {
            let demanded = oldest(actual.level, stated);
            let reason = format!("lacks {missing} of \"{stated}\"; must be {demanded}");
            verdict.object_to(self.version, new.version.as_deref(), &reason);
        } else if level_changed {
            let reason = format!("lacks {missing} of \"{stated}\"; {}", stricter(stated.level));
            verdict.object_to(self.level, new.level.as_deref(), &reason);
        }
    }
}

/// The levels that are at least as strict.
fn stricter(level: Level) -> &'static str {
    match level {
        Level::Restricted => "must be \"restricted\"",
        Level::Baseline => "must be \"baseline\" or \"restricted\"",
        Level::Privileged => "must be \"privileged\", \"baseline\" or \"restricted\"",
    }
}

/// The versions at which a level has all checks of what is stated.
fn oldest(level: Level, stated: Standard) -> String {
    match level.max(stated.level).oldest_version_with(stated) {
        Version::Latest => "\"latest\"".to_owned(),
        oldest @ Version::Minor(_) => format!("\"{oldest}\" or newer"),
    }
}

impl Settings<'_> {
    /// Judges the labels of a namespace.
    pub(crate) fn review_namespace(&self, request: &Request<'_>, cluster: &dyn Cluster) -> Read<Answer> {
        let Some(object) = request.object else { return Ok(Answer::missing_object()) };
        let new: Tree<'_> = Reader::document(object)?;
        let mut old: Option<Tree<'_>> = None;
        if let ("UPDATE", Some(text)) = (&*request.operation, request.old_object) {
            old = Some(Reader::document(text).map_err(|fault| fault.beneath("oldObject"))?);
        }
        let fills = request.operation == "CREATE" && request.sub_resource.is_empty() && self.mutate;
        let mut levels = Verdict::default();
        for mode in &self.namespace_labels.modes {
            let before = old.as_ref().map(|old| mode.of(old)).transpose()?;
            mode.judge(&mode.of(&new)?, before.as_ref(), fills, &mut levels);
        }
        let mut guarded = Verdict::default();
        for name in &self.namespace_labels.guard {
            let before = old.as_ref().map(|old| label(old, name)).transpose()?.flatten();
            if label(&new, name)? != before {
                let reason = "Forbidden: may be set, changed or removed only under an exemption from `namespaceLabels/guard`";
                guarded.problems.push(cut(&format_args!("metadata.labels[{name}]: {reason}")));
            }
        }
        let name = match &*request.name {
            "" => lookup::text(new.root(), &["metadata", "name"])?.unwrap_or_default(),
            name => name.into(),
        };
        let mut answer = Answer::accepted();
        self.excuse_namespace(request, &name, cluster, (&mut levels, &mut guarded), &mut answer);
        let mut problems = levels.problems;
        problems.append(&mut guarded.problems);
        if !problems.is_empty() {
            answer.rejection = Some(problems.join("; "));
            return Ok(answer);
        }
        answer.edits = levels.edits;
        if !answer.edits.is_empty() {
            answer.mutated_object = Some(graft(object, &answer.edits)?);
        }
        Ok(answer)
    }

    /// Drops what exemptions free this namespace from, and names those that made a difference.
    fn excuse_namespace(
        &self,
        request: &Request<'_>,
        name: &str,
        cluster: &dyn Cluster,
        (levels, guarded): (&mut Verdict, &mut Verdict),
        answer: &mut Answer,
    ) {
        let requester: Vec<_> = Identity::requesting_user(request).into_iter().collect();
        let circumstances =
            Circumstances { namespace: name, users: &requester, service_account: None, runtime_class: None };
        let (mut levels_exempt, mut guard_exempt) = (false, false);
        let concerns_levels = !levels.problems.is_empty() || !levels.edits.is_empty();
        let concerns_guard = !guarded.problems.is_empty();
        for exemption in &self.exemptions {
            let frees_levels = concerns_levels && exemption.rules.has(rule_ids::namespace_labels());
            let frees_guard = concerns_guard && exemption.rules.has(rule_ids::namespace_guard());
            if !(frees_levels || frees_guard)
                || !exemption.frees_pod()
                || !exemption.fits(&circumstances)
                || !exemption.holds(cluster, answer)
            {
                continue;
            }
            answer.exemptions.push(exemption.name.to_string());
            levels_exempt |= frees_levels;
            guard_exempt |= frees_guard;
        }
        if levels_exempt {
            *levels = Verdict::default();
        }
        if guard_exempt {
            *guarded = Verdict::default();
        }
    }
}

#[cfg(test)]
mod tests;
