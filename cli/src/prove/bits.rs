//! Sets of facts, by their numbers.

/// A set of small numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// The set of these numbers.
    pub(super) fn of(numbers: impl IntoIterator<Item = usize>) -> Self {
        let mut bits = Bits::default();
        numbers.into_iter().for_each(|number| bits.set(number));
        bits
    }

    /// Adds a number.
    pub(super) fn set(&mut self, number: usize) {
        let word = number / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (number % 64);
        }
    }

    /// Adds the numbers of another set.
    pub(super) fn add(&mut self, other: &Bits) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// The numbers of either set.
    pub(super) fn or(&self, other: &Bits) -> Bits {
        let mut all = self.clone();
        all.add(other);
        all
    }

    /// The numbers of both sets.
    pub(super) fn and(&self, other: &Bits) -> Bits {
        Bits(self.0.iter().zip(&other.0).map(|(word, other)| word & other).collect())
    }

    /// Removes the numbers of another set.
    pub(super) fn remove(&mut self, other: &Bits) {
        for (word, less) in self.0.iter_mut().zip(&other.0) {
            *word &= !less;
        }
    }

    /// Whether every number is in the other set.
    pub(super) fn is_within(&self, other: &Bits) -> bool {
        let others = other.0.iter().copied().chain(std::iter::repeat(0));
        self.0.iter().zip(others).all(|(word, other)| word & !other == 0)
    }

    /// Whether the number is in the set.
    pub(super) fn has(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Whether there is no number.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many numbers both sets have.
    pub(super) fn shared(&self, other: &Bits) -> u32 {
        self.0.iter().zip(&other.0).map(|(word, other)| (word & other).count_ones()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn sets_of_different_lengths_are_compared() {
        let (short, long) = (Bits::of([1, 3]), Bits::of([1, 3, 200]));
        assert!(short.is_within(&long) && !long.is_within(&short));
        assert_eq!(long.and(&Bits::of([3, 4])), Bits::of([3]));
        assert_eq!((short.or(&Bits::of([200])), long.shared(&short)), (long.clone(), 2));
        let mut rest = long;
        rest.remove(&short);
        assert!(rest.has(200) && !rest.has(1) && !rest.is_empty() && Bits::default().is_empty());
    }
}
