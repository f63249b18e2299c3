//! What is told of a migration: what changed its meaning, who may use what, and what is left to do.
//!
//! People who migrate 157 policies read one page, not one table: what policies have in common is told once, with their
//! names behind it, and what needs a decision comes first.

use std::fmt::Write as _;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

use super::Migrate;
use super::convert::{Converted, Policies, Surroundings, name_of};
use crate::advice::{self, Advice};
use crate::error::{Fault, Outcome};
use crate::input::Object;
use crate::rbac::{Authority, Rbac, mistakes};
use crate::registration::{CHOSEN, Kind, Mode};
use crate::terminal::Voice;
use crate::{deviations, report};

/// How the summary is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people: at most 40 lines
    #[default]
    Text,
    /// For programs: all there is, policy by policy
    Json,
    /// For comments and tickets: all there is
    Markdown,
}

/// All that there is to say of a migration.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    policies: Vec<Row>,
    warnings: Vec<Remark>,
    /// Where policies judge otherwise than PodSecurityPolicy did.
    deviations: Vec<Remark>,
    notes: Vec<Remark>,
}

/// What is to be said of one policy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    status: Status,
    changed_meaning: Vec<&'static str>,
    /// Nothing where nobody knows.
    may_be_used_by: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Status {
    Converted,
    LeftOut,
}

/// A sentence about some policies.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Remark {
    text: String,
    /// The policies that it is about, with the place or the object that is meant; empty for all.
    policies: Vec<String>,
}

/// So many lines are read.
const LINES: usize = 40;
/// So many policies are named in a line.
const NAMED: usize = 3;
/// Of so many policies, each has a line that says who may use it.
const FEW: usize = 8;

impl Migrate {
    /// The summary: what needs a decision, what judges otherwise, and what is left to do.
    pub(super) fn summarize(
        &self,
        objects: &[Object],
        policies: &Policies,
        converted: &Converted,
        (authority, surroundings): (&Authority, &Surroundings),
    ) -> Summary {
        let mut summary = Summary::default();
        if let Authority::Dump(rbac) = authority
            && let Some(gaps) = rbac.gaps()
        {
            summary.caution(gaps);
        }
        for (name, places) in &policies.skipped {
            summary.row(name, Status::LeftOut, &Value::Null, authority);
            for place in places {
                summary.warn("left out, since PodSecurityPolicy itself skipped it at every pod", place);
            }
        }
        for (name, rewrite) in &policies.rewrites {
            let was = if rewrite.was.is_empty() { String::new() } else { format!(", was {}", rewrite.was) };
            let text = format!("written as PodSecurityPolicy acted on it: {}", rewrite.text);
            summary.warn(&text, &format!("{name} ({}{was})", rewrite.path));
        }
        for (name, why) in &converted.left_out {
            summary.warn(&format!("{why}: it gets no registration"), name);
        }
        let advised = objects
            .iter()
            .filter(|object| policies.skipped.iter().all(|(name, _)| *name != object.name))
            .flat_map(advice::of_object);
        let (serious, mild): (Vec<Advice>, Vec<Advice>) = advised.partition(|advice| advice.about.is_serious);
        for advice in serious {
            let (text, place) = told(&advice);
            summary.warn(&text, &place);
        }
        for policy in &policies.manifests {
            let name = name_of(policy);
            let left_out = converted.left_out.iter().any(|(known, _)| known == name);
            let status = if left_out { Status::LeftOut } else { Status::Converted };
            summary.row(name, status, policy, authority);
            for deviation in deviations::of(policy) {
                let text = format!("{}: {}", deviation.name, deviation.effect);
                add(&mut summary.deviations, &text, name);
            }
            if let Authority::Dump(rbac) = authority {
                for mistake in mistakes(rbac, name) {
                    let (text, object) = split(&mistake);
                    summary.warn(text, &format!("{name}{object}"));
                }
            }
        }
        for (name, effect) in deviations::ALWAYS {
            summary.deviations.push(Remark { text: format!("{name}: {effect}"), policies: Vec::new() });
        }
        for advice in mild {
            let (text, place) = told(&advice);
            add(&mut summary.notes, &text, &place);
        }
        self.users(&mut summary, &policies.manifests, authority);
        if surroundings.accounts > 0 {
            let (accounts, are) = match surroundings.accounts {
                1 => ("1 ServiceAccount".to_owned(), "is"),
                count => (format!("{count} ServiceAccounts"), "are"),
            };
            summary.note(format!(
                "{accounts} in the input {are} passed over: grants name them, and nothing of theirs is needed"
            ));
        }
        self.what_to_do(&mut summary, &policies.manifests, authority);
        summary
    }

    /// Writes the summary to standard error.
    pub(super) fn tell(&self, summary: &Summary, voice: Voice) -> Outcome<()> {
        match self.summary {
            // Who asks for a form wants it, however little else is said.
            Some(Form::Json) => {
                let text = report::to_json(summary)
                    .map_err(|reason| Fault::new(format_args!("the summary cannot be written: {reason}")))?;
                anstream::eprint!("{text}");
            }
            Some(Form::Markdown) => anstream::eprint!("{}", summary.markdown()),
            Some(Form::Text) | None => summary.text(voice),
        }
        Ok(())
    }

    /// Who may use what, where somebody knows.
    fn users(&self, summary: &mut Summary, policies: &[Value], authority: &Authority) {
        let Authority::Dump(_) = authority else {
            summary.note("who may use which policy is unknown without --rbac".to_owned());
            return;
        };
        if policies.len() <= FEW {
            let lines: Vec<String> = summary
                .policies
                .iter()
                .filter_map(|row| {
                    let users = row.may_be_used_by.as_ref().filter(|users| !users.is_empty())?;
                    Some(format!("{} may be used by {}", row.name, users.join("; ")))
                })
                .collect();
            lines.into_iter().for_each(|line| summary.note(line));
        }
        let unused: Vec<String> = summary
            .policies
            .iter()
            .filter(|row| {
                row.status == Status::Converted && row.may_be_used_by.as_ref().is_some_and(Vec::is_empty)
            })
            .map(|row| row.name.clone())
            .collect();
        if !unused.is_empty() {
            summary.notes.push(Remark { text: "may be used by nobody".to_owned(), policies: unused });
        }
    }

    fn what_to_do(&self, summary: &mut Summary, policies: &[Value], authority: &Authority) {
        let exempt: Vec<&str> = self.exempt().collect();
        if !exempt.is_empty() && self.kind == Kind::Cluster {
            summary.note(format!(
                "not judged: {}, so that a policy server that is down cannot stop the cluster's own pods; PodSecurityPolicy judged all (--exempt-namespaces '')",
                exempt.join(", ")
            ));
        }
        if self.mode == Mode::Monitor {
            summary.note("in monitor mode nothing is rejected and nothing is filled in".to_owned());
        }
        if !self.per_policy {
            summary.note("the policy server must be allowed to create SubjectAccessReviews, or every pod is rejected: docs/rbac.md".to_owned());
            if self.kind == Kind::Namespace {
                summary.caution(format!(
                    "an AdmissionPolicy may ask RBAC only where its PolicyServer lets it, and rejects every pod otherwise: put {CAPABILITY} into spec.namespacedPoliciesCapabilities of PolicyServer {}: docs/rbac.md",
                    self.policy_server
                ));
            }
            return;
        }
        match authority {
            Authority::Everybody if self.kind == Kind::Cluster => summary.note(format!(
                "a namespace chooses a policy by its label: kubectl label namespace NAME {CHOSEN}=POLICY; one without the label is not judged"
            )),
            Authority::Everybody if policies.len() > 1 => {
                let names: Vec<&str> = policies.iter().map(name_of).collect();
                let namespace = self.namespace.as_deref().unwrap_or_default();
                summary.caution(together(namespace, &names.join(" and ")));
            }
            Authority::Everybody => {}
            Authority::Dump(rbac) => self.namespaces(summary, rbac, policies),
        }
    }

    /// What becomes of grants when namespaces take their place.
    fn namespaces(&self, summary: &mut Summary, rbac: &Rbac, policies: &[Value]) {
        for grant in policies.iter().flat_map(|policy| rbac.almighty(name_of(policy))) {
            let note = format!(
                "{grant} ({}) may use everything, and now gets what the namespace has: no namespace is judged by a policy for its sake",
                grant.origin()
            );
            if summary.notes.iter().all(|known| known.text != note) {
                summary.note(note);
            }
        }
        for (namespace, names) in self.shared(rbac, policies) {
            summary.caution(together(&namespace, &names.join(" and ")));
        }
    }

    /// The namespaces in which several policies judge, by name.
    fn shared(&self, rbac: &Rbac, policies: &[Value]) -> Vec<(String, Vec<String>)> {
        let everywhere = || vec!["every namespace".to_owned()];
        let mut places: Vec<(String, Vec<String>)> = Vec::new();
        let mut general = Vec::new();
        for name in policies.iter().map(name_of) {
            let namespaces = match self.places(rbac, name) {
                Ok(Some(namespaces)) => namespaces,
                Ok(None) => {
                    general.push(name.to_owned());
                    everywhere()
                }
                Err(_) => continue,
            };
            for namespace in namespaces {
                match places.iter_mut().find(|(known, _)| *known == namespace) {
                    Some((_, names)) => names.push(name.to_owned()),
                    None => places.push((namespace, vec![name.to_owned()])),
                }
            }
        }
        // Policies of all namespaces judge in each of them.
        for (namespace, names) in &mut places {
            if !everywhere().contains(namespace) {
                names.extend(general.iter().cloned());
                names.sort_unstable();
            }
        }
        places.retain(|(_, names)| names.len() > 1);
        places
    }
}

/// The capability that asks who may do what.
const CAPABILITY: &str = "kubernetes/can_i";

fn together(namespace: &str, names: &str) -> String {
    format!(
        "{names} judge {namespace} together, and pods must satisfy all of them; PodSecurityPolicy wanted one"
    )
}

impl Summary {
    fn row(&mut self, name: &str, status: Status, policy: &Value, authority: &Authority) {
        let may_be_used_by = match authority {
            Authority::Everybody => None,
            Authority::Dump(rbac) => Some(users(rbac, name)),
        };
        let changed_meaning = match policy {
            Value::Null => Vec::new(),
            policy => deviations::of(policy).map(|deviation| deviation.name).collect(),
        };
        self.policies.push(Row { name: name.to_owned(), status, changed_meaning, may_be_used_by });
    }

    fn warn(&mut self, text: &str, policy: &str) {
        add(&mut self.warnings, text, policy);
    }

    /// A warning about the whole.
    fn caution(&mut self, text: String) {
        self.warnings.push(Remark { text, policies: Vec::new() });
    }

    fn note(&mut self, text: String) {
        self.notes.push(Remark { text, policies: Vec::new() });
    }

    /// `157 policies: 155 converted, 2 left out`
    fn count(&self) -> String {
        let all = self.policies.len();
        let left_out = self.policies.iter().filter(|row| row.status == Status::LeftOut).count();
        let noun = if all == 1 { "policy" } else { "policies" };
        let converted = all - left_out;
        let left_out = if left_out == 0 { String::new() } else { format!(", {left_out} left out") };
        format!("{all} {noun}: {converted} converted{left_out}")
    }

    fn text(&self, voice: Voice) {
        voice.note(&self.count());
        let all = self.policies.len();
        let warnings = self.warnings.iter().map(|remark| (true, remark.line("", all)));
        let deviations = self.deviations.iter().map(|remark| (false, remark.line("changed meaning: ", all)));
        let notes = self.notes.iter().map(|remark| (false, remark.line("", all)));
        let mut lines: Vec<(bool, String)> = warnings.chain(deviations).chain(notes).collect();
        if lines.len() > LINES - 1 {
            let more = lines.len() - (LINES - 2);
            lines.truncate(LINES - 2);
            lines.push((false, format!("and {more} more lines; --summary markdown has all")));
        }
        for (is_warning, line) in lines {
            if is_warning { voice.warn(&line) } else { voice.note(&line) }
        }
    }

    fn markdown(&self) -> String {
        let mut text = format!("**{}**\n", self.count());
        for (title, remarks) in
            [("Warnings", &self.warnings), ("Changed meaning", &self.deviations), ("Notes", &self.notes)]
        {
            if remarks.is_empty() {
                continue;
            }
            // Writing to a String cannot fail.
            let _ = write!(text, "\n### {title}\n\n");
            for Remark { text: sentence, policies } in remarks {
                let names: Vec<String> = policies.iter().map(|name| format!("`{name}`")).collect();
                let names = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
                let _ = writeln!(text, "* {}{names}", report::escaped(sentence));
            }
        }
        let _ = write!(text, "\n### Policies\n\n| Policy | Status | May be used by |\n|---|---|---|\n");
        for Row { name, status, may_be_used_by, .. } in &self.policies {
            let status = if *status == Status::Converted { "converted" } else { "**left out**" };
            let users = match may_be_used_by.as_deref() {
                None => "unknown".to_owned(),
                Some([]) => "nobody".to_owned(),
                Some(users) => report::escaped(&users.join("; ")),
            };
            let _ = writeln!(text, "| `{name}` | {status} | {users} |");
        }
        text
    }
}

impl Remark {
    /// The sentence, and the first policies that it is about.
    fn line(&self, before: &str, all: usize) -> String {
        let Remark { text, policies } = self;
        let named: Vec<&str> = policies.iter().take(NAMED).map(String::as_str).collect();
        let named = match policies.len() {
            0 => return format!("{before}{text}"),
            count if count > NAMED && count == all => "all policies".to_owned(),
            // The last one stands where "1 more" would.
            count if count == NAMED + 1 => policies.join(", "),
            count if count > NAMED => format!("{} and {} more", named.join(", "), count - NAMED),
            _ => named.join(", "),
        };
        format!("{before}{text} [{named}]")
    }
}

/// Adds a policy to those that a sentence is about.
fn add(remarks: &mut Vec<Remark>, text: &str, policy: &str) {
    match remarks.iter_mut().find(|known| known.text == text) {
        Some(known) => {
            if !known.policies.iter().any(|known| known == policy) {
                known.policies.push(policy.to_owned());
            }
        }
        None => remarks.push(Remark { text: text.to_owned(), policies: vec![policy.to_owned()] }),
    }
}

/// The sentence of advice, which is the same for all policies, and the policy with its field.
fn told(advice: &Advice) -> (String, String) {
    let field = &advice.about.field;
    let family = field.split('[').next().unwrap_or_default();
    let entry = match &*advice.about.entry {
        "" => String::new(),
        entry if family == field => format!(": {entry}"),
        entry => format!(": {field} {entry}"),
    };
    (format!("{family}: {}", advice.about.text), format!("{}{entry}", advice.policy))
}

/// A mistake in granting, and the object that makes it, in its brackets.
fn split(mistake: &str) -> (&str, &str) {
    mistake.rfind(" (").map_or((mistake, ""), |at| mistake.split_at(at))
}

fn users(rbac: &Rbac, policy: &str) -> Vec<String> {
    let mut users: Vec<String> = rbac.of_policy(policy).map(ToString::to_string).collect();
    users.sort_unstable();
    users.dedup();
    users
}
