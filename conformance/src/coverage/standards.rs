//! Coverage of the Pod Security Standards.

use std::collections::BTreeMap;

use super::Coverage;
use super::table::{Cell, Table};
use crate::case::{Answered, StandardCase, StandardOutcome};

/// Coverage of answered cases of the Pod Security Standards.
#[derive(Clone, Debug, Default)]
pub struct Standards {
    counts: BTreeMap<(&'static str, String, String), u64>,
}

/// The reasons of the checks, and whether each is given at the levels baseline and restricted.
const REASONS: [(&str, bool, bool); 17] = [
    ("forbidden AppArmor profile", true, true),
    ("non-default capabilities", true, true),
    ("host namespaces", true, true),
    ("hostPath volumes", true, false),
    ("hostPort", true, true),
    ("probe or lifecycle host", true, true),
    ("privileged", true, true),
    ("procMount", true, true),
    ("seLinuxOptions", true, true),
    ("seccompProfile", true, true),
    ("forbidden sysctls", true, true),
    ("hostProcess", true, true),
    ("allowPrivilegeEscalation != false", false, true),
    ("unrestricted capabilities", false, true),
    ("restricted volume types", false, true),
    ("runAsNonRoot != true", false, true),
    ("runAsUser=0", false, true),
];

impl Coverage for Standards {
    type Question = StandardCase;

    fn add(&mut self, answered: &Answered<StandardCase, StandardOutcome>) {
        let Answered { case, result } = answered;
        let verdict = if result.allowed { "allowed" } else { "refused" };
        self.hit("level", &case.level, verdict);
        self.hit("version", &case.version, verdict);
        self.hit("all", "all", verdict);
        for (reason, _, _) in REASONS {
            // The reason in front of its details, or at the end; plural or not.
            let given = result
                .reason
                .split(", ")
                .any(|given| given == reason || given.strip_suffix('s') == Some(reason));
            if given {
                self.hit("reason", reason, &case.level);
            }
        }
    }

    fn tables(&self) -> Vec<Table> {
        let mut all = Table::new("standards", &["cases", "share"]);
        let (allowed, refused) = (self.count("all", "all", "allowed"), self.count("all", "all", "refused"));
        for (name, count) in [("allowed", allowed), ("refused", refused)] {
            all.row(name, [Cell::needed(count), Cell::share(count, allowed + refused, 40, 60)]);
        }
        let mut reasons = Table::new("reason", &["baseline", "restricted"]);
        for (reason, baseline, restricted) in REASONS {
            let count = |level| self.count("reason", reason, level);
            let cells = [
                Cell::needed_if(baseline, count("baseline")),
                Cell::needed_if(restricted, count("restricted")),
            ];
            reasons.row(reason, cells);
        }
        vec![all, reasons, self.by("level"), self.by("version")]
    }
}

impl Standards {
    fn hit(&mut self, table: &'static str, row: &str, column: &str) {
        *self.counts.entry((table, row.to_owned(), column.to_owned())).or_default() += 1;
    }

    fn count(&self, table: &'static str, row: &str, column: &str) -> u64 {
        self.counts.get(&(table, row.to_owned(), column.to_owned())).copied().unwrap_or_default()
    }

    /// Allowed and rejected, by the properties seen.
    fn by(&self, title: &'static str) -> Table {
        let mut table = Table::new(title, &["allowed", "refused"]);
        let mut seen: Vec<&String> =
            self.counts.keys().filter(|(table, _, _)| *table == title).map(|(_, row, _)| row).collect();
        seen.dedup();
        for row in seen {
            let count = |column| self.count(title, row, column);
            table.row(
                row,
                [Cell::needed(count("allowed")), Cell::needed_if(row != "privileged", count("refused"))],
            );
        }
        table
    }
}
