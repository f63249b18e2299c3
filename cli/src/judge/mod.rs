//! Evaluates an object against policies, for check, explain and suggest.
//!
//! ```
//! use kubectl_psp::input::Text;
//! use kubectl_psp::judge::{Requester, Verdict, judge};
//! use kubectl_psp::policies::{Modules, of_objects};
//! use kubectl_psp::rbac::Authority;
//!
//! let settings = "allowPrivilegeEscalation: false\nvolumes: ['*']\nrunAsUser: {rule: RunAsAny}\nseLinux: {rule: RunAsAny}\n\
//!     supplementalGroups: {rule: RunAsAny}\nfsGroup: {rule: RunAsAny}\n";
//! let settings = Text::new("settings.yaml", settings.to_owned()).read_all().unwrap();
//! let policies = of_objects(&settings, &[], &Modules::default(), Authority::Everybody).unwrap();
//! let requester = Requester::new(String::new(), Vec::new(), "shop".to_owned());
//!
//! let pod = "kind: Pod\napiVersion: v1\nmetadata: {name: web}\nspec: {containers: [{name: web, image: web}]}\n";
//! let pod = Text::new("pod.yaml", pod.to_owned()).read_all().unwrap().remove(0);
//! let judged = judge(&policies, &pod, &requester);
//! assert_eq!(judged.verdict, Verdict::Changed);
//! assert_eq!(judged.policy.as_deref(), Some("default"));
//! ```

mod chain;
mod controllers;
mod doubts;
mod live;
mod objections;
mod pods;
mod requester;
mod reviews;
mod standard;
mod templates;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::BTreeSet;

use pod_security_policy::admission::{Opinion, Report};
use pod_security_policy::settings::Settings;

use crate::input::Object;
use crate::policies::{Judge, Policies, Registration};
use objections::{Objections, Rejection};
use requester::is_workload;
use standard::hold_to_standard;

pub(crate) use chain::{AdmissionChain, Asked};
#[cfg(test)]
pub(crate) use controllers::with_implied;
pub(crate) use controllers::{Admission, Usage, admission, usage};
pub(crate) use live::LiveObject;
pub use pod_security_policy::rule::ViolationKind;
pub(crate) use pods::pods;
pub use requester::{Requester, doubt, is_judged};
pub use reviews::{Candidate, Outcome, Review, reviews};
pub(crate) use standard::{Failing, blamed, failures};
pub use verdict::{Before, Change, Finding, Judged, Verdict};

/// Evaluates the creation of an object: mutating registrations first, then validating ones.
pub fn judge(policies: &Policies, object: &Object, requester: &Requester) -> Judged {
    let mut evaluation = Evaluation {
        object,
        requester,
        chain: AdmissionChain::new(policies, object, requester, &object.json),
        judged: Judged::new(object, requester.namespace_of(object)),
        refused: false,
    };
    evaluation.judged.warnings = object.warnings();
    evaluation.judged.warnings.extend(doubts::about(object, policies.minor()));
    let mut omissions = BTreeSet::new();
    let mut asked = false;
    for registration in &policies.registrations {
        let about = evaluation.chain.asks(registration);
        asked |= about != Asked::Nothing;
        if evaluation.chain.is_doubtful(registration) {
            let (name, kind) = (&registration.name, &object.kind);
            evaluation.warn(format!("{name}: whether its rules name the resource of {kind} cannot be evaluated offline; assumed to match"));
        }
        match (&registration.judge, about) {
            (_, Asked::Nothing) => {
                omissions.insert(evaluation.chain.omission(registration));
            }
            (Judge::Standard(standard), _) => {
                let json = evaluation.chain.pods_to_come();
                let before = evaluation.judged.violations.len();
                hold_to_standard(*standard, registration, object, &json, &mut evaluation.judged);
                evaluation.refused |= evaluation.judged.violations.len() > before;
            }
            (Judge::Settings(settings), _) if is_workload(object, settings) => {
                evaluation.workload(registration, settings, about);
            }
            (Judge::Settings(settings), _) => evaluation.object(registration, settings),
        }
    }
    if !asked {
        let reasons: Vec<_> = omissions.into_iter().collect();
        let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) };
        evaluation.warn(format!("no policy matches this object{reasons}"));
    }
    evaluation.conclude()
}

/// The context of an evaluation.
struct Evaluation<'b> {
    object: &'b Object,
    requester: &'b Requester,
    chain: AdmissionChain<'b>,
    judged: Judged,
    /// Whether the object itself is rejected, or fails a standard, which is known to apply to pods only.
    refused: bool,
}

impl Evaluation<'_> {
    /// Evaluates objects that are live when created: a pod, a Namespace, a PersistentVolume.
    fn object(&mut self, registration: &Registration, settings: &Settings<'_>) {
        let mut response = self.chain.review(settings);
        self.judged.warnings.append(&mut response.warnings);
        if let Some(reason) = response.rejection.take() {
            let reports = self.chain.report(settings).unwrap_or_default();
            let json = &self.chain.live.json;
            let objections = Objections { settings, registration, object: self.object, json };
            let rejection = Rejection { reason, cause: response.cause };
            objections.of_pod(&reports, &rejection, &mut self.judged);
            if self.requester.is_unknown(self.object) && reports.iter().any(turns_on_grants) {
                self.warn("who creates the pod is not known, and might be granted more than its service account: name the user with --as".to_owned());
            }
            self.refused = true;
            return;
        }
        self.judged.policy = self.judged.policy.take().or_else(|| response.policy.take());
        self.judged.note("", &response.edits);
        self.chain.take(response);
    }

    /// Evaluates the pods that a workload will create, whether or not the workload itself is admitted.
    fn workload(&mut self, registration: &Registration, settings: &Settings<'_>, about: Asked) {
        let mut rejection = None;
        if about == Asked::Itself {
            let response = self.chain.review(settings);
            let reports = self.chain.report(settings).unwrap_or_default();
            let reported = |warning: &String| {
                let is_missing = |report: &Report| report.missing_grant.as_ref() == Some(warning);
                response.predicted.contains(warning) || reports.iter().any(is_missing)
            };
            let warnings = response.warnings.iter().filter(|warning| !reported(warning));
            self.judged.warnings.extend(warnings.cloned());
            let cause = response.cause;
            rejection = response.rejection.map(|reason| Rejection { reason, cause });
        }
        let before = self.judged.violations.len();
        let json = self.chain.live.json.clone();
        let objections = Objections { settings, registration, object: self.object, json: &json };
        match self.chain.report(settings) {
            Ok(reports) => reports.iter().for_each(|report| self.template(report, &objections)),
            Err(error) => objections.unreadable(&error, &mut self.judged),
        }
        if let Some(rejection) = rejection {
            self.refused = true;
            if self.judged.violations.len() == before {
                objections.rejected(&rejection, &mut self.judged);
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
        let edits = self.chain.predict(report);
        self.judged.note(&report.root, &edits);
    }

    fn warn(&mut self, warning: String) {
        if !self.judged.warnings.contains(&warning) {
            self.judged.warnings.push(warning);
        }
    }

    fn conclude(self) -> Judged {
        let Evaluation { object, chain, mut judged, refused, .. } = self;
        for found in &mut judged.violations {
            let (path, addition) = chain.live.reported(&found.path);
            let place = object.place(&path);
            found.problem.push_str(addition);
            found.detail.push_str(addition);
            *found = Finding { path, line: place.line, column: place.column, ..found.clone() };
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

/// Whether a rejected pod might be admitted with more grants.
fn turns_on_grants(report: &Report) -> bool {
    let mut ungranted = report.opinions.iter().filter(|opinion| opinion.granted != Ok(true));
    report.winner.is_none() && ungranted.any(|opinion| opinion.denials == 0)
}
