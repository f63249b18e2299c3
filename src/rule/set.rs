//! Sets of rules.

use crate::pod::Slot;

/// A set of rules, by their index in the registry; the checks of the Pod Security Standards follow behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleSet(u64);

impl RuleSet {
    /// No rule at all.
    pub const NONE: RuleSet = RuleSet(0);

    /// The set with one more rule.
    #[must_use]
    pub fn with(self, index: usize) -> Self {
        RuleSet(self.0 | 1_u64.unbounded_shl(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// Whether the rule is in the set.
    pub fn has(self, index: usize) -> bool {
        self.0.unbounded_shr(u32::try_from(index).unwrap_or(u32::MAX)) & 1 == 1
    }

    /// Whether no rule is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The rules of both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        RuleSet(self.0 & other.0)
    }

    /// The rules of either set.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        RuleSet(self.0 | other.0)
    }
}

/// A set of rules for each container, found without a search.
#[derive(Debug, Clone, Default)]
pub struct RulesByContainer([Vec<RuleSet>; 3]);

impl RulesByContainer {
    /// No rule anywhere.
    pub const NONE: RulesByContainer = RulesByContainer([Vec::new(), Vec::new(), Vec::new()]);

    /// The rules of one container.
    pub fn at(&self, slot: Slot) -> RuleSet {
        let list = self.0.get(slot.list as usize);
        list.and_then(|list| list.get(slot.index)).copied().unwrap_or_default()
    }

    /// Whether there are no rules anywhere.
    pub fn is_empty(&self) -> bool {
        self.0.iter().flatten().all(|rules| rules.is_empty())
    }
}

impl FromIterator<(Slot, RuleSet)> for RulesByContainer {
    fn from_iter<I: IntoIterator<Item = (Slot, RuleSet)>>(all: I) -> Self {
        let mut rules = RulesByContainer::NONE;
        for (Slot { list, index }, more) in all {
            let Some(list) = rules.0.get_mut(list as usize) else { continue };
            if list.len() <= index {
                list.resize(index + 1, RuleSet::NONE);
            }
            if let Some(here) = list.get_mut(index) {
                *here = here.or(more);
            }
        }
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::List;

    #[test]
    fn containers_have_their_own_rules() {
        let slot = |list, index| Slot { list, index };
        let (one, two) = (RuleSet::NONE.with(1), RuleSet::NONE.with(2));
        let rules = RulesByContainer::from_iter([
            (slot(List::Regular, 3), one),
            (slot(List::Regular, 3), two),
            (slot(List::Regular, 0), two),
            (slot(List::Ephemeral, 4), one),
        ]);
        let found = [
            (List::Regular, 0),
            (List::Regular, 3),
            (List::Regular, 4),
            (List::Init, 3),
            (List::Ephemeral, 4),
        ]
        .map(|(list, index)| rules.at(slot(list, index)));
        assert_eq!(found, [two, one.or(two), RuleSet::NONE, RuleSet::NONE, one]);
    }
}
