//! The summary of a migration: deviations, grants, and remaining tasks.
//!
//! For a migration of 157 policies, one page is readable and a table is not: each statement is reported once, followed
//! by the names of the policies that it concerns, and decisions come first.

mod page;

use serde_json::Value;

use page::{Remark, Status, add};

use super::convert::{Converted, name_of};
use super::deviations;
use super::foreign::Foreign;
use super::manifests::{CHOSEN, Kind, Mode};
use super::options::Options;
use super::policies::{Policies, Sorted};
use super::rollout;
use crate::import::{Piece, Subject};
use crate::policies::{Advice, lint};
use crate::rbac::{Authority, Rbac, mistakes};

pub use page::{Line, Summary};

/// The format of the summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Format {
    /// For people: at most 40 lines
    #[default]
    Text,
    /// For programs: all there is, policy by policy
    Json,
    /// For comments and tickets: all there is
    Markdown,
}

/// Up to so many policies, each has a line with its users.
const FEW: usize = 8;

impl Options {
    /// The summary: decisions, deviations, and remaining tasks.
    pub(super) fn summarize(
        &self,
        input: &Sorted,
        policies: &Policies,
        converted: &Converted,
        foreign: &Foreign,
        authority: &Authority,
    ) -> Summary {
        let mut summary = Summary::default();
        summary.import(foreign);
        let judges_more = |piece: &Piece| piece.reach.subject == Subject::Pods && !piece.reach.workloads;
        if !self.same_reach && foreign.pieces.iter().any(judges_more) {
            summary.note("policies that judged pods when they were created now judge updates and ephemeral containers as well, and warn of workloads whose pods would be rejected; --same-reach leaves the latter two out".to_owned());
        }
        for (kind, count) in &input.others {
            summary.note(format!("left alone: {count} {kind}"));
        }
        summary.rollout = rollout::steps(&converted.manifests, &self.form);
        if input.policies.is_empty() {
            if !converted.manifests.is_empty() {
                self.how_requests_fare(&mut summary);
            }
            if !foreign.listed.is_empty() {
                summary.note(ACCESS_REVIEWS.to_owned());
            }
            return summary;
        }
        if let Some(gaps) = authority.gaps() {
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
        let advised = input
            .policies
            .iter()
            .filter(|object| policies.skipped.iter().all(|(name, _)| *name != object.name))
            .flat_map(lint);
        let (serious, mild): (Vec<Advice>, Vec<Advice>) = advised.partition(|advice| advice.about.is_serious);
        for advice in serious {
            let (text, place) = reported(&advice);
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
            let (text, place) = reported(&advice);
            add(&mut summary.notes, &text, &place);
        }
        self.users(&mut summary, &policies.manifests, authority);
        if input.accounts > 0 {
            let (accounts, are) = match input.accounts {
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

    /// Who may use which policy, where that is known.
    fn users(&self, summary: &mut Summary, policies: &[Value], authority: &Authority) {
        let Authority::Dump(_) = authority else {
            summary.note("who may use which policy is unknown without --rbac".to_owned());
            if !self.per_policy {
                summary.caution(format!(
                    "no grants are in the input: in protect mode a pod is rejected{} unless its account or its author may use one of these policies; where the roles went with PodSecurityPolicy, that is every pod: see them with --rbac, keep them with --emit-rbac, or start from manifests/rbac.yaml",
                    self.outside()
                ));
            }
            return;
        };
        let is_granted = |row: &page::Row| {
            row.status == Status::Converted && !row.may_be_used_by.as_ref().is_some_and(Vec::is_empty)
        };
        if !self.per_policy && !summary.policies.iter().any(is_granted) {
            summary.caution(format!(
                "no subject may use any of these policies: in protect mode every pod is rejected{}; manifests/rbac.yaml shows what to grant",
                self.outside()
            ));
        }
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
            summary.notes.push(Remark { text: "is granted to no subject".to_owned(), policies: unused });
        }
    }

    /// ` outside of kube-system`
    fn outside(&self) -> String {
        let exempt: Vec<&str> = self.exempt().collect();
        if exempt.is_empty() { String::new() } else { format!(" outside of {}", exempt.join(" and ")) }
    }

    /// What is not judged, and what the mode means.
    fn how_requests_fare(&self, summary: &mut Summary) {
        let exempt: Vec<&str> = self.exempt().collect();
        if !exempt.is_empty() && self.form.kind == Kind::Cluster {
            summary.note(format!(
                "not judged: {}, so that a policy server that is down cannot stop the cluster's own pods; PodSecurityPolicy judged all (--exempt-namespaces '')",
                exempt.join(", ")
            ));
        }
        if self.form.mode == Mode::Monitor {
            summary.note("in monitor mode nothing is rejected and nothing is filled in; what the log says would be filled in will be, in protect mode".to_owned());
        }
    }

    fn what_to_do(&self, summary: &mut Summary, policies: &[Value], authority: &Authority) {
        self.how_requests_fare(summary);
        if !self.per_policy {
            summary.note(ACCESS_REVIEWS.to_owned());
            if self.form.kind == Kind::Namespace {
                summary.note(format!(
                    "an AdmissionPolicy rejects every pod where its PolicyServer keeps it from asking RBAC: spec.namespacedPoliciesCapabilities of PolicyServer {} must be unset, or contain {CAPABILITY}: docs/rbac.md",
                    self.form.policy_server
                ));
            }
            return;
        }
        match authority {
            Authority::Everybody if self.form.kind == Kind::Cluster => summary.note(format!(
                "a namespace chooses a policy by its label: kubectl label namespace NAME {CHOSEN}=POLICY; one without the label is not judged"
            )),
            Authority::Everybody if policies.len() > 1 => {
                let names: Vec<&str> = policies.iter().map(name_of).collect();
                let namespace = self.form.namespace.as_deref().unwrap_or_default();
                summary.caution(together(namespace, &names.join(" and ")));
            }
            Authority::Everybody => {}
            Authority::Dump(rbac) => self.namespaces(summary, rbac, policies),
        }
    }

    /// Notes about grants that namespaces replace.
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

    /// The namespaces in which several policies apply, by name.
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
        // Policies for all namespaces apply in each of them.
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

const ACCESS_REVIEWS: &str = "the policy server must be allowed to create SubjectAccessReviews, or every pod is rejected: docs/rbac.md";

/// The host capability for access reviews.
const CAPABILITY: &str = "kubernetes/can_i";

fn together(namespace: &str, names: &str) -> String {
    format!(
        "{names} judge {namespace} together, and pods must satisfy all of them; PodSecurityPolicy wanted one"
    )
}

/// The sentence of advice, which is the same for all policies, and the policy with its field.
fn reported(advice: &Advice) -> (String, String) {
    let field = &advice.about.field;
    let family = field.split('[').next().unwrap_or_default();
    let entry = match &*advice.about.entry {
        "" => String::new(),
        entry if family == field => format!(": {entry}"),
        entry => format!(": {field} {entry}"),
    };
    (format!("{family}: {}", advice.about.text), format!("{}{entry}", advice.policy))
}

/// A mistake in granting, and the object that makes it, which is in brackets.
fn split(mistake: &str) -> (&str, &str) {
    mistake.rfind(" (").map_or((mistake, ""), |at| mistake.split_at(at))
}
