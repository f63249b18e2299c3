//! Coverage of answered cases: a table to read, and a check for gaps.

mod objections;
mod policies;
pub(crate) mod requests;
mod rules;
mod settings;
mod standards;
mod table;

pub use policies::Policies;
pub use standards::Standards;
pub use table::Table;

use crate::case::{Answered, Question};

/// With so many cases, everything should have occurred.
pub const ENOUGH: u64 = 20_000;

/// Counts answered cases of one kind.
pub trait Coverage: Default {
    /// The kind of case.
    type Question: Question;

    /// Counts one more.
    fn add(&mut self, answered: &Answered<Self::Question, <Self::Question as Question>::Answer>);

    /// The counts, and the expected ones.
    fn tables(&self) -> Vec<Table>;
}
