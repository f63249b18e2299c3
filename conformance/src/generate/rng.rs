//! The only source of randomness: the same seed and index yield the same numbers on every machine.

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A random number generator.
#[derive(Debug)]
pub(crate) struct Rng(ChaCha8Rng);

impl Rng {
    /// The generator of one case. Each case has its own stream, so that any of them can be generated alone.
    pub(crate) fn new(seed: u64, index: u64) -> Self {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(index);
        Self(stream)
    }

    /// A generator for more numbers about a case that is known by its name alone.
    pub(crate) fn of_name(name: &str) -> Self {
        let fold = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self::new(name.bytes().fold(0xcbf2_9ce4_8422_2325, fold), 0)
    }

    /// True with a probability in percent.
    pub(crate) fn percent(&mut self, share: u32) -> bool {
        self.0.random_range(0..100_u32) < share
    }

    /// True once in so many.
    pub(crate) fn one_in(&mut self, throws: u32) -> bool {
        self.0.random_range(0..throws) == 0
    }

    /// A whole number, both ends included.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        self.0.random_range(least..=most.max(least))
    }

    /// A count, both ends included.
    pub(crate) fn count(&mut self, least: u32, most: u32) -> usize {
        self.0.random_range(least..=most) as usize
    }

    /// A random choice; the type's default if there are none.
    pub(crate) fn pick<T: Clone + Default>(&mut self, choices: &[T]) -> T {
        choices.choose(&mut self.0).cloned().unwrap_or_default()
    }

    /// A weighted choice; the type's default if there are none.
    pub(crate) fn weighed<T: Clone + Default>(&mut self, choices: &[(u32, T)]) -> T {
        let total: u32 = choices.iter().map(|(weight, _)| weight).sum();
        let mut throw = self.0.random_range(0..total.max(1));
        for (weight, choice) in choices {
            if throw < *weight {
                return choice.clone();
            }
            throw -= weight;
        }
        T::default()
    }

    /// So many of the choices, at most all, in random order.
    pub(crate) fn some<T: Clone>(&mut self, choices: &[T], count: usize) -> Vec<T> {
        let mut shuffled = choices.to_vec();
        shuffled.shuffle(&mut self.0);
        shuffled.truncate(count);
        shuffled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_case_throws_the_same() {
        let throws = |seed, index| {
            let mut rng = Rng::new(seed, index);
            (0..20).map(|_| rng.between(0, 1000)).collect::<Vec<_>>()
        };
        assert_eq!(throws(1, 2), throws(1, 2));
        assert_ne!(throws(1, 2), throws(1, 3));
        assert_ne!(throws(1, 2), throws(2, 2));
    }

    #[test]
    fn weights_are_kept() {
        let mut rng = Rng::new(0, 0);
        let heavy = (0..1000).filter(|_| rng.weighed(&[(9, true), (1, false)])).count();
        assert!((850..950).contains(&heavy), "{heavy}");
        assert_eq!(rng.weighed::<u8>(&[]), 0);
        assert_eq!(rng.pick::<u8>(&[]), 0);
    }
}
