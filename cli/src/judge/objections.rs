//! The objections behind a rejection, one by one.

use pod_security_policy::admission::{Cause, Opinion, Report};
use pod_security_policy::json::Error;
use pod_security_policy::rule::Action;
use pod_security_policy::settings::Settings;

use super::{Failing, Judged, blamed};
use crate::input::Object;
use crate::policies::Registration;

/// The policies whose objections are listed, the object, and the result.
pub(super) struct Objections<'o> {
    pub(super) settings: &'o Settings<'o>,
    pub(super) registration: &'o Registration,
    pub(super) object: &'o Object,
    /// The object as it was received.
    pub(super) json: &'o str,
}

/// Why a registration rejects an object.
pub(super) struct Rejection {
    pub(super) reason: String,
    /// The field that is responsible.
    pub(super) cause: Option<Cause>,
}

impl Objections<'_> {
    /// Lists why a pod is rejected.
    pub(super) fn of_pod(&self, reports: &[Report], rejection: &Rejection, judged: &mut Judged) {
        let before = judged.violations.len();
        for report in reports {
            self.of_standard(report, judged);
            if report.winner.is_some() || report.opinions.is_empty() {
                continue;
            }
            if !report.opinions.iter().any(is_granted) {
                let problem = report.unusable.as_ref().unwrap_or(&rejection.reason);
                self.unauthorized(report, problem.clone(), judged);
                continue;
            }
            self.of_policies(report, is_granted, judged);
        }
        if judged.violations.len() == before {
            self.rejected(rejection, judged);
        }
    }

    /// The objections of the enforced Pod Security Standard to a pod.
    pub(super) fn of_standard(&self, report: &Report, judged: &mut Judged) {
        for Failing { check, problem, paths } in blamed(self.object, self.json, report, self.settings) {
            let rule = format!("pss/{check}");
            for path in paths {
                judged.find(self.object, &self.registration.name, &rule, &path, problem.clone());
            }
        }
    }

    /// The objections of the policies in use to a pod.
    pub(super) fn of_policies(
        &self,
        report: &Report,
        counts: impl Fn(&Opinion) -> bool,
        judged: &mut Judged,
    ) {
        for opinion in report.opinions.iter().filter(|opinion| counts(opinion)) {
            self.of_policy(report, opinion, judged);
        }
    }

    fn of_policy(&self, report: &Report, opinion: &Opinion, judged: &mut Judged) {
        let Objections { settings, object, .. } = self;
        for violation in opinion.violations.iter().filter(|violation| violation.action == Action::Deny) {
            judged.violated(object, &opinion.policy, violation);
        }
        let omitted = opinion.denials.saturating_sub(opinion.violations.len());
        if omitted > 0 {
            judged.find(object, &opinion.policy, "request", "", format!("and {omitted} more"));
        }
        if !settings.mutate && report.root.is_empty() {
            for default in &opinion.defaults {
                judged.unfilled(object, &opinion.policy, default);
            }
        }
    }

    /// The objection that no account may use the policy that would admit a pod.
    pub(super) fn unauthorized(&self, report: &Report, problem: String, judged: &mut Judged) {
        let path = format!("{}spec.serviceAccountName", report.root);
        judged.find(self.object, &self.registration.name, "authorization", &path, problem);
    }

    /// The objection that the object cannot be evaluated.
    pub(super) fn rejected(&self, rejection: &Rejection, judged: &mut Judged) {
        let Rejection { reason, cause } = rejection;
        let (path, problem) = match cause {
            Some(Cause { path, problem, wants_string }) => {
                (&**path, self.object.hinted(path, problem, *wants_string))
            }
            None => ("", reason.clone()),
        };
        judged.find(self.object, &self.registration.name, "request", path, problem);
    }

    /// The objection that the object cannot be read.
    pub(super) fn unreadable(&self, error: &Error, judged: &mut Judged) {
        let path = error.path();
        let problem = self.object.hinted(&path, error.reason(), error.wants_string());
        judged.find(self.object, &self.registration.name, "request", &path, problem);
    }
}

fn is_granted(opinion: &Opinion) -> bool {
    opinion.granted == Ok(true)
}
