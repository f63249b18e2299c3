//! Names that are looked up often: authors of pods choose how many there are.

use std::collections::BinaryHeap;

/// A set of names.
#[derive(Debug, Clone, Default)]
pub struct Names<'n>(Vec<&'n str>);

impl<'n> Names<'n> {
    /// The set of these names.
    pub fn of(names: impl Iterator<Item = &'n str>) -> Self {
        // A heap sorts as well as `sort_unstable` does and is a twentieth of its code.
        Names(names.collect::<BinaryHeap<_>>().into_sorted_vec())
    }

    /// Whether a name is in the set; takes the logarithm of its size.
    pub fn contain(&self, name: &str) -> bool {
        self.0.binary_search(&name).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_whatever_order_they_came() {
        let names = Names::of(["b", "a", "b", ""].into_iter());
        assert_eq!(["a", "b", "", "c"].map(|name| names.contain(name)), [true, true, true, false]);
    }
}
