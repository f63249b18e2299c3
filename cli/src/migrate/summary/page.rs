//! The summary as data, and its layout.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::super::deviations;
use super::super::foreign::Foreign;
use super::super::rollout::{Step, UNDO};
use crate::import::Inexact;
use crate::rbac::{Authority, Rbac};
use crate::report;

/// The complete summary of a migration.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub(super) policies: Vec<Row>,
    pub(super) warnings: Vec<Remark>,
    /// Deviations from PodSecurityPolicy.
    pub(super) deviations: Vec<Remark>,
    pub(super) notes: Vec<Remark>,
    /// What the registrations would do with the given pods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pods: Vec<String>,
    /// The commands of the rollout, in order.
    pub(super) rollout: Vec<Step>,
}

/// A line of the summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whether it is a warning; else it is a note.
    pub is_warning: bool,
    /// The text.
    pub text: String,
}

/// The summary of one policy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) status: Status,
    changed_meaning: Vec<&'static str>,
    /// `None` where it is unknown.
    pub(super) may_be_used_by: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    Converted,
    LeftOut,
    /// It cannot be converted.
    Refused,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Converted => "converted",
            Status::LeftOut => "left out",
            Status::Refused => "refused",
        }
    }
}

/// A sentence about some policies.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Remark {
    pub(super) text: String,
    /// The policies that it concerns, with the path or the object; empty for all.
    pub(super) policies: Vec<String>,
}

/// The maximum number of lines.
const LINES: usize = 40;
/// Commands with more registrations are left to `--summary markdown`.
const COMMAND: usize = 1200;
/// The maximum number of policies named in a line.
const NAMED: usize = 3;

impl Summary {
    pub(super) fn row(&mut self, name: &str, status: Status, policy: &Value, authority: &Authority) {
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

    pub(super) fn warn(&mut self, text: &str, policy: &str) {
        add(&mut self.warnings, text, policy);
    }

    /// A line about the given pods.
    pub(in crate::migrate) fn rehearsed(&mut self, line: String) {
        self.pods.push(line);
    }

    /// A warning about the whole.
    pub(super) fn caution(&mut self, text: String) {
        self.warnings.push(Remark { text, policies: Vec::new() });
    }

    pub(super) fn note(&mut self, text: String) {
        self.notes.push(Remark { text, policies: Vec::new() });
    }

    /// Rows and remarks of other engines' policies.
    pub(super) fn import(&mut self, foreign: &Foreign) {
        let pieces = foreign.pieces.iter().map(|piece| (&piece.title, &piece.inexact));
        for (title, inexact) in pieces.chain(foreign.listed.iter().map(|one| (&one.title, &one.inexact))) {
            if self.policies.iter().all(|row| row.name != *title) {
                self.row(title, Status::Converted, &Value::Null, &Authority::Everybody);
            }
            for Inexact { key, was, is, because } in inexact {
                self.warn(&format!("{key}: before: {was}; now: {is}; reason: {because}"), title);
            }
        }
        for piece in &foreign.pieces {
            for text in &piece.repaired {
                add(&mut self.notes, &format!("repaired: {text}"), &piece.title);
            }
        }
        if !foreign.listed.is_empty() {
            self.note("policies are tried in the order of their names, which begin with the place in OpenShift's order; it does not prefer a policy that leaves the pod unchanged".to_owned());
        }
        for error in &foreign.refused {
            self.row(&error.reason, Status::Refused, &Value::Null, &Authority::Everybody);
        }
        for (title, reason) in &foreign.left_alone {
            add(&mut self.notes, &format!("left alone: {reason}"), title);
        }
    }

    /// `157 policies: 155 converted, 2 left out`
    fn count(&self) -> String {
        let all = self.policies.len();
        let noun = if all == 1 { "policy" } else { "policies" };
        let count = |status: Status| self.policies.iter().filter(|row| row.status == status).count();
        let counts =
            [Status::Converted, Status::LeftOut, Status::Refused].map(|status| (status, count(status)));
        let counts = counts.into_iter().filter(|(status, count)| *count > 0 || *status == Status::Converted);
        let counts: Vec<String> =
            counts.map(|(status, count)| format!("{count} {}", status.name())).collect();
        format!("{all} {noun}: {}", counts.join(", "))
    }

    /// The summary for people, in at most 40 lines.
    pub fn lines(&self) -> Vec<Line> {
        let all = self.policies.len();
        let line = |is_warning| move |text| Line { is_warning, text };
        let warnings = self.warnings.iter().map(|remark| remark.line("", all)).map(line(true));
        let deviations = self.deviations.iter().map(|remark| remark.line("changed meaning: ", all));
        let notes = self.notes.iter().map(|remark| remark.line("", all));
        let pods = self.pods.iter().cloned();
        let mut lines: Vec<Line> = pods.map(line(false)).collect();
        lines.extend(warnings.chain(deviations.chain(notes).map(line(false))));
        let steps = self.steps();
        let room = LINES - 1 - steps.len();
        if lines.len() > room {
            let more = lines.len() - (room - 1);
            lines.truncate(room - 1);
            lines.push(line(false)(format!("and {more} more lines; --summary markdown has all")));
        }
        lines.extend(steps.into_iter().map(line(false)));
        lines.insert(0, line(false)(self.count()));
        lines
    }

    /// The commands of the rollout, a line for each.
    fn steps(&self) -> Vec<String> {
        if self.rollout.iter().any(|step| step.command.len() > COMMAND) {
            return vec![
                "the commands of the rollout, and the one that ends it: --summary markdown".to_owned(),
            ];
        }
        let numbered = self.rollout.iter().zip(1..);
        numbered
            .map(|(Step { text, command }, nth)| match *text {
                UNDO => format!("{text}: {command}"),
                text => format!("{nth}. {text}: {command}"),
            })
            .collect()
    }

    /// The complete summary in Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("**{}**\n", self.count());
        if !self.pods.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n### Pods\n\n");
            for line in &self.pods {
                let _ = writeln!(text, "* {}", report::escaped(line));
            }
        }
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
        if !self.rollout.is_empty() {
            let _ = write!(text, "\n### Rollout\n\n");
            for (Step { text: sentence, command }, nth) in self.rollout.iter().zip(1..) {
                let _ = match *sentence {
                    UNDO => writeln!(text, "\n### Undo\n\nAt any time, without a policy server: `{command}`"),
                    sentence => writeln!(text, "{nth}. {sentence}: `{command}`"),
                };
            }
        }
        let _ = write!(text, "\n### Policies\n\n| Policy | Status | May be used by |\n|---|---|---|\n");
        for Row { name, status, may_be_used_by, .. } in &self.policies {
            let status = match status {
                Status::Converted => status.name().to_owned(),
                Status::LeftOut | Status::Refused => format!("**{}**", status.name()),
            };
            let users = match may_be_used_by.as_deref() {
                None => "unknown".to_owned(),
                Some([]) => "no subject".to_owned(),
                Some(users) => report::escaped(&users.join("; ")),
            };
            let _ = writeln!(text, "| `{name}` | {status} | {users} |");
        }
        text
    }
}

impl Remark {
    /// The sentence, and the first policies that it concerns.
    fn line(&self, before: &str, all: usize) -> String {
        let Remark { text, policies } = self;
        let named: Vec<&str> = policies.iter().take(NAMED).map(String::as_str).collect();
        let named = match policies.len() {
            0 => return format!("{before}{text}"),
            count if count > NAMED && count == all => "all policies".to_owned(),
            // Instead of "1 more", the last one is named.
            count if count == NAMED + 1 => policies.join(", "),
            count if count > NAMED => format!("{} and {} more", named.join(", "), count - NAMED),
            _ => named.join(", "),
        };
        format!("{before}{text} [{named}]")
    }
}

/// Adds a policy to those that a sentence concerns.
pub(super) fn add(remarks: &mut Vec<Remark>, text: &str, policy: &str) {
    match remarks.iter_mut().find(|known| known.text == text) {
        Some(known) => {
            if !known.policies.iter().any(|known| known == policy) {
                known.policies.push(policy.to_owned());
            }
        }
        None => remarks.push(Remark { text: text.to_owned(), policies: vec![policy.to_owned()] }),
    }
}

fn users(rbac: &Rbac, policy: &str) -> Vec<String> {
    let mut users: Vec<String> = rbac.of_policy(policy).map(ToString::to_string).collect();
    users.sort_unstable();
    users.dedup();
    users
}
