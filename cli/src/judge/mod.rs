//! An object before policies: what check, explain and suggest look at.

mod asker;
mod makers;
mod objections;
mod passage;
mod pods;
mod sent;
mod standard;
mod templates;
#[cfg(test)]
mod tests;
mod verdict;

use pod_security_policy::admission::{Opinion, Report};
use pod_security_policy::settings::Settings;

use crate::input::Object;
use crate::policies::{Judge, Policies, Registration};
use asker::is_workload;
use objections::Objections;
use standard::hold_to_standard;

pub(crate) use asker::{Asker, doubt, is_judged};
pub(crate) use makers::{Admission, Usage, admission, usage, with_implied};
pub(crate) use objections::{rule_of, unreadable};
pub(crate) use passage::{Asked, Passage};
pub(crate) use pods::pods;
pub(crate) use sent::Sent;
pub(crate) use standard::{Failing, blamed, failures};
#[cfg(test)]
pub(crate) use verdict::Change;
pub(crate) use verdict::{Before, Finding, Judged, Verdict};

/// Judges the creation of an object: by what fills in first, then by what only judges.
pub(crate) fn judge(policies: &Policies, object: &Object, asker: &Asker) -> Judged {
    let mut bench = Bench {
        object,
        asker,
        passage: Passage::new(policies, object, asker, &object.json),
        judged: Judged::new(object, asker.namespace_of(object)),
        refused: false,
    };
    bench.judged.warnings = object.warnings();
    let mut asked = false;
    for registration in &policies.registrations {
        let about = bench.passage.asks(registration);
        asked |= about != Asked::Nothing;
        if bench.passage.is_doubtful(registration) {
            let (name, kind) = (&registration.name, &object.kind);
            bench.warn(format!("{name}: without a cluster nobody knows whether its rules name the resource of {kind}, and they count as if they did"));
        }
        match (&registration.judge, about) {
            (_, Asked::Nothing) => {}
            (Judge::Standard(standard), _) => {
                let json = bench.passage.pods_to_come();
                let before = bench.judged.violations.len();
                hold_to_standard(*standard, registration, object, &json, &mut bench.judged);
                bench.refused |= bench.judged.violations.len() > before;
            }
            (Judge::Settings(settings), _) if is_workload(object, settings) => {
                bench.workload(registration, settings, about);
            }
            (Judge::Settings(settings), _) => bench.object(registration, settings),
        }
    }
    if !asked {
        bench.judged.warnings.push("none of the policies is asked about it".to_owned());
    }
    bench.conclude()
}

/// Where an object is judged.
struct Bench<'b> {
    object: &'b Object,
    asker: &'b Asker,
    passage: Passage<'b>,
    judged: Judged,
    /// Whether the object itself is refused, or fails a standard, of which everybody knows that it looks at pods alone.
    refused: bool,
}

impl Bench<'_> {
    /// Judges what is sent: a pod, a Namespace, a PersistentVolume.
    fn object(&mut self, registration: &Registration, settings: &Settings<'_>) {
        let mut answer = self.passage.review(settings);
        self.judged.warnings.append(&mut answer.warnings);
        if let Some(reason) = answer.rejection.take() {
            let reports = self.passage.report(settings).unwrap_or_default();
            let json = &self.passage.sent.json;
            let objections = Objections { settings, registration, object: self.object, json };
            objections.of_pod(&reports, &reason, &mut self.judged);
            if self.asker.is_unknown(self.object) && reports.iter().any(turns_on_grants) {
                self.warn("who creates the pod is not known, and might be granted more than its service account: name the user with --as".to_owned());
            }
            self.refused = true;
            return;
        }
        self.judged.policy = self.judged.policy.take().or_else(|| answer.policy.take());
        self.judged.note("", &answer.edits);
        self.passage.take(answer);
    }

    /// Judges the pods that will be made from a workload, whatever becomes of the workload itself.
    fn workload(&mut self, registration: &Registration, settings: &Settings<'_>, about: Asked) {
        let mut rejection = None;
        if about == Asked::Itself {
            let answer = self.passage.review(settings);
            let reports = self.passage.report(settings).unwrap_or_default();
            let told = |warning: &String| {
                let is_missing = |report: &Report| report.missing_grant.as_ref() == Some(warning);
                is_told_of_pods(warning, &self.object.kind, settings) || reports.iter().any(is_missing)
            };
            self.judged.warnings.extend(answer.warnings.into_iter().filter(|warning| !told(warning)));
            rejection = answer.rejection;
        }
        let before = self.judged.violations.len();
        let json = self.passage.sent.json.clone();
        let objections = Objections { settings, registration, object: self.object, json: &json };
        match self.passage.report(settings) {
            Ok(reports) => reports.iter().for_each(|report| self.template(report, &objections)),
            Err(fault) => objections.unreadable(&fault.to_string(), &mut self.judged),
        }
        if let Some(reason) = rejection {
            self.refused = true;
            if self.judged.violations.len() == before {
                objections.unreadable(&reason, &mut self.judged);
            }
        }
    }

    fn template(&mut self, report: &Report, objections: &Objections<'_>) {
        objections.of_standard(report, &mut self.judged);
        if report.opinions.is_empty() {
            return;
        }
        let namespace = self.judged.namespace.clone();
        let account = report.service_account.as_deref().unwrap_or("default");
        let usable = |opinion: &Opinion| opinion.granted == Ok(true);
        match admission(report) {
            Admission::Granted(winner) => {
                self.judged.policy.get_or_insert_with(|| winner.policy.clone());
            }
            Admission::Unknown(winner, sentence) => {
                self.judged.policy.get_or_insert_with(|| winner.policy.clone());
                self.warn(sentence.to_owned());
            }
            Admission::Ungranted(_, sentence) => {
                objections.unauthorized(report, sentence.to_owned(), &mut self.judged);
                objections.of_policies(report, usable, &mut self.judged);
            }
            Admission::None => {
                let some = report.opinions.iter().any(usable);
                if !some {
                    let problem =
                        format!("service account {namespace}/{account} may use none of the policies");
                    objections.unauthorized(report, problem, &mut self.judged);
                }
                objections.of_policies(report, |opinion| !some || usable(opinion), &mut self.judged);
            }
        }
        let edits = self.passage.foresee(report);
        self.judged.note(&report.root, &edits);
    }

    fn warn(&mut self, warning: String) {
        if !self.judged.warnings.contains(&warning) {
            self.judged.warnings.push(warning);
        }
    }

    fn conclude(self) -> Judged {
        let Bench { object, passage, mut judged, refused, .. } = self;
        for found in &mut judged.violations {
            let (path, problem) = passage.sent.told(&found.path, &found.problem);
            let place = object.place(&path);
            *found = Finding { path, problem, line: place.line, column: place.column, ..found.clone() };
        }
        judged.conclude();
        if judged.verdict == Verdict::Rejected && !refused {
            judged
                .warnings
                .push(format!("the {} itself is admitted: its pods are what is rejected", object.kind));
        }
        judged
    }
}

/// Whether a pod that is refused might be admitted if more were granted.
fn turns_on_grants(report: &Report) -> bool {
    let mut ungranted = report.opinions.iter().filter(|opinion| opinion.granted != Ok(true));
    report.winner.is_none() && ungranted.any(|opinion| opinion.denials == 0)
}

/// Whether a warning about a workload says what is found in its pods.
fn is_told_of_pods(warning: &str, kind: &str, settings: &Settings<'_>) -> bool {
    let enforced = settings.standards.enforce;
    warning.starts_with(&format!("pods of this {kind} would be rejected: "))
        || enforced
            .is_some_and(|standard| warning.starts_with(&format!("would violate PodSecurity \"{standard}\"")))
}
