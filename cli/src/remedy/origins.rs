//! Original indexes of list elements after removals: paths are reported for the manifest as written.

use crate::input::Step;

/// The removed elements, by list and original index.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins(Vec<(Vec<Step>, usize)>);

impl Origins {
    /// Records the removal of an element.
    pub(super) fn take_out(&mut self, list: &[Step], index: usize) {
        let list = self.of(list);
        let index = self.index(&list, index);
        self.0.push((list, index));
        self.0.sort_by_key(|(_, index)| *index);
    }

    /// The path of the same place in the original manifest.
    pub(super) fn of(&self, path: &[Step]) -> Vec<Step> {
        let mut original = Vec::new();
        for step in path {
            let step = match step {
                Step::Index(index) => Step::Index(self.index(&original, *index)),
                Step::Key(key) => Step::Key(key.clone()),
            };
            original.push(step);
        }
        original
    }

    fn index(&self, list: &[Step], index: usize) -> usize {
        let gone = self.0.iter().filter(|(known, _)| known == list);
        gone.fold(index, |index, (_, gone)| if *gone <= index { index + 1 } else { index })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::steps;

    #[test]
    fn places_are_those_of_the_beginning() {
        let mut origins = Origins::default();
        let list = steps("spec.volumes");
        let at = |origins: &Origins, index: usize| origins.of(&steps(&format!("spec.volumes[{index}].name")));
        origins.take_out(&list, 0);
        assert_eq!(at(&origins, 0), steps("spec.volumes[1].name"));
        origins.take_out(&list, 1);
        origins.take_out(&list, 0);
        assert_eq!(at(&origins, 0), steps("spec.volumes[3].name"));
        assert_eq!(origins.of(&steps("spec.other[0]")), steps("spec.other[0]"));
    }
}
