//! Small worlds, enumerated: not a sample of the cases that there are, but each of them.
//!
//! What a case can vary in stands in tables ([`Table`], `conformance/world/*.json`). An enumeration is a number of cases
//! and a function from a number below it to a case ([`Part`]): so it is complete by arithmetic, each case can be had again by its
//! number, and a slice is a set of numbers ([`Slice`]).
//!
//! - `table`: the tables.
//! - `radix`: a number as one digit for each dimension.
//! - `write`: policies, pods and requests of settings and values.
//! - `rules`: every combination for one rule. `pairs`: reduced values of every two rules. `selection`: which of up to
//!   three policies wins. `standards`: the fields of pods, at every level and version of the Pod Security Standards.
//! - `interaction`: whether two rules together say what each says alone.
//! - `run`: asks the original, compares, counts. `record`: what a whole enumeration came to.

mod interaction;
mod pairs;
mod radix;
mod record;
mod rules;
mod run;
mod selection;
mod slice;
mod standards;
mod table;
mod write;

pub use interaction::{Interactions, declared};
pub use pairs::Pairs;
pub use record::{Numbers, Record, recorded};
pub use rules::Rules;
pub use run::{Row, Tally};
pub use selection::Selection;
pub use slice::Slice;
pub use standards::Standards;
pub use table::{Table, tables};

use crate::case::Case;

/// An enumeration of cases, in groups.
pub trait Part: Sync {
    /// Its name, with which the names of its cases begin.
    fn name(&self) -> &'static str;
    /// The groups, with the number of cases in each.
    fn groups(&self) -> &[Group];
    /// A case of a group, by its number in it.
    fn case(&self, group: usize, number: u64) -> Query;

    /// How many cases there are.
    fn len(&self) -> u64 {
        self.groups().iter().map(|group| group.cases).sum()
    }

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The group of a case, and its number in it, by its number in the whole.
    fn place(&self, mut number: u64) -> Option<(usize, u64)> {
        for (index, group) in self.groups().iter().enumerate() {
            if number < group.cases {
                return Some((index, number));
            }
            number -= group.cases;
        }
        None
    }

    /// The group of a case, and the case, by its number in the whole.
    fn at(&self, number: u64) -> Option<(usize, Query)> {
        self.place(number).map(|(group, number)| (group, self.case(group, number)))
    }
}

/// Cases of one table, or of a pair of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they have in common.
    pub name: String,
    /// How many there are.
    pub cases: u64,
    /// The sizes of the dimensions, of which that is the product.
    pub sizes: Vec<u64>,
}

/// A case, and what its answer is held against.
#[derive(Clone, Debug)]
pub enum Query {
    /// The original's answer.
    Original(Case),
    /// Our answer about the pod itself: the pod of a template.
    Template(Case),
    /// The laws: the original does not know what is set.
    Laws(Case),
}

impl Query {
    /// The case, whatever it is held against.
    #[must_use]
    pub fn case(&self) -> &Case {
        match self {
            Self::Original(case) | Self::Template(case) | Self::Laws(case) => case,
        }
    }
}
