//! Ranges of user and group ids, and ids inside and just outside of them.

use serde_json::{Value, json};

use super::rng::Rng;

/// A range of ids, both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) min: i64,
    pub(crate) max: i64,
}

impl Range {
    /// Reads `{min, max}`.
    pub(crate) fn read(range: &Value) -> Option<Self> {
        Some(Self { min: range.get("min")?.as_i64()?, max: range.get("max")?.as_i64()? })
    }

    /// Writes `{min, max}`.
    pub(crate) fn write(self) -> Value {
        json!({"min": self.min, "max": self.max})
    }

    /// Whether an id lies within.
    pub(crate) fn contains(self, id: i64) -> bool {
        (self.min..=self.max).contains(&id)
    }
}

/// Writes a list of ranges.
pub(crate) fn write(ranges: &[Range]) -> Value {
    ranges.iter().map(|range| range.write()).collect()
}

/// Boundary ids: root, the first ordinary user, nobody (65534), the limits of 16 and 31 bits.
const LANDMARKS: [i64; 12] = [0, 1, 2, 5, 10, 999, 1000, 1001, 65_534, 65_535, 65_536, 2_147_483_646];
/// From one id to a whole block.
const WIDTHS: [i64; 6] = [0, 0, 1, 2, 10, 64_535];

/// One to three ranges: apart, touching, overlapping, out of order, twice the same.
pub(crate) fn ranges(rng: &mut Rng) -> Vec<Range> {
    let mut ranges = vec![fresh(rng)];
    for _ in 1..rng.weighed(&[(60, 1), (30, 2), (10, 3)]) {
        let last = ranges.last().copied().unwrap_or_default();
        let width = rng.pick(&WIDTHS);
        ranges.push(match rng.count(0, 5) {
            0 => Range { min: last.max.saturating_add(2), max: last.max.saturating_add(2 + width) },
            1 => Range { min: last.max.saturating_add(1), max: last.max.saturating_add(1 + width) },
            2 => Range { min: last.max, max: last.max.saturating_add(width) },
            3 => Range { min: 0, max: (last.min - 1).clamp(0, width) },
            4 => last,
            _ => fresh(rng),
        });
    }
    ranges
}

fn fresh(rng: &mut Rng) -> Range {
    let min = rng.pick(&LANDMARKS);
    let max = if rng.one_in(40) { i64::MAX } else { min + rng.pick(&WIDTHS) };
    Range { min, max }
}

/// An id in one of the ranges, most often an end of one.
pub(crate) fn inside(rng: &mut Rng, ranges: &[Range]) -> i64 {
    let range = rng.pick(ranges);
    match rng.count(0, 4) {
        0 | 1 => range.min,
        2 | 3 => range.max,
        _ => rng.between(range.min, range.max),
    }
}

/// An id in none of the ranges, most often next to an end of one.
pub(crate) fn outside(rng: &mut Rng, ranges: &[Range]) -> Option<i64> {
    let neighbours =
        ranges.iter().flat_map(|range| [range.min.checked_sub(1), range.max.checked_add(1)]).flatten();
    let strangers: Vec<i64> = neighbours
        .chain([0, 7, 2_147_483_647])
        .filter(|id| *id >= 0 && !ranges.iter().any(|range| range.contains(*id)))
        .collect();
    (!strangers.is_empty()).then(|| rng.pick(&strangers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_on_the_side_they_should_be() {
        for index in 0..500 {
            let mut rng = Rng::new(3, index);
            let ranges = ranges(&mut rng);
            assert!(ranges.iter().all(|range| 0 <= range.min && range.min <= range.max), "{ranges:?}");
            let id = inside(&mut rng, &ranges);
            assert!(ranges.iter().any(|range| range.contains(id)), "{id} {ranges:?}");
            if let Some(id) = outside(&mut rng, &ranges) {
                assert!(id >= 0 && !ranges.iter().any(|range| range.contains(id)), "{id} {ranges:?}");
            }
        }
    }
}
