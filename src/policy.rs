//! One PodSecurityPolicy: a name and the rules that it sets.

use std::fmt;
use std::rc::Rc;

use crate::json::Text;
use crate::pod::{List, Pod, Slot};
use crate::rule::{Demands, Rule, RuleSet, RulesByContainer};
use crate::rules::{self, AnyRule};
use crate::spec::{Model, Spec};
use crate::standards::{self, Standard};
use crate::violation::Findings;

/// A policy that is ready to judge.
pub struct Policy<'s> {
    /// Its name.
    pub name: Text<'s>,
    /// The rules that demand anything, with their index and name in the registry, in its order.
    rules: Vec<(usize, &'static str, Rc<AnyRule<'s>>)>,
    /// The enforced standard that its pods must satisfy as well, if that rejects those that may run as root.
    pub(crate) non_root: Option<Standard>,
}

/// Which part of a pod is judged, and which rules are forgiven there.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// For a request that adds ephemeral containers: the indexes of the new ones in their order, which alone are judged.
    pub added: Option<Vec<usize>>,
    /// The rules that neither object nor mutate anywhere.
    pub excused: RuleSet,
    /// The rules that neither object nor mutate in single containers.
    pub excused_in: RulesByContainer,
}

impl Scope {
    fn concerns(&self, slot: Slot) -> bool {
        match &self.added {
            Some(added) => slot.list == List::Ephemeral && added.binary_search(&slot.index).is_ok(),
            None => true,
        }
    }

    fn excused_at(&self, slot: Slot) -> RuleSet {
        self.excused.or(self.excused_in.at(slot))
    }
}

// Not derived, or the module would hold what prints every rule.
impl fmt::Debug for Policy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules: Vec<_> = self.rules.iter().map(|(_, id, _)| *id).collect();
        f.debug_struct("Policy").field("name", &self.name).field("rules", &rules).finish()
    }
}

impl<'s> Policy<'s> {
    /// Loads every rule from a policy, telling all that is wrong with it. Rules that read nothing but what the policy
    /// before says too are shared with it.
    pub(crate) fn load<'v>(
        name: Text<'s>,
        spec: &mut Spec<'v, 's>,
        model: Option<&Model<'_, 'v, 's>>,
    ) -> Self {
        let mut rules = Vec::with_capacity(rules::COUNT);
        let mut shared = model.map(|model| model.policy.rules.as_slice()).unwrap_or_default();
        for (index, entry) in rules::all() {
            let known = shared.split_first().filter(|((known, ..), _)| *known == index);
            if let Some((_, rest)) = known {
                shared = rest;
            }
            if model.is_some() && spec.said.repeats(index, entry) {
                rules.extend(known.map(|(rule, _)| rule.clone()));
                continue;
            }
            spec.rule = Some((index, entry));
            rules.extend(rules::load(index, spec).map(|rule| (index, entry.id, Rc::new(rule))));
        }
        Policy { name, rules, non_root: None }
    }

    /// The rules that are one with those of another policy.
    #[cfg(test)]
    pub(crate) fn shared_with(&self, other: &Self) -> Vec<&'static str> {
        let is_shared =
            |rule: &Rc<AnyRule<'s>>| other.rules.iter().any(|(.., theirs)| Rc::ptr_eq(rule, theirs));
        self.rules.iter().filter(|(.., rule)| is_shared(rule)).map(|(_, id, _)| *id).collect()
    }

    /// Fills in what the policy demands and the pod leaves open. Running it again changes nothing.
    pub fn mutate(&self, pod: &mut Pod<'_>, scope: &Scope) {
        if scope.added.is_none() {
            for (index, _, rule) in &self.rules {
                if !scope.excused.has(*index) {
                    rule.mutate(pod);
                }
            }
        }
        let non_root = self.non_root.filter(|standard| standard.demands_non_root(pod));
        let non_root = non_root.and_then(|_| standards::index(standards::NON_ROOT));
        pod.visit_containers(|pod, slot, container| {
            if !scope.concerns(slot) {
                return;
            }
            let excused = scope.excused_at(slot);
            let demands = Demands { non_root: non_root.is_some_and(|check| !excused.has(check)) };
            for (index, _, rule) in &self.rules {
                if !excused.has(*index) {
                    rule.mutate_container(pod, container, demands);
                }
            }
        });
    }

    /// Collects all objections: those to the pod as a whole, then those to each container.
    pub fn validate(&self, pod: &Pod<'_>, scope: &Scope, found: &mut Findings<'_>) {
        for (index, id, rule) in &self.rules {
            let judged = scope.added.is_none() || rule.is_about_volumes();
            if judged && !scope.excused.has(*index) {
                found.enter((*index, id), None, scope.excused);
                rule.validate(pod, found);
            }
        }
        for (slot, container) in pod.containers().filter(|(slot, _)| scope.concerns(*slot)) {
            if found.are_settled() {
                return;
            }
            let excused = scope.excused_at(slot);
            for (index, id, rule) in &self.rules {
                if !excused.has(*index) {
                    found.enter((*index, id), Some(slot), excused);
                    rule.validate_container(pod, container, found);
                }
            }
        }
    }
}
