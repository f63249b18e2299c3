//! Runs an enumeration: asks the original about each case, compares, and counts.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use anyhow::{Context, Result, bail};

use super::{Part, Query, Slice};
use crate::case::Case;
use crate::difference::Difference;
use crate::laws;
use crate::oracle::Oracle;
use crate::subject::Library;
use crate::verdict::{Verdict, compared};

/// How many differences are kept.
const KEPT: usize = 1000;

/// What became of the cases of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The cases of the group that were run.
    pub cases: u64,
    /// Those with the original's answer.
    pub agreed: u64,
    /// Those that differ by a named deviation.
    pub deviated: u64,
    /// Those that the original has no answer to, and that keep the laws.
    pub lawful: u64,
    /// Those that neither agree nor deviate, or break a law.
    pub unexplained: u64,
}

impl Row {
    /// The sum of two.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            cases: self.cases + other.cases,
            agreed: self.agreed + other.agreed,
            deviated: self.deviated + other.deviated,
            lawful: self.lawful + other.lawful,
            unexplained: self.unexplained + other.unexplained,
        }
    }
}

/// What became of an enumeration.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By group.
    pub rows: Vec<Row>,
    /// How often each deviation occurred.
    pub deviations: BTreeMap<&'static str, u64>,
    /// The first cases without an explanation.
    pub differences: Vec<(Case, Difference)>,
}

impl Tally {
    /// Runs a slice of an enumeration.
    ///
    /// # Errors
    ///
    /// When the oracle cannot be run.
    pub fn run<P: Part + Send + 'static>(part: &Arc<P>, slice: Slice, oracle: &Path) -> Result<Self> {
        let mut tally = Self { rows: vec![Row::default(); part.groups().len()], ..Self::default() };
        tally.compare(part, slice, oracle)?;
        tally.hold(&**part, slice)?;
        Ok(tally)
    }

    /// The cases that the original answers.
    fn compare<P: Part + Send + 'static>(
        &mut self,
        part: &Arc<P>,
        slice: Slice,
        oracle: &Path,
    ) -> Result<()> {
        let (asked, groups) = channel();
        let source = Arc::clone(part);
        let cases = slice.numbers(part.len()).filter_map(move |number| match source.at(number)? {
            (group, Query::Original(case)) => asked.send(group).is_ok().then_some(Ok(case)),
            _ => None,
        });
        for answered in Oracle::ask(oracle, cases)? {
            let answered = answered?;
            let group = groups.recv().context("more answers than cases")?;
            let verdict = compared(&mut Library, &answered.case, &answered.result)?;
            self.add(group, answered.case, verdict);
        }
        Ok(())
    }

    fn add(&mut self, group: usize, case: Case, verdict: Verdict) {
        let Some(row) = self.rows.get_mut(group) else { return };
        row.cases += 1;
        match verdict {
            Verdict::Agrees => row.agreed += 1,
            Verdict::Deviates(name, _) => {
                row.deviated += 1;
                *self.deviations.entry(name).or_default() += 1;
            }
            Verdict::Differs(difference) => self.differ(group, case, difference),
        }
    }

    fn differ(&mut self, group: usize, case: Case, difference: Difference) {
        if let Some(row) = self.rows.get_mut(group) {
            row.unexplained += 1;
        }
        if self.differences.len() < KEPT {
            self.differences.push((case, difference));
        }
    }

    /// The cases that only laws judge.
    fn hold(&mut self, part: &dyn Part, slice: Slice) -> Result<()> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let found = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|worker| {
                    scope.spawn(move || {
                        let mut found = Vec::new();
                        let numbers = slice.numbers(part.len()).skip(worker).step_by(threads);
                        for (group, query) in numbers.filter_map(|number| part.at(number)) {
                            let broken = match &query {
                                Query::Original(_) => continue,
                                Query::Template(case) => laws::template(case),
                                Query::Laws(case) => laws::first_broken(case),
                            };
                            found.push((group, broken.map(|difference| (query.case().clone(), difference))));
                        }
                        found
                    })
                })
                .collect();
            workers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
        });
        for worker in found {
            let Ok(found) = worker else { bail!("a thread that holds cases against the laws panicked") };
            for (group, broken) in found {
                if let Some(row) = self.rows.get_mut(group) {
                    row.cases += 1;
                    row.lawful += u64::from(broken.is_none());
                }
                if let Some((case, difference)) = broken {
                    self.differ(group, case, difference);
                }
            }
        }
        Ok(())
    }
}
