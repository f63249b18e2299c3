//! Every combination of the values of a rule's fields, at each level of the Pod Security Standards that demands
//! something, and each version around which a check changes.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use anyhow::{Context, Result};

use super::radix::{digits, product};
use super::table::{Base, Table, Write};
use super::write::{self, KINDS};
use super::{Group, Row, Slice};
use crate::case::StandardCase;
use crate::generate::VERSIONS;
use crate::oracle::Oracle;
use crate::standards::{Compared, compared};

const LEVELS: [&str; 2] = ["baseline", "restricted"];

/// What became of each group, and the cases that differ with both answers.
type Answers = (Vec<Row>, Vec<(String, String)>);

/// The fields, those of each rule by themselves.
#[derive(Debug)]
pub struct Standards {
    base: Base,
    tables: Vec<Table>,
    /// With the number of cases in each.
    pub groups: Vec<Group>,
}

impl Standards {
    /// All of them.
    ///
    /// # Errors
    ///
    /// When a table cannot be read.
    pub fn load() -> Result<Self> {
        let tables = super::tables()?;
        let groups = tables.iter().map(group).collect();
        Ok(Self { base: Base::load()?, tables, groups })
    }

    /// How many cases there are.
    #[must_use]
    pub fn cases(&self) -> u64 {
        self.groups.iter().map(|group| group.cases).sum()
    }

    fn case(&self, mut number: u64) -> Option<(usize, StandardCase)> {
        for (index, (table, group)) in self.tables.iter().zip(&self.groups).enumerate() {
            if number < group.cases {
                return Some((index, self.of(table, &group.sizes, number)));
            }
            number -= group.cases;
        }
        None
    }

    fn of(&self, table: &Table, sizes: &[u64], number: u64) -> StandardCase {
        let digits = digits(number, sizes);
        let digit = |index: usize| digits.get(index).copied().unwrap_or_default();
        let at = |index: usize| usize::try_from(digit(index)).unwrap_or_default();
        let kind = KINDS.get(at(2)).copied().unwrap_or(write::Kind::Regular);
        let values = table.dimensions.iter().enumerate();
        let values: Vec<_> = values
            .filter_map(|(index, dimension)| Some((dimension, dimension.value(digit(index + 3))?)))
            .collect();
        let names: Vec<String> =
            values.iter().map(|(dimension, (name, _))| format!("{} {name}", dimension.name)).collect();
        let writes: Vec<Write<'_>> =
            values.iter().map(|(dimension, (_, value))| (*dimension, value)).collect();
        StandardCase {
            name: format!("standards-{}-{number}: {kind:?}, {}", table.rule, names.join(", ")),
            level: LEVELS.get(at(0)).copied().unwrap_or_default().to_owned(),
            version: VERSIONS.get(at(1)).copied().unwrap_or_default().to_owned(),
            pod: write::pod(&self.base, kind, &writes),
            loose: true,
        }
    }

    /// Runs a slice through the original and this project: by group, and the first that differ with both answers.
    ///
    /// # Errors
    ///
    /// When the oracle cannot be run.
    pub fn run(self: &Arc<Self>, slice: Slice, oracle: &Path) -> Result<Answers> {
        let mut rows = vec![Row::default(); self.groups.len()];
        let mut differences = Vec::new();
        let (asked, groups) = channel();
        let source = Arc::clone(self);
        let cases = slice.numbers(self.cases()).filter_map(move |number| {
            let (group, case) = source.case(number)?;
            asked.send(group).is_ok().then_some(Ok(case))
        });
        for answered in Oracle::ask(oracle, cases)? {
            let answered = answered?;
            let group = groups.recv().context("more answers than cases")?;
            let Some(row) = rows.get_mut(group) else { continue };
            row.cases += 1;
            match compared(&answered) {
                Compared::Agrees => row.agreed += 1,
                Compared::TwoSources | Compared::NullEntry | Compared::Unread => row.deviated += 1,
                Compared::Differs(ours) => {
                    row.unexplained += 1;
                    let StandardCase { name, level, version, .. } = answered.case;
                    let text = format!(
                        "{level}:{version}: the original says {:?}, we say {ours:?}",
                        answered.result
                    );
                    differences.push((name, text));
                }
            }
        }
        Ok((rows, differences))
    }
}

fn group(table: &Table) -> Group {
    let ends = [LEVELS.len(), VERSIONS.len(), KINDS.len()].map(|size| size as u64);
    let sizes: Vec<u64> =
        ends.into_iter().chain(table.dimensions.iter().map(super::table::Dimension::len)).collect();
    Group { name: table.rule.clone(), cases: product(&sizes), sizes }
}
