//! Whom exemptions excuse, and which of them made a difference.

use std::borrow::Cow;

use super::{Case, Mode};
use crate::answer::Answer;
use crate::changes::changes;
use crate::cluster::Cluster;
use crate::exemptions::{Circumstances, Exemption, Reach};
use crate::graft::Edit;
use crate::pod::Pod;
use crate::policy::{Policy, Scope};
use crate::rule::{RuleSet, RulesByContainer};
use crate::rules::adopt_annotations;
use crate::settings::Settings;
use crate::standards::{Excuses, Failure};
use crate::violation::{Findings, Leniency};

/// An exemption that holds, and what it alone excuses.
pub(super) type Excused<'s> = (&'s Exemption<'s>, Scope);

/// What comes of a pod, for one policy.
#[derive(PartialEq, Eq)]
struct Outcome {
    edits: Vec<Edit<'static>>,
    objections: usize,
    failures: Vec<Failure>,
}

impl<'a> Case<'_, 'a> {
    /// The pod as policies get to see it.
    pub(super) fn arrived(&self) -> Cow<'_, Pod<'a>> {
        let adopts = self.mode != Mode::Refuse && self.scope.added.is_none();
        match adopts.then(|| adopt_annotations(&self.pod)).flatten() {
            Some(adopted) => Cow::Owned(adopted),
            None => Cow::Borrowed(&self.pod),
        }
    }
}

impl Settings<'_> {
    /// Excuses whom exemptions excuse. Those that have expired are told instead.
    pub(super) fn excuse(
        &self,
        case: &mut Case<'_, '_>,
        cluster: &dyn Cluster,
        answer: &mut Answer,
    ) -> Vec<Excused<'_>> {
        let circumstances = Circumstances {
            namespace: &case.request.namespace,
            // A controller creates the pods of a workload, whoever wrote it.
            user: if case.mode == Mode::Rehearse { None } else { Some(&case.request.user) },
            service_account: case.service_account(),
            runtime_class: case.pod.spec.runtime_class_name.as_deref(),
        };
        let mut excused: Vec<Excused<'_>> = Vec::new();
        for exemption in &self.exemptions {
            let mut scope = Scope { added: case.scope.added.clone(), ..Scope::default() };
            match exemption.reach(&case.pod, &circumstances) {
                Reach::Nowhere => continue,
                Reach::Pod => scope.excused = exemption.rules,
                Reach::Containers(slots) => {
                    scope.excused_in = slots.into_iter().map(|slot| (slot, exemption.rules)).collect();
                }
            }
            if exemption.holds(cluster, answer) {
                excused.push((exemption, scope));
            }
        }
        for (_, scope) in &excused {
            case.scope.excused = case.scope.excused.or(scope.excused);
            case.scope.excused_in.extend(&scope.excused_in);
        }
        excused
    }

    /// Tells which exemptions made a difference: what comes of the pod with each alone is not what comes of it without.
    pub(super) fn tell_used(
        &self,
        case: &Case<'_, '_>,
        winner: Option<&Policy<'_>>,
        excused: &[Excused<'_>],
        answer: &mut Answer,
    ) {
        if excused.is_empty() {
            return;
        }
        let arrived = case.arrived();
        let outcomes = |scope: &Scope| match winner {
            Some(policy) => vec![self.outcome(Some(policy), &arrived, scope)],
            None if self.policies.is_empty() => vec![self.outcome(None, &arrived, scope)],
            None => self.policies.iter().map(|policy| self.outcome(Some(policy), &arrived, scope)).collect(),
        };
        let without =
            Scope { excused: RuleSet::NONE, excused_in: RulesByContainer::NONE, ..case.scope.clone() };
        let without = outcomes(&without);
        for (exemption, scope) in excused {
            if outcomes(scope) != without {
                answer.exemptions.push(exemption.name.to_string());
            }
        }
    }

    fn outcome(&self, policy: Option<&Policy<'_>>, arrived: &Pod<'_>, scope: &Scope) -> Outcome {
        let mut pod = arrived.clone();
        let none = Leniency::default();
        // One that only counts stops at the first.
        let mut found = Findings::spelling("", &none);
        if let Some(policy) = policy {
            policy.mutate(&mut pod, scope);
            policy.validate(&pod, scope, &mut found);
        }
        let excuses = Excuses { everywhere: scope.excused, in_containers: &scope.excused_in };
        let modes = [self.standards.enforce, self.standards.warn, self.standards.audit];
        let failures = modes
            .into_iter()
            .flatten()
            .flat_map(|standard| standard.evaluate_excusing(&pod, excuses))
            .collect();
        Outcome { edits: changes(arrived, &pod), objections: found.denials(), failures }
    }
}
