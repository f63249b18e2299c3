//! One PodSecurityPolicy: a name and the rules that it sets.

use std::fmt;
use std::rc::Rc;

use crate::changes::{written_to, written_to_pod};
use crate::json::Text;
use crate::pod::{List, Pod, Slot};
use crate::rule::{Demands, Rule, RuleSet, RulesByContainer};
use crate::rules::{self, AnyRule};
use crate::spec::{Model, Spec};
use crate::standards::{self, Standard};
use crate::violation::{Findings, Leniency};

/// A policy that is ready to judge.
pub struct Policy<'s> {
    /// Its name.
    pub name: Text<'s>,
    /// The rules that demand anything, with their index and name in the registry, in its order.
    rules: Vec<(usize, &'static str, Rc<AnyRule<'s>>)>,
    /// The enforced standard that its pods must satisfy as well, if that rejects those that may run as root.
    pub(crate) non_root: Option<Standard>,
}

/// Which part of a pod is reviewed, where defaults may be written, and which rules are exempt there.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The containers that are reviewed, in visiting order; nothing means all of them.
    pub reviewed: Option<Vec<Slot>>,
    /// For a request that adds ephemeral containers: the indexes of the new ones, ascending. Defaults may be written to
    /// them alone, because the API server keeps nothing else of such a request.
    pub added: Option<Vec<usize>>,
    /// Whether nothing may be written at all.
    pub frozen: bool,
    /// The rules that neither object nor mutate anywhere.
    pub excused: RuleSet,
    /// The rules that neither object nor mutate in single containers.
    pub excused_in: RulesByContainer,
    /// The rules that fill nothing in where it could not be written, because their objections do not deny.
    pub unfilled: RuleSet,
}

impl Scope {
    fn reviews(&self, slot: Slot) -> bool {
        self.reviewed.as_ref().is_none_or(|reviewed| reviewed.binary_search(&slot).is_ok())
    }

    /// Whether defaults may be written to the pod as a whole.
    fn writes_pod(&self) -> bool {
        !self.frozen && self.added.is_none()
    }

    /// Whether defaults may be written to a container.
    pub(crate) fn writes(&self, slot: Slot) -> bool {
        let added =
            |added: &Vec<usize>| slot.list == List::Ephemeral && added.binary_search(&slot.index).is_ok();
        !self.frozen && self.added.as_ref().is_none_or(added)
    }

    /// The rules that are exempt in a container.
    pub(crate) fn excused_at(&self, slot: Slot) -> RuleSet {
        self.excused.or(self.excused_in.at(slot))
    }

    /// Whether anything is exempt.
    pub(crate) fn excuses_nothing(&self) -> bool {
        self.excused.is_empty() && self.excused_in.is_empty()
    }

    /// The rules that fill nothing in: those that are exempt, and some where nothing could be written.
    fn not_filled(&self, excused: RuleSet, writable: bool) -> RuleSet {
        if writable { excused } else { excused.or(self.unfilled) }
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

    /// Fills in what the policy demands and the pod leaves open, also where it could not be written: such a pod is not
    /// admitted. Running it again changes nothing.
    pub fn mutate(&self, pod: &mut Pod<'_>, scope: &Scope) {
        let skipped = scope.not_filled(scope.excused, scope.writes_pod());
        for (index, _, rule) in &self.rules {
            if !skipped.has(*index) {
                rule.mutate(pod);
            }
        }
        let non_root = self.demands_non_root(pod);
        pod.visit_containers(|pod, slot, container| {
            if !scope.reviews(slot) {
                return;
            }
            let excused = scope.excused_at(slot);
            let skipped = scope.not_filled(excused, scope.writes(slot));
            let demands = Demands { non_root: non_root.is_some_and(|check| !excused.has(check)) };
            for (index, _, rule) in &self.rules {
                if !skipped.has(*index) {
                    rule.mutate_container(pod, container, demands);
                }
            }
        });
    }

    /// The check that demands `runAsNonRoot` of containers whose user the policy fills in, if one does.
    fn demands_non_root(&self, pod: &Pod<'_>) -> Option<usize> {
        let standard = self.non_root.filter(|standard| standard.demands_non_root(pod));
        standard.and_then(|_| standards::index(standards::NON_ROOT))
    }

    /// Collects all objections: those to the pod as a whole, then those to each container.
    pub fn validate(&self, pod: &Pod<'_>, scope: &Scope, found: &mut Findings<'_>) {
        for (index, id, rule) in &self.rules {
            if !scope.excused.has(*index) {
                found.enter((*index, id), None, scope.excused);
                rule.validate(pod, found);
            }
        }
        for (slot, container) in pod.containers().filter(|(slot, _)| scope.reviews(*slot)) {
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

    /// The rules of `asked` that fill something in or object, to the pod as a whole and to each container: those that an
    /// exemption would make a difference to.
    pub(crate) fn affecting(&self, pod: &mut Pod<'_>, scope: &Scope, asked: RuleSet) -> Affected {
        let mut affected = Affected::default();
        for (index, _, rule) in &self.rules {
            let before = written_to_pod(pod);
            rule.mutate(pod);
            if asked.has(*index) && written_to_pod(pod) != before {
                affected.pod = affected.pod.with(*index);
            }
        }
        let demands = Demands { non_root: self.demands_non_root(pod).is_some() };
        pod.visit_containers(|pod, slot, container| {
            let mut here = RuleSet::NONE;
            for (index, _, rule) in self.rules.iter().filter(|_| scope.reviews(slot)) {
                let before = written_to(container);
                rule.mutate_container(pod, container, demands);
                if asked.has(*index) && written_to(container) != before {
                    here = here.with(*index);
                }
            }
            affected.add(slot, here);
        });
        let all = Leniency::default();
        let mut found = Findings::spelling("", &all);
        for (index, id, rule) in self.rules.iter().filter(|(index, ..)| asked.has(*index)) {
            let before = found.denials();
            found.enter((*index, id), None, RuleSet::NONE);
            rule.validate(pod, &mut found);
            if found.denials() > before {
                affected.pod = affected.pod.with(*index);
            }
        }
        for (slot, container) in pod.containers().filter(|(slot, _)| scope.reviews(*slot)) {
            let mut here = RuleSet::NONE;
            for (index, id, rule) in self.rules.iter().filter(|(index, ..)| asked.has(*index)) {
                let before = found.denials();
                found.enter((*index, id), Some(slot), RuleSet::NONE);
                rule.validate_container(pod, container, &mut found);
                if found.denials() > before {
                    here = here.with(*index);
                }
            }
            affected.add(slot, here);
        }
        affected
    }
}

/// Which rules have an effect on a pod, and where.
#[derive(Debug, Default)]
pub(crate) struct Affected {
    /// The rules that concern the pod as a whole.
    pub(crate) pod: RuleSet,
    /// The rules that concern single containers; a container can stand here twice.
    pub(crate) containers: Vec<(Slot, RuleSet)>,
}

impl Affected {
    fn add(&mut self, slot: Slot, rules: RuleSet) {
        if !rules.is_empty() {
            self.containers.push((slot, rules));
        }
    }
}
