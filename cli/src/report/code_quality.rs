//! GitLab's code quality report: each violation in its line, with a fingerprint that moves with it.

use serde_json::{Value, json};

use super::Results;
use crate::hash::fnv;
use crate::judge::Judged;

/// One entry of a report.
pub(crate) struct Entry<'e> {
    /// What finds it.
    pub(crate) check: &'e str,
    pub(crate) severity: &'static str,
    pub(crate) description: String,
    pub(crate) file: &'e str,
    pub(crate) line: u32,
    /// What stays when lines move: the object, and the path.
    pub(crate) identity: String,
}

pub(super) fn write(results: &Results) -> Result<String, String> {
    let entries: Vec<Entry<'_>> = results.results.iter().flat_map(of_object).collect();
    of_entries(&entries)
}

fn of_object(judged: &Judged) -> Vec<Entry<'_>> {
    let title = judged.title();
    let violations = judged.violations.iter().map(|found| Entry {
        check: &found.rule,
        severity: "major",
        description: format!("{title}: {found} (policy {})", found.policy),
        file: &judged.file,
        line: found.line,
        identity: format!("{title} {} {} {}", found.policy, found.path, found.problem),
    });
    let warnings = judged.warnings.iter().map(|warning| Entry {
        check: "warning",
        severity: "minor",
        description: format!("{title}: {warning}"),
        file: &judged.file,
        line: judged.line,
        identity: format!("{title} {warning}"),
    });
    violations.chain(warnings).collect()
}

/// A report with these entries.
pub(crate) fn of_entries(entries: &[Entry<'_>]) -> Result<String, String> {
    let entries: Vec<Value> = entries
        .iter()
        .map(|Entry { check, severity, description, file, line, identity }| {
            let file = file.trim_start_matches("./");
            let fingerprint = format!("{:016x}", fnv(&format!("{file} {check} {identity}")));
            json!({"description": description, "check_name": check, "fingerprint": fingerprint, "severity": severity,
                "location": {"path": file, "lines": {"begin": line}}})
        })
        .collect();
    super::to_json(&entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_code_quality() {
        insta::assert_snapshot!(write(&super::super::testing::results()).unwrap());
    }

    #[test]
    fn fingerprints_do_not_depend_on_lines() {
        let prints = |line: u32| {
            let mut results = super::super::testing::results();
            for judged in &mut results.results {
                judged.line += line;
                judged.violations.iter_mut().for_each(|found| found.line += line);
            }
            let entries: Vec<Value> = serde_json::from_str(&write(&results).unwrap()).unwrap();
            entries.iter().map(|entry| entry["fingerprint"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(prints(0), prints(9));
        let mut once = prints(0);
        once.dedup();
        assert_eq!(once.len(), 3);
    }
}
