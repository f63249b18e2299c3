//! The report of one registration on an object, policy by policy.

use anstyle::AnsiColor;
use pod_security_policy::admission::{Opinion, Report};
use pod_security_policy::rule::Action;
use pod_security_policy::settings::Settings;
use pod_security_policy::standards::Standard;

use super::evaluation::{Evaluation, Named};
use super::prose::Prose;
use crate::error::{Error, Errors, Outcome};
use crate::input::Object;
use crate::judge::{self, Admission, LiveObject, Requester, Usage};
use crate::policies::{Judge, Policies, Registration};
use crate::remedy::{Objection, Search};

/// The input of a report.
struct Context<'t> {
    evaluation: &'t Evaluation<'t>,
    live: &'t LiveObject,
    settings: &'t Settings<'t>,
    report: &'t Report,
}

impl Prose {
    /// The response of one registration; the rules that object, and a remedy.
    pub(super) fn registration(
        &mut self,
        registration: &Registration,
        object: &Object,
        requester: &Requester,
        policies: &Policies,
    ) -> Outcome<(Vec<String>, Option<Named>)> {
        let evaluation = Evaluation { registration, policies, object, requester };
        match &registration.judge {
            Judge::Standard(standard) => Ok(self.level(&evaluation, *standard)),
            Judge::Settings(settings) => self.settings(&evaluation, settings),
        }
    }

    /// The result of a level of the Pod Security Standards on the pods after mutation.
    fn level(&mut self, evaluation: &Evaluation<'_>, standard: Standard) -> (Vec<String>, Option<Named>) {
        let Evaluation { registration, object, .. } = evaluation;
        let bold = self.look.bold();
        self.line(format_args!("\n{bold}{}{bold:#}", registration.name));
        let found = evaluation.objections_of(standard, &object.json);
        if found.is_empty() {
            self.line(format_args!("  admits it"));
        }
        for Objection { path, problem, rule, .. } in &found {
            let place = object.place(path);
            self.line(format_args!("    {path}: {problem} [{rule}, line {}]", place.line));
        }
        let rules = found.into_iter().map(|objection| objection.rule).collect();
        (rules, evaluation.remedy_of(standard))
    }

    fn settings(
        &mut self,
        evaluation: &Evaluation<'_>,
        settings: &Settings<'_>,
    ) -> Outcome<(Vec<String>, Option<Named>)> {
        let Evaluation { registration, object, .. } = evaluation;
        let chain = evaluation.arriving(&object.json);
        let reports = chain.report(settings).map_err(|error| {
            let path = error.path();
            let problem = object.hinted(&path, &error.to_string(), error.wants_string());
            let reason = format!("{} cannot be read: {problem}", object.title());
            Errors::from(Error::at(object.place(&path), reason))
        })?;
        let (mut rules, mut remedies) = (Vec::new(), Vec::new());
        for report in &reports {
            let account = report.service_account.as_deref().unwrap_or("none");
            let bold = self.look.bold();
            self.line(format_args!("\n{bold}{}{bold:#}, service account {account}", registration.name));
            let reported = Context { evaluation, live: &chain.live, settings, report };
            let admission = judge::admission(report);
            let is_usable = |opinion: &Opinion| opinion.granted == Ok(true);
            let usable = report.opinions.iter().any(is_usable);
            self.winner(&admission, usable, settings);
            self.standard(report, settings);
            // In a report of 150 policies, the relevant one comes first.
            let mut opinions: Vec<(usize, &Opinion)> = (1..).zip(&report.opinions).collect();
            opinions.sort_by_key(|(_, opinion)| (!admission.is_of(opinion), !is_usable(opinion)));
            for (nth, opinion) in opinions {
                self.opinion(nth, opinion, &reported);
            }
            if matches!(admission, Admission::Ungranted(..) | Admission::None) {
                for opinion in &report.opinions {
                    rules.extend(opinion.violations.iter().map(|violation| violation.rule.to_owned()));
                    if !settings.mutate && report.root.is_empty() {
                        rules.extend(opinion.defaults.iter().map(|default| default.rule.to_owned()));
                    }
                    rules.extend((!is_usable(opinion)).then(|| "authorization".to_owned()));
                    remedies.extend(evaluation.remedy(settings, Some(opinion)));
                }
            }
            rules.extend(report.failures.iter().map(|failure| format!("pss/{}", failure.id)));
            if !report.failures.is_empty() && (report.opinions.is_empty() || report.winner.is_some()) {
                let winner =
                    report.opinions.iter().find(|opinion| Some(&opinion.policy) == report.winner.as_ref());
                remedies.extend(evaluation.remedy(settings, winner));
            }
        }
        let smallest = remedies.into_iter().min_by_key(|(_, search)| match search {
            Search::Found(remedy) => remedy.steps.len(),
            Search::Stuck(_) => usize::MAX,
        });
        Ok((rules, smallest))
    }

    fn opinion(&mut self, nth: usize, opinion: &Opinion, reported: &Context<'_>) {
        let Context { evaluation, live, settings, report } = reported;
        let usage = match evaluation.usage(opinion, report) {
            Usage::Granted => "may be used".to_owned(),
            Usage::ViaController(maker) => format!("may be used by {maker}, which makes the pods"),
            Usage::Ungranted => "may not be used".to_owned(),
        };
        let edits: Vec<_> = opinion.defaults.iter().map(|default| &default.edit).collect();
        let says = match (opinion.denials > 0, edits.is_empty()) {
            (true, _) => "objects",
            (false, true) => "admits the pod as it is",
            (false, false) if settings.mutate || !report.root.is_empty() => {
                "admits the pod once it has filled in what is missing"
            }
            (false, false) => "would have to fill something in, which these settings do not allow",
        };
        let bold = self.look.bold();
        self.line(format_args!("  {nth}. {bold}{}{bold:#}: {usage}; {says}", opinion.policy));
        let added = self.look.style(AnsiColor::Green.on_default());
        for edit in edits {
            self.line(format_args!("    {added}+ {}{edit}: {}{added:#}", report.root, edit.value));
        }
        for violation in &opinion.violations {
            let (path, addition) = live.reported(&violation.path);
            let problem = violation.problem() + addition;
            let place = evaluation.object.place(&path);
            let mild = match violation.action {
                Action::Deny => "",
                Action::Warn => "only warns: ",
                Action::Audit => "only audits: ",
                Action::Ignore => "ignored: ",
            };
            self.line(format_args!("    {mild}{path}: {problem} [{}, line {}]", violation.rule, place.line));
        }
    }

    /// The result of the enforced Pod Security Standard on the mutated pod.
    fn standard(&mut self, report: &Report, settings: &Settings<'_>) {
        let Some(standard) = settings.standards.enforce else { return };
        if report.failures.is_empty() {
            self.line(format_args!("  PodSecurity \"{standard}\" admits it"));
            return;
        }
        let after = if report.winner.is_some() { ", after what the winner fills in" } else { "" };
        self.line(format_args!("  PodSecurity \"{standard}\" objects{after}"));
        for failure in &report.failures {
            self.line(format_args!("    {}: {} ({})", failure.id, failure.reason, failure.detail));
        }
    }

    /// The policy that wins, and why.
    fn winner(&mut self, admission: &Admission<'_>, usable: bool, settings: &Settings<'_>) {
        if settings.policies.is_empty() {
            return;
        }
        let winner = match admission {
            Admission::Granted(winner) | Admission::Unknown(winner, _) => winner,
            Admission::Ungranted(_, sentence) => {
                self.line(format_args!("  No policy that may be used admits the pods: {sentence}"));
                return;
            }
            Admission::None => {
                let why = match usable {
                    true => "every usable policy rejects it",
                    false => "none may be used by its service account, nor by who is known to create it",
                };
                self.line(format_args!("  No policy admits the pod: {why}"));
                return;
            }
        };
        let why = match (settings.policies.len(), winner.defaults.is_empty()) {
            (1, _) => "there is no other",
            (_, true) => "the first by name, of those that may be used, that admits the pod as it is",
            (_, false) => {
                "no policy that may be used admits the pod as it is, and this is the first by name that does once it has filled something in"
            }
        };
        self.line(format_args!("  {} wins: {why}", winner.policy));
    }
}
