//! What a whole enumeration came to when it was last looked at.
//!
//! A fault that makes us agree with the original where we mean to deviate is no unexplained difference. But it changes
//! how many cases deviate, and the numbers of a whole enumeration are always the same.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{Group, Tally};

/// The numbers of all enumerations, by part.
pub type Record = BTreeMap<String, Numbers>;

/// The numbers of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// By group: how many agree, deviate, and are held by laws.
    pub groups: BTreeMap<String, (u64, u64, u64)>,
    /// By deviation.
    pub deviations: BTreeMap<String, u64>,
}

/// The numbers as they are kept.
///
/// # Errors
///
/// When they cannot be read.
pub fn recorded() -> Result<Record> {
    serde_json::from_str(include_str!("../../world/recorded.json")).context("recorded.json")
}

impl Numbers {
    /// The numbers of a run.
    #[must_use]
    pub fn of(groups: &[Group], tally: &Tally) -> Self {
        let rows = groups.iter().zip(&tally.rows);
        Self {
            groups: rows
                .map(|(group, row)| (group.name.clone(), (row.agreed, row.deviated, row.lawful)))
                .collect(),
            deviations: tally.deviations.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
        }
    }

    /// Where other numbers differ, as lines.
    #[must_use]
    pub fn differences(&self, found: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        let groups: std::collections::BTreeSet<&String> =
            self.groups.keys().chain(found.groups.keys()).collect();
        for name in groups {
            let [before, now] =
                [self, found].map(|numbers| numbers.groups.get(name).copied().unwrap_or_default());
            if before != now {
                lines
                    .push(format!("{name}: {now:?} agree, deviate, are held by laws, and before {before:?}"));
            }
        }
        let names: std::collections::BTreeSet<&String> =
            self.deviations.keys().chain(found.deviations.keys()).collect();
        for name in names {
            let [before, now] =
                [self, found].map(|numbers| numbers.deviations.get(name).copied().unwrap_or_default());
            if before != now {
                lines.push(format!("{name}: {now} cases deviate, and before {before}"));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_that_changes_is_told() {
        let numbers = |agree, deviate: &[(&str, u64)]| Numbers {
            groups: [("hostPID".to_owned(), (agree, 1, 2))].into(),
            deviations: deviate.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
        };
        let before = numbers(7, &[("a", 1), ("b", 2)]);
        assert_eq!(before.differences(&before), [""; 0]);
        assert_eq!(
            before.differences(&numbers(8, &[("b", 2), ("c", 3)])),
            [
                "hostPID: (8, 1, 2) agree, deviate, are held by laws, and before (7, 1, 2)",
                "a: 0 cases deviate, and before 1",
                "c: 3 cases deviate, and before 0",
            ]
        );
    }
}
