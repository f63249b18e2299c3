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

    /// Gives a container more rules.
    pub fn add(&mut self, slot: Slot, rules: RuleSet) {
        let Some(list) = self.0.get_mut(slot.list as usize) else { return };
        if list.len() <= slot.index {
            list.resize(slot.index + 1, RuleSet::NONE);
        }
        if let Some(here) = list.get_mut(slot.index) {
            *here = here.or(rules);
        }
    }

    /// Gives containers the rules that they have elsewhere too.
    pub fn extend(&mut self, other: &Self) {
        for (list, more) in self.0.iter_mut().zip(&other.0) {
            if list.len() < more.len() {
                list.resize(more.len(), RuleSet::NONE);
            }
            for (here, more) in list.iter_mut().zip(more) {
                *here = here.or(*more);
            }
        }
    }
}

impl RulesByContainer {
    /// Whether there are no rules anywhere.
    pub fn is_empty(&self) -> bool {
        self.0.iter().flatten().all(|rules| rules.is_empty())
    }
}

impl FromIterator<(Slot, RuleSet)> for RulesByContainer {
    fn from_iter<I: IntoIterator<Item = (Slot, RuleSet)>>(all: I) -> Self {
        let mut rules = RulesByContainer::NONE;
        all.into_iter().for_each(|(slot, more)| rules.add(slot, more));
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
        let mut rules = RulesByContainer::NONE;
        rules.add(slot(List::Regular, 3), one);
        rules.add(slot(List::Regular, 3), two);
        let mut more = RulesByContainer::NONE;
        more.add(slot(List::Regular, 0), two);
        more.add(slot(List::Ephemeral, 4), one);
        rules.extend(&more);
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
