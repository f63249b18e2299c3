//! Which pairs of values have met.

use std::thread;

use super::{Dimension, IMPOSSIBLE, Impossible, dimensions};
use crate::case::Case;

/// How often each pair of values has met.
#[derive(Clone, Debug)]
pub struct Met {
    dimensions: Vec<Dimension>,
    /// Where the values of each dimension begin.
    starts: Vec<usize>,
    values: usize,
    counts: Vec<u32>,
    /// The cases.
    pub cases: u64,
    /// Values that a case has and no dimension lists.
    pub unlisted: Vec<String>,
}

/// A pair that has not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// A value, with its dimension.
    pub one: String,
    /// Another.
    pub other: String,
    /// Why they cannot meet, if they cannot.
    pub reason: Option<&'static str>,
}

impl Default for Met {
    fn default() -> Self {
        let dimensions = dimensions();
        let mut values = 0;
        let starts = dimensions
            .iter()
            .map(|dimension| {
                let start = values;
                values += dimension.values.len();
                start
            })
            .collect();
        Self { dimensions, starts, values, counts: vec![0; values * values], cases: 0, unlisted: Vec::new() }
    }
}

impl Met {
    /// Counts the cases with these numbers, on all cores.
    #[must_use]
    pub fn of(numbers: std::ops::Range<u64>, case: &(dyn Fn(u64) -> Case + Sync)) -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let found: Vec<Self> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|worker| {
                    let numbers = numbers.clone().skip(worker).step_by(threads);
                    scope.spawn(move || {
                        let mut met = Self::default();
                        numbers
                            .map(case)
                            .filter(|case| !case.validate_policies)
                            .for_each(|case| met.add(&case));
                        met
                    })
                })
                .collect();
            workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
        });
        found.into_iter().fold(Self::default(), |mut sum, other| {
            sum.cases += other.cases;
            sum.counts
                .iter_mut()
                .zip(&other.counts)
                .for_each(|(count, more)| *count = count.saturating_add(*more));
            sum.unlisted.extend(other.unlisted);
            sum
        })
    }

    /// Counts one more.
    pub fn add(&mut self, case: &Case) {
        self.cases += 1;
        let mut found = Vec::new();
        for (dimension, start) in self.dimensions.iter().zip(&self.starts) {
            for value in (dimension.of)(case) {
                match dimension.values.iter().position(|known| *known == value) {
                    Some(index) => found.push(start + index),
                    None => self.unlisted.push(format!("{}: {value}", dimension.name)),
                }
            }
        }
        for (index, one) in found.iter().enumerate() {
            for other in found.iter().skip(index + 1) {
                if let Some(count) = self.counts.get_mut(one * self.values + other) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }

    /// How many pairs there are.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.each().count()
    }

    /// The pairs that have not met, in the order of the dimensions.
    pub fn missed(&self) -> impl Iterator<Item = Missed> {
        self.each().filter(|(.., count)| *count == 0).map(|(one, other, _)| Missed {
            reason: reason(one, other),
            one: format!("{}: {}", one.0, one.1),
            other: format!("{}: {}", other.0, other.1),
        })
    }

    /// The pairs that are declared impossible, and have met.
    pub fn contradicted(&self) -> impl Iterator<Item = String> {
        let met = self.each().filter(|(.., count)| *count > 0);
        met.filter_map(|(one, other, count)| {
            let reason = reason(one, other)?;
            Some(format!("{} {} and {} {}, {count} times: {reason}", one.0, one.1, other.0, other.1))
        })
    }

    fn each(&self) -> impl Iterator<Item = (Value, Value, u32)> {
        let values: Vec<(usize, Value)> = self
            .dimensions
            .iter()
            .enumerate()
            .flat_map(|(index, dimension)| {
                dimension.values.iter().map(move |value| (index, (dimension.name, *value)))
            })
            .collect();
        let count = values.len();
        (0..count).flat_map(move |one| (one + 1..count).map(move |other| (one, other))).filter_map({
            move |(at, behind)| {
                let ((first, one), (second, other)) = (values.get(at)?, values.get(behind)?);
                let count = self.counts.get(at * self.values + behind)?;
                (first != second).then_some((*one, *other, *count))
            }
        })
    }
}

/// A dimension's name and one of its values.
type Value = (&'static str, &'static str);

fn reason(one: Value, other: Value) -> Option<&'static str> {
    let is = |(dimension, value): (&str, &[&str]), of: Value| {
        (dimension == of.0 || dimension.strip_suffix('*').is_some_and(|start| of.0.starts_with(start)))
            && (value.is_empty() || value.contains(&of.1))
    };
    let holds = |rule: &&Impossible| {
        (is(rule.one, one) && is(rule.other, other)) || (is(rule.one, other) && is(rule.other, one))
    };
    IMPOSSIBLE.iter().find(holds).map(|rule| rule.reason)
}
