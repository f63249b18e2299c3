//! `explain`: why one pod is admitted or not, policy by policy.

mod bench;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::Args;
use pod_security_policy::admission::{Opinion, Report};
use pod_security_policy::graft::Step;
use pod_security_policy::pod::ADMITTED_BY;
use pod_security_policy::settings::Settings;
use pod_security_policy::violation::Action;

use super::{Identity, Manifests, print};
use crate::error::{Fault, Faults, Outcome};
use crate::guidance;
use crate::input::{self, Object};
use crate::judge::{self, Asker, Sent, Verdict};
use crate::policies::{self, GrantSources, Judge, Policies, Registration};
use crate::remedy::{self, Objection, Remedy};
use crate::report::{diff, table};
use crate::terminal::Voice;
use bench::{Bench, Named, objections_of};

/// Explain what each policy says of a pod, which one admits it and why, and what would have to change
///
/// Exit status: 0 if the pod is admitted, 1 if it is rejected, 2 if the input is bad.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp explain -p policies.yaml pod.yaml
  kubectl get pod web -o yaml | kubectl psp explain -p psp/ --rbac rbac.json
  helm template . | kubectl psp explain -p restricted --object Deployment/web")]
pub(crate) struct Explain {
    /// What judges: files or folders with PodSecurityPolicies, settings or (Cluster)AdmissionPolicies, or a level of
    /// the Pod Security Standards such as `restricted` or `baseline:v1.31`
    #[arg(short, long, value_name = "FILE|LEVEL", required = true)]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    grants: GrantSources,
    #[command(flatten)]
    identity: Identity,
    /// Which object to explain, if there are several: `KIND/NAME`
    #[arg(long, value_name = "KIND/NAME")]
    object: Option<String>,
    #[command(flatten)]
    manifests: Manifests,
}

impl Explain {
    pub(crate) fn execute(&self, voice: Voice) -> Outcome<ExitCode> {
        let policies = policies::load(&self.policies, self.grants.load()?)?;
        for caveat in policies.caveats() {
            voice.warn(&caveat);
        }
        let object = self.pick(&policies)?;
        let asker = self.identity.asker();
        let judged = judge::judge(&policies, &object, &asker, false);
        let mut text = Text(String::new());
        text.line(format_args!("{BOLD}{}{BOLD:#} ({}:{})", judged.title(), judged.file, judged.line));
        let mut rules: Vec<String> = Vec::new();
        let mut remedies = Vec::new();
        for registration in &policies.registrations {
            if !registration.reach.covers(&object, asker.namespace_of(&object)) {
                text.line(format_args!("\n{}: not asked about such objects", registration.name));
                continue;
            }
            let (more, remedy) = text.registration(registration, &object, &asker, &policies)?;
            rules.extend(more);
            remedies.extend(remedy.map(|remedy| (registration, remedy)));
        }
        let style = table::style(judged.verdict);
        text.line(format_args!("\nVerdict: {style}{}{style:#}", judged.verdict.name()));
        if judged.verdict == Verdict::Rejected {
            rules.dedup();
            text.guidance(&rules);
        }
        for (registration, (policy, remedy)) in remedies {
            text.remedy(registration, &policy, &remedy, &object, &judged.title());
        }
        print(&text.0)?;
        Ok(if judged.verdict == Verdict::Rejected { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    /// The one object that is to be explained.
    fn pick(&self, policies: &Policies) -> Outcome<Object> {
        let mut objects = input::read_all(&self.manifests.files()?)?;
        objects.retain(|object| judge::is_judged(object, policies));
        if let Some(wanted) = &self.object {
            let wanted = wanted.to_lowercase();
            objects.retain(|object| format!("{}/{}", object.kind, object.name).to_lowercase() == wanted);
        }
        match objects.len() {
            0 => Err(Fault::new("the input holds no such workload").into()),
            1 => objects.pop().ok_or_else(|| Faults(Vec::new())),
            _ => {
                let names: Vec<String> = objects
                    .iter()
                    .take(10)
                    .map(|object| format!("{}/{}", object.kind, object.name))
                    .collect();
                let fault = Fault::new(format_args!(
                    "the input holds {} workloads, and one can be explained",
                    objects.len()
                ));
                Err(fault.help(format_args!("name it with --object: {}", names.join(", "))).into())
            }
        }
    }
}

const BOLD: Style = Style::new().bold();

/// What a report is told about.
struct Told<'t> {
    object: &'t Object,
    sent: &'t Sent,
    settings: &'t Settings<'t>,
    report: &'t Report,
}

/// What is going to be printed.
struct Text(String);

impl Text {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    /// What one registration says; which rules object, and what would satisfy it.
    fn registration(
        &mut self,
        registration: &Registration,
        object: &Object,
        asker: &Asker,
        policies: &Policies,
    ) -> Outcome<(Vec<String>, Option<Named>)> {
        let unread = |fault: pod_security_policy::json::Fault| {
            let fault = fault.to_string();
            let (path, _) = judge::unreadable(&fault);
            Faults::from(Fault::at(
                object.place(path),
                format_args!("{} cannot be read: {fault}", object.title()),
            ))
        };
        let settings = match &registration.judge {
            Judge::Standard(standard) => {
                self.line(format_args!("\n{BOLD}{}{BOLD:#}", registration.name));
                let objections = |json: &str| objections_of(*standard, object, json);
                let found = objections(&object.json);
                self.objections(&found, object);
                let remedy = remedy::find(&object.value(), &|value| objections(&value.to_string()));
                let remedy = remedy.filter(|remedy| !remedy.steps.is_empty());
                let rules = found.into_iter().map(|objection| objection.rule).collect();
                return Ok((rules, remedy.map(|remedy| (registration.name.clone(), remedy))));
            }
            Judge::Settings(settings) => settings,
        };
        let bench = Bench { registration, settings, policies, object, asker };
        let sent = bench.arriving(&object.json);
        let reports =
            settings.report(&asker.request(object, &sent.json), &policies.authority).map_err(unread)?;
        let (mut rules, mut remedies) = (Vec::new(), Vec::new());
        for report in &reports {
            let account = report.service_account.as_deref().unwrap_or("none");
            self.line(format_args!("\n{BOLD}{}{BOLD:#}, service account {account}", registration.name));
            for (nth, opinion) in (1..).zip(&report.opinions) {
                let told = Told { object, sent: &sent, settings, report };
                self.opinion(nth, opinion, &told);
                if report.winner.is_none() {
                    rules.extend(opinion.violations.iter().map(|violation| violation.rule.to_owned()));
                    if !settings.mutate && report.root.is_empty() {
                        rules.extend(opinion.edits.iter().map(judge::rule_of));
                    }
                    rules.extend((opinion.granted != Ok(true)).then(|| "authorization".to_owned()));
                    remedies.extend(bench.remedy(Some(opinion)));
                }
            }
            self.standard(report, settings);
            rules.extend(report.failures.iter().map(|failure| format!("pss/{}", failure.id)));
            if !report.failures.is_empty() && (report.opinions.is_empty() || report.winner.is_some()) {
                let winner =
                    report.opinions.iter().find(|opinion| Some(&opinion.policy) == report.winner.as_ref());
                remedies.extend(bench.remedy(winner));
            }
            self.winner(report, settings);
        }
        let smallest = remedies.into_iter().min_by_key(|(_, remedy)| remedy.steps.len());
        Ok((rules, smallest))
    }

    fn objections(&mut self, objections: &[Objection], object: &Object) {
        if objections.is_empty() {
            self.line(format_args!("  admits it"));
        }
        for Objection { path, problem, rule } in objections {
            let place = object.place(path);
            self.line(format_args!("    {path}: {problem} [{rule}, line {}]", place.line));
        }
    }

    fn opinion(&mut self, nth: usize, opinion: &Opinion, told: &Told<'_>) {
        let Told { object, sent, settings, report } = told;
        let granted = match &opinion.granted {
            Ok(true) => "may be used",
            Ok(false) => "may not be used",
            Err(_) => "nobody can tell who may use it",
        };
        let edits: Vec<_> =
            opinion.edits.iter().filter(|edit| edit.path.last() != Some(&Step::Key(ADMITTED_BY))).collect();
        let says = match (opinion.denials > 0, edits.is_empty()) {
            (true, _) => "objects",
            (false, true) => "admits the pod as it is",
            (false, false) if settings.mutate || !report.root.is_empty() => {
                "admits the pod once it has filled in what is missing"
            }
            (false, false) => "would have to fill something in, which these settings do not allow",
        };
        self.line(format_args!("  {nth}. {BOLD}{}{BOLD:#}: {granted}; {says}", opinion.policy));
        let added = AnsiColor::Green.on_default();
        for edit in edits {
            self.line(format_args!("    {added}+ {}{edit}: {}{added:#}", report.root, edit.value));
        }
        for violation in &opinion.violations {
            let (path, problem) = sent.told(&violation.path, &violation.problem);
            let place = object.place(&path);
            let mild = match violation.action {
                Action::Deny => "",
                Action::Warn => "only warns: ",
                Action::Audit => "only audits: ",
            };
            self.line(format_args!("    {mild}{path}: {problem} [{}, line {}]", violation.rule, place.line));
        }
    }

    /// What the enforced Pod Security Standard says of the pod as it then is.
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

    /// Who wins, and by which rule.
    fn winner(&mut self, report: &Report, settings: &Settings<'_>) {
        if report.opinions.is_empty() {
            return;
        }
        let Some(winner) = &report.winner else {
            let usable = report.opinions.iter().any(|opinion| opinion.granted == Ok(true));
            self.line(format_args!(
                "  No policy admits the pod: {}",
                if usable {
                    "each that may be used objects"
                } else {
                    "none may be used by its service account or its author"
                }
            ));
            return;
        };
        let unchanged =
            report.opinions.iter().any(|opinion| opinion.policy == *winner && opinion.edits.is_empty());
        let only = settings.policies.len() == 1;
        let why = match (only, unchanged) {
            (true, _) => "there is no other",
            (false, true) => "the first by name, of those that may be used, that admits the pod as it is",
            (false, false) => {
                "no policy that may be used admits the pod as it is, and this is the first by name that does once it has filled something in"
            }
        };
        self.line(format_args!("  {winner} wins: {why}"));
    }

    fn guidance(&mut self, rules: &[String]) {
        let mut told: Vec<(&str, Vec<&str>, &str)> = Vec::new();
        for rule in rules {
            let about = guidance::of(rule);
            match told.iter_mut().find(|(paragraph, ..)| *paragraph == about.paragraph) {
                Some((_, rules, _)) if rules.contains(&&**rule) => {}
                Some((_, rules, _)) => rules.push(rule),
                None => told.push((about.paragraph, vec![rule], about.link)),
            }
        }
        self.line(format_args!("\n{BOLD}What the rules are for{BOLD:#}"));
        for (paragraph, rules, link) in told {
            self.line(format_args!("  {}: {paragraph}", rules.join(", ")));
            self.line(format_args!("    {link}"));
        }
    }

    fn remedy(
        &mut self,
        registration: &Registration,
        policy: &str,
        remedy: &Remedy,
        object: &Object,
        title: &str,
    ) {
        let only = matches!(&registration.judge, Judge::Settings(settings) if settings.policies.len() == 1);
        let by = match policy == registration.name || only {
            true => policy.to_owned(),
            false => format!("{policy}, of {}", registration.name),
        };
        self.line(format_args!("\n{BOLD}The smallest change{BOLD:#} that satisfies {by}"));
        for step in &remedy.steps {
            self.line(format_args!("  {step}"));
        }
        if let Some(change) = diff::of(&object.value(), &remedy.object, title) {
            self.0.push_str(&diff::colored(&change));
        }
    }
}
