//! `explain`: why one pod is admitted or not, policy by policy.

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
use serde_json::Value;

use super::{Identity, Manifests, print};
use crate::error::{Fault, Faults, Outcome};
use crate::guidance;
use crate::input::{self, Object};
use crate::judge::{self, Asker, Failing, Sent, Verdict};
use crate::policies::{self, GrantSources, Judge, Policies, Registration};
use crate::remedy::{self, Objection, Remedy};
use crate::report::{diff, table};
use crate::terminal::Voice;

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

/// The change that satisfies a policy, by the policy's name.
type Named = (String, Remedy);

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
                let objections = |json: &str| -> Vec<Objection> {
                    let pods = judge::pods(object, json).unwrap_or_default();
                    pods.iter()
                        .flat_map(|(root, pod)| judge::failures(*standard, pod, root))
                        .flat_map(of_failing)
                        .collect()
                };
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

fn of_failing(failing: Failing) -> Vec<Objection> {
    let Failing { check, problem, paths } = failing;
    let objection = |path| Objection { rule: format!("pss/{check}"), path, problem: problem.clone() };
    paths.into_iter().map(objection).collect()
}

/// Before whom an object is explained.
struct Bench<'b> {
    registration: &'b Registration,
    settings: &'b Settings<'b>,
    policies: &'b Policies,
    object: &'b Object,
    asker: &'b Asker,
}

impl Bench<'_> {
    /// The object as this registration gets to see it: from the API server, and from the registrations before.
    fn arriving(&self, json: &str) -> Sent {
        let mut sent = Sent::of(self.object, json);
        for earlier in &self.policies.registrations {
            if std::ptr::eq(earlier, self.registration) {
                break;
            }
            if let Judge::Settings(settings) = &earlier.judge
                && earlier.reach.covers(self.object, self.asker.namespace_of(self.object))
            {
                let answer =
                    settings.review(self.asker.request(self.object, &sent.json), &self.policies.authority);
                sent.json = answer.mutated_object.unwrap_or(sent.json);
            }
        }
        sent
    }

    /// What would satisfy a policy that may be used, or the standard where there is no policy.
    fn remedy(&self, opinion: Option<&Opinion>) -> Option<Named> {
        if opinion.is_some_and(|opinion| opinion.granted != Ok(true)) {
            return None;
        }
        let policy = opinion.map(|opinion| opinion.policy.as_str());
        let remedy = remedy::find(&self.object.value(), &|value| self.objections(value, policy))?;
        let name = policy.unwrap_or(&self.registration.name).to_owned();
        (!remedy.steps.is_empty()).then_some((name, remedy))
    }

    /// What a policy and the standard have against a manifest.
    fn objections(&self, manifest: &Value, policy: Option<&str>) -> Vec<Objection> {
        let Bench { settings, policies, object, asker, .. } = self;
        let sent = self.arriving(&manifest.to_string());
        let Ok(reports) = settings.report(&asker.request(object, &sent.json), &policies.authority) else {
            return vec![Objection { rule: String::new(), path: String::new(), problem: String::new() }];
        };
        let mut found = Vec::new();
        for report in &reports {
            for opinion in report.opinions.iter().filter(|opinion| Some(opinion.policy.as_str()) == policy) {
                let denying = opinion.violations.iter().filter(|violation| violation.action == Action::Deny);
                found.extend(denying.map(|violation| {
                    let (path, problem) = sent.told(&violation.path, &violation.problem);
                    Objection { rule: violation.rule.to_owned(), path, problem }
                }));
                if !settings.mutate && report.root.is_empty() {
                    found.extend(opinion.edits.iter().map(|edit| Objection {
                        rule: judge::rule_of(edit),
                        path: edit.to_string(),
                        problem: format!("Required value: must be {}", edit.value),
                    }));
                }
            }
            for failure in &report.failures {
                let rule = format!("pss/{}", failure.id);
                let blamed = judge::blamed(object, &sent.json, &report.root, failure, settings);
                found.extend(blamed.into_iter().map(|(path, problem)| Objection {
                    rule: rule.clone(),
                    path,
                    problem,
                }));
            }
        }
        found
    }
}
