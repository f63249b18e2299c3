//! Which policy admits a pod.

use std::borrow::Cow;

use super::{Case, Mode, Verdict};
use crate::changes::{is_changed, restore};
use crate::cluster::{Cluster, Grants, Identity};
use crate::pod::{ADMITTED_BY, Pod};
use crate::policy::{Policy, Scope};
use crate::settings::{Authorization, Settings};
use crate::violation::Findings;

/// A pod as a policy fills it in.
///
/// One copy is filled in and restored for each policy in turn: a pod of its own for each would be memory that a new
/// instance has never touched.
struct Filled<'c, 'v, 'a> {
    pod: Box<Pod<'a>>,
    arrived: &'c Pod<'a>,
    scope: &'c Scope,
    /// Whose changes are in the pod.
    changed_by: Option<&'v Policy<'v>>,
}

impl<'c, 'v, 'a> Filled<'c, 'v, 'a> {
    fn of(arrived: &'c Pod<'a>, scope: &'c Scope) -> Self {
        Filled { pod: Box::new(arrived.clone()), arrived, scope, changed_by: None }
    }

    /// Makes it the pod as this policy fills it in, and says whether that is another than it arrived as.
    fn by(&mut self, policy: &'v Policy<'v>) -> bool {
        if self.changed_by.is_some_and(|earlier| std::ptr::eq(earlier, policy)) {
            return true;
        }
        if self.changed_by.is_some() {
            restore(&mut self.pod, self.arrived);
        }
        policy.mutate(&mut self.pod, self.scope);
        self.changed_by = is_changed(self.arrived, &self.pod).then_some(policy);
        self.changed_by.is_some()
    }
}

impl Settings<'_> {
    /// Finds the policy that admits the pod (spec 3.3): the first that accepts it as it is, else the first that accepts
    /// it after mutation.
    pub(super) fn select<'v, 'a>(
        &'v self,
        case: &Case<'v, 'a>,
        cluster: &'v dyn Cluster,
    ) -> Result<Verdict<'v, 'a>, String> {
        let arrived = case.arrived();
        let filling = self.filling(case);
        let mut grants = self.grants(case, cluster);
        let mut ungranted = None;
        let mut changed = Vec::new();
        let mut filled = Filled::of(&arrived, &filling);
        for policy in self.candidates(case) {
            if filled.by(policy) {
                // Whether it accepts the pod so changed only matters if none accepts it as it is.
                changed.extend((case.mode != Mode::Refuse).then_some(policy));
            } else if self.accepts(policy, &filled.pod, case) {
                if grants.hold(&policy.name)? {
                    return Ok(Verdict::Admitted { policy, pod: filled.pod, granted: true });
                }
                ungranted = ungranted.or(Some(policy));
            }
        }
        for policy in changed {
            filled.by(policy);
            if self.accepts(policy, &filled.pod, case) {
                if grants.hold(&policy.name)? {
                    return Ok(Verdict::Admitted { policy, pod: filled.pod, granted: true });
                }
                ungranted = ungranted.or(Some(policy));
            }
        }
        if let Some(policy) = ungranted.filter(|_| case.mode == Mode::Rehearse) {
            filled.by(policy);
            return Ok(Verdict::Admitted { policy, pod: filled.pod, granted: false });
        }
        self.deny(case, &arrived, &mut grants).map(Verdict::Denied)
    }

    fn accepts(&self, policy: &Policy<'_>, pod: &Pod<'_>, case: &Case<'_, '_>) -> bool {
        let mut found = Findings::counting(&case.root, &self.leniency);
        policy.validate(pod, &case.scope, &mut found);
        found.denials() == 0
    }

    /// The policies in the order in which they are tried: by name, but the one that is said to have admitted the pod
    /// comes first when nothing may change.
    pub(super) fn candidates<'v>(&'v self, case: &Case<'_, '_>) -> impl Iterator<Item = &'v Policy<'v>> {
        let hint = case.pod.annotations.get(ADMITTED_BY).filter(|_| case.mode == Mode::Refuse);
        let hinted = hint.and_then(|name| self.policies.iter().position(|policy| policy.name == *name));
        let first = hinted.and_then(|index| self.policies.get(index));
        first
            .into_iter()
            .chain(self.policies.iter().enumerate().filter(move |(i, _)| Some(*i) != hinted).map(|(_, p)| p))
    }

    /// Which rules fill something in. Where nothing may change, what a rule would have to fill in is an objection: one
    /// that does not deny leaves the pod as it is, and objects to that.
    pub(super) fn filling<'v>(&self, case: &'v Case<'_, '_>) -> Cow<'v, Scope> {
        if case.mode != Mode::Refuse || self.leniency.is_none() {
            return Cow::Borrowed(&case.scope);
        }
        let excused = case.scope.excused.or(self.leniency.warned).or(self.leniency.audited);
        Cow::Owned(Scope { excused, ..case.scope.clone() })
    }

    pub(super) fn grants<'v>(&'v self, case: &Case<'v, '_>, cluster: &'v dyn Cluster) -> Grants<'v> {
        if self.authorization == Authorization::None {
            return Grants::to_everybody(cluster);
        }
        let namespace = &*case.request.namespace;
        let account = case.service_account().map(|name| Identity::service_account(namespace, name));
        let user = Identity::requesting_user(case.request).filter(|user| {
            case.mode != Mode::Rehearse && account.as_ref().is_none_or(|account| account.user != user.user)
        });
        Grants::new(cluster, namespace, account.into_iter().chain(user).collect())
    }
}
