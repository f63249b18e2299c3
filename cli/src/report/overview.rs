//! Counts by rule and by namespace, with which every report ends.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::Cell;
use serde::Serialize;

use super::escaped;
use super::layout::Look;
use crate::judge::{Judged, Verdict};

/// How many objects each rule rejects, and each namespace holds.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Overview<'r> {
    /// Those that reject most come first.
    rules: Vec<Rule<'r>>,
    /// Those with most rejected objects come first.
    namespaces: Vec<Namespace<'r>>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Rule<'r> {
    rule: &'r str,
    objects: usize,
    violations: usize,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Namespace<'r> {
    namespace: &'r str,
    allowed: usize,
    changed: usize,
    rejected: usize,
}

/// At most so many namespaces are shown to people.
const SHOWN: usize = 20;

impl<'r> Overview<'r> {
    pub(super) fn of(results: &'r [Judged]) -> Self {
        let mut rules: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut namespaces: BTreeMap<&str, Namespace<'_>> = BTreeMap::new();
        for judged in results {
            let mut own: BTreeMap<&str, usize> = BTreeMap::new();
            for found in &judged.violations {
                *own.entry(&found.rule).or_default() += 1;
            }
            for (rule, violations) in own {
                let counts = rules.entry(rule).or_default();
                *counts = (counts.0 + 1, counts.1 + violations);
            }
            let counts = namespaces.entry(&judged.namespace).or_default();
            *match judged.verdict {
                Verdict::Allowed => &mut counts.allowed,
                Verdict::Changed => &mut counts.changed,
                Verdict::Rejected => &mut counts.rejected,
            } += 1;
        }
        let rule = |(rule, (objects, violations))| Rule { rule, objects, violations };
        let mut rules: Vec<_> = rules.into_iter().map(rule).collect();
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.objects));
        let named = |(namespace, counts)| Namespace { namespace, ..counts };
        let mut namespaces: Vec<_> = namespaces.into_iter().map(named).collect();
        namespaces.sort_by_key(|namespace| std::cmp::Reverse(namespace.rejected));
        Overview { rules, namespaces }
    }

    /// For a terminal; empty where the summary says it all.
    pub(super) fn table(&self, look: Look) -> String {
        let mut text = String::new();
        if !self.rules.is_empty() {
            let mut table = look.table(&["RULE", "OBJECTS", "VIOLATIONS"]);
            for Rule { rule, objects, violations } in &self.rules {
                table.add_row([Cell::new(rule), Cell::new(objects), Cell::new(violations)]);
            }
            text = format!("\n{}\n", table.trim_fmt());
        }
        if self.namespaces.len() > 1 {
            let mut table = look.table(&["NAMESPACE", "ALLOWED", "CHANGED", "REJECTED"]);
            for Namespace { namespace, allowed, changed, rejected } in self.namespaces.iter().take(SHOWN) {
                let cells =
                    [Cell::new(namespace), Cell::new(allowed), Cell::new(changed), Cell::new(rejected)];
                table.add_row(cells);
            }
            // Writing to a String cannot fail.
            let _ = write!(text, "\n{}\n{}", table.trim_fmt(), self.more());
        }
        text
    }

    /// The same in Markdown.
    pub(super) fn markdown(&self) -> String {
        let mut text = String::new();
        if !self.rules.is_empty() {
            text.push_str("\n| Rule | Objects | Violations |\n|---|--:|--:|\n");
        }
        for Rule { rule, objects, violations } in &self.rules {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| `{}` | {objects} | {violations} |", escaped(rule));
        }
        if self.namespaces.len() > 1 {
            text.push_str("\n| Namespace | Allowed | Changed | Rejected |\n|---|--:|--:|--:|\n");
            for Namespace { namespace, allowed, changed, rejected } in self.namespaces.iter().take(SHOWN) {
                let _ = writeln!(text, "| {} | {allowed} | {changed} | {rejected} |", escaped(namespace));
            }
            let more = self.more();
            let _ = write!(text, "{}{more}", if more.is_empty() { "" } else { "\n" });
        }
        text
    }

    fn more(&self) -> String {
        match self.namespaces.len().saturating_sub(SHOWN) {
            0 => String::new(),
            1 => "and 1 more namespace\n".to_owned(),
            more => format!("and {more} more namespaces\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::results;
    use super::*;

    #[test]
    fn rules_and_namespaces_are_counted() {
        let mut results = results().results;
        results.push(Judged { namespace: "db".to_owned(), ..results[2].clone() });
        results[3].violations.truncate(1);
        let overview = Overview::of(&results);
        let rule = |rule, objects, violations| Rule { rule, objects, violations };
        assert_eq!(overview.rules, [rule("privileged", 2, 2), rule("pss/hostNamespaces", 1, 1)]);
        let namespace =
            |namespace, allowed, changed, rejected| Namespace { namespace, allowed, changed, rejected };
        assert_eq!(overview.namespaces, [namespace("db", 0, 0, 1), namespace("shop", 1, 1, 1)]);
        insta::assert_snapshot!(overview.table(Look::default()) + &overview.markdown());
    }

    #[test]
    fn of_many_namespaces_the_worst_are_shown() {
        let one = &results().results[2];
        let many: Vec<Judged> =
            (0..22).map(|nth| Judged { namespace: format!("n{nth:02}"), ..one.clone() }).collect();
        let text = Overview::of(&many).table(Look::default());
        assert!(text.contains("n19") && !text.contains("n20"), "{text}");
        assert!(text.ends_with("\nand 2 more namespaces\n"), "{text}");
    }
}
