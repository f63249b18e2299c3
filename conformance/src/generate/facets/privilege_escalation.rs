//! `allowPrivilegeEscalation`, `defaultAllowPrivilegeEscalation`.

use super::Facet;
use crate::generate::dice::Dice;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;

const ALLOW: &str = "allowPrivilegeEscalation";
const DEFAULT: &str = "defaultAllowPrivilegeEscalation";

#[derive(Debug)]
pub(super) struct PrivilegeEscalation;

impl Facet for PrivilegeEscalation {
    fn name(&self) -> &'static str {
        ALLOW
    }

    fn settle(&self, dice: &mut Dice, settled: &Policy, policy: &mut Policy) {
        // The API refuses privileged containers without escalation: a policy for them seldom forbids it.
        let forbid = if settled.flag("privileged") == Some(true) { 15 } else { 40 };
        let allow = dice.weighed(&[(forbid, Some(false)), (20, Some(true)), (40, None)]);
        if let Some(allow) = allow {
            policy.set(ALLOW, allow);
        }
        if dice.percent(if allow == Some(false) { 30 } else { forbid }) {
            policy.set(DEFAULT, allow != Some(false) && dice.percent(50));
        }
    }

    fn fit(&self, dice: &mut Dice, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let may = policy.flag(ALLOW) != Some(false);
        let demanded = explicit && (!may || policy.flag(DEFAULT).is_some());
        for container in &mut pod.containers {
            if demanded || dice.percent(20) {
                let privileged = container.context.get("privileged").is_some_and(|value| value == true);
                container.secure(ALLOW, may && (privileged || dice.percent(50)));
            }
        }
    }

    fn depart(&self, dice: &mut Dice, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.flag(ALLOW) != Some(false) {
            return false;
        }
        pod.any(dice).map(|container| container.secure(ALLOW, true)).is_some()
    }
}
