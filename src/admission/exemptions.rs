//! Which exemptions apply to a pod, and which of them made a difference.

use super::cluster::{Cluster, Identity};
use super::response::Response;
use super::{Evaluator, Mode, PodReview};
use crate::json::{Quoted, Text};
use crate::pod::{Pod, Slot};
use crate::policy::Policy;
use crate::rule::{RuleSet, RulesByContainer};
use crate::rules::adopt_annotations;
use crate::settings::exemptions::Exemption;
use crate::standards::{Exempted, Failure};

/// What exemptions match on, apart from images.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExemptionSubject<'c> {
    /// The namespace of the request; the one in the object is the choice of its author.
    pub(super) namespace: &'c str,
    /// Who may create the pod: the requester, or the controllers of a workload. One who meets all conditions is enough.
    pub(super) users: &'c [Identity<'c>],
    pub(super) service_account: Option<&'c str>,
    pub(super) runtime_class: Option<&'c str>,
}

/// Whether an exemption has not expired; the time is asked only if it ever does. Without a clock, an exemption that
/// expires does not hold.
pub(super) fn holds(exemption: &Exemption<'_>, cluster: &dyn Cluster, response: &mut Response) -> bool {
    let Some((day, end)) = &exemption.expires else { return true };
    let reason = match cluster.now() {
        Ok(now) if now < *end => return true,
        Ok(_) => format!("expired on {day}"),
        Err(cause) => format!("is ignored, because {cause}"),
    };
    response.warnings.push(format!("exemption {} {reason}", Quoted(&exemption.name)));
    response.exemptions.push(format!("{} ({reason})", exemption.name));
    false
}

/// Whether all conditions but the images hold. A field that the request leaves empty never matches.
pub(super) fn matches(exemption: &Exemption<'_>, subject: &ExemptionSubject<'_>) -> bool {
    let ExemptionSubject { namespace, users, service_account, runtime_class } = *subject;
    let listed = |list: &[Text<'_>], actual: Option<&str>| {
        list.is_empty() || actual.is_some_and(|actual| list.iter().any(|known| known == actual))
    };
    let account = |known: &Text<'_>| known.split_once('/') == service_account.map(|name| (namespace, name));
    let created_by = |user: &Identity<'_>| {
        listed(&exemption.usernames, Some(&*user.user))
            && (exemption.groups.is_empty()
                || exemption.groups.iter().any(|group| user.groups.contains(group)))
    };
    let is_for_anybody = exemption.usernames.is_empty() && exemption.groups.is_empty();
    listed(&exemption.namespaces, Some(namespace))
        && (is_for_anybody || users.iter().any(created_by))
        && (exemption.service_accounts.is_empty() || exemption.service_accounts.iter().any(account))
        && listed(&exemption.runtime_classes, runtime_class)
}

impl<'a> PodReview<'_, 'a> {
    /// The pod with the fields that replace its seccomp annotations, where policies see it like that.
    pub(super) fn adopted(&self) -> Option<Box<Pod<'a>>> {
        let adopts = self.mode != Mode::Refuse && self.scope.writable.added.is_none();
        if adopts { adopt_annotations(&self.pod) } else { None }
    }
}

impl<'e> Evaluator<'e> {
    /// Applies the exemptions that match. Those that have expired are reported instead.
    pub(super) fn apply_exemptions(
        &self,
        review: &mut PodReview<'_, '_>,
        response: &mut Response,
    ) -> Vec<&'e Exemption<'e>> {
        let creators = review.creators();
        let subject = ExemptionSubject {
            namespace: &review.request.namespace,
            users: &creators,
            service_account: review.service_account(),
            runtime_class: review.pod.spec.runtime_class_name.as_deref(),
        };
        let applies = |exemption: &Exemption<'_>| {
            matches(exemption, &subject)
                && (exemption.frees_pod()
                    || review.pod.containers().any(|(_, container)| exemption.frees(container)))
        };
        let active: Vec<&'e Exemption<'e>> = self
            .settings
            .exemptions
            .iter()
            .filter(|exemption| applies(exemption) && holds(exemption, self.cluster, response))
            .collect();
        review.scope.exempt_in = review
            .pod
            .containers()
            .map(|(slot, container)| {
                let here =
                    active.iter().filter(|exemption| !exemption.frees_pod() && exemption.frees(container));
                (slot, here.fold(RuleSet::NONE, |all, exemption| all.or(exemption.rules)))
            })
            .filter(|(_, rules): &(Slot, RuleSet)| !rules.is_empty())
            .collect();
        let of_pod = active.iter().filter(|exemption| exemption.frees_pod());
        review.scope.exempt = of_pod.fold(RuleSet::NONE, |all, exemption| all.or(exemption.rules));
        active
    }

    /// Reports which exemptions made a difference: without any of them, a rule that they list would have reported a
    /// violation or set a default where they hold. If no policy admits the pod, the rules of all policies count.
    pub(super) fn record_effective_exemptions(
        &self,
        review: &PodReview<'_, '_>,
        winner: Option<&Policy<'_>>,
        active: &[&Exemption<'_>],
        response: &mut Response,
    ) {
        if active.is_empty() {
            return;
        }
        let listed = active.iter().fold(RuleSet::NONE, |all, exemption| all.or(exemption.rules));
        let mut used = vec![false; active.len()];
        let adopted = review.adopted();
        let arrived: &Pod<'_> = adopted.as_ref().unwrap_or(&review.pod);
        let mut pod = Box::new(arrived.clone());
        let policies = self.settings.policies.iter();
        for policy in policies.filter(|policy| winner.is_none_or(|winner| std::ptr::eq(winner, *policy))) {
            crate::pod::diff::restore(&mut pod, arrived);
            for (slot, rules) in policy.affecting(&mut pod, &review.scope, listed) {
                let container = slot.and_then(|slot| pod.list(slot.list).get(slot.index));
                for (exemption, used) in active.iter().zip(&mut used).filter(|(_, used)| !**used) {
                    *used = !exemption.rules.and(rules).is_empty()
                        && (exemption.frees_pod()
                            || container.is_some_and(|container| exemption.frees(container)));
                }
            }
        }
        self.record_effective_for_standards(&pod, active, &mut used);
        let names = active.iter().zip(used).filter(|(_, used)| *used);
        response.exemptions.extend(names.map(|(exemption, _)| exemption.name.to_string()));
    }

    /// The same for the checks of the standards, which name all containers in one text.
    fn record_effective_for_standards(&self, pod: &Pod<'_>, active: &[&Exemption<'_>], used: &mut [bool]) {
        let modes =
            [self.settings.standards.enforce, self.settings.standards.warn, self.settings.standards.audit];
        let failures = |exempted: Exempted<'_>| -> Vec<Failure> {
            let standards = modes.into_iter().flatten();
            standards.flat_map(|standard| standard.evaluate_exempting(pod, exempted)).collect()
        };
        if self.settings.standards.is_none() {
            return;
        }
        let nothing = RulesByContainer::NONE;
        let without = failures(Exempted { everywhere: RuleSet::NONE, in_containers: &nothing });
        for (exemption, used) in active.iter().zip(used).filter(|(_, used)| !**used) {
            if exemption.frees_pod() {
                *used = without.iter().any(|failure| exemption.rules.has(failure.index));
                continue;
            }
            let here = pod.containers().filter(|(_, container)| exemption.frees(container));
            let alone: RulesByContainer = here.map(|(slot, _)| (slot, exemption.rules)).collect();
            *used = failures(Exempted { everywhere: RuleSet::NONE, in_containers: &alone }) != without;
        }
    }
}

#[cfg(test)]
mod tests;
