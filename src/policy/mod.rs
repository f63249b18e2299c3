//! One PodSecurityPolicy: a name and the rules that it sets.
//!
//! ```
//! use pod_security_policy::settings::Settings;
//!
//! let any = r#"{"rule": "RunAsAny"}"#;
//! let text = format!(r#"{{"runAsUser": {any}, "seLinux": {any}, "supplementalGroups": {any}, "fsGroup": {any}}}"#);
//! assert_eq!(Settings::parse(&text).unwrap().policies[0].name, "default");
//! ```

use std::fmt;
use std::rc::Rc;

mod fields;
mod scope;

use crate::json::Text;
use crate::pod::diff::{count_set_in, count_set_in_pod};
use crate::pod::{Container, Pod, Slot};
use crate::rule::spec::Spec;
use crate::rule::{Demands, Enforcement, Findings, Rule, RuleSet};
use crate::rules::{self, AnyRule};
use crate::standards::{self, Standard};

pub(crate) use fields::{PreviousPolicy, SpecFields};
pub use scope::Scope;

/// A policy that is ready to evaluate.
pub struct Policy<'s> {
    /// Its name.
    pub name: Text<'s>,
    /// The rules that demand anything, with their index and name in the registry, in its order.
    rules: Vec<Loaded<'s>>,
    /// The enforced standard that its pods must satisfy as well, if that rejects pods that may run as root.
    pub(crate) non_root: Option<Standard>,
}

/// A rule with its index and its name in the registry.
type Loaded<'s> = (usize, &'static str, Rc<AnyRule<'s>>);

// Not derived: that would add the code that prints every rule to the module.
impl fmt::Debug for Policy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules: Vec<_> = self.rules.iter().map(|(_, id, _)| *id).collect();
        f.debug_struct("Policy").field("name", &self.name).field("rules", &rules).finish()
    }
}

impl<'s> Policy<'s> {
    /// Loads every rule of a policy, reporting all its errors. Rules that only read fields that the previous policy
    /// also has are shared with it.
    pub(crate) fn load<'v>(
        name: Text<'s>,
        spec: &mut Spec<'v, 's>,
        fields: &SpecFields<'v, 's>,
        previous: Option<&PreviousPolicy<'_, 'v, 's>>,
    ) -> Self {
        let mut rules = Vec::with_capacity(rules::COUNT);
        let shared = previous.map(|previous| previous.policy.rules.as_slice()).unwrap_or_default();
        let mut shared = shared.iter().peekable();
        for (index, entry) in rules::all() {
            let known = shared.next_if(|(known, ..)| *known == index);
            if previous.is_some() && fields.repeats(index, entry) {
                rules.extend(known.cloned());
                continue;
            }
            fields.hand_to(index, entry, spec);
            rules.extend(rules::load(index, spec).map(|rule| (index, entry.id, Rc::new(rule))));
        }
        Policy { name, rules, non_root: None }
    }

    /// The rules that are shared with another policy.
    #[cfg(test)]
    pub(crate) fn shared_with(&self, other: &Self) -> Vec<&'static str> {
        let is_shared =
            |rule: &Rc<AnyRule<'s>>| other.rules.iter().any(|(.., theirs)| Rc::ptr_eq(rule, theirs));
        self.rules.iter().filter(|(.., rule)| is_shared(rule)).map(|(_, id, _)| *id).collect()
    }

    /// Sets the defaults of the policy, also where they cannot be written: such a pod is not admitted. Running it again
    /// changes nothing.
    pub fn mutate(&self, pod: &mut Pod<'_>, scope: &Scope) {
        let skipped = scope.not_filled(scope.exempt, scope.writable.pod());
        self.rules_but(skipped).for_each(|(_, _, rule)| rule.mutate(pod));
        let non_root = self.demands_non_root(pod);
        pod.visit_containers(|pod, slot, container| {
            if !scope.reviews(slot) {
                return;
            }
            let exempt = scope.exempt_at(slot);
            let skipped = scope.not_filled(exempt, scope.writable.container(slot));
            let demands = Demands { non_root: non_root.is_some_and(|check| !exempt.has(check)) };
            for (_, _, rule) in self.rules_but(skipped) {
                rule.mutate_container(pod, container, demands);
            }
        });
    }

    /// The rules without those that are skipped, which are seldom any.
    fn rules_but(&self, skipped: RuleSet) -> impl Iterator<Item = &Loaded<'s>> {
        let none = skipped.is_empty();
        self.rules.iter().filter(move |(index, ..)| none || !skipped.has(*index))
    }

    /// The check that demands `runAsNonRoot` of containers whose user the policy sets, if one does.
    fn demands_non_root(&self, pod: &Pod<'_>) -> Option<usize> {
        let standard = self.non_root.filter(|standard| standard.demands_non_root(pod));
        standard.and_then(|_| standards::index(standards::NON_ROOT))
    }

    /// Collects all violations: those of the pod as a whole, then those of each container.
    pub fn validate(&self, pod: &Pod<'_>, scope: &Scope, found: &mut Findings<'_>) {
        found.enter(None, scope.exempt);
        for (index, id, rule) in self.rules_but(scope.exempt) {
            found.evaluate((*index, id));
            rule.validate(pod, found);
        }
        for (slot, container) in pod.containers().filter(|(slot, _)| scope.reviews(*slot)) {
            if found.is_decided() {
                return;
            }
            let exempt = scope.exempt_at(slot);
            found.enter(Some(slot), exempt);
            for (index, id, rule) in self.rules_but(exempt) {
                found.evaluate((*index, id));
                rule.validate_container(pod, container, found);
            }
        }
    }

    /// The rules of `asked` that set a default or report a violation, for the pod as a whole and for each container:
    /// those for which an exemption would make a difference. A place can occur twice.
    pub(crate) fn affecting(
        &self,
        pod: &mut Pod<'_>,
        scope: &Scope,
        asked: RuleSet,
    ) -> Vec<(Option<Slot>, RuleSet)> {
        let of_pod = effective(self.rules.iter(), |(index, _, rule)| {
            let before = count_set_in_pod(pod);
            rule.mutate(pod);
            asked.has(*index) && count_set_in_pod(pod) != before
        });
        let mut affected = vec![(None, of_pod)];
        let demands = Demands { non_root: self.demands_non_root(pod).is_some() };
        pod.visit_containers(|pod, slot, container| {
            let rules = self.rules.iter().filter(|_| scope.reviews(slot));
            let here = effective(rules, |(index, _, rule)| {
                let before = count_set_in(container);
                rule.mutate_container(pod, container, demands);
                asked.has(*index) && count_set_in(container) != before
            });
            affected.push((Some(slot), here));
        });
        let all = Enforcement::default();
        let mut found = Findings::collecting("", &all);
        let mut violated = |slot: Option<Slot>, container: Option<&Container<'_>>| {
            found.enter(slot, RuleSet::NONE);
            effective(self.rules.iter().filter(|(index, ..)| asked.has(*index)), |(index, id, rule)| {
                let before = found.denials();
                found.evaluate((*index, id));
                match container {
                    None => rule.validate(pod, &mut found),
                    Some(container) => rule.validate_container(pod, container, &mut found),
                }
                found.denials() > before
            })
        };
        affected.push((None, violated(None, None)));
        for (slot, container) in pod.containers().filter(|(slot, _)| scope.reviews(*slot)) {
            affected.push((Some(slot), violated(Some(slot), Some(container))));
        }
        affected
    }
}

/// Those rules that have an effect, which is found out one by one.
fn effective<'r, 's: 'r>(
    rules: impl Iterator<Item = &'r Loaded<'s>>,
    mut has_effect: impl FnMut(&Loaded<'s>) -> bool,
) -> RuleSet {
    rules.filter(|rule| has_effect(rule)).fold(RuleSet::NONE, |rules, (index, ..)| rules.with(*index))
}
