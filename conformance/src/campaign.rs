//! Runs many fresh cases: how many agree, which deviations occur, and which differences are unexplained.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::case::{Answered, Case, Outcome};
use crate::coverage::{Coverage, Policies, Table};
use crate::deviations::{DEVIATIONS, NULL_ENTRY, WITHOUT_SOURCE};
use crate::difference::Difference;
use crate::generate;
use crate::oracle::Oracle;
use crate::subject::Subject;
use crate::verdict::{Verdict, judge};

/// From so many cases on, each deviation has to occur.
pub const ALL_DEVIATIONS: u64 = 1_000_000;

/// The result of a run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The cases compared.
    pub cases: u64,
    /// Those with equal answers.
    pub agreed: u64,
    /// How often each deviation occurred.
    pub deviations: BTreeMap<&'static str, Shown>,
    /// The cases that differ without an explanation, and how; the first ones.
    pub differences: Vec<(Answered<Case, Outcome>, Difference)>,
    /// How many differ without an explanation.
    pub unexplained: u64,
    coverage: Policies,
}

/// The occurrences of a deviation.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// In how many cases.
    pub count: u64,
    /// The first ones, and their differences.
    pub examples: Vec<(String, String)>,
}

/// How many examples of a deviation are kept.
const EXAMPLES: usize = 200;
/// How many unexplained cases are kept.
const KEPT: usize = 1000;

impl Tally {
    /// Generates cases, runs them through the oracle and the subject, and compares.
    ///
    /// # Errors
    ///
    /// When either cannot be run.
    pub fn run(
        oracle: &Path,
        subject: &mut dyn Subject,
        seed: u64,
        indexes: std::ops::Range<u64>,
    ) -> Result<Self> {
        let mut tally = Self::default();
        for answered in Oracle::ask(oracle, indexes.map(move |index| Ok(generate::case(seed, index))))? {
            tally.add(subject, answered?)?;
        }
        Ok(tally)
    }

    /// Compares one more case.
    ///
    /// # Errors
    ///
    /// When the subject cannot be run.
    pub fn add(&mut self, subject: &mut dyn Subject, answered: Answered<Case, Outcome>) -> Result<()> {
        self.cases += 1;
        self.coverage.add(&answered);
        match judge(subject, &answered.case, &answered.result)? {
            Verdict::Agrees => self.agreed += 1,
            Verdict::Deviates(name, difference) => {
                let deviation = self.deviations.entry(name).or_default();
                deviation.count += 1;
                if deviation.examples.len() < EXAMPLES {
                    deviation.examples.push((answered.case.name, difference.text));
                }
            }
            Verdict::Differs(difference) => {
                self.unexplained += 1;
                if self.differences.len() < KEPT {
                    self.differences.push((answered, difference));
                }
            }
        }
        Ok(())
    }

    /// The deviations that should have occurred in a run of this length, and did not.
    pub fn unseen(&self) -> impl Iterator<Item = &'static str> {
        let enough = self.cases >= ALL_DEVIATIONS;
        let names = DEVIATIONS.iter().map(|deviation| deviation.name);
        names.filter(move |name| {
            enough && ![WITHOUT_SOURCE, NULL_ENTRY].contains(name) && !self.deviations.contains_key(name)
        })
    }

    /// The coverage of the cases.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        self.coverage.tables()
    }
}
