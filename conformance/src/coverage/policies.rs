//! Coverage of PodSecurityPolicy.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Coverage;
use super::objections::{OBJECTIONS, objections, rules};
use super::requests::{GRANTS, REQUESTS, grants, request};
use super::rules::{RULES, policy};
use super::settings::{FAULTS, rule};
use super::table::{Cell, Table};
use crate::case::{Answered, Case, Outcome};
use crate::generate::{REQUESTERS, VOLUME_SOURCES, requester_of};

/// Coverage of answered PodSecurityPolicy cases.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    counts: BTreeMap<(&'static str, String, &'static str), u64>,
}

/// The container lists, as error paths spell them.
const LISTS: [&str; 3] = ["spec.initContainers[", "spec.containers[", "spec.ephemeralContainers["];
/// The annotations of a policy.
const ANNOTATIONS: [&str; 4] = [
    "apparmor.security.beta.kubernetes.io/allowedProfileNames",
    "apparmor.security.beta.kubernetes.io/defaultProfileName",
    "seccomp.security.alpha.kubernetes.io/allowedProfileNames",
    "seccomp.security.alpha.kubernetes.io/defaultProfileName",
];

/// The requests that the original ignored and this project evaluates.
const LAWS: [&str; 2] = ["ephemeral containers", "an unknown subresource"];

impl Coverage for Policies {
    type Question = Case;

    fn add(&mut self, answered: &Answered<Case, Outcome>) {
        let Answered { case, result } = answered;
        if let Some(errors) = &result.errors {
            self.add_settings(errors);
        } else {
            self.add_admission(case, result);
        }
    }

    fn tables(&self) -> Vec<Table> {
        let mut rules = Table::new("rule", &["unchanged", "mutated", "refused", "refused alone"]);
        for rule in RULES {
            let count = |column| self.count("rule", rule.name, column);
            rules.row(
                rule.name,
                [
                    Cell::needed(count("unchanged")),
                    Cell::needed_if(rule.mutates, count("mutated")),
                    Cell::needed(count("refused")),
                    Cell::needed(count("refused alone")),
                ],
            );
        }
        let mut objections = Table::new("objection", &["cases"]);
        for (rule, what, _) in OBJECTIONS {
            // Only a validator without the mutating phase could report it; after mutation nothing is absent.
            let possible = what != "absent";
            let count = self.count("objection", &format!("{rule}: {what}"), "cases");
            objections.row(format!("{rule}: {what}"), [Cell::needed_if(possible, count)]);
        }
        let mut settings = Table::new("settings", &["cases"]);
        settings.row("valid", [Cell::needed(self.count("settings", "valid", "cases"))]);
        for (name, _, _) in FAULTS {
            settings.row(name, [Cell::needed(self.count("settings", name, "cases"))]);
        }
        settings.row("faults of unknown rules", [Cell::Count(self.count("settings", "unknown", "cases"))]);
        vec![
            self.balance(),
            rules,
            objections,
            self.admitted_and_refused("volume", VOLUME_SOURCES),
            self.admitted_and_refused("policy annotation", ANNOTATIONS),
            self.admitted_and_refused("grants", GRANTS),
            self.requests(),
            self.admitted_and_refused("requester", REQUESTERS.map(|(_, requester)| requester.what)),
            self.admitted_and_refused("law", LAWS),
            self.lists(),
            settings,
        ]
    }
}

impl Policies {
    fn hit(&mut self, table: &'static str, row: impl Into<String>, column: &'static str) {
        *self.counts.entry((table, row.into(), column)).or_default() += 1;
    }

    fn count(&self, table: &'static str, row: &str, column: &'static str) -> u64 {
        self.counts.get(&(table, row.to_owned(), column)).copied().unwrap_or_default()
    }

    fn add_settings(&mut self, errors: &[String]) {
        if errors.is_empty() {
            self.hit("settings", "valid", "cases");
        }
        let mut found: Vec<&str> = errors
            .iter()
            .map(|error| rule(error).and_then(|index| FAULTS.get(index)).map_or("unknown", |fault| fault.0))
            .collect();
        found.sort_unstable();
        found.dedup();
        for name in found {
            self.hit("settings", name, "cases");
        }
    }

    fn add_admission(&mut self, case: &Case, result: &Outcome) {
        let (refusal, winner) = (result.refusal(), result.winner());
        let verdict = match (refusal, winner) {
            (Some(_), _) => "refused",
            (None, Some(_)) => "admitted",
            (None, None) => "ignored",
        };
        self.hit("balance", "all", verdict);
        self.hit("request", request(case), verdict);
        if let Some(law) = &result.law {
            let [ephemeral, unknown] = LAWS;
            let row = if case.sub == "ephemeralcontainers" { ephemeral } else { unknown };
            let verdict = if law.refusal().is_some() { "refused" } else { "admitted" };
            self.hit("law", row, verdict);
        }
        if !case.no_user && case.grants.is_some() {
            self.hit("requester", requester_of(case), verdict);
        }
        for property in grants(case) {
            self.hit("grants", property, verdict);
        }
        for volume in case.pod.pointer("/spec/volumes").and_then(Value::as_array).into_iter().flatten() {
            for source in VOLUME_SOURCES.iter().filter(|source| volume.get(source).is_some()) {
                self.hit("volume", *source, verdict);
            }
        }
        for annotation in ANNOTATIONS {
            let path = format!("/metadata/annotations/{}", annotation.replace('/', "~1"));
            if case.psps.iter().any(|policy| policy.pointer(&path).is_some()) {
                self.hit("policy annotation", annotation, verdict);
            }
        }
        if let Some(refusal) = refusal {
            self.add_refusal(refusal);
        }
        if let Some(policy) = winner.and_then(|winner| policy(case, winner)) {
            self.add_admitted(case, policy, result);
        }
    }

    fn add_refusal(&mut self, refusal: &str) {
        let refusing = rules(refusal);
        for rule in &refusing {
            self.hit("rule", *rule, "refused");
            if refusing.len() == 1 {
                self.hit("rule", *rule, "refused alone");
            }
        }
        self.hit(
            "balance",
            "all",
            match refusing.len() {
                0 => "without cause",
                1 => "one cause",
                _ => "several causes",
            },
        );
        for index in objections(refusal) {
            if let Some((rule, what, _)) = OBJECTIONS.get(index) {
                self.hit("objection", format!("{rule}: {what}"), "cases");
            }
        }
        for list in LISTS.iter().filter(|list| refusal.contains(**list)) {
            self.hit("list", *list, "refused");
        }
    }

    fn add_admitted(&mut self, case: &Case, policy: &Value, result: &Outcome) {
        // An update is never mutated, and is returned without a pod.
        let after = if result.pod.is_null() { &case.pod } else { &result.pod };
        let mut mutated = false;
        for rule in RULES {
            if rule.mutates && rule.changed(&case.pod, after) {
                mutated = true;
                self.hit("rule", rule.name, "mutated");
            } else if rule.concerns(policy, &case.pod) {
                self.hit("rule", rule.name, "unchanged");
            }
        }
        self.hit("balance", "all", if mutated { "mutated" } else { "unchanged" });
        for list in LISTS {
            let field = list.trim_end_matches('[').replace("spec.", "/spec/");
            if case.pod.pointer(&field).is_some() {
                self.hit("list", list, "admitted");
            }
        }
    }

    fn balance(&self) -> Table {
        let count = |column| self.count("balance", "all", column);
        let judged = count("admitted") + count("refused");
        let mut table = Table::new("admission cases", &["cases", "share"]);
        let mut row = |name: &'static str, least, most| {
            table.row(name, [Cell::needed(count(name)), Cell::share(count(name), judged, least, most)]);
        };
        row("admitted", 40, 60);
        row("unchanged", 10, 60);
        row("mutated", 10, 60);
        row("refused", 40, 60);
        row("one cause", 20, 60);
        row("several causes", 0, 25);
        row("without cause", 0, 20);
        table.row("ignored", [Cell::needed(count("ignored")), Cell::Senseless]);
        table
    }

    fn admitted_and_refused<const N: usize>(&self, title: &'static str, rows: [&'static str; N]) -> Table {
        let mut table = Table::new(title, &["admitted", "refused"]);
        for row in rows {
            // Without grants, the pod is never admitted.
            let possible = row != "nobody";
            let count = |column| self.count(title, row, column);
            table.row(row, [Cell::needed_if(possible, count("admitted")), Cell::needed(count("refused"))]);
        }
        table
    }

    fn requests(&self) -> Table {
        let mut table = Table::new("request", &["admitted", "refused", "ignored"]);
        for row in REQUESTS {
            let count = |column| Cell::Count(self.count("request", row, column));
            let seen = ["admitted", "refused", "ignored"]
                .into_iter()
                .any(|column| self.count("request", row, column) > 0);
            let cells = [count("admitted"), count("refused"), count("ignored")];
            table.row(row, if seen { cells } else { [Cell::Missing; 3] });
        }
        table
    }

    fn lists(&self) -> Table {
        let mut table = Table::new("containers", &["admitted", "refused"]);
        for list in LISTS {
            let count = |column| Cell::needed(self.count("list", list, column));
            table.row(list.trim_end_matches('['), [count("admitted"), count("refused")]);
        }
        table
    }
}
