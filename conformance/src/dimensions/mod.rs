//! What random cases can vary in, as data, and which pairs of values have met in a case.
//!
//! Most faults need two circumstances to meet. Here each circumstance is a value of a dimension; a pair of values of two
//! dimensions that is possible and that the generator never draws is a blind spot of every campaign.

mod impossible;
mod pairs;
mod pod;
mod policy;
mod request;

pub use impossible::{IMPOSSIBLE, Impossible};
pub use pairs::{Met, Missed};

use crate::case::Case;

/// A dimension: its values, and those that a case has.
#[derive(Clone, Copy, Debug)]
pub struct Dimension {
    /// Its name.
    pub name: &'static str,
    /// All its values.
    pub values: &'static [&'static str],
    /// The values of a case: one, or several where the dimension is a property of several policies or containers.
    of: fn(&Case) -> Vec<&'static str>,
}

/// All dimensions.
#[must_use]
pub fn dimensions() -> Vec<Dimension> {
    request::DIMENSIONS.into_iter().chain(policy::DIMENSIONS).chain(pod::DIMENSIONS).collect()
}

/// One value for each policy, container or the like, without repetitions.
fn unique(values: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut values: Vec<&'static str> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}
