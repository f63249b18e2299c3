//! One PodSecurityPolicy: a name and the rules that it sets.

use crate::json::Text;
use crate::pod::{List, Pod, Slot};
use crate::rule::{Rule, RuleSet};
use crate::rules;
use crate::spec::Spec;
use crate::violation::Findings;

/// A policy that is ready to judge.
#[derive(Debug)]
pub struct Policy<'s> {
    /// Its name.
    pub name: Text<'s>,
    /// The rules that demand anything, with their index and name in the registry, in its order.
    rules: Vec<(usize, &'static str, Box<dyn Rule + 's>)>,
}

/// Which part of a pod is judged, and which rules are forgiven there.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// For a request that adds ephemeral containers: the indexes of the new ones, which alone are judged.
    pub added: Option<Vec<usize>>,
    /// The rules that neither object nor mutate anywhere.
    pub excused: RuleSet,
    /// The rules that neither object nor mutate in single containers.
    pub excused_in: Vec<(Slot, RuleSet)>,
}

impl Scope {
    fn concerns(&self, slot: Slot) -> bool {
        match &self.added {
            Some(added) => slot.list == List::Ephemeral && added.contains(&slot.index),
            None => true,
        }
    }

    fn excused_at(&self, slot: Slot) -> RuleSet {
        let here = self.excused_in.iter().filter(|(excused, _)| *excused == slot);
        here.fold(self.excused, |all, (_, rules)| all.or(*rules))
    }
}

impl<'s> Policy<'s> {
    /// Loads every rule from a policy, telling all that is wrong with it.
    pub(crate) fn load(name: Text<'s>, spec: &mut Spec<'_, 's>) -> Self {
        let mut rules = Vec::with_capacity(rules::COUNT);
        for (index, entry) in rules::all() {
            spec.rule = (index, entry.id);
            rules.extend((entry.load)(spec).map(|rule| (index, entry.id, rule)));
        }
        Policy { name, rules }
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
        pod.visit_containers(|pod, slot, container| {
            if !scope.concerns(slot) {
                return;
            }
            let excused = scope.excused_at(slot);
            for (index, _, rule) in &self.rules {
                if !excused.has(*index) {
                    rule.mutate_container(pod, container);
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
