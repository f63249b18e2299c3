//! Policies and registrations alone: what the module refuses, what cannot work in a cluster, and what is unwise.
//!
//! ```
//! use kubectl_psp::input::Text;
//! use kubectl_psp::lint::{Level, lint};
//! use kubectl_psp::policies::Modules;
//!
//! let settings = "privilegd: true\nrunAsUser: {rule: RunAsAny}\nseLinux: {rule: RunAsAny}\n\
//!     supplementalGroups: {rule: RunAsAny}\nfsGroup: {rule: RunAsAny}\n";
//! let settings = Text::new("settings.yaml", settings.to_owned()).read_all().unwrap();
//!
//! let linted = lint(&settings, &Modules::default());
//! let finding = linted.findings.iter().find(|finding| finding.level == Level::Error).unwrap();
//! assert_eq!((&*finding.path, finding.line), ("privilegd", 1));
//! ```

mod finding;
mod pair;
mod registration;
mod report;
mod versions;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::input::Object;
use crate::policies::{self, KUBEWARDEN, Misfit, Modules};
use crate::rbac::is_rbac;

pub use finding::{Finding, Level, Summary};
pub use report::Format;

/// The result of a lint.
#[derive(Debug, Default, serde::Serialize)]
pub struct Linted {
    /// How many there are.
    pub summary: Summary,
    /// The findings: by object, in the order of the input.
    pub findings: Vec<Finding>,
    /// Objects that are neither policies, nor settings, nor registrations of this module.
    #[serde(skip)]
    pub skipped: Vec<String>,
    /// The files that have been read, for formats that list what is right as well.
    #[serde(skip)]
    files: Vec<PathBuf>,
}

/// Lints policies, settings and registrations. `PodSecurityPolicies` are loaded together, as in one list.
pub fn lint(objects: &[Object], modules: &Modules) -> Linted {
    let mut linted = Linted::default();
    let mut manifests: Vec<Object> = Vec::new();
    let mut registrations: Vec<&Object> = Vec::new();
    for object in objects {
        let file = PathBuf::from(&*object.start().file);
        if !linted.files.contains(&file) {
            linted.files.push(file);
        }
        let warnings = object.warnings().into_iter();
        linted.findings.extend(warnings.map(|text| Finding::new(object, Level::Warning, "input", "", text)));
        match &*object.kind {
            "PodSecurityPolicy" if !policies::has_options(object) => {
                linted.summary.policies += 1;
                manifests.push(object.clone());
                continue;
            }
            "" | "PodSecurityPolicy" => {
                linted.summary.settings += 1;
                linted.findings.extend(refused(object, &object.json, ""));
            }
            "ClusterAdmissionPolicy" | "AdmissionPolicy" if modules.are_ours(object) => {
                linted.summary.registrations += 1;
                let settings = object.value().pointer("/spec/settings").cloned().unwrap_or_default();
                linted.findings.extend(refused(object, &settings.to_string(), "spec.settings"));
                linted.findings.extend(registration::findings(object));
                registrations.push(object);
            }
            _ => {
                linted.skip(object);
                continue;
            }
        }
        linted.advise(object, &registrations);
    }
    linted.judge_manifests(&manifests);
    linted.findings.extend(pair::findings(&registrations));
    linted.conclude(objects)
}

impl Linted {
    fn skip(&mut self, object: &Object) {
        self.summary.skipped += 1;
        self.skipped.push(match object.group() {
            KUBEWARDEN => {
                let named = policies::other(object);
                format!("{named} is skipped: it registers no policy of this module; --module names the module if it has another name")
            }
            _ if is_rbac(object) => format!("{} is skipped: `check --rbac` reads grants", object.title()),
            _ => format!("{} is skipped: it holds no policy", object.title()),
        });
    }

    /// Advice about legal but unwise settings; of the halves of a pair, which have the same, once.
    fn advise(&mut self, object: &Object, registrations: &[&Object]) {
        let own = policies::settings_without_mutate(object);
        let others = registrations.iter().filter(|other| other.start() != object.start());
        if others.into_iter().any(|other| policies::settings_without_mutate(other) == own) {
            return;
        }
        for advice in policies::lint(object) {
            let level = if advice.about.is_serious { Level::Warning } else { Level::Note };
            let entry = &advice.about.entry;
            let entry = if entry.is_empty() { String::new() } else { format!("`{entry}` ") };
            let problem = format!("{entry}{}", advice.about.text);
            let found = Finding::new(object, level, "advice", &advice.field, problem);
            self.findings.push(Finding { line: advice.place.line, column: advice.place.column, ..found });
        }
        let value = object.value();
        let (settings, at) = match value.pointer("/spec/settings") {
            Some(settings) => (settings.to_string(), "spec.settings."),
            None => (object.json.clone(), ""),
        };
        if let Ok(settings) = policies::parse(settings) {
            self.findings.extend(versions::findings(object, &settings, at));
        }
    }

    /// What the module would refuse in a list of these policies.
    fn judge_manifests(&mut self, manifests: &[Object]) {
        let values: Vec<Value> = manifests.iter().map(Object::value).collect();
        let misfits = if manifests.is_empty() { Vec::new() } else { policies::misfits(manifests, &values) };
        for Misfit { nth, path, reason, error, .. } in misfits {
            let Some(object) = nth.or(Some(0)).and_then(|nth| manifests.get(nth)) else { continue };
            let mut found = Finding::new(object, Level::Error, "settings", &path, reason);
            found.help = error.remedy;
            self.findings.push(found);
        }
        for manifest in manifests {
            self.advise(manifest, &[]);
        }
    }

    /// Sorts findings by object, errors first, and counts them.
    fn conclude(mut self, objects: &[Object]) -> Self {
        let starts: Vec<_> = objects.iter().map(Object::start).collect();
        let nth = |found: &Finding| {
            starts.iter().position(|start| *start.file == *found.file && start.line == found.start)
        };
        self.findings.sort_by_key(|found| (nth(found), found.level, found.line, found.column));
        for found in &self.findings {
            *match found.level {
                Level::Error => &mut self.summary.errors,
                Level::Warning => &mut self.summary.warnings,
                Level::Note => &mut self.summary.notes,
            } += 1;
        }
        self
    }
}

/// What the module refuses in settings that stand at a path of an object.
fn refused(object: &Object, settings: &str, at: &str) -> Vec<Finding> {
    let Err(problems) = policies::parse(settings.to_owned()) else { return Vec::new() };
    let finding = |problem: &pod_security_policy::schema::Problem| {
        let path = match (at, &*problem.path) {
            ("", path) => path.to_owned(),
            (at, "") => at.to_owned(),
            (at, path) => format!("{at}.{path}"),
        };
        Finding::new(object, Level::Error, "settings", &path, problem.reason.clone())
    };
    problems.0.iter().map(finding).collect()
}

/// A value in messages, which are lines.
fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "unset".to_owned(), |value| json!(value).to_string())
}

#[cfg(test)]
mod tests;
