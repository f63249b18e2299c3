//! Review of the labels of a namespace.

use super::Evaluator;
use super::cluster::Identity;
use super::exemptions::{ExemptionSubject, holds, matches};
use super::response::Response;
use crate::json::edit::{Edit, Path, Step, graft};
use crate::json::{Quoted, Read, Reader, Text, Tree, joined, lookup};
use crate::request::Request;
use crate::rule::cut;
use crate::settings::namespace_labels::Mode;
use crate::settings::rule_names;
use crate::standards::{Level, Standard, Version};

/// The labels of one mode, as a namespace has them.
#[derive(PartialEq)]
struct Found<'a> {
    level: Option<Text<'a>>,
    version: Option<Text<'a>>,
}

/// The edits and problems of a namespace.
#[derive(Default)]
struct Verdict {
    edits: Vec<Edit<'static>>,
    problems: Vec<Problem>,
}

/// A problem of a label: the path and the text behind it, in writing.
struct Problem {
    text: String,
    /// The length of the path.
    path: usize,
}

impl Problem {
    fn new(label: &str, problem: std::fmt::Arguments<'_>) -> Self {
        let path = format!("metadata.labels[{label}]");
        Problem { text: cut(&format_args!("{path}: {problem}")), path: path.len() }
    }
}

fn label<'s>(namespace: &Tree<'s>, label: &str) -> Read<Option<Text<'s>>> {
    lookup::text(namespace.root(), &["metadata", "labels", label])
}

impl Verdict {
    fn fill(&mut self, label: &'static str, value: &str) {
        let path = Path::through(&[Step::Key("metadata"), Step::Key("labels")], Step::Key(label), &[]);
        self.edits.push(Edit { path, value: Quoted(value).to_string() });
    }

    /// Reports a violation: the value of a label, or its absence.
    fn object_to(&mut self, label: &str, value: Option<&str>, reason: &str) {
        let value =
            value.map_or("Required value".to_owned(), |value| format!("Invalid value: {}", Quoted(value)));
        self.problems.push(Problem::new(label, format_args!("{value}: {reason}")));
    }
}

impl<'s> Found<'s> {
    fn of(mode: &Mode, namespace: &Tree<'s>) -> Read<Self> {
        Ok(Found { level: label(namespace, mode.level)?, version: label(namespace, mode.version)? })
    }

    /// Checks the labels of a namespace; `old` are those that it has had.
    fn judge(&self, mode: &Mode, newest: u64, old: Option<&Found<'_>>, fills: bool, verdict: &mut Verdict) {
        if old == Some(self) {
            return;
        }
        let Mode { stated, .. } = *mode;
        let level_changed = old.is_none_or(|old| old.level != self.level);
        let version_changed = old.is_none_or(|old| old.version != self.version);
        let newest = Version::Latest(newest);
        let mut actual = Standard { level: stated.level, version: newest };
        match self.level.as_deref().map(|level| (level, level.parse())) {
            Some((_, Ok(level))) => actual.level = level,
            Some((level, Err(_))) if level_changed => {
                verdict.object_to(mode.level, Some(level), stricter(stated.level));
            }
            None if fills => {
                verdict.fill(mode.level, stated.level.name());
                if mode.has_version && self.version.is_none() {
                    verdict.fill(mode.version, &stated.version.to_string());
                }
            }
            None if level_changed => verdict.object_to(mode.level, None, stricter(stated.level)),
            // As before.
            Some(_) | None => {}
        }
        match self.version.as_deref().map(|version| (version, version.parse::<Version>())) {
            Some((_, Ok(version))) => actual.version = version.as_of(newest.minor()),
            // The level `privileged` demands nothing, so its version makes no difference.
            Some((version, Err(_))) if version_changed && stated.level > Level::Privileged => {
                let demanded = oldest(actual.level, stated);
                verdict.object_to(mode.version, Some(version), &format!("must be {demanded}"));
            }
            // Without the label, the configuration of Pod Security admission decides.
            None if version_changed && mode.has_version && old.is_some() => {
                let demanded = oldest(actual.level, stated);
                verdict.object_to(mode.version, None, &format!("must stay {demanded}"));
            }
            Some(_) | None => {}
        }
        let missing = actual.missing(stated);
        if missing.is_empty() {
            return;
        }
        let missing = joined(missing.iter().map(|check| check.id), ", ");
        let newest = Standard { version: newest, ..actual };
        if newest.missing(stated).is_empty() {
            let demanded = oldest(actual.level, stated);
            let reason = format!("lacks {missing} of \"{stated}\"; must be {demanded}");
            verdict.object_to(mode.version, self.version.as_deref(), &reason);
        } else if level_changed {
            let reason = format!("lacks {missing} of \"{stated}\"; {}", stricter(stated.level));
            verdict.object_to(mode.level, self.level.as_deref(), &reason);
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

/// The versions at which a level has all checks of the stated standard.
fn oldest(level: Level, stated: Standard) -> String {
    match level.max(stated.level).oldest_version_with(stated) {
        Version::Latest(_) => "\"latest\"".to_owned(),
        oldest @ Version::Minor(_) => format!("\"{oldest}\" or newer"),
    }
}

impl<'e> Evaluator<'e> {
    /// Checks the labels of a namespace.
    pub(crate) fn review_namespace(&self, request: &Request<'_>) -> Read<Response> {
        let Some(object) = request.object else { return Ok(Response::missing_object()) };
        let new: Tree<'_> = Reader::document(object)?;
        let mut old: Option<Tree<'_>> = None;
        if let ("UPDATE", Some(text)) = (&*request.operation, request.old_object) {
            old = Some(Reader::document(text).map_err(|error| error.in_path("oldObject"))?);
        }
        let fills = request.operation == "CREATE" && request.sub_resource.is_empty() && self.settings.mutate;
        let mut levels = Verdict::default();
        let newest = self.settings.minor;
        for mode in &self.settings.namespace_labels.modes {
            let before = old.as_ref().map(|old| Found::of(mode, old)).transpose()?;
            Found::of(mode, &new)?.judge(mode, newest, before.as_ref(), fills, &mut levels);
        }
        let mut guarded = Verdict::default();
        for name in &self.settings.namespace_labels.guard {
            let before = old.as_ref().map(|old| label(old, name)).transpose()?.flatten();
            if label(&new, name)? != before {
                let reason = "Forbidden: may be set, changed or removed only under an exemption from `namespaceLabels/guard`";
                guarded.problems.push(Problem::new(name, format_args!("{reason}")));
            }
        }
        let name = match &*request.name {
            "" => lookup::text(new.root(), &["metadata", "name"])?.unwrap_or_default(),
            name => name.into(),
        };
        let mut response = Response::accepted();
        self.exempt_namespace(request, &name, (&mut levels, &mut guarded), &mut response);
        let mut problems = levels.problems;
        problems.append(&mut guarded.problems);
        if let Some(first) = problems.first() {
            let reason = problems.iter().map(|problem| &*problem.text).collect::<Vec<_>>().join("; ");
            let (path, problem) = reason.split_at_checked(first.path).unwrap_or_default();
            response.set_cause(path, problem.strip_prefix(": ").unwrap_or(problem));
            response.rejection = Some(reason);
            return Ok(response);
        }
        response.edits = levels.edits;
        if !response.edits.is_empty() {
            response.mutated_object = Some(graft(object, &response.edits)?);
        }
        Ok(response)
    }

    /// Drops the rules that this namespace is exempt from, and names the exemptions that made a difference.
    fn exempt_namespace(
        &self,
        request: &Request<'_>,
        name: &str,
        (levels, guarded): (&mut Verdict, &mut Verdict),
        response: &mut Response,
    ) {
        let requester: Vec<_> = Identity::requesting_user(request).into_iter().collect();
        let subject = ExemptionSubject {
            namespace: name,
            users: &requester,
            service_account: None,
            runtime_class: None,
        };
        let (mut levels_exempt, mut guard_exempt) = (false, false);
        let concerns_levels = !levels.problems.is_empty() || !levels.edits.is_empty();
        let concerns_guard = !guarded.problems.is_empty();
        for exemption in &self.settings.exemptions {
            let frees_levels = concerns_levels && exemption.rules.has(rule_names::NAMESPACE_LABELS);
            let frees_guard = concerns_guard && exemption.rules.has(rule_names::NAMESPACE_GUARD);
            if !(frees_levels || frees_guard)
                || !exemption.frees_pod()
                || !matches(exemption, &subject)
                || !holds(exemption, self.cluster, response)
            {
                continue;
            }
            response.exemptions.push(exemption.name.to_string());
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
