//! Why no policy admits a pod.

use super::{Case, Mode};
use crate::changes::changes;
use crate::cluster::Grants;
use crate::json::Quoted;
use crate::pod::Pod;
use crate::policy::Policy;
use crate::settings::Settings;
use crate::violation::{Action, Findings, SPELT_OUT, Violation, and_more, cut, join};

impl Settings<'_> {
    /// Why no policy admits the pod, policy by policy.
    pub(super) fn deny(
        &self,
        case: &Case<'_, '_>,
        arrived: &Pod<'_>,
        grants: &mut Grants<'_>,
    ) -> Result<String, String> {
        let mut usable = Vec::new();
        for policy in &self.policies {
            if grants.hold(&policy.name)? {
                usable.push(policy);
            }
        }
        let rehearsed = case.mode == Mode::Rehearse;
        let filling = self.filling(case);
        if usable.is_empty() && !rehearsed {
            return Ok(format!(
                "no PodSecurityPolicy admits this pod: none may be used by {} in namespace {}",
                grants.describe(),
                Quoted(&case.request.namespace)
            ));
        }
        if usable.is_empty() {
            usable = self.policies.iter().collect();
        }
        let reasons = usable.iter().map(|policy| {
            let mut pod = arrived.clone();
            policy.mutate(&mut pod, &filling);
            let (violations, denials) = self.objections(policy, case, &pod);
            let denying: Vec<_> =
                violations.into_iter().filter(|violation| violation.action == Action::Deny).collect();
            let mut reason = join(&denying, denials);
            if case.mode == Mode::Refuse {
                let edits = changes(arrived, &pod);
                for edit in edits.iter().take(SPELT_OUT) {
                    let before = if reason.is_empty() { "" } else { "; " };
                    let change = format_args!("{before}would have to be changed: {edit} = {}", edit.value);
                    reason.push_str(&cut(&change));
                }
                reason.push_str(&and_more(edits.len(), "; "));
            }
            reason
        });
        if let [_] = self.policies.as_slice() {
            return Ok(reasons.collect());
        }
        let named: Vec<String> = usable
            .iter()
            .zip(reasons)
            .map(|(policy, reason)| format!("{}: {reason}", Quoted(&policy.name)))
            .collect();
        Ok(format!("no PodSecurityPolicy admits this pod: {}", named.join("; ")))
    }

    /// All objections of a policy to a pod, spelt out, and how many of them deny.
    pub(super) fn objections(
        &self,
        policy: &Policy<'_>,
        case: &Case<'_, '_>,
        pod: &Pod<'_>,
    ) -> (Vec<Violation>, usize) {
        let mut found = Findings::spelling(&case.root, &self.leniency);
        policy.validate(pod, &case.scope, &mut found);
        let denials = found.denials();
        (found.into_violations(), denials)
    }
}
