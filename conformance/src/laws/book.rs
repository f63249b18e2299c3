//! Many cases, held against all laws.

use std::thread;

use super::{Held, LAWS};
use crate::case::Case;
use crate::ours;

/// How many broken ones are kept of each law, by each thread.
const KEPT: u64 = 3;

/// What became of many cases.
#[derive(Clone, Debug)]
pub struct Lawbook {
    /// The cases.
    pub cases: u64,
    /// By law.
    pub rows: Vec<Row>,
    /// Some of the cases that break a law: its name, the case, and how.
    pub broken: Vec<(&'static str, Case, String)>,
}

/// What became of the cases under one law.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Those that keep it.
    pub held: u64,
    /// Those that break it.
    pub broken: u64,
}

impl Default for Lawbook {
    fn default() -> Self {
        Self { cases: 0, rows: vec![Row::default(); LAWS.len()], broken: Vec::new() }
    }
}

impl Lawbook {
    /// Holds the cases with these numbers against the laws, on all cores.
    pub fn hold(
        &mut self,
        numbers: &(impl Iterator<Item = u64> + Clone + Send + Sync),
        case: &(dyn Fn(u64) -> Option<Case> + Sync),
    ) {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let books: Vec<Self> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|worker| {
                    let numbers = numbers.clone().skip(worker).step_by(threads);
                    scope.spawn(move || {
                        let mut book = Self::default();
                        numbers.filter_map(case).for_each(|case| book.add(&case));
                        book
                    })
                })
                .collect();
            workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
        });
        books.into_iter().for_each(|book| self.take(book));
    }

    fn add(&mut self, case: &Case) {
        self.cases += 1;
        let answer = ours::natively(case);
        for (law, row) in LAWS.iter().zip(&mut self.rows) {
            match law.check(case, &answer) {
                Held::Silent => {}
                Held::Holds => row.held += 1,
                Held::Broken(text) => {
                    row.broken += 1;
                    if row.broken <= KEPT {
                        self.broken.push((law.name, case.clone(), text));
                    }
                }
            }
        }
    }

    fn take(&mut self, other: Self) {
        self.cases += other.cases;
        for (row, more) in self.rows.iter_mut().zip(other.rows) {
            row.held += more.held;
            row.broken += more.broken;
        }
        self.broken.extend(other.broken);
    }
}
