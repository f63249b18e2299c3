//! Selection of the policy that admits a pod.

use std::borrow::Cow;

use super::cluster::{Grants, Identity};
use super::{Evaluator, Mode, PodReview, Verdict};
use crate::pod::diff::{Change, change, restore};
use crate::pod::{ADMITTED_BY, Origin, Pod};
use crate::policy::{Policy, Scope};
use crate::rule::{Enforcement, Findings};
use crate::settings::Authorization;

/// How strictly policies evaluate a pod.
///
/// Warnings, audits and exemptions must not decide which policy wins, or another one would set its defaults: every
/// policy is first evaluated without them, and with them only if none admits the pod.
pub(super) struct Pass<'p> {
    /// The part of the pod that is reviewed, and what is exempt.
    pub(super) scope: Cow<'p, Scope>,
    /// The action of a violation.
    pub(super) enforcement: Enforcement,
    is_tolerant: bool,
}

/// A pod as a policy mutates it.
///
/// One copy is mutated and restored for each policy in turn: a pod of its own for each would be memory that a new
/// instance has never touched.
pub(super) struct MutatedPod<'c, 'v, 'a> {
    pub(super) pod: Box<Pod<'a>>,
    arrived: &'c Pod<'a>,
    /// The policy whose changes are in the pod, whether in the tolerant pass, and the result.
    changed_by: Option<(&'v Policy<'v>, bool, Change)>,
}

impl<'c, 'v, 'a> MutatedPod<'c, 'v, 'a> {
    fn of(arrived: &'c Pod<'a>) -> Self {
        MutatedPod { pod: Box::new(arrived.clone()), arrived, changed_by: None }
    }

    /// Mutates the pod by this policy, and returns the result.
    pub(super) fn by(&mut self, policy: &'v Policy<'v>, pass: &Pass<'_>) -> Change {
        if let Some((earlier, was_tolerant, change)) = self.changed_by
            && std::ptr::eq(earlier, policy)
            && was_tolerant == pass.is_tolerant
        {
            return change;
        }
        if self.changed_by.is_some() {
            restore(&mut self.pod, self.arrived);
        }
        policy.mutate(&mut self.pod, &pass.scope);
        let change = change(self.arrived, &self.pod, &pass.scope.writable);
        self.changed_by = (change != Change::None).then_some((policy, pass.is_tolerant, change));
        change
    }

    /// The pod before any mutation.
    pub(super) fn arrived(&self) -> &'c Pod<'a> {
        self.arrived
    }
}

/// The policies that accept a pod, and whether they do so only in the tolerant pass.
struct Found<'v> {
    /// The first that may be used.
    granted: Option<(&'v Policy<'v>, bool)>,
    /// The first that may not.
    ungranted: Option<(&'v Policy<'v>, bool)>,
}

impl<'v> Found<'v> {
    /// Records a policy that accepts the pod, and returns whether it may be used.
    fn is_settled_by(
        &mut self,
        policy: &'v Policy<'v>,
        pass: &Pass<'_>,
        grants: &mut Grants<'_>,
    ) -> Result<bool, String> {
        let accepting = Some((policy, pass.is_tolerant));
        let is_granted = grants.allow(&policy.name)?;
        if is_granted {
            self.granted = accepting;
        } else {
            self.ungranted = self.ungranted.or(accepting);
        }
        Ok(is_granted)
    }
}

impl Pass<'_> {
    fn accepts(&self, policy: &Policy<'_>, pod: &Pod<'_>, review: &PodReview<'_, '_>) -> bool {
        let mut found = Findings::counting(&review.root, &self.enforcement);
        policy.validate(pod, &self.scope, &mut found);
        found.denials() == 0
    }
}

impl<'e> Evaluator<'e> {
    /// Finds the policy that admits the pod: the first that accepts it as it is, else the first that accepts it after
    /// mutation; both in a strict pass, then both in a tolerant one (computeSecurityContext in
    /// plugin/pkg/admission/security/podsecuritypolicy/admission.go, which had only the strict one).
    pub(super) fn select<'a>(&self, review: &PodReview<'e, 'a>) -> Result<Verdict<'e, 'a>, String> {
        let adopted = review.adopted();
        let arrived: &Pod<'a> = adopted.as_ref().unwrap_or(&review.pod);
        let mut grants = self.grants(review);
        let mut mutated = MutatedPod::of(arrived);
        let strict = self.strict(review);
        let tolerant = self.is_tolerant(review).then(|| self.tolerant(review));
        let mut found = Found { granted: None, ungranted: None };
        for pass in [Some(&strict), tolerant.as_ref()].into_iter().flatten() {
            self.pass(review, pass, &mut mutated, &mut grants, &mut found)?;
            if found.granted.is_some() {
                break;
            }
        }
        let ungranted = found.ungranted.filter(|_| review.mode == Mode::DryRun);
        let Some((policy, is_tolerant)) = found.granted.or(ungranted) else {
            let last = tolerant.as_ref().unwrap_or(&strict);
            return self.deny(review, &mut mutated, &mut grants, last).map(Verdict::Denied);
        };
        let ungranted = match found.granted {
            Some(_) => None,
            None => Some(review.missing_grant(&policy.name, &grants)),
        };
        let pass = tolerant.as_ref().filter(|_| is_tolerant).unwrap_or(&strict);
        mutated.by(policy, pass);
        // Exempt rules set no defaults, although they took part in the choice of the policy.
        if let Some(tolerant) = tolerant.as_ref().filter(|_| !is_tolerant && !review.scope.exempts_nothing())
        {
            mutated.by(policy, tolerant);
            if !tolerant.accepts(policy, &mutated.pod, review) {
                mutated.by(policy, &strict);
            }
        }
        Ok(Verdict::Admitted { policy, pod: mutated.pod, is_tolerant, ungranted })
    }

    /// Evaluates each policy once: the first that accepts the pod as it is, else the first that accepts it after
    /// mutation.
    fn pass(
        &self,
        review: &PodReview<'_, '_>,
        pass: &Pass<'_>,
        mutated: &mut MutatedPod<'_, 'e, '_>,
        grants: &mut Grants<'_>,
        found: &mut Found<'e>,
    ) -> Result<(), String> {
        let mut changed = Vec::new();
        for policy in self.candidates(review) {
            match mutated.by(policy, pass) {
                Change::None if pass.accepts(policy, &mutated.pod, review) => {
                    if found.is_settled_by(policy, pass, grants)? {
                        return Ok(());
                    }
                }
                // Whether it accepts the mutated pod only matters if none accepts the pod as it is.
                Change::Writable => changed.push(policy),
                Change::None | Change::Blocked => {}
            }
        }
        for policy in changed {
            mutated.by(policy, pass);
            if pass.accepts(policy, &mutated.pod, review) && found.is_settled_by(policy, pass, grants)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Every rule denies, and nothing is exempt.
    pub(super) fn strict<'c>(&self, review: &'c PodReview<'_, '_>) -> Pass<'c> {
        let scope = &review.scope;
        let unfilled = self.settings.enforcement.ignored;
        let scope = if scope.exempts_nothing() && unfilled.is_empty() {
            Cow::Borrowed(scope)
        } else {
            let (reviewed, writable) = (scope.reviewed.clone(), scope.writable.clone());
            Cow::Owned(Scope { reviewed, writable, unfilled, ..Scope::default() })
        };
        Pass { scope, enforcement: self.settings.enforcement.strict(), is_tolerant: false }
    }

    /// Rules that only warn or audit do so, and exemptions count.
    pub(super) fn tolerant<'c>(&self, review: &'c PodReview<'_, '_>) -> Pass<'c> {
        // Where nothing may be written, a missing default is a violation: one that does not deny leaves the pod as it
        // is, and is reported.
        let unfilled = self
            .settings
            .enforcement
            .warned
            .or(self.settings.enforcement.audited)
            .or(self.settings.enforcement.ignored);
        let is_writable = review.scope.writable.pod();
        let scope = if unfilled.is_empty() || is_writable {
            Cow::Borrowed(&review.scope)
        } else {
            Cow::Owned(Scope { unfilled, ..review.scope.clone() })
        };
        let enforcement = Enforcement { predictions_warn: true, ..self.settings.enforcement.clone() };
        Pass { scope, enforcement, is_tolerant: true }
    }

    /// Whether the tolerant pass could give another result than the strict one.
    fn is_tolerant(&self, review: &PodReview<'_, '_>) -> bool {
        let predicted = || review.pod.spec.volumes.iter().any(|volume| volume.origin == Origin::Token);
        let tolerated = self.settings.enforcement.warned.or(self.settings.enforcement.audited);
        !tolerated.is_empty() || !review.scope.exempts_nothing() || predicted()
    }

    /// The policies in the order in which they are tried: by name, but the one that the annotation names comes first
    /// when nothing may change.
    pub(super) fn candidates(
        &self,
        review: &PodReview<'_, '_>,
    ) -> impl Iterator<Item = &'e Policy<'e>> + use<'e> {
        let hint = review.pod.annotations.get(ADMITTED_BY).filter(|_| review.mode == Mode::Refuse);
        let hinted =
            hint.and_then(|name| self.settings.policies.iter().position(|policy| policy.name == *name));
        let first = hinted.and_then(|index| self.settings.policies.get(index));
        first.into_iter().chain(
            self.settings
                .policies
                .iter()
                .enumerate()
                .filter(move |(i, _)| Some(*i) != hinted)
                .map(|(_, p)| p),
        )
    }

    pub(super) fn grants(&self, review: &PodReview<'e, '_>) -> Grants<'e> {
        if self.settings.authorization == Authorization::None {
            return Grants::to_everybody(self.cluster);
        }
        let namespace = &*review.request.namespace;
        let account = review.service_account().map(|name| Identity::service_account(namespace, name));
        let mut identities: Vec<Identity<'_>> = account.into_iter().collect();
        // A requester with the name of the pod's service account is still another identity: as a user it has groups
        // that the account lacks (isAuthorizedForPolicy in the original's admission.go asks for both).
        for creator in review.creators() {
            if !identities.contains(&creator) {
                identities.push(creator);
            }
        }
        Grants::new(self.cluster, namespace, identities)
    }
}
