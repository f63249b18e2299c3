//! `allowPrivilegeEscalation`, `defaultAllowPrivilegeEscalation`.

use super::Generator;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const ALLOW: &str = "allowPrivilegeEscalation";
const DEFAULT: &str = "defaultAllowPrivilegeEscalation";

#[derive(Debug)]
pub(super) struct PrivilegeEscalation;

impl Generator for PrivilegeEscalation {
    fn name(&self) -> &'static str {
        ALLOW
    }

    fn settle(&self, rng: &mut Rng, settled: &Policy, policy: &mut Policy) {
        // The API rejects privileged containers without escalation: a policy for them seldom forbids it.
        let forbid = if settled.flag("privileged") == Some(true) { 15 } else { 40 };
        let allow = rng.weighed(&[(forbid, Some(false)), (20, Some(true)), (40, None)]);
        if let Some(allow) = allow {
            policy.set(ALLOW, allow);
        }
        if rng.percent(if allow == Some(false) { 30 } else { forbid }) {
            policy.set(DEFAULT, allow != Some(false) && rng.percent(50));
        }
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let may = policy.flag(ALLOW) != Some(false);
        let demanded = explicit && (!may || policy.flag(DEFAULT).is_some());
        for container in &mut pod.containers {
            if demanded || rng.percent(20) {
                let privileged = container.context.get("privileged").is_some_and(|value| value == true);
                container.secure(ALLOW, may && (privileged || rng.percent(50)));
            }
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.flag(ALLOW) != Some(false) {
            return false;
        }
        pod.any(rng).map(|container| container.secure(ALLOW, true)).is_some()
    }
}
