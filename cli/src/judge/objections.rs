//! The objections behind a rejection, one by one.

use pod_security_policy::admission::{Opinion, Report};
use pod_security_policy::json::edit::{Edit, Step};
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

impl Objections<'_> {
    /// Lists why a pod is rejected.
    pub(super) fn of_pod(&self, reports: &[Report], reason: &str, judged: &mut Judged) {
        let before = judged.violations.len();
        for report in reports {
            self.of_standard(report, judged);
            if report.winner.is_some() || report.opinions.is_empty() {
                continue;
            }
            if !report.opinions.iter().any(is_granted) {
                let problem = reason.rsplit_once(": ").map_or(reason, |(_, problem)| problem);
                self.unauthorized(report, problem.to_owned(), judged);
                continue;
            }
            self.of_policies(report, is_granted, judged);
        }
        if judged.violations.len() == before {
            self.unreadable(reason, judged);
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
            let problem = violation.problem();
            judged.find(object, &opinion.policy, violation.rule, &violation.path, problem);
        }
        let omitted = opinion.denials.saturating_sub(opinion.violations.len());
        if omitted > 0 {
            judged.find(object, &opinion.policy, "request", "", format!("and {omitted} more"));
        }
        if !settings.mutate && report.root.is_empty() {
            for edit in &opinion.edits {
                let problem = format!("Required value: must be {}", edit.value);
                judged.find(object, &opinion.policy, &rule_of(edit), &format!("{edit}"), problem);
            }
        }
    }

    /// The objection that no account may use the policy that would admit a pod.
    pub(super) fn unauthorized(&self, report: &Report, problem: String, judged: &mut Judged) {
        let path = format!("{}spec.serviceAccountName", report.root);
        judged.find(self.object, &self.registration.name, "authorization", &path, problem);
    }

    /// The objection that the object cannot be evaluated.
    pub(super) fn unreadable(&self, reason: &str, judged: &mut Judged) {
        let (path, problem) = unreadable(reason);
        let problem = self.object.hinted(path, problem);
        judged.find(self.object, &self.registration.name, "request", path, problem);
    }
}

fn is_granted(opinion: &Opinion) -> bool {
    opinion.granted == Ok(true)
}

/// The path of an error, which precedes the reason, and the problem.
pub(crate) fn unreadable(reason: &str) -> (&str, &str) {
    let error = reason.strip_prefix("the object cannot be read: ").unwrap_or(reason);
    match error.split_once(": ") {
        Some((path, problem)) if !path.contains(' ') => (path, problem),
        _ => ("", reason),
    }
}

/// The rule that fills a field in.
pub(crate) fn rule_of(edit: &Edit<'_>) -> String {
    let last = edit.path.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key),
        Step::Index(_) => None,
    });
    match last.unwrap_or_default() {
        "seccompProfile" => "seccomp",
        "appArmorProfile" => "appArmor",
        "seLinuxOptions" => "seLinux",
        "runAsNonRoot" => "runAsUser",
        "add" => "defaultAddCapabilities",
        "drop" => "requiredDropCapabilities",
        "runtimeClassName" => "runtimeClass",
        other => other,
    }
    .to_owned()
}
