//! Which numbers of an enumeration are run.

/// A set of numbers below a total: all of them, or some that are spread over all dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slice {
    /// All.
    Whole,
    /// The k-th of n parts, which together are the whole.
    Part(u64, u64),
    /// So many, beginning where a seed says.
    Seed(u64, u64),
    /// A single one.
    One(u64),
}

/// A prime that is larger than any enumeration here has dimensions: neighbours in a slice differ in all of them.
const STRIDE: u64 = 1_000_000_007;

impl Slice {
    /// Its numbers, none twice.
    pub fn numbers(self, total: u64) -> impl Iterator<Item = u64> + Clone + Send + use<> {
        let (from, to) = match self {
            Self::Whole => (0, total),
            Self::Part(k, n) => (share(total, k.saturating_sub(1), n), share(total, k, n)),
            Self::Seed(seed, cases) => {
                let from = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % total.max(1);
                (from, from + cases.min(total))
            }
            Self::One(number) => (number, number + u64::from(number < total)),
        };
        let spread = !matches!(self, Self::Whole | Self::One(_));
        // INVARIANT: the stride is a prime above the total, so the multiples differ modulo it.
        (from..to).map(move |position| if spread { scattered(position, total) } else { position })
    }

    /// Whether that is all.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self == Self::Whole
    }
}

/// Where the k-th of n parts ends.
fn share(total: u64, k: u64, n: u64) -> u64 {
    let end = u128::from(total) * u128::from(k.min(n)) / u128::from(n.max(1));
    u64::try_from(end).unwrap_or(total)
}

fn scattered(position: u64, total: u64) -> u64 {
    let number = u128::from(position) * u128::from(STRIDE) % u128::from(total.max(1));
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn parts_are_the_whole() {
        for total in [1, 2, 7, 1000, 4097] {
            let whole: Vec<u64> = Slice::Whole.numbers(total).collect();
            let mut parts: Vec<u64> = (1..=3).flat_map(|k| Slice::Part(k, 3).numbers(total)).collect();
            parts.sort_unstable();
            assert_eq!(parts, whole, "{total}");
        }
    }

    #[test]
    fn seeds_give_that_many_and_none_twice() {
        for (seed, cases, expected) in [(1, 100, 100), (u64::MAX, 100, 100), (7, 5000, 1000)] {
            let numbers: BTreeSet<u64> = Slice::Seed(seed, cases).numbers(1000).collect();
            assert_eq!(numbers.len(), expected, "{seed}");
            assert!(numbers.iter().all(|number| *number < 1000));
        }
        let of = |seed| Slice::Seed(seed, 10).numbers(1000).collect::<Vec<_>>();
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn one_is_itself() {
        assert_eq!(Slice::One(5).numbers(9).collect::<Vec<_>>(), [5]);
        assert_eq!(Slice::One(9).numbers(9).count(), 0);
    }
}
